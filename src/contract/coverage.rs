//! Coverage: which catalogue entries and status pairs a run exercised, and for each one left out, why.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::expect;
use super::judge::Expected;
use super::scenario::{Expect, Scenario, Variables};
use crate::i18n::{Message, Text};
use crate::run::{CodeCoverage, ContractRecord, Counted, Coverage, CoverageState, Gate, Noted, PairCoverage, Verdict};
use crate::specs::catalogue::{CURRENT_SNAPSHOT, Reach, outlines};
use crate::specs::statuses::{Pair, statuses};

/// Least percentages that answers have to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gates {
    /// Of the codes of the catalogue.
    pub codes: Option<u8>,
    /// Of the status pairs that a documented request can reach.
    pub pairs: Option<u8>,
}

impl Gates {
    /// Judges what was asked for. `open` says that the run has questions without an answer.
    pub fn judge(self, coverage: &Coverage, open: bool) -> Vec<Gate> {
        let codes = self.codes.map(|least| {
            let seen = (coverage.count(CoverageState::Observed), coverage.codes.len());
            let words = ["contract.reached-coverage", "contract.below-coverage", "contract.below-fix"];
            Gate::judge("min-coverage", least, seen, open, words)
        });
        let pairs = self.pairs.map(|least| {
            let words = ["contract.reached-pairs", "contract.below-pairs", "contract.below-fix"];
            Gate::judge("min-pairs", least, coverage.pairs_seen(), open, words)
        });
        codes.into_iter().chain(pairs).collect()
    }

    /// Judges a contract side that was stored or joined; `complete` says that its run came to its end. Nothing where it
    /// holds no coverage.
    pub fn of(self, contract: &ContractRecord, complete: bool) -> Vec<Gate> {
        let Some(coverage) = &contract.coverage else { return Vec::new() };
        let unanswered = contract.scenarios.iter().any(|result| result.verdict == Verdict::Inconclusive);
        self.judge(coverage, !complete || unanswered || contract.scenarios.len() < contract.planned)
    }
}

/// Scenarios by what they are about.
type Named<K> = BTreeMap<K, BTreeSet<String>>;
/// Status and status_detail.
type PairKey = (String, Option<String>);

/// What is counted of the codes, or of the pairs.
#[derive(Debug, Clone)]
struct Counts<K> {
    /// An answer showed it.
    observed: Named<K>,
    /// An answer showed it because the sandbox was asked to play it.
    injected: Named<K>,
    /// A step that got an answer expected it.
    expected: Named<K>,
    /// A step that got none expected it.
    unanswered: Named<K>,
    /// A scenario that is left out of the run expects it.
    left_out: Named<K>,
}

impl<K: Ord> Default for Counts<K> {
    fn default() -> Counts<K> {
        Counts {
            observed: Named::new(),
            injected: Named::new(),
            expected: Named::new(),
            unanswered: Named::new(),
            left_out: Named::new(),
        }
    }
}

impl<K: Ord> Counts<K> {
    fn add(&mut self, other: Counts<K>) {
        fn join<K: Ord>(into: &mut Named<K>, from: Named<K>) {
            for (key, scenarios) in from {
                let all = into.entry(key).or_default();
                all.extend(scenarios);
                while all.len() > MOST_NAMED {
                    all.pop_last();
                }
            }
        }
        join(&mut self.observed, other.observed);
        join(&mut self.injected, other.injected);
        join(&mut self.expected, other.expected);
        join(&mut self.unanswered, other.unanswered);
        join(&mut self.left_out, other.left_out);
    }

    /// The state of an entry, the scenarios that saw or expected it, and why no answer showed it. `reachable` says
    /// whether a client can lead to it at all.
    fn state(&self, key: &K, reachable: bool) -> (CoverageState, Vec<String>, Option<Message>) {
        let ways = [
            (&self.observed, CoverageState::Observed, None),
            (&self.injected, CoverageState::Injected, Some("contract.why-played")),
            (&self.expected, CoverageState::Provoked, Some("contract.why-other")),
            (&self.unanswered, CoverageState::NeverRun, Some("contract.why-unanswered")),
            (&self.left_out, CoverageState::NeverRun, Some("contract.why-left-out")),
        ];
        for (named, state, why) in ways {
            if let Some(scenarios) = named.get(key) {
                let why = why
                    .map(|why| why_of(&Message { key: why.into(), ..Message::new("contract.why-played") }, scenarios));
                let ran = state != CoverageState::NeverRun;
                return (state, scenarios.iter().filter(|_| ran).cloned().collect(), why);
            }
        }
        if reachable {
            (CoverageState::NeverRun, Vec::new(), Some(Message::new("contract.why-never-run")))
        } else {
            (CoverageState::NotReachable, Vec::new(), Some(Message::new("contract.why-not-reachable")))
        }
    }
}

