//! Entry points for hostile bytes: one function for each reader of what others wrote.
//!
//! The fuzz targets of `fuzz/` and the replay of their corpora in `cargo test` call the same functions. Each hands
//! the bytes to a reader as the program does and asserts what has to hold whatever the bytes are; a broken promise
//! is a panic. No part of the program itself calls anything here, and nothing is sent or printed.

use serde_json::{Value, json};
use url::Url;

use crate::config;
use crate::contract::baseline::Baseline;
use crate::contract::recording::Recording;
use crate::contract::scenario::{self, Document, Library, Variables, references};
use crate::contract::{self, Target, TargetKind, drift, normalise, validate};
use crate::golive;
use crate::i18n::{Lang, Message};
use crate::report;
use crate::run::Problem;
use crate::secret::{Redactor, find_credentials};
use crate::specs::{reference_page, schemas};
use crate::yaml::Source;

/// What every target is: bytes in, a panic when a promise is broken.
pub type Entry = fn(&[u8]);

/// The targets by name; `fuzz/corpus/` has a folder for each.
pub const TARGETS: [(&str, Entry); 15] = [
    ("baseline", baseline),
    ("config", configuration),
    ("csv", csv),
    ("golive_page", golive_page),
    ("golive_saved", golive_saved),
    ("golive_script", golive_script),
    ("har", har),
    ("recording", recording),
    ("redaction", redaction),
    ("reference_page", page),
    ("response", response),
    ("robots", robots),
    ("sandbox", sandbox),
    ("scenario", scenario_file),
    ("template", template),
];

/// Separates a scenario from the table beside it.
const BESIDE: &str = "\n%%\n";

/// Text that is written out of bytes must not steer a terminal.
fn assert_plain(text: &str) {
    let steers = |character: char| character.is_control() && character != '\n' && character != '\t';
    assert!(!text.contains(steers), "a control character reaches the terminal: {text:?}");
}

/// Problems are drawn in every language, with or without lines of the file.
fn assert_drawable(problems: &[Problem]) {
    for problem in problems.iter().take(4) {
        for lang in Lang::ALL {
            assert_plain(&report::problem::render(problem, lang, false));
            let _ = problem.plain(lang);
        }
    }
}

/// No credential is left in what would be stored.
fn assert_redacted(stored: &str) {
    assert!(find_credentials(stored).is_empty(), "a credential stays: {stored}");
}

/// Requests to the embedded sandbox: each is answered, none with a server error.
pub fn sandbox(bytes: &[u8]) {
    crate::sandbox::hostile(bytes);
}

/// A scenario file, a table beside it after a line `%%`: it reads or tells why not; what it would send is drawn up.
pub fn scenario_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (text, table) = text.split_once(BESIDE).unwrap_or((text, ""));
    let beside = |_: &str, name: &str| Ok::<_, Message>(Source::new(name, table));
    match scenario::read_document(&Source::new("fuzz.yaml", text), "fuzz", &Library::new(&beside)) {
        Err(problems) => {
            assert!(!problems.is_empty(), "a scenario is refused without a reason");
            assert_drawable(&problems);
        }
        Ok(Document::Fragment) => {}
        Ok(Document::Scenario(scenario)) => {
            let mut scenario = *scenario;
            assert!(!scenario.steps.is_empty(), "a scenario without steps is accepted");
            // Thousands of rows would only repeat what a few show.
            scenario.rows.truncate(2);
            scenario.sites.truncate(2);
            let (selected, notices) = contract::selected(vec![scenario], TargetKind::Embedded);
            assert_drawable(&notices);
            let Ok(base) = Url::parse("http://127.0.0.1/") else { return };
            let target =
                Target { kind: TargetKind::Embedded, base, site: "MLA".into(), access_token: None, public_key: None };
            let drawn = contract::dry_run(selected, &target, 7);
            for request in drawn.iter().flat_map(|scenario| &scenario.steps).filter_map(|step| step.request.as_ref()) {
                assert!(request.url.starts_with("http://127.0.0.1/"), "a step leaves the target: {}", request.url);
            }
            assert_redacted(&serde_json::to_string(&drawn).unwrap_or_default());
        }
    }
}

