//! One resource of the shop: asked, redirects followed by hand and recorded, body bounded and decoded.
//!
//! Not responsible for choosing what to ask.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Method, Response, StatusCode};
use tokio::sync::OnceCell;
use url::Url;

use super::access::Access;
use super::jar::Jar;
use super::pace::{LONGEST_DELAY, Pace};
use super::robots::{self, Robots};
use super::scope::{self, Scope};
use super::{Limits, Options, wall};
use crate::golive::evidence::Fetched;
use crate::http;
use crate::i18n::Message;
use crate::run::{Hop, LeftOut, Problem};

/// How often one request is repeated because the shop asks for patience.
const PATIENCE: u32 = 2;
/// How often an address may be asked again within one redirect chain because a cookie was set.
const COOKIE_ROUNDS: usize = 2;
/// Bytes of a refusal that are read for the marks of a bot block.
const REFUSAL_BYTES: usize = 64 * 1024;

/// What a resource is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The page the user named: `robots.txt` does not apply.
    Start,
    /// A page found by a link.
    Page,
    /// A part of a page, which a browser would load with it: `robots.txt` does not apply.
    Frame,
    /// As [`Kind::Frame`].
    Script,
    /// A text that scripts lead to: a source map, a lazy chunk, a configuration answer.
    Served,
}

/// A resource that could not be had.
#[derive(Debug)]
pub(super) struct Miss {
    /// Address asked first.
    pub(super) url: Url,
    /// Why not.
    pub(super) reason: Message,
    /// HTTP status, when there was an answer of the shop which is not a page.
    pub(super) status: Option<u16>,
    /// Whether it is not the shop that answered but what stands before it: a bot block or a page to log in.
    pub(super) walled: bool,
    problem: Option<Box<Problem>>,
}

impl Miss {
    pub(super) fn of(url: &Url, reason: Message) -> Miss {
        Miss { url: url.clone(), reason, status: None, walled: false, problem: None }
    }

    /// Another page in place of the one that was asked for: one to log in.
    pub(super) fn login(url: &Url) -> Miss {
        walled(url, None, Message::new("crawl.login-instead"))
    }

    /// Whether a browser would find nothing there either: then nothing was missed by not reading it.
    pub(super) fn holds_nothing(&self) -> bool {
        matches!(self.status, Some(404 | 410)) || matches!(&*self.reason.key, "crawl.not-html" | "crawl.script-is-html")
    }

    /// Whether a link that leads here leads to nothing: the page is gone, the server fails, the host has no name.
    pub(super) fn is_dead(&self) -> bool {
        !self.walled
            && match self.status {
                Some(status) => matches!(status, 404 | 410) || (status >= 500 && status != 503),
                None => &*self.reason.key == "http.dns",
            }
    }

    pub(super) fn left_out(&self) -> LeftOut {
        LeftOut { url: http::shown(&self.url), reason: self.reason.clone() }
    }

    /// The same as a problem of the whole crawl: the start page is missing.
    pub(super) fn into_problem(self, start: &Url) -> Problem {
        match self.problem {
            Some(problem) => *problem,
            None => {
                let fix = match &*self.reason.key {
                    "crawl.bot-block" | "crawl.too-fast" => Message::new("crawl.bot-block-fix"),
                    "crawl.login-asked" | "crawl.login-instead" => Message::new("crawl.login-fix"),
                    _ => Message::new("crawl.start-fix"),
                };
                Problem::environment(self.reason).fix(fix).at_url(http::shown(start))
            }
        }
    }
}

/// The `robots.txt` of one host, read when it is first asked for.
type File = Arc<OnceCell<Arc<Robots>>>;

/// Fetches for one crawl.
pub(super) struct Fetcher {
    client: Client,
    scope: Scope,
    /// The files of the hosts of the shop, each read once; `None` when they are left aside.
    robots: Option<Mutex<HashMap<String, File>>>,
    pace: Pace,
    jar: Jar,
    access: Access,
    limits: Limits,
    /// Bytes that were read so far.
    bytes: AtomicU64,
}

