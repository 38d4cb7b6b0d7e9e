//! The official SDK: whether a page that needs it loads it, and from where.

use url::Url;

use super::patterns;
use crate::golive::page::card::CardRole;
use crate::golive::page::generation::{is_sdk_v1, is_sdk_v2};
use crate::golive::page::{Element, LocalName, PageView, runs};
use crate::golive::rule::hits::{Hits, masked, shown_url, slice};
use crate::golive::rule::judge::short;
use crate::i18n::Message;
use crate::run::Generation;

patterns! {
    // What only the SDK itself contains: the definition of its global, or its inner names.
    SDK_BODY = r"(?:\b(?:window|self|global|globalThis|root|this)\s*\.\s*|\b(?:var|let|const|class|function)\s+)(?:Mercadopago|MercadoPago)\s*(?:=[^=]|\(|\{|extends\b)|MPHiddenInputToken\b.*secure-fields\.mercadopago\.com";
    // A mere alias of the global that the official SDK made.
    ALIAS = r"(?:Mercadopago|MercadoPago)\s*=\s*(?:window\s*\.\s*)?(?:Mercadopago|MercadoPago)\b|(?:Mercadopago|MercadoPago)\s*=\s*(?:new\s|await\s|require\b|null|undefined|\{\s*\})";
    KNOWN = r"(?i)jquery|bootstrap|popper|polyfill|font-?awesome|sweetalert|google|gstatic|gtag|facebook|fbcdn|hotjar|clarity\.ms|doubleclick|cdnjs\.|unpkg\.|jsdelivr\.|tiktok|recaptcha|mlstatic\.|mercadopago\.|mercadolibre\.|mercadolivre\.|cloudflareinsights";
    // The name of the library, with what people add to it when they keep a copy.
    SDK_FILE = r"(?i)(?:^|/)(?:sdk[-_.])?mercado-?pago(?:[-_.](?:sdk|js|v?[12](?:\.\d+)*|copia|copy|local|min))*\.js(?:[?#]|$)";
}

/// Whether an element loads the official SDK.
pub(super) fn is_official_tag(element: &Element) -> bool {
    let src = element.attr("src").unwrap_or_default();
    element.name() == "script" && runs(element) && (is_sdk_v1(src) || is_sdk_v2(src))
}

/// A tag, or the address as a literal in a script: the npm loader keeps it so.
pub(super) fn loads_sdk(view: &PageView) -> bool {
    view.own_signs.sdk || view.scripts.iter().any(|script| script.signs.sdk)
}

/// Whether there is an SDK for a rule about it to look at; where there should be one, the rule stays open.
pub(super) fn is_there(view: &PageView, hits: &mut Hits) -> bool {
    let there = loads_sdk(view);
    // Links and redirects of Checkout Pro need none; what else needs it is told by `sdk-present`.
    if !there && view.generations.iter().any(|one| *one != Generation::CheckoutPro) {
        hits.leave_open(Message::new("golive.sdk-missing"));
    }
    there
}

pub(super) fn present(view: &PageView, hits: &mut Hits) {
    // The old retired script and the button of Checkout Pro bring what they need.
    let needs = view.own_signs.v1_calls
        || view.own_signs.v2_calls
        || view.card_fields().any(|(_, field)| field.role == CardRole::Number)
        || view.generations.iter().any(|one| !matches!(one, Generation::CheckoutPro));
    // A copy is the fault that `sdk-official-origin` tells; the SDK is not missing beside it.
    if !needs || loads_sdk(view) || !copies(view).is_empty() {
        return;
    }
    if view.template {
        hits.leave_open(Message::new("golive.server-template"));
        return;
    }
    match may_load_sdk(view) {
        Some(url) => hits.leave_open(Message::new("golive.sdk-may-come").with("url", shown_url(&url))),
        None => hits.plain(view.url(), "sdk", Message::new("golive.sdk-missing"), Vec::new()),
    }
}

