//! Results: findings and open questions, one after the other.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use super::{Location, Text, location, rules};
use crate::i18n::Lang;
use crate::report::outline::scenario_reason;
use crate::report::{accepted, clean, labels, plain};
use crate::run::{
    Check, Finding, Gate, Place, RuleCard, RunRecord, ScenarioResult, Severity, ShopRecord, StepResult, Terms,
    Tolerated, Verdict, fingerprint,
};

/// How many results one log holds: what GitHub takes of one run.
const MOST: usize = 25_000;
/// Bytes of the longest message.
const LONGEST: usize = 8_000;

/// All results of a record; made while they are written.
pub(super) struct Results<'r> {
    record: &'r RunRecord,
    lang: Lang,
    numbers: HashMap<String, usize>,
    cards: HashMap<&'r str, &'r RuleCard>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultView<'r> {
    rule_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    kind: &'static str,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
    partial_fingerprints: Fingerprints<'r>,
    /// Empty for what counts: readers take an absent list for "not known".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Properties<'r>>,
}

/// That somebody accepted a result, outside of the code that has it.
#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    status: &'static str,
    justification: String,
}

#[derive(Serialize)]
struct Fingerprints<'r> {
    #[serde(rename = "homologa/v1")]
    id: std::borrow::Cow<'r, str>,
}

#[derive(Serialize)]
struct Properties<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    shop: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'r str>,
}

/// What a result is made of.
enum Item<'r> {
    /// A finding of a check.
    OnShop(&'r ShopRecord, &'r Finding),
    /// A finding that is tolerated.
    Tolerated(&'r ShopRecord, &'r Tolerated),
    /// A check that failed or is open, without a finding.
    Check(&'r ShopRecord, &'r Check),
    /// A finding of a step.
    InStep(&'r ScenarioResult, &'r StepResult, &'r Finding),
    /// A scenario that failed or is open, without a finding.
    Scenario(&'r ScenarioResult),
    /// A gate that is not reached.
    Gate(&'r Gate),
}

impl<'r> Results<'r> {
    /// The results of a record, with the number of each rule.
    pub(super) fn new(record: &'r RunRecord, lang: Lang, numbers: HashMap<String, usize>) -> Results<'r> {
        let cards = record.rules.iter().map(|card| (card.id.as_str(), card)).collect();
        Results { record, lang, numbers, cards }
    }

    /// How many results there are beyond the bound.
    pub(super) fn hidden(&self) -> usize {
        self.items().count().saturating_sub(MOST)
    }

    /// What failed first, so that the bound never hides a failure behind a note.
    fn items(&self) -> impl Iterator<Item = Item<'r>> {
        let record = self.record;
        let part = move |failed: bool| {
            let checks = record.shops.iter().flat_map(|shop| shop.checks.iter().map(move |check| (shop, check)));
            let checks = checks.filter(move |(_, check)| (check.verdict == Verdict::Fail) == failed);
            let scenarios = record.contract.iter().flat_map(|contract| &contract.scenarios);
            let scenarios = scenarios.filter(move |scenario| (scenario.verdict == Verdict::Fail) == failed);
            checks.flat_map(|(shop, check)| of_check(shop, check)).chain(scenarios.flat_map(of_scenario))
        };
        let gates = record.contract.iter().flat_map(|contract| &contract.gates);
        let gates = gates.filter(|gate| matches!(gate.verdict, Verdict::Fail | Verdict::Inconclusive));
        // What is tolerated comes last: it takes no room from what counts.
        let tolerated = record.shops.iter().flat_map(|shop| {
            shop.checks.iter().flat_map(|check| &check.tolerated).map(move |one| Item::Tolerated(shop, one))
        });
        gates.map(Item::Gate).chain(part(true)).chain(part(false)).chain(tolerated)
    }

    fn view(&self, item: &Item<'r>) -> ResultView<'r> {
        match item {
            Item::OnShop(shop, finding) => self.on_shop(shop, finding),
            Item::Tolerated(shop, one) => {
                ResultView { suppressions: vec![self.suppression(&one.terms)], ..self.on_shop(shop, &one.finding) }
            }
            Item::Check(shop, check) => {
                let card = self.cards.get(check.rule.as_str());
                let title = card.map_or(check.rule.as_str(), |card| card.title.get(self.lang));
                let open = check.verdict == Verdict::Inconclusive;
                let mut text = clean::line(title).into_owned();
                if let Some(reason) = &check.reason {
                    text = format!("{text}: {}", plain::say(reason, self.lang));
                }
                ResultView {
                    rule_id: &check.rule,
                    rule_index: self.numbers.get(&check.rule).copied(),
                    kind: if open { "open" } else { "fail" },
                    level: if open {
                        "none"
                    } else {
                        rules::level(card.map_or(Severity::Blocker, |card| card.severity))
                    },
                    message: Text { text },
                    locations: location(&at_shop(shop)).into_iter().collect(),
                    partial_fingerprints: identity(&["check", &shop.url, &check.rule]),
                    suppressions: Vec::new(),
                    properties: Some(Properties { shop: Some(&shop.url), scenario: None, step: None }),
                }
            }
            Item::InStep(scenario, step, finding) => {
                let place = if finding.place.file.is_some() { finding.place.clone() } else { in_file(scenario) };
                let open = step.verdict == Verdict::Inconclusive;
                let properties = Properties { shop: None, scenario: Some(&scenario.id), step: Some(&step.id) };
                self.finding(finding, place, if open { "open" } else { "fail" }, Some(properties))
            }
            Item::Gate(gate) => match gate.findings.first() {
                Some(finding) => self.finding(finding, Place::default(), "fail", None),
                None => ResultView {
                    rule_id: &gate.id,
                    rule_index: self.numbers.get(&gate.id).copied(),
                    kind: "open",
                    level: "none",
                    message: Text { text: plain::say(&gate.message, self.lang) },
                    locations: Vec::new(),
                    partial_fingerprints: identity(&["gate", &gate.id]),
                    suppressions: Vec::new(),
                    properties: None,
                },
            },
            Item::Scenario(scenario) => {
                let open = scenario.verdict == Verdict::Inconclusive;
                let grade = if open { rules::OPEN } else { "expectation" };
                let mut text = clean::line(scenario.name.get(self.lang)).into_owned();
                let reason = scenario_reason(scenario).cloned();
                let reason = reason.unwrap_or_else(|| labels::verdict(scenario.verdict));
                text = format!("{text}: {}", plain::say(&reason, self.lang));
                ResultView {
                    rule_id: grade,
                    rule_index: self.numbers.get(grade).copied(),
                    kind: if open { "open" } else { "fail" },
                    level: if open { "none" } else { "error" },
                    message: Text { text },
                    locations: location(&in_file(scenario)).into_iter().collect(),
                    partial_fingerprints: identity(&["scenario", &scenario.id]),
                    suppressions: Vec::new(),
                    properties: Some(Properties { shop: None, scenario: Some(&scenario.id), step: None }),
                }
            }
        }
    }

    fn on_shop(&self, shop: &'r ShopRecord, finding: &'r Finding) -> ResultView<'r> {
        let place = if finding.place.url.is_some() || finding.place.file.is_some() {
            finding.place.clone()
        } else {
            at_shop(shop)
        };
        let properties = Properties { shop: Some(&shop.url), scenario: None, step: None };
        self.finding(finding, place, "fail", Some(properties))
    }

    fn suppression(&self, terms: &Terms) -> Suppression {
        let justification = plain::say(&accepted::terms(terms), self.lang);
        Suppression { kind: "external", status: "accepted", justification }
    }

    fn finding(
        &self,
        finding: &'r Finding,
        place: Place,
        kind: &'static str,
        properties: Option<Properties<'r>>,
    ) -> ResultView<'r> {
        let mut text = plain::say(&finding.message, self.lang);
        for line in plain::evidence(finding, self.lang) {
            text.push('\n');
            text.push_str(&line);
        }
        if let Some(fix) = &finding.fix {
            text.push_str("\n→ ");
            text.push_str(&plain::say(fix, self.lang));
        }
        if text.len() > LONGEST {
            let whole = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(whole.unwrap_or_default());
            text.push('…');
        }
        ResultView {
            rule_id: &finding.rule,
            rule_index: self.numbers.get(&finding.rule).copied(),
            kind,
            level: if kind == "fail" { rules::level(finding.severity) } else { "none" },
            message: Text { text },
            locations: location(&place).into_iter().collect(),
            partial_fingerprints: Fingerprints { id: finding.id.as_str().into() },
            suppressions: Vec::new(),
            properties,
        }
    }
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items().take(MOST).map(|item| self.view(&item)))
    }
}

