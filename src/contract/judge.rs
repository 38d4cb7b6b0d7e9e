//! Judging an error answer: first bring its many shapes into one, then decide by HTTP status and cause code.

use std::collections::HashMap;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

use crate::specs::catalogue::{Entry, Neighbour, NeighbourKind, catalogue, neighbours, neighbours_of};

/// One cause of an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Code as text, whether it came as a number or as text.
    pub code: String,
    /// Whether it came as text: payments send numbers, card tokens and customers text.
    pub code_is_text: bool,
    /// Description.
    pub description: Option<String>,
}

/// An error answer in one form, whatever its shape was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NormalError {
    /// Message, if there was one.
    pub message: Option<String>,
    /// Slug of the error, if there was one.
    pub error: Option<String>,
    /// `status` of the body, when it was a number.
    pub status: Option<u64>,
    /// Causes, flattened.
    pub causes: Vec<Cause>,
    /// How the shape deviates from the documented one; empty when it does not.
    pub shapes: Vec<&'static str>,
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Brings an error body into one form. Known shapes: the documented envelope with `cause` as a list, an object,
/// nested, null or missing; the flat body of the policy agent; the list of the Orders API.
pub fn normalise(body: &Value) -> NormalError {
    let mut normal = NormalError::default();
    let Value::Object(members) = body else {
        normal.shapes.push("not-an-object");
        return normal;
    };
    normal.message = members.get("message").and_then(text);
    normal.error = members.get("error").and_then(text);
    normal.status = members.get("status").and_then(Value::as_u64);
    match members.get("cause").or_else(|| members.get("causes")) {
        Some(Value::Array(items)) => {
            for item in items {
                match item {
                    Value::Array(inner) => {
                        normal.shapes.push("cause-nested");
                        normal.causes.extend(inner.iter().filter_map(cause));
                    }
                    other => normal.causes.extend(cause(other)),
                }
            }
        }
        Some(object @ Value::Object(_)) => {
            normal.shapes.push("cause-object");
            normal.causes.extend(cause(object));
        }
        Some(_) => normal.shapes.push("cause-null"),
        None => normal.shapes.push("cause-missing"),
    }
    if let Some(code) = members.get("code").and_then(text) {
        normal.shapes.push("flat");
        let code_is_text = members.get("code").is_some_and(Value::is_string);
        let description = members.get("description").and_then(text).or_else(|| normal.message.clone());
        normal.causes.push(Cause { code, code_is_text, description });
    }
    older_vocabulary(members, &mut normal);
    if let Some(Value::Array(errors)) = members.get("errors") {
        normal.shapes.push("orders");
        normal.causes.extend(errors.iter().filter_map(cause));
    }
    normal
}

/// `ErrorMessage`, `ErrorCode`, `ErrorStatus`: the names of an older service.
fn older_vocabulary(members: &serde_json::Map<String, Value>, normal: &mut NormalError) {
    let member = |name: &str| members.get(name).and_then(text);
    normal.message = normal.message.take().or_else(|| member("ErrorMessage"));
    let status = member("ErrorStatus").and_then(|status| status.trim().parse().ok());
    normal.status = normal.status.or(status);
    // A word or an HTTP status in the place of a code is none.
    let is_code = |code: &String| {
        let number = code.parse::<u64>().is_ok_and(|code| !(400..600).contains(&code));
        number && !Expected::find(code).is_empty()
    };
    if let Some(code) = member("ErrorCode").filter(is_code) {
        let code_is_text = members.get("ErrorCode").is_some_and(Value::is_string);
        normal.causes.push(Cause { code, code_is_text, description: None });
    }
}

fn cause(value: &Value) -> Option<Cause> {
    let raw = value.get("code")?;
    let code = text(raw)?;
    let description = value.get("description").or_else(|| value.get("message")).and_then(text);
    Some(Cause { code, code_is_text: raw.is_string(), description })
}

/// Whether an HTTP status speaks of the environment and not of the contract.
pub(super) fn environment(status: u16) -> bool {
    matches!(status, 424 | 429 | 499 | 500..=599)
}

impl Entry {
    /// Whether a code of a response is this entry's.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
            || self.wire_code.as_deref().is_some_and(|wire| wire.eq_ignore_ascii_case(code))
    }

    /// Whether a message says what the catalogue says, after removing what the service is known to change:
    /// final full stop, case, kind of apostrophe, back-ticks. The other wordings that responses are known to use
    /// are not what the catalogue says.
    pub(super) fn says(&self, message: &str) -> bool {
        if pattern(&self.id).is_some_and(|pattern| pattern.is_match(message)) {
            return true;
        }
        self.message.as_deref().is_some_and(|known| plain(known) == plain(message))
    }
}

