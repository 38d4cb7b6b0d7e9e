//! Comparing a response with the accepted one: what a reader of the accepted response would notice.
//!
//! Gives kinds of `specs/drift.yaml`; what each weighs is decided there.

use super::Response;
use super::path;
use super::shape::{Member, Node, Types, Values};

/// One difference between two responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) kind: &'static str,
    pub(super) path: String,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// What differs between the accepted response and the one that came. Where the request, the status or the type of
/// a place differs, nothing below it is compared.
pub(super) fn compare(before: &Response, now: &Response) -> Vec<Difference> {
    let mut found = Vec::new();
    if before.endpoint != now.endpoint {
        add(&mut found, "request-changed", "$", Some(before.endpoint.clone()), Some(now.endpoint.clone()));
        return found;
    }
    if before.status != now.status {
        let (from, to) = (before.status.to_string(), now.status.to_string());
        add(&mut found, "answer-status-changed", "status", Some(from), Some(to));
        return found;
    }
    let whole_to = [before.shape.whole_to, now.shape.whole_to].into_iter().flatten().min();
    node(&before.shape.root, &now.shape.root, &mut "$".to_owned(), whole_to.unwrap_or(usize::MAX), &mut found);
    for (place, accepted) in &before.shape.values {
        let (Values::Few(accepted), Some(came)) = (accepted, now.shape.values.get(place)) else { continue };
        let known = || Some(accepted.iter().cloned().collect::<Vec<_>>().join(", "));
        match came {
            Values::Few(came) => {
                for value in came.difference(accepted) {
                    add(&mut found, "enumeration-grown", place, known(), Some(value.clone()));
                }
            }
            Values::Many => add(&mut found, "enumeration-grown", place, known(), Some("…".to_owned())),
        }
    }
    found
}

fn add(found: &mut Vec<Difference>, kind: &'static str, path: &str, from: Option<String>, to: Option<String>) {
    found.push(Difference { kind, path: path.to_owned(), from, to });
}

fn node(before: &Node, now: &Node, at: &mut String, levels: usize, found: &mut Vec<Difference>) {
    let gained = now.types.without(before.types);
    let known = before.types.without(Types::NULL);
    let (from, to) = (|| Some(before.types.text()), || Some(now.types.text()));
    if !gained.is_empty() {
        if known.is_empty() {
            add(found, "filled-now", at, from(), to());
            return;
        }
        // A whole body that is null has lost all that was in it.
        let nothing_left = at.as_str() == "$" && now.types.without(Types::NULL).is_empty();
        if nothing_left || !gained.without(Types::NULL).is_empty() {
            add(found, "type-changed", at, from(), to());
            return;
        }
        add(found, "null-now", at, from(), to());
    }
    if levels == 0 {
        return;
    }
    let length = at.len();
    if before.types.has(Types::OBJECT) && now.types.has(Types::OBJECT) {
        for (name, member) in &before.members {
            path::push(at, name);
            match now.members.get(name) {
                Some(other) => {
                    if member.always && !other.always {
                        add(found, "field-sometimes", at, Some(text(member)), Some(text(other)));
                    }
                    node(&member.node, &other.node, at, levels - 1, found);
                }
                None if member.always => add(found, "field-lost", at, Some(text(member)), None),
                None => {}
            }
            at.truncate(length);
        }
        for (name, member) in now.members.iter().filter(|(name, _)| !before.members.contains_key(*name)) {
            path::push(at, name);
            add(found, "field-added", at, None, Some(text(member)));
            at.truncate(length);
        }
    }
    if let (Some(items), Some(other)) = (&before.items, &now.items) {
        at.push_str("[*]");
        node(items, other, at, levels - 1, found);
        at.truncate(length);
    }
}

/// The types of a member, and whether it is only there sometimes.
pub(super) fn text(member: &Member) -> String {
    let types = member.node.types.text();
    if member.always { types } else { format!("{}{types}", super::file::SOMETIMES) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::baseline::shape::{Enumerated, Shape};
    use serde_json::{Value, json};

    fn response(body: &Value) -> Response {
        let enumerated = Enumerated(["status".to_owned()].into());
        Response { endpoint: "GET /x".into(), status: 200, shape: Shape::of(body, &enumerated) }
    }

    fn kinds(before: &Value, now: &Value) -> Vec<(&'static str, String)> {
        let found = compare(&response(before), &response(now));
        found.into_iter().map(|difference| (difference.kind, difference.path)).collect()
    }

    #[test]
    fn every_kind_of_change_is_told_once_at_its_place() {
        let before = json!({"id": 1, "name": "x", "card": {"last": "1", "holder": {"name": "A"}},
            "list": [{"a": 1, "b": 2}], "empty": [], "later": null, "status": "approved", "maybe": null});
        let now = json!({"id": "1", "name": null, "card": {"last": "1"}, "list": [{"a": 1, "b": 2}, {"a": 1}],
            "empty": [{"x": 1}], "later": {"at": 1}, "status": "rejected", "brand": {"new": 1}, "maybe": null});
        let told = kinds(&before, &now);
        let expected = [
            ("field-lost", "$.card.holder"),
            ("type-changed", "$.id"),
            ("filled-now", "$.later"),
            ("field-sometimes", "$.list[*].b"),
            ("null-now", "$.name"),
            ("field-added", "$.brand"),
            ("enumeration-grown", "$.status"),
        ];
        assert_eq!(told, expected.map(|(kind, path)| (kind, path.to_owned())));
    }

    #[test]
    fn what_is_within_the_accepted_shape_is_quiet() {
        let before = json!([{"a": 1, "b": null, "c": {}}, {"a": "x", "b": "y"}]);
        assert_eq!(kinds(&before, &json!([{"a": 2, "b": "z"}])), []);
        assert_eq!(kinds(&before, &json!([])), []);
    }

    #[test]
    fn a_body_that_is_no_json_is_another_type() {
        let html = Response { shape: Shape::plain(Types::TEXT), ..response(&json!({})) };
        let found = compare(&response(&json!({"a": 1})), &html);
        assert_eq!((found.len(), found[0].kind, found[0].to.as_deref()), (1, "type-changed", Some("text")));
        assert_eq!(kinds(&json!({"a": 1}), &Value::Null), [("type-changed", "$".to_owned())]);
    }

    #[test]
    fn below_the_level_that_was_read_nothing_is_called_lost() {
        let many: serde_json::Map<String, Value> = (0..5_000).map(|n| (format!("m{n}"), json!(1))).collect();
        let before = response(&json!({"a": {"x": 1}, "b": 1}));
        let wide = response(&json!({"a": many, "b": 1}));
        assert_eq!(wide.shape.whole_to, Some(1));
        assert_eq!(compare(&before, &wide), []);
        assert_eq!(compare(&wide, &before), []);
    }
}