/// A table of rows beside a fixed scenario.
#[expect(clippy::panic, reason = "a fuzz target tells by panicking")]
pub fn csv(bytes: &[u8]) {
    let Ok(table) = std::str::from_utf8(bytes) else { return };
    let text = "name: x\nrows: { csv: t.csv }\nsteps: [{ get: /v1/payment_methods, expect: { status: 200 } }]\n";
    let beside = |_: &str, name: &str| Ok::<_, Message>(Source::new(name, table));
    match scenario::read_document(&Source::new("fuzz.yaml", text), "fuzz", &Library::new(&beside)) {
        Err(problems) => {
            assert!(!problems.is_empty(), "a table is refused without a reason");
            assert_drawable(&problems);
        }
        Ok(Document::Fragment) => panic!("a scenario is taken for a fragment"),
        Ok(Document::Scenario(scenario)) => {
            assert!((1..=10_000).contains(&scenario.rows.len()), "{} rows", scenario.rows.len());
            let columns = scenario.rows[0].values.len();
            assert!(scenario.rows.iter().all(|row| row.values.len() == columns), "rows of different lengths");
        }
    }
}

/// `homologa.yaml`.
pub fn configuration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(problems) = config::parse(&Source::new("homologa.yaml", text)) {
        assert!(!problems.is_empty(), "a configuration is refused without a reason");
        assert_drawable(&problems);
    }
}

/// A baseline: it reads or tells why not; what was read is written and read again to the same.
#[expect(clippy::panic, reason = "a fuzz target tells by panicking")]
pub fn baseline(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Baseline::parse(&Source::new("homologa.baseline.yaml", text)) {
        Err(problems) => {
            assert!(!problems.is_empty(), "a baseline is refused without a reason");
            assert_drawable(&problems);
        }
        Ok(read) => {
            let written = read.text(Lang::Es);
            match Baseline::parse(&Source::new("homologa.baseline.yaml", &written)) {
                Ok(again) => assert_eq!(again.text(Lang::Es), written, "a baseline changes when it is written"),
                Err(problems) => panic!("what was written does not read: {problems:?}\n{written}"),
            }
        }
    }
}

/// A recording: it opens or tells why not, every line of its index reads again, and its answers are judged. The only
/// target that needs a file: a recording is read by place.
pub fn recording(bytes: &[u8]) {
    let name = format!("homologa-fuzz-{}-{:?}.jsonl", std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(name);
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let opened = Recording::open(&path);
    let reads_back = opened.as_ref().map(Recording::reads_back);
    let _ = std::fs::remove_file(&path);
    assert!(!matches!(reads_back, Ok(false)), "a line that was read does not read again");
    match opened {
        Ok(recording) => assert_drawable(&recording.notices),
        Err(problem) => assert_drawable(&[problem]),
    }
    let mut report = validate::Report::default();
    report.add("fuzz.jsonl", bytes);
    report.bodies.iter().for_each(assert_judged);
    assert_drawable(&report.problems);
}

/// A response body: brought into one form, judged under several statuses, checked against every schema, masked.
pub fn response(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_redacted(&Redactor::default().body(&text));
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else { return };
    let normal = normalise(&body);
    assert_eq!(normal, normalise(&body), "the same body is brought into two forms");
    for name in schemas::names() {
        assert!(schemas::check(name, &body).is_some_and(|broken| broken.len() <= 20), "{name}");
    }
    let paths = [None, Some("/v1/payments"), Some("/v1/card_tokens"), Some("/v1/payments/1/refunds")];
    let statuses = [None, Some(201), Some(400), Some(401), Some(404), Some(429), Some(500)];
    // One combination for each body keeps the target fast; mutations visit the others.
    let path = paths[bytes.len() % paths.len()].map(str::to_owned);
    let status = statuses[bytes.len() / paths.len() % statuses.len()];
    let captured = validate::Captured { path, status, body: Some(body), ..validate::Captured::default() };
    assert_judged(&validate::judge("fuzz.json", captured));
}

fn assert_judged(judged: &validate::Judged) {
    assert!(judged.grades.iter().any(|graded| graded.grade == judged.grade), "no grade of its own: {judged:?}");
    assert_redacted(&serde_json::to_string(judged).unwrap_or_default());
    for graded in &judged.grades {
        assert_plain(&graded.message.render(Lang::Es));
    }
}

/// A HAR, JSON lines, a list of bodies or one body, as `contract validate` takes them.
pub fn har(bytes: &[u8]) {
    let mut report = validate::Report::default();
    report.add("fuzz.har", bytes);
    report.bodies.iter().for_each(assert_judged);
    assert_drawable(&report.problems);
    assert!(
        !report.bodies.is_empty() || report.exit_code() != crate::exit::READY,
        "nothing was judged, and all is well"
    );
}

/// The reference page, as text or HTML, and any document that drift compares with.
pub fn page(bytes: &[u8]) {
    let entries = reference_page::read(bytes);
    assert!(entries.len() <= bytes.len(), "more rows than bytes");
    assert!(entries.iter().all(|entry| (100..600).contains(&entry.status)), "a status that is none");
    match drift::compare("fuzz.txt", bytes) {
        Ok(drift) => assert!(drift.found <= bytes.len(), "more was found than there is"),
        Err(problem) => assert_drawable(&[problem]),
    }
}

/// Variables in a text. Values are never filled in a second time.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut variables = Variables::default();
    variables.set("a", json!("${b}"));
    variables.set("b", json!(58));
    variables.set("payer", json!({ "email": "x@testuser.com", "list": [1, null] }));
    let names = references(text);
    let lacks = names.iter().find(|name| variables.get(name).is_none());
    match variables.fill(text) {
        Ok(value) => {
            assert_eq!(lacks, None, "filled without a value");
            let plain = value.as_str().unwrap_or_default();
            let unchanged = names.is_empty() && !text.contains("$${");
            assert!(!unchanged || plain == text, "a text without variables changed: {text:?} {plain:?}");
            assert!(plain.len() <= text.len() * 64, "a text grows beyond its variables");
        }
        Err(unfilled) => assert_eq!(lacks, Some(&unfilled.name.as_str()), "refused for another variable"),
    }
    let wrapped = json!({ "x": [text] });
    assert_eq!(variables.fill(text).is_ok(), variables.fill_json(&wrapped).is_ok(), "{text:?}");
}

