//! The gate from outside: what makes a run fail, what does not, and what every report says of it.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, demo, homologa_in};

const GOOD: &str = "name: A payment is approved\nsteps:\n  - id: token\n    post: /v1/card_tokens\n    card: { brand: visa, holder: APRO }\n    expect: { status: 201 }\n";
const BAD: &str = "name: A token is refused\nsteps:\n  - id: token\n    post: /v1/card_tokens\n    card: { brand: visa, holder: APRO }\n    expect: { status: 400 }\n";

fn scenarios(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("scenarios")).unwrap();
    write(folder.path(), files);
    folder
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        std::fs::write(folder.join("scenarios").join(name), text).unwrap();
    }
}

fn run(folder: &Path, more: &[&str]) -> Ran {
    let mut all = vec!["contract", "run", "scenarios", "--seed", "7"];
    all.extend(more);
    homologa_in(folder, &all)
}

#[test]
fn a_run_fails_on_what_was_asked_for() {
    let record = demo().file("report.json");
    let folder = TempDir::new().unwrap();
    let code = |words: &str| {
        let ran = homologa_in(folder.path(), &["report", record.to_str().unwrap(), "--fail-on", words]);
        (ran.code, ran.stdout)
    };
    // The contract of the demo holds, one of its shops does not.
    assert_eq!(code("blocker").0, 1);
    assert_eq!(code("golive").0, 1);
    assert_eq!(code("contract:blocker").0, 0);
    assert_eq!(code("drift:notable").0, 0);
    assert_eq!(code("none").0, 0);
    let (failed, told) = code("golive:warning,inconclusive");
    assert_eq!(failed, 1);
    assert!(told.contains("The gate stops the run: golive:warning × "), "{told}");
    // A gate that lets it pass makes the shop no better.
    let (_, told) = code("contract:blocker");
    assert!(
        told.starts_with("✗ Not ready") && told.contains("✓ The gate lets the run pass (contract:blocker)"),
        "{told}"
    );
}

#[test]
fn a_word_that_is_none_is_a_mistake() {
    let folder = scenarios(&[("good.yaml", GOOD)]);
    let ran = run(folder.path(), &["--fail-on", "blockers"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("\"blockers\"") && ran.stderr.contains("blocker"), "{}", ran.stderr);
    assert_eq!(run(folder.path(), &["--fail-on", "none,blocker"]).code, 2);
    let ran = run(folder.path(), &["--regression", "nowhere.json"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("nowhere.json") && ran.stderr.contains("--output"), "{}", ran.stderr);
}

#[test]
fn only_what_is_new_against_an_earlier_run_counts() {
    let folder = scenarios(&[("good.yaml", GOOD), ("bad.yaml", BAD)]);
    let first = run(folder.path(), &["--output", "before"]);
    assert_eq!(first.code, 1, "{}", first.all());
    let again = run(folder.path(), &["--regression", "before", "--output", "again"]);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(again.stdout.starts_with("✗ Not ready"), "{}", again.stdout);
    assert!(again.stdout.contains("0 new, 1 known, 0 no longer seen"), "{}", again.stdout);
    // One mended, another one broken: they do not cancel out.
    write(folder.path(), &[("bad.yaml", &BAD.replace("400", "201")), ("good.yaml", &GOOD.replace("201", "404"))]);
    let swapped = run(folder.path(), &["--regression", "before/report.json", "--report", "json=swapped.json"]);
    assert_eq!(swapped.code, 1, "{}", swapped.all());
    let told = swapped.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("1 new, 0 known, 1 no longer seen"), "{told}");
    let record: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("swapped.json")).unwrap()).unwrap();
    assert_eq!(record["policy"]["verdict"], "not-ready");
    assert_eq!(record["policy"]["regression"]["new"], 1);
    // The record says it again, and another gate can be asked of it.
    let told = homologa_in(folder.path(), &["report", "swapped.json"]);
    assert_eq!((told.code, told.stdout.contains("1 new,")), (1, true), "{}", told.all());
    let other = homologa_in(folder.path(), &["report", "swapped.json", "--fail-on", "none"]);
    assert_eq!(other.code, 0, "{}", other.all());
}

#[test]
fn a_target_that_does_not_answer_passes_no_gate() {
    let folder = scenarios(&[("good.yaml", GOOD)]);
    std::fs::write(
        folder.path().join("homologa.yaml"),
        format!(
            "contract: {{ target: 'http://127.0.0.1:{}', scenarios: scenarios, preflight: false, timeout: 2 }}\n",
            crate::support::closed_port()
        ),
    )
    .unwrap();
    let environment =
        [("MERCADOPAGO_ACCESS_TOKEN", "TEST-1234567890123456-112233-abcdefabcdefabcdefabcdefabcdef12-99999")];
    for more in [&["--fail-on", "none"][..], &["--profile", "local"]] {
        let mut all = vec!["check"];
        all.extend(more);
        let ran = crate::support::homologa_with(folder.path(), &environment, &all);
        assert_eq!(ran.code, 3, "{}", ran.all());
        assert!(ran.stdout.contains("Too little could be looked at"), "{}", ran.stdout);
    }
}

