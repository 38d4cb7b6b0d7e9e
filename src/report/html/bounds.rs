//! How much of a run the page shows. A page that no browser opens helps nobody: what is beyond the bounds is
//! counted on the page, and is in the journal and in the JSON report.

use std::cell::Cell;

/// Scenarios that failed and are shown in full under what to mend; later ones are a line.
pub(super) const FULL_SCENARIOS: usize = 100;
/// Scenarios that failed and are listed there at all.
pub(super) const LISTED_SCENARIOS: usize = 1_000;
/// Groups whose exchanges are shown in place; later ones lead to their scenario.
pub(super) const GROUPS_WITH_EXCHANGE: usize = 20;
/// Places of one group that are always shown, and that are shown at most.
pub(super) const SPOTS: (usize, usize) = (3, 200);
/// Places of one group that are printed.
pub(super) const ON_PAPER: usize = 6;
/// Open questions, problems, pages and left out addresses that are listed.
pub(super) const ROWS: usize = 500;
/// Shops that one open question names.
pub(super) const OPEN_PLACES: usize = 8;
/// Shops that stand side by side in the matrix of requirements.
pub(super) const COLUMNS: usize = 12;
/// Scenarios that hold and are shown with their steps.
pub(super) const DETAILED: usize = 60;
/// The same for scenarios that do not hold or have no answer.
pub(super) const DETAILED_FAILED: usize = 200;
/// Bytes of the lines of all other scenarios.
pub(super) const LINES: usize = 1_800_000;
/// Bytes of requests and responses under what to mend.
const EXCHANGES_TO_MEND: usize = 250_000;
/// Bytes of requests and responses in the list of scenarios.
const EXCHANGES: usize = 600_000;
/// Bytes of findings beyond those that are always shown.
const FINDINGS: usize = 600_000;

/// What is left of the bounds that many parts of the page share.
pub(super) struct Budget {
    exchanges: Cell<usize>,
    findings: Cell<usize>,
}

impl Budget {
    /// For what to mend.
    pub(super) fn to_mend() -> Budget {
        Budget { exchanges: Cell::new(EXCHANGES_TO_MEND), findings: Cell::new(FINDINGS) }
    }

    /// For the list of scenarios.
    pub(super) fn of_scenarios() -> Budget {
        Budget { exchanges: Cell::new(EXCHANGES), findings: Cell::new(0) }
    }

    /// Whether an exchange of so many bytes still fits; takes them if so.
    pub(super) fn exchange(&self, bytes: usize) -> bool {
        take(&self.exchanges, bytes)
    }

    /// Whether a finding of so many bytes still fits; takes them if so.
    pub(super) fn finding(&self, bytes: usize) -> bool {
        take(&self.findings, bytes)
    }
}

fn take(left: &Cell<usize>, bytes: usize) -> bool {
    let rest = left.get().checked_sub(bytes);
    rest.inspect(|rest| left.set(*rest)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_leaves_room_for_what_does() {
        let budget = Budget::to_mend();
        assert!(budget.exchange(EXCHANGES_TO_MEND - 10));
        assert!(!budget.exchange(11));
        assert!(budget.exchange(10) && !budget.exchange(1));
        assert!(budget.finding(1));
    }
}
