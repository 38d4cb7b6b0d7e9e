//! The words for the small sets of the record: verdicts, weights, states.

use crate::i18n::Message;
use crate::run::{Blame, ContractRecord, CoverageState, MOST_WHOLE, RunRecord, RunVerdict, Severity, Verdict};
use crate::specs::drift::Weight;

/// The verdict of a run in words: the first thing a reader sees.
pub(super) fn run_verdict(verdict: RunVerdict) -> Message {
    Message::new(match verdict {
        RunVerdict::Ready => "report.ready",
        RunVerdict::NotReady => "report.not-ready",
        RunVerdict::Inconclusive => "report.inconclusive",
    })
}

/// The verdict at the head of a report: a contract that holds is no shop that is ready.
pub(super) fn headline(record: &RunRecord, verdict: RunVerdict) -> Message {
    match verdict {
        RunVerdict::Ready if nothing_fell_to(record) => Message::new("report.empty-part"),
        RunVerdict::Ready if record.shops.is_empty() => Message::new("report.contract-holds"),
        verdict => run_verdict(verdict),
    }
}

/// Whether it is of a part of a run that had nothing to look at.
fn nothing_fell_to(record: &RunRecord) -> bool {
    record.is_part() && record.shops.is_empty() && record.contract.as_ref().is_none_or(|contract| contract.planned == 0)
}

/// What a run that found nothing wrong has looked at, and what it has not.
fn scope(record: &RunRecord) -> Message {
    if nothing_fell_to(record) {
        return Message::new("report.why-empty-part");
    }
    let target = record.contract.as_ref().and_then(|contract| contract.target.as_ref());
    let embedded = target.is_some_and(|target| target.kind == "embedded");
    if target.is_some_and(|target| target.kind == "recording") {
        let alone = record.shops.is_empty();
        return Message::new(if alone { "report.why-ready-recording" } else { "report.why-ready-shops-recording" });
    }
    Message::new(match (record.shops.is_empty(), record.contract.is_some(), embedded) {
        (true, _, true) => "report.why-ready-embedded",
        (true, _, false) => "report.why-ready-contract",
        (false, false, _) => "report.why-ready-shops",
        (false, true, true) => "report.why-ready-shops-embedded",
        (false, true, false) => "report.why-ready",
    })
}

/// The rules that the user has switched off: not looked at, which a reader has to know.
pub(super) fn switched_off(record: &RunRecord) -> Option<Message> {
    let checks = record.shops.iter().flat_map(|shop| &shop.checks);
    let off = checks.filter(|check| check.reason.as_ref().is_some_and(|reason| reason.key == "golive.turned-off"));
    let off: std::collections::BTreeSet<&str> = off.map(|check| check.rule.as_str()).collect();
    let names = off.iter().copied().collect::<Vec<_>>().join(", ");
    (!off.is_empty()).then(|| Message::new("report.switched-off").with("n", off.len()).with("rules", names))
}

/// Why a run has its verdict, in a sentence.
pub(super) fn why(record: &RunRecord, verdict: RunVerdict, blockers: usize, open: usize) -> Message {
    match verdict {
        RunVerdict::Ready => scope(record),
        RunVerdict::NotReady if blockers == 0 && drifted(record) > 0 => {
            Message::new("report.why-drift").with("n", drifted(record))
        }
        RunVerdict::NotReady if blockers == 0 && record.policy.is_some() => Message::new("gate.why"),
        RunVerdict::NotReady => Message::new("report.why-not-ready").with("n", blockers),
        // A run that was killed may hold failures and no verdict.
        RunVerdict::Inconclusive if blockers > 0 => Message::new("report.why-cut-short").with("n", blockers),
        RunVerdict::Inconclusive if open == 0 => Message::new("report.why-unsure"),
        RunVerdict::Inconclusive => Message::new("report.why-inconclusive").with("n", open),
    }
}

/// The weight of a difference in a word.
pub(crate) fn weight(weight: Weight) -> Message {
    Message::new(match weight {
        Weight::Breaking => "drift.breaking",
        Weight::Notable => "drift.notable",
        Weight::Info => "drift.info",
    })
}

/// How many differences keep the run from being ready.
fn drifted(record: &RunRecord) -> usize {
    let drift = record.contract.as_ref().and_then(|contract| contract.drift.as_ref());
    drift.map_or(0, |drift| drift.open(Weight::Breaking).count() + drift.left_out_breaking)
}

/// The verdict of one check in a word.
pub(super) fn verdict(verdict: Verdict) -> Message {
    Message::new(match verdict {
        Verdict::Pass => "report.pass",
        Verdict::Fail => "report.fail",
        Verdict::Warn => "report.warn",
        Verdict::Inconclusive => "report.open",
        Verdict::NotApplicable => "report.not-applicable",
    })
}

/// How many checks came out so.
pub(super) fn verdict_count(verdict: Verdict, count: usize) -> Message {
    let message = Message::new(match verdict {
        Verdict::Pass => "report.n-pass",
        Verdict::Fail => "report.n-fail",
        Verdict::Warn => "report.n-warn",
        Verdict::Inconclusive => "report.n-unanswered",
        Verdict::NotApplicable => "report.n-not-applicable",
    });
    message.with("n", count)
}

/// How many checks passed only because what does not hold is tolerated.
pub(super) fn tolerated_count(count: usize) -> Message {
    Message::new("report.n-tolerated").with("n", count)
}

