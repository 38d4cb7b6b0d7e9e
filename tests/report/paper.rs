//! The report on paper, in a real browser: few pages, and every finding on them.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::browser::chromium;
use crate::support::tab::Tab;
use crate::support::{demo, homologa_in};

/// Places of one finding that are printed.
const PLACES: usize = 6;

/// The broken shop of the demo alone, one of its findings in `most` places.
fn broken_shop(most: usize) -> Value {
    let mut record: Value = serde_json::from_str(&demo().read("report.json")).unwrap();
    record.as_object_mut().unwrap().remove("contract");
    let shops = record["shops"].as_array_mut().unwrap();
    shops.retain(|shop| shop["verdict"] == "not-ready");
    assert_eq!(shops.len(), 1);
    let checks = shops[0]["checks"].as_array_mut().unwrap();
    let check = checks.iter_mut().find(|check| check["rule"] == "card-autocomplete").unwrap();
    let findings = check["findings"].as_array_mut().unwrap();
    for number in 0.. {
        if findings.len() >= most {
            break;
        }
        let mut more = findings[0].clone();
        (more["id"], more["place"]["line"]) = (json!(format!("more-{number}")), json!(1_000 + number));
        findings.push(more);
    }
    record
}

/// Text without what only the layout puts between words.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_broken_shop_fits_twelve_pages_and_no_finding_is_lost() {
    let Some(browser) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    for most in [0, 150] {
        let record = broken_shop(most);
        std::fs::write(folder.path().join("broken.json"), record.to_string()).unwrap();
        let ran = homologa_in(folder.path(), &["report", "broken.json", "--report", "html=broken.html"]);
        assert!(folder.path().join("broken.html").exists(), "{}", ran.all());
        let mut tab = Tab::open(&browser, &format!("file://{}", folder.path().join("broken.html").display()));
        tab.until("document.readyState === 'complete' && !!document.querySelector('.has-js main')");
        tab.value("document.querySelector('[data-set=en]').click()");
        let pages = tab.pages_on_a4();
        assert!((2..=12).contains(&pages), "{pages} pages");
        tab.print_media();
        tab.value("dispatchEvent(new Event('beforeprint'))");
        let text = words(tab.value("document.body.innerText").as_str().unwrap());
        let has = |what: &str| assert!(text.contains(&words(what)), "not on paper: {what}\n{text}");
        let checks = record["shops"][0]["checks"].as_array().unwrap();
        let mut seen = 0;
        for check in checks.iter().filter(|check| check["findings"].as_array().is_some_and(|all| !all.is_empty())) {
            let rule = check["rule"].as_str().unwrap();
            let findings = check["findings"].as_array().unwrap();
            let card = record["rules"].as_array().unwrap().iter().find(|card| card["id"] == rule).unwrap();
            for what in [rule, card["title"]["en"].as_str().unwrap(), card["fix"]["en"].as_str().unwrap()] {
                has(what);
            }
            has(findings[0]["message"]["text"].as_str().unwrap());
            for finding in findings.iter().take(PLACES) {
                let place = &finding["place"];
                let line = place["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
                has(&format!("{}{line}", place["url"].as_str().or(place["file"].as_str()).unwrap()));
            }
            if findings.len() > PLACES {
                has(&format!("and in {} more place", findings.len() - PLACES));
            }
            seen += 1;
        }
        assert!(seen > 30, "{seen} findings");
        has("are in the HTML file");
        for useless in ["Copy", "Sources and commands", "At a glance"] {
            assert!(!text.contains(useless), "{useless} is of no use on paper");
        }
        assert_eq!(tab.errors, [""; 0]);
    }
}
