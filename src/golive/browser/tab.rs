//! One open page: it is followed, with every frame and worker that comes to hang on it, until it is at rest, and
//! then read.
//!
//! Responsible for the talk with the browser about one page, within limits of time. Nothing on the page is pressed
//! or filled in, dialogs are dismissed, downloads refused. Not responsible for the browser itself.

use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::Url;

use super::Limits;
use super::facts::{cut, shown_address, text};
use super::policy::{Fate, Policy};
use super::trace::Trace;
use super::wire::{Event, Fault, Wire};
use crate::i18n::Message;

/// Longest time for an answer that needs nothing of the page.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// Longest time for an answer of the page's own process; a busy machine takes its time.
pub(super) const SCRIPT: Duration = Duration::from_secs(5);
/// How often scripts that hang are ended before the page is left alone.
const RESCUES: usize = 3;
/// Times that a page may change after the network was at rest before it is taken as it is.
const CHANGES: usize = 8;

/// An open page.
pub(super) struct Tab {
    wire: Wire,
    pub(super) target: String,
    pub(super) session: String,
    events: mpsc::Receiver<Event>,
    pub(super) policy: Policy,
    pub(super) trace: Trace,
    pub(super) led_away: Vec<Url>,
    pub(super) limits: Vec<Message>,
    rescues: usize,
    pub(super) began: Instant,
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
    pub(super) async fn call(
        &mut self,
        session: &str,
        method: &str,
        params: Value,
        time: Duration,
    ) -> Result<Value, Fault> {
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
        // The second look at the page, half a rest later, is the one after which it may be over.
        let least = limits.least.saturating_sub(limits.quiet / 2);
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
            let loaded = leaves || self.trace.loaded.is_some_and(|loaded| loaded.elapsed() >= least);
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
    pub(super) async fn pump(&mut self, time: Duration) -> Result<(), Fault> {
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
    pub(super) fn rescue(&mut self) -> Result<(), Fault> {
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
    pub(super) async fn evaluate(&mut self, session: &str, frame: &str, expression: &str) -> Result<Value, Fault> {
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

    pub(super) async fn evaluate_main(&mut self, expression: &str) -> Result<Value, Fault> {
        let (session, target) = (self.session.clone(), self.target.clone());
        self.evaluate(&session, &target, expression).await
    }
}

async fn within(time: Duration, answer: tokio::sync::oneshot::Receiver<Result<Value, Fault>>) -> Result<Value, Fault> {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer.unwrap_or(Err(Fault::Gone)),
        Err(_) => Err(Fault::Slow),
    }
}
