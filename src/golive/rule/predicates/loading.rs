//! Whether the SDK is there when the page starts to use it, and whom the payment endpoints answer.
//!
//! What a browser saw decides. Without it only the order of the markup says something, and a network that does not lead
//! to Mercado Pago from here is no fault of the page.

use super::patterns;
use super::scripts::Source;
use super::sdk::{is_official_tag, is_there};
use crate::golive::evidence::{ConsoleOrigin, Rendered, Request};
use crate::golive::page::generation::{is_sdk_v1, is_sdk_v2};
use crate::golive::page::js::without_strings;
use crate::golive::page::script::without_comments;
use crate::golive::page::{Element, LocalName, PageView, runs};
use crate::golive::rule::hits::{Hits, masked, shown_url};
use crate::golive::rule::judge::short;
use crate::golive::rule::shop::{Answer, ShopView};
use crate::i18n::Message;
use crate::run::{Evidence, Severity};

patterns! {
    // A use of the global that fails when it is not there yet.
    USES = r"\bnew\s+(?:window\s*\.\s*)?MercadoPago\s*\(|\b(?:window\s*\.\s*)?Mercadopago\s*\.\s*setPublishableKey\s*\(";
    ASKS_FIRST = r"\btypeof\s+(?:window\s*\.\s*)?Mercado[pP]ago\b|window\s*\.\s*Mercado[pP]ago\s*(?:&&|\?|\)|\|\|)";
    NOT_DEFINED = r"\bMercado[pP]ago is not (?:defined|a constructor)\b";
    PAYS = r"(?i)pag[ao]|pay|checkout|preferenc|order|pedido|cobr|token";
}

/// Whether a request is for the official SDK.
fn is_sdk(request: &Request) -> bool {
    request.kind == "script" && (is_sdk_v1(request.url.as_str()) || is_sdk_v2(request.url.as_str()))
}

pub(super) fn sdk_loads(view: &PageView, hits: &mut Hits) {
    if let Some(rendered) = view.page.rendered.as_deref()
        && seen(view, rendered, hits)
    {
        return;
    }
    if !is_there(view, hits) {
        return;
    }
    if !in_order(view, hits) && !hits.any() {
        hits.leave_open(Message::new("golive.only-in-browser"));
    }
}

/// What the browser saw of the SDK; `false` when that says nothing of the page.
fn seen(view: &PageView, rendered: &Rendered, hits: &mut Hits) -> bool {
    let mut came = false;
    for request in rendered.requests.iter().filter(|request| is_sdk(request)) {
        match request.blocked.as_deref() {
            // Homologa's own bounds.
            Some("inspector") => {}
            Some(by) => {
                let message =
                    Message::new("golive.sdk-blocked").with("url", shown_url(&request.url)).with("by", short(by));
                hits.plain(view.url(), "blocked", message, Vec::new());
            }
            None => came |= request.failed.is_none() && request.status.is_some_and(|status| status < 400),
        }
    }
    if hits.any() {
        return true;
    }
    if !came {
        return false;
    }
    let exceptions = rendered.console.iter().filter(|line| line.origin == ConsoleOrigin::Exception);
    for line in exceptions.filter(|line| NOT_DEFINED.is_match(&line.text)) {
        let said = line.text.lines().next().unwrap_or_default();
        let message = Message::new("golive.sdk-not-there-yet").with("said", short(&masked(said)));
        hits.plain(view.url(), "early", message, Vec::new());
    }
    true
}

/// Whether the markup alone tells that the SDK stands before its first use; findings where it stands behind.
fn in_order(view: &PageView, hits: &mut Hits) -> bool {
    let scripts = [LocalName::from("script")];
    let asks_first = view.in_scripts(&ASKS_FIRST);
    let mut tagged = false;
    for (at, part) in view.parts.iter().enumerate().filter(|(_, part)| !part.drawn) {
        let (mut official, mut ready, mut race) = (false, false, false);
        let mut early: Vec<Element> = Vec::new();
        for element in part.document.named(&scripts).filter(runs) {
            let module = element.attr("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("module"));
            if is_official_tag(&element) {
                official = true;
                race |= element.attr("async").is_some();
                ready |= !module && element.attr("defer").is_none() && element.attr("async").is_none();
            } else if element.attr("src").is_none() && !module && !ready {
                let text: String = element.node.text().collect();
                if uses_at_once(&text) {
                    early.push(element);
                }
            }
        }
        tagged |= official;
        // What is asked for asynchronously may well come first, and who asks whether it is there may wait for it.
        if (race || asks_first) && !early.is_empty() {
            return false;
        }
        // Who asks first and asks no second time may find nothing where the SDK comes whenever it likes.
        if asks_first && !ready && official {
            return false;
        }
        // Another part, or a script of the page, brings the SDK to this one.
        if !official {
            continue;
        }
        for element in early {
            hits.element(view, at, &element, Message::new("golive.sdk-used-before"));
        }
    }
    tagged
}

/// Whether a script uses the global while it runs, not in a function that is called later.
fn uses_at_once(script: &str) -> bool {
    if !script.contains("ercado") {
        return false;
    }
    let code = without_strings(&without_comments(script));
    USES.find_iter(&code).take(20).any(|found| {
        let depth = code[..found.start()].bytes().fold(0_i32, |depth, byte| match byte {
            b'{' => depth + 1,
            b'}' => depth - 1,
            _ => depth,
        });
        // An arrow without braces is called later, too.
        let line = code[..found.start()].rsplit([';', '\n', '}']).next().unwrap_or_default();
        depth == 0 && !line.contains("=>")
    })
}

pub(super) fn cors(view: &PageView, hits: &mut Hits) {
    let document = &view.page.document;
    let header = document.header("access-control-allow-origin").map(str::trim);
    if header == Some("*") {
        let evidence = Evidence::Header { name: "access-control-allow-origin".to_owned(), value: Some("*".to_owned()) };
        hits.plain(view.url(), "page", Message::new("golive.open-to-any-origin"), vec![evidence]);
    }
    let asked = view.page.rendered.iter().flat_map(|rendered| &rendered.requests);
    let mut seen = false;
    for request in asked.filter(|request| of_payment(view, request)) {
        seen = true;
        if request.any_origin {
            let path = request.url.path();
            let message = Message::new("golive.endpoint-open").with("url", shown_url(&request.url));
            hits.plain(view.url(), path, message, Vec::new());
        }
    }
    if !seen && !hits.any() {
        hits.leave_open(Message::new("golive.no-endpoint-seen"));
    }
}

/// Whether a request changes something about a payment at a host of the shop.
fn of_payment(view: &PageView, request: &Request) -> bool {
    let own = |url: &url::Url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned());
    let (Some(page), Some(host)) = (own(view.url()), own(&request.url)) else { return false };
    matches!(request.kind.as_str(), "xhr" | "fetch")
        && matches!(request.method.as_str(), "POST" | "PUT" | "PATCH")
        && request.status.is_some()
        && (host == page || host.ends_with(&format!(".{page}")))
        && PAYS.is_match(request.url.path())
}

