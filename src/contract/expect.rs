//! Comparing an answer with what its step expects.

use std::borrow::Cow;

use serde_json::Value;

use super::environment;
use super::exchange::{Answer, LARGEST_BODY};
use super::json::plain_text;
use super::json_path::query;
use super::judge::{self, Expected, NormalError};
use super::plan::{self, Plan};
use super::recording;
use super::scenario::{BodyCheck, Expect, Matcher, Unfilled, Variables};
use crate::i18n::Message;
use crate::run::{Evidence, Expectation, Finding, Severity, Verdict, fingerprint};
use crate::specs::{grades, schemas};
use crate::yaml::{Mark, Source};

/// Grade of a body that cannot be read.
const BROKEN: &str = "broken-answer";
/// Longest value that a message or a piece of evidence shows, in characters.
const LONGEST_VALUE: usize = 200;

/// What comparing gave.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) expectations: Vec<Expectation>,
    pub(super) findings: Vec<Finding>,
}

/// What an expectation is compared in: the scenario and the step.
pub(super) struct Context<'c> {
    pub(super) source: &'c Source,
    pub(super) scenario: &'c str,
    pub(super) step: &'c str,
    pub(super) variables: &'c Variables,
    pub(super) plan: &'c Plan,
    /// Whether a recording answers, and whether it was made with other identifiers or dates than this run makes.
    pub(super) replayed: Option<bool>,
}

impl Context<'_> {
    /// Whether a recorded answer cannot be held against an expectation, because the expected value is made anew by
    /// every run and the recording has that of another one.
    fn cannot_be_equal(&self, matcher: &Matcher) -> bool {
        let Some(other_values) = self.replayed else { return false };
        let anew = |value: &Value| plan::is_made_anew(self.plan, value);
        let (named, of_environment) = match matcher {
            Matcher::Equals(value) => (anew(value), mentions_environment(value)),
            Matcher::OneOf(values) => (values.iter().any(anew), values.iter().any(mentions_environment)),
            _ => (false, false),
        };
        named && (other_values || of_environment)
    }
}

/// Whether a value names what the environment gives: nobody knows what it gave when a recording was made.
fn mentions_environment(value: &Value) -> bool {
    value.to_string().contains("${env.")
}

impl Compared {
    fn held(&mut self, message: Message) {
        self.expectations.push(Expectation { message, verdict: Verdict::Pass });
    }

    /// An expectation that did not hold: the grade decides what that does to the step.
    fn broken(&mut self, context: &Context<'_>, mark: Mark, grade: &str, message: Message, evidence: Vec<Evidence>) {
        let verdict = grades::verdict_of(grade);
        self.expectations.push(Expectation { message: message.clone(), verdict });
        let mut place = context.source.place(mark);
        place.step = Some(context.step.to_owned());
        let path = match evidence.first() {
            Some(Evidence::Difference { path, .. }) => path.as_str(),
            _ => "",
        };
        let id = fingerprint(&[context.scenario, context.step, grade, path]);
        let severity = if verdict == Verdict::Fail { Severity::Blocker } else { Severity::Advice };
        self.findings.push(Finding { id, rule: grade.to_owned(), severity, message, place, evidence, fix: None });
    }

    /// An expectation about what a recording masked: nobody can tell whether it holds.
    fn masked(&mut self, path: &str) {
        let message = Message::new("recording.masked").with("path", path);
        self.expectations.push(Expectation { message, verdict: Verdict::Inconclusive });
    }

