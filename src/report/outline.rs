//! A record in reading order: what to mend first, what stays open, and how each requirement stands.
//!
//! Shared by all reports, so that they tell the same story. It sorts and groups; it never changes a verdict.

use std::collections::{HashMap, HashSet};

pub use crate::run::item::scenario_reason;
use crate::run::{
    Check, Finding, Gate, Problem, RequirementCard, RuleCard, RunRecord, ScenarioResult, Severity, ShopRecord,
    StepResult, Verdict,
};

/// The whole outline of one record.
pub struct Outline<'r> {
    /// What to mend, heaviest first.
    pub mend: Vec<Group<'r>>,
    /// What was not judged, and why.
    pub open: Vec<Open<'r>>,
    /// Each requirement on each shop.
    pub matrix: Vec<Row<'r>>,
}

/// What a group of findings is about.
pub enum Subject<'r> {
    /// A go-live rule; the card is missing in a record whose rules were not recorded.
    Rule {
        /// Rule id.
        id: &'r str,
        /// Its words.
        card: Option<&'r RuleCard>,
    },
    /// A scenario that failed.
    Scenario(&'r ScenarioResult),
    /// A grade of deviations in scenarios that did not fail.
    Noted(&'r str),
    /// A gate that is not reached.
    Gate(&'r Gate),
}

/// Findings that are mended together.
pub struct Group<'r> {
    /// Weight.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject<'r>,
    /// Each place where it does not hold; empty when a check failed without one.
    pub spots: Vec<Spot<'r>>,
    /// Identity in the report: unique, made of letters, digits and hyphens.
    pub anchor: String,
}

/// One finding where it was found.
pub struct Spot<'r> {
    /// The finding.
    pub finding: &'r Finding,
    /// The shop it belongs to, as the user gave it.
    pub shop: Option<&'r str>,
    /// The scenario and the step it belongs to.
    pub step: Option<(&'r ScenarioResult, &'r StepResult)>,
    /// Identity in the report: unique, made of letters, digits and hyphens.
    pub anchor: String,
}

/// A question that the run did not answer.
pub enum Open<'r> {
    /// The run did not reach its end.
    CutShort,
    /// A rule that could not be judged on a shop.
    Check {
        /// The shop.
        shop: &'r ShopRecord,
        /// The check.
        check: &'r Check,
        /// The words of the rule.
        card: Option<&'r RuleCard>,
    },
    /// A scenario that could not be judged.
    Scenario(&'r ScenarioResult),
    /// A gate that a run with open questions does not reach.
    Gate(&'r Gate),
    /// Scenarios that were planned and did not run.
    Missing {
        /// How many did not run.
        count: usize,
    },
    /// Something that kept the run from looking.
    Problem(&'r Problem),
}

/// One requirement on every shop.
pub struct Row<'r> {
    /// The requirement.
    pub requirement: &'r RequirementCard,
    /// One cell for each shop, in the order of the record.
    pub cells: Vec<Cell>,
}

/// How the rules of one requirement stand on one shop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Warned.
    pub warn: usize,
    /// Could not be judged.
    pub open: usize,
    /// Did not apply.
    pub not_applicable: usize,
    /// Passed only because what does not hold is tolerated.
    pub tolerated: usize,
}

impl Cell {
    fn add(&mut self, check: &Check) {
        match check.verdict {
            Verdict::Pass if check.passes_tolerated() => self.tolerated += 1,
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::Warn => self.warn += 1,
            Verdict::Inconclusive => self.open += 1,
            Verdict::NotApplicable => self.not_applicable += 1,
        }
    }

    /// The gravest verdict in the cell; an open question counts more than a warning.
    pub fn verdict(self) -> Verdict {
        match self {
            Cell { fail: 1.., .. } => Verdict::Fail,
            Cell { open: 1.., .. } => Verdict::Inconclusive,
            Cell { warn: 1.., .. } => Verdict::Warn,
            Cell { pass: 1.., .. } | Cell { tolerated: 1.., .. } => Verdict::Pass,
            _ => Verdict::NotApplicable,
        }
    }

    /// How many rules were counted.
    pub fn total(self) -> usize {
        self.pass + self.fail + self.warn + self.open + self.not_applicable + self.tolerated
    }

