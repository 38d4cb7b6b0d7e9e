//! What a page tells while it is open, folded into evidence: frames, requests, consoles, dialogs, violations.
//!
//! Responsible for bounds and for masking what comes in. Not responsible for talking to the browser.

use std::collections::HashMap;
use std::time::Instant;

use serde_json::Value;
use url::Url;

use super::facts::{carries, cut, number, shown_address, text, words};
use crate::golive::evidence::{ConsoleLine, ConsoleOrigin, Dialog, Request, Violation};

/// Most of each kind that are kept of a page.
const MAX_REQUESTS: usize = 1_000;
const MAX_LINES: usize = 300;
const MAX_DIALOGS: usize = 20;
const MAX_VIOLATIONS: usize = 100;
const MAX_FRAMES: usize = 60;
/// Response headers kept of a document.
const MAX_HEADERS: usize = 60;
/// A request that is open longer holds the network's rest no more: a stream, or an answer that is waited for.
const LONG_POLL: std::time::Duration = std::time::Duration::from_secs(4);

/// A frame while the page is open.
#[derive(Debug)]
pub(super) struct FrameNow {
    /// As the browser calls it.
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) url: String,
    pub(super) name: String,
    /// Origin that the browser keeps it apart by; `://` when it has none.
    pub(super) origin: String,
    /// Session that speaks for it.
    pub(super) session: String,
}

/// An answer to a document, for its frame.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
}

/// A request with what the browser knows it by.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) request: Request,
    /// Frame that asked.
    pub(super) frame: String,
    pub(super) id: String,
    pub(super) session: String,
}

/// Everything told so far.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Frames, in the order in which they came.
    pub(super) frames: Vec<FrameNow>,
    /// Requests.
    pub(super) requests: Vec<Sent>,
    /// The latest answer to each frame's document.
    pub(super) documents: HashMap<String, Answered>,
    pub(super) console: Vec<ConsoleLine>,
    pub(super) dialogs: Vec<Dialog>,
    pub(super) violations: Vec<Violation>,
    pub(super) downloads: Vec<Url>,
    /// Addresses asked for, also by pages that were left; at most so many.
    pub(super) asked: Vec<String>,
    /// Whether something was left out because there was too much of it.
    pub(super) overflow: bool,
    /// Whether the page's process has ended.
    pub(super) crashed: bool,
    /// When the main frame was loaded, styles and pictures included.
    pub(super) loaded: Option<Instant>,
    /// When the network last did something.
    pub(super) stirred: Option<Instant>,
    /// Requests without an end, with their place and when they began.
    open: HashMap<String, (Option<usize>, Instant)>,
    by_id: HashMap<String, usize>,
}

fn push<T>(list: &mut Vec<T>, most: usize, overflow: &mut bool, item: T) -> Option<usize> {
    if list.len() >= most {
        *overflow = true;
        return None;
    }
    list.push(item);
    Some(list.len() - 1)
}

impl Trace {
    /// Whether nothing has been asked for so long and nothing short is still open.
    pub(super) fn quiet_for(&self) -> Option<std::time::Duration> {
        if self.open.values().any(|(_, since)| since.elapsed() < LONG_POLL) {
            return None;
        }
        Some(self.stirred?.elapsed())
    }

