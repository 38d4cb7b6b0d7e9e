//! The part of the page that shows what is tolerated, on which terms, and the entries that tolerate nothing any more.

use serde::Serialize;

use super::bounds::ROWS;
use super::view::{Mark, Words};
use crate::i18n::Message;
use crate::report::accepted;
use crate::run::{AcceptedEntry, EntryState, RunRecord};

/// A finding that is tolerated.
#[derive(Serialize)]
struct ToleratedView<'r> {
    rule: &'r str,
    title: Words<'r>,
    message: &'r Message,
    url: Option<&'r str>,
    selector: Option<&'r str>,
    reason: Option<&'r str>,
    owner: Option<&'r str>,
    expires: Option<String>,
}

/// An entry that tolerates nothing.
#[derive(Serialize)]
struct EntryView {
    expired: bool,
    message: Message,
    at: String,
}

/// All that a baseline accepts of the go-live side.
#[derive(Serialize)]
pub(super) struct AcceptedView<'r> {
    total: usize,
    tolerated: Vec<ToleratedView<'r>>,
    entries: Vec<EntryView>,
}

impl<'r> AcceptedView<'r> {
    /// The view; `None` when nothing is tolerated and there is nothing to say of the baseline.
    pub(super) fn of(record: &'r RunRecord) -> Option<AcceptedView<'r>> {
        let title = |id: &'r str| {
            let card = record.rules.iter().find(|card| card.id == id);
            card.map_or(Words::Plain(id), |card| Words::Text(&card.title))
        };
        let tolerated = record.tolerated().take(ROWS).map(|(_, one)| ToleratedView {
            rule: &one.finding.rule,
            title: title(&one.finding.rule),
            message: &one.finding.message,
            url: one.finding.place.url.as_deref(),
            selector: one.finding.place.selector.as_deref(),
            reason: one.terms.reason.as_deref(),
            owner: one.terms.owner.as_deref(),
            expires: one.terms.expires.map(|day| day.to_string()),
        });
        let entry = |entry: &AcceptedEntry| {
            let (expired, at) = (entry.state == EntryState::Expired, accepted::at(entry));
            Some(EntryView { expired, message: accepted::standing(entry)?, at })
        };
        let view = AcceptedView {
            total: record.tolerated().count(),
            tolerated: tolerated.collect(),
            entries: record.accepted.iter().flat_map(|one| &one.entries).filter_map(entry).take(ROWS).collect(),
        };
        (view.total > 0 || !view.entries.is_empty()).then_some(view)
    }
}

/// The mark of a check that passes only because of what is tolerated.
pub(super) fn mark() -> Mark {
    Mark { class: "warn", sign: accepted::SIGN, word: Message::new("report.tolerated") }
}
