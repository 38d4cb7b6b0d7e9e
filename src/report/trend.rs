//! A run as one point of a trend. Whole records of many runs are not kept in memory for a picture of them.

use super::outline::Outline;
use crate::run::{CoverageState, RunRecord, RunVerdict, Severity, Verdict};

/// What a trend shows of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// When it was started, as the record says it; empty when it does not.
    pub started: String,
    /// Its verdict.
    pub verdict: RunVerdict,
    /// Whether it came to its end.
    pub complete: bool,
    /// Groups of findings of each weight: blockers, warnings, advice.
    pub weights: [usize; 3],
    /// Open questions.
    pub open: usize,
    /// Scenarios that hold, and how many were planned; `None` without a contract side.
    pub scenarios: Option<(usize, usize)>,
    /// Catalogue entries that answers showed, and all of them.
    pub coverage: Option<(usize, usize)>,
    /// Digests of specs and rules: runs of other data compare with care.
    pub data: (String, String),
}

impl Point {
    /// The point of a record.
    pub fn of(record: &RunRecord) -> Point {
        let outline = Outline::of(record);
        let contract = record.contract.as_ref();
        let holds = |verdict: Verdict| !matches!(verdict, Verdict::Fail | Verdict::Inconclusive);
        let versions = record.started.as_ref().map(|started| &started.versions);
        Point {
            started: record.started.as_ref().map(|started| started.started.clone()).unwrap_or_default(),
            verdict: record.verdict.unwrap_or(RunVerdict::Inconclusive),
            complete: record.complete,
            weights: [Severity::Blocker, Severity::Warning, Severity::Advice].map(|weight| outline.count(weight)),
            open: outline.open.len(),
            scenarios: contract.map(|contract| {
                let held = contract.scenarios.iter().filter(|scenario| holds(scenario.verdict)).count();
                (held, contract.planned.max(contract.scenarios.len()))
            }),
            coverage: contract
                .and_then(|contract| contract.coverage.as_ref())
                .map(|coverage| (coverage.count(CoverageState::Observed), coverage.codes.len())),
            data: versions.map(|of| (of.specs.clone(), of.rules.clone())).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_point_counts_what_the_report_counts() {
        let record = sample::not_ready();
        let (point, outline) = (Point::of(&record), Outline::of(&record));
        assert_eq!(point.weights.iter().sum::<usize>(), outline.mend.len());
        assert_eq!((point.open, point.verdict), (outline.open.len(), RunVerdict::NotReady));
        assert_eq!(point.scenarios, Some((2, 5)));
        assert_eq!(Point::of(&RunRecord::default()).scenarios, None);
    }
}
