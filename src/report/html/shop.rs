//! Shops as the page shows them: TLS, pages, left out addresses and every check.

use std::collections::HashMap;

use serde::Serialize;

use super::accepted;
use super::bounds::ROWS;
use super::finding::link;
use super::labels;
use super::picture::{Album, Picture};
use super::view::{Mark, Words};
use crate::i18n::{Message, Text};
use crate::report::format;
use crate::report::outline::{Cell, Outline, Subject};
use crate::run::{
    CertificateFacts, Check, Generation, Hop, PageSummary, RuleCard, RunRecord, Severity, ShopRecord, TlsFacts,
    Verdict, VersionFacts,
};

/// How many checks came out so.
#[derive(Serialize)]
struct CountView {
    mark: Mark,
    count: usize,
    words: Message,
}

/// Counts of one set of checks.
#[derive(Serialize)]
pub(super) struct CellView {
    mark: Mark,
    total: usize,
    counts: Vec<CountView>,
}

impl CellView {
    pub(super) fn of(cell: Cell) -> CellView {
        use Verdict::{Fail, Inconclusive, NotApplicable, Pass, Warn};
        let counts = [
            (Fail, cell.fail),
            (Inconclusive, cell.open),
            (Warn, cell.warn),
            (Pass, cell.pass),
            (NotApplicable, cell.not_applicable),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        let tolerated = (cell.tolerated > 0).then(|| CountView {
            mark: accepted::mark(),
            count: cell.tolerated,
            words: labels::tolerated_count(cell.tolerated),
        });
        // What holds only because somebody tolerates it is no plain pass.
        let only_so = cell.verdict() == Pass && cell.tolerated > 0;
        CellView {
            mark: if only_so { accepted::mark() } else { cell.verdict().into() },
            total: cell.total(),
            counts: counts
                .map(|(verdict, count)| CountView {
                    mark: verdict.into(),
                    count,
                    words: labels::verdict_count(verdict, count),
                })
                .chain(tolerated)
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct CertificateView<'r> {
    subject: &'r str,
    issuer: &'r str,
    names: String,
    from: Text,
    to: Text,
    /// Key and signature, as far as they could be read.
    strength: String,
    sha256: &'r str,
}

/// A version of TLS and whether the server speaks it.
#[derive(Serialize)]
struct VersionView<'r> {
    name: &'r str,
    sign: &'static str,
    class: &'static str,
    word: Message,
}

impl<'r> VersionView<'r> {
    fn of(facts: &'r VersionFacts) -> VersionView<'r> {
        let modern = matches!(facts.version.as_str(), "TLSv1.2" | "TLSv1.3");
        let (sign, class, word) = match (facts.offered, modern) {
            (Some(true), true) => ("✓", "pass", "report.tls-spoken"),
            // What is old and still spoken is nothing to be glad of.
            (Some(true), false) => ("!", "warn", "report.tls-spoken"),
            (Some(false), _) => ("–", "na", "report.tls-not-spoken"),
            (None, _) => ("?", "open", "report.tls-not-known"),
        };
        VersionView { name: &facts.version, sign, class, word: Message::new(word) }
    }
}

#[derive(Serialize)]
struct TlsView<'r> {
    host: &'r str,
    version: Option<&'r str>,
    faults: Vec<Message>,
    days_left: Option<i64>,
    failure: Option<&'r Message>,
    chain: Vec<CertificateView<'r>>,
    /// The versions that were asked for, oldest first.
    versions: Vec<VersionView<'r>>,
    root: Option<&'r str>,
    missing_issuer: Option<&'r str>,
}

impl<'r> TlsView<'r> {
    fn of(tls: &'r TlsFacts) -> TlsView<'r> {
        let certificate = |facts: &'r CertificateFacts| CertificateView {
            subject: &facts.subject,
            issuer: &facts.issuer,
            names: facts.names.join(", "),
            from: format::day_in_words(&facts.not_before),
            to: format::day_in_words(&facts.not_after),
            strength: match (facts.key.as_str(), facts.key_bits) {
                ("", _) => String::new(),
                (key, 0) => format!("{key} · {}", facts.signature),
                (key, bits) => format!("{key} {bits} · {}", facts.signature),
            },
            sha256: &facts.sha256,
        };
        TlsView {
            host: &tls.host,
            version: tls.version.as_deref(),
            faults: tls.faults.iter().map(|fault| labels::tls_fault(fault)).collect(),
            days_left: tls.days_left,
            failure: tls.failure.as_ref(),
            chain: tls.chain.iter().map(certificate).collect(),
            versions: tls.versions.iter().map(VersionView::of).collect(),
            root: tls.root.as_deref(),
            missing_issuer: tls.missing_issuer.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct PageView<'r> {
    url: &'r str,
    link: Option<&'r str>,
    name: &'r str,
    title: &'r str,
    status: u16,
    size: Text,
    generations: Vec<&'static str>,
    checkout: bool,
    limit: Option<&'r Message>,
    hops: &'r [Hop],
    findings: usize,
    mark: Mark,
    rendered: bool,
    picture: Option<&'r Picture>,
    /// The file of a picture that is not on the page.
    elsewhere: Option<&'r str>,
}

#[derive(Serialize)]
struct LeftOutView<'r> {
    url: &'r str,
    reason: &'r Message,
}

#[derive(Serialize)]
struct CheckView<'r> {
    rule: &'r str,
    title: Words<'r>,
    weight: Option<Message>,
    /// Whether it needs nobody's attention.
    quiet: bool,
    mark: Mark,
    reason: Option<&'r Message>,
    looked_at: u32,
    findings: usize,
    anchor: Option<&'r str>,
}

/// The name of the part of a shop on the page.
pub(super) fn shop_anchor(index: usize) -> String {
    format!("shop-{}", index + 1)
}

/// One shop.
#[derive(Serialize)]
pub(super) struct ShopView<'r> {
    anchor: String,
    url: &'r str,
    link: Option<&'r str>,
    name: &'r str,
    mark: Mark,
    took: Text,
    cell: CellView,
    tls: Option<TlsView<'r>>,
    browser: Option<&'r crate::run::BrowserFacts>,
    pages: Vec<PageView<'r>>,
    pages_total: usize,
    checkouts: usize,
    generations: Vec<&'static str>,
    left_out: Vec<LeftOutView<'r>>,
    left_out_total: usize,
    checks: Vec<CheckView<'r>>,
    quiet_checks: usize,
}

impl<'r> ShopView<'r> {
    pub(super) fn of(
        (index, shop): (usize, &'r ShopRecord),
        record: &'r RunRecord,
        outline: &'r Outline<'r>,
        album: &Album<'r>,
    ) -> ShopView<'r> {
        let cards: HashMap<&str, &RuleCard> = record.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
        let anchors: HashMap<&str, &str> = outline
            .mend
            .iter()
            .filter_map(|group| match group.subject {
                Subject::Rule { id, .. } => Some((id, group.anchor.as_str())),
                _ => None,
            })
            .collect();
        let mut on_page: OnPage<'_> = HashMap::new();
        for finding in shop.checks.iter().flat_map(|check| &check.findings) {
            if let Some(url) = &finding.place.url {
                let (count, gravest) = on_page.entry(url).or_insert((0, finding.severity));
                *count += 1;
                *gravest = (*gravest).min(finding.severity);
            }
        }
        let mut generations: Vec<Generation> =
            shop.pages.iter().flat_map(|page| page.generations.iter().copied()).collect();
        generations.sort_unstable();
        generations.dedup();
        let check = |check: &'r Check| {
            let card = cards.get(check.rule.as_str()).copied();
            CheckView {
                rule: &check.rule,
                title: card.map_or(Words::Plain(&check.rule), |card| Words::Text(&card.title)),
                weight: card.map(|card| labels::demand(card.severity)),
                quiet: quiet(check),
                mark: if check.passes_tolerated() { accepted::mark() } else { check.verdict.into() },
                reason: check.reason.as_ref(),
                looked_at: check.looked_at,
                findings: check.findings.len(),
                anchor: anchors.get(check.rule.as_str()).copied().filter(|_| !check.findings.is_empty()),
            }
        };
        ShopView {
            anchor: shop_anchor(index),
            url: &shop.url,
            link: link(&shop.url),
            name: format::host_and_path(&shop.url),
            mark: shop.verdict.into(),
            took: format::duration(shop.elapsed_ms),
            cell: CellView::of(Cell::of(&shop.checks)),
            tls: shop.tls.as_ref().map(TlsView::of),
            browser: shop.browser.as_ref(),
            pages: worth_showing(&shop.pages, &on_page).map(|page| page_view(page, &on_page, album)).collect(),
            pages_total: shop.pages.len(),
            checkouts: shop.pages.iter().filter(|page| page.checkout).count(),
            generations: generations.into_iter().map(Generation::name).collect(),
            left_out: shop
                .left_out
                .iter()
                .take(ROWS)
                .map(|left| LeftOutView { url: &left.url, reason: &left.reason })
                .collect(),
            left_out_total: shop.left_out.len(),
            quiet_checks: shop.checks.iter().filter(|check| quiet(check)).count(),
            checks: shop.checks.iter().map(check).collect(),
        }
    }
}

