//! Recordings from outside: recorded, replayed without a network, compared, judged, and refused when they are broken.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use homologa::sandbox::{Role, account};
use homologa::specs::{cards, sites};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, homologa_in, homologa_with, serve};

fn lines(folder: &Path, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The reasons of the steps that are open.
fn reasons(ran: &Ran) -> Vec<Value> {
    let json = ran.json();
    let scenarios = json["contract"]["scenarios"].as_array().unwrap();
    let steps = scenarios.iter().flat_map(|scenario| scenario["steps"].as_array().unwrap().clone());
    steps.filter(|step| step["verdict"] == "inconclusive").map(|step| step["reason"].clone()).collect()
}

#[test]
fn every_built_in_scenario_passes_again_from_its_recording_which_holds_no_secret() {
    let folder = TempDir::new().unwrap();
    let ran = homologa_in(folder.path(), &["contract", "run", "--record", "r.jsonl", "--report", "json=live.json"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("exchanges recorded"), "{}", ran.stderr);
    let text = std::fs::read_to_string(folder.path().join("r.jsonl")).unwrap();

    let schema = include_str!("../../specs/dsl/recording.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    for line in lines(folder.path(), "r.jsonl") {
        let broken: Vec<String> = schema.iter_errors(&line).map(|error| error.to_string()).collect();
        assert!(broken.is_empty(), "{broken:?} {line}");
    }

    for site in sites::all() {
        for role in Role::ALL {
            let account = account(&site.id, role);
            assert!(!text.contains(account.access_token.expose_secret()), "{} {role:?}", site.id);
            assert!(!text.contains(&account.public_key), "{} {role:?}", site.id);
        }
        for card in cards::of_site(&site.id).iter().flat_map(|cards| &cards.cards) {
            assert!(!text.contains(&card.number), "{}", card.number);
        }
    }
    // The report of the live run shows the tokens as they were.
    let live: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("live.json")).unwrap()).unwrap();
    let mut tokens = 0;
    for scenario in live["contract"]["scenarios"].as_array().unwrap() {
        for step in scenario["steps"].as_array().unwrap() {
            let exchange = &step["exchange"];
            let body: Value =
                serde_json::from_str(exchange["response_body"].as_str().unwrap_or("null")).unwrap_or_default();
            if exchange["url"].as_str().unwrap_or_default().contains("/v1/card_tokens") && body["id"].is_string() {
                tokens += 1;
                assert!(!text.contains(body["id"].as_str().unwrap()), "{exchange}");
            }
        }
    }
    assert!(tokens > 100, "{tokens}");

    let arguments = ["--format", "json", "contract", "run", "--target", "recording:r.jsonl"];
    let replayed = homologa_in(folder.path(), &arguments);
    assert_eq!(replayed.code, 0, "{}", replayed.stderr);
    assert!(!replayed.stderr.contains("not used"), "{}", replayed.stderr);
    let json = replayed.json();
    assert_eq!(json["contract"]["target"]["kind"], "recording");
    let scenarios = json["contract"]["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), live["contract"]["scenarios"].as_array().unwrap().len());
    for scenario in scenarios {
        assert_eq!(scenario["verdict"], "pass", "{scenario}");
    }
    assert_eq!(json["contract"]["coverage"], live["contract"]["coverage"]);

    let part = homologa_in(folder.path(), &["contract", "run", "--target", "recording:r.jsonl", "--tag", "declined"]);
    assert_eq!(part.code, 0, "{}", part.stderr);
    assert!(part.stderr.contains("of the recording not used"), "{}", part.stderr);

    let judged = homologa_in(folder.path(), &["--format", "json", "contract", "validate", "r.jsonl"]);
    // Answers of resources without a schema stay open; none fails and every line reads.
    assert!([0, 3].contains(&judged.code), "{}", judged.stderr);
    assert!(judged.json()["problems"].as_array().unwrap().is_empty());
    let bodies = judged.json()["bodies"].as_array().unwrap().len();
    // A list of answers is judged one by one.
    assert!(bodies >= text.lines().count() - 2, "{bodies}");
}

/// A shop's service: a payment that is ready when it was asked for three times, and a change that can be switched on.
#[derive(Default)]
struct Service {
    changed: AtomicBool,
    gone: AtomicBool,
    asked: AtomicU32,
}

async fn answer(State(service): State<Arc<Service>>, request: Request) -> impl IntoResponse {
    let asked = service.asked.fetch_add(1, Ordering::SeqCst);
    if service.gone.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, [(CONTENT_TYPE, "application/json")], String::new());
    }
    let changed = service.changed.load(Ordering::SeqCst);
    let path = request.uri().path();
    let body = match (request.method().as_str(), path) {
        (_, "/v1/payment_methods") => json!([]),
        (_, "/x/slow") => json!({ "n": asked, "ready": asked >= 4 }),
        ("POST", _) if changed => json!({ "id": "12345678", "status": "rejected", "payer": {}, "more": 1 }),
        ("POST", _) => json!({ "id": 12_345_678, "status": "approved", "payer": { "email": "buyer@example.com" } }),
        _ => json!({ "id": 12_345_678 }),
    };
    let status = if request.method() == "POST" { StatusCode::CREATED } else { StatusCode::OK };
    (status, [(CONTENT_TYPE, "application/json")], body.to_string())
}

