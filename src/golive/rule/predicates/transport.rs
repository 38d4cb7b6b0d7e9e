//! HTTPS, certificates, HSTS and addresses that exist only on a developer's machine.

use std::collections::HashSet;
use std::ops::Range;

use scraper::ElementRef;
use url::{Host, Url};

use super::patterns;
use crate::golive::page::guard::guarded;
use crate::golive::page::{LocalName, PageView};
use crate::golive::rule::hits::{Hits, MAX_PLACES, masked, slice};
use crate::golive::rule::judge::short;
use crate::i18n::Message;
use crate::run::{Evidence, Severity};

patterns! {
    LOCAL = r#"(?i)\b(?:https?|wss?):(?:\\?/){2}((?:localhost|(?:[\w-]+\.)+localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|0\.0\.0\.0|\[::1\]|10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}|[\w-]+\.(?:[a-z]{2}\.)?ngrok(?:-free)?\.(?:io|app|dev)|[\w-]+\.loca\.lt|[\w-]+\.localtunnel\.me|[\w-]+\.trycloudflare\.com|[\w-]+\.serveo\.net)(?::\d{1,5})?)(?:[/"'`\s?#\\)]|$)"#;
    // A call that sends something to a literal http address: fetch, axios, XMLHttpRequest, jQuery, the target of a form.
    SENDS = r#"(?i)(?:\bfetch\s*\(\s*|\baxios\s*(?:\.\s*\w+\s*)?\(\s*(?:\{[^{}]*\burl\s*:\s*)?|\.\s*open\s*\(\s*["'`](?:POST|PUT|PATCH)["'`]\s*,\s*|\.\s*action\s*=\s*|\bsetAttribute\s*\(\s*["'`](?:form)?action["'`]\s*,\s*|(?:\$|\bjQuery)\s*\.\s*post\s*\(\s*|(?:\$|\bjQuery)\s*\.\s*ajax\s*\(\s*(?:\{[^{}]*?["'`]?\burl["'`]?\s*:\s*)?)["'`](http://[^"'`\s]+)"#;
    // What comes before a literal that is asked for.
    ASKS = r#"(?i)(?:\bfetch\s*\(|\baxios\s*(?:\.\s*\w+\s*)?\(|\.\s*open\s*\(\s*["'`]\w+["'`]\s*,|\.\s*(?:action|src|href)\s*=|\bsetAttribute\s*\(\s*["'`]\w+["'`]\s*,|\.\s*(?:post|get|ajax|getJSON)\s*\(|\burl["'`]?\s*:|\bnew\s+(?:WebSocket|EventSource)\s*\()\s*["'`]$"#;
}

/// Half a year, in seconds.
const LONG_ENOUGH: u64 = 15_552_000;
/// Bytes of an address that are kept.
const MAX_TARGET: usize = 500;
/// Most local addresses of one script that are looked at.
const MAX_LOCAL: usize = 500;

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

pub(super) fn https_page(view: &PageView, hits: &mut Hits) {
    let url = view.url();
    if url.scheme() == "https" {
        return;
    }
    // A shop under development on this machine has nobody between it and the browser.
    if is_loopback(url) {
        hits.weigh(Severity::Advice);
    }
    hits.plain(url, "https", Message::new("golive.not-https"), Vec::new());
}

