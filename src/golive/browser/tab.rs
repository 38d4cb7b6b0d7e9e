//! One open page: it is followed, with every frame and worker that comes to hang on it, until it is at rest, and
//! then read.
//!
//! Responsible for the talk with the browser about one page, within limits of time. Nothing on the page is pressed
//! or filled in, dialogs are dismissed, downloads refused. Not responsible for the browser itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::Url;

use super::Limits;
use super::facts::{cut, has_card, has_credential, shape, shown_address, text, words};
use super::policy::{Fate, Policy};
use super::trace::{FrameNow, Sent, Trace};
use super::wire::{Event, Fault, Wire};
use crate::golive::evidence::{DrawnFrame, Fetched, Page, Rendered, Screenshot, Store, Stored};
use crate::i18n::Message;

/// Longest time for an answer that needs nothing of the page.
const ANSWER: Duration = Duration::from_secs(10);
/// Longest time for an answer of the page's own process; a busy machine takes its time.
const SCRIPT: Duration = Duration::from_secs(5);
/// Own scripts that are read beside those of the crawl.
const MAX_SCRIPTS: usize = 60;
/// How often scripts that hang are ended before the page is left alone.
const RESCUES: usize = 3;
/// Times that a page may change after the network was at rest before it is taken as it is.
const CHANGES: usize = 8;

/// An open page.
pub(super) struct Tab {
    wire: Wire,
    target: String,
    session: String,
    events: mpsc::Receiver<Event>,
    policy: Policy,
    trace: Trace,
    led_away: Vec<Url>,
    limits: Vec<Message>,
    rescues: usize,
    began: Instant,
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.wire.say(None, "Target.closeTarget", json!({ "targetId": self.target }));
    }
}

impl Tab {
    /// An empty page in a context of the browser.
    pub(super) async fn open(wire: &Wire, context: &str, policy: Policy) -> Result<Tab, Fault> {
        let began = Instant::now();
        let made = json!({ "url": "about:blank", "browserContextId": context });
        let target = text(&within(ANSWER, wire.ask(None, "Target.createTarget", made)).await?["targetId"]).to_owned();
        let attach = json!({ "targetId": target, "flatten": true });
        let session = within(ANSWER, wire.ask(None, "Target.attachToTarget", attach)).await?;
        let session = text(&session["sessionId"]).to_owned();
        let events = wire.listen(&session);
        let mut tab = Tab {
            wire: wire.clone(),
            target,
            session: session.clone(),
            events,
            policy,
            trace: Trace::default(),
            led_away: Vec::new(),
            limits: Vec::new(),
            rescues: 0,
            began,
        };
        tab.set_up(&session);
        tab.call(&session, "Page.enable", json!({}), ANSWER).await?;
        Ok(tab)
    }

