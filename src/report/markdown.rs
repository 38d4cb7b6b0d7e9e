//! The record as Markdown for a job summary or a comment: verdict first, then what to mend, the heaviest first, and what
//! has no answer.
//!
//! What came from outside is shown, never interpreted: no markup, no link, no HTML, nobody is mentioned. The whole stays
//! far below the mebibyte that GitHub takes for one step.

use std::io::{self, Write};

use super::flat::{self, Entry};
use super::outline::Cell;
use super::{clean, format, gate, labels, plain};
use crate::i18n::{Lang, Message};
use crate::run::{CoverageState, Problem, RunRecord, RunVerdict, Severity, Verdict};

/// Entries that are told.
const MOST: usize = 60;
/// Places of one rule that are told.
const MOST_PLACES: usize = 5;
/// Shops that have a row.
const MOST_SHOPS: usize = 100;
/// Entries that are looked at.
const LOOKED_AT: usize = 10_000;

/// Writes the page in `lang`.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out: String::new(), lang };
    let (entries, total) = flat::entries(record, lang, LOOKED_AT);
    page.head(record);
    page.sides(record);
    let (open, mend): (Vec<&Entry<'_>>, Vec<&Entry<'_>>) = entries.iter().partition(|entry| entry.item.open);
    page.mend(&mend);
    page.open(&open, &record.hindrances().collect::<Vec<_>>());
    if total > entries.len() {
        page.more(total - entries.len());
    }
    page.foot(record);
    out.write_all(page.out.as_bytes())
}

struct Page {
    out: String,
    lang: Lang,
}

impl Page {
    fn say(&self, message: &Message) -> String {
        text(&message.render(self.lang))
    }

    fn word(&self, key: &'static str) -> String {
        self.say(&Message::new(key))
    }

    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn head(&mut self, record: &RunRecord) {
        let verdict = record.verdict.unwrap_or(RunVerdict::Inconclusive);
        let words = self.say(&labels::headline(record, verdict));
        self.line(&format!("# {} {words}", labels::run_sign(verdict)));
        let outline = super::outline::Outline::of(record);
        let why = labels::why(record, verdict, outline.count(Severity::Blocker), outline.open.len());
        let why = self.say(&why);
        self.line(&format!("\n{why}"));
        for (holds, message) in gate::lines(record) {
            let message = self.say(&message);
            self.line(&format!("\n**{} {message}**", labels::run_sign(holds)));
        }
        let partial = (!record.complete).then_some("report.partial").map(|key| self.word(key));
        let off = labels::switched_off(record).map(|message| self.say(&message));
        let but = super::accepted::but(record).map(|message| self.say(&message));
        for line in off.into_iter().chain(but).chain(partial) {
            self.line(&format!("\n> {line}"));
        }
    }

