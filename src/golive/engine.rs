//! One shop from its address to its record: TLS probe, crawl, browser for the pages that need it, judgement.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::album::Album;
use super::browser::{self, Renderer, Sheet};
use super::check::Judge;
use super::crawl;
use super::evidence::Page;
use super::journey::{self, Step};
use super::page::{Need, Parsed};
use super::rule::{PageVerdicts, RuleSet, ShopFacts, shown_url};
use super::saved;
use crate::http;
use crate::i18n::Message;
use crate::run::{Event, PageSummary, Problem, Sink, TlsFacts};
use crate::tls;

/// Longest time for the handshakes, and for plain http beside them.
const PROBE_TIME: Duration = Duration::from_secs(10);

/// Most pictures of elements of one page.
const PICTURES: usize = 20;

/// How a shop is looked at.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How it is read; `pinned_leaf` is set here, from what the probe sees.
    pub crawl: crawl::Options,
    /// Folder for pictures of the pages that are opened in a browser and of the elements of findings; `None` for none.
    pub screenshots: Option<PathBuf>,
    /// Steps that lead to the checkout; empty when links do.
    pub journey: Vec<Step>,
    /// Place of the shop among all that the run was asked to judge, from 0.
    pub place: usize,
}

/// Looks at one shop and emits what is learned; the last event holds the whole record of the shop. `renderer` opens
/// the pages whose markup does not tell all; it may serve several shops, one after the other.
///
/// # Errors
/// The start page cannot be read, or the CA file is unusable. What was seen before has been emitted.
pub async fn check(
    start: &Url,
    options: &Options,
    rules: &Arc<RuleSet>,
    renderer: &mut Renderer,
    sink: &dyn Sink,
) -> Result<(), Problem> {
    let shop = shown_url(start);
    sink.emit(Event::ShopStarted { url: shop.clone() });
    let mut album = options.screenshots.as_deref().map(|folder| Album::new(folder, start, options.place));
    let (journey, place) = (&options.journey, options.place);
    let mut options = options.crawl.clone();
    // Five handshakes at once are large; the rest of the run need not carry them along.
    let facts = Box::pin(probe(start, &options)).await?;
    if let Some(facts) = &facts {
        // Pages behind a faulty certificate are still read, over a connection that accepts that one leaf only.
        options.pinned_leaf = tls::pin(facts);
        sink.emit(Event::TlsProbed { shop: shop.clone(), facts: facts.clone() });
    }
    let told = |page| sink.emit(Event::PageRead { shop: shop.clone(), page });
    let mut waiting = Waiting { most: renderer.limits().pages, pages: Vec::new() };
    let draws = renderer.wanted();
    let mut judge = Judge::new(rules);
    // Pages are judged where they were read, several at a time; the record has them in the order of the crawl.
    let by = Arc::clone(rules);
    let look = move |page: Page, parsed: Option<Parsed<'_>>| match by.judge_parsed(&page, parsed, draws) {
        Ok(verdicts) => Looked::Judged(Box::new(verdicts)),
        Err(need) => Looked::Waits(Box::new(page), need),
    };
    let crawled = crawl::crawl_with(start, &options, look, |looked| match looked {
        Looked::Judged(verdicts) => told(judge.take(*verdicts)),
        Looked::Waits(page, need) => {
            let place = judge.keep_place();
            if let Some((place, page)) = waiting.add(place, need, *page) {
                told(judge.fill(place, &page));
            }
        }
    })
    .await;
    let crawled = match crawled {
        // No page can be read over a connection that today's clients refuse, but what the probe saw is judged.
        Err(problem) if facts.as_ref().is_some_and(|facts| facts.failure.is_some() && !facts.chain.is_empty()) => {
            let limit = Some(problem.message.clone());
            sink.emit(Event::Problem(problem));
            crawl::Crawled { limit, ..crawl::Crawled::default() }
        }
        crawled => crawled?,
    };
    let mut limit = crawled.limit;
    if !waiting.pages.is_empty() || !journey.is_empty() {
        let pin = leaf_key(start, &options, facts.as_ref()).await;
        renderer.begin(pin).await;
        draw(renderer, waiting, &mut judge, album.as_mut(), &told).await;
        if !journey.is_empty()
            && let Err(problem) = travel(start, journey, renderer, &mut judge, album.as_mut(), &told).await
        {
            // What the journey would have led to was not seen.
            limit = limit.or_else(|| Some(problem.message.clone()));
            sink.emit(Event::Problem(problem));
        }
        if let Some(used) = renderer.used() {
            judge.browser(used);
        }
    }
    if let Some(problem) = album.and_then(Album::problem) {
        sink.emit(Event::Problem(problem));
    }
    let mut record = judge.finish(ShopFacts {
        start: start.clone(),
        tls: facts,
        answers: crawled.answers,
        dead: crawled.dead,
        left_out: crawled.left_out,
        limit,
        files: crawled.files,
        saved: false,
    });
    record.place = place;
    sink.emit(Event::ShopJudged(Box::new(record)));
    Ok(())
}

