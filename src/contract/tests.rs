//! The runner against a small server of the test's own: asking until it holds, and tidying up.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::scenario::Stock;
use super::{Options, Queue, Target, TargetKind, run};
use crate::run::{Event, RunRecord, ScenarioResult, Sink, Span, Verdict};

type Seen = Arc<Mutex<Vec<(String, String)>>>;

#[derive(Default)]
struct Kept(Mutex<RunRecord>);

impl Sink for Kept {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap().apply(event);
    }
}

/// Answers `{"n": how often this path was asked}`; notes method, path and idempotency key.
async fn answer(State(seen): State<Seen>, request: Request) -> (StatusCode, String) {
    let asked = format!("{} {}", request.method(), request.uri().path());
    if asked.ends_with("/slow") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let key = request.headers().get("x-idempotency-key").map_or("", |key| key.to_str().unwrap()).to_owned();
    let mut seen = seen.lock().unwrap();
    seen.push((asked.clone(), key));
    let n = seen.iter().filter(|(other, _)| *other == asked).count();
    (StatusCode::OK, format!("{{\"n\": {n}, \"id\": \"made\"}}"))
}

async fn ran(steps: &str) -> (ScenarioResult, Vec<(String, String)>) {
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let server =
        tokio::spawn(axum::serve(listener, Router::new().fallback(answer).with_state(seen.clone())).into_future());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.yaml"), format!("name: x\n{steps}")).unwrap();
    let mut stock = Stock::in_folder(folder.path());
    let target =
        Target { kind: TargetKind::Embedded, base, site: "MLA".to_owned(), access_token: None, public_key: None };
    let kept = Kept::default();
    let queue = Queue::new(&mut stock, &[], target.kind, &kept);
    run(queue, target, &Options::default(), &kept).await.unwrap();
    server.abort();
    let record = kept.0.into_inner().unwrap();
    let asked = seen.lock().unwrap().iter().filter(|(asked, _)| asked.contains("/x")).cloned().collect();
    (record.contract.unwrap().scenarios.remove(0), asked)
}

