//! Everything in a record that may count against it: what does not hold and what has no answer, one after the other,
//! each with an identity that stays from run to run.
//!
//! It is the list that the gate judges and that flat reports (annotations, code quality) tell. It decides nothing.

use std::borrow::Cow;

use super::{
    Check, Comparison, DriftEntry, DriftReport, Finding, Gate, Place, RuleCard, RunRecord, ScenarioResult, Severity,
    ShopRecord, StepResult, Verdict, fingerprint,
};
use crate::i18n::Message;
use crate::specs::drift::Weight;

/// Which side of a run an item comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Pages and hosts of a shop.
    Golive,
    /// Scenarios and the minimums asked of them.
    Contract,
    /// Differences from the documents and from the baseline.
    Drift,
}

/// What an item is made of.
#[derive(Debug, Clone, Copy)]
pub enum Source<'r> {
    /// A finding on a shop.
    OnShop(&'r ShopRecord, &'r Finding),
    /// A check that has no answer, or failed without a finding.
    Check(&'r ShopRecord, &'r Check),
    /// A finding of a step.
    InStep(&'r ScenarioResult, &'r StepResult, &'r Finding),
    /// A scenario that has no answer, or failed without a finding that says why.
    Scenario(&'r ScenarioResult),
    /// A minimum that is not reached.
    Gate(&'r Gate),
    /// A difference that nobody accepted.
    Drift(&'r DriftEntry),
    /// Breaking differences that the record has no room for.
    DriftLeftOut(&'r DriftReport),
}

/// One thing that counts against a run.
#[derive(Debug, Clone)]
pub struct Item<'r> {
    /// Where it comes from.
    pub side: Side,
    /// How much it weighs; of an open question, how much depends on the answer.
    pub severity: Severity,
    /// Whether it is a question without an answer, and not something that does not hold.
    pub open: bool,
    /// Whether a finding of a step says the same.
    pub repeated: bool,
    /// Identity that stays from run to run.
    pub id: Cow<'r, str>,
    /// Rule, grade, kind of drift or gate, as `homologa explain` knows it; the scenario's id for a whole scenario.
    pub rule: &'r str,
    /// What it is made of.
    pub source: Source<'r>,
}

impl<'r> Item<'r> {
    /// Where it is: the place of its finding, else the shop or the scenario's file.
    pub fn place(&self) -> Cow<'r, Place> {
        let named = |place: &Place| place.url.is_some() || place.file.is_some();
        let of_file =
            |scenario: &ScenarioResult| Cow::Owned(Place { file: Some(scenario.file.clone()), ..Place::default() });
        let of_shop = |shop: &ShopRecord| Cow::Owned(Place { url: Some(shop.url.clone()), ..Place::default() });
        match self.source {
            Source::OnShop(_, finding) | Source::InStep(_, _, finding) if named(&finding.place) => {
                Cow::Borrowed(&finding.place)
            }
            Source::OnShop(shop, _) | Source::Check(shop, _) => of_shop(shop),
            Source::InStep(scenario, ..) | Source::Scenario(scenario) => of_file(scenario),
            Source::Gate(_) | Source::Drift(_) | Source::DriftLeftOut(_) => Cow::Owned(Place::default()),
        }
    }

    /// The finding it is, if it is one.
    pub fn finding(&self) -> Option<&'r Finding> {
        match self.source {
            Source::OnShop(_, finding) | Source::InStep(_, _, finding) => Some(finding),
            Source::Gate(gate) => gate.findings.first(),
            Source::Check(..) | Source::Scenario(_) | Source::Drift(_) | Source::DriftLeftOut(_) => None,
        }
    }
}

/// Every item of a record: shops first, then minimums, scenarios and drift, in the order of the record.
pub fn items(record: &RunRecord) -> impl Iterator<Item = Item<'_>> {
    let cards: std::collections::HashMap<&str, &RuleCard> =
        record.rules.iter().map(|card| (card.id.as_str(), card)).collect();
    let shops = record.shops.iter().flat_map(move |shop| {
        let cards = cards.clone();
        shop.checks.iter().flat_map(move |check| of_check(shop, check, cards.get(check.rule.as_str()).copied()))
    });
    let contract = record.contract.iter();
    let gates = contract.clone().flat_map(|contract| &contract.gates).filter_map(of_gate);
    let scenarios = contract.clone().flat_map(|contract| &contract.scenarios).flat_map(of_scenario);
    let drift = contract.filter_map(|contract| contract.drift.as_ref()).flat_map(of_drift);
    shops.chain(gates).chain(scenarios).chain(drift)
}

/// Why a scenario stayed open: the reason of its first open step, else of the first step that has one.
pub fn scenario_reason(scenario: &ScenarioResult) -> Option<&Message> {
    let open = scenario.steps.iter().filter(|step| step.verdict == Verdict::Inconclusive);
    let reason = open.into_iter().find_map(|step| step.reason.as_ref());
    reason.or_else(|| scenario.steps.iter().find_map(|step| step.reason.as_ref()))
}

