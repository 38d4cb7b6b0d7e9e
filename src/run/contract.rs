//! What is kept of the contract side: scenarios, exchanges and coverage.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DriftReport, Finding, Gate, Preflight, TargetInfo, Verdict};
use crate::i18n::{Message, Text};

/// An attempt to send a request that was followed by another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// HTTP status; `None` when there was no connection.
    pub status: Option<u16>,
    /// Milliseconds that were waited before it was sent again.
    pub waited_ms: u64,
    /// When it left, in milliseconds since its scenario began; records of older versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Milliseconds from sending to the last byte, or until there was none to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
}

/// One request and its response, secrets redacted, bodies bounded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// Full URL as sent.
    pub url: String,
    /// The path as the scenario writes it, where it names a variable: `/v1/payments/${id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Request headers that matter, redacted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_headers: BTreeMap<String, String>,
    /// Request body, redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// HTTP status; `None` when no response came.
    pub status: Option<u16>,
    /// Response headers that matter, redacted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub response_headers: BTreeMap<String, String>,
    /// Response body, redacted and bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
    /// Whether the response body was cut for the record.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// When the request left, in milliseconds since its scenario began. Records of older versions do not say; nor is
    /// there a moment when nothing left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Milliseconds from sending to the last byte.
    pub elapsed_ms: u64,
    /// Whether a recording answered: there is nothing that the request could be sent to again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
    /// Attempts before the one whose response this is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Attempt>,
}

/// One expectation of a step and whether it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectation {
    /// What was expected, in words.
    pub message: Message,
    /// Whether it held.
    pub verdict: Verdict,
}

/// The result of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    /// Step id in the scenario.
    pub id: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Why it is inconclusive, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Message>,
    /// What was expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<Expectation>,
    /// What did not hold, and deviations that are only noted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The exchange, if one took place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// From when to when it lasted, where it is more than one exchange: it waits, asks until something holds, was sent
    /// again, or looked a payment up. Whether it is there follows from what the step does, never from how long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
}

/// A stretch of time within a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its beginning, in milliseconds since the scenario began.
    pub started_ms: u64,
    /// Milliseconds.
    pub elapsed_ms: u64,
}

/// The result of one scenario on one site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioResult {
    /// Stable id: file stem, site, and row where the scenario is a table.
    pub id: String,
    /// Name as the file gives it; a name in one language stands in all three.
    pub name: Text,
    /// File, relative to the scenario folder.
    pub file: String,
    /// Site, for example `MLA`.
    pub site: String,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Verdict: fail if a step failed, else inconclusive if one is, else pass.
    pub verdict: Verdict,
    /// The steps that ran.
    pub steps: Vec<StepResult>,
    /// When it began, in milliseconds since the scenarios of its run began, or those of the part or the resumption of
    /// a run that ran it. Records of older versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Milliseconds.
    pub elapsed_ms: u64,
    /// Its place among all scenarios of the run, from 0, those of its other parts included.
    #[serde(default)]
    pub place: usize,
    /// Whether exchanges and expectations were left out of the record; the journal of the run has them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub abridged: bool,
}

impl ScenarioResult {
    /// Leaves out the details of a scenario that passed and left nothing to say.
    pub(super) fn abridge_passed(&mut self) {
        if self.verdict == Verdict::Pass && self.steps.iter().all(|step| step.findings.is_empty()) {
            self.abridge();
        }
    }

    /// Leaves out what only somebody who looks at this very scenario reads: what was expected and held, headers and
    /// bodies of passed steps; the bodies of the others. Findings stay.
    fn abridge(&mut self) {
        self.abridged = true;
        for step in &mut self.steps {
            if step.verdict == Verdict::Pass {
                step.expectations = Vec::new();
                step.exchange = None;
                step.span = None;
            } else if let Some(exchange) = &mut step.exchange {
                exchange.truncated |= exchange.response_body.take().is_some();
                exchange.request_body = None;
            }
        }
    }
}

/// A scenario that a key of its own leaves out of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Id of the scenario, without site and row.
    pub id: String,
    /// Name.
    pub name: Text,
    /// File, relative to the scenario folder.
    pub file: String,
    /// Why.
    pub reason: Message,
}

/// What a run learned of one catalogue entry or status pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverageState {
    /// Seen in a response to a request that provokes it.
    Observed,
    /// Seen only where the sandbox was asked to play it: no client provoked it.
    Injected,
    /// A scenario expected it, but no response showed it.
    Provoked,
    /// Cannot be provoked by a client; the entry says why.
    NotReachable,
    /// No scenario of this run tried it.
    NeverRun,
}

/// Coverage of one catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCoverage {
    /// Catalogue id, for example `400/2006`.
    pub id: String,
    /// HTTP status.
    pub status: u16,
    /// Code as printed.
    pub code: String,
    /// Literal message; `None` for the one entry whose text is lost.
    pub message: Option<String>,
    /// State.
    pub state: CoverageState,
    /// Scenarios that expected it or saw it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// How it is provoked, or why it cannot be.
    pub how: Text,
    /// Why no answer of this run showed it; `None` when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
}

/// Coverage of one status/status_detail pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairCoverage {
    /// Payment status.
    pub status: String,
    /// Payment status_detail; `None` where the documents give none.
    pub status_detail: Option<String>,
    /// State.
    pub state: CoverageState,
    /// Scenarios that expected it or saw it, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// How it is reached, or why it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<Text>,
    /// Why no answer of this run showed it; `None` when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Message>,
}