/// How the scenarios of a run came out, and how many were left out on purpose.
pub(super) fn scenarios(contract: &ContractRecord) -> Message {
    let count = |verdict| contract.scenarios.iter().filter(|scenario| scenario.verdict == verdict).count();
    let (failed, open) = (count(Verdict::Fail), count(Verdict::Inconclusive));
    let left = contract.skipped.len();
    let line = if left == 0 { "report.scenarios-line" } else { "report.scenarios-line-left" };
    let message = Message::new(line)
        .with("held", contract.scenarios.len() - failed - open)
        .with("failed", failed)
        .with("open", open)
        .with("planned", contract.planned.max(contract.scenarios.len()));
    // The record lists no more of them than this; a notice of the run tells the number.
    let least = if left < MOST_WHOLE { "" } else { "≥ " };
    if left == 0 { message } else { message.with("left", left).with("least", least) }
}

/// The verdict of one part of a run as the verdict of a check.
pub(super) fn part(verdict: RunVerdict) -> Verdict {
    match verdict {
        RunVerdict::Ready => Verdict::Pass,
        RunVerdict::NotReady => Verdict::Fail,
        RunVerdict::Inconclusive => Verdict::Inconclusive,
    }
}

/// A sign for a verdict, so that colour never speaks alone.
pub(super) fn verdict_sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Warn => "!",
        Verdict::Inconclusive => "?",
        Verdict::NotApplicable => "–",
    }
}

/// A sign for the verdict of a run.
pub(super) fn run_sign(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Ready => "✓",
        RunVerdict::NotReady => "✗",
        RunVerdict::Inconclusive => "?",
    }
}

/// A weight in a word.
pub(crate) fn severity(severity: Severity) -> Message {
    Message::new(match severity {
        Severity::Blocker => "report.blocker",
        Severity::Warning => "report.warning",
        Severity::Advice => "report.advice",
    })
}

/// How much a rule demands, said of one that may well hold.
pub(super) fn demand(severity: Severity) -> Message {
    Message::new(match severity {
        Severity::Blocker => "report.required",
        Severity::Warning => "report.important",
        Severity::Advice => "report.recommended",
    })
}

/// A way in which a person checks what no page shows, as a heading; `None` for one that has no words.
pub(super) fn manual_way(way: &str) -> Option<Message> {
    Some(Message::new(match way {
        "payload" => "report.way-payload",
        "panel" => "report.way-panel",
        "endpoint" => "report.way-endpoint",
        "server" => "report.way-server",
        "repository" => "report.way-repository",
        "browser" => "report.way-browser",
        "procedure" => "report.way-procedure",
        _ => return None,
    }))
}

/// How many catalogue entries are in a state.
pub(crate) fn coverage_count(state: CoverageState, count: usize) -> Message {
    let message = Message::new(match state {
        CoverageState::Observed => "report.n-observed",
        CoverageState::Injected => "report.n-injected",
        CoverageState::Provoked => "report.n-provoked",
        CoverageState::NotReachable => "report.n-not-reachable",
        CoverageState::NeverRun => "report.n-never-run",
    });
    message.with("n", count)
}

/// A state of coverage in words.
pub(super) fn coverage(state: CoverageState) -> Message {
    Message::new(match state {
        CoverageState::Observed => "report.observed",
        CoverageState::Injected => "report.injected",
        CoverageState::Provoked => "report.provoked",
        CoverageState::NotReachable => "report.not-reachable",
        CoverageState::NeverRun => "report.never-run",
    })
}

/// What kind of problem it is.
pub(super) fn blame(blame: Blame) -> Message {
    Message::new(match blame {
        Blame::Input => "report.problem-input",
        Blame::Environment => "report.problem-environment",
        Blame::Notice => "report.problem-notice",
    })
}

/// Why TLS would not be accepted by a browser, from the fault names of [`crate::run::TlsFacts`].
pub(super) fn tls_fault(fault: &str) -> Message {
    Message::new(match fault {
        "expired" | "intermediate-expired" => "report.tls-expired",
        "not-yet-valid" => "report.tls-not-yet-valid",
        "wrong-name" => "report.tls-wrong-name",
        "unknown-issuer" => "report.tls-unknown-issuer",
        "missing-intermediate" => "report.tls-missing-intermediate",
        "weak-signature" | "weak-key" => "report.tls-too-weak",
        "self-signed" => "report.tls-self-signed",
        _ => "report.tls-other",
    })
}

/// A field of a certificate in words, from the names of [`crate::run::Evidence::Certificate`].
pub(super) fn certificate_field(field: &str) -> Option<Message> {
    Some(Message::new(match field {
        "not-after" => "report.field-not-after",
        "not-before" => "report.field-not-before",
        "names" => "report.cert-names",
        "issuer" => "report.cert-issuer",
        "subject" => "report.cert-subject",
        "key" | "signature" => "report.cert-strength",
        "order" => "report.field-order",
        _ => return None,
    }))
}

/// Where a rule comes from, from the origin names of [`crate::run::RuleCard`].
pub(crate) fn origin(origin: &str) -> Message {
    Message::new(match origin {
        "documented-today" => "report.origin-documented-today",
        "documented-formerly" => "report.origin-documented-formerly",
        "law" => "report.origin-law",
        "pci" => "report.origin-pci",
        _ => "report.origin-engineering",
    })
}
