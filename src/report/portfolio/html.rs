//! A portfolio as one self-contained HTML file: no script, no network, everything from outside neutralised and escaped.

use std::io::Write;

use minijinja::ErrorKind;
use minijinja::value::Serde;
use serde::Serialize;

use super::Portfolio;
use crate::i18n::{Lang, Message};
use crate::report::{Fault, format, labels, template};

const TEMPLATE: &str = include_str!("../../../reports/templates/portfolio.html");
const CSS: &str = include_str!("../../../reports/templates/portfolio.css");

/// Whether a file of templates is the built-in one of the sheet, which stands in the same folder as those of the report.
pub fn is_template(name: &str, text: &str) -> bool {
    [("portfolio.html", TEMPLATE), ("portfolio.css", CSS)].contains(&(name, text))
}

#[derive(Serialize)]
struct View {
    lang: &'static str,
    css: &'static str,
    style: String,
    verdict: &'static str,
    sign: &'static str,
    headline: String,
    counted: Vec<String>,
    partial: Vec<String>,
    words: Words,
    shops: Vec<Shop>,
    causes: Vec<Cause>,
}

#[derive(Serialize)]
struct Words {
    shops: String,
    shop: String,
    found: String,
    causes: String,
    cause: String,
    weight: String,
    judged: String,
    rules: String,
}

#[derive(Serialize)]
struct Shop {
    verdict: &'static str,
    sign: &'static str,
    word: String,
    url: String,
    facts: Vec<String>,
    generations: Vec<&'static str>,
    judged: String,
    rules: Vec<String>,
}

#[derive(Serialize)]
struct Cause {
    shops: usize,
    severity: &'static str,
    weight: String,
    title: String,
    fix: String,
    rule: String,
}

fn view(portfolio: &Portfolio, lang: Lang) -> View {
    let say = |message: &Message| message.render(lang);
    let all = |messages: Vec<Message>| messages.iter().map(say).collect::<Vec<_>>();
    let class = |verdict| match labels::part(verdict) {
        crate::run::Verdict::Pass => "pass",
        crate::run::Verdict::Fail => "fail",
        _ => "open",
    };
    let partial = portfolio.records.iter().filter(|(_, complete)| !complete);
    View {
        lang: lang.tag(),
        css: CSS,
        style: template::hash(CSS),
        verdict: class(portfolio.verdict),
        sign: labels::run_sign(portfolio.verdict),
        headline: say(&portfolio.headline()),
        counted: all(portfolio.counted()),
        partial: partial.map(|(file, _)| say(&Message::new("cli.partial").with("file", file))).collect(),
        words: Words {
            shops: say(&Message::new("portfolio.shops")),
            shop: say(&Message::new("portfolio.shop")),
            found: say(&Message::new("portfolio.found")),
            causes: say(&Message::new("portfolio.causes")),
            cause: say(&Message::new("portfolio.cause")),
            weight: say(&Message::new("portfolio.weight")),
            judged: say(&Message::new("portfolio.judged")),
            rules: say(&Message::new("portfolio.rules")),
        },
        shops: portfolio
            .shops
            .iter()
            .map(|row| Shop {
                verdict: class(row.verdict),
                sign: labels::run_sign(row.verdict),
                word: say(&labels::verdict(labels::part(row.verdict))),
                url: row.url.clone(),
                facts: all(row.facts()),
                generations: row.generations.iter().map(|generation| generation.name()).collect(),
                judged: format::day_in_words(&row.judged).get(lang).to_owned(),
                rules: row.rules.clone(),
            })
            .collect(),
        causes: portfolio
            .causes
            .iter()
            .map(|cause| Cause {
                shops: cause.shops,
                severity: match cause.severity {
                    crate::run::Severity::Blocker => "fail",
                    crate::run::Severity::Warning => "warn",
                    crate::run::Severity::Advice => "advice",
                },
                weight: say(&labels::severity(cause.severity)),
                title: cause.title.get(lang).to_owned(),
                fix: cause.fix.get(lang).to_owned(),
                rule: cause.rule.clone(),
            })
            .collect(),
    }
}

/// Writes the file in `lang`.
///
/// # Errors
/// Those of `out`, and a broken template; the tests render every part of it.
pub(super) fn write(portfolio: &Portfolio, lang: Lang, out: &mut dyn Write) -> Result<(), Fault> {
    let mut text = Vec::new();
    let mut rendered = || -> Result<(), minijinja::Error> {
        let mut env = template::environment()?;
        env.add_template("portfolio.html", TEMPLATE)?;
        env.get_template("portfolio.html")?.render_captured_to(Serde(view(portfolio, lang)), &mut text).map(|_| ())
    };
    match rendered() {
        Err(error) if error.kind() != ErrorKind::WriteFailure => Err(Fault::Template(format!("{error:#}"))),
        _ => Ok(out.write_all(&text)?),
    }
}
