//! What can be known to be wrong before anything is sent: variables that nothing sets, codes and steps that
//! do not exist.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::contradictions;
use super::expectation::status_of;
use super::generated;
use super::read_expect::unknown_error;
use super::sequence::MOST_STEPS;
use super::table::{self, column_alone};
use super::template::left_open;
use super::{Action, Row, Scenario, Step, references};
use crate::contract::json::plain_text;
use crate::contract::judge::Expected;
use crate::i18n::Message;
use crate::run::Problem;
use crate::sandbox;
use crate::yaml::{Key, Kind, Mark, Node, Source, nearest};

/// Variables that the runner sets in every scenario; a member of a mapping is named after a point.
pub(super) const BUILT_IN: [&str; 10] =
    ["site", "currency", "payer", "uuid", "hex32", "row", "now", "date", "email", "env"];

/// Adds a problem for every mistake that shows without sending. Works on what stands in the file, so that a mistake
/// elsewhere hides none here. `exports` are the variables that each `use` sets.
pub(super) fn check(
    scenario: &Scenario,
    root: &Node,
    rows_read: bool,
    exports: &[(Mark, Option<Vec<String>>)],
    problems: &mut Vec<Problem>,
) {
    let source = &scenario.source;
    let rows_of_others = || scenario.rows.iter().map(|row| &row.source).filter(|other| other.file != source.file);
    // Most scenarios name no variable; then there is none to look for.
    if !scenario.variables.is_empty()
        || std::iter::once(source).chain(rows_of_others()).any(|source| source.text().contains("${"))
    {
        variables(scenario, root, rows_read, exports, problems);
    }
    let steps: Vec<&Step> = scenario.every_step().collect();
    if problems.is_empty() {
        same(source, &steps, problems);
        if scenario.steps.iter().all(|step| matches!(step.action, Action::Wait(_))) {
            let mark = scenario.steps.first().map_or(root.mark, |step| step.mark);
            let problem = source.problem(mark, 1, Message::new("scenario.only-waits"));
            problems.push(problem.fix(Message::new("scenario.only-waits-fix")));
        }
    }
    row_errors(scenario, root, problems);
    row_statuses(scenario, root, problems);
    row_faults(scenario, root, problems);
    contradictions::rows(scenario, root, problems);
    contradictions::secrets(source, root, problems);
}

/// Every variable that is named is one that is set before.
fn variables(
    scenario: &Scenario,
    root: &Node,
    rows_read: bool,
    exports: &[(Mark, Option<Vec<String>>)],
    problems: &mut Vec<Problem>,
) {
    let source = &scenario.source;
    let stated = root.get("rows").is_some();
    let rows = match (stated, rows_read) {
        (true, true) => Rows::Known(&scenario.rows),
        (true, false) => Rows::Unknown,
        (false, _) => Rows::None,
    };
    let mut names = Names::new(source, BUILT_IN.into_iter(), rows);
    if let Some((_, node)) = near_member(root, "variables") {
        let members = if let Kind::Map(members) = &node.kind { members.as_slice() } else { &[] };
        for (key, node) in members {
            if BUILT_IN.contains(&key.text.as_str()) {
                let message = Message::new("scenario.built-in-variable").with("name", &key.text);
                let problem = source.problem(key.mark, key.text.chars().count(), message);
                problems.push(problem.fix(Message::new("scenario.built-in-variable-fix")));
            }
            // Each may use those before it.
            names.walk(node, problems);
            names.add([Cow::Borrowed(key.text.as_str())]);
        }
    }
    if let Some(node) = root.get("rows") {
        names.walk(node, problems);
    }
    // Cells of a table in a file of its own.
    for row in scenario.rows.iter().filter(|row| row.source.file != source.file) {
        for (column, value) in &row.values {
            contradictions::secret(&row.source, row.mark, &plain_text(value), problems);
            let Some(text) = value.as_str().filter(|text| text.contains("${")) else { continue };
            let node = Node { kind: Kind::Text(text.to_owned()), mark: row.mark };
            let mut told = Vec::new();
            names.walk_in(&row.source, &node, &mut told);
            // Where it stands is looked for when there is something to tell.
            if !told.is_empty() {
                let mark = cell(scenario, root, row, (column, None), problems);
                names.walk_in(&row.source, &Node { mark, ..node }, problems);
            }
        }
    }
    for part in ["steps", "finally"] {
        let Some((_, Node { kind: Kind::List(nodes), .. })) = near_member(root, part) else { continue };
        // Those beyond were not read either.
        for node in nodes.iter().take(MOST_STEPS) {
            names.walk(node, problems);
            names.add(captures(node).into_iter().map(|(name, _)| Cow::Borrowed(name)));
            if near_member(node, "use").is_some() {
                match exports.iter().find(|(mark, _)| *mark == node.mark) {
                    Some((_, Some(exported))) => names.add(exported.iter().map(|name| Cow::Borrowed(name.as_str()))),
                    _ => names.open(),
                }
            }
        }
    }
}

