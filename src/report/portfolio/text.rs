//! A portfolio for the terminal: the head, a line or two for each shop, and the common causes.

use std::fmt::Write as _;

use super::Portfolio;
use crate::i18n::{Lang, Message};
use crate::report::paint::{Tone, columns, cut, hang, paint};
use crate::report::{clean, labels};

/// Most shops that are listed; the reports list all.
const MOST_SHOPS: usize = 50;
/// Most causes that are listed.
const MOST_CAUSES: usize = 10;

/// The portfolio in lines of at most `width` columns, ending in a line feed.
pub fn summary(portfolio: &Portfolio, lang: Lang, width: usize, color: bool) -> String {
    let width = width.clamp(40, 100);
    let mut out = String::new();
    let say = |message: &Message| clean::line(&message.render(lang)).into_owned();
    let list = |messages: Vec<Message>| messages.iter().map(say).collect::<Vec<_>>().join(" · ");
    let heading = |out: &mut String, title: Message, count: usize| {
        let title = say(&title);
        let count = count.to_string();
        let rule = "─".repeat(width.saturating_sub(columns(&title) + columns(&count) + 2));
        let _ = writeln!(out, "\n{} {} {count}", paint(&title, Tone::Strong, color), paint(&rule, Tone::Quiet, color));
    };
    let head = format!("{} {}", labels::run_sign(portfolio.verdict), say(&portfolio.headline()));
    let _ = writeln!(out, "{}", paint(&head, portfolio.verdict.into(), color));
    let counted = list(portfolio.counted());
    if !counted.is_empty() {
        hang(&mut out, "  ", &counted, Tone::Plain, width, color);
    }
    for (file, _) in portfolio.records.iter().filter(|(_, complete)| !complete) {
        let partial = say(&Message::new("cli.partial").with("file", file));
        hang(&mut out, "  ! ", &partial, Tone::Careful, width, color);
    }
    heading(&mut out, Message::new("portfolio.shops"), portfolio.shops.len());
    for row in portfolio.shops.iter().take(MOST_SHOPS) {
        let sign = paint(labels::run_sign(row.verdict), row.verdict.into(), color);
        let name = cut(&clean::line(&row.url), width.saturating_sub(2));
        let _ = writeln!(out, "{sign} {}", paint(&name, Tone::Strong, color));
        hang(&mut out, "    ", &list(row.facts()), Tone::Plain, width, color);
    }
    let more = |out: &mut String, all: usize, most: usize| {
        if all > most {
            hang(out, "  ", &say(&Message::new("portfolio.more").with("n", all - most)), Tone::Quiet, width, color);
        }
    };
    more(&mut out, portfolio.shops.len(), MOST_SHOPS);
    if !portfolio.causes.is_empty() {
        heading(&mut out, Message::new("portfolio.causes"), portfolio.causes.len());
    }
    for cause in portfolio.causes.iter().take(MOST_CAUSES) {
        let shops = say(&Message::new("portfolio.n-shops").with("n", cause.shops));
        let weight = say(&labels::severity(cause.severity));
        let title = clean::line(cause.title.get(lang));
        let line = format!("{shops} · {weight} · {title} ({})", clean::line(&cause.rule));
        hang(&mut out, "  ", &line, Tone::Plain, width, color);
    }
    more(&mut out, portfolio.causes.len(), MOST_CAUSES);
    out
}
