//! Coverage: which catalogue entries and status pairs a run exercised, and for each one left out, why.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::{CodeCoverage, Coverage, CoverageState, PairCoverage};
use crate::specs::catalogue::{CURRENT_SNAPSHOT, Reach, catalogue};
use crate::specs::statuses::statuses;

/// What scenarios expected and what answers showed, counted as the run goes.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    expected_codes: BTreeMap<String, BTreeSet<String>>,
    observed_codes: BTreeMap<String, BTreeSet<String>>,
    injected_codes: BTreeMap<String, BTreeSet<String>>,
    expected_pairs: BTreeMap<(String, Option<String>), BTreeSet<String>>,
    observed_pairs: BTreeMap<(String, Option<String>), BTreeSet<String>>,
}

/// Most scenarios that are named for one entry; results come in a fixed order, so these are the first ones.
const MOST_NAMED: usize = 100;

fn note<K: Ord>(into: &mut BTreeMap<K, BTreeSet<String>>, key: K, scenario: &str) {
    let scenarios = into.entry(key).or_default();
    if scenarios.len() < MOST_NAMED && !scenarios.contains(scenario) {
        scenarios.insert(scenario.to_owned());
    }
}

impl Tally {
    /// A scenario expects this catalogue entry.
    pub fn expect_code(&mut self, entry: &str, scenario: &str) {
        note(&mut self.expected_codes, entry.to_owned(), scenario);
    }

    /// An answer showed this catalogue entry.
    pub fn observe_code(&mut self, entry: &str, scenario: &str) {
        note(&mut self.observed_codes, entry.to_owned(), scenario);
    }

    /// An answer showed this catalogue entry because the sandbox was asked to play it.
    pub fn inject_code(&mut self, entry: &str, scenario: &str) {
        note(&mut self.injected_codes, entry.to_owned(), scenario);
    }

    /// A scenario expects this pair.
    pub fn expect_pair(&mut self, status: &str, detail: Option<&str>, scenario: &str) {
        let key = (status.to_owned(), detail.map(str::to_owned));
        note(&mut self.expected_pairs, key, scenario);
    }

    /// A payment showed this pair.
    pub fn observe_pair(&mut self, status: &str, detail: Option<&str>, scenario: &str) {
        let key = (status.to_owned(), detail.map(str::to_owned));
        note(&mut self.observed_pairs, key, scenario);
    }

    /// Adds what another part of the run counted.
    pub fn add(&mut self, other: Tally) {
        fn join<K: Ord>(into: &mut BTreeMap<K, BTreeSet<String>>, from: BTreeMap<K, BTreeSet<String>>) {
            for (key, scenarios) in from {
                let all = into.entry(key).or_default();
                let room = MOST_NAMED.saturating_sub(all.len());
                all.extend(scenarios.into_iter().take(room));
            }
        }
        join(&mut self.expected_codes, other.expected_codes);
        join(&mut self.observed_codes, other.observed_codes);
        join(&mut self.injected_codes, other.injected_codes);
        join(&mut self.expected_pairs, other.expected_pairs);
        join(&mut self.observed_pairs, other.observed_pairs);
    }

    /// The coverage of the whole catalogue: an entry counts as observed only when a response showed it.
    pub fn coverage(&self) -> Coverage {
        let codes = catalogue().entries().iter().map(|entry| {
            let (state, mut scenarios) = state(&self.observed_codes, &self.expected_codes, &entry.id);
            let played = self.injected_codes.get(&entry.id);
            let state = match state {
                CoverageState::Provoked | CoverageState::NeverRun if played.is_some() => {
                    scenarios = played.into_iter().flatten().cloned().collect();
                    CoverageState::Injected
                }
                CoverageState::NeverRun if entry.provoke.reach == Reach::Never => CoverageState::NotReachable,
                state => state,
            };
            CodeCoverage {
                id: entry.id.clone(),
                status: entry.status,
                code: entry.code.clone(),
                message: entry.message.clone(),
                state,
                scenarios,
                how: entry.provoke.how.clone(),
            }
        });
        let pairs = statuses().pairs.iter().map(|pair| {
            let key = (pair.status.clone(), pair.status_detail.clone());
            let (state, scenarios) = state(&self.observed_pairs, &self.expected_pairs, &key);
            let state = match state {
                CoverageState::NeverRun if pair.reached_by.is_none() => CoverageState::NotReachable,
                state => state,
            };
            PairCoverage { status: pair.status.clone(), status_detail: pair.status_detail.clone(), state, scenarios }
        });
        Coverage { snapshot: CURRENT_SNAPSHOT.to_owned(), codes: codes.collect(), pairs: pairs.collect() }
    }
}

fn state<K: Ord>(
    observed: &BTreeMap<K, BTreeSet<String>>,
    expected: &BTreeMap<K, BTreeSet<String>>,
    key: &K,
) -> (CoverageState, Vec<String>) {
    let list = |scenarios: &BTreeSet<String>| scenarios.iter().cloned().collect();
    if let Some(scenarios) = observed.get(key) {
        (CoverageState::Observed, list(scenarios))
    } else if let Some(scenarios) = expected.get(key) {
        (CoverageState::Provoked, list(scenarios))
    } else {
        (CoverageState::NeverRun, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_a_state_and_only_responses_count_as_observed() {
        let mut tally = Tally::default();
        tally.expect_code("400/2006", "a");
        tally.expect_code("400/3003", "a");
        tally.observe_code("400/2006", "b");
        tally.inject_code("400/2007", "c");
        let coverage = tally.coverage();
        assert_eq!(coverage.codes.len(), 90);
        let state = |id: &str| coverage.codes.iter().find(|code| code.id == id).unwrap().state;
        assert_eq!(state("400/2006"), CoverageState::Observed);
        assert_eq!(state("400/3003"), CoverageState::Provoked);
        assert_eq!(state("400/2007"), CoverageState::Injected);
        assert_eq!(state("400/2004"), CoverageState::NotReachable);
        assert_eq!(state("400/4000"), CoverageState::NeverRun);
        assert_eq!(coverage.count(CoverageState::Observed), 1);
    }
}
