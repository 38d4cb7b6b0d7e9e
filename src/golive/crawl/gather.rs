//! A page with all that belongs to it: the document, the shop's own scripts and frames, and where it leads.
//!
//! Own scripts and frames are fetched once per crawl and shared, within a budget of memory.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::future::Future as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::OnceCell;
use url::Url;

use super::fetch::{Fetcher, Kind, Miss};
use super::frontier::Seen;
use super::{scope, wall};
use crate::golive::evidence::{Fetched, Frame, Page};
use crate::golive::page::{Document, Imports, Leads, Link, Outline, Parsed, leads_of, outline};
use crate::http;
use crate::i18n::Message;
use crate::run::LeftOut;

/// Bytes of scripts and frames that one crawl keeps.
const SHARED_BYTES: usize = 64 * 1024 * 1024;
/// Scripts and frames that are fetched for one page.
const PER_PAGE: usize = 60;
/// Texts beside scripts that are read for one page.
const SERVED: usize = 30;
/// Modules in a row that import each other.
const IMPORT_DEPTH: u32 = 5;

/// A page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lead {
    pub(super) url: Url,
    pub(super) depth: u32,
    /// The first link that led there, if one did.
    pub(super) from: Option<Origin>,
}

/// A link on the page that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) page: Arc<Url>,
    pub(super) at: At,
}

/// Where a link stands on its page, and how it is written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At {
    pub(super) href: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// What a link of a page is good for.
#[derive(Debug)]
pub(super) enum Found {
    /// A page of the shop; with the place of the link, if one leads there.
    Follow { url: Url, important: bool, at: Option<At> },
    /// Not to be read.
    Leave { url: Url, reason: Message },
    /// A terms page of another host: its status is worth knowing.
    Ask(Url),
    /// A script or frame of the shop with nothing behind it.
    Dead { url: Url, status: Option<u16>, reason: Message },
}

/// What came of a lead.
#[derive(Debug)]
pub(super) enum Gathered<T> {
    /// A page: where it answered, how deep it stands, what was made of it and where it leads.
    Page {
        url: Url,
        depth: u32,
        made: T,
        found: Vec<Found>,
    },
    Missed(Miss),
}

/// What is made of each page where it is read, on whichever thread that is. The parsed document comes along when it
/// was parsed just now.
pub(super) type Look<T> = Box<dyn for<'d> Fn(Page, Option<Parsed<'d>>) -> T + Send + Sync>;

/// What was read of a page whose parts are still to be asked for.
struct Read {
    outline: Outline,
    found: Vec<Found>,
}

/// A script or frame, with what it leads to when it is a script.
#[derive(Debug, Clone)]
struct Part {
    fetched: Arc<Fetched>,
    leads: Arc<Leads>,
    /// The source map that the script holds itself: what it hides is not seen in the script.
    map: Option<Arc<Fetched>>,
}

type Shared = Arc<OnceCell<Result<Part, Miss>>>;

/// The parts of one page while it is gathered.
#[derive(Default)]
struct Parts {
    taken: HashSet<Url>,
    unread: Vec<LeftOut>,
    dead: Vec<Found>,
    scripts: Vec<Part>,
    /// Takes only what was read already, and notes whether that was all.
    at_hand: bool,
    missing: bool,
}

/// Gathers pages; one for a whole crawl.
pub(super) struct Gatherer<T> {
    fetcher: Fetcher,
    look: Look<T>,
    robots: bool,
    /// Addresses that the crawl knows already: links there need no second look.
    seen: Arc<Seen>,
    shared: Mutex<HashMap<Url, Shared>>,
    shared_bytes: AtomicUsize,
}

impl<T> Gatherer<T> {
    pub(super) fn new(fetcher: Fetcher, robots: bool, seen: Arc<Seen>, look: Look<T>) -> Gatherer<T> {
        Gatherer { fetcher, look, robots, seen, shared: Mutex::default(), shared_bytes: AtomicUsize::new(0) }
    }

    pub(super) fn fetcher(&self) -> &Fetcher {
        &self.fetcher
    }