/// The compiled template of an entry that has one.
fn pattern(id: &str) -> Option<&'static Regex> {
    static PATTERNS: OnceLock<HashMap<&'static str, Regex>> = OnceLock::new();
    let patterns = PATTERNS.get_or_init(|| {
        let compiled = |entry: &'static Entry| {
            let pattern = entry.message_pattern.as_deref()?;
            let pattern = regex::RegexBuilder::new(pattern).case_insensitive(true).build().ok()?;
            Some((entry.id.as_str(), pattern))
        };
        catalogue().entries().iter().filter_map(compiled).collect()
    });
    patterns.get(id)
}

/// A message without what the service is known to change.
pub(super) fn plain(message: &str) -> String {
    let message = message.trim().trim_end_matches('.').to_lowercase();
    let quote = |character: char| if matches!(character, '‘' | '’' | '´') { '\'' } else { character };
    let message: String = message.chars().filter(|character| *character != '`').map(quote).collect();
    message.replace("can not", "cannot").replace("atributte", "attribute")
}

/// How an error answer compares with the errors that were expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    /// Grade, as `specs/grades.yaml` names it.
    pub(super) grade: &'static str,
    /// The code that came, if any.
    pub(super) code: Option<String>,
}

/// An error that a step may expect: one of the catalogue, or one of a neighbour that homologa knows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// Of the catalogue of payments.
    Documented(&'static Entry),
    /// Of another resource, of an older catalogue, or seen in answers only.
    Neighbour(&'static Neighbour),
}

impl Expected {
    /// What a code or an id means: the entry of the catalogue, else every neighbour with it.
    pub(super) fn find(id_or_code: &str) -> Vec<Expected> {
        match catalogue().find(id_or_code) {
            Some(entry) => vec![Expected::Documented(entry)],
            None => neighbours_of(id_or_code).map(Expected::Neighbour).collect(),
        }
    }

    /// The ids of all that have a code.
    pub(super) fn ids(code: &str) -> Vec<&'static str> {
        let documented = catalogue().entries().iter().filter(|entry| entry.has_code(code)).map(|entry| &*entry.id);
        documented.chain(neighbours_of(code).map(|other| &*other.id)).collect()
    }

    /// Its HTTP status, where it is known.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Expected::Documented(entry) => Some(entry.status),
            Expected::Neighbour(other) => other.status,
        }
    }

    /// Whether it may come with this HTTP status: with its own or, where that is not known, with any of an error of
    /// the client.
    pub(super) fn may(&self, status: u16) -> bool {
        self.status().map_or((400..500).contains(&status), |own| own == status)
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Expected::Documented(entry) => &entry.code,
            Expected::Neighbour(other) => &other.code,
        }
    }

    pub(super) fn message(&self) -> Option<&'static str> {
        match self {
            Expected::Documented(entry) => entry.message.as_deref(),
            Expected::Neighbour(other) => other.message.as_deref(),
        }
    }

    fn has_code(&self, code: &str) -> bool {
        match self {
            Expected::Documented(entry) => entry.has_code(code),
            Expected::Neighbour(other) => other.code.eq_ignore_ascii_case(code),
        }
    }

    fn says(&self, message: &str) -> bool {
        match self {
            Expected::Documented(entry) => entry.says(message),
            Expected::Neighbour(other) => other.message.as_deref().is_some_and(|known| plain(known) == plain(message)),
        }
    }

    /// Whether its answers have another shape as a rule.
    fn has_a_shape_of_its_own(&self) -> bool {
        matches!(self, Expected::Documented(entry) if entry.wire_code.is_some())
    }
}

/// Judges an error answer against the errors that were expected; any of them will do.
pub(super) fn judge(expected: &[Expected], status: u16, normal: &NormalError) -> Judgement {
    let codes: Vec<&str> = normal.causes.iter().map(|cause| cause.code.as_str()).collect();
    let of = |entry: &Expected| codes.iter().find(|code| entry.has_code(code)).map(|code| (*code).to_owned());
    for entry in expected.iter().filter(|entry| entry.may(status)) {
        if let Some(code) = of(entry) {
            let told = normal.causes.iter().filter_map(|cause| cause.description.as_deref());
            let messages: Vec<&str> = normal.message.as_deref().into_iter().chain(told).collect();
            let conform = messages.iter().any(|message| entry.says(message)) || entry.message().is_none();
            let usual_shape = normal.shapes.is_empty() || entry.has_a_shape_of_its_own();
            let grade = if !conform {
                "reworded"
            } else if usual_shape {
                "conform"
            } else {
                "shape"
            };
            return Judgement { grade, code: Some(code) };
        }
    }
    if let Some(code) = expected.iter().find_map(of) {
        return Judgement { grade: "status-mismatch", code: Some(code) };
    }
    let Some(code) = codes.first().map(|code| (*code).to_owned()) else {
        let grade = if expected.iter().any(|entry| entry.may(status)) { "unknown-code" } else { "status-mismatch" };
        return Judgement { grade, code: None };
    };
    let grade = if catalogue().find(&code).is_some() {
        "other-code"
    } else {
        match neighbours().iter().find(|neighbour| neighbour.code.eq_ignore_ascii_case(&code)) {
            Some(neighbour) => match neighbour.kind {
                NeighbourKind::FormerlyDocumented => "formerly-documented",
                NeighbourKind::OtherEndpoint | NeighbourKind::ClientSide => "other-endpoint",
                NeighbourKind::Undocumented => "unknown-code",
            },
            None => "unknown-code",
        }
    };
    Judgement { grade, code: Some(code) }
}