/// The member of a mapping, also when its key is misspelt: that is told, and what depends on it is not told again.
pub(super) fn near_member<'n>(node: &'n Node, name: &str) -> Option<(&'n Key, &'n Node)> {
    let Kind::Map(members) = &node.kind else { return None };
    let member = |wanted: &dyn Fn(&str) -> bool| members.iter().find(|(key, _)| wanted(&key.text));
    let found = member(&|key| key == name)
        .or_else(|| member(&|key| key.len().abs_diff(name.len()) <= 2 && nearest(key, [name]).is_some()));
    found.map(|(key, node)| (key, node))
}

/// The variables that a step captures, and where each is named.
pub(super) fn captures(step: &Node) -> Vec<(&str, Mark)> {
    match near_member(step, "capture") {
        Some((_, Node { kind: Kind::Map(members), .. })) => {
            members.iter().map(|(key, _)| (key.text.as_str(), key.mark)).collect()
        }
        _ => Vec::new(),
    }
}

/// Every `same` compares with a step that there is.
pub(super) fn same<S: std::borrow::Borrow<Step>>(source: &Source, steps: &[S], problems: &mut Vec<Problem>) {
    for step in steps.iter().map(std::borrow::Borrow::borrow) {
        let Some(same) = &step.expect.same else { continue };
        let other = same.step.as_deref().or(match &step.action {
            Action::Repeat(step) => Some(step),
            Action::Send(_) | Action::Wait(_) => None,
        });
        if other.is_some_and(|id| steps.iter().any(|step| step.borrow().id == id)) {
            continue;
        }
        let message = match other {
            Some(id) => Message::new("scenario.unknown-step").with("id", id),
            None => Message::new("scenario.same-as-what"),
        };
        // A mistake in a step of a fragment was told when that was read.
        let source = if step.source.file == source.file { source } else { &step.source };
        problems.push(source.problem(same.mark, 1, message));
    }
}

/// An expected error that comes from a row is looked up in every row.
fn row_errors(scenario: &Scenario, root: &Node, problems: &mut Vec<Problem>) {
    for (word, _) in scenario.every_step().flat_map(|step| &step.expect.error) {
        let Some(column) = column_alone(word) else { continue };
        for row in &scenario.rows {
            let words: Vec<(Option<usize>, String)> = match row.values.get(column) {
                Some(serde_json::Value::Array(items)) => {
                    items.iter().enumerate().map(|(index, item)| (Some(index), plain_text(item))).collect()
                }
                Some(other) => vec![(None, plain_text(other))],
                None => continue,
            };
            for (item, word) in words.iter().filter(|(_, word)| Expected::find(word).is_empty()) {
                let mark = cell(scenario, root, row, (column, *item), problems);
                problems.push(unknown_error(&row.source, mark, word));
            }
        }
    }
}

/// An expected status that comes from a row or a variable is one in every row. Nothing else is known before a run.
fn row_statuses(scenario: &Scenario, root: &Node, problems: &mut Vec<Problem>) {
    for step in scenario.every_step() {
        for (name, mark) in &step.expect.status_of {
            let Some(column) = name.strip_prefix("row.") else {
                if status_of(name, None, &scenario.variables).is_none() {
                    let message = Message::new("scenario.status-of-variable").with("name", name);
                    let problem = step.source.problem(*mark, name.chars().count() + 3, message);
                    problems.push(problem.fix(Message::new("scenario.bad-status-fix")));
                }
                continue;
            };
            let column = column.split('.').next().unwrap_or_default();
            for row in scenario.rows.iter().filter(|row| row.values.contains_key(column)) {
                if status_of(name, Some(&row.values), &scenario.variables).is_none() {
                    let mark = cell(scenario, root, row, (column, None), problems);
                    let length = row.values.get(column).map_or(1, |value| plain_text(value).chars().count());
                    problems.push(row.source.problem(mark, length, Message::new("scenario.bad-status")));
                }
            }
        }
    }
}

/// A fault that comes from a row is one that the sandbox plays.
fn row_faults(scenario: &Scenario, root: &Node, problems: &mut Vec<Problem>) {
    for step in scenario.every_step() {
        let Action::Send(request) = &step.action else { continue };
        let Some(column) = request.fault.as_deref().and_then(column_alone) else { continue };
        for row in &scenario.rows {
            let Some(fault) = row.values.get(column).map(plain_text) else { continue };
            if !fault.contains("${") && !sandbox::plays(&fault) {
                let mark = cell(scenario, root, row, (column, None), problems);
                problems.push(unknown_fault(&row.source, mark, &fault));
            }
        }
    }
}

/// The problem of a fault that the sandbox does not know.
pub(super) fn unknown_fault(source: &Source, mark: Mark, fault: &str) -> Problem {
    let message = Message::new("scenario.unknown-fault").with("fault", fault);
    source.problem(mark, fault.chars().count(), message).fix(Message::new("scenario.unknown-fault-fix"))
}

/// Where a cell stands, for the mistakes that are told: those beyond are only counted, and need no search.
fn cell(
    scenario: &Scenario,
    root: &Node,
    row: &Row,
    (column, item): (&str, Option<usize>),
    problems: &[Problem],
) -> Mark {
    if problems.len() > table::MOST_PLACED { row.mark } else { table::cell(&scenario.source, root, row, column, item) }
}

