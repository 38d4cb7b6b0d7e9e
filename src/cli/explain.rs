//! `homologa explain ID`: a rule, an error code, a status_detail or a grade, in words.

use serde_json::{Value, json};

use super::args::ExplainArgs;
use super::output::Output;
use crate::exit;
use crate::golive::rule::{ManualItem, RuleSet, manual};
use crate::i18n::{Lang, Message, Text};
use crate::report::labels;
use crate::run::Problem;
use crate::specs::catalogue::{Entry, Neighbour, catalogue, neighbours};
use crate::specs::drift::{self, DriftKind};
use crate::specs::grades::{Grade, grades};
use crate::specs::statuses::{Pair, statuses};
use crate::yaml::nearest;

/// What is explained: a heading and paragraphs, and the same as JSON.
struct Explanation {
    text: Page,
    json: Value,
}

pub(super) fn run(output: &Output, args: &ExplainArgs) -> Result<u8, Vec<Problem>> {
    let id = args.id.trim();
    let rules = RuleSet::builtin()?;
    let mut found: Vec<Explanation> = Vec::new();
    found.extend(catalogue().find(id).map(|entry| error(entry, output.lang)));
    found.extend(rule(&rules, id, output.lang));
    found.extend(manual().iter().find(|item| item.id == id).map(|item| by_hand(item, output.lang)));
    found.extend(pairs(id).into_iter().map(|pair| status(pair, output.lang)));
    found.extend(grades().iter().find(|grade| grade.id == id).map(|known| grade(known, output.lang)));
    found.extend(drift::kinds().iter().find(|kind| kind.id == id).map(|kind| drift_kind(kind, output.lang)));
    found.extend(whole_status(id, output.lang));
    if found.is_empty() {
        found.extend(http_status(id, output.lang));
    }
    if found.is_empty() {
        let known = neighbours().iter().filter(|other| other.id == id || other.code.eq_ignore_ascii_case(id));
        found.extend(known.map(|other| neighbour(other, output.lang)));
    }
    if found.is_empty() {
        return Err(vec![unknown(&rules, id)]);
    }
    if output.json {
        let values: Vec<Value> = found.into_iter().map(|explanation| explanation.json).collect();
        match <[Value; 1]>::try_from(values) {
            Ok([one]) => output.result_json(&one),
            Err(several) => output.result_json(&several),
        }
    } else {
        let texts: Vec<String> = found.into_iter().map(|explanation| explanation.text.out).collect();
        output.result(&texts.join("\n"));
    }
    Ok(exit::READY)
}

fn pairs(id: &str) -> Vec<&'static Pair> {
    let all = statuses().pairs.iter();
    match id.split_once('/') {
        Some((status, detail)) => statuses().find(status, Some(detail)).into_iter().collect(),
        None => all.filter(|pair| pair.status_detail.as_deref() == Some(id)).collect(),
    }
}

fn unknown(rules: &RuleSet, id: &str) -> Problem {
    let problem = Problem::input(Message::new("explain.unknown").with("id", id));
    let cards = rules.cards();
    let details = statuses().pairs.iter().filter_map(|pair| pair.status_detail.as_deref());
    let by_hand = manual().iter().map(|item| item.id.as_str());
    let words =
        cards.iter().map(|card| card.id.as_str()).chain(details).chain(grades().iter().map(|grade| grade.id.as_str()));
    let words = words.chain(by_hand).chain(drift::kinds().iter().map(|kind| kind.id.as_str()));
    match nearest(id, words) {
        Some(near) => problem.fix(Message::new("yaml.did-you-mean").with("word", near)),
        None => problem.fix(Message::new("explain.unknown-fix")),
    }
}

/// A page of text, wrapped to 80 columns.
struct Page {
    lang: Lang,
    out: String,
}

impl Page {
    fn new(lang: Lang, heading: &str, title: &str) -> Page {
        let mut page = Page { lang, out: String::new() };
        page.wrap(&format!("{heading}  {title}"), "");
        page
    }