/// Whether a check needs nobody's attention.
fn quiet(check: &Check) -> bool {
    matches!(check.verdict, Verdict::Pass | Verdict::NotApplicable) && !check.passes_tolerated()
}

/// The pages that are listed, in their order: all, or where they are too many those first that somebody looks for.
fn worth_showing<'r>(pages: &'r [PageSummary], on_page: &OnPage<'_>) -> impl Iterator<Item = &'r PageSummary> {
    let mut shown: Vec<usize> = (0..pages.len()).collect();
    if pages.len() > ROWS {
        let plain =
            |page: &PageSummary| !page.checkout && page.limit.is_none() && !on_page.contains_key(page.url.as_str());
        shown.sort_by_key(|index| plain(&pages[*index]));
        shown.truncate(ROWS);
        shown.sort_unstable();
    }
    shown.into_iter().map(|index| &pages[index])
}

/// Findings on each page: how many, and the weight of the gravest.
type OnPage<'r> = HashMap<&'r str, (usize, Severity)>;

fn page_view<'r>(page: &'r PageSummary, on_page: &OnPage<'_>, album: &Album<'r>) -> PageView<'r> {
    let found = on_page.get(page.url.as_str()).copied();
    // A page that could not be judged whole is never shown as one without findings.
    let mark = match (found, &page.limit) {
        (Some((_, severity)), _) => severity.into(),
        (None, Some(_)) => Verdict::Inconclusive.into(),
        (None, None) => Mark { word: Message::new("report.page-clean"), ..Verdict::Pass.into() },
    };
    let picture = page.screenshot.as_deref().and_then(|path| album.take(path));
    PageView {
        url: &page.url,
        link: link(&page.url),
        name: format::host_and_path(&page.url),
        title: &page.title,
        status: page.status,
        size: format::size(page.bytes),
        generations: page.generations.iter().map(|generation| generation.name()).collect(),
        checkout: page.checkout,
        limit: page.limit.as_ref(),
        hops: &page.hops,
        findings: found.map_or(0, |(count, _)| count),
        mark,
        rendered: page.rendered,
        picture,
        elsewhere: page.screenshot.as_deref().filter(|_| picture.is_none()),
    }
}
