//! Stand-in for `golive::page::outline`: the same names with the few facts that the crawler needs.
//!
//! To be replaced by `use crate::golive::page::{Outline, outline}` once both are in one branch.

use std::sync::LazyLock;

use scraper::{Html, Selector};
use url::Url;

/// A link of a page.
pub(super) struct Link {
    pub(super) url: Url,
    pub(super) text: String,
    pub(super) rel: String,
}

/// What a page leads to and loads.
pub(super) struct Outline {
    pub(super) links: Vec<Link>,
    pub(super) scripts: Vec<Url>,
    pub(super) frames: Vec<Url>,
    pub(super) refresh: Option<Url>,
}

static PARTS: LazyLock<Option<Selector>> = LazyLock::new(|| {
    Selector::parse("base[href], a[href], area[href], script[src], iframe[src], frame[src], meta[http-equiv]").ok()
});

/// Reads the outline of a page that came from `base`.
pub(super) fn outline(html: &str, base: &Url) -> Outline {
    let mut outline = Outline { links: Vec::new(), scripts: Vec::new(), frames: Vec::new(), refresh: None };
    let Some(parts) = PARTS.as_ref() else { return outline };
    let document = Html::parse_document(html);
    let mut base = base.clone();
    for element in document.select(parts) {
        let attr = |name| element.value().attr(name);
        let address = attr("href").or(attr("src")).and_then(|address| base.join(address.trim()).ok());
        match (element.value().name(), address) {
            ("base", Some(url)) => base = url,
            ("a" | "area", Some(url)) if outline.links.len() < 5_000 => {
                let text = element.text().take(20).flat_map(|text| text.chars()).take(200).collect();
                outline.links.push(Link { url, text, rel: attr("rel").unwrap_or_default().to_owned() });
            }
            ("script", Some(url)) if outline.scripts.len() < 500 => outline.scripts.push(url),
            ("iframe" | "frame", Some(url)) if outline.frames.len() < 500 => outline.frames.push(url),
            ("meta", _) if attr("http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh")) => {
                let target = attr("content").and_then(|content| content.split_once("url="));
                outline.refresh = target.and_then(|(_, target)| base.join(target.trim_matches(['\'', '"', ' '])).ok());
            }
            _ => {}
        }
    }
    outline
}