impl Fetcher {
    pub(super) fn new(client: Client, scope: Scope, options: &Options) -> Fetcher {
        Fetcher {
            client,
            scope,
            robots: None,
            pace: Pace::new(options.delay),
            jar: Jar::default(),
            access: options.access.clone(),
            limits: options.limits.clone(),
            bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Fixes the scope for the rest of the crawl.
    pub(super) fn settle(&mut self, scope: Scope) {
        self.scope = scope;
    }

    /// Respects `robots.txt` from now on.
    pub(super) fn obey(&mut self) {
        self.robots = Some(Mutex::default());
    }

    /// Whether as many bytes were read as may be.
    pub(super) fn is_sated(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) >= self.limits.total_bytes
    }

    /// Whether `robots.txt` lets homologa read an address, as far as it was read already.
    pub(super) fn allowed(&self, url: &Url) -> bool {
        let Some(robots) = &self.robots else { return true };
        let known = robots.lock().unwrap_or_else(PoisonError::into_inner);
        let file = known.get(&origin(url)).and_then(|cell| cell.get());
        file.is_none_or(|robots| robots.allows(url))
    }

    /// The same, and reads the file of the host before if need be.
    async fn lets(&self, url: &Url) -> bool {
        match self.robots_of(url).await {
            Some(robots) => robots.allows(url),
            None => true,
        }
    }

    /// The `robots.txt` of the host that an address is on; `None` when it is left aside.
    pub(super) async fn robots_of(&self, url: &Url) -> Option<Arc<Robots>> {
        let robots = self.robots.as_ref()?;
        let cell = {
            let mut known = robots.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(origin(url)).or_default().clone()
        };
        let read = cell.get_or_init(|| async { Arc::new(self.read_robots(url).await) }).await;
        Some(read.clone())
    }

    async fn read_robots(&self, page: &Url) -> Robots {
        let Ok(mut current) = page.join("/robots.txt") else { return Robots::default() };
        let robots = 'file: {
            // RFC 9309 asks to follow five redirects, also to other hosts.
            for _ in 0..=5 {
                let Ok(response) = self.send(Method::GET, &current).await else { return Robots::closed_host() };
                match target_of(&current, &response) {
                    Some(Ok(next)) if matches!(next.scheme(), "http" | "https") && self.may_touch(&next) => {
                        current = next;
                    }
                    Some(_) => return Robots::default(),
                    None if response.status().is_success() => {
                        let Ok((mut bytes, cut)) = http::read_bounded(response, robots::BYTES).await else {
                            return Robots::closed_host();
                        };
                        if cut {
                            // Half a line would be another rule.
                            bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0));
                        }
                        break 'file Robots::parse(&String::from_utf8_lossy(&bytes), "homologa");
                    }
                    None if response.status().is_server_error() => return Robots::closed_host(),
                    None => return Robots::default(),
                }
            }
            Robots::default()
        };
        if let Some(delay) = robots.delay {
            self.pace.slow_down(page, delay);
        }
        robots
    }

    /// Whether an address may be asked at all: a public shop leads to no private network.
    fn may_touch(&self, url: &Url) -> bool {
        self.scope.holds(url) || self.scope.private() || !scope::is_private(url)
    }

    /// The bytes of a file of the shop; `None` when it cannot be had.
    pub(super) async fn file(&self, url: &Url, most: usize) -> Option<Vec<u8>> {
        let mut current = url.clone();
        for _ in 0..=self.limits.redirects {
            if !self.scope.holds(&current) || !self.lets(&current).await {
                return None;
            }
            let response = self.send(Method::GET, &current).await.ok()?;
            if let Some(target) = target_of(&current, &response) {
                current = target.ok()?;
                continue;
            }
            if !response.status().is_success() {
                return None;
            }
            let (bytes, _) = http::read_bounded(response, most).await.ok()?;
            self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            return Some(bytes);
        }
        None
    }

    /// Asks once, in turn, with the cookies of the shop and what the user gave to get in; waits where the shop asks
    /// for patience.
    async fn send(&self, method: Method, url: &Url) -> Result<Response, reqwest::Error> {
        let mut patience = PATIENCE;
        loop {
            self.pace.turn(url).await;
            let mut request = self.client.request(method.clone(), url.clone());
            if self.scope.holds(url)
                && let Some(cookies) = self.jar.header(url)
            {
                request = request.header(COOKIE, cookies);
            }
            if self.scope.trusts(url) {
                request = self.access.put(request);
            }
            let response = request.send().await?;
            match pause_of(&response) {
                Some(pause) if patience > 0 => {
                    patience -= 1;
                    self.pace.hold(url, pause);
                }
                _ => return Ok(response),
            }
        }
    }

    /// Keeps the cookies of an answer; `true` when this changed anything.
    fn keep_cookies(&self, url: &Url, response: &Response) -> bool {
        if !response.headers().contains_key(SET_COOKIE) || !self.scope.holds(url) {
            return false;
        }
        let set = response.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        self.jar.keep(url, set)
    }

    /// Reads one resource. Only answers with a 2xx status and a fitting content type count.
    pub(super) async fn get(&self, url: &Url, kind: Kind) -> Result<Fetched, Miss> {
        let miss = |reason: Message, status: Option<u16>| Miss { status, ..Miss::of(url, reason) };
        let mut hops: Vec<Hop> = Vec::new();
        let mut asked: Vec<Url> = Vec::new();
        let mut current = url.clone();
        let mut again = 0;
        if kind != Kind::Start {
            if let Some(reason) = self.scope.refuses(url) {
                return Err(miss(reason, None));
            }
            if self.is_sated() {
                return Err(miss(self.byte_limit(), None));
            }
            if matches!(kind, Kind::Page | Kind::Served) && !self.lets(url).await {
                return Err(miss(Message::new("crawl.robots"), None));
            }
        }
        loop {
            let response = self.send(Method::GET, &current).await.map_err(|error| failed(url, &error))?;
            let status = response.status();
            let new_cookies = self.keep_cookies(&current, &response);
            if let Some(target) = target_of(&current, &response) {
                hops.push(Hop { url: http::shown(&current), status: status.as_u16() });
                let next = target.map_err(|reason| miss(reason, None))?;
                asked.push(std::mem::replace(&mut current, next));
                // Many shops send a visitor round once, to see whether the cookie comes back.
                let with_cookie = new_cookies && again < COOKIE_ROUNDS && asked.contains(&current);
                again += usize::from(with_cookie);
                if let Some(reason) = self.refuses(&asked, &current, kind, with_cookie) {
                    return Err(miss(reason, None));
                }
                if kind == Kind::Page && !self.lets(&current).await {
                    return Err(miss(Message::new("crawl.robots"), None));
                }
                continue;
            }
            if !status.is_success() {
                return Err(self.refused(url, response, kind).await);
            }
            if let Some(reason) = wrong_type(&response, kind) {
                return Err(miss(reason, None));
            }
            let fetched = self.read(url, current, hops, response, kind).await.map_err(|error| failed(url, &error))?;
            if matches!(kind, Kind::Start | Kind::Page | Kind::Frame)
                && let Some(by) = wall::bot_block(fetched.status, &fetched.headers, &fetched.body)
            {
                return Err(walled(url, None, Message::new("crawl.bot-block").with("by", by)));
            }
            return Ok(fetched);
        }
    }

    /// What an answer that is no success means.
    async fn refused(&self, url: &Url, response: Response, kind: Kind) -> Miss {
        let status = response.status().as_u16();
        let reason = Message::new("crawl.status").with("status", status);
        let plain = Miss { status: Some(status), ..Miss::of(url, reason) };
        if !matches!(status, 401 | 403 | 405 | 406 | 407 | 429 | 503) || matches!(kind, Kind::Script | Kind::Served) {
            return plain;
        }
        let headers = headers_of(&response);
        let body = http::read_bounded(response, REFUSAL_BYTES).await.map(|(bytes, _)| bytes).unwrap_or_default();
        match wall::bot_block(status, &headers, &String::from_utf8_lossy(&body)) {
            Some(by) => walled(url, Some(status), Message::new("crawl.bot-block").with("by", by)),
            None if status == 401 => walled(url, Some(status), Message::new("crawl.login-asked")),
            None if status == 429 => walled(url, Some(status), Message::new("crawl.too-fast")),
            None => plain,
        }
    }

    async fn read(
        &self,
        requested: &Url,
        url: Url,
        hops: Vec<Hop>,
        response: Response,
        kind: Kind,
    ) -> Result<Fetched, reqwest::Error> {
        let status = response.status().as_u16();
        let mut headers = headers_of(&response);
        headers.iter_mut().for_each(|(_, value)| *value = self.access.mask(std::mem::take(value)));
        let limit =
            if matches!(kind, Kind::Script | Kind::Served) { self.limits.script_bytes } else { self.limits.page_bytes };
        let (bytes, cut) = http::read_bounded(response, limit).await?;
        let length = bytes.len() as u64;
        self.bytes.fetch_add(length, Ordering::Relaxed);
        let declared = headers.iter().find(|(name, _)| name == CONTENT_TYPE.as_str());
        let body = self.access.mask(http::decode(bytes, declared.map(|(_, value)| value.as_str())));
        Ok(Fetched { requested: requested.clone(), url, hops, status, headers, body, bytes: length, cut })
    }

    /// The sentence for a crawl that has read as many bytes as it may.
    pub(super) fn byte_limit(&self) -> Message {
        Message::new("crawl.byte-limit").with("mib", self.limits.total_bytes / (1024 * 1024))
    }

    /// Why a redirect is not followed, if it is not.
    fn refuses(&self, asked: &[Url], next: &Url, kind: Kind, with_cookie: bool) -> Option<Message> {
        if !matches!(next.scheme(), "http" | "https") {
            return Some(Message::new("crawl.redirect-scheme").with("target", http::shown(next)));
        }
        if !self.scope.holds(next) {
            // The wording matters: this is how shops are made to attack the network they are checked from.
            let key = if scope::is_private(next) && !self.scope.private() {
                Message::new("crawl.redirect-private")
            } else {
                Message::new("crawl.redirect-elsewhere")
            };
            return Some(key.with("target", http::shown(next)));
        }
        if kind != Kind::Start && scope::changes_state(next) {
            return Some(Message::new("crawl.redirect-changes").with("target", http::shown(next)));
        }
        if asked.contains(next) && !with_cookie {
            return Some(Message::new("crawl.redirect-loop"));
        }
        if asked.len() > self.limits.redirects {
            return Some(Message::new("crawl.redirect-limit").with("count", self.limits.redirects));
        }
        self.scope.refuses(next)
    }

    /// The status that an address of another host answers in the end; `None` without an answer.
    pub(super) async fn status(&self, url: &Url) -> Option<u16> {
        let mut current = url.clone();
        let mut method = Method::HEAD;
        for _ in 0..=self.limits.redirects {
            if scope::is_private(&current) && !self.scope.private() {
                return None;
            }
            let response = self.send(method.clone(), &current).await.ok()?;
            if let Some(target) = target_of(&current, &response) {
                current = target.ok().filter(|next| matches!(next.scheme(), "http" | "https"))?;
                continue;
            }
            let status = response.status();
            // Some servers know no HEAD, or answer it with an error of their own making.
            if method == Method::HEAD && (status.is_client_error() || status == StatusCode::NOT_IMPLEMENTED) {
                method = Method::GET;
                continue;
            }
            return Some(status.as_u16());
        }
        None
    }
}

