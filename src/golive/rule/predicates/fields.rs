//! The fields of a page beside what they are named: copies, labels, duplicates, what reads them, what they say of money.

use std::collections::{HashMap, HashSet};

use scraper::ElementRef;

use super::forms::form_of;
use super::patterns;
use super::scripts::Source;
use crate::golive::page::card::{CardRole, plain, role_of_name};
use crate::golive::page::{Element, LocalName, PageView};
use crate::golive::rule::hits::{Hits, masked};
use crate::golive::rule::judge::short;
use crate::i18n::Message;

patterns! {
    REPLAY = r"(?i)(?:static|script)\.hotjar\.com|\bclarity\.ms/tag|cdn\.(?:mouseflow|logrocket|lr-ingest|inspectlet|luckyorange)\.|fullstory\.com/s/fs\.js|edge\.fullstory\.com|googletagmanager\.com/gtm\.js|\bembed\.tawk\.to|widget\.intercom\.io|client\.crisp\.chat|js\.driftt\.com|static\.zdassets\.com|cdn\.smooch\.io|js\.hs-scripts\.com|code\.jivosite\.com|smartsupp\.com/loader|mc\.yandex\.ru/metrika|session-replay|cdn\.rudderlabs|rec\.smartlook\.com|web-sdk\.smartlook\.com";
    CREATES_TOKEN = r"\bMercadopago\s*\.\s*createToken\s*\(";
    SHORT_DIGITS = r"^\D*\d{1,4}\D*$";
    PRICE_LINK = r"(?i)[?&](?:unit_?price|price|amount|precio|preco|monto|valor|total)=\d+(?:[.,]\d+)?(?:&|$)";
    PAY_PATH = r"(?i)checkout|pagar|pago|pagamento|payment|\bpay\b|comprar|preference|mercado-?pago";
    WHAT_IS_BOUGHT = r"(?i)[?&](?:title|item|product|producto|produto|descripcion|description|name|nombre|quantity|cantidad|img)=";
}

/// Whether a field takes the card number or the code itself.
fn raw(role: CardRole) -> bool {
    matches!(role, CardRole::Number | CardRole::SecurityCode)
}

