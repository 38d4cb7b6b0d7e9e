//! `cardForm` and Secure Fields of MercadoPago.js V2: what they are told of the page, and whether the page has it.

use std::ops::Range;

use super::forms::asks_document;
use super::patterns;
use super::scripts::{Source, ids, may_come, may_write};
use crate::golive::page::js::{Property, literal, object_at, parts, properties, property_of};
use crate::golive::page::{Element, PageView};
use crate::golive::rule::hits::Hits;
use crate::i18n::Message;

patterns! {
    CARD_FORM = r"\.\s*cardForm\s*(\()";
    MOUNT = r#"\.\s*mount\s*\(\s*["'`]#?([\w-]{1,80})["'`]"#;
    FIELDS = r"\.\s*fields\s*\.\s*create\s*\(";
    TRUE = r"^(?:true|!0)$";
}

/// Most calls of one script that are read.
const MAX_CALLS: usize = 20;

/// A call of `cardForm` whose options could be read.
#[derive(Debug, Clone)]
struct CardForm {
    /// Where the options stand.
    range: Range<usize>,
    iframe: bool,
    /// Name, id and place of each field of `form`; the id is missing where it is computed.
    fields: Vec<(String, Option<String>, Range<usize>)>,
    /// Whether something is spread into `form`, so that its fields are not all known.
    more: bool,
}

/// The calls of `cardForm` in a script, and whether there are some that could not be read.
fn card_forms(clean: &str) -> (Vec<CardForm>, bool) {
    let (mut found, mut unread) = (Vec::new(), false);
    for call in CARD_FORM.captures_iter(clean).take(MAX_CALLS).filter_map(|all| all.get(1)) {
        match read(clean, call.start()) {
            Some(form) => found.push(form),
            None => unread = true,
        }
    }
    (found, unread)
}

fn read(clean: &str, paren: usize) -> Option<CardForm> {
    let first = parts(clean, paren)?.into_iter().next()?;
    let options = object_at(clean, first.start)?;
    let all = properties(clean, options)?;
    let form = property_of(&all, "form")?;
    let inner = object_at(clean, form.value.start)?;
    let fields = properties(clean, inner)?;
    let end = |open: usize, all: &[Property]| all.last().map_or(open + 1, |last| last.value.end);
    Some(CardForm {
        range: options.min(inner)..end(options, &all).max(end(inner, &fields)),
        iframe: property_of(&all, "iframe")
            .is_some_and(|iframe| clean.get(iframe.value.clone()).is_some_and(|value| TRUE.is_match(value.trim()))),
        more: fields.iter().any(|field| matches!(field.key.as_str(), "..." | "[")),
        fields: fields
            .into_iter()
            .map(|field| {
                let id = match field.key.as_str() {
                    "id" => literal(clean, &field.value),
                    _ => properties(clean, field.value.start)
                        .and_then(|inner| literal(clean, &property_of(&inner, "id")?.value)),
                };
                (field.key, id, field.value)
            })
            .collect(),
    })
}

/// The element of this id that takes input itself.
fn input_of<'v>(view: &'v PageView, id: &str) -> Option<(usize, Element<'v>)> {
    let takes = |element: &Element| matches!(element.name(), "input" | "select" | "textarea");
    view.elements().find(|(_, element)| element.attr("id") == Some(id) && takes(element))
}

/// Where Secure Fields are put: no input can hold a frame.
pub(super) fn containers(view: &PageView, hits: &mut Hits) {
    for source in Source::all(view) {
        let clean = source.clean();
        let mut places: Vec<String> = Vec::new();
        let forms = source.remember("card-forms", card_forms);
        for form in forms.0.iter().filter(|form| form.iframe) {
            let secure = |name: &str| {
                ["cardNumber", "securityCode", "expirationDate", "expirationMonth", "expirationYear"].contains(&name)
            };
            places.extend(form.fields.iter().filter(|(name, ..)| secure(name)).filter_map(|(_, id, _)| id.clone()));
        }
        if FIELDS.is_match(clean) {
            places.extend(MOUNT.captures_iter(clean).filter_map(|all| Some(all.get(1)?.as_str().to_owned())).take(50));
        }
        for id in places {
            if let Some((part, element)) = input_of(view, &id) {
                hits.element(view, part, &element, Message::new("golive.input-as-container").with("id", id));
            }
        }
    }
}

/// What `cardForm` needs to be told, and that the page has what it is told of.
pub(super) fn complete(view: &PageView, hits: &mut Hits) {
    let present = ids(view);
    for source in Source::all(view) {
        let forms = source.remember("card-forms", card_forms);
        if forms.1 {
            hits.leave_open(Message::new("golive.card-form-unread"));
        }
        for form in &forms.0 {
            let mapped = |name: &str| form.fields.iter().any(|(key, ..)| key == name);
            let mut missing: Vec<&str> =
                ["id", "cardNumber", "securityCode", "cardholderName", "installments", "issuer"]
                    .into_iter()
                    .filter(|name| !mapped(name))
                    .collect();
            let month = mapped("cardExpirationMonth") || mapped("expirationMonth");
            let year = mapped("cardExpirationYear") || mapped("expirationYear");
            if !(mapped("expirationDate") || mapped("cardExpirationDate") || month && year) {
                missing.push("expirationDate");
            }
            if asks_document(view) {
                missing.extend(["identificationType", "identificationNumber"].iter().filter(|name| !mapped(name)));
            }
            // A file that all pages share speaks of a form that this page need not have.
            let here = form.fields.iter().any(|(_, id, _)| id.as_deref().is_some_and(|id| present.contains(id)));
            if !missing.is_empty() && !form.more {
                let message = Message::new("golive.card-form-lacks").with("fields", missing.join(", "));
                source.hit(view, hits, &form.range, &missing.join(" "), message);
            }
            for (name, id, range) in &form.fields {
                let Some(id) = id.as_deref().filter(|id| !present.contains(id)) else { continue };
                let reason = may_come(view).or_else(|| {
                    let drawn = !here || may_write(view, id, source, std::slice::from_ref(&form.range));
                    drawn.then(|| Message::new("golive.form-drawn-elsewhere"))
                });
                match reason {
                    Some(reason) => hits.leave_open(reason),
                    None => {
                        let message = Message::new("golive.id-missing").with("name", name).with("id", id);
                        source.hit(view, hits, range, id, message);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_wherever_they_stand() {
        let script = "const form = { id: 'f', cardNumber: { id: 'n', placeholder: 'x' }, issuer };\n\
                      const options = { amount: '1', iframe: !0, form };\n mp.cardForm(options)";
        // `form` alone names an object of its own.
        let (found, unread) = card_forms(script);
        assert!(!unread && found.len() == 1, "{found:?}");
        assert!(found[0].iframe);
        let ids: Vec<_> = found[0].fields.iter().map(|(name, id, _)| (name.as_str(), id.as_deref())).collect();
        assert_eq!(ids, [("id", Some("f")), ("cardNumber", Some("n")), ("issuer", None)]);
        assert!(card_forms("mp.cardForm(optionsOf(page))").1);
    }
}
