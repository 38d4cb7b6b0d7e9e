//! The shape of a JSON body: which places it has, of which types, always or sometimes; values only where asked.
//!
//! Shapes are learned from bodies and merged. Merging takes in what either side shows, so that neither order nor
//! repetition matters. It does not compare (`compare`) and knows no file (`file`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::path::{self, Segment};

/// Deepest level that is looked at; the body itself is level 0.
const DEEPEST: usize = 24;
/// Most places of one body. A body with more is looked at down to the level that still fits.
const MOST_PLACES: usize = 2_000;
/// Most different values of one place; with more, the place is no closed set.
const MOST_VALUES: usize = 16;
/// Longest value that may belong to a closed set, in characters.
const LONGEST_VALUE: usize = 64;

/// The types of one place, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NULL: Types = Types(1);
    pub(super) const BOOLEAN: Types = Types(2);
    /// Whole or not: real answers write one amount as `1` and the next as `0.94`.
    pub(super) const NUMBER: Types = Types(4);
    pub(super) const STRING: Types = Types(8);
    pub(super) const ARRAY: Types = Types(16);
    pub(super) const OBJECT: Types = Types(32);
    /// No body at all.
    pub(super) const EMPTY: Types = Types(64);
    /// A body that is no JSON.
    pub(super) const TEXT: Types = Types(128);

    const NAMES: [(Types, &'static str); 8] = [
        (Types::BOOLEAN, "boolean"),
        (Types::NUMBER, "number"),
        (Types::STRING, "string"),
        (Types::ARRAY, "array"),
        (Types::OBJECT, "object"),
        (Types::EMPTY, "empty"),
        (Types::TEXT, "text"),
        (Types::NULL, "null"),
    ];

    fn of(value: &Value) -> Types {
        match value {
            Value::Null => Types::NULL,
            Value::Bool(_) => Types::BOOLEAN,
            Value::Number(_) => Types::NUMBER,
            Value::String(_) => Types::STRING,
            Value::Array(_) => Types::ARRAY,
            Value::Object(_) => Types::OBJECT,
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn has(self, other: Types) -> bool {
        self.0 & other.0 == other.0
    }

    pub(super) fn with(self, other: Types) -> Types {
        Types(self.0 | other.0)
    }

    pub(super) fn without(self, other: Types) -> Types {
        Types(self.0 & !other.0)
    }

    /// `string | null`.
    pub(super) fn text(self) -> String {
        let names = Types::NAMES.iter().filter(|(one, _)| self.has(*one)).map(|(_, name)| *name);
        names.collect::<Vec<_>>().join(" | ")
    }

    /// Reads [`Types::text`]; `None` for a word that is no type.
    pub(super) fn parse(text: &str) -> Option<Types> {
        text.split('|').try_fold(Types::default(), |all, word| {
            let known = Types::NAMES.iter().find(|(_, name)| *name == word.trim());
            known.map(|(one, _)| all.with(*one))
        })
    }
}

/// One place and what is below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Node {
    pub(super) types: Types,
    pub(super) members: BTreeMap<String, Member>,
    /// All elements of the arrays that stood here, as one.
    pub(super) items: Option<Box<Node>>,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Member {
    /// Whether every object that stood at the place had it.
    pub(super) always: bool,
    pub(super) node: Node,
}

/// The values of one place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Values {
    /// All that were seen.
    Few(BTreeSet<String>),
    /// Too many or too long to be a closed set.
    Many,
}

/// The shape of a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Shape {
    pub(super) root: Node,
    /// Deepest level that was looked at, when something lies below it.
    pub(super) whole_to: Option<usize>,
    /// Values by place, where the author of the baseline wants them compared.
    pub(super) values: BTreeMap<String, Values>,
}

/// The places whose values are compared: member names outside lists, or whole paths (`$.results[*].status`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Enumerated(pub(super) BTreeSet<String>);

impl Shape {
    /// The shape of a JSON body.
    pub(super) fn of(body: &Value, enumerated: &Enumerated) -> Shape {
        let mut depth = DEEPEST;
        let mut shape = loop {
            let mut learner = Learner { left: MOST_PLACES, deepest: depth, cut: false };
            let mut root = Node::default();
            if learner.learn(&mut root, body, 0) || depth == 0 {
                break Shape { root, whole_to: learner.cut.then_some(depth), ..Shape::default() };
            }
            depth -= 1;
        };
        if !enumerated.0.is_empty() {
            collect(body, &mut "$".to_owned(), (None, false, 0), enumerated, &mut shape.values);
        }
        shape
    }

