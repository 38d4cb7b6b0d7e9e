//! Card forms: what they are marked with, how they are sent, what stands in them.

use std::collections::HashMap;

use super::patterns;
use super::sdk::{loads_sdk, may_load_sdk};
use crate::golive::page::card::{CardRole, pays};
use crate::golive::page::{Element, LocalName, NodeId, PageView};
use crate::golive::rule::hits::{Hits, shown_url};
use crate::golive::rule::judge::short;
use crate::i18n::Message;
use crate::run::Generation;
use crate::secret::luhn;

patterns! {
    SUBMIT_HANDLER = r#"addEventListener\s*\(\s*["'`]submit|onsubmit|onSubmit|\.submit\s*\(\s*(?:function|\(|async|[a-z])|\.on\s*\(\s*["'`]submit|\.cardForm\s*\("#;
    FILLS_INSTALLMENTS = r"\.cardForm\s*\(\s*\{";
    TEST_MAIL = r"(?i)@testuser\.com\b|\btest_user_\d+";
}

/// Signs before the number of installments.
const MAX_BEFORE: usize = 20;

/// Values that mercadopago.js v1 knows.
const CANONICAL: [&str; 11] = [
    "cardNumber",
    "securityCode",
    "cardExpirationMonth",
    "cardExpirationYear",
    "cardholderName",
    "docType",
    "docNumber",
    "cardId",
    "issuer",
    "siteId",
    "installments",
];
const REQUIRED: [&str; 5] =
    ["cardNumber", "securityCode", "cardExpirationMonth", "cardExpirationYear", "cardholderName"];

/// Values that official carts use for their own ends.
const OF_CARTS: [&str; 4] = ["docNumberCNPJ", "doc_type", "doc_number", "cardExpiration"];

pub(super) fn form_of(element: &Element) -> Option<NodeId> {
    element
        .node
        .ancestors()
        .find(|node| node.value().as_element().is_some_and(|element| element.name() == "form"))
        .map(|node| node.id())
}

pub(super) fn v1_complete(view: &PageView, hits: &mut Hits) {
    if view.template {
        // What is missing may be in a part that the server puts in.
        hits.leave_open(Message::new("golive.server-template"));
        return;
    }
    for (at, part) in view.shown() {
        let mut forms: HashMap<Option<NodeId>, (Element, Vec<&str>)> = HashMap::new();
        let mut order = Vec::new();
        for element in part.document.elements() {
            let Some(value) = element.attr("data-checkout").map(str::trim) else { continue };
            if !CANONICAL.contains(&value) {
                continue;
            }
            let form = form_of(&element);
            let entry = forms.entry(form).or_insert_with(|| {
                order.push(form);
                (element, Vec::new())
            });
            entry.1.push(value);
        }
        for form in order {
            let Some((first, values)) = forms.get(&form) else { continue };
            // A saved card brings number, expiry and holder with it.
            let required: &[&str] = if values.contains(&"cardId") { &["securityCode"] } else { &REQUIRED };
            if !values.iter().any(|value| REQUIRED.contains(value) || *value == "cardId") {
                continue;
            }
            // The code alone is asked for again with a saved card, or has a frame of its own.
            if values.iter().all(|value| *value == "securityCode") {
                continue;
            }
            let mut missing: Vec<&str> = required.iter().copied().filter(|one| !values.contains(one)).collect();
            if !values.contains(&"cardId") && asks_document(view) {
                missing.extend(["docType", "docNumber"].iter().filter(|one| !values.contains(one)));
            }
            if !missing.is_empty() {
                let holder = form
                    .and_then(|id| part.document.elements().find(|element| element.node.id() == id))
                    .unwrap_or(*first);
                let message = Message::new("golive.v1-fields-missing").with("fields", missing.join(", "));
                hits.element(view, at, &holder, message);
            }
        }
    }
}

/// Whether the country surely asks for the holder's document; Mexico does not, and .com says nothing.
pub(super) fn asks_document(view: &PageView) -> bool {
    let lang =
        view.parts.first().and_then(|part| part.outline.lang.as_deref()).unwrap_or_default().to_ascii_lowercase();
    let host = view.url().host_str().unwrap_or_default();
    ["es-ar", "pt-br", "es-co", "es-cl", "es-pe", "es-uy"].contains(&lang.replace('_', "-").as_str())
        || ["ar", "br", "co", "cl", "pe", "uy"]
            .iter()
            .any(|end| host.rsplit('.').next() == Some(end) && host.contains('.'))
            && !host.ends_with(".co")
}

