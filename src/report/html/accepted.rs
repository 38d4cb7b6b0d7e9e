//! What is tolerated, as the page shows it: with why, by whom and until when, and never as what holds.

use serde::Serialize;

use super::finding::place_line;
use super::view::{Mark, Words};
use crate::i18n::{Message, Text};
use crate::report::{accepted, format};
use crate::run::{AcceptedEntry, EntryState, RuleCard, RunRecord, Terms, Tolerated};

/// Tolerated findings and entries that are listed.
const MOST: usize = super::bounds::ROWS;

/// Why, by whom and until when.
#[derive(Serialize)]
struct TermsView<'r> {
    reason: Option<&'r str>,
    owner: Option<&'r str>,
    until: Option<Text>,
}

impl<'r> TermsView<'r> {
    fn of(terms: &'r Terms) -> TermsView<'r> {
        TermsView {
            reason: terms.reason.as_deref(),
            owner: terms.owner.as_deref(),
            until: terms.expires.map(|day| format::day_in_words(&day.to_string())),
        }
    }
}

/// One finding that is tolerated.
#[derive(Serialize)]
struct FindingView<'r> {
    anchor: String,
    mark: Mark,
    title: Words<'r>,
    rule: &'r str,
    message: &'r Message,
    place: Option<String>,
    terms: TermsView<'r>,
}

/// An entry of the baseline that tolerates nothing.
#[derive(Serialize)]
struct EntryView<'r> {
    mark: Mark,
    message: Message,
    at: String,
    terms: TermsView<'r>,
}

/// Everything that is tolerated, and what is left of the entries that tolerate nothing.
#[derive(Serialize)]
pub(super) struct AcceptedView<'r> {
    file: Option<&'r str>,
    findings: Vec<FindingView<'r>>,
    findings_total: usize,
    entries: Vec<EntryView<'r>>,
    entries_total: usize,
}

/// The sign and the word of what is tolerated.
pub(super) fn mark() -> Mark {
    Mark { class: "advice", sign: accepted::SIGN, word: Message::new("report.tolerated") }
}

impl<'r> AcceptedView<'r> {
    /// The view; nothing for a run without tolerated findings and without entries that ask for a look.
    pub(super) fn of(record: &'r RunRecord) -> Option<AcceptedView<'r>> {
        let card = |rule: &str| record.rules.iter().find(|card| card.id == rule);
        let entries: Vec<(&AcceptedEntry, Message)> = record
            .accepted
            .iter()
            .flat_map(|accepted| &accepted.entries)
            .filter_map(|entry| Some((entry, accepted::standing(entry)?)))
            .collect();
        let findings_total = record.tolerated().count();
        if findings_total == 0 && entries.is_empty() {
            return None;
        }
        Some(AcceptedView {
            file: record.accepted.as_ref().map(|accepted| accepted.file.as_str()),
            findings: record
                .tolerated()
                .take(MOST)
                .enumerate()
                .map(|(index, (_, one))| finding(index, one, card(&one.finding.rule)))
                .collect(),
            findings_total,
            entries_total: entries.len(),
            entries: entries.into_iter().take(MOST).map(|(entry, message)| EntryView::of(entry, message)).collect(),
        })
    }
}

fn finding<'r>(index: usize, one: &'r Tolerated, card: Option<&'r RuleCard>) -> FindingView<'r> {
    FindingView {
        anchor: format!("t-{index}"),
        mark: one.finding.severity.into(),
        title: card.map_or(Words::Plain(&one.finding.rule), |card| Words::Text(&card.title)),
        rule: &one.finding.rule,
        message: &one.finding.message,
        place: place_line(&one.finding.place),
        terms: TermsView::of(&one.terms),
    }
}

impl<'r> EntryView<'r> {
    fn of(entry: &'r AcceptedEntry, message: Message) -> EntryView<'r> {
        let (class, sign) = match entry.state {
            EntryState::Expired => ("warn", "!"),
            EntryState::Stale | EntryState::Used => ("advice", "i"),
            EntryState::Unseen => ("open", "?"),
        };
        let word = Message::new(match entry.state {
            EntryState::Expired => "report.entry-is-expired",
            EntryState::Stale | EntryState::Used => "report.entry-is-stale",
            EntryState::Unseen => "report.entry-is-unseen",
        });
        EntryView {
            mark: Mark { class, sign, word },
            message,
            at: accepted::at(entry),
            terms: TermsView::of(&entry.terms),
        }
    }
}
