//! The steps of a journey on an open page: each waits for what it needs, within its time.
//!
//! Events are made as a script would make them, which reaches what ordinary pages listen to. The main frame still
//! cannot leave the shop. Not responsible for what the steps are.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use url::Url;

use super::Limits;
use super::facts::text;
use super::tab::{ANSWER, SCRIPT, Tab};
use super::wire::Fault;
use crate::golive::evidence::Screenshot;
use crate::golive::journey::{Action, Step, Wait};
use crate::i18n::Message;

/// Pause between two looks at whether a step can be done.
const PAUSE: Duration = Duration::from_millis(150);

/// Why a journey ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// The browser or the page gave up.
    Fault(Fault),
    /// A step could not be done, and why.
    Stuck(usize, Message),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Halt {
        Halt::Fault(fault)
    }
}

/// Where steps are done: a frame and the session that speaks for it.
struct Cursor {
    session: String,
    frame: String,
}

impl Tab {
    /// Does the steps one after the other; gives the pictures that they ask for, by name.
    pub(super) async fn travel(
        &mut self,
        start: &Url,
        steps: &[Step],
        limits: &Limits,
    ) -> Result<Vec<(String, Screenshot)>, Halt> {
        let mut pictures = Vec::new();
        let mut cursor = Cursor { session: self.session.clone(), frame: self.target.clone() };
        for (at, step) in steps.iter().enumerate() {
            match &step.action {
                Action::Screenshot(name) => pictures.push((name.clone(), self.shoot(None, None, limits).await?)),
                Action::Frame(None) => {
                    cursor = Cursor { session: self.session.clone(), frame: self.target.clone() };
                }
                _ => self.step(start, step, &mut cursor).await.map_err(|stuck| match stuck {
                    Stuck::Fault(fault) => Halt::Fault(fault),
                    Stuck::Because(reason) => Halt::Stuck(at, reason),
                })?,
            }
        }
        Ok(pictures)
    }

    async fn step(&mut self, start: &Url, step: &Step, cursor: &mut Cursor) -> Result<(), Stuck> {
        match &step.action {
            Action::Goto(address) => {
                *cursor = Cursor { session: self.session.clone(), frame: self.target.clone() };
                let url = start.join(address).ok().filter(|url| self.policy.bounds.hold(url));
                let url = url.ok_or_else(|| Message::new("browser.step-away").with("url", address))?;
                let (session, asked) = (self.session.clone(), json!({ "url": url.as_str() }));
                let told = self.call(&session, "Page.navigate", asked, step.time).await?;
                match text(&told["errorText"]) {
                    "" => Ok(()),
                    error => Err(Message::new("browser.step-refused").with("error", error).into()),
                }
            }
            Action::Click(selector) => {
                self.act(cursor, "click", selector, "", step).await?;
                // What was pressed may lead elsewhere: the next step should not find the page it left.
                self.pump(Duration::from_millis(250)).await.map_err(Stuck::Fault)
            }
            Action::Fill(fields) => {
                for (selector, value) in fields {
                    self.act(cursor, "fill", selector, value, step).await?;
                }
                Ok(())
            }
            Action::Select(fields) => {
                for (selector, value) in fields {
                    self.act(cursor, "select", selector, value, step).await?;
                }
                Ok(())
            }
            Action::Press(key) => {
                for kind in ["keyDown", "keyUp"] {
                    let press = json!({
                        "type": kind,
                        "key": if key.name == "Space" { " " } else { key.name },
                        "code": key.name,
                        "windowsVirtualKeyCode": key.number,
                        "text": if kind == "keyDown" { key.text } else { "" },
                    });
                    self.call(&cursor.session, "Input.dispatchKeyEvent", press, ANSWER).await?;
                }
                self.pump(Duration::from_millis(250)).await.map_err(Stuck::Fault)
            }
            Action::Wait(Wait::Element(selector)) => self.act(cursor, "element", selector, "", step).await,
            Action::Wait(Wait::Text(words)) => self.act(cursor, "text", "", words, step).await,
            Action::Wait(Wait::Url(part)) => self.until(step, part, |tab| tab.address().contains(part)).await,
            Action::Wait(Wait::Request(part)) => {
                self.until(step, part, |tab| tab.trace.asked.iter().any(|asked| asked.contains(part))).await
            }
            Action::Frame(selector) => self.enter(cursor, selector.as_deref().unwrap_or_default(), step).await,
            Action::Screenshot(_) => Ok(()),
        }
    }

