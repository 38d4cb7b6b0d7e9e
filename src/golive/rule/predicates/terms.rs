//! Terms and conditions: linked, readable, and saying who answers for the data.

use url::{Position, Url};

use super::patterns;
use crate::golive::page::PageView;
use crate::golive::rule::hits::{Hits, shown_url, slice};
use crate::golive::rule::judge::PageVerdicts;
use crate::golive::rule::shop::{Answer, ShopView};
use crate::golive::saved::places_of;
use crate::i18n::Message;
use crate::run::Evidence;

patterns! {
    WORDS = r"(?i)\bt[eé]rminos\b|\bcondiciones\s+(?:de|del|generales|comerciales|y)\b|\bbases\s+y\s+condiciones|\btermos\s+(?:e\s+condi|de\s+(?:uso|servi|compra|venda|ades|privac)|do\s+servi|gerais|legais)|\bcondi[cç][oõ]es\s+(?:de|gerais|comerciais)\b|\bterms\b|\bconditions\s+of\b|\bt\s?&\s?c\b";
    // In Spanish these are thermos flasks, which shops of Argentina and Uruguay sell.
    TERMOS = r"(?i)\btermos\b";
    PATH = r"(?i)(?:^|[/_.-])(?:t[eé]rminos|terms|condiciones|condicoes|conditions|tyc|tos|aviso-legal)(?:$|[/_.-])";
    RESPONSIBILITY = r"(?i)\brespons[aá]?[bvi]\w*";
    DATA = r"(?i)\b(?:datos|dados|data|informaci[oó]n|informa[cç][aãoõ]\w*|information)\b";
    NEGATION = r"(?i)\b(?:no|n[aã]o|not|cannot|nor|sin|sem|without|nunca|never|jam[aá]s|tampoco|tampouco|ning[uú]n\w*|nenhum\w*|exim\w*|exent\w*|exoner\w*|deslind\w*|isent\w*|exempt\w*|disclaim\w*|declin\w*)\b|n['’]t\b";
    NOT_ONLY = r"(?i)\b(?:no s[oó]lo|no solamente|n[aã]o s[oó]|n[aã]o apenas|n[aã]o somente|not only)\b";
}

/// Fewest words of a page that is more than a placeholder.
const REAL_TEXT: usize = 40;

/// Signs between responsibility and data in one sentence.
const MAX_BETWEEN: usize = 200;

/// What a page tells of terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TermsFacts {
    /// Links to terms of the merchant's own, bounded: address and line.
    links: Vec<(Url, u32)>,
    /// Whether it links to terms of Mercado Pago.
    provider: bool,
    words: usize,
    responsible: bool,
}

/// Whether some page has a link to own terms at an address.
pub(super) fn lead_to(shop: &ShopView) -> impl Fn(&Url) -> bool {
    let links = links(shop);
    move |url| links.iter().any(|(known, ..)| same(known, url))
}

/// Looks for links to terms on a page, and reads it as a page of terms where it is one.
pub fn facts(view: &PageView) -> TermsFacts {
    let mut facts = TermsFacts::default();
    let lang = view.parts.first().and_then(|part| part.outline.lang.as_deref()).unwrap_or_default();
    let spanish = lang.get(..2).is_some_and(|lang| lang.eq_ignore_ascii_case("es"));
    let says_so = |text: &str| WORDS.is_match(text) || !spanish && TERMOS.is_match(text);
    let leads_there = |path: &str| PATH.is_match(path) || !spanish && TERMOS.is_match(path);
    for (_, part) in view.shown() {
        for link in &part.outline.links {
            // The pages of a saved folder lead to its files.
            let file = link.url.scheme() == "file" && view.url().scheme() == "file";
            if !file && !matches!(link.url.scheme(), "http" | "https") {
                continue;
            }
            if !says_so(&link.text) && !leads_there(link.url.path()) {
                continue;
            }
            if of_provider(&link.url) {
                facts.provider = true;
            } else if facts.links.len() < 20 && !facts.links.iter().any(|(url, _)| same(url, &link.url)) {
                let start = part.document.element(link.place).and_then(|element| element.start);
                let (line, _) = start.map_or((1, 1), |start| part.document.line_column(start));
                facts.links.push((link.url.clone(), line));
            }
        }
    }
    // Any page may be the one that is linked; only a text of some length is read for it.
    let words = view.words();
    facts.words = words.split_whitespace().take(REAL_TEXT).count();
    let title = view.parts.first().map_or("", |part| part.outline.title.as_str());
    if leads_there(view.url().path()) || says_so(title) || WORDS.is_match(slice(words, 0, 2_000)) {
        facts.responsible = takes_responsibility(words);
    }
    facts
}