/// Judges saved material as if it had been crawled; what it cannot tell stays open.
///
/// # Errors
/// A problem of the input: the material cannot be read or holds no page.
pub fn check_saved(path: &std::path::Path, options: &Options, rules: &RuleSet, sink: &dyn Sink) -> Result<(), Problem> {
    let material = saved::read(path, &options.crawl)?;
    let shop = shown_url(&material.start);
    sink.emit(Event::ShopStarted { url: shop.clone() });
    let mut judge = Judge::new(rules);
    for page in &material.pages {
        let summary = judge.add(page);
        sink.emit(Event::PageRead { shop: shop.clone(), page: summary });
    }
    let mut record = judge.finish(ShopFacts {
        start: material.start,
        tls: None,
        answers: material.answers,
        dead: Vec::new(),
        left_out: material.left_out,
        limit: material.limit,
        files: None,
        saved: true,
    });
    record.place = options.place;
    sink.emit(Event::ShopJudged(Box::new(record)));
    Ok(())
}

/// What came of a page where it was read.
enum Looked {
    /// Its markup tells all that can be told.
    Judged(Box<PageVerdicts>),
    /// A browser tells more of it.
    Waits(Box<Page>, Need),
}

/// Pages that wait for the browser, at most so many.
struct Waiting {
    most: usize,
    pages: Vec<(Need, usize, Page)>,
}

impl Waiting {
    /// Keeps a page; gives back the one that needs a browser least when there are too many.
    fn add(&mut self, place: usize, need: Need, page: Page) -> Option<(usize, Page)> {
        // Those that need it most first, among equals in the order of the crawl.
        let at = self.pages.partition_point(|(other, ..)| *other >= need);
        self.pages.insert(at, (need, place, page));
        let (_, place, mut page) = if self.pages.len() > self.most { self.pages.pop()? } else { return None };
        page.unrendered = Some(Message::new("browser.page-limit").with("pages", self.most));
        Some((place, page))
    }
}

/// Opens the waiting pages and judges them as they were drawn; what could not be drawn is judged by its markup.
async fn draw(
    renderer: &mut Renderer,
    waiting: Waiting,
    judge: &mut Judge<'_>,
    mut album: Option<&mut Album>,
    told: &impl Fn(PageSummary),
) {
    for (_, place, mut page) in waiting.pages {
        match renderer.draw(&page).await {
            Ok(rendered) => page.rendered = Some(Arc::new(rendered)),
            Err(reason) => page.unrendered = Some(reason),
        }
        let mut summary = judge.fill(place, &page);
        if let (Some(album), Some(verdicts)) = (album.as_deref_mut(), judge.verdicts(place)) {
            illustrate(renderer, album, &page, verdicts).await;
            summary.screenshot.clone_from(&verdicts.summary.screenshot);
        }
        told(summary);
    }
}

