//! The steps of a scenario in their order, with those of fragments in the place of each `use`.
//!
//! A `use` copies the fragment's steps: parameters are replaced by what was given, variables that the fragment does
//! not export get names that nobody else can write, and ids get the id of the `use` in front. So the runner knows
//! steps only. Mistakes that a given value makes are told where it was given.

use std::collections::HashMap;

use super::Step;
use super::fragment::{Fragment, Library, renamed};
use super::lint;
use super::read::{meant, step, target_list};
use super::template::{Part, parts};
use crate::contract::TargetKind;
use crate::i18n::Message;
use crate::run::Problem;
use crate::yaml::{Fields, Key, Kind, Mark, Node, Source};

/// Most steps of a scenario; each `use` counts, and so do the steps of its fragment each time.
pub(super) const MOST_STEPS: usize = 2_000;

/// Steps as they are read.
pub(super) struct Sequence<'l> {
    library: &'l Library<'l>,
    pub(super) steps: Vec<Step>,
    /// What each `use` of the scenario sets, in order; `None` when its fragment is broken.
    pub(super) exports: Vec<(Mark, Option<Vec<String>>)>,
    uses: Vec<(String, Mark)>,
    made: usize,
}

/// The value of a parameter and where it was given; `None` when nothing was.
type Given<'n> = Option<(Node, &'n Source, Mark)>;

/// Places of a fragment that hold a given value, and where that was given; `None` when nothing was.
type Spliced<'n> = Vec<(Mark, Option<(&'n Source, Mark)>)>;

/// What the names of a fragment mean where it is used.
struct Scope<'n> {
    fragment: &'n Fragment,
    prefix: &'n str,
    values: HashMap<&'n str, Given<'n>>,
    /// Exported variables by the names of the user.
    exported: HashMap<&'n str, String>,
}

