//! What a buyer is told when the SDK never comes: blocked by an extension, a network or its own outage.
//!
//! Nobody breaks the shop to see it. A script that uses the global without asking whether it is there stops at that
//! line, and nothing behind it can tell the buyer; everything less certain stays open.

use std::ops::Range;

use super::patterns;
use super::scripts::{Source, enclosing};
use super::sdk::{is_official_tag, is_there};
use crate::golive::page::js::without_strings;
use crate::golive::page::{LocalName, PageView};
use crate::golive::rule::hits::Hits;
use crate::i18n::Message;

patterns! {
    // The first touch of the global; it throws when there is none.
    TOUCHES = r"\bnew\s+(?:window\s*\.\s*)?MercadoPago\s*\(|\b(?:window\s*\.\s*)?Mercadopago\s*\.\s*(?:setPublishableKey|createToken|getIdentificationTypes|getPaymentMethod)\s*\(";
    // Whoever names the global otherwise asks for it, waits for it or brings it.
    ASKS = r#"\btypeof\s+(?:window\s*\.\s*)?Mercado[pP]ago\b|["'`]Mercado[pP]ago["'`]|\b(?:window|self|globalThis)\s*(?:\?\s*)?\.\s*Mercado[pP]ago\b\s*[^\s.(\w]|!\s*(?:window\s*\.\s*)?Mercado[pP]ago\b|\bif\s*\(\s*(?:window\s*\.\s*)?Mercado[pP]ago\b|\bloadMercadoPago\b|\binitMercadoPago\b"#;
    // A question whose answer is followed by something that is done when the SDK is missing.
    MISSING = r#"(?:\btypeof\s+(?:window\s*\.\s*)?Mercado[pP]ago\s*={2,3}\s*["'`]undefined["'`]|!\s*window\s*\.\s*Mercado[pP]ago\b|\bwindow\s*\.\s*Mercado[pP]ago\s*={2,3}\s*(?:undefined|null|void 0))\s*\)\s*"#;
    // What a buyer would see.
    SHOWS = r#"\.\s*(?:textContent|innerText|innerHTML|hidden)\s*=|\.\s*(?:text|html|append|show|insertAdjacentHTML|insertAdjacentText|prepend|replaceChildren|showModal|fire)\s*\(|\balert\s*\(|\bclassList\b|\.\s*display\s*=|\b\w*(?i:aviso|error|mensaje|mensagem|message|toast|alert|notif|mostrar|show|fallback|fall[oa]|falha)\w*\s*\(\s*["'`]"#;
    // Said to nobody who buys.
    ASIDE = r"\bconsole\s*\.\s*\w+\s*\(|\bnew\s+\w*Error\s*\(";
    ONLY_LOGS = r"^\s*(?:console\s*\.\s*\w+\s*\([^;{}]*\)\s*;?\s*)*$";
    // What may catch it from elsewhere.
    CATCHES = r#"\bonerror\b|\bonunhandledrejection\b|addEventListener\s*\(\s*["'`](?:error|unhandledrejection)["'`]|\bErrorBoundary\b|\bcomponentDidCatch\b"#;
    // Words that stand on the page from the beginning, for whoever sees no form.
    STANDING = r"(?i)\bno (?:se |te |le )?(?:carg|aparec|ves?\b|pud[eo])|n[ãa]o (?:se )?(?:carreg|aparec|v[êe]|foi poss[íi]vel carregar)|(?:not|n.t|cannot|fails? to) (?:be )?(?:load|appear|see|show)|bloqueador|ad ?block";
}

/// Most touches of one script that are looked at.
const MAX_TOUCHES: usize = 20;
/// Bytes behind a question that are read for its answer.
const ANSWER: usize = 1_500;

/// What the scripts of a page do about an SDK that is missing.
#[derive(Debug, Clone, Default)]
struct Care {
    /// Where the global is touched with nothing around that would catch it.
    bare: Vec<Range<usize>>,
    /// It asks whether the global is there, or something may catch what is thrown.
    asks: bool,
    /// It shows something when the global is not there.
    tells: bool,
}

