//! Pages in a real browser: opened, left to come to rest, read, and closed.
//!
//! Responsible for one browser for all pages, a context of its own for each shop (no cookies, nothing kept), limits
//! of time and size, and for the browser's end. Not responsible for judging, nor for which pages are worth it.
//!
//! The protocol is spoken by a small client of our own: the kept crates for it cannot see frames of other origins,
//! which is where card fields are, and are the dearest part of a build. It goes over two pipes, not over a port that
//! others on the machine could use, and the browser ends when they close.

mod crop;
mod facts;
mod find;
mod policy;
mod process;
mod read;
mod steps;
mod tab;
mod trace;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use crop::Sheet;
pub use find::{Choice, usable};
pub use policy::StandIn;
use serde_json::json;
use url::Url;

use super::crawl::Bounds;
use super::evidence::{Fetched, Page, Rendered, Screenshot, Source};
use super::journey::{Action, Step};
use crate::i18n::Message;
use policy::Policy;
use process::{Launch, Process};
use steps::Halt;
use tab::Tab;
use wire::Fault;

/// Longest time for an answer of the browser itself.
const ANSWER: Duration = Duration::from_secs(10);

/// How much of a page is waited for and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Pages that are opened in one shop.
    pub pages: usize,
    /// Time for one page to come to rest; reading it takes a little more.
    pub page_time: Duration,
    /// Time for all pages of a run.
    pub total_time: Duration,
    /// How long nothing may be asked before the network is at rest.
    pub quiet: Duration,
    /// Least time after a page is loaded: timers draw late.
    pub least: Duration,
    /// Characters of a frame's markup.
    pub html_chars: usize,
    /// Whether a picture is taken of each page.
    pub pictures: bool,
    /// Width and height of a picture, in pixels.
    pub screenshot: (u32, u32),
    /// Bytes of a picture.
    pub screenshot_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            pages: 20,
            page_time: Duration::from_secs(20),
            total_time: Duration::from_secs(180),
            quiet: Duration::from_millis(500),
            least: Duration::from_millis(700),
            html_chars: 5_000_000,
            pictures: true,
            screenshot: (1_280, 4_000),
            screenshot_bytes: 8 * 1024 * 1024,
        }
    }
}

/// How pages are opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Which browser.
    pub choice: Choice,
    /// How much.
    pub limits: Limits,
    /// What stands in for servers of others.
    pub stand_ins: Vec<StandIn>,
}

/// The browser that was used, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Its program.
    pub program: PathBuf,
    /// As it names itself.
    pub version: String,
    /// Whether it ran without its own sandbox, which it refuses to root.
    pub unguarded: bool,
}

/// A journey that came to its end.
pub struct Travelled {
    /// The page that it led to.
    pub rendered: Rendered,
    /// Pictures that its steps asked for, by name.
    pub pictures: Vec<(String, Screenshot)>,
}

/// A journey that ended early.
pub struct Halted {
    /// The step that could not be done, counted from 0; `None` when it was the browser.
    pub step: Option<usize>,
    /// Why.
    pub reason: Message,
    /// How the page looked then.
    pub picture: Option<Screenshot>,
}

/// Where the browser is.
enum State {
    /// Not started yet.
    Idle,
    /// Running, with the context of the shop that is looked at.
    Running(Box<Process>, Option<String>),
    /// Not to be had, and why.
    Off(Message),
}

/// Opens pages, with one browser that is started when the first page needs it. Dropping it ends the browser.
pub struct Renderer {
    options: Options,
    stand_ins: Arc<[StandIn]>,
    state: State,
    pins: Vec<[u8; 32]>,
    used: Option<Used>,
    restarted: bool,
    spent: Duration,
    /// The page read last, still open for pictures of its elements.
    open: Option<Tab>,
}

impl Renderer {
    /// A renderer that has opened nothing yet.
    pub fn new(options: Options) -> Renderer {
        let stand_ins = Arc::from(options.stand_ins.clone());
        let state = State::Idle;
        Renderer {
            options,
            stand_ins,
            state,
            pins: Vec::new(),
            used: None,
            restarted: false,
            spent: Duration::ZERO,
            open: None,
        }
    }

    /// Whether pages can be opened as far as known; finding out for sure takes a first page.
    pub fn wanted(&self) -> bool {
        self.options.choice != Choice::None
    }

    /// Most pages that are opened in one shop.
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// The browser, once it has run.
    pub fn used(&self) -> Option<&Used> {
        self.used.as_ref()
    }