/// Files that no shop should serve. Not having asked is no open blocker, so that the rule weighs less than its finding.
pub(super) fn files_served(shop: &ShopView, hits: &mut Hits) -> Answer {
    let Some(probe) = &shop.facts.files else { return Answer::Inconclusive(Message::new("golive.files-not-asked")) };
    hits.weigh(Severity::Blocker);
    for url in &probe.served {
        hits.plain(url, "file", Message::new("golive.file-served").with("url", shown_url(url)), Vec::new());
    }
    match probe.unasked {
        0 => Answer::LookedAt(1),
        n => Answer::Inconclusive(Message::new("golive.files-unasked").with("n", n)),
    }
}

/// Source maps with the code that the shop wrote: whoever opens the developer tools reads it.
pub(super) fn source_maps(view: &PageView, hits: &mut Hits) {
    for text in &view.served {
        if !*text.remember("is-map", || holds_own_code(text.source())) {
            continue;
        }
        let message = Message::new("golive.source-map").with("url", shown_url(text.url()));
        hits.plain(text.url(), "map", message, Vec::new());
    }
    // Of saved material nobody knows what the server would have answered.
    let named = |source: Source| *source.remember("names-map", |_| source.names_map());
    if !hits.any() && view.page.source != crate::golive::evidence::Source::Live && Source::all(view).any(named) {
        hits.leave_open(Message::new("golive.saved-material"));
    }
}

/// Whether a text is a source map that holds code, and not only that of libraries.
fn holds_own_code(text: &str) -> bool {
    let Ok(map) = serde_json::from_str::<Map>(text) else { return false };
    let library = |source: &str| {
        ["node_modules/", "webpack/", "(webpack)", "bower_components/"].iter().any(|part| source.contains(part))
    };
    let known = |source: &str| {
        let name = source.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        ["jquery", "bootstrap", "popper", "swiper", "vue", "react", "axios", "lodash", "sweetalert", "select2"]
            .iter()
            .any(|library| name.starts_with(library))
    };
    let own = |(at, source): (usize, &Option<String>)| {
        let source = source.as_deref().unwrap_or_default();
        let code = map.contents.get(at).and_then(Option::as_deref).unwrap_or_default();
        !library(source) && !known(source) && code.trim().len() > 40
    };
    !map.file.as_deref().is_some_and(known) && map.sources.iter().enumerate().any(own)
}

/// What is read of a source map.
#[derive(serde::Deserialize)]
struct Map {
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default, rename = "sourcesContent")]
    contents: Vec<Option<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_at_once_is_told_from_what_waits() {
        for (script, expected) in [
            ("const mp = new MercadoPago('k')", true),
            ("Mercadopago.setPublishableKey('k');", true),
            ("window.onload = () => { const mp = new MercadoPago('k') }", false),
            ("boton.onclick = () => new MercadoPago('k')", false),
            ("// new MercadoPago('k')\nlet a = 'new MercadoPago(1)'", false),
        ] {
            assert_eq!(uses_at_once(script), expected, "{script}");
        }
    }

    #[test]
    fn maps_of_libraries_are_no_code_of_the_shop() {
        let map = |source: &str, code: &str| {
            serde_json::json!({ "version": 3, "sources": [source], "sourcesContent": [code], "mappings": "" })
                .to_string()
        };
        let code = "export async function pagar(pedido) { return api.post('/p', pedido) }";
        assert!(holds_own_code(&map("src/pagar.ts", code)));
        assert!(!holds_own_code(&map("../node_modules/vue/x.js", code)));
        assert!(!holds_own_code(&map("bootstrap.js", code)) && !holds_own_code(&map("src/pagar.ts", "")));
        assert!(!holds_own_code("{\"a\":1}") && !holds_own_code("<html>"));
    }
}
