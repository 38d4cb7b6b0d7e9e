//! Compares an answer with the one that was recorded: status, codes of errors, shape, values of closed sets. Kinds and
//! weights are in `specs/drift.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::format::{Answered, Entry};
use super::read::Recording;
use super::replay::Place;
use crate::contract::exchange::{Answer, Prepared};
use crate::contract::json::type_name;
use crate::contract::judge;
use crate::i18n::Message;
use crate::secret::Redactor;

/// Deepest place of a body that is compared.
const DEEPEST: usize = 32;
/// Most places of a body that are compared.
const MOST_PLACES: usize = 5_000;
/// Most differences of one answer that are told.
const MOST_TOLD: usize = 50;
/// Members whose values are words of a closed set.
const CLOSED: [&str; 7] =
    ["status", "status_detail", "currency_id", "operation_type", "payment_type_id", "payment_method_id", "refund_mode"];

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::contract) struct Difference {
    /// Kind, as `specs/drift.yaml` names it.
    pub(in crate::contract) kind: &'static str,
    /// Place in the answer.
    pub(in crate::contract) path: String,
    /// What was recorded.
    pub(in crate::contract) recorded: String,
    /// What came.
    pub(in crate::contract) now: String,
}

impl Recording {
    /// Compares an answer with the recorded one.
    ///
    /// # Errors
    /// Why it could not be compared: there is no such request in the recording, or no contract in one of the answers.
    pub(in crate::contract) fn verify(
        &self,
        place: Place<'_>,
        prepared: &Prepared,
        answer: &Answer,
        polls: bool,
        redactor: &Redactor,
    ) -> Result<Vec<Difference>, Message> {
        let live = Entry::of(place, prepared, Ok(answer), (None, 0), redactor);
        let recorded = self.counterpart(place, &live.request, polls)?;
        match (&recorded.response, &live.response) {
            (Some(before), Some(now)) if !judge::environment(before.status) && !judge::environment(now.status) => {
                let differences = compare(before, now);
                if let Ok(mut used) = self.used.lock() {
                    used.compared.0 += 1;
                    used.compared.1 += usize::from(!differences.is_empty());
                }
                Ok(differences)
            }
            (Some(before), Some(now)) if before.status == now.status => Ok(Vec::new()),
            (before, now) => {
                let status = |answer: &Option<Answered>| {
                    answer.as_ref().map_or_else(|| "—".to_owned(), |answer| answer.status.to_string())
                };
                Err(Message::new("recording.not-comparable").with("before", status(before)).with("now", status(now)))
            }
        }
    }
}

fn compare(before: &Answered, now: &Answered) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |kind, path: &str, recorded: String, now: String| {
        if found.len() < MOST_TOLD {
            found.push(Difference { kind, path: path.to_owned(), recorded, now });
        }
    };
    if before.status != now.status {
        add("recorded-status", "status", before.status.to_string(), now.status.to_string());
        // Another status has another body: comparing the two would tell one change many times.
        return found;
    }
    let media = |answer: &Answered| {
        let value = answer.headers.get("content-type").map(String::as_str).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    };
    if media(before) != media(now) {
        add("recorded-header", "content-type", media(before), media(now));
    }
    let (Some(old), Some(new)) = (&before.content.body, &now.content.body) else {
        let form = |answer: &Answered| if answer.content.body.is_some() { "JSON" } else { "—" }.to_owned();
        // A body that was cut is no JSON any more: that says nothing.
        if form(before) != form(now) && !before.truncated && !now.truncated {
            add("recorded-type", "body", form(before), form(now));
        }
        return found;
    };
    if now.status >= 400 {
        let normal = |body| judge::normalise(body);
        let codes = |body| {
            let codes: BTreeSet<String> = normal(body).causes.into_iter().map(|cause| cause.code).collect();
            codes.into_iter().collect::<Vec<_>>().join(", ")
        };
        let (old_codes, new_codes) = (codes(old), codes(new));
        if old_codes != new_codes {
            add("recorded-code", "cause", old_codes, new_codes);
        } else if normal(old).message != normal(new).message {
            let text = |body| normal(body).message.unwrap_or_default().chars().take(200).collect::<String>();
            add("recorded-message", "message", text(old), text(new));
        }
    }
    let (old, new) = (Shape::of(old), Shape::of(new));
    // What is missing is told once, not again for everything inside it.
    let mut told: Vec<&str> = Vec::new();
    let inside = |told: &[&str], path: &str| {
        told.iter().any(|outer| path.strip_prefix(outer).is_some_and(|rest| rest.starts_with(['/', '['])))
    };
    for (path, place) in &old.places {
        if inside(&told, path) {
            continue;
        }
        let Some(other) = new.places.get(path) else {
            // Under a list that is empty now, or an object that is null now, nothing can be missing.
            if !new.is_open(path) && place.types.iter().any(|name| *name != "null") {
                add("recorded-field-removed", path, place.types_text(), "—".to_owned());
                told.push(path);
            }
            continue;
        };
        // Null stands for "no value yet" in every field of real answers.
        let real = |place: &Spot| place.types.iter().copied().filter(|name| *name != "null").collect::<BTreeSet<_>>();
        if !real(place).is_empty() && !real(other).is_empty() && real(place).is_disjoint(&real(other)) {
            add("recorded-type", path, place.types_text(), other.types_text());
            told.push(path);
        } else if !place.words.is_empty() && !other.words.is_empty() && place.words != other.words {
            add("recorded-value", path, place.words_text(), other.words_text());
        }
    }
    for (path, place) in &new.places {
        if !old.places.contains_key(path) && !old.is_open(path) && !inside(&told, path) {
            add("recorded-field-added", path, "—".to_owned(), place.types_text());
            told.push(path);
        }
    }
    found
}