#[test]
fn profiles_come_from_the_configuration_and_the_command_line_wins() {
    let folder = scenarios(&[("bad.yaml", BAD)]);
    std::fs::write(folder.path().join("page.html"), "<!doctype html><html lang=en><title>Pay</title><p>Nothing")
        .unwrap();
    let config = "contract: { scenarios: scenarios }\ngolive: { saved: [page.html] }\n\
        profiles:\n  loose: { fail-on: [drift:breaking], reports: { tap: r.tap } }\n  ci: { min-coverage: 90 }\n";
    std::fs::write(folder.path().join("homologa.yaml"), config).unwrap();
    let loose = homologa_in(folder.path(), &["check", "--profile", "loose"]);
    assert_eq!(loose.code, 0, "{}", loose.all());
    let tap = std::fs::read_to_string(folder.path().join("r.tap")).unwrap();
    assert!(tap.contains("# The gate lets the run pass (loose: drift:breaking)"), "{tap}");
    let stricter = homologa_in(folder.path(), &["check", "--profile", "loose", "--fail-on", "blocker"]);
    assert_eq!(stricter.code, 1, "{}", stricter.all());
    let ci = homologa_in(folder.path(), &["check", "--profile", "ci"]);
    assert!(ci.stdout.contains("min-coverage"), "{}", ci.all());
    let unknown = homologa_in(folder.path(), &["check", "--profile", "lose"]);
    assert_eq!((unknown.code, unknown.stderr.contains("loose")), (2, true), "{}", unknown.all());
    std::fs::write(folder.path().join("homologa.yaml"), config.replace("drift:breaking", "drift:blocker")).unwrap();
    let wrong = homologa_in(folder.path(), &["check"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("homologa.yaml:4:"), "{}", wrong.stderr);
}

#[test]
fn every_command_with_a_gate_obeys_a_profile() {
    let folder = scenarios(&[("bad.yaml", BAD)]);
    let path = folder.path();
    std::fs::write(path.join("page.html"), "<!doctype html><html lang=en><title>Pay</title><p>Nothing").unwrap();
    // Without a configuration there are the built-in ones.
    assert_eq!(run(path, &["--profile", "ci", "--output", "out"]).code, 1);
    let nowhere = run(path, &["--profile", "loose"]);
    assert_eq!((nowhere.code, nowhere.stderr.contains("homologa.yaml")), (2, true), "{}", nowhere.all());
    let config = "contract: { scenarios: scenarios }\nprofiles:\n\
        \x20 loose: { fail-on: [drift:breaking], reports: { tap: r.tap } }\n\
        \x20 measured: { fail-on: [drift:breaking], min-coverage: 90 }\n\
        \x20 counted: { fail-on: [blocker], min-coverage: 90 }\n";
    std::fs::write(path.join("homologa.yaml"), config).unwrap();
    let words = "The gate lets the run pass (loose: drift:breaking)";
    // A run and a stored record; each writes the reports of the profile, unless the command line names its own.
    let ran = run(path, &["--profile", "loose", "--output", "out"]);
    assert_eq!((ran.code, ran.stdout.contains(words)), (0, true), "{}", ran.all());
    let tap = || std::fs::read_to_string(path.join("r.tap")).is_ok_and(|tap| tap.contains(words));
    assert!(tap() && path.join("out/report.html").exists());
    std::fs::remove_file(path.join("r.tap")).unwrap();
    let again = homologa_in(path, &["report", "out", "--profile", "loose"]);
    assert_eq!((again.code, tap()), (0, true), "{}", again.all());
    std::fs::remove_file(path.join("r.tap")).unwrap();
    let own = homologa_in(path, &["report", "out", "--profile", "loose", "--report", "markdown=r.md"]);
    assert_eq!((own.code, tap(), path.join("r.md").exists()), (0, false, true), "{}", own.all());
    // What the command line says wins.
    assert_eq!(run(path, &["--profile", "loose", "--fail-on", "blocker"]).code, 1);
    assert_eq!(homologa_in(path, &["report", "out", "--profile", "loose", "--fail-on", "blocker"]).code, 1);
    // Minimums: judged where there is a contract side, said where there is none.
    for all in [&["contract", "run", "scenarios", "--seed", "7"][..], &["report", "out"]] {
        let ran = homologa_in(path, &[all, &["--profile", "counted", "--format", "json"]].concat());
        assert_eq!((ran.code, &ran.json()["contract"]["gates"][0]["least"]), (1, &Value::from(90)), "{}", ran.all());
    }
    let lower = run(path, &["--profile", "measured", "--min-coverage", "0", "--format", "json"]);
    assert_eq!((lower.code, &lower.json()["contract"]["gates"][0]["least"]), (0, &Value::from(0)), "{}", lower.all());
    let shop = homologa_in(path, &["golive", "page.html", "--profile", "measured", "--output", "shop"]);
    assert!(shop.stdout.contains("(measured: drift:breaking)"), "{}", shop.all());
    assert!(shop.stderr.contains("\"measured\"") && shop.stderr.contains("not judged"), "{}", shop.stderr);
    // Another file; and a profile's file without a profile is a mistake.
    std::fs::create_dir(path.join("ci")).unwrap();
    std::fs::rename(path.join("homologa.yaml"), path.join("ci/homologa.yaml")).unwrap();
    assert_eq!(run(path, &["--profile", "loose", "--config", "ci/homologa.yaml"]).code, 0);
    assert_eq!(run(path, &["--config", "ci/homologa.yaml"]).code, 2);
    assert_eq!(run(path, &["--profile", "loose", "--config", "nowhere.yaml"]).code, 2);
}

#[test]
fn joined_parts_obey_a_profile() {
    let folder = scenarios(&[("bad.yaml", BAD), ("good.yaml", GOOD)]);
    let path = folder.path();
    std::fs::write(path.join("homologa.yaml"), "contract:\nprofiles: { loose: { fail-on: [none], min-pairs: 99 } }\n")
        .unwrap();
    for part in ["1", "2"] {
        run(path, &["--shard", &format!("{part}/2"), "--output", part]);
    }
    assert_eq!(homologa_in(path, &["report", "merge", "all", "1", "2"]).code, 1);
    let loose = homologa_in(path, &["report", "merge", "all", "1", "2", "--profile", "loose", "--format", "json"]);
    let record = loose.json();
    assert_eq!((loose.code, &record["policy"]["profile"]), (0, &Value::from("loose")), "{}", loose.stderr);
    assert_eq!(record["contract"]["gates"][0]["verdict"], "fail");
}

#[test]
fn help_tells_of_profiles_in_three_languages() {
    let folder = TempDir::new().unwrap();
    for command in [&["check"][..], &["contract", "run"], &["golive"], &["report"], &["report", "merge"]] {
        for (lang, word) in [("es", "Perfil:"), ("pt", "Perfil:"), ("en", "Profile:")] {
            let ran = homologa_in(folder.path(), &[&["--lang", lang], command, &["--help"]].concat());
            let told = ran.stdout.lines().skip_while(|line| !line.contains("--profile <NAME>")).take(2);
            assert!(told.clone().any(|line| line.contains(word)), "{}", ran.all());
        }
    }
}

#[test]
fn every_report_says_what_made_the_gate_fail() {
    let folder = TempDir::new().unwrap();
    let record = demo().file("report.json");
    let reports = "json=r.json,junit=r.xml,sarif=r.sarif,markdown=r.md,github=r.txt,tap=r.tap,html=r.html";
    let arguments = ["report", record.to_str().unwrap(), "--fail-on", "golive:warning", "--report", reports];
    let ran = homologa_in(folder.path(), &arguments);
    assert_eq!(ran.code, 1, "{}", ran.all());
    for (file, what) in [
        ("r.json", "\"criterion\": \"golive:warning\""),
        ("r.xml", "The gate stops the run: golive:warning"),
        ("r.sarif", "The gate stops the run: golive:warning"),
        ("r.md", "✗ The gate stops the run: golive:warning"),
        ("r.txt", "The gate stops the run: golive:warning"),
        ("r.tap", "# The gate stops the run: golive:warning"),
        ("r.html", "The gate stops the run: golive:warning"),
    ] {
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(text.contains(what), "{file} does not say it");
    }
}

#[test]
fn a_report_on_standard_output_is_alone_there() {
    let folder = scenarios(&[("bad.yaml", BAD)]);
    let ran = run(folder.path(), &["--report", "github=-"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stdout.lines().all(|line| line.starts_with("::")), "{}", ran.stdout);
    assert!(ran.stderr.contains("✗ Not ready"), "{}", ran.stderr);
    let twice = run(folder.path(), &["--report", "github=-,tap=-"]);
    assert_eq!(twice.code, 2, "{}", twice.all());
}

#[test]
fn quiet_is_the_verdict_alone_and_verbose_is_everything() {
    let folder = scenarios(&[("bad.yaml", BAD), ("good.yaml", GOOD)]);
    let quiet = run(folder.path(), &["--quiet"]);
    assert!(quiet.stdout.starts_with("✗ Not ready") && quiet.stdout.lines().count() <= 6, "{}", quiet.stdout);
    assert_eq!((quiet.stderr.as_str(), quiet.code), ("", 1));
    let verbose = run(folder.path(), &["--verbose"]);
    for id in ["good@MLA", "bad@MLA"] {
        assert!(verbose.stderr.contains(id), "{}", verbose.stderr);
    }
    assert!(!run(folder.path(), &[]).stderr.contains("good@MLA"));
    assert_eq!(run(folder.path(), &["--quiet", "--verbose"]).code, 2);
}
