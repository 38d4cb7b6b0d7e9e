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
    // All three are seen where they left, and the step from the first to the last.
    let moment = |value: &Value| value["started_ms"].as_u64().unwrap_or_else(|| panic!("{json:#}"));
    let (first, second, last) = (moment(&earlier[0]), moment(&earlier[1]), moment(&step(&json, "pay")["exchange"]));
    assert!(second >= first + 990 && last > second, "{first} {second} {last}");
    let span = &step(&json, "pay")["span"];
    assert!(moment(span) == first && first + span["elapsed_ms"].as_u64().unwrap() >= last, "{span}");
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
    assert_eq!(told["key"], "contract.silence", "{told}");
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

#[test]
fn a_payment_whose_answer_never_came_is_looked_up_and_tidied_and_never_made_twice() {
    for play in [Play::DoneThenSilent(Duration::from_secs(5)), Play::DoneBut(499, String::new())] {
        let server = stand_in(move |asked, _| match asked.line.as_str() {
            "POST /v1/payments" => play.clone(),
            _ => Play::Sandbox,
        });
        let ran = run(&server, &[("pay.yaml", PAY)], &["--timeout", "1"]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        assert_eq!(server.asked("POST /v1/payments").len(), 1);
        assert_eq!(server.asked("GET /v1/payments/search").len(), 1);
        let json = ran.json();
        let pay = step(&json, "pay");
        let told = &pay["expectations"].as_array().unwrap().last().unwrap()["message"];
        assert_eq!((&pay["verdict"], &told["key"]), (&"pass".into(), &"contract.looked-up".into()), "{pay:#}");
        let id = told["args"]["id"].as_str().unwrap();
        assert_eq!(server.asked(&format!("POST /v1/payments/{id}/refunds")).len(), 1, "{:?}", server.log());
    }
}

#[test]
fn what_was_made_in_another_way_than_expected_is_tidied_too() {
    let server = stand_in(|asked, _| match asked.line.as_str() {
        "POST /v1/payments" => Play::DoneBut(504, "<html>".to_owned()),
        _ => Play::Sandbox,
    });
    let other = PAY.replace("status: approved, status_detail: accredited", "status: rejected");
    let ran = run(&server, &[("pay.yaml", &other)], &[]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let json = ran.json();
    assert_eq!((&step(&json, "pay")["verdict"], &step(&json, "tidy")["verdict"]), (&"fail".into(), &"pass".into()));
}

#[test]
fn an_outcome_that_stays_unknown_is_open_and_told_how_to_look_up() {
    let server = stand_in(|asked, _| match asked.line.as_str() {
        "POST /v1/payments" => answer(499, ""),
        _ => Play::Sandbox,
    });
    let bare = PAY.replace("      external_reference: \"order-${uuid}\"\n", "");
    for (text, why, searched) in [(PAY, "contract.not-found", 3), (bare.as_str(), "contract.no-reference", 3)] {
        let ran = run(&server, &[("pay.yaml", text)], &[]);
        assert_eq!(ran.code, 3, "{}", ran.all());
        assert_eq!(server.asked("GET /v1/payments/search").len(), searched);
        let json = ran.json();
        let finding = &step(&json, "pay")["findings"][0];
        assert_eq!(finding["rule"], "unknown-outcome");
        let known = why == "contract.not-found";
        let fix = if known { "contract.look-up-reference" } else { "contract.look-up-by-hand" };
        assert_eq!((&finding["fix"]["key"], &finding["severity"]), (&fix.into(), &"warning".into()));
        assert_eq!(finding["evidence"][1]["message"]["key"], why, "{finding:#}");
    }
    assert_eq!(server.asked("POST /v1/payments").len(), 2, "one for each run");
}

#[test]
fn a_broken_environment_is_open_with_advice_and_never_a_failure() {
    let hidden = r#"{"message":"fill and validate error list: payer.email of ana@example.com","status":500}"#;
    for (play, message, fix) in [
        (answer(424, "{}"), "contract.environment", "contract.fix-424"),
        (answer(500, hidden), "contract.environment-reason", "contract.fix-mistake"),
        (answer(502, "<html>bad gateway</html>"), "contract.environment-page", "contract.fix-5xx"),
        (answer(403, "<!doctype html><p>blocked"), "contract.environment-page", "contract.fix-page"),
    ] {
        let shown = format!("{play:?}");
        let server = stand_in(move |asked, _| match asked.line.as_str() {
            "POST /v1/payments" => play.clone(),
            _ => Play::Sandbox,
        });
        let fine = format!("name: fine\n{SEARCH}");
        let gate = ["--min-coverage", "50"];
        for more in [&gate[..0], &gate] {
            let ran = run(&server, &[("a.yaml", PAY), ("b.yaml", &fine)], more);
            assert_eq!(ran.code, 3, "{shown}: {}", ran.all());
            assert!(!ran.all().contains("ana@example.com"));
            let json = ran.json();
            let finding = &step(&json, "pay")["findings"][0];
            assert_eq!(finding["rule"], "environment", "{shown}");
            assert_eq!((&finding["message"]["key"], &finding["fix"]["key"]), (&message.into(), &fix.into()), "{shown}");
            assert_eq!(json["contract"]["scenarios"][1]["verdict"], "pass");
        }
    }
}

/// 401 with code 7: what test accounts often get since 2025.
const LIVE: &str = r#"{"message":"Unauthorized use of live credentials","error":"unauthorized","status":401,
    "cause":[{"code":7,"description":"Unauthorized use of live credentials","data":null}]}"#;

const REFUSED: &str = "
name: refused
steps:
  - post: /v1/payments
    body: { transaction_amount: 58 }
    expect: { error: [1, 2006] }
";

#[test]
fn an_account_that_cannot_pay_is_told_once_and_its_scenarios_stay_open() {
    let server = stand_in(|asked, _| match asked.line.as_str() {
        "POST /v1/payments" => answer(401, LIVE),
        _ => Play::Sandbox,
    });
    let rows = "rows: [{ n: 1 }, { n: 2 }, { n: 3 }]\n";
    let pay = PAY.replace("name: pay\n", &format!("name: pay\n{rows}"));
    let search = format!("name: search\n{SEARCH}");
    let ran = run_as(&server, "MLA", &[("a.yaml", &pay), ("b.yaml", REFUSED), ("c.yaml", &search)], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert_eq!(server.asked("POST /v1/payments").len(), 1, "the trial alone");
    assert_eq!(server.asked("POST /v1/card_tokens").len(), 1);
    let json = ran.json();
    let preflight = &json["contract"]["preflight"];
    assert_eq!(preflight["creation"]["outcome"], "refused", "{preflight:#}");
    assert_eq!((&preflight["creation"]["status"], &preflight["creation"]["code"]), (&401.into(), &"7".into()));
    assert_eq!((&preflight["credential"], &preflight["test_user"]), (&"test".into(), &true.into()));
    assert_eq!((&preflight["site"], preflight["account"].as_str().unwrap().chars().count()), (&"MLA".into(), 5));
    let scenarios = json["contract"]["scenarios"].as_array().unwrap();
    let verdicts: Vec<&str> = scenarios.iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["inconclusive", "inconclusive", "inconclusive", "inconclusive", "pass"]);
    assert_eq!(scenarios[0]["steps"][0]["reason"]["key"], "contract.cannot-pay");
    assert_eq!(scenarios[3]["steps"][0]["reason"]["key"], "contract.cannot-pay", "refused before anything is checked");
}

#[test]
fn a_trial_that_is_refused_late_leaves_scenarios_of_refusals_alone() {
    let body = r#"{"message":"Card Token not found","error":"bad_request","status":400,
        "cause":[{"code":2006,"description":"Card Token not found","data":null}]}"#;
    let server = stand_in(move |asked, _| match asked.line.as_str() {
        "POST /v1/payments" => answer(400, body),
        _ => Play::Sandbox,
    });
    let ran = run_as(&server, "MLA", &[("a.yaml", PAY), ("b.yaml", REFUSED)], &[]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    let json = ran.json();
    assert_eq!(json["contract"]["scenarios"][0]["verdict"], "inconclusive");
    assert_eq!(json["contract"]["scenarios"][1]["verdict"], "pass", "{:#}", json["contract"]["scenarios"][1]);
    assert_eq!(server.asked("POST /v1/payments").len(), 2);
    let text = homologa_text(&server, &[("a.yaml", PAY)]);
    assert!(text.contains("cannot create payments: 400, 2006"), "{text}");
    assert!(text.contains("this account cannot run this scenario"), "{text}");
}

fn homologa_text(server: &StandIn, files: &[(&str, &str)]) -> String {
    let (folder, url) = (folder(files), server.url());
    let credentials = credentials("MLA");
    let environment: Vec<(&str, &str)> = credentials.iter().map(|(name, value)| (*name, value.as_str())).collect();
    homologa_with(folder.path(), &environment, &["contract", "run", ".", "--target", &url]).all()
}

#[test]
fn an_account_that_can_pay_runs_and_the_trial_leaves_no_money_behind() {
    // A service that is broken for a moment is asked again with the same key.
    let server = stand_in(|asked, before| match asked.line.as_str() {
        "POST /v1/payments" if before == 0 => answer(500, r#"{"message":"internal_error","status":500,"cause":[]}"#),
        _ => Play::Sandbox,
    });
    let ran = run_as(&server, "MLB", &[("a.yaml", PAY)], &["--site", "MLB"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let json = ran.json();
    assert_eq!(json["contract"]["preflight"]["creation"]["outcome"], "works");
    let payments = server.asked("POST /v1/payments");
    assert_eq!(payments.len(), 3);
    assert_eq!(payments[0].bytes(), payments[1].bytes());
    assert!(server.asked("POST /v1/card_tokens")[0].body.contains("OTHE"), "a card that is declined");
    assert_eq!(server.log()[0].line, "GET /users/me");
}

#[test]
fn questions_stop_at_what_the_user_has_to_mend() {
    let server = stand_in(|_, _| Play::Sandbox);
    let ran = run_as(&server, "MLB", &[("a.yaml", PAY)], &[]);
    assert_eq!((ran.code, server.log().len()), (2, 1), "{}", ran.all());
    assert!(ran.stderr.contains("the account is of MLB") && ran.stderr.contains("--site MLB"), "{}", ran.stderr);

    let refusing = stand_in(|_, _| answer(401, "{}"));
    assert_eq!(run_as(&refusing, "MLA", &[("a.yaml", PAY)], &[]).code, 2);
    let broken = stand_in(|_, _| answer(502, "<html>"));
    assert_eq!(run_as(&broken, "MLA", &[("a.yaml", PAY)], &[]).code, 3);

    let (folder, url) = (folder(&[("a.yaml", PAY)]), server.url());
    let key = credentials("MLA")[1].1.clone();
    let environment = [("MERCADOPAGO_ACCESS_TOKEN", key.as_str())];
    let ran = homologa_with(folder.path(), &environment, &["contract", "run", ".", "--target", &url]);
    assert_eq!((ran.code, server.log().len()), (2, 1), "{}", ran.all());
    assert!(ran.stderr.contains("a public key stands where") && !ran.all().contains(&key), "{}", ran.stderr);
}

#[test]
fn what_needs_no_trial_gets_none() {
    let server = stand_in(|_, _| Play::Sandbox);
    let ran = run_as(&server, "MLA", &[("a.yaml", &format!("name: x\n{SEARCH}"))], &[]);
    assert_eq!((ran.code, server.log().len()), (0, 2), "{}", ran.all());
    assert_eq!(ran.json()["contract"]["preflight"]["creation"]["outcome"], "not-tried");
}

/// Starts a run of many payments, of which each takes `slow`, and interrupts it once two of them were asked for.
#[cfg(unix)]
fn interrupted(slow: Duration, signals: &[&str]) -> (StandIn, Ran, Duration) {
    use crate::support::{child, ended};
    let server = stand_in(move |asked, _| match asked.line.as_str() {
        "POST /v1/payments" => Play::Slow(slow),
        _ => Play::Sandbox,
    });
    let rows: String = (0..20).map(|row| format!("  - {{ n: {row} }}\n")).collect();
    let pay = PAY.replace("name: pay\n", &format!("name: pay\nrows:\n{rows}"));
    let (folder, url) = (folder(&[("pay.yaml", &pay)]), server.url());
    let credentials = credentials("MLA");
    let environment: Vec<(&str, &str)> = credentials.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let arguments = ["--format", "json", "contract", "run", ".", "--target", &url, "--jobs", "2", "--no-preflight"];
    let running = child(folder.path(), &environment, &arguments);
    while server.asked("POST /v1/payments").len() < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    let started = Instant::now();
    for signal in signals {
        let sent = std::process::Command::new("kill").args([*signal, &running.id().to_string()]).status().unwrap();
        assert!(sent.success());
        std::thread::sleep(Duration::from_millis(300));
    }
    let ran = ended(running);
    (server, ran, started.elapsed())
}

#[cfg(unix)]
#[test]
fn an_interruption_finishes_what_was_begun_and_keeps_a_partial_record() {
    for signal in ["-INT", "-TERM"] {
        let (server, ran, _) = interrupted(Duration::from_millis(800), &[signal]);
        assert_eq!(ran.code, 3, "{}", ran.all());
        assert!(ran.stderr.contains("another interruption ends at once"), "{}", ran.stderr);
        assert_eq!(server.asked("POST /v1/payments").len(), 2, "nothing begins any more");
        let refunds = server.log().iter().filter(|asked| asked.line.ends_with("/refunds")).count();
        assert_eq!(refunds, 2, "what was made is tidied up");
        let json = ran.json();
        assert_eq!((&json["complete"], &json["contract"]["planned"]), (&false.into(), &20.into()));
        assert!(json["elapsed_ms"].as_u64().unwrap() >= 800, "{}", json["elapsed_ms"]);
        let finished = json["contract"]["scenarios"].as_array().unwrap();
        assert_eq!(finished.len(), 2);
        assert!(finished.iter().all(|one| one["verdict"] == "pass"), "{finished:#?}");
        let problems = json["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["message"]["key"] == "cli.interrupted"));
    }
}

#[cfg(unix)]
#[test]
fn a_second_interruption_ends_at_once() {
    let (_, ran, took) = interrupted(Duration::from_secs(9), &["-INT", "-INT"]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(ran.json()["complete"], false);
}

#[test]
fn scenarios_with_one_serial_key_never_overlap() {
    let server = stand_in(|asked, _| match asked.line.as_str() {
        line if line.starts_with("GET /v1/payments/search") => Play::Slow(Duration::from_millis(60)),
        _ => Play::Sandbox,
    });
    let rows: String = (0..6).map(|row| format!("  - {{ n: {row} }}\n")).collect();
    let text = format!("name: x\nserial: account\nrows:\n{rows}{SEARCH}");
    let ran = run(&server, &[("x.yaml", &text)], &["--jobs", "6"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let log = server.asked("GET /v1/payments/search");
    for pair in log.windows(2) {
        let between = pair[1].at.duration_since(pair[0].at);
        assert!(between >= Duration::from_millis(60), "{between:?}");
    }
    assert_eq!(log.len(), 6);
}

#[test]
fn a_seed_repeats_every_request_byte_for_byte_whatever_runs_side_by_side() {
    let rows: String = (0..8).map(|row| format!("  - {{ n: {row} }}\n")).collect();
    let pay = PAY.replace("name: pay\n", &format!("name: pay\nrows:\n{rows}"));
    let requests = |jobs: &str, seed: &str| {
        // Its ids follow from the keys of the requests, so that what is captured is the same too.
        let server = stand_in(|_, _| Play::Sandbox);
        let ran = run_as(&server, "MLA", &[("pay.yaml", &pay)], &["--jobs", jobs, "--seed", seed]);
        assert_eq!(ran.code, 0, "{}", ran.all());
        let mut requests: Vec<String> = server.log().iter().map(|asked| asked.bytes()).collect();
        requests.sort();
        requests
    };
    let one = requests("1", "7");
    assert_eq!(one.len(), 3 + 8 * 3);
    assert_eq!(one, requests("1", "7"));
    assert_eq!(one, requests("16", "7"));
    assert_ne!(one, requests("1", "8"));
}