    /// The verdict of the step: one failure decides, then one open question.
    pub(super) fn verdict(&self) -> Verdict {
        let has = |verdict| self.expectations.iter().any(|expectation| expectation.verdict == verdict);
        if has(Verdict::Fail) {
            Verdict::Fail
        } else if has(Verdict::Inconclusive) {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }
}

fn shown(value: &Value) -> String {
    value.to_string().chars().take(LONGEST_VALUE).collect()
}

fn difference(path: impl Into<String>, expected: impl Into<String>, actual: impl Into<String>) -> Vec<Evidence> {
    vec![Evidence::Difference { path: path.into(), expected: expected.into(), actual: actual.into() }]
}

/// The errors that a step expects.
///
/// # Errors
/// A variable without a value.
pub(super) fn expected_errors(expect: &Expect, variables: &Variables) -> Result<Vec<Expected>, Unfilled> {
    let mut entries = Vec::new();
    for (word, _) in &expect.error {
        match variables.fill(word)? {
            Value::Array(items) => {
                entries.extend(items.iter().flat_map(|item| Expected::find(&plain_text(item))));
            }
            one => entries.extend(Expected::find(&plain_text(&one))),
        }
    }
    Ok(entries)
}

/// The schema that an answer of the payments API is checked against when the step names none.
pub(super) fn default_schema(method: &str, path: &str, status: u16) -> Option<&'static str> {
    if (400..500).contains(&status) {
        return Some("error");
    }
    if !(200..300).contains(&status) {
        return None;
    }
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, segments.as_slice()) {
        (_, ["v1", "card_tokens"] | ["v1", "card_tokens", _]) => Some("card_token"),
        ("GET", ["v1", "payments", "search"]) => Some("payment_search"),
        ("POST", ["v1", "payments"]) | ("GET" | "PUT", ["v1", "payments", _]) => Some("payment"),
        ("GET", ["v1", "payment_methods"]) => Some("payment_methods"),
        _ => None,
    }
}

