//! Reading what a step expects: the keys of `expect` and `until`, and the matchers.

use super::contradictions;
use super::read::{meant, path, time};
use super::template::{Part, parts};
use super::{BodyCheck, Expect, Matcher, PairExpect, Same};
use crate::contract::judge::Expected;
use crate::i18n::Message;
use crate::run::Problem;
use crate::specs::catalogue::catalogue;
use crate::specs::schemas;
use crate::specs::statuses::statuses;
use crate::yaml::{Fields, Kind, Mark, Node, Source, nearest};

/// The expectations of a step.
pub(super) fn expect(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<Expect> {
    let mut fields = Fields::new(source, node, problems)?;
    let mut expect = Expect { mark: node.mark, ..Expect::default() };
    if let Some(node) = fields.node("status") {
        let items = match &node.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if items.is_empty() {
            fields.problem("status", Message::new("scenario.bad-status"));
        }
        for item in items {
            match (whole_number(item).and_then(|status| u16::try_from(status).ok()), &item.kind) {
                (Some(status @ 100..=599), _) => expect.status.push(status),
                (_, Kind::Text(text)) if let Some(name) = alone(text) => {
                    expect.status_of.push((name.to_owned(), item.mark));
                }
                _ => {
                    let length = item.to_json().to_string().chars().count();
                    let length = if let Kind::List(_) | Kind::Map(_) = item.kind { 1 } else { length };
                    let problem = fields.source().problem(item.mark, length, Message::new("scenario.bad-status"));
                    fields.problems.push(problem.fix(Message::new("scenario.bad-status-fix")));
                }
            }
        }
    }
    if let Some(name) = fields.text("schema") {
        let names = schemas::names();
        if names.contains(&name) {
            expect.schema = Some((name.to_owned(), fields.key("schema").map_or(node.mark, |key| key.mark)));
        } else {
            fields.problem("schema", Message::new("scenario.unknown-schema").with("name", name)).fix =
                Some(meant(name, names));
        }
    }
    if let Some(node) = fields.node("error") {
        expect.error = errors(fields.source(), node, fields.problems);
    }
    let payment = fields.node("payment");
    let body = fields.map("body").unwrap_or_default();
    let headers = fields.map("headers").unwrap_or_default();
    let same = fields.node("same");
    // Not counted as an expectation below: it cannot fail.
    expect.within =
        time(&mut fields, "within").map(|within| (within, fields.key("within").map_or(node.mark, |key| key.mark)));
    let stated = |name: &str| fields.key(name).is_some();
    let empty = !stated("status")
        && !stated("schema")
        && !stated("error")
        && payment.is_none()
        && body.is_empty()
        && headers.is_empty()
        && same.is_none();
    if empty {
        let mark = fields.mark;
        let problem = fields.source().problem(mark, 1, Message::new("scenario.nothing-expected"));
        fields.problems.push(problem.fix(Message::new("scenario.nothing-expected-fix")));
    }
    fields.finish();
    expect.payment = payment.and_then(|node| pair(source, node, problems));
    for (key, node) in body {
        let name = Node { kind: Kind::Text(key.text.clone()), mark: key.mark };
        if let (Some(path), Some(matcher)) = (path(source, &name, problems), matcher(source, node, problems)) {
            expect.body.push(BodyCheck { path, matcher, mark: node.mark });
        }
    }
    for (key, node) in headers {
        if let Some(matcher) = matcher(source, node, problems) {
            expect.headers.push((key.text.to_ascii_lowercase(), matcher, node.mark));
        }
    }
    expect.same = same.and_then(|node| same_as(source, node, problems));
    contradictions::stated(source, &expect, problems);
    Some(expect)
}

/// A whole number, also one that is written 200.0.
fn whole_number(node: &Node) -> Option<u64> {
    let Kind::Number(number) = &node.kind else { return None };
    number.as_u64().or_else(|| {
        // Below 65,536 no digit of a float is lost.
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..65_536.0).contains(float))?;
        format!("{float}").parse().ok()
    })
}

/// The name of the variable that is all of a text.
fn alone(text: &str) -> Option<&str> {
    let mut pieces = parts(text);
    match (pieces.next(), pieces.next()) {
        (Some(Part::Variable(name)), None) => Some(name),
        _ => None,
    }
}

