//! One resource of the shop: asked, redirects followed by hand and recorded, body bounded and decoded.
//!
//! Not responsible for choosing what to ask.

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, Method, Response, StatusCode};
use url::Url;

use super::Limits;
use super::robots::Robots;
use super::scope::{self, Scope};
use crate::golive::evidence::Fetched;
use crate::http;
use crate::i18n::Message;
use crate::run::{Hop, LeftOut, Problem};

/// RFC 9309 asks crawlers to read at least this much.
const ROBOTS_BYTES: usize = 500 * 1024;

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
    problem: Option<Box<Problem>>,
}

impl Miss {
    pub(super) fn of(url: &Url, reason: Message) -> Miss {
        Miss { url: url.clone(), reason, status: None, problem: None }
    }

    /// Whether a browser would find nothing there either: then nothing was missed by not reading it.
    pub(super) fn holds_nothing(&self) -> bool {
        matches!(self.status, Some(404 | 410)) || matches!(&*self.reason.key, "crawl.not-html" | "crawl.script-is-html")
    }

    pub(super) fn left_out(&self) -> LeftOut {
        LeftOut { url: http::shown(&self.url), reason: self.reason.clone() }
    }

    /// The same as a problem of the whole crawl: the start page is missing.
    pub(super) fn into_problem(self, start: &Url) -> Problem {
        match self.problem {
            Some(problem) => *problem,
            None => Problem::environment(self.reason).fix(Message::new("crawl.start-fix")).at_url(http::shown(start)),
        }
    }
}

/// Fetches for one crawl.
pub(super) struct Fetcher {
    client: Client,
    scope: Scope,
    robots: Option<Robots>,
    limits: Limits,
}

impl Fetcher {
    pub(super) fn new(client: Client, scope: Scope, limits: Limits) -> Fetcher {
        Fetcher { client, scope, robots: None, limits }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Fixes the scope for the rest of the crawl.
    pub(super) fn settle(&mut self, scope: Scope) {
        self.scope = scope;
    }

    /// Respects these rules from now on.
    pub(super) fn obey(&mut self, robots: Robots) {
        self.robots = Some(robots);
    }

    /// Whether the shop's `robots.txt` lets homologa read an address.
    pub(super) fn allowed(&self, url: &Url) -> bool {
        self.robots.as_ref().is_none_or(|robots| robots.allows(url))
    }

    /// Reads one resource. Only answers with a 2xx status and a fitting content type count.
    pub(super) async fn get(&self, url: &Url, kind: Kind) -> Result<Fetched, Miss> {
        let miss = |reason: Message, status: Option<u16>| Miss { status, ..Miss::of(url, reason) };
        let mut hops: Vec<Hop> = Vec::new();
        let mut asked: Vec<Url> = Vec::new();
        let mut current = url.clone();
        loop {
            let response = self.client.get(current.clone()).send().await.map_err(|error| failed(url, &error))?;
            let status = response.status();
            if let Some(target) = target_of(&current, &response) {
                hops.push(Hop { url: http::shown(&current), status: status.as_u16() });
                let next = target.map_err(|reason| miss(reason, None))?;
                asked.push(std::mem::replace(&mut current, next));
                if let Some(reason) = self.refuses(&asked, &current, kind) {
                    return Err(miss(reason, None));
                }
                continue;
            }
            if !status.is_success() {
                let reason = Message::new("crawl.status").with("status", status.as_u16());
                return Err(miss(reason, Some(status.as_u16())));
            }
            if let Some(reason) = wrong_type(&response, kind) {
                return Err(miss(reason, None));
            }
            return self.read(url, current, hops, response, kind).await.map_err(|error| failed(url, &error));
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
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let limit = if kind == Kind::Script { self.limits.script_bytes } else { self.limits.page_bytes };
        let (bytes, cut) = http::read_bounded(response, limit).await?;
        let length = bytes.len() as u64;
        let declared = headers.iter().find(|(name, _)| name == CONTENT_TYPE.as_str());
        let body = http::decode(bytes, declared.map(|(_, value)| value.as_str()));
        Ok(Fetched { requested: requested.clone(), url, hops, status, headers, body, bytes: length, cut })
    }

    /// Why a redirect is not followed, if it is not.
    fn refuses(&self, asked: &[Url], next: &Url, kind: Kind) -> Option<Message> {
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
        if asked.contains(next) {
            return Some(Message::new("crawl.redirect-loop"));
        }
        if asked.len() > self.limits.redirects {
            return Some(Message::new("crawl.redirect-limit").with("count", self.limits.redirects));
        }
        (kind == Kind::Page && !self.allowed(next)).then(|| Message::new("crawl.robots"))
    }

    /// Reads the `robots.txt` of the host that `page` is on.
    pub(super) async fn robots(&self, page: &Url) -> Robots {
        let Ok(url) = page.join("/robots.txt") else { return Robots::default() };
        let mut current = url;
        for _ in 0..=5 {
            let Ok(response) = self.client.get(current.clone()).send().await else { return Robots::closed_host() };
            match target_of(&current, &response) {
                Some(Ok(next)) if self.scope.holds(&next) => current = next,
                Some(_) => return Robots::default(),
                None if response.status().is_success() => {
                    return match http::read_bounded(response, ROBOTS_BYTES).await {
                        Ok((bytes, _)) => Robots::parse(&String::from_utf8_lossy(&bytes), "homologa"),
                        Err(_) => Robots::closed_host(),
                    };
                }
                None if response.status().is_server_error() => return Robots::closed_host(),
                None => return Robots::default(),
            }
        }
        Robots::default()
    }

    /// The status that an address of another host answers in the end; `None` without an answer.
    pub(super) async fn status(&self, url: &Url) -> Option<u16> {
        let mut current = url.clone();
        let mut method = Method::HEAD;
        for _ in 0..=self.limits.redirects {
            if scope::is_private(&current) && !self.scope.private() {
                return None;
            }
            let response = self.client.request(method.clone(), current.clone()).send().await.ok()?;
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

fn failed(url: &Url, error: &reqwest::Error) -> Miss {
    Miss { url: url.clone(), reason: http::reason(error), status: None, problem: Some(Box::new(http::explain(error))) }
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
        Kind::Script if html => Some(Message::new("crawl.script-is-html")),
        Kind::Script => None,
        _ if html || essence.is_empty() => None,
        _ => Some(Message::new("crawl.not-html").with("type", shown)),
    }
}