pub(super) fn v1_spelling(view: &PageView, hits: &mut Hits) {
    for (part, element) in view.elements() {
        for (name, _) in element.node.value().attrs() {
            let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            if name != "data-checkout" && matches!(plain.as_str(), "datacheckout" | "datachekout" | "datacheckuot") {
                hits.element(view, part, &element, Message::new("golive.misspelt-attribute").with("name", name));
            }
        }
        if !matches!(element.name(), "input" | "select") {
            continue;
        }
        let Some(value) = element.attr("data-checkout") else { continue };
        if CANONICAL.contains(&value) || OF_CARTS.contains(&value) || value.starts_with("mp") {
            continue;
        }
        // A value that resembles none is one of the shop's own: the SDK passes over it.
        if let Some(right) = meant(value) {
            let message = Message::new("golive.misspelt-value").with("value", short(value)).with("right", right);
            hits.element(view, part, &element, message);
        }
    }
}

/// The canonical value that a wrong one stands for.
fn meant(value: &str) -> Option<&'static str> {
    let plain: String =
        value.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(40).collect();
    let by_name = match plain.as_str() {
        "number" | "card" => "cardNumber",
        "cvv" | "cvc" | "code" | "cardsecuritycode" => "securityCode",
        "expiry" | "expirydate" | "expiration" | "expirationdate" | "cardexpiry" | "expirymonth"
        | "expirationmonth" | "expmonth" => "cardExpirationMonth",
        "expiryyear" | "expirationyear" | "expyear" => "cardExpirationYear",
        "holder" | "cardholder" | "holdername" => "cardholderName",
        "documenttype" | "identificationtype" => "docType",
        "documentnumber" | "identificationnumber" => "docNumber",
        _ => {
            let near = |one: &&str| distance(&one.to_ascii_lowercase(), &plain) <= one.len() / 5;
            return CANONICAL.into_iter().find(near);
        }
    };
    Some(by_name)
}

/// Letters to change, add, drop or swap with their neighbour to come from one short word to another.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or(usize::MAX)
}

pub(super) fn raw_card(view: &PageView, hits: &mut Hits) {
    if loads_sdk(view) || !view.own_signs.generations().is_empty() && view.own_signs.v1_calls | view.own_signs.v2_calls
    {
        return;
    }
    // Another script of its name, or a bundle that calls it, may bring the SDK: other rules speak of that.
    if view.scripts.iter().any(|script| script.signs.v1_calls || script.signs.v2_calls) {
        return;
    }
    if view.template {
        hits.leave_open(Message::new("golive.server-template"));
        return;
    }
    // A page that is marked for the SDK and lacks it is told once, by `sdk-present`.
    let told = view.generations.iter().any(|one| *one != Generation::CheckoutPro);
    let unread = may_load_sdk(view);
    for (part, field) in view.card_fields() {
        let together = view.card_fields().any(|(other, companion)| {
            other == part
                && companion.form == field.form
                && matches!(companion.role, CardRole::SecurityCode | CardRole::Expiry)
        });
        if field.role != CardRole::Number || !together && !pays(&field.element) {
            continue;
        }
        match &unread {
            Some(url) => hits.leave_open(Message::new("golive.sdk-may-come").with("url", shown_url(url))),
            None if told => hits.leave_open(Message::new("golive.told-by").with("rule", "sdk-present")),
            None => hits.element(view, part, &field.element, Message::new("golive.raw-card")),
        }
    }
}

pub(super) fn card_form_get(view: &PageView, hits: &mut Hits) {
    let sensitive = |role| matches!(role, CardRole::Number | CardRole::SecurityCode | CardRole::Expiry);
    let fields: Vec<_> = view.card_fields().filter(|(_, field)| sensitive(field.role)).collect();
    let mut handled = None;
    for (at, part) in view.shown() {
        for form in part.document.named(&[LocalName::from("form")]) {
            let inside: Vec<_> =
                fields.iter().filter(|(other, field)| *other == at && field.form == Some(form.node.id())).collect();
            if inside.is_empty() {
                continue;
            }
            match form.attr("method").map(|method| method.trim().to_ascii_lowercase()) {
                Some(method) if method == "get" => hits.element(view, at, &form, Message::new("golive.card-form-get")),
                Some(method) if !method.is_empty() => {}
                // Without a method a browser sends GET, unless a script takes over.
                _ => {
                    let named =
                        inside.iter().any(|(_, field)| field.element.attr("name").is_some_and(|n| !n.is_empty()));
                    let scripted = form.attr("onsubmit").is_some()
                        || *handled.get_or_insert_with(|| view.in_scripts(&SUBMIT_HANDLER));
                    if named && !scripted && view.cut() {
                        // The script may stand behind the cut.
                        hits.leave_open(Message::new("golive.page-cut"));
                    } else if named && !scripted {
                        hits.element(view, at, &form, Message::new("golive.card-form-no-method"));
                    }
                }
            }
        }
    }
}

