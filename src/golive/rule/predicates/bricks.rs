//! Checkout Bricks: where they are put, and what their callbacks do.

use std::ops::Range;

use super::patterns;
use super::scripts::{Source, ids, may_come, may_write, quoted};
use crate::golive::page::PageView;
use crate::golive::page::js::{Property, literal, object_at, parts, properties, property_of};
use crate::golive::rule::hits::Hits;
use crate::i18n::Message;

patterns! {
    CREATE = r#"\.\s*create\s*(\()\s*["'`](?:cardPayment|payment|wallet|statusScreen|brand)["'`]\s*,"#;
    FUNCTION_BODY = r"=>\s*\{|\bfunction\b[^{}()]{0,80}\([^()]{0,300}\)\s*\{";
    RETURNS = r"\breturn\b\s*[^;\s}]";
    ONLY_LOGS = r"^\s*(?:(?:return\s+)?console\s*\.\s*\w+\s*\([^;{}]*\)\s*;?\s*)*$";
    ORDER = r#"(?i)^["'`]?ORD[\dA-Z]{6,}|\border_?id\b|\border\s*\.\s*id\b"#;
}

/// Most calls of one script that are read.
const MAX_CALLS: usize = 30;

/// A call that creates a Brick.
#[derive(Debug, Clone)]
struct Brick {
    kind: String,
    /// Id of the container and where it stands, when it is a literal.
    container: Option<(String, Range<usize>)>,
    /// Where the call stands.
    range: Range<usize>,
    /// The settings, when they could be read.
    settings: Option<Vec<Property>>,
}

fn bricks(clean: &str) -> Vec<Brick> {
    let calls = CREATE.captures_iter(clean).take(MAX_CALLS).filter_map(|all| all.get(1));
    calls
        .filter_map(|paren| {
            // Others create a `payment` too, but not in a container and with settings.
            let arguments = parts(clean, paren.start()).filter(|all| all.len() > 2)?;
            let settings = arguments.get(2).and_then(|range| properties(clean, object_at(clean, range.start)?));
            Some(Brick {
                kind: literal(clean, arguments.first()?)?,
                container: arguments.get(1).and_then(|range| Some((literal(clean, range)?, range.clone()))),
                range: arguments.first()?.start..arguments.last()?.end,
                settings,
            })
        })
        .collect()
}

fn each(view: &PageView, mut tell: impl FnMut(Source, &Brick)) {
    for source in Source::all(view) {
        source.remember("bricks", bricks).iter().for_each(|brick| tell(source, brick));
    }
}

pub(super) fn container(view: &PageView, hits: &mut Hits) {
    let present = ids(view);
    each(view, |source, brick| {
        let Some((id, range)) = &brick.container else {
            hits.leave_open(Message::new("golive.container-computed"));
            return;
        };
        if present.contains(id.as_str()) {
            return;
        }
        // A file that all pages share creates Bricks of other pages too.
        let shared = matches!(source, Source::File(_)) && others(view, &present);
        let drawn = may_write(view, id, source, std::slice::from_ref(range));
        match may_come(view).or((shared || drawn).then(|| Message::new("golive.form-drawn-elsewhere"))) {
            Some(reason) => hits.leave_open(reason),
            None => source.hit(view, hits, range, id, Message::new("golive.container-missing").with("id", id)),
        }
    });
}

/// Whether the page has a place for another Brick, so that the missing one may be of another page.
fn others(view: &PageView, present: &std::collections::HashSet<&str>) -> bool {
    let mut any = false;
    each(view, |_, brick| any |= brick.container.as_ref().is_some_and(|(id, _)| present.contains(id.as_str())));
    any
}

/// A callback of a Brick.
enum Callback {
    Missing,
    /// Its text stands at this range.
    At(Range<usize>),
    Unknown,
}

fn callback(clean: &str, brick: &Brick, name: &str) -> Callback {
    let Some(settings) = &brick.settings else { return Callback::Unknown };
    let spread = |all: &[Property]| all.iter().any(|one| matches!(one.key.as_str(), "..." | "["));
    let Some(callbacks) = property_of(settings, "callbacks") else {
        return if spread(settings) { Callback::Unknown } else { Callback::Missing };
    };
    let Some(inner) = object_at(clean, callbacks.value.start).and_then(|open| properties(clean, open)) else {
        return Callback::Unknown;
    };
    match property_of(&inner, name) {
        Some(found) => Callback::At(found.value.clone()),
        None if spread(&inner) => Callback::Unknown,
        None => Callback::Missing,
    }
}