const SCENARIO: &str = "name: x
steps:
  - id: pay
    post: /x
    body: { amount: 58, ref: '${uuid}', payer: { email: '${payer.email}' } }
    expect: { status: 201, body: { $.payer.email: { present: true } } }
    capture: { id: $.id, email: $.payer.email }
  - { id: again, repeat: pay, expect: { same: $.id } }
  - { id: slow, get: /x/slow, until: { body: { $.ready: true } }, interval: 5ms }
  - { id: wait, wait: 20ms }
  - { id: read, put: '/x/${id}', body: { email: '${email}' }, expect: { status: 200 } }
";

struct Recorded {
    folder: TempDir,
    service: Arc<Service>,
    base: String,
}

impl Recorded {
    fn run(&self, arguments: &[&str]) -> Ran {
        let all = [&["--format", "json", "contract", "run", "x.yaml"], arguments].concat();
        let token = "TEST-1234567890123456-112233-abcdefabcdefabcdefabcdefabcdef12-99";
        homologa_with(self.folder.path(), &[("MERCADOPAGO_ACCESS_TOKEN", token)], &all)
    }

    fn scenario(&self, text: &str) {
        std::fs::write(self.folder.path().join("x.yaml"), text).unwrap();
    }

    fn replay(&self) -> Ran {
        homologa_in(
            self.folder.path(),
            &["--format", "json", "contract", "run", "x.yaml", "--target", "recording:r.jsonl"],
        )
    }
}

