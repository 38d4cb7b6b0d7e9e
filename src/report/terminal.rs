//! What a person sees in the terminal when a run is over: the verdict, what to mend first, and where to read on.
//!
//! It fits the given width, colours by meaning and never by colour alone, and neutralises everything from outside.

use std::fmt::Write as _;

use super::outline::{Group, Open, Outline, Subject, scenario_reason};
use super::paint::{Tone, UNBROKEN, columns, cut, hang, paint};
use super::{accepted, clean, curl, format, labels};
use crate::i18n::{Lang, Message};
use crate::run::{
    ContractRecord, CoverageState, Evidence, Place, RunRecord, RunVerdict, Severity, ShopRecord, Verdict,
};
use crate::specs::drift::Weight;

/// How many groups of findings and open questions are shown before pointing to the report.
const MOST: usize = 10;
/// How many places of one group are shown.
const MOST_SPOTS: usize = 3;

/// Columns of an expected or received value that are shown.
const MOST_VALUE: usize = 60;

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

    /// One line with the sign of a verdict, a name, and facts under it.
    fn block(&mut self, verdict: RunVerdict, name: &str, facts: &[String]) {
        let sign = self.paint(labels::run_sign(verdict), verdict.into());
        let words = self.say(&labels::verdict(labels::part(verdict)));
        let name = cut(name, self.style.width.saturating_sub(columns(&words) + 5));
        let name = self.paint(&name, Tone::Strong);
        let _ = writeln!(self.out, "\n{sign} {name} · {}", self.paint(&words, verdict.into()));
        for fact in facts {
            self.hang("  ", fact, Tone::Plain);
        }
    }

    fn shop(&mut self, shop: &ShopRecord) {
        let mut facts = Vec::new();
        let checkouts = shop.pages.iter().filter(|page| page.checkout).count();
        let mut pages =
            self.say(&Message::new("report.pages-read").with("n", shop.pages.len()).with("checkouts", checkouts));
        let mut generations: Vec<_> = shop.pages.iter().flat_map(|page| page.generations.iter().copied()).collect();
        generations.sort_unstable();
        generations.dedup();
        if !generations.is_empty() {
            let names: Vec<&str> = generations.into_iter().map(crate::run::Generation::name).collect();
            let _ = write!(pages, " · {}", names.join(", "));
        }
        facts.push(pages);
        facts.extend(self.host(shop));
        if let Some(browser) = &shop.browser {
            let message = Message::new("report.browser").with("version", &browser.version).with("n", browser.pages);
            let mut parts = vec![self.say(&message)];
            parts.extend(browser.unguarded.then(|| self.say(&Message::new("report.browser-unguarded"))));
            facts.push(units(parts));
        }
        facts.push(self.counts(shop));
        let name = clean::line(&shop.url).into_owned();
        self.block(shop.verdict, &name, &facts);
    }

    /// What the probe of the host told, and what it could not; a line for each group that says something.
    fn host(&self, shop: &ShopRecord) -> Vec<String> {
        let version = shop.tls.as_ref().map(|tls| clean::line(tls.version.as_deref().unwrap_or("TLS")).into_owned());
        let [shown, answered] = super::host::facts(shop)
            .map(|facts| facts.iter().map(|fact| self.signed(fact.sign, &fact.message)).collect::<Vec<_>>());
        let shown: Vec<String> = version.into_iter().chain(shown).collect();
        [shown, answered].into_iter().filter(|parts| !parts.is_empty()).map(units).collect()
    }

    fn signed(&self, sign: &str, message: &Message) -> String {
        let words = self.say(message);
        if sign.is_empty() { words } else { format!("{sign} {words}") }
    }

    /// How many checks came out how, leaving out what did not occur.
    fn counts(&self, shop: &ShopRecord) -> String {
        let cell = super::outline::Cell::of(&shop.checks);
        let parts = [
            (Verdict::Pass, cell.pass),
            (Verdict::Fail, cell.fail),
            (Verdict::Warn, cell.warn),
            (Verdict::Inconclusive, cell.open),
            (Verdict::NotApplicable, cell.not_applicable),
        ];
        let counted = parts.into_iter().filter(|(_, count)| *count > 0);
        let counted = counted.map(|(verdict, count)| {
            format!("{} {}", labels::verdict_sign(verdict), self.say(&labels::verdict_count(verdict, count)))
        });
        let tolerated = (cell.tolerated > 0)
            .then(|| format!("{} {}", accepted::SIGN, self.say(&labels::tolerated_count(cell.tolerated))));
        units(counted.chain(tolerated))
    }

    fn contract(&mut self, contract: &ContractRecord) {
        let of = |verdict| contract.scenarios.iter().filter(|scenario| scenario.verdict == verdict).count();
        let (failed, open) = (of(Verdict::Fail), of(Verdict::Inconclusive));
        let held = contract.scenarios.len() - failed - open;
        let scenarios = Message::new("report.scenarios-line")
            .with("held", held)
            .with("failed", failed)
            .with("open", open)
            .with("planned", contract.planned.max(contract.scenarios.len()));
        let mut facts = vec![self.say(&scenarios)];
        if let Some(preflight) = &contract.preflight {
            facts.insert(0, units(super::preflight::facts(preflight).iter().map(|fact| self.say(fact))));
        }
        if let Some(coverage) = &contract.coverage {
            let line = Message::new("report.coverage-line")
                .with("observed", coverage.count(CoverageState::Observed))
                .with("total", coverage.codes.len());
            facts.push(self.say(&line));
            let (bar, legend) = self.bar(coverage);
            facts.extend([bar, legend]);
            facts.extend(contract.gates.iter().map(|gate| {
                format!("{} {}: {}", labels::verdict_sign(gate.verdict), gate.id, self.say(&gate.message))
            }));
        }
        if let Some(drift) = &contract.drift
            && (drift.baseline.is_some() || !drift.entries.is_empty())
        {
            facts.push(self.say(&super::drift::totals(drift)));
            facts.extend(super::drift::baseline(drift).map(|message| self.say(&message)));
        }
        let name = match &contract.target {
            Some(target) => format!("{} · {} · {}", self.word("report.contract"), target.url, target.site),
            None => self.word("report.contract"),
        };
        let name = clean::line(&name).into_owned();
        self.block(contract.verdict(), &name, &facts);
    }

    /// The coverage of the catalogue as a line of blocks, and what each block means.
    fn bar(&self, coverage: &crate::run::Coverage) -> (String, String) {
        let total = coverage.codes.len().max(1);
        let width = (self.style.width - 2).min(60);
        let states = [
            (CoverageState::Observed, '█'),
            (CoverageState::Injected, '▓'),
            (CoverageState::Provoked, '▒'),
            (CoverageState::NotReachable, '╌'),
            (CoverageState::NeverRun, '░'),
        ];
        let mut bar = String::new();
        let mut words = Vec::new();
        let (mut seen, mut drawn) = (0, 0);
        for (state, block) in states {
            let count = coverage.count(state);
            seen += count;
            let end = seen * width / total;
            bar.extend(std::iter::repeat_n(block, end - drawn));
            drawn = end;
            if count > 0 {
                words.push(format!("{block} {}", self.say(&labels::coverage_count(state, count))));
            }
        }
        (bar, units(words))
    }

    fn mend(&mut self, outline: &Outline) {
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
    fn drift(&mut self, record: &RunRecord) {
        let Some(drift) = record.contract.as_ref().and_then(|contract| contract.drift.as_ref()) else { return };
        let open = drift.open(Weight::Breaking).count() + drift.open(Weight::Notable).count();
        if open == 0 && drift.stale.is_empty() && drift.left_out == 0 {
            return;
        }
        let title = self.word("report.drift");
        self.heading(&title, &open.to_string());
        let Style { lang, width, color, detail, .. } = self.style;
        let most = Some(detail.groups());
        super::drift::render(&mut self.out, drift, super::drift::Look { lang, width, color, most });
    }

    fn more(&mut self, total: usize) {
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
        for spot in group.spots.iter().take(self.style.detail.places()) {
            // The same words are said once for all their places.
            if said.replace(&spot.finding.message) != Some(&spot.finding.message) {
                let message = self.say(&spot.finding.message);
                self.hang("  - ", &message, Tone::Plain);
            }
            // A group of notes is about several scenarios: each place says whose it is.
            let scenario = spot.step.filter(|_| noted).map(|(scenario, _)| scenario.id.as_str());
            self.place(&spot.finding.place, scenario);
            self.differences(&spot.finding.evidence);
        }
        // The request of the first step that is shown, to be tried by hand.
        if let Some(exchange) = group
            .spots
            .first()
            .and_then(|spot| spot.step)
            .filter(|(scenario, _)| !scenario.abridged)
            .and_then(|(_, step)| step.exchange.as_ref())
            && !noted
        {
            self.curl(&curl(exchange));
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
    fn a_command_line_is_cut_between_arguments_only() {
        let line = r#"curl -X POST 'http://x/' -H 'a: b' -d '{"t":"x -H '\''y'\'' z"}'"#;
        assert_eq!(arguments(line), ["curl -X POST 'http://x/'", "-H 'a: b'", r#"-d '{"t":"x -H '\''y'\'' z"}'"#]);
        assert_eq!(arguments("curl -X GET 'http://x/'"), ["curl -X GET 'http://x/'"]);
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