/// What stands in the braces of a function, nested functions blanked. Nothing for an expression or a mere name.
fn body(clean: &str, function: &Range<usize>) -> Option<String> {
    let text = clean.get(function.clone())?;
    let arrow = text.find("=>");
    let open = match arrow {
        Some(at) => {
            at + 2
                + text
                    .get(at + 2..)?
                    .find(|c: char| !c.is_whitespace())
                    .filter(|skip| text[at + 2 + skip..].starts_with('{'))?
        }
        None => text.find(')').and_then(|at| Some(at + text.get(at..)?.find('{')?))?,
    };
    let mut inner = text.get(open + 1..text.rfind('}')?)?.to_owned();
    while let Some(found) = FUNCTION_BODY.find(&inner) {
        let from = found.end() - 1;
        let close = parts(&inner, from).map_or(inner.len(), |all| all.last().map_or(from + 1, |last| last.end));
        let close = inner.get(close..).and_then(|rest| rest.find('}')).map_or(inner.len(), |at| close + at + 1);
        inner.replace_range(found.start()..close, &" ".repeat(close - found.start()));
    }
    Some(inner)
}

pub(super) fn on_submit(view: &PageView, hits: &mut Hits) {
    each(view, |source, brick| {
        if !matches!(brick.kind.as_str(), "cardPayment" | "payment") {
            return;
        }
        let clean = source.clean();
        match callback(clean, brick, "onSubmit") {
            Callback::Unknown => hits.leave_open(Message::new("golive.callback-unread").with("name", "onSubmit")),
            Callback::Missing => {
                source.hit(
                    view,
                    hits,
                    &brick.range,
                    "missing",
                    Message::new("golive.no-callback").with("name", "onSubmit"),
                );
            }
            Callback::At(range) => {
                let text = clean.get(range.clone()).unwrap_or_default();
                if text.starts_with("async") {
                    return;
                }
                match body(clean, &range) {
                    Some(inner) if RETURNS.is_match(&inner) => {}
                    Some(_) => source.hit(view, hits, &range, "promise", Message::new("golive.no-promise")),
                    None if text.contains("=>") => {}
                    None => hits.leave_open(Message::new("golive.callback-unread").with("name", "onSubmit")),
                }
            }
        }
    });
}

pub(super) fn on_error(view: &PageView, hits: &mut Hits) {
    each(view, |source, brick| {
        // The Wallet Brick shows its own errors; the Brand Brick has none to show.
        if matches!(brick.kind.as_str(), "wallet" | "brand") {
            return;
        }
        let clean = source.clean();
        match callback(clean, brick, "onError") {
            Callback::Unknown => hits.leave_open(Message::new("golive.callback-unread").with("name", "onError")),
            Callback::Missing => {
                source.hit(
                    view,
                    hits,
                    &brick.range,
                    "missing",
                    Message::new("golive.no-callback").with("name", "onError"),
                );
            }
            Callback::At(range) => {
                let silent = match body(clean, &range) {
                    Some(inner) => ONLY_LOGS.is_match(&inner),
                    None => {
                        let text = clean.get(range.clone()).unwrap_or_default();
                        text.rsplit("=>").next().is_some_and(|last| ONLY_LOGS.is_match(last))
                            || text.starts_with("console.")
                    }
                };
                if silent {
                    source.hit(view, hits, &range, "silent", Message::new("golive.error-only-logged"));
                }
            }
        }
    });
}

pub(super) fn status_payment_id(view: &PageView, hits: &mut Hits) {
    each(view, |source, brick| {
        if brick.kind != "statusScreen" {
            return;
        }
        let clean = source.clean();
        let inner = brick
            .settings
            .as_deref()
            .and_then(|all| property_of(all, "initialization"))
            .and_then(|one| properties(clean, object_at(clean, one.value.start)?));
        let Some(inner) = inner else {
            hits.leave_open(Message::new("golive.callback-unread").with("name", "initialization"));
            return;
        };
        match property_of(&inner, "paymentId") {
            Some(id) => {
                let text = clean.get(id.value.clone()).unwrap_or_default();
                if ORDER.is_match(text) {
                    let message = Message::new("golive.order-as-payment").with("value", quoted(clean, &id.value));
                    source.hit(view, hits, &id.value, "order", message);
                }
            }
            None if inner.iter().any(|one| one.key == "...") => {}
            None => source.hit(view, hits, &brick.range, "missing", Message::new("golive.no-payment-id")),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_without_its_inner_functions() {
        let returns = |text: &str| body(text, &(0..text.len())).map(|inner| RETURNS.is_match(&inner));
        assert_eq!(returns("(data) => { return new Promise((ok) => { ok() }) }"), Some(true));
        assert_eq!(
            returns("(data) => { fetch('/p').then((r) => { return r.json() }).then(function (x) { return x }) }"),
            Some(false)
        );
        assert_eq!(returns("onSubmit({ formData }) { return pay(formData) }"), Some(true));
        assert_eq!(returns("function (data) { pay(data); return; }"), Some(false));
        assert_eq!(returns("(data) => pay(data)"), None);
        assert_eq!(returns("handleSubmit"), None);
    }
}
