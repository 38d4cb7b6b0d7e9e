//! One shop from its address to its record: TLS probe, crawl, judgement.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::check::Judge;
use super::crawl;
use super::evidence::Page;
use super::page::Document;
use super::rule::{RuleSet, ShopFacts, shown_url};
use super::saved;
use crate::http;
use crate::run::{Event, Problem, Sink, TlsFacts};
use crate::tls;

/// Longest time for the handshake.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// How a shop is looked at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How it is read; `pinned_leaf` is set here, from what the probe sees.
    pub crawl: crawl::Options,
}

/// Looks at one shop and emits what is learned; the last event holds the whole record of the shop.
///
/// # Errors
/// The start page cannot be read, or the CA file is unusable. What was seen before has been emitted.
pub async fn check(start: &Url, options: &Options, rules: &Arc<RuleSet>, sink: &dyn Sink) -> Result<(), Problem> {
    let shop = shown_url(start);
    sink.emit(Event::ShopStarted { url: shop.clone() });
    let mut options = options.crawl.clone();
    let facts = probe(start, &options).await?;
    if let Some(facts) = &facts {
        // Pages behind a faulty certificate are still read, over a connection that accepts that one leaf only.
        options.pinned_leaf = tls::pin(facts);
        sink.emit(Event::TlsProbed { shop: shop.clone(), facts: facts.clone() });
    }
    let mut judge = Judge::new(rules);
    // Pages are judged where they were read, several at a time; the record has them in the order of the crawl.
    let by = Arc::clone(rules);
    let look = move |page: Page, parsed: Option<Document<'_>>| by.judge_parsed(&page, parsed);
    let crawled = crawl::crawl_with(start, &options, look, |verdicts| {
        let summary = judge.take(verdicts);
        sink.emit(Event::PageRead { shop: shop.clone(), page: summary });
    })
    .await?;
    let record = judge.finish(ShopFacts {
        start: start.clone(),
        tls: facts,
        answers: crawled.answers,
        left_out: crawled.left_out,
        limit: crawled.limit,
        saved: false,
    });
    sink.emit(Event::ShopJudged(Box::new(record)));
    Ok(())
}

/// Judges saved material as if it had been crawled; what it cannot tell stays open.
///
/// # Errors
/// A problem of the input: the material cannot be read or holds no page.
pub fn check_saved(
    path: &std::path::Path,
    options: &crawl::Options,
    rules: &RuleSet,
    sink: &dyn Sink,
) -> Result<(), Problem> {
    let material = saved::read(path, options)?;
    let shop = shown_url(&material.start);
    sink.emit(Event::ShopStarted { url: shop.clone() });
    let mut judge = Judge::new(rules);
    for page in &material.pages {
        let summary = judge.add(page);
        sink.emit(Event::PageRead { shop: shop.clone(), page: summary });
    }
    let record = judge.finish(ShopFacts {
        start: material.start,
        tls: None,
        answers: material.answers,
        left_out: material.left_out,
        limit: material.limit,
        saved: true,
    });
    sink.emit(Event::ShopJudged(Box::new(record)));
    Ok(())
}

async fn probe(start: &Url, options: &crawl::Options) -> Result<Option<TlsFacts>, Problem> {
    let (Some(host), "https") = (start.host_str(), start.scheme()) else { return Ok(None) };
    let roots = http::roots(options.ca_file.as_deref(), &options.extra_roots)?;
    let port = start.port_or_known_default().unwrap_or(443);
    Ok(Some(tls::probe(host, port, roots, PROBE_TIME, jiff::Timestamp::now()).await))
}
