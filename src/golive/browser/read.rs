//! Reading an open page as it stands: documents, own scripts, what it keeps, and its picture.
//!
//! Not responsible for bringing the page to rest.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Value, json};
use url::Url;

use super::Limits;
use super::crop::{Area, Sheet};
use super::facts::{cut, has_card, has_credential, shape, shown_address, text, words};
use super::tab::{ANSWER, Tab};
use super::trace::{FrameNow, Sent};
use super::wire::Fault;
use crate::golive::evidence::{DrawnFrame, Fetched, Page, Rendered, Screenshot, Store, Stored};
use crate::http;
use crate::i18n::Message;

/// Own scripts that are read beside those of the crawl.
const MAX_SCRIPTS: usize = 60;

/// A frame that is to be read.
struct Planned {
    id: String,
    session: String,
    url: String,
    name: String,
    parent: Option<usize>,
    /// Whether it is of the page's own origin.
    own: bool,
}

impl Tab {
    /// Reads the page as it stands. What cannot be read is said in the evidence.
    pub(super) async fn read(&mut self, browser: &str, page: &Page, limits: &Limits) -> Result<Rendered, Fault> {
        let order = in_order(&self.trace.frames, &self.target);
        let main_origin = order.first().map(|at| self.trace.frames[*at].origin.clone()).unwrap_or_default();
        let mut plan: Vec<Planned> = Vec::new();
        for at in &order {
            let frame = &self.trace.frames[*at];
            let parent = frame.parent.as_ref().and_then(|parent| plan.iter().position(|one| one.id == *parent));
            let written = frame.url.starts_with("about:") || frame.url.is_empty();
            let inherits = written && parent.is_some_and(|parent| plan[parent].own) && frame.session == self.session;
            let same = frame.origin == main_origin && !frame.origin.is_empty();
            plan.push(Planned {
                id: frame.id.clone(),
                session: frame.session.clone(),
                url: frame.url.clone(),
                name: frame.name.clone(),
                parent,
                own: plan.is_empty() || inherits || same,
            });
        }
        let mut frames = Vec::with_capacity(plan.len());
        let mut stored = Vec::new();
        for (at, Planned { id, session, url, name, parent, own }) in plan.iter().enumerate() {
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
                    Err(_) => self.limits.push(Message::new("browser.frame-unread").with("url", http::shown(&url))),
                }
            }
            frames.push(DrawnFrame { url, name: name.clone(), parent: *parent, document });
        }
        let Some(url) = frames.first().map(|frame| frame.url.clone()) else { return Err(Fault::Slow) };
        self.cookies(&url, &mut stored).await?;
        let screenshot = match self.trace.loaded {
            // What was never loaded is not painted either.
            _ if !limits.pictures => None,
            None if !self.led_away.is_empty() => None,
            _ => match self.shoot(None, None, limits).await {
                Err(fault @ (Fault::Gone | Fault::Crashed)) => return Err(fault),
                shot => shot.ok(),
            },
        };
        if self.trace.overflow {
            self.limits.push(Message::new("browser.overflow"));
        }
        let places: HashMap<&str, usize> = plan.iter().enumerate().map(|(at, one)| (one.id.as_str(), at)).collect();
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
                    self.limits.push(Message::new("browser.script-unread").with("url", http::shown(&request.url)));
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

    /// A picture of the page from its top, or of the first element that a selector names: cut out of the picture of
    /// the page where that shows all of it.
    pub(super) async fn shoot(
        &mut self,
        selector: Option<&str>,
        whole: Option<&Sheet>,
        limits: &Limits,
    ) -> Result<Screenshot, Fault> {
        let (width, height) = limits.screenshot;
        let place = match selector {
            None => {
                "({ x: 0, y: 0, width: innerWidth, height: Math.max(innerHeight, document.documentElement.scrollHeight) })"
                    .to_owned()
            }
            Some(selector) => format!(
                "(() => {{ const box = document.querySelector({}).getBoundingClientRect(); const margin = 24; \
                 if (!box.width || !box.height) return null; return {{ \
                 x: Math.max(0, box.x + scrollX - margin), y: Math.max(0, box.y + scrollY - margin), \
                 width: box.width + 2 * margin, height: box.height + 2 * margin, window: innerWidth }}; }})()",
                json!(selector)
            ),
        };
        let place = self.evaluate_main(&place).await?;
        // A script, or what is hidden: a picture would show something else.
        if place.is_null() {
            return Err(Fault::Refused("nothing to see".to_owned()));
        }
        let side = |key: &str, most: u32| place[key].as_f64().unwrap_or(0.0).clamp(1.0, f64::from(most)).round();
        // The picture of the page shows it from its top, at the width of the window.
        let whole = whole.filter(|whole| place["window"].as_u64() == Some(u64::from(whole.width)));
        if let Some(cut) = whole.and_then(|whole| whole.cut(area(&place, whole)?)) {
            return Ok(cut);
        }
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

/// The pixels of an element and its margin in the picture of its page; `None` when they cannot all be in it.
fn area(place: &Value, whole: &Sheet) -> Option<Area> {
    let pixel = |key: &str| u32::try_from(place[key].as_f64().map(f64::round)? as i64).ok();
    let (x, y) = (pixel("x")?, pixel("y")?);
    // To the right a margin may pass the edge of the window, beyond which nothing is.
    let width = pixel("width")?.min(whole.width.checked_sub(x)?);
    Some(Area { x, y, width, height: pixel("height")? })
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
