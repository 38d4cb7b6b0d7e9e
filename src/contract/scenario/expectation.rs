//! What a step may expect of a response.

use std::time::Duration;

use serde_json::Value;

use crate::yaml::Mark;

/// The expectations of one step. Each present part is checked; at least one must be there.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// Where they stand.
    pub mark: Mark,
    /// Admissible HTTP statuses; empty when not stated.
    pub status: Vec<u16>,
    /// Name of a built-in JSON Schema.
    pub schema: Option<(String, Mark)>,
    /// Admissible catalogue errors, as codes, ids or variables; empty when not stated.
    pub error: Vec<(String, Mark)>,
    /// Payment status and status_detail.
    pub payment: Option<PairExpect>,
    /// Checks of places in the body.
    pub body: Vec<BodyCheck>,
    /// Checks of headers.
    pub headers: Vec<(String, Matcher, Mark)>,
    /// Time in which the answer should come; a note when it takes longer, never a failure.
    pub within: Option<(Duration, Mark)>,
    /// Equality with the answer of an earlier step.
    pub same: Option<Same>,
}

/// Expected payment status.
#[derive(Debug, Clone)]
pub struct PairExpect {
    /// Payment status, with variables.
    pub status: String,
    /// Payment status_detail, with variables.
    pub status_detail: Option<String>,
    /// Where it stands.
    pub mark: Mark,
}

/// A place in the body and what it must be.
#[derive(Debug, Clone)]
pub struct BodyCheck {
    /// JSONPath (RFC 9535).
    pub path: String,
    /// What every value there must be.
    pub matcher: Matcher,
    /// Where it stands.
    pub mark: Mark,
}

/// Equality of places in two answers.
#[derive(Debug, Clone)]
pub struct Same {
    /// JSONPaths whose values must be equal.
    pub paths: Vec<String>,
    /// The other step; `None` means the repeated one.
    pub step: Option<String>,
    /// Where it stands.
    pub mark: Mark,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// Equal to this value, with variables.
    Equals(Value),
    /// One of these values.
    OneOf(Vec<Value>),
    /// There at all (null counts).
    Present,
    /// Not there.
    Absent,
    /// Of this JSON type: `string`, `number`, `integer`, `boolean`, `object`, `array`, `null`.
    Type(String),
    /// A text that this regular expression finds.
    Pattern(String),
    /// A number from the first to the second bound, both included.
    Range(Option<f64>, Option<f64>),
}
