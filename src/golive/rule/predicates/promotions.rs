//! Promotions and financing: whether a shop tells of them, where one pays above all, and names Mercado Pago.
//!
//! The list of 2017 asks to communicate them; that of 2021 to say that they are Mercado Pago's. A page of the shop's
//! own about installments does the first, not the second.

use super::patterns;
use crate::golive::page::{LocalName, PageView};
use crate::golive::rule::hits::Hits;
use crate::golive::rule::shop::{Answer, ShopView};
use crate::i18n::Message;
use crate::run::Severity;

patterns! {
    // Borders of words are those of ASCII: the others would cost the quick engine on every text with accents.
    // What a link to promotions or financing says, or where it leads.
    LINK = r"(?i)promo[cç](?:iones|ión|ion|ões|oes|ao|ão)(?-u:\b)|(?-u:\b)promotions?(?-u:\b)|(?-u:\b)promos(?-u:\b)|cuotas|parcel(?:as|amento|ado|ar)|financia|installments|mensualidades|sin[-_ ]interes|sem[-_ ]juros";
    // Installments in words: a number above one before them, or what is said of their interest.
    WORDS = r"(?i)(?-u:\b)(?:[2-9]|[1-9]\d)\s{0,3}(?:cuotas|parcelas|mensualidades|meses|vezes|pagos|installments)(?-u:\b)|(?-u:\b)[1-9]?\d\s?x\s+(?:sin|sem|de|com|con)(?-u:\b)|(?-u:\b)(?:cuotas|parcelas|mensualidades|meses|pagos)\s+(?:fijas\s+)?(?:sin|sem|con|com)\s+(?:inter[eé]s|juros)|(?-u:\b)interest[- ]free\s+(?:installments|payments)|(?-u:\b)promociones\s+(?:bancarias|con\s+tarjeta)|(?-u:\b)parcele(?-u:\b)|(?-u:\b)parcelamento(?-u:\b)|(?-u:\b)financiaci[oó]n(?-u:\b)|(?-u:\b)financiamiento(?-u:\b)";
    ATTRIBUTED = r"(?i)(?:(?:(?-u:\b)(?:cuotas?|parcelas?|parcele|parcelar|parcelamento|parcelad[oa]s?|installments|meses)(?-u:\b)|(?-u:\b)\d{1,2}\s?x(?:\s*[^\s\w]|\s+[A-Za-z_À-ɏ]))[^.\n]*(?-u:\b)mercado\s?pago(?-u:\b)|(?-u:\b)mercado\s?pago(?-u:\b)[^.\n]*(?:(?-u:\b)(?:cuotas?|parcelas?|parcele|parcelar|parcelamento|parcelad[oa]s?|installments|meses)(?-u:\b)|(?-u:\b)\d{1,2}\s?x(?:\s*[^\s\w]|\s+[A-Za-z_À-ɏ]|\s*$)))";
    BRAND = r#"\.create\s*\(\s*["'`]brand["'`]"#;
}

/// What a page tells of promotions and financing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Promotions {
    /// It has them, or leads to them.
    announced: bool,
    /// It says that they are Mercado Pago's.
    attributed: bool,
}

impl Promotions {
    /// Reads a page.
    pub fn of(view: &PageView) -> Promotions {
        let attributed = official(view) || says_so(view) || view.in_scripts(&BRAND);
        Promotions { attributed, announced: attributed || announces(view) }
    }
}

fn announces(view: &PageView) -> bool {
    let mut links = view.shown().flat_map(|(_, part)| &part.outline.links);
    links.any(|link| LINK.is_match(&link.text) || LINK.is_match(link.url.path()))
        || WORDS.is_match(view.words())
        || view
            .named(&[LocalName::from("img")])
            .any(|(_, image)| image.attr("alt").is_some_and(|alt| WORDS.is_match(alt)))
}

fn says_so(view: &PageView) -> bool {
    // Nearly no page names Mercado Pago: a plain search spares the pattern.
    names_provider(view.words()) && ATTRIBUTED.is_match(view.words())
}

