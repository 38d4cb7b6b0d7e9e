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