/// Whether some sentence takes responsibility for data, and does not disclaim it.
fn takes_responsibility(words: &str) -> bool {
    words.split(['.', ';', '\n', '!', '?']).filter(|sentence| speaks_of_data(sentence)).any(|sentence| {
        let answers: Vec<usize> = RESPONSIBILITY.find_iter(sentence).map(|found| found.start()).collect();
        // The word of responsibility that speaks of the data: the one before them, else the one after.
        let spoken = DATA.find_iter(sentence).filter_map(|data| {
            let before = answers.iter().rev().find(|at| **at < data.start());
            before.or_else(|| answers.iter().find(|at| **at > data.start())).copied()
        });
        // Past a few hundred words it is no sentence but a list without stops.
        spoken.take(50).any(|at| !NEGATION.is_match(&NOT_ONLY.replace_all(&sentence[..at], "")))
    })
}

/// Whether a sentence names responsibility and data, with little between them.
fn speaks_of_data(sentence: &str) -> bool {
    let both = RESPONSIBILITY.find_iter(sentence).map(|found| (found.range(), true));
    let mut both: Vec<_> = both.chain(DATA.find_iter(sentence).map(|found| (found.range(), false))).collect();
    both.sort_by_key(|(range, _)| range.start);
    // Those that stand nearest to each other are neighbours.
    both.windows(2).any(|two| {
        let (one, other) = (&two[0], &two[1]);
        let between = sentence.get(one.0.end..other.0.start).unwrap_or_default();
        one.1 != other.1 && between.chars().count() <= MAX_BETWEEN
    })
}

/// Hosts whose terms bind Mercado Pago, not the merchant.
fn of_provider(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    ["mercadopago", "mercadolibre", "mercadolivre"]
        .iter()
        .any(|name| host.split('.').any(|label| label == *name) && !host.starts_with("127."))
}

fn same(one: &Url, other: &Url) -> bool {
    one[..Position::AfterQuery] == other[..Position::AfterQuery]
}

pub(crate) fn link(shop: &ShopView, hits: &mut Hits) -> Answer {
    if shop.pages.iter().any(|page| !page.terms.links.is_empty()) {
        return on_checkouts(shop, hits);
    }
    if let Some(reason) = shop.unseen() {
        return Answer::Inconclusive(reason);
    }
    let message = match shop.pages.iter().any(|page| page.terms.provider) {
        true => Message::new("golive.only-provider-terms"),
        false => Message::new("golive.no-terms-link"),
    };
    let url = shop.pages.iter().find(|page| page.summary.checkout).map_or(&shop.facts.start, |page| &page.url);
    hits.plain(url, "terms", message, Vec::new());
    Answer::LookedAt(shop.pages.len())
}

/// The shop has terms: whoever pays has to find them where they pay.
fn on_checkouts(shop: &ShopView, hits: &mut Hits) -> Answer {
    let mut unseen = None;
    for page in shop.pages.iter().filter(|page| page.summary.checkout && page.terms.links.is_empty()) {
        match &page.summary.limit {
            Some(limit) => unseen = unseen.or(Some(limit.clone())),
            None => hits.plain(&page.url, "terms", Message::new("golive.no-terms-on-checkout"), Vec::new()),
        }
    }
    unseen.map_or(Answer::LookedAt(shop.pages.len()), Answer::Inconclusive)
}

/// What is known of one linked page of terms.
enum State {
    Read,
    Empty,
    Answered(u16),
    Insecure,
    Unknown(Option<Message>),
}

/// The page that was read at an address of terms; in a saved folder a link of `from` may stand for a file elsewhere.
fn page_at<'s>(shop: &ShopView<'s>, url: &Url, from: &Url) -> Option<&'s PageVerdicts> {
    let at = |url: &Url| shop.pages.iter().find(|page| same(&page.url, url) || same(&page.requested, url));
    let moved = || places_of(url, from).find_map(|place| at(&place));
    at(url).or_else(|| if url.scheme() == "file" { moved() } else { None })
}

fn state(shop: &ShopView, url: &Url, from: &Url) -> State {
    let page = page_at(shop, url, from);
    let status = page
        .map(|page| Some(page.summary.status))
        .or_else(|| shop.facts.answers.iter().find(|(asked, _)| same(asked, url)).map(|(_, status)| *status));
    match (page, status) {
        (_, Some(Some(status))) if !(200..300).contains(&status) => State::Answered(status),
        // How a saved file would be sent is not known.
        (Some(page), _) if !matches!(page.url.scheme(), "https" | "file") => State::Insecure,
        (None, Some(Some(_))) if url.scheme() != "https" => State::Insecure,
        (Some(page), _) if page.terms.words < REAL_TEXT && !page.needs_javascript => State::Empty,
        (Some(page), _) if page.terms.words < REAL_TEXT => {
            State::Unknown(Some(Message::new("golive.needs-javascript")))
        }
        (Some(_), _) | (None, Some(Some(_))) => State::Read,
        _ => {
            let left_out =
                shop.facts.left_out.iter().find(|left| Url::parse(&left.url).is_ok_and(|left| same(&left, url)));
            State::Unknown(left_out.map(|left| left.reason.clone()))
        }
    }
}

