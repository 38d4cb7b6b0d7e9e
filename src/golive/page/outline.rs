//! The outline of a page: what a crawler needs to know of it, owned and bounded.

use html5ever::LocalName;
use url::Url;

use super::document::{Document, Element};
use super::generation::{is_sdk_v1, is_sdk_v2};
use super::imports::{Imports, imports_of_page};
use super::leads::served_of;

/// Most links, scripts and frames that are kept of one page.
const MAX_LINKS: usize = 5_000;
const MAX_RESOURCES: usize = 500;
/// Most texts that inline scripts lead to.
const MAX_SERVED: usize = 20;
/// Longest text kept of a title or a link, in characters.
const MAX_TEXT: usize = 200;
/// Longest address that is followed, in bytes.
const MAX_URL: usize = 8_192;
/// Below this many characters of text a page with an app root is taken to be drawn by JavaScript.
const LITTLE_TEXT: usize = 200;

/// A link of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads, resolved against the base of the page; any scheme.
    pub url: Url,
    /// Its words (or `aria-label`, `title`, the `alt` of its image), white space folded, at most 200 characters.
    pub text: String,
    /// Its `rel`, lower case; empty without one.
    pub rel: String,
    /// The place of its element in document order: the element says how it is written and where it stands.
    pub place: usize,
}

/// What a page leads to and loads, with nothing judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// Title, at most 200 characters.
    pub title: String,
    /// `lang` of the root element.
    pub lang: Option<String>,
    /// Address that relative ones are resolved against: `<base href>` or the page's own.
    pub base: Url,
    /// Links in document order, at most 5,000.
    pub links: Vec<Link>,
    /// Addresses of external scripts that a browser would run, at most 500.
    pub scripts: Vec<Url>,
    /// Modules that the markup names: inline scripts, import maps, `modulepreload`.
    pub imports: Imports,
    /// What inline scripts lead to beside modules ([`super::leads_of`]).
    pub served: Vec<Url>,
    /// Addresses of frames, at most 500.
    pub frames: Vec<Url>,
    /// Where `<meta http-equiv=refresh>` leads.
    pub refresh: Option<Url>,
    /// Whether the page seems to be drawn by JavaScript: an app root or scripts, but hardly any text, form or link.
    pub needs_javascript: bool,
    /// Whether `<meta name=robots>` asks not to follow its links.
    pub nofollow: bool,
    /// Whether it has a field for a password.
    pub password: bool,
    /// Whether something was left out because a bound was reached.
    pub cut: bool,
}

/// Reads the outline of a page that came from `base`.
pub fn outline(html: &str, base: &Url) -> Outline {
    of_document(&Document::parse(html), base)
}

/// The outline of a document that is parsed already.
pub fn of_document(document: &Document, address: &Url) -> Outline {
    let base = document
        .named(&[LocalName::from("base")])
        .find_map(|element| join(address, element.attr("href")?))
        .unwrap_or_else(|| address.clone());
    let mut outline = Outline {
        title: String::new(),
        lang: None,
        base: base.clone(),
        links: Vec::new(),
        scripts: Vec::new(),
        imports: imports_of_page(document, &base),
        served: Vec::new(),
        frames: Vec::new(),
        refresh: None,
        needs_javascript: false,
        nofollow: false,
        password: false,
        cut: document.cut(),
    };
    let mut titled = false;
    let told = ["html", "title", "a", "area", "script", "iframe", "frame", "meta", "input"].map(LocalName::from);
    for element in document.named(&told) {
        match element.name() {
            "html" => outline.lang = element.attr("lang").map(|lang| lang.trim().to_owned()).filter(|l| !l.is_empty()),
            // An SVG has titles too; the first one is the page's.
            "title" if !titled => {
                titled = true;
                outline.title = text_of(&element, MAX_TEXT);
            }
            "a" | "area" => {
                let Some(url) = element.attr("href").and_then(|href| join(&base, href)) else { continue };
                if outline.links.len() >= MAX_LINKS {
                    outline.cut = true;
                    continue;
                }
                let rel = element.attr("rel").unwrap_or_default().to_ascii_lowercase();
                outline.links.push(Link { url, text: label_of(&element), rel, place: element.place });
            }
            "script" if runs(&element) => {
                if element.attr("src").is_none() && outline.served.len() < MAX_SERVED {
                    let text: String = element.node.text().collect();
                    outline.served.extend(served_of(&text, &base).served);
                }
                push_bounded(&mut outline.scripts, &mut outline.cut, element.attr("src").and_then(|u| join(&base, u)));
            }
            "iframe" | "frame" => {
                push_bounded(&mut outline.frames, &mut outline.cut, element.attr("src").and_then(|u| join(&base, u)));
            }
            "meta" => {
                outline.nofollow |= asks_nofollow(&element);
                if outline.refresh.is_none() {
                    outline.refresh = refresh_of(&element).and_then(|target| join(&base, target));
                }
            }
            "input" => {
                outline.password |= element.attr("type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"));
            }
            _ => {}
        }
    }
    outline.needs_javascript = needs_javascript(document);
    outline
}

