//! The crawler: from the address of a shop to its pages, each with the scripts and frames that belong to it.
//!
//! Responsible for choosing what to read, for staying inside the shop, and for limits. It only sends `GET`
//! (and `HEAD` to terms pages of other hosts), cookies and credentials only back to the shop itself, and never
//! follows a link that looks as if it changed something. Not responsible for judging what it reads.

mod access;
mod fetch;
mod files;
mod frontier;
mod gather;
mod jar;
mod pace;
mod pattern;
mod robots;
mod scope;
mod sitemap;
#[cfg(test)]
mod tests;
mod trap;
mod wall;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::evidence::{DeadLink, FileProbe, Page};
use super::page::{Parsed, outline};
use crate::http;
use crate::i18n::Message;
use crate::run::{LeftOut, Problem};
pub use access::Access;
use fetch::{Fetcher, Kind, Miss};
use frontier::{Class, Frontier};
use gather::{Found, Gathered, Gatherer, Lead, Origin};
pub use pattern::{Pattern, Patterns};
use scope::Scope;

/// Addresses that are listed as left out; more are counted.
const LEFT_OUT: usize = 500;
/// Addresses of one pattern that are listed as left out for one reason; more are counted.
const LEFT_OUT_ALIKE: u32 = 5;
/// The part of the time that sitemaps may take, as a divisor.
const SITEMAP_SHARE: u32 = 5;
/// Terms pages of other hosts that are asked for their status.
const ANSWERS: usize = 10;
/// Links with nothing behind them that are kept; more are among what was left out.
const DEAD_LINKS: usize = 500;
/// Of those, how many are asked again because the server itself failed.
const ASKED_AGAIN: usize = 20;

/// How much of a shop is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Pages.
    pub pages: usize,
    /// Links away from the start page.
    pub depth: u32,
    /// Bytes of a page or frame, after decompression.
    pub page_bytes: usize,
    /// Bytes of a script, after decompression.
    pub script_bytes: usize,
    /// Bytes of everything that is read, after decompression.
    pub total_bytes: u64,
    /// Time for all of it.
    pub total_time: Duration,
    /// Time for one request, body included.
    pub request_time: Duration,
    /// Redirects in a row.
    pub redirects: usize,
    /// Pages read at a time.
    pub concurrency: usize,
    /// Addresses that differ in their query only.
    pub query_variants: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            pages: 200,
            depth: 5,
            page_bytes: 5 * 1024 * 1024,
            script_bytes: 3 * 1024 * 1024,
            total_bytes: 1024 * 1024 * 1024,
            total_time: Duration::from_secs(60),
            request_time: Duration::from_secs(15),
            redirects: 10,
            concurrency: 4,
            query_variants: 8,
        }
    }
}

/// How a shop is read.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much.
    pub limits: Limits,
    /// Whether `robots.txt` and `rel=nofollow` are respected. The start page is read in any case: it was asked for.
    pub robots: bool,
    /// Whether the pages that a sitemap names are read as well, after those that are linked.
    pub sitemap: bool,
    /// Whether files that no shop should serve are asked for (`.env`, `.git`).
    pub probe_files: bool,
    /// Shortest pause between two requests to one host; `Crawl-delay` may ask for a longer one.
    pub delay: Duration,
    /// What the user wants read and left alone.
    pub patterns: Patterns,
    /// What the user gave to get in.
    pub access: Access,
    /// PEM file with certificate authorities to trust besides Mozilla's list.
    pub ca_file: Option<PathBuf>,
    /// Certificate authorities to trust besides those.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// The faulty leaf that the TLS probe saw ([`crate::tls::pin`]), so that the pages behind it can be read.
    pub pinned_leaf: Option<[u8; 32]>,
    /// `User-Agent` header.
    pub user_agent: String,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            limits: Limits::default(),
            robots: true,
            sitemap: true,
            probe_files: false,
            delay: Duration::ZERO,
            patterns: Patterns::default(),
            access: Access::default(),
            ca_file: None,
            extra_roots: Vec::new(),
            pinned_leaf: None,
            user_agent: http::USER_AGENT.to_owned(),
        }
    }
}

/// What belongs to the shop of a page, for whoever else opens it.
#[derive(Debug, Clone)]
pub(super) struct Bounds(Scope);

impl Bounds {
    /// The shop of a page.
    pub(super) fn of(page: &Url) -> Bounds {
        Bounds(Scope::of(page))
    }

    /// Whether an address belongs to it.
    pub(super) fn hold(&self, url: &Url) -> bool {
        self.0.holds(url)
    }

