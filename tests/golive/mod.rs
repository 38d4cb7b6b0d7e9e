//! The go-live side: the two demo shops are judged exactly as the ground truth says, no more and no less.

mod accepted;
mod browser;
mod hostile;
mod npm;
mod rendered;
mod saved;

use std::collections::{BTreeMap, BTreeSet};

use homologa::run::{Finding, ShopRecord};
use serde::Deserialize;

use crate::support::demo;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Truth {
    run: String,
    verdicts: BTreeMap<String, String>,
    findings: Vec<Seeded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seeded {
    rule: String,
    path: String,
    #[serde(default)]
    selector: Option<String>,
    #[expect(dead_code, reason = "for readers of the file")]
    note: String,
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// Rule, path and selector of a finding.
fn place(finding: &Finding) -> (String, String, Option<String>) {
    let url = finding.place.url.as_deref().unwrap_or_default();
    let path = url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned());
    (finding.rule.clone(), path, finding.place.selector.clone())
}

fn compare(name: &str, shop: &ShopRecord, truth: &Truth) {
    assert_eq!(word(&shop.verdict), truth.run, "{name}");
    let verdicts: BTreeMap<String, String> =
        shop.checks.iter().map(|check| (check.rule.clone(), word(&check.verdict))).collect();
    assert_eq!(verdicts, truth.verdicts, "{name}");
    let found: Vec<_> = shop.checks.iter().flat_map(|check| &check.findings).map(place).collect();
    let found_set: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(found.len(), found_set.len(), "{name}: a finding is told twice: {found:#?}");
    let seeded = truth.findings.iter().map(|one| (one.rule.clone(), one.path.clone(), one.selector.clone()));
    let seeded: BTreeSet<_> = seeded.collect();
    let missed: Vec<_> = seeded.difference(&found_set).collect();
    let invented: Vec<_> = found_set.difference(&seeded).collect();
    assert!(missed.is_empty() && invented.is_empty(), "{name}: missed {missed:#?}, invented {invented:#?}");
}

#[test]
fn the_demo_shops_are_judged_exactly() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golive/ground_truth.yaml")).unwrap();
    let truths: BTreeMap<String, Truth> = serde_yaml::from_str(&text).unwrap();
    let record = demo().record();
    compare("ready", &record.shops[0], &truths["ready"]);
    compare("broken", &record.shops[1], &truths["broken"]);
    assert!(truths["broken"].findings.iter().map(|one| &one.rule).collect::<BTreeSet<_>>().len() >= 12);
}

#[test]
fn every_finding_has_evidence_or_a_place_and_its_rule_says_how_to_mend_it() {
    let record = demo().record();
    for finding in record.shops.iter().flat_map(|shop| &shop.checks).flat_map(|check| &check.findings) {
        assert!(!finding.evidence.is_empty() || finding.place.url.is_some(), "{finding:#?}");
        let rule = record.rules.iter().find(|rule| rule.id == finding.rule).unwrap();
        assert!(!rule.fix.es.is_empty() && !rule.why.pt.is_empty());
    }
}
