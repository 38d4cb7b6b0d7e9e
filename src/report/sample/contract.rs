//! The contract side of the samples: scenarios that hold, fail, deviate and stay open, and the coverage.

use std::collections::BTreeMap;

use super::{HOSTILE, finding, said, text};
use crate::i18n::{Message, Text};
use crate::run::{
    Attempt, CodeCoverage, Coverage, CoverageState, Evidence, Exchange, Expectation, PairCoverage, Place,
    ScenarioResult, Severity, Span, StepResult, TargetInfo, Verdict,
};

fn exchange(path: &str, request: &str, status: Option<u16>, response: &str) -> Exchange {
    Exchange {
        method: "POST".into(),
        url: format!("http://127.0.0.1:4455{path}"),
        path: None,
        request_headers: BTreeMap::from([
            ("authorization".into(), "Bearer TEST-…6789".into()),
            ("x-idempotency-key".into(), "0d5020ed-1af6-469c-ae06-c3bec19954bb".into()),
        ]),
        request_body: Some(request.into()),
        status,
        response_headers: BTreeMap::from([("content-type".into(), "application/json".into())]),
        response_body: Some(response.into()),
        truncated: false,
        started_ms: None,
        elapsed_ms: 42,
        replayed: false,
        earlier: Vec::new(),
    }
}

fn step(id: &str, verdict: Verdict, elapsed_ms: u64) -> StepResult {
    let mut exchange = exchange(
        "/v1/payments",
        r#"{"transaction_amount":58.50,"installments":1,"payment_method_id":"master","payer":{"email":"t***@example.com"}}"#,
        Some(201),
        r#"{"id":20359978,"status":"approved","status_detail":"accredited","transaction_amount":58.50}"#,
    );
    exchange.elapsed_ms = elapsed_ms;
    StepResult {
        id: id.into(),
        verdict,
        reason: None,
        expectations: vec![Expectation { message: said("El estado HTTP es 201"), verdict: Verdict::Pass }],
        findings: Vec::new(),
        exchange: Some(exchange),
        span: None,
    }
}

/// A scenario whose steps follow each other, each after a moment.
fn scenario(id: &str, name: &str, verdict: Verdict, mut steps: Vec<StepResult>) -> ScenarioResult {
    let mut elapsed_ms = 0;
    for exchange in steps.iter_mut().filter_map(|step| step.exchange.as_mut()) {
        let started_ms = *exchange.started_ms.get_or_insert(elapsed_ms + 2);
        elapsed_ms = started_ms + exchange.elapsed_ms;
    }
    ScenarioResult {
        id: format!("{id}@MLA"),
        name: Text { es: name.into(), pt: name.into(), en: name.into() },
        file: format!("payments/{id}.yaml"),
        site: "MLA".into(),
        tags: vec!["payments".into()],
        verdict,
        steps,
        started_ms: Some(4),
        elapsed_ms,
        place: 0,
        abridged: false,
    }
}

pub(super) fn passing() -> ScenarioResult {
    let steps =
        vec![step("token", Verdict::Pass, 18), step("pay", Verdict::Pass, 64), step("replay", Verdict::Pass, 9)];
    ScenarioResult { started_ms: Some(0), ..scenario("approved", "An approved payment", Verdict::Pass, steps) }
}

pub(super) fn failing() -> ScenarioResult {
    let mut pay = step("pay", Verdict::Fail, 71);
    pay.expectations.push(Expectation { message: said("status es rejected"), verdict: Verdict::Fail });
    pay.expectations.push(Expectation { message: said(HOSTILE), verdict: Verdict::Pass });
    pay.findings.push(finding(
        "expectation",
        Severity::Blocker,
        said("El pago no quedó rechazado"),
        Place {
            file: Some("payments/declined.yaml".into()),
            line: Some(14),
            column: Some(9),
            step: Some("pay".into()),
            ..Place::default()
        },
        vec![
            Evidence::Difference { path: "/status".into(), expected: "rejected".into(), actual: "approved".into() },
            Evidence::Difference {
                path: "/status_detail".into(),
                expected: "cc_rejected_insufficient_amount".into(),
                actual: HOSTILE.into(),
            },
        ],
    ));
    let steps = vec![step("token", Verdict::Pass, 22), pay];
    scenario("declined", "A card without funds is declined, and the reason is told", Verdict::Fail, steps)
}

pub(super) fn noted() -> ScenarioResult {
    let mut pay = step("pay", Verdict::Pass, 33);
    pay.findings.push(finding(
        "reworded",
        Severity::Advice,
        said("El mensaje difiere del documentado"),
        Place {
            file: Some("payments/error-2006.yaml".into()),
            line: Some(5),
            step: Some("pay".into()),
            ..Place::default()
        },
        vec![Evidence::Difference {
            path: "/message".into(),
            expected: "Card Token not found".into(),
            actual: "Card token not found.".into(),
        }],
    ));
    let refused = scenario("error-2006", "An unknown card token is refused", Verdict::Pass, vec![pay]);
    ScenarioResult { started_ms: Some(98), ..refused }
}

