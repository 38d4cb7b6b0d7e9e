//! The result of a payment: whether the buyer learns it, and why it was rejected.
//!
//! Seen statically, only code that handles results can say anything: its silence proves nothing.

use std::sync::{Arc, LazyLock, OnceLock};

use super::patterns;
use crate::golive::page::js::parts;
use crate::golive::page::{PageView, selector_of};
use crate::golive::rule::hits::{Hits, code, shown_url, slice};
use crate::golive::rule::shop::{Answer, ShopView};
use crate::i18n::Message;
use crate::run::{Evidence, Generation, Place, Severity};
use crate::specs::statuses::statuses;

/// The values of `status_detail` that Mercado Pago's guide asks a checkout to tell apart, at most 32; those of
/// rejections are marked.
fn details() -> &'static [(&'static str, bool)] {
    static DETAILS: OnceLock<Vec<(&'static str, bool)>> = OnceLock::new();
    DETAILS.get_or_init(|| {
        let pairs = statuses().pairs.iter().filter(|pair| pair.must_communicate);
        pairs.filter_map(|pair| Some((pair.status_detail.as_deref()?, pair.status == "rejected"))).take(32).collect()
    })
}

/// The bits of the rejections among [`details`].
fn rejections() -> u32 {
    details().iter().enumerate().filter(|(_, (_, rejected))| *rejected).fold(0, |bits, (bit, _)| bits | 1 << bit)
}

/// Most places of raw values that are kept of one page.
const MAX_RAW: usize = 5;
/// Most words of one script that are asked whether they speak of a payment.
const MAX_WORDS: usize = 200;
/// Bytes around such a word that tell.
const NEAR: usize = 300;

patterns! {
    APPROVED = r#"["'`]approved["'`]|\bapproved\s*:"#;
    PENDING = r#"["'`](?:pending|in_process)["'`]|\b(?:pending|in_process)\s*:"#;
    REJECTED = r#"["'`]rejected["'`]|\brejected\s*:"#;
    PROMISE = r#"["'`]fulfilled["'`]|\.reason\s*=[^=]|\bthrow\s+[\w$]+\.reason|["'`],\s*reason\s*:|\breason\s*:\s*null|\.pending\s*=[^=]|\bpending\s*:\s*(?:null|!?[01]\b|true|false)"#;
    ONLY_APPROVED = r#"\bstatus\s*={2,3}\s*["'`]approved["'`]"#;
    PAYMENT = r"(?i)payment|pago|pagamento|status_detail";
    RAW = r#"(?:(?:innerHTML|innerText|textContent)\s*\+?=\s*|(?:\balert|\.text|\.html)\s*\(\s*)[^;\n\[(]*\.\s*(?:status_detail|statusDetail)\s*(?:[;\n)+}`,]|$)"#;
    IF = r"\bif\s*(\()";
    SWITCH = r"\bswitch\s*\([^(){}]{0,80}\)\s*(\{)";
    DEFAULT = r"\bdefault\s*:";
    // A sentence to read: it begins with a capital, or has a blank between words.
    SENTENCE = r#"["'`>]\s*(?:[¡¿]?[A-ZÁÉÍÓÚÑÃÇ][^"'`\n]{2,}|[^"'`\n=]{0,80}[a-zà-ÿ]{2} [a-zà-ÿ]{2})"#;
    STATUS_BRICK = r#"\.create\s*\(\s*["'`]statusScreen["'`]"#;
}

/// What a page and its scripts do with the result of a payment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultFacts {
    approved: bool,
    pending: bool,
    rejected: bool,
    /// Bit per value of [`details`].
    details: u32,
    /// Uses the Status Screen Brick, which tells everything itself.
    brick: bool,
    /// Where the script is that tells most, with its address and line.
    place: Option<(Place, Evidence)>,
    /// Where a raw `status_detail` is shown, with the code.
    raw: Vec<(Place, Evidence)>,
    /// Elements that name a rejection and tell nothing of it, each with what it shows.
    silent: Vec<(Place, Evidence, String)>,
    /// Where only an approved payment is told from all others.
    only_approved: Option<(Place, Evidence)>,
}

