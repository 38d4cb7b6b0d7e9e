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
    FUNCTION_BODY = r"=>\s*\{|\bfunction\b[^{}()]*\([^()]*\)\s*\{";
    RETURNS = r"\breturn\b\s*[^;\s}]";
    ONLY_LOGS = r"^\s*(?:(?:return\s+)?console\s*\.\s*\w+\s*\([^;{}]*\)\s*;?\s*)*$";
    // What sdk-react names in a bundle, and how its components are mounted there.
    REACT = r#"["'`](?:cardPaymentBrick_container|paymentBrick_container|statusScreenBrick_container)["'`]"#;
    COMPONENT = r"\b(?:jsxs?|jsxDEV|_jsxs?|createElement)\s*\)?\s*\(\s*[\w$.]+\s*,\s*$";
    INITIALIZATION = r"\binitialization\b";
    ORDER = r#"(?i)^["'`]?ORD[\dA-Z]{6,}|\border_?id\b|\border\s*\.\s*id\b"#;
}

/// Most calls of one script that are read.
const MAX_CALLS: usize = 30;
/// Bytes between the beginning of a component's properties and `initialization` among them.
const MAX_BEFORE: usize = 8_000;

/// A call that creates a Brick.
#[derive(Debug, Clone)]
pub(super) struct Brick {
    pub(super) kind: String,
    /// Id of the container and where it stands, when it is a literal.
    container: Option<(String, Range<usize>)>,
    /// Where the call stands.
    pub(super) range: Range<usize>,
    /// The settings, when they could be read.
    pub(super) settings: Option<Vec<Property>>,
    /// Whether it is a component of sdk-react, which makes its own container and takes callbacks as properties.
    pub(super) component: bool,
}

fn bricks(clean: &str) -> Vec<Brick> {
    let mut found = calls(clean);
    let components = INITIALIZATION.find_iter(clean).take(MAX_CALLS);
    found.extend(components.filter_map(|word| component(clean, word.start())));
    found
}

/// The component of sdk-react that is mounted with the property `initialization` at `at`.
fn component(clean: &str, at: usize) -> Option<Brick> {
    let from = (at.saturating_sub(MAX_BEFORE)..at).find(|from| clean.is_char_boundary(*from))?;
    let mut depth = 0_usize;
    let open = clean.get(from..at)?.bytes().rposition(|byte| match byte {
        b')' | b']' | b'}' => {
            depth += 1;
            false
        }
        b'{' if depth == 0 => true,
        b'(' | b'[' | b'{' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => false,
    })? + from;
    let before = clean.get(from.max(open.saturating_sub(100))..open);
    if !before.is_some_and(|before| COMPONENT.is_match(before)) {
        return None;
    }
    let settings = properties(clean, open)?;
    let initialization = property_of(&settings, "initialization")?;
    let inner = object_at(clean, initialization.value.start).and_then(|open| properties(clean, open));
    let has = |name: &str| inner.as_ref().is_some_and(|all| property_of(all, name).is_some());
    let kind = if has("paymentId") {
        "statusScreen"
    } else if has("amount") || property_of(&settings, "onSubmit").is_some() {
        // The Card Payment Brick or the Payment Brick: what is asked of them is the same.
        "payment"
    } else if has("preferenceId") {
        "wallet"
    } else {
        return None;
    };
    let end = settings.last()?.value.end;
    Some(Brick { kind: kind.to_owned(), container: None, range: open..end, settings: Some(settings), component: true })
}

/// The Bricks that are made by calls of the SDK.
fn calls(clean: &str) -> Vec<Brick> {
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
                component: false,
            })
        })
        .collect()
}

/// Leaves a rule about a callback open where sdk-react is in use and none of its components could be read.
fn unread(view: &PageView, hits: &mut Hits, name: &str) {
    let mut any = false;
    each(view, |_, brick| any |= !matches!(brick.kind.as_str(), "wallet" | "brand"));
    if !any && view.in_scripts(&REACT) {
        hits.leave_open(Message::new("golive.callback-unread").with("name", name));
    }
}