/// `robots.txt`, and the same bytes as a sitemap.
pub fn robots(bytes: &[u8]) {
    golive::crawl::hostile_robots(bytes);
}

/// A page of a shop: read, judged by every rule, and what is told of it is bounded and masked.
pub fn golive_page(bytes: &[u8]) {
    if let Some(page) = live_page(&String::from_utf8_lossy(bytes)) {
        assert_page_judged(&page);
    }
}

/// A script of a shop, on a page that loads it.
pub fn golive_script(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(golive::page::script::without_comments(&text).len(), text.len(), "a comment moves what follows it");
    let Some(mut page) = live_page("<form><input name=card_number></form><script src=/a.js></script>") else { return };
    let script = golive::evidence::Fetched { body: text.into_owned(), ..(*page.document).clone() };
    let leads = golive::page::leads_of(&script.body, &script.url);
    assert!(leads.served.len() <= 40 && leads.imports.modules.len() <= 200, "more leads than are kept");
    page.scripts.push(std::sync::Arc::new(script));
    assert_page_judged(&page);
}

/// A HAR, an MHTML file or an HTML file, as `golive` takes them.
pub fn golive_saved(bytes: &[u8]) {
    match golive::saved::pages_of(bytes.to_vec()) {
        Ok(saved) => {
            assert!((1..=10).contains(&saved.pages.len()), "{} pages", saved.pages.len());
            saved.pages.iter().take(3).for_each(assert_page_judged);
        }
        Err(problem) => assert_drawable(&[problem]),
    }
}

fn live_page(body: &str) -> Option<golive::evidence::Page> {
    let url = Url::parse("https://tienda.example/pagar").ok()?;
    let document = golive::evidence::Fetched {
        requested: url.clone(),
        url,
        hops: Vec::new(),
        status: 200,
        headers: Vec::new(),
        body: body.to_owned(),
        bytes: body.len() as u64,
        cut: false,
    };
    Some(golive::evidence::Page::new(std::sync::Arc::new(document), 0))
}

fn assert_page_judged(page: &golive::evidence::Page) {
    static RULES: std::sync::OnceLock<Option<golive::rule::RuleSet>> = std::sync::OnceLock::new();
    let Some(rules) = RULES.get_or_init(|| golive::rule::RuleSet::builtin().ok()) else { return };
    let mut judge = golive::check::Judge::new(rules);
    judge.add(page);
    let record = judge.finish(golive::rule::ShopFacts {
        start: page.document.url.clone(),
        tls: None,
        answers: Vec::new(),
        dead: Vec::new(),
        left_out: Vec::new(),
        limit: None,
        saved: true,
    });
    assert!(record.checks.iter().all(|check| check.findings.len() <= 50), "more findings than are kept");
    assert_redacted(&serde_json::to_string(&record).unwrap_or_default());
}

/// Whatever leaves the process: masked as text and as a body.
pub fn redaction(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let redactor = Redactor::default();
    let masked = redactor.text(&text);
    assert_redacted(&masked);
    assert!(!has_card(&masked), "a card number stays: {masked}");
    assert_redacted(&redactor.body(&text));
}

/// Whether 16 digits that pass the check digit stand alone in a text.
fn has_card(text: &str) -> bool {
    let digits = |run: &&str| run.len() == 16 && run.starts_with(['4', '5']) && crate::secret::luhn(run);
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|run| run.bytes().all(|byte| byte.is_ascii_digit()))
        .any(|run| digits(&run))
}