    /// The cell of some checks.
    pub fn of<'c>(checks: impl IntoIterator<Item = &'c Check>) -> Cell {
        let mut cell = Cell::default();
        checks.into_iter().for_each(|check| cell.add(check));
        cell
    }
}

impl<'r> Outline<'r> {
    /// The outline of a record.
    pub fn of(record: &'r RunRecord) -> Outline<'r> {
        let cards: HashMap<&str, &RuleCard> = record.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        Outline { mend: mend(record, &cards), open: open(record, &cards), matrix: matrix(record, &cards) }
    }

    /// How many groups weigh `severity`.
    pub fn count(&self, severity: Severity) -> usize {
        self.mend.iter().filter(|group| group.severity == severity).count()
    }
}

/// Gives out identities that stay the same from run to run, and are unique in one report.
#[derive(Default)]
struct Anchors {
    taken: HashSet<String>,
    /// The last number that was tried behind each name: thousands of equal ids stay cheap.
    numbers: HashMap<String, usize>,
}

impl Anchors {
    fn take(&mut self, prefix: &str, id: &str) -> String {
        let safe = anchor(prefix, id);
        if self.taken.insert(safe.clone()) {
            return safe;
        }
        let number = self.numbers.entry(safe.clone()).or_insert(1);
        loop {
            *number += 1;
            let name = format!("{safe}-{number}");
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// `prefix-id` with everything but letters, digits and hyphens replaced by a hyphen.
pub(super) fn anchor(prefix: &str, id: &str) -> String {
    let safe: String = id.chars().take(120).map(|each| if each.is_ascii_alphanumeric() { each } else { '-' }).collect();
    format!("{prefix}-{safe}")
}

fn mend<'r>(record: &'r RunRecord, cards: &HashMap<&str, &'r RuleCard>) -> Vec<Group<'r>> {
    let mut anchors = Anchors::default();
    let mut groups: Vec<Group<'r>> = Vec::new();
    let mut known: HashMap<(u8, &str, Severity), usize> = HashMap::new();
    let mut group_of = |groups: &mut Vec<Group<'r>>, anchors: &mut Anchors, kind: u8, id: &'r str, severity| {
        *known.entry((kind, id, severity)).or_insert_with(|| {
            let subject = match kind {
                0 => Subject::Rule { id, card: cards.get(id).copied() },
                _ => Subject::Noted(id),
            };
            groups.push(Group { severity, subject, spots: Vec::new(), anchor: anchors.take("m", id) });
            groups.len() - 1
        })
    };
    for shop in &record.shops {
        for check in shop.checks.iter().filter(|check| matches!(check.verdict, Verdict::Fail | Verdict::Warn)) {
            let severity = match (cards.get(check.rule.as_str()), check.findings.first()) {
                (Some(card), _) => card.severity,
                (None, Some(finding)) => finding.severity,
                (None, None) if check.verdict == Verdict::Fail => Severity::Blocker,
                (None, None) => Severity::Warning,
            };
            let index = group_of(&mut groups, &mut anchors, 0, &check.rule, severity);
            for finding in &check.findings {
                let anchor = anchors.take("f", &finding.id);
                groups[index].spots.push(Spot { finding, shop: Some(&shop.url), step: None, anchor });
            }
        }
    }
    for gate in record.contract.iter().flat_map(|contract| &contract.gates) {
        for finding in &gate.findings {
            let spot = Spot { finding, shop: None, step: None, anchor: anchors.take("f", &finding.id) };
            groups.push(Group {
                severity: finding.severity,
                subject: Subject::Gate(gate),
                spots: vec![spot],
                anchor: anchors.take("m", &gate.id),
            });
        }
    }
    for scenario in record.contract.iter().flat_map(|contract| &contract.scenarios) {
        let spots = scenario.steps.iter().flat_map(|step| step.findings.iter().map(move |finding| (step, finding)));
        if scenario.verdict == Verdict::Fail {
            let mut group = Group {
                severity: Severity::Blocker,
                subject: Subject::Scenario(scenario),
                spots: Vec::new(),
                anchor: anchors.take("m", &scenario.id),
            };
            for (step, finding) in spots {
                let anchor = anchors.take("f", &finding.id);
                group.spots.push(Spot { finding, shop: None, step: Some((scenario, step)), anchor });
            }
            groups.push(group);
        } else {
            for (step, finding) in spots {
                let index = group_of(&mut groups, &mut anchors, 1, &finding.rule, finding.severity);
                let anchor = anchors.take("f", &finding.id);
                groups[index].spots.push(Spot { finding, shop: None, step: Some((scenario, step)), anchor });
            }
        }
    }
    // Stable: inside one weight the order of shops, rules and scenarios stays.
    groups.sort_by_key(|group| group.severity);
    groups
}

fn open<'r>(record: &'r RunRecord, cards: &HashMap<&str, &'r RuleCard>) -> Vec<Open<'r>> {
    let problems = record.hindrances().map(Open::Problem);
    let missing = record.contract.iter().filter_map(|contract| {
        let count = contract.planned.saturating_sub(contract.scenarios.len());
        (count > 0).then_some(Open::Missing { count })
    });
    let mut checks: Vec<(&ShopRecord, &Check, Option<&RuleCard>)> = Vec::new();
    for shop in &record.shops {
        let unjudged = shop.checks.iter().filter(|check| check.verdict == Verdict::Inconclusive);
        checks.extend(unjudged.map(|check| (shop, check, cards.get(check.rule.as_str()).copied())));
    }
    checks.sort_by_key(|(_, _, card)| card.map_or(Severity::Blocker, |card| card.severity));
    let checks = checks.into_iter().map(|(shop, check, card)| Open::Check { shop, check, card });
    let scenarios = record.contract.iter().flat_map(|contract| &contract.scenarios);
    let scenarios = scenarios.filter(|scenario| scenario.verdict == Verdict::Inconclusive).map(Open::Scenario);
    let cut = (!record.complete).then_some(Open::CutShort);
    let gates = record.contract.iter().flat_map(|contract| &contract.gates);
    let gates = gates.filter(|gate| gate.verdict == Verdict::Inconclusive).map(Open::Gate);
    cut.into_iter().chain(problems).chain(missing).chain(gates).chain(checks).chain(scenarios).collect()
}

fn matrix<'r>(record: &'r RunRecord, cards: &HashMap<&str, &'r RuleCard>) -> Vec<Row<'r>> {
    let belongs = |check: &Check, requirement: &RequirementCard| {
        cards.get(check.rule.as_str()).is_some_and(|card| card.requirement == requirement.id)
    };
    record
        .requirements
        .iter()
        .map(|requirement| Row {
            requirement,
            cells: record
                .shops
                .iter()
                .map(|shop| Cell::of(shop.checks.iter().filter(|check| belongs(check, requirement))))
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn blockers_and_failed_scenarios_come_first_and_nothing_is_lost() {
        let record = sample::not_ready();
        let outline = Outline::of(&record);
        let weights: Vec<Severity> = outline.mend.iter().map(|group| group.severity).collect();
        assert!(weights.is_sorted(), "{weights:?}");
        let shops = record.shops.iter().flat_map(|shop| &shop.checks);
        let in_shops: usize = shops.map(|check| check.findings.len()).sum();
        let steps = record.contract.iter().flat_map(|contract| &contract.scenarios).flat_map(|each| &each.steps);
        let in_steps: usize = steps.map(|step| step.findings.len()).sum();
        assert_eq!(outline.mend.iter().map(|group| group.spots.len()).sum::<usize>(), in_shops + in_steps);
        assert!(in_shops > 3 && in_steps > 1);
    }

    #[test]
    fn identities_are_unique_and_harmless() {
        let mut anchors = Anchors::default();
        assert_eq!(anchors.take("f", "a\"><script>"), "f-a---script-");
        assert_eq!(anchors.take("f", "a\"><script>"), "f-a---script--2");
        assert_eq!(anchors.take("f", "a---script--2"), "f-a---script--2-2");
        assert_eq!(anchors.take("f", "a---script-"), "f-a---script--3");
    }

    #[test]
    fn an_open_question_weighs_more_than_a_warning_and_less_than_a_failure() {
        let cell = Cell { pass: 1, warn: 1, open: 1, ..Cell::default() };
        assert_eq!(cell.verdict(), Verdict::Inconclusive);
        assert_eq!(Cell { fail: 1, ..cell }.verdict(), Verdict::Fail);
        assert_eq!(Cell::default().verdict(), Verdict::NotApplicable);
    }
}