pub(super) fn test_data(view: &PageView, hits: &mut Hits) {
    let holders = ["APRO", "OTHE", "CONT", "CALL", "FUND", "SECU", "EXPI", "FORM"];
    for (part, field) in view.card_fields() {
        let Some(value) = field.element.attr("value").map(str::trim).filter(|value| !value.is_empty()) else {
            continue;
        };
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        let test = match field.role {
            CardRole::Number => (13..=19).contains(&digits.len()) && luhn(&digits),
            CardRole::SecurityCode => (3..=4).contains(&digits.len()) && digits.len() == value.len(),
            CardRole::Holder => holders.contains(&value),
            _ => false,
        };
        if test {
            hits.element(view, part, &field.element, Message::new("golive.test-data"));
        }
    }
    for (part, element) in view.named(&[LocalName::from("input")]) {
        if element.attr("value").is_some_and(|value| TEST_MAIL.is_match(value)) {
            hits.element(view, part, &element, Message::new("golive.test-data"));
        }
    }
}

pub(super) fn fixed_installments(view: &PageView, hits: &mut Hits) {
    if view.in_scripts(&FILLS_INSTALLMENTS) {
        // cardForm empties the list and fills it itself.
        return;
    }
    for (part, element) in view.named(&[LocalName::from("select")]) {
        let names = [element.attr("data-checkout"), element.attr("id"), element.attr("name")];
        let is_installments = names.iter().flatten().any(|name| {
            let name = name.to_ascii_lowercase();
            ["installments", "cuotas", "parcelas"].iter().any(|word| name.ends_with(word))
        });
        if !is_installments {
            continue;
        }
        let options = element.node.descendent_elements().skip(1).filter(|option| option.value().name() == "option");
        let fixed = options
            .take(100)
            .filter(|option| {
                let text: String = option.text().take(10).collect();
                let value = option.value().attr("value").unwrap_or(&text);
                let count = installments_of(value.trim());
                count.is_some_and(|count| count > 1)
            })
            .count();
        if fixed >= 1 {
            hits.element(view, part, &element, Message::new("golive.fixed-installments").with("n", fixed));
        }
    }
}

/// How many installments the value or the words of an option begin with: a number of one or two digits that stands
/// behind a few other signs at most.
fn installments_of(text: &str) -> Option<u8> {
    let (at, _) = text.char_indices().take(MAX_BEFORE + 1).find(|(_, sign)| sign.is_ascii_digit())?;
    let rest = text.get(at..)?;
    let end = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
    let whole = !rest.get(end..)?.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
    (end <= 2 && whole).then(|| rest.get(..end)?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installments_are_the_first_number_of_an_option() {
        for (text, expected) in [
            ("3 cuotas", Some(3)),
            ("12", Some(12)),
            ("Cuotas: 6 fijas", Some(6)),
            ("en 1 pago", Some(1)),
            ("2024", None),
            ("3x", None),
            ("Elegí en cuántas cuotas 3", None),
            ("cuotas", None),
        ] {
            assert_eq!(installments_of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_misspelt_value_is_told_from_one_of_the_shop() {
        for (value, expected) in [
            ("cardnumber", Some("cardNumber")),
            ("cardNumer", Some("cardNumber")),
            ("securtiyCode", Some("securityCode")),
            ("cardExpirationMoth", Some("cardExpirationMonth")),
            ("cvv", Some("securityCode")),
            ("expiry", Some("cardExpirationMonth")),
            ("transactionAmount", None),
            ("paymentMethodId", None),
            ("email", None),
            ("docExpiry", None),
        ] {
            assert_eq!(meant(value), expected, "{value}");
        }
    }
}
