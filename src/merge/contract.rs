//! Joins the contract sides of parts: results in the order of the list, coverage and drift as sums.

use std::collections::{BTreeMap, BTreeSet};

use super::Part;
use crate::contract::{Gates, MOST_NAMED, why_of};
use crate::i18n::Message;
use crate::run::{
    ContractRecord, Coverage, CoverageState, Creation, DriftEntry, DriftReport, Preflight, RunRecord, StaleEntry,
};

/// Most entries of a report on drift, and most places that one names: as in a run.
use crate::contract::baseline::{MOST_ENTRIES, MOST_PLACES};

/// The contract side of the whole; `None` when no part has one.
pub(super) fn join(parts: &[Part], whole: &RunRecord) -> Option<ContractRecord> {
    let sides: Vec<&ContractRecord> = parts.iter().filter_map(|part| part.record.contract.as_ref()).collect();
    let first = sides.first()?;
    let mut joined = ContractRecord {
        target: sides.iter().find_map(|side| side.target.clone()),
        preflight: preflight(&sides),
        planned: sides.iter().map(|side| side.planned).sum(),
        // Every part reads all files, and leaves out the same ones.
        skipped: first.skipped.clone(),
        coverage: coverage(&sides),
        drift: drift(&sides),
        ..ContractRecord::default()
    };
    let mut results: Vec<_> = sides.iter().flat_map(|side| side.scenarios.iter().cloned()).collect();
    results.sort_by_key(|result| result.place);
    results.into_iter().for_each(|result| joined.take(result));
    let options = whole.started.as_ref().map(|started| &started.options);
    let least = |name: &str| options.and_then(|options| options.get(name)).and_then(|value| value.parse().ok());
    let gates = Gates { codes: least("min-coverage"), pairs: least("min-pairs") };
    joined.gates = gates.of(&joined, whole.complete);
    Some(joined)
}

/// What is known of the account: of parts that asked the same, the one that tried most.
fn preflight(sides: &[&ContractRecord]) -> Option<Preflight> {
    let known = || sides.iter().filter_map(|side| side.preflight.as_ref());
    let tried = known().find(|preflight| !matches!(preflight.creation, Creation::NotTried { .. }));
    tried.or_else(|| known().next()).cloned()
}

/// What a part learned of one entry.
struct Learned<'c> {
    state: CoverageState,
    scenarios: &'c [String],
    why: Option<&'c Message>,
}

impl Learned<'_> {
    /// What says most of an entry has the highest rank, as in the tally of a run.
    fn rank(&self) -> u8 {
        match (self.state, self.why.map(|why| why.key.as_ref())) {
            (CoverageState::Observed, _) => 5,
            (CoverageState::Injected, _) => 4,
            (CoverageState::Provoked, _) => 3,
            (CoverageState::NeverRun, Some("contract.why-unanswered")) => 2,
            (CoverageState::NeverRun, Some("contract.why-left-out")) => 1,
            (CoverageState::NeverRun | CoverageState::NotReachable, _) => 0,
        }
    }
}

/// What all parts together learned of one entry.
fn entry<'c>(
    learned: impl Iterator<Item = Learned<'c>> + Clone,
) -> Option<(CoverageState, Vec<String>, Option<Message>)> {
    let rank = learned.clone().map(|one| one.rank()).max()?;
    let best = || learned.clone().filter(|one| one.rank() == rank);
    let mut first = best();
    let top = first.next()?;
    let mut scenarios: BTreeSet<String> = best().flat_map(|one| one.scenarios.iter().cloned()).collect();
    while scenarios.len() > MOST_NAMED {
        scenarios.pop_last();
    }
    let why = top.why.map(|why| match rank {
        // These name scenarios that the list does not hold: the first ones of each part are the first ones of all.
        1 | 2 => {
            let named = |one: Learned<'c>| one.why.and_then(|why| why.args.get("names")).map(String::as_str);
            let names: BTreeSet<String> =
                best().filter_map(named).flat_map(|names| names.split(", ")).map(str::to_owned).collect();
            why_of(why, &names)
        }
        3 | 4 => why_of(why, &scenarios),
        _ => why.clone(),
    });
    Some((top.state, scenarios.into_iter().collect(), why))
}

