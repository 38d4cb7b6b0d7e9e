//! Reports are pure functions of the record.

mod axe;
mod browser;
mod history;
mod hostile;
mod junit;
mod machines;
mod paper;
mod pictures;
mod pipelines;
mod samples;
pub mod sarif;

use std::path::Path;

use tempfile::TempDir;

use crate::support::{demo, homologa_in};

fn render(folder: &Path, record: &Path, lang: &str, name: &str) -> String {
    let html = format!("html={name}");
    let record = record.to_str().unwrap();
    let ran = homologa_in(folder, &["--lang", lang, "report", record, "--report", &html]);
    assert_eq!(ran.code, 1, "the demo holds a broken shop: {}", ran.all());
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_same_record_renders_to_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    for lang in ["es", "pt", "en"] {
        let one = render(folder.path(), &demo().file("report.json"), lang, "one.html");
        let two = render(folder.path(), &demo().file("report.json"), lang, "two.html");
        let journal = render(folder.path(), &demo().file("record.jsonl"), lang, "three.html");
        assert!(one == two, "{lang}: two renderings differ");
        assert!(one == journal, "{lang}: journal and JSON report differ");
    }
    assert!(render(folder.path(), &demo().file("report.json"), "en", "en.html") == demo().read("report.html"));
}

#[test]
fn a_journal_without_its_end_renders_and_says_that_it_is_partial() {
    let folder = TempDir::new().unwrap();
    let journal = demo().read("record.jsonl");
    let kept: String = journal.lines().take(60).map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.path().join("cut.jsonl"), kept + "{\"event\":\"scen").unwrap();
    let ran = homologa_in(folder.path(), &["report", "cut.jsonl", "--report", "html=cut.html"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("did not come to its end"), "{}", ran.stderr);
    assert!(folder.path().join("cut.html").exists());
}
