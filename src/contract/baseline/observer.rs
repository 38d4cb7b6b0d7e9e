//! Watches a run: takes the shape of each answer, and tells what differs from the baseline and from the documents.
//!
//! Without a baseline, and when none is to be made, it looks at the bodies of errors alone. What it keeps is bounded by
//! the baseline and by the limits below.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;

use super::ignore::Ignore;
use super::shape::{Enumerated, Shape, Types};
use super::{Accepted, Baseline, ENUMERATED, Response, Responses, compare, documented, endpoint, place};
use crate::contract::exchange::Answer;
use crate::contract::expect;
use crate::contract::validate::{Captured, Graded, judge};
use crate::run::{
    Acceptance, BaselineUse, Change, Comparison, DriftEntry, DriftReport, ScenarioResult, Shard, StaleEntry,
    TargetInfo, Terms, Verdict, Watched,
};
use crate::secret::Redactor;
use crate::specs::drift::{Weight, weight_of, weight_of_grade};

/// Most different changes that are kept; of the others only the number.
const MOST_CHANGES: usize = 5_000;
/// Most entries of a report.
pub(crate) const MOST_ENTRIES: usize = 1_000;
/// Most places that an entry of a report names.
pub(crate) const MOST_PLACES: usize = 20;
/// Longest text of an entry, in characters.
const LONGEST_TEXT: usize = 300;

/// What a run could have been about.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Ids of all scenarios that exist, without row and site, whether they were to run or not.
    pub known: BTreeSet<String>,
    /// Which part of the run this is: what the baseline holds of other parts is theirs to judge.
    pub shard: Option<Shard>,
}

impl Scope {
    /// Whether a scenario of the baseline is judged here.
    fn has(&self, scenario: &str) -> bool {
        self.shard.is_none_or(|shard| shard.has(scenario))
    }
}

/// Watches one run.
pub struct Observer {
    pub(super) baseline: Option<Baseline>,
    keep: bool,
    judges: bool,
    enumerated: Enumerated,
    ignore: Ignore,
    today: Date,
    state: Mutex<State>,
}

/// What an answer showed, until its scenario is over.
#[derive(Default)]
struct Seen {
    response: Option<Response>,
    grades: Vec<Graded>,
}

#[derive(Default)]
pub(super) struct State {
    redactor: Redactor,
    pub(super) target: Option<TargetInfo>,
    /// Whether everything that was to run did.
    complete: bool,
    /// Answers of scenarios that are still running.
    running: HashMap<String, BTreeMap<String, Seen>>,
    /// Scenarios that are over.
    pub(super) finished: HashSet<String>,
    /// Ids, without row and site, of those that other parts of the run look at.
    elsewhere: HashSet<String>,
    /// Places whose answer was judged.
    pub(super) judged: HashSet<String>,
    /// Places whose step gave no answer that can be judged.
    pub(super) not_judged: HashSet<String>,
    pub(super) changes: BTreeMap<Change, BTreeSet<String>>,
    left_out: usize,
    left_out_breaking: usize,
    /// Every response, when a baseline is to be made.
    pub(super) seen: Responses,
}

impl Observer {
    /// An observer; `keep` when the responses of the run are to become a baseline.
    pub fn new(baseline: Option<Baseline>, keep: bool) -> Observer {
        let usual = || Enumerated(ENUMERATED.map(str::to_owned).into());
        let enumerated = baseline.as_ref().map_or_else(usual, |baseline| baseline.enumerated.clone());
        let ignore = baseline.as_ref().map_or_else(Ignore::usual, |baseline| baseline.ignore.clone());
        let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
        Observer { baseline, keep, judges: false, enumerated, ignore, today, state: Mutex::default() }
    }

    /// The same observer, which also judges each answer by all that is documented, not only by what its step expects.
    #[must_use]
    pub fn judging(self, judges: bool) -> Observer {
        Observer { judges, ..self }
    }

