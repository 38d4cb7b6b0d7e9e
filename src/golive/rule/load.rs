//! Reads rule files and compiles what they say: selectors, patterns, predicates. Those of the user (`--rules DIR`) take
//! the places of built-in ones of the same name, or come beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use regex::Regex;
use scraper::Selector;

use super::model::{CheckFile, Conditions, RuleFile};
use super::predicates::{self, Predicate};
use crate::golive::page::card::CardRole;
use crate::golive::page::{Element, LocalName, PageView};
use crate::golive::quick::quick;
use crate::i18n::Message;
use crate::run::{Problem, RequirementCard};
use crate::specs;

/// The files of `rules/`.
pub(super) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rules");

/// Which elements a check looks at.
pub enum Selection {
    /// Those a selector matches; the names it can match at all, when it says them.
    Css(Selector, Vec<LocalName>),
    /// Card fields of these roles.
    Card(Vec<CardRole>),
}

/// Conditions, compiled.
#[derive(Default)]
pub struct Demands {
    pub(super) have: Option<String>,
    pub(super) lack: Option<String>,
    pub(super) attribute: Option<(String, Option<Regex>, Option<Regex>)>,
    pub(super) text: Option<Regex>,
}

/// A check, compiled.
pub enum Check {
    /// Every selected element fulfils `must`, and there are at most so many.
    Each { select: Selection, keep: Demands, must: Demands, at_most: Option<usize> },
    /// No element is selected.
    Nothing { select: Selection, keep: Demands },
    /// Some element is selected, or words or a script match.
    Some { select: Selection, keep: Demands, words: Option<Regex>, script: Option<Regex> },
    /// Nothing in the scripts matches.
    NoScript(Regex),
    /// The words a visitor reads do not match.
    NoWords(Regex),
    /// A predicate in code.
    Predicate(&'static Predicate),
}

impl Selection {
    /// The elements with the part of the page that holds them.
    pub(super) fn of<'v>(&'v self, view: &'v PageView) -> Box<dyn Iterator<Item = (usize, Element<'v>)> + 'v> {
        match self {
            Selection::Css(selector, names) if names.is_empty() => {
                Box::new(view.elements().filter(|(_, element)| selector.matches(&element.node)))
            }
            Selection::Css(selector, names) => {
                Box::new(view.named(names).filter(|(_, element)| selector.matches(&element.node)))
            }
            Selection::Card(roles) => Box::new(
                view.card_fields()
                    .filter(|(_, field)| roles.contains(&field.role))
                    .map(|(at, field)| (at, field.element)),
            ),
        }
    }
}

/// A rule file with the name it has, before it is checked.
pub(super) struct Loaded {
    /// Folder: `transport`, `sdk`, …
    pub family: String,
    /// What the file says.
    pub file: RuleFile,
    /// The compiled check.
    pub check: Check,
}

/// Files of the user: the folder as it was given, and texts by path below it.
static OWN: OnceLock<(PathBuf, BTreeMap<String, String>)> = OnceLock::new();

/// Uses the rules of a folder from now on. Called once, before any rule is read; the rules themselves are read, with
/// their mistakes, by [`builtin`].
///
/// # Errors
/// The folder does not read; a file that is in no family.
pub fn use_folder(folder: &Path) -> Result<(), Vec<Problem>> {
    let files = specs::overlay::files_below(folder)?;
    let told = |path: &str| {
        let families = FAMILIES.join(", ");
        Problem::input(Message::new("golive.no-family"))
            .fix(Message::new("golive.no-family-fix").with("families", families))
            .in_file(folder.join(path).display().to_string())
    };
    let own: BTreeMap<String, String> = files.into_iter().filter(|(path, _)| !path.ends_with(".md")).collect();
    let is_rule = |path: &str| {
        let rule = path.strip_suffix(".yaml").and_then(|path| path.split_once('/'));
        rule.is_some_and(|(family, id)| FAMILIES.contains(&family) && !id.contains('/'))
    };
    let strange = own.keys().filter(|path| !is_rule(path) && !["requirements.yaml", "manual.yaml"].contains(&&***path));
    let mut problems: Vec<Problem> = strange.map(|path| told(path)).collect();
    if own.is_empty() && problems.is_empty() {
        problems.push(told(""));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // A second call would come too late for what was read already.
    let _ = OWN.set((folder.to_owned(), own));
    Ok(())
}

/// The text of a file by its path below `rules/`, and its name in messages: the user's, else the embedded one.
fn text_of(path: &str) -> Option<(String, &'static str)> {
    if let Some((folder, files)) = OWN.get()
        && let Some(text) = files.get(path)
    {
        return Some((folder.join(path).display().to_string(), text));
    }
    Some((format!("rules/{path}"), FILES.get_file(path)?.contents_utf8()?))
}

/// SHA-256 over names and contents of all files of `rules/` that count; the first 12 hexadecimal digits.
pub fn digest() -> String {
    match OWN.get() {
        None => specs::RULES_DIGEST.to_owned(),
        Some((_, files)) => {
            let own = files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes()));
            specs::overlay::digest(&FILES, own)
        }
    }
}

