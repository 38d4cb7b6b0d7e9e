//! Reading a mapping field by field: types are checked, and what nobody asked for is an unknown key.

use super::{Key, Kind, Mark, Node, Source, nearest};
use crate::i18n::Message;
use crate::run::Problem;

/// Most unknown keys that are told of one mapping: a file of nothing else must not cost minutes.
const MOST_UNKNOWN: usize = 100;

/// The fields of one mapping. Take what is known, then [`Fields::finish`]; mistakes gather in `problems`.
pub struct Fields<'n, 'p> {
    source: &'p Source,
    /// Where the mapping begins.
    pub mark: Mark,
    members: &'n [(Key, Node)],
    known: Vec<&'static str>,
    /// Mistakes found so far.
    pub problems: &'p mut Vec<Problem>,
}

impl<'n, 'p> Fields<'n, 'p> {
    /// The fields of `node`; a problem and `None` when it is no mapping.
    pub fn new(source: &'p Source, node: &'n Node, problems: &'p mut Vec<Problem>) -> Option<Fields<'n, 'p>> {
        match &node.kind {
            Kind::Map(members) => Some(Fields { source, mark: node.mark, members, known: Vec::new(), problems }),
            _ => {
                problems.push(wrong_type(source, node, "mapping"));
                None
            }
        }
    }

    /// The source the fields are of.
    pub fn source(&self) -> &'p Source {
        self.source
    }

    /// Any field; an explicit null counts as present.
    pub fn node(&mut self, name: &'static str) -> Option<&'n Node> {
        self.known.push(name);
        self.members.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
    }

    /// The key of a field that is there.
    pub fn key(&self, name: &str) -> Option<&'n Key> {
        self.members.iter().map(|(key, _)| key).find(|key| key.text == name)
    }

    fn typed<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        read: impl Fn(&'n Kind) -> Option<T>,
    ) -> Option<T> {
        let node = self.node(name)?;
        let value = read(&node.kind);
        if value.is_none() {
            self.problems.push(wrong_type(self.source, node, expected));
        }
        value
    }

    /// A text. Numbers and booleans are not taken for text: `code: 2006` and `code: "2006"` differ.
    pub fn text(&mut self, name: &'static str) -> Option<&'n str> {
        self.typed(name, "text", |kind| match kind {
            Kind::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &'static str) -> Option<&'n str> {
        if self.key(name).is_none() {
            self.known.push(name);
            self.missing(name);
            return None;
        }
        self.text(name)
    }

    /// Reports that a field is missing.
    pub fn missing(&mut self, name: &'static str) {
        let message = Message::new("yaml.missing-key").with("key", name);
        self.problems.push(self.source.problem(self.mark, 1, message));
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        self.typed(name, "true/false", |kind| match kind {
            Kind::Bool(value) => Some(*value),
            _ => None,
        })
    }

    /// A whole number from 0.
    pub fn count(&mut self, name: &'static str) -> Option<u64> {
        self.typed(name, "count", |kind| match kind {
            Kind::Number(number) => number.as_u64(),
            _ => None,
        })
    }

    /// A list.
    pub fn list(&mut self, name: &'static str) -> Option<&'n [Node]> {
        self.typed(name, "list", |kind| match kind {
            Kind::List(items) => Some(items.as_slice()),
            _ => None,
        })
    }

    /// A mapping as its members.
    pub fn map(&mut self, name: &'static str) -> Option<&'n [(Key, Node)]> {
        self.typed(name, "mapping", |kind| match kind {
            Kind::Map(members) => Some(members.as_slice()),
            _ => None,
        })
    }

    /// A list of texts; one text alone counts as a list of one.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<&'n str>> {
        let node = self.node(name)?;
        match &node.kind {
            Kind::Text(text) => Some(vec![text.as_str()]),
            Kind::List(items) => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    match &item.kind {
                        Kind::Text(text) => texts.push(text.as_str()),
                        _ => self.problems.push(wrong_type(self.source, item, "text")),
                    }
                }
                Some(texts)
            }
            _ => {
                self.problems.push(wrong_type(self.source, node, "list"));
                None
            }
        }
    }

    /// Adds a problem at the value of a field (or at the mapping, when the field is not there).
    pub fn problem(&mut self, name: &str, message: Message) -> &mut Problem {
        let node = self.members.iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
        let (mark, length) = node.map_or((self.mark, 1), |node| (node.mark, length(node)));
        self.problems.push(self.source.problem(mark, length, message));
        // The push above makes the list non-empty.
        let last = self.problems.len() - 1;
        &mut self.problems[last]
    }

    /// Reports every key that nobody asked for, with the known key that was probably meant.
    pub fn finish(self) {
        let mut told = 0;
        for (key, _) in self.members {
            if self.known.contains(&key.text.as_str()) {
                continue;
            }
            told += 1;
            if told > MOST_UNKNOWN {
                break;
            }
            let message = Message::new("yaml.unknown-key").with("key", &key.text);
            let problem = self.source.problem(key.mark, key.text.chars().count(), message);
            let mut known = self.known.clone();
            known.sort_unstable();
            known.dedup();
            let fix = match nearest(&key.text, known.iter().copied()) {
                Some(near) => Message::new("yaml.did-you-mean").with("word", near),
                None => Message::new("yaml.known-keys").with("keys", known.join(", ")),
            };
            self.problems.push(problem.fix(fix));
        }
    }
}

fn length(node: &Node) -> usize {
    match &node.kind {
        Kind::Text(text) => text.lines().next().unwrap_or_default().chars().count(),
        Kind::Number(number) => number.to_string().len(),
        Kind::Bool(value) => value.to_string().len(),
        Kind::Null | Kind::List(_) | Kind::Map(_) => 1,
    }
}

fn wrong_type(source: &Source, node: &Node, expected: &str) -> Problem {
    let message = Message::new(match expected {
        "text" => "yaml.expected-text",
        "count" => "yaml.expected-count",
        "list" => "yaml.expected-list",
        "mapping" => "yaml.expected-mapping",
        _ => "yaml.expected-boolean",
    });
    source.problem(node.mark, length(node), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_get_a_suggestion_and_types_are_checked() {
        let source = Source::new("x.yaml", "name: 3\nstesp: []\nzzz: 1\n");
        let root = super::super::parse(&source).unwrap();
        let mut problems = Vec::new();
        let mut fields = Fields::new(&source, &root, &mut problems).unwrap();
        assert_eq!(fields.text("name"), None);
        assert!(fields.list("steps").is_none());
        fields.finish();
        let told: Vec<_> = problems
            .iter()
            .map(|problem| {
                (problem.message.key.as_ref(), problem.place.line, problem.fix.as_ref().map(|fix| fix.key.as_ref()))
            })
            .collect();
        assert_eq!(
            told,
            [
                ("yaml.expected-text", Some(1), None),
                ("yaml.unknown-key", Some(2), Some("yaml.did-you-mean")),
                ("yaml.unknown-key", Some(3), Some("yaml.known-keys")),
            ]
        );
    }
}
