//! The HTML report in a real browser: nothing from outside executes, nothing overflows, no policy is broken.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::browser::{chromium, open};
use crate::support::{demo, homologa_in};

/// Markup, quotes, a right-to-left override, a null byte and an escape sequence.
const HOSTILE: &str = "<script>document.title='pwned'</script>\"'><img src=x onerror=\"document.title='pwned'\">\u{202e}abc\u{0}\u{1b}[31m";

/// Puts the hostile text behind every text of a record that comes from outside.
fn poison(value: &mut Value, key: &str) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, member)| poison(member, &key.clone())),
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key)),
        Value::String(text) => {
            // Words that the program chooses itself keep their meaning.
            let own = [
                "verdict",
                "severity",
                "event",
                "kind",
                "key",
                "id",
                "rule",
                "state",
                "origin",
                "requirement",
                "blame",
                "family",
                "generations",
                "fix",
            ];
            if !own.contains(&key) {
                text.push_str(HOSTILE);
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_from_outside_executes_and_the_policy_holds() {
    let Some(browser) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    let mut record: Value = serde_json::from_str(&demo().read("report.json")).unwrap();
    for part in ["shops", "contract", "problems"] {
        if let Some(part) = record.get_mut(part) {
            poison_outside(part);
        }
    }
    std::fs::write(folder.path().join("hostile.json"), record.to_string()).unwrap();
    let ran = homologa_in(folder.path(), &["report", "hostile.json", "--report", "html=hostile.html"]);
    assert!(folder.path().join("hostile.html").exists(), "{}", ran.all());
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'), "the terminal is steered");
    let seen = open(&browser, &folder.path().join("hostile.html"), 1440);
    assert!(seen.dom.contains("pwned"), "the hostile text is shown");
    assert!(!seen.dom.contains(">pwned</title>"), "a script from outside ran");
    for complaint in ["Content Security Policy", "Refused to", "Uncaught"] {
        assert!(!seen.log.contains(complaint), "{}", seen.log);
    }
}

/// Poisons texts; shapes that the reader of records checks (numbers, verdicts) stay.
fn poison_outside(value: &mut Value) {
    poison(value, "");
}

#[test]
fn the_report_fits_a_phone_and_a_desk() {
    let Some(browser) = chromium() else { return };
    let folder = TempDir::new().unwrap();
    for width in [390, 1440] {
        let page = format!(
            "<!doctype html><body style='margin:0'><iframe src='file://{}' style='border:0;width:{width}px;height:900px'></iframe>\
             <script>onload=()=>{{const page=document.querySelector('iframe').contentDocument.documentElement;\
             document.title='wide '+page.scrollWidth}}</script>",
            demo().file("report.html").display()
        );
        let file = folder.path().join("frame.html");
        std::fs::write(&file, page).unwrap();
        let seen = open(&browser, &file, 1600);
        let title = seen.dom.split("<title>wide ").nth(1).and_then(|rest| rest.split('<').next());
        let wide: u32 = title.and_then(|wide| wide.parse().ok()).unwrap_or_else(|| panic!("{}", &seen.dom[..300]));
        // A scroll bar takes some of the frame; what is wider than the frame would have to be scrolled sideways.
        assert!(wide > 300 && wide <= width, "{wide} of {width} pixels");
    }
}
