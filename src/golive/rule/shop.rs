//! Judges a whole shop: joins what the pages told, one check per rule.

use std::collections::HashSet;

use url::Url;

use super::hits::Hits;
use super::judge::PageVerdicts;
use super::load::Check as How;
use super::model::Scope;
use super::predicates::Run;
use super::{Rule, RuleSet};
use crate::golive::evidence::{DeadLink, FileProbe};
use crate::i18n::Message;
use crate::run::{Check, Evidence, Finding, LeftOut, TlsFacts, Tolerated, Verdict};

/// Most findings of one rule that a record keeps.
const MAX_FINDINGS: usize = 2_000;

/// What is known of a shop beside its pages.
#[derive(Debug, Clone)]
pub struct ShopFacts {
    /// Address the user gave.
    pub start: Url,
    /// TLS facts; `None` when the address is not https or no probe was made.
    pub tls: Option<TlsFacts>,
    /// Links that were only asked for their status.
    pub answers: Vec<(Url, Option<u16>)>,
    /// Links of the pages that lead to nothing within the shop.
    pub dead: Vec<DeadLink>,
    /// Addresses that were not read, and why.
    pub left_out: Vec<LeftOut>,
    /// Why the crawl ended before it had seen everything, if it did.
    pub limit: Option<Message>,
    /// What came of asking for files that no shop should serve; `None` when nobody asked.
    pub files: Option<FileProbe>,
    /// Whether nothing was asked of the shop: all of it is saved material.
    pub saved: bool,
}

/// A shop as its predicates see it.
pub struct ShopView<'s> {
    /// What is known beside the pages.
    pub facts: &'s ShopFacts,
    /// What was learned of each page.
    pub pages: &'s [PageVerdicts],
}

impl ShopView<'_> {
    /// Why something that was not found may stand where nobody looked, if so.
    pub fn unseen(&self) -> Option<Message> {
        if let Some(cut) = self.cut() {
            return Some(cut);
        }
        if self.pages.iter().any(|page| page.needs_javascript) {
            return Some(Message::new("golive.needs-javascript"));
        }
        if self.pages.iter().any(|page| page.template) {
            return Some(Message::new("golive.server-template"));
        }
        self.facts.limit.clone()
    }

    /// That a page was cut before its end, if one was: what was cut was not seen.
    pub fn cut(&self) -> Option<Message> {
        self.pages.iter().any(|page| page.cut).then(|| Message::new("golive.page-cut"))
    }
}

/// What a predicate over a shop has to say beside its findings.
pub enum Answer {
    /// It looked at so many pages or hosts.
    LookedAt(usize),
    /// It could not tell.
    Inconclusive(Message),
    /// The question does not arise.
    NotApplicable(Message),
}

impl RuleSet {
    /// One check per rule, in rule order.
    pub fn judge_shop(&self, shop: &ShopFacts, pages: &[PageVerdicts]) -> Vec<Check> {
        let view = ShopView { facts: shop, pages };
        self.rules.iter().enumerate().map(|(at, rule)| check(at, rule, &view)).collect()
    }
}

fn check(at: usize, rule: &Rule, shop: &ShopView) -> Check {
    if rule.severity.is_none() {
        return without(rule, Verdict::NotApplicable, Message::new("golive.turned-off"));
    }
    let of_host = |name: &str| ["certificate-", "tls-", "http-"].iter().any(|start| name.starts_with(start));
    if shop.pages.is_empty() && !matches!(&rule.check, How::Predicate(p) if of_host(p.name)) {
        return without(rule, Verdict::Inconclusive, Message::new("golive.nothing-read"));
    }
    if shop.facts.saved
        && matches!(&rule.check, How::Predicate(predicate) if matches!(predicate.run, Run::Shop(_)))
        && rule.family == "transport"
    {
        return without(rule, Verdict::Inconclusive, Message::new("golive.saved-material"));
    }
    if rule.file.scope == Scope::Shop { of_shop(at, rule, shop) } else { of_pages(at, rule, shop) }
}