/// Reads the rules, in the order of their paths, and the requirements.
pub(super) fn builtin() -> Result<(Vec<RequirementCard>, Vec<Loaded>), Vec<Problem>> {
    let mut problems = Vec::new();
    let mut rules: Vec<Loaded> = Vec::new();
    let mut requirements: Vec<RequirementCard> = Vec::new();
    match text_of("requirements.yaml") {
        Some((path, text)) => match serde_yaml::from_str(text) {
            Ok(read) => requirements = read,
            Err(error) => problems.push(problem_of(&path, text, &error)),
        },
        None => problems.push(Problem::input(Message::new("golive.no-requirements"))),
    }
    // Families in the order of the requirements they serve, so that reports read from the ground up.
    for family in FAMILIES {
        let embedded = FILES.get_dir(family).into_iter().flat_map(Dir::files).filter_map(|file| file.path().to_str());
        let own = OWN.get().into_iter().flat_map(|(_, files)| files.keys().map(String::as_str));
        let own = own.filter(|path| path.split_once('/').is_some_and(|(folder, _)| folder == family));
        let mut paths: Vec<&str> = embedded.chain(own).filter(|path| path.ends_with(".yaml")).collect();
        paths.sort_unstable();
        paths.dedup();
        for (shown, text) in paths.into_iter().filter_map(text_of) {
            match load(&shown, family, text, &requirements) {
                Ok(rule) => match rules.iter().find(|other| other.file.id == rule.file.id) {
                    Some(other) => {
                        let message = Message::new("golive.rule-twice").with("family", &other.family);
                        problems.push(Problem::input(message).in_file(shown));
                    }
                    None => rules.push(rule),
                },
                Err(problem) => problems.push(*problem),
            }
        }
    }
    if problems.is_empty() { Ok((requirements, rules)) } else { Err(problems) }
}

/// The folders of `rules/`, in the order in which rules are judged and reported.
pub const FAMILIES: [&str; 13] = [
    "transport",
    "sdk",
    "card",
    "credentials",
    "result",
    "promotion",
    "terms",
    "brick",
    "pro",
    "device",
    "headers",
    "pci",
    "ux",
];

/// Reads one rule.
pub(super) fn load(
    path: &str,
    family: &str,
    text: &str,
    requirements: &[RequirementCard],
) -> Result<Loaded, Box<Problem>> {
    let file: RuleFile = serde_yaml::from_str(text).map_err(|error| problem_of(path, text, &error))?;
    let bad = |message: Message| Box::new(Problem::input(message).in_file(path));
    let stem = path.rsplit('/').next().and_then(|name| name.strip_suffix(".yaml")).unwrap_or_default();
    if stem != file.id {
        return Err(bad(Message::new("golive.id-is-not-the-file").with("id", &file.id)));
    }
    if !requirements.iter().any(|requirement| requirement.id == file.requirement) {
        return Err(bad(Message::new("golive.unknown-requirement").with("id", &file.requirement)));
    }
    let check = compile(&file.check).map_err(|message| bad(*message))?;
    Ok(Loaded { family: family.to_owned(), file, check })
}