    /// Reads the page of a lead; `document` is the page itself when it was read before.
    pub(super) async fn page(&self, lead: Lead, document: Option<Fetched>) -> Gathered<T> {
        let document = match document {
            Some(document) => document,
            None => match self.fetcher.get(&lead.url, Kind::Page).await {
                Ok(document) => document,
                Err(miss) => return Gathered::Missed(miss),
            },
        };
        let document = Arc::new(document);
        let read = match self.at_once(&document, lead.depth) {
            Ok(gathered) => return gathered,
            Err(read) => read,
        };
        let Read { outline, mut found } = *read;
        let (page, parts) = self.assemble(&outline, &document, lead.depth, false).await;
        found.extend(parts.dead);
        Gathered::Page { url: document.url.clone(), depth: lead.depth, made: (self.look)(page, None), found }
    }

    /// Reads a page whose scripts and frames are there already, as those of nearly every page are after the first
    /// ones: then it is parsed once, for the crawl and for the rules. Else its outline is given back.
    fn at_once(&self, document: &Arc<Fetched>, depth: u32) -> Result<Gathered<T>, Box<Read>> {
        let parsed = Parsed::of(document);
        if stands_for_login(document, &parsed.outline) {
            return Ok(Gathered::Missed(Miss::login(&document.requested)));
        }
        let mut found = self.found(&parsed, document);
        let assembled = {
            let mut assembling = std::pin::pin!(self.assemble(&parsed.outline, document, depth, true));
            // Nothing is waited for with what is at hand, so that one look at the future is enough.
            assembling.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        };
        let (page, parts) = match assembled {
            Poll::Ready((page, parts)) if !parts.missing => (page, parts),
            _ => return Err(Box::new(Read { outline: parsed.outline, found })),
        };
        found.extend(parts.dead);
        Ok(Gathered::Page { url: document.url.clone(), depth, made: (self.look)(page, Some(parsed)), found })
    }

    /// Where a page leads that the crawl does not know yet.
    fn found(&self, read: &Parsed, document: &Fetched) -> Vec<Found> {
        let silent = self.robots && (read.outline.nofollow || says_nofollow(document));
        self.sort_links(read, &document.url, silent)
    }

    /// Puts a page together; `at_hand` asks for nothing.
    async fn assemble(&self, read: &Outline, document: &Arc<Fetched>, depth: u32, at_hand: bool) -> (Page, Parts) {
        let mut page = Page::new(Arc::clone(document), depth);
        let mut parts = Parts { at_hand, ..Parts::default() };
        let mut frame_scripts = Vec::new();
        let mut wanted = vec![(read.imports.clone(), page.document.url.clone())];
        for url in &read.frames {
            if !self.fetcher.scope().holds(url) {
                page.frames.push(Frame { url: url.clone(), document: None });
                continue;
            }
            let document = self.part(url, Kind::Frame, &mut parts).await;
            let document = document.map(|part| part.fetched);
            if let Some(document) = &document {
                let inside = outline(&document.body, &document.url);
                frame_scripts.extend(inside.scripts);
                wanted.push((inside.imports, document.url.clone()));
            }
            page.frames.push(Frame { url: url.clone(), document });
        }
        // Scripts of the shop's own frames run in its checkout as well.
        for url in read.scripts.iter().chain(&frame_scripts).filter(|url| self.fetcher.scope().holds(url)) {
            if let Some(script) = self.part(url, Kind::Script, &mut parts).await {
                wanted.push((script.leads.imports.clone(), script.fetched.url.clone()));
                page.scripts.push(Arc::clone(&script.fetched));
                parts.scripts.push(script);
            }
        }
        self.follow_imports(wanted, &mut page, &mut parts).await;
        self.follow_leads(read, &mut page, &mut parts).await;
        page.unread = std::mem::take(&mut parts.unread);
        (page, parts)
    }