/// The catalogue entries that an answer shows: HTTP status and code both have to be theirs.
pub(super) fn observed(status: u16, normal: &NormalError) -> Vec<&'static Entry> {
    let all = catalogue().entries().iter();
    all.filter(|entry| entry.status == status && normal.causes.iter().any(|cause| entry.has_code(&cause.code)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn grade(code: &str, status: u16, body: Value) -> &'static str {
        judge(&Expected::find(code), status, &normalise(&body)).grade
    }

    fn error(code: Value, message: &str) -> Value {
        json!({"message": message, "error": "bad_request", "status": 400,
               "cause": [{"code": code, "description": message, "data": null}]})
    }

    #[test]
    fn real_answers_get_the_right_grade() {
        for (code, status, body, expected) in [
            ("2006", 400, error(json!(2006), "Card Token not found"), "conform"),
            ("2006", 400, error(json!("2006"), "card token not found."), "conform"),
            ("4020", 400, error(json!(4020), "notificaction_url attribute must be url valid"), "reworded"),
            ("2006", 400, error(json!(2006), "we lost your token"), "reworded"),
            ("2006", 404, error(json!(2006), "Card Token not found"), "status-mismatch"),
            ("2006", 400, error(json!(3003), "Invalid card_token_id"), "other-code"),
            ("2006", 400, error(json!(123_456), "x"), "unknown-code"),
            ("2006", 400, error(json!(2060), "x"), "formerly-documented"),
            ("2060", 400, error(json!(2060), "x"), "reworded"),
            ("2000", 404, error(json!(2000), "Payment not found"), "conform"),
            ("404/2000", 400, error(json!(2000), "Payment not found"), "status-mismatch"),
            ("E301", 400, error(json!("E301"), "x"), "reworded"),
            ("2041", 403, error(json!(2041), "x"), "reworded"),
            ("8", 400, error(json!(8), "The name of the following parameters is wrong : [payer.x]"), "conform"),
            ("4292", 400, error(json!(4292), "Header X-Idempotency-Key can’t be null"), "conform"),
            ("2006", 400, json!({"message": "Card Token not found", "cause": {"code": 2006}}), "shape"),
            ("2006", 400, json!({"message": "Card Token not found", "cause": [[{"code": 2006}]]}), "shape"),
            (
                "pa_unauthorized_result_from_policies",
                403,
                json!({"message": "At least one policy returned UNAUTHORIZED.",
                       "code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "status": 403, "blocked_by": "PolicyAgent"}),
                "conform",
            ),
            (
                "401/live-credentials",
                401,
                json!({"message": "Unauthorized use of live credentials", "error": "unauthorized", "status": 401,
                       "cause": [{"code": 7, "description": "Unauthorized use of live credentials"}]}),
                "conform",
            ),
        ] {
            assert_eq!(grade(code, status, body.clone()), expected, "{code} {status} {body}");
        }
    }

    #[test]
    fn every_known_shape_is_brought_into_one() {
        for (body, codes, shapes) in [
            (json!({"cause": []}), vec![], vec![]),
            (json!({"cause": null}), vec![], vec!["cause-null"]),
            (json!({}), vec![], vec!["cause-missing"]),
            (json!("text"), vec![], vec!["not-an-object"]),
            (json!({"errors": [{"code": "failed", "message": "m"}]}), vec!["failed"], vec!["cause-missing", "orders"]),
        ] {
            let normal = normalise(&body);
            let found: Vec<&str> = normal.causes.iter().map(|cause| cause.code.as_str()).collect();
            assert_eq!((found, normal.shapes), (codes, shapes), "{body}");
        }
    }

    #[test]
    fn an_entry_is_observed_only_under_its_own_status() {
        let normal = normalise(&error(json!(2006), "x"));
        assert_eq!(observed(400, &normal).len(), 1);
        assert!(observed(404, &normal).is_empty());
    }
}
