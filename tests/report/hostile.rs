//! Records with hostile text behind every text that comes from outside.

use serde_json::Value;

use crate::support::demo;

/// Markup, quotes, a right-to-left override, a null byte, an escape sequence, and what XML forbids.
pub const HOSTILE: &str = "<script>document.title='pwned'</script>\"'><img src=x onerror=\"document.title='pwned'\">\u{202e}abc\u{0}\u{1b}[31m]]>\u{ffff}";

/// Words that the program chooses itself: they keep their meaning.
const OWN: [&str; 19] = [
    "verdict",
    "severity",
    "event",
    "kind",
    "key",
    "id",
    "rule",
    "state",
    "origin",
    "requirement",
    "blame",
    "family",
    "generations",
    "fix",
    "comparison",
    "weight",
    "acceptance",
    "credential",
    "creation",
];

/// The record of the demo, poisoned.
pub fn record() -> Value {
    let mut record: Value = serde_json::from_str(&demo().read("report.json")).unwrap();
    for part in ["started", "shops", "contract", "problems", "requirements", "rules"] {
        if let Some(part) = record.get_mut(part) {
            poison(part, "");
        }
    }
    record
}

/// An earlier run of the same, with other findings: what is new and what is gone is hostile too.
pub fn earlier() -> Value {
    let mut record = record();
    record["started"]["started"] = format!("2001-02-03{HOSTILE}").into();
    let checks = record["shops"][1]["checks"].as_array_mut().unwrap();
    for (index, check) in checks.iter_mut().filter(|check| check.get("findings").is_some()).enumerate() {
        if index % 2 == 0 {
            check["findings"][0]["id"] = format!("{index}{HOSTILE}").into();
            check["findings"][0]["place"]["selector"] = HOSTILE.into();
        }
    }
    record
}

fn poison(value: &mut Value, key: &str) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, member)| poison(member, key)),
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key)),
        Value::String(text) if !OWN.contains(&key) => text.push_str(HOSTILE),
        _ => {}
    }
}