fn of_check<'r>(shop: &'r ShopRecord, check: &'r Check, card: Option<&'r RuleCard>) -> Vec<Item<'r>> {
    let weight = match (check.verdict, card, check.findings.first()) {
        (Verdict::Fail, ..) => Severity::Blocker,
        (_, Some(card), _) => card.severity,
        (_, None, Some(finding)) => finding.severity,
        // A question whose weight nobody knows may be a grave one.
        (Verdict::Inconclusive, None, None) => Severity::Blocker,
        (_, None, None) => Severity::Warning,
    };
    let whole = |open: bool| Item {
        side: Side::Golive,
        severity: weight,
        open,
        repeated: false,
        id: fingerprint(&["check", &host(&shop.url), &check.rule]).into(),
        rule: &check.rule,
        source: Source::Check(shop, check),
    };
    let found = |finding: &'r Finding, severity| Item {
        side: Side::Golive,
        severity,
        open: false,
        repeated: false,
        id: Cow::Borrowed(finding.id.as_str()),
        rule: &finding.rule,
        source: Source::OnShop(shop, finding),
    };
    let lighter = |finding: &'r Finding| found(finding, finding.severity.max(Severity::Warning));
    // A finding may weigh less than its rule: on a page of this machine, say. Something has to make a check fail.
    let blocks = check.findings.iter().any(|finding| finding.severity == Severity::Blocker);
    match check.verdict {
        Verdict::Fail | Verdict::Warn if check.findings.is_empty() => vec![whole(false)],
        Verdict::Fail if !blocks => check.findings.iter().map(|finding| found(finding, weight)).collect(),
        Verdict::Fail => check.findings.iter().map(|finding| found(finding, finding.severity)).collect(),
        Verdict::Warn => check.findings.iter().map(lighter).collect(),
        // What was found before the question stayed open is told as well; it weighs less than the open question.
        Verdict::Inconclusive => std::iter::once(whole(true)).chain(check.findings.iter().map(lighter)).collect(),
        Verdict::Pass | Verdict::NotApplicable => Vec::new(),
    }
}

/// A shop without its port: a shop of a test is on another one each time.
fn host(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(url) => format!("{}{}", url.host_str().unwrap_or_default(), url.path()),
        Err(_) => address.to_owned(),
    }
}

fn of_gate(gate: &Gate) -> Option<Item<'_>> {
    let open = match gate.verdict {
        Verdict::Fail => false,
        Verdict::Inconclusive => true,
        Verdict::Pass | Verdict::Warn | Verdict::NotApplicable => return None,
    };
    Some(Item {
        side: Side::Contract,
        severity: Severity::Blocker,
        open,
        repeated: false,
        id: fingerprint(&["gate", &gate.id]).into(),
        rule: &gate.id,
        source: Source::Gate(gate),
    })
}

fn of_scenario(scenario: &ScenarioResult) -> Vec<Item<'_>> {
    let whole = |open: bool| Item {
        side: Side::Contract,
        severity: Severity::Blocker,
        open,
        repeated: false,
        id: fingerprint(&["scenario", &scenario.id]).into(),
        rule: &scenario.id,
        source: Source::Scenario(scenario),
    };
    // What an open step shows belongs to the open question.
    let judged = scenario.steps.iter().filter(|step| step.verdict != Verdict::Inconclusive);
    let failed = scenario.verdict == Verdict::Fail;
    let found = judged.flat_map(|step| {
        step.findings.iter().map(move |finding| Item {
            side: Side::Contract,
            severity: match (failed, step.verdict) {
                (true, Verdict::Fail) => finding.severity,
                // What is noted of a step that holds stops nothing.
                _ => finding.severity.max(Severity::Warning),
            },
            open: false,
            repeated: false,
            id: Cow::Borrowed(finding.id.as_str()),
            rule: &finding.rule,
            source: Source::InStep(scenario, step, finding),
        })
    });
    let mut items: Vec<Item<'_>> = found.collect();
    let told = items.iter().any(|item| item.severity == Severity::Blocker);
    match scenario.verdict {
        Verdict::Fail if !told => items.insert(0, whole(false)),
        Verdict::Inconclusive => items.insert(0, whole(true)),
        _ => {}
    }
    items
}

fn of_drift(drift: &DriftReport) -> Vec<Item<'_>> {
    let entries = drift.entries.iter().filter(|entry| entry.state != super::Acceptance::Accepted);
    let listed = entries.map(|entry| {
        let change = &entry.change;
        let (from, to) = (change.from.as_deref(), change.to.as_deref());
        let against = if change.comparison == Comparison::Baseline { "baseline" } else { "documented" };
        let side = [from, to].map(|side| side.map_or_else(|| "-".to_owned(), |text| format!("={text}")));
        let id = fingerprint(&["drift", against, &change.kind, &change.endpoint, &change.path, &side[0], &side[1]]);
        Item {
            side: Side::Drift,
            severity: match entry.weight {
                Weight::Breaking => Severity::Blocker,
                Weight::Notable => Severity::Warning,
                Weight::Info => Severity::Advice,
            },
            open: false,
            repeated: change.comparison == Comparison::Documented && entry.weight != Weight::Breaking,
            id: id.into(),
            rule: &change.kind,
            source: Source::Drift(entry),
        }
    });
    let mut items: Vec<Item<'_>> = listed.collect();
    if drift.left_out_breaking > 0 {
        items.push(Item {
            side: Side::Drift,
            severity: Severity::Blocker,
            open: false,
            repeated: false,
            id: fingerprint(&["drift-left-out"]).into(),
            rule: "drift",
            source: Source::DriftLeftOut(drift),
        });
    }
    items
}
