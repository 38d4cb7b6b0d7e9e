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
    for part in ["shops", "contract", "problems"] {
        if let Some(part) = record.get_mut(part) {
            poison(part, "");
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
