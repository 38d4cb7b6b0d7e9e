//! Accepted findings of the go-live side in the baseline: reading them, and adding to them without touching the rest of
//! the file.
//!
//! Responsible for the part `findings:` of the file. Not responsible for which finding an entry holds (`golive/rule`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::file::{comment, scalar};
use super::{Baseline, LARGEST_FILE, VERSION};
use crate::golive::rule::Glob;
use crate::i18n::{Lang, Message};
use crate::run::{AcceptedEntry, EntryState, Problem, Severity, Terms};
use crate::yaml::{self, Fields, Kind, Node, Source};

/// Key of the part.
const KEY: &str = "findings";
/// Digits of the identity of a finding.
const ID: usize = 16;

/// Reads the entries; a day that is over makes an entry an expired one.
pub(super) fn read(source: &Source, items: &[Node], problems: &mut Vec<Problem>) -> Vec<AcceptedEntry> {
    items.iter().filter_map(|item| entry(source, item, problems)).collect()
}

fn entry(source: &Source, item: &Node, problems: &mut Vec<Problem>) -> Option<AcceptedEntry> {
    let mut fields = Fields::new(source, item, problems)?;
    let rule = fields.required_text("rule").unwrap_or_default().to_owned();
    let text = |fields: &mut Fields<'_, '_>, name| fields.text(name).map(str::to_owned);
    let finding = text(&mut fields, "finding");
    if let Some(id) = &finding
        && !(id.len() == ID && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        fields.problem("finding", Message::new("baseline.not-an-id").with("id", id));
    }
    let page = text(&mut fields, "page");
    if page.as_ref().is_some_and(|page| !Glob::is_one(page)) {
        let told = fields.problem("page", Message::new("baseline.not-a-page"));
        told.fix = Some(Message::new("baseline.not-a-page-fix"));
    }
    let selector = text(&mut fields, "selector");
    let severity = match fields.text("severity") {
        None => None,
        Some("blocker") => Some(Severity::Blocker),
        Some("warning") => Some(Severity::Warning),
        Some("advice") => Some(Severity::Advice),
        Some(word) => {
            let message = Message::new("config.unknown-word").with("field", "severity").with("word", word);
            let words = Message::new("config.known-words").with("words", "blocker, warning, advice");
            fields.problem("severity", message).fix = Some(words);
            None
        }
    };
    let reason = fields.required_text("reason").map(str::to_owned);
    if reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        fields.problem("reason", Message::new("baseline.no-reason-finding"));
    }
    let owner = text(&mut fields, "owner");
    let day = fields.required_text("expires");
    let expires = day.and_then(|day| day.parse().ok());
    if let Some(day) = day.filter(|_| expires.is_none()) {
        fields.problem("expires", Message::new("baseline.not-a-day").with("day", day));
    }
    let mark = fields.mark;
    fields.finish();
    let over = expires.is_some_and(|day: jiff::civil::Date| day < today());
    Some(AcceptedEntry {
        rule,
        finding,
        page,
        selector,
        severity,
        terms: Terms { reason, owner, expires },
        place: source.place(mark),
        state: if over { EntryState::Expired } else { EntryState::Unseen },
        count: 0,
    })
}

/// Today in UTC, as days of expiry are meant.
pub(super) fn today() -> jiff::civil::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The lines of a part of the file, numbered from 0: from the comments right above its key to what comes next.
fn lines_of(source: &Source, root: &Node, key: &str) -> Option<std::ops::Range<usize>> {
    let Kind::Map(members) = &root.kind else { return None };
    let lines: Vec<&str> = source.text().lines().collect();
    let begin = |line: u32| {
        let mut at = (line as usize).saturating_sub(1).min(lines.len());
        while at > 0 && lines[at - 1].starts_with('#') {
            at -= 1;
        }
        at
    };
    let at = members.iter().position(|(name, _)| name.text == key)?;
    let end = members.get(at + 1).map_or(lines.len(), |(next, _)| begin(next.mark.line));
    Some(begin(members[at].0.mark.line)..end)
}

/// The text of the part, with its comments; empty when there is none.
pub(super) fn section<'s>(source: &'s Source, root: &Node) -> &'s str {
    let Some(lines) = lines_of(source, root, KEY) else { return "" };
    let starts: Vec<usize> = line_starts(source.text());
    &source.text()[starts[lines.start]..starts[lines.end]]
}

