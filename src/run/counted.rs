//! What one scenario adds to the sums of a run: coverage and drift. A journal keeps it beside the result, because
//! neither follows from a result whose bodies are cut, and a resumed run has to count what it does not repeat.

use serde::{Deserialize, Serialize};

use super::Change;

/// Codes or pairs of one scenario by how they were met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noted<K> {
    /// An answer showed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<K>,
    /// An answer showed it because the sandbox was asked to play it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub injected: Vec<K>,
    /// A step that got an answer expected it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<K>,
    /// A step that got none expected it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<K>,
}

impl<K> Default for Noted<K> {
    fn default() -> Noted<K> {
        Noted { observed: Vec::new(), injected: Vec::new(), expected: Vec::new(), unanswered: Vec::new() }
    }
}

/// How the answers of one scenario stand to the baseline and to the documents.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Watched {
    /// Differences, each with its place (`scenario#step`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<(Change, String)>,
    /// Places whose answer was judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<String>,
    /// Places whose step gave no answer that can be judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<String>,
    /// Whether the scenario was compared with a baseline.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub compared: bool,
}

fn is_nothing<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// All of it, of one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Id of the result.
    pub id: String,
    /// Entries of the catalogue, by their ids.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub codes: Noted<String>,
    /// Payment status and status_detail.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub pairs: Noted<(String, Option<String>)>,
    /// Drift.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub watched: Watched,
}

impl Counted {
    /// Whether it adds nothing, so that nobody has to keep it.
    pub fn is_empty(&self) -> bool {
        self.codes == Noted::default() && self.pairs == Noted::default() && self.watched == Watched::default()
    }
}
