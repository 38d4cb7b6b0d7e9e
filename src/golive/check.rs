//! Judges a shop page by page and ends with its record.
//!
//! Responsible for keeping what the pages told while their evidence is dropped. Not responsible for fetching
//! pages (the crawl hands them in) or for telling anyone (the caller emits events).

use std::time::Instant;

use super::evidence::Page;
use super::rule::{PageVerdicts, RuleSet, ShopFacts};
use crate::run::{PageSummary, ShopRecord};

/// Takes the pages of one shop, in the order in which they are read.
pub struct Judge<'r> {
    rules: &'r RuleSet,
    pages: Vec<PageVerdicts>,
    started: Instant,
}

impl<'r> Judge<'r> {
    /// A judge that has seen nothing yet; the time of the record counts from here.
    pub fn new(rules: &'r RuleSet) -> Judge<'r> {
        Judge { rules, pages: Vec::new(), started: Instant::now() }
    }

    /// Judges one page; its evidence can be dropped afterwards. Returns what the record will list.
    pub fn add(&mut self, page: &Page) -> PageSummary {
        let verdicts = self.rules.judge_page(page);
        let summary = verdicts.summary.clone();
        self.pages.push(verdicts);
        summary
    }

    /// How many pages were judged.
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Judges the shop as a whole and ends.
    pub fn finish(self, shop: ShopFacts) -> ShopRecord {
        let checks = self.rules.judge_shop(&shop, &self.pages);
        let verdict = ShopRecord::verdict_of(&checks, &self.rules.cards());
        ShopRecord {
            url: super::rule::shown_url(&shop.start),
            verdict,
            pages: self.pages.into_iter().map(|page| page.summary).collect(),
            tls: shop.tls,
            left_out: shop.left_out,
            checks,
            elapsed_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