    /// Reads the own modules that the scripts of a page import, level by level; what is not read is told.
    async fn follow_imports(&self, mut wanted: Vec<(Imports, Url)>, page: &mut Page, parts: &mut Parts) {
        for depth in 0..=IMPORT_DEPTH {
            let mut deeper = Vec::new();
            for (imports, from) in &wanted {
                if imports.more {
                    let reason = Message::new("crawl.computed-import");
                    parts.unread.push(LeftOut { url: http::shown(from), reason });
                }
                for url in imports.modules.iter().filter(|url| self.fetcher.scope().holds(url)) {
                    if depth == IMPORT_DEPTH {
                        if !parts.taken.contains(url) {
                            let reason = Message::new("crawl.too-many-parts");
                            parts.unread.push(LeftOut { url: http::shown(url), reason });
                        }
                    } else if let Some(script) = self.part(url, Kind::Script, parts).await {
                        deeper.push((script.leads.imports.clone(), script.fetched.url.clone()));
                        page.scripts.push(Arc::clone(&script.fetched));
                        parts.scripts.push(script);
                    }
                }
            }
            wanted = deeper;
        }
    }

    /// Reads what the scripts of a page lead to beside modules. A lead that ends nowhere is no fault of the page.
    async fn follow_leads(&self, read: &Outline, page: &mut Page, parts: &mut Parts) {
        let of_headers = page.scripts.iter().filter_map(|script| {
            let named = script.header("sourcemap").or(script.header("x-sourcemap"))?;
            script.url.join(named.trim()).ok()
        });
        let mut wanted: Vec<Url> = of_headers.collect();
        for script in &parts.scripts {
            wanted.extend(script.leads.served.iter().cloned());
        }
        wanted.extend(read.served.iter().cloned());
        wanted.truncate(SERVED);
        for url in wanted.into_iter().filter_map(scope::clean) {
            let own = self.fetcher.scope().holds(&url) && !scope::changes_state(&url) && self.fetcher.allowed(&url);
            if !own || !parts.taken.insert(url.clone()) {
                continue;
            }
            let cell = self.cell(&url);
            if parts.at_hand && cell.get().is_none() {
                parts.missing = true;
                return;
            }
            if let Ok(text) = cell.get_or_init(|| self.fetch_part(&url, Kind::Served)).await {
                page.served.push(Arc::clone(&text.fetched));
            }
        }
        page.served.extend(parts.scripts.iter().filter_map(|script| script.map.clone()).take(SERVED));
    }

