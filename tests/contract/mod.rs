//! The contract side: scenarios on the embedded sandbox, and coverage of the catalogue.

use std::collections::BTreeSet;
use std::path::Path;

use homologa::run::{CoverageState, Verdict};
use serde_json::Value;

use crate::support::{demo, homologa};

/// The codes of the catalogue files, read without the program.
fn catalogue_ids() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/catalogue/payments");
    let mut ids = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let yaml: Value = serde_yaml::from_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()).unwrap();
        ids.extend(yaml["errors"].as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap().to_owned()));
    }
    ids
}

#[test]
fn coverage_lists_all_ninety_codes_with_their_state() {
    let ran = homologa(&["--format", "json", "contract", "coverage"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let coverage = ran.json();
    let listed: BTreeSet<String> =
        coverage["codes"].as_array().unwrap().iter().map(|code| code["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, catalogue_ids());
    assert_eq!(listed.len(), 90);
    for code in coverage["codes"].as_array().unwrap() {
        assert!(code["state"].is_string(), "{code}");
        let seen = code["state"] == "observed" || code["state"] == "injected";
        assert_eq!(seen, !code["scenarios"].as_array().is_none_or(Vec::is_empty), "{code}");
    }
}

#[test]
fn every_built_in_scenario_meets_its_expectations() {
    let contract = demo().record().contract.unwrap();
    assert_eq!(contract.scenarios.len(), contract.planned);
    for scenario in &contract.scenarios {
        assert_eq!(scenario.verdict, Verdict::Pass, "{scenario:#?}");
    }
}

/// At least thirty codes are provoked by a request of a client and not by fault injection.
#[test]
fn most_codes_are_provoked_by_a_client() {
    let coverage = demo().record().contract.unwrap().coverage.unwrap();
    assert!(coverage.count(CoverageState::Observed) >= 60, "{}", coverage.count(CoverageState::Observed));
    assert_eq!(coverage.count(CoverageState::NeverRun), 0);
}

/// Every documented cardholder name leads to its status on at least two sites.
#[test]
fn every_cardholder_name_is_exercised_on_two_sites() {
    let contract = demo().record().contract.unwrap();
    for holder in homologa::specs::cards::holders() {
        let sites: BTreeSet<&str> = contract
            .scenarios
            .iter()
            .filter(|scenario| scenario.id.contains(&holder.code) && scenario.verdict == Verdict::Pass)
            .map(|scenario| scenario.site.as_str())
            .collect();
        assert!(sites.len() >= 2, "{}: {sites:?}", holder.code);
    }
}

#[test]
fn a_seed_repeats_the_run() {
    let run = |seed: &str| {
        let ran = homologa(&["--format", "json", "contract", "run", "--tag", "declined", "--seed", seed]);
        let record = ran.json();
        let bodies = record["contract"]["scenarios"].as_array().unwrap().iter().flat_map(|scenario| {
            scenario["steps"]
                .as_array()
                .unwrap()
                .iter()
                .map(|step| step["exchange"]["request_body"].clone())
                .collect::<Vec<_>>()
        });
        bodies.collect::<Vec<Value>>()
    };
    let (one, two) = (run("1"), run("1"));
    assert!(!one.is_empty());
    assert!(one == two, "two runs with one seed sent different bodies");
    assert!(one != run("2"), "another seed sends the same bodies");
}
