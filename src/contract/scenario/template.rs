//! Variables in texts: `${name}`, `${payer.email}`, `${row.change}`.
//!
//! A text that is one variable and nothing else takes the variable's value with its type; inside a longer
//! text the value is written out. `$${` stands for `${`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::generated;
use crate::contract::json::plain_text;

/// A variable without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfilled {
    /// Its name as written.
    pub name: String,
}

/// The values of variables.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    values: Map<String, Value>,
    /// The time that dates are counted from; fixed when the first is asked for.
    now: OnceLock<Timestamp>,
    /// Variables whose value comes from the environment, wholly or in part.
    of_environment: BTreeSet<String>,
}

impl Variables {
    /// Fixes the time that dates are counted from; nothing once one was asked for.
    pub(in crate::contract) fn begin_at(&self, now: Timestamp) {
        let _ = self.now.set(now);
    }

    /// The time that dates are counted from; fixes it when none was asked for yet.
    pub(in crate::contract) fn clock(&self) -> Timestamp {
        *self.now.get_or_init(generated::clock)
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: Value) {
        self.values.insert(name.to_owned(), value);
    }

    /// Notes that the value of a variable is made of what this template names.
    pub fn made_of(&mut self, name: &str, template: &Value) {
        let from = match template {
            Value::String(text) => references(text).into_iter().any(|name| self.is_of_environment(name)),
            Value::Array(items) => {
                items.iter().for_each(|item| self.made_of(name, item));
                false
            }
            Value::Object(members) => {
                members.values().for_each(|member| self.made_of(name, member));
                false
            }
            _ => false,
        };
        if from {
            self.of_environment.insert(name.to_owned());
        }
    }

    fn is_of_environment(&self, name: &str) -> bool {
        let first = name.split('.').next().unwrap_or_default();
        first == "env" || self.of_environment.contains(first)
    }

    /// The values of the environment that a text is made of: in a header they are secrets.
    pub fn environment_in(&self, template: &str) -> Vec<String> {
        let names = references(template).into_iter().filter(|name| self.is_of_environment(name));
        names.filter_map(|name| self.value(name)).map(|value| plain_text(&value)).collect()
    }

    /// The value of `name`, or of a member of it (`payer.email`). A whole name wins over a member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        if let Some(value) = self.values.get(name) {
            return Some(value);
        }
        let (first, rest) = name.split_once('.')?;
        rest.split('.').try_fold(self.values.get(first)?, |value, member| value.get(member))
    }

    /// The value of `name`, also when it has to be made.
    pub(super) fn value(&self, name: &str) -> Option<Cow<'_, Value>> {
        if let Some(value) = self.get(name) {
            return Some(Cow::Borrowed(value));
        }
        if let Some(name) = name.strip_prefix("env.") {
            return generated::environment(name).map(Cow::Owned);
        }
        if name == "email" {
            return self.values.get("uuid")?.as_str().map(|uuid| Cow::Owned(generated::email(uuid)));
        }
        generated::date(name, || self.clock()).map(Cow::Owned)
    }

    /// Fills the variables of a text.
    ///
    /// # Errors
    /// The first variable without a value.
    pub fn fill(&self, text: &str) -> Result<Value, Unfilled> {
        let mut filled = String::new();
        let mut whole = None;
        let mut count = 0;
        for part in parts(text) {
            count += 1;
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Escaped => filled.push_str("${"),
                Part::Variable(name) => {
                    let value = self.value(name).ok_or_else(|| Unfilled { name: name.to_owned() })?;
                    match &*value {
                        Value::String(text) => filled.push_str(text),
                        other => filled.push_str(&other.to_string()),
                    }
                    whole = Some(value);
                }
            }
        }
        Ok(match whole {
            Some(value) if count == 1 => value.into_owned(),
            _ => Value::String(filled),
        })
    }

    /// Fills a text that has to be text.
    ///
    /// # Errors
    /// The first variable without a value.
    pub fn fill_text(&self, text: &str) -> Result<String, Unfilled> {
        Ok(match self.fill(text)? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    /// Fills every text of a JSON value.
    ///
    /// # Errors
    /// The first variable without a value.
    pub fn fill_json(&self, value: &Value) -> Result<Value, Unfilled> {
        Ok(match value {
            Value::String(text) if text.contains("${") => self.fill(text)?,
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| self.fill_json(item)).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let filled = members.iter().map(|(key, member)| Ok((key.clone(), self.fill_json(member)?)));
                Value::Object(filled.collect::<Result<_, _>>()?)
            }
            other => other.clone(),
        })
    }
}

