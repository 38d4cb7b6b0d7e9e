//! Countries, languages and the device: what a page says of where it is sold and by whom it is opened.

use super::patterns;
use super::scripts::{Source, Spot};
use crate::golive::page::js::{literal, object_at, parts, properties, property_of};
use crate::golive::page::{LocalName, PageView};
use crate::golive::rule::hits::Hits;
use crate::golive::rule::shop::{Answer, ShopView};
use crate::i18n::Message;
use crate::run::Generation;

patterns! {
    CONSTRUCTOR = r"(?:\bnew\s+(?:window\s*\.\s*)?MercadoPago|\binitMercadoPago)\s*(\()";
    ARGENTINA = r#"\blocale["'`]?\s*:\s*["'`]es[-_]AR["'`]|\bcurrency(?:_id)?["'`]?\s*:\s*["'`]ARS["'`]"#;
    OWN_LIST = r"\brecommended_message\b";
    TELLS_COST = r"(?i)\blabels\b|\bcft\b|costo financiero|\btea\b";
    COST_WORDS = r"(?i)\bcft\b|costo financiero total";
    PRIVACY = r"(?i)privaci|privacy|protecci[oó]n de datos|datos personales|prote[cç][aã]o de dados|lgpd|aviso-?de-?privacidad";
    RETURNS = r"(?i)devoluci|devolu[cç]|arrepentim|returns?\b|refund|reembols|cambios? y devol|trocas?\b|desist[eê]ncia|retracto|revocaci";
    SECURITY = r"mercadopago\.com/v2/security\.js";
}

/// Whether the page is sold in Argentina, surely.
fn in_argentina(view: &PageView) -> bool {
    let lang = view.parts.first().and_then(|part| part.outline.lang.as_deref()).unwrap_or_default();
    lang.to_ascii_lowercase().replace('_', "-") == "es-ar"
        || view.url().host_str().is_some_and(|host| host.ends_with(".ar"))
        || view.in_scripts(&ARGENTINA)
}

/// Whether the cost of financing is told where the shop writes the list of installments itself.
pub(super) fn financing_cost(view: &PageView, hits: &mut Hits) {
    if !in_argentina(view) {
        return;
    }
    let own = view.in_scripts(&OWN_LIST);
    let told = view.in_scripts(&TELLS_COST) || COST_WORDS.is_match(view.words());
    if own && !told {
        for source in Source::all(view) {
            let find = |clean: &str| {
                OWN_LIST.find_iter(clean).take(1).map(|found| (found.range(), found.as_str().to_owned())).collect()
            };
            source.hit_all(view, hits, "own-list", find, |_| Message::new("golive.no-financing-cost"));
        }
    }
}

pub(super) fn language(view: &PageView, hits: &mut Hits) {
    let Some(part) = view.parts.first() else { return };
    let root = [LocalName::from("html")];
    let Some(lang) = part.outline.lang.as_deref() else {
        if let Some(element) = part.document.named(&root).next() {
            hits.element(view, 0, &element, Message::new("golive.lacks-attribute").with("name", "lang"));
        }
        return;
    };
    let lang = lang.to_ascii_lowercase();
    let primary = lang.split(['-', '_']).next().unwrap_or_default();
    for source in Source::all(view) {
        for (range, locale) in source.remember("sdk-locales", locales).iter() {
            let shown = locale.to_ascii_lowercase();
            if shown.split(['-', '_']).next() != Some(primary) {
                let message = Message::new("golive.other-locale").with("locale", locale).with("lang", &lang);
                source.hit(view, hits, range, locale, message);
            }
        }
    }
}

/// The locales that a script creates the SDK with.
fn locales(clean: &str) -> Vec<Spot> {
    let calls = CONSTRUCTOR.captures_iter(clean).take(20).filter_map(|all| all.get(1));
    calls
        .filter_map(|paren| {
            let options = parts(clean, paren.start())?.into_iter().nth(1)?;
            let all = properties(clean, object_at(clean, options.start)?)?;
            let value = property_of(&all, "locale")?.value.clone();
            let locale = literal(clean, &value)?;
            Some((value, locale))
        })
        .collect()
}

/// Whether a page loads what collects the device: `security.js`, or the V2 SDK, which does it by itself.
pub(in crate::golive) fn collects_device(view: &PageView) -> bool {
    script_of_device(view)
        || view
            .generations
            .iter()
            .any(|one| matches!(one, Generation::V2Core | Generation::V2CardForm | Generation::Bricks))
        || view.own_signs.v2_calls
        || view.scripts.iter().any(|script| script.signs.v2_calls)
}

fn script_of_device(view: &PageView) -> bool {
    let tag = view
        .named(&[LocalName::from("script")])
        .any(|(_, script)| script.attr("src").is_some_and(|src| SECURITY.is_match(src)));
    tag || view.in_scripts(&SECURITY)
}

pub(super) fn device(view: &PageView, hits: &mut Hits) {
    if !collects_device(view) {
        hits.plain(view.url(), "device", Message::new("golive.no-device"), Vec::new());
    }
}

/// What a page says of the device script and of the pages that a shop owes its buyers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageFacts {
    /// Loads `security.js`.
    device_script: bool,
    /// Collects the device, by it or by the SDK.
    device: bool,
    /// Leads to a policy on personal data.
    privacy: bool,
    /// Leads to a policy on returns or on withdrawing from the purchase.
    returns: bool,
}

impl PageFacts {
    /// Reads a page.
    pub fn of(view: &PageView) -> PageFacts {
        let links = || view.parts.iter().flat_map(|part| &part.outline.links);
        let leads = |pattern: &regex::Regex| {
            links().any(|link| pattern.is_match(&link.text) || pattern.is_match(link.url.path()))
        };
        PageFacts {
            device_script: script_of_device(view),
            device: collects_device(view),
            privacy: leads(&PRIVACY),
            returns: leads(&RETURNS),
        }
    }
}

/// A shop that collects the device where it asks for the payment should do so where the buyer comes from.
pub(super) fn device_elsewhere(shop: &ShopView, hits: &mut Hits) -> Answer {
    let pages = || shop.pages.iter().filter(|page| (200..300).contains(&page.summary.status));
    if !pages().any(|page| page.facts.device_script) {
        return Answer::NotApplicable(Message::new("golive.no-device-script"));
    }
    let others: Vec<_> = pages().filter(|page| !page.summary.checkout).collect();
    if others.is_empty() {
        return Answer::Inconclusive(Message::new("golive.only-checkout-read"));
    }
    if !others.iter().any(|page| page.facts.device) {
        if let Some(reason) = shop.unseen() {
            return Answer::Inconclusive(reason);
        }
        hits.plain(&others[0].url, "device", Message::new("golive.device-only-at-checkout"), Vec::new());
    }
    Answer::LookedAt(others.len())
}

pub(super) fn policies(shop: &ShopView, hits: &mut Hits) -> Answer {
    let privacy = shop.pages.iter().any(|page| page.facts.privacy);
    let returns = shop.pages.iter().any(|page| page.facts.returns);
    let (id, message) = match (privacy, returns) {
        (true, true) => return Answer::LookedAt(shop.pages.len()),
        (false, true) => ("privacy", Message::new("golive.no-privacy-link")),
        (true, false) => ("returns", Message::new("golive.no-returns-link")),
        (false, false) => ("both", Message::new("golive.no-policy-links")),
    };
    if let Some(reason) = shop.unseen() {
        return Answer::Inconclusive(reason);
    }
    hits.plain(&shop.facts.start, id, message, Vec::new());
    Answer::LookedAt(shop.pages.len())
}
