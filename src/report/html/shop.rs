//! Shops as the page shows them: TLS, pages, left out addresses and every check.

use std::collections::HashMap;

use serde::Serialize;

use super::accepted;
use super::bounds::ROWS;
use super::finding::link;
use super::labels;
use super::view::{Mark, Words};
use crate::i18n::{Message, Text};
use crate::report::format;
use crate::report::outline::{Cell, Outline, Subject};
use crate::run::{
    CertificateFacts, Check, Generation, Hop, PageSummary, RuleCard, RunRecord, ShopRecord, TlsFacts, Verdict,
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
        CellView {
            mark: cell.verdict().into(),
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
    from: String,
    to: String,
    /// Key and signature, as far as they could be read.
    strength: String,
    sha256: &'r str,
}

#[derive(Serialize)]
struct TlsView<'r> {
    host: &'r str,
    version: Option<&'r str>,
    faults: Vec<Message>,
    days_left: Option<i64>,
    failure: Option<&'r Message>,
    chain: Vec<CertificateView<'r>>,
    /// The versions that the server speaks, oldest first.
    versions: String,
    root: Option<&'r str>,
    missing_issuer: Option<&'r str>,
}

impl<'r> TlsView<'r> {
    fn of(tls: &'r TlsFacts) -> TlsView<'r> {
        let certificate = |facts: &'r CertificateFacts| CertificateView {
            subject: &facts.subject,
            issuer: &facts.issuer,
            names: facts.names.join(", "),
            from: format::day(&facts.not_before),
            to: format::day(&facts.not_after),
            strength: match (facts.key.as_str(), facts.key_bits) {
                ("", _) => String::new(),
                (key, 0) => format!("{key} · {}", facts.signature),
                (key, bits) => format!("{key} {bits} · {}", facts.signature),
            },
            sha256: &facts.sha256,
        };
        let offered = tls.versions.iter().filter(|version| version.offered == Some(true));
        TlsView {
            host: &tls.host,
            version: tls.version.as_deref(),
            faults: tls.faults.iter().map(|fault| labels::tls_fault(fault)).collect(),
            days_left: tls.days_left,
            failure: tls.failure.as_ref(),
            chain: tls.chain.iter().map(certificate).collect(),
            versions: offered.map(|version| version.version.as_str()).collect::<Vec<_>>().join(", "),
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
        let mut on_page: HashMap<&str, usize> = HashMap::new();
        for finding in shop.checks.iter().flat_map(|check| &check.findings) {
            if let Some(url) = &finding.place.url {
                *on_page.entry(url).or_default() += 1;
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
            anchor: format!("shop-{}", index + 1),
            url: &shop.url,
            link: link(&shop.url),
            name: format::host_and_path(&shop.url),
            mark: shop.verdict.into(),
            took: format::duration(shop.elapsed_ms),
            cell: CellView::of(Cell::of(&shop.checks)),
            tls: shop.tls.as_ref().map(TlsView::of),
            browser: shop.browser.as_ref(),
            pages: worth_showing(&shop.pages, &on_page).map(|page| page_view(page, &on_page)).collect(),
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
fn worth_showing<'r>(
    pages: &'r [PageSummary],
    on_page: &HashMap<&str, usize>,
) -> impl Iterator<Item = &'r PageSummary> {
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

fn page_view<'r>(page: &'r PageSummary, on_page: &HashMap<&str, usize>) -> PageView<'r> {
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
        findings: on_page.get(page.url.as_str()).copied().unwrap_or(0),
    }
}
