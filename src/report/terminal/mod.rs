//! What a person sees in the terminal when a run is over: the verdict, what to mend first, and where to read on.
//!
//! It fits the given width, colours by meaning and never by colour alone, and neutralises everything from outside.

mod findings;
mod subjects;

use std::fmt::Write as _;

use super::outline::{Open, Outline, scenario_reason};
use super::paint::{Tone, UNBROKEN, columns, hang, paint};
use super::{accepted, clean, format, labels};
use crate::i18n::{Lang, Message};
use crate::run::{RunRecord, RunVerdict, Severity};

/// How many groups of findings and open questions are shown before pointing to the report.
const MOST: usize = 10;
/// How many places of one group are shown.
const MOST_SPOTS: usize = 3;

/// Most groups, places and open questions that are shown when all are asked for.
const ALL: usize = 1_000;

/// How much the summary tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail {
    /// The verdict, why, and how the gate stands.
    Verdict,
    /// What to mend and what is open, up to ten of each.
    #[default]
    Usual,
    /// Every group and every place, up to a thousand of each.
    All,
}

impl Detail {
    /// How many groups of findings and open questions are shown.
    fn groups(self) -> usize {
        if self == Detail::All { ALL } else { MOST }
    }

    /// How many places of one group are shown.
    fn places(self) -> usize {
        if self == Detail::All { ALL } else { MOST_SPOTS }
    }
}

/// How the summary looks.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Language.
    pub lang: Lang,
    /// Columns of the terminal; the summary uses between 40 and 100 of them.
    pub width: usize,
    /// Whether ANSI colours are wanted.
    pub color: bool,
    /// Paths of the reports that were written, as the user may open them.
    pub reports: &'a [String],
    /// How much is told.
    pub detail: Detail,
}

/// The summary of a run, ending in a line feed.
pub fn summary(record: &RunRecord, style: Style<'_>) -> String {
    let outline = Outline::of(record);
    let mut page = Page { out: String::new(), style: Style { width: style.width.clamp(40, 100), ..style } };
    page.verdict(record, &outline);
    if style.detail == Detail::Verdict {
        return page.out;
    }
    for shop in &record.shops {
        page.shop(shop);
    }
    if let Some(contract) = &record.contract {
        page.contract(contract);
    }
    page.mend(&outline);
    page.drift(record);
    page.open(&outline);
    page.accepted(record);
    page.by_hand(record);
    page.reports();
    page.out
}

struct Page<'a> {
    out: String,
    style: Style<'a>,
}

