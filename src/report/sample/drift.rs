//! The drift of the samples: every weight and every state, and hostile text where text comes from outside.

use super::HOSTILE;
use crate::run::{Acceptance, BaselineUse, Change, Comparison, DriftEntry, DriftReport, StaleEntry, Terms};
use crate::specs::drift::weight_of;

fn change(comparison: Comparison, kind: &str, path: &str, from: Option<&str>, to: Option<&str>) -> Change {
    let (from, to) = (from.map(str::to_owned), to.map(str::to_owned));
    Change { comparison, kind: kind.into(), endpoint: "POST /v1/payments".into(), path: path.into(), from, to }
}

fn entry(state: Acceptance, change: Change, expires: Option<&str>) -> DriftEntry {
    let terms = Terms {
        reason: Some("acordado con soporte".into()),
        owner: Some("Ana".into()),
        expires: expires.map(|day| day.parse().unwrap()),
    };
    DriftEntry {
        weight: weight_of(&change.kind),
        state,
        change,
        count: 3,
        places: vec!["approved@MLA#pay".into(), "declined@MLA#pay".into(), HOSTILE.into()],
        terms: (state != Acceptance::New).then_some(terms),
    }
}

pub(super) fn drift() -> DriftReport {
    use Acceptance::{Accepted, Expired, New};
    use Comparison::{Baseline, Documented};
    let lost = change(Baseline, "field-lost", "$.card.holder", Some("object"), None);
    let changed = change(Baseline, "type-changed", "$.issuer_id", Some("string | null"), Some("number"));
    let null = change(Baseline, "null-now", HOSTILE, Some("string"), Some("string | null"));
    let reworded = change(Documented, "reworded", "$.message", Some("Card Token not found"), Some(HOSTILE));
    let grown = change(Baseline, "enumeration-grown", "$.status", Some("approved"), Some("in_process"));
    DriftReport {
        baseline: Some(BaselineUse {
            file: "homologa.baseline.yaml".into(),
            written: "2026-11-01".into(),
            responses: 12,
            compared: 9,
            not_selected: 2,
            not_judged: 1,
        }),
        entries: vec![
            entry(New, lost.clone(), None),
            entry(Expired, changed, Some("2026-11-10")),
            entry(New, null, None),
            entry(New, reworded, None),
            entry(Accepted, grown, Some("2027-01-31")),
        ],
        stale: vec![StaleEntry { change: lost, count: 1, places: vec!["refund@MLA#pay".into()] }],
        left_out: 0,
        left_out_breaking: 0,
    }
}
