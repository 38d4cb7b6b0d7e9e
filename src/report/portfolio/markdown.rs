//! A portfolio for the summary of a job: two tables. What comes from outside is neutralised and escaped.

use std::fmt::Write as _;

use super::Portfolio;
use crate::i18n::{Lang, Message};
use crate::report::{clean, labels};

/// Text that no renderer of Markdown takes for anything else.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean::line(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '|' | '!' | '~' | '@' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// A word as code: an address is not made a link, a name of a rule stays whole.
fn code(text: &str) -> String {
    let text = clean::line(text).replace('|', "%7C").replace('`', "%60").replace('<', "%3C");
    format!("`{text}`")
}

/// The portfolio as Markdown, ending in a line feed.
pub(super) fn text(portfolio: &Portfolio, lang: Lang) -> String {
    let say = |message: &Message| plain(&message.render(lang));
    let list = |messages: Vec<Message>| messages.iter().map(say).collect::<Vec<_>>().join(" · ");
    let mut out = format!("# {} {}\n\n", labels::run_sign(portfolio.verdict), say(&portfolio.headline()));
    let counted = list(portfolio.counted());
    if !counted.is_empty() {
        let _ = writeln!(out, "{counted}\n");
    }
    for (file, _) in portfolio.records.iter().filter(|(_, complete)| !complete) {
        let _ = writeln!(out, "> {}\n", say(&Message::new("cli.partial").with("file", file)));
    }
    let _ = writeln!(
        out,
        "| | {} | {} |\n| --- | --- | --- |",
        say(&Message::new("portfolio.shop")),
        say(&Message::new("portfolio.found"))
    );
    for row in &portfolio.shops {
        let facts = list(row.facts());
        let _ = writeln!(out, "| {} | {} | {facts} |", labels::run_sign(row.verdict), code(&row.url));
    }
    if !portfolio.causes.is_empty() {
        let _ = writeln!(out, "\n## {}\n", say(&Message::new("portfolio.causes")));
        let _ = writeln!(
            out,
            "| {} | {} | {} |\n| ---: | --- | --- |",
            say(&Message::new("portfolio.shops")),
            say(&Message::new("portfolio.weight")),
            say(&Message::new("portfolio.cause"))
        );
    }
    for cause in &portfolio.causes {
        let title = plain(cause.title.get(lang));
        let weight = say(&labels::severity(cause.severity));
        let _ = writeln!(out, "| {} | {weight} | {title} {} |", cause.shops, code(&cause.rule));
    }
    out
}
