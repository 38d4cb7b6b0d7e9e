//! Accepted findings from outside: accept, run again, something new, mended, expired.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::IntoResponse;
use homologa::run::{Check, EntryState, RunRecord, Verdict};

use crate::support::{Ran, homologa_in, serve};

const RULE: &str = "card-fields-no-name";
const PAY: &str = "<!doctype html>\n<title>Pagar</title>\n<form id=pay method=post>\n<input data-checkout=cardNumber name=n>\n</form>\n\
    <script src=https://secure.mlstatic.com/sdk/javascript/v1/mercadopago.js></script>";

/// A shop of the test's own, whose payment page the test changes.
struct Shop {
    folder: tempfile::TempDir,
    page: Arc<Mutex<String>>,
}

impl Shop {
    fn new() -> Shop {
        Shop { folder: tempfile::tempdir().unwrap(), page: Arc::new(Mutex::new(PAY.to_owned())) }
    }

    fn change(&self, page: String) {
        *self.page.lock().unwrap() = page;
    }

    /// Runs a command on the shop, which is at another port each time.
    fn run(&self, arguments: &[&str]) -> Ran {
        async fn answer(State(page): State<Arc<Mutex<String>>>, uri: Uri) -> impl IntoResponse {
            let body = match uri.path() {
                "/" => "<!doctype html><title>Tienda</title><a href=/pagar>Pagar</a>".to_owned(),
                "/pagar" => page.lock().unwrap().clone(),
                _ => return (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/plain")], String::new()),
            };
            (StatusCode::OK, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body)
        }
        let url = format!("http://{}/", serve(Router::new().fallback(answer).with_state(self.page.clone())));
        let mut all = arguments.to_vec();
        all.extend([url.as_str(), "--browser", "none"]);
        homologa_in(self.folder.path(), &all)
    }

    fn look(&self, arguments: &[&str]) -> (Ran, RunRecord) {
        let mut all = vec!["golive", "--report", "json=r.json,sarif=r.sarif,junit=r.xml,html=r.html"];
        all.extend(arguments);
        let ran = self.run(&all);
        let text = std::fs::read(self.path().join("r.json")).unwrap_or_else(|error| panic!("{error}: {}", ran.all()));
        (ran, serde_json::from_slice(&text).unwrap())
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn baseline(&self) -> String {
        std::fs::read_to_string(self.path().join("homologa.baseline.yaml")).unwrap()
    }
}

fn check(record: &RunRecord) -> &Check {
    record.shops[0].checks.iter().find(|check| check.rule == RULE).unwrap()
}

fn states(record: &RunRecord) -> Vec<EntryState> {
    record.accepted.iter().flat_map(|accepted| &accepted.entries).map(|entry| entry.state).collect()
}

const TERMS: [&str; 6] = ["--reason", "el formulario nuevo sale en marzo", "--owner", "Ana", "--expires", "2999-03-31"];

fn accept<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["golive", "accept", "--rule", RULE][..], &TERMS[..], rest].concat()
}

