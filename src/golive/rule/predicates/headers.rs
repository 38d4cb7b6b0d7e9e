//! What the headers of a page demand of browsers: content policy, frames, types, caches, cookies.

use std::collections::HashSet;

use super::forms::form_of;
use super::patterns;
use crate::golive::page::generation::{is_sdk_v1, is_sdk_v2};
use crate::golive::page::{LocalName, PageView, runs};
use crate::golive::rule::hits::{Hits, masked};
use crate::golive::rule::judge::short;
use crate::i18n::Message;
use crate::run::{Evidence, Generation, Severity};

patterns! {
    SESSION = r"(?i)^(?:__(?:host|secure)-)?(?:phpsessid|jsessionid|asp\.net_sessionid|aspsessionid\w*|connect\.sid|laravel_session|\w*_session(?:_id)?|session(?:_?id)?|sess(?:id)?|sid|s?sid|auth(?:_?token)?|access_token|jwt|token|remember_\w+|wordpress_logged_in_\w+|wp_woocommerce_session_\w+|prestashop-\w+|frontend|ocsessid|identity|\.aspnetcore\.(?:cookies|session)\S*)$";
    CSRF_NAME = r"(?i)csrf|xsrf|_token$|^token$|nonce|authenticity|form_key|__requestverificationtoken";
    IFRAME = r"\biframe\s*:\s*(?:true|!0)|\.\s*fields\s*\.\s*create\s*\(";
    HASH_OR_NONCE = r"(?i)'(?:nonce-|sha(?:256|384|512)-)";
}

/// The policies of a page: of its headers and of its markup. Those that only report are kept apart.
struct Policies {
    enforced: Vec<Policy>,
    reported: bool,
}

/// One policy: its directives with their sources, in lower case but for nonces and paths.
struct Policy {
    text: String,
    directives: Vec<(String, Vec<String>)>,
}

impl Policy {
    fn read(text: &str) -> Policy {
        let mut directives: Vec<(String, Vec<String>)> = Vec::new();
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            // The first of two equal directives counts.
            if !directives.iter().any(|(known, _)| *known == name) {
                directives.push((name, words.map(str::to_owned).collect()));
            }
        }
        Policy { text: text.trim().to_owned(), directives }
    }

    fn exact(&self, name: &str) -> Option<&[String]> {
        self.directives.iter().find(|(known, _)| known == name).map(|(_, sources)| sources.as_slice())
    }

    /// The sources that count for a directive, by its fallbacks.
    fn of(&self, name: &str) -> Option<&[String]> {
        let chain: &[&str] = match name {
            "script-src-elem" => &["script-src-elem", "script-src", "default-src"],
            "frame-src" => &["frame-src", "child-src", "default-src"],
            _ => &[name, "default-src"],
        };
        chain.iter().find_map(|name| self.exact(name))
    }
}

impl Policies {
    fn of(view: &PageView) -> Policies {
        let headers = &view.page.document.headers;
        let mut texts: Vec<String> = Vec::new();
        for (_, value) in headers.iter().filter(|(name, _)| name == "content-security-policy") {
            texts.extend(value.split(',').map(str::to_owned));
        }
        let metas = [LocalName::from("meta")];
        for element in view.parts.first().into_iter().flat_map(|part| part.document.named(&metas)) {
            if element
                .attr("http-equiv")
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("content-security-policy"))
            {
                texts.extend(element.attr("content").map(str::to_owned));
            }
        }
        let reported = headers.iter().any(|(name, _)| name == "content-security-policy-report-only");
        Policies { enforced: texts.iter().map(|text| Policy::read(text)).collect(), reported }
    }

    fn evidence(&self) -> Vec<Evidence> {
        let value = self.enforced.first().map(|policy| short(&masked(&policy.text)));
        vec![Evidence::Header { name: "content-security-policy".to_owned(), value }]
    }
}