/// Every Brick that the scripts of a page create, with the script.
pub(super) fn each(view: &PageView, mut tell: impl FnMut(Source, &Brick)) {
    for source in Source::all(view) {
        source.remember("bricks", bricks).iter().for_each(|brick| tell(source, brick));
    }
}

pub(super) fn container(view: &PageView, hits: &mut Hits) {
    let present = ids(view);
    each(view, |source, brick| {
        if brick.component {
            return;
        }
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
    if brick.component {
        return match property_of(settings, name) {
            Some(found) => Callback::At(defined(clean, &found.value)),
            None if spread(settings) => Callback::Unknown,
            None => Callback::Missing,
        };
    }
    let Some(callbacks) = property_of(settings, "callbacks") else {
        return if spread(settings) { Callback::Unknown } else { Callback::Missing };
    };
    let Some(inner) = object_at(clean, callbacks.value.start).and_then(|open| properties(clean, open)) else {
        return Callback::Unknown;
    };
    match property_of(&inner, name) {
        Some(found) => Callback::At(defined(clean, &found.value)),
        None if spread(&inner) => Callback::Unknown,
        None => Callback::Missing,
    }
}

/// The function that the mere name at `range` stands for, where one of that name is written once; else `range` itself.
fn defined(clean: &str, range: &Range<usize>) -> Range<usize> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let name = clean.get(range.clone()).unwrap_or_default().trim();
    if name.is_empty() || name.len() > 80 || !name.chars().all(in_word) {
        return range.clone();
    }
    let mut found = clean.match_indices(name).take(2_000).filter_map(|(at, _)| {
        let before = clean.get(..at)?.trim_end();
        let after = clean.get(at + name.len()..)?;
        let declared = ["const", "let", "var"].iter().any(|word| before.ends_with(word)) || before.ends_with(',');
        if before.len() < at && before.ends_with("function") && after.trim_start().starts_with('(') {
            let head = before.strip_suffix("function").map(str::trim_end)?;
            let start = if head.ends_with("async") { head.len() - "async".len() } else { head.len() };
            return Some(start..end_of_function(clean, at)?);
        }
        let value = after.trim_start().strip_prefix('=')?;
        let start = clean.len() - value.trim_start().len();
        let text = clean.get(start..)?;
        let arrow = text.trim_start_matches(in_word).trim_start().starts_with("=>");
        let function = arrow || text.starts_with("async") || text.starts_with("function") || text.starts_with('(');
        (declared && !value.starts_with('=') && function).then_some(())?;
        Some(start..end_of_function(clean, start)?)
    });
    match (found.next(), found.next()) {
        (Some(one), None) => one,
        _ => range.clone(),
    }
}

/// Where the function ends whose head begins at `at`: behind its braces. Nothing for an arrow without braces.
fn end_of_function(clean: &str, at: usize) -> Option<usize> {
    let head = clean.get(at..)?;
    let paren = at + head.find('(')?;
    if let Some(arrow) = head.find("=>").filter(|arrow| at + arrow < paren) {
        // A single parameter needs no parentheses.
        let body = head.get(arrow + 2..)?.trim_start();
        body.starts_with('{').then_some(())?;
        return end_of_braces(clean, clean.len() - body.len());
    }
    let closed = parts(clean, paren)?.last().map_or(paren + 1, |last| last.end);
    let open = closed + clean.get(closed..)?.find(')')? + 1;
    let rest = clean.get(open..)?;
    let body = rest.trim_start().strip_prefix("=>").unwrap_or(rest).trim_start();
    body.starts_with('{').then_some(())?;
    end_of_braces(clean, clean.len() - body.len())
}

/// Where the braces end that open at `brace`.
fn end_of_braces(clean: &str, brace: usize) -> Option<usize> {
    let last = parts(clean, brace)?.last().map_or(brace + 1, |last| last.end);
    Some(last + clean.get(last..)?.find('}')? + 1)
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
    unread(view, hits, "onSubmit");
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
    unread(view, hits, "onError");
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
