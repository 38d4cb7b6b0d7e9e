//! `robots.txt` as RFC 9309 has it: groups, longest match, `*` and `$`; besides `Crawl-delay` and `Sitemap`, which are
//! no part of it but widely meant.
//!
//! Not responsible for fetching it.

use std::time::Duration;

use url::Url;

/// Bytes that are read of a file: RFC 9309 asks crawlers to read at least this much.
pub(super) const BYTES: usize = 500 * 1024;
/// Rules that are kept of one file; what fits into [`BYTES`] with a pattern of some use is hardly more.
const RULES: usize = 20_000;
/// Sitemaps that are kept of one file.
const SITEMAPS: usize = 20;
/// Wildcards in a rule; more make the rule match as if it ended there.
const STARS: usize = 20;

/// The rules for one crawler.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Robots {
    rules: Vec<Rule>,
    closed: bool,
    /// Pause between two requests that the file asks of this crawler.
    pub(super) delay: Option<Duration>,
    /// Where the file says that the shop lists its pages.
    pub(super) sitemaps: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    allow: bool,
    pattern: String,
}

impl Robots {
    /// What RFC 9309 demands when the file cannot be had because of the server: nothing may be read.
    pub(super) fn closed_host() -> Robots {
        Robots { closed: true, ..Robots::default() }
    }

    /// Whether this is [`Robots::closed_host`].
    pub(super) fn closed(&self) -> bool {
        self.closed
    }

    /// Reads the groups for `product` (matched without case), or those for `*` when it has none of its own.
    pub(super) fn parse(text: &str, product: &str) -> Robots {
        let (mut own, mut general): (Vec<Rule>, Vec<Rule>) = (Vec::new(), Vec::new());
        let (mut has_own, mut for_own, mut for_all, mut in_agents) = (false, false, false, false);
        let (mut own_delay, mut general_delay) = (None, None);
        let mut sitemaps = Vec::new();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
            match key.as_str() {
                "user-agent" => {
                    if !in_agents {
                        (for_own, for_all) = (false, false);
                    }
                    in_agents = true;
                    let name = value.split(['/', ' ']).next().unwrap_or_default();
                    for_own |= name.eq_ignore_ascii_case(product);
                    for_all |= name == "*";
                    has_own |= for_own;
                }
                "allow" | "disallow" => {
                    in_agents = false;
                    // An empty pattern forbids nothing.
                    if value.is_empty() {
                        continue;
                    }
                    let rule = Rule { allow: key == "allow", pattern: normal(value) };
                    if for_own && own.len() < RULES {
                        own.push(rule.clone());
                    }
                    if for_all && general.len() < RULES {
                        general.push(rule);
                    }
                }
                // Neither ends a group: they are not rules.
                "crawl-delay" => {
                    let seconds = value.parse::<f64>().ok().filter(|seconds| (0.0..86_400.0).contains(seconds));
                    let delay = seconds.map(Duration::from_secs_f64);
                    if for_own {
                        own_delay = own_delay.max(delay);
                    }
                    if for_all {
                        general_delay = general_delay.max(delay);
                    }
                }
                "sitemap" if sitemaps.len() < SITEMAPS => sitemaps.push(value.to_owned()),
                _ => {}
            }
        }
        let (rules, delay) = if has_own { (own, own_delay) } else { (general, general_delay) };
        Robots { rules, closed: false, delay, sitemaps }
    }

    /// Whether an address may be read: the longest matching rule decides, `Allow` wins a draw.
    pub(super) fn allows(&self, url: &Url) -> bool {
        if self.closed {
            return false;
        }
        if self.rules.is_empty() {
            return true;
        }
        let path = match url.query() {
            Some(query) => normal(&format!("{}?{query}", url.path())),
            None => normal(url.path()),
        };
        let best = self
            .rules
            .iter()
            .filter(|rule| matches(rule.pattern.as_bytes(), path.as_bytes()))
            .max_by_key(|rule| (rule.pattern.len(), rule.allow));
        best.is_none_or(|rule| rule.allow)
    }
}

/// One form for addresses and patterns: percent codes in upper case, other signs beyond ASCII encoded.
pub(super) fn normal(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                text.push('%');
                for code in bytes.by_ref().take(2) {
                    text.push(char::from(code.to_ascii_uppercase()));
                }
            }
            0x21..=0x7e => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Whether `pattern` matches from the start of `path`.