/// A script of another host that nobody read and that may well bring the SDK: a bundle on a CDN, say.
/// Libraries and trackers that everybody knows do not.
pub(super) fn may_load_sdk(view: &PageView) -> Option<Url> {
    view.parts
        .iter()
        .flat_map(|part| &part.outline.scripts)
        .find(|url| {
            let own = url.origin() == view.url().origin();
            let copy = SDK_FILE.is_match(url.path());
            !own && !copy && !is_sdk_v1(url.as_str()) && !is_sdk_v2(url.as_str()) && !KNOWN.is_match(url.as_str())
        })
        .cloned()
}

pub(super) fn official_origin(view: &PageView, hits: &mut Hits) {
    for (part, element) in copies(view) {
        let src = element.attr("src").unwrap_or_default().trim();
        hits.element(view, part, &element, Message::new("golive.sdk-copy").with("src", short(&masked(src))));
    }
}

/// The tags that load a copy of the SDK, with the part that holds them.
fn copies<'v>(view: &'v PageView) -> Vec<(usize, Element<'v>)> {
    let mut found = Vec::new();
    let scripts = [LocalName::from("script")];
    let calls = view.own_signs.v1_calls
        || view.own_signs.v2_calls
        || view.scripts.iter().any(|script| script.signs.v1_calls || script.signs.v2_calls);
    let official = view.named(&scripts).any(|(_, element)| is_official_tag(&element));
    for (part, element) in
        view.shown().flat_map(|(at, part)| part.document.named(&scripts).map(move |element| (at, element)))
    {
        if !runs(&element) || is_official_tag(&element) {
            continue;
        }
        let Some(src) = element.attr("src").map(str::trim) else { continue };
        let address = view.parts[part].outline.base.join(src).ok();
        let body = view.scripts.iter().find(|script| address.as_ref() == Some(script.url()));
        let is_copy = match body {
            // The user's own code may well define a MercadoPago: a component, a hook.
            Some(script) if SDK_FILE.is_match(src) => *script.remember("sdk-body", || is_sdk_body(&script.clean)),
            Some(script) => *script.remember("sdk-marks", || has_sdk_marks(&script.clean)),
            None => false,
        };
        // Unread or unlike it, but of its very name, and nothing else could answer the calls.
        let only_candidate = SDK_FILE.is_match(src) && calls && !official;
        let foreign = address.as_ref().is_some_and(|address| address.origin() != view.url().origin());
        if is_copy || only_candidate || (foreign && SDK_FILE.is_match(src) && body.is_none() && !official) {
            found.push((part, element));
        }
    }
    found
}

/// Inner names of the SDK: one may stand in a shop's own code, several do not.
const MARKS: [&str; 5] = [
    "secure-fields.mercadopago.com",
    "MPHiddenInputToken",
    "MPHiddenInputPaymentMethod",
    "api.mercadopago.com/v1/card_tokens",
    "api.mercadopago.com/v1/identification_types",
];

fn has_sdk_marks(clean: &str) -> bool {
    MARKS.iter().filter(|mark| clean.contains(**mark)).count() > 1
}

fn is_sdk_body(clean: &str) -> bool {
    SDK_BODY
        .find_iter(clean)
        .any(|found| !ALIAS.is_match(clean.get(found.start()..).map_or("", |rest| slice(rest, 0, 80))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_from_code_that_uses_the_sdk() {
        for copy in [
            "window.Mercadopago = (function () { return {}; })();",
            "var Mercadopago = function(){}",
            "class MercadoPago { constructor() {} }",
            "!function(){ self.MercadoPago=e }()",
        ] {
            assert!(is_sdk_body(copy), "{copy}");
        }
        for user in [
            "const mp = new MercadoPago('k')",
            "window.MercadoPago = window.MercadoPago || {}",
            "const mercadopago = new MercadoPago()",
            "if (window.MercadoPago == null) {}",
            "const MercadoPago = require('x')",
        ] {
            assert!(!is_sdk_body(user), "{user}");
        }
    }
}