/// What nearly every page has to tell of results.
static NOTHING: LazyLock<Arc<ResultFacts>> = LazyLock::new(Arc::default);

impl ResultFacts {
    /// Reads a page; those that have nothing to tell share one answer.
    pub fn shared(view: &PageView) -> Arc<ResultFacts> {
        let facts = ResultFacts::of(view);
        if facts == **NOTHING { Arc::clone(&NOTHING) } else { Arc::new(facts) }
    }

    /// Reads the scripts of a page.
    pub fn of(view: &PageView) -> ResultFacts {
        let mut facts = ResultFacts { silent: silent(view), ..ResultFacts::default() };
        for inline in &view.inline {
            let part = &view.parts[inline.part];
            let place = |offset: usize| {
                let start = inline.start + offset;
                let (line, column) = part.document.line_column(start);
                at(shown_url(&part.fetched.url), part.document.source(), start, line, column)
            };
            facts = facts.with(&ResultFacts::of_script(&inline.clean, &place));
        }
        for script in &view.scripts {
            let place = |offset: usize| {
                let before = script.source().get(..offset).unwrap_or_default();
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
                let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                at(shown_url(script.url()), script.source(), offset, number(line), number(column))
            };
            facts = facts.with(&script.remember("result", || ResultFacts::of_script(&script.clean, &place)));
        }
        facts
    }

    fn of_script(clean: &str, place: &dyn Fn(usize) -> (Place, Evidence)) -> ResultFacts {
        let mut facts = ResultFacts::default();
        if !["approved", "rejected", "status", "in_process"].iter().any(|word| clean.contains(word)) {
            return facts;
        }
        let rejected = of_payment(clean, &REJECTED).map(|found| found.start());
        facts.approved = APPROVED.is_match(clean);
        let pending = of_payment(clean, &PENDING);
        // What is left when the others have been told apart is what was rejected.
        let rejected = rejected.or_else(|| rest_told(clean, pending?.start()).filter(|_| facts.approved));
        facts.pending = pending.is_some();
        facts.rejected = rejected.is_some();
        facts.details = details()
            .iter()
            .enumerate()
            .filter(|(_, (detail, _))| clean.contains(detail))
            .fold(0u32, |bits, (bit, _)| bits | 1 << bit);
        facts.brick = STATUS_BRICK.is_match(clean);
        if facts.weight() > 0 {
            let offset = clean.find("cc_rejected").or(rejected).unwrap_or(0);
            facts.place = Some(place(offset));
        }
        facts.raw.extend(RAW.find_iter(clean).take(MAX_RAW).map(|found| place(found.start())));
        if let Some(found) = ONLY_APPROVED.find(clean)
            && !facts.pending
            && !facts.rejected
            && facts.details & rejections() == 0
            && PAYMENT.is_match(clean)
        {
            facts.only_approved = Some(place(found.start()));
        }
        facts
    }

    fn weight(&self) -> u32 {
        self.details.count_ones() + u32::from(self.rejected)
    }

    /// Joins what two scripts do; the place is that of the one that tells most.
    fn with(mut self, other: &ResultFacts) -> ResultFacts {
        if other.weight() > self.weight() || self.place.is_none() {
            self.place = other.place.clone().or(self.place);
        }
        self.approved |= other.approved;
        self.pending |= other.pending;
        self.rejected |= other.rejected;
        self.details |= other.details;
        self.brick |= other.brick;
        let room = MAX_RAW.saturating_sub(self.raw.len());
        self.raw.extend(other.raw.iter().take(room).cloned());
        self.only_approved = self.only_approved.or_else(|| other.only_approved.clone());
        self
    }
}