    /// The shape of a body that is no JSON, or of none.
    pub(super) fn plain(types: Types) -> Shape {
        Shape { root: Node { types, ..Node::default() }, ..Shape::default() }
    }

    /// Forgets a place and what is below it.
    pub(super) fn forget(&mut self, segments: &[Segment], path: &str) {
        self.root.forget(segments);
        self.values.retain(|place, _| !path::is_within(place, path));
    }

    /// Takes in what another shape shows.
    pub(super) fn merge(&mut self, other: Shape) {
        self.root.merge(other.root);
        for (place, values) in other.values {
            match self.values.get_mut(&place) {
                Some(own) => own.merge(values),
                None => {
                    self.values.insert(place, values);
                }
            }
        }
        self.whole_to = match (self.whole_to, other.whole_to) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let (mut depth, mut places) = (0, 0);
        let level = loop {
            places += self.root.count(depth);
            if places > MOST_PLACES {
                break Some(depth.saturating_sub(1));
            }
            depth += 1;
            if depth > DEEPEST {
                break None;
            }
        };
        if let Some(level) = level {
            self.whole_to = Some(self.whole_to.map_or(level, |own| own.min(level)));
        }
        if let Some(level) = self.whole_to {
            self.root.prune(level);
        }
    }
}

impl Values {
    fn merge(&mut self, other: Values) {
        match (&mut *self, other) {
            (Values::Few(own), Values::Few(other)) => {
                own.extend(other);
                if own.len() > MOST_VALUES {
                    *self = Values::Many;
                }
            }
            _ => *self = Values::Many,
        }
    }

    fn of(value: &Value) -> Option<Values> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return None,
        };
        let short = text.chars().nth(LONGEST_VALUE).is_none();
        Some(if short { Values::Few(BTreeSet::from([text])) } else { Values::Many })
    }
}

impl Node {
    fn merge(&mut self, other: Node) {
        let both = self.types.has(Types::OBJECT) && other.types.has(Types::OBJECT);
        self.types = self.types.with(other.types);
        if both {
            for (name, member) in &mut self.members {
                member.always &= other.members.contains_key(name);
            }
        }
        for (name, mut member) in other.members {
            match self.members.get_mut(&name) {
                Some(own) => {
                    own.always &= member.always;
                    own.node.merge(member.node);
                }
                None => {
                    member.always &= !both;
                    self.members.insert(name, member);
                }
            }
        }
        match (&mut self.items, other.items) {
            (Some(own), Some(items)) => own.merge(*items),
            (own @ None, items) => *own = items,
            (Some(_), None) => {}
        }
    }

    /// Places at a level, which is 0 for the node itself.
    fn count(&self, level: usize) -> usize {
        if level == 0 {
            return 1;
        }
        let below = self.members.values().map(|member| &member.node).chain(self.items.as_deref());
        below.map(|node| node.count(level - 1)).sum()
    }

    fn forget(&mut self, segments: &[Segment]) {
        match segments {
            [] => {}
            [Segment::Items] => self.items = None,
            [Segment::Name(name)] => {
                self.members.remove(name);
            }
            [first, rest @ ..] => {
                let below = match first {
                    Segment::Items => self.items.as_deref_mut(),
                    Segment::Name(name) => self.members.get_mut(name).map(|member| &mut member.node),
                };
                if let Some(below) = below {
                    below.forget(rest);
                }
            }
        }
    }

    /// Forgets what lies below a level.
    fn prune(&mut self, level: usize) {
        if level == 0 {
            self.members.clear();
            self.items = None;
            return;
        }
        let below = self.members.values_mut().map(|member| &mut member.node).chain(self.items.as_deref_mut());
        below.for_each(|node| node.prune(level - 1));
    }
}

/// Learns one body within bounds.
struct Learner {
    left: usize,
    deepest: usize,
    cut: bool,
}

impl Learner {
    /// Takes a value into a node; false when the places do not suffice.
    fn learn(&mut self, node: &mut Node, value: &Value, depth: usize) -> bool {
        if node.types.is_empty() {
            match self.left.checked_sub(1) {
                Some(left) => self.left = left,
                None => return false,
            }
        }
        let first = !node.types.has(Types::OBJECT);
        node.types = node.types.with(Types::of(value));
        match value {
            Value::Object(members) if depth < self.deepest => {
                for (name, member) in &mut node.members {
                    member.always &= members.contains_key(name);
                }
                for (name, value) in members {
                    // Looked up twice when it is new, so that a known name is not copied.
                    if !node.members.contains_key(name) {
                        node.members.insert(name.clone(), Member { always: first, node: Node::default() });
                    }
                    let known = node.members.get_mut(name);
                    if !known.is_none_or(|member| self.learn(&mut member.node, value, depth + 1)) {
                        return false;
                    }
                }
            }
            Value::Array(items) if depth < self.deepest => {
                for item in items {
                    if !self.learn(node.items.get_or_insert_default(), item, depth + 1) {
                        return false;
                    }
                }
            }
            Value::Object(members) => self.cut |= !members.is_empty(),
            Value::Array(items) => self.cut |= !items.is_empty(),
            _ => {}
        }
        true
    }
}

