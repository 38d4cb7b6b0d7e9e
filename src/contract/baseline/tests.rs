//! The baseline as a whole: written, read, compared, accepted again.

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::shape::tests::bodies;
use super::*;
use crate::contract::exchange::Answer;
use crate::i18n::Lang;
use crate::run::{Acceptance, DriftReport, Exchange, ScenarioResult, StepResult, TargetInfo, Verdict};
use crate::secret::Redactor;
use crate::yaml::Source;

fn result(scenario: &str, steps: &[(&str, Verdict)]) -> ScenarioResult {
    let step = |(id, verdict): &(&str, Verdict)| StepResult {
        id: (*id).to_owned(),
        verdict: *verdict,
        reason: None,
        expectations: Vec::new(),
        findings: Vec::new(),
        exchange: Some(Exchange::default()),
        span: None,
    };
    ScenarioResult {
        id: scenario.to_owned(),
        name: crate::i18n::Text::default(),
        file: "x.yaml".to_owned(),
        site: "MLA".to_owned(),
        tags: Vec::new(),
        verdict: Verdict::Pass,
        steps: steps.iter().map(step).collect(),
        started_ms: None,
        elapsed_ms: 0,
        place: 0,
        abridged: false,
    }
}

fn scope(known: &[&str]) -> Scope {
    Scope { known: known.iter().map(|id| (*id).to_owned()).collect(), ..Scope::default() }
}

/// A run of one-step scenarios that answered these bodies, and its drift.
fn ran(observer: &Observer, answers: &[(&str, Value)]) -> DriftReport {
    watched(observer, answers);
    observer.report(&scope(&["a", "b"]))
}

fn watched(observer: &Observer, answers: &[(&str, Value)]) {
    let target = TargetInfo { kind: "embedded".into(), url: String::new(), site: "MLA".into() };
    observer.begin(target, Redactor::default());
    for (scenario, body) in answers {
        let answer = Answer { status: 201, json: Some(body.clone()), body: body.to_string(), ..Answer::default() };
        observer.see(scenario, "pay", "POST", "/v1/payments/123", &answer);
        observer.finished(&result(scenario, &[("pay", Verdict::Pass)]));
    }
    observer.end();
}

fn read(text: &str) -> Result<Baseline, Vec<crate::run::Problem>> {
    Baseline::parse(&Source::new("b.yaml", text))
}

fn accepted(baseline: Option<Baseline>, accepting: &Accepting, answers: &[(&str, Value)]) -> (Baseline, Written) {
    let observer = Observer::new(baseline, true).on(date(2026, 5, 1));
    ran(&observer, answers);
    let written = observer.accept(accepting, &scope(&["a", "b"]), Lang::En).unwrap();
    (read(&written.text).unwrap_or_else(|problems| panic!("{problems:#?}\n{}", written.text)), written)
}

fn drift(baseline: &Baseline, answers: &[(&str, Value)]) -> DriftReport {
    ran(&Observer::new(Some(baseline.clone()), false).on(date(2026, 5, 1)), answers)
}

fn kinds(report: &DriftReport) -> Vec<(&str, Acceptance, usize)> {
    report.entries.iter().map(|entry| (entry.change.kind.as_str(), entry.state, entry.count)).collect()
}

