//! The rules that results point at: go-live rules of the record, grades of answers, and the open question.

use std::collections::HashMap;

use serde::Serialize;

use super::Text;
use crate::i18n::{Lang, Message};
use crate::report::{clean, labels};
use crate::run::{RuleCard, RunRecord, Severity, Verdict};
use crate::specs::grades::{Grade, grades};

/// The rule of everything that was not judged.
pub(super) const OPEN: &str = "unanswered";

/// One rule as the standard describes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    id: String,
    short_description: Text,
    full_description: Text,
    help: Help,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<String>,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    tags: Vec<String>,
}

/// Rules and their numbers.
pub(super) struct Rules {
    descriptors: Vec<Descriptor>,
}

impl Rules {
    /// The rules that the results of a record may have.
    pub(super) fn of(record: &RunRecord, lang: Lang) -> Rules {
        let mut descriptors: Vec<Descriptor> = record.rules.iter().map(|card| of_card(card, lang)).collect();
        if record.contract.is_some() {
            descriptors.extend(grades().iter().map(|grade| of_grade(grade, lang)));
        }
        descriptors.push(open(lang));
        Rules { descriptors }
    }

    /// The number of each rule, and the rules.
    pub(super) fn split(self) -> (HashMap<String, usize>, Vec<Descriptor>) {
        let numbers = self.descriptors.iter().enumerate().map(|(index, rule)| (rule.id.clone(), index));
        (numbers.collect(), self.descriptors)
    }
}

/// The level of a weight.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

fn of_card(card: &RuleCard, lang: Lang) -> Descriptor {
    let fix = card.fix.get(lang);
    let (how, sources) = (word("report.how", lang), word("report.sources", lang));
    let mut text = format!("{how}: {fix}");
    let mut markdown = format!("**{how}**: {}", escaped(fix));
    if let Some(example) = &card.example {
        let title = word("report.example", lang);
        let fence = fence(example);
        text.push_str(&format!("\n\n{title}:\n{example}"));
        markdown.push_str(&format!("\n\n**{title}**\n\n{fence}html\n{example}\n{fence}"));
    }
    text.push_str(&format!("\n\n{sources}:"));
    markdown.push_str(&format!("\n\n**{sources}**\n"));
    for source in &card.sources {
        text.push_str(&format!("\n- {source}"));
        match link(source) {
            Some(link) => markdown.push_str(&format!("\n- <{link}>")),
            None => markdown.push_str(&format!("\n- {}", escaped(source))),
        }
    }
    descriptor(Parts {
        id: &card.id,
        title: card.title.get(lang),
        why: card.why.get(lang),
        text,
        markdown,
        help_uri: card.sources.iter().find_map(|source| link(source)).map(str::to_owned),
        level: level(card.severity),
        tags: vec!["golive".to_owned(), card.family.clone(), card.origin.clone(), card.requirement.clone()],
        note: Some(labels::origin(&card.origin).render(lang)),
    })
}

fn of_grade(grade: &Grade, lang: Lang) -> Descriptor {
    let remedy = grade.remedy.get(lang);
    let how = word("report.how", lang);
    descriptor(Parts {
        id: &grade.id,
        title: grade.title.get(lang),
        why: grade.meaning.get(lang),
        text: format!("{how}: {remedy}"),
        markdown: format!("**{how}**: {}", escaped(remedy)),
        help_uri: None,
        level: match grade.verdict {
            Verdict::Fail => "error",
            Verdict::Warn => "warning",
            Verdict::Pass | Verdict::Inconclusive | Verdict::NotApplicable => "note",
        },
        tags: vec!["contract".to_owned()],
        note: None,
    })
}

fn open(lang: Lang) -> Descriptor {
    let lead = word("report.open-lead", lang);
    descriptor(Parts {
        id: OPEN,
        title: &word("report.open-title", lang),
        why: &lead,
        text: lead.clone(),
        markdown: escaped(&lead),
        help_uri: None,
        level: "none",
        tags: Vec::new(),
        note: None,
    })
}

struct Parts<'p> {
    id: &'p str,
    title: &'p str,
    why: &'p str,
    text: String,
    markdown: String,
    help_uri: Option<String>,
    level: &'static str,
    tags: Vec<String>,
    note: Option<String>,
}

fn descriptor(parts: Parts<'_>) -> Descriptor {
    let clean = |text: &str| clean::block(text).into_owned();
    let note = parts.note.map(|note| format!(" ({note})")).unwrap_or_default();
    let mut tags = parts.tags;
    tags.sort_unstable();
    tags.dedup();
    Descriptor {
        id: parts.id.to_owned(),
        short_description: Text { text: clean(parts.title) },
        full_description: Text { text: clean(&format!("{}{note}", parts.why)) },
        help: Help { text: clean(&parts.text), markdown: clean(&parts.markdown) },
        help_uri: parts.help_uri,
        default_configuration: Configuration { level: parts.level },
        properties: Properties { tags },
    }
}

fn word(key: &'static str, lang: Lang) -> String {
    Message::new(key).render(lang)
}

/// A source that is an address.
fn link(source: &str) -> Option<&str> {
    let address =
        source.starts_with("https://") && !source.contains(|each: char| each.is_whitespace() || "<>".contains(each));
    (address && url::Url::parse(source).is_ok() && source.is_ascii()).then_some(source)
}

/// A fence that is longer than any inside of the text.
fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut row = 0;
    for character in text.chars() {
        row = if character == '`' { row + 1 } else { 0 };
        longest = longest.max(row);
    }
    "`".repeat((longest + 1).max(3))
}

/// Text as Markdown that shows it: outside of code spans nothing is markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    // A back-tick without its second one opens no code span.
    let mut ticks = text.matches('`').count() / 2 * 2;
    let mut code = false;
    for character in text.chars() {
        match character {
            '`' if ticks > 0 => {
                ticks -= 1;
                code = !code;
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' if !code => out.push('\\'),
            _ => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_shows_what_it_is_given() {
        assert_eq!(escaped("a `b_<c>` *d* <e>"), r"a `b_<c>` \*d\* \<e\>");
        assert_eq!(escaped("one ` alone"), r"one \` alone");
        assert_eq!(fence("a ```` b"), "`````");
    }
}
