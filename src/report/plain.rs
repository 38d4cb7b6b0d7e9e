//! Findings, places and reasons as plain text in one language, for reports that machines pass on to people.
//!
//! Everything is neutralised (see [`super::clean`]) and bounded; each format escapes it for itself.

use std::fmt::Write as _;

use super::paint::cut;
use super::{clean, curl, format};
use crate::i18n::{Lang, Message};
use crate::run::{Evidence, Exchange, Finding, Place, ScenarioResult, Verdict};

/// Characters of one value of an answer that are shown.
const MOST_VALUE: usize = 400;
/// How many places of one finding's evidence are shown.
const MOST_EVIDENCE: usize = 20;
/// Bytes of the longest command line that is shown.
const LONGEST_CURL: usize = 4_000;

/// A message in words.
pub(super) fn say(message: &Message, lang: Lang) -> String {
    clean::block(&message.render(lang)).into_owned()
}

/// `file:line:column`, the same of an address, or nothing.
pub(super) fn place(place: &Place) -> Option<String> {
    let mut text = clean::line(place.file.as_ref().or(place.url.as_ref())?).into_owned();
    for number in [place.line, place.column].into_iter().map_while(|number| number) {
        let _ = write!(text, ":{number}");
    }
    Some(text)
}

/// What a finding rests on, one line each.
pub(super) fn evidence(finding: &Finding, lang: Lang) -> Vec<String> {
    let line = |each: &Evidence| match each {
        Evidence::Difference { path, expected, actual } => {
            let message = Message::new("report.difference").with("path", path);
            let message = message.with("expected", cut(expected, MOST_VALUE)).with("actual", cut(actual, MOST_VALUE));
            message.render(lang)
        }
        Evidence::Code { text, line, mark, .. } => {
            let (above, marked) = marked_line(text, mark.map_or(0, |(start, _)| start));
            format!("{}: {}", line.saturating_add(above), cut(marked.trim(), MOST_VALUE))
        }
        Evidence::Header { name, value } => match value {
            Some(value) => format!("{name}: {}", cut(value, MOST_VALUE)),
            None => format!("{name}: {}", Message::new("report.missing").render(lang)),
        },
        Evidence::Certificate { field, value } => format!("{field}: {}", cut(value, MOST_VALUE)),
        Evidence::Answer { url, status: Some(status) } => format!("{url} → {status}"),
        Evidence::Answer { url, status: None } => format!("{url} → {}", Message::new("report.no-answer").render(lang)),
        Evidence::Note { message } => message.render(lang),
    };
    let lines = finding.evidence.iter().take(MOST_EVIDENCE).map(line);
    lines.map(|line| clean::block(&line).into_owned()).collect()
}

/// The line of a text that holds the character number `at`, and how many are above it.
fn marked_line(text: &str, at: u32) -> (u32, &str) {
    let mut left = at as usize;
    for (above, line) in (0..).zip(text.split('\n')) {
        let length = line.chars().count() + 1;
        if left < length {
            return (above, line);
        }
        left -= length;
    }
    (0, text.lines().next().unwrap_or_default())
}

/// A finding with its place and evidence, each line ended.
pub(super) fn finding(out: &mut String, finding: &Finding, lang: Lang) {
    out.push_str(&say(&finding.message, lang));
    out.push('\n');
    if let Some(text) = place(&finding.place) {
        let _ = writeln!(out, "  {text}");
    }
    for part in [&finding.place.selector, &finding.place.step].into_iter().flatten() {
        let _ = writeln!(out, "  {}", clean::line(part));
    }
    for line in evidence(finding, lang) {
        let _ = writeln!(out, "  {line}");
    }
    if let Some(fix) = &finding.fix {
        let _ = writeln!(out, "  → {}", say(fix, lang));
    }
}

/// The command line that repeats a request; nothing when it is too long to be of use.
pub(super) fn repeat(out: &mut String, exchange: &Exchange) {
    let line = curl(exchange);
    if line.len() <= LONGEST_CURL {
        let _ = writeln!(out, "  {}", clean::line(&line));
    }
}

/// Whether a scenario has no verdict because the other side could not answer, which says nothing of the contract.
pub(super) fn environment(scenario: &ScenarioResult) -> bool {
    let open = scenario.steps.iter().filter(|step| step.verdict == Verdict::Inconclusive);
    scenario.verdict == Verdict::Inconclusive
        && open.into_iter().any(|step| {
            let graded =
                step.findings.iter().any(|finding| matches!(finding.rule.as_str(), "environment" | "broken-answer"));
            graded || step.exchange.as_ref().is_some_and(|exchange| exchange.status.is_none())
        })
}

/// Seconds with three decimals.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}

/// An address as it is spoken of, neutralised.
pub(super) fn host(url: &str) -> String {
    clean::line(format::host_and_path(url)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marked_line_is_the_one_that_is_told() {
        assert_eq!(marked_line("ab\ncd\nef", 4), (1, "cd"));
        assert_eq!(marked_line("ab\ncd", u32::MAX), (0, "ab"));
    }

    #[test]
    fn seconds_have_three_decimals() {
        assert_eq!(seconds(61_005), "61.005");
    }
}