/// A mistake in YAML with its line and column.
fn problem_of(path: &str, text: &str, error: &serde_yaml::Error) -> Problem {
    let problem = Problem::input(Message::new("golive.bad-rule-file").with("error", error)).in_file(path.to_owned());
    specs::overlay::located(problem, text, error)
}

fn compile(check: &CheckFile) -> Result<Check, Box<Message>> {
    let ways = [
        check.each.is_some(),
        check.card_fields.is_some(),
        check.none.is_some(),
        check.some.is_some(),
        check.no_script.is_some(),
        check.no_words.is_some(),
        check.predicate.is_some(),
    ];
    if ways.iter().filter(|way| **way).count() != 1 {
        return Err(Box::new(Message::new("golive.one-way-to-check")));
    }
    let keep = demands(check.keep.as_ref())?;
    let must = demands(check.must.as_ref())?;
    let at_most = check.at_most;
    if let Some(roles) = &check.card_fields {
        return Ok(Check::Each { select: Selection::Card(roles.clone()), keep, must, at_most });
    }
    if let Some(selector) = &check.each {
        return Ok(Check::Each { select: css(selector)?, keep, must, at_most });
    }
    if let Some(selector) = &check.none {
        return Ok(Check::Nothing { select: css(selector)?, keep });
    }
    if let Some(selector) = &check.some {
        let words = check.or_words.as_deref().map(pattern).transpose()?;
        let script = check.or_script.as_deref().map(pattern).transpose()?;
        return Ok(Check::Some { select: css(selector)?, keep, words, script });
    }
    if let Some(source) = &check.no_script {
        return Ok(Check::NoScript(pattern(source)?));
    }
    if let Some(source) = &check.no_words {
        return Ok(Check::NoWords(pattern(source)?));
    }
    let name = check.predicate.as_deref().unwrap_or_default();
    match predicates::find(name) {
        Some(predicate) => Ok(Check::Predicate(predicate)),
        None => {
            let known: Vec<&str> = predicates::ALL.iter().map(|predicate| predicate.name).collect();
            Err(Box::new(Message::new("golive.unknown-predicate").with("name", name).with("known", known.join(", "))))
        }
    }
}

fn css(source: &str) -> Result<Selection, Box<Message>> {
    Selector::parse(source).map(|selector| Selection::Css(selector, names_of(source))).map_err(|error| {
        Box::new(Message::new("golive.bad-selector").with("selector", source).with("error", error.to_string()))
    })
}

/// The element names of a selector whose alternatives are all plain (`name[…]`), else nothing. Only saves time.
fn names_of(source: &str) -> Vec<LocalName> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0u32, 0);
    let mut alternatives = Vec::new();
    for (at, c) in source.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                alternatives.push(&source[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    alternatives.push(&source[start..]);
    for alternative in alternatives {
        let alternative = alternative.trim();
        let end = alternative.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(alternative.len());
        let (name, rest) = alternative.split_at(end);
        // Outside its brackets and quotes nothing may follow: a combinator makes the last name count.
        let mut depth = 0u32;
        let combined = rest.chars().any(|c| {
            match c {
                '[' | '(' => depth += 1,
                ']' | ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && matches!(c, ' ' | '>' | '+' | '~')
        });
        if name.is_empty() || combined {
            return Vec::new();
        }
        names.push(LocalName::from(name.to_ascii_lowercase()));
    }
    names.sort_unstable();
    names.dedup();
    names
}

fn pattern(source: &str) -> Result<Regex, Box<Message>> {
    quick(source)
        .map_err(|error| Box::new(Message::new("golive.bad-pattern").with("pattern", source).with("error", error)))
}

fn demands(conditions: Option<&Conditions>) -> Result<Demands, Box<Message>> {
    let Some(conditions) = conditions else { return Ok(Demands::default()) };
    let attribute = match &conditions.attribute {
        None => None,
        Some(demand) => Some((
            demand.name.clone(),
            demand.matches.as_deref().map(pattern).transpose()?,
            demand.excludes.as_deref().map(pattern).transpose()?,
        )),
    };
    Ok(Demands {
        have: conditions.have_attribute.clone(),
        lack: conditions.lack_attribute.clone(),
        attribute,
        text: conditions.text.as_deref().map(pattern).transpose()?,
    })
}
