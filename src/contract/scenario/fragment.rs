//! Fragments: steps that several scenarios share. A fragment is a file that begins with `fragment: name`.
//!
//! Responsible for reading them once, however many scenarios use them, for their own mistakes, and for fragments
//! that use each other. [`super::sequence`] puts their steps in the place of a `use`.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::contradictions;
use super::lint::{self, Names};
use super::read::{not_blank, step_list};
use super::sequence::Sequence;
use crate::i18n::Message;
use crate::run::Problem;
use crate::yaml::{self, Fields, Kind, Mark, Node, Source, nearest};

/// How deep fragments may use each other.
const DEEPEST: usize = 8;

/// Whether a file is a fragment and no scenario.
pub(super) fn is_fragment(root: &Node) -> bool {
    root.get("fragment").is_some()
}

/// Finds the file that another one names: the name of the file that names it (as in its [`Source`]), and the
/// name as written.
pub type Find<'f> = dyn Fn(&str, &str) -> Result<Source, Message> + Sync + 'f;

/// The fragments that the scenarios of a folder use, each read once.
pub struct Library<'l> {
    find: &'l Find<'l>,
    known: Mutex<HashMap<Arc<str>, Known>>,
}

#[derive(Clone)]
enum Known {
    Ready(Arc<Fragment>),
    /// Its mistakes were told.
    Broken,
}

/// A fragment without mistakes of its own.
#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) source: Source,
    pub(super) parameters: Vec<Parameter>,
    pub(super) steps: Vec<Node>,
    /// Variables that its steps set and its user sees.
    pub(super) exports: Vec<String>,
    /// Every variable that its steps set.
    pub(super) captured: BTreeSet<String>,
}

/// A value that the user of a fragment gives.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    /// The value if none is given; without one, the parameter has to be given.
    pub(super) default: Option<Node>,
}

/// A `use` on the way to the fragment that is read: where it stands.
struct Link {
    file: Arc<str>,
    place: String,
}

