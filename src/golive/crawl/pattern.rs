//! The user's patterns: which addresses belong to the shop and which are left alone. Words only, no network.

use url::Url;

use super::robots::{matches, normal};
use crate::i18n::Message;
use crate::run::Problem;

/// Longest pattern.
const MAX_LENGTH: usize = 2_000;

/// A pattern of addresses: `/checkout/*` in the shop, `pay.shop.example` or `https://pay.shop.example/x*` on another
/// host. `*` stands for anything, `$` at the end for the end; what is not ended so is a beginning, as in `robots.txt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Host with its port when it is not the usual one, lower case; `None` means the shop itself.
    host: Option<String>,
    path: String,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A problem of the input when it is empty, too long or names no host where one is needed.
    pub fn parse(word: &str) -> Result<Pattern, Problem> {
        let refuse = || {
            let problem = Problem::input(Message::new("crawl.bad-pattern").with("pattern", word));
            Err(problem.fix(Message::new("crawl.bad-pattern-fix")))
        };
        let text = word.trim();
        if text.is_empty() || text.len() > MAX_LENGTH || text.chars().any(|sign| sign.is_whitespace()) {
            return refuse();
        }
        if text.starts_with('/') || text.starts_with('*') {
            return Ok(Pattern { host: None, path: normal(text) });
        }
        let rest = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(text);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // Reading it as an address brings the host into the form that addresses have.
        let Some(read) = Url::parse(&format!("https://{host}/")).ok().filter(|url| url.username().is_empty()) else {
            return refuse();
        };
        let named = host.contains('.') || host.contains(':') || host == "localhost";
        match authority(&read) {
            Some(host) if named => Ok(Pattern { host: Some(host), path: normal(path) }),
            _ => refuse(),
        }
    }

    /// Whether it names a host.
    fn names(&self, url: &Url) -> bool {
        self.host.is_some() && self.host == authority(url)
    }

    fn holds(&self, url: &Url) -> bool {
        (self.host.is_none() || self.names(url)) && matches(self.path.as_bytes(), path_of(url).as_bytes())
    }
}

/// The host and, unless it is the usual one, the port.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?.to_ascii_lowercase();
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host,
    })
}

fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => normal(&format!("{}?{query}", url.path())),
        None => normal(url.path()),
    }
}

/// The patterns of one crawl. What is denied is never read; with patterns of paths, nothing else of the shop is
/// followed; hosts that are allowed belong to the shop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    /// What is read.
    pub allow: Vec<Pattern>,
    /// What is not read, whatever is allowed.
    pub deny: Vec<Pattern>,
}

impl Patterns {
    /// Whether an address belongs to the shop because its host is allowed.
    pub(super) fn adopts(&self, url: &Url) -> bool {
        matches!(url.scheme(), "http" | "https") && self.allow.iter().any(|one| one.names(url) && one.holds(url))
    }

    /// Why an address is not read by the user's will, if so.
    pub(super) fn refuses(&self, url: &Url) -> Option<Message> {
        if self.deny.iter().any(|one| one.holds(url)) {
            return Some(Message::new("crawl.denied"));
        }
        let mut of_paths = self.allow.iter().filter(|one| one.host.is_none()).peekable();
        of_paths.peek()?;
        let read = of_paths.any(|one| one.holds(url)) || self.adopts(url);
        (!read).then(|| Message::new("crawl.not-allowed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn patterns(allow: &[&str], deny: &[&str]) -> Patterns {
        let read = |words: &[&str]| words.iter().map(|word| Pattern::parse(word).unwrap()).collect();
        Patterns { allow: read(allow), deny: read(deny) }
    }

    #[test]
    fn hosts_that_are_allowed_belong_to_the_shop() {
        let patterns = patterns(&["pago.tienda.example", "https://caja.example:8443/pagar/*"], &[]);
        for (address, held) in [
            ("https://pago.tienda.example/x", true),
            ("http://PAGO.tienda.example/", true),
            ("https://otra.tienda.example/", false),
            ("https://caja.example:8443/pagar/1", true),
            ("https://caja.example:8443/admin", false),
            ("https://caja.example/pagar/1", false),
            ("ftp://pago.tienda.example/", false),
        ] {
            assert_eq!(patterns.adopts(&url(address)), held, "{address}");
        }
        assert_eq!(patterns.refuses(&url("https://tienda.example/algo")), None);
    }

    #[test]
    fn what_is_denied_wins_and_paths_narrow() {
        let narrow = patterns(&["/tienda/", "*.html$"], &["/tienda/viejo", "*?debug="]);
        for (path, key) in [
            ("/tienda/1", None),
            ("/a.html", None),
            ("/a.html?x", Some("crawl.not-allowed")),
            ("/blog", Some("crawl.not-allowed")),
            ("/tienda/viejo/1", Some("crawl.denied")),
            ("/tienda/1?debug=1", Some("crawl.denied")),
        ] {
            let reason = narrow.refuses(&url("https://tienda.example").join(path).unwrap());
            assert_eq!(reason.map(|reason| reason.key.into_owned()), key.map(str::to_owned), "{path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for word in ["", " ", "checkout", "a b", "https://", "ana@tienda.example/x"] {
            assert!(Pattern::parse(word).is_err(), "{word}");
        }
    }
}