/// Where each line begins, and the end of the text.
fn line_starts(text: &str) -> Vec<usize> {
    let ends = text.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at < text.len());
    std::iter::once(0).chain(ends).chain(std::iter::once(text.len())).collect()
}

/// What adding entries came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Added {
    /// The new text of the file.
    pub text: String,
    /// Entries added.
    pub added: usize,
    /// Entries about the same findings that they replace.
    pub replaced: usize,
}

/// Adds entries to the text of a baseline; `None` is a file that is not there yet. Everything else in the file, comments
/// too, stays as it is; an entry that names the same finding is replaced.
///
/// # Errors
/// The mistakes of the file, or that it is written in a way that cannot be added to.
pub fn add(source: Option<&Source>, entries: &[AcceptedEntry], lang: Lang) -> Result<Added, Vec<Problem>> {
    let Some(source) = source else {
        let mut text = String::new();
        comment(&mut text, "baseline.head-findings-file", lang);
        let _ = writeln!(text, "version: {VERSION}");
        let _ = writeln!(text, "homologa: {}", scalar(env!("CARGO_PKG_VERSION")));
        comment(&mut text, "baseline.head-findings", lang);
        let _ = writeln!(text, "{KEY}:");
        entries.iter().for_each(|entry| write(&mut text, entry, "  "));
        return Ok(Added { text, added: entries.len(), replaced: 0 });
    };
    let before = Baseline::parse(source)?;
    let root = yaml::parse_up_to(source, LARGEST_FILE).map_err(|problem| vec![problem])?;
    let ids: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.finding.as_deref()).collect();
    let again = |entry: &AcceptedEntry| entry.finding.as_deref().is_some_and(|id| ids.contains(id));
    let (text, expected) = edited(source, &root, &before.findings, entries, &again, lang);
    let replaced = before.findings.iter().filter(|entry| again(entry)).count();
    // Reading it back is the proof that nothing else changed.
    let after = Baseline::parse(&Source::new(&source.file, &text)).ok();
    let kept = after.is_some_and(|after| {
        let bare = |entries: &[AcceptedEntry]| entries.iter().map(bare).collect::<Vec<_>>();
        let same = bare(&after.findings) == expected;
        let rest = |baseline: Baseline| Baseline { findings: Vec::new(), findings_text: String::new(), ..baseline };
        same && rest(after) == rest(before)
    });
    if !kept {
        let mut lines = String::new();
        entries.iter().for_each(|entry| write(&mut lines, entry, "  "));
        let problem = Problem::input(Message::new("baseline.cannot-add")).in_file(source.file.to_string());
        return Err(vec![problem.fix(Message::new("baseline.cannot-add-fix").with("lines", lines.trim_end()))]);
    }
    Ok(Added { text, added: entries.len(), replaced })
}

/// An entry without where it stands and how it fared.
fn bare(entry: &AcceptedEntry) -> AcceptedEntry {
    AcceptedEntry { place: crate::run::Place::default(), state: EntryState::Unseen, count: 0, ..entry.clone() }
}

