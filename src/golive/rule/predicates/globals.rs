//! The two SDKs and the names they define: which one a page loads and which one its code calls.

use super::patterns;
use super::scripts::{Source, Spot, may_come};
use super::sdk::is_official_tag;
use crate::golive::page::generation::is_sdk_v1;
use crate::golive::page::{LocalName, PageView};
use crate::golive::rule::hits::{Hits, MAX_PLACES};
use crate::i18n::Message;

patterns! {
    V1_ADDRESS = r"secure\.mlstatic\.com/sdk/javascript/v1/mercadopago\.js";
    V2_ADDRESS = r"\bsdk\.mercadopago\.com/js/v2";
    CALLS_V1 = r"\bMercadopago\s*\.\s*(?:setPublishableKey|createToken|getIdentificationTypes|getPaymentMethods?|getAllPaymentMethods|getInstallments|getIssuers|clearSession)\b|\bnew\s+(?:window\s*\.\s*)?Mercadopago\s*\(";
    CALLS_V2 = r"\bnew\s+(?:window\s*\.\s*)?MercadoPago\s*\(|\bMercadoPago\s*\.\s*(?:setPublishableKey|createToken|getIdentificationTypes|getPaymentMethod|getAllPaymentMethods|getInstallments|getIssuers|clearSession)\b";
    // The page makes the name itself, or asks first whether it is there.
    OWN_V1 = r"\bMercadopago\s*=[^=]|\b(?:class|function|as|import)\s+Mercadopago\b|\btypeof\s+(?:window\s*\.\s*)?Mercadopago\b|window\s*\.\s*Mercadopago\s*(?:&&|\?|\)|\|\|)";
    OWN_V2 = r"\bMercadoPago\s*=[^=]|\b(?:class|function|as|import)\s+MercadoPago\b|\btypeof\s+(?:window\s*\.\s*)?MercadoPago\b|window\s*\.\s*MercadoPago\s*(?:&&|\?|\)|\|\|)|\{[^{}]*\bMercadoPago\b[^{}]*\}\s*(?:=|from\b)";
}

/// Which SDKs the page loads, by tag or by an address in a script: v1, V2.
fn loaded(view: &PageView) -> (bool, bool) {
    let (v1, v2) = tags(view);
    (v1 || view.in_scripts(&V1_ADDRESS), v2 || view.in_scripts(&V2_ADDRESS))
}

/// Which SDKs have a tag: v1, V2.
fn tags(view: &PageView) -> (bool, bool) {
    let (mut v1, mut v2) = (false, false);
    for (_, element) in view.named(&[LocalName::from("script")]).filter(|(_, element)| is_official_tag(element)) {
        match is_sdk_v1(element.attr("src").unwrap_or_default()) {
            true => v1 = true,
            false => v2 = true,
        }
    }
    (v1, v2)
}

fn calls(clean: &str, pattern: &regex::Regex) -> Vec<Spot> {
    pattern.find_iter(clean).take(MAX_PLACES).map(|found| (found.range(), found.as_str().to_owned())).collect()
}

pub(super) fn global_name(view: &PageView, hits: &mut Hits) {
    let (v1, v2) = loaded(view);
    if v1 == v2 {
        return;
    }
    let (wrong, right, own, global): (&regex::Regex, &regex::Regex, &regex::Regex, &str) = match v1 {
        true => (&CALLS_V2, &CALLS_V1, &OWN_V2, "Mercadopago"),
        false => (&CALLS_V1, &CALLS_V2, &OWN_V1, "MercadoPago"),
    };
    if view.in_scripts(own) || !view.in_scripts(wrong) {
        return;
    }
    for source in Source::all(view) {
        // A file with calls of both kinds serves several pages: which of them run here cannot be told.
        let both =
            matches!(source, Source::File(_)) && right.is_match(source.clean()) && wrong.is_match(source.clean());
        match may_come(view) {
            Some(reason) => hits.leave_open(reason),
            None if both => hits.leave_open(Message::new("golive.calls-of-both")),
            None => source.hit_all(
                view,
                hits,
                wrong.as_str(),
                |clean| calls(clean, wrong),
                |what| Message::new("golive.wrong-global").with("call", what).with("global", global),
            ),
        }
    }
}

/// Two SDKs on one page, or calls of both. `data-checkout` beside V2 is no sign: the official carts use it so.
pub(super) fn mixed(view: &PageView, hits: &mut Hits) {
    let (mut v1, mut v2) = tags(view);
    // A loader among the files may know both addresses and use one.
    for inline in &view.inline {
        v1 |= V1_ADDRESS.is_match(&inline.clean);
        v2 |= V2_ADDRESS.is_match(&inline.clean);
    }
    if v1 && v2 {
        hits.plain(view.url(), "both", Message::new("golive.both-sdks"), Vec::new());
    }
}