fn recorded() -> Recorded {
    let service = Arc::new(Service::default());
    let base = format!("http://{}/", serve(Router::new().fallback(answer).with_state(service.clone())));
    let recorded = Recorded { folder: TempDir::new().unwrap(), service, base };
    recorded.scenario(SCENARIO);
    let ran = recorded.run(&["--target", &recorded.base, "--record", "r.jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    recorded
}

#[test]
fn a_replay_needs_no_credential_and_sends_nothing() {
    let recorded = recorded();
    let asked = recorded.service.asked.load(Ordering::SeqCst);
    let slow = lines(recorded.folder.path(), "r.jsonl").into_iter().filter(|line| line["step"] == "slow").count();
    assert!(slow > 1);
    let ran = recorded.replay();
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(!ran.stderr.contains("not used"), "{}", ran.stderr);
    assert_eq!(recorded.service.asked.load(Ordering::SeqCst), asked);
    let other = recorded.run(&["--target", "recording:r.jsonl", "--seed", "99"]);
    assert_eq!(other.code, 0, "values made anew do not count: {}", other.all());
}

#[test]
fn what_the_recording_lacks_or_hides_is_an_open_question() {
    let recorded = recorded();
    for (before, after, key, told) in [
        ("amount: 58", "amount: 59", "recording.nearest", "/amount 58 ≠ 59"),
        ("post: /x", "post: /other", "recording.nearest", "path /x ≠ /other"),
        ("post: /x\n", "post: /x\n    as: none\n", "recording.nearest", "as seller ≠ none"),
        ("put: '/x/${id}'", "delete: '/y'", "recording.nearest", "method PUT ≠ DELETE"),
        ("{ id: wait, wait: 20ms }", "{ id: more, repeat: pay, expect: { same: $.id } }", "recording.used-up", "x@MLA"),
        ("{ id: wait, wait: 20ms }", "{ id: more, get: /z, expect: { status: 200 } }", "recording.no-entry", "GET /z"),
        ("{ present: true }", "buyer@example.com", "recording.masked", "$.payer.email"),
        ("same: $.id", "same: $.payer.email", "recording.masked", "$.payer.email"),
    ] {
        assert!(SCENARIO.contains(before), "{before}");
        recorded.scenario(&SCENARIO.replacen(before, after, 1));
        let ran = recorded.replay();
        assert_eq!(ran.code, 3, "{after}: {}", ran.all());
        let reason = reasons(&ran).remove(0);
        assert_eq!(reason["key"], key, "{after}: {reason}");
        assert!(reason.to_string().contains(told), "{after}: {reason}");
        assert!(ran.stderr.contains("of the recording not used"), "{after}: {}", ran.stderr);
    }
}

#[test]
fn a_renamed_scenario_finds_its_entries_and_targets_may_name_recordings() {
    let recorded = recorded();
    std::fs::rename(recorded.folder.path().join("x.yaml"), recorded.folder.path().join("y.yaml")).unwrap();
    let fixed = SCENARIO.replace("'${uuid}'", "same").replace(", payer: { email: '${payer.email}' }", "");
    recorded.scenario(&fixed);
    let live = recorded.run(&["--target", &recorded.base, "--record", "r.jsonl"]);
    assert_eq!(live.code, 0, "{}", live.all());
    let head = "name: x\ntargets: recording\n";
    std::fs::write(recorded.folder.path().join("z.yaml"), fixed.replace("name: x\n", head)).unwrap();
    let ran = homologa_in(recorded.folder.path(), &["contract", "run", "z.yaml", "--target", "recording:r.jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let ran = homologa_in(recorded.folder.path(), &["contract", "run", "z.yaml"]);
    assert_eq!(ran.code, 3, "runs on recordings alone: {}", ran.all());
}

#[test]
fn a_live_run_is_compared_with_the_recording() {
    let recorded = recorded();
    let target = ["--target", &recorded.base, "--verify", "r.jsonl"];
    let same = recorded.run(&target);
    assert_eq!(same.code, 0, "{}", same.all());
    assert!(same.stderr.contains("4 answers compared") && same.stderr.contains("0 differ"), "{}", same.stderr);

    recorded.service.changed.store(true, Ordering::SeqCst);
    recorded.scenario(
        &SCENARIO
            .replace(", body: { $.payer.email: { present: true } }", "")
            .replace(", email: $.payer.email", "")
            .replace("body: { email: '${email}' }, ", ""),
    );
    let ran = recorded.run(&target);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let findings = ran.json()["contract"]["scenarios"][0]["steps"][0]["findings"].clone();
    let mut kinds: Vec<(&str, &str, &str)> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |pointer: &str| finding.pointer(pointer).unwrap().as_str().unwrap();
            (text("/rule"), text("/evidence/0/path"), text("/severity"))
        })
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            ("recorded-field-added", "/more", "advice"),
            ("recorded-field-removed", "/payer/email", "blocker"),
            ("recorded-type", "/id", "blocker"),
            ("recorded-value", "/status", "blocker"),
        ]
    );
    let explained = homologa_in(recorded.folder.path(), &["explain", "recorded-value"]);
    assert_eq!(explained.code, 0, "{}", explained.all());

    recorded.service.changed.store(false, Ordering::SeqCst);
    recorded.scenario(&SCENARIO.replace("amount: 58", "amount: 59"));
    let other = recorded.run(&target);
    assert_eq!(other.code, 3, "a request that was never recorded is not compared: {}", other.all());
    assert_eq!(reasons(&other)[0]["key"], "recording.nearest");
}

#[test]
fn a_failure_of_the_service_is_replayed_as_one() {
    let recorded = recorded();
    recorded.scenario("name: x\nsteps:\n  - { get: /x, expect: { status: 200 } }\n");
    let text = std::fs::read_to_string(recorded.folder.path().join("r.jsonl")).unwrap();
    let head = text.lines().next().unwrap();
    let exchange = |outcome: Value| {
        let mut line = json!({"kind": "exchange", "scenario": "x@MLA", "step": "get", "occurrence": 1,
            "request": {"method": "GET", "path": "/x", "as": "seller"}, "elapsed_ms": 1});
        line.as_object_mut().unwrap().extend(outcome.as_object().unwrap().clone());
        format!("{head}\n{line}\n{{\"kind\":\"end\",\"exchanges\":1}}\n")
    };
    for (outcome, key) in [
        (json!({"response": {"status": 503, "text": "later"}}), "contract.environment"),
        (json!({"failure": {"key": "http.timeout"}}), "http.timeout"),
        (json!({"failure": {"key": "made up"}}), "recording.no-answer"),
    ] {
        std::fs::write(recorded.folder.path().join("r.jsonl"), exchange(outcome)).unwrap();
        let ran = recorded.replay();
        assert_eq!(ran.code, 3, "{}", ran.all());
        assert_eq!(reasons(&ran)[0]["key"], key, "{}", ran.stdout);
    }
}

