//! The SARIF report against the standard: the part of it that is used is written down in
//! `tests/fixtures/sarif-used.schema.json`. The standard's own schema is used as well where it is installed
//! (see [`super::machines::schema`]).

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::hostile;
use crate::support::{demo, homologa_in};

fn sarif(folder: &Path, record: &Path, lang: &str) -> Value {
    let ran = homologa_in(folder, &["--lang", lang, "report", record.to_str().unwrap(), "--report", "sarif=r.sarif"]);
    serde_json::from_str(&std::fs::read_to_string(folder.join("r.sarif")).unwrap_or_else(|_| panic!("{}", ran.all())))
        .unwrap()
}

/// Everything that a log breaks of the schemas.
pub fn mistakes(log: &Value) -> Vec<String> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/sarif-used.schema.json").to_owned();
    let official = super::machines::schema(super::machines::SARIF);
    let official = official.map(|path| path.display().to_string());
    let mut all = Vec::new();
    for file in [Some(own), official].into_iter().flatten() {
        // The standard's schema holds a pattern with a lone bracket, which is no regular expression for every engine.
        let text = std::fs::read_to_string(&file).unwrap().replace("{2}]?$", "{2}$");
        let schema: Value = serde_json::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        all.extend(validator.iter_errors(log).map(|error| format!("{file}: {}: {error}", error.instance_path())));
    }
    all
}

#[test]
fn the_log_is_valid_in_every_language_whatever_the_record_holds() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("hostile.json"), hostile::record().to_string()).unwrap();
    for record in [demo().file("report.json"), folder.path().join("hostile.json")] {
        for lang in ["es", "pt", "en"] {
            let log = sarif(folder.path(), &record, lang);
            let mistakes = mistakes(&log);
            assert!(mistakes.is_empty(), "{mistakes:#?}");
            let run = &log["runs"][0];
            assert!(run["results"].as_array().unwrap().len() > 10);
            for result in run["results"].as_array().unwrap() {
                let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
                assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
            }
        }
    }
}

#[test]
fn the_check_of_the_log_can_fail() {
    let folder = TempDir::new().unwrap();
    let mut log = sarif(folder.path(), &demo().file("report.json"), "en");
    log["runs"][0]["results"][0]["level"] = "fatal".into();
    log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "a b".into();
    assert_eq!(mistakes(&log).iter().filter(|mistake| mistake.contains("sarif-used")).count(), 2);
}

#[test]
fn identities_stay_from_run_to_run() {
    let folder = TempDir::new().unwrap();
    let ids = |lang| -> Vec<Value> {
        let log = sarif(folder.path(), &demo().file("record.jsonl"), lang);
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results.into_iter().map(|result| result["partialFingerprints"].clone()).collect()
    };
    assert_eq!(ids("es"), ids("en"), "the language is no part of an identity");
}
