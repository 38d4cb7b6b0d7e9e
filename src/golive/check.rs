//! Judges a shop page by page and ends with its record.
//!
//! Responsible for keeping what the pages told while their evidence is dropped. Not responsible for fetching
//! pages (the crawl hands them in) or for telling anyone (the caller emits events).

use std::time::Instant;

use super::browser::Used;
use super::evidence::Page;
use super::rule::{PageVerdicts, RuleSet, ShopFacts};
use crate::run::{BrowserFacts, PageSummary, ShopRecord};

/// Takes the pages of one shop, in the order in which they are read.
pub struct Judge<'r> {
    rules: &'r RuleSet,
    /// In the order in which pages came; `None` for a page that waits for a browser.
    pages: Vec<Option<PageVerdicts>>,
    browser: Option<BrowserFacts>,
    started: Instant,
}

impl<'r> Judge<'r> {
    /// A judge that has seen nothing yet; the time of the record counts from here.
    pub fn new(rules: &'r RuleSet) -> Judge<'r> {
        Judge { rules, pages: Vec::new(), browser: None, started: Instant::now() }
    }

    /// Judges one page; its evidence can be dropped afterwards. Returns what the record will list.
    pub fn add(&mut self, page: &Page) -> PageSummary {
        self.take(self.rules.judge_page(page))
    }

    /// Takes a page that was judged elsewhere by the same rules.
    pub fn take(&mut self, verdicts: PageVerdicts) -> PageSummary {
        let summary = verdicts.summary.clone();
        self.pages.push(Some(verdicts));
        summary
    }

    /// Keeps the place of a page that says more in a browser, for [`Judge::fill`].
    pub fn keep_place(&mut self) -> usize {
        self.pages.push(None);
        self.pages.len() - 1
    }

    /// Judges a page whose place was kept.
    pub fn fill(&mut self, place: usize, page: &Page) -> PageSummary {
        let verdicts = self.rules.judge_page(page);
        let summary = verdicts.summary.clone();
        if let Some(kept) = self.pages.get_mut(place) {
            *kept = Some(verdicts);
        }
        summary
    }

    /// Judges a page that was reached by a journey: it takes the place of what the crawl saw at that address. Gives
    /// its place.
    pub(super) fn arrive(&mut self, page: &Page) -> usize {
        let verdicts = self.rules.judge_page(page);
        let url = &verdicts.summary.url;
        let place = self.pages.iter().position(|kept| kept.as_ref().is_some_and(|kept| kept.summary.url == *url));
        let place = place.unwrap_or_else(|| {
            self.pages.push(None);
            self.pages.len() - 1
        });
        self.pages[place] = Some(verdicts);
        place
    }

    /// What was said of a page, for adding pictures to it.
    pub(super) fn verdicts(&mut self, place: usize) -> Option<&mut PageVerdicts> {
        self.pages.get_mut(place)?.as_mut()
    }

    /// Notes the browser that opened pages.
    pub fn browser(&mut self, used: &Used) {
        let drawn = self.pages.iter().flatten().filter(|page| page.summary.rendered).count();
        self.browser = Some(BrowserFacts {
            program: used.program.display().to_string(),
            version: used.version.clone(),
            pages: u32::try_from(drawn).unwrap_or(u32::MAX),
            unguarded: used.unguarded,
        });
    }

    /// How many pages were judged.
    pub fn pages(&self) -> usize {
        self.pages.iter().flatten().count()
    }

    /// Judges the shop as a whole and ends.
    pub fn finish(self, shop: ShopFacts) -> ShopRecord {
        let pages: Vec<PageVerdicts> = self.pages.into_iter().flatten().collect();
        let checks = self.rules.judge_shop(&shop, &pages);
        let verdict = ShopRecord::verdict_of(&checks, &self.rules.cards());
        ShopRecord {
            url: super::rule::shown_url(&shop.start),
            verdict,
            pages: pages.into_iter().map(|page| page.summary).collect(),
            tls: shop.tls,
            browser: self.browser,
            left_out: shop.left_out,
            checks,
            elapsed_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use url::Url;

    use super::*;
    use crate::golive::evidence::Fetched;
    use crate::run::{Generation, RunVerdict};

    fn page(path: &str, body: &str) -> Page {
        let url = Url::parse("https://shop.example").unwrap().join(path).unwrap();
        let document = Fetched {
            requested: url.clone(),
            url,
            hops: Vec::new(),
            status: 200,
            headers: Vec::new(),
            body: body.to_owned(),
            bytes: body.len() as u64,
            cut: false,
        };
        Page::new(Arc::new(document), 0)
    }

    fn facts() -> ShopFacts {
        let start = Url::parse("https://user:pass@shop.example/").unwrap();
        ShopFacts {
            start,
            tls: None,
            answers: Vec::new(),
            dead: Vec::new(),
            left_out: Vec::new(),
            limit: None,
            saved: false,
        }
    }

    #[test]
    fn pages_become_a_record() {
        let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
        let mut judge = Judge::new(&rules);
        judge.add(&page("/", "<title>Tienda</title><p>Hola</p>"));
        let summary = judge.add(&page("/pagar", "<form method=get><input data-checkout=cardNumber name=n></form>"));
        assert_eq!((summary.checkout, summary.generations), (true, vec![Generation::V1]));
        let record = judge.finish(facts());
        assert_eq!(record.verdict, RunVerdict::NotReady);
        assert_eq!(record.url, "https://shop.example/");
        assert_eq!(record.pages.len(), 2);
        assert_eq!(record.checks.len(), rules.cards().len());
    }

    #[test]
    fn a_shop_without_pages_or_without_a_checkout_is_not_ready_by_silence() {
        let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
        assert_eq!(Judge::new(&rules).finish(facts()).verdict, RunVerdict::Inconclusive);
        let mut judge = Judge::new(&rules);
        judge.add(&page("/", "<p>Hola</p><a href='https://other.example/terminos'>Términos</a>"));
        let mut facts = facts();
        facts.tls = Some(crate::run::TlsFacts { days_left: Some(90), ..Default::default() });
        facts.answers = vec![(Url::parse("https://other.example/terminos").unwrap(), Some(200))];
        assert_eq!(judge.finish(facts).verdict, RunVerdict::Inconclusive);
    }
}