/// Whether a source of a policy admits an https address; `path` begins with a slash.
fn admits(source: &str, host: &str, path: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    if matches!(lower.as_str(), "*" | "https:" | "https://*") {
        return true;
    }
    let rest = match lower.split_once("://") {
        Some(("https" | "http", rest)) => rest,
        Some(_) => return false,
        None => lower.as_str(),
    };
    let (name, under) = rest.split_once('/').map_or((rest, ""), |(name, under)| (name, under));
    let name = match name.rsplit_once(':') {
        Some((name, "443" | "*")) => name,
        Some(_) => return false,
        None => name,
    };
    let host_fits = match name.strip_prefix("*.") {
        Some(end) => host.strip_suffix(end).is_some_and(|start| start.len() > 1 && start.ends_with('.')),
        None => name == host,
    };
    let path_fits = match under {
        "" => true,
        _ if under.ends_with('/') => path[1..].starts_with(under),
        _ => path[1..].trim_end_matches('/') == under,
    };
    host_fits && path_fits
}

fn all_admit(policy: &Policy, directive: &str, host: &str, path: &str) -> bool {
    policy.of(directive).is_none_or(|sources| sources.iter().any(|source| admits(source, host, path)))
}

/// What the SDK needs to work, and whether each policy lets it.
pub(super) fn allows_provider(view: &PageView, hits: &mut Hits) {
    let policies = Policies::of(view);
    let uses = |generation| view.generations.contains(&generation);
    let v2 = uses(Generation::V2Core) || uses(Generation::V2CardForm) || uses(Generation::Bricks);
    let mut needs: Vec<(&str, &str, &str)> = Vec::new();
    if v2 || uses(Generation::V1) {
        needs.push(("connect-src", "api.mercadopago.com", "/v1/card_tokens"));
    }
    if v2 {
        // Without `iframe: true` cardForm opens no frame, nor do the core methods without `fields`.
        let frames = uses(Generation::Bricks) || view.in_scripts(&IFRAME);
        needs.extend(frames.then_some(("frame-src", "secure-fields.mercadopago.com", "/")));
    }
    for policy in &policies.enforced {
        let mut blocked: Vec<String> = Vec::new();
        for element in view
            .parts
            .iter()
            .flat_map(|part| part.document.elements())
            .filter(|one| one.name() == "script" && runs(one))
        {
            let src = element.attr("src").unwrap_or_default().trim();
            let (host, path) = match (is_sdk_v1(src), is_sdk_v2(src)) {
                (true, _) => ("secure.mlstatic.com", "/sdk/javascript/v1/mercadopago.js"),
                (_, true) if src.contains("beta-sdk") => continue,
                (_, true) => ("sdk.mercadopago.com", "/js/v2"),
                _ => continue,
            };
            let sources = policy.of("script-src-elem").unwrap_or_default();
            let nonce = element.attr("nonce").map(|nonce| format!("'nonce-{nonce}'"));
            let by_nonce = nonce.is_some_and(|nonce| sources.contains(&nonce));
            // A browser leaves out the nonce of what it shows; the source of a page has it.
            let strict = sources.iter().any(|source| source.eq_ignore_ascii_case("'strict-dynamic'"));
            let by_host = !strict && all_admit(policy, "script-src-elem", host, path);
            if !by_nonce && !by_host && policy.of("script-src-elem").is_some() && element.attr("integrity").is_none() {
                blocked.push(format!("script-src https://{host}"));
            }
        }
        for (directive, host, path) in &needs {
            if !all_admit(policy, directive, host, path) {
                blocked.push(format!("{directive} https://{host}"));
            }
        }
        blocked.dedup();
        if !blocked.is_empty() {
            let message = Message::new("golive.csp-blocks").with("what", blocked.join(", "));
            hits.plain(view.url(), &blocked.join(" "), message, policies.evidence());
        }
    }
}

/// Whether some policy limits scripts.
pub(super) fn csp_present(view: &PageView, hits: &mut Hits) {
    let policies = Policies::of(view);
    if policies.enforced.iter().any(|policy| policy.of("script-src").is_some()) {
        return;
    }
    let name = "Content-Security-Policy";
    let message = match (policies.enforced.is_empty(), policies.reported) {
        (true, true) => {
            hits.weigh(Severity::Advice);
            Message::new("golive.csp-only-reports")
        }
        (true, false) => Message::new("golive.header-missing").with("name", name),
        (false, _) => Message::new("golive.csp-without-scripts"),
    };
    hits.once(view.url(), view.url().host_str().unwrap_or_default(), message, policies.evidence());
}