    /// The same observer on another day.
    #[cfg(test)]
    pub(super) fn on(self, today: Date) -> Observer {
        Observer { today, ..self }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The values whose places are compared.
    pub(super) fn enumerated(&self) -> &Enumerated {
        &self.enumerated
    }

    /// The places that are not compared.
    pub(super) fn ignore(&self) -> &Ignore {
        &self.ignore
    }

    /// The day that counts for what expires.
    pub(super) fn today(&self) -> Date {
        self.today
    }

    /// A run begins.
    pub(in crate::contract) fn begin(&self, target: TargetInfo, redactor: Redactor) {
        let mut state = self.state();
        state.target = Some(target);
        state.redactor = redactor;
    }

    /// Values that must not be seen anywhere, beside the credentials of the run.
    pub(in crate::contract) fn hide(&self, secrets: &[secrecy::SecretString]) {
        let mut state = self.state();
        if let Some(more) = state.redactor.with(secrets) {
            state.redactor = more;
        }
    }

    /// Every scenario of the run is over, and none was left out.
    pub(in crate::contract) fn end(&self) {
        self.state().complete = true;
    }

    /// A scenario falls to another part of the run.
    pub(in crate::contract) fn elsewhere(&self, scenario: &str) {
        if self.compares() {
            self.state().elsewhere.insert(scenario.to_owned());
        }
    }

    /// An answer came. Of the answers of one step the last counts.
    pub(in crate::contract) fn see(&self, scenario: &str, step: &str, method: &str, path: &str, answer: &Answer) {
        let compares = self.compares();
        // An error that breaks the documented contract is told whatever its step expects.
        let judges = self.judges || answer.status >= 400;
        if answer.cut || !compares && !judges {
            return;
        }
        // Of a resource that the documents do not describe nothing can differ from them.
        let documented = judges && expect::default_schema(method, path, answer.status).is_some();
        let response = compares.then(|| {
            let shape = match &answer.json {
                Some(body) => Shape::of(body, &self.enumerated),
                None if answer.body.trim().is_empty() => Shape::plain(Types::EMPTY),
                None => Shape::plain(Types::TEXT),
            };
            let mut response = Response { endpoint: endpoint(method, path), status: answer.status, shape };
            self.ignore.apply(scenario, step, &mut response);
            response
        });
        let grades = answer.json.as_ref().filter(|_| documented).map(|body| {
            let captured = Captured {
                method: Some(method.to_owned()),
                path: Some(path.to_owned()),
                status: Some(answer.status),
                body: Some(body.clone()),
                direct: true,
                ..Captured::default()
            };
            let mut grades = judge("", captured).grades;
            grades.retain(|graded| self.judges || weight_of_grade(graded.grade) == Some(Weight::Breaking));
            grades
        });
        let seen = Seen { response, grades: grades.unwrap_or_default() };
        if seen.response.is_none() && seen.grades.is_empty() {
            return;
        }
        let mut state = self.state();
        match state.running.get_mut(scenario) {
            Some(steps) => {
                steps.insert(step.to_owned(), seen);
            }
            None => {
                state.running.insert(scenario.to_owned(), BTreeMap::from([(step.to_owned(), seen)]));
            }
        }
    }

    /// Whether shapes are of use.
    fn compares(&self) -> bool {
        self.baseline.is_some() || self.keep
    }

    /// A scenario is over: its answers are compared. Gives what there is to keep of it.
    pub(in crate::contract) fn finished(&self, result: &ScenarioResult) -> Watched {
        let mut state = self.state();
        let mut seen = state.running.remove(&result.id).unwrap_or_default();
        let mut watched = Watched { compared: self.compares(), ..Watched::default() };
        for step in &result.steps {
            let grades = seen.get(&step.id).map_or(&[][..], |seen| &seen.grades);
            for change in documented::changes(step, grades) {
                watched.changes.push((state.clean(change), place(&result.id, &step.id)));
            }
        }
        if self.compares() {
            self.compare(&mut state, result, &mut seen, &mut watched);
        }
        state.take(&result.id, &watched);
        watched
    }

    /// What an earlier run kept of a scenario that is not run again.
    pub(in crate::contract) fn finished_before(&self, scenario: &str, watched: &Watched) {
        self.state().take(scenario, watched);
    }

    /// Compares the answers of a scenario with the baseline.
    fn compare(
        &self,
        state: &mut State,
        result: &ScenarioResult,
        seen: &mut BTreeMap<String, Seen>,
        watched: &mut Watched,
    ) {
        let known = self.baseline.as_ref().and_then(|baseline| baseline.responses.get(&result.id));
        for step in &result.steps {
            let at = place(&result.id, &step.id);
            // An answer that cannot be judged says nothing of the contract.
            let response = seen.remove(&step.id).and_then(|seen| seen.response);
            let response = response.filter(|_| step.verdict != Verdict::Inconclusive);
            let Some(response) = response else {
                watched.not_judged.push(at);
                continue;
            };
            if let Some(baseline) = &self.baseline {
                match known.and_then(|steps| steps.get(&step.id)) {
                    Some(before) => {
                        for found in compare::compare(before, &response) {
                            let change = change(found.kind, &before.endpoint, &found.path, found.from, found.to);
                            watched.changes.push((state.clean(change), at.clone()));
                        }
                    }
                    None if !baseline.is_empty() => {
                        let came = Some(response.status.to_string());
                        let change = change("response-added", &response.endpoint, "$", None, came);
                        watched.changes.push((state.clean(change), at.clone()));
                    }
                    None => {}
                }
            }
            watched.judged.push(at);
            if self.keep {
                state.seen.entry(result.id.clone()).or_default().insert(step.id.clone(), response);
            }
        }
        for (step, response) in known.into_iter().flatten() {
            if !result.steps.iter().any(|other| other.id == *step) {
                watched.changes.push((state.clean(missing(response)), place(&result.id, step)));
            }
        }
    }

    /// What the run showed. Called once, when every scenario is over.
    pub fn report(&self, scope: &Scope) -> DriftReport {
        let mut state = self.state();
        let mut report = DriftReport::default();
        if let Some(baseline) = &self.baseline {
            let mut used = BaselineUse {
                file: baseline.file.clone(),
                written: baseline.written.clone(),
                responses: baseline.len(),
                ..BaselineUse::default()
            };
            for (scenario, steps) in baseline.responses.iter().filter(|(scenario, _)| scope.has(scenario)) {
                if state.finished.contains(scenario) {
                    let count = |places: &HashSet<String>| {
                        steps.keys().filter(|step| places.contains(&place(scenario, step))).count()
                    };
                    used.compared += count(&state.judged);
                    used.not_judged += count(&state.not_judged);
                } else if self.is_gone(&state, scope, scenario) {
                    for (step, response) in steps {
                        let change = state.clean(missing(response));
                        state.add(change, place(scenario, step));
                    }
                } else {
                    used.not_selected += steps.len();
                }
            }
            report.baseline = Some(used);
            report.stale = baseline.accepted.iter().filter_map(|one| self.stale(&state, scope, one)).collect();
            report.stale.sort_by(|one, two| one.change.cmp(&two.change));
        }
        for (change, places) in &state.changes {
            self.entries(change, places, &mut report.entries);
        }
        report.entries.sort_by(|one, two| {
            let key = |entry: &DriftEntry| (entry.state == Acceptance::Accepted, entry.weight);
            key(one).cmp(&key(two)).then_with(|| one.change.cmp(&two.change))
        });
        let dropped = report.entries.split_off(report.entries.len().min(MOST_ENTRIES));
        report.left_out = state.left_out + dropped.len();
        report.left_out_breaking = state.left_out_breaking + dropped.iter().filter(|entry| entry.blocks()).count();
        report
    }

    /// Whether a scenario of the baseline that did not run no longer exists.
    pub(super) fn is_gone(&self, state: &State, scope: &Scope, scenario: &str) -> bool {
        let stem = super::stem(scenario);
        if !scope.known.contains(stem) {
            return true;
        }
        // The scenario ran: this row or this site is not in it any more. On another target, or in a run that was cut
        // short, that would say nothing.
        let same_target =
            state.target.as_ref().zip(self.baseline.as_ref()).is_some_and(|(target, baseline)| baseline.fits(target));
        let ran = state.finished.iter().any(|id| super::stem(id) == stem) || state.elsewhere.contains(stem);
        state.complete && same_target && ran
    }

    /// Accepted drift that this run looked for and did not see.
    fn stale(&self, state: &State, scope: &Scope, accepted: &Accepted) -> Option<StaleEntry> {
        let here = |at: &str| scope.has(at.rsplit_once('#').map_or(at, |(scenario, _)| scenario));
        let gone: Vec<&String> =
            accepted.places.iter().filter(|at| here(at) && self.is_stale(state, scope, &accepted.change, at)).collect();
        let first = gone.iter().take(MOST_PLACES).map(|at| (*at).clone()).collect();
        (!gone.is_empty()).then(|| StaleEntry { change: accepted.change.clone(), count: gone.len(), places: first })
    }

    /// Whether accepted drift is no longer seen at a place that this run looked at, or that no longer exists.
    pub(super) fn is_stale(&self, state: &State, scope: &Scope, change: &Change, at: &str) -> bool {
        if state.changes.get(change).is_some_and(|places| places.contains(at)) {
            return false;
        }
        // A run that only looks at what its steps expect does not see all that is documented.
        if change.comparison == Comparison::Documented && !self.judges {
            return false;
        }
        let scenario = at.rsplit_once('#').map_or(at, |(scenario, _)| scenario);
        let ended = state.finished.contains(scenario) && !state.not_judged.contains(at);
        ended || !state.finished.contains(scenario) && self.is_gone(state, scope, scenario)
    }

    /// Whether a change is accepted at a place, and on which terms.
    pub(super) fn acceptance(&self, change: &Change, at: &str) -> (Acceptance, Option<&Terms>) {
        let mut found = (Acceptance::New, None);
        for one in self.baseline.iter().flat_map(|baseline| &baseline.accepted) {
            if one.change != *change || !one.places.contains(at) {
                continue;
            }
            if one.terms.expires.is_none_or(|day| day >= self.today) {
                return (Acceptance::Accepted, Some(&one.terms));
            }
            found = (Acceptance::Expired, Some(&one.terms));
        }
        found
    }

    fn entries(&self, change: &Change, places: &BTreeSet<String>, entries: &mut Vec<DriftEntry>) {
        let mut groups: BTreeMap<(Acceptance, Option<&Terms>), Vec<&String>> = BTreeMap::new();
        for at in places {
            groups.entry(self.acceptance(change, at)).or_default().push(at);
        }
        entries.extend(groups.into_iter().map(|((state, terms), places)| DriftEntry {
            weight: weight_of(&change.kind),
            state,
            change: change.clone(),
            count: places.len(),
            places: places.into_iter().take(MOST_PLACES).cloned().collect(),
            terms: terms.cloned(),
        }));
    }
}

impl State {
    /// A text without what must not leave the process.
    pub(super) fn redact(&self, text: &str) -> String {
        self.redactor.text(text).into_owned()
    }