/// What a run exercised of the documented contract.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Snapshot of the catalogue.
    pub snapshot: String,
    /// Every catalogue entry, in catalogue order.
    pub codes: Vec<CodeCoverage>,
    /// Every documented status pair.
    pub pairs: Vec<PairCoverage>,
}

impl Coverage {
    /// How many catalogue entries are in `state`.
    pub fn count(&self, state: CoverageState) -> usize {
        self.codes.iter().filter(|code| code.state == state).count()
    }

    /// How many status pairs answers showed, and how many a documented request can reach.
    pub fn pairs_seen(&self) -> (usize, usize) {
        let of = |state| self.pairs.iter().filter(|pair| pair.state == state).count();
        (of(CoverageState::Observed), self.pairs.len() - of(CoverageState::NotReachable))
    }
}

/// Most scenarios of one verdict that a record keeps whole. The journal keeps all of them, but for the bodies of what
/// passed in later scenarios.
pub const MOST_WHOLE: usize = 500;

/// The contract side of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ContractRecord {
    /// Where the scenarios went.
    pub target: Option<TargetInfo>,
    /// What was learned of a real account beforehand, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preflight: Option<Preflight>,
    /// How many scenarios were planned.
    pub planned: usize,
    /// Results in the order in which scenarios are listed.
    pub scenarios: Vec<ScenarioResult>,
    /// Scenarios that are left out by a key of their own, at most [`MOST_WHOLE`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// Coverage, once measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// Drift, once measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DriftReport>,
    /// What the run had to show at least, once judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    #[serde(skip)]
    pub(crate) whole: Whole,
}

/// Which scenarios a record keeps whole. Only for taking events; two records with the same content are equal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whole {
    passed: First,
    others: First,
}

/// The first of a kind, by their places.
#[derive(Debug, Clone, Copy, Default)]
struct First {
    count: usize,
    /// The place of the last of them.
    last: usize,
}

impl PartialEq for Whole {
    fn eq(&self, _: &Whole) -> bool {
        true
    }
}

impl Eq for Whole {}

impl ContractRecord {
    /// Takes a scenario that is left out; a notice tells how many there are in all.
    pub(super) fn skip(&mut self, skipped: Skipped) {
        if self.skipped.len() < MOST_WHOLE {
            self.skipped.push(skipped);
        }
    }

    /// Takes the result of a scenario, in whatever order they end. Memory does not grow with exchanges: beyond the first
    /// [`MOST_WHOLE`] passed and as many other scenarios, results are abridged.
    pub(crate) fn take(&mut self, mut result: ScenarioResult) {
        let passed = result.verdict == Verdict::Pass;
        let first = if passed { &mut self.whole.passed } else { &mut self.whole.others };
        if first.count < MOST_WHOLE {
            *first = First { count: first.count + 1, last: first.last.max(result.place) };
        } else if result.place > first.last {
            result.abridge();
        } else {
            // It ended later, and comes before one that was kept whole.
            let kept = self.scenarios.partition_point(|other| other.place <= first.last);
            let mut alike = self.scenarios[..kept]
                .iter_mut()
                .rev()
                .filter(|other| !other.abridged && (other.verdict == Verdict::Pass) == passed);
            if let Some(last) = alike.next() {
                last.abridge();
            }
            first.last = alike.next().map_or(result.place, |last| last.place.max(result.place));
        }
        // They come as they end; most are behind all others.
        let at = match self.scenarios.last() {
            Some(last) if last.place > result.place => {
                self.scenarios.partition_point(|other| other.place <= result.place)
            }
            _ => self.scenarios.len(),
        };
        self.scenarios.insert(at, result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_results_stay_whole_in_whatever_order_they_end() {
        let result = |place: usize| -> ScenarioResult {
            let verdict = if place.is_multiple_of(3) { "fail" } else { "pass" };
            let name = serde_json::json!({ "es": "a", "pt": "a", "en": "a" });
            serde_json::from_value(serde_json::json!({
                "id": place.to_string(), "name": name, "file": "a.yaml", "site": "MLA", "tags": [], "verdict": verdict,
                "steps": [], "elapsed_ms": 1, "place": place,
            }))
            .unwrap()
        };
        let many = MOST_WHOLE * 2;
        let whole = |places: &mut dyn Iterator<Item = usize>| {
            let mut record = ContractRecord::default();
            places.for_each(|place| record.take(result(place)));
            assert!(record.scenarios.is_sorted_by_key(|result| result.place));
            let whole = record.scenarios.iter().filter(|result| !result.abridged);
            whole.map(|result| result.place).collect::<Vec<_>>()
        };
        let in_order = whole(&mut (0..many));
        assert_eq!(in_order.iter().filter(|place| !place.is_multiple_of(3)).count(), MOST_WHOLE);
        assert_eq!(whole(&mut (0..many).rev()), in_order);
        let turned = |place: usize| if place + 40 <= many { place ^ 31 } else { place };
        let mut mixed: Vec<usize> = (0..many).collect();
        mixed.sort_by_key(|place| turned(*place));
        assert_eq!(whole(&mut mixed.into_iter()), in_order);
    }
}