pub(super) fn csp_no_unsafe(view: &PageView, hits: &mut Hits) {
    let policies = Policies::of(view);
    for sources in policies.enforced.iter().filter_map(|policy| policy.of("script-src")) {
        let strict = sources.iter().any(|source| HASH_OR_NONCE.is_match(source));
        let open = sources.iter().map(|source| source.to_ascii_lowercase()).filter(|source| match source.as_str() {
            // Browsers leave it out of account beside a nonce or a hash.
            "'unsafe-inline'" => !strict,
            "'unsafe-eval'" | "*" | "http:" | "https:" | "data:" => true,
            _ => false,
        });
        let open: Vec<String> = open.collect();
        if !open.is_empty() {
            let what = open.join(" ");
            let message = Message::new("golive.csp-unsafe").with("what", &what);
            hits.once(view.url(), &what, message, policies.evidence());
        }
    }
}

pub(super) fn frames(view: &PageView, hits: &mut Hits) {
    let header = view.page.document.header("x-frame-options").map(|value| value.trim().to_ascii_lowercase());
    let by_header = header.as_deref().is_some_and(|value| value.starts_with("deny") || value.starts_with("sameorigin"));
    // In markup `frame-ancestors` does not count: only the header does.
    let headers = view.page.document.headers.iter().filter(|(name, _)| name == "content-security-policy");
    let limited = |policy: &Policy| {
        policy
            .exact("frame-ancestors")
            .is_some_and(|all| !all.iter().any(|one| matches!(one.as_str(), "*" | "https:" | "http:")))
    };
    let by_policy = headers.flat_map(|(_, value)| value.split(',')).any(|text| limited(&Policy::read(text)));
    if !by_header && !by_policy {
        let evidence =
            Evidence::Header { name: "x-frame-options".to_owned(), value: header.map(|value| short(&masked(&value))) };
        let host = view.url().host_str().unwrap_or_default();
        hits.once(view.url(), host, Message::new("golive.can-be-framed"), vec![evidence]);
    }
}

pub(super) fn hardening(view: &PageView, hits: &mut Hits) {
    let document = &view.page.document;
    let value = |name: &str| document.header(name).map(|value| value.trim().to_ascii_lowercase());
    let metas = [LocalName::from("meta")];
    let meta = |name: &str| {
        view.parts.first().is_some_and(|part| {
            part.document
                .named(&metas)
                .any(|one| one.attr("name").is_some_and(|known| known.eq_ignore_ascii_case(name)))
        })
    };
    let mut missing: Vec<&str> = Vec::new();
    if value("x-content-type-options").as_deref() != Some("nosniff") {
        missing.push("X-Content-Type-Options: nosniff");
    }
    if value("referrer-policy").is_none_or(|policy| policy.is_empty() || policy == "unsafe-url") && !meta("referrer") {
        missing.push("Referrer-Policy");
    }
    if !value("cache-control")
        .is_some_and(|cache| ["no-store", "private", "no-cache"].iter().any(|word| cache.contains(word)))
    {
        missing.push("Cache-Control: no-store");
    }
    if !missing.is_empty() {
        let list = missing.join(", ");
        hits.once(view.url(), &list, Message::new("golive.headers-missing").with("names", &list), Vec::new());
    }
}

/// A cookie as it is set; its value is never kept.
struct Cookie {
    name: String,
    secure: bool,
    http_only: bool,
    same_site: bool,
}

fn cookies(view: &PageView) -> Vec<Cookie> {
    let set = view.page.document.headers.iter().filter(|(name, _)| name == "set-cookie");
    set.filter_map(|(_, value)| {
        let mut pieces = value.split(';').map(str::trim);
        let name = pieces.next()?.split('=').next()?.trim().to_owned();
        let flags: Vec<String> = pieces.map(str::to_ascii_lowercase).collect();
        let has = |flag: &str| flags.iter().any(|one| one == flag);
        let same_site = flags.iter().any(|one| one.starts_with("samesite"));
        Some(Cookie { name, secure: has("secure"), http_only: has("httponly"), same_site })
    })
    .take(100)
    .collect()
}