    /// Begins with another shop: nothing of the one before is kept. `pin` is the SHA-256 of the public key of the
    /// one certificate whose faults are passed over.
    pub async fn begin(&mut self, pin: Option<[u8; 32]>) {
        self.open = None;
        let known = pin.is_none_or(|pin| self.pins.contains(&pin));
        if let Some(pin) = pin.filter(|_| !known) {
            self.pins.push(pin);
        }
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Running(process, context) if known => {
                if let Some(context) = context {
                    process.wire.say(None, "Target.disposeBrowserContext", json!({ "browserContextId": context }));
                }
                self.state = State::Running(process, None);
            }
            // Certificates are passed over from the start or not at all.
            State::Running(process, _) => process.end().await,
            state => self.state = state,
        }
    }

    /// Opens a page, waits until it is at rest, and reads it.
    ///
    /// # Errors
    /// Why the page could not be seen: there is no browser, or it did not answer, or the page could not be opened.
    pub async fn draw(&mut self, page: &Page) -> Result<Rendered, Message> {
        loop {
            if self.spent >= self.options.limits.total_time {
                let seconds = self.options.limits.total_time.as_secs();
                return Err(Message::new("browser.time-limit").with("seconds", seconds));
            }
            let began = Instant::now();
            self.open = None;
            self.ready().await?;
            let drawn = self.attempt(page).await;
            self.spent += began.elapsed();
            match drawn {
                Ok((rendered, tab)) => {
                    self.open = Some(tab);
                    return Ok(rendered);
                }
                Err(Fault::Gone) => self.fell(),
                Err(fault) => return Err(words(&fault)),
            }
        }
    }

    /// A picture of the first element that a selector names on the page that was read last, if it can be had; cut out
    /// of the picture of that page where it shows there.
    pub async fn shoot(&mut self, selector: &str, page: Option<&Sheet>) -> Option<Screenshot> {
        self.open.as_mut()?.shoot(Some(selector), page, &self.options.limits).await.ok()
    }

    /// The browser ended unasked: it is started once more, and no more than that.
    fn fell(&mut self) {
        self.state = match std::mem::replace(&mut self.restarted, true) {
            false => State::Idle,
            true => State::Off(Message::new("browser.gone")),
        };
    }

    /// Starts the browser and its context, where they are not there yet.
    async fn ready(&mut self) -> Result<(), Message> {
        if let State::Running(process, _) = &self.state
            && process.wire.ended()
        {
            self.fell();
        }
        if matches!(self.state, State::Idle) {
            self.state = match self.start().await {
                Ok(process) => State::Running(Box::new(process), None),
                Err(reason) => State::Off(reason),
            };
        }
        match &self.state {
            State::Off(reason) => Err(reason.clone()),
            _ => Ok(()),
        }
    }

    async fn start(&mut self) -> Result<Process, Message> {
        let program = find::find(&self.options.choice)?;
        let launch = Launch { pins: self.pins.clone(), window: (1_280, 900), lang: "es".to_owned() };
        let process = Process::start(&program, &launch).await?;
        self.used = Some(Used { program, version: process.version.clone(), unguarded: process.unguarded });
        Ok(process)
    }

    async fn attempt(&mut self, page: &Page) -> Result<(Rendered, Tab), Fault> {
        let url = &page.document.url;
        let mut tab = self.tab(url).await?;
        let (version, limits) = (self.version(), &self.options.limits);
        // Every step has its own limit; this one is for what nobody thought of.
        let most = limits.page_time * 2 + Duration::from_secs(60);
        let work = async {
            tab.go(url, limits).await?;
            tab.settle(limits).await?;
            let rendered = tab.read(&version, page, limits).await?;
            Ok((rendered, tab))
        };
        tokio::time::timeout(most, work).await.unwrap_or(Err(Fault::Slow))
    }

    /// An empty page in the context of the shop.
    async fn tab(&mut self, url: &Url) -> Result<Tab, Fault> {
        let State::Running(process, context) = &mut self.state else { return Err(Fault::Gone) };
        let context = match context {
            Some(context) => context.clone(),
            None => {
                let made = process.wire.ask(None, "Target.createBrowserContext", json!({ "disposeOnDetach": true }));
                let made = tokio::time::timeout(ANSWER, made).await.map_err(|_| Fault::Gone)?;
                let made = made.unwrap_or(Err(Fault::Gone))?;
                let id = made["browserContextId"].as_str().unwrap_or_default().to_owned();
                let deny = json!({ "behavior": "deny", "browserContextId": id, "eventsEnabled": true });
                process.wire.say(None, "Browser.setDownloadBehavior", deny);
                context.insert(id).clone()
            }
        };
        let policy = Policy { bounds: Bounds::of(url), stand_ins: self.stand_ins.clone() };
        Tab::open(&process.wire, &context, policy).await
    }

    fn version(&self) -> String {
        self.used.as_ref().map(|used| used.version.clone()).unwrap_or_default()
    }

    /// Goes the steps of a journey and reads the page that they lead to. `secrets` are masked in what was read.
    ///
    /// # Errors
    /// The step that could not be done, if it was one, why, and how the page looked then.
    pub async fn travel(&mut self, start: &Url, steps: &[Step], secrets: &[String]) -> Result<Travelled, Halted> {
        let because = |reason| Halted { step: None, reason, picture: None };
        self.open = None;
        self.ready().await.map_err(because)?;
        let limits = self.options.limits.clone();
        let mut tab = self.tab(start).await.map_err(|fault| because(words(&fault)))?;
        // A journey begins at the shop's address unless it says another.
        let begins = matches!(steps.first().map(|step| &step.action), Some(Action::Goto(_)));
        if !begins {
            tab.go(start, &limits).await.map_err(|fault| because(words(&fault)))?;
        }
        let stood = match tab.travel(start, steps, &limits).await {
            Ok(pictures) => Ok(pictures),
            Err(Halt::Fault(fault)) => Err((None, words(&fault))),
            Err(Halt::Stuck(step, reason)) => Err((Some(step), reason)),
        };
        let pictures = match stood {
            Ok(pictures) => pictures,
            Err((step, reason)) => {
                return Err(Halted { step, reason, picture: tab.shoot(None, None, &limits).await.ok() });
            }
        };
        let version = self.version();
        let read = async {
            tab.settle(&limits).await?;
            let unknown = unread(start);
            tab.read(&version, &unknown, &limits).await
        };
        let mut rendered = read.await.map_err(|fault| because(words(&fault)))?;
        scrub(&mut rendered, secrets);
        self.open = Some(tab);
        Ok(Travelled { rendered, pictures })
    }

    /// Ends the browser in good order.
    pub async fn end(&mut self) {
        self.open = None;
        if let State::Running(process, _) = std::mem::replace(&mut self.state, State::Idle) {
            process.end().await;
        }
    }
}