/// The targets of forms that hold card fields; on a page whose card fields stand in frames of Mercado Pago, of
/// every form that posts. Scripts may send instead of forms.
pub(super) fn form_target_https(view: &PageView, hits: &mut Hits) {
    let with_card: HashSet<_> = view.card_fields().filter_map(|(part, field)| Some((part, field.form?))).collect();
    for (part, element) in view.named(&["form", "button", "input"].map(LocalName::from)) {
        let form = std::iter::once(element.node)
            .chain(element.node.ancestors().filter_map(ElementRef::wrap))
            .find(|node| node.value().name() == "form");
        let Some(form) = form else { continue };
        let gets = form.attr("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("get"));
        let concerned = if with_card.is_empty() { !gets } else { with_card.contains(&(part, form.id())) };
        let target = element.attr(if element.name() == "form" { "action" } else { "formaction" });
        if concerned
            && let Some(target) = target.map(str::trim)
            && target.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:"))
        {
            let message = Message::new("golive.form-target-http").with("target", short(&masked(target)));
            hits.element(view, part, &element, message);
        }
    }
    let message = |target: &str| Message::new("golive.call-target-http").with("target", short(&masked(target)));
    for inline in &view.inline {
        for (range, target) in sent_to(&inline.clean) {
            let range = inline.start + range.start..inline.start + range.end;
            hits.markup(view, inline.part, range, &masked(&target), message(&target));
        }
    }
    for script in &view.scripts {
        for (range, target) in script.remember("sends", || sent_to(&script.clean)).iter() {
            hits.script(script, range.clone(), &masked(target), message(target));
        }
    }
}

/// The http addresses that a script sends to. Local ones are another rule's.
fn sent_to(clean: &str) -> Vec<(Range<usize>, String)> {
    // Most scripts have no whole address at all.
    if memchr::memmem::find(clean.as_bytes(), b"://").is_none() {
        return Vec::new();
    }
    let targets = SENDS.captures_iter(clean).filter_map(|found| found.get(1));
    let remote = targets.filter(|target| LOCAL.find(target.as_str()).is_none_or(|local| local.start() > 0));
    let whole = |target: regex::Match| {
        let text = slice(target.as_str(), 0, MAX_TARGET).to_owned();
        (target.start()..target.start() + text.len(), text)
    };
    remote.take(MAX_PLACES).map(whole).collect()
}

pub(super) fn hsts(view: &PageView, hits: &mut Hits) {
    let url = view.url();
    if url.scheme() != "https" {
        return;
    }
    let value = view.page.document.header("strict-transport-security");
    let seconds = value.and_then(hsts_seconds);
    let message = match (value, seconds) {
        (_, Some(seconds)) if seconds >= LONG_ENOUGH => return,
        (None, _) => Message::new("golive.header-missing").with("name", "Strict-Transport-Security"),
        (Some(value), _) => Message::new("golive.hsts-short").with("value", short(value)),
    };
    let evidence = Evidence::Header {
        name: "strict-transport-security".to_owned(),
        value: value.map(|value| short(&masked(value))),
    };
    let host = url.host_str().unwrap_or_default();
    hits.once(url, host, message, vec![evidence]);
}

/// For how long browsers keep to https after this header (RFC 6797, 6.1); `None` when they ignore it.
fn hsts_seconds(value: &str) -> Option<u64> {
    let mut seconds = None;
    for directive in value.split(';') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        if name.trim().eq_ignore_ascii_case("max-age") {
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
            // Said twice is not well formed.
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) || seconds.is_some() {
                return None;
            }
            seconds = Some(value.parse().unwrap_or(u64::MAX));
        }
    }
    seconds
}

pub(super) fn no_local_endpoints(view: &PageView, hits: &mut Hits) {
    let url = view.url();
    let own = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        _ => String::new(),
    };
    let foreign = |host: &str| !host.eq_ignore_ascii_case(&own);
    let found = |host: &str| Message::new("golive.local-address").with("host", masked(host));
    // A look at the whole source spares most pages a look at every attribute.
    let foreign_in = |source: &str| {
        let mut hosts = LOCAL.captures_iter(source).filter_map(|all| all.get(1));
        hosts.any(|host| foreign(host.as_str()))
    };
    let written = view.parts.iter().map(|part| foreign_in(part.document.source())).collect::<Vec<_>>();
    for (part, element) in view.elements().filter(|(part, _)| written[*part]) {
        for name in ["src", "href", "action", "formaction", "data-url", "data-action", "data"] {
            let Some(value) = element.attr(name) else { continue };
            let Some(host) = LOCAL.captures(value).and_then(|all| all.get(1)) else { continue };
            // A link to read elsewhere calls nothing; what a form, script or frame reaches does.
            if foreign(host.as_str()) && !(element.name() == "link" && name == "href") {
                hits.element(view, part, &element, found(host.as_str()));
            }
        }
    }
    for inline in &view.inline {
        for (range, host) in local_in(&inline.clean).iter().filter(|(_, host)| foreign(host)) {
            let range = inline.start + range.start..inline.start + range.end;
            hits.markup(view, inline.part, range, host, found(host));
        }
    }
    for script in &view.scripts {
        let hosts = script.remember("local", || local_in(&script.clean));
        for (range, host) in hosts.iter().filter(|(_, host)| foreign(host)) {
            hits.script(script, range.clone(), host, found(host));
        }
    }
}

/// The local hosts that a script uses where it runs in production.
fn local_in(clean: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for all in LOCAL.captures_iter(clean).take(MAX_LOCAL) {
        let (Some(whole), Some(host)) = (all.get(0), all.get(1)) else { continue };
        // Libraries keep a bare `http://localhost` to parse addresses against.
        let bare = host.as_str().eq_ignore_ascii_case("localhost")
            && matches!(
                slice(clean, host.end(), host.end() + 2).trim_start_matches('/').chars().next(),
                Some('"' | '\'' | '`')
            );
        if bare && !ASKS.is_match(slice(clean, whole.start().saturating_sub(120), whole.start())) {
            continue;
        }
        if !guarded(clean, whole.start()) {
            found.push((host.range(), host.as_str().to_owned()));
        }
    }
    found
}