    /// Takes one event of a page's session; `main` is the session of the page itself.
    pub(super) fn take(&mut self, session: &str, main: bool, method: &str, params: &Value) {
        match method {
            "Network.requestWillBeSent" => self.sent(session, params),
            "Network.responseReceived" => self.answered(params),
            "Network.loadingFinished" | "Network.loadingFailed" => self.ended(params),
            "Page.frameAttached" => {
                let parent = text(&params["parentFrameId"]);
                self.frame(text(&params["frameId"]), session).parent = Some(parent.to_owned());
            }
            "Page.frameNavigated" => {
                if main && params["frame"]["parentId"].is_null() {
                    self.left(text(&params["frame"]["id"]));
                }
                self.navigated(session, &params["frame"]);
            }
            "Page.navigatedWithinDocument" => {
                let url = cut(text(&params["url"]), 4_096);
                self.frame(text(&params["frameId"]), session).url = url;
            }
            // A frame that moves to another process goes on there.
            "Page.frameDetached" if params["reason"] != "swap" => {
                let id = text(&params["frameId"]);
                self.frames.retain(|frame| frame.id != id);
            }
            "Page.downloadWillBegin" => {
                if let Some(url) = shown_address(text(&params["url"])) {
                    push(&mut self.downloads, MAX_DIALOGS, &mut self.overflow, url);
                }
            }
            "Page.loadEventFired" if main => self.loaded = Some(Instant::now()),
            "Runtime.consoleAPICalled" => self.logged(params),
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                let said = text(&details["exception"]["description"]);
                let said = if said.is_empty() { text(&details["text"]) } else { said };
                let line = number(&details["lineNumber"]).map(|line| line + 1);
                self.line(ConsoleOrigin::Exception, "error", said, text(&details["url"]), line);
            }
            "Log.entryAdded" => {
                let entry = &params["entry"];
                let line = number(&entry["lineNumber"]).map(|line| line + 1);
                let (level, said, url) = (text(&entry["level"]), text(&entry["text"]), text(&entry["url"]));
                self.line(ConsoleOrigin::Browser, level, said, url, line);
            }
            "Page.javascriptDialogOpening" => {
                let dialog = Dialog { kind: cut(text(&params["type"]), 20), text: words(text(&params["message"])) };
                push(&mut self.dialogs, MAX_DIALOGS, &mut self.overflow, dialog);
            }
            "Audits.issueAdded" => self.issue(&params["issue"]),
            "Inspector.targetCrashed" if main => self.crashed = true,
            _ => {}
        }
    }

    /// The frame of this name, made when it is new; its latest session speaks for it.
    fn frame(&mut self, id: &str, session: &str) -> &mut FrameNow {
        let at = match self.frames.iter().position(|frame| frame.id == id) {
            Some(at) => at,
            None if self.frames.len() >= MAX_FRAMES => {
                // What is not kept is written over the last one, which is then wrong: it is dropped by its name.
                self.overflow = true;
                self.frames.len() - 1
            }
            None => {
                let (url, name, origin) = (String::new(), String::new(), String::new());
                let session = session.to_owned();
                self.frames.push(FrameNow { id: id.to_owned(), parent: None, url, name, origin, session });
                self.frames.len() - 1
            }
        };
        &mut self.frames[at]
    }

    fn navigated(&mut self, session: &str, told: &Value) {
        let frame = self.frame(text(&told["id"]), session);
        frame.session = session.to_owned();
        frame.url = cut(text(&told["url"]), 4_096);
        frame.name = cut(text(&told["name"]), 100);
        frame.origin = cut(text(&told["securityOrigin"]), 300);
        if let Some(parent) = told["parentId"].as_str() {
            frame.parent = Some(parent.to_owned());
        }
    }

    /// The main frame has another document: what the one before did is not of this page.
    fn left(&mut self, main: &str) {
        self.loaded = None;
        let last = self.requests.iter().rposition(|one| one.frame == main && one.request.kind == "document");
        let Some(first) = last.filter(|first| *first > 0) else { return };
        // A redirect belongs to where it leads.
        let id = self.requests[first].id.clone();
        let first = self.requests.iter().position(|one| one.id == id).unwrap_or(first);
        self.requests.drain(..first);
        self.by_id = self.requests.iter().enumerate().map(|(at, one)| (one.id.clone(), at)).collect();
        self.console.clear();
        self.violations.clear();
    }

    fn sent(&mut self, session: &str, params: &Value) {
        let id = text(&params["requestId"]);
        self.stirred = Some(Instant::now());
        if let Some(redirect) = params.get("redirectResponse") {
            // The same number goes on with another address.
            if let Some(Sent { request, .. }) = self.by_id.get(id).and_then(|at| self.requests.get_mut(*at)) {
                answer(request, redirect);
            }
        }
        let asked = &params["request"];
        let initiator = &params["initiator"];
        let by = [&initiator["url"], &initiator["stack"]["callFrames"][0]["url"]].map(text);
        let Some(url) = shown_address(text(&asked["url"])) else { return };
        if self.asked.len() < MAX_REQUESTS * 2 {
            self.asked.push(url.as_str().to_owned());
        }
        let local = matches!(url.scheme(), "data" | "blob");
        let request = Request {
            carries: carries(text(&asked["url"]), asked),
            url,
            method: cut(text(&asked["method"]), 20),
            kind: cut(text(&params["type"]), 30).to_ascii_lowercase(),
            frame: 0,
            initiator: by.into_iter().find(|url| !url.is_empty()).and_then(shown_address),
            status: None,
            mime: String::new(),
            tls: None,
            failed: None,
            blocked: None,
            any_origin: false,
        };
        let frame = cut(text(&params["frameId"]), 100);
        let at = push(
            &mut self.requests,
            MAX_REQUESTS,
            &mut self.overflow,
            Sent { request, frame, id: id.to_owned(), session: session.to_owned() },
        );
        match at {
            Some(at) => self.by_id.insert(id.to_owned(), at),
            None => self.by_id.remove(id),
        };
        if !local && self.open.len() < MAX_REQUESTS {
            self.open.insert(id.to_owned(), (at, Instant::now()));
        }
    }

    fn answered(&mut self, params: &Value) {
        let response = &params["response"];
        if let Some(Sent { request, .. }) =
            self.by_id.get(text(&params["requestId"])).and_then(|at| self.requests.get_mut(*at))
        {
            answer(request, response);
        }
        // An answer without content leaves the document that was there.
        if params["type"] == "Document" && response["status"] != 204 {
            let headers = response["headers"].as_object().into_iter().flatten();
            let headers =
                headers.take(MAX_HEADERS).map(|(name, value)| (name.to_ascii_lowercase(), words(text(value))));
            let answered = Answered {
                status: number(&response["status"]).and_then(|status| u16::try_from(status).ok()).unwrap_or(0),
                headers: headers.collect(),
            };
            if self.documents.len() < MAX_FRAMES {
                self.documents.insert(text(&params["frameId"]).to_owned(), answered);
            }
        }
    }

    fn ended(&mut self, params: &Value) {
        let id = text(&params["requestId"]);
        self.open.remove(id);
        self.stirred = Some(Instant::now());
        let reason = [&params["blockedReason"], &params["corsErrorStatus"]["corsError"]].map(text);
        let reason = reason.into_iter().find(|reason| !reason.is_empty());
        // What a policy stops has no error of the network.
        let error = match text(&params["errorText"]) {
            "" if reason.is_none() => return,
            "" => "net::ERR_BLOCKED_BY_CLIENT",
            error => error,
        };
        if let Some(Sent { request, .. }) = self.by_id.get(id).and_then(|at| self.requests.get_mut(*at)) {
            request.failed = Some(cut(error, 100));
            request.blocked = reason.map(|reason| cut(reason, 60));
        }
    }

    fn logged(&mut self, params: &Value) {
        let parts = params["args"].as_array().into_iter().flatten().take(20);
        let said: Vec<String> = parts
            .map(|part| match &part["value"] {
                Value::Null => cut(text(&part["description"]), 1_000),
                Value::String(said) => cut(said, 1_000),
                other => cut(&other.to_string(), 1_000),
            })
            .collect();
        let place = &params["stackTrace"]["callFrames"][0];
        let line = number(&place["lineNumber"]).map(|line| line + 1);
        self.line(ConsoleOrigin::Script, text(&params["type"]), &said.join(" "), text(&place["url"]), line);
    }

    fn line(&mut self, origin: ConsoleOrigin, level: &str, said: &str, url: &str, line: Option<u32>) {
        let url = shown_address(url);
        let line = ConsoleLine { origin, level: cut(level, 20), text: words(said), url, line };
        push(&mut self.console, MAX_LINES, &mut self.overflow, line);
    }

    fn issue(&mut self, issue: &Value) {
        let details = &issue["details"]["contentSecurityPolicyIssueDetails"];
        if details.is_null() {
            return;
        }
        let kind = text(&details["contentSecurityPolicyViolationType"]);
        let blocked = match text(&details["blockedURL"]) {
            "" => match kind {
                "kInlineViolation" => "inline".to_owned(),
                "kEvalViolation" => "eval".to_owned(),
                other => other.trim_start_matches('k').trim_end_matches("Violation").to_ascii_lowercase(),
            },
            url => shown_address(url).map_or_else(|| words(url), String::from),
        };
        let violation = Violation {
            directive: cut(text(&details["violatedDirective"]), 60),
            blocked: cut(&blocked, 300),
            report_only: details["isReportOnly"] == true,
        };
        if !self.violations.contains(&violation) {
            push(&mut self.violations, MAX_VIOLATIONS, &mut self.overflow, violation);
        }
    }
}

