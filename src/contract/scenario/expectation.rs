//! What a step may expect of a response.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Row;
use crate::yaml::Mark;

/// The expectations of one step. Each present part is checked; at least one must be there.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// Where they stand.
    pub mark: Mark,
    /// Admissible HTTP statuses; empty when not stated.
    pub status: Vec<u16>,
    /// Variables that give more statuses: columns of a row, or variables of the scenario.
    pub status_of: Vec<(String, Mark)>,
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

impl Expect {
    /// The admissible statuses, with those that a row or a variable of the scenario gives.
    pub(in crate::contract) fn statuses(&self, row: Option<&Row>, variables: &Map<String, Value>) -> Cow<'_, [u16]> {
        if self.status_of.is_empty() {
            return Cow::Borrowed(&self.status);
        }
        let given =
            self.status_of.iter().filter_map(|(name, _)| status_of(name, row.map(|row| &row.values), variables));
        Cow::Owned(self.status.iter().copied().chain(given.flatten()).collect())
    }
}

/// The statuses that a variable gives that is known before a run: one, or a list. `None` when it gives something else.
pub(super) fn status_of(
    name: &str,
    row: Option<&Map<String, Value>>,
    variables: &Map<String, Value>,
) -> Option<Vec<u16>> {
    let (members, path) = match name.strip_prefix("row.") {
        Some(path) => (row?, path),
        None => (variables, name),
    };
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let value = match rest {
        Some(rest) => rest.split('.').try_fold(members.get(first)?, |value, member| value.get(member))?,
        None => members.get(first)?,
    };
    let one = |value: &Value| {
        // A cell of a CSV file is text.
        let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
        u16::try_from(number).ok().filter(|status| (100..=599).contains(status))
    };
    match value {
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => items.iter().map(one).collect(),
        value => one(value).map(|status| vec![status]),
    }
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
