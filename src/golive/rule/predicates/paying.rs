//! Between the press of the button and the end of the payment: a second press, and what is still to be paid elsewhere.
//!
//! Nothing is submitted here. What scripts do is read; where it may be done by what was not read, or in another way than
//! is known here, it stays open.

use std::ops::Range;

use super::bricks::{Brick, each};
use super::patterns;
use super::scripts::Source;
use crate::golive::page::PageView;
use crate::golive::page::js::{Property, object_at, properties, property_of};
use crate::golive::rule::hits::Hits;
use crate::i18n::Message;
use crate::run::Generation;

patterns! {
    // Takes the card of a form of the shop's own.
    TOKEN = r"\.\s*(?:createToken|createCardToken|cardForm|getCardFormData)\s*\(";
    // Hands the payment to the server of the shop without leaving the page.
    SENDS = r"\bfetch\s*\(|\bXMLHttpRequest\b|\baxios\b|\.\s*(?:ajax|post)\s*\(";
    POSTS = r#"(?i)\b(?:method|type)["'`]?\s*:\s*["'`]post["'`]|\.\s*post\s*\(|\.\s*open\s*\(\s*["'`]post["'`]"#;
    // Leaves the page, which ends the time for a second press.
    LEAVES = r"\.\s*(?:submit|requestSubmit)\s*\(\s*\)";
    DISABLES = r#"\.\s*disabled\s*=\s*(?:true|!0)|\.\s*(?:prop|attr|setAttribute|toggleAttribute)\s*\(\s*["'`]disabled["'`]\s*,\s*(?:true|!0|["'`](?:disabled|true)?["'`])|\.\s*(?:toggleAttribute|setAttribute)\s*\(\s*["'`](?:disabled|inert)["'`]|\bdisabled\s*:\s*\w*(?i:loading|submitting|processing|paying|sending|pending|busy|enviando|procesando)"#;
    // Every other way to keep somebody from pressing twice, or to cover the button, that people write.
    GUARDS = r#"(?i)disable|inert\b|pointer-?events|\bonce\s*:|\.\s*(?:one|off|remove|hide|detach|fadeOut|empty|replaceWith|replaceChildren|close)\s*\(|removeEventListener|removeChild|removeAttribute|classlist|addclass|\.\s*hidden\b|visibility|display|innerhtml|\.\s*html\s*\(|onfetching|overlay|spinner|loader|loading|cargando|carregando|blockui|swal|modal|submitting|processing|procesando|processando|sending|enviando|is_?pending|pending\s*=|busy|ocupado|locked|bloque|in_?flight|in_?progress|dosubmit|submitted|enviado|already|setstate|useState|debounce|throttle|beforesend"#;
    SUBMITS = r#"["'`]submit["'`]|\bonsubmit\b|\.\s*submit\s*\(|["'`]click["'`]|\bonclick\b"#;
    // A way of paying that ends elsewhere, in the settings of the Payment Brick.
    ELSEWHERE = r"^(?:ticket|bankTransfer|atm)$";
    // Names of such ways, in words or in scripts.
    NAMED = r"(?i)\b(?:rapi ?pago|pago ?f[áa]cil|boleto|bol_?bradesco|pix|oxxo|spei|pse|efecty|servi ?pag|khipu|pago ?efectivo|abitab|red ?pagos|pay ?cash|7-?eleven|cobro ?express|ticket)\b";
    // Fields of a payment that say how to go on, and the Brick that shows them.
    INSTRUCTIONS = r#"\b(?:ticket_url|ticketUrl|external_resource_url|externalResourceUrl|external_resource|qr_code(?:_base64)?|qrCode(?:Base64)?|barcode|bar_code|verification_code|point_of_interaction|pointOfInteraction|digitable_line|payment_method_reference_id|date_of_expiration)\b|(?i:pix_?code|copia_?e_?cola|boleto_?url|ticket_?link|linha_?digitavel|c[oó]digo_?(?:de_?)?barras|voucher)|["'`]statusScreen["'`]|statusScreenBrick_container"#;
    // Goes elsewhere or shows what the server made, which may well hold the instructions.
    GOES_ON = r#"\blocation\b|\.\s*(?:submit|requestSubmit|assign|replace|push|navigate|open|html|write|load|insertAdjacentHTML)\s*\(|\b(?:navigate|router|redirect\w*)\b|\bhistory\b|\binnerHTML\b|\bouterHTML\b|\bsrcdoc\b|\.\s*src\s*=|\.\s*href\s*="#;
}

/// What a script does with a second press.
#[derive(Debug, Clone, Default)]
struct Presses {
    /// Where the payment is handed to the server, in a script that takes the card as well.
    sends: Option<Range<usize>>,
    /// The button is disabled in it.
    disables: bool,
    /// Something else in it may keep from a second press.
    guards: bool,
    /// It listens to presses, so that it may keep from a second one wherever the payment is sent.
    listens: bool,
}

