//! The JUnit report against `junit-10.xsd`, the schema of Jenkins' xUnit plugin: its elements, attributes and their
//! nesting are written down here as a table, and checked with an XML reader.

use std::collections::BTreeMap;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use tempfile::TempDir;

use super::hostile;
use crate::support::{demo, homologa_in};

/// An element: its name, the attributes it must have, those it may have, and what may be in it.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const RULES: &[Rule] = &[
    ("testsuites", &[], &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors"],
        &["group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"],
        &["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    ("properties", &[], &[], &["property"]),
    ("property", &["name", "value"], &[], &[]),
    (
        "testcase",
        &["name"],
        &["time", "classname", "group"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &[], &["type", "message"], &["#text"]),
    ("error", &[], &["type", "message"], &["#text"]),
    ("skipped", &[], &["type", "message"], &["#text"]),
    ("system-out", &[], &[], &["#text"]),
    ("system-err", &[], &[], &["#text"]),
];

fn attributes(element: &BytesStart<'_>) -> BTreeMap<String, String> {
    let attributes = element.attributes().map(|attribute| attribute.expect("a well-formed attribute"));
    attributes
        .map(|attribute| {
            let value = quick_xml::escape::unescape(&attribute.value).unwrap().into_owned();
            (attribute.key.as_ref().to_owned(), value)
        })
        .collect()
}

/// Everything that a document breaks of the schema, and its counts by element.
fn read(xml: &str) -> (Vec<String>, BTreeMap<String, usize>) {
    let (mut mistakes, mut counts) = (Vec::new(), BTreeMap::<String, usize>::new());
    let forbidden = |character: char| matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if xml.contains(forbidden) {
        mistakes.push("a character that XML 1.0 forbids".to_owned());
    }
    let time = regex::Regex::new(r"^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$").unwrap();
    let mut open: Vec<String> = Vec::new();
    // What a suite says of itself, and what was counted in it.
    let mut said: Vec<[usize; 4]> = Vec::new();
    let mut found: Vec<[usize; 4]> = Vec::new();
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("not well-formed: {error}")) {
            Event::Start(element) => {
                let name = element.name().as_ref().to_owned();
                *counts.entry(name.clone()).or_default() += 1;
                let parent = open.last().map_or("", String::as_str);
                let allowed = RULES.iter().find(|rule| rule.0 == parent).map_or(&["testsuites"][..], |rule| rule.3);
                if !allowed.contains(&name.as_str()) {
                    mistakes.push(format!("<{name}> in <{parent}>"));
                }
                let attributes = attributes(&element);
                if let Some((_, must, may, _)) = RULES.iter().find(|rule| rule.0 == name) {
                    let missing = must.iter().filter(|wanted| !attributes.contains_key(**wanted));
                    mistakes.extend(missing.map(|wanted| format!("<{name}> without {wanted}")));
                    let known = |key: &String| must.contains(&key.as_str()) || may.contains(&key.as_str());
                    let more = attributes.keys().filter(|key| !known(key));
                    mistakes.extend(more.map(|key| format!("{key} in <{name}>")));
                }
                if name.starts_with("testsuite") && attributes.get("time").is_some_and(|value| !time.is_match(value)) {
                    mistakes.push(format!("time {}", attributes["time"]));
                }
                let number = |key: &str| attributes.get(key).and_then(|value| value.parse().ok()).unwrap_or(usize::MAX);
                match name.as_str() {
                    "testsuite" => {
                        said.push(["tests", "failures", "errors", "skipped"].map(number));
                        found.push([0; 4]);
                    }
                    "testcase" | "failure" | "error" | "skipped" => {
                        let at = ["testcase", "failure", "error", "skipped"].iter().position(|each| *each == name);
                        found.last_mut().unwrap()[at.unwrap()] += 1;
                    }
                    _ => {}
                }
                open.push(name);
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => {
                let parent = open.last().map_or("", String::as_str);
                let mixed = RULES.iter().any(|rule| rule.0 == parent && rule.3.contains(&"#text"));
                if !mixed && !text.trim().is_empty() {
                    mistakes.push(format!("text in <{parent}>"));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    for (said, found) in said.iter().zip(&found) {
        if said != found {
            mistakes.push(format!("a suite says {said:?} and has {found:?}"));
        }
    }
    (mistakes, counts)
}

fn junit(folder: &Path, record: &Path, lang: &str) -> String {
    let ran = homologa_in(folder, &["--lang", lang, "report", record.to_str().unwrap(), "--report", "junit=r.xml"]);
    std::fs::read_to_string(folder.join("r.xml")).unwrap_or_else(|_| panic!("{}", ran.all()))
}

#[test]
fn the_document_is_valid_in_every_language_whatever_the_record_holds() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("hostile.json"), hostile::record().to_string()).unwrap();
    for record in [demo().file("report.json"), folder.path().join("hostile.json")] {
        for lang in ["es", "pt", "en"] {
            let (mistakes, counts) = read(&junit(folder.path(), &record, lang));
            assert!(mistakes.is_empty(), "{mistakes:#?}");
            let demo = demo().record();
            let scenarios = demo.contract.as_ref().unwrap().scenarios.len();
            let checks: usize = demo.shops.iter().map(|shop| shop.checks.len()).sum();
            assert_eq!(counts["testcase"], scenarios + checks);
            assert!(counts["failure"] > 5);
        }
    }
}

#[test]
fn the_check_of_the_document_can_fail() {
    let good = r#"<testsuites><testsuite name="a" tests="1" failures="0" errors="0" skipped="0"><testcase name="b"/></testsuite></testsuites>"#;
    assert!(read(good).0.is_empty());
    for (part, other) in [
        ("<testcase name=\"b\"/>", ""),
        ("<testcase name=\"b\"/>", "<testcase/>"),
        ("<testcase name=\"b\"/>", "<testcase name=\"b\" file=\"c\"/>"),
        ("<testcase name=\"b\"/>", "<testcase name=\"b\">c</testcase>"),
        ("errors=\"0\"", "errors=\"1\""),
        ("name=\"a\"", "name=\"a\u{1b}\""),
    ] {
        assert!(!read(&good.replace(part, other)).0.is_empty(), "{other}");
    }
}
