//! What can be known to be wrong before anything is sent: variables that nothing sets, codes and steps that
//! do not exist.

use std::collections::BTreeSet;

use super::{Action, Scenario, read, references};
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs::catalogue::catalogue;
use crate::yaml::{Kind, Node, Source, nearest};

/// Variables that the runner sets in every scenario; a member of a mapping is named after a point.
const BUILT_IN: [&str; 6] = ["site", "currency", "payer", "uuid", "hex32", "row"];

/// Adds a problem for every mistake that shows without sending.
pub(super) fn check(scenario: &Scenario, root: &Node, problems: &mut Vec<Problem>) {
    let mut known: BTreeSet<&str> = BUILT_IN.into_iter().collect();
    known.extend(scenario.variables.keys().map(String::as_str));
    for part in ["variables", "rows"] {
        if let Some(node) = root.get(part) {
            walk(scenario, &scenario.source, node, &known, problems);
        }
    }
    // Cells of a table in a file of its own.
    for row in scenario.rows.iter().filter(|row| row.source.file != scenario.source.file) {
        for text in row.values.values().filter_map(serde_json::Value::as_str).filter(|text| text.contains("${")) {
            let node = Node { kind: Kind::Text(text.to_owned()), mark: row.mark };
            walk(scenario, &row.source, &node, &known, problems);
        }
    }
    let nodes = ["steps", "finally"].into_iter().filter_map(|part| match root.get(part).map(|node| &node.kind) {
        Some(Kind::List(nodes)) => Some(nodes),
        _ => None,
    });
    for (step, node) in scenario.every_step().zip(nodes.flatten()) {
        walk(scenario, &scenario.source, node, &known, problems);
        if let Some(same) = &step.expect.same {
            let other = same.step.as_deref().or(match &step.action {
                Action::Repeat(step) => Some(step),
                Action::Send(_) | Action::Wait(_) => None,
            });
            let exists = other.is_some_and(|id| scenario.every_step().any(|step| step.id == id));
            if !exists {
                let message = match other {
                    Some(id) => Message::new("scenario.unknown-step").with("id", id),
                    None => Message::new("scenario.same-as-what"),
                };
                problems.push(scenario.source.problem(same.mark, 1, message));
            }
        }
        known.extend(step.capture.iter().map(|(name, _, _)| name.as_str()));
    }
    row_errors(scenario, problems);
}

/// An expected error that comes from a row is looked up in every row.
fn row_errors(scenario: &Scenario, problems: &mut Vec<Problem>) {
    for (word, _) in scenario.every_step().flat_map(|step| &step.expect.error) {
        let Some(column) = word.strip_prefix("${row.").and_then(|rest| rest.strip_suffix('}')) else { continue };
        for row in &scenario.rows {
            let words = match row.values.get(column) {
                Some(serde_json::Value::Array(items)) => items.iter().map(text).collect(),
                Some(other) => vec![text(other)],
                None => continue,
            };
            for word in words.iter().filter(|word| catalogue().find(word).is_none()) {
                problems.push(read::unknown_error(&row.source, row.mark, word));
            }
        }
    }
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn walk(scenario: &Scenario, source: &Source, node: &Node, known: &BTreeSet<&str>, problems: &mut Vec<Problem>) {
    match &node.kind {
        Kind::Text(text) => {
            for name in references(text) {
                reference(scenario, source, node, name, known, problems);
            }
        }
        Kind::List(items) => items.iter().for_each(|item| walk(scenario, source, item, known, problems)),
        Kind::Map(members) => members.iter().for_each(|(_, member)| walk(scenario, source, member, known, problems)),
        _ => {}
    }
}

fn reference(
    scenario: &Scenario,
    source: &Source,
    node: &Node,
    name: &str,
    known: &BTreeSet<&str>,
    problems: &mut Vec<Problem>,
) {
    let first = name.split('.').next().unwrap_or_default();
    let length = name.chars().count() + 3;
    if let Some(column) = name.strip_prefix("row.") {
        let column = column.split('.').next().unwrap_or_default();
        if scenario.rows.is_empty() {
            let message = Message::new("scenario.no-rows").with("name", name);
            problems.push(source.problem(node.mark, length, message));
        }
        for row in scenario.rows.iter().filter(|row| !row.values.contains_key(column)) {
            let message = Message::new("scenario.row-lacks").with("row", &row.id).with("column", column);
            problems.push(row.source.problem(row.mark, 1, message));
        }
        return;
    }
    if known.contains(name) || known.contains(first) {
        return;
    }
    let problem = source.problem(node.mark, length, Message::new("scenario.unknown-variable").with("name", name));
    problems.push(match nearest(name, known.iter().copied()) {
        Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", format!("${{{near}}}"))),
        None => {
            let names: Vec<&str> = known.iter().copied().collect();
            problem.fix(Message::new("scenario.known-variables").with("names", names.join(", ")))
        }
    });
}
