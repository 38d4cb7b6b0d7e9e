//! The HTML report for people who use it by ear, by keyboard or with other colours: axe-core finds nothing to object to.
//!
//! `.ci/run` installs axe-core from the npm registry into `tests/report/axe/`. Where it is missing the test says so and
//! passes on a developer's machine; in CI it fails.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::browser::chromium;
use crate::support::tab::Tab;
use crate::support::{demo, homologa_in};

/// Scenarios of the demo that are looked at with all that is folded into them.
const SCENARIOS: usize = 3;

/// The source of axe-core; `None` when it is not installed, which is said loudly, and fails in CI.
fn axe() -> Option<String> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/axe/node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(&file).ok();
    if source.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{} is not installed: see .ci/run", file.display());
        let _ = writeln!(
            std::io::stderr(),
            "\nSKIPPED: axe-core is not installed (see .ci/run), the report was not checked\n"
        );
    }
    source
}

/// What a language does not change, and what a theme alone can change: looking at every colour takes long.
const COLOURS: [&str; 2] = ["color-contrast", "link-in-text-block"];

/// Everything that axe-core objects to on a page, in light and in dark, in three languages.
fn objections(browser: &Path, file: &Path, unfolded: bool) -> Vec<String> {
    let Some(axe) = axe() else { return Vec::new() };
    let mut tab = Tab::open(browser, &format!("file://{}", file.display()));
    tab.patience = Duration::from_secs(240);
    tab.until("document.readyState === 'complete' && !!document.querySelector('.has-js main')");
    tab.value(&format!("{axe};0"));
    // What is folded or not laid out yet is not looked at otherwise.
    tab.value("document.styleSheets[0].insertRule('* { content-visibility: visible !important; transition: none !important }', 0)");
    if unfolded {
        tab.value("document.querySelectorAll('details').forEach(each => { each.open = true })");
    }
    let mut objections = Vec::new();
    let no_colours: Value = COLOURS.iter().map(|rule| ((*rule).to_owned(), json!({ "enabled": false }))).collect();
    let no_colours = json!({ "resultTypes": ["violations"], "rules": no_colours });
    let colours = json!({ "resultTypes": ["violations"], "runOnly": { "type": "rule", "values": COLOURS } });
    let all = json!({ "resultTypes": ["violations"] });
    for (theme, lang, options) in
        [("light", "es", &all), ("light", "pt", &no_colours), ("light", "en", &no_colours), ("dark", "en", &colours)]
    {
        tab.value(&format!(
            "document.querySelector('[data-set={lang}]').click(); document.documentElement.setAttribute('data-theme', '{theme}')"
        ));
        let found = tab.value(&format!(
            "axe.run(document, {options}).then(all => all.violations.map(one => \
             one.id + ' (' + one.nodes.length + '): ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 200) + ' ' \
             + node.any.concat(node.all).slice(0, 1).map(why => why.message).join()).join(' | ')))",
        ));
        let looked = tab.value("document.querySelectorAll('main *').length");
        assert!(looked.as_u64() > Some(50), "an empty page has no faults: {looked}");
        let found = found.as_array().cloned().unwrap_or_default();
        objections.extend(found.iter().map(|each| format!("{theme} {lang} {}", each.as_str().unwrap_or_default())));
    }
    assert!(tab.errors.is_empty(), "{:?}", tab.errors);
    objections
}

/// The record of the demo with few scenarios, so that all of it can be unfolded, and one that is a little different.
fn records(folder: &Path) {
    let mut record: Value = serde_json::from_str(&demo().read("report.json")).unwrap();
    let scenarios = record["contract"]["scenarios"].as_array_mut().unwrap();
    scenarios.truncate(SCENARIOS);
    record["contract"]["planned"] = json!(SCENARIOS + 2);
    std::fs::write(folder.join("now.json"), record.to_string()).unwrap();
    record["started"]["started"] = json!("2026-01-02T03:04:05Z");
    let checks = record["shops"][1]["checks"].as_array_mut().unwrap();
    let mut found = checks.iter_mut().filter(|check| check.get("findings").is_some());
    let (first, second) = (found.next().unwrap(), found.next().unwrap());
    first["findings"] = json!([]);
    second["findings"][0]["id"] = json!("0123456789abcdef");
    std::fs::write(folder.join("before.json"), record.to_string()).unwrap();
}

#[test]
fn nothing_stands_in_the_way_of_anyone_who_reads_the_report() {
    let Some(browser) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    records(folder.path());
    let ran = homologa_in(folder.path(), &["report", "before.json", "now.json", "--report", "html=report.html"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert_eq!(objections(&browser, &folder.path().join("report.html"), true), Vec::<String>::new());
}

#[test]
fn the_reports_of_the_demo_and_of_a_contract_run_are_as_good() {
    let Some(browser) = chromium() else { return };
    assert_eq!(objections(&browser, &demo().file("report.html"), false), Vec::<String>::new());
    let folder = TempDir::new().unwrap();
    let scenario = "name: One that does not hold\nsteps:\n  - id: look\n    get: /v1/payment_methods\n    expect: { status: 404 }\n";
    std::fs::write(folder.path().join("one.yaml"), scenario).unwrap();
    let ran = homologa_in(folder.path(), &["contract", "run", "one.yaml", "--report", "html=report.html"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert_eq!(objections(&browser, &folder.path().join("report.html"), true), Vec::<String>::new());
}