/// Every link to own terms once, with the page that has it.
fn links<'s>(shop: &'s ShopView) -> Vec<(&'s Url, &'s Url, u32)> {
    let mut found: Vec<(&Url, &Url, u32)> = Vec::new();
    for page in shop.pages {
        for (url, line) in &page.terms.links {
            if found.len() < 50 && !found.iter().any(|(known, ..)| same(known, url)) {
                found.push((url, &page.url, *line));
            }
        }
    }
    found
}

pub(crate) fn reachable(shop: &ShopView, hits: &mut Hits) -> Answer {
    let links = links(shop);
    if links.is_empty() {
        return Answer::NotApplicable(Message::new("golive.no-terms-to-read"));
    }
    let mut unknown = None;
    let mut looked_at = 0;
    for (url, from, line) in links {
        looked_at += 1;
        let shown = shown_url(url);
        let (message, status) = match state(shop, url, from) {
            State::Read => continue,
            State::Empty => (Message::new("golive.terms-empty").with("url", &shown), 200),
            State::Insecure => (Message::new("golive.terms-insecure").with("url", &shown), 200),
            State::Answered(status) => {
                (Message::new("golive.terms-answered").with("url", &shown).with("status", status), status)
            }
            State::Unknown(reason) => {
                looked_at -= 1;
                unknown = Some(reason.unwrap_or_else(|| Message::new("golive.terms-not-read").with("url", &shown)));
                continue;
            }
        };
        let linked = Message::new("golive.linked-from").with("url", shown_url(from)).with("line", line);
        let evidence = vec![Evidence::Answer { url: shown, status: Some(status) }, Evidence::Note { message: linked }];
        hits.plain(url, "terms-page", message, evidence);
    }
    match unknown {
        Some(reason) if looked_at == 0 => Answer::Inconclusive(reason),
        _ => Answer::LookedAt(looked_at),
    }
}

pub(crate) fn responsibility(shop: &ShopView, hits: &mut Hits) -> Answer {
    let links = links(shop);
    if links.is_empty() {
        return Answer::NotApplicable(Message::new("golive.no-terms-to-read"));
    }
    let read: Vec<_> = links
        .iter()
        .filter(|(url, from, _)| matches!(state(shop, url, from), State::Read | State::Insecure))
        .filter_map(|(url, from, _)| page_at(shop, url, from))
        .collect();
    let Some(first) = read.first() else {
        return Answer::Inconclusive(Message::new("golive.terms-unread"));
    };
    if !read.iter().any(|page| page.terms.responsible) {
        hits.plain(&first.url, "responsibility", Message::new("golive.no-responsibility"), Vec::new());
    }
    Answer::LookedAt(read.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_responsibility_in_three_languages() {
        for text in [
            "Somos responsables por los datos que ingreses en este sitio.",
            "La tienda asume la responsabilidad de la información que el comprador ingresa.",
            "A loja é responsável pelos dados inseridos.",
            "We take responsibility for the data entered here.",
        ] {
            assert!(takes_responsibility(text), "{text}");
        }
        for text in [
            "No solo cuidamos el envío: somos responsables por los datos que ingreses.",
            "Não vendemos a menores. A loja é responsável pelos dados inseridos.",
            "Somos responsables por los datos, aunque no somos responsables por el correo.",
        ] {
            assert!(takes_responsibility(text), "{text}");
        }
        for text in [
            "Guardamos tus datos. El envío es responsabilidad del correo.",
            "La tienda no se hace responsable por los datos que ingreses.",
            "La tienda se exime de toda responsabilidad por los datos ingresados.",
            "Los datos ingresados no son responsabilidad de la tienda.",
            "Somos responsables del envío, pero no nos hacemos responsables por los datos.",
            "A loja não se responsabiliza pelos dados inseridos.",
            "A loja isenta-se de responsabilidade pelos dados inseridos.",
            "The shop is not responsible for the data entered here.",
            "We disclaim any responsibility for the information you enter.",
            "The shop isn't responsible for your data.",
        ] {
            assert!(!takes_responsibility(text), "{text}");
        }
    }

    #[test]
    fn terms_of_mercado_pago_are_not_the_merchants() {
        for (url, expected) in [
            ("https://www.mercadopago.com.ar/ayuda/terminos-y-condiciones_299", true),
            ("https://mercadopago-shop.example/terms", false),
            ("https://shop.example/mercadopago/terms", false),
        ] {
            assert_eq!(of_provider(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