impl<'l> Sequence<'l> {
    pub(super) fn new(library: &'l Library<'l>) -> Sequence<'l> {
        Sequence { library, steps: Vec::new(), exports: Vec::new(), uses: Vec::new(), made: 0 }
    }

    /// Reads one entry of `steps` or `finally` of a scenario.
    pub(super) fn push(&mut self, source: &Source, fallback: String, node: &Node, problems: &mut Vec<Problem>) {
        if self.is_full(source, node, problems) {
            return;
        }
        if node.get("use").is_some() {
            let exports = self.insert(source, &fallback, "", node, &str::to_owned, problems);
            self.exports.push((node.mark, exports));
        } else {
            self.add(source, fallback, "", node, problems);
        }
    }

    /// Reads the steps of a fragment with the defaults of its parameters, for their mistakes alone.
    pub(super) fn try_out(&mut self, fragment: &Fragment, problems: &mut Vec<Problem>) {
        let values = fragment.parameters.iter().map(|parameter| {
            let given = parameter.default.as_ref().map(|node| (node.clone(), &fragment.source, node.mark));
            (parameter.name.as_str(), given)
        });
        self.instantiate(&Scope::new(fragment, "", values.collect(), |name| name.to_owned()), problems);
        lint::same(&fragment.source, &self.steps, problems);
    }

    fn add(&mut self, source: &Source, fallback: String, prefix: &str, node: &Node, problems: &mut Vec<Problem>) {
        self.made += 1;
        let Some(mut step) = step(source, fallback, node, &self.steps, problems) else { return };
        step.id = join(prefix, &step.id);
        self.unique(source, &step.id, step.mark, problems);
        self.steps.push(step);
    }

    /// Whether there are too many steps. Told once: every step on the way up stops here too.
    fn is_full(&mut self, source: &Source, node: &Node, problems: &mut Vec<Problem>) -> bool {
        if self.made == MOST_STEPS {
            self.made += 1;
            let message = Message::new("scenario.too-many-steps").with("limit", MOST_STEPS);
            problems.push(source.problem(node.mark, 1, message));
        }
        self.made > MOST_STEPS
    }

    fn unique(&self, source: &Source, id: &str, mark: Mark, problems: &mut Vec<Problem>) {
        let step = self.steps.iter().find(|other| other.id == id).map(|step| step.mark);
        let other = step.or_else(|| self.uses.iter().find(|(other, _)| other == id).map(|(_, mark)| *mark));
        if let Some(first) = other {
            let message = Message::new("scenario.duplicate-step").with("id", id).with("line", first.line);
            problems.push(source.problem(mark, 1, message));
        }
    }

    /// Puts the steps of the fragment that `node` uses at the end; returns the variables that they set, by the names
    /// that the user of the fragment knows. `name_outside` leads from these to the names that the runner knows.
    fn insert(
        &mut self,
        source: &Source,
        fallback: &str,
        prefix: &str,
        node: &Node,
        name_outside: &dyn Fn(&str) -> String,
        problems: &mut Vec<Problem>,
    ) -> Option<Vec<String>> {
        let mut fields = Fields::new(source, node, problems)?;
        let id = join(prefix, fields.text("id").unwrap_or(fallback));
        let name = fields.text("use");
        let with = fields.map("with").unwrap_or_default();
        let rename = fields.map("rename").unwrap_or_default();
        let targets = target_list(&mut fields);
        let mark = fields.node("use").map_or(node.mark, |node| node.mark);
        fields.finish();
        self.made += 1;
        self.unique(source, &id, node.mark, problems);
        self.uses.push((id.clone(), node.mark));
        let library = self.library;
        let fragment = library.load(source, name?, mark, problems)?;
        let mut values: HashMap<&str, Given<'_>> = HashMap::new();
        for parameter in &fragment.parameters {
            let given = with.iter().find(|(key, _)| key.text == parameter.name);
            let value = match (given, &parameter.default) {
                (Some((_, node)), _) => Some((node.clone(), source, node.mark)),
                (None, Some(node)) => Some((node.clone(), &fragment.source, node.mark)),
                // Told already as an unknown key.
                (None, None) if with.is_empty() && lint::near_member(node, "with").is_some() => None,
                (None, None) => {
                    let message = Message::new("scenario.missing-parameter").with("name", &parameter.name);
                    let fix = Message::new("scenario.missing-parameter-fix").with("name", &parameter.name);
                    problems.push(source.problem(mark, name?.chars().count(), message).fix(fix));
                    None
                }
            };
            values.insert(&parameter.name, value);
        }
        let parameters: Vec<&str> = fragment.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        unknown(source, with, &parameters, "scenario.unknown-parameter", problems);
        let exports: Vec<&str> = fragment.exports.iter().map(String::as_str).collect();
        unknown(source, rename, &exports, "scenario.unknown-export", problems);
        let before = problems.len();
        for (_, node) in rename {
            if !matches!(&node.kind, Kind::Text(name) if super::fragment::name_like(name)) {
                problems.push(source.problem(node.mark, 1, Message::new("scenario.bad-rename")));
            }
        }
        let renamed_well = problems.len() == before;
        let from = self.steps.len();
        let scope = Scope::new(&fragment, &id, values, |name| name_outside(renamed(node, name)));
        self.instantiate(&scope, problems);
        if !targets.is_empty() {
            restrict(&mut self.steps[from..], &targets, source, mark, problems);
        }
        renamed_well.then(|| fragment.exported(node))
    }

    fn instantiate(&mut self, scope: &Scope<'_>, problems: &mut Vec<Problem>) {
        let source = &scope.fragment.source;
        for (index, node) in scope.fragment.steps.iter().enumerate() {
            if self.is_full(source, node, problems) {
                return;
            }
            let (mut told, mut spliced) = (Vec::new(), Spliced::new());
            let node = scope.step(node, &mut spliced, &mut told);
            let fallback = format!("step-{}", index + 1);
            if node.get("use").is_some() {
                self.insert(source, &fallback, scope.prefix, &node, &|name| scope.outside(name), &mut told);
            } else {
                self.add(source, fallback, scope.prefix, &node, &mut told);
            }
            problems.extend(told.into_iter().filter_map(|problem| given_at(problem, source, &spliced)));
        }
    }
}

