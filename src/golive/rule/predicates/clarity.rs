//! What a buyer reads beside the fields: the total, what installments cost in the end, which field is wrong.

use std::collections::HashSet;

use super::patterns;
use super::scripts::{Source, ids, may_come};
use crate::golive::page::PageView;
use crate::golive::page::card::CardRole;
use crate::golive::rule::hits::Hits;
use crate::golive::rule::judge::short;
use crate::i18n::Message;

patterns! {
    TELLS_FIELD = r#"\bsetCustomValidity\s*\(|\baria-?(?:invalid|errormessage|describedby)\b|\bariaInvalid\b"#;
    // Mercado Pago's own sentence names the total; cardForm shows it by itself.
    TELLS_TOTAL = r"\brecommended_message\b|\brecommendedMessage\b|\btotal_amount\b|\.\s*cardForm\s*\(";
    OWN_AMOUNT = r"\binstallment_amount\b";
    ASKS_INSTALLMENTS = r"\bgetInstallments\s*\(";
    MONEY = r"(?i)(?:R\$|US?\$|S/\.?|\$|€|\b(?:ARS|BRL|MXN|COP|CLP|UYU|PEN)\b)\s*\d|\d[\d.,]*\s*(?:pesos|reais|soles)\b";
    TOTAL = r"(?i)\btotal\b|\bimporte\b|\bmonto\b|\bvalor\b|\ba pagar\b|\bamount\b|\bprecio\b|\bpre[cç]o\b";
}

/// Whether a buyer who cannot see learns which field is wrong.
pub(super) fn errors_tied(view: &PageView, hits: &mut Hits) {
    let present = ids(view);
    let mut tied = false;
    for (part, field) in view.card_fields() {
        let told = ["aria-errormessage", "aria-describedby"].iter().filter_map(|name| field.element.attr(name));
        for id in told.flat_map(str::split_ascii_whitespace) {
            if present.contains(id) {
                tied = true;
            } else if may_come(view).is_none() && !Source::all(view).any(|source| source.clean().contains(id)) {
                hits.element(view, part, &field.element, Message::new("golive.error-nowhere").with("id", short(id)));
            }
        }
    }
    if !tied && !hits.any() && !view.in_scripts(&TELLS_FIELD) {
        hits.leave_open(Message::new("golive.errors-not-seen"));
    }
}

/// Whether the list of installments says what is paid in the end.
pub(super) fn financed_total(view: &PageView, hits: &mut Hits) {
    if view.in_scripts(&TELLS_TOTAL) {
        return;
    }
    for source in Source::all(view) {
        let find = |clean: &str| {
            OWN_AMOUNT.find_iter(clean).take(1).map(|found| (found.range(), found.as_str().to_owned())).collect()
        };
        source.hit_all(view, hits, "own-amount", find, |_| Message::new("golive.no-financed-total"));
    }
    let asked = view.in_scripts(&ASKS_INSTALLMENTS)
        || view.card_fields().any(|(_, field)| field.role == CardRole::Installments);
    if asked && !hits.any() {
        hits.leave_open(Message::new("golive.installments-not-seen"));
    }
}

/// Whether a buyer reads what is about to be paid. Only a page that was drawn shows that it is not there.
pub(super) fn total_visible(view: &PageView, hits: &mut Hits) {
    let words = view.words();
    let near: HashSet<&str> = words.lines().filter(|line| MONEY.is_match(line)).collect();
    if near.is_empty() {
        let whole = view.page.rendered.as_ref().is_some_and(|rendered| rendered.limits.is_empty());
        // Fields that are filled in say it too.
        let filled = view.elements().any(|(_, element)| {
            element.name() == "input" && element.attr("value").is_some_and(|value| MONEY.is_match(value))
        });
        match whole && !view.needs_javascript && !view.form_unseen && !filled {
            true => hits.plain(view.url(), "total", Message::new("golive.no-total-shown"), Vec::new()),
            false => hits.leave_open(Message::new("golive.total-unsure")),
        }
    } else if !TOTAL.is_match(words) {
        hits.leave_open(Message::new("golive.total-unsure"));
    }
}