fn of_check<'r>(shop: &'r ShopRecord, check: &'r Check) -> Vec<Item<'r>> {
    match check.verdict {
        Verdict::Fail | Verdict::Warn | Verdict::Inconclusive if check.findings.is_empty() => {
            vec![Item::Check(shop, check)]
        }
        Verdict::Fail | Verdict::Warn => check.findings.iter().map(|each| Item::OnShop(shop, each)).collect(),
        Verdict::Inconclusive => {
            let findings = check.findings.iter().map(|each| Item::OnShop(shop, each));
            std::iter::once(Item::Check(shop, check)).chain(findings).collect()
        }
        Verdict::Pass | Verdict::NotApplicable => Vec::new(),
    }
}

fn of_scenario(scenario: &ScenarioResult) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut decided = false;
    for step in &scenario.steps {
        decided |= step.verdict == scenario.verdict && !step.findings.is_empty();
        items.extend(step.findings.iter().map(|finding| Item::InStep(scenario, step, finding)));
    }
    if matches!(scenario.verdict, Verdict::Fail | Verdict::Inconclusive) && !decided {
        items.insert(0, Item::Scenario(scenario));
    }
    items
}

fn at_shop(shop: &ShopRecord) -> Place {
    Place { url: Some(shop.url.clone()), ..Place::default() }
}

fn in_file(scenario: &ScenarioResult) -> Place {
    Place { file: Some(scenario.file.clone()), ..Place::default() }
}

fn identity(parts: &[&str]) -> Fingerprints<'static> {
    Fingerprints { id: fingerprint(parts).into() }
}
