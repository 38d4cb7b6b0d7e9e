//! The page of the administration: words in three languages around a script that shows what the JSON of the
//! administration says. The script writes text nodes only; nothing that came from outside becomes markup.

use std::collections::BTreeMap;

use serde_json::json;

use crate::i18n::{Lang, Message};

/// The script.
pub(super) const SCRIPT: &str = include_str!("page/app.js");
/// The style.
pub(super) const STYLE: &str = include_str!("page/style.css");
const TEMPLATE: &str = include_str!("page/index.html");

/// The page in a language.
pub(super) fn page(lang: Lang) -> Option<Vec<u8>> {
    let mut words: BTreeMap<&str, String> = BTreeMap::new();
    for (name, message) in [
        ("title", Message::new("sandbox.page-title")),
        ("requests", Message::new("sandbox.page-requests")),
        ("payments", Message::new("sandbox.page-payments")),
        ("webhooks", Message::new("sandbox.page-webhooks")),
        ("filter", Message::new("sandbox.page-filter")),
        ("filter_hint", Message::new("sandbox.page-filter-hint")),
        ("when", Message::new("sandbox.page-when")),
        ("request", Message::new("sandbox.page-request")),
        ("answer", Message::new("sandbox.page-answer")),
        ("why", Message::new("sandbox.page-why")),
        ("payment", Message::new("sandbox.page-payment")),
        ("amount", Message::new("sandbox.page-amount")),
        ("status", Message::new("sandbox.page-status")),
        ("actions", Message::new("sandbox.page-actions")),
        ("event", Message::new("sandbox.page-event")),
        ("address", Message::new("sandbox.page-address")),
        ("attempts", Message::new("sandbox.page-attempts")),
        ("approve", Message::new("sandbox.page-approve")),
        ("reject", Message::new("sandbox.page-reject")),
        ("expire", Message::new("sandbox.page-expire")),
        ("chargeback", Message::new("sandbox.page-chargeback")),
        ("notify", Message::new("sandbox.page-notify")),
        ("resend", Message::new("sandbox.page-resend")),
        ("fault", Message::new("sandbox.page-fault")),
        ("none", Message::new("sandbox.page-none")),
        ("gone", Message::new("sandbox.page-gone")),
        ("bodies", Message::new("sandbox.page-bodies")),
        ("waiting", Message::new("sandbox.delivery-waiting")),
        ("delivered", Message::new("sandbox.delivery-delivered")),
        ("given-up", Message::new("sandbox.delivery-given-up")),
        ("off-this-machine", Message::new("sandbox.delivery-off-this-machine")),
        ("too-many-waiting", Message::new("sandbox.delivery-too-many")),
        ("no-http-client", Message::new("sandbox.delivery-no-client")),
    ] {
        words.insert(name, message.render(lang));
    }
    // A closing tag inside the block of data would end it.
    let data = json!(words).to_string().replace('<', "\\u003c");
    let mut environment = minijinja::Environment::new();
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    let others: Vec<&str> = Lang::ALL.into_iter().map(Lang::tag).collect();
    let context = minijinja::context! {
        lang => lang.tag(),
        langs => others,
        t => words,
        data => minijinja::Value::from_safe_string(data),
    };
    environment.render_str(TEMPLATE, context).ok().map(String::into_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_written_in_every_language_and_has_nothing_inline() {
        let inline = regex::Regex::new(r"\s(on[a-z]+|style)=").unwrap();
        for lang in Lang::ALL {
            let page = String::from_utf8(page(lang).unwrap()).unwrap();
            assert!(page.contains(&format!("<html lang=\"{}\">", lang.tag())), "{page}");
            assert!(page.contains(&Message::new("sandbox.page-requests").render(lang)));
            assert!(!inline.is_match(&page), "{page}");
        }
        // The ways of markup that text must not go.
        for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!SCRIPT.contains(way), "{way}");
        }
    }
}
