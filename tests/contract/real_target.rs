//! A target that is not the sandbox, as a command: pace and patience, outcomes that nobody knows, accounts that cannot,
//! and an early end. The target is a stand-in on this machine.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::stand_in::{Play, StandIn, answer, credentials, stand_in};
use crate::support::{Ran, homologa_with};

const SEARCH: &str = "steps: [{ get: /v1/payments/search, expect: { status: 200 } }]\n";

/// A payment by card, and its refund at the end.
const PAY: &str = r#"
name: pay
steps:
  - id: token
    post: /v1/card_tokens
    as: public-key
    card: { brand: master, holder: APRO }
    expect: { status: 201 }
    capture: { token: $.id }
  - id: pay
    post: /v1/payments
    body:
      token: "${token}"
      transaction_amount: 58
      installments: 1
      payment_method_id: master
      external_reference: "order-${uuid}"
      payer: { email: "${payer.email}" }
    expect: { status: 201, payment: { status: approved, status_detail: accredited } }
    capture: { payment: $.id }
finally:
  - { id: tidy, post: "/v1/payments/${payment}/refunds", body: {}, expect: { status: 201 } }
"#;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Runs scenario files against a stand-in, without a pre-flight and with JSON on standard output.
fn run(server: &StandIn, files: &[(&str, &str)], more: &[&str]) -> Ran {
    run_as(server, "MLA", files, &[&["--no-preflight"], more].concat())
}

fn run_as(server: &StandIn, site: &str, files: &[(&str, &str)], more: &[&str]) -> Ran {
    let folder = folder(files);
    let url = server.url();
    let credentials = credentials(site);
    let environment: Vec<(&str, &str)> = credentials.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut arguments = vec!["--format", "json", "contract", "run", ".", "--target", &url];
    arguments.extend(more);
    homologa_with(folder.path(), &environment, &arguments)
}

/// The steps of the first scenario of a run by id.
fn step<'j>(json: &'j Value, id: &str) -> &'j Value {
    let steps = json["contract"]["scenarios"][0]["steps"].as_array().unwrap();
    steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step {id}: {json:#}"))
}

fn limited(retry_after: &str) -> Play {
    let body = r#"{"message":"Too many requests","error":"too_many_requests","status":429,"cause":[]}"#;
    Play::Answer(429, vec![("retry-after", retry_after.to_owned())], body.to_owned())
}

#[test]
fn a_rate_spaces_requests_out() {
    let server = stand_in(|_, _| Play::Sandbox);
    let text = format!("name: x\nrows: [{{ n: 1 }}, {{ n: 2 }}, {{ n: 3 }}, {{ n: 4 }}, {{ n: 5 }}]\n{SEARCH}");
    let ran = run(&server, &[("x.yaml", &text)], &["--rate", "10"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let log = server.asked("GET /v1/payments/search");
    assert_eq!(log.len(), 5);
    let between = log[4].at.duration_since(log[0].at);
    assert!(between >= Duration::from_millis(350), "{between:?}");
}

#[test]
fn a_limited_service_is_waited_for_and_asked_again_with_the_same_key() {
    let server = stand_in(|asked, before| match asked.line.as_str() {
        "POST /v1/payments" if before == 0 => limited("1"),
        "POST /v1/payments" if before == 1 => answer(503, "<html>busy</html>"),
        _ => Play::Sandbox,
    });
    let ran = run(&server, &[("pay.yaml", PAY)], &[]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let log = server.asked("POST /v1/payments");
    assert_eq!(log.len(), 3);
    assert!(log[1].at.duration_since(log[0].at) >= Duration::from_millis(990));
    assert_eq!((log[0].bytes(), log[1].bytes()), (log[1].bytes(), log[2].bytes()), "the same request, byte for byte");
    assert!(!log[0].header("x-idempotency-key").is_empty());
    let json = ran.json();
    let earlier = &step(&json, "pay")["exchange"]["earlier"];
    assert_eq!((&earlier[0]["status"], &earlier[1]["status"]), (&429.into(), &503.into()), "{earlier}");
    assert_eq!(earlier[0]["waited_ms"], 1000);
}

#[test]
fn a_service_that_asks_for_an_hour_is_left_alone() {
    let server = stand_in(|_, _| limited("3600"));
    let rows = "rows: [{ n: 1 }, { n: 2 }, { n: 3 }]";
    let started = Instant::now();
    let ran = run(&server, &[("x.yaml", &format!("name: x\n{rows}\n{SEARCH}"))], &["--jobs", "1"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(server.log().len(), 1, "the other scenarios do not ask again");
    let json = ran.json();
    assert!(json["contract"]["scenarios"].as_array().unwrap().iter().all(|one| one["verdict"] == "inconclusive"));
    let told = &json["contract"]["scenarios"][2]["steps"][0]["reason"];
    assert!(told["args"]["seconds"].as_str().unwrap().parse::<u64>().unwrap() > 3500, "{told}");
}

#[test]
fn what_has_no_key_is_not_sent_twice_and_what_is_expected_not_again() {
    let server = stand_in(|_, _| answer(503, "{}"));
    let bare = "name: x\nsteps: [{ post: /v1/payments, headers: { x-idempotency-key: null }, body: {}, expect: { status: 201 } }]\n";
    let ran = run(&server, &[("x.yaml", bare)], &[]);
    assert_eq!((ran.code, server.log().len()), (3, 1), "{}", ran.all());
    let wanted = "name: x\nsteps: [{ get: /v1/payments/1, expect: { status: 503 } }]\n";
    let ran = run(&server, &[("x.yaml", wanted)], &[]);
    assert_eq!((ran.code, server.log().len()), (0, 2), "{}", ran.all());
}
