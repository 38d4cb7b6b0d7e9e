//! Several runs in one report, templates of the user, and pictures.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::browser::chromium;
use crate::support::tab::Tab;
use crate::support::{demo, homologa_in};

/// A red square of two by two pixels.
const PNG: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0, 253, 212, 154,
    115, 0, 0, 0, 16, 73, 68, 65, 84, 120, 218, 99, 248, 207, 192, 0, 68, 12, 16, 10, 0, 31, 238, 3, 253, 99, 94, 187,
    91, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130,
];

fn record() -> Value {
    serde_json::from_str(&demo().read("report.json")).unwrap()
}

fn save(folder: &Path, name: &str, record: &Value) {
    std::fs::write(folder.join(name), record.to_string()).unwrap();
}

/// A record of an earlier day in which one finding of the broken shop was another one, and one was not there.
fn earlier(day: &str) -> Value {
    let mut record = record();
    record["started"]["started"] = json!(format!("{day}T09:30:00Z"));
    let checks = record["shops"][1]["checks"].as_array_mut().unwrap();
    let mut found = checks.iter_mut().filter(|check| check.get("findings").is_some());
    let (first, second) = (found.next().unwrap(), found.next().unwrap());
    first["findings"] = json!([]);
    first["verdict"] = json!("pass");
    second["findings"][0]["id"] = json!("0123456789abcdef");
    record
}

#[test]
fn runs_are_put_in_order_and_the_latest_is_compared_with_the_one_before() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    save(at, "now.json", &record());
    save(at, "one.json", &earlier("2026-01-02"));
    let mut other = earlier("2025-12-24");
    other["started"]["versions"]["rules"] = json!("aaaabbbbcccc");
    save(at, "two.json", &other);
    let run = |order: [&str; 3]| {
        let ran = homologa_in(at, &["report", order[0], order[1], order[2], "--report", "html=report.html"]);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(ran.stderr.contains("2 new, 1 mended"), "{}", ran.stderr);
        std::fs::read_to_string(at.join("report.html")).unwrap()
    };
    let html = run(["one.json", "two.json", "now.json"]);
    assert!(html == run(["now.json", "one.json", "two.json"]), "the order of the arguments shows");
    for words in ["id=\"history\"", "id=\"trend\"", "2 January 2026, 09:30 UTC", "other rules or scenarios"] {
        assert!(html.contains(words), "{words}");
    }
    let compared = homologa_in(at, &["report", "now.json", "--compare", "one.json", "--report", "html=two.html"]);
    assert!(compared.stderr.contains("2 new, 1 mended"), "{}", compared.stderr);
    let html = std::fs::read_to_string(at.join("two.html")).unwrap();
    assert!(html.contains("id=\"history\"") && !html.contains("id=\"trend\""), "one run is no trend");
}