/// Compares an answer with everything its step expects, and its body with the schema of the endpoint.
///
/// # Errors
/// A variable without a value.
pub(super) fn compare(
    expect: &Expect,
    context: &Context<'_>,
    answer: &Answer,
    endpoint_schema: Option<&'static str>,
    other: Option<&Answer>,
) -> Result<Compared, Unfilled> {
    let mut compared = Compared::default();
    let given;
    let expect = match expect.statuses(context.plan.row(), &context.plan.scenario.variables) {
        Cow::Borrowed(_) => expect,
        Cow::Owned(status) => {
            given = Expect { status, ..expect.clone() };
            &given
        }
    };
    let expected = expected_errors(expect, context.variables)?;
    let wanted = expect.status.contains(&answer.status) || expected.iter().any(|entry| entry.may(answer.status));
    if environment::speaks(answer) && !(wanted && (answer.json.is_some() || expect.status.contains(&answer.status))) {
        let (message, fix) = environment::told(answer);
        let evidence = difference("status", statuses(expect, &expected), answer.status.to_string());
        compared.broken(context, expect.mark, "environment", message, evidence);
        compared.findings.iter_mut().for_each(|finding| finding.fix = Some(fix.clone()));
        return Ok(compared);
    }
    if !expect.status.is_empty() {
        let message = Message::new("contract.status").with("status", join(&expect.status));
        if expect.status.contains(&answer.status) {
            compared.held(message);
        } else {
            let normal = answer.json.as_ref().map(judge::normalise).unwrap_or_default();
            let message = unexpected_status(expect, answer, &normal);
            let evidence = difference("status", join(&expect.status), answer.status.to_string());
            compared.broken(context, expect.mark, "status-mismatch", message, evidence);
        }
    }
    if answer.cut {
        if expect.status.is_empty() && !expected.is_empty() && !wanted {
            let (wanted, came) = (statuses(expect, &expected), answer.status.to_string());
            let message = Message::new("contract.status-differs").with("expected", &wanted).with("actual", &came);
            compared.broken(context, expect.mark, "status-mismatch", message, difference("status", wanted, came));
        }
        let schema = expect.schema.is_some() || endpoint_schema.is_some();
        if schema
            || !expected.is_empty()
            || expect.payment.is_some()
            || !expect.body.is_empty()
            || expect.same.is_some()
        {
            compared.expectations.push(Expectation { message: too_long(), verdict: Verdict::Inconclusive });
        }
        headers(&mut compared, expect, context, answer)?;
        return Ok(compared);
    }
    if !expected.is_empty() {
        let mark = expect.error.first().map_or(expect.mark, |(_, mark)| *mark);
        error(&mut compared, context, mark, &expected, answer);
    }
    let schema = expect.schema.as_ref().map(|(name, mark)| (name.as_str(), *mark));
    let schema = schema.or(endpoint_schema.map(|name| (name, expect.mark)));
    if let Some((name, mark)) = schema {
        body_schema(&mut compared, context, mark, name, answer);
    }
    // A body that is no JSON is told once, not at each of its missing places. In an empty one a member is absent; of a
    // page nobody knows what it would say.
    let empty = answer.body.trim().is_empty();
    let looks = |check: &BodyCheck| !empty || !matches!(check.matcher, Matcher::Absent);
    if answer.json.is_none() && (expect.payment.is_some() || expect.same.is_some() || expect.body.iter().any(looks)) {
        if expected.is_empty() && schema.is_none() {
            not_json(&mut compared, context, expect.mark, answer);
        }
        headers(&mut compared, expect, context, answer)?;
        return Ok(compared);
    }
    if let Some(pair) = &expect.payment {
        let status = context.variables.fill_text(&pair.status)?;
        compare_member(&mut compared, context, pair.mark, "status", &status, answer);
        if let Some(detail) = &pair.status_detail {
            let detail = context.variables.fill_text(detail)?;
            compare_member(&mut compared, context, pair.mark, "status_detail", &detail, answer);
        }
    }
    for check in &expect.body {
        let matcher = filled(&check.matcher, context.variables)?;
        // A mask keeps the type.
        let of_value = !matches!(matcher, Matcher::Present | Matcher::Absent | Matcher::Type(_));
        if of_value && recording::hides(answer, &check.path) {
            compared.masked(&check.path);
            continue;
        }
        let values = answer.json.as_ref().map(|body| query(&check.path, body)).unwrap_or_default();
        let anew = context.cannot_be_equal(&check.matcher);
        place(&mut compared, context, check.mark, &check.path, (&matcher, anew), &values);
    }
    headers(&mut compared, expect, context, answer)?;
    if let Some(same) = &expect.same {
        for path in &same.paths {
            if recording::hides(answer, path) || other.is_some_and(|other| recording::hides(other, path)) {
                compared.masked(path);
                continue;
            }
            let find = |answer: &Answer| {
                let values = answer.json.as_ref().map(|body| query(path, body)).unwrap_or_default();
                values.first().map(|value| (*value).clone())
            };
            let (now, before) = (find(answer), other.and_then(find));
            let message = Message::new("contract.same").with("path", path);
            if now.is_some() && now == before {
                compared.held(message);
            } else {
                let text = |value: Option<Value>| value.as_ref().map_or_else(|| "—".to_owned(), shown);
                let (before, now) = (text(before), text(now));
                let message = Message::new("contract.same-differs").with("path", path);
                let message = message.with("before", &before).with("now", &now);
                compared.broken(context, same.mark, "expectation", message, difference(path, before, now));
            }
        }
    }
    Ok(compared)
}

fn headers(compared: &mut Compared, expect: &Expect, context: &Context<'_>, answer: &Answer) -> Result<(), Unfilled> {
    for (name, original, mark) in &expect.headers {
        let matcher = filled(original, context.variables)?;
        if !matches!(matcher, Matcher::Present | Matcher::Absent) && answer.masked.contains(name) {
            compared.masked(name);
            continue;
        }
        let value = answer.headers.get(name).map(|value| Value::String(value.clone()));
        let anew = context.cannot_be_equal(original);
        place(compared, context, *mark, name, (&matcher, anew), &value.iter().collect::<Vec<_>>());
    }
    Ok(())
}

