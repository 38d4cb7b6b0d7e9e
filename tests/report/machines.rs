//! The reports for machines against what their readers demand: official schemas where there are some, else what is
//! documented, read by a reader written for the test. Hostile material stands in every record but that of the demo.
//!
//! The schemas of others come from their registries (`tests/report/schemas/`, fetched by `.ci/run`). Where they are
//! missing a test says so and passes on a developer's machine; where `HOMOLOGA_SCHEMAS=required` (as in CI) it fails.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::hostile;
use crate::support::{demo, homologa_in};

/// The schema of SARIF.
pub const SARIF: &str = "tests/report/schemas/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json";
/// The schema of JUnit.
const JUNIT: &str = "target/schemas/junit-10.xsd";

/// A file of the schemas of others; `None` after saying loudly that it is not there.
pub fn schema(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if path.exists() {
        return Some(path);
    }
    let missing = format!("{} is not installed: see .ci/run", path.display());
    assert!(std::env::var("HOMOLOGA_SCHEMAS").as_deref() != Ok("required"), "{missing}");
    let _ = writeln!(std::io::stderr(), "NOT TESTED: {missing}");
    None
}

/// Each record in each language, rendered in one format.
fn each(format: &str, mut look: impl FnMut(&Path, &str)) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("hostile.json"), hostile::record().to_string()).unwrap();
    for record in [demo().file("report.json"), folder.path().join("hostile.json")] {
        for lang in ["es", "pt", "en"] {
            let report = format!("{format}=out");
            let arguments = ["--lang", lang, "report", record.to_str().unwrap(), "--report", &report];
            let ran = homologa_in(folder.path(), &arguments);
            let out = folder.path().join("out");
            let text = std::fs::read_to_string(&out).unwrap_or_else(|_| panic!("{}", ran.all()));
            look(&out, &text);
        }
    }
}

#[test]
fn junit_is_valid_by_the_schema_of_jenkins() {
    let Some(schema) = schema(JUNIT) else { return };
    let validate = |file: &Path| {
        let ran = Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(file).output();
        ran.ok().map(|ran| (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned()))
    };
    let folder = TempDir::new().unwrap();
    let wrong = folder.path().join("wrong.xml");
    std::fs::write(&wrong, "<testsuites><testsuite><testcase/></testsuite></testsuites>").unwrap();
    match validate(&wrong) {
        None => {
            assert!(std::env::var("HOMOLOGA_SCHEMAS").as_deref() != Ok("required"), "xmllint is not installed");
            let _ = writeln!(std::io::stderr(), "NOT TESTED: xmllint is not installed: see .ci/run");
            return;
        }
        Some((valid, said)) => assert!(!valid, "the check cannot fail: {said}"),
    }
    each("junit", |file, _| {
        let (valid, said) = validate(file).unwrap();
        assert!(valid, "{said}");
    });
}

#[test]
fn gitlab_gets_what_it_documents() {
    let schema = include_str!("../fixtures/gitlab-code-quality.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    assert!(!validator.is_valid(&serde_json::json!([{ "description": "a", "fingerprint": "b" }])));
    each("gitlab", |_, text| {
        let report: Value = serde_json::from_str(text).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        let entries = report.as_array().unwrap();
        let prints: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["fingerprint"].as_str()).collect();
        assert!(entries.len() > 5 && prints.len() == entries.len());
        steers_nothing(text);
    });
}

/// A command: kind, properties and text.
type Found = (String, Vec<(String, String)>, String);

/// What a reader of GitHub's workflow commands finds in a log: kind, properties and text of each command.
fn commands(log: &str) -> Vec<Found> {
    let decoded = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let command = |line: &str| {
        let rest = line.trim_start().strip_prefix("::")?;
        let (head, text) = rest.split_once("::")?;
        let (kind, properties) = head.split_once(' ').unwrap_or((head, ""));
        let properties = properties.split(',').filter_map(|each| each.split_once('='));
        let properties = properties.map(|(name, value)| (name.to_owned(), decoded(value))).collect();
        Some((kind.to_owned(), properties, decoded(text)))
    };
    log.lines().filter_map(command).collect()
}

#[test]
fn github_reads_annotations_and_nothing_else() {
    each("github", |_, text| {
        let commands = commands(text);
        for (kind, properties, said) in &commands {
            assert!(["error", "warning", "notice"].contains(&kind.as_str()), "{kind}: {text}");
            assert!(properties.iter().all(|(name, _)| ["file", "line", "col", "title"].contains(&name.as_str())));
            assert!(properties.iter().any(|(name, value)| name == "title" && !value.is_empty()));
            assert!(!said.is_empty());
        }
        for kind in ["error", "warning", "notice"] {
            assert!(commands.iter().filter(|command| command.0 == kind).count() <= 10, "{text}");
        }
        assert_eq!(commands[0].0, "error");
        assert!(commands.len() > 8 && commands.len() + 1 >= text.lines().count(), "{text}");
        steers_nothing(text);
    });
}