    /// Whether the shop itself is on a private address.
    pub(super) fn private(&self) -> bool {
        self.0.private()
    }

    /// Whether an address names this machine or a private network, by its form.
    pub(super) fn is_private(url: &Url) -> bool {
        scope::is_private(url)
    }
}

/// What a crawl leaves besides the pages, in the shape of [`super::evidence::Shop`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crawled {
    /// Pages that were handed over.
    pub pages: usize,
    /// Addresses that were found but not read, and why; at most 500, the last one counts the rest.
    pub left_out: Vec<LeftOut>,
    /// Addresses of which only the status is known: dead links of the shop, terms pages of other hosts.
    pub answers: Vec<(Url, Option<u16>)>,
    /// Links of the pages that lead to nothing within the shop, each address once, at most 500.
    pub dead: Vec<DeadLink>,
    /// What came of asking for files that no shop should serve, when that was wanted.
    pub files: Option<FileProbe>,
    /// Why the crawl ended before it had seen everything, if it did.
    pub limit: Option<Message>,
}

/// Reads the shop that `start` belongs to, breadth first and what looks like paying first.
///
/// `on_page` gets every page as soon as it is whole, in an order that only depends on the shop. Dropping the
/// future ends all requests; pages handed over before stay handed over.
///
/// # Errors
/// A [`Problem`] when the start page cannot be read: of the input when it is no http(s) address or the CA file
/// is unusable, else of the environment.
pub async fn crawl(start: &Url, options: &Options, on_page: impl FnMut(Page)) -> Result<Crawled, Problem> {
    crawl_with(start, options, |page, _| page, on_page).await
}

/// As [`crawl`], but hands over what `look` makes of each page. `look` runs where the page was read, several at a
/// time, and gets the parsed document with its outline along when there is one; `on_made` is called in the order of pages.
///
/// # Errors
/// As [`crawl`].
pub async fn crawl_with<T: Send + 'static>(
    start: &Url,
    options: &Options,
    look: impl Fn(Page, Option<Parsed<'_>>) -> T + Send + Sync + 'static,
    mut on_made: impl FnMut(T),
) -> Result<Crawled, Problem> {
    let begin = Instant::now();
    let limits = &options.limits;
    let deadline = begin + limits.total_time;
    let Some(start) = scope::clean(start.clone()).filter(|url| matches!(url.scheme(), "http" | "https")) else {
        let problem = Problem::input(Message::new("crawl.not-a-shop")).fix(Message::new("crawl.not-a-shop-fix"));
        return Err(problem.at_url(http::shown(start)));
    };
    let client = http::client(&http::ClientOptions {
        timeout: limits.request_time,
        connect_timeout: limits.request_time,
        ca_file: options.ca_file.clone(),
        extra_roots: options.extra_roots.clone(),
        pinned_leaf: options.pinned_leaf,
        user_agent: options.user_agent.clone(),
        direct: scope::is_private(&start),
        public_only: is_public(&start).await,
    })?;

    let around = Scope::around(&start).with(options.patterns.clone());
    let mut fetcher = Fetcher::new(client, around, options);
    let first = match timeout_at(deadline, fetcher.get(&start, Kind::Start)).await {
        Ok(Ok(first)) => first,
        Ok(Err(miss)) => return Err(miss.into_problem(&start)),
        Err(_) => {
            let host = start.host_str().unwrap_or("?");
            let problem = Problem::environment(Message::new("http.timeout").with("host", host));
            return Err(problem.fix(Message::new("http.timeout-fix")).at_url(http::shown(&start)));
        }
    };
    if gather::stands_for_login(&first, &outline(&first.body, &first.url)) {
        return Err(Miss::login(&start).into_problem(&start));
    }
    // A redirect to https or to www. is where the shop really is.
    fetcher.settle(Scope::of(&first.url).with(options.patterns.clone()));
    let shop = first.url.clone();
    let mut crawl = Crawl::new(limits, deadline);
    if options.robots {
        fetcher.obey();
    }
    let gatherer = Arc::new(Gatherer::new(fetcher, options.robots, crawl.frontier.seen(), Box::new(look)));
    match timeout_at(deadline, crawl.ask_robots(&gatherer, &first.url)).await {
        Ok(files) if options.sitemap => {
            // What only a sitemap names is read last: it must not cost the time for the rest.
            let most = deadline.min(Instant::now() + limits.total_time / SITEMAP_SHARE);
            let _ = timeout_at(most, crawl.ask_sitemaps(&gatherer, files)).await;
        }
        Ok(_) => {}
        Err(_) => crawl.done.limit = Some(crawl.time_limit()),
    }
    crawl.frontier.mark(&start);
    crawl.flights.push_back(Flight::page(&gatherer, Lead { url: start, depth: 0, from: None }, Some(first)));
    crawl.run(&gatherer, &mut on_made).await;
    crawl.ask_answers(&gatherer).await;
    crawl.ask_dead(&gatherer).await;
    if options.probe_files {
        crawl.ask_files(&gatherer, &shop).await;
    }
    Ok(crawl.finish())
}

