//! YAML that knows where everything stands: for scenarios and configuration, the files users write.
//!
//! Responsible for refusing what would mislead silently (duplicate keys, aliases, tags, merge keys, second
//! documents, excessive size or depth) and for telling every mistake with file, line, column and a way to
//! mend it. Not responsible for what the keys mean. The embedded data files of `specs/` and `rules/` are
//! read with `serde_yaml` instead: their authors are the tests.

mod fields;
mod node;
mod parse;
mod scalar;
mod suggest;

pub use fields::Fields;
pub use node::{Key, Kind, Mark, Node, Source};
pub use parse::{parse, parse_up_to};
pub use suggest::nearest;

use crate::i18n::Message;
use crate::run::Problem;

/// The number that a text is in JSON; `None` when it is none, or would not be sent exactly as it is written.
pub fn number(text: &str) -> Option<serde_json::Number> {
    scalar::number(text)
}

/// Most bytes that are read of a file before [`parse()`] says that it is too large.
pub const MOST_READ: u64 = 64 * 1024 * 1024;

/// Most mistakes of one file that are told.
const MOST_TOLD: usize = 50;

/// The first mistakes of a file, and how many more there are.
pub fn first_mistakes(source: &Source, mut problems: Vec<Problem>) -> Vec<Problem> {
    if problems.len() > MOST_TOLD {
        let more = Message::new("yaml.more").with("n", problems.len() - MOST_TOLD);
        problems.truncate(MOST_TOLD);
        problems.push(Problem::input(more).in_file(&*source.file));
    }
    problems
}