/// A problem at a given value is told where it was given, and not at all when nothing was.
fn given_at(problem: Problem, source: &Source, spliced: &Spliced<'_>) -> Option<Problem> {
    if problem.place.file.as_deref() != Some(&*source.file) {
        return Some(problem);
    }
    let place = (problem.place.line, problem.place.column);
    match spliced.iter().find(|(mark, _)| (Some(mark.line), Some(mark.column)) == place) {
        None => Some(problem),
        Some((_, None)) => None,
        Some((_, Some((source, mark)))) => {
            let length = problem.excerpt.as_ref().map_or(1, |excerpt| excerpt.length as usize);
            Some(Problem { fix: problem.fix, ..source.problem(*mark, length, problem.message) })
        }
    }
}

fn unknown(
    source: &Source,
    members: &[(Key, Node)],
    known: &[&str],
    message: &'static str,
    problems: &mut Vec<Problem>,
) {
    for (key, _) in members.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
        let message = Message::new(message).with("name", &key.text);
        let problem = source.problem(key.mark, key.text.chars().count(), message);
        problems.push(if known.is_empty() { problem } else { problem.fix(meant(&key.text, known)) });
    }
}

fn restrict(steps: &mut [Step], targets: &[TargetKind], source: &Source, mark: Mark, problems: &mut Vec<Problem>) {
    for step in steps {
        if step.targets.is_empty() {
            step.targets = targets.to_vec();
        } else {
            step.targets.retain(|kind| targets.contains(kind));
            if step.targets.is_empty() {
                let message = Message::new("scenario.no-common-target").with("id", &step.id);
                problems.push(source.problem(mark, 1, message));
            }
        }
    }
}

fn join(prefix: &str, id: &str) -> String {
    if prefix.is_empty() { id.to_owned() } else { format!("{prefix}.{id}") }
}

/// What a name of a fragment stands for.
enum Meaning<'n> {
    Nothing(Mark),
    Given(Node, &'n Source, Mark),
    Variable(String),
}

