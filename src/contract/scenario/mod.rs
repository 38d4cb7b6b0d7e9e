//! The scenario language: one YAML document, steps in order, each a request and what is expected of the answer.
//!
//! Responsible for the grammar (`specs/dsl/scenario.schema.json` describes it for editors), for telling every
//! mistake with its place before anything is sent, and for filling in variables. Sends nothing.

mod contradictions;
mod csv;
mod duration;
mod expectation;
mod fragment;
mod generated;
mod lint;
mod load;
mod model;
mod names;
mod path;
mod read;
mod read_expect;
mod sequence;
mod stock;
mod table;
mod template;
#[cfg(test)]
mod tests;

pub use expectation::{BodyCheck, Expect, Matcher, PairExpect, Same};
pub use fragment::Library;
pub use generated::given_time;
pub(in crate::contract) use generated::no_value;
pub use load::{Loaded, builtin, from_folder};
pub use model::{Action, CardSpec, Method, Poll, Request, Row, Scenario, Step};
pub use path::PathRefusal;
pub use read::{Document, read, read_document};
pub use stock::{Reader, Stock};
pub use template::{Unfilled, Variables, references};
pub(in crate::contract) use template::{has_variables, merge_patch};
