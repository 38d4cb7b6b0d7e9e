//! The baseline from outside: run, accept, run again, drift.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{Ran, homologa_in, homologa_with, serve};

const SCENARIO: &str = "name: A payment is made and read
steps:
  - { id: pay, post: /v1/things, body: { amount: 1 }, expect: { status: 201 }, capture: { id: $.id } }
  - { id: again, post: /v1/things, body: { amount: 2 }, expect: { status: 201 } }
  - { id: read, get: '/v1/things/${id}', expect: { status: 201 } }
";

/// An API of the test's own, whose answer the test changes.
struct Api {
    folder: tempfile::TempDir,
    url: String,
    answer: Arc<Mutex<(u16, Value)>>,
}

impl Api {
    fn new() -> Api {
        async fn answer(
            State(answer): State<Arc<Mutex<(u16, Value)>>>,
            request: Request<axum::body::Body>,
        ) -> (StatusCode, [(header::HeaderName, &'static str); 1], String) {
            let (status, body) = if request.uri().path() == "/v1/payment_methods" {
                (200, json!([]))
            } else {
                answer.lock().unwrap().clone()
            };
            (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/json")], body.to_string())
        }
        let accepted = json!({"id": "x", "status": "approved", "captured": true, "list": [{"code": 1}]});
        let state = Arc::new(Mutex::new((201, accepted)));
        let router = Router::new().fallback(answer).with_state(state.clone());
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("scenarios")).unwrap();
        std::fs::write(folder.path().join("scenarios/thing.yaml"), SCENARIO).unwrap();
        Api { folder, url: format!("http://{}", serve(router)), answer: state }
    }

    fn change(&self, change: impl FnOnce(&mut (u16, Value))) {
        change(&mut self.answer.lock().unwrap());
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let token = format!("TEST-{}-010120-{}-123456789", "1".repeat(16), "a".repeat(32));
        let mut all = arguments.to_vec();
        all.extend(["scenarios", "--target", self.url.as_str()]);
        homologa_with(self.folder.path(), &[("MERCADOPAGO_ACCESS_TOKEN", token.as_str())], &all)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn file(&self) -> String {
        std::fs::read_to_string(self.path().join("homologa.baseline.yaml")).unwrap()
    }
}

fn entries(ran: &Ran) -> Vec<(String, String, String)> {
    let json = ran.json();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entries = json["entries"].as_array().unwrap().iter();
    entries.map(|entry| (text(entry, "kind"), text(entry, "path"), text(entry, "state"))).collect()
}

#[test]
fn what_was_accepted_is_quiet_until_it_drifts() {
    let api = Api::new();
    let ran = api.run(&["contract", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(!ran.all().contains("aseline"), "{}", ran.all());

    let ran = api.run(&["contract", "accept"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("homologa.baseline.yaml: 3 responses; 3 new"), "{}", ran.all());
    assert!(api.file().contains("$.captured: boolean"), "{}", api.file());
    let ran = api.run(&["contract", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("3 of 3 responses compared"), "{}", ran.stdout);

    api.change(|(_, body)| {
        body.as_object_mut().unwrap().shift_remove("captured");
        body["list"][0]["code"] = json!("1");
        body["status"] = json!("in_process");
        body["brand"] = json!(null);
    });
    let ran = api.run(&["contract", "run"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    for told in [
        "field-lost",
        "$.captured",
        "thing@MLA#pay",
        "contract accept",
        "GET /v1/things/{id}",
        "4 breaking differences",
        "string",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
    let ran = api.run(&["--format", "json", "contract", "drift"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let expected = [
        ("field-lost", "$.captured", "new"),
        ("type-changed", "$.list[*].code", "new"),
        ("enumeration-grown", "$.status", "new"),
        ("field-added", "$.brand", "new"),
    ];
    let twice = expected.iter().flat_map(|entry| [entry, entry]);
    let twice: Vec<_> = twice.map(|(kind, path, state)| ((*kind).into(), (*path).into(), (*state).into())).collect();
    assert_eq!(entries(&ran), twice);
    let counts: Vec<_> = ran.json()["entries"].as_array().unwrap().iter().map(|entry| entry["count"].clone()).collect();
    assert_eq!(counts[..2], [json!(1), json!(2)]);

    // What came becomes the contract.
    assert_eq!(api.run(&["contract", "accept"]).code, 0);
    let ran = api.run(&["contract", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[test]
fn terms_hold_until_their_day_and_stale_ones_are_told() {
    let api = Api::new();
    assert_eq!(api.run(&["contract", "accept"]).code, 0);
    let before = api.answer.lock().unwrap().clone();
    api.change(|(_, body)| body["id"] = json!(7));
    let accept = ["contract", "accept", "--reason", "agreed", "--owner", "Ana"];
    let ran = api.run(&[&accept[..], &["--expires", "2001-02-03"]].concat());
    assert_eq!(ran.code, 2, "{}", ran.all());
    let ran = api.run(&["contract", "accept", "--owner", "Ana"]);
    assert_eq!(ran.code, 2, "without a reason: {}", ran.all());
    let ran = api.run(&[&accept[..], &["--expires", "2901-02-01"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("2 accepted differences; 2 now"), "{}", ran.all());
    let file = api.file().replace("2901-02-01", "2001-02-03");
    std::fs::write(api.path().join("homologa.baseline.yaml"), file).unwrap();
    let ran = api.run(&["contract", "run"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stdout.contains("accepted until 2001-02-03, which is over"), "{}", ran.stdout);

    let ran = api.run(&[&accept[..], &["--expires", "2901-02-03"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.all());
    let file = api.file();
    assert!(file.contains("owner: Ana") && file.contains("2901-02-03") && !file.contains("2001-02-03"), "{file}");
    let ran = api.run(&["contract", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("2 accepted"), "{}", ran.stdout);

    api.change(|answer| *answer = before);
    let ran = api.run(&["contract", "run"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("accepted and no longer seen: type-changed $.id in 1 step"), "{}", ran.stdout);
    let ran = api.run(&["contract", "accept"]);
    assert!(ran.stdout.contains("0 accepted differences; 0 now, 2 dropped"), "{}", ran.all());
}

#[test]
fn an_environment_that_fails_is_no_drift_and_is_not_accepted() {
    let api = Api::new();
    assert_eq!(api.run(&["contract", "accept"]).code, 0);
    let before = api.file();
    api.change(|answer| *answer = (503, json!("out of service")));
    let ran = api.run(&["--format", "json", "contract", "drift", "--no-preflight"]);
    assert_eq!((ran.code, ran.json()["entries"].clone()), (3, json!([])), "{}", ran.all());
    assert_eq!(ran.json()["baseline"]["not_judged"], 3);
    let ran = api.run(&["contract", "accept", "--no-preflight"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert_eq!(api.file(), before);
}

#[test]
fn what_differs_from_the_documents_is_accepted_like_the_rest() {
    let api = Api::new();
    let scenario = "name: e\nsteps: [{ id: pay, post: /v1/payments, body: {}, expect: { status: 400 } }]\n";
    std::fs::write(api.path().join("scenarios/thing.yaml"), scenario).unwrap();
    let unknown = |code| {
        let cause = json!([{ "code": code, "description": "Something new", "data": null }]);
        (400, json!({ "message": "Something new", "error": "bad_request", "status": 400, "cause": cause }))
    };
    api.change(|answer| *answer = unknown(99_999));
    let codes = || {
        let ran = api.run(&["--format", "json", "contract", "drift"]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        let json = ran.json();
        let known = json["entries"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "unknown-code");
        known.map(|entry| (entry["weight"].clone(), entry["state"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(codes(), [(json!("notable"), json!("new"))]);
    assert_eq!(api.run(&["contract", "accept"]).code, 0);
    assert_eq!(codes(), [(json!("notable"), json!("accepted"))]);
    // A run looks only at what its steps expect: it does not call the accepted difference gone.
    let ran = api.run(&["contract", "run"]);
    assert!(ran.code == 0 && !ran.stdout.contains("no longer seen"), "{}", ran.all());
    // Another code is another difference.
    api.change(|answer| *answer = unknown(88_888));
    assert_eq!(codes(), [(json!("notable"), json!("new"))]);
}

#[test]
fn the_configuration_names_a_baseline_and_mistakes_in_it_are_input() {
    let api = Api::new();
    let config = format!("contract: {{ target: '{}', scenarios: scenarios, baseline: b.yaml }}\n", api.url);
    std::fs::write(api.path().join("homologa.yaml"), config).unwrap();
    let token = format!("TEST-{}-010120-{}-123456789", "1".repeat(16), "a".repeat(32));
    let check = || homologa_with(api.path(), &[("MERCADOPAGO_ACCESS_TOKEN", token.as_str())], &["check"]);
    let ran = check();
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.all().contains("b.yaml") && ran.all().contains("contract accept"), "{}", ran.all());
    assert_eq!(api.run(&["contract", "accept", "--baseline", "b.yaml"]).code, 0);
    let ran = check();
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stdout.contains("b.yaml"), "{}", ran.stdout);
    api.change(|(status, _)| *status = 200);
    std::fs::write(api.path().join("scenarios/thing.yaml"), SCENARIO.replace("201", "200")).unwrap();
    let ran = check();
    assert_eq!(ran.code, 1, "{}", ran.all());
    let html = std::fs::read_to_string(api.path().join("reports/out/report.html")).unwrap();
    assert!(html.contains("answer-status-changed") && html.contains("id=\"drift\""));

    let broken = std::fs::read_to_string(api.path().join("b.yaml")).unwrap().replace("$.id: string", "$.id: strnig");
    std::fs::write(api.path().join("b.yaml"), broken).unwrap();
    let ran = api.run(&["contract", "run", "--baseline", "b.yaml"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("strnig") && ran.stderr.contains("b.yaml:"), "{}", ran.stderr);
}

#[test]
fn the_built_in_scenarios_are_quiet_after_they_were_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let ran =
        homologa_in(folder.path(), &["contract", "accept", "--seed", "1", "--tag", "declined,idempotency,search"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let ran = homologa_in(folder.path(), &["--format", "json", "contract", "drift", "--tag", "idempotency,search"]);
    let against_baseline =
        ran.json()["entries"].as_array().unwrap().iter().any(|entry| entry["comparison"] == "baseline");
    assert!(ran.code == 0 && !against_baseline, "{}", ran.all());
    let used = &ran.json()["baseline"];
    assert!(used["compared"].as_u64() > Some(10) && used["not_selected"].as_u64() > Some(50), "{used}");
    // A baseline of one country says nothing of another.
    let ran = homologa_in(folder.path(), &["contract", "run", "--site", "MLB", "--tag", "search"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("made on embedded MLA"), "{}", ran.stderr);
}

#[test]
fn every_kind_of_drift_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    for kind in homologa::specs::drift::kinds() {
        let ran = homologa_in(folder.path(), &["explain", &kind.id]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert!(ran.stdout.contains(&kind.meaning.en[..20]), "{}", ran.stdout);
    }
}

#[test]
fn a_stored_record_is_accepted_and_what_it_lacks_is_said() {
    let api = Api::new();
    let ran = api.run(&["contract", "run", "--output", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let accept = |record: &str| homologa_in(api.path(), &["contract", "accept", record]);
    for record in ["out/record.jsonl", "out/report.json"] {
        let _ = std::fs::remove_file(api.path().join("homologa.baseline.yaml"));
        let ran = accept(record);
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert!(ran.stdout.contains("3 responses; 3 new"), "{}", ran.stdout);
    }
    let stored = api.file();
    std::fs::remove_file(api.path().join("homologa.baseline.yaml")).unwrap();
    assert_eq!(api.run(&["contract", "accept"]).code, 0);
    assert_eq!(api.file(), stored, "the same as accepted live");

    // The folder of a run is a record too, for whoever reads it again.
    let ran = homologa_in(api.path(), &["report", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.all());

    let text = std::fs::read_to_string(api.path().join("out/record.jsonl")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(api.path().join("killed.jsonl"), lines[..lines.len() - 1].join("\n")).unwrap();
    let ran = accept("killed.jsonl");
    assert!(ran.code == 2 && ran.stderr.contains("did not come to its end"), "{}", ran.all());

    api.change(|(_, body)| body["long"] = json!("x".repeat(9_000)));
    assert_eq!(api.run(&["contract", "run", "--baseline", "none.yaml", "--output", "long"]).code, 2);
    std::fs::remove_file(api.path().join("homologa.baseline.yaml")).unwrap();
    assert_eq!(api.run(&["contract", "run", "--output", "long"]).code, 0);
    let ran = accept("long/record.jsonl");
    assert!(ran.code == 2 && ran.stderr.contains("only a part of 3 answers"), "{}", ran.all());
    assert!(ran.stderr.contains("thing@MLA#pay") && ran.stderr.contains("--target recording:FILE"), "{}", ran.stderr);
}