#[test]
fn broken_recordings_and_options_that_do_not_go_together_are_refused() {
    let recorded = recorded();
    let path = recorded.folder.path();
    let good = std::fs::read_to_string(path.join("r.jsonl")).unwrap();
    let cut = &good[..good.len() - 60];
    let newer = good.replacen("\"format\":1", "\"format\":99", 1);
    let garbage = good.replacen("{\"kind\":\"exchange\"", "{\"kind\":\"garbage\"", 1);
    for (name, text) in [
        ("empty", ""),
        ("newer", &newer),
        ("garbage", &garbage),
        ("cut", cut),
        ("other", "{\"a\": 1}\n"),
        ("head", good.lines().next().unwrap()),
    ] {
        std::fs::write(path.join(format!("{name}.jsonl")), text).unwrap();
    }
    for (arguments, code, told) in [
        (&["--target", "recording:empty.jsonl"][..], 2, "empty"),
        (&["--target", "recording:newer.jsonl"], 2, "99"),
        (&["--target", "recording:garbage.jsonl"], 2, "garbage.jsonl:2"),
        (&["--target", "recording:other.jsonl"], 2, "no recording"),
        (&["--target", "recording:head.jsonl"], 2, "no exchange"),
        (&["--target", "recording:missing.jsonl"], 2, "missing.jsonl"),
        (&["--target", "recording:"], 2, "recording:"),
        (&["--target", "recording:cut.jsonl"], 3, "ends in the middle"),
        (&["--target", "recording:r.jsonl", "--record", "s.jsonl"], 2, "nothing new to keep"),
        (&["--target", "recording:r.jsonl", "--site", "MLB"], 2, "MLB"),
        (&["--record", "x.yaml"], 2, "no recording"),
        (&["--record", "r.jsonl", "--verify", "./r.jsonl"], 2, "same file"),
        (&["--verify", "empty.jsonl"], 2, "empty"),
    ] {
        let all = [&["contract", "run", "x.yaml"], arguments].concat();
        let ran = homologa_in(path, &all);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.all());
        assert!(ran.stderr.contains(told), "{arguments:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read_to_string(path.join("r.jsonl")).unwrap(), good);
    assert_eq!(std::fs::read_to_string(path.join("x.yaml")).unwrap(), SCENARIO);
}

#[test]
fn dates_and_identifiers_are_those_of_the_recording_and_no_failure_where_they_cannot_be() {
    let folder = TempDir::new().unwrap();
    let scenario = "name: x\nvariables: { ref: 'r-${uuid}' }\nsteps:\n  - post: /v1/payments\n    body: { \
                    transaction_amount: 58, payment_method_id: rapipago, external_reference: '${ref}/${date}', payer: { \
                    email: '${payer.email}' } }\n    expect: { status: 201, body: { $.external_reference: \
                    '${ref}/${date}', $.transaction_amount: 58 } }\n";
    std::fs::write(folder.path().join("x.yaml"), scenario).unwrap();
    let run = |more: &[&str], variables: &[(&str, &str)]| {
        let all = [&["--format", "json", "contract", "run", "x.yaml"], more].concat();
        homologa_with(folder.path(), variables, &all)
    };
    let ran = run(&["--record", "r.jsonl"], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let later = [("SOURCE_DATE_EPOCH", "1900000000")];
    let ran = run(&["--target", "recording:r.jsonl"], &later);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(ran.json()["contract"]["target"]["url"], "recording:r.jsonl");
    assert!(!ran.stderr.contains("not used"), "{}", ran.stderr);

    let ran = run(&["--target", "recording:r.jsonl", "--seed", "9"], &later);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert_eq!(reasons(&ran)[0]["key"], "recording.made-anew");
    assert_eq!(ran.json()["contract"]["scenarios"][0]["steps"][0]["findings"], Value::Null);

    // What no run makes anew fails all the same.
    let wrong = scenario.replace("$.transaction_amount: 58", "$.transaction_amount: 59");
    std::fs::write(folder.path().join("x.yaml"), wrong).unwrap();
    assert_eq!(run(&["--target", "recording:r.jsonl", "--seed", "9"], &[]).code, 1);
}