pub(super) fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, to_end) = match pattern.strip_suffix(b"$") {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else { return false };
    let mut pieces = pieces.take(STARS).peekable();
    let mut open = false;
    while let Some(piece) = pieces.next() {
        open = true;
        let last = pieces.peek().is_none();
        if last && to_end {
            return rest.ends_with(piece);
        }
        if piece.is_empty() {
            continue;
        }
        match rest.windows(piece.len()).position(|window| window == piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    !to_end || rest.is_empty() || (open && pattern.ends_with(b"*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(text: &str, path: &str) -> bool {
        let url = Url::parse("https://a.example").unwrap().join(path).unwrap();
        Robots::parse(text, "homologa").allows(&url)
    }

    #[test]
    fn the_examples_of_the_standard_hold() {
        let star = "User-agent: *\n";
        let cases = [
            ("Disallow: /private", "/private/x", false),
            ("Disallow: /private", "/public", true),
            ("Disallow:", "/x", true),
            ("Disallow: /", "/x", false),
            ("Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/disallowed.gif", false),
            ("Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/", true),
            ("Disallow: /x\nAllow: /x", "/x", true),
            ("Disallow: *.gif$", "/a/b.gif", false),
            ("Disallow: *.gif$", "/a/b.gif?x", true),
            ("Disallow: /a*b*c", "/aXXbYYc/z", false),
            ("Disallow: /a*b*c", "/aXXcYYb", true),
            ("Disallow: /*?", "/x?y=1", false),
            ("Disallow: /*?", "/x", true),
            ("Disallow: /foo$", "/foo", false),
            ("Disallow: /foo$", "/foobar", true),
            ("Disallow: /caf%C3%A9", "/café", false),
            ("disALLOW : /x # comment", "/x", false),
            ("Disallow: /a*", "/a", false),
            ("Sitemap: https://a.example/s.xml\nDisallow: /s", "/s", false),
        ];
        for (rules, path, allowed) in cases {
            assert_eq!(allows(&format!("{star}{rules}\n"), path), allowed, "{rules} on {path}");
        }
    }

    #[test]
    fn the_own_group_decides_alone_and_groups_of_one_name_are_joined() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: Other\nUser-agent: HOMOLOGA/1.0\nDisallow: /a\n\
                    User-agent: homologa\nDisallow: /b\n";
        assert!(allows(text, "/c") && !allows(text, "/a") && !allows(text, "/b"));
        assert!(allows("User-agent: *\nDisallow: /\nUser-agent: homologa\nDisallow:\n", "/x"));
        assert!(!allows("User-agent: other\nDisallow: /x\nUser-agent: *\nDisallow: /y\n", "/y"));
        assert!(allows("", "/x") && allows("<html>not robots</html>", "/x"));
        assert!(!Robots::closed_host().allows(&Url::parse("https://a.example/x").unwrap()));
    }

    #[test]
    fn delays_and_sitemaps_are_read_and_end_no_group() {
        let text = "Sitemap: https://a.example/s.xml\nUser-agent: *\nCrawl-delay: 10\nDisallow: /x\n\
                    User-agent: homologa\nCrawl-delay: 0.5\nDisallow: /y\nsitemap: /t.xml";
        let robots = Robots::parse(text, "homologa");
        assert_eq!(robots.delay, Some(Duration::from_millis(500)));
        assert_eq!(robots.sitemaps, ["https://a.example/s.xml", "/t.xml"]);
        assert!(!allows(text, "/y") && allows(text, "/x"));
        assert_eq!(Robots::parse("User-agent: *\nCrawl-delay: NaN\nCrawl-delay: -1", "homologa").delay, None);
        // An agent line after an agent line with nothing but a delay between belongs to the same group.
        assert!(!allows("User-agent: homologa\nCrawl-delay: 1\nUser-agent: x\nDisallow: /z", "/z"));
    }

    #[test]
    fn many_stars_take_no_time() {
        let text = format!("User-agent: *\nDisallow: /{}x\n", "*a".repeat(200));
        assert!(allows(&text, &format!("/{}", "b".repeat(5_000))));
    }

    proptest::proptest! {
        #[test]
        fn no_file_and_no_path_does_harm(text in "(?s).{0,200}", rule in "[/a*$%é ]{0,20}", path in "[/a*$%éb?]{0,40}") {
            let url = Url::parse("https://a.example/").unwrap().join(&path);
            if let Ok(url) = url {
                Robots::parse(&text, "homologa").allows(&url);
                Robots::parse(&format!("User-agent: *\nDisallow: {rule}"), "homologa").allows(&url);
            }
        }
    }
}