#[test]
fn a_template_of_the_user_is_used_and_its_mistakes_have_a_place() {
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    save(at, "now.json", &record());
    std::fs::create_dir(at.join("mine")).unwrap();
    let run = || homologa_in(at, &["report", "now.json", "--templates", "mine", "--report", "html=report.html"]);
    let ran = run();
    assert!(ran.code == 2 && ran.stderr.contains("no template"), "{}", ran.all());
    std::fs::write(at.join("mine/report.css"), "body { color: rebeccapurple }").unwrap();
    std::fs::write(at.join("mine/README.md"), "ours").unwrap();
    assert_eq!(run().code, 1, "{}", run().all());
    let good = std::fs::read_to_string(at.join("report.html")).unwrap();
    assert!(good.contains("<style>body { color: rebeccapurple }</style>"));
    std::fs::write(at.join("mine/mend.html"), "<p>\n{{ t('report.mend') }\n").unwrap();
    let ran = run();
    assert!(ran.code == 2 && ran.stderr.contains("mend.html:2"), "{}", ran.all());
    assert!(
        std::fs::read_to_string(at.join("report.html")).unwrap() == good,
        "a mistake takes the place of a good report"
    );
    std::fs::remove_file(at.join("mine/mend.html")).unwrap();
    // The folder of the built-in ones may be given as it is; one of the sheet of shops that was changed is a mistake.
    let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/templates");
    let ran = homologa_in(at, &["report", "now.json", "--templates", built_in, "--report", "html=report.html"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    std::fs::write(at.join("mine/portfolio.css"), "body { color: rebeccapurple }").unwrap();
    assert_eq!(run().code, 2);
    std::fs::remove_file(at.join("mine/portfolio.css")).unwrap();
    std::fs::write(at.join("mine/raport.html"), "").unwrap();
    let ran = run();
    assert!(ran.code == 2 && ran.stderr.contains("raport.html") && ran.stderr.contains("report.html"), "{}", ran.all());
}

#[test]
fn pictures_that_the_run_kept_are_in_the_file() {
    let Some(browser) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("shots")).unwrap();
    std::fs::write(at.join("shots/field.png"), PNG).unwrap();
    std::fs::write(at.join("shots/fake.png"), "<svg onload=alert(1)>").unwrap();
    let mut record = record();
    let shop = &mut record["shops"][1];
    shop["pages"][0]["screenshot"] = json!("shots/fake.png");
    let checks = shop["checks"].as_array_mut().unwrap();
    let found = checks.iter_mut().find(|check| check.get("findings").is_some()).unwrap();
    let shot = json!({ "kind": "note", "message": { "key": "browser.shot", "args": { "path": "shots/field.png" } } });
    let evidence = found["findings"][0].as_object_mut().unwrap().entry("evidence").or_insert(json!([]));
    evidence.as_array_mut().unwrap().push(shot);
    save(at, "now.json", &record);
    let ran = homologa_in(at, &["report", "now.json", "--report", "html=report.html"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let mut tab = Tab::open(&browser, &format!("file://{}", at.join("report.html").display()));
    tab.until("document.readyState === 'complete'");
    assert_eq!(tab.value("[...document.images].map(each => each.naturalWidth)"), json!([2]));
    // The words stand beside it, and are those of the thumbnail that opens.
    let words = "[...document.images[0].closest('summary').querySelectorAll('.l')]\
        .filter(each => getComputedStyle(each).display !== 'none').map(each => each.textContent).join()";
    assert_eq!(tab.value(words), json!("Picture of the element"));
    tab.value("document.querySelector('[data-set=es]').click()");
    assert_eq!(tab.value(words), json!("Captura del elemento"));
    assert_eq!(tab.value("document.querySelector('.shot').open"), json!(false));
    tab.value("document.images[0].click()");
    assert_eq!(tab.value("document.querySelector('.shot').open"), json!(true));
    // One that is no picture is named.
    assert!(tab.value("document.querySelector('#shop-2').textContent").as_str().unwrap().contains("shots/fake.png"));
    assert!(tab.errors.is_empty(), "{:?}", tab.errors);
}

#[test]
fn the_report_is_searched_by_keyboard() {
    let Some(browser) = chromium() else { return };
    let mut tab = Tab::open(&browser, &format!("file://{}", demo().file("report.html").display()));
    tab.until("document.readyState === 'complete' && !!document.querySelector('.has-js')");
    let key = |name: &str| {
        format!(
            "(document.activeElement || document.body).dispatchEvent(new KeyboardEvent('keydown', {{ key: '{name}', bubbles: true, cancelable: true }}))"
        )
    };
    tab.value(&key("/"));
    assert_eq!(tab.value("document.activeElement.id"), json!("filter"));
    let write = |words: &str| {
        format!(
            "(() => {{ const field = document.activeElement; field.value = '{words}'; field.dispatchEvent(new Event('input')) }})()"
        )
    };
    let shown =
        "[...document.querySelectorAll('.item:not([hidden])')].filter(each => each.getClientRects().length).length";
    let all = tab.value(shown).as_u64().unwrap();
    // Without accents and in another case: it is found all the same.
    tab.value(&write("ACCESS TOKEN"));
    tab.until("!document.getElementById('hits').hidden");
    let hits = tab.value(shown).as_u64().unwrap();
    assert!(hits >= 1 && hits < all, "{hits} of {all}");
    assert!(tab.value("document.getElementById('hits-said').textContent").as_str().unwrap().contains("matches"));
    tab.value(&key("Enter"));
    assert_eq!(tab.value("document.querySelectorAll('.hit-now').length"), json!(1));
    tab.value(&write("nothing of that name"));
    tab.until("!document.getElementById('no-hits').hidden");
    tab.value(&key("Escape"));
    assert_eq!(tab.value(shown).as_u64(), Some(all));
    tab.value("document.querySelector('[data-weight=warn]').click()");
    assert_eq!(tab.value("document.querySelectorAll('.item.fail:not([hidden])').length"), json!(0));
    assert!(tab.value("document.querySelectorAll('.item.warn:not([hidden])').length").as_u64() > Some(3));
    // A link to a finding that is filtered out leads to it.
    tab.value("location.hash = document.querySelector('.item.fail').id");
    tab.until("!document.querySelector('.item.fail').hidden");
    assert!(tab.errors.is_empty(), "{:?}", tab.errors);
}
