//! A YAML value with the place where it stands, and the source that problems are shown in.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Number, Value};

use crate::i18n::Message;
use crate::run::{Excerpt, Place, Problem};
use crate::secret::Redactor;

/// A place in a source: line and column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Mark {
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub kind: Kind,
    /// Where it begins.
    pub mark: Mark,
}

/// The key of a mapping and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key as text.
    pub text: String,
    /// Where it stands.
    pub mark: Mark,
}

/// The values of YAML 1.2 with the core schema. Digits with a leading zero stay text: identity documents. A number is one
/// that JSON can write.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits or a float.
    Number(Number),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// The member of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(members) => members.iter().find(|(name, _)| name.text == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(value) => Value::Number(value.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(members) => {
                let members = members.iter().map(|(key, node)| (key.text.clone(), node.to_json()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

/// A file of the user, kept so that problems can show its lines.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name as the user gave it.
    pub file: Arc<str>,
    text: Arc<str>,
    /// Where each line begins, in bytes: a file may have a mistake in every line.
    lines: Arc<OnceLock<Vec<usize>>>,
}

/// Longest piece of a line that an excerpt shows, in characters.
const LONGEST_LINE: usize = 200;

/// Twice what an excerpt shows of a line, so that what is masked at its end is masked whole. The rest is not looked
/// at: a file may be one long line with a mistake in every word.
fn start(line: &str) -> &str {
    line.char_indices().nth(2 * LONGEST_LINE).map_or(line, |(end, _)| &line[..end])
}

impl Source {
    /// A source by name and text.
    pub fn new(file: &str, text: &str) -> Source {
        Source::of(file, Arc::from(text))
    }

    /// A source by name, of a text that is shared.
    pub fn of(file: &str, text: Arc<str>) -> Source {
        Source { file: Arc::from(file), text, lines: Arc::default() }
    }

    /// Where each line begins; only a file with mistakes is asked.
    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let begins = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
            std::iter::once(0).chain(begins.filter(|begin| *begin < self.text.len())).collect()
        })
    }

    /// A line by its number from 0, without its end.
    fn line(&self, index: usize) -> Option<&str> {
        let begin = *self.lines().get(index)?;
        let end = self.lines().get(index + 1).copied().unwrap_or(self.text.len());
        let line = self.text.get(begin..end)?;
        Some(line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line)))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The place of a mark, for findings.
    pub fn place(&self, mark: Mark) -> Place {
        Place {
            file: Some(self.file.to_string()),
            line: Some(mark.line),
            column: Some(mark.column),
            ..Place::default()
        }
    }

    /// A problem of the input at `mark`, with the lines around it; `length` characters are marked.
    pub fn problem(&self, mark: Mark, length: usize, message: Message) -> Problem {
        // A parser that misses something at the end of a file points behind it: the last line is where to look.
        let last = self.lines().len() - 1;
        let mark = match self.line(last) {
            Some(line) if !self.text.is_empty() && mark.line as usize > last + 1 => Mark {
                line: u32::try_from(last + 1).unwrap_or(u32::MAX),
                column: u32::try_from(line.chars().count() + 1).unwrap_or(u32::MAX),
            },
            // Nor may the column lie behind the line: in a directive the parser counts bytes.
            _ => {
                let line = self.line((mark.line as usize).saturating_sub(1)).unwrap_or_default();
                let end = u32::try_from(line.chars().count() + 1).unwrap_or(u32::MAX);
                Mark { line: mark.line.max(1), column: mark.column.clamp(1, end) }
            }
        };
        let first_line = mark.line.saturating_sub(1).max(1);
        let from = first_line as usize - 1;
        let lines = (from..from + 3).map_while(|index| self.line(index).filter(|_| !self.text.is_empty()));
        let redactor = Redactor::default();
        let excerpt = Excerpt {
            first_line,
            // A credential pasted into the file must not be repeated.
            lines: lines.map(|line| redactor.text(start(line)).chars().take(LONGEST_LINE).collect()).collect(),
            line: mark.line,
            column: mark.column,
            length: u32::try_from(length.max(1)).unwrap_or(1),
        };
        let problem = Problem::input(message);
        Problem { place: self.place(mark), excerpt: Some(excerpt), ..problem }
    }
}
