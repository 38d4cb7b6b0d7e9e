//! What to mend as workflow commands of GitHub Actions, which shows them as annotations of a pull request.
//!
//! GitHub shows ten annotations of each kind for one step and drops the rest without a word: the heaviest come first, and
//! a line of the log says how many are left out. Whatever came from outside is escaped: a message can begin no command.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::flat::{self, Entry};
use super::{gate, labels, plain};
use crate::i18n::{Lang, Message};
use crate::run::item::Source;
use crate::run::{Blame, Place, Problem, RunRecord, RunVerdict, Severity};

/// Annotations of one kind that GitHub shows of a step.
const MOST: usize = 10;
/// Findings that one annotation tells.
const MOST_TOLD: usize = 3;
/// Entries that are looked at: what is beyond is counted.
const LOOKED_AT: usize = 10_000;
/// Kinds of annotations, the gravest first.
const KINDS: [&str; 3] = ["error", "warning", "notice"];

/// Writes the commands, one a line, in `lang`.
///
/// # Errors
/// Those of `out`.
pub fn write(record: &RunRecord, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let (entries, total) = flat::entries(record, lang, LOOKED_AT);
    let mut used = [0; KINDS.len()];
    let (kind, text) = head(record, lang);
    used[kind] += 1;
    writeln!(out, "{}", command(kind, &[("title", "homologa".to_owned())], &text))?;
    let mut left = total - entries.len();
    for problem in record.hindrances() {
        let kind = usize::from(problem.blame != Blame::Input);
        if used[kind] >= MOST {
            left += 1;
            continue;
        }
        used[kind] += 1;
        writeln!(out, "{}", hindrance(kind, problem, lang))?;
    }
    for (kind, group) in groups(&entries) {
        if used[kind] >= MOST {
            left += group.len();
            continue;
        }
        used[kind] += 1;
        writeln!(out, "{}", annotation(kind, &group, lang))?;
    }
    if left > 0 {
        let more = Message::new("report.github-more").with("n", left).with("most", MOST);
        writeln!(out, "{}", plain::say(&more, lang))?;
    }
    Ok(())
}

/// The verdict and the gate: always the first annotation.
fn head(record: &RunRecord, lang: Lang) -> (usize, String) {
    let verdict = record.verdict.unwrap_or(RunVerdict::Inconclusive);
    let mut lines = vec![plain::say(&labels::headline(record, verdict), lang)];
    lines.extend(gate::lines(record).iter().map(|(_, message)| plain::say(message, lang)));
    let deciding = record.policy.as_ref().map_or(verdict, |policy| policy.verdict);
    let kind = match deciding {
        RunVerdict::NotReady => 0,
        RunVerdict::Inconclusive => 1,
        RunVerdict::Ready => 2,
    };
    (kind, lines.join("\n"))
}

fn kind_of(entry: &Entry<'_>) -> usize {
    match entry.item.severity {
        _ if entry.known => 2,
        Severity::Blocker if entry.item.open => 1,
        Severity::Blocker => 0,
        Severity::Warning if entry.item.open => 2,
        Severity::Warning => 1,
        Severity::Advice => 2,
    }
}

/// Entries that share an annotation: those of one step of a scenario, and those of one rule on one shop.
fn groups<'e, 'r>(entries: &'e [Entry<'r>]) -> Vec<(usize, Vec<&'e Entry<'r>>)> {
    let mut groups: Vec<(usize, Vec<&Entry<'_>>)> = Vec::new();
    let mut known = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let kind = kind_of(entry);
        let key = match entry.item.source {
            Source::OnShop(shop, finding) => (kind, shop.url.as_str(), finding.rule.as_str(), 0),
            Source::InStep(scenario, step, _) => (kind, scenario.id.as_str(), step.id.as_str(), 0),
            _ => (kind, "", "", index),
        };
        let at = *known.entry(key).or_insert_with(|| {
            groups.push((kind, Vec::new()));
            groups.len() - 1
        });
        groups[at].1.push(entry);
    }
    groups
}