/// Collects the values of the places that are enumerated; `at` is the member's name, whether a list stands above,
/// and the level.
fn collect(
    value: &Value,
    path: &mut String,
    at: (Option<&str>, bool, usize),
    wanted: &Enumerated,
    found: &mut BTreeMap<String, Values>,
) {
    let (name, in_list, depth) = at;
    if depth > DEEPEST || found.len() >= MOST_PLACES {
        return;
    }
    let by_name = !in_list && name.is_some_and(|name| wanted.0.contains(name));
    if (by_name || wanted.0.contains(path.as_str()))
        && let Some(values) = Values::of(value)
    {
        match found.get_mut(path.as_str()) {
            Some(own) => own.merge(values),
            None => {
                found.insert(path.clone(), values);
            }
        }
    }
    let length = path.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                path::push(path, name);
                collect(member, path, (Some(name), in_list, depth + 1), wanted, found);
                path.truncate(length);
            }
        }
        // Lists are entered only for whole paths, which are rare.
        Value::Array(items) if wanted.0.iter().any(|place| place.starts_with("$.") && place.contains("[*]")) => {
            path.push_str("[*]");
            for item in items {
                collect(item, path, (None, true, depth + 1), wanted, found);
            }
            path.truncate(length);
        }
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Any JSON body, with names that meet each other and some that need quotes.
    pub(in crate::contract::baseline) fn bodies() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0u8..3).prop_map(Value::from),
            "[ab]{0,2}|APP_USR-x|'|\n|null".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("a|b|status|a b|'x|\\\\|ñ|", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn shape(body: &Value) -> Shape {
        Shape::of(body, &Enumerated(["status", "$.a[*].b"].map(str::to_owned).into()))
    }

    fn merged(parts: &[&Shape]) -> Shape {
        let mut all = parts[0].clone();
        parts[1..].iter().for_each(|part| all.merge((*part).clone()));
        all
    }

    proptest! {
        #[test]
        fn merging_is_free_of_order_and_repetition(a in bodies(), b in bodies(), c in bodies()) {
            let (a, b, c) = (shape(&a), shape(&b), shape(&c));
            prop_assert_eq!(merged(&[&a, &b]), merged(&[&b, &a]));
            prop_assert_eq!(merged(&[&merged(&[&a, &b]), &c]), merged(&[&a, &merged(&[&b, &c])]));
            prop_assert_eq!(merged(&[&a, &a]), a);
        }

        #[test]
        fn the_elements_of_a_list_are_merged(a in bodies(), b in bodies()) {
            let both = shape(&json!([a, b]));
            let (a, b) = (shape(&json!([a])), shape(&json!([b])));
            prop_assert_eq!(both.root, merged(&[&a, &b]).root);
        }
    }

    #[test]
    fn merging_wide_bodies_keeps_the_bound_whatever_the_order() {
        let wide = |from: usize| -> Shape {
            let inner: serde_json::Map<String, Value> =
                (from..from + 1_500).map(|n| (n.to_string(), json!(1))).collect();
            shape(&json!({ "a": inner, "b": { "c": { "d": from } } }))
        };
        let (one, two, three) = (wide(0), wide(1_000), wide(5_000));
        assert_eq!(one.whole_to, None);
        let all = merged(&[&merged(&[&one, &two]), &three]);
        assert_eq!(all.whole_to, Some(1));
        assert_eq!(all, merged(&[&three, &one, &two]));
        assert_eq!((0..6).map(|level| all.root.count(level)).sum::<usize>(), 3);
    }

    #[test]
    fn values_stay_a_closed_set_or_are_given_up() {
        let all = (0..20).map(|n| shape(&json!({ "status": format!("s{n}") }))).reduce(|mut all, one| {
            all.merge(one);
            all
        });
        assert_eq!(all.unwrap().values["$.status"], Values::Many);
        let inner = shape(&json!({"list": [{"status": "x"}], "a": [{"b": "y"}, {"b": 2}], "b": {"status": true}}));
        let places: Vec<&str> = inner.values.keys().map(String::as_str).collect();
        assert_eq!(places, ["$.a[*].b", "$.b.status"]);
        let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(shape(&deep).whole_to, Some(DEEPEST));
    }
}
