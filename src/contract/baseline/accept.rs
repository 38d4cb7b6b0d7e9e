//! Makes the next baseline from what a run showed. Writes no file.

use std::collections::{BTreeMap, BTreeSet};

use super::observer::State;
use super::{Accepted, Baseline, Observer, Responses, Scope, place};
use crate::i18n::Lang;
use crate::run::{Acceptance, Change, Comparison, Terms};
use crate::specs::drift::{Weight, weight_of};

/// How drift is accepted.
#[derive(Debug, Clone, Default)]
pub struct Accepting {
    /// With terms the accepted responses stay as they are, and what differs from them is listed as accepted;
    /// without, what came is the new contract.
    pub terms: Option<Terms>,
    /// The part of the file that holds accepted findings of the go-live side, which stays as it is.
    pub findings: String,
    /// Whether what was accepted before stays acceptable beside what came now.
    pub merge: bool,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Written {
    /// Text of the file.
    #[serde(skip)]
    pub text: String,
    /// Responses in it.
    pub responses: usize,
    /// Responses that are new.
    pub added: usize,
    /// Responses whose accepted shape changed.
    pub changed: usize,
    /// Responses that this run did not show and that stay.
    pub kept: usize,
    /// Responses of scenarios and steps that no longer exist.
    pub dropped: usize,
    /// Accepted differences in it, in however many places each: as a report of drift counts them.
    pub accepted: usize,
    /// Those of them that are new.
    pub accepted_now: usize,
    /// Accepted differences that were no longer seen in some place, and left it.
    pub accepted_gone: usize,
    /// Differences of this run that were accepted before on other terms, and keep them.
    pub accepted_before: usize,
}

impl Observer {
    /// The next baseline; `None` when the run showed no response at all. Made for observers that keep responses,
    /// after [`Observer::report`].
    pub fn accept(&self, accepting: &Accepting, scope: &Scope, lang: Lang) -> Option<Written> {
        let state = self.state();
        if state.seen.is_empty() {
            return None;
        }
        let target = state.target.clone()?;
        let mut written = Written::default();
        let mut next = Baseline {
            target: target.kind,
            site: target.site,
            written: self.today().to_string(),
            enumerated: self.enumerated().clone(),
            ignore: self.ignore().clone(),
            findings_text: accepting.findings.clone(),
            ..Baseline::default()
        };
        next.responses = self.responses(&state, accepting, scope, &mut written);
        next.accepted = self.accepted(&state, accepting, scope, &mut written);
        written.responses = next.len();
        // Names and values in answers come from outside.
        written.text = state.redact(&next.text(lang));
        Some(written)
    }

    fn responses(&self, state: &State, accepting: &Accepting, scope: &Scope, written: &mut Written) -> Responses {
        let mut next = Responses::new();
        for (scenario, steps) in self.baseline.iter().flat_map(|baseline| &baseline.responses) {
            let finished = state.finished.contains(scenario);
            for (step, response) in steps {
                let at = place(scenario, step);
                let looked_at = state.judged.contains(&at) || state.not_judged.contains(&at);
                let gone = if finished { !looked_at } else { self.is_gone(state, scope, scenario) };
                // What is gone is drift too: with terms it is listed, and the response stays to compare with.
                if gone && accepting.terms.is_none() {
                    written.dropped += 1;
                    continue;
                }
                written.kept += usize::from(!state.judged.contains(&at));
                next.entry(scenario.clone()).or_default().insert(step.clone(), response.clone());
            }
        }
        for (scenario, steps) in &state.seen {
            let accepted = next.entry(scenario.clone()).or_default();
            for (step, response) in steps {
                match accepted.get_mut(step) {
                    None => {
                        written.added += 1;
                        accepted.insert(step.clone(), response.clone());
                    }
                    Some(_) if accepting.terms.is_some() => {}
                    Some(own) => {
                        let mut came = response.clone();
                        if accepting.merge && own.endpoint == came.endpoint && own.status == came.status {
                            came.shape.merge(own.shape.clone());
                        }
                        written.changed += usize::from(*own != came);
                        *own = came;
                    }
                }
            }
        }
        next.retain(|_, steps| !steps.is_empty());
        next
    }

    fn accepted(&self, state: &State, accepting: &Accepting, scope: &Scope, written: &mut Written) -> Vec<Accepted> {
        let mut next: BTreeMap<(Change, Terms), BTreeSet<String>> = BTreeMap::new();
        let (mut now, mut gone, mut before) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for one in self.baseline.iter().flat_map(|baseline| &baseline.accepted) {
            for at in &one.places {
                // A new shape holds what was accepted beside the old one.
                let settled = one.change.comparison == Comparison::Baseline
                    && accepting.terms.is_none()
                    && state.finished.contains(at.rsplit_once('#').map_or("", |(scenario, _)| scenario))
                    && !state.not_judged.contains(at);
                let expired = self.acceptance(&one.change, at).0 == Acceptance::Expired;
                let seen = state.changes.get(&one.change).is_some_and(|places| places.contains(at));
                if settled || self.is_stale(state, scope, &one.change, at) {
                    gone.insert(&one.change);
                } else if !(expired && seen) {
                    if seen && accepting.terms.as_ref().is_some_and(|terms| *terms != one.terms) {
                        before.insert(&one.change);
                    }
                    next.entry((one.change.clone(), one.terms.clone())).or_default().insert(at.clone());
                }
            }
        }
        for (change, places) in &state.changes {
            let listed = match (change.comparison, &accepting.terms) {
                // A response that is new is in the file from now on.
                (Comparison::Baseline, Some(_)) => change.kind != "response-added",
                (Comparison::Baseline, None) => false,
                (Comparison::Documented, _) => weight_of(&change.kind) != Weight::Info,
            };
            let open = places.iter().filter(|at| self.acceptance(change, at).0 != Acceptance::Accepted);
            for at in open.filter(|_| listed) {
                let terms = accepting.terms.clone().unwrap_or_default();
                now.insert(change);
                next.entry((change.clone(), terms)).or_default().insert(at.clone());
            }
        }
        (written.accepted_now, written.accepted_gone, written.accepted_before) = (now.len(), gone.len(), before.len());
        written.accepted = next.len();
        next.into_iter().map(|((change, terms), places)| Accepted { change, terms, places }).collect()
    }
}