#[test]
fn what_is_accepted_is_tolerated_until_it_is_mended_and_never_hides_what_is_new() {
    let shop = Shop::new();
    let (_, record) = shop.look(&[]);
    let first = check(&record).clone();
    assert_eq!((first.verdict, first.findings.len()), (Verdict::Fail, 1));
    assert!(record.manual.len() > 50 && record.accepted.is_none());

    // Nothing is written for a day that is over, for nothing, or for a rule that does not exist.
    let record_file = homologa_in(shop.path(), &accept(&["r.json", "--page", "/caja"]));
    assert_eq!(record_file.code, 2, "{}", record_file.all());
    for wrong in [["--rule", "card-fields-no-nam"], ["--expires", "2020-01-01"], ["--reason", " "], ["--page", "pagar"]]
    {
        let mut all = accept(&["r.json"]);
        match all.iter().position(|word| *word == wrong[0]) {
            Some(at) => all[at + 1] = wrong[1],
            None => all.extend(wrong),
        }
        let ran = homologa_in(shop.path(), &all);
        assert_eq!(ran.code, 2, "{wrong:?}: {}", ran.all());
    }
    let without = homologa_in(shop.path(), &["golive", "accept", "r.json", "--rule", RULE, "--expires", "2999-01-01"]);
    assert_eq!(without.code, 2, "{}", without.all());
    assert!(!shop.path().join("homologa.baseline.yaml").exists());

    // From the record; the identity is that of another port, too.
    let ran = homologa_in(shop.path(), &accept(&["r.json", "--page", "/pag*"]));
    assert_eq!(ran.code, 0, "{}", ran.all());
    let file = shop.baseline();
    assert!(file.contains(&first.findings[0].id) && file.contains("/pagar") && file.contains("2999-03-31"), "{file}");
    shop.change(PAY.replace("<form", "<p>Promo</p>\n\n<div>x</div>\n<form"));
    let (ran, record) = shop.look(&["-v"]);
    assert_eq!((check(&record).verdict, check(&record).tolerated.len()), (Verdict::Pass, 1), "{:#?}", check(&record));
    assert_eq!(states(&record), [EntryState::Used]);
    for part in ["el formulario nuevo sale en marzo", "Ana", "2999-03-31", "tolerated", "To be checked by hand"] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let sarif: serde_json::Value =
        serde_json::from_slice(&std::fs::read(shop.path().join("r.sarif")).unwrap()).unwrap();
    let mistakes = crate::report::sarif::mistakes(&sarif);
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.iter().filter(|result| result.get("suppressions").is_some()).count(), 1);
    let junit = std::fs::read_to_string(shop.path().join("r.xml")).unwrap();
    assert!(junit.contains("type=\"tolerated\""), "{junit}");
    assert!(std::fs::read_to_string(shop.path().join("r.html")).unwrap().contains("id=\"tolerated\""));

    // Accepting it again changes nothing.
    let ran = shop.run(&accept(&[]));
    assert_eq!((ran.code, shop.baseline()), (0, file.clone()), "{}", ran.all());

    // What is new counts.
    shop.change(PAY.replace("</form>", "<input data-checkout=securityCode name=c></form>"));
    let (_, record) = shop.look(&[]);
    assert_eq!((check(&record).verdict, check(&record).findings.len()), (Verdict::Fail, 1));
    assert_eq!(check(&record).tolerated.len(), 1);

    // Mended: the entry can go, but not when the page was not reached.
    shop.change(PAY.replace(" name=n", ""));
    let (ran, record) = shop.look(&[]);
    assert_eq!((check(&record).verdict, states(&record)), (Verdict::Pass, vec![EntryState::Stale]));
    assert!(!check(&record).passes_tolerated());
    assert!(ran.stdout.contains("homologa.baseline.yaml:"), "{}", ran.stdout);
    let (_, record) = shop.look(&["--deny", "/pagar"]);
    assert_eq!(states(&record), [EntryState::Unseen]);

    // A day that is over.
    shop.change(PAY.to_owned());
    std::fs::write(shop.path().join("homologa.baseline.yaml"), file.replace("2999-03-31", "2020-03-31")).unwrap();
    let (ran, record) = shop.look(&[]);
    assert_eq!((check(&record).verdict, states(&record)), (Verdict::Fail, vec![EntryState::Expired]));
    assert!(ran.stdout.contains("2020-03-31"), "{}", ran.stdout);
    let ran = shop.run(&accept(&[]));
    assert_eq!(ran.code, 0, "{}", ran.all());
    let (_, record) = shop.look(&[]);
    assert_eq!((check(&record).verdict, states(&record)), (Verdict::Pass, vec![EntryState::Used]));
}

#[test]
fn mistakes_in_the_file_stop_a_run_before_it_asks_anything() {
    let shop = Shop::new();
    let entry = "version: 1\nfindings:\n  - rule: card-fields-no-nam\n    reason: x\n    expires: 2999-01-01\n";
    for (text, place) in [(entry, ":3:5"), (&entry.replace("reason", "raeson"), ":4:5")] {
        std::fs::write(shop.path().join("b.yaml"), text).unwrap();
        let ran = shop.run(&["golive", "--baseline", "b.yaml"]);
        assert_eq!(ran.code, 2, "{}", ran.all());
        assert!(ran.stderr.contains(&format!("b.yaml{place}")), "{}", ran.stderr);
    }
    assert_eq!(shop.run(&["golive", "--baseline", "no.yaml"]).code, 2);
}

#[test]
fn one_file_serves_both_sides() {
    let shop = Shop::new();
    let (_, _) = shop.look(&[]);
    assert_eq!(homologa_in(shop.path(), &accept(&["r.json"])).code, 0);
    let findings = shop.baseline().split_once("findings:").unwrap().1.to_owned();
    std::fs::create_dir(shop.path().join("scenarios")).unwrap();
    let scenario = "name: A card is refused\nsteps:\n  - { id: pay, get: /v1/payments/1, expect: { status: 404 } }\n";
    std::fs::write(shop.path().join("scenarios/one.yaml"), scenario).unwrap();
    let ran = homologa_in(shop.path(), &["contract", "run", "scenarios"]);
    assert_eq!(ran.code, 0, "a file of findings alone is no baseline of responses: {}", ran.all());
    let ran = homologa_in(shop.path(), &["contract", "accept", "scenarios"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let file = shop.baseline();
    assert!(file.contains(findings.trim_end()) && file.contains("one@MLA") && file.contains("$.status"), "{file}");
    std::fs::write(shop.path().join("pagar.html"), PAY).unwrap();
    let config = "contract: { scenarios: scenarios }\ngolive: { saved: [pagar.html], browser: none }\n";
    std::fs::write(shop.path().join("homologa.yaml"), config).unwrap();
    let ran = homologa_in(shop.path(), &["check", "--report", "json=c.json"]);
    let record: RunRecord = serde_json::from_slice(&std::fs::read(shop.path().join("c.json")).unwrap()).unwrap();
    assert_eq!(record.accepted.map(|accepted| accepted.entries.len()), Some(1), "{}", ran.all());
    assert_eq!(record.contract.unwrap().drift.unwrap().baseline.unwrap().compared, 1);
}