/// A fault in words for a person.
fn words(fault: &Fault) -> Message {
    match fault {
        Fault::Gone => Message::new("browser.gone"),
        Fault::Crashed => Message::new("browser.crashed"),
        Fault::Slow => Message::new("browser.slow"),
        Fault::Refused(error) => Message::new("browser.refused").with("error", error),
    }
}

/// A page of which nothing but the address is known.
pub(super) fn unread(url: &Url) -> Page {
    let document = Fetched {
        requested: url.clone(),
        url: url.clone(),
        hops: Vec::new(),
        status: 200,
        headers: Vec::new(),
        body: String::new(),
        bytes: 0,
        cut: false,
    };
    // No header of it was kept: what they would tell stays open.
    Page { source: Source::Snapshot, ..Page::new(Arc::new(document), 0) }
}

/// Masks values that a journey typed wherever the page shows them again.
fn scrub(rendered: &mut Rendered, secrets: &[String]) {
    let secrets: Vec<&String> = secrets.iter().filter(|secret| secret.chars().count() >= 4).collect();
    let masked =
        |text: &str| secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "****"));
    let masked_url = |url: &mut Url| {
        // As it stands, and as addresses write it.
        let mut text = masked(url.as_str());
        for secret in &secrets {
            let written: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            text = text.replace(&written, "****");
        }
        if let Some(clean) = Url::parse(&text).ok().filter(|_| text != url.as_str()) {
            *url = clean;
        }
    };
    if secrets.is_empty() {
        return;
    }
    masked_url(&mut rendered.url);
    for frame in &mut rendered.frames {
        masked_url(&mut frame.url);
        if let Some(document) = &mut frame.document {
            let document = Arc::make_mut(document);
            document.body = masked(&document.body);
            masked_url(&mut document.url);
            masked_url(&mut document.requested);
        }
    }
    rendered.requests.iter_mut().for_each(|request| masked_url(&mut request.url));
    rendered.requests.iter_mut().filter_map(|request| request.initiator.as_mut()).for_each(masked_url);
    rendered.led_away.iter_mut().for_each(masked_url);
    rendered.console.iter_mut().for_each(|line| line.text = masked(&line.text));
    rendered.dialogs.iter_mut().for_each(|dialog| dialog.text = masked(&dialog.text));
    rendered.stored.iter_mut().for_each(|stored| stored.name = masked(&stored.name));
}