/// Whether an address belongs to the shop of a page.
pub(crate) fn same_shop(page: &Url, other: &Url) -> bool {
    Scope::of(page).holds(other)
}

/// Reads bytes as `robots.txt` and as a sitemap and asserts what has to hold of both; for fuzzing.
pub(crate) fn hostile_robots(bytes: &[u8]) {
    let robots = robots::Robots::parse(&String::from_utf8_lossy(bytes), "homologa");
    assert!(!robots.closed(), "a file that was read closes the shop");
    let Ok(base) = Url::parse("https://tienda.example/robots.txt") else { return };
    for path in ["/", "/pagar", "/a/b?c=d", "/%C3%A9"] {
        let Ok(url) = base.join(path) else { continue };
        assert_eq!(robots.allows(&url), robots.allows(&url), "two answers for one address");
    }
    let sitemap = sitemap::read(bytes, &base);
    assert!(sitemap.pages.len() <= sitemap::ADDRESSES && sitemap.sitemaps.len() <= sitemap::FILES, "more than is kept");
}

/// Whether following a link might change something.
pub(crate) fn changes_something(url: &Url) -> bool {
    scope::changes_state(url)
}

/// Whether a shop is on the public network, so that nothing of it may lead into a private one.
async fn is_public(start: &Url) -> bool {
    let Some(host) = start.host_str() else { return false };
    !scope::is_private(start) && !http::behind_a_proxy() && !http::leads_inside(host).await
}

/// The state of one crawl.
struct Crawl<'l, T> {
    limits: &'l Limits,
    deadline: Instant,
    frontier: Frontier,
    /// Pages being read, in the order in which they will be taken: the order of pages does not depend on who is faster.
    flights: VecDeque<Flight<T>>,
    /// Final addresses of the pages taken.
    read: HashSet<String>,
    /// Terms pages of other hosts to ask.
    to_ask: Vec<Url>,
    /// Pages asked for; bounded, because dead links do not count as pages.
    launched: usize,
    /// Addresses left out per reason and pattern, by hash.
    alike: HashMap<u64, u32>,
    more_left_out: usize,
    /// Pages in place of which something else answered: a bot block, a page to log in.
    walled: usize,
    /// Pause between requests that `robots.txt` asks for.
    robots_delay: Duration,
    done: Crawled,
}