/// Why nothing is said of a body that was not read to its end.
pub(super) fn too_long() -> Message {
    Message::new("contract.too-long").with("limit", LARGEST_BODY >> 20)
}

fn join(statuses: &[u16]) -> String {
    statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")
}

fn statuses(expect: &Expect, expected: &[Expected]) -> String {
    let mut all = expect.status.clone();
    all.extend(expected.iter().filter_map(Expected::status));
    all.dedup();
    join(&all)
}

/// An unexpected status is told with the error that came along, so that nobody has to dig for it.
fn unexpected_status(expect: &Expect, answer: &Answer, normal: &NormalError) -> Message {
    let code = normal.causes.first().map_or("", |cause| cause.code.as_str());
    let message = match &normal.message {
        None => Message::new("contract.status-differs"),
        // An answer in the shape of an error may have no code.
        Some(_) if code.is_empty() => Message::new("contract.status-with-message"),
        Some(_) => Message::new("contract.status-with-error").with("code", code),
    };
    let message = message.with("expected", join(&expect.status)).with("actual", answer.status);
    match &normal.message {
        Some(text) => message.with("error", text.chars().take(LONGEST_VALUE).collect::<String>()),
        None => message,
    }
}

fn error(compared: &mut Compared, context: &Context<'_>, mark: Mark, expected: &[Expected], answer: &Answer) {
    let codes = expected.iter().map(Expected::code).collect::<Vec<_>>().join(", ");
    let Some(body) = &answer.json else {
        if expected.iter().any(|entry| entry.status().is_none_or(|status| status == answer.status)) {
            not_json(compared, context, mark, answer);
            return;
        }
        let mut wanted: Vec<u16> = expected.iter().filter_map(Expected::status).collect();
        wanted.dedup();
        let (wanted, came) = (join(&wanted), answer.status.to_string());
        let message = Message::new("contract.status-differs").with("expected", &wanted).with("actual", &came);
        compared.broken(context, mark, "status-mismatch", message, difference("status", wanted, came));
        return;
    };
    let normal = judge::normalise(body);
    let judgement = judge::judge(expected, answer.status, &normal);
    let message = Message::new("contract.error").with("code", &codes);
    match judgement.grade {
        "conform" => compared.held(message),
        "reworded" | "shape" => {
            compared.held(message);
            let (key, was) = match judgement.grade {
                "reworded" => ("contract.reworded", normal.message.clone().unwrap_or_default()),
                _ => ("contract.shape", normal.shapes.join(", ")),
            };
            let literal = expected.iter().find_map(Expected::message).unwrap_or_default();
            let note = Message::new(key).with("code", judgement.code.unwrap_or_default()).with("text", &was);
            compared.broken(context, mark, judgement.grade, note, difference("message", literal, was));
        }
        grade => {
            let came = judgement.code.unwrap_or_else(|| "—".to_owned());
            let text = normal.message.unwrap_or_default();
            let message = Message::new("contract.error-differs")
                .with("code", &codes)
                .with("status", answer.status)
                .with("came", &came)
                .with("text", text.chars().take(LONGEST_VALUE).collect::<String>());
            let wanted = expected.iter().map(|one| {
                let status = one.status().map(|status| format!("{status} ")).unwrap_or_default();
                format!("{status}{}", one.code())
            });
            let wanted = wanted.collect::<Vec<_>>();
            let evidence = difference("cause[0].code", wanted.join(", "), format!("{} {came}", answer.status));
            compared.broken(context, mark, grade, message, evidence);
        }
    }
}