/// Where in the repository a place is; an address stands in the text.
fn properties(place: &Place) -> Vec<(&'static str, String)> {
    let mut properties = Vec::new();
    if let Some(file) = &place.file {
        properties.push(("file", super::clean::line(file.trim_start_matches("./")).into_owned()));
        properties.extend(place.line.map(|line| ("line", line.to_string())));
        properties.extend(place.line.and(place.column).map(|column| ("col", column.to_string())));
    }
    properties
}

/// What kept the run from looking.
fn hindrance(kind: usize, problem: &Problem, lang: Lang) -> String {
    let mut properties = properties(&problem.place);
    properties.push(("title", plain::say(&Message::new("report.open-title"), lang)));
    let fix = problem.fix.as_ref().map(|fix| format!("→ {}", plain::say(fix, lang)));
    let address = plain::place(&problem.place).filter(|_| problem.place.file.is_none());
    let lines = std::iter::once(plain::say(&problem.message, lang)).chain(address).chain(fix);
    command(kind, &properties, &lines.collect::<Vec<_>>().join("\n"))
}

fn annotation(kind: usize, group: &[&Entry<'_>], lang: Lang) -> String {
    let Some(entry) = group.first() else { return String::new() };
    let place = entry.place();
    let mut properties = properties(&place);
    properties.push(("title", format!("{} ({})", entry.title, super::clean::line(entry.item.rule))));
    let mut text = String::new();
    for entry in group.iter().take(MOST_TOLD) {
        let _ = writeln!(text, "{}", entry.message);
        let place = entry.place();
        if let Some(address) = plain::place(&place).filter(|_| place.file.is_none()) {
            let _ = writeln!(text, "{address}");
        }
    }
    if group.len() > MOST_TOLD {
        let more = Message::new("report.more-places").with("n", group.len() - MOST_TOLD);
        let _ = writeln!(text, "{}", plain::say(&more, lang));
    }
    if let Some(fix) = &entry.fix {
        let _ = write!(text, "→ {fix}");
    }
    command(kind, &properties, text.trim_end())
}

fn command(kind: usize, properties: &[(&str, String)], text: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{} {}::{}", KINDS[kind], properties.join(","), data(text))
}

/// Text of a command: nothing in it ends the line.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Value of a property: nothing in it ends the property either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
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
    fn the_verdict_comes_first_and_the_heaviest_follow() {
        let text = written(&sample::not_ready(), Lang::En);
        let kinds: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(kinds[0], "::error");
        assert!(text.lines().next().unwrap().contains("Not ready"), "{text}");
        assert!(text.contains("::error file=payments/declined.yaml,line=14,col=9,title="), "{text}");
        assert!(text.lines().all(|line| KINDS.iter().any(|kind| line.starts_with(&format!("::{kind} ")))), "{text}");
    }

    #[test]
    fn nothing_from_outside_begins_a_command_or_ends_a_property() {
        assert_eq!(
            command(0, &[("title", "a,b:c\n".into())], "x\r\n::set-output name=a::b %0A"),
            "::error title=a%2Cb%3Ac%0A::x%0D%0A::set-output name=a::b %250A"
        );
        let mut record = sample::not_ready();
        let finding =
            &mut record.shops[1].checks.iter_mut().find(|check| !check.findings.is_empty()).unwrap().findings[0];
        finding.message.args.clear();
        finding.message.key = "\n::error::gotcha\r\n::add-mask::a".into();
        let text = written(&record, Lang::Es);
        assert!(text.contains("%0A::error::gotcha"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("::error::") || line.contains("\r")), "{text}");
    }

    #[test]
    fn no_more_than_github_shows_and_the_rest_is_counted() {
        let text = written(&sample::many::scenarios(300, crate::run::Verdict::Fail), Lang::En);
        assert_eq!(text.matches("::error ").count(), MOST);
        let last = text.lines().last().unwrap();
        assert!(!last.starts_with("::") && last.contains("291"), "{last}");
    }
}