    fn cell(&self, url: &Url) -> Shared {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).entry(url.clone()).or_default().clone()
    }

    /// An own script or frame; `None` when it was taken for this page already or could not be read.
    async fn part(&self, url: &Url, kind: Kind, parts: &mut Parts) -> Option<Part> {
        let url = scope::clean(url.clone())?;
        if !parts.taken.insert(url.clone()) {
            return None;
        }
        if parts.taken.len() > PER_PAGE {
            parts.unread.push(LeftOut { url: http::shown(&url), reason: Message::new("crawl.too-many-parts") });
            return None;
        }
        let cell = self.cell(&url);
        if parts.at_hand && cell.get().is_none() {
            parts.missing = true;
            return None;
        }
        match cell.get_or_init(|| self.fetch_part(&url, kind)).await {
            Ok(part) => Some(part.clone()),
            Err(miss) if miss.holds_nothing() => {
                parts.dead.push(Found::Dead { url, status: miss.status, reason: miss.reason.clone() });
                None
            }
            Err(miss) => {
                parts.unread.push(miss.left_out());
                None
            }
        }
    }

    async fn fetch_part(&self, url: &Url, kind: Kind) -> Result<Part, Miss> {
        if self.shared_bytes.load(Ordering::Relaxed) > SHARED_BYTES {
            return Err(Miss::of(url, Message::new("crawl.too-many-parts")));
        }
        let part = self.fetcher.get(url, kind).await?;
        self.shared_bytes.fetch_add(part.body.len(), Ordering::Relaxed);
        let mut leads = if kind == Kind::Script { leads_of(&part.body, &part.url) } else { Leads::default() };
        let map = leads.map.take().map(|map| {
            let bytes = map.len() as u64;
            let (requested, url) = (part.requested.clone(), part.url.clone());
            Arc::new(Fetched {
                requested,
                url,
                hops: Vec::new(),
                status: part.status,
                headers: Vec::new(),
                body: map,
                bytes,
                cut: false,
            })
        });
        Ok(Part { fetched: Arc::new(part), leads: Arc::new(leads), map })
    }

    /// Decides what each link is good for; every address once, and none that the crawl knows already.
    fn sort_links(&self, read: &Parsed, page: &Url, nofollow: bool) -> Vec<Found> {
        let mut met = HashSet::new();
        let mut found = Vec::new();
        let known = self.seen.look();
        let refresh = read.outline.refresh.iter().map(|url| (url, None));
        let links = read.outline.links.iter().map(|link| (&link.url, Some(link)));
        for (url, link) in refresh.chain(links) {
            let url = match scope::is_clean(url) {
                true => Cow::Borrowed(url),
                false => match scope::clean(url.clone()) {
                    Some(url) => Cow::Owned(url),
                    None => continue,
                },
            };
            let identity = self.seen.identity(&url);
            if &*url == page || known.contains(&identity) || !met.insert(identity) {
                continue;
            }
            let (text, rel) = link.map_or(("", ""), |link| (&*link.text, &*link.rel));
            let sorted = self.sort_link(url.into_owned(), text, if nofollow { "nofollow" } else { rel });
            found.extend(sorted.map(|found| match found {
                Found::Follow { url, important, .. } => {
                    Found::Follow { url, important, at: link.map(|link| at(&read.document, link)) }
                }
                other => other,
            }));
        }
        found
    }

    /// Decides what one address is good for; `None` when a browser would ask for nothing.
    pub(super) fn sort_link(&self, url: Url, text: &str, rel: &str) -> Option<Found> {
        match url.scheme() {
            "http" | "https" => {}
            // Addresses that a browser would ask for nothing.
            "javascript" | "mailto" | "tel" | "sms" | "whatsapp" | "data" | "blob" | "about" => return None,
            _ => return Some(Found::Leave { url, reason: Message::new("crawl.scheme") }),
        }
        if !self.fetcher.scope().holds(&url) {
            if scope::is_terms(&url, text) && !scope::is_mercado_pago(&url) {
                return Some(Found::Ask(url));
            }
            return Some(Found::Leave { url, reason: Message::new("crawl.elsewhere") });
        }
        let reason = if scope::changes_state(&url) {
            Message::new("crawl.changes-state")
        } else if let Some(reason) = self.fetcher.scope().refuses(&url) {
            reason
        } else if self.robots && rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("nofollow")) {
            Message::new("crawl.nofollow")
        } else if !self.fetcher.allowed(&url) {
            Message::new("crawl.robots")
        } else {
            let important = scope::is_important(&url, text);
            return Some(Found::Follow { url, important, at: None });
        };
        Some(Found::Leave { url, reason })
    }
}

/// Where a link stands and how it is written there.
fn at(document: &Document, link: &Link) -> At {
    let element = document.element(link.place);
    let start = element.and_then(|element| element.start);
    let (line, column) = start.map_or((1, 1), |start| document.line_column(start));
    let href = element.and_then(|element| element.attr("href")).unwrap_or_default().trim().to_owned();
    At { href, line, column }
}

/// Whether a page that was redirected to stands in for the one that was asked for, to log in.
pub(super) fn stands_for_login(document: &Fetched, read: &Outline) -> bool {
    !document.hops.is_empty() && wall::login_instead(&document.requested, &document.url, &read.title, read.password)
}

/// Whether `X-Robots-Tag` asks every crawler, or this one, not to follow the links of a page.
fn says_nofollow(document: &Fetched) -> bool {
    let headers = document.headers.iter().filter(|(name, _)| name == "x-robots-tag");
    headers.map(|(_, value)| value.to_ascii_lowercase()).any(|value| {
        let (agent, rules) = match value.split_once(':') {
            // `unavailable_after: DATE` is a rule, not the name of a crawler.
            Some((agent, rules)) if !agent.contains(',') && agent.trim() != "unavailable_after" => {
                (agent.trim(), rules)
            }
            _ => ("", &*value),
        };
        matches!(agent, "" | "homologa") && rules.split(',').any(|rule| matches!(rule.trim(), "nofollow" | "none"))
    })
}