impl<'l> Library<'l> {
    /// A library that has read nothing yet.
    pub fn new(find: &'l Find<'l>) -> Library<'l> {
        Library { find, known: Mutex::default() }
    }

    /// The file that `source` names.
    pub(super) fn find(&self, source: &Source, name: &str) -> Result<Source, Message> {
        (self.find)(&source.file, name)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Arc<str>, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a fragment that was found as a file of its own; mistakes that were told already are not told again.
    pub(super) fn check(&self, source: &Source, root: Node, problems: &mut Vec<Problem>) {
        if !self.known().contains_key(&source.file) {
            self.read(source.clone(), &root, &mut Vec::new(), problems);
        }
    }

    /// The fragment that a `use` names.
    pub(super) fn load(
        &self,
        source: &Source,
        name: &str,
        mark: Mark,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<Fragment>> {
        self.load_from(source, name, mark, &mut Vec::new(), problems)
    }

    fn load_from(
        &self,
        source: &Source,
        name: &str,
        mark: Mark,
        chain: &mut Vec<Link>,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<Fragment>> {
        let problem = |message| source.problem(mark, name.chars().count(), message);
        let found = match self.find(source, name) {
            Ok(found) => found,
            Err(message) => {
                problems.push(problem(message));
                return None;
            }
        };
        if let Some(first) = chain.iter().position(|link| link.file == found.file) {
            let mut way: Vec<&str> = chain[first..].iter().skip(1).map(|link| link.place.as_str()).collect();
            let here = place(source, mark);
            way.push(&here);
            let message = Message::new("scenario.fragment-circle").with("name", name).with("way", way.join(" → "));
            problems.push(problem(message).fix(Message::new("scenario.fragment-circle-fix")));
            return None;
        }
        let known = self.known().get(&found.file).cloned();
        match known {
            Some(Known::Ready(fragment)) => return Some(fragment),
            Some(Known::Broken) => {
                let message = Message::new("scenario.fragment-broken").with("name", &found.file);
                let told =
                    |other: &Problem| other.message == message && other.place.file.as_deref() == Some(&*source.file);
                if !problems.iter().any(told) {
                    problems.push(problem(message));
                }
                return None;
            }
            None => {}
        }
        if chain.len() >= DEEPEST {
            problems.push(problem(Message::new("scenario.fragments-too-deep").with("limit", DEEPEST)));
            return None;
        }
        let file = found.file.clone();
        chain.push(Link { file: file.clone(), place: place(source, mark) });
        let before = problems.len();
        let fragment = match yaml::parse(&found) {
            Ok(root) if is_fragment(&root) => self.read(found, &root, chain, problems),
            Ok(_) => {
                let message = Message::new("scenario.no-fragment").with("name", &found.file);
                problems.push(problem(message).fix(Message::new("scenario.no-fragment-fix")));
                chain.pop();
                return None;
            }
            Err(told) => {
                self.known().insert(found.file.clone(), Known::Broken);
                problems.push(told);
                None
            }
        };
        chain.pop();
        // Of a whole way of fragments, the scenario and the one with the mistake tell it.
        if fragment.is_none() && (chain.is_empty() || problems.len() == before) {
            problems.push(problem(Message::new("scenario.fragment-broken").with("name", file)));
        }
        fragment
    }

    /// Reads a fragment and keeps it, or keeps that it is broken.
    fn read(
        &self,
        source: Source,
        root: &Node,
        chain: &mut Vec<Link>,
        problems: &mut Vec<Problem>,
    ) -> Option<Arc<Fragment>> {
        if chain.is_empty() {
            chain.push(Link { file: source.file.clone(), place: String::new() });
        }
        let mut own = Vec::new();
        contradictions::secrets(&source, root, &mut own);
        let fragment = self.define(&source, root, chain, &mut own);
        if let Some(fragment) = &fragment
            && own.is_empty()
        {
            Sequence::new(self).try_out(fragment, &mut own);
        }
        let fragment = fragment.filter(|_| own.is_empty()).map(Arc::new);
        let known = fragment.clone().map_or(Known::Broken, Known::Ready);
        self.known().insert(source.file, known);
        problems.append(&mut own);
        fragment
    }

    fn define(
        &self,
        source: &Source,
        root: &Node,
        chain: &mut Vec<Link>,
        problems: &mut Vec<Problem>,
    ) -> Option<Fragment> {
        let mut fields = Fields::new(source, root, problems)?;
        let name = fields.text("fragment");
        not_blank(&mut fields, "fragment", name);
        fields.text("description");
        let members = fields.map("parameters").unwrap_or_default();
        let steps = step_list(&mut fields);
        let exports = fields.node("exports");
        fields.finish();
        let mut parameters = Vec::new();
        for (key, node) in members {
            if !name_like(&key.text) || lint::BUILT_IN.contains(&key.text.as_str()) {
                let message = Message::new("scenario.bad-parameter").with("name", &key.text);
                problems.push(source.problem(key.mark, key.text.chars().count(), message));
            }
            let default = match &node.kind {
                Kind::Null => None,
                _ => {
                    let mut fields = Fields::new(source, node, problems)?;
                    fields.text("description");
                    let default = fields.node("default").cloned();
                    fields.finish();
                    default
                }
            };
            parameters.push(Parameter { name: key.text.clone(), default });
        }
        let mut names = Names::of_fragment(source, parameters.iter().map(|parameter| parameter.name.as_str()));
        let mut captured = BTreeSet::new();
        let steps = steps.unwrap_or_default();
        for node in steps {
            names.walk(node, problems);
            for (name, mark) in lint::captures(node) {
                if parameters.iter().any(|parameter| parameter.name == name) {
                    let message = Message::new("scenario.capture-of-parameter").with("name", name);
                    problems.push(source.problem(mark, name.chars().count(), message));
                }
                captured.insert(name.to_owned());
            }
            if let Some(used) = node.get("use") {
                let used = match &used.kind {
                    Kind::Text(name) => self.load_from(source, name, used.mark, chain, problems),
                    // Told when the steps are read.
                    _ => None,
                };
                match used {
                    Some(fragment) => captured.extend(fragment.exported(node)),
                    None => names.open(),
                }
            }
            names.add(captured.iter().map(|name| Cow::Owned(name.clone())));
        }
        for ((key, _), parameter) in members.iter().zip(&parameters) {
            if !names.used(&parameter.name) && !names.is_open() {
                let message = Message::new("scenario.unused-parameter").with("name", &key.text);
                let problem = source.problem(key.mark, key.text.chars().count(), message);
                let fix = Message::new("scenario.unused-parameter-fix").with("name", format!("${{{}}}", key.text));
                problems.push(problem.fix(fix));
            }
        }
        let exports = exports.map(|node| self::exports(source, node, &captured, names.is_open(), problems));
        Some(Fragment {
            source: source.clone(),
            parameters,
            steps: steps.to_vec(),
            exports: exports.unwrap_or_default(),
            captured,
        })
    }
}

impl Fragment {
    /// The variables that a `use` of it sets, by the names that its user knows them by.
    pub(super) fn exported(&self, used: &Node) -> Vec<String> {
        self.exports.iter().map(|name| renamed(used, name).to_owned()).collect()
    }
}

/// The name that a `use` gives to an exported variable.
pub(super) fn renamed<'n>(used: &'n Node, name: &'n str) -> &'n str {
    match used.get("rename").and_then(|names| names.get(name)).map(|node| &node.kind) {
        Some(Kind::Text(other)) => other,
        _ => name,
    }
}

/// Whether a text can be the name of a variable.
pub(super) fn name_like(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
}

fn exports(
    source: &Source,
    node: &Node,
    captured: &BTreeSet<String>,
    open: bool,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let items = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut exports = Vec::new();
    for item in items {
        let Kind::Text(name) = &item.kind else {
            problems.push(source.problem(item.mark, 1, Message::new("yaml.expected-text")));
            continue;
        };
        if !captured.contains(name) && !open {
            let message = Message::new("scenario.export-of-nothing").with("name", name);
            let problem = source.problem(item.mark, name.chars().count(), message);
            problems.push(match nearest(name, captured.iter().map(String::as_str)) {
                Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", near)),
                None => problem.fix(Message::new("scenario.export-of-nothing-fix").with("name", name)),
            });
        }
        exports.push(name.clone());
    }
    exports
}

fn place(source: &Source, mark: Mark) -> String {
    format!("{}:{}:{}", source.file, mark.line, mark.column)
}