fn coverage(sides: &[&ContractRecord]) -> Option<Coverage> {
    let all: Vec<&Coverage> = sides.iter().filter_map(|side| side.coverage.as_ref()).collect();
    let mut joined = (*all.first()?).clone();
    for (at, code) in joined.codes.iter_mut().enumerate() {
        let learned = all.iter().filter_map(|coverage| coverage.codes.get(at));
        let learned = learned.map(|one| Learned { state: one.state, scenarios: &one.scenarios, why: one.why.as_ref() });
        if let Some((state, scenarios, why)) = entry(learned) {
            (code.state, code.scenarios, code.why) = (state, scenarios, why);
        }
    }
    for (at, pair) in joined.pairs.iter_mut().enumerate() {
        let learned = all.iter().filter_map(|coverage| coverage.pairs.get(at));
        let learned = learned.map(|one| Learned { state: one.state, scenarios: &one.scenarios, why: one.why.as_ref() });
        if let Some((state, scenarios, why)) = entry(learned) {
            (pair.state, pair.scenarios, pair.why) = (state, scenarios, why);
        }
    }
    Some(joined)
}

/// The first places of several lists of first places.
fn first_places(one: &mut Vec<String>, more: &[String]) {
    one.extend_from_slice(more);
    one.sort_unstable();
    one.dedup();
    one.truncate(MOST_PLACES);
}

fn drift(sides: &[&ContractRecord]) -> Option<DriftReport> {
    let all: Vec<&DriftReport> = sides.iter().filter_map(|side| side.drift.as_ref()).collect();
    let first = all.first()?;
    let mut joined = DriftReport {
        baseline: first.baseline.clone(),
        left_out: all.iter().map(|drift| drift.left_out).sum(),
        left_out_breaking: all.iter().map(|drift| drift.left_out_breaking).sum(),
        ..DriftReport::default()
    };
    if let Some(used) = &mut joined.baseline {
        // Each part speaks of its own responses of the baseline.
        let sum = |count: fn(&crate::run::BaselineUse) -> usize| {
            all.iter().filter_map(|drift| drift.baseline.as_ref()).map(count).sum()
        };
        used.compared = sum(|used| used.compared);
        used.not_selected = sum(|used| used.not_selected);
        used.not_judged = sum(|used| used.not_judged);
    }
    let mut entries: BTreeMap<_, DriftEntry> = BTreeMap::new();
    for one in all.iter().flat_map(|drift| &drift.entries) {
        let accepted = one.state == crate::run::Acceptance::Accepted;
        // In the order of a run's own report.
        let key = (accepted, one.weight, one.change.clone(), one.state, one.terms.clone());
        match entries.get_mut(&key) {
            Some(known) => {
                known.count += one.count;
                first_places(&mut known.places, &one.places);
            }
            None => drop(entries.insert(key, one.clone())),
        }
    }
    joined.entries = entries.into_values().collect();
    let dropped = joined.entries.split_off(joined.entries.len().min(MOST_ENTRIES));
    joined.left_out += dropped.len();
    joined.left_out_breaking += dropped.iter().filter(|entry| entry.blocks()).count();
    let mut stale: BTreeMap<_, StaleEntry> = BTreeMap::new();
    for one in all.iter().flat_map(|drift| &drift.stale) {
        match stale.get_mut(&one.change) {
            Some(known) => {
                known.count += one.count;
                first_places(&mut known.places, &one.places);
            }
            None => drop(stale.insert(one.change.clone(), one.clone())),
        }
    }
    joined.stale = stale.into_values().collect();
    Some(joined)
}