/// Whether a text of the value names a variable.
pub(in crate::contract) fn has_variables(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(has_variables),
        Value::Object(members) => members.values().any(has_variables),
        _ => false,
    }
}

/// The variables that a text names, in order.
pub fn references(text: &str) -> Vec<&str> {
    parts(text)
        .filter_map(|part| match part {
            Part::Variable(name) => Some(name),
            Part::Text(_) | Part::Escaped => None,
        })
        .collect()
}

/// Whether an opening `${` has no closing brace: filling leaves it as it is, but nobody means that.
pub(super) fn left_open(text: &str) -> bool {
    parts(text).any(|part| matches!(part, Part::Text(text) if text.starts_with("${")))
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// What stands for itself; begins with `${` when that is never closed.
    Text(&'t str),
    /// `$${`, which stands for `${`.
    Escaped,
    /// The name of a variable.
    Variable(&'t str),
}

/// The pieces of a text, in order.
pub(super) fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    Parts { rest: text }
}

struct Parts<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Parts<'t> {
    type Item = Part<'t>;

    fn next(&mut self) -> Option<Part<'t>> {
        if self.rest.is_empty() {
            return None;
        }
        if let Some(escaped) = self.rest.strip_prefix("$${") {
            self.rest = escaped;
            return Some(Part::Escaped);
        }
        if let Some(after) = self.rest.strip_prefix("${") {
            // Looked for up to the next opening only: that also keeps a text of many openings linear.
            let until = after.find("${").unwrap_or(after.len());
            if let Some(end) = after[..until].find('}') {
                self.rest = &after[end + 1..];
                return Some(Part::Variable(after[..end].trim()));
            }
        }
        // Up to the next `${` or `$${`; an opening without its brace is text.
        let from = usize::from(self.rest.starts_with("${")) * 2;
        let end = self.rest[from..].find("${").map_or(self.rest.len(), |index| from + index);
        let end = if end > 0 && self.rest[..end].ends_with('$') && end < self.rest.len() { end - 1 } else { end };
        // Never nothing: a text that begins with an opening was taken above, unless its brace is missing.
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(Part::Text(text))
    }
}

/// Applies a JSON Merge Patch (RFC 7396): members of `patch` replace those of `target`, null removes.
pub(in crate::contract) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(members) = target {
        for (key, change) in changes {
            if change.is_null() {
                members.shift_remove(key);
            } else {
                merge_patch(members.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        variables.set("token", json!("abc"));
        variables.set("amount", json!(58));
        variables.set("payer", json!({"email": "a@testuser.com"}));
        variables
    }

    #[test]
    fn a_variable_alone_keeps_its_type_and_is_text_inside_text() {
        let variables = variables();
        assert_eq!(variables.fill("${amount}").unwrap(), json!(58));
        assert_eq!(variables.fill("x ${amount} y").unwrap(), json!("x 58 y"));
        assert_eq!(variables.fill("${payer.email}").unwrap(), json!("a@testuser.com"));
        assert_eq!(variables.fill("$${amount} ${").unwrap(), json!("${amount} ${"));
        assert_eq!(variables.fill("${nope}").unwrap_err().name, "nope");
        assert_eq!(variables.fill_json(&json!({"a": ["${token}", 1]})).unwrap(), json!({"a": ["abc", 1]}));
    }

    #[test]
    fn references_are_listed() {
        assert_eq!(references("/v1/${a}/x/${ b.c } $${d}"), ["a", "b.c"]);
    }

    #[test]
    fn merge_patch_follows_the_rfc() {
        let mut target = json!({"a": "b", "c": {"d": "e", "f": "g"}});
        merge_patch(&mut target, &json!({"a": "z", "c": {"f": null}}));
        assert_eq!(target, json!({"a": "z", "c": {"d": "e"}}));
        merge_patch(&mut target, &json!(["x"]));
        assert_eq!(target, json!(["x"]));
    }

    proptest::proptest! {
        #[test]
        fn text_without_variables_stays_as_it_is(text in "[a-zñ$ {}]{0,30}") {
            proptest::prop_assume!(!text.contains("${"));
            proptest::prop_assert_eq!(Variables::default().fill(&text).unwrap(), json!(text));
        }

        #[test]
        fn any_text_is_filled_or_refused(text in ".{0,40}") {
            let _ = Variables::default().fill(&text);
            let _ = references(&text);
        }
    }
}
