//! When two requests are the same: method, path, query and body after masking, whose credential, and the fault that was
//! asked for. A second, looser form leaves out what every run makes anew: ids, dates, addresses.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

use super::format::Asked;
use crate::contract::exchange::FAULT_HEADER;

/// Most differences that are told.
const MOST_TOLD: usize = 5;

/// What a request is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys {
    /// Of the whole request.
    pub(super) exact: u64,
    /// Without what every run makes anew.
    pub(super) loose: u64,
    /// Of method and path alone, without ids and query.
    pub(super) route: u64,
}

impl Keys {
    pub(super) fn of(asked: &Asked) -> Keys {
        Keys { exact: key(asked, false), loose: key(asked, true), route: route(asked) }
    }
}

fn route(asked: &Asked) -> u64 {
    let mut hasher = DefaultHasher::new();
    asked.method.hash(&mut hasher);
    form(asked.path.split('?').next().unwrap_or_default(), true).hash(&mut hasher);
    hasher.finish()
}

fn key(asked: &Asked, loose: bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    asked.method.hash(&mut hasher);
    form(&asked.path, loose).hash(&mut hasher);
    asked.role.hash(&mut hasher);
    asked.headers.get(FAULT_HEADER).hash(&mut hasher);
    if let Some(text) = &asked.content.text {
        form(text, loose).hash(&mut hasher);
    }
    if let Some(body) = &asked.content.body {
        value(body, loose, &mut hasher);
    }
    hasher.finish()
}

/// Members count by name, whatever their order.
fn value(one: &Value, loose: bool, hasher: &mut DefaultHasher) {
    match one {
        Value::Null => 0u8.hash(hasher),
        Value::Bool(truth) => (1u8, truth).hash(hasher),
        Value::Number(number) => {
            2u8.hash(hasher);
            form(&number.to_string(), loose).hash(hasher);
        }
        Value::String(text) => {
            3u8.hash(hasher);
            form(text, loose).hash(hasher);
        }
        Value::Array(items) => {
            (4u8, items.len()).hash(hasher);
            items.iter().for_each(|item| value(item, loose, hasher));
        }
        Value::Object(members) => {
            (5u8, members.len()).hash(hasher);
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            for name in names {
                name.hash(hasher);
                value(&members[name], loose, hasher);
            }
        }
    }
}

/// A text without UUIDs, long hexadecimal words, dates, long numbers and masked addresses.
fn form(text: &str, loose: bool) -> Cow<'_, str> {
    static FRESH: OnceLock<Option<Regex>> = OnceLock::new();
    let fresh = FRESH.get_or_init(|| {
        Regex::new(concat!(
            r"(?i-u)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            r"|[0-9a-f]{16,}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?",
            r"|[0-9]{8,}|[a-z0-9]\*\*\*@",
        ))
        .ok()
    });
    match fresh {
        Some(fresh) if loose => fresh.replace_all(text, "*"),
        _ => Cow::Borrowed(text),
    }
}

/// Where two requests differ, in a few words: `POST /a ≠ GET /a`, `/payer/id`.
pub(super) fn differences(recorded: &Asked, now: &Asked) -> String {
    let mut found = Vec::new();
    let mut told = |name: &str, recorded: &str, now: &str| {
        if recorded != now {
            found.push(format!("{name} {} ≠ {}", short(recorded), short(now)));
        }
    };
    told("method", &recorded.method, &now.method);
    told("path", &recorded.path, &now.path);
    told("as", &recorded.role, &now.role);
    let fault = |asked: &Asked| asked.headers.get(FAULT_HEADER).cloned().unwrap_or_default();
    told(FAULT_HEADER, &fault(recorded), &fault(now));
    told("body", recorded.content.text.as_deref().unwrap_or_default(), now.content.text.as_deref().unwrap_or_default());
    let (before, after) = (recorded.content.body.as_ref(), now.content.body.as_ref());
    bodies(before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null), "", &mut found);
    let more = found.len().saturating_sub(MOST_TOLD);
    found.truncate(MOST_TOLD);
    if more > 0 {
        found.push(format!("+{more}"));
    }
    found.join("; ")
}

fn bodies(recorded: &Value, now: &Value, path: &str, found: &mut Vec<String>) {
    match (recorded, now) {
        _ if recorded == now => {}
        (Value::Object(before), Value::Object(after)) => {
            let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
            for name in names {
                let of = |members: &serde_json::Map<String, Value>| members.get(name).cloned().unwrap_or_default();
                bodies(&of(before), &of(after), &format!("{path}/{name}"), found);
            }
        }
        (before, after) => {
            found.push(format!("{path} {} ≠ {}", short(&before.to_string()), short(&after.to_string())));
        }
    }
}

fn short(text: &str) -> String {
    if text.is_empty() {
        return "—".to_owned();
    }
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::recording::format::Content;
    use serde_json::json;

    fn asked(path: &str, body: Value) -> Asked {
        Asked {
            method: "POST".into(),
            path: path.into(),
            content: Content { body: Some(body), text: None },
            ..Asked::default()
        }
    }

    #[test]
    fn order_of_members_does_not_count_and_values_do() {
        let one = Keys::of(&asked("/v1/payments", json!({"a": 1, "b": [2, 3]})));
        assert_eq!(one, Keys::of(&asked("/v1/payments", json!({"b": [2, 3], "a": 1}))));
        assert_ne!(one.loose, Keys::of(&asked("/v1/payments", json!({"a": 1, "b": [3, 2]}))).loose);
        assert_ne!(one.loose, Keys::of(&asked("/v1/payments", json!({"a": "1", "b": [2, 3]}))).loose);
    }

    #[test]
    fn the_looser_form_leaves_out_what_is_made_anew() {
        let of = |id: &str, uuid: &str, date: &str, number: u64| {
            Keys::of(&asked(
                &format!("/v1/payments/{id}"),
                json!({"ref": format!("o-{uuid}"), "until": date, "n": number}),
            ))
        };
        let one = of("1234567890", "0a1b2c3d-1111-4222-8333-0a1b2c3d4e5f", "2026-01-02T03:04:05.000-04:00", 58);
        let two = of("1234567899", "0a1b2c3d-1111-4222-8333-0a1b2c3d4e50", "2027-01-02T03:04:05.000-04:00", 58);
        assert_eq!(one.loose, two.loose);
        assert_ne!(one.exact, two.exact);
        let three = of("1234567899", "0a1b2c3d-1111-4222-8333-0a1b2c3d4e50", "2027-01-02T03:04:05.000-04:00", 59);
        assert_ne!(two.loose, three.loose, "an amount is not made anew");
    }

    #[test]
    fn differences_name_their_place() {
        let told = differences(&asked("/a", json!({"x": {"y": 1}, "z": 2})), &asked("/b", json!({"x": {"y": 2}})));
        assert_eq!(told, "path /a ≠ /b; /x/y 1 ≠ 2; /z 2 ≠ null");
    }
}
