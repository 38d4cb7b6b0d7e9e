//! The samples of `reports/samples/`: each format made by the program from one fixed record. A sample that the program
//! would make differently fails; `HOMOLOGA_SAMPLES=update cargo test samples` makes them anew.

use std::path::Path;

use tempfile::TempDir;

use crate::support::homologa_in;

/// The formats and the names of their samples. The record itself is the sample of JSON.
const SAMPLES: &[(&str, &str)] = &[
    ("json", "record.json"),
    ("html", "report.html"),
    ("junit", "junit.xml"),
    ("sarif", "homologa.sarif"),
    ("markdown", "summary.md"),
    ("github", "github.txt"),
    ("gitlab", "gl-code-quality-report.json"),
    ("tap", "homologa.tap"),
];

#[test]
fn samples_are_what_the_program_makes_today() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/samples");
    let folder = TempDir::new().unwrap();
    let reports: Vec<String> = SAMPLES.iter().map(|(format, file)| format!("{format}={file}")).collect();
    let record = samples.join("record.json");
    let arguments = ["--lang", "es", "report", record.to_str().unwrap(), "--report", &reports.join(",")];
    let ran = homologa_in(folder.path(), &arguments);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let terminal = ran.stdout.split("\nInformes ").next().unwrap().to_owned() + "\n";
    std::fs::write(folder.path().join("terminal.txt"), terminal).unwrap();
    let update = std::env::var("HOMOLOGA_SAMPLES").as_deref() == Ok("update");
    let mut stale = Vec::new();
    for name in SAMPLES.iter().map(|(_, file)| *file).chain(["terminal.txt"]) {
        let made = std::fs::read(folder.path().join(name)).unwrap();
        if std::fs::read(samples.join(name)).is_ok_and(|kept| kept == made) {
            continue;
        }
        if update {
            std::fs::write(samples.join(name), made).unwrap();
        } else {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "stale: {}. HOMOLOGA_SAMPLES=update cargo test samples", stale.join(", "));
}

#[test]
fn every_format_has_a_sample() {
    let formats: Vec<&str> = SAMPLES.iter().map(|(format, _)| *format).collect();
    assert!(homologa::report::FORMATS.iter().all(|format| formats.contains(format)));
}