/// Whether a `script` element is one that a browser runs.
pub fn runs(element: &Element) -> bool {
    let kind = element.attr("type").unwrap_or_default().trim().to_ascii_lowercase();
    kind.is_empty()
        || kind == "module"
        || kind.contains("javascript")
        || kind.contains("ecmascript")
        || kind == "text/jscript"
}

fn push_bounded(list: &mut Vec<Url>, cut: &mut bool, url: Option<Url>) {
    let Some(url) = url else { return };
    if list.len() >= MAX_RESOURCES {
        *cut = true;
    } else {
        list.push(url);
    }
}

/// Resolves an address as browsers do; `None` when it is empty, absurdly long or not an address.
pub(super) fn join(base: &Url, href: &str) -> Option<Url> {
    let href = href.trim();
    if href.is_empty() || href.len() > MAX_URL {
        return None;
    }
    base.join(href).ok()
}

/// Whether a `meta` asks every crawler, or this one, not to follow links.
fn asks_nofollow(element: &Element) -> bool {
    let name = element.attr("name").unwrap_or_default().trim();
    let rules = element.attr("content").unwrap_or_default();
    ["robots", "homologa"].iter().any(|one| name.eq_ignore_ascii_case(one))
        && rules
            .split(',')
            .map(str::trim)
            .any(|rule| rule.eq_ignore_ascii_case("nofollow") || rule.eq_ignore_ascii_case("none"))
}

/// The target of `content="5; url=/x"`.
fn refresh_of<'d>(element: &Element<'d>) -> Option<&'d str> {
    if !element.attr("http-equiv")?.trim().eq_ignore_ascii_case("refresh") {
        return None;
    }
    let (_, target) = element.attr("content")?.split_once([';', ','])?;
    let target = target.trim();
    let target = match target.get(..3) {
        Some(start) if start.eq_ignore_ascii_case("url") => target[3..].trim_start().strip_prefix('=')?,
        _ => target,
    };
    Some(target.trim().trim_matches(['"', '\'']))
}

/// The words inside an element, white space folded, cut at `limit` characters.
pub(super) fn text_of(element: &Element, limit: usize) -> String {
    let mut text = String::new();
    let mut count = 0;
    for piece in element.node.text() {
        for word in piece.split_whitespace() {
            if count > 0 {
                text.push(' ');
                count += 1;
            }
            text.extend(word.chars().take(limit.saturating_sub(count)));
            count += word.chars().count();
            if count >= limit {
                return text;
            }
        }
    }
    text
}

fn label_of(element: &Element) -> String {
    let text = text_of(element, MAX_TEXT);
    if !text.is_empty() {
        return text;
    }
    let image = element.node.descendent_elements().take(20).find_map(|inner| inner.value().attr("alt"));
    let label = element.attr("aria-label").or(element.attr("title")).or(element.attr("alt")).or(image);
    label.unwrap_or_default().trim().chars().take(MAX_TEXT).collect()
}