    /// Address of the main frame now.
    fn address(&self) -> &str {
        self.trace.frames.iter().find(|frame| frame.id == self.target).map_or("", |frame| frame.url.as_str())
    }

    /// Does one thing as soon as it can be done.
    async fn act(
        &mut self,
        cursor: &Cursor,
        what: &str,
        selector: &str,
        value: &str,
        step: &Step,
    ) -> Result<(), Stuck> {
        let asked = format!("{}({}, {}, {})", include_str!("act.js"), json!(what), json!(selector), json!(value));
        let began = Instant::now();
        loop {
            match self.evaluate(&cursor.session, &cursor.frame, &asked).await {
                Ok(Value::Bool(true)) => return Ok(()),
                Err(Fault::Refused(words)) if words.contains("is not a valid selector") => {
                    return Err(Message::new("browser.step-selector").with("selector", selector).into());
                }
                Err(Fault::Slow) => self.rescue()?,
                // Not there yet, or the page is on its way elsewhere.
                Ok(_) | Err(Fault::Refused(_)) => {}
                Err(fault) => return Err(Stuck::Fault(fault)),
            }
            self.patience(began, step, if what == "text" { value } else { selector })?;
            self.pump(PAUSE).await?;
        }
    }

    async fn until(&mut self, step: &Step, what: &str, holds: impl Fn(&Tab) -> bool) -> Result<(), Stuck> {
        let began = Instant::now();
        while !holds(self) {
            self.patience(began, step, what)?;
            self.pump(PAUSE).await?;
        }
        Ok(())
    }

    /// Whether there is time left for a step.
    fn patience(&self, began: Instant, step: &Step, what: &str) -> Result<(), Stuck> {
        if began.elapsed() < step.time {
            return Ok(());
        }
        Err(match self.led_away.last() {
            Some(url) => Message::new("browser.step-led-away").with("url", url),
            None => Message::new("browser.step-in-vain").with("what", what).with("seconds", step.time.as_secs()),
        }
        .into())
    }

    /// Goes on inside a frame of the frame that steps are in.
    async fn enter(&mut self, cursor: &mut Cursor, selector: &str, step: &Step) -> Result<(), Stuck> {
        self.act(cursor, "element", selector, "", step).await?;
        let world = json!({ "frameId": cursor.frame, "worldName": "homologa" });
        let world = self.call(&cursor.session, "Page.createIsolatedWorld", world, SCRIPT).await?;
        let found = json!({
            "expression": format!("document.querySelector({})", json!(selector)),
            "contextId": world["executionContextId"],
        });
        let found = self.call(&cursor.session, "Runtime.evaluate", found, SCRIPT).await?;
        let node = json!({ "objectId": found["result"]["objectId"] });
        let node = self.call(&cursor.session, "DOM.describeNode", node, ANSWER).await?;
        let id = text(&node["node"]["frameId"]).to_owned();
        let frame = self.trace.frames.iter().find(|frame| frame.id == id);
        let frame = frame.ok_or_else(|| Message::new("browser.step-no-frame").with("selector", selector))?;
        *cursor = Cursor { session: frame.session.clone(), frame: id };
        Ok(())
    }
}

/// Why one step could not be done.
enum Stuck {
    Fault(Fault),
    Because(Message),
}

impl From<Fault> for Stuck {
    fn from(fault: Fault) -> Stuck {
        match fault {
            Fault::Refused(error) => Stuck::Because(Message::new("browser.step-refused").with("error", error)),
            fault => Stuck::Fault(fault),
        }
    }
}

impl From<Message> for Stuck {
    fn from(reason: Message) -> Stuck {
        Stuck::Because(reason)
    }
}
