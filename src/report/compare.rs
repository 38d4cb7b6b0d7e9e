//! What changed between two records: findings that are new, mended or still there, and questions that were answered.
//!
//! Responsible for matching findings of two runs by their stable identity. A finding that is gone counts as mended
//! only when what it was about was looked at again; it never changes a verdict.

use std::collections::{HashMap, HashSet};

use super::outline::{Open, Outline, Spot, Subject};
use crate::run::{ContractRecord, RunRecord, Severity, ShopRecord, Verdict};

/// A finding of the earlier run that the later one does not have.
pub struct Gone<'p> {
    /// Weight it had.
    pub severity: Severity,
    /// What it was about.
    pub subject: &'p Subject<'p>,
    /// Where it was; `None` for what failed without a place.
    pub spot: Option<&'p Spot<'p>>,
    /// Whether the later run looked at the same thing again. If not, nobody knows that it was mended.
    pub judged: bool,
}

/// The differences of two runs.
#[derive(Default)]
pub struct Comparison<'p> {
    /// Anchors, in the later run's outline, of findings that the earlier run did not have.
    pub fresh: HashSet<String>,
    /// How many findings both runs have.
    pub unchanged: usize,
    /// What is gone, heaviest first.
    pub gone: Vec<Gone<'p>>,
    /// Open questions that the earlier run did not have.
    pub opened: usize,
    /// Open questions of the earlier run that have an answer now.
    pub answered: usize,
}

impl<'p> Comparison<'p> {
    /// Compares a record with an earlier one; the outlines are theirs.
    pub fn of(
        record: &RunRecord,
        outline: &Outline<'_>,
        earlier: &'p RunRecord,
        before: &'p Outline<'p>,
    ) -> Comparison<'p> {
        let (shops, shops_before) = (Shops::of(record), Shops::of(earlier));
        let mut known: HashMap<Key<'_>, Vec<Known<'p>>> = HashMap::new();
        let mut order = Vec::new();
        for group in &before.mend {
            for spot in each(&group.spots) {
                let key = Key::of(&group.subject, spot, &shops_before);
                order.push(key.clone());
                known.entry(key).or_default().push((&group.subject, group.severity, spot));
            }
        }
        let mut comparison = Comparison::default();
        for group in &outline.mend {
            for spot in each(&group.spots) {
                let matched = known.get_mut(&Key::of(&group.subject, spot, &shops)).and_then(Vec::pop);
                if matched.is_some() {
                    comparison.unchanged += 1;
                } else {
                    comparison.fresh.insert(spot.map_or(&group.anchor, |spot| &spot.anchor).clone());
                }
            }
        }
        for key in order {
            let Some((subject, severity, spot)) = known.get_mut(&key).and_then(Vec::pop) else { continue };
            if spot.is_some_and(|spot| tolerated(record, key.scope.as_deref(), &shops, &spot.finding.id)) {
                // It is still there; only nobody counts it.
                comparison.unchanged += 1;
                continue;
            }
            let judged = judged_again(record, earlier, subject, spot, key.scope.as_deref(), &shops);
            comparison.gone.push(Gone { severity, subject, spot, judged });
        }
        comparison.gone.sort_by_key(|gone| (gone.judged, gone.severity));
        let (open, open_before) = (questions(outline, &shops), questions(before, &shops_before));
        comparison.opened = open.difference(&open_before).count();
        comparison.answered = open_before.difference(&open).count();
        comparison
    }

    /// How many findings are gone and known to be mended.
    pub fn mended(&self) -> usize {
        self.gone.iter().filter(|gone| gone.judged).count()
    }
}

/// A finding of the earlier run: what it is about, its weight, and where it is.
type Known<'p> = (&'p Subject<'p>, Severity, Option<&'p Spot<'p>>);

/// The places of a group; once nothing for a group that failed without a place.
fn each<'o>(spots: &'o [Spot<'o>]) -> impl Iterator<Item = Option<&'o Spot<'o>>> {
    let none = spots.is_empty().then_some(None);
    spots.iter().map(Some).chain(none)
}

/// The identity of a finding over runs: where it belongs to, what it is about, and its own fingerprint.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key<'o> {
    scope: Option<String>,
    subject: &'o str,
    id: &'o str,
}

