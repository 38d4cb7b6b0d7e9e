//! The part of the page that shows drift: one row for each difference, the heaviest first.

use serde::Serialize;

use super::view::Mark;
use crate::i18n::{Message, Text};
use crate::report::{drift, labels};
use crate::run::{Acceptance, DriftEntry, DriftReport};
use crate::specs::drift::{Weight, remedy_of, title_of};

/// Steps of an entry that are named.
const MOST_STEPS: usize = 8;

/// One difference.
#[derive(Serialize)]
struct EntryView<'r> {
    mark: Mark,
    kind: &'r str,
    title: Option<&'r Text>,
    remedy: Option<&'r Text>,
    against: Message,
    endpoint: &'r str,
    path: &'r str,
    from: Option<&'r str>,
    to: Option<&'r str>,
    count: usize,
    places: String,
    standing: Option<Message>,
}

/// Accepted drift that is gone.
#[derive(Serialize)]
struct StaleView<'r> {
    kind: &'r str,
    path: &'r str,
    count: usize,
    place: &'r str,
}

/// All drift of a run.
#[derive(Serialize)]
pub(super) struct DriftView<'r> {
    open: usize,
    mark: Mark,
    totals: Message,
    baseline: Option<Message>,
    entries: Vec<EntryView<'r>>,
    accepted: Vec<EntryView<'r>>,
    stale: Vec<StaleView<'r>>,
    left_out: usize,
}

impl<'r> DriftView<'r> {
    /// The view; `None` when nothing was compared with a baseline and nothing differs.
    pub(super) fn of(report: &'r DriftReport) -> Option<DriftView<'r>> {
        if report.baseline.is_none() && report.entries.is_empty() {
            return None;
        }
        let (accepted, entries): (Vec<_>, Vec<_>) =
            report.entries.iter().partition(|entry| entry.state == Acceptance::Accepted);
        let class = if report.blocks() {
            ("fail", "✗")
        } else if report.open(Weight::Notable).next().is_some() {
            ("warn", "!")
        } else {
            ("pass", "✓")
        };
        Some(DriftView {
            open: entries.len(),
            mark: Mark { class: class.0, sign: class.1, word: Message::new("report.drift") },
            totals: drift::totals(report),
            baseline: drift::baseline(report),
            entries: entries.into_iter().map(EntryView::of).collect(),
            accepted: accepted.into_iter().map(EntryView::of).collect(),
            stale: report
                .stale
                .iter()
                .map(|stale| StaleView {
                    kind: &stale.change.kind,
                    path: &stale.change.path,
                    count: stale.count,
                    place: stale.places.first().map_or("—", String::as_str),
                })
                .collect(),
            left_out: report.left_out,
        })
    }
}

impl<'r> EntryView<'r> {
    fn of(entry: &'r DriftEntry) -> EntryView<'r> {
        let (class, sign) = match (entry.state, entry.weight) {
            (Acceptance::Accepted, _) => ("na", "·"),
            (_, Weight::Breaking) => ("fail", "✗"),
            (_, Weight::Notable) => ("warn", "!"),
            (_, Weight::Info) => ("advice", "i"),
        };
        let change = &entry.change;
        EntryView {
            mark: Mark { class, sign, word: labels::weight(entry.weight) },
            kind: &change.kind,
            title: title_of(&change.kind),
            remedy: remedy_of(&change.kind),
            against: drift::against(change.comparison),
            endpoint: &change.endpoint,
            path: &change.path,
            from: change.from.as_deref(),
            to: change.to.as_deref(),
            count: entry.count,
            places: entry.places.iter().take(MOST_STEPS).map(String::as_str).collect::<Vec<_>>().join(", "),
            standing: drift::standing(entry),
        }
    }
}