pub(super) fn undecided() -> ScenarioResult {
    let mut pay = step("pay", Verdict::Inconclusive, 5_021);
    pay.reason = Some(said("El servidor respondió 503 en los tres intentos"));
    if let Some(exchange) = &mut pay.exchange {
        (exchange.status, exchange.response_body, exchange.truncated) = (None, Some("<html>…".into()), true);
        let attempt = |started_ms, elapsed_ms, waited_ms| Attempt {
            status: Some(503),
            waited_ms,
            started_ms: Some(started_ms),
            elapsed_ms: Some(elapsed_ms),
        };
        (exchange.earlier, exchange.started_ms) = (vec![attempt(2, 61, 500), attempt(563, 40, 1_000)], Some(1_604));
        pay.span = Some(Span { started_ms: 2, elapsed_ms: 6_623 });
    }
    scenario("refund", "A payment is refunded", Verdict::Inconclusive, vec![pay])
}

/// The codes of the catalogue, as far as the picture needs them.
const CODES: &str = "400/1 400/3 400/8 400/23 400/1000 400/2002 400/2004 400/2006 400/2007 400/2009 \
    400/2034 400/2059 400/2062 400/2067 400/2072 400/2077 400/2123 400/2131 400/2198 400/3000 \
    400/3001 400/3003 400/3004 400/3005 400/3006 400/3007 400/3008 400/3009 400/3010 400/3011 \
    400/3012 400/3013 400/3014 400/3015 400/3016 400/3017 400/3018 400/3019 400/3020 400/3021 \
    400/3022 400/3023 400/3024 400/3025 400/3026 400/3027 400/3028 400/3029 400/3030 400/3031 \
    400/3032 400/3033 400/3034 400/4000 400/4001 400/4002 400/4003 400/4004 400/4005 400/4006 \
    400/4012 400/4013 400/4015 400/4016 400/4017 400/4018 400/4019 400/4020 400/4021 400/4022 \
    400/4023 400/4024 400/4025 400/4026 400/4027 400/4028 400/4029 400/4033 400/4037 400/4038 \
    400/4039 400/4050 400/4051 400/4292 400/6033 400/7523 401/live-credentials 403/4 403/3002 403/pa_unauthorized_result_from_policies";

pub(super) fn coverage(complete: bool) -> Coverage {
    let state = |index: usize| match index % 11 {
        _ if complete => CoverageState::Observed,
        2 => CoverageState::NeverRun,
        3 => CoverageState::Provoked,
        7 => CoverageState::NotReachable,
        _ => CoverageState::Observed,
    };
    let why = |state| match state {
        CoverageState::NeverRun => Some(Message::new("contract.why-never-run")),
        CoverageState::NotReachable => Some(Message::new("contract.why-not-reachable")),
        CoverageState::Provoked => Some(Message::new("contract.why-other").with("names", "approved@MLA")),
        _ => None,
    };
    let code = |(index, id): (usize, &str)| {
        let (status, code) = id.split_once('/').unwrap();
        let state = state(index);
        CodeCoverage {
            id: id.into(),
            status: status.parse().unwrap(),
            code: code.into(),
            message: (code != "3004").then(|| format!("Message of {code}")),
            state,
            scenarios: if state == CoverageState::Observed { vec![format!("error-{code}@MLA")] } else { vec![] },
            how: text(
                "Crea un pago con un valor que no corresponde.",
                "Crie um pagamento com um valor que não corresponde.",
                "Create a payment with a value that does not fit.",
            ),
            why: why(state),
        }
    };
    let pair = |status: &str, detail: Option<&str>, state| PairCoverage {
        status: status.into(),
        status_detail: detail.map(str::to_owned),
        state,
        scenarios: vec!["approved@MLA".into()],
        how: None,
        why: why(state),
    };
    Coverage {
        snapshot: "2026-11-18".into(),
        codes: CODES.split_whitespace().enumerate().map(code).collect(),
        pairs: vec![
            pair("approved", Some("accredited"), CoverageState::Observed),
            pair("rejected", Some("cc_rejected_insufficient_amount"), CoverageState::Provoked),
            pair("charged_back", None, CoverageState::NotReachable),
        ],
    }
}

pub(super) fn target() -> TargetInfo {
    TargetInfo { kind: "embedded".into(), url: "http://127.0.0.1:4455".into(), site: "MLA".into() }
}