/// Words that say only that something went wrong.
const GENERIC: &str = "error errores erro erros errors ups oops algo salió salio mal errado deu sucedió sucedio ocurrió \
    ocurrio ocorreu hubo houve inesperado unexpected something went wrong failed failure fallido fallida \
    falló fallo falhou falha rechazado rechazada recusado recusada rejected declined pago pagamento \
    payment transacción transação transaction resultado result estado status código code tu su seu your \
    fue foi was is está ha has been sido un una um uma an a el la o the del do de of con com with al ao \
    en no in procesar processar";

/// Whether a text tells a buyer neither why a payment failed nor what to do.
fn tells_nothing(text: &str) -> bool {
    let mut words = text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(|word| GENERIC.split(' ').any(|one| one == word.to_lowercase()))
}

/// The elements of the page that are marked with a documented rejection and show a text that tells nothing of it.
fn silent(view: &PageView) -> Vec<(Place, Evidence, String)> {
    let mut found = Vec::new();
    for (_, part) in view.shown().filter(|(_, part)| part.document.source().contains("cc_rejected_")) {
        for element in part.document.elements() {
            let marked = element.node.value().attrs().find_map(|(name, value)| {
                let rejected = details().iter().find(|(detail, rejected)| *rejected && *detail == value.trim())?;
                (name.starts_with("data-") && name != "data-checkout").then_some(rejected.0)
            });
            let Some(detail) = marked else { continue };
            if matches!(element.name(), "option" | "input" | "button" | "a" | "script") || found.len() >= MAX_RAW {
                continue;
            }
            let text: String = element.node.text().take(50).collect();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let raw = text == detail;
            // What stands beside it in plain paragraphs may well be the message.
            let beside = element.node.prev_siblings().chain(element.node.next_siblings()).take(20);
            let told = beside.filter_map(scraper::ElementRef::wrap).any(|other| {
                matches!(other.value().name(), "p" | "div" | "span" | "ul" | "ol" | "strong" | "small")
                    && !other.text().all(|text| text.trim().is_empty() || tells_nothing(text))
            });
            if (!raw && !tells_nothing(&text)) || told {
                continue;
            }
            let start = element.start.unwrap_or(0);
            let (line, column) = part.document.line_column(start);
            let (mut place, code) = at(shown_url(&part.fetched.url), part.document.source(), start, line, column);
            place.selector = Some(selector_of(element.node));
            found.push((place, code, text.chars().take(80).collect()));
        }
    }
    found
}

/// The first match that speaks of a payment: promises are pending and rejected as well, and React keeps both words.
fn of_payment<'c>(clean: &'c str, pattern: &regex::Regex) -> Option<regex::Match<'c>> {
    pattern.find_iter(clean).take(MAX_WORDS).find(|found| {
        let around = slice(clean, found.start().saturating_sub(NEAR), found.end() + NEAR);
        !PROMISE.is_match(around)
    })
}

/// Where the bracket that opens at `open` closes.
fn closing(clean: &str, open: usize) -> Option<usize> {
    let last = parts(clean, open)?.last().map_or(open + 1, |last| last.end);
    Some(last + clean.get(last..)?.find([')', ']', '}'])?)
}

/// The place behind the blanks at `at`.
fn behind_blanks(clean: &str, at: usize) -> Option<usize> {
    Some(clean.len() - clean.get(at..)?.trim_start().len())
}

/// The statement that begins at `at`: a block, or what ends with a semicolon.
fn statement(clean: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let at = behind_blanks(clean, at)?;
    let rest = clean.get(at..)?;
    let end = if rest.starts_with('{') { closing(clean, at)? + 1 } else { at + rest.find(';')? + 1 };
    Some(at..end)
}

/// Most bytes of a choice before the status that it asks for, and most branches of it.
const CHOICE: usize = 4_000;
const BRANCHES: usize = 12;