/// The rows that `${row.column}` may speak of.
enum Rows<'n> {
    None,
    /// Their mistakes were told.
    Unknown,
    Known(&'n [Row]),
    /// A fragment does not see the rows of its users.
    OfAnother,
}

/// The variables that have a value at a point of a file, and those that were used so far.
pub(super) struct Names<'n> {
    source: &'n Source,
    known: BTreeSet<Cow<'n, str>>,
    used: BTreeSet<String>,
    rows: Rows<'n>,
    /// Whether there may be more that could not be read.
    open: bool,
}

impl<'n> Names<'n> {
    fn new(source: &'n Source, known: impl Iterator<Item = &'n str>, rows: Rows<'n>) -> Names<'n> {
        let known = known.map(Cow::Borrowed).collect();
        Names { source, known, used: BTreeSet::new(), rows, open: false }
    }

    /// Those of a fragment: what every scenario has, and its parameters.
    pub(super) fn of_fragment(source: &'n Source, parameters: impl Iterator<Item = &'n str>) -> Names<'n> {
        let known = BUILT_IN.into_iter().filter(|name| *name != "row").chain(parameters);
        Names::new(source, known, Rows::OfAnother)
    }

    pub(super) fn add(&mut self, names: impl IntoIterator<Item = Cow<'n, str>>) {
        self.known.extend(names);
    }

    /// Something that could not be read may set any variable.
    pub(super) fn open(&mut self) {
        self.open = true;
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn used(&self, name: &str) -> bool {
        self.used.contains(name)
    }

    /// Checks every text of a value.
    pub(super) fn walk(&mut self, node: &Node, problems: &mut Vec<Problem>) {
        self.walk_in(self.source, node, problems);
    }

    fn walk_in(&mut self, source: &Source, node: &Node, problems: &mut Vec<Problem>) {
        match &node.kind {
            Kind::Text(text) if text.contains("${") => {
                for name in references(text) {
                    self.reference(source, node.mark, name, problems);
                }
                if left_open(text) {
                    let problem = source.problem(node.mark, 2, Message::new("scenario.open-variable"));
                    problems.push(problem.fix(Message::new("scenario.open-variable-fix")));
                }
            }
            Kind::List(items) => items.iter().for_each(|item| self.walk_in(source, item, problems)),
            Kind::Map(members) => members.iter().for_each(|(_, member)| self.walk_in(source, member, problems)),
            _ => {}
        }
    }

    fn reference(&mut self, source: &Source, mark: Mark, name: &str, problems: &mut Vec<Problem>) {
        let first = name.split('.').next().unwrap_or_default();
        let length = name.chars().count() + 3;
        if let Some(column) = name.strip_prefix("row.") {
            self.column(source, mark, name, column.split('.').next().unwrap_or_default(), problems);
            return;
        }
        if !self.used.contains(first) {
            self.used.insert(first.to_owned());
        }
        if first == "env" && !name.strip_prefix("env.").is_some_and(generated::is_environment_name) {
            let problem = source.problem(mark, length, Message::new("scenario.bad-env").with("name", name));
            problems.push(problem.fix(Message::new("scenario.bad-env-fix")));
            return;
        }
        match generated::date_like(name) {
            Some(true) => return,
            Some(false) => {
                let problem = source.problem(mark, length, Message::new("scenario.bad-date").with("name", name));
                problems.push(problem.fix(Message::new("scenario.bad-date-fix")));
                return;
            }
            None => {}
        }
        if self.open || self.known.contains(name) || self.known.contains(first) {
            return;
        }
        let problem = source.problem(mark, length, Message::new("scenario.unknown-variable").with("name", name));
        problems.push(match nearest(name, self.known.iter().map(AsRef::as_ref)) {
            Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", format!("${{{near}}}"))),
            None => {
                let names: Vec<&str> = self.known.iter().map(AsRef::as_ref).collect();
                problem.fix(Message::new("scenario.known-variables").with("names", names.join(", ")))
            }
        });
    }

    fn column(&self, source: &Source, mark: Mark, name: &str, column: &str, problems: &mut Vec<Problem>) {
        let length = name.chars().count() + 3;
        match self.rows {
            Rows::Unknown => {}
            Rows::None => {
                let message = Message::new("scenario.no-rows").with("name", name);
                problems.push(source.problem(mark, length, message));
            }
            Rows::OfAnother => {
                let message = Message::new("scenario.row-in-fragment").with("name", name);
                let fix = Message::new("scenario.row-in-fragment-fix").with("column", column);
                problems.push(source.problem(mark, length, message).fix(fix));
            }
            Rows::Known(rows) => {
                for row in rows.iter().filter(|row| !row.values.contains_key(column)) {
                    let message = Message::new("scenario.row-lacks").with("row", &row.id).with("column", column);
                    problems.push(row.source.problem(row.mark, 1, message));
                }
            }
        }
    }
}