#[test]
fn what_was_accepted_is_quiet_and_shared_bodies_are_written_once() {
    let body = json!({"id": 1, "status": "approved", "list": [{"a b": null}, {"a b": "x", "c": 1}], "e": []});
    let answers = [("a@MLA", body.clone()), ("b@MLA", body)];
    let (baseline, written) = accepted(None, &Accepting::default(), &answers);
    assert_eq!((written.responses, written.added), (2, 2));
    insta::assert_snapshot!("written", written.text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
    let report = drift(&baseline, &answers);
    assert_eq!(kinds(&report), []);
    assert_eq!(report.baseline.unwrap().compared, 2);
    // Accepting the same again changes nothing but the date.
    let (_, again) = accepted(Some(baseline), &Accepting::default(), &answers);
    assert_eq!(again.text, written.text);
}

#[test]
fn terms_keep_the_shape_and_list_the_difference_until_they_end() {
    let (before, now) = (json!({"id": 1, "x": "y"}), json!({"id": 1}));
    let (baseline, _) = accepted(None, &Accepting::default(), &[("a@MLA", before.clone()), ("b@MLA", before.clone())]);
    let terms = |day| Terms { reason: Some("agreed".into()), owner: Some("Ana".into()), expires: Some(day) };
    let changed = [("a@MLA", now.clone()), ("b@MLA", before.clone())];
    assert!(drift(&baseline, &changed).blocks());

    let accepting = Accepting { terms: Some(terms(date(2026, 5, 1))), ..Accepting::default() };
    let (with_terms, written) = accepted(Some(baseline.clone()), &accepting, &changed);
    assert_eq!((written.accepted_now, written.changed), (1, 0));
    let report = drift(&with_terms, &changed);
    assert_eq!(kinds(&report), [("field-lost", Acceptance::Accepted, 1)]);
    assert!(!report.blocks());

    // The same change in another scenario is new: nothing hides it.
    let report = drift(&with_terms, &[("a@MLA", now.clone()), ("b@MLA", now.clone())]);
    assert_eq!(kinds(&report), [("field-lost", Acceptance::New, 1), ("field-lost", Acceptance::Accepted, 1)]);
    assert!(report.blocks());

    // Another change at the same place is new too.
    let report = drift(&with_terms, &[("a@MLA", json!({"id": 1, "x": 2})), ("b@MLA", before.clone())]);
    assert_eq!(kinds(&report), [("type-changed", Acceptance::New, 1)]);
    assert_eq!((report.stale.len(), report.stale[0].places.as_slice()), (1, &["a@MLA#pay".to_owned()][..]));

    let accepting = Accepting { terms: Some(terms(date(2026, 4, 30))), ..Accepting::default() };
    let (expired, _) = accepted(Some(baseline), &accepting, &changed);
    let report = drift(&expired, &changed);
    assert_eq!(kinds(&report), [("field-lost", Acceptance::Expired, 1)]);
    assert!(report.blocks());
    // New terms take the place of those that ended.
    let accepting = Accepting { terms: Some(terms(date(2027, 1, 1))), ..Accepting::default() };
    let (renewed, _) = accepted(Some(expired), &accepting, &changed);
    assert_eq!(renewed.accepted.len(), 1);
    assert_eq!(kinds(&drift(&renewed, &changed)), [("field-lost", Acceptance::Accepted, 1)]);
    // Without terms the new shape is the contract, and what was listed is settled.
    let (plain, written) = accepted(Some(renewed), &Accepting::default(), &changed);
    assert_eq!((plain.accepted.len(), written.accepted_gone, written.changed), (0, 1, 1));
    assert_eq!(kinds(&drift(&plain, &changed)), []);
}

#[test]
fn responses_that_are_gone_new_or_not_looked_at_are_told_apart() {
    let body = json!({"id": 1});
    let all = [("a@MLA", body.clone()), ("b@MLA", body.clone()), ("gone[row]@MLA", body.clone())];
    let observer = Observer::new(None, true);
    watched(&observer, &all);
    let written = observer.accept(&Accepting::default(), &scope(&["a", "b", "gone"]), Lang::Es).unwrap();
    let baseline = read(&written.text).unwrap();

    let report = drift(&baseline, &[("a@MLA", body.clone()), ("a@MLB", body.clone())]);
    assert_eq!(kinds(&report), [("response-missing", Acceptance::New, 1), ("response-added", Acceptance::New, 1)]);
    let used = report.baseline.unwrap();
    assert_eq!((used.compared, used.not_selected, used.responses), (1, 1, 3));

    // A step without a verdict on its answer says nothing, and its response stays accepted.
    let observer = Observer::new(Some(baseline.clone()), true);
    watched(&observer, &[("b@MLA", body)]);
    let answer = Answer { status: 503, ..Answer::default() };
    observer.see("a@MLA", "pay", "POST", "/v1/payments", &answer);
    observer.finished(&result("a@MLA", &[("pay", Verdict::Inconclusive)]));
    let report = observer.report(&scope(&["a", "b", "gone"]));
    assert_eq!(kinds(&report), []);
    assert_eq!(report.baseline.unwrap().not_judged, 1);
    let next = observer.accept(&Accepting::default(), &scope(&["a", "b"]), Lang::Pt).unwrap();
    assert_eq!((next.kept, next.dropped, next.responses), (1, 1, 2));
}

#[test]
fn what_is_ignored_is_not_compared() {
    let (before, now) =
        (json!({"a": {"b": 1, "status": "x"}, "l": [{"c": 1}]}), json!({"a": {"status": "y"}, "l": [{}]}));
    let (mut baseline, _) = accepted(None, &Accepting::default(), &[("a@MLA", before.clone()), ("b@MLA", before)]);
    let answers = [("a@MLA", now.clone()), ("b@MLA", now)];
    assert_eq!(drift(&baseline, &answers).entries.iter().map(|entry| entry.count).sum::<usize>(), 6);
    for (ignored, left) in [("a#pay $.a.b", 5), ("POST /v1/payments/{id} $.l[*]", 3), ("b@MLA#pay $.a", 1), ("$.a", 0)]
    {
        assert!(baseline.ignore.add(ignored));
        let text = baseline.text(Lang::En);
        let read = read(&text).unwrap();
        assert_eq!(read.ignore, baseline.ignore);
        let report = drift(&read, &answers);
        assert_eq!(report.entries.iter().map(|entry| entry.count).sum::<usize>(), left, "{ignored}: {report:#?}");
    }
    assert!(!baseline.ignore.add("a#pay") && !baseline.ignore.add("$") && !baseline.ignore.add("x $a"));
}

#[test]
fn merging_accepts_what_was_and_what_came() {
    let (one, two) = (json!({"a": 1, "b": null}), json!({"a": 1, "b": "x", "c": true}));
    let (baseline, _) = accepted(None, &Accepting::default(), &[("a@MLA", one.clone())]);
    let merge = Accepting { merge: true, ..Accepting::default() };
    let (baseline, _) = accepted(Some(baseline), &merge, &[("a@MLA", two.clone())]);
    assert_eq!(kinds(&drift(&baseline, &[("a@MLA", one)])), []);
    assert_eq!(kinds(&drift(&baseline, &[("a@MLA", two)])), []);
}

#[test]
fn every_mistake_in_the_file_has_its_place() {
    let text = "version: 1\ntarget: embedded\nsite: MLA\nenumrate: []\naccepted:\n  - { kind: feild-lost, in: [a], expires: soon }\n\
        responses:\n  a:\n    x: { request: GET /x, status: 200, body: { $: object, a: string, $.b: strnig } }\n    y: { as: b#x }\n";
    let problems = read(text).unwrap_err();
    let told: Vec<_> =
        problems.iter().map(|problem| (problem.message.key.as_ref(), problem.place.line.unwrap())).collect();
    let expected = [
        ("yaml.unknown-key", 4),
        ("baseline.unknown-kind", 6),
        ("baseline.not-a-day", 6),
        ("baseline.not-a-path", 9),
        ("baseline.not-a-type", 9),
        ("baseline.no-such-response", 10),
    ];
    assert_eq!(told, expected);
    assert_eq!(read("version: 9\ntarget: x\nsite: y\n").unwrap_err()[0].message.key, "baseline.version");
    let deep = format!(
        "version: 1\ntarget: x\nsite: y\nresponses: {{ a: {{ b: {{ request: r, status: 1, body: {{ \"${}\": string }} }} }} }}",
        "[*]".repeat(50_000)
    );
    assert_eq!(read(&deep).unwrap_err()[0].message.key, "baseline.not-a-path");
}

#[test]
fn nothing_secret_is_written() {
    let token = format!("TEST-{}-091211-{}-123456789", "1".repeat(16), "ab".repeat(16));
    let body = json!({"status": token, "ana@example.com": 1, "nested": {"5031755734530604": 1}});
    let (_, written) = accepted(None, &Accepting::default(), &[("a@MLA", body)]);
    for secret in [token.as_str(), "ana@example.com", "5031755734530604"] {
        assert!(!written.text.contains(secret), "{}", written.text);
    }
}

#[test]
fn ids_in_a_path_are_one_place() {
    assert_eq!(endpoint("GET", "/v1/payments/1234"), "GET /v1/payments/{id}");
    assert_eq!(endpoint("PUT", "/v1/customers/12-abC/cards/9"), "PUT /v1/customers/{id}/cards/{id}");
    assert_eq!(endpoint("GET", "/v1/payments/${payment}/refunds"), "GET /v1/payments/{id}/refunds");
    assert_eq!(endpoint("POST", "/v1/payments/"), "POST /v1/payments");
}

proptest! {
    #[test]
    fn any_body_is_read_back_and_equals_itself(one in bodies(), two in bodies()) {
        let answers = [("a@MLA", one), ("b@MLA", two)];
        let (baseline, _) = accepted(None, &Accepting::default(), &answers);
        let report = drift(&baseline, &answers);
        prop_assert_eq!(kinds(&report), []);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(version: 1\n|responses:|  a:\n|    b: |body:|[-{}\\[\\]$.*'\" a1:\n]){0,30}") {
        let _ = read(&text);
    }
}