    fn wrap(&mut self, text: &str, indent: &str) {
        for paragraph in text.lines() {
            let mut line = indent.to_owned();
            for word in paragraph.split_whitespace().flat_map(|word| pieces(word, 80 - indent.len())) {
                if line.len() > indent.len() && line.chars().count() + 1 + word.chars().count() > 80 {
                    self.out.push_str(line.trim_end());
                    self.out.push('\n');
                    line = indent.to_owned();
                }
                if line.len() > indent.len() {
                    line.push(' ');
                }
                line.push_str(&word);
            }
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }

    /// A named part; nothing when there is nothing to say.
    fn part(&mut self, key: Message, text: &str) {
        if !text.trim().is_empty() {
            let name = key.render(self.lang);
            self.out.push_str(&format!("\n{name}\n"));
            self.wrap(text, "  ");
        }
    }

    fn text(&mut self, key: Message, text: &Text) {
        let words = text.get(self.lang).to_owned();
        self.part(key, &words);
    }

    /// An example, as it is written.
    fn code(&mut self, key: Message, code: &str) {
        let name = key.render(self.lang);
        self.out.push_str(&format!("\n{name}\n"));
        for line in code.lines() {
            let characters: Vec<char> = line.chars().collect();
            for piece in characters.chunks(78) {
                self.out.push_str(&format!("  {}\n", piece.iter().collect::<String>()));
            }
        }
    }
}

/// A word in pieces that fit a line; a long path is broken where it must be.
fn pieces(word: &str, width: usize) -> Vec<String> {
    word.chars().collect::<Vec<char>>().chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
}

fn error(entry: &Entry, lang: Lang) -> Explanation {
    let mut text = Page::new(lang, &entry.id, entry.message.as_deref().unwrap_or("—"));
    text.text(Message::new("explain.meaning"), &entry.meaning);
    text.text(Message::new("explain.remedy"), &entry.remedy);
    text.part(Message::new("explain.parameter"), entry.parameter.as_deref().unwrap_or_default());
    text.text(Message::new("explain.provoke"), &entry.provoke.how);
    text.part(Message::new("explain.observed"), entry.observed_message.as_deref().unwrap_or_default());
    text.part(Message::new("explain.as-printed"), entry.as_printed.as_deref().unwrap_or_default());
    if let Some(repair) = &entry.repair {
        text.text(Message::new("explain.repair"), repair);
    }
    text.part(Message::new("explain.same-situation"), &entry.same_situation.join(", "));
    text.part(Message::new("explain.since"), &entry.since);
    text.part(Message::new("explain.sources"), &entry.sources.join("\n"));
    Explanation { text, json: json!({ "kind": "error", "error": entry }) }
}

fn neighbour(other: &Neighbour, lang: Lang) -> Explanation {
    let mut text = Page::new(lang, &other.id, other.message.as_deref().unwrap_or("—"));
    text.part(Message::new("explain.not-in-catalogue"), other.endpoint.as_deref().unwrap_or("—"));
    text.text(Message::new("explain.meaning"), &other.meaning);
    text.part(Message::new("explain.sources"), &other.sources.join("\n"));
    Explanation { text, json: json!({ "kind": "neighbour", "neighbour": other }) }
}

fn rule(rules: &RuleSet, id: &str, lang: Lang) -> Option<Explanation> {
    let rule = rules.rule(id)?;
    let card = rule.card();
    let mut text = Page::new(lang, &card.id, card.title.get(lang));
    text.text(Message::new("explain.why"), &card.why);
    text.text(Message::new("explain.remedy"), &card.fix);
    if let Some(example) = &card.example {
        text.code(Message::new("explain.example"), example);
    }
    text.part(Message::new("explain.severity"), &labels::severity(card.severity).render(lang));
    text.part(Message::new("explain.origin"), &labels::origin(&card.origin).render(lang));
    text.part(Message::new("explain.sources"), &card.sources.join("\n"));
    Some(Explanation { text, json: json!({ "kind": "rule", "rule": card }) })
}

/// A requirement without a rule: nothing that homologa sees can tell it.
fn by_hand(item: &ManualItem, lang: Lang) -> Explanation {
    let mut text = Page::new(lang, &item.id, item.requirement.get(lang));
    text.part(Message::new("explain.by-hand"), item.how.get(lang));
    text.text(Message::new("explain.why"), &item.why);
    text.part(Message::new("explain.fields"), &item.fields.join(", "));
    text.part(Message::new("explain.severity"), &labels::severity(item.severity).render(lang));
    text.part(Message::new("explain.origin"), &labels::origin(item.origin.name()).render(lang));
    text.part(Message::new("explain.sources"), &item.sources.join("\n"));
    let json = json!({
        "kind": "manual",
        "manual": {
            "id": item.id, "severity": item.severity, "origin": item.origin.name(), "requirement": item.requirement,
            "why": item.why, "how": item.how, "fields": item.fields, "sources": item.sources,
        },
    });
    Explanation { text, json }
}

fn status(pair: &Pair, lang: Lang) -> Explanation {
    let detail = pair.status_detail.as_deref().unwrap_or("—");
    let mut text = Page::new(lang, &format!("{}/{detail}", pair.status), "");
    text.text(Message::new("explain.meaning"), &pair.meaning);
    if let Some(mode) = statuses().retry_modes.get(&pair.retry.mode) {
        text.text(Message::new("explain.retry"), mode);
    }
    text.text(Message::new("explain.buyer-message"), &pair.buyer_message);
    text.part(Message::new("explain.reached-by"), pair.reached_by.as_deref().unwrap_or_default());
    if let Some(why) = statuses().why_out_of_reach(pair) {
        text.text(Message::new("explain.out-of-reach"), why);
    }
    if let Some(note) = &pair.note {
        text.text(Message::new("explain.note"), note);
    }
    text.part(Message::new("explain.sources"), &pair.sources.join("\n"));
    Explanation { text, json: json!({ "kind": "status", "pair": pair }) }
}

/// A payment status with all its details.
fn whole_status(id: &str, lang: Lang) -> Option<Explanation> {
    let pairs: Vec<&Pair> = statuses().pairs.iter().filter(|pair| pair.status == id).collect();
    if pairs.is_empty() {
        return None;
    }
    let mut text = Page::new(lang, id, &Message::new("explain.payment-status").render(lang));
    let line = |pair: &&Pair| format!("{}: {}", pair.status_detail.as_deref().unwrap_or("—"), pair.meaning.get(lang));
    text.part(Message::new("explain.details"), &pairs.iter().map(line).collect::<Vec<_>>().join("\n"));
    Some(Explanation { text, json: json!({ "kind": "payment-status", "status": id, "pairs": pairs }) })
}

/// An HTTP status: what the API means by it, and the codes that come with it.
fn http_status(id: &str, lang: Lang) -> Option<Explanation> {
    let number: u16 = id.to_ascii_lowercase().trim_start_matches("http").trim().parse().ok()?;
    let meaning = Message::new(match number {
        200 => "explain.http-200",
        201 => "explain.http-201",
        400 => "explain.http-400",
        401 => "explain.http-401",
        403 => "explain.http-403",
        404 => "explain.http-404",
        409 => "explain.http-409",
        424 => "explain.http-424",
        429 => "explain.http-429",
        499 | 504 => "explain.http-unknown",
        500..=599 => "explain.http-5xx",
        _ => return None,
    });
    let codes: Vec<&Entry> = catalogue().entries().iter().filter(|entry| entry.status == number).collect();
    let mut text = Page::new(lang, "HTTP", id.to_ascii_lowercase().trim_start_matches("http").trim());
    text.part(Message::new("explain.meaning"), &meaning.render(lang));
    let line = |entry: &&Entry| format!("{} {}", entry.code, entry.message.as_deref().unwrap_or("—"));
    text.part(Message::new("explain.http-codes"), &codes.iter().map(line).collect::<Vec<_>>().join("\n"));
    let ids: Vec<&str> = codes.iter().map(|entry| entry.id.as_str()).collect();
    Some(Explanation {
        text,
        json: json!({ "kind": "http-status", "status": number, "meaning": meaning.render(lang), "codes": ids }),
    })
}

fn grade(grade: &Grade, lang: Lang) -> Explanation {
    let mut text = Page::new(lang, &grade.id, grade.title.get(lang));
    text.text(Message::new("explain.meaning"), &grade.meaning);
    text.text(Message::new("explain.remedy"), &grade.remedy);
    if let Some(weight) = drift::weight_of_grade(&grade.id) {
        text.part(Message::new("explain.as-drift"), &labels::weight(weight).render(lang));
    }
    Explanation { text, json: json!({ "kind": "grade", "grade": grade }) }
}

fn drift_kind(kind: &DriftKind, lang: Lang) -> Explanation {
    let mut text = Page::new(lang, &kind.id, kind.title.get(lang));
    text.text(Message::new("explain.meaning"), &kind.meaning);
    if let Some(remedy) = &kind.remedy {
        text.text(Message::new("explain.remedy"), remedy);
    }
    text.part(Message::new("explain.severity"), &labels::weight(kind.weight).render(lang));
    Explanation { text, json: json!({ "kind": "drift", "drift": kind }) }
}
