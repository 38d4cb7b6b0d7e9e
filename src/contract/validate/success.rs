//! Grades what succeeded: payments, tokens, refunds and lists of them against schemas that tolerate what is real.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::Shown;
use super::body::Work;
use super::classify::{Kind, is_object_of_sdk};
use crate::contract::json::type_name;
use crate::contract::judge::environment;
use crate::i18n::Message;
use crate::specs::schemas;
use crate::specs::statuses::statuses;

/// Most fields of one kind that are named.
const MOST_FIELDS: usize = 12;
/// Fewer members than this, and an object is an excerpt that someone cut down.
const WHOLE_PAYMENT: usize = 12;

impl Work {
    /// Judges a body that is no error.
    pub(super) fn success(&mut self, body: &Value, kind: Kind, status: Option<u16>) {
        match status {
            Some(status) if environment(status) => return self.environment(status, &[]),
            Some(status) if status >= 400 && kind == Kind::Order => self.undocumented(status),
            Some(status) if status >= 400 && kind != Kind::Unknown => {
                let message = Message::new("validate.success-status").with("kind", kind.name()).with("status", status);
                self.grade("status-mismatch", message);
            }
            _ => {}
        }
        match kind {
            Kind::Payment => self.payment(body),
            Kind::PaymentSearch => {
                self.schema("payment_search", body);
                for result in body.get("results").and_then(Value::as_array).into_iter().flatten() {
                    self.schema("payment", result);
                }
            }
            Kind::CardToken => self.schema("card_token", body),
            Kind::PaymentMethods => self.schema("payment_methods", body),
            Kind::Refund => self.schema("refund", body),
            Kind::Unknown | Kind::Error => {
                self.documented = false;
                let of_sdk = body.as_object().is_some_and(is_object_of_sdk);
                let message = if of_sdk { "validate.object-of-sdk" } else { "validate.unknown-document" };
                self.grade("unknown-document", Message::new(message));
            }
            other => {
                self.documented = false;
                let message = Message::new("validate.other-resource").with("kind", other.name());
                self.grade("other-resource", message);
            }
        }
    }

    fn payment(&mut self, body: &Value) {
        self.schema("payment", body);
        let known = known_fields();
        let new = body.as_object().into_iter().flatten().map(|(name, _)| name);
        let new: Vec<&String> = new.filter(|name| !known.contains(name.as_str())).collect();
        if !new.is_empty() {
            let fields = self.list(new.iter().map(|name| name.as_str()), new.len());
            self.grade("new-field", Message::new("validate.new-field").with("fields", fields));
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(status) = text("status") else { return };
        let detail = text("status_detail");
        match statuses().find(status, detail) {
            Some(pair) => self.shows.push(Shown {
                id: format!("{status}/{}", pair.status_detail.as_deref().unwrap_or("—")),
                documented: true,
                message: None,
                endpoint: None,
                meaning: pair.meaning.clone(),
                remedy: statuses().retry_modes.get(&pair.retry.mode).cloned(),
            }),
            // An excerpt without the detail shows a status that is known.
            None if detail.is_none() && statuses().pairs.iter().any(|pair| pair.status == status) => {}
            None => {
                self.documented = false;
                let pair = self.outside(&format!("{status}/{}", detail.unwrap_or("—")));
                self.grade("unknown-status", Message::new("validate.unknown-status").with("pair", pair));
            }
        }
    }

    /// Judges against a schema, and notes what it allows although it is unlike the rule.
    fn schema(&mut self, name: &'static str, body: &Value) {
        let mut tolerated = Vec::new();
        let mut lost = Vec::new();
        for violation in schemas::check(name, body).into_iter().flatten() {
            // Each payment of a page is judged by the schema of payments.
            if name == "payment_search" && violation.path.starts_with("/results/") {
                continue;
            }
            let value = body.pointer(&violation.path);
            if violation.path.is_empty()
                && let Some(members) = body.as_object()
            {
                let missing = ["id", "status"].into_iter().filter(|field| !members.contains_key(*field));
                if name == "payment" && members.len() < WHOLE_PAYMENT {
                    lost.extend(missing);
                    continue;
                }
            }
            let required =
                matches!(violation.path.as_str(), "" | "/id" | "/status" | "/transaction_amount" | "/payment_id");
            // A number where digits are written as text or the other way round, a date of another form, or null where
            // nothing is yet: a note, not a failure. An empty map that PHP wrote is an empty list.
            let number = violation.is_document_as_number(body)
                || !self.direct && value.is_some_and(Value::is_u64) && digits(&violation.path);
            let nothing = value.is_some_and(Value::is_null) && !required;
            let date = value.and_then(Value::as_str).is_some_and(|text| date(&violation.path) && begins_as_date(text));
            let kept_id = !self.direct && violation.wants("integer") && id(&violation.path);
            let id = kept_id && value.and_then(Value::as_str).is_some_and(is_number);
            let map = violation.wants("object") || !violation.is_of_type();
            let map = value.and_then(Value::as_array).is_some_and(|list| {
                list.is_empty() && violation.wants("object") || !self.direct && map && is_one_map(list)
            });
            if number || nothing || date || id || map {
                tolerated.push(violation.path);
                continue;
            }
            // A member that is not there has no place of its own.
            if let Some(field) = violation.missing() {
                let path = self.outside(&format!("{}/{field}", violation.path));
                self.grade("type", Message::new("validate.missing").with("path", path).with("schema", name));
                continue;
            }
            let path = self.outside(if violation.path.is_empty() { "/" } else { &violation.path });
            let message = Message::new("validate.type").with("path", path).with("schema", name);
            self.grade("type", message.with("found", value.map_or("—", type_name)));
        }
        if !lost.is_empty() {
            self.grade("lost-field", Message::new("validate.lost-field").with("fields", lost.join(", ")));
        }
        loose("", body, &mut tolerated);
        if !tolerated.is_empty() {
            let fields = self.list(tolerated.iter().map(String::as_str), tolerated.len());
            self.grade("type-in-tolerance", Message::new("validate.tolerated").with("fields", fields));
        }
    }

    /// The first of some names from outside, with an ellipsis when there are more.
    fn list<'t>(&self, names: impl Iterator<Item = &'t str>, count: usize) -> String {
        let mut shown: Vec<String> = names.take(MOST_FIELDS).map(|name| self.outside(name)).collect();
        if count > MOST_FIELDS {
            shown.push("…".to_owned());
        }
        shown.join(", ")
    }
}