    /// Watches a page, a frame of another process or a worker, and whatever comes to hang on it. Once for each:
    /// asked twice, the browser loses requests.
    fn set_up(&self, session: &str) {
        let say = |method: &str, params: Value| self.wire.say(Some(session), method, params);
        say("Target.setAutoAttach", json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true }));
        say(
            "Network.enable",
            json!({
                "maxTotalBufferSize": 32_000_000,
                "maxResourceBufferSize": 4_000_000,
                "maxPostDataSize": 65_536,
            }),
        );
        say("Page.enable", json!({}));
        say("Runtime.enable", json!({}));
        say("Log.enable", json!({}));
        say("Audits.enable", json!({}));
        say("Fetch.enable", json!({ "patterns": [{ "urlPattern": "*" }] }));
        say("Runtime.runIfWaitingForDebugger", json!({}));
    }

    /// Asks something of a session while events go on.
    async fn call(&mut self, session: &str, method: &str, params: Value, time: Duration) -> Result<Value, Fault> {
        let mut answer = self.wire.ask(Some(session), method, params);
        let deadline = tokio::time::sleep(time);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                answer = &mut answer => return answer.unwrap_or(Err(Fault::Gone)),
                event = self.events.recv() => self.take(event.ok_or(Fault::Gone)?),
                () = &mut deadline => return Err(Fault::Slow),
            }
            if self.trace.crashed {
                return Err(Fault::Crashed);
            }
        }
    }

    fn take(&mut self, event: Event) {
        let Event { session, method, params } = event;
        match method.as_str() {
            "Target.attachedToTarget" => self.set_up(text(&params["sessionId"])),
            "Fetch.requestPaused" => self.decide(&session, &params),
            _ => {
                if method == "Page.javascriptDialogOpening" {
                    // Leaving a page is allowed, everything else is answered with no.
                    let accept = params["type"] == "beforeunload";
                    self.wire.say(Some(&session), "Page.handleJavaScriptDialog", json!({ "accept": accept }));
                }
                self.trace.take(&session, session == self.session, &method, &params);
            }
        }
    }

    fn decide(&mut self, session: &str, params: &Value) {
        let id = &params["requestId"];
        let address = text(&params["request"]["url"]);
        // The main frame has the name of its target.
        let main = params["resourceType"] == "Document" && params["frameId"] == self.target.as_str();
        let (method, answer) = match self.policy.fate(address, main) {
            Fate::Passes => ("Fetch.continueRequest", json!({ "requestId": id })),
            Fate::Stopped => ("Fetch.failRequest", json!({ "requestId": id, "errorReason": "BlockedByClient" })),
            Fate::LedAway => {
                if self.led_away.len() < 10 {
                    self.led_away.extend(shown_address(address));
                }
                // An answer without content: the page stays as it is.
                ("Fetch.fulfillRequest", json!({ "requestId": id, "responseCode": 204 }))
            }
            Fate::Answered(stand_in) => {
                let header = |(name, value): &(String, String)| json!({ "name": name, "value": value });
                let headers: Vec<Value> = stand_in.headers.iter().map(header).collect();
                let body = base64::engine::general_purpose::STANDARD.encode(&stand_in.body);
                let answer = json!({ "requestId": id, "responseCode": stand_in.status, "responseHeaders": headers, "body": body });
                ("Fetch.fulfillRequest", answer)
            }
        };
        self.wire.say(Some(session), method, answer);
    }

    /// Leads the main frame to an address.
    pub(super) async fn go(&mut self, url: &Url, limits: &Limits) -> Result<(), Fault> {
        let session = self.session.clone();
        let told = self.call(&session, "Page.navigate", json!({ "url": url.as_str() }), limits.page_time).await?;
        match text(&told["errorText"]) {
            "" => Ok(()),
            error => Err(Fault::Refused(error.to_owned())),
        }
    }

    /// Waits until the network is at rest and the page changes no more, or its time is over.
    pub(super) async fn settle(&mut self, limits: &Limits) -> Result<(), Fault> {
        let began = Instant::now();
        let (mut elements, mut changes) = (None, 0);
        let mut pinged = Instant::now();
        loop {
            let pause = tokio::time::timeout(Duration::from_millis(50), self.events.recv());
            if let Ok(event) = pause.await {
                self.take(event.ok_or(Fault::Gone)?);
            }
            if self.trace.crashed {
                return Err(Fault::Crashed);
            }
            if began.elapsed() > limits.page_time {
                self.limits.push(Message::new("browser.no-rest").with("seconds", limits.page_time.as_secs()));
                return Ok(());
            }
            let quiet = self.trace.quiet_for().is_some_and(|quiet| quiet >= limits.quiet);
            // A page that leads elsewhere while it loads is given up by the browser: it is never loaded.
            let leaves = !self.led_away.is_empty() && self.trace.quiet_for().is_some_and(|quiet| quiet >= limits.least);
            let loaded = leaves || self.trace.loaded.is_some_and(|loaded| loaded.elapsed() >= limits.least);
            if quiet && loaded {
                // What timers draw makes no request: a page is at rest when it has stopped to change.
                match self.evaluate_main("document.getElementsByTagName('*').length").await {
                    Ok(count) if elements.as_ref() == Some(&count) || changes >= CHANGES => return Ok(()),
                    Ok(count) => {
                        changes += usize::from(elements.is_some());
                        elements = Some(count);
                        self.pump(limits.quiet / 2).await?;
                    }
                    Err(Fault::Slow) => self.rescue()?,
                    // It is going somewhere else right now.
                    Err(Fault::Refused(_)) => self.pump(limits.quiet).await?,
                    Err(fault) => return Err(fault),
                }
            } else if quiet && !loaded && pinged.elapsed() > Duration::from_secs(2) {
                // Nothing is asked and nothing is done: a script may hold everything up.
                let session = self.session.clone();
                let ping = json!({ "expression": "1", "returnByValue": true });
                match self.call(&session, "Runtime.evaluate", ping, SCRIPT).await {
                    Err(Fault::Slow) => self.rescue()?,
                    Err(Fault::Refused(_)) | Ok(_) => {}
                    Err(fault) => return Err(fault),
                }
                pinged = Instant::now();
            }
        }
    }

    /// Takes events for some time.
    async fn pump(&mut self, time: Duration) -> Result<(), Fault> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match tokio::time::timeout(left, self.events.recv()).await {
                Ok(event) => self.take(event.ok_or(Fault::Gone)?),
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Ends a script that hangs; gives up when that does not help.
    fn rescue(&mut self) -> Result<(), Fault> {
        if self.rescues == 0 {
            self.limits.push(Message::new("browser.hangs"));
        }
        self.rescues += 1;
        if self.rescues > RESCUES {
            return Err(Fault::Slow);
        }
        self.wire.say(Some(&self.session), "Runtime.terminateExecution", json!({}));
        Ok(())
    }

    /// The value of an expression in a world of homologa's own inside a frame.
    async fn evaluate(&mut self, session: &str, frame: &str, expression: &str) -> Result<Value, Fault> {
        let world = json!({ "frameId": frame, "worldName": "homologa" });
        let world = self.call(session, "Page.createIsolatedWorld", world, SCRIPT).await?;
        let asked = json!({
            "expression": expression,
            "contextId": world["executionContextId"],
            "returnByValue": true,
            "awaitPromise": true,
        });
        let mut told = self.call(session, "Runtime.evaluate", asked, SCRIPT).await?;
        match told.get("exceptionDetails") {
            Some(details) => Err(Fault::Refused(cut(text(&details["exception"]["description"]), 300))),
            None => Ok(told["result"]["value"].take()),
        }
    }

    async fn evaluate_main(&mut self, expression: &str) -> Result<Value, Fault> {
        let (session, target) = (self.session.clone(), self.target.clone());
        self.evaluate(&session, &target, expression).await
    }

    /// Reads the page as it stands. What cannot be read is said in the evidence.
    pub(super) async fn read(&mut self, browser: &str, page: &Page, limits: &Limits) -> Result<Rendered, Fault> {
        let order = in_order(&self.trace.frames, &self.target);
        let main_origin = order.first().map(|at| self.trace.frames[*at].origin.clone()).unwrap_or_default();
        let plan: Vec<(String, String, String, String, Option<usize>, bool)> = {
            let mut own: Vec<bool> = Vec::new();
            let mut plan: Vec<(String, String, String, String, Option<usize>, bool)> = Vec::new();
            for at in &order {
                let frame = &self.trace.frames[*at];
                let parent = frame.parent.as_ref().and_then(|parent| plan.iter().position(|one| one.0 == *parent));
                let written = frame.url.starts_with("about:") || frame.url.is_empty();
                let inherits = written && parent.is_some_and(|parent| own[parent]) && frame.session == self.session;
                let is_own = own.is_empty() || inherits || (frame.origin == main_origin && !frame.origin.is_empty());
                own.push(is_own);
                let (id, session) = (frame.id.clone(), frame.session.clone());
                plan.push((id, session, frame.url.clone(), frame.name.clone(), parent, is_own));
            }
            plan
        };
        let mut frames = Vec::with_capacity(plan.len());
        let mut stored = Vec::new();
        for (at, (id, session, url, name, parent, own)) in plan.iter().enumerate() {
            let url = shown_address(if url.is_empty() { "about:blank" } else { url });
            let Some(url) = url.or_else(|| Url::parse("about:blank").ok()) else { continue };
            let mut document = None;
            if *own {
                let asked = format!("{}({})", include_str!("read.js"), limits.html_chars);
                let told = match self.evaluate(session, id, &asked).await {
                    Err(Fault::Slow) => {
                        self.rescue()?;
                        self.evaluate(session, id, &asked).await
                    }
                    told => told,
                };
                match told {
                    Ok(mut told) => {
                        self.keep(&told, &url, &mut stored);
                        let answered = self.trace.documents.get(id);
                        let body = match told["html"].take() {
                            Value::String(html) => html,
                            _ => String::new(),
                        };
                        document = Some(Arc::new(Fetched {
                            requested: url.clone(),
                            url: url.clone(),
                            hops: Vec::new(),
                            status: answered.map_or(200, |answered| answered.status),
                            headers: answered.map(|answered| answered.headers.clone()).unwrap_or_default(),
                            bytes: body.len() as u64,
                            body,
                            cut: told["cut"] == true,
                        }));
                    }
                    Err(Fault::Gone) => return Err(Fault::Gone),
                    Err(Fault::Crashed) => return Err(Fault::Crashed),
                    // The main frame is the page: without it there is nothing to judge.
                    Err(fault) if at == 0 => return Err(fault),
                    Err(_) => self.limits.push(Message::new("browser.frame-unread").with("url", url.as_str())),
                }
            }
            frames.push(DrawnFrame { url, name: name.clone(), parent: *parent, document });
        }
        let Some(url) = frames.first().map(|frame| frame.url.clone()) else { return Err(Fault::Slow) };
        self.cookies(&url, &mut stored).await?;
        let screenshot = match self.trace.loaded {
            // What was never loaded is not painted either.
            None if !self.led_away.is_empty() => None,
            _ => match self.shoot(None, limits).await {
                Err(fault @ (Fault::Gone | Fault::Crashed)) => return Err(fault),
                shot => shot.ok(),
            },
        };
        if self.trace.overflow {
            self.limits.push(Message::new("browser.overflow"));
        }
        let places: HashMap<&str, usize> = plan.iter().enumerate().map(|(at, one)| (one.0.as_str(), at)).collect();
        let mut requests = std::mem::take(&mut self.trace.requests);
        for one in &mut requests {
            one.request.frame = places.get(one.frame.as_str()).copied().unwrap_or(0);
        }
        let scripts = self.scripts(&requests, page, &url).await?;
        Ok(Rendered {
            browser: browser.to_owned(),
            url,
            frames,
            scripts,
            requests: requests.into_iter().map(|one| one.request).collect(),
            console: std::mem::take(&mut self.trace.console),
            dialogs: std::mem::take(&mut self.trace.dialogs),
            stored,
            violations: std::mem::take(&mut self.trace.violations),
            led_away: std::mem::take(&mut self.led_away),
            downloads: std::mem::take(&mut self.trace.downloads),
            screenshot,
            limits: std::mem::take(&mut self.limits),
            elapsed_ms: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The own scripts that ran and that the crawl had not read.
    async fn scripts(&mut self, requests: &[Sent], page: &Page, url: &Url) -> Result<Vec<Arc<Fetched>>, Fault> {
        let mut scripts: Vec<Arc<Fetched>> = Vec::new();
        let known = |url: &Url| page.scripts.iter().any(|script| script.url == *url || script.requested == *url);
        for sent in requests {
            let request = &sent.request;
            let own = request.kind == "script" && request.url.origin() == url.origin() && request.status == Some(200);
            let taken = known(&request.url) || scripts.iter().any(|script| script.url == request.url);
            if !own || taken || scripts.len() >= MAX_SCRIPTS {
                continue;
            }
            let asked = json!({ "requestId": sent.id });
            match self.call(&sent.session, "Network.getResponseBody", asked, ANSWER).await {
                Ok(mut told) if told["base64Encoded"] != true => {
                    let Value::String(body) = told["body"].take() else { continue };
                    scripts.push(Arc::new(Fetched {
                        requested: request.url.clone(),
                        url: request.url.clone(),
                        hops: Vec::new(),
                        status: 200,
                        headers: Vec::new(),
                        bytes: body.len() as u64,
                        body,
                        cut: false,
                    }));
                }
                Err(fault @ (Fault::Gone | Fault::Crashed)) => return Err(fault),
                // Larger than what the browser keeps, or gone with its frame.
                _ => {
                    self.limits.push(Message::new("browser.script-unread").with("url", request.url.as_str()));
                }
            }
        }
        Ok(scripts)
    }

    /// Keeps what a frame has in its storage, as shapes.
    fn keep(&self, told: &Value, url: &Url, stored: &mut Vec<Stored>) {
        if !matches!(url.scheme(), "http" | "https") {
            // What a page writes itself shares its storage.
            return;
        }
        let origin = url.origin().ascii_serialization();
        let stores = [("local", Store::Local(origin.clone())), ("session", Store::Session(origin))];
        for (key, store) in stores {
            for entry in told[key].as_array().into_iter().flatten() {
                let length = usize::try_from(entry[2].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
                let one = stored_value(store.clone(), text(&entry[0]), text(&entry[1]), length);
                // Frames of one origin share their storage.
                if stored.len() < 300 && !stored.contains(&one) {
                    stored.push(one);
                }
            }
        }
    }

    async fn cookies(&mut self, url: &Url, stored: &mut Vec<Stored>) -> Result<(), Fault> {
        let session = self.session.clone();
        let told = self.call(&session, "Network.getCookies", json!({ "urls": [url.as_str()] }), ANSWER).await;
        let told = match told {
            Err(Fault::Gone) => return Err(Fault::Gone),
            told => told.unwrap_or_default(),
        };
        for cookie in told["cookies"].as_array().into_iter().flatten().take(100) {
            let store = Store::Cookie {
                domain: cut(text(&cookie["domain"]), 253),
                secure: cookie["secure"] == true,
                http_only: cookie["httpOnly"] == true,
                same_site: cookie["sameSite"].as_str().map(|value| cut(value, 10)),
            };
            let value = text(&cookie["value"]);
            stored.push(stored_value(store, text(&cookie["name"]), value, value.chars().count()));
        }
        Ok(())
    }

    /// A picture of the page from its top, or of the first element that a selector names.
    pub(super) async fn shoot(&mut self, selector: Option<&str>, limits: &Limits) -> Result<Screenshot, Fault> {
        let (width, height) = limits.screenshot;
        let place = match selector {
            None => {
                "({ x: 0, y: 0, width: innerWidth, height: Math.max(innerHeight, document.documentElement.scrollHeight) })"
                    .to_owned()
            }
            Some(selector) => format!(
                "(() => {{ const box = document.querySelector({}).getBoundingClientRect(); const margin = 24; return {{ \
                 x: Math.max(0, box.x + scrollX - margin), y: Math.max(0, box.y + scrollY - margin), \
                 width: box.width + 2 * margin, height: box.height + 2 * margin }}; }})()",
                json!(selector)
            ),
        };
        let place = self.evaluate_main(&place).await?;
        let side = |key: &str, most: u32| place[key].as_f64().unwrap_or(0.0).clamp(1.0, f64::from(most)).round();
        let clip = json!({
            "x": place["x"].as_f64().unwrap_or(0.0),
            "y": place["y"].as_f64().unwrap_or(0.0),
            "width": side("width", width),
            "height": side("height", height),
            "scale": 1,
        });
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "optimizeForSpeed": true, "clip": clip });
        let session = self.session.clone();
        let told = self.call(&session, "Page.captureScreenshot", asked, ANSWER).await?;
        let png = base64::engine::general_purpose::STANDARD.decode(text(&told["data"])).unwrap_or_default();
        // Width and height stand at a fixed place of every PNG.
        let size = |at: usize| png.get(at..at + 4).and_then(|four| Some(u32::from_be_bytes(four.try_into().ok()?)));
        match (size(16), size(20)) {
            (Some(width), Some(height)) if png.starts_with(b"\x89PNG") && png.len() <= limits.screenshot_bytes => {
                Ok(Screenshot { width, height, png: png.into() })
            }
            _ => Err(Fault::Refused("no picture".to_owned())),
        }
    }
}

async fn within(time: Duration, answer: tokio::sync::oneshot::Receiver<Result<Value, Fault>>) -> Result<Value, Fault> {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer.unwrap_or(Err(Fault::Gone)),
        Err(_) => Err(Fault::Slow),
    }
}

fn stored_value(store: Store, name: &str, value: &str, length: usize) -> Stored {
    Stored {
        store,
        name: cut(&words(name), 200),
        shape: shape(value),
        length,
        card: has_card(value),
        credential: has_credential(value),
    }
}

/// Places of the frames, parents before their children, the main frame first.
fn in_order(frames: &[FrameNow], main: &str) -> Vec<usize> {
    let mut order: Vec<usize> = frames.iter().position(|frame| frame.id == main).into_iter().collect();
    let mut next = 0;
    while let Some(at) = order.get(next).copied() {
        next += 1;
        let children = frames.iter().enumerate().filter(|(_, frame)| frame.parent.as_deref() == Some(&frames[at].id));
        let new: Vec<usize> = children.map(|(at, _)| at).filter(|at| !order.contains(at)).collect();
        order.extend(new);
    }
    order
}