#[test]
fn tap_is_read_as_it_is_meant() {
    each("tap", |_, text| {
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("TAP version 14"));
        let plan: usize = lines.next().unwrap().strip_prefix("1..").unwrap().parse().unwrap();
        let (mut seen, mut failed, mut block) = (0, 0, false);
        for line in lines {
            if block {
                block = line != "  ...";
                assert!(!block || line.starts_with("  ") && line.contains(": \""), "{line}");
            } else if line == "  ---" {
                block = true;
            } else if let Some(rest) = line.strip_prefix("ok ").or_else(|| line.strip_prefix("not ok ")) {
                seen += 1;
                failed += usize::from(line.starts_with('n'));
                assert!(rest.starts_with(&format!("{seen} - ")), "{line}");
                // A directive is ours: what came from outside has its number signs escaped.
                let directive = rest.replace("\\\\", "").replace("\\#", "");
                assert!(!directive.contains('#') || directive.contains(" # SKIP "), "{line}");
            } else {
                assert!(line.starts_with("# "), "{line}");
            }
        }
        assert!(seen == plan && failed > 5 && !block);
        steers_nothing(text);
    });
}

#[test]
fn markdown_holds_no_markup_from_outside() {
    each("markdown", |_, text| {
        // Behind the code spans there is no HTML, no link, no picture and no mention.
        let spans = regex::Regex::new(r"`[^`]*`").unwrap();
        let outside = spans.replace_all(text, "");
        for forbidden in ["<script", "<img", "](", "://", "@", "<a ", "www."] {
            assert!(!outside.contains(forbidden), "{forbidden}: {outside}");
        }
        assert!(text.starts_with("# ✗ ") && text.len() < 1 << 20);
        steers_nothing(text);
    });
}

/// Nothing that steers a terminal or reorders a line.
fn steers_nothing(text: &str) {
    assert!(!text.contains(['\u{1b}', '\0', '\r', '\u{202e}', '\u{9b}', '\u{2066}']));
}

/// The schema that the program prints, and a validator of it.
fn record_schema(folder: &Path) -> (Value, jsonschema::Validator) {
    let ran = homologa_in(folder, &["report", "--schema"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.all());
    let schema = ran.json();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    (schema, validator)
}

/// What is wrong with a record by the schema.
fn wrong(validator: &jsonschema::Validator, record: &Value) -> Vec<String> {
    validator.iter_errors(record).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_record_follows_the_schema_that_the_program_prints() {
    let folder = TempDir::new().unwrap();
    let (_, validator) = record_schema(folder.path());
    let ran = homologa_in(
        folder.path(),
        &["--format", "json", "contract", "run", "--tag", "declined", "--fail-on", "advice", "--min-coverage", "99"],
    );
    let judged = ran.json();
    assert!(judged["policy"]["fail_on"].is_array() && judged["contract"]["gates"].is_array(), "{}", ran.stderr);
    let file = |path: &Path| serde_json::from_str::<Value>(&std::fs::read_to_string(path).unwrap()).unwrap();
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/samples/record.json");
    for record in [judged, file(&demo().file("report.json")), file(&sample), hostile::record()] {
        let errors = wrong(&validator, &record);
        assert!(errors.is_empty(), "{}", errors.join("\n"));
    }
    // It can object: to another version, to a verdict and a piece of evidence that are none.
    let good = file(&sample);
    let checks = good["shops"][1]["checks"].as_array().unwrap();
    let failed = checks.iter().position(|check| check["findings"][0]["evidence"][0]["kind"] == "code").unwrap();
    for (place, value) in [
        ("/started/format", serde_json::json!(2)),
        ("/verdict", serde_json::json!("good")),
        ("/shops/0/pages/0/status", serde_json::json!("200")),
        (&format!("/shops/1/checks/{failed}/findings/0/evidence/0/kind"), serde_json::json!("header")),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        assert!(!wrong(&validator, &bad).is_empty(), "{place}");
    }
}

#[test]
fn the_printed_schema_is_the_published_one_and_stands_alone() {
    let folder = TempDir::new().unwrap();
    let (schema, _) = record_schema(folder.path());
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let kept: Value = serde_json::from_str(include_str!("../../specs/dsl/run.schema.json")).unwrap();
    assert_eq!(schema, kept);
    // It is for a record or for the schema, not for both.
    for more in [&["run.json"][..], &["--compare", "run.json"], &["--fail-on", "none"], &["--report", "json=-"]] {
        let ran = homologa_in(folder.path(), &[&["report", "--schema"], more].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.all());
    }
    let sheet = homologa_in(folder.path(), &["report", "portfolio", "--schema"]);
    assert_eq!((sheet.code, sheet.stdout.as_str()), (0, include_str!("../../specs/dsl/portfolio.schema.json")));
    let schema: Value = serde_json::from_str(&sheet.stdout).unwrap();
    let record = demo().file("report.json");
    let written = homologa_in(
        folder.path(),
        &["--format", "json", "report", "portfolio", record.to_str().unwrap(), "--report", "json=sheet.json"],
    );
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert_eq!(wrong(&validator, &written.json()), [""; 0]);
    let sheet = std::fs::read_to_string(folder.path().join("sheet.json")).unwrap();
    assert_eq!(sheet, written.stdout);
    for more in [&["sheet.json"][..], &["--report", "json=-"]] {
        let ran = homologa_in(folder.path(), &[&["report", "portfolio", "--schema"], more].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.all());
    }
    let none = homologa_in(folder.path(), &["report", "portfolio"]);
    assert_eq!((none.code, none.stderr.contains("<RECORD>...")), (2, true), "{}", none.all());
    let none = homologa_in(folder.path(), &["report"]);
    assert_eq!((none.code, none.stderr.contains("<RUN>...")), (2, true), "{}", none.all());
}