/// Collects what the schemas allow although it is unlike the rule: a number where strings of digits are the rule, a
/// string where a number is, a list where a map belongs.
fn loose(place: &str, value: &Value, found: &mut Vec<String>) {
    let Value::Object(members) = value else { return };
    for (name, member) in members {
        let number = matches!((place, name.as_str()), ("", "issuer_id") | ("/payer", "id"))
            || place.starts_with("/additional_info/items/") && matches!(name.as_str(), "quantity" | "unit_price")
            || place.ends_with("/receiver_address") && matches!(name.as_str(), "zip_code" | "street_number");
        let text = place.is_empty() && matches!(name.as_str(), "collector_id" | "luhn_validation");
        let list = place.is_empty() && matches!(name.as_str(), "metadata" | "order" | "additional_info");
        if (number && member.is_number()) || (text && member.is_string()) || (list && member.is_array()) {
            found.push(format!("{place}/{name}"));
        }
        match (place, name.as_str(), member) {
            ("", "payer" | "additional_info", _) | ("/additional_info", "shipments", _) => {
                loose(&format!("{place}/{name}"), member, found);
            }
            ("/additional_info/shipments", "receiver_address", _) => loose(&format!("{place}/{name}"), member, found),
            ("/additional_info", "items", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    loose(&format!("{place}/{name}/{index}"), item, found);
                }
            }
            _ => {}
        }
    }
}

/// Whether a path names digits of a card that are written as text.
fn digits(path: &str) -> bool {
    ["/first_six_digits", "/last_four_digits", "/bin"].iter().any(|end| path.ends_with(end))
}

/// Whether a path names an id. A program whose numbers are too short for it keeps it as text.
fn id(path: &str) -> bool {
    path.ends_with("/id") || path.ends_with("_id")
}

fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a list is around one map, as in samples of the documents that were XML before.
fn is_one_map(list: &[Value]) -> bool {
    matches!(list, [Value::Object(_)]) || matches!(list, [Value::Array(inner)] if inner.is_empty())
}

/// Whether a path names a date.
fn date(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains("date") || name.ends_with("_updated"))
}

/// Whether a text begins as a date does: 2026-01-31.
fn begins_as_date(text: &str) -> bool {
    let form = |(index, byte): (usize, u8)| if matches!(index, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() >= 10 && text.bytes().take(10).enumerate().all(form)
}

/// The members of a payment that our schema names.
pub(super) fn known_fields() -> &'static HashSet<String> {
    static KNOWN: OnceLock<HashSet<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let schema: Option<Value> = schemas::text("payment").and_then(|text| serde_json::from_str(text).ok());
        let properties = schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
        properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    })
}
