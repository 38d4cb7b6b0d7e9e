//! What to mend: groups of findings with their places, failed scenarios with what differs, and drift.

use std::fmt::Write as _;

use super::{MOST_SPOTS, Page, Style};
use crate::i18n::Message;
use crate::report::outline::{Group, Outline, Subject};
use crate::report::paint::{Tone, cut};
use crate::report::{clean, curl, drift, labels};
use crate::run::{Evidence, Place, RunRecord, Severity};
use crate::specs::drift::Weight;

/// Columns of an expected or received value that are shown.
const MOST_VALUE: usize = 60;

impl Page<'_> {
    pub(super) fn mend(&mut self, outline: &Outline) {
        if outline.mend.is_empty() {
            return;
        }
        let title = self.word("report.mend");
        self.heading(&title, &outline.mend.len().to_string());
        for group in outline.mend.iter().take(self.style.detail.groups()) {
            self.group(group);
            self.out.push('\n');
        }
        self.more(outline.mend.len());
        let hint = self.word("report.explain-hint");
        self.hang("  ", &hint, Tone::Quiet);
    }

    /// Drift that counts, and accepted drift that is gone.
    pub(super) fn drift(&mut self, record: &RunRecord) {
        let Some(drift) = record.contract.as_ref().and_then(|contract| contract.drift.as_ref()) else { return };
        let open = drift.open(Weight::Breaking).count() + drift.open(Weight::Notable).count();
        if open == 0 && drift.stale.is_empty() && drift.left_out == 0 {
            return;
        }
        let title = self.word("report.drift");
        self.heading(&title, &open.to_string());
        let Style { lang, width, color, detail, .. } = self.style;
        let most = Some(detail.groups());
        drift::render(&mut self.out, drift, drift::Look { lang, width, color, most });
    }

    pub(super) fn more(&mut self, total: usize) {
        let most = self.style.detail.groups();
        if total > most {
            let more = self.say(&Message::new("report.and-more").with("n", total - most));
            self.hang("  ", &more, Tone::Quiet);
        }
    }

    fn group(&mut self, group: &Group) {
        let lang = self.style.lang;
        let (id, title) = match &group.subject {
            Subject::Rule { id, card } => (*id, card.map_or(*id, |card| card.title.get(lang))),
            Subject::Scenario(scenario) => (scenario.id.as_str(), scenario.name.get(lang)),
            Subject::Noted(id) => (*id, ""),
            Subject::Gate(gate) => (gate.id.as_str(), ""),
        };
        let sign = if group.severity == Severity::Blocker { "✗" } else { "!" };
        let weight = self.say(&labels::severity(group.severity));
        let noted = matches!(group.subject, Subject::Noted(_));
        let gate = matches!(group.subject, Subject::Gate(_));
        let title = match (noted, group.spots.first()) {
            (_, Some(spot)) if gate => self.say(&spot.finding.message),
            (true, Some(spot)) => format!("{} {}", self.word("report.noted"), self.say(&spot.finding.message)),
            _ => format!("{} {}", self.word("report.not-met"), clean::line(title)),
        };
        let lead = format!("{sign} {weight}");
        let _ = write!(self.out, "{} ", self.paint(&lead, group.severity.into()));
        let _ = writeln!(self.out, "{}", self.paint(&clean::line(id), Tone::Quiet));
        self.hang("  ", &title, Tone::Strong);
        let mut said = if noted || gate { group.spots.first().map(|spot| &spot.finding.message) } else { None };
        let mut shown = group.spots.iter().take(self.style.detail.places()).peekable();
        while let Some(spot) = shown.next() {
            // The same words are said once for all their places.
            if said.replace(&spot.finding.message) != Some(&spot.finding.message) {
                let message = self.say(&spot.finding.message);
                self.hang("  - ", &message, Tone::Plain);
            }
            // A group of notes is about several scenarios: each place says whose it is.
            let scenario = spot.step.filter(|_| noted).map(|(scenario, _)| scenario.id.as_str());
            self.place(&spot.finding.place, scenario);
            self.differences(&spot.finding.evidence);
            // The request of each step behind what is said of it, to be tried by hand.
            let step = spot.step.filter(|(scenario, _)| !scenario.abridged && !noted).map(|(_, step)| step);
            let next = shown.peek().and_then(|next| next.step).map(|(_, step)| step);
            if let Some(step) = step.filter(|step| !next.is_some_and(|next| std::ptr::eq(*step, next)))
                && let Some(exchange) = &step.exchange
            {
                self.curl(&curl(exchange));
            }
        }
        let most = self.style.detail.places();
        if group.spots.len() > most {
            let more = self.say(&Message::new("report.more-places").with("n", group.spots.len() - most));
            self.hang("    ", &more, Tone::Quiet);
        }
        let fix = match &group.subject {
            Subject::Rule { card: Some(card), .. } => Some(clean::line(card.fix.get(lang)).into_owned()),
            _ => group.spots.iter().find_map(|spot| spot.finding.fix.as_ref()).map(|fix| self.say(fix)),
        };
        if let Some(fix) = fix {
            self.hang("  → ", &fix, Tone::Plain);
        }
    }

    /// File or address with line and column, and under it the element or the step.
    fn place(&mut self, place: &Place, scenario: Option<&str>) {
        let Some(base) = place.file.as_ref().or(place.url.as_ref()) else { return };
        let mut text = base.clone();
        for number in [place.line, place.column].into_iter().map_while(|number| number) {
            let _ = write!(text, ":{number}");
        }
        self.hang("    ", &clean::line(&text), Tone::Link);
        if let Some(selector) = &place.selector {
            self.hang("      ", &clean::line(selector), Tone::Quiet);
        }
        let step: Vec<&str> = scenario.into_iter().chain(place.step.as_deref()).collect();
        if !step.is_empty() {
            self.hang("      ", &clean::line(&step.join(" · ")), Tone::Quiet);
        }
    }

    /// A command line, one argument a line so that it fits and can still be copied; nothing when it is too long.
    fn curl(&mut self, line: &str) {
        if line.is_empty() || line.chars().count() > LONGEST_CURL {
            return;
        }
        for (index, part) in arguments(line).iter().enumerate() {
            let lead = if index == 0 { "      " } else { " \\\n        " };
            let part = self.paint(&clean::line(part), Tone::Quiet);
            let _ = write!(self.out, "{lead}{part}");
        }
        self.out.push('\n');
    }

    /// What was expected and what came, for the first places that differ.
    fn differences(&mut self, evidence: &[Evidence]) {
        let differences = evidence.iter().filter_map(|each| match each {
            Evidence::Difference { path, expected, actual } => Some((path, expected, actual)),
            _ => None,
        });
        for (path, expected, actual) in differences.take(MOST_SPOTS) {
            let message = Message::new("report.difference")
                .with("path", path)
                .with("expected", cut(expected, MOST_VALUE))
                .with("actual", cut(actual, MOST_VALUE));
            let message = self.say(&message);
            self.hang("      ", &message, Tone::Plain);
        }
    }
}

/// Longest command line that is shown, in characters.
const LONGEST_CURL: usize = 2000;

/// A `curl` line cut before each header and the body. A quote inside of an argument is written `'\''`, so that
/// what looks like an argument there is told from a real one.
fn arguments(line: &str) -> Vec<&str> {
    let mut ends: Vec<usize> = [" -H '", " -d '"]
        .into_iter()
        .flat_map(|start| line.match_indices(start))
        .filter(|(index, start)| !line[index + start.len()..].starts_with(r"\''"))
        .map(|(index, _)| index)
        .collect();
    ends.sort_unstable();
    ends.push(line.len());
    let mut begin = 0;
    let mut parts = Vec::with_capacity(ends.len());
    for end in ends {
        parts.push(line[begin..end].trim_start());
        begin = end;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_cut_between_arguments_only() {
        let line = r#"curl -X POST 'http://x/' -H 'a: b' -d '{"t":"x -H '\''y'\'' z"}'"#;
        assert_eq!(arguments(line), ["curl -X POST 'http://x/'", "-H 'a: b'", r#"-d '{"t":"x -H '\''y'\'' z"}'"#]);
        assert_eq!(arguments("curl -X GET 'http://x/'"), ["curl -X GET 'http://x/'"]);
    }
}