    fn sides(&mut self, record: &RunRecord) {
        if !record.shops.is_empty() {
            let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Warn, Verdict::Inconclusive, Verdict::NotApplicable];
            let heads: Vec<String> = verdicts
                .iter()
                .map(|verdict| format!("{} {}", labels::verdict_sign(*verdict), self.say(&labels::verdict(*verdict))))
                .collect();
            let shop = self.word("report.shop");
            self.line(&format!("\n| {shop} | {} |\n| --- |{}", heads.join(" | "), " ---: |".repeat(heads.len())));
            for shop in record.shops.iter().take(MOST_SHOPS) {
                let cell = Cell::of(&shop.checks);
                let sign = labels::run_sign(shop.verdict);
                let counts =
                    [cell.pass, cell.fail, cell.warn, cell.open, cell.not_applicable].map(|count| count.to_string());
                self.line(&format!("| {sign} {} | {} |", code(&shop.url), counts.join(" | ")));
            }
            if record.shops.len() > MOST_SHOPS {
                self.more(record.shops.len() - MOST_SHOPS);
            }
        }
        let Some(contract) = &record.contract else { return };
        let (title, line) = (self.word("report.contract"), self.say(&labels::scenarios(contract)));
        let sign = labels::run_sign(contract.verdict());
        let target = contract.target.as_ref().map(|target| format!(" · {} {}", code(&target.url), text(&target.site)));
        self.line(&format!("\n{sign} **{title}**{} · {line}", target.unwrap_or_default()));
        if let Some(coverage) = &contract.coverage {
            let observed = coverage.count(CoverageState::Observed);
            let line =
                Message::new("report.coverage-line").with("observed", observed).with("total", coverage.codes.len());
            let line = self.say(&line);
            self.line(&format!("\n{line}"));
        }
    }

    fn mend(&mut self, entries: &[&Entry<'_>]) {
        if entries.is_empty() {
            return;
        }
        let title = self.word("report.mend");
        self.line(&format!("\n## {title}"));
        let mut shown = 0;
        // What is mended together stands together: entries of one rule follow each other inside of one weight.
        let mut groups: Vec<Vec<&Entry<'_>>> = Vec::new();
        let mut known = std::collections::HashMap::new();
        for entry in entries {
            let key = (entry.item.severity, entry.known, entry.title.as_str(), entry.item.rule);
            let index = *known.entry(key).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[index].push(entry);
        }
        for group in groups.iter().take(MOST) {
            shown += group.len();
            self.group(group);
        }
        if entries.len() > shown {
            self.more(entries.len() - shown);
        }
        let hint = self.word("report.explain-hint");
        self.line(&format!("\n{hint}"));
    }

    fn group(&mut self, group: &[&Entry<'_>]) {
        let Some(first) = group.first() else { return };
        let sign = if first.item.severity == Severity::Blocker { "✗" } else { "!" };
        let weight = self.say(&labels::severity(first.item.severity));
        let known = if first.known { format!(" ({})", self.word("gate.known")) } else { String::new() };
        self.line(&format!("\n### {sign} {weight}{known}: {}\n\n{}\n", text(&first.title), code(first.item.rule)));
        for entry in group.iter().take(MOST_PLACES) {
            let place = entry.place();
            let at = plain::place(&place).map(|at| format!("{} — ", code(&at))).unwrap_or_default();
            let selector = place.selector.as_ref().or(place.step.as_ref());
            let selector = selector.map(|selector| format!(" ({})", code(selector))).unwrap_or_default();
            let mut lines = entry.message.split('\n');
            let message = text(lines.next().unwrap_or_default());
            self.line(&format!("- {at}{message}{selector}"));
            lines.for_each(|line| self.line(&format!("  - {}", text(line))));
        }
        if group.len() > MOST_PLACES {
            let more = self.say(&Message::new("report.more-places").with("n", group.len() - MOST_PLACES));
            self.line(&format!("- {more}"));
        }
        if let Some(fix) = &first.fix {
            self.line(&format!("\n→ {}", text(&fix.replace('\n', " "))));
        }
    }

    fn open(&mut self, entries: &[&Entry<'_>], hindrances: &[&Problem]) {
        if entries.is_empty() && hindrances.is_empty() {
            return;
        }
        let title = self.word("report.open-title");
        self.line(&format!("\n## {title}\n"));
        for problem in hindrances.iter().take(MOST) {
            let at = problem.location().map(|at| format!(" {}:", code(&at))).unwrap_or_default();
            let fix = problem.fix.as_ref().map(|fix| format!(" → {}", self.say(fix))).unwrap_or_default();
            let what = self.say(&problem.message);
            self.line(&format!("- ?{at} {what}{fix}"));
        }
        if hindrances.len() > MOST {
            self.more(hindrances.len() - MOST);
        }
        for entry in entries.iter().take(MOST) {
            let weight = self.say(&labels::demand(entry.item.severity));
            let why = text(&entry.message.replace('\n', " "));
            let at = plain::place(&entry.place()).map(|at| format!(" {}", code(&at))).unwrap_or_default();
            self.line(&format!("- ? {} ({weight}){at}: {why}", text(&entry.title)));
        }
        if entries.len() > MOST {
            self.more(entries.len() - MOST);
        }
    }

    fn more(&mut self, count: usize) {
        let more = self.say(&Message::new("report.and-more").with("n", count));
        self.line(&format!("\n_{more}_"));
    }

    fn foot(&mut self, record: &RunRecord) {
        let Some(started) = &record.started else { return };
        let took = format::duration(record.elapsed_ms);
        let facts = [
            format::moment(&started.started),
            took.get(self.lang).to_owned(),
            format!("homologa {}", started.versions.homologa),
            format!("{} {}", Message::new("report.catalogue").render(self.lang), started.versions.catalogue_of()),
        ];
        // Only the scenarios draw values.
        let seed = record.contract.is_some().then(|| format!("seed {}", started.seed));
        let facts: Vec<String> = facts.into_iter().chain(seed).collect();
        let facts = text(&facts.join(" · "));
        self.line(&format!("\n---\n{facts}"));
    }
}

/// Text in which nothing is markup, a link, a mention or a reference, but for code spans.
fn text(given: &str) -> String {
    let given = clean::line(given);
    let mut out = String::with_capacity(given.len() + 16);
    // Single back-ticks in pairs are how our own texts mark code; with any other use of them nothing is code.
    let mut ticks = if given.contains("``") { 0 } else { given.matches('`').count() / 2 * 2 };
    let mut code = false;
    let mut before = ' ';
    for character in given.chars() {
        match character {
            '`' if ticks > 0 => {
                ticks -= 1;
                code = !code;
                out.push('`');
            }
            '|' if code => out.push('¦'),
            _ if code => out.push(character),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            // `://` and `www.` become links by themselves.
            '/' if before == '/' => out.push_str("&#47;"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
        before = character;
    }
    // At the beginning of a line these would make a list or a heading.
    match out.trim_start().chars().next() {
        Some('-' | '+' | '=') => format!("\\{}", out.trim_start()),
        Some(digit) if digit.is_ascii_digit() => number(out.trim_start()),
        _ => out.trim_start().to_owned(),
    }
}

/// A text that begins with a number, so that it begins no list.
fn number(given: &str) -> String {
    let digits = given.bytes().take_while(u8::is_ascii_digit).count();
    match given.as_bytes().get(digits) {
        Some(b'.' | b')') => format!("{}\\{}", &given[..digits], &given[digits..]),
        _ => given.to_owned(),
    }
}

/// Text as a code span that fits a table.
fn code(given: &str) -> String {
    let given = clean::line(given);
    let given = super::paint::cut(given.trim(), 300);
    // In a table a bar ends the cell even inside of a code span: there is no other way to show one.
    let given = given.replace('|', "¦");
    if given.is_empty() {
        return String::new();
    }
    let mut longest = 0;
    for row in given.split(|each| each != '`') {
        longest = longest.max(row.len());
    }
    let ticks = "`".repeat(longest + 1);
    let space = if given.starts_with('`') || given.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{given}{space}{ticks}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn written(record: &RunRecord, lang: Lang) -> String {
        let mut bytes = Vec::new();
        write(record, lang, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_run_that_is_not_ready() {
        insta::assert_snapshot!("markdown_not_ready_es", written(&sample::not_ready(), Lang::Es));
    }

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(
            text("<b> [x](http://a) @team #1 www.evil"),
            r"&lt;b&gt; \[x\](http:/&#47;a) &#64;team \#1 www&#46;evil"
        );
        assert_eq!(text("a `b_<c>|` *d* `"), r"a `b_<c>¦` \*d\* \`");
        assert_eq!(text("a ``<b>``"), r"a \`\`&lt;b&gt;\`\`");
        assert_eq!(text("- a"), r"\- a");
        assert_eq!(text("1. a"), r"1\. a");
        assert_eq!(text("a\nb"), "a␊b");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a|b"), "`a¦b`");
        for lang in Lang::ALL {
            let page = written(&sample::not_ready(), lang);
            let outside: String = page.split('`').step_by(2).collect();
            assert!(!outside.contains("<script") && !outside.contains("<img"), "{page}");
        }
    }

    #[test]
    fn thousands_of_failures_fit_a_summary() {
        let page = written(&sample::many::scenarios(10_000, Verdict::Fail), Lang::Pt);
        assert!(page.len() < 200_000, "{}", page.len());
        assert!(page.contains("9940"), "{}", &page[page.len() - 600..]);
    }
}