/// The text with the entries in it, and all entries that it should hold.
fn edited(
    source: &Source,
    root: &Node,
    known: &[AcceptedEntry],
    entries: &[AcceptedEntry],
    gone: &dyn Fn(&AcceptedEntry) -> bool,
    lang: Lang,
) -> (String, Vec<AcceptedEntry>) {
    let mut lines: Vec<Option<&str>> = source.text().split_inclusive('\n').map(Some).collect();
    let mut expected: Vec<AcceptedEntry> = known.iter().filter(|entry| !gone(entry)).map(bare).collect();
    expected.extend(entries.iter().map(bare));
    let begins: Vec<usize> = known.iter().map(|entry| entry.place.line.unwrap_or(1) as usize - 1).collect();
    let plain = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    let (mut new, mut indent) = (String::new(), "  ".to_owned());
    let at = match lines_of(source, root, KEY) {
        Some(part) => {
            // The last line of the part that is more than a comment.
            let last = |from: usize, to: usize| (from..to).rev().find(|at| lines[*at].is_some_and(|line| !plain(line)));
            let end = last(part.start, part.end).map_or(part.end, |at| at + 1);
            if let Some(line) = begins.first().and_then(|at| lines[*at]) {
                indent = line.chars().take_while(|c| *c == ' ').collect();
            }
            let mut drop = Vec::new();
            for number in (0..known.len()).filter(|number| gone(&known[*number])) {
                let next = begins.get(number + 1).copied().unwrap_or(end);
                drop.extend(begins[number]..last(begins[number], next).map_or(next, |at| at + 1));
            }
            drop.into_iter().for_each(|at| lines[at] = None);
            if known.is_empty() {
                // `findings: []` becomes the head of a list.
                let Kind::Map(members) = &root.kind else { return (String::new(), expected) };
                let key = members.iter().find(|(name, _)| name.text == KEY).map_or(1, |(name, _)| name.mark.line);
                let at = (key as usize).saturating_sub(1);
                let head = lines[at].take().unwrap_or_default().replacen("[]", "", 1);
                let _ = writeln!(new, "{}", head.trim_end());
            }
            end
        }
        None => {
            comment(&mut new, "baseline.head-findings", lang);
            let _ = writeln!(new, "{KEY}:");
            lines_of(source, root, "responses").map_or(lines.len(), |part| part.start)
        }
    };
    entries.iter().for_each(|entry| write(&mut new, entry, &indent));
    let mut text: String = lines[..at].iter().flatten().copied().collect();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&new);
    text.extend(lines[at..].iter().flatten().copied());
    (text, expected)
}

