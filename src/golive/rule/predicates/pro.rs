//! Checkout Pro: where it begins, and the preference it begins with.

use std::ops::Range;

use super::patterns;
use super::scripts::{Source, Spot, ids, may_come, may_write, quoted};
use crate::golive::page::guard::guarded;
use crate::golive::page::js::{literal, object_at, parts, properties, property_of};
use crate::golive::page::{LocalName, PageView, runs};
use crate::golive::rule::hits::{Hits, MAX_PLACES, masked, slice};
use crate::golive::rule::judge::short;
use crate::i18n::Message;

patterns! {
    CHECKOUT = r"\.\s*checkout\s*(\()\s*\{";
    OPENS = r"\.\s*open\s*\(\s*\)|\.\s*render\s*\(";
    SANDBOX = r#"(?:\.|\[\s*["'`])\s*(sandbox_init_point)\b|\{[^{}]*\b(sandbox_init_point)\b[^{}]*\}\s*=[^=>]"#;
    FALLBACK = r"\binit_point\b[\w$\s.?)\]]*(?:\|\||\?\?)[\w$\s.?(\[]*$";
    CHOOSES = r"\?[^;?]*:";
    PREFERENCE = r#"(?:preferenceId|preference_id|pref_id|data-preference-id["'`]\s*,|preference\s*:\s*\{\s*["'`]?id)["'`]?\s*[:=]?\s*["'`]?(\d{5,}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"#;
    PREFERENCE_ID = r"\b\d{5,}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b";
}

/// Age from which a document that holds a preference was surely not made for this purchase, in seconds.
const OLD: i64 = 3_600;

/// A selector of one class or id, as `render.container` takes it.
fn is_there(view: &PageView, selector: &str) -> Option<bool> {
    let name = selector.get(1..)?;
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
        return None;
    }
    match selector.as_bytes().first()? {
        b'#' => Some(ids(view).contains(name)),
        b'.' => Some(view.elements().any(|(_, element)| {
            element.attr("class").is_some_and(|class| class.split_ascii_whitespace().any(|one| one == name))
        })),
        _ => None,
    }
}

/// A call of `mp.checkout`: its place, its container with place, and whether it opens by itself.
struct Button {
    range: Range<usize>,
    container: Option<(String, Range<usize>)>,
    renders: bool,
    opens: bool,
}

fn buttons(clean: &str) -> Vec<Button> {
    let opened = OPENS.is_match(clean);
    let calls = CHECKOUT.captures_iter(clean).take(20).filter_map(|all| all.get(1));
    calls
        .filter_map(|paren| {
            let first = parts(clean, paren.start())?.into_iter().next()?;
            let all = properties(clean, first.start)?;
            property_of(&all, "preference")?;
            let render = property_of(&all, "render");
            let inner = render.and_then(|one| properties(clean, object_at(clean, one.value.start)?));
            let container = inner.and_then(|inner| {
                let place = property_of(&inner, "container")?.value.clone();
                Some((literal(clean, &place)?, place))
            });
            let unknown = all.iter().any(|one| one.key == "...");
            let opens = property_of(&all, "autoOpen").is_some() || opened || unknown;
            Some(Button { range: first, container, renders: render.is_some(), opens })
        })
        .collect()
}

/// Whether there is something that leads to the payment.
pub(super) fn entry_point(view: &PageView, hits: &mut Hits) {
    for source in Source::all(view) {
        for button in source.remember("pro-buttons", buttons).iter() {
            if !button.renders && !button.opens {
                source.hit(view, hits, &button.range, "no-button", Message::new("golive.pro-no-button"));
            }
            let Some((selector, place)) = &button.container else { continue };
            if is_there(view, selector) != Some(false) {
                continue;
            }
            let drawn = may_write(view, selector.trim_start_matches(['.', '#']), source, std::slice::from_ref(place));
            match may_come(view).or(drawn.then(|| Message::new("golive.form-drawn-elsewhere"))) {
                Some(reason) => hits.leave_open(reason),
                None => {
                    let message = Message::new("golive.container-missing").with("id", selector);
                    source.hit(view, hits, place, selector, message);
                }
            }
        }
    }
    for (part, element) in view.named(&[LocalName::from("script")]).filter(|(_, element)| runs(element)) {
        let old = element.attr("src").is_some_and(|src| src.contains("integrations/v1/web-payment-checkout.js"));
        if old && element.attr("data-preference-id").is_none_or(|id| id.trim().is_empty()) {
            hits.element(view, part, &element, Message::new("golive.pro-no-preference"));
        }
    }
}