/// Goes the journey and judges the page that it leads to.
///
/// # Errors
/// The step that could not be done, with its place in the user's file.
async fn travel(
    start: &Url,
    steps: &[Step],
    renderer: &mut Renderer,
    judge: &mut Judge<'_>,
    mut album: Option<&mut Album>,
    told: &impl Fn(PageSummary),
) -> Result<(), Problem> {
    let (filled, secrets) = journey::filled(steps).map_err(|mut problems| problems.swap_remove(0))?;
    let travelled = match renderer.travel(start, &filled, &secrets).await {
        Ok(travelled) => travelled,
        Err(halted) => {
            let at = halted.step.unwrap_or(0);
            let problem = match halted.step.and_then(|step| steps.get(step)) {
                Some(step) => {
                    let message = halted.reason.with("n", at + 1).with("step", step.action.name());
                    Problem { place: step.place.clone(), ..Problem::environment(message) }
                }
                None => Problem::environment(halted.reason).at_url(shown_url(start)),
            };
            let picture = album
                .zip(halted.picture)
                .and_then(|(album, picture)| album.keep(&picture, &format!("journey-{}", at + 1)));
            return Err(match picture {
                Some(path) => problem.fix(Message::new("browser.shot").with("path", path)),
                None => problem,
            });
        }
    };
    if let Some(album) = album.as_deref_mut() {
        for (name, picture) in &travelled.pictures {
            album.keep(picture, name);
        }
    }
    let mut page = browser::unread(&travelled.rendered.url);
    if let Some(drawn) = travelled.rendered.frames.first().and_then(|frame| frame.document.as_ref()) {
        // What was sent is not known: the place of its markup stays empty.
        let document = Arc::make_mut(&mut page.document);
        (document.status, document.bytes) = (drawn.status, drawn.bytes);
        document.headers.clone_from(&drawn.headers);
    }
    page.rendered = Some(Arc::new(travelled.rendered));
    let place = judge.arrive(&page);
    if let Some(verdicts) = judge.verdicts(place) {
        if let Some(album) = album {
            illustrate(renderer, album, &page, verdicts).await;
        }
        told(verdicts.summary.clone());
    }
    Ok(())
}

/// Keeps pictures of a page that was just judged and of the elements of its findings.
async fn illustrate(renderer: &mut Renderer, album: &mut Album, page: &Page, verdicts: &mut PageVerdicts) {
    let path = page.document.url.path();
    let Some(picture) = page.rendered.as_ref().and_then(|rendered| rendered.screenshot.as_ref()) else { return };
    verdicts.summary.screenshot = album.keep(picture, path);
    let elements = verdicts.elements();
    let sheet = if elements.is_empty() { None } else { Sheet::of(picture) };
    for (finding, selector) in elements.into_iter().take(PICTURES) {
        let Some(picture) = renderer.shoot(&selector, sheet.as_ref()).await else { continue };
        let Some(kept) = album.keep(&picture, &format!("{path} {selector}")) else { return };
        verdicts.picture(&finding, &kept);
    }
}

async fn probe(start: &Url, options: &crawl::Options) -> Result<Option<TlsFacts>, Problem> {
    let (Some(host), "https") = (start.host_str(), start.scheme()) else { return Ok(None) };
    let roots = http::roots(options.ca_file.as_deref(), &options.extra_roots)?;
    let port = start.port_or_known_default().unwrap_or(443);
    let handshakes = tls::probe(host, port, roots, PROBE_TIME, jiff::Timestamp::now());
    let (mut facts, plain) = tokio::join!(handshakes, tls::plain_http(start, PROBE_TIME));
    facts.plain = plain;
    Ok(Some(facts))
}

/// The public key of the one certificate that the browser may accept although it would not: the leaf that the probe
/// saw, when it has faults that are told already, or when it is the user's own authority that vouches for it.
async fn leaf_key(start: &Url, options: &crawl::Options, facts: Option<&TlsFacts>) -> Option<[u8; 32]> {
    let leaf = facts?.chain.first()?;
    let own_authority = options.ca_file.is_some() || !options.extra_roots.is_empty();
    if options.pinned_leaf.is_none() && !own_authority {
        return None;
    }
    let port = start.port_or_known_default().unwrap_or(443);
    tls::leaf_key(start.host_str()?, port, &leaf.sha256, PROBE_TIME).await
}
