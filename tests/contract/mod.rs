//! The contract side: scenarios on the embedded sandbox, and coverage of the catalogue.

mod baseline;
mod captured;
mod drift;
mod hostile_server;
mod real_target;
mod recording;
mod verdicts;

use std::collections::BTreeSet;
use std::path::Path;

use homologa::run::{CoverageState, Verdict};
use serde_json::Value;

use crate::support::{Ran, demo, homologa, homologa_with};

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

/// A folder with scenario files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const SEARCH: &str = "steps: [{ get: /v1/payments/search, expect: { status: 200 } }]\n";

/// A scenario that waits keeps no other back: what is finished is on the disk, and free hands take the next.
#[test]
fn a_result_is_written_when_it_is_there_and_reported_in_its_place() {
    let slow = "name: slow\nsteps: [{ wait: 2s }, { get: /v1/payments/search, expect: { status: 200 } }]\n";
    let quick = ["b", "c", "d", "e", "f"].map(|name| (format!("{name}.yaml"), format!("name: quick\n{SEARCH}")));
    let mut files = vec![("a.yaml", slow)];
    files.extend(quick.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let folder = folder(&files);
    let journal = folder.path().join("r.jsonl");
    let run = ["contract", "run", folder.path().to_str().unwrap(), "--target", "embedded", "--jobs", "2"];
    let ran = homologa(&[&["--format", "json"], &run[..], &["--journal", journal.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let finished = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        (event["event"] == "scenario-finished").then(|| event["id"].as_str().unwrap().to_owned())
    };
    let written: Vec<String> = std::fs::read_to_string(&journal).unwrap().lines().filter_map(finished).collect();
    assert_eq!((written.len(), written.last().map(String::as_str)), (6, Some("a@MLA")), "{written:?}");
    let json = ran.json();
    let scenarios = json["contract"]["scenarios"].as_array().unwrap();
    let ids: Vec<&str> = scenarios.iter().map(|scenario| scenario["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a@MLA", "b@MLA", "c@MLA", "d@MLA", "e@MLA", "f@MLA"]);
    let late = scenarios.iter().skip(1).filter(|one| one["started_ms"].as_u64().unwrap() > 1_500).count();
    assert_eq!(late, 0, "one of two hands was free all the time");
}

#[test]
fn a_dry_run_shows_requests_and_sends_none() {
    let ran = homologa(&["--format", "json", "contract", "run", "--dry-run", "--seed", "7"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let json = ran.json();
    let requests = json["scenarios"].as_array().unwrap().iter().flat_map(|each| each["steps"].as_array().unwrap());
    assert!(requests.filter(|step| step["request"]["url"].is_string()).count() > 200);
    assert!(ran.stdout.contains("${token}"));
    let text = homologa(&["contract", "run", "--dry-run", "--tag", "declined,!older"]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(text.stdout.contains("POST http://127.0.0.1/v1/payments\n"), "{}", text.stdout);
    assert!(text.stdout.contains("nothing was sent"));
}

#[test]
fn a_dry_run_says_what_it_cannot_judge_and_refuses_what_a_run_refuses() {
    let rows = "rows: [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }, { n: 6 }]\n";
    let scenarios = folder(&[("x.yaml", &format!("name: x\n{rows}{SEARCH}"))]);
    let at = |name: &str| scenarios.path().join(name).to_str().unwrap().to_owned();
    let path = scenarios.path().to_str().unwrap();
    let dry = |more: &[&str]| homologa(&[&["contract", "run", path, "--dry-run", "--seed", "7"], more].concat());
    let plain = dry(&[]);
    assert_eq!((plain.code, plain.stderr.as_str()), (0, ""), "{}", plain.all());
    // One line tells all of it; what is shown is the same, and nothing is written.
    let (html, journal) = (format!("html={}", at("r.html")), at("r.jsonl"));
    let more =
        ["--profile", "ci", "--fail-on", "warning", "--min-coverage", "90", "--report", &html, "--journal", &journal];
    let told = dry(&more);
    assert_eq!((told.code, &told.stdout), (0, &plain.stdout), "{}", told.all());
    assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
    assert!(told.stderr.contains("--profile ci, --fail-on, --min-coverage, --report, --journal"), "{}", told.stderr);
    assert!(!Path::new(&at("r.html")).exists() && !Path::new(&journal).exists());
    // Words that a run would refuse.
    for (more, word) in [
        (&["--profile", "cy"][..], "cy"),
        (&["--fail-on", "waning"], "waning"),
        (&["--regression", "missing.json"], "missing.json"),
        (&["--report", "htlm=x"], "htlm"),
        (&["--shard", "5/4"], "5/4"),
    ] {
        let ran = dry(more);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.all());
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
    // A part shows what falls to it; the parts together are the whole.
    let ids = |ran: &Ran| -> Vec<String> {
        let json = ran.json();
        json["scenarios"].as_array().unwrap().iter().map(|each| each["id"].as_str().unwrap().to_owned()).collect()
    };
    let whole = ids(&dry(&["--format", "json"]));
    let parts = ["1/3", "2/3", "3/3"].map(|shard| ids(&dry(&["--format", "json", "--shard", shard])));
    let mut joined = parts.concat();
    joined.sort();
    assert_eq!((whole.len(), &joined), (6, &whole));
    assert!(parts.iter().all(|part| part.len() < 6), "{parts:?}");
}

/// Where builds are reproducible, that variable is set to a time long past. `now` stands still then, so that requests
/// repeat, while the time of the sandbox goes on: what expires within seconds may have expired on a slow machine.
#[test]
fn the_sandbox_goes_by_the_time_that_scenarios_are_given() {
    for epoch in ["1795000000", "1700000000"] {
        let environment = [("SOURCE_DATE_EPOCH", epoch)];
        let arguments = ["--format", "json", "contract", "run", "--target", "embedded"];
        let ran = homologa_with(Path::new("."), &environment, &arguments);
        let json = ran.json();
        let scenarios = json["contract"]["scenarios"].as_array().unwrap();
        assert!(scenarios.len() > 400, "{}", scenarios.len());
        let broken: Vec<&Value> =
            scenarios.iter().filter(|one| one["verdict"] != "pass").map(|one| &one["id"]).collect();
        assert!(broken.iter().all(|id| *id == "lifecycle/expiry@MLA"), "{epoch}: {broken:?}");
    }
}

#[test]
fn too_little_coverage_is_not_ready() {
    let scenarios = folder(&[("x.yaml", &format!("name: x\n{SEARCH}"))]);
    let path = scenarios.path().to_str().unwrap();
    for (arguments, code) in [
        (&["contract", "run", path, "--min-coverage", "0"][..], 0),
        (&["contract", "run", path, "--min-coverage", "1"], 1),
        (&["contract", "run", path, "--min-pairs", "1"], 1),
        (&["contract", "coverage", path, "--min-coverage", "1"], 1),
        (&["contract", "coverage", path, "--min-coverage", "0", "--min-pairs", "0"], 0),
        (&["contract", "coverage", path, "--min-coverage", "101"], 2),
    ] {
        let ran = homologa(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.all());
        assert_eq!(ran.stdout.contains("are required"), code == 1, "{}", ran.all());
    }
}

/// A gate is part of the verdict: whoever reads one report only learns of it too.
#[test]
fn every_report_tells_of_a_gate_that_is_not_reached() {
    let scenarios = folder(&[("x.yaml", &format!("name: x\n{SEARCH}"))]);
    let path = |name: &str| scenarios.path().join(name).to_str().unwrap().to_owned();
    let reports: Vec<String> =
        ["html", "json", "junit", "sarif"].iter().map(|it| format!("{it}={}", path(it))).collect();
    let mut arguments = vec!["--lang", "es", "contract", "run", scenarios.path().to_str().unwrap()];
    arguments.extend(["--min-pairs", "50", "--min-coverage", "0"]);
    reports.iter().for_each(|report| arguments.extend(["--report", report]));
    let ran = homologa(&arguments);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stdout.starts_with("✗ "), "{}", ran.stdout);
    assert!(ran.stdout.contains("✗ min-pairs: ") && ran.stdout.contains("0,0 %"), "{}", ran.stdout);
    assert!(ran.stdout.contains("✓ min-coverage: "), "{}", ran.stdout);
    let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(json["verdict"], "not-ready");
    assert_eq!(json["contract"]["gates"][1]["id"], "min-pairs");
    assert_eq!(json["contract"]["gates"][1]["verdict"], "fail");
    let sarif: Value = serde_json::from_str(&read("sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "min-pairs");
    assert!(sarif["runs"][0]["results"][0]["ruleIndex"].is_u64());
    let junit = read("junit");
    assert!(junit.contains("failures=\"1\"") && junit.contains("<failure message=\"se observó el 0,0 %"), "{junit}");
    assert!(read("html").contains("<code>min-pairs</code>"));
    let explained = homologa(&["explain", "min-pairs"]);
    assert_eq!(explained.code, 0, "{}", explained.all());
}

/// What a documented request or a test card can reach, a built-in scenario reaches; the rest says why it cannot be.
#[test]
fn every_status_pair_within_reach_is_shown_and_the_others_say_why() {
    let coverage = demo().record().contract.unwrap().coverage.unwrap();
    let (seen, within) = coverage.pairs_seen();
    assert!(seen == within && seen >= 22, "{seen} of {within}");
    for pair in &coverage.pairs {
        assert_eq!(pair.why.is_some(), pair.state != CoverageState::Observed, "{pair:?}");
        assert!(pair.how.is_some(), "{pair:?}");
    }
}

#[test]
fn the_table_of_coverage_says_why_something_was_not_seen() {
    let ran = homologa(&["contract", "coverage", "--tag", "declined,!older", "--site", "MLA"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let table = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "rejected cc_rejected_blacklist seen",
        "cancelled by_payer out of reach cannot be provoked from outside The buyer does it",
        "400 1 not tried · Params Error.",
        "left out of this run by tags, site, target, skip or only: errors/unreadable-body tries it",
    ] {
        assert!(table.contains(words), "{words}: {}", ran.stdout);
    }
}

#[test]
fn only_and_skip_are_told_and_rows_come_from_csv() {
    let scenarios = folder(&[
        ("a.yaml", &format!("name: a\nonly: I work on it\nrows: {{ csv: t.csv }}\n{SEARCH}")),
        ("b.yaml", &format!("name: b\n{SEARCH}")),
        ("c.yaml", &format!("name: c\nskip: broken upstream\n{SEARCH}")),
        ("t.csv", "id;n\nfirst;1\nsecond;2\n"),
    ]);
    let path = scenarios.path().to_str().unwrap();
    let ran = homologa(&["--format", "json", "contract", "run", path]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let json = ran.json();
    let ids: Vec<&str> =
        json["contract"]["scenarios"].as_array().unwrap().iter().map(|each| each["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a[first]@MLA", "a[second]@MLA"]);
    for told in ["I work on it", "broken upstream", "left out because of `only`: b"] {
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    std::fs::write(scenarios.path().join("t.csv"), "id;n\nfirst;1\nsecond\n").unwrap();
    let ran = homologa(&["contract", "check", path]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("t.csv:3"), "{}", ran.stderr);
}

#[test]
fn what_is_left_out_is_skipped_in_its_own_suite_and_a_drift_run_names_what_failed() {
    let folder = folder(&[
        ("a.yaml", &format!("name: a\n{SEARCH}")),
        ("b.yaml", &format!("name: b\nskip: not yet\n{SEARCH}")),
        ("c.yaml", &format!("name: c\ntargets: url\n{SEARCH}")),
        ("d.yaml", "name: d\nsteps: [{ get: /v1/payments/search, expect: { status: 201 } }]\n"),
    ]);
    let path = folder.path().to_str().unwrap();
    let report = folder.path().join("junit.xml");
    let (page, notes) = (folder.path().join("report.html"), folder.path().join("report.md"));
    let reports = format!("junit={},html={},markdown={}", report.display(), page.display(), notes.display());
    let ran = homologa(&["contract", "run", path, "--report", &reports]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    for text in [ran.stdout, std::fs::read_to_string(page).unwrap(), std::fs::read_to_string(notes).unwrap()] {
        assert!(text.contains("1 of 2 scenarios hold · 1 do not · 0 unanswered · 2 skipped"), "{text}");
    }
    let xml = std::fs::read_to_string(report).unwrap();
    assert!(xml.contains(r#"tests="4" failures="1" errors="0" skipped="2""#), "{xml}");
    assert!(xml.contains(r#"<skipped message="skipped: not yet""#), "{xml}");
    assert_eq!(xml.matches("<testcase ").count(), 4, "{xml}");
    let ran = homologa(&["contract", "drift", path]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("1 scenario did not meet expectations: d@MLA"), "{}", ran.stderr);
}

#[test]
fn a_scenario_of_which_nothing_is_looked_at_does_not_hold() {
    let elsewhere = "name: a\nsteps: [{ get: /nothing, targets: url, expect: { status: 418 } }]\n";
    let folder = folder(&[("a.yaml", elsewhere)]);
    let path = folder.path().to_str().unwrap();
    let ran = homologa(&["contract", "run", path, "--target", "embedded"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.all().contains("another kind of target: a"), "{}", ran.all());
    // Beside one that is looked at it counts as left out, everywhere.
    std::fs::write(folder.path().join("b.yaml"), format!("name: b\n{SEARCH}")).unwrap();
    let report = folder.path().join("junit.xml");
    let ran = homologa(&["contract", "run", path, "--report", &format!("junit={}", report.display())]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("1 of 1 scenarios hold · 0 do not · 0 unanswered · 1 skipped"), "{}", ran.stdout);
    let xml = std::fs::read_to_string(report).unwrap();
    assert!(xml.contains(r#"tests="2" failures="0" errors="0" skipped="1""#), "{xml}");
    let ran = homologa(&["--format", "json", "contract", "run", path]);
    let contract = &ran.json()["contract"];
    assert_eq!(contract["planned"], 1);
    assert_eq!(contract["skipped"][0]["reason"]["key"], "contract.no-step-for-kind");
    // Waiting sends nothing: refused before a run.
    std::fs::write(folder.path().join("a.yaml"), "name: a\nsteps: [{ wait: 1ms }]\n").unwrap();
    let ran = homologa(&["contract", "check", path]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("a.yaml:2:9"), "{}", ran.stderr);
}

#[test]
fn what_would_run_under_one_name_is_told_and_runs_once() {
    let folder = folder(&[
        ("pay.yaml", &format!("name: a\n{SEARCH}")),
        ("pay.yml", &format!("name: b\n{SEARCH}")),
        ("twice.yaml", &format!("name: c\nsites: [MLA, MLA]\n{SEARCH}")),
    ]);
    let path = folder.path().to_str().unwrap();
    let ran = homologa(&["contract", "check", path]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    for part in ["pay.yml", "pay.yaml does", "twice.yaml:2:14", "at 2:9"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    let ran = homologa(&["--format", "json", "contract", "run", path]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    let record = ran.json();
    let ids: Vec<&str> =
        record["contract"]["scenarios"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["pay@MLA"]);
}