/// Whether a text has the name of Mercado Pago, in one word or two.
fn names_provider(words: &str) -> bool {
    let bytes = words.as_bytes();
    let named = |end: usize| {
        let rest = bytes.get(end..).unwrap_or_default().trim_ascii_start();
        rest.get(..4).is_some_and(|next| next.eq_ignore_ascii_case(b"pago"))
    };
    [&b"ercado"[..], b"ERCADO"].iter().any(|part| memchr::memmem::find_iter(bytes, part).any(|at| named(at + 6)))
}

/// A link to Mercado Pago's pages of promotions, a banner of its own, or the container of the Brand Brick.
fn official(view: &PageView) -> bool {
    let leads = view.named(&[LocalName::from("a")]).filter_map(|(_, link)| link.attr("href")).any(|href| {
        href.contains("mercadopago.") && {
            let lower = href.trim_end_matches('/').to_ascii_lowercase();
            let within = ["/promociones", "/promocoes", "promos", "/cuotas", "costos-financiacion"];
            lower.contains("mercadopago.com") && within.iter().any(|word| lower.contains(word))
                || lower.ends_with("/promociones")
                || lower.ends_with("/promocoes")
        }
    });
    let banner = || {
        view.named(&[LocalName::from("img")]).filter_map(|(_, image)| image.attr("src")).any(|src| {
            src.contains("mlstatic.com") && src.to_ascii_lowercase().contains("banner")
                || src.contains("mercadopago") && src.contains("/banner/")
        })
    };
    let brick = || view.named(&[LocalName::from("div")]).any(|(_, one)| one.attr("id") == Some("brandBrick_container"));
    leads || banner() || brick()
}

/// Whoever pays should learn of them where they pay; a shop without any says nothing at all.
pub(super) fn announced(shop: &ShopView, hits: &mut Hits) -> Answer {
    let somewhere = shop.pages.iter().any(|page| page.promotions.announced);
    let mut unseen = None;
    let mut looked_at = 0;
    for page in shop.pages.iter().filter(|page| page.summary.checkout) {
        looked_at += 1;
        match &page.summary.limit {
            _ if page.promotions.announced => {}
            Some(limit) => unseen = unseen.or(Some(limit.clone())),
            None => {
                hits.weigh(if somewhere { Severity::Advice } else { Severity::Warning });
                let message = match somewhere {
                    true => Message::new("golive.no-promotions-on-checkout"),
                    false => Message::new("golive.no-promotions"),
                };
                hits.plain(&page.url, "promotions", message, Vec::new());
            }
        }
    }
    match (unseen, looked_at) {
        (Some(reason), _) => Answer::Inconclusive(reason),
        (None, 0) if somewhere => Answer::LookedAt(shop.pages.len()),
        (None, 0) => match shop.unseen() {
            Some(reason) => Answer::Inconclusive(reason),
            None => {
                hits.plain(&shop.facts.start, "promotions", Message::new("golive.no-promotions"), Vec::new());
                Answer::LookedAt(shop.pages.len())
            }
        },
        (None, looked_at) => Answer::LookedAt(looked_at),
    }
}

/// Of what is told, whether it is said to be Mercado Pago's.
pub(super) fn attributed(shop: &ShopView, hits: &mut Hits) -> Answer {
    if shop.pages.iter().any(|page| page.promotions.attributed) {
        return Answer::LookedAt(shop.pages.len());
    }
    if let Some(reason) = shop.unseen() {
        return Answer::Inconclusive(reason);
    }
    let first = |checkout: bool| {
        shop.pages.iter().find(|page| page.promotions.announced && (page.summary.checkout || !checkout))
    };
    let Some(page) = first(true).or_else(|| first(false)) else {
        return Answer::NotApplicable(Message::new("golive.no-promotions"));
    };
    hits.plain(&page.url, "attributed", Message::new("golive.promotions-of-nobody"), Vec::new());
    Answer::LookedAt(shop.pages.len())
}