impl<'o> Key<'o> {
    fn of(subject: &'o Subject<'o>, spot: Option<&'o Spot<'o>>, shops: &Shops<'_>) -> Key<'o> {
        let scenario = spot.and_then(|spot| spot.step).map(|(scenario, _)| scenario.id.clone());
        let shop = spot.and_then(|spot| spot.shop).and_then(|url| shops.name_of(url));
        let subject = match subject {
            Subject::Rule { id, .. } | Subject::Noted(id) => *id,
            // A deviation stays the same whether it fails its scenario or is only noted.
            Subject::Scenario(scenario) => spot.map_or(scenario.id.as_str(), |spot| &spot.finding.rule),
            Subject::Gate(gate) => gate.id.as_str(),
        };
        Key { scope: scenario.or(shop), subject, id: spot.map_or("", |spot| &spot.finding.id) }
    }
}

/// Names of the shops of a record that stay the same when a shop moves to another port.
struct Shops<'r>(Vec<(String, &'r ShopRecord)>);

impl<'r> Shops<'r> {
    fn of(record: &'r RunRecord) -> Shops<'r> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let named = record.shops.iter().map(|shop| {
            let name = portless(&shop.url);
            let number = seen.entry(name.clone()).or_default();
            *number += 1;
            (format!("{name}#{number}"), shop)
        });
        Shops(named.collect())
    }

    fn name_of(&self, url: &str) -> Option<String> {
        self.0.iter().find(|(_, shop)| shop.url == url).map(|(name, _)| name.clone())
    }

    fn get(&self, name: &str) -> Option<&'r ShopRecord> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, shop)| *shop)
    }
}

/// An address without its port: `https://shop.example:8443/a` as `shop.example/a`.
fn portless(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(url) => format!("{}{}", url.host_str().unwrap_or_default(), url.path()),
        Err(_) => address.to_owned(),
    }
}

/// Whether the later run looked again at what a finding of the earlier one was about.
fn judged_again(
    record: &RunRecord,
    earlier: &RunRecord,
    subject: &Subject<'_>,
    spot: Option<&Spot<'_>>,
    scope: Option<&str>,
    shops: &Shops<'_>,
) -> bool {
    let answered = |verdict: Verdict| verdict != Verdict::Inconclusive;
    let contract = record.contract.as_ref();
    match (subject, spot.and_then(|spot| spot.step)) {
        (Subject::Gate(gate), _) => {
            contract.is_some_and(|contract| contract.gates.iter().any(|now| now.id == gate.id && answered(now.verdict)))
        }
        (_, Some((scenario, step))) => {
            ran(contract, &scenario.id, |now| now.steps.iter().any(|now| now.id == step.id && answered(now.verdict)))
        }
        (Subject::Scenario(scenario), None) => ran(contract, &scenario.id, |now| answered(now.verdict)),
        (Subject::Rule { id, .. } | Subject::Noted(id), None) => {
            let Some(shop) = scope.and_then(|scope| shops.get(scope)) else {
                // What failed without a place belongs to every shop; a shop that is gone was not looked at.
                return scope.is_none() && record.shops.iter().any(|shop| judged(shop, id));
            };
            let page = spot.and_then(|spot| spot.finding.place.url.as_deref());
            judged(shop, id) && page.is_none_or(|page| read_again(shop, earlier, page))
        }
    }
}

fn ran(contract: Option<&ContractRecord>, id: &str, held: impl Fn(&crate::run::ScenarioResult) -> bool) -> bool {
    contract.is_some_and(|contract| contract.scenarios.iter().any(|now| now.id == id && held(now)))
}

/// Whether a shop of the later run has a finding that is tolerated now.
fn tolerated(record: &RunRecord, scope: Option<&str>, shops: &Shops<'_>, id: &str) -> bool {
    let shop = scope.and_then(|scope| shops.get(scope));
    shop.is_some_and(|shop| {
        let mut checks = shop.checks.iter().flat_map(|check| &check.tolerated);
        checks.any(|one| one.finding.id == id)
    }) && record.tolerated().next().is_some()
}

fn judged(shop: &ShopRecord, rule: &str) -> bool {
    shop.checks.iter().any(|check| check.rule == rule && check.verdict != Verdict::Inconclusive)
}

/// Whether a page of the earlier run was read again. What was no page (a script, a host) goes with its shop.
fn read_again(shop: &ShopRecord, earlier: &RunRecord, page: &str) -> bool {
    let was_page = earlier.shops.iter().flat_map(|shop| &shop.pages).any(|known| known.url == page);
    let page = portless(page);
    !was_page || shop.pages.iter().any(|now| portless(&now.url) == page)
}