/// Where the choice that asks for the status at `at` tells of all other statuses in words: its last `else`, its
/// `default`.
fn rest_told(clean: &str, at: usize) -> Option<usize> {
    let from = (at.saturating_sub(CHOICE)..=at).find(|from| clean.is_char_boundary(*from))?;
    let before = clean.get(from..at)?;
    let around = |pattern: &regex::Regex| {
        let open = pattern.captures_iter(before).take(200).filter_map(|all| Some(from + all.get(1)?.start())).last()?;
        closing(clean, open).filter(|end| *end > at).map(|end| (open, end))
    };
    let says = |range: &std::ops::Range<usize>| clean.get(range.clone()).is_some_and(|text| SENTENCE.is_match(text));
    if let Some((open, end)) = around(&SWITCH) {
        let found = DEFAULT.find(clean.get(open..end)?)?;
        return Some(open + found.end()..end).filter(says).map(|range| range.start);
    }
    let (_, mut end) = around(&IF)?;
    for _ in 0..BRANCHES {
        let next = behind_blanks(clean, statement(clean, end + 1)?.end)?;
        let other = next + "else".len();
        let word = clean.get(other..).filter(|_| clean[next..].starts_with("else"))?;
        if word.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            return None;
        }
        let branch = behind_blanks(clean, other)?;
        match IF.captures(clean.get(branch..)?).and_then(|all| Some((all.get(0)?.start(), all.get(1)?.start()))) {
            Some((0, paren)) => end = closing(clean, branch + paren)?,
            _ => return statement(clean, branch).filter(says).map(|range| range.start),
        }
    }
    None
}

fn at(url: String, source: &str, start: usize, line: u32, column: u32) -> (Place, Evidence) {
    let length = source.get(start..).map_or(0, |rest| rest.find([';', '\n']).unwrap_or(0).min(120));
    let evidence = code(&url, source, start, length.max(1), line, column);
    (Place { url: Some(url), line: Some(line), column: Some(column), ..Place::default() }, evidence)
}

/// Whether the shop's own pages are the ones to tell a result: with Checkout Pro alone Mercado Pago tells it.
fn concerned(shop: &ShopView) -> Option<Answer> {
    let generations: Vec<Generation> = shop.pages.iter().flat_map(|page| page.summary.generations.clone()).collect();
    let own = generations.iter().any(|one| *one != Generation::CheckoutPro);
    (!own && !generations.is_empty()).then(|| Answer::NotApplicable(Message::new("golive.result-by-mercado-pago")))
}

fn joined(shop: &ShopView) -> ResultFacts {
    let mut all = ResultFacts::default();
    for page in shop.pages {
        let facts = &page.result;
        all.approved |= facts.approved;
        all.pending |= facts.pending;
        all.rejected |= facts.rejected;
        all.details |= facts.details;
        all.brick |= facts.brick;
    }
    all
}

pub(super) fn communicated(shop: &ShopView, hits: &mut Hits) -> Answer {
    if let Some(answer) = concerned(shop) {
        return answer;
    }
    let all = joined(shop);
    for (place, code) in shop.pages.iter().flat_map(|page| &page.result.raw) {
        hits.at(place.clone(), "raw", Message::new("golive.raw-status"), vec![code.clone()]);
    }
    let told = all.approved && all.pending && all.rejected;
    let raw = hits.any();
    if !told && !all.pending && !all.rejected && !all.brick && shop.cut().is_none() {
        // The server may tell the rest apart: worth a warning, not a verdict.
        hits.weigh(Severity::Warning);
        for (place, code) in shop.pages.iter().filter_map(|page| page.result.only_approved.as_ref()) {
            hits.at(place.clone(), "only-approved", Message::new("golive.only-approved"), vec![code.clone()]);
        }
    }
    if raw || told || all.brick {
        Answer::LookedAt(shop.pages.len())
    } else {
        Answer::Inconclusive(Message::new("golive.result-not-seen"))
    }
}

