//! What the administration shows: requests, payments. Everything that came from outside is redacted here.

use serde_json::{Value, json};

use crate::sandbox::clock::wire_date;
use crate::sandbox::journal::Entry;
use crate::sandbox::payments::{Happening, Payment};
use crate::sandbox::router::Call;
use crate::sandbox::world::World;
use crate::secret::Redactor;

/// Most requests of one answer.
const MOST: usize = 200;
/// Most payments of one answer.
const MOST_PAYMENTS: usize = 100;

/// The last requests after a number, oldest first.
pub(super) fn requests(world: &World, call: &Call) -> Value {
    let number = |name: &str| call.param(name).and_then(|text| text.parse::<u64>().ok());
    let limit = number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(MOST).min(MOST);
    let entries = world.journal.after(number("after").unwrap_or_default(), limit);
    json!({ "requests": entries.iter().map(line).collect::<Vec<Value>>() })
}

/// One request with its bodies.
pub(super) fn request(world: &World, number: u64) -> Option<Value> {
    let entry = world.journal.get(number)?;
    let mut value = line(&entry);
    value["idempotency_key"] = json!(entry.key.as_deref().map(|key| Redactor::default().text(key).into_owned()));
    value["request"] = body(&entry.request);
    value["response"] = body(&entry.response);
    Some(value)
}

fn line(entry: &Entry) -> Value {
    let response: Value = serde_json::from_slice(&entry.response).unwrap_or_default();
    let told = rule(&response);
    let message = told.as_ref().and_then(|told| told.1).map(|message| Redactor::default().text(message).into_owned());
    json!({
        "number": entry.number,
        "at": wire_date(entry.at),
        "method": Redactor::default().text(&entry.method),
        "path": path(&entry.uri),
        "status": entry.status,
        "microseconds": entry.took,
        "fault": entry.fault.as_deref().map(|fault| Redactor::default().text(fault).into_owned()),
        // The entry of the catalogue that the answer is: what `homologa explain` explains.
        "rule": told.map(|(code, _)| format!("{}/{code}", entry.status)),
        "message": message,
        "outcome": outcome(&response),
    })
}

/// Code and message of an answer that refuses, in any of the envelopes.
fn rule(response: &Value) -> Option<(String, Option<&str>)> {
    let cause = match &response["cause"] {
        Value::Array(causes) => causes.first(),
        cause => Some(cause),
    };
    let codes = [cause.map(|cause| &cause["code"]), Some(&response["errors"][0]["code"]), Some(&response["code"])];
    let code = codes.into_iter().flatten().find_map(|code| match code {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    })?;
    let message = response["message"].as_str().or_else(|| response["errors"][0]["message"].as_str());
    Some((code, message))
}

/// Status and detail of a payment or an order.
fn outcome(response: &Value) -> Option<String> {
    let response = response.get("data").filter(|data| data.is_object()).unwrap_or(response);
    Some(format!("{}/{}", response.get("status")?.as_str()?, response.get("status_detail")?.as_str()?))
}

/// Path and query, without what they may hold of secrets.
fn path(uri: &str) -> String {
    match url::Url::parse(&format!("http://sandbox{uri}")) {
        Ok(url) => Redactor::default().url(&url).trim_start_matches("http://sandbox").to_owned(),
        Err(_) => Redactor::default().text(uri).into_owned(),
    }
}

/// A body: JSON redacted by name, anything else as text; what was cut off is not shown, because names may be missing.
fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    match serde_json::from_slice::<Value>(bytes) {
        Ok(mut value) => {
            Redactor::default().json(&mut value);
            value
        }
        Err(_) if bytes.first().is_some_and(|byte| matches!(byte, b'{' | b'[')) => {
            json!({ "homologa": "this is no whole JSON document, or too long to be shown", "bytes_kept": bytes.len() })
        }
        Err(_) => json!(Redactor::default().text(&String::from_utf8_lossy(bytes))),
    }
}

/// The last payments, newest first.
pub(super) fn payments(world: &World) -> Value {
    let ids: Vec<u64> = world.state().payments.iter().rev().take(MOST_PAYMENTS).map(|payment| payment.id).collect();
    json!({ "payments": ids.into_iter().filter_map(|id| payment(world, id)).collect::<Vec<Value>>() })
}

/// A payment in short, and what may happen to it.
pub(super) fn payment(world: &World, id: u64) -> Option<Value> {
    let now = world.now();
    let state = world.state();
    let payment = state.payments.get(&id)?;
    let (status, detail) = payment.pair();
    let (method, amount, created) = payment.summary();
    // What may happen is what happens to a copy.
    let may = |happening| Payment::clone(payment).happen(happening, now);
    let actions: Vec<&str> =
        Happening::ALL.into_iter().filter(|(_, happening)| may(*happening)).map(|(name, _)| name).collect();
    let reference = payment.sent_text("external_reference");
    Some(json!({
        "id": id.to_string(),
        "created": wire_date(created),
        "method": method,
        "amount": amount,
        "status": status,
        "status_detail": detail,
        "external_reference": reference.map(|text| Redactor::default().text(&text).into_owned()),
        "actions": actions,
    }))
}