impl Page<'_> {
    fn say(&self, message: &Message) -> String {
        clean::line(&message.render(self.style.lang)).into_owned()
    }

    fn word(&self, key: &'static str) -> String {
        self.say(&Message::new(key))
    }

    fn paint(&self, text: &str, tone: Tone) -> String {
        paint(text, tone, self.style.color)
    }

    fn hang(&mut self, first: &str, text: &str, tone: Tone) {
        hang(&mut self.out, first, text, tone, self.style.width, self.style.color);
    }

    /// A title, and its count at the right end of a thin line.
    fn heading(&mut self, title: &str, count: &str) {
        let rule = self.style.width.saturating_sub(columns(title) + columns(count) + 2);
        let line = self.paint(&"─".repeat(rule), Tone::Quiet);
        let title = self.paint(title, Tone::Strong);
        let _ = writeln!(self.out, "\n{title} {line} {count}");
    }

    fn verdict(&mut self, record: &RunRecord, outline: &Outline) {
        let verdict = record.verdict.unwrap_or(RunVerdict::Inconclusive);
        let sign = labels::run_sign(verdict);
        let words = self.say(&labels::headline(record, verdict));
        let _ = writeln!(self.out, "{}", self.paint(&format!("{sign} {words}"), verdict.into()));
        let why = labels::why(record, verdict, outline.count(Severity::Blocker), outline.open.len());
        let why = self.say(&why);
        self.hang("  ", &why, Tone::Plain);
        for (holds, message) in super::gate::lines(record) {
            let (sign, tone) = match holds {
                RunVerdict::Ready => ("✓ ", Tone::Good),
                RunVerdict::NotReady => ("✗ ", Tone::Bad),
                RunVerdict::Inconclusive => ("? ", Tone::Open),
            };
            let line = self.say(&message);
            self.hang(&format!("  {sign}"), &line, tone);
        }
        if let Some(off) = labels::switched_off(record) {
            let off = self.say(&off);
            self.hang("  ! ", &off, Tone::Careful);
        }
        if let Some(but) = accepted::but(record) {
            let but = self.say(&but);
            self.hang("  ~ ", &but, Tone::Careful);
        }
        if !record.complete {
            let partial = self.word("report.partial");
            self.hang("  ! ", &partial, Tone::Careful);
        }
        if let Some(started) = &record.started {
            let took = format::duration(record.elapsed_ms);
            // Only the scenarios draw values.
            let seed = record.contract.is_some().then(|| format!("seed {}", started.seed));
            let facts = [
                format::moment(&started.started),
                took.get(self.style.lang).to_owned(),
                format!("homologa {}", started.versions.homologa),
                format!("{} {}", self.word("report.catalogue"), started.versions.catalogue_of()),
            ];
            let facts = units(facts.into_iter().chain(seed));
            self.hang("  ", &clean::line(&facts), Tone::Quiet);
        }
    }

    fn open(&mut self, outline: &Outline) {
        if outline.open.is_empty() {
            return;
        }
        let title = self.word("report.open-title");
        self.heading(&title, &outline.open.len().to_string());
        for open in outline.open.iter().take(self.style.detail.groups()) {
            let (what, why) = self.open_words(open);
            let sign = self.paint("?", Tone::Open);
            let _ = write!(self.out, "{sign} ");
            let lines = super::paint::wrap(&what, self.style.width.saturating_sub(2));
            let _ = writeln!(self.out, "{}", lines.join("\n  "));
            if let Some(why) = why {
                self.hang("    ", &why, Tone::Quiet);
            }
        }
        self.more(outline.open.len());
    }

    fn open_words(&self, open: &Open) -> (String, Option<String>) {
        let lang = self.style.lang;
        match open {
            Open::Check { shop, check, card } => {
                let title = card.map_or(check.rule.as_str(), |card| card.title.get(lang));
                let what = format!("{title} · {}", format::host_and_path(&shop.url));
                (clean::line(&what).into_owned(), check.reason.as_ref().map(|reason| self.say(reason)))
            }
            Open::Scenario(scenario) => {
                let what = format!("{} · {}", scenario.name.get(self.style.lang), scenario.id);
                (clean::line(&what).into_owned(), scenario_reason(scenario).map(|reason| self.say(reason)))
            }
            Open::Gate(gate) => (clean::line(&gate.id).into_owned(), Some(self.say(&gate.message))),
            Open::CutShort => (self.word("report.cut-short"), Some(self.word("report.cut-short-fix"))),
            Open::Missing { count } => (self.say(&Message::new("report.scenarios-missing").with("n", count)), None),
            Open::Problem(problem) => {
                let place = problem.location().map(|place| format!("{place}: ")).unwrap_or_default();
                let what = clean::line(&place).into_owned() + &self.say(&problem.message);
                (what, problem.fix.as_ref().map(|fix| self.say(fix)))
            }
        }
    }

    /// What is tolerated, and entries that tolerate nothing.
    fn accepted(&mut self, record: &RunRecord) {
        let mut text = String::new();
        let Style { lang, width, color, detail, .. } = self.style;
        let verbose = detail == Detail::All;
        accepted::render(&mut text, record, accepted::Look { lang, width, color, verbose });
        if !text.is_empty() {
            let title = self.word("report.tolerated-title");
            self.heading(&title, &record.tolerated().count().to_string());
            self.out.push_str(&text);
        }
    }

    /// What only a person can check.
    fn by_hand(&mut self, record: &RunRecord) {
        if record.manual.is_empty() {
            return;
        }
        let title = self.word("report.manual-title");
        self.heading(&title, &record.manual.len().to_string());
        let Style { lang, width, color, detail, .. } = self.style;
        let verbose = detail == Detail::All;
        accepted::by_hand(&mut self.out, record, accepted::Look { lang, width, color, verbose });
    }

    fn reports(&mut self) {
        if self.style.reports.is_empty() {
            return;
        }
        let title = self.word("report.reports-title");
        self.heading(&title, &self.style.reports.len().to_string());
        for path in self.style.reports {
            // A path is never broken: it is there to be clicked or copied.
            let path = self.paint(&clean::line(path), Tone::Link);
            let _ = writeln!(self.out, "  {path}");
        }
    }
}