/// Scheme, host and port.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn headers_of(response: &Response) -> Vec<(String, String)> {
    response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// How long to wait before asking the same again; `None` when the answer is one.
fn pause_of(response: &Response) -> Option<Duration> {
    let status = response.status().as_u16();
    if !matches!(status, 429 | 503) {
        return None;
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let pause = match (status, after) {
        (_, Some(seconds)) => Duration::from_secs(seconds),
        (429, None) => Duration::from_secs(2),
        _ => return None,
    };
    (pause <= LONGEST_DELAY).then_some(pause)
}

fn walled(url: &Url, status: Option<u16>, reason: Message) -> Miss {
    Miss { status, walled: true, ..Miss::of(url, reason) }
}

fn failed(url: &Url, error: &reqwest::Error) -> Miss {
    Miss { problem: Some(Box::new(http::explain(error))), ..Miss::of(url, http::reason(error)) }
}

/// Where an answer redirects to; `None` when it is not a redirect.
fn target_of(current: &Url, response: &Response) -> Option<Result<Url, Message>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?;
    let location = String::from_utf8_lossy(location.as_bytes());
    Some(match current.join(location.trim()).ok().and_then(scope::clean) {
        Some(target) => Ok(target),
        None => Err(Message::new("crawl.redirect-broken")),
    })
}

/// Why the content type does not fit, if it does not. A missing one is taken for the right one.
fn wrong_type(response: &Response, kind: Kind) -> Option<Message> {
    let declared = response.headers().get(CONTENT_TYPE)?.to_str().unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let html = matches!(essence.as_str(), "text/html" | "application/xhtml+xml");
    let shown: String = essence.chars().take(60).collect();
    match kind {
        Kind::Script | Kind::Served if html => Some(Message::new("crawl.script-is-html")),
        Kind::Script => None,
        // Pictures and the like are not searched.
        Kind::Served if ["image/", "font/", "video/", "audio/"].iter().any(|kind| essence.starts_with(kind)) => {
            Some(Message::new("crawl.not-html").with("type", shown))
        }
        Kind::Served => None,
        _ if html || essence.is_empty() => None,
        _ => Some(Message::new("crawl.not-html").with("type", shown)),
    }
}
