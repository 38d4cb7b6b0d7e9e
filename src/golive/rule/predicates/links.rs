//! Links of the shop that lead to nothing.
//!
//! Only what the crawl asked for is judged: a link that nobody followed is neither good nor bad.

use super::terms;
use crate::golive::evidence::DeadLink;
use crate::golive::rule::hits::{Hits, masked, shown_url};
use crate::golive::rule::shop::{Answer, ShopView};
use crate::i18n::Message;
use crate::run::{Evidence, Place, Severity};

/// Longest `href` that a selector quotes, in bytes.
const MAX_HREF: usize = 300;

pub(super) fn answer(shop: &ShopView, hits: &mut Hits) -> Answer {
    if shop.facts.saved {
        return Answer::Inconclusive(Message::new("golive.saved-material"));
    }
    // Terms that lead to nothing are a fault of their own, told by `terms-page-reachable`.
    let of_terms = terms::lead_to(shop);
    for link in shop.facts.dead.iter().filter(|link| !of_terms(&link.url)) {
        let shown = shown_url(&link.url);
        let message = match link.status {
            Some(status) => Message::new("golive.link-answered").with("url", &shown).with("status", status),
            None => Message::new("golive.link-unresolved").with("host", link.url.host_str().unwrap_or("?")),
        };
        let place = Place {
            url: Some(shown_url(&link.page)),
            line: Some(link.line),
            column: Some(link.column),
            selector: selector(link),
            ..Place::default()
        };
        // Where somebody is about to pay, a dead end costs the sale.
        let paying = shop.pages.iter().any(|page| page.summary.checkout && page.url == link.page);
        hits.weigh(if paying { Severity::Warning } else { Severity::Advice });
        hits.at(place, &shown, message, vec![Evidence::Answer { url: shown.clone(), status: link.status }]);
    }
    shop.unseen().map_or(Answer::LookedAt(shop.pages.len()), Answer::Inconclusive)
}

/// `a[href="…"]`, as the page writes it; `None` when it is too long or has to be masked.
fn selector(link: &DeadLink) -> Option<String> {
    let selector = format!("a[href=\"{}\"]", link.href.replace('\\', "\\\\").replace('"', "\\\""));
    (link.href.len() <= MAX_HREF && !link.href.contains(char::is_control) && masked(&selector) == selector)
        .then_some(selector)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn a_selector_names_the_link_and_survives_quotes() {
        let url = Url::parse("https://shop.example/x").unwrap();
        let of = |href: &str| {
            let (url, page, href) = (url.clone(), url.clone(), href.to_owned());
            selector(&DeadLink { url, status: Some(404), page, href, line: 1, column: 1 })
        };
        for href in ["/promo/vencida.html", "a?b=\"c\"&d", "a\\b"] {
            let html = format!("<a href='/other'>x</a><a href='{href}'>y</a>");
            let parsed = scraper::Selector::parse(&of(href).unwrap()).unwrap();
            assert_eq!(scraper::Html::parse_document(&html).select(&parsed).count(), 1, "{href}");
        }
        assert_eq!((of(&"x".repeat(301)), of("a\nb")), (None, None));
    }
}