impl<'n> Scope<'n> {
    fn new(
        fragment: &'n Fragment,
        prefix: &'n str,
        values: HashMap<&'n str, Given<'n>>,
        name_outside: impl Fn(&str) -> String,
    ) -> Scope<'n> {
        let exported = fragment.exports.iter().map(|name| (name.as_str(), name_outside(name)));
        Scope { fragment, prefix, values, exported: exported.collect() }
    }

    /// The name by which the runner knows a variable of the fragment.
    fn outside(&self, name: &str) -> String {
        match self.exported.get(name) {
            Some(name) => name.clone(),
            // No name in a file can hold a slash, and a point would be a member.
            None => format!("{}/{name}", self.prefix.replace('.', "/")),
        }
    }

    /// A step of the fragment as it stands in the scenario.
    fn step(&self, node: &Node, spliced: &mut Spliced<'n>, problems: &mut Vec<Problem>) -> Node {
        let Kind::Map(members) = &node.kind else { return node.clone() };
        let members = members.iter().map(|(key, node)| {
            let filled = match (key.text.as_str(), &node.kind) {
                ("repeat", Kind::Text(id)) => self.own_step(id, node.mark),
                ("capture", Kind::Map(members)) => {
                    let members = members.iter().map(|(key, node)| {
                        let key = Key { text: self.outside(&key.text), mark: key.mark };
                        (key, self.fill(node, spliced, problems))
                    });
                    Node { kind: Kind::Map(members.collect()), mark: node.mark }
                }
                ("expect" | "until", _) => self.expectation(self.fill(node, spliced, problems)),
                ("use" | "rename" | "id", _) => node.clone(),
                _ => self.fill(node, spliced, problems),
            };
            (key.clone(), filled)
        });
        Node { kind: Kind::Map(members.collect()), mark: node.mark }
    }

    fn own_step(&self, id: &str, mark: Mark) -> Node {
        Node { kind: Kind::Text(join(self.prefix, id)), mark }
    }

    /// `same: { step: … }` names a step of the fragment.
    fn expectation(&self, mut node: Node) -> Node {
        fn member<'m>(node: &'m mut Node, name: &str) -> Option<&'m mut Node> {
            match &mut node.kind {
                Kind::Map(members) => members.iter_mut().find(|(key, _)| key.text == name).map(|(_, node)| node),
                _ => None,
            }
        }
        if let Some(step) = member(&mut node, "same").and_then(|same| member(same, "step"))
            && let Kind::Text(id) = &step.kind
        {
            *step = self.own_step(id, step.mark);
        }
        node
    }

    fn fill(&self, node: &Node, spliced: &mut Spliced<'n>, problems: &mut Vec<Problem>) -> Node {
        let kind = match &node.kind {
            Kind::Text(text) if text.contains("${") => return self.text(text, node.mark, spliced, problems),
            Kind::List(items) => Kind::List(items.iter().map(|item| self.fill(item, spliced, problems)).collect()),
            Kind::Map(members) => {
                let members = members.iter().map(|(key, node)| (key.clone(), self.fill(node, spliced, problems)));
                Kind::Map(members.collect())
            }
            other => other.clone(),
        };
        Node { kind, mark: node.mark }
    }

    fn text(&self, text: &str, mark: Mark, spliced: &mut Spliced<'n>, problems: &mut Vec<Problem>) -> Node {
        let mut filled = String::with_capacity(text.len());
        let mut pieces = parts(text).peekable();
        let alone = |rest: &mut std::iter::Peekable<_>| rest.peek().is_none();
        while let Some(piece) = pieces.next() {
            match piece {
                Part::Text(text) => filled.push_str(text),
                Part::Escaped => filled.push_str("$${"),
                Part::Variable(name) => match self.meaning(name, mark, problems) {
                    Meaning::Variable(name) => filled.push_str(&format!("${{{name}}}")),
                    Meaning::Nothing(mark) => {
                        spliced.push((mark, None));
                        filled.push_str(&format!("${{{name}}}"));
                    }
                    Meaning::Given(node, source, given) => {
                        spliced.push((mark, Some((source, given))));
                        if filled.is_empty() && alone(&mut pieces) {
                            return at(node, mark);
                        }
                        match node.kind {
                            Kind::Text(text) => filled.push_str(&text),
                            _ => filled.push_str(&node.to_json().to_string()),
                        }
                    }
                },
            }
        }
        Node { kind: Kind::Text(filled), mark }
    }

    fn meaning(&self, name: &str, mark: Mark, problems: &mut Vec<Problem>) -> Meaning<'n> {
        let (first, member) = name.split_once('.').map_or((name, None), |(first, member)| (first, Some(member)));
        if let Some(given) = self.values.get(first) {
            let Some((value, source, given)) = given else { return Meaning::Nothing(mark) };
            let Some(member) = member else { return Meaning::Given(value.clone(), source, *given) };
            return match within(value, member) {
                Within::Node(node) => Meaning::Given(node.clone(), source, *given),
                Within::Variable(name) => Meaning::Variable(name),
                Within::Nothing => {
                    let message = Message::new("scenario.parameter-lacks").with("name", first).with("member", member);
                    problems.push(source.problem(*given, 1, message));
                    Meaning::Nothing(mark)
                }
            };
        }
        if self.fragment.captured.contains(first) {
            let outside = self.outside(first);
            return Meaning::Variable(member.map_or(outside.clone(), |member| format!("{outside}.{member}")));
        }
        Meaning::Variable(name.to_owned())
    }
}

/// What a member of a given value is.
enum Within<'n> {
    Node(&'n Node),
    /// The value is a variable itself: it has its members when the scenario runs.
    Variable(String),
    Nothing,
}

fn within<'n>(value: &'n Node, member: &str) -> Within<'n> {
    if let Kind::Text(text) = &value.kind
        && let (Some(Part::Variable(name)), None) = (parts(text).next(), parts(text).nth(1))
    {
        return Within::Variable(format!("{name}.{member}"));
    }
    let (first, rest) = member.split_once('.').map_or((member, None), |(first, rest)| (first, Some(rest)));
    match (value.get(first), rest) {
        (None, _) => Within::Nothing,
        (Some(node), None) => Within::Node(node),
        (Some(node), Some(rest)) => within(node, rest),
    }
}

/// A value as if it stood at `mark`.
fn at(node: Node, mark: Mark) -> Node {
    let kind = match node.kind {
        Kind::List(items) => Kind::List(items.into_iter().map(|item| at(item, mark)).collect()),
        Kind::Map(members) => {
            let members = members.into_iter().map(|(key, node)| (Key { text: key.text, mark }, at(node, mark)));
            Kind::Map(members.collect())
        }
        other => other,
    };
    Node { kind, mark }
}