fn write(out: &mut String, entry: &AcceptedEntry, indent: &str) {
    let _ = writeln!(out, "{indent}- rule: {}", scalar(&entry.rule));
    let severity = entry.severity.map(|severity| match severity {
        Severity::Blocker => "blocker".to_owned(),
        Severity::Warning => "warning".to_owned(),
        Severity::Advice => "advice".to_owned(),
    });
    let expires = entry.terms.expires.map(|day| day.to_string());
    for (key, value) in [
        ("finding", &entry.finding),
        ("page", &entry.page),
        ("selector", &entry.selector),
        ("severity", &severity),
        ("reason", &entry.terms.reason),
        ("owner", &entry.terms.owner),
        ("expires", &expires),
    ] {
        if let Some(value) = value {
            let _ = writeln!(out, "{indent}  {key}: {}", scalar(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSES: &str = "# Mine: do not touch.\nversion: 1 # first\ntarget: embedded\nsite: MLA\nenumerate: []\nignore: []\naccepted: []\n\
        # the responses\nresponses:\n  a:\n    x:\n      request: GET /x\n      status: 200\n      body:\n        $: object\n";

    fn source(text: &str) -> Source {
        Source::new("b.yaml", text)
    }

    fn entry(rule: &str, id: &str, reason: &str) -> AcceptedEntry {
        AcceptedEntry {
            rule: rule.to_owned(),
            finding: Some(id.to_owned()),
            page: Some("/pagar".to_owned()),
            selector: Some("#a \"b\" > c:nth-of-type(2)".to_owned()),
            severity: Some(Severity::Warning),
            terms: Terms {
                reason: Some(reason.to_owned()),
                owner: Some("Ana: caja".to_owned()),
                expires: Some(jiff::civil::date(2999, 1, 31)),
            },
            ..AcceptedEntry::default()
        }
    }

    fn added(text: Option<&str>, entries: &[AcceptedEntry]) -> Added {
        let source = text.map(source);
        add(source.as_ref(), entries, Lang::En).unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    fn findings(text: &str) -> Vec<AcceptedEntry> {
        let baseline = Baseline::parse(&source(text)).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
        baseline.findings.iter().map(bare).collect()
    }

    #[test]
    fn entries_are_added_and_nothing_else_changes() {
        let one = entry("terms-link", "0123456789abcdef", "# later");
        let two = entry("csp-present", "fedcba9876543210", "cada «uno»\ncon su línea");
        for text in [
            RESPONSES.to_owned(),
            RESPONSES.trim_end().to_owned(),
            RESPONSES.replace("# the responses", "findings: []\n\n# the responses"),
            RESPONSES.replace("# the responses", "# Ours.\nfindings: [] # none yet\n# the responses"),
            "version: 1\nfindings: []\n".to_owned(),
        ] {
            let first = added(Some(&text), std::slice::from_ref(&one));
            assert_eq!(findings(&first.text), std::slice::from_ref(&one), "{}", first.text);
            let second = added(Some(&first.text), std::slice::from_ref(&two));
            assert_eq!(findings(&second.text), [one.clone(), two.clone()], "{}", second.text);
            // Every line that was there is there still, in its order.
            let mut lines = second.text.lines();
            for line in text.lines().filter(|line| !line.starts_with("findings:")) {
                assert!(lines.any(|other| other == line), "{line} is gone:\n{}", second.text);
            }
        }
        let new = added(None, &[one.clone(), two.clone()]);
        assert_eq!(findings(&new.text), [one, two]);
    }

    #[test]
    fn an_entry_about_the_same_finding_is_replaced_and_its_neighbours_and_comments_stay() {
        let text = "version: 1\nfindings:\n# first\n- rule: a\n  finding: '0123456789abcdef'\n  reason: old\n  expires: 2020-01-01\n\
            # second\n- rule: b # wide\n  reason: two\n  expires: 2999-01-01\n# end\n";
        let new = entry("a", "0123456789abcdef", "new");
        let done = added(Some(text), std::slice::from_ref(&new));
        assert_eq!((done.added, done.replaced), (1, 1));
        let read = findings(&done.text);
        assert_eq!((read.len(), read[0].rule.as_str(), &read[1]), (2, "b", &new), "{}", done.text);
        for kept in ["# first\n", "# second\n", "- rule: b # wide\n", "# end\n"] {
            assert!(done.text.contains(kept), "{}", done.text);
        }
        assert!(!done.text.contains("old"));
    }

    #[test]
    fn a_file_that_cannot_be_added_to_is_left_alone_and_says_what_to_write() {
        let text = "{ version: 1, findings: [ { rule: b, reason: two, expires: 2999-01-01 } ] }\n";
        let problems = add(Some(&source(text)), &[entry("a", "0123456789abcdef", "x")], Lang::En).unwrap_err();
        assert_eq!(problems[0].message.key, "baseline.cannot-add");
        assert!(problems[0].fix.as_ref().unwrap().render(Lang::En).contains("rule: a"));
    }

    #[test]
    fn every_mistake_of_an_entry_has_its_place() {
        let text = "version: 1\nfindings:\n  - { rule: a, expires: soon }\n  - { reason: x, expires: 2999-01-01, pages: / }\n  \
            - { rule: a, reason: ' ', expires: 2999-01-01, page: pagar?x=1, severity: high }\n  - { rule: a, reason: x, expires: 2999-01-01, finding: abc }\n";
        let problems = Baseline::parse(&source(text)).unwrap_err();
        let told: Vec<_> = problems
            .iter()
            .map(|problem| {
                (problem.message.key.as_ref(), problem.place.line.unwrap(), problem.place.column.unwrap() > 1)
            })
            .collect();
        let expected = [
            ("yaml.missing-key", 3, true),
            ("baseline.not-a-day", 3, true),
            ("yaml.missing-key", 4, true),
            ("yaml.unknown-key", 4, true),
            ("baseline.not-a-page", 5, true),
            ("config.unknown-word", 5, true),
            ("baseline.no-reason-finding", 5, true),
            ("baseline.not-an-id", 6, true),
        ];
        assert_eq!(told, expected);
        // A file that speaks of a target has to say which.
        assert!(Baseline::parse(&source("version: 1\nfindings: []\nresponses: {}\n")).is_err());
    }

    #[test]
    fn a_day_that_is_over_is_told_apart_and_accepting_responses_keeps_the_part() {
        let over = "findings:\n  # why\n  - rule: a\n    reason: x\n    expires: 2020-01-31\n";
        let text = RESPONSES.replace("# the responses", &format!("# Ours.\n{over}# the responses"));
        let baseline = Baseline::parse(&source(&text)).unwrap();
        assert_eq!(baseline.findings[0].state, EntryState::Expired);
        assert_eq!((baseline.findings[0].place.line, baseline.findings[0].place.column), (Some(11), Some(5)));
        assert_eq!(baseline.findings_text, format!("# Ours.\n{over}"));
        let rewritten = baseline.text(Lang::Es);
        assert!(rewritten.contains(&format!("# Ours.\n{over}")), "{rewritten}");
        assert_eq!(findings(&rewritten), findings(&text));
    }
}