/// Little to read, nothing to fill in, and scripts that will draw the rest.
fn needs_javascript(document: &Document) -> bool {
    let (mut text, mut controls, mut links, mut scripts, mut root, mut sdk) = (0, 0, 0, 0, false, false);
    for element in document.elements() {
        let name = element.name();
        match name {
            "script" => {
                scripts += usize::from(runs(&element));
                let src = element.attr("src").unwrap_or_default();
                sdk |= is_sdk_v1(src) || is_sdk_v2(src);
            }
            "input" | "select" | "textarea" => controls += usize::from(element.attr("type") != Some("hidden")),
            "a" => links += 1,
            _ => {}
        }
        let id = element.attr("id").unwrap_or_default();
        root |= matches!(id, "root" | "app" | "__next" | "__nuxt" | "___gatsby" | "app-root" | "svelte")
            || matches!(name, "app-root" | "router-outlet")
            || ["ng-app", "data-ng-app", "data-reactroot", "ng-version"].iter().any(|at| element.attr(at).is_some());
        if !matches!(name, "html" | "head" | "title" | "script" | "style" | "noscript" | "template" | "option") {
            text += element
                .node
                .children()
                .filter_map(|child| child.value().as_text())
                .map(|own| own.trim().chars().count())
                .sum::<usize>();
        }
        if controls > 0 || text >= LITTLE_TEXT {
            return false;
        }
    }
    // A short page that names the SDK itself is a plain page whose fields Mercado Pago draws.
    scripts > 0 && controls == 0 && text < LITTLE_TEXT && (root || (links == 0 && text < 40 && !sdk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Outline {
        outline(html, &Url::parse("https://shop.example/a/page.html").unwrap())
    }

    #[test]
    fn links_scripts_and_frames_are_resolved_against_the_base() {
        let document = Document::parse(concat!(
            "<html lang=es-AR><title> Mi\n tienda </title><base href='/b/'>",
            "<meta http-equiv=Refresh content='3; URL=\"next\"'>\n",
            "<a href=' x?y=1#z ' rel='NoFollow'>Ir <b>a</b> pagar</a><a name=q>no</a><a href='mailto:a@b.c'><img alt=Correo></a>",
            "<script src=s.js></script><script type='text/template' src=t.js></script><iframe src=//other.example/f></iframe>",
            "<template><a href=inert>x</a></template><!-- <a href=comment> -->",
        ));
        let outline = of_document(&document, &Url::parse("https://shop.example/a/page.html").unwrap());
        assert_eq!((outline.title.as_str(), outline.lang.as_deref()), ("Mi tienda", Some("es-AR")));
        let links: Vec<_> = outline.links.iter().map(|link| (link.url.as_str(), link.text.as_str())).collect();
        assert_eq!(links, [("https://shop.example/b/x?y=1#z", "Ir a pagar"), ("mailto:a@b.c", "Correo")]);
        let first = document.element(outline.links[0].place).and_then(|link| link.start).unwrap();
        assert_eq!((outline.links[0].rel.as_str(), document.line_column(first)), ("nofollow", (3, 1)));
        assert_eq!(outline.scripts, [Url::parse("https://shop.example/b/s.js").unwrap()]);
        assert_eq!(outline.frames, [Url::parse("https://other.example/f").unwrap()]);
        assert_eq!(outline.refresh, Some(Url::parse("https://shop.example/b/next").unwrap()));
        assert!(!outline.needs_javascript);
    }

    #[test]
    fn an_empty_app_needs_javascript_and_a_written_page_does_not() {
        assert!(read("<body><div id=root></div><script src=/main.js></script>").needs_javascript);
        assert!(
            read("<noscript>Please turn on JavaScript</noscript><div id=__next></div><script>1</script>")
                .needs_javascript
        );
        assert!(!read("<div id=app><form><input></form></div><script src=/main.js></script>").needs_javascript);
        assert!(!read(&format!("<div id=app>{}</div><script>1</script>", "texto ".repeat(80))).needs_javascript);
        assert!(!read("<p>Gracias por tu compra</p>").needs_javascript);
    }

    #[test]
    fn links_are_bounded() {
        let outline = read(&"<a href=/x>x</a>".repeat(6_000));
        assert_eq!(outline.links.len(), 5_000);
        assert!(outline.cut);
    }
}