pub(super) fn mirror(view: &PageView, hits: &mut Hits) {
    for (part, element) in view.named(&[LocalName::from("input")]) {
        let hidden = element.attr("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("hidden"));
        let Some(name) = element.attr("name").map(str::trim).filter(|name| hidden && !name.is_empty()) else {
            continue;
        };
        let own = name.rsplit('[').next().unwrap_or(name).trim_end_matches(']');
        if !role_of_name(&plain(own)).is_some_and(raw) {
            continue;
        }
        // The last digits of a saved card are no copy of it.
        let value = element.attr("value").unwrap_or_default().trim();
        if value.is_empty() || !SHORT_DIGITS.is_match(value) && value.bytes().any(|byte| byte.is_ascii_digit()) {
            hits.element(view, part, &element, Message::new("golive.card-mirror").with("name", short(&masked(name))));
        }
    }
}

pub(super) fn secure_fields(view: &PageView, hits: &mut Hits) {
    let mut told: HashSet<(usize, Option<_>)> = HashSet::new();
    for (part, field) in view.card_fields().filter(|(_, field)| raw(field.role)) {
        // Once for each form: the number says it all.
        if told.insert((part, field.form)) {
            hits.element(view, part, &field.element, Message::new("golive.raw-field"));
        }
    }
}

pub(super) fn inside_form(view: &PageView, hits: &mut Hits) {
    if !view.in_scripts(&CREATES_TOKEN) {
        return;
    }
    for (at, part) in view.parts.iter().enumerate() {
        let known = ["cardNumber", "securityCode", "cardExpirationMonth", "cardExpirationYear", "cardholderName"];
        let fields: Vec<Element> = part
            .document
            .elements()
            .filter(|element| element.attr("data-checkout").is_some_and(|value| known.contains(&value.trim())))
            .collect();
        let mut whole: HashMap<_, usize> = HashMap::new();
        for field in &fields {
            if let Some(form) = form_of(field) {
                *whole.entry(form).or_default() += 1;
            }
        }
        // Fields without any form may stand in another element that the script hands over.
        let Some(most) = whole.values().copied().max() else { continue };
        let values: HashSet<&str> =
            fields.iter().filter_map(|field| field.attr("data-checkout")).map(str::trim).collect();
        let repeated = values.len() < fields.len();
        if most < fields.len() && !repeated {
            for field in fields.iter().filter(|field| form_of(field).is_none_or(|form| whole.get(&form) != Some(&most)))
            {
                hits.element(view, at, field, Message::new("golive.outside-form"));
            }
        }
    }
}

pub(super) fn third_parties(view: &PageView, hits: &mut Hits) {
    if !view.card_fields().any(|(_, field)| raw(field.role)) {
        return;
    }
    let message = |host: &str| Message::new("golive.third-party").with("host", short(host));
    for (part, element) in view.named(&[LocalName::from("script")]) {
        let found = element.attr("src").and_then(|src| REPLAY.find(src));
        if let Some(found) = found {
            hits.element(view, part, &element, message(found.as_str()));
        }
    }
    for source in Source::all(view) {
        let find = |clean: &str| {
            REPLAY.find_iter(clean).take(10).map(|found| (found.range(), found.as_str().to_owned())).collect()
        };
        source.hit_all(view, hits, "third-parties", find, message);
    }
}

/// Whether a field has a name that a person reads or hears, beside the placeholder that goes away.
fn labelled(element: &Element, targets: &HashSet<&str>) -> bool {
    let told = ["aria-label", "aria-labelledby", "title"];
    let by_id = element.attr("id").is_some_and(|id| targets.contains(id));
    let wrapped = || {
        let mut around = element.node.ancestors().filter_map(ElementRef::wrap);
        around.any(|node| node.value().name() == "label" && node.text().any(|text| !text.trim().is_empty()))
    };
    told.iter().any(|name| element.attr(name).is_some_and(|value| !value.trim().is_empty())) || by_id || wrapped()
}

pub(super) fn labels(view: &PageView, hits: &mut Hits) {
    for (part, field) in view.card_fields() {
        let names = [LocalName::from("label")];
        let labels = view.parts[part].document.named(&names);
        let targets: HashSet<&str> = labels.filter_map(|label| label.attr("for")).collect();
        if !labelled(&field.element, &targets) {
            hits.element(view, part, &field.element, Message::new("golive.no-label"));
        }
    }
}

pub(super) fn asked_twice(view: &PageView, hits: &mut Hits) {
    let mut seen = HashSet::new();
    for (part, field) in view.card_fields().filter(|(_, field)| raw(field.role) || field.role == CardRole::Holder) {
        // Without a form of its own a field may belong to another way to pay.
        if field.form.is_some() && !seen.insert((part, field.form, field.role)) {
            hits.element(view, part, &field.element, Message::new("golive.asked-twice"));
        }
    }
}

/// Amounts that the page itself hands to the server. Whether the server believes them cannot be seen from outside.
pub(super) fn amount(view: &PageView, hits: &mut Hits) {
    let names = [
        "transactionamount",
        "unitprice",
        "amount",
        "price",
        "precio",
        "preco",
        "monto",
        "valor",
        "total",
        "totalamount",
    ];
    for (part, element) in view.named(&[LocalName::from("input")]) {
        let hidden = element.attr("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("hidden"));
        let Some(name) = element.attr("name").filter(|_| hidden) else { continue };
        if names.contains(&plain(name).as_str()) && form_of(&element).is_some() {
            hits.element(
                view,
                part,
                &element,
                Message::new("golive.amount-in-page").with("name", short(&masked(name))),
            );
        }
    }
    for (part, element) in view.named(&[LocalName::from("a")]) {
        let href = element.attr("href").unwrap_or_default();
        if PRICE_LINK.is_match(href) && PAY_PATH.is_match(href) && WHAT_IS_BOUGHT.is_match(href) {
            hits.element(view, part, &element, Message::new("golive.amount-in-link"));
        }
    }
}