pub(super) fn messages(shop: &ShopView, hits: &mut Hits) -> Answer {
    if let Some(answer) = concerned(shop) {
        return answer;
    }
    for (place, code, text) in shop.pages.iter().flat_map(|page| &page.result.silent) {
        let message = Message::new("golive.rejection-untold").with("text", text);
        hits.at(place.clone(), "untold", message, vec![code.clone()]);
    }
    let silent = hits.any();
    let all = joined(shop);
    if all.brick {
        return Answer::LookedAt(shop.pages.len());
    }
    if let Some(reason) = shop.cut() {
        // Behind the cut there may be more messages.
        return Answer::Inconclusive(reason);
    }
    let telling = || shop.pages.iter().map(|page| &page.result).filter(|facts| facts.place.is_some());
    if all.details & rejections() == 0 {
        for (place, code) in telling().filter(|facts| facts.rejected).filter_map(|facts| facts.place.clone()) {
            hits.at(place, "generic", Message::new("golive.one-text-for-all"), vec![code]);
        }
        if !hits.any() || silent {
            // Showing the value as it came is no message either.
            for (place, code) in shop.pages.iter().flat_map(|page| page.result.raw.clone()) {
                hits.at(place, "raw", Message::new("golive.raw-status"), vec![code]);
            }
        }
        return match hits.any() {
            true => Answer::LookedAt(shop.pages.len()),
            false => Answer::Inconclusive(Message::new("golive.result-not-seen")),
        };
    }
    let missing: Vec<&str> = details()
        .iter()
        .enumerate()
        .filter(|(bit, _)| all.details & (1 << bit) == 0)
        // An approved payment has this detail and no other: who tells that it is approved has told it.
        .filter(|(_, (detail, _))| !(all.approved && *detail == "accredited"))
        .map(|(_, (detail, _))| *detail)
        .collect();
    let place = telling().max_by_key(|facts| facts.details.count_ones()).and_then(|facts| facts.place.clone());
    if let (Some((place, code)), false) = (place, missing.is_empty()) {
        let message =
            Message::new("golive.details-missing").with("n", missing.len()).with("missing", missing.join(", "));
        hits.at(place, "missing", message, vec![code]);
    }
    Answer::LookedAt(shop.pages.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_by_the_last_branch() {
        let start = "if (p.status === 'approved') { show('Listo') } else if (p.status === 'pending' || p.status === 'in_process') ";
        for (end, expected) in [
            ("{ show('En revisión') } else { show('Pago rechazado') }", true),
            ("show('En revisión'); else show('No pudimos cobrar');", true),
            (
                "{ show('En revisión') } else if (p.status === 'x') { y() } else { out.innerHTML = `<p>Rechazado</p>` }",
                true,
            ),
            ("{ show('En revisión') } else { location.href = '/pagar' }", false),
            ("{ show('En revisión') }\nif (a) { b() } else { show('Algo más') }", false),
            ("{ show('En revisión') }\nelsewhere('Pago rechazado');", false),
        ] {
            let script = format!("const payment = p; {start}{end}");
            let at = PENDING.find(&script).unwrap().start();
            assert_eq!(rest_told(&script, at).is_some(), expected, "{end}");
        }
        let switch = "switch (status) { case 'approved': a(); break; case 'pending': b(); break; default: show('Pago rechazado') }";
        assert!(rest_told(switch, switch.find("'pending'").unwrap()).is_some());
        assert!(rest_told(&switch.replace("Pago rechazado", "x"), switch.find("'pending'").unwrap()).is_none());
    }

    #[test]
    fn promises_are_no_payments() {
        for (script, expected) in [
            (r#"switch(t.status){case"fulfilled":return t.value;case"rejected":throw t.reason}"#, false),
            (r#"t.status="rejected",t.reason=u"#, false),
            ("results.filter((one) => one.status === 'rejected').map((one) => { throw one.reason })", false),
            ("if (payment.status === 'rejected') show('El pago fue rechazado')", true),
            ("const words = { approved: 'Listo', rejected: 'No se pudo' }", true),
        ] {
            assert_eq!(of_payment(script, &REJECTED).is_some(), expected, "{script}");
        }
    }
}