    /// A change without what must not leave the process, bounded.
    fn clean(&self, change: Change) -> Change {
        let redactor = &self.redactor;
        let clean = |text: &str| redactor.text(text).chars().take(LONGEST_TEXT).collect::<String>();
        Change {
            path: clean(&change.path),
            endpoint: clean(&change.endpoint),
            from: change.from.as_deref().map(clean),
            to: change.to.as_deref().map(clean),
            ..change
        }
    }

    /// Takes what was found in a scenario.
    fn take(&mut self, scenario: &str, watched: &Watched) {
        for (change, at) in &watched.changes {
            self.add(change.clone(), at.clone());
        }
        self.judged.extend(watched.judged.iter().cloned());
        self.not_judged.extend(watched.not_judged.iter().cloned());
        if watched.compared {
            self.finished.insert(scenario.to_owned());
        }
    }

    fn add(&mut self, change: Change, at: String) {
        if let Some(places) = self.changes.get_mut(&change) {
            places.insert(at);
        } else if self.changes.len() < MOST_CHANGES {
            self.changes.insert(change, BTreeSet::from([at]));
        } else {
            self.left_out += 1;
            self.left_out_breaking += usize::from(weight_of(&change.kind) == Weight::Breaking);
        }
    }
}

/// That a response of the baseline did not come.
fn missing(response: &Response) -> Change {
    change("response-missing", &response.endpoint, "$", Some(response.status.to_string()), None)
}

fn change(kind: &str, endpoint: &str, path: &str, from: Option<String>, to: Option<String>) -> Change {
    let (kind, endpoint, path) = (kind.to_owned(), endpoint.to_owned(), path.to_owned());
    Change { comparison: Comparison::Baseline, kind, endpoint, path, from, to }
}