/// The open questions of an outline, so that two of them can be compared.
fn questions(outline: &Outline<'_>, shops: &Shops<'_>) -> HashSet<(u8, String)> {
    let key = |open: &Open<'_>| match open {
        Open::CutShort => (0, String::new()),
        Open::Check { shop, check, .. } => {
            (1, format!("{} {}", shops.name_of(&shop.url).unwrap_or_default(), check.rule))
        }
        Open::Scenario(scenario) => (2, scenario.id.clone()),
        Open::Gate(gate) => (3, gate.id.clone()),
        Open::Missing { .. } => (4, String::new()),
        Open::Problem(problem) => (5, problem.message.key.to_string()),
    };
    outline.open.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn counts(record: &RunRecord, earlier: &RunRecord) -> (usize, usize, usize, usize) {
        let (outline, before) = (Outline::of(record), Outline::of(earlier));
        let compared = Comparison::of(record, &outline, earlier, &before);
        (compared.fresh.len(), compared.unchanged, compared.mended(), compared.gone.len() - compared.mended())
    }

    #[test]
    fn the_same_run_changes_nothing_whatever_port_the_shop_has() {
        let record = sample::not_ready();
        let all = Outline::of(&record).mend.iter().map(|group| group.spots.len().max(1)).sum();
        assert_eq!(counts(&record, &record), (0, all, 0, 0));
        let mut moved = record.clone();
        moved.shops.iter_mut().for_each(|shop| shop.url = shop.url.replace(".example/", ".example:8443/"));
        assert_eq!(counts(&moved, &record), (0, all, 0, 0));
    }

    #[test]
    fn what_is_gone_is_mended_only_when_it_was_looked_at_again() {
        let earlier = sample::not_ready();
        let rule = |shop: &mut ShopRecord, verdict| {
            let check = shop.checks.iter_mut().find(|check| check.rule == "card-input-has-name").unwrap();
            (check.verdict, check.findings) = (verdict, Vec::new());
        };
        let mut record = earlier.clone();
        rule(&mut record.shops[1], Verdict::Pass);
        let (fresh, _, mended, unseen) = counts(&record, &earlier);
        assert_eq!((fresh, mended, unseen), (0, 3, 0));
        rule(&mut record.shops[1], Verdict::Inconclusive);
        assert_eq!(counts(&record, &earlier).2, 0, "an open question mends nothing");
        assert_eq!(counts(&record, &earlier).3, 3);
        // The way back: what was mended is new again.
        assert_eq!(counts(&earlier, &record).0, 3);
        let mut cut = earlier.clone();
        cut.shops.truncate(1);
        let (_, _, mended, unseen) = counts(&cut, &earlier);
        assert!(mended == 0 && unseen > 3, "{mended} {unseen}");
    }

    #[test]
    fn what_is_tolerated_now_is_not_mended() {
        let earlier = sample::not_ready();
        let mut record = earlier.clone();
        let check = record.shops[1].checks.iter_mut().find(|check| check.rule == "card-input-has-name").unwrap();
        check.verdict = Verdict::Pass;
        let terms = crate::run::Terms::default();
        check.tolerated =
            check.findings.drain(..).map(|finding| crate::run::Tolerated { finding, terms: terms.clone() }).collect();
        let all = Outline::of(&earlier).mend.iter().map(|group| group.spots.len().max(1)).sum();
        assert_eq!(counts(&record, &earlier), (0, all, 0, 0));
    }

    #[test]
    fn a_page_that_was_not_read_again_mends_nothing() {
        let earlier = sample::not_ready();
        let mut record = earlier.clone();
        let shop = &mut record.shops[1];
        let check = shop.checks.iter_mut().find(|check| check.rule == "card-input-has-name").unwrap();
        let page = check.findings[0].place.url.clone().unwrap();
        (check.verdict, check.findings) = (Verdict::Pass, Vec::new());
        assert!(shop.pages.iter().any(|known| known.url == page), "the sample's page is known");
        shop.pages.retain(|known| known.url != page);
        let (_, _, mended, unseen) = counts(&record, &earlier);
        assert_eq!((mended, unseen), (0, 3));
    }

    #[test]
    fn questions_are_opened_and_answered() {
        let (earlier, record) = (sample::not_ready(), sample::ready());
        let (outline, before) = (Outline::of(&record), Outline::of(&earlier));
        let compared = Comparison::of(&record, &outline, &earlier, &before);
        assert_eq!((compared.opened, compared.answered), (0, before.open.len().min(compared.answered)));
        assert!(compared.answered > 0);
        let back = Comparison::of(&earlier, &before, &record, &outline);
        assert_eq!((back.opened, back.answered), (compared.answered, 0));
    }
}
