//! What does not hold and what has no answer as a flat list, the heaviest first: for annotations, code quality and
//! other formats without groups. Words are neutralised (see [`super::clean`]) and bounded; each format escapes them.

use std::collections::{HashMap, HashSet};

use super::paint::cut;
use super::{clean, drift, labels, plain};
use crate::i18n::{Lang, Message};
use crate::run::item::{Item, Source, items, scenario_reason};
use crate::run::{Comparison, DriftEntry, Place, RuleCard, RunRecord, Severity, Verdict, place_of_step};
use crate::specs::drift::{remedy_of, title_of};

/// Columns of a message.
const MOST_MESSAGE: usize = 1_000;

/// One entry of the list.
pub(super) struct Entry<'r> {
    /// What it is.
    pub(super) item: Item<'r>,
    /// Whether an earlier record, which the run is compared with, already held it.
    pub(super) known: bool,
    /// A short name: that of the rule or of the scenario.
    pub(super) title: String,
    /// What is wrong, in a sentence.
    pub(super) message: String,
    /// How to mend it.
    pub(super) fix: Option<String>,
}

impl Entry<'_> {
    /// Where it is.
    pub(super) fn place(&self) -> std::borrow::Cow<'_, Place> {
        self.item.place()
    }
}

/// How an entry is ordered: what does not hold before what is open, what is new before what is known, the heaviest
/// first.
fn order(item: &Item<'_>, known: bool) -> (bool, bool, Severity) {
    (item.open, known, item.severity)
}

/// The first `most` entries of a record in the order of their weight, and how many there are in all. What another entry
/// says already is left out.
pub(super) fn entries(record: &RunRecord, lang: Lang, most: usize) -> (Vec<Entry<'_>>, usize) {
    let cards: HashMap<&str, &RuleCard> = record.rules.iter().map(|card| (card.id.as_str(), card)).collect();
    let known = |item: &Item<'_>| record.policy.as_ref().is_some_and(|policy| policy.knows(&item.id));
    let told_of = findings_of_steps(record);
    let all = items(record).filter(|item| !said_already(item, &told_of));
    let mut all: Vec<(bool, Item<'_>)> = all.map(|item| (known(&item), item)).collect();
    all.sort_by_key(|(known, item)| order(item, *known));
    let total = all.len();
    let told = all.into_iter().take(most).map(|(known, item)| tell(item, known, &cards, lang));
    (told.collect(), total)
}

/// What findings of steps tell, as place and rule; nothing where no drift could say the same.
fn findings_of_steps(record: &RunRecord) -> HashSet<(String, &str)> {
    let drift = record.contract.as_ref().and_then(|contract| contract.drift.as_ref());
    let documented = |entry: &DriftEntry| entry.change.comparison == Comparison::Documented;
    if !drift.is_some_and(|drift| drift.entries.iter().any(documented)) {
        return HashSet::new();
    }
    let scenarios = record.contract.iter().flat_map(|contract| &contract.scenarios);
    let steps = scenarios.flat_map(|scenario| scenario.steps.iter().map(move |step| (scenario, step)));
    let rules = steps.flat_map(|(scenario, step)| {
        step.findings.iter().map(move |finding| (place_of_step(&scenario.id, &step.id), finding.rule.as_str()))
    });
    rules.collect()
}

/// Whether findings of steps say the same as what differs from the documents: at every place that it names.
fn said_already(item: &Item<'_>, told: &HashSet<(String, &str)>) -> bool {
    let Source::Drift(entry) = item.source else { return false };
    let said = |at: &String| told.contains(&(at.clone(), entry.change.kind.as_str()));
    entry.change.comparison == Comparison::Documented && entry.places.iter().all(said)
}

/// Differences that keep a run from being ready, but for what findings of steps tell.
pub(super) fn breaking_drift(record: &RunRecord) -> Vec<&DriftEntry> {
    let told_of = findings_of_steps(record);
    let entries = items(record).filter(|item| !said_already(item, &told_of)).filter_map(|item| match item.source {
        Source::Drift(entry) if entry.blocks() => Some(entry),
        _ => None,
    });
    entries.collect()
}

/// Title, message and remedy of a difference.
pub(super) fn of_drift(entry: &DriftEntry, lang: Lang) -> (String, String, Option<String>) {
    let change = &entry.change;
    let title = title_of(&change.kind).map_or(change.kind.as_str(), |title| title.get(lang));
    let mut parts = vec![format!("{} {}", change.endpoint, change.path)];
    parts.extend(drift::step(change).as_ref().map(|step| plain::say(step, lang)));
    (title.to_owned(), parts.join(" · "), remedy_of(&change.kind).map(|fix| fix.get(lang).to_owned()))
}

fn tell<'r>(item: Item<'r>, known: bool, cards: &HashMap<&str, &RuleCard>, lang: Lang) -> Entry<'r> {
    let card = cards.get(item.rule).copied();
    let say = |message: &Message| plain::say(message, lang);
    let (title, message, fix) = match item.source {
        Source::OnShop(_, finding) => (
            card.map_or(item.rule, |card| card.title.get(lang)).to_owned(),
            say(&finding.message),
            finding.fix.as_ref().map(say).or(card.map(|card| card.fix.get(lang).to_owned())),
        ),
        Source::Check(_, check) => {
            let title = card.map_or(item.rule, |card| card.title.get(lang)).to_owned();
            let why = check.reason.as_ref().map_or_else(|| say(&labels::verdict(check.verdict)), say);
            (title, why, card.filter(|_| !item.open).map(|card| card.fix.get(lang).to_owned()))
        }
        Source::InStep(scenario, _, finding) => (
            format!("{} · {}", scenario.name.get(lang), scenario.id),
            std::iter::once(say(&finding.message)).chain(plain::evidence(finding, lang)).collect::<Vec<_>>().join("\n"),
            finding.fix.as_ref().map(say),
        ),
        Source::Scenario(scenario) => {
            let verdict = if item.open { Verdict::Inconclusive } else { Verdict::Fail };
            let why = scenario_reason(scenario).cloned().unwrap_or_else(|| labels::verdict(verdict));
            (format!("{} · {}", scenario.name.get(lang), scenario.id), say(&why), None)
        }
        Source::Gate(gate) => {
            let fix = gate.findings.first().and_then(|finding| finding.fix.as_ref());
            (gate.id.clone(), say(&gate.message), fix.map(say))
        }
        Source::Drift(entry) => of_drift(entry, lang),
        Source::DriftLeftOut(drift) => {
            let message = Message::new("report.drift-more").with("n", drift.left_out);
            (say(&Message::new("report.drift")), say(&message), None)
        }
    };
    let block = |text: &str| cut(&clean::block(text), MOST_MESSAGE);
    Entry {
        item,
        known,
        title: cut(&clean::line(&title), 200),
        message: block(&message),
        fix: fix.map(|fix| block(&fix)),
    }
}