fn care(clean: &str) -> Care {
    let speaks = ["ercado", "onerror", "error", "unhandledrejection", "componentDidCatch", "ErrorBoundary"];
    if !speaks.iter().any(|word| clean.contains(word)) {
        return Care::default();
    }
    let mut care = Care { asks: CATCHES.is_match(clean) || ASKS.is_match(clean), ..Care::default() };
    care.tells = MISSING.find_iter(clean).take(MAX_TOUCHES).any(|question| {
        let rest = clean.get(question.end()..).unwrap_or_default();
        let near = rest.char_indices().nth(ANSWER).map_or(rest, |(at, _)| &rest[..at]);
        // The block that follows, or the one statement.
        let end = match near.starts_with('{') {
            true => crate::golive::page::js::parts(near, 0).and_then(|all| Some(all.last()?.end)),
            false => near.find([';', '\n', '}']),
        };
        SHOWS.is_match(&ASIDE.replace_all(&near[..end.unwrap_or(0).min(near.len())], ""))
    });
    if !clean.contains("ercado") {
        return care;
    }
    let code = without_strings(clean);
    for touch in TOUCHES.find_iter(&code).take(MAX_TOUCHES) {
        let caught = enclosing(&code, touch.start()).any(|head| {
            let head = head.trim_end();
            head.ends_with("try") || head.contains("Mercado") || head.contains(".then(")
        });
        // A promise hands what is thrown in it to whoever catches it.
        let handed = code.contains("async") && code.contains(".catch(");
        match caught || handed {
            true => care.asks = true,
            false => care.bare.push(touch.range()),
        }
    }
    care
}

/// Whether a tag that loads the SDK does something when it does not come, and not only for the console.
fn tag_tells(view: &PageView) -> bool {
    let scripts = [LocalName::from("script")];
    let mut tags = view.named(&scripts).map(|(_, element)| element).filter(is_official_tag);
    tags.any(|tag| tag.attr("onerror").is_some_and(|code| !ONLY_LOGS.is_match(code)))
}

/// Whether a buyer learns that the SDK did not come.
pub(super) fn sdk_missing_is_told(view: &PageView, hits: &mut Hits) {
    if !is_there(view, hits) {
        return;
    }
    let all: Vec<(Source, std::sync::Arc<Care>)> =
        Source::all(view).map(|source| (source, source.remember("sdk-missing-is-told", care))).collect();
    if tag_tells(view) || all.iter().any(|(_, care)| care.tells) {
        return;
    }
    // One place is enough: the others come after it.
    let bare = all.iter().find_map(|(source, care)| Some((*source, care.bare.first()?.clone())));
    let asked = all.iter().any(|(_, care)| care.asks);
    let tagged = || view.named(&[LocalName::from("script")]).any(|(_, element)| is_official_tag(&element));
    match bare {
        Some((source, range)) if !asked && tagged() && !STANDING.is_match(view.words()) => {
            source.hit(view, hits, &range, "missing", Message::new("golive.sdk-failure-untold"));
        }
        _ => hits.leave_open(Message::new("golive.sdk-failure-unread")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_catches_a_missing_sdk_is_told_from_what_does_not() {
        for (script, bare, asks, tells) in [
            ("const mp = new MercadoPago('k')", 1, false, false),
            ("function start() { const mp = new MercadoPago('k'); mp.bricks() }", 1, false, false),
            ("try { mp = new MercadoPago('k') } catch (e) { show(e) }", 0, true, false),
            ("async function a() { mp = new MercadoPago('k') } a().catch(tell)", 0, true, false),
            ("if (window.MercadoPago) { mp = new MercadoPago('k') }", 0, true, false),
            (
                "if (typeof MercadoPago === 'undefined') { box.textContent = 'No cargó' } else { x(new MercadoPago('k')) }",
                0,
                true,
                true,
            ),
            (
                "if (typeof MercadoPago === 'undefined') { console.error('No cargó') } new MercadoPago('k')",
                1,
                true,
                false,
            ),
            (
                "if (!window.MercadoPago) return mostrarError('No pudimos cargar el pago'); new MercadoPago('k')",
                1,
                true,
                true,
            ),
            (
                "if (typeof MercadoPago === 'undefined') throw new Error('sin SDK'); new MercadoPago('k')",
                1,
                true,
                false,
            ),
            ("window.addEventListener('error', tell)", 0, true, false),
            ("const words = 'new MercadoPago(x)'", 0, false, false),
        ] {
            let care = care(script);
            assert_eq!((care.bare.len(), care.asks, care.tells), (bare, asks, tells), "{script}");
        }
    }

    #[test]
    fn standing_words_for_those_who_see_no_form_are_known() {
        for words in [
            "Si no se carga el formulario, escribinos.",
            "Se o formulário não carregar, fale conosco.",
            "If the form does not appear, reload.",
        ] {
            assert!(STANDING.is_match(words), "{words}");
        }
        assert!(!STANDING.is_match("Pagá con tarjeta. Si querés, en cuotas."));
    }
}