/// What is at one place of a body; the elements of a list share one place.
#[derive(Default)]
struct Spot {
    types: BTreeSet<&'static str>,
    words: BTreeSet<String>,
    /// Whether it is a list without elements, or null: what would be inside is not known.
    open: bool,
}

impl Spot {
    fn types_text(&self) -> String {
        self.types.iter().copied().collect::<Vec<_>>().join(" | ")
    }

    fn words_text(&self) -> String {
        self.words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

/// The places of a body.
struct Shape {
    places: BTreeMap<String, Spot>,
}

impl Shape {
    fn of(body: &Value) -> Shape {
        let mut shape = Shape { places: BTreeMap::new() };
        shape.add(&mut String::new(), "", body, 0);
        shape
    }

    fn add(&mut self, path: &mut String, name: &str, value: &Value, depth: usize) {
        if depth > DEEPEST || (self.places.len() >= MOST_PLACES && !self.places.contains_key(path)) {
            return;
        }
        let place = self.places.entry(path.clone()).or_default();
        place.types.insert(type_name(value));
        place.open |= value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if let (true, Value::String(word)) = (CLOSED.contains(&name), value) {
            place.words.insert(word.chars().take(100).collect());
        }
        let length = path.len();
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    path.push('/');
                    path.push_str(name);
                    self.add(path, name, member, depth + 1);
                    path.truncate(length);
                }
            }
            Value::Array(items) => {
                path.push_str("[]");
                for item in items {
                    self.add(path, name, item, depth + 1);
                }
                path.truncate(length);
            }
            _ => {}
        }
    }

    /// Whether a place lies below one whose inside is not known.
    fn is_open(&self, path: &str) -> bool {
        let ends = path.char_indices().filter(|(_, character)| matches!(character, '/' | '[')).map(|(end, _)| end);
        ends.into_iter().any(|end| self.places.get(&path[..end]).is_some_and(|place| place.open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::recording::format::Content;
    use serde_json::json;

    fn kinds(status: (u16, u16), before: Value, now: Value) -> Vec<(&'static str, String)> {
        let answer = |status, body| Answered {
            status,
            content: Content { body: Some(body), text: None },
            ..Answered::default()
        };
        let found = compare(&answer(status.0, before), &answer(status.1, now));
        found.into_iter().map(|difference| (difference.kind, difference.path)).collect()
    }

    #[test]
    fn every_kind_of_difference_is_found_at_its_place() {
        let payment =
            || json!({"id": 1, "status": "approved", "refunds": [{"amount": 1}], "payer": {"id": "x"}, "n": null});
        let changed = |pointer: &str, value: Value| {
            let mut now = payment();
            *now.pointer_mut(pointer).unwrap() = value;
            kinds((201, 201), payment(), now)
        };
        assert!(kinds((201, 201), payment(), payment()).is_empty());
        assert!(changed("/id", json!(2)).is_empty(), "ids are made anew");
        assert!(changed("/refunds", json!([])).is_empty(), "an empty list hides its elements");
        assert!(changed("/payer", json!(null)).is_empty(), "null is a value of every field");
        assert!(changed("/n", json!(7)).is_empty());
        assert_eq!(changed("/id", json!("1")), [("recorded-type", "/id".to_owned())]);
        assert_eq!(changed("/status", json!("rejected")), [("recorded-value", "/status".to_owned())]);
        assert_eq!(changed("/payer", json!({})), [("recorded-field-removed", "/payer/id".to_owned())]);
        assert_eq!(
            changed("/refunds", json!([{"amount": 1, "new": 1}])),
            [("recorded-field-added", "/refunds[]/new".to_owned())]
        );
        assert_eq!(kinds((201, 400), payment(), payment()), [("recorded-status", "status".to_owned())]);
    }

    #[test]
    fn errors_are_compared_by_code_and_not_by_words() {
        let error = |code: u32, message: &str| json!({"message": message, "status": 400, "cause": [{"code": code}]});
        assert_eq!(kinds((400, 400), error(2006, "a"), error(2006, "b")), [("recorded-message", "message".to_owned())]);
        assert_eq!(kinds((400, 400), error(2006, "a"), error(3003, "a")), [("recorded-code", "cause".to_owned())]);
    }
}
