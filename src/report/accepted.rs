//! What is tolerated, and what only a person can check: the words for every report, and both in the terminal.

use super::clean;
use super::paint::{Tone, hang};
use crate::i18n::{Lang, Message};
use crate::run::{AcceptedEntry, EntryState, Finding, RunRecord, Terms};

/// Sign of what passes only because it is tolerated.
pub(super) const SIGN: &str = "~";
/// How many entries that need somebody's attention are shown.
const MOST: usize = 10;

/// How the part of a summary looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) lang: Lang,
    pub(super) width: usize,
    pub(super) color: bool,
    /// Whether everything is listed.
    pub(super) verbose: bool,
}

/// Why, by whom and until when something is tolerated.
pub(super) fn terms(terms: &Terms) -> Message {
    let dash = || "—".to_owned();
    Message::new("report.terms")
        .with("reason", terms.reason.clone().unwrap_or_else(dash))
        .with("owner", terms.owner.clone().unwrap_or_else(dash))
        .with("day", terms.expires.map_or_else(dash, |day| day.to_string()))
}

/// What is tolerated, beside a verdict that leaves it out; `None` when nothing is.
pub(super) fn but(record: &RunRecord) -> Option<Message> {
    let count = record.tolerated().count();
    let file = record.accepted.as_ref().map_or("—", |accepted| accepted.file.as_str());
    (count > 0).then(|| Message::new("report.but-tolerated").with("n", count).with("file", file))
}

/// What an entry speaks of, on one line.
pub(super) fn subject(entry: &AcceptedEntry) -> String {
    let parts = [Some(&entry.rule), entry.page.as_ref(), entry.selector.as_ref(), entry.finding.as_ref()];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("  ")
}

/// What there is to say of an entry that tolerates nothing; `None` for one that does.
pub(super) fn standing(entry: &AcceptedEntry) -> Option<Message> {
    let message = Message::new(match entry.state {
        EntryState::Used => return None,
        EntryState::Expired => {
            let day = entry.terms.expires.map(|day| day.to_string()).unwrap_or_default();
            let message = Message::new("report.entry-expired").with("day", day).with("n", entry.count);
            return Some(message.with("what", subject(entry)));
        }
        EntryState::Stale => "report.entry-stale",
        EntryState::Unseen => "report.entry-unseen",
    });
    Some(message.with("what", subject(entry)))
}

/// Where an entry stands: `file:line:column`.
pub(super) fn at(entry: &AcceptedEntry) -> String {
    super::plain::place(&entry.place).unwrap_or_default()
}

/// Lists what is tolerated, if asked to, and the entries that tolerate nothing any more.
pub(super) fn render(out: &mut String, record: &RunRecord, look: Look) {
    let Look { lang, width, color, verbose } = look;
    let say = |message: &Message| clean::line(&message.render(lang)).into_owned();
    if verbose {
        for (_, one) in record.tolerated() {
            tolerated(out, &one.finding, &say(&terms(&one.terms)), look);
        }
    } else if record.tolerated().next().is_some() {
        hang(out, "  ", &say(&Message::new("report.tolerated-hint")), Tone::Quiet, width, color);
    }
    let shown = |entry: &&AcceptedEntry| verbose || entry.state != EntryState::Unseen;
    let entries = record.accepted.iter().flat_map(|accepted| &accepted.entries).filter(shown);
    let told: Vec<(&AcceptedEntry, Message)> = entries.filter_map(|entry| Some((entry, standing(entry)?))).collect();
    for (entry, message) in told.iter().take(if verbose { usize::MAX } else { MOST }) {
        let (sign, tone) = match entry.state {
            EntryState::Expired => ("! ", Tone::Careful),
            _ => ("i ", Tone::Quiet),
        };
        hang(out, sign, &say(message), tone, width, color);
        hang(out, "    ", &at(entry), Tone::Link, width, color);
    }
    if let Some(more) = told.len().checked_sub(MOST).filter(|more| *more > 0 && !verbose) {
        hang(out, "  ", &say(&Message::new("report.and-more").with("n", more)), Tone::Quiet, width, color);
    }
}

fn tolerated(out: &mut String, finding: &Finding, terms: &str, look: Look) {
    let Look { lang, width, color, .. } = look;
    let head = format!("{} · {}", finding.rule, finding.message.render(lang));
    hang(out, "~ ", &clean::line(&head), Tone::Plain, width, color);
    if let Some(place) = super::plain::place(&finding.place) {
        hang(out, "    ", &place, Tone::Link, width, color);
    }
    if let Some(selector) = &finding.place.selector {
        hang(out, "    ", &clean::line(selector), Tone::Quiet, width, color);
    }
    hang(out, "    ", terms, Tone::Careful, width, color);
}

/// What only a person can check: how much, or all of it.
pub(super) fn by_hand(out: &mut String, record: &RunRecord, look: Look) {
    let Look { lang, width, color, verbose } = look;
    let say = |message: &Message| clean::line(&message.render(lang)).into_owned();
    if !verbose {
        let line = Message::new("report.manual-line").with("n", record.manual.len());
        hang(out, "  ", &say(&line), Tone::Quiet, width, color);
        return;
    }
    let mut items: Vec<_> = record.manual.iter().collect();
    items.sort_by_key(|item| item.severity);
    for item in items {
        let head =
            format!("{} · {}", say(&super::labels::demand(item.severity)), clean::line(item.requirement.get(lang)));
        hang(out, "□ ", &head, Tone::Plain, width, color);
        hang(out, "    ", &clean::line(item.how.get(lang)), Tone::Quiet, width, color);
        hang(out, "    ", &clean::line(&item.id), Tone::Quiet, width, color);
    }
}