fn errors(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Vec<(String, Mark)> {
    let items = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut errors = Vec::new();
    if items.is_empty() {
        problems.push(source.problem(node.mark, 1, Message::new("scenario.bad-error")));
    }
    for item in items {
        let word = match &item.kind {
            Kind::Text(text) => text.clone(),
            Kind::Number(number) => number.to_string(),
            _ => {
                problems.push(source.problem(item.mark, 1, Message::new("scenario.bad-error")));
                continue;
            }
        };
        if word.contains("${") || !Expected::find(&word).is_empty() {
            errors.push((word, item.mark));
        } else {
            problems.push(unknown_error(source, item.mark, &word));
        }
    }
    errors
}

/// The problem of a code that nobody knows. Numbers are not near each other: 2000 is no slip for 1000.
pub(super) fn unknown_error(source: &Source, mark: Mark, word: &str) -> Problem {
    let message = Message::new("scenario.unknown-error").with("code", word);
    let problem = source.problem(mark, word.chars().count(), message);
    // `404/2006`: the code is known, under another status.
    let same_code = word.rsplit_once('/').map(|(_, code)| Expected::ids(code)).unwrap_or_default();
    if !same_code.is_empty() {
        return problem.fix(Message::new("yaml.did-you-mean").with("word", same_code.join(", ")));
    }
    let letters = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    let near = nearest(word, catalogue().entries().iter().map(|entry| entry.code.as_str())).filter(|_| letters);
    match near {
        Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", near)),
        None => problem.fix(Message::new("scenario.unknown-error-fix")),
    }
}

fn pair(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<PairExpect> {
    let mut fields = Fields::new(source, node, problems)?;
    let status = fields.required_text("status").map(str::to_owned);
    let status_detail = fields.text("status_detail").map(str::to_owned);
    let pairs = &statuses().pairs;
    if let Some(word) = status.as_deref().filter(|word| !word.contains("${"))
        && !pairs.iter().any(|pair| pair.status == word)
    {
        let known: Vec<&str> = pairs.iter().map(|pair| pair.status.as_str()).collect();
        let problem = fields.problem("status", Message::new("scenario.unknown-payment-status").with("word", word));
        problem.fix = Some(meant(word, &known));
    }
    if let Some(word) = status_detail.as_deref().filter(|word| !word.contains("${"))
        && !pairs.iter().any(|pair| pair.status_detail.as_deref() == Some(word))
    {
        let known: Vec<&str> = pairs.iter().filter_map(|pair| pair.status_detail.as_deref()).collect();
        let problem =
            fields.problem("status_detail", Message::new("scenario.unknown-payment-status").with("word", word));
        problem.fix = Some(meant(word, &known));
    }
    if let (Some(status), Some(detail)) = (&status, &status_detail)
        && let Some((message, fix)) = contradictions::pair(status, detail)
    {
        fields.problem("status_detail", message).fix = Some(fix);
    }
    fields.finish();
    Some(PairExpect { status: status?, status_detail, mark: node.mark })
}

fn same_as(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<Same> {
    if let Kind::Map(_) = &node.kind {
        let mut fields = Fields::new(source, node, problems)?;
        let step = fields.required_text("step").map(str::to_owned);
        let paths = fields.list("paths").unwrap_or_default();
        if paths.is_empty() {
            fields.missing("paths");
        }
        fields.finish();
        let paths = paths.iter().filter_map(|item| path(source, item, problems)).collect();
        return Some(Same { paths, step, mark: node.mark });
    }
    let items = match &node.kind {
        Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if items.is_empty() {
        problems.push(source.problem(node.mark, 1, Message::new("scenario.path-not-text")));
    }
    let paths = items.iter().filter_map(|item| path(source, item, problems)).collect();
    Some(Same { paths, step: None, mark: node.mark })
}

const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];

/// A matcher: a plain value is equality; a mapping with one of the matcher words is that matcher.
fn matcher(source: &Source, node: &Node, problems: &mut Vec<Problem>) -> Option<Matcher> {
    let Kind::Map(_) = &node.kind else {
        return Some(Matcher::Equals(node.to_json()));
    };
    let before = problems.len();
    let mut fields = Fields::new(source, node, problems)?;
    let mut found = Vec::new();
    if let Some(node) = fields.node("equals") {
        found.push(Matcher::Equals(node.to_json()));
    }
    if let Some(items) = fields.list("one-of") {
        if items.is_empty() {
            fields.problem("one-of", Message::new("scenario.one-of-nothing"));
        }
        found.push(Matcher::OneOf(items.iter().map(Node::to_json).collect()));
    }
    if let Some(present) = fields.boolean("present") {
        found.push(if present { Matcher::Present } else { Matcher::Absent });
    }
    if let Some(absent) = fields.boolean("absent") {
        found.push(if absent { Matcher::Absent } else { Matcher::Present });
    }
    if let Some(name) = fields.text("type") {
        if !TYPES.contains(&name) {
            let fix = meant(name, &TYPES);
            fields.problem("type", Message::new("scenario.unknown-type").with("name", name)).fix = Some(fix);
        }
        found.push(Matcher::Type(name.to_owned()));
    }
    if let Some(pattern) = fields.text("pattern") {
        if let Err(error) = regex::Regex::new(pattern) {
            fields.problem("pattern", bad_pattern(&error));
        }
        found.push(Matcher::Pattern(pattern.to_owned()));
    }
    let (minimum, maximum) = (bound(&mut fields, "minimum"), bound(&mut fields, "maximum"));
    if let (Some(least), Some(greatest)) = (minimum, maximum)
        && least > greatest
    {
        let message = Message::new("scenario.empty-range").with("minimum", least).with("maximum", greatest);
        fields.problem("minimum", message).fix = Some(Message::new("scenario.empty-range-fix"));
    }
    if minimum.is_some() || maximum.is_some() {
        found.push(Matcher::Range(minimum, maximum));
    }
    let mark = fields.mark;
    fields.finish();
    // A bound that is no number was told already.
    let told = problems.len() > before;
    if found.len() != 1 && !(told && found.is_empty()) {
        problems.push(source.problem(mark, 1, Message::new("scenario.one-matcher")));
    }
    found.into_iter().next()
}

/// What is wrong with a regular expression, in the words of the reader where the mistake is a usual one.
fn bad_pattern(error: &regex::Error) -> Message {
    let text = error.to_string();
    let said = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    for (words, message) in [
        ("unclosed group", "scenario.pattern-unclosed-group"),
        ("unclosed character class", "scenario.pattern-unclosed-class"),
        ("unopened group", "scenario.pattern-unopened-group"),
        ("repetition operator missing", "scenario.pattern-repeats-nothing"),
        ("look-around", "scenario.pattern-look-around"),
        ("backreferences", "scenario.pattern-look-around"),
        ("size limit", "scenario.pattern-too-large"),
    ] {
        if said.contains(words) {
            return Message::new(message);
        }
    }
    Message::new("scenario.bad-pattern").with("error", said)
}

/// A bound of a range.
fn bound(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<f64> {
    let node = fields.node(name)?;
    let number = node.to_json().as_f64();
    if number.is_none() {
        fields.problem(name, Message::new("scenario.bad-bound").with("key", name));
    }
    number
}