fn presses(clean: &str) -> Presses {
    let takes = TOKEN.find(clean).map(|found| found.start());
    let sends = takes
        .filter(|_| POSTS.is_match(clean) && !LEAVES.is_match(clean))
        .and_then(|from| SENDS.find_at(clean, from))
        .map(|found| found.range());
    let pays = takes.is_some() && (SENDS.is_match(clean) || LEAVES.is_match(clean));
    let listens = SUBMITS.is_match(clean);
    if !pays && !listens {
        return Presses::default();
    }
    Presses { sends, disables: pays && DISABLES.is_match(clean), guards: GUARDS.is_match(clean), listens }
}

/// A second press while a payment is on its way sends no second one.
pub(super) fn pressed_twice(view: &PageView, hits: &mut Hits) {
    let all: Vec<(Source, std::sync::Arc<Presses>)> =
        Source::all(view).map(|source| (source, source.remember("pressed-twice", presses))).collect();
    if all.iter().any(|(_, presses)| presses.disables) {
        return;
    }
    // Handlers in the markup, too.
    let inline = view.elements().any(|(_, element)| {
        let handlers = ["onsubmit", "onclick"].into_iter().filter_map(|name| element.attr(name));
        handlers.into_iter().any(|code| GUARDS.is_match(code))
    });
    let unsure = inline || all.iter().any(|(_, one)| (one.sends.is_some() || one.listens) && one.guards);
    let sends = all.iter().find_map(|(source, one)| Some((*source, one.sends.clone()?)));
    match sends {
        Some((source, range)) if !unsure => {
            source.hit(view, hits, &range, "twice", Message::new("golive.pressed-twice"));
        }
        _ => hits.leave_open(Message::new("golive.press-unread")),
    }
}

/// The first way that a Payment Brick offers and that ends elsewhere, `Some(None)` when there is none; nothing when its
/// settings could not be read.
fn offered(clean: &str, brick: &Brick) -> Option<Option<(Range<usize>, String)>> {
    let object = |one: &Property| properties(clean, object_at(clean, one.value.start)?);
    let settings = brick.settings.as_ref()?;
    let computed = |all: &[Property]| all.iter().any(|one| matches!(one.key.as_str(), "..." | "["));
    let Some(customization) = property_of(settings, "customization") else {
        return (!computed(settings)).then_some(None);
    };
    let customization = object(customization)?;
    let Some(methods) = property_of(&customization, "paymentMethods") else {
        return (!computed(&customization)).then_some(None);
    };
    let methods = object(methods)?;
    if computed(&methods) {
        return None;
    }
    let given = |one: &&Property| {
        let value = clean.get(one.value.clone()).unwrap_or_default().trim();
        !matches!(value, "[]" | "null" | "undefined" | "false" | "!1")
    };
    let offer = methods.iter().filter(given).find(|one| ELSEWHERE.is_match(&one.key));
    Some(offer.map(|one| (one.value.clone(), one.key.clone())))
}

/// A payment that the buyer finishes elsewhere comes with what is needed for it.
pub(super) fn instructions(view: &PageView, hits: &mut Hits) {
    if view.in_scripts(&INSTRUCTIONS) {
        return;
    }
    let goes_on = view.in_scripts(&GOES_ON);
    let (mut any, mut open) = (false, false);
    each(view, |source, brick| {
        any = true;
        if brick.kind != "payment" {
            return;
        }
        match offered(source.clean(), brick) {
            Some(Some((range, way))) if !goes_on => {
                let message = Message::new("golive.pending-untold").with("way", &way);
                source.hit(view, hits, &range, &way, message);
            }
            Some(None) => {}
            _ => open = true,
        }
    });
    // What a form of the shop's own does with such a payment, its server decides.
    let own = view.generations.iter().any(|one| !matches!(one, Generation::Bricks | Generation::CheckoutPro));
    let named = own && (NAMED.is_match(view.words()) || view.in_scripts(&NAMED));
    if open || named || (!any && !own) {
        hits.leave_open(Message::new("golive.pending-unread"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_paying_elsewhere_are_known_by_name() {
        for words in ["Pagá en Rapipago o Pago Fácil", "boleto ou Pix", "payment_method_id: 'oxxo'"] {
            assert!(NAMED.is_match(words), "{words}");
        }
        assert!(!NAMED.is_match("Tarjeta de crédito, en cuotas. Píxel, boletos"));
    }

    #[test]
    fn a_press_is_guarded_in_many_ways() {
        let send = "mp.createCardToken(f).then(t => fetch('/pay', { method: 'POST', body: t.id }))";
        let of = |more: &str| {
            let found = presses(&format!("{send};{more}"));
            (found.sends.is_some(), found.disables, found.guards)
        };
        assert_eq!(of(""), (true, false, false));
        assert_eq!(of("button.disabled = true"), (true, true, true));
        assert_eq!(of("$('#pay').prop('disabled', true)"), (true, true, true));
        assert_eq!(of("if (enviando) return; enviando = true"), (true, false, true));
        assert_eq!(of("form.classList.add('wait')"), (true, false, true));
        // What leaves the page, or is no payment, is no time for a second press.
        assert_eq!(of("form.submit()"), (false, false, false));
        assert!(presses("let a = 1").sends.is_none());
        assert!(presses("fetch('/log', { method: 'POST' }); mp.createCardToken(f)").sends.is_none());
    }
}
