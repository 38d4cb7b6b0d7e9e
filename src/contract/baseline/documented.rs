//! Observed against documented: the grades of a step that are a difference from the documents, as drift.
//!
//! Judging is not done here: the grades are those of the step's findings.

use super::{endpoint, path};
use crate::contract::validate::Graded;
use crate::run::{Change, Comparison, Evidence, Finding, StepResult};
use crate::sandbox::FAULT_HEADER;
use crate::specs::drift::weight_of_grade;

/// The changes that a step shows, in its findings and in the grades of its answer, where it was judged besides. A step
/// that the sandbox was asked to answer with a fault shows none.
pub(super) fn changes(step: &StepResult, grades: &[Graded]) -> Vec<Change> {
    if step.findings.is_empty() && grades.is_empty() {
        return Vec::new();
    }
    let exchange = step.exchange.as_ref().filter(|exchange| !exchange.request_headers.contains_key(FAULT_HEADER));
    let endpoint = exchange.map(|exchange| {
        let url = url::Url::parse(&exchange.url);
        endpoint(&exchange.method, url.as_ref().map_or("", url::Url::path))
    });
    let Some(endpoint) = endpoint else { return Vec::new() };
    let drifts = |grade: &str| weight_of_grade(grade).is_some();
    // What was judged tells more than the finding of the same grade.
    let judged = |grade: &str| grades.iter().any(|graded| graded.grade == grade);
    let findings = step.findings.iter();
    let findings = findings.filter(|finding| drifts(&finding.rule) && !judged(&finding.rule) && !is_own(finding));
    let mut changes: Vec<Change> = findings.map(|finding| change(&endpoint, finding)).collect();
    for graded in grades.iter().filter(|graded| drifts(graded.grade)) {
        changes.extend(graded_changes(&endpoint, graded));
    }
    changes
}

/// Whether a finding is about a status that the scenario states by itself: another one is no difference from the
/// documents, for they may well say what came.
fn is_own(finding: &Finding) -> bool {
    finding.evidence.iter().any(|evidence| matches!(evidence, Evidence::Difference { path, .. } if path == "status"))
}

/// The changes of one grade: one for each field that it names.
fn graded_changes(endpoint: &str, graded: &Graded) -> Vec<Change> {
    let arg = |name: &str| graded.message.args.get(name).map(String::as_str);
    let came = ["found", "shape", "code", "pair", "status"].into_iter().find_map(arg).map(str::to_owned);
    let came = came.or_else(|| arg("text").map(steady));
    let change = |path: String, to: Option<String>| Change {
        comparison: Comparison::Documented,
        kind: graded.grade.to_owned(),
        endpoint: endpoint.to_owned(),
        path,
        from: arg("expected").map(str::to_owned),
        to,
    };
    if graded.grade == "status-mismatch" {
        // The status that the code has in the catalogue and the one that came, or that of HTTP and that of the body.
        let of = |status: &str| arg("code").map_or_else(|| status.to_owned(), |code| format!("{status}/{code}"));
        let (from, to) = match (arg("expected"), arg("body")) {
            (Some(expected), _) => (Some(expected), arg("status")),
            (None, Some(body)) => (arg("status"), Some(body)),
            (None, None) => (None, arg("status")),
        };
        let path = if arg("body").is_some() { "$.status" } else { "status" };
        return vec![Change { from: from.map(of), ..change(path.to_owned(), to.map(of)) }];
    }
    match (arg("fields"), arg("path")) {
        (Some(fields), _) => fields.split(", ").map(|field| change(place(field), None)).collect(),
        (None, Some(path)) => vec![change(place(path), came)],
        (None, None) => vec![change("$".to_owned(), came)],
    }
}

fn change(endpoint: &str, finding: &Finding) -> Change {
    let difference = finding.evidence.iter().find_map(|evidence| match evidence {
        Evidence::Difference { path, expected, actual } => Some((path, expected, actual)),
        _ => None,
    });
    let (path, from, to) = match difference {
        // The value that broke a schema is another in every run; its type is not.
        Some((path, _, actual)) if finding.rule == "type" => (place(path), None, json_type(actual)),
        // Words of an answer name ids and dates; codes and statuses are exact.
        Some((path, expected, actual)) if path == "message" || path == "body" => {
            (place(path), Some(steady(expected)), Some(steady(actual)))
        }
        Some((path, expected, actual)) => (place(path), Some(expected.clone()), Some(actual.clone())),
        None => ("$".to_owned(), None, None),
    };
    let (kind, endpoint) = (finding.rule.clone(), endpoint.to_owned());
    Change { comparison: Comparison::Documented, kind, endpoint, path, from, to }
}

/// A JSON Pointer or a member as a path of a baseline.
fn place(place: &str) -> String {
    if place == "status" {
        return place.to_owned();
    }
    let mut out = "$".to_owned();
    let pointer = place.trim_start_matches('/').replace("[0]", "/0").replace('.', "/");
    for segment in pointer.split('/').filter(|segment| !segment.is_empty() && *segment != "body") {
        if segment.bytes().all(|byte| byte.is_ascii_digit()) {
            out.push_str("[*]");
        } else {
            path::push(&mut out, &segment.replace("~1", "/").replace("~0", "~"));
        }
    }
    out
}

fn json_type(shown: &str) -> Option<String> {
    // What is shown may be cut: the first character tells enough.
    let name = match shown.trim_start().chars().next()? {
        '{' => "object",
        '[' => "array",
        '"' => "string",
        't' | 'f' => "boolean",
        'n' => "null",
        '-' | '0'..='9' => "number",
        _ => "text",
    };
    Some(name.to_owned())
}

/// A text without what differs from run to run: ids, tokens, dates.
fn steady(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(|character: char| !character.is_alphanumeric() && character != '-') {
        let (body, end) = match word.char_indices().next_back() {
            Some((at, last)) if !last.is_alphanumeric() && last != '-' => word.split_at(at),
            _ => (word, ""),
        };
        let digits = body.bytes().filter(u8::is_ascii_digit).count();
        out.push_str(if digits >= 5 || digits > 0 && body.len() >= 16 { "…" } else { body });
        out.push_str(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_no_part_of_the_identity() {
        for (text, expected) in [
            ("Card token 6f1e2c0d9a8b4c3e8f7a6b5c4d3e2f1a not found", "Card token … not found"),
            ("Payment 1234567890 of 2026-11-21T10:00:00", "Payment … of …:00:00"),
            ("400 2006", "400 2006"),
            ("transaction_amount must be numeric.", "transaction_amount must be numeric."),
        ] {
            assert_eq!(steady(text), expected);
        }
    }

    #[test]
    fn places_are_written_as_in_a_baseline() {
        for (from, expected) in [
            ("/results/0/id", "$.results[*].id"),
            ("message", "$.message"),
            ("cause[0].code", "$.cause[*].code"),
            ("status", "status"),
            ("body", "$"),
            ("", "$"),
        ] {
            assert_eq!(place(from), expected);
        }
    }
}