/// Facts side by side; a line is broken between them, not inside one.
fn units(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts
        .into_iter()
        // A long one has to be broken somewhere.
        .map(|part| if columns(&part) < 40 { part.replace(' ', UNBROKEN) } else { part })
        .collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::run::Verdict;

    #[test]
    fn what_is_tolerated_is_said_beside_the_verdict_and_listed_when_asked() {
        let record = sample::tolerating();
        insta::assert_snapshot!("tolerating_en", drawn(&record, Lang::En, false, 80));
        let reports = [];
        let style = Style { lang: Lang::Es, width: 80, color: false, detail: Detail::All, reports: &reports };
        let text = summary(&record, style);
        insta::assert_snapshot!("tolerating_verbose_es", text);
        assert!(!text.contains(['\u{1b}', '\0', '\u{202e}', '\r']));
    }

    const REPORTS: &[&str] = &["homologa-report/report.html", "homologa-report/report.json"];

    fn drawn(record: &RunRecord, lang: Lang, color: bool, width: usize) -> String {
        let reports: Vec<String> = REPORTS.iter().map(|path| (*path).to_owned()).collect();
        summary(record, Style { lang, width, color, reports: &reports, detail: Detail::Usual })
    }

    #[test]
    fn a_run_that_is_not_ready() {
        insta::assert_snapshot!("not_ready_es", drawn(&sample::not_ready(), Lang::Es, false, 80));
    }

    #[test]
    fn a_ready_run() {
        insta::assert_snapshot!("ready_pt", drawn(&sample::ready(), Lang::Pt, false, 80));
        insta::assert_snapshot!("ready_en", drawn(&sample::ready(), Lang::En, false, 80));
    }

    #[test]
    fn an_empty_record_is_inconclusive_and_partial() {
        insta::assert_snapshot!("empty_en", drawn(&RunRecord::default(), Lang::En, false, 80));
    }

    #[test]
    fn thousands_of_failures_make_a_short_summary_that_says_how_many_more() {
        for verdict in [Verdict::Fail, Verdict::Inconclusive, Verdict::Warn] {
            let text = drawn(&sample::many::scenarios(2_000, verdict), Lang::En, false, 80);
            assert!(text.lines().count() < 200, "{text}");
            assert!(verdict == Verdict::Warn || text.contains("and 1990 more"), "{text}");
        }
    }

    #[test]
    fn every_line_fits_and_nothing_steers_the_terminal() {
        for (record, width) in [(sample::not_ready(), 80), (sample::not_ready(), 60), (sample::ready(), 80)] {
            for lang in Lang::ALL {
                let text = drawn(&record, lang, false, width);
                // A command line is there to be copied: its arguments are never broken.
                let argument =
                    |line: &str| ["curl ", "-H '", "-d '"].iter().any(|start| line.trim_start().starts_with(start));
                for line in text.lines().filter(|line| !argument(line)) {
                    assert!(columns(line) <= width, "{} columns: {line}", columns(line));
                }
                assert!(!text.contains(['\u{1b}', '\0', '\u{202e}', '\r']));
            }
        }
        assert!(drawn(&sample::ready(), Lang::Es, true, 80).contains("\u{1b}[1m"));
    }
}