fn body_schema(compared: &mut Compared, context: &Context<'_>, mark: Mark, name: &str, answer: &Answer) {
    let message = Message::new("contract.schema").with("name", name);
    let Some(body) = &answer.json else {
        not_json(compared, context, mark, answer);
        return;
    };
    let Some(violations) = schemas::check(name, body) else {
        compared.expectations.push(Expectation { message, verdict: Verdict::Inconclusive });
        return;
    };
    if violations.is_empty() {
        compared.held(message);
        return;
    }
    for violation in violations {
        if answer.masked.contains(&violation.path) {
            compared.masked(&violation.path);
            continue;
        }
        let actual = body.pointer(&violation.path).map_or_else(String::new, shown);
        let (message, grade) = match violation.is_document_as_number(body) {
            true => (Message::new("contract.document-as-number"), "type-in-tolerance"),
            false => (Message::new("contract.schema-broken"), "type"),
        };
        let message = message.with("name", name).with("path", &violation.path);
        compared.broken(context, mark, grade, message, difference(violation.path, violation.message, actual));
    }
}

fn not_json(compared: &mut Compared, context: &Context<'_>, mark: Mark, answer: &Answer) {
    // Told once, whatever else was to be read from it.
    if compared.findings.iter().any(|finding| finding.rule == BROKEN) {
        return;
    }
    let evidence = difference("body", "JSON", answer.body.chars().take(LONGEST_VALUE).collect::<String>());
    compared.broken(context, mark, BROKEN, environment::unreadable(answer), evidence);
}

fn compare_member(
    compared: &mut Compared,
    context: &Context<'_>,
    mark: Mark,
    member: &str,
    expected: &str,
    answer: &Answer,
) {
    let actual = answer.json.as_ref().and_then(|body| body.get(member));
    let message = Message::new("contract.member").with("member", member).with("value", expected);
    if actual.and_then(Value::as_str) == Some(expected) {
        compared.held(message);
    } else {
        let actual = actual.map_or_else(|| "—".to_owned(), shown);
        let message = Message::new("contract.differs").with("path", member).with("expected", expected);
        let message = message.with("actual", &actual);
        compared.broken(context, mark, "expectation", message, difference(member, expected, actual));
    }
}

fn filled(matcher: &Matcher, variables: &Variables) -> Result<Matcher, Unfilled> {
    Ok(match matcher {
        Matcher::Equals(value) => Matcher::Equals(variables.fill_json(value)?),
        Matcher::OneOf(values) => {
            Matcher::OneOf(values.iter().map(|value| variables.fill_json(value)).collect::<Result<_, _>>()?)
        }
        other => other.clone(),
    })
}

/// Compares the values at a place; one that is made anew and differs from the recorded one is an open question.
fn place(
    compared: &mut Compared,
    context: &Context<'_>,
    mark: Mark,
    path: &str,
    (matcher, made_anew): (&Matcher, bool),
    values: &[&Value],
) {
    let holds = match matcher {
        Matcher::Absent => values.is_empty(),
        Matcher::Present => !values.is_empty(),
        matcher => !values.is_empty() && values.iter().all(|value| matches(matcher, value)),
    };
    let expected = describe(matcher);
    let message = Message::new("contract.place").with("path", path).with("expected", &expected);
    if holds {
        compared.held(message);
    } else if made_anew && !values.is_empty() {
        let message = Message::new("recording.made-anew").with("path", path);
        compared.expectations.push(Expectation { message, verdict: Verdict::Inconclusive });
    } else {
        let actual = match values {
            [] => "—".to_owned(),
            values => values.iter().take(3).map(|value| shown(value)).collect::<Vec<_>>().join(", "),
        };
        let message = Message::new("contract.differs").with("path", path).with("expected", &expected);
        let message = message.with("actual", &actual);
        compared.broken(context, mark, "expectation", message, difference(path, expected, actual));
    }
}

