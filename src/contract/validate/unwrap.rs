//! Takes off what SDKs and HTTP clients wrap around a body. Grades nothing.

use serde::Serialize;
use serde_json::{Map, Value};

use super::classify::{self, Kind, classify};

/// Most wrappers around one body that are taken off.
const MOST_WRAPPERS: usize = 4;
/// Most members of an object that is taken for a wrapper.
const MOST_MEMBERS: usize = 200;

/// What was around the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unwrapped {
    /// The error object of the Node SDK 1.x: `name` and `idempotency` added, `error` dropped.
    Node1,
    /// The Node SDK 2.x adds `api_response` with status and headers to every answer.
    Node2,
    /// `status` and `response` of the Ruby and Python SDKs.
    StatusResponse,
    /// `status` and `body`, as the PHP and Node SDKs give them.
    StatusBody,
    /// `statusCode` and `content` of the Java and PHP SDKs.
    StatusContent,
    /// The response or error object of a general HTTP client: `status` and `data`.
    HttpClient,
    /// An object with the body as its only or its error member.
    Member,
    /// A line of a structured log.
    Log,
}

impl Unwrapped {
    /// The name that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Unwrapped::Node1 => "SDK Node 1.x",
            Unwrapped::Node2 => "SDK Node 2.x",
            Unwrapped::StatusResponse => "SDK (status, response)",
            Unwrapped::StatusBody => "status, body",
            Unwrapped::StatusContent => "SDK Java, PHP",
            Unwrapped::HttpClient => "HTTP client",
            Unwrapped::Member => "{…}",
            Unwrapped::Log => "log",
        }
    }
}

/// The status of a wrapper: a number, or a string of three digits.
pub(super) fn http_status(value: &Value) -> Option<u16> {
    let status = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) if text.trim().len() == 3 => text.trim().parse().ok()?,
        _ => return None,
    };
    u16::try_from(status).ok().filter(|status| (100..600).contains(status))
}

/// Takes off what was wrapped around a body, a bounded number of layers; gives the outermost wrapper and the
/// status that the innermost of them told, if any.
pub fn unwrap(mut body: Value) -> (Value, Option<Unwrapped>, Option<u16>) {
    let (mut wrapper, mut status) = (None, None);
    for _ in 0..MOST_WRAPPERS {
        let (inner, found, told) = layer(body);
        body = inner;
        let Some(found) = found else { break };
        wrapper = wrapper.or(Some(found));
        status = told.or(status);
    }
    (body, wrapper, status)
}

/// Takes off one layer.
fn layer(body: Value) -> (Value, Option<Unwrapped>, Option<u16>) {
    let Value::Object(mut members) = body else { return (body, None, None) };
    if let Some((name, wrapper, status)) = around(&members)
        && let Some(inner) = members.get_mut(name).map(Value::take).and_then(opened)
    {
        return (inner, Some(wrapper), status);
    }
    if let Some(name) = logged(&members)
        && let Some(inner) = members.get_mut(&name).map(Value::take).and_then(opened)
    {
        return (inner, Some(Unwrapped::Log), None);
    }
    if let Some(status) = members.get("api_response").and_then(|response| response.get("status")).and_then(http_status)
    {
        members.shift_remove("api_response");
        return (Value::Object(members), Some(Unwrapped::Node2), Some(status));
    }
    if let Some(name) = kept(&members)
        && let Some(inner) = members.get_mut(&name).map(Value::take).and_then(opened)
    {
        return (inner, Some(Unwrapped::Member), None);
    }
    let error_like = members.contains_key("message") || members.contains_key("cause");
    if error_like && members.contains_key("name") && members.contains_key("idempotency") {
        members.shift_remove("name");
        members.shift_remove("idempotency");
        return (Value::Object(members), Some(Unwrapped::Node1), None);
    }
    (Value::Object(members), None, None)
}

/// The member of a line of a structured log that is a body, when it is the only one.
fn logged(members: &Map<String, Value>) -> Option<String> {
    let marks = ["level", "severity", "lvl", "levelname", "timestamp", "@timestamp", "ts", "logger", "log_level"];
    if members.len() > MOST_MEMBERS
        || members.contains_key("cause")
        || !marks.iter().any(|name| members.contains_key(*name))
    {
        return None;
    }
    only(members, |value| with_read(value, |body| classify(body, None, None) != Kind::Unknown))
}

/// The member of a program's own object (an envelope, a row of a database, an item of a flow) that is a body, when the
/// object itself is nothing that is known and holds one body alone. A status beside it is what the program answered, and
/// says nothing of what came.
fn kept(members: &Map<String, Value>) -> Option<String> {
    let bare = classify::is_bare_payment(members);
    let kind = classify::object(members, None, None);
    // An error that names no cause, around the one that does.
    let vague = kind == Kind::Error && !classify::is_error_for_sure(members);
    if members.len() > MOST_MEMBERS || !(bare || vague || kind == Kind::Unknown) {
        return None;
    }
    // Beside an id and a status of its own, only a whole payment is more than the object itself.
    only(members, |value| {
        with_read(value, |body| match body {
            Value::Object(inner) if bare => classify::certain(inner) == Some(Kind::Payment),
            Value::Object(inner) if vague => classify::is_error_for_sure(inner) || around(inner).is_some(),
            Value::Object(inner) => classify::certain(inner).is_some() || around(inner).is_some(),
            Value::Array(items) if !bare && !vague => {
                let first = items.first().and_then(Value::as_object).and_then(classify::certain);
                matches!(first, Some(Kind::Payment | Kind::Refund | Kind::CardToken))
            }
            _ => false,
        })
    })
}