pub(super) fn cookie_flags(view: &PageView, hits: &mut Hits) {
    for cookie in cookies(view).iter().filter(|cookie| SESSION.is_match(&cookie.name)) {
        let secure = cookie.secure || view.url().scheme() != "https";
        let missing: Vec<&str> = [("Secure", secure), ("HttpOnly", cookie.http_only), ("SameSite", cookie.same_site)]
            .into_iter()
            .filter_map(|(flag, there)| (!there).then_some(flag))
            .collect();
        if !missing.is_empty() {
            let name = short(&masked(&cookie.name));
            let message = Message::new("golive.cookie-flags").with("name", &name).with("missing", missing.join(", "));
            // The name only: the value of a session is a secret.
            let evidence = Evidence::Header { name: "set-cookie".to_owned(), value: Some(format!("{name}=****")) };
            hits.once(view.url(), &name, message, vec![evidence]);
        }
    }
}

pub(super) fn csrf(view: &PageView, hits: &mut Hits) {
    let sessions = cookies(view);
    let unprotected = sessions.iter().any(|cookie| SESSION.is_match(&cookie.name) && !cookie.same_site);
    let in_cookie = sessions.iter().any(|cookie| CSRF_NAME.is_match(&cookie.name));
    let in_meta = view
        .named(&[LocalName::from("meta")])
        .any(|(_, meta)| meta.attr("name").is_some_and(|name| CSRF_NAME.is_match(name)));
    if !unprotected || in_cookie || in_meta {
        return;
    }
    let tokens: HashSet<_> = view
        .named(&[LocalName::from("input")])
        .filter(|(_, input)| input.attr("name").is_some_and(|name| CSRF_NAME.is_match(name)))
        .filter_map(|(part, input)| Some((part, form_of(&input)?)))
        .collect();
    for (part, form) in view.named(&[LocalName::from("form")]) {
        let posts = form.attr("method").is_some_and(|method| method.trim().eq_ignore_ascii_case("post"));
        if posts && !tokens.contains(&(part, form.node.id())) {
            hits.element(view, part, &form, Message::new("golive.no-csrf"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_admit_as_browsers_do() {
        for (source, host, path, expected) in [
            ("https://sdk.mercadopago.com", "sdk.mercadopago.com", "/js/v2", true),
            ("sdk.mercadopago.com", "sdk.mercadopago.com", "/js/v2", true),
            ("*.mercadopago.com", "sdk.mercadopago.com", "/js/v2", true),
            ("https://*.mercadopago.com:443", "api.mercadopago.com", "/", true),
            ("*.mercadopago.com", "mercadopago.com", "/", false),
            ("https://sdk.mercadopago.com/js/v2", "sdk.mercadopago.com", "/js/v2", true),
            ("https://sdk.mercadopago.com/js/", "sdk.mercadopago.com", "/js/v2", true),
            ("https://sdk.mercadopago.com/v1", "sdk.mercadopago.com", "/js/v2", false),
            ("https:", "sdk.mercadopago.com", "/", true),
            ("'self'", "sdk.mercadopago.com", "/", false),
            ("evilmercadopago.com", "sdk.mercadopago.com", "/", false),
            ("data:", "sdk.mercadopago.com", "/", false),
        ] {
            assert_eq!(admits(source, host, path), expected, "{source} {host}");
        }
    }

    #[test]
    fn directives_fall_back() {
        let policy = Policy::read("default-src 'self'; script-src https://a.example; script-src *");
        assert_eq!(policy.of("script-src-elem").unwrap(), ["https://a.example"]);
        assert_eq!(policy.of("frame-src").unwrap(), ["'self'"]);
        assert!(Policy::read("img-src *").of("connect-src").is_none());
    }
}
