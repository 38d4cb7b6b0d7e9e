//! Tells when the card form of a page is drawn by scripts, so that its markup says nothing of it.
//!
//! Not responsible for pages that are drawn whole: see `needs_javascript` of the outline.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::card::CardRole;
use super::generation::{is_sdk_v1, is_sdk_v2};
use super::view::{PageView, ScriptFacts};
use crate::golive::quick::quick;
use crate::run::Generation;

/// Most ids of containers that scripts may name.
const MAX_IDS: usize = 200;

/// Where a script may write a field: as HTML in a string, or element by element.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static WRITES_FIELD: LazyLock<Regex> = LazyLock::new(|| {
    quick(r#"(?i)(<(?:input|select)\b)|(?:createElement|\bjsxs?)\s*\)?\s*\(\s*["'`](?:input|select)["'`]"#)
        .expect("a valid pattern")
});

/// What names a card field among its attributes.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static CARD: LazyLock<Regex> = LazyLock::new(|| {
    quick(r"(?i)(?:data-?checkout|cc-(?:number|csc|exp)|card[_-]?number|card[_-]?no\b|security[_-]?code|\bcv[cv]2?\b|(?:numero|nro)[_-]?(?:de[_-]?|do[_-]?)?(?:tarjeta|cartao)|codigo[_-]?(?:de[_-]?)?segur(?:idad|an[cç]a))")
        .expect("a valid pattern")
});

/// Signs behind the beginning of a field in which its name is looked for: in HTML, in a call.
const NEAR: (usize, usize) = (300, 200);

/// Whether a script writes a card field.
fn writes_card_in(clean: &str) -> bool {
    WRITES_FIELD.captures_iter(clean).any(|found| {
        let end = found.get(0).map_or(clean.len(), |whole| whole.end());
        let (stops, near): (&[char], usize) =
            if found.get(1).is_some() { (&['<', '>', ';'], NEAR.0) } else { (&['<', '>'], NEAR.1) };
        let rest = clean.get(end..).unwrap_or_default();
        // The name itself may reach a little further.
        let window = rest.char_indices().nth(near + 40).map_or(rest, |(at, _)| &rest[..at]);
        let window = window.split(stops).next().unwrap_or_default();
        CARD.find(window).is_some_and(|card| window[..card.start()].chars().count() <= near)
    })
}

/// Where a script puts a secure field: `.mount('id')` or the ids of `cardForm`.
#[expect(clippy::expect_used, reason = "a literal pattern that the tests compile")]
static MOUNTS: LazyLock<Regex> = LazyLock::new(|| {
    quick(
        r#"\.mount\s*\(\s*["'`]#?([\w-]{1,80})["'`]|\b(?:cardNumber|securityCode)\s*:\s*\{\s*id\s*:\s*["'`]([\w-]{1,80})["'`]"#,
    )
    .expect("a valid pattern")
});

/// Whether an own or inline script of the page writes card fields.
pub(super) fn writes_card(view: &PageView) -> bool {
    let in_file = |script: &Arc<ScriptFacts>| *script.remember("writes-card", || writes_card_in(&script.clean));
    view.scripts.iter().any(in_file) || view.inline.iter().any(|script| writes_card_in(&script.clean))
}

/// Whether a page whose front end needs a card form has none in its markup, and scripts that may draw it.
///
/// Bricks and Checkout Pro bring their own form; the SDK alone, without any other script, draws nothing.
pub(super) fn form_is_missing(view: &PageView) -> bool {
    let has = |generation: Generation| view.generations.contains(&generation);
    let own_form = has(Generation::V1) || has(Generation::V2Core) || has(Generation::V2CardForm);
    if !own_form || has(Generation::Bricks) {
        return false;
    }
    let asked = |role| matches!(role, CardRole::Number | CardRole::SecurityCode | CardRole::Expiry);
    if view.card_fields().any(|(_, field)| asked(field.role)) {
        return false;
    }
    let other = |url: &url::Url| !is_sdk_v1(url.as_str()) && !is_sdk_v2(url.as_str());
    let draws = !view.inline.is_empty() || view.parts.iter().flat_map(|part| &part.outline.scripts).any(other);
    draws && !has_container(view)
}

/// Whether the markup has a place for a secure field.
fn has_container(view: &PageView) -> bool {
    let mut ids: HashSet<String> = HashSet::new();
    for inline in &view.inline {
        ids.extend(mounts(&inline.clean));
    }
    for script in &view.scripts {
        ids.extend(script.remember("mounts", || mounts(&script.clean)).iter().cloned());
    }
    view.elements().any(|(_, element)| {
        let id = element.attr("id").unwrap_or_default();
        !id.is_empty() && !matches!(element.name(), "input" | "script") && (ids.contains(id) || names_card(id))
    })
}

fn mounts(clean: &str) -> Vec<String> {
    let ids = MOUNTS.captures_iter(clean).filter_map(|found| found.get(1).or(found.get(2)));
    ids.take(MAX_IDS).map(|id| id.as_str().to_owned()).collect()
}

/// Whether an id is one of the usual ones of a container for the card number.
fn names_card(id: &str) -> bool {
    let plain: String =
        id.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(60).collect();
    plain.starts_with("formcheckoutcardnumber") || plain == "cardnumber" || plain == "cardnumbercontainer"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_fields_that_scripts_write_are_told_from_other_fields() {
        for (script, expected) in [
            (r#"c.innerHTML = '<form action="http://x"><input name="card_number"><input name="cvv"></form>'"#, true),
            (r#"c.insertAdjacentHTML("beforeend", `<input data-checkout="cardNumber">`)"#, true),
            (r#"const f = document.createElement("input"); f.autocomplete = "cc-number""#, true),
            (r#"(0,e.jsx)("input",{name:"cardNumber"})"#, true),
            (r#"c.innerHTML = '<input name="email">'"#, false),
            (r#"document.createElement("input").type = "radio""#, false),
            ("if (payment.status_detail === 'cc_rejected_bad_filled_security_code') show('Código')", false),
        ] {
            assert_eq!(writes_card_in(script), expected, "{script}");
        }
    }

    #[test]
    fn containers_are_named_by_scripts() {
        let script = "mp.fields.create('cardNumber').mount('caja'); mp.cardForm({ form: { cardNumber: { id: 'n' } } })";
        assert_eq!(mounts(script), ["caja", "n"]);
        assert!(names_card("form-checkout__cardNumber-container") && !names_card("card"));
    }
}