fn matches(matcher: &Matcher, value: &Value) -> bool {
    match matcher {
        Matcher::Equals(expected) => equal(expected, value),
        Matcher::OneOf(options) => options.iter().any(|option| equal(option, value)),
        Matcher::Type(name) => match name.as_str() {
            "string" => value.is_string(),
            "number" => value.is_number(),
            // As JSON Schema has it: 1.0 is a whole number.
            "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "boolean" => value.is_boolean(),
            "object" => value.is_object(),
            "array" => value.is_array(),
            _ => value.is_null(),
        },
        Matcher::Pattern(pattern) => {
            value.as_str().is_some_and(|text| regex::Regex::new(pattern).is_ok_and(|found| found.is_match(text)))
        }
        Matcher::Range(minimum, maximum) => value.as_f64().is_some_and(|number| {
            minimum.is_none_or(|minimum| number >= minimum) && maximum.is_none_or(|maximum| number <= maximum)
        }),
        Matcher::Present => true,
        Matcher::Absent => false,
    }
}

/// Equality of JSON values; numbers are equal when their value is (`58` and `58.0`).
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) if left.is_f64() || right.is_f64() => {
            left.as_f64() == right.as_f64()
        }
        _ => left == right,
    }
}

fn describe(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Equals(value) => shown(value),
        Matcher::OneOf(values) => values.iter().map(shown).collect::<Vec<_>>().join(" | "),
        Matcher::Present => "present".to_owned(),
        Matcher::Absent => "absent".to_owned(),
        Matcher::Type(name) => name.clone(),
        Matcher::Pattern(pattern) => format!("/{pattern}/"),
        Matcher::Range(minimum, maximum) => {
            let bounds = [minimum.map(|least| format!("≥ {least}")), maximum.map(|most| format!("≤ {most}"))];
            bounds.into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn matchers_say_no_when_they_should() {
        for (matcher, value, expected) in [
            (Matcher::Equals(json!(58)), json!(58.0), true),
            (Matcher::Equals(json!("58")), json!(58), false),
            (Matcher::OneOf(vec![json!(1), json!(2)]), json!(2), true),
            (Matcher::OneOf(vec![json!(1)]), json!(2), false),
            (Matcher::Type("integer".into()), json!(1.5), false),
            (Matcher::Type("integer".into()), json!(1.0), true),
            (Matcher::Type("integer".into()), json!(u64::MAX), true),
            (Matcher::Type("integer".into()), json!("1"), false),
            (Matcher::Type("null".into()), json!(null), true),
            (Matcher::Pattern("^a+$".into()), json!("aaa"), true),
            (Matcher::Pattern("^a+$".into()), json!("ab"), false),
            (Matcher::Range(Some(1.0), Some(2.0)), json!(2), true),
            (Matcher::Range(Some(1.0), None), json!(0), false),
            (Matcher::Range(None, None), json!("x"), false),
        ] {
            assert_eq!(matches(&matcher, &value), expected, "{matcher:?} {value}");
        }
    }

    #[test]
    fn an_error_without_a_code_is_told_by_its_words() {
        let expect = Expect { status: vec![200], ..Expect::default() };
        let told = |body: Value| {
            let answer = Answer { status: 404, ..Answer::default() };
            unexpected_status(&expect, &answer, &judge::normalise(&body))
        };
        let message =
            told(json!({ "message": "resource not found", "error": "not_found", "status": 404, "cause": [] }));
        assert_eq!(message.key, "contract.status-with-message");
        assert!(message.render(crate::i18n::Lang::En).ends_with("404 came with the message: resource not found"));
        let coded = json!({ "message": "x", "cause": [{ "code": 2000, "description": "x" }], "status": 404 });
        assert_eq!(told(coded).args["code"], "2000");
        assert_eq!(told(json!({})).key, "contract.status-differs");
    }

    #[test]
    fn endpoints_choose_their_schema() {
        assert_eq!(default_schema("POST", "/v1/payments", 201), Some("payment"));
        assert_eq!(default_schema("GET", "/v1/payments/search", 200), Some("payment_search"));
        assert_eq!(default_schema("POST", "/v1/payments", 400), Some("error"));
        assert_eq!(default_schema("POST", "/v1/payments/1/refunds", 201), None);
        assert_eq!(default_schema("POST", "/v1/payments", 503), None);
    }
}
