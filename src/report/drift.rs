//! Drift as text: what differs from the documents and from the baseline, the heaviest first.
//!
//! Used by the terminal summary, which shows the first entries that count, and by `contract drift`, which shows all.

use super::paint::{Tone, cut, hang, paint};
use super::{clean, labels};
use crate::i18n::{Lang, Message};
use crate::run::{Acceptance, Change, Comparison, DriftEntry, DriftReport, Terms};
use crate::specs::drift::{Weight, remedy_of, title_of};

/// Columns of a value that are shown.
const MOST_VALUE: usize = 60;
/// Steps of an entry that are named.
const MOST_STEPS: usize = 2;
/// Stale entries that a summary names.
const MOST_STALE: usize = 3;

/// How drift is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) lang: Lang,
    pub(super) width: usize,
    pub(super) color: bool,
    /// Most entries, without those that are accepted or only worth knowing; `None` shows all.
    pub(super) most: Option<usize>,
}

/// All of it in plain text, ending in a line feed.
pub fn text(drift: &DriftReport, lang: Lang, width: usize) -> String {
    let mut out = String::new();
    render(&mut out, drift, Look { lang, width: width.clamp(40, 100), color: true, most: None });
    out
}

/// How many differences of each weight count, and how many are accepted.
pub(super) fn totals(drift: &DriftReport) -> Message {
    Message::new("report.drift-totals")
        .with("breaking", drift.open(Weight::Breaking).count() + drift.left_out_breaking)
        .with("notable", drift.open(Weight::Notable).count())
        .with("info", drift.open(Weight::Info).count())
        .with("accepted", drift.accepted())
}

/// What was compared with the baseline, if there was one.
pub(super) fn baseline(drift: &DriftReport) -> Option<Message> {
    let used = drift.baseline.as_ref()?;
    let message = Message::new("report.drift-baseline")
        .with("file", &used.file)
        .with("written", &used.written)
        .with("compared", used.compared)
        .with("n", used.responses)
        .with("other", used.not_selected)
        .with("unjudged", used.not_judged);
    Some(message)
}

/// How an entry stands with the baseline, where there is something to say.
pub(super) fn standing(entry: &DriftEntry) -> Option<Message> {
    let none = Terms::default();
    let terms = entry.terms.as_ref().unwrap_or(&none);
    let key = match (entry.state, terms.expires.is_some()) {
        (Acceptance::New, _) => return None,
        (Acceptance::Expired, _) => "report.drift-expired",
        (Acceptance::Accepted, true) => "report.drift-accepted-until",
        (Acceptance::Accepted, false) => "report.drift-accepted",
    };
    let dash = || "—".to_owned();
    let message = Message { key: key.into(), ..Message::new("report.drift-accepted") };
    let message = message.with("reason", terms.reason.clone().unwrap_or_else(dash));
    let message = message.with("owner", terms.owner.clone().unwrap_or_else(dash));
    Some(message.with("day", terms.expires.map_or_else(dash, |day| day.to_string())))
}

/// What it was compared with.
pub(super) fn against(comparison: Comparison) -> Message {
    Message::new(match comparison {
        Comparison::Baseline => "report.drift-against-baseline",
        Comparison::Documented => "report.drift-against-documents",
    })
}

/// What was and what came.
pub(super) fn step(change: &Change) -> Option<Message> {
    let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "—".to_owned(), |text| cut(text, MOST_VALUE));
    let (from, to) = (shown(&change.from), shown(&change.to));
    let anything = change.from.is_some() || change.to.is_some();
    anything.then(|| Message::new("report.drift-step").with("from", from).with("to", to))
}

/// Writes drift; nothing when there is none and no baseline.
pub(super) fn render(out: &mut String, drift: &DriftReport, look: Look) {
    let Look { lang, width, color, most } = look;
    let say = |message: &Message| clean::line(&message.render(lang)).into_owned();
    let shown: Vec<&DriftEntry> = match most {
        None => drift.entries.iter().collect(),
        Some(most) => drift.entries.iter().filter(|entry| counts(entry)).take(most).collect(),
    };
    for entry in &shown {
        let (sign, tone) = match (entry.state, entry.weight) {
            (Acceptance::Accepted, _) => ("·", Tone::Quiet),
            (_, Weight::Breaking) => ("✗", Tone::Bad),
            (_, Weight::Notable) => ("!", Tone::Careful),
            (_, Weight::Info) => ("i", Tone::Quiet),
        };
        let title = title_of(&entry.change.kind).map_or(entry.change.kind.as_str(), |title| title.get(lang));
        let head = format!("{} · {title}", say(&labels::weight(entry.weight)));
        out.push_str(&paint(sign, tone, color));
        hang(out, " ", &format!("{head}  {}", clean::line(&entry.change.kind)), tone, width - 1, color);
        hang(
            out,
            "    ",
            &clean::line(&format!("{}  {}", entry.change.endpoint, entry.change.path)),
            Tone::Link,
            width,
            color,
        );
        if let Some(message) = step(&entry.change) {
            hang(out, "    ", &say(&message), Tone::Plain, width, color);
        }
        let first = entry.places.iter().take(MOST_STEPS).map(String::as_str).collect::<Vec<_>>().join(", ");
        let places = Message::new("report.drift-places").with("n", entry.count).with("places", first);
        hang(
            out,
            "    ",
            &format!("{} {}", say(&against(entry.change.comparison)), say(&places)),
            Tone::Quiet,
            width,
            color,
        );
        if let Some(message) = standing(entry) {
            hang(out, "    ", &say(&message), Tone::Careful, width, color);
        }
        if let Some(remedy) = remedy_of(&entry.change.kind).filter(|_| most.is_some()) {
            hang(out, "    → ", remedy.get(lang), Tone::Plain, width, color);
        }
        out.push('\n');
    }
    let total = drift.entries.iter().filter(|entry| most.is_none() || counts(entry)).count();
    let hidden = total.saturating_sub(shown.len()) + drift.left_out;
    if hidden > 0 {
        hang(out, "  ", &say(&Message::new("report.drift-more").with("n", hidden)), Tone::Quiet, width, color);
    }
    for stale in drift.stale.iter().take(most.map_or(usize::MAX, |_| MOST_STALE)) {
        let message = Message::new("report.drift-stale")
            .with("kind", &stale.change.kind)
            .with("path", &stale.change.path)
            .with("n", stale.count)
            .with("place", stale.places.first().map_or("—", String::as_str));
        hang(out, "i ", &say(&message), Tone::Quiet, width, color);
    }
    if let Some(left) = most.and_then(|_| drift.stale.len().checked_sub(MOST_STALE)).filter(|left| *left > 0) {
        hang(out, "i ", &say(&Message::new("report.drift-stale-more").with("n", left)), Tone::Quiet, width, color);
    }
    if most.is_none() {
        hang(out, "", &say(&totals(drift)), Tone::Strong, width, color);
        if let Some(message) = baseline(drift) {
            hang(out, "", &say(&message), Tone::Plain, width, color);
        }
    }
}

/// Whether a summary shows an entry.
fn counts(entry: &DriftEntry) -> bool {
    entry.state != Acceptance::Accepted && entry.weight != Weight::Info
}