fn answer(request: &mut Request, response: &Value) {
    request.status = number(&response["status"]).and_then(|status| u16::try_from(status).ok());
    let headers = response["headers"].as_object().into_iter().flatten();
    request.any_origin = headers
        .filter(|(name, _)| name.eq_ignore_ascii_case("access-control-allow-origin"))
        .any(|(_, value)| text(value).trim() == "*");
    request.mime = cut(text(&response["mimeType"]), 80);
    let protocol = text(&response["securityDetails"]["protocol"]);
    request.tls = (!protocol.is_empty()).then(|| cut(protocol, 20));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(trace: &mut Trace, id: &str, url: &str, more: Value) {
        let mut params =
            json!({ "requestId": id, "frameId": "F", "type": "XHR", "request": { "url": url, "method": "POST" } });
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        trace.take("s", true, "Network.requestWillBeSent", &params);
    }

    #[test]
    fn a_redirect_is_two_requests_and_secrets_do_not_stay() {
        let mut trace = Trace::default();
        sent(&mut trace, "1", "https://shop.example/a?card=5031755734530604&mail=ana@example.com", json!({}));
        sent(&mut trace, "1", "https://shop.example/b", json!({ "redirectResponse": { "status": 302 } }));
        let body = json!({ "request": { "url": "https://shop.example/c", "method": "POST", "postData": "n=5031 7557 3453 0604" } });
        sent(&mut trace, "2", "", body);
        trace.take(
            "s",
            true,
            "Network.loadingFailed",
            &json!({ "requestId": "2", "errorText": "net::ERR_X", "blockedReason": "csp" }),
        );
        let told: Vec<_> = trace
            .requests
            .iter()
            .map(|one| &one.request)
            .map(|r| (r.url.path(), r.status, r.carries.card_in_url, r.carries.card_in_body))
            .collect();
        assert_eq!(told, [("/a", Some(302), true, false), ("/b", None, false, false), ("/c", None, false, true)]);
        let shown = format!("{:?}", trace.requests);
        assert!(!shown.contains("5031755734530604") && !shown.contains("ana@"), "{shown}");
        assert_eq!(trace.requests[2].request.blocked.as_deref(), Some("csp"));
    }

    #[test]
    fn answers_for_any_origin_are_marked() {
        let mut trace = Trace::default();
        for (id, header) in [("1", "*"), ("2", "https://shop.example")] {
            sent(&mut trace, id, "https://shop.example/pagar", json!({}));
            let response = json!({ "status": 200, "headers": { "Access-Control-Allow-Origin": header } });
            trace.take("s", true, "Network.responseReceived", &json!({ "requestId": id, "response": response }));
        }
        let told: Vec<_> = trace.requests.iter().map(|one| one.request.any_origin).collect();
        assert_eq!(told, [true, false]);
    }

    #[test]
    fn a_page_that_never_ends_is_bounded() {
        let mut trace = Trace::default();
        for n in 0..2_000 {
            sent(&mut trace, &n.to_string(), "https://shop.example/x", json!({}));
            let frame = json!({ "frameId": format!("f{n}"), "parentFrameId": "F" });
            trace.take("s", true, "Page.frameAttached", &frame);
            trace.take(
                "s",
                true,
                "Runtime.consoleAPICalled",
                &json!({ "type": "log", "args": [{ "value": "x".repeat(5_000) }] }),
            );
        }
        assert_eq!(
            (trace.requests.len(), trace.console.len(), trace.frames.len()),
            (MAX_REQUESTS, MAX_LINES, MAX_FRAMES)
        );
        assert!(trace.overflow && trace.console[0].text.len() <= 1_003);
        assert_eq!(trace.quiet_for(), None);
    }

    #[test]
    fn frames_come_move_and_go() {
        let mut trace = Trace::default();
        trace.take(
            "s",
            true,
            "Page.frameNavigated",
            &json!({ "frame": { "id": "M", "url": "https://a.example/", "securityOrigin": "https://a.example" } }),
        );
        trace.take("s", true, "Page.frameAttached", &json!({ "frameId": "C", "parentFrameId": "M" }));
        trace.take("s", true, "Page.frameDetached", &json!({ "frameId": "C", "reason": "swap" }));
        trace.take(
            "t",
            false,
            "Page.frameNavigated",
            &json!({ "frame": { "id": "C", "url": "https://b.example/", "name": "n" } }),
        );
        let child = &trace.frames[1];
        assert_eq!((child.parent.as_deref(), child.session.as_str(), child.name.as_str()), (Some("M"), "t", "n"));
        trace.take("s", true, "Page.frameDetached", &json!({ "frameId": "C", "reason": "remove" }));
        assert_eq!(trace.frames.len(), 1);
    }
}
