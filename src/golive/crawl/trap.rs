//! Addresses without an end: calendars, sessions in the address, folders in folders. Words only, no network.

use std::borrow::Cow;

use url::Url;

/// Parameters that name a visit or where a visitor came from, not a page.
const VISIT: &[&str] = &[
    "phpsessid",
    "jsessionid",
    "aspsessionid",
    "asp.net_sessionid",
    "sessionid",
    "session_id",
    "sid",
    "oscsid",
    "zenid",
    "cfid",
    "cftoken",
    "gclid",
    "fbclid",
    "msclkid",
    "yclid",
    "dclid",
    "_ga",
    "_gl",
    "mc_cid",
    "mc_eid",
    "igshid",
    "ref_src",
];
/// Longest path that is followed.
const MAX_PATH: usize = 1_000;
/// Most folders of a path.
const MAX_SEGMENTS: usize = 20;
/// How often one name may stand in a path.
const MAX_REPEATS: usize = 3;

/// What two addresses of one page have in common: no session, no campaign, parameters in one order.
pub(super) fn key(url: &Url) -> Cow<'_, str> {
    let text = url.as_str();
    let Some(query) = url.query() else {
        // Most addresses are their own key.
        if !text.contains(';') {
            return Cow::Borrowed(text);
        }
        let mut plain = url.clone();
        plain.set_path(&without_session(url.path()));
        return Cow::Owned(plain.into());
    };
    let mut kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !of_visit(pair)).collect();
    kept.sort_unstable();
    let mut plain = url.clone();
    plain.set_path(&without_session(url.path()));
    plain.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    Cow::Owned(plain.into())
}

fn of_visit(pair: &str) -> bool {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = name.to_ascii_lowercase();
    name.starts_with("utm_")
        || VISIT.contains(&name.as_str())
        // `s=` and `session=` are words of searches too: only what looks like a session counts.
        || (matches!(name.as_str(), "s" | "session" | "sess" | "token")
            && value.len() >= 20
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The path without `;jsessionid=…` and the like.
fn without_session(path: &str) -> String {
    let mut plain = String::with_capacity(path.len());
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            plain.push('/');
        }
        let mut pieces = segment.split(';');
        plain.push_str(pieces.next().unwrap_or_default());
        for piece in pieces.filter(|piece| !of_visit(piece)) {
            plain.push(';');
            plain.push_str(piece);
        }
    }
    plain
}

/// Whether a path repeats itself or is longer than any page a shop has: links that are resolved wrongly grow so.
pub(super) fn grows(url: &Url) -> bool {
    let path = url.path();
    if path.len() > MAX_PATH {
        return true;
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if segments.len() > MAX_SEGMENTS {
        return true;
    }
    let repeated = |name: &str| segments.iter().filter(|other| **other == name).count() >= MAX_REPEATS;
    // Two folders that alternate: /a/b/a/b.
    let alternates = segments.windows(4).any(|four| four[0] == four[2] && four[1] == four[3] && four[0] != four[1]);
    alternates || segments.iter().any(|name| name.len() > 1 && repeated(name))
}

/// Whether an address is one day or month of a calendar: its path ends in a date.
pub(super) fn dated(url: &Url) -> bool {
    let mut segments: Vec<&str> = url.path().trim_end_matches('/').split('/').collect();
    let Some(last) = segments.pop() else { return false };
    let last = last.split_once('.').map_or(last, |(stem, _)| stem);
    let number = |text: &str, from: u32, to: u32| {
        text.len() <= 4 && text.parse::<u32>().is_ok_and(|number| (from..=to).contains(&number))
    };
    let year = |text: &str| text.len() == 4 && number(text, 1900, 2199);
    let mut written = last.split(['-', '_']);
    let one = written.next().is_some_and(year) && {
        let rest: Vec<&str> = written.collect();
        (1..=2).contains(&rest.len()) && rest.iter().all(|part| number(part, 1, 31))
    };
    one || match (segments.pop(), segments.pop()) {
        (Some(before), _) if year(before) && number(last, 1, 12) => true,
        (Some(month), Some(before)) => year(before) && number(month, 1, 12) && number(last, 1, 31),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("https://tienda.example").unwrap().join(path).unwrap()
    }

    #[test]
    fn visits_and_campaigns_make_no_new_page() {
        for (path, other) in [
            ("/a;jsessionid=AB12?x=1", "/a?x=1"),
            ("/a?PHPSESSID=1&b=2", "/a?b=2"),
            ("/a?utm_source=x&utm_medium=y", "/a"),
            ("/a?b=2&a=1", "/a?a=1&b=2"),
            ("/a?s=0123456789abcdef0123456789abcdef", "/a"),
            ("/a?", "/a"),
        ] {
            assert_eq!(key(&url(path)), key(&url(other)), "{path}");
        }
        for (path, other) in [("/a?s=mate", "/a"), ("/a;v=1", "/a"), ("/a?token=corto", "/a"), ("/a", "/A")] {
            assert_ne!(key(&url(path)), key(&url(other)), "{path}");
        }
    }

    #[test]
    fn paths_that_grow_are_known() {
        for path in ["/dia/dia/dia/", "/a/b/a/b", "/x/css/x/css/", &"/a".repeat(21), &format!("/{}", "a".repeat(1_001))]
        {
            assert!(grows(&url(path)), "{path}");
        }
        for path in ["/", "/ropa/hombre/ropa", "/1/1/1", "/categoria/7/producto/7", "/es/ar/es"] {
            assert!(!grows(&url(path)), "{path}");
        }
    }

    #[test]
    fn days_and_months_are_known() {
        for path in ["/calendario/2026/11", "/2026/11/21/", "/agenda/2026-11-21", "/eventos/2026-11.html", "/a/2026_1"]
        {
            assert!(dated(&url(path)), "{path}");
        }
        for path in ["/producto/2026", "/blog/2026/11/mate", "/p/11/21", "/talle-2026-azul", "/", "/2026-99"] {
            assert!(!dated(&url(path)), "{path}");
        }
    }

    #[test]
    fn a_lone_percent_sign_does_no_harm() {
        let url = Url::parse("https://tienda.example/%").unwrap();
        key(&url);
        assert!(!dated(&url));
    }

    proptest::proptest! {
        #[test]
        fn no_address_does_harm(path in "[a-z0-9/;=?&%.-]{0,60}") {
            let Ok(url) = Url::parse(&format!("https://tienda.example/{path}")) else { return Ok(()) };
            key(&url);
            grows(&url);
            dated(&url);
        }
    }
}