impl<'l, T: Send + 'static> Crawl<'l, T> {
    fn new(limits: &'l Limits, deadline: Instant) -> Crawl<'l, T> {
        Crawl {
            limits,
            deadline,
            frontier: Frontier::new(limits.query_variants),
            flights: VecDeque::new(),
            read: HashSet::new(),
            to_ask: Vec::new(),
            launched: 0,
            alike: HashMap::new(),
            more_left_out: 0,
            walled: 0,
            robots_delay: Duration::ZERO,
            done: Crawled::default(),
        }
    }

    /// Reads the `robots.txt` of the shop; returns where its sitemaps are.
    async fn ask_robots(&mut self, gatherer: &Gatherer<T>, shop: &Url) -> VecDeque<Url> {
        let mut files: VecDeque<Url> = VecDeque::new();
        if let Some(robots) = gatherer.fetcher().robots_of(shop).await {
            if robots.closed() {
                self.done.limit = Some(Message::new("crawl.robots-unreadable"));
                return files;
            }
            self.robots_delay = robots.delay.unwrap_or_default();
            files.extend(robots.sitemaps.iter().filter_map(|file| shop.join(file).ok()));
        }
        if files.is_empty() {
            files.extend(shop.join("/sitemap.xml").ok());
        }
        files
    }

    /// Queues what the sitemaps of the shop name, after everything that is linked.
    async fn ask_sitemaps(&mut self, gatherer: &Gatherer<T>, mut files: VecDeque<Url>) {
        let (mut asked, mut listed) = (HashSet::new(), 0);
        while let Some(file) = files.pop_front() {
            if asked.len() >= sitemap::FILES || listed >= sitemap::ADDRESSES {
                return;
            }
            if !asked.insert(file.clone()) {
                continue;
            }
            let Some(bytes) = gatherer.fetcher().file(&file, sitemap::FILE_BYTES).await else { continue };
            let read = sitemap::read(&bytes, &file);
            files.extend(read.sitemaps.into_iter().filter_map(scope::clean));
            for url in read.pages.into_iter().filter_map(scope::clean).take(sitemap::ADDRESSES - listed) {
                // What a sitemap names beyond the shop is not the shop's.
                if let Some(Found::Follow { url, important, .. }) = gatherer.sort_link(url, "", "") {
                    let class = if important { Class::Important } else { Class::Listed };
                    listed += 1;
                    if let Some((url, reason)) = self.frontier.add(url, 1, class, None) {
                        self.leave_out(&url, reason);
                    }
                }
            }
        }
    }

    async fn run(&mut self, gatherer: &Arc<Gatherer<T>>, on_made: &mut impl FnMut(T)) {
        let most = self.limits.pages.saturating_mul(4).saturating_add(100);
        loop {
            let room = self.limits.pages.saturating_sub(self.done.pages);
            let sated = gatherer.fetcher().is_sated();
            let linked = !self.flights.is_empty();
            while !sated && self.flights.len() < self.limits.concurrency.max(1).min(room) && self.launched < most {
                let Some(lead) = self.frontier.next(linked) else { break };
                self.launched += 1;
                self.flights.push_back(Flight::page(gatherer, lead, None));
            }
            let Some(mut flight) = self.flights.pop_front() else { break };
            let Ok(landed) = timeout_at(self.deadline, &mut flight.task).await else {
                self.flights.clear();
                self.done.limit = Some(self.time_limit());
                return;
            };
            match landed {
                Ok(gathered) => self.take(gathered, flight.from.take(), on_made),
                // Only a fault of homologa itself ends a task without a result; it must not look like a clean page.
                Err(_) => self.leave_out(&flight.url, Message::new("crawl.own-fault")),
            }
        }
        let waiting = self.frontier.waiting();
        if waiting > 0 && gatherer.fetcher().is_sated() {
            self.done.limit = Some(gatherer.fetcher().byte_limit());
        } else if waiting > 0 && self.launched >= most {
            self.done.limit = Some(Message::new("crawl.miss-limit").with("count", self.launched));
        } else if waiting > 0 {
            self.done.limit =
                Some(Message::new("crawl.page-limit").with("pages", self.limits.pages).with("waiting", waiting));
        } else if self.frontier.overflowed() {
            self.done.limit = Some(Message::new("crawl.link-limit"));
        } else if self.walled > 0 && self.done.limit.is_none() {
            self.done.limit = Some(Message::new("crawl.walled").with("count", self.walled));
        }
    }

    fn take(&mut self, gathered: Gathered<T>, from: Option<Origin>, on_made: &mut impl FnMut(T)) {
        let (url, depth, made, found) = match gathered {
            Gathered::Page { url, depth, made, found } => (url, depth, made, found),
            Gathered::Missed(miss) => {
                if miss.walled {
                    self.walled += 1;
                } else if let Some(status) = miss.status {
                    self.done.answers.push((miss.url.clone(), Some(status)));
                }
                if let Some(from) = from.filter(|_| miss.is_dead() && self.done.dead.len() < DEAD_LINKS) {
                    self.done.dead.push(DeadLink {
                        url: miss.url.clone(),
                        status: miss.status,
                        page: Url::clone(&from.page),
                        href: from.at.href,
                        line: from.at.line,
                        column: from.at.column,
                    });
                }
                self.leave_out(&miss.url, miss.reason);
                return;
            }
        };
        // Two addresses may lead to the same page by redirects.
        if !self.read.insert(url.as_str().to_owned()) {
            return;
        }
        self.frontier.mark(&url);
        let page = Arc::new(url);
        for link in found {
            self.consider(link, depth, &page);
        }
        self.done.pages += 1;
        on_made(made);
    }

    fn consider(&mut self, link: Found, depth: u32, page: &Arc<Url>) {
        match link {
            Found::Follow { url, important, at } => {
                if depth >= self.limits.depth {
                    if self.frontier.mark(&url) {
                        let reason = Message::new("crawl.too-deep").with("depth", self.limits.depth);
                        self.leave_out(&url, reason);
                    }
                    return;
                }
                let class = if important { Class::Important } else { Class::Linked };
                let from = at.map(|at| Origin { page: Arc::clone(page), at });
                if let Some((url, reason)) = self.frontier.add(url, depth + 1, class, from) {
                    self.leave_out(&url, reason);
                }
            }
            Found::Leave { url, reason } => {
                if self.frontier.mark(&url) {
                    self.leave_out(&url, reason);
                }
            }
            Found::Dead { url, status, reason } => {
                if self.frontier.mark(&url) {
                    if status.is_some() {
                        self.done.answers.push((url.clone(), status));
                    }
                    self.leave_out(&url, reason);
                }
            }
            Found::Ask(url) => {
                if self.frontier.is_new(&url) && self.to_ask.len() < ANSWERS {
                    self.frontier.mark(&url);
                    self.to_ask.push(url);
                }
            }
        }
    }

    async fn ask_answers(&mut self, gatherer: &Arc<Gatherer<T>>) {
        for url in std::mem::take(&mut self.to_ask) {
            let status = timeout_at(self.deadline, gatherer.fetcher().status(&url)).await.ok().flatten();
            self.done.answers.push((url, status));
        }
    }

    /// A server that fails once may just be tired: what failed is asked again before it is called dead.
    async fn ask_dead(&mut self, gatherer: &Arc<Gatherer<T>>) {
        let (mut asked, mut confirmed) = (0, 0);
        for mut link in std::mem::take(&mut self.done.dead) {
            if link.status.is_some_and(|status| status >= 500) {
                asked += 1;
                if asked <= ASKED_AGAIN {
                    let again = timeout_at(self.deadline, gatherer.fetcher().status(&link.url)).await;
                    let dead = |status: &u16| matches!(status, 404 | 410) || (*status >= 500 && *status != 503);
                    let Some(status) = again.ok().flatten().filter(dead) else { continue };
                    confirmed += 1;
                    link.status = Some(status);
                } else if confirmed * 2 < ASKED_AGAIN {
                    // Most of those that were asked again came back: so may these.
                    continue;
                }
            }
            self.done.dead.push(link);
        }
    }

    async fn ask_files(&mut self, gatherer: &Arc<Gatherer<T>>, shop: &Url) {
        let mut probe = FileProbe::default();
        for (path, holds) in files::FILES {
            let Some(url) = files::at_root(shop, path).filter(|url| gatherer.fetcher().allowed(url)) else {
                probe.unasked += 1;
                continue;
            };
            match timeout_at(self.deadline, gatherer.fetcher().file(&url, files::BYTES)).await {
                Ok(Some(bytes)) if holds(&String::from_utf8_lossy(&bytes)) => probe.served.push(url),
                Ok(_) => {}
                Err(_) => probe.unasked += 1,
            }
        }
        self.done.files = Some(probe);
    }

    fn leave_out(&mut self, url: &Url, reason: Message) {
        let alike = self.alike.entry(frontier::pattern_hash(url, &reason.key)).or_default();
        *alike += 1;
        if *alike <= LEFT_OUT_ALIKE && self.done.left_out.len() < LEFT_OUT - 1 {
            self.done.left_out.push(LeftOut { url: http::shown(url), reason });
        } else {
            self.more_left_out += 1;
        }
    }

    fn time_limit(&self) -> Message {
        let seconds = self.limits.total_time.as_secs();
        if self.robots_delay.is_zero() {
            Message::new("crawl.time-limit").with("seconds", seconds)
        } else {
            let delay = self.robots_delay.as_secs_f32();
            Message::new("crawl.time-limit-delay").with("seconds", seconds).with("delay", delay)
        }
    }

    fn finish(mut self) -> Crawled {
        if self.more_left_out > 0 {
            let reason = Message::new("crawl.more").with("count", self.more_left_out);
            self.done.left_out.push(LeftOut { url: "…".to_owned(), reason });
        }
        self.done
    }
}

/// A page being read; dropping it ends the work.
struct Flight<T> {
    url: Url,
    from: Option<Origin>,
    task: JoinHandle<Gathered<T>>,
}

impl<T: Send + 'static> Flight<T> {
    fn page(gatherer: &Arc<Gatherer<T>>, mut lead: Lead, document: Option<super::evidence::Fetched>) -> Flight<T> {
        let (gatherer, url, from) = (gatherer.clone(), lead.url.clone(), lead.from.take());
        Flight { url, from, task: tokio::spawn(async move { gatherer.page(lead, document).await }) }
    }
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}