/// The places where a script uses the address of the sandbox, and whether some depend on a setting.
fn sandbox(clean: &str) -> (Vec<Spot>, bool) {
    let (mut found, mut depends) = (Vec::new(), false);
    for name in SANDBOX.captures_iter(clean).take(MAX_PLACES).filter_map(|all| all.get(1).or(all.get(2))) {
        let before = slice(clean, name.start().saturating_sub(160), name.start());
        let before = before.rsplit([';', '{', '}']).next().unwrap_or_default();
        let after = slice(clean, name.end(), name.end() + 160);
        let after = after.split([';', '}']).next().unwrap_or_default();
        // Only where the production address is missing, or where it runs while developing.
        if FALLBACK.is_match(before) || guarded(clean, name.start()) {
            continue;
        }
        let either = CHOOSES.is_match(&format!("{before}{after}")) && (before.contains('?') || after.contains('?'));
        match either {
            true => depends = true,
            false => found.push((name.range(), name.as_str().to_owned())),
        }
    }
    (found, depends)
}

pub(super) fn no_sandbox(view: &PageView, hits: &mut Hits) {
    for source in Source::all(view) {
        let (found, depends) = &*source.remember("sandbox-point", sandbox);
        for (range, what) in found {
            source.hit(view, hits, range, what, Message::new("golive.found").with("what", what));
        }
        if *depends {
            hits.leave_open(Message::new("golive.sandbox-depends"));
        }
    }
    for (part, element) in view.named(&["a", "form", "iframe"].map(LocalName::from)) {
        let target = ["href", "action", "src"].iter().find_map(|name| element.attr(name)).unwrap_or_default();
        let rest = target.trim_start_matches("https:").trim_start_matches("http:");
        if rest.starts_with("//sandbox.mercadopago.") {
            hits.element(view, part, &element, Message::new("golive.found").with("what", short(&masked(target))));
        }
    }
}

fn preferences(clean: &str) -> Vec<Spot> {
    let found = PREFERENCE.captures_iter(clean).take(MAX_PLACES).filter_map(|all| all.get(1));
    found.map(|id| (id.range(), quoted(clean, &id.range()))).collect()
}

/// Whether the document was made long before it was asked for, so that nothing in it is of this purchase.
fn is_old(view: &PageView) -> bool {
    let date = |name: &str| {
        let value = view.page.document.header(name)?;
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()
    };
    let (Some(made), Some(sent)) = (date("last-modified"), date("date")) else { return false };
    sent.as_second() - made.as_second() > OLD
}

/// A preference that stands in a file is the same for everybody; one that the server writes into the page may be new.
pub(super) fn dynamic_preference(view: &PageView, hits: &mut Hits) {
    let old = is_old(view);
    let message = |what: &str| Message::new("golive.fixed-preference").with("what", what);
    let fresh = || Message::new("golive.preference-once");
    for source in Source::all(view) {
        match source {
            Source::File(_) => source.hit_all(view, hits, "preferences", preferences, message),
            Source::Inline(_) if old => source.hit_all(view, hits, "preferences", preferences, message),
            Source::Inline(inline) if !preferences(&inline.clean).is_empty() => hits.leave_open(fresh()),
            Source::Inline(_) => {}
        }
    }
    for (part, element) in view.elements() {
        let tells = ["data-preference-id", "href", "src", "action"];
        let value = tells.iter().filter_map(|name| element.attr(name)).find(|value| {
            PREFERENCE_ID.is_match(value)
                && (!value.contains('/') || value.contains("mercadopago.") || value.contains("pref"))
        });
        match value {
            Some(value) if old => hits.element(view, part, &element, message(&short(&masked(value)))),
            Some(_) => hits.leave_open(fresh()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_is_told_from_a_way_out() {
        for (script, expected) in [
            ("location.href = data.sandbox_init_point", (1, false)),
            ("const { sandbox_init_point } = await r.json(); go(sandbox_init_point)", (1, false)),
            ("location.href = data.sandbox_init_point || data.init_point", (1, false)),
            ("location.href = data.init_point || data.sandbox_init_point", (0, false)),
            ("location.href = data.init_point ?? data.sandbox_init_point", (0, false)),
            ("location.href = test ? data.sandbox_init_point : data.init_point", (0, true)),
            ("if (location.hostname === 'localhost') { location.href = data.sandbox_init_point }", (0, false)),
            ("const sample = { init_point: 'a', sandbox_init_point: 'b' }", (0, false)),
        ] {
            let (found, depends) = sandbox(script);
            assert_eq!((found.len(), depends), expected, "{script}");
        }
    }
}