#[tokio::test]
async fn a_step_asks_until_it_holds_with_one_key() {
    let (result, asked) = ran("steps:
  - { post: /x, body: {}, until: { body: { $.n: 3 } }, interval: 10ms, capture: { id: $.id } }
  - { wait: 20ms }
  - { get: '/x/${id}', expect: { status: 200 } }
")
    .await;
    assert_eq!(result.verdict, Verdict::Pass, "{result:#?}");
    assert_eq!(asked.len(), 4);
    assert!(!asked[0].1.is_empty() && asked[..3].iter().all(|(_, key)| *key == asked[0].1));
    assert_eq!(asked[3].0, "GET /x/made");
    assert!(result.elapsed_ms >= 40, "{}", result.elapsed_ms);
    // Each stands where it began: asking three times, then waiting, then asking once more.
    let spans: Vec<Option<Span>> = result.steps.iter().map(|step| step.span).collect();
    let [Some(polled), Some(waited), None] = spans[..] else { panic!("{spans:?}") };
    let left = |index: usize| result.steps[index].exchange.as_ref().unwrap().started_ms.unwrap();
    assert!(left(0) >= polled.started_ms + 20 && polled.elapsed_ms >= 20, "{result:#?}");
    assert!(waited.started_ms >= left(0) && waited.elapsed_ms >= 19 && left(2) >= waited.started_ms + 19);
    assert!(result.started_ms.is_some() && left(2) <= result.elapsed_ms);
}

#[tokio::test]
async fn a_step_that_never_holds_tells_the_last_difference_and_how_often_it_asked() {
    let (result, asked) = ran("steps:
  - { get: /x, until: { body: { $.n: -1 } }, interval: 30ms, limit: 100ms }
")
    .await;
    assert_eq!(result.verdict, Verdict::Fail);
    assert!((2..=5).contains(&asked.len()), "{}", asked.len());
    let finding = &result.steps[0].findings[0];
    assert_eq!(finding.fix.as_ref().unwrap().args["n"], asked.len().to_string());
    let shown = serde_json::to_string(&finding.evidence).unwrap();
    assert!(shown.contains(&format!("\"{}\"", asked.len())), "the last answer: {shown}");
}

#[tokio::test]
async fn what_was_made_is_tidied_up_after_a_failure_which_stays_the_first() {
    let (result, asked) = ran("steps:
  - { id: make, post: /x, body: {}, expect: { status: 200 }, capture: { made: $.id } }
  - { id: wrong, get: /x, expect: { status: 404 } }
  - { id: never, get: /x/never, expect: { status: 200 }, capture: { late: $.id } }
finally:
  - { id: late, delete: '/x/${late}', expect: { status: 200 } }
  - { id: fails, put: '/x/${made}', expect: { status: 500 } }
  - { id: again, repeat: never, expect: { status: 200 } }
  - { id: tidy, delete: '/x/${made}', expect: { status: 200 } }
  - { id: elsewhere, targets: url, get: /x, expect: { status: 200 } }
")
    .await;
    let verdicts: Vec<(&str, Verdict)> = result.steps.iter().map(|step| (step.id.as_str(), step.verdict)).collect();
    assert_eq!(
        verdicts,
        [
            ("make", Verdict::Pass),
            ("wrong", Verdict::Fail),
            ("never", Verdict::Inconclusive),
            ("late", Verdict::NotApplicable),
            ("fails", Verdict::Fail),
            ("again", Verdict::NotApplicable),
            ("tidy", Verdict::Pass),
            ("elsewhere", Verdict::NotApplicable),
        ]
    );
    assert_eq!(result.verdict, Verdict::Fail);
    assert_eq!(result.steps[3].reason.as_ref().unwrap().args["name"], "late");
    let asked: Vec<&str> = asked.iter().map(|(asked, _)| asked.as_str()).collect();
    assert_eq!(asked, ["POST /x", "GET /x", "PUT /x/made", "DELETE /x/made"]);
}

#[tokio::test]
async fn a_row_and_a_variable_say_which_status_is_expected() {
    let (result, _) = ran("variables: { good: 200 }
rows: [{ s: [200, 201] }]
steps:
  - { get: /x, expect: { status: '${row.s}' } }
  - { get: /x, expect: { status: [404, '${good}'] } }
")
    .await;
    assert_eq!(result.verdict, Verdict::Pass, "{result:#?}");
    assert_eq!(result.steps[0].expectations[0].message.args["status"], "200, 201");
    let (result, _) = ran("rows: [{ s: 404 }]
steps:
  - { get: /x, expect: { status: '${row.s}' } }
")
    .await;
    assert_eq!(result.verdict, Verdict::Fail);
    assert_eq!(result.steps[0].findings[0].rule, "status-mismatch");
}

#[tokio::test]
async fn nothing_to_tidy_leaves_a_passing_scenario_passing() {
    let (result, _) = ran("steps:
  - { get: /x, expect: { status: 200 } }
  - { id: make, targets: url, post: /x, body: {}, expect: { status: 200 }, capture: { made: $.id } }
finally:
  - { delete: '/x/${made}', expect: { status: 200 } }
")
    .await;
    assert_eq!(result.verdict, Verdict::Pass);
}

#[tokio::test]
async fn headers_are_captured_and_a_slow_answer_is_a_note() {
    let (result, asked) = ran("steps:
  - { post: /x, body: {}, expect: { status: 200, within: 10m }, capture: { kind: { header: Content-Type } } }
  - { get: '/x/${kind}', expect: { status: 200 } }
")
    .await;
    assert_eq!(result.verdict, Verdict::Pass, "{result:#?}");
    assert!(asked[1].0.starts_with("GET /x/text%2Fplain;"), "{asked:?}");
    assert!(result.steps[0].expectations.iter().any(|each| each.message.key == "contract.within"));
    let (result, _) = ran("steps:
  - { post: /x/slow, body: {}, expect: { status: 200, within: 1ms } }
")
    .await;
    assert_eq!(result.verdict, Verdict::Pass, "{result:#?}");
    assert_eq!(result.steps[0].findings[0].rule, "slow");
}

#[tokio::test]
async fn a_capture_of_nothing_or_of_several_fails_and_names_what_it_found() {
    for (capture, key, told) in [
        ("id: $.nothing", "contract.captures-nothing", "$.nothing"),
        ("id: $.*", "contract.captures-several", "1, \"made\""),
        ("id: { header: x-nothing }", "contract.captures-nothing", "x-nothing"),
    ] {
        let (result, _) = ran(&format!(
            "steps:
  - {{ post: /x, body: {{}}, expect: {{ status: 200 }}, capture: {{ {capture} }} }}
"
        ))
        .await;
        assert_eq!(result.verdict, Verdict::Fail, "{result:#?}");
        let message = &result.steps[0].findings[0].message;
        assert_eq!(message.key, key);
        assert!(message.args.values().any(|value| value == told), "{message:?}");
    }
}

#[tokio::test]
async fn what_an_answer_gave_leads_no_request_elsewhere() {
    for (value, step, told) in [
        ("'..'", "delete: '/x/1/${v}'", "contract.turns-in-path"),
        ("''", "delete: '/x/1/${v}'", "contract.empty-in-path"),
        ("null", "delete: '/x/1/${v}'", "contract.empty-in-path"),
        ("\"a\\r\\nb\"", "get: /x, headers: { x-a: '${v}' }", "contract.bad-header-value"),
        ("\"a\\0\"", "get: /x, headers: { x-a: 'b ${v}' }", "contract.bad-header-value"),
    ] {
        let steps =
            format!("variables: {{ v: {value} }}\nsteps:\n  - {{ id: it, {step}, expect: {{ status: 200 }} }}\n");
        let (result, asked) = ran(&steps).await;
        assert_eq!((result.verdict, asked.len()), (Verdict::Fail, 0), "{steps}");
        let finding = &result.steps[0].findings[0];
        assert_eq!((finding.message.key.as_ref(), finding.place.line), (told, Some(4)), "{finding:?}");
    }
    for (value, path, asked) in [
        ("a/../b?c#d", "/x/1/${v}", "/x/1/a%2F..%2Fb%3Fc%23d"),
        ("data:a", "/${v}/x", "/data:a/x"),
        ("/x/1", "${v}/y", "/x/1/y"),
    ] {
        let steps =
            format!("variables: {{ v: '{value}' }}\nsteps:\n  - {{ get: '{path}', expect: {{ status: 200 }} }}\n");
        let (result, seen) = ran(&steps).await;
        assert_eq!(result.verdict, Verdict::Pass, "{result:#?}");
        assert!(seen.iter().any(|(seen, _)| *seen == format!("GET {asked}")), "{seen:?}");
    }
}