/// A reason with the first scenarios that it is about; it ends in `…` when there are more, also where one of the names
/// says so.
pub(crate) fn why_of(why: &Message, scenarios: &BTreeSet<String>) -> Message {
    let mut names: Vec<&str> = scenarios.iter().map(String::as_str).filter(|name| *name != MORE).collect();
    let more = names.len() > MOST_TOLD || names.len() < scenarios.len();
    names.truncate(MOST_TOLD);
    names.extend(more.then_some(MORE));
    why.clone().with("names", names.join(", "))
}

/// That there are more.
const MORE: &str = "…";

/// What scenarios expected and what answers showed, counted as the run goes.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    codes: Counts<String>,
    pairs: Counts<PairKey>,
}

/// Most scenarios that are named for one entry: the first by name, so that neither their order nor the parts of a run
/// make a difference.
pub(crate) const MOST_NAMED: usize = 100;
/// Most scenarios that the reason of an entry names.
const MOST_TOLD: usize = 3;

fn note<K: Ord>(into: &mut Named<K>, key: K, scenario: &str) {
    let scenarios = into.entry(key).or_default();
    let room = scenarios.len() < MOST_NAMED || scenarios.last().is_some_and(|last| scenario < last.as_str());
    if room && !scenarios.contains(scenario) {
        scenarios.insert(scenario.to_owned());
        if scenarios.len() > MOST_NAMED {
            scenarios.pop_last();
        }
    }
}

/// What a step expects of the catalogue and of a payment, as far as its variables have values.
fn expectations(expect: &Expect, variables: &Variables) -> (Vec<String>, Option<PairKey>) {
    let codes = expect::expected_errors(expect, variables).unwrap_or_default();
    let pair = expect.payment.as_ref().and_then(|pair| {
        let status = variables.fill_text(&pair.status).ok()?;
        let detail = pair.status_detail.as_ref().and_then(|detail| variables.fill_text(detail).ok());
        Some((status, detail))
    });
    // Coverage is of the catalogue: an error of a neighbour resource is not in it.
    let documented = codes.into_iter().filter_map(|code| match code {
        Expected::Documented(entry) => Some(entry.id.clone()),
        Expected::Neighbour(_) => None,
    });
    (documented.collect(), pair)
}

impl Tally {
    /// A step of a scenario got an answer and expected this.
    pub(super) fn expect(&mut self, expect: &Expect, variables: &Variables, scenario: &str) {
        let (codes, pair) = expectations(expect, variables);
        codes.into_iter().for_each(|code| note(&mut self.codes.expected, code, scenario));
        pair.into_iter().for_each(|pair| note(&mut self.pairs.expected, pair, scenario));
    }

    /// A step of a scenario got no answer and expected this.
    pub(super) fn unanswered(&mut self, expect: &Expect, variables: &Variables, scenario: &str) {
        let (codes, pair) = expectations(expect, variables);
        codes.into_iter().for_each(|code| note(&mut self.codes.unanswered, code, scenario));
        pair.into_iter().for_each(|pair| note(&mut self.pairs.unanswered, pair, scenario));
    }

    /// A scenario is left out of the run: what its steps would expect.
    pub(super) fn leave_out(&mut self, scenario: &Scenario) {
        let rows = scenario.rows.iter().map(|row| Some(&row.values));
        for row in rows.chain(scenario.rows.is_empty().then_some(None)) {
            let mut variables = Variables::default();
            scenario.variables.iter().for_each(|(name, value)| variables.set(name, value.clone()));
            if let Some(values) = row {
                variables.set("row", Value::Object(values.clone()));
            }
            for step in scenario.every_step() {
                let (codes, pair) = expectations(&step.expect, &variables);
                codes.into_iter().for_each(|code| note(&mut self.codes.left_out, code, &scenario.id));
                pair.into_iter().for_each(|pair| note(&mut self.pairs.left_out, pair, &scenario.id));
            }
        }
    }

    /// An answer showed this catalogue entry.
    pub fn observe_code(&mut self, entry: &str, scenario: &str) {
        note(&mut self.codes.observed, entry.to_owned(), scenario);
    }

    /// An answer showed this catalogue entry because the sandbox was asked to play it.
    pub fn inject_code(&mut self, entry: &str, scenario: &str) {
        note(&mut self.codes.injected, entry.to_owned(), scenario);
    }

    /// A payment showed this pair.
    pub fn observe_pair(&mut self, status: &str, detail: Option<&str>, scenario: &str) {
        note(&mut self.pairs.observed, (status.to_owned(), detail.map(str::to_owned)), scenario);
    }

    /// Adds what another part of the run counted.
    pub fn add(&mut self, other: Tally) {
        self.codes.add(other.codes);
        self.pairs.add(other.pairs);
    }

