//! The cookies of one crawl: what the shop sets goes back to the shop, as far as a browser would send it.
//!
//! Many shops answer with a redirect until their cookie comes back. Nothing is kept beyond the crawl, nothing of it
//! enters a record, and only hosts of the shop are asked with cookies (the caller sees to that). Not responsible for
//! dates: a session that ends while the crawl lasts is the shop's to refuse.

use std::sync::{Mutex, PoisonError};

use url::{Host, Url};

/// Cookies that are kept.
const COOKIES: usize = 200;
/// Longest cookie, name and value.
const MAX_LENGTH: usize = 4_096;
/// Longest `Cookie` header that is sent.
const MAX_HEADER: usize = 8_192;

/// The cookies of a crawl.
#[derive(Debug, Default)]
pub(super) struct Jar(Mutex<Vec<Cookie>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    name: String,
    value: String,
    /// Host that set it, or the domain it names.
    host: String,
    /// Whether hosts below `host` get it as well.
    below: bool,
    path: String,
    secure: bool,
}

impl Jar {
    /// Keeps what an answer of `url` sets; `true` when this changed anything.
    pub(super) fn keep<'h>(&self, url: &Url, set_cookie: impl Iterator<Item = &'h str>) -> bool {
        let mut changed = false;
        for header in set_cookie.take(50) {
            let Some((cookie, ends)) = parse(header, url) else { continue };
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let same =
                |other: &Cookie| (&other.name, &other.host, &other.path) == (&cookie.name, &cookie.host, &cookie.path);
            match kept.iter().position(same) {
                Some(at) if ends => {
                    kept.remove(at);
                    changed = true;
                }
                Some(at) if kept[at] != cookie => {
                    kept[at] = cookie;
                    changed = true;
                }
                None if !ends && kept.len() < COOKIES => {
                    kept.push(cookie);
                    changed = true;
                }
                _ => {}
            }
        }
        changed
    }

    /// The `Cookie` header for an address, if there is anything to send.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut header = String::new();
        for cookie in kept.iter().filter(|cookie| cookie.fits(url)) {
            if header.len() + cookie.name.len() + cookie.value.len() + 3 > MAX_HEADER {
                break;
            }
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(&cookie.name);
            header.push('=');
            header.push_str(&cookie.value);
        }
        (!header.is_empty()).then_some(header)
    }
}

impl Cookie {
    fn fits(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let of_host = host == self.host
            || (self.below && host.strip_suffix(self.host.as_str()).is_some_and(|rest| rest.ends_with('.')));
        let path = url.path();
        let of_path = path
            .strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        of_host && of_path && (!self.secure || url.scheme() == "https")
    }
}

/// A cookie and whether the header ends it.
fn parse(header: &str, url: &Url) -> Option<(Cookie, bool)> {
    let mut pieces = header.split(';');
    let (name, value) = pieces.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let printable = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if name.is_empty() || name.len() + value.len() > MAX_LENGTH || !printable(name) || !printable(value) {
        return None;
    }
    let host = url.host_str()?.to_ascii_lowercase();
    // The default path of RFC 6265, section 5.1.4.
    let default = url.path().rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        host,
        below: false,
        path: default.to_owned(),
        secure: false,
    };
    let mut ends = value.is_empty() && header.to_ascii_lowercase().contains("1970");
    for piece in pieces {
        let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                let parent = cookie.host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'));
                // A domain that is not the host's own is refused; one without a dot would reach everybody.
                if domain.is_empty() {
                    continue;
                }
                let named = matches!(url.host(), Some(Host::Domain(_)));
                if domain != cookie.host && (!parent || !domain.contains('.') || !named) {
                    return None;
                }
                cookie.below = named;
                cookie.host = domain;
            }
            "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
            "secure" => cookie.secure = true,
            "max-age" => ends |= value.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
            _ => {}
        }
    }
    Some((cookie, ends))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn cookies_go_back_where_a_browser_would_send_them() {
        let jar = Jar::default();
        let from = url("https://www.tienda.example/cuenta/entrar");
        assert!(jar.keep(&from, ["a=1", "b=2; Path=/", "c=3; Domain=tienda.example; Path=/; Secure"].into_iter()));
        assert!(!jar.keep(&from, ["a=1"].into_iter()));
        for (address, expected) in [
            ("https://www.tienda.example/cuenta/x", Some("a=1; b=2; c=3")),
            ("https://www.tienda.example/cuentas", Some("b=2; c=3")),
            ("https://tienda.example/", Some("c=3")),
            ("http://tienda.example/", None),
            ("https://otratienda.example/", None),
        ] {
            assert_eq!(jar.header(&url(address)).as_deref(), expected, "{address}");
        }
        assert!(jar.keep(&from, ["b=; Max-Age=0; Path=/", "a=x"].into_iter()));
        assert_eq!(jar.header(&url("https://www.tienda.example/cuenta/x")).as_deref(), Some("a=x; c=3"));
    }

    #[test]
    fn foreign_domains_and_endless_cookies_are_refused() {
        let jar = Jar::default();
        let from = url("https://tienda.example/");
        let long = format!("x={}", "y".repeat(5_000));
        let odd = ["k=v; Domain=otra.example", "k=v; Domain=example", "=v", "k", "k=a\u{7}b", long.as_str()];
        assert!(!jar.keep(&from, odd.into_iter()));
        let many: Vec<String> = (0..1_000).map(|at| format!("n{at}={}", "v".repeat(100))).collect();
        for part in many.chunks(40) {
            jar.keep(&from, part.iter().map(String::as_str));
        }
        assert!(jar.header(&from).unwrap().len() <= MAX_HEADER);
        assert_eq!(jar.0.lock().unwrap().len(), COOKIES);
    }
}