/// The one member that is so; none when there are several.
fn only(members: &Map<String, Value>, is: impl Fn(&Value) -> bool) -> Option<String> {
    let mut found = members.iter().filter(|(_, value)| is(value)).map(|(name, _)| name);
    let first = found.next()?;
    found.next().is_none().then(|| first.clone())
}

/// Asks something of a value, or of the JSON that stands in its text.
fn with_read(value: &Value, is: impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => is(value),
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).is_ok_and(|read| is(&read))
        }
        _ => false,
    }
}

/// The member of an object that holds a body, what that makes the object, and the status beside it.
fn around(members: &Map<String, Value>) -> Option<(&'static str, Unwrapped, Option<u16>)> {
    let status = |names: &[&str]| names.iter().find_map(|name| members.get(*name).and_then(http_status));
    let holds = |name: &str| members.get(name).is_some_and(holds_a_body);
    let has = |name: &str| members.contains_key(name);
    // A payment has a status of words, an error has a message of its own.
    if members.len() <= 8 && !members.get("message").is_some_and(Value::is_string) {
        if let Some(status) = status(&["status"]) {
            for (name, wrapper) in [
                ("response", Unwrapped::StatusResponse),
                ("body", Unwrapped::StatusBody),
                ("jsonBody", Unwrapped::StatusBody),
            ] {
                if holds(name) {
                    return Some((name, wrapper, Some(status)));
                }
            }
        }
        if let Some(status) = status(&["statusCode", "StatusCode", "status_code", "httpCode", "http_code", "code"]) {
            for (name, wrapper) in [
                ("content", Unwrapped::StatusContent),
                ("Content", Unwrapped::StatusContent),
                ("body", Unwrapped::StatusBody),
                ("response", Unwrapped::StatusResponse),
            ] {
                if holds(name) {
                    return Some((name, wrapper, Some(status)));
                }
            }
        }
    }
    if holds("data") && (has("statusText") || has("headers") || has("config")) {
        return Some(("data", Unwrapped::HttpClient, status(&["status", "statusCode"])));
    }
    let response = members.get("response").and_then(Value::as_object);
    if response.is_some_and(|response| {
        response.get("status").and_then(http_status).is_some() && response.get("data").is_some_and(holds_a_body)
    }) {
        // The inner layer tells the status.
        return response.filter(|response| response.contains_key("headers")).map_or_else(
            || (members.len() > 1).then_some(("response", Unwrapped::HttpClient, None)),
            |_| Some(("response", Unwrapped::HttpClient, None)),
        );
    }
    if holds("data") && members.len() == 2 && status(&["status", "statusCode"]).is_some() {
        return Some(("data", Unwrapped::HttpClient, status(&["status", "statusCode"])));
    }
    // An error object inside another one, whose own members say less.
    for name in ["message", "error", "err", "exception"] {
        if members.len() <= 4 && members.get(name).is_some_and(is_error_object) && !has("cause") {
            return Some((name, Unwrapped::Member, status(&["status", "statusCode", "code"])));
        }
    }
    let alone = ["response", "body", "payment", "result", "refund", "card_token"];
    alone.into_iter().find(|name| members.len() == 1 && holds(name)).map(|name| (name, Unwrapped::Member, None))
}

fn is_error_object(value: &Value) -> bool {
    value.get("message").is_some_and(Value::is_string)
        && ["cause", "status", "error", "code"].iter().any(|name| value.get(*name).is_some())
}

/// Whether a member may be a body: an object, an array, or the JSON text of one.
fn holds_a_body(value: &Value) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) => true,
        Value::String(text) => text.trim_start().starts_with(['{', '[']),
        _ => false,
    }
}

fn opened(value: Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(&text).ok(),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_known_wrapper_comes_off() {
        let error = json!({"message": "Invalid x", "error": "bad_request", "status": 400, "cause": []});
        let client = json!({"status": 400, "statusText": "Bad Request", "headers": {}, "data": error});
        for (wrapped, name, status) in [
            (json!({"status": "400", "response": error}), Unwrapped::StatusResponse, Some(400)),
            (json!({"status": 400, "response": error.to_string()}), Unwrapped::StatusResponse, Some(400)),
            (json!({"status": 201, "body": error, "idempotency": "x"}), Unwrapped::StatusBody, Some(201)),
            (json!({"code": 400, "body": error}), Unwrapped::StatusBody, Some(400)),
            (json!({"statusCode": 400, "headers": {}, "content": error}), Unwrapped::StatusContent, Some(400)),
            (client.clone(), Unwrapped::HttpClient, Some(400)),
            (json!({"message": "Request failed", "response": client}), Unwrapped::HttpClient, Some(400)),
            (json!({"error": error}), Unwrapped::Member, None),
            (json!({"message": error, "code": -1}), Unwrapped::Member, None),
        ] {
            assert_eq!(unwrap(wrapped.clone()), (error.clone(), Some(name), status), "{wrapped}");
        }
    }

    #[test]
    fn what_only_looks_like_a_wrapper_stays() {
        for body in [
            json!({"id": 1, "status": "approved", "response": {}}),
            json!({"type": "payment", "data": {"id": "1"}}),
            json!({"message": "m", "status": 400, "error": "e", "cause": []}),
            json!({"status": 400, "response": "no JSON"}),
            json!([1]),
            json!("text"),
        ] {
            let (inner, wrapper, _) = unwrap(body.clone());
            if wrapper.is_none() {
                assert_eq!(inner, body);
            } else {
                panic!("{body}");
            }
        }
    }
}
