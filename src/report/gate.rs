//! How a run stands to its gate, in words that every report shows: whether it stops the pipeline, what met which word,
//! and what is new against an earlier record.

use crate::i18n::Message;
use crate::run::policy::{Judgement, Met};
use crate::run::{RunRecord, RunVerdict};

/// How many rules of one word are named.
const MOST_NAMED: usize = 5;

/// The lines about the gate, each with what it means for the pipeline; none for a run without a policy of its own,
/// whose verdict says it all.
pub fn lines(record: &RunRecord) -> Vec<(RunVerdict, Message)> {
    let Some(judgement) = &record.policy else { return Vec::new() };
    let mut lines = vec![(judgement.verdict, stands(judgement))];
    if judgement.blind {
        lines.push((RunVerdict::Inconclusive, Message::new("gate.blind")));
    }
    if let Some(regression) = &judgement.regression {
        let day = super::format::moment(&regression.started);
        let message = Message::new("gate.compared").with("file", &regression.file).with("started", day);
        let message = message.with("new", regression.new).with("known", regression.known).with("gone", regression.gone);
        let verdict = if regression.new > 0 { judgement.verdict } else { RunVerdict::Ready };
        lines.push((verdict, message));
    }
    lines
}

/// Whether the gate lets the run pass, and why not.
pub(super) fn stands(judgement: &Judgement) -> Message {
    let words = judgement.fail_on.join(", ");
    let words = match &judgement.profile {
        Some(profile) => format!("{profile}: {words}"),
        None => words,
    };
    let met: Vec<String> = judgement.met.iter().map(met).collect();
    let message = match judgement.verdict {
        RunVerdict::Ready => Message::new("gate.passes"),
        RunVerdict::NotReady => Message::new("gate.fails").with("met", met.join("; ")),
        RunVerdict::Inconclusive if met.is_empty() => Message::new("gate.unsure"),
        RunVerdict::Inconclusive => Message::new("gate.open").with("met", met.join("; ")),
    };
    message.with("words", words)
}

/// One word and what met it: `warning × 3 (terms-linked, …)`.
pub(super) fn met(met: &Met) -> String {
    let mut names: Vec<&str> = met.rules.iter().take(MOST_NAMED).map(String::as_str).collect();
    if met.rules.len() > MOST_NAMED {
        names.push("…");
    }
    format!("{} × {} ({})", met.criterion, met.count, names.join(", "))
}