    /// What the tally of one scenario holds, for the journal.
    pub(super) fn counted(&self, scenario: &str) -> Counted {
        fn noted<K: Ord + Clone>(counts: &Counts<K>) -> Noted<K> {
            let keys = |named: &Named<K>| named.keys().cloned().collect();
            Noted {
                observed: keys(&counts.observed),
                injected: keys(&counts.injected),
                expected: keys(&counts.expected),
                unanswered: keys(&counts.unanswered),
            }
        }
        let (codes, pairs) = (noted(&self.codes), noted(&self.pairs));
        Counted { id: scenario.to_owned(), codes, pairs, ..Counted::default() }
    }

    /// Adds what the journal of an earlier run says of one scenario.
    pub(super) fn recount(&mut self, counted: &Counted) {
        fn all<K: Ord + Clone>(counts: &mut Counts<K>, noted: &Noted<K>, scenario: &str) {
            let add = |into: &mut Named<K>, keys: &[K]| {
                keys.iter().for_each(|key| note(into, key.clone(), scenario));
            };
            add(&mut counts.observed, &noted.observed);
            add(&mut counts.injected, &noted.injected);
            add(&mut counts.expected, &noted.expected);
            add(&mut counts.unanswered, &noted.unanswered);
        }
        all(&mut self.codes, &counted.codes, &counted.id);
        all(&mut self.pairs, &counted.pairs, &counted.id);
    }

    /// The coverage of the whole catalogue: an entry counts as observed only when a response showed it.
    pub fn coverage(&self) -> Coverage {
        let codes = outlines().iter().map(|entry| {
            let (state, scenarios, why) = self.codes.state(&entry.id, entry.provoke.reach != Reach::Never);
            CodeCoverage {
                id: entry.id.clone(),
                status: entry.status,
                code: entry.code.clone(),
                message: entry.message.clone(),
                state,
                scenarios,
                how: entry.provoke.how.clone(),
                why,
            }
        });
        let pairs = statuses().pairs.iter().map(|pair| {
            let key = (pair.status.clone(), pair.status_detail.clone());
            let (state, scenarios, why) = self.pairs.state(&key, pair.out_of_reach.is_none());
            let (status, status_detail) = key;
            PairCoverage { status, status_detail, state, scenarios, how: how(pair), why }
        });
        Coverage { snapshot: CURRENT_SNAPSHOT.to_owned(), codes: codes.collect(), pairs: pairs.collect() }
    }
}

/// How a pair is reached, or why it cannot be.
fn how(pair: &Pair) -> Option<Text> {
    let reached = |way: &String| Text { es: way.clone(), pt: way.clone(), en: way.clone() };
    statuses().why_out_of_reach(pair).cloned().or_else(|| pair.reached_by.as_ref().map(reached))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_a_state_and_only_responses_count_as_observed() {
        let mut tally = Tally::default();
        note(&mut tally.codes.expected, "400/2006".to_owned(), "a");
        note(&mut tally.codes.expected, "400/3003".to_owned(), "a");
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

    #[test]
    fn what_is_left_out_of_a_run_says_so_and_what_nobody_can_reach_does_not_count() {
        let text = "name: x\nrows: [{ code: 4000 }, { code: 2004 }]\nsteps: [{ post: /v1/payments, body: {}, expect: { \
                    error: '${row.code}' } }, { post: /v1/payments, body: {}, expect: { payment: { status: rejected, \
                    status_detail: cc_rejected_blacklist } } }]\n";
        let scenario = crate::contract::scenario::read(&crate::yaml::Source::new("x.yaml", text), "x").unwrap();
        let mut tally = Tally::default();
        tally.leave_out(&scenario);
        tally.observe_pair("approved", Some("accredited"), "y");
        let coverage = tally.coverage();
        let code = coverage.codes.iter().find(|code| code.id == "400/4000").unwrap();
        let why = code.why.as_ref().unwrap();
        assert_eq!((code.state, why.key.as_ref()), (CoverageState::NeverRun, "contract.why-left-out"));
        assert_eq!(why.args["names"], "x");
        let key = |detail: &str| {
            let pair = coverage.pairs.iter().find(|pair| pair.status_detail.as_deref() == Some(detail)).unwrap();
            pair.why.as_ref().map(|why| why.key.clone().into_owned())
        };
        assert_eq!(key("cc_rejected_blacklist").as_deref(), Some("contract.why-left-out"));
        assert_eq!(key("cc_rejected_card_disabled").as_deref(), Some("contract.why-never-run"));
        assert_eq!(key("by_payer").as_deref(), Some("contract.why-not-reachable"));
        assert_eq!(key("accredited"), None);
        assert_eq!(coverage.pairs_seen(), (1, 22));
        let gates = Gates { codes: None, pairs: Some(4) }.judge(&coverage, false);
        assert_eq!(gates[0].verdict, crate::run::Verdict::Pass, "1 of 22 is 4.5 percent");
    }
}