fn without(rule: &Rule, verdict: Verdict, reason: Message) -> Check {
    Check {
        rule: rule.file.id.clone(),
        verdict,
        reason: Some(reason),
        looked_at: 0,
        findings: Vec::new(),
        tolerated: Vec::new(),
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn of_pages(at: usize, rule: &Rule, shop: &ShopView) -> Check {
    let mut looked_at = 0;
    let mut open = None;
    for page in shop.pages {
        looked_at += u32::from(page.looks.looked(at).is_some());
        open = open.or_else(|| page.looks.open(at));
    }
    let mut seen = HashSet::new();
    let mut more: usize = shop.pages.iter().flat_map(|p| &p.more).filter(|(rule, _)| *rule == at).map(|(_, n)| n).sum();
    let mut findings: Vec<Finding> = Vec::new();
    for (_, finding) in shop.pages.iter().flat_map(|page| &page.findings).filter(|(rule, _)| *rule == at) {
        if !seen.insert(finding.id.as_str()) {
            continue;
        }
        if findings.len() < MAX_FINDINGS {
            findings.push(finding.clone());
        } else {
            more += 1;
        }
    }
    note_more(&mut findings, more);
    // One place that several pages show counts when it counts on one of them.
    let mut tolerated: Vec<Tolerated> = Vec::new();
    for (_, one) in shop.pages.iter().flat_map(|page| &page.tolerated).filter(|(rule, _)| *rule == at) {
        if seen.insert(one.finding.id.as_str()) && tolerated.len() < MAX_FINDINGS {
            tolerated.push(one.clone());
        }
    }
    if let Some(check) = decided(rule, &mut findings, open.is_some(), looked_at) {
        return Check { tolerated, ..check };
    }
    let (verdict, reason) = match open {
        Some(reason) => (Verdict::Inconclusive, Some(reason.clone())),
        None if looked_at > 0 => (Verdict::Pass, None),
        None if asks_for_payment(rule) && !shop.pages.iter().any(|page| page.summary.checkout) => {
            (Verdict::Inconclusive, Some(Message::new("golive.no-checkout-seen")))
        }
        None => (Verdict::NotApplicable, Some(Message::new("golive.no-such-page"))),
    };
    Check { rule: rule.file.id.clone(), verdict, reason, looked_at, findings, tolerated }
}

/// The check when findings decide it: a finding that weighs as much as the rule, or nothing is left open.
fn decided(rule: &Rule, findings: &mut Vec<Finding>, open: bool, looked_at: u32) -> Option<Check> {
    let heaviest = findings.iter().map(|finding| finding.severity).min()?;
    let weight = rule.severity.unwrap_or(rule.file.severity);
    if heaviest > weight && open {
        return None;
    }
    let verdict = match heaviest {
        crate::run::Severity::Blocker => Verdict::Fail,
        crate::run::Severity::Warning | crate::run::Severity::Advice => Verdict::Warn,
    };
    let findings = std::mem::take(findings);
    Some(Check { rule: rule.file.id.clone(), verdict, reason: None, looked_at, findings, tolerated: Vec::new() })
}

/// Whether a rule speaks only of pages that ask for a payment.
fn asks_for_payment(rule: &Rule) -> bool {
    rule.file.scope == Scope::Checkout || !rule.file.generations.is_empty()
}

fn note_more(findings: &mut [Finding], more: usize) {
    if more > 0
        && let Some(last) = findings.last_mut()
    {
        last.evidence.push(Evidence::Note { message: Message::new("golive.and-more").with("n", more) });
    }
}

fn of_shop(at: usize, rule: &Rule, shop: &ShopView) -> Check {
    let checkout = shop.pages.iter().any(|page| page.summary.checkout);
    if asks_for_payment(rule) {
        let generations = &rule.file.generations;
        let used = shop.pages.iter().any(|page| page.summary.generations.iter().any(|one| generations.contains(one)));
        if !checkout {
            return without(rule, Verdict::Inconclusive, Message::new("golive.no-checkout-seen"));
        }
        if !used {
            return without(rule, Verdict::NotApplicable, Message::new("golive.no-such-page"));
        }
    }
    let mut hits = Hits::new(&rule.file.id, rule.severity.unwrap_or(rule.file.severity), &rule.accepts);
    let answer = match &rule.check {
        How::Predicate(predicate) => match predicate.run {
            Run::Shop(run) => run(shop, &mut hits),
            Run::Page(_) => return of_pages(at, rule, shop),
        },
        How::Some { .. } => somewhere(at, shop, &mut hits),
        _ => return of_pages(at, rule, shop),
    };
    let found = hits.finish();
    let (mut findings, tolerated) = (found.findings, found.tolerated);
    note_more(&mut findings, found.more);
    let looked_at = match &answer {
        Answer::LookedAt(n) => number(*n),
        _ => 0,
    };
    let open = matches!(answer, Answer::Inconclusive(_));
    if let Some(check) = decided(rule, &mut findings, open, looked_at) {
        return Check { tolerated, ..check };
    }
    let (verdict, reason) = match answer {
        Answer::LookedAt(_) => (Verdict::Pass, None),
        Answer::Inconclusive(reason) => (Verdict::Inconclusive, Some(reason)),
        Answer::NotApplicable(reason) => (Verdict::NotApplicable, Some(reason)),
    };
    Check { rule: rule.file.id.clone(), verdict, reason, looked_at, findings, tolerated }
}

/// A rule that some page of the shop must fulfil.
fn somewhere(at: usize, shop: &ShopView, hits: &mut Hits) -> Answer {
    let looked_at = shop.pages.iter().filter(|page| page.looks.clean(at)).count();
    if shop.pages.iter().any(|page| page.looks.looked(at) == Some(true)) {
        return Answer::LookedAt(looked_at);
    }
    let open = shop.pages.iter().find_map(|page| page.looks.open(at)).cloned();
    if let Some(reason) = open.or_else(|| shop.unseen()) {
        return Answer::Inconclusive(reason);
    }
    let at = shop.pages.iter().find(|page| page.summary.checkout).map_or(&shop.facts.start, |page| &page.url);
    hits.plain(at, "shop", Message::new("golive.nothing-in-the-shop"), Vec::new());
    Answer::LookedAt(looked_at)
}
