//! Drift of a run: differences between what answers show, what is documented and what the baseline accepts.

use serde::{Deserialize, Serialize};

use crate::specs::drift::Weight;

/// What an answer was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// With the baseline: what was accepted before.
    Baseline,
    /// With the documents: the kind is a grade.
    Documented,
}

/// Whether a difference is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acceptance {
    /// Nobody accepted it.
    New,
    /// It was accepted until a day that is over: it counts again.
    Expired,
    /// The baseline accepts it.
    Accepted,
}

/// Why something was accepted, by whom and until when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Last day on which it is accepted (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<jiff::civil::Date>,
}

/// What a difference is, without where it was seen: half of its identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Change {
    /// What it was compared with.
    pub comparison: Comparison,
    /// Kind, as `homologa explain` knows it: of `specs/drift.yaml`, or a grade.
    pub kind: String,
    /// Method and path of the request, ids in the path as `{id}`.
    pub endpoint: String,
    /// Place in the answer, as JSONPath with `[*]` for every element; `status` is the HTTP status.
    pub path: String,
    /// What was accepted or documented; `None` when there was nothing.
    #[serde(default)]
    pub from: Option<String>,
    /// What came; `None` when nothing did.
    #[serde(default)]
    pub to: Option<String>,
}

/// One difference and the steps that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftEntry {
    /// Weight.
    pub weight: Weight,
    /// Whether it is accepted in these places.
    pub state: Acceptance,
    /// What differs.
    #[serde(flatten)]
    pub change: Change,
    /// In how many steps.
    pub count: usize,
    /// The first of them, sorted, as `scenario#step`.
    pub places: Vec<String>,
    /// On which terms it is, or was, accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
}

/// A step of a scenario, as the places of an entry name it.
pub fn place_of_step(scenario: &str, step: &str) -> String {
    format!("{scenario}#{step}")
}

impl DriftEntry {
    /// Whether it keeps a run from being ready.
    pub fn blocks(&self) -> bool {
        self.weight == Weight::Breaking && self.state != Acceptance::Accepted
    }
}

/// The baseline of a run, and how much of it was compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BaselineUse {
    /// The file.
    pub file: String,
    /// Day it was written.
    pub written: String,
    /// Responses it holds.
    pub responses: usize,
    /// Responses that were compared.
    pub compared: usize,
    /// Responses whose scenario was not selected for this run.
    pub not_selected: usize,
    /// Responses whose step gave no answer that can be judged.
    pub not_judged: usize,
}

/// Accepted drift that this run did not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaleEntry {
    /// What was accepted.
    #[serde(flatten)]
    pub change: Change,
    /// In how many steps it is no longer seen.
    pub count: usize,
    /// The first of them.
    pub places: Vec<String>,
}

/// All drift of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DriftReport {
    /// The baseline, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<BaselineUse>,
    /// The differences: what is not accepted first, the heaviest first.
    pub entries: Vec<DriftEntry>,
    /// Accepted drift that is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<StaleEntry>,
    /// Differences that were seen and are not listed, because there were too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// How many of those keep the run from being ready.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out_breaking: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl DriftReport {
    /// Whether something in it keeps the run from being ready.
    pub fn blocks(&self) -> bool {
        self.left_out_breaking > 0 || self.entries.iter().any(DriftEntry::blocks)
    }

    /// Entries of a weight that are not accepted.
    pub fn open(&self, weight: Weight) -> impl Iterator<Item = &DriftEntry> {
        self.entries.iter().filter(move |entry| entry.weight == weight && entry.state != Acceptance::Accepted)
    }

    /// How many entries the baseline accepts.
    pub fn accepted(&self) -> usize {
        self.entries.iter().filter(|entry| entry.state == Acceptance::Accepted).count()
    }
}
