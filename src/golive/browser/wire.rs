//! The browser's protocol over a pair of pipes: messages end with a zero byte, answers are told by their number,
//! events go to the page that their session belongs to.
//!
//! Responsible for framing and routing within bounds. Not responsible for what messages mean, except that a page's
//! children (frames of other processes, workers) are routed to the page itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

/// Longest message that is read; longer ones are skipped, whatever they are.
const MAX_MESSAGE: usize = 48 * 1024 * 1024;
/// Events that wait for a page; when it does not take them, the browser waits.
const WAITING: usize = 4_096;
/// Children of one page that are followed.
const MAX_SESSIONS: usize = 300;

/// Why something asked of the browser did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The browser has ended.
    Gone,
    /// The page's own process has ended.
    Crashed,
    /// No answer in time.
    Slow,
    /// The browser said no, in its own words.
    Refused(String),
}

/// Something that the browser tells unasked.
#[derive(Debug)]
pub(super) struct Event {
    /// Session of the page, frame or worker that it is about.
    pub(super) session: String,
    /// Name, for example `Network.requestWillBeSent`.
    pub(super) method: String,
    /// What it tells.
    pub(super) params: Value,
}

type Answer = Result<Value, Fault>;

#[derive(Default)]
struct Routes {
    last: u64,
    pending: HashMap<u64, oneshot::Sender<Answer>>,
    sessions: HashMap<String, mpsc::Sender<Event>>,
    ended: bool,
}

/// One end of the pipes; clones are the same one.
#[derive(Clone)]
pub(super) struct Wire {
    routes: Arc<Mutex<Routes>>,
    out: mpsc::UnboundedSender<Vec<u8>>,
}

impl Wire {
    /// Starts to read and to write; both end when a pipe closes or when the last clone is dropped.
    pub(super) fn start(
        from: impl AsyncRead + Send + Unpin + 'static,
        mut to: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Wire {
        // What goes out is bounded by what is asked: commands are small, and there are few without an answer.
        let (out, mut messages) = mpsc::unbounded_channel::<Vec<u8>>();
        let routes = Arc::new(Mutex::new(Routes::default()));
        tokio::spawn(async move {
            while let Some(message) = messages.recv().await {
                if to.write_all(&message).await.is_err() {
                    break;
                }
            }
        });
        tokio::spawn(read(from, routes.clone()));
        Wire { routes, out }
    }

    fn routes(&self) -> std::sync::MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the browser has ended.
    pub(super) fn ended(&self) -> bool {
        self.routes().ended
    }

    /// Asks something; the answer comes by the receiver, if it comes.
    pub(super) fn ask(&self, session: Option<&str>, method: &str, params: Value) -> oneshot::Receiver<Answer> {
        let (send, receive) = oneshot::channel();
        let mut routes = self.routes();
        routes.last += 1;
        let mut message = json!({ "id": routes.last, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        if routes.ended || self.out.send(bytes).is_err() {
            let _ = send.send(Err(Fault::Gone));
        } else {
            let id = routes.last;
            routes.pending.insert(id, send);
        }
        receive
    }

    /// Says something whose answer does not matter.
    pub(super) fn say(&self, session: Option<&str>, method: &str, params: Value) {
        // Dropping the receiver leaves an entry until the answer comes, and every message is answered.
        drop(self.ask(session, method, params));
    }

    /// The events of a session and of those that come to hang on it.
    pub(super) fn listen(&self, session: &str) -> mpsc::Receiver<Event> {
        let (send, receive) = mpsc::channel(WAITING);
        self.routes().sessions.insert(session.to_owned(), send);
        receive
    }
}

async fn read(mut from: impl AsyncRead + Unpin, routes: Arc<Mutex<Routes>>) {
    let mut bytes: Vec<u8> = Vec::with_capacity(64 * 1024);
    let (mut searched, mut skipping) = (0, false);
    loop {
        match from.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let mut begin = 0;
        while let Some(end) = bytes[searched..].iter().position(|byte| *byte == 0).map(|at| at + searched) {
            if !std::mem::take(&mut skipping)
                && let Ok(message) = serde_json::from_slice::<Value>(&bytes[begin..end])
            {
                deliver(message, &routes).await;
            }
            (begin, searched) = (end + 1, end + 1);
        }
        bytes.drain(..begin);
        if bytes.len() > MAX_MESSAGE {
            skipping = true;
            bytes.clear();
        }
        searched = bytes.len();
    }
    let mut routes = routes.lock().unwrap_or_else(PoisonError::into_inner);
    routes.ended = true;
    // Whoever waits learns that nothing will come.
    routes.sessions.clear();
    for (_, waiting) in routes.pending.drain() {
        let _ = waiting.send(Err(Fault::Gone));
    }
}

async fn deliver(mut message: Value, routes: &Mutex<Routes>) {
    if let Some(id) = message["id"].as_u64() {
        let waiting = routes.lock().unwrap_or_else(PoisonError::into_inner).pending.remove(&id);
        if let Some(waiting) = waiting {
            let _ = waiting.send(match message["error"]["message"].as_str() {
                Some(words) => Err(Fault::Refused(words.chars().take(300).collect())),
                None => Ok(message["result"].take()),
            });
        }
        return;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let event = Event {
        session: text(&message["sessionId"]),
        method: text(&message["method"]),
        params: message["params"].take(),
    };
    let route = {
        let mut routes = routes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(route) = routes.sessions.get(&event.session).cloned() else { return };
        match event.method.as_str() {
            "Target.attachedToTarget" if routes.sessions.len() < MAX_SESSIONS => {
                routes.sessions.insert(text(&event.params["sessionId"]), route.clone());
            }
            "Target.detachedFromTarget" => {
                routes.sessions.remove(event.params["sessionId"].as_str().unwrap_or_default());
            }
            _ => {}
        }
        route
    };
    let session = event.session.clone();
    if route.send(event).await.is_err() {
        // The page is closed: nobody listens any more.
        routes.lock().unwrap_or_else(PoisonError::into_inner).sessions.remove(&session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_find_their_question_and_events_their_page() {
        let (near, far) = tokio::io::duplex(1 << 16);
        let (from, to) = tokio::io::split(near);
        let wire = Wire::start(from, to);
        let (mut heard, mut voice) = tokio::io::split(far);
        let mut events = wire.listen("s1");
        let first = wire.ask(Some("s1"), "A.one", json!({ "x": 1 }));
        let second = wire.ask(None, "A.two", json!({}));
        let mut bytes = [0; 512];
        let count = heard.read(&mut bytes).await.unwrap();
        assert!(
            String::from_utf8_lossy(&bytes[..count])
                .starts_with(r#"{"id":1,"method":"A.one","params":{"x":1},"sessionId":"s1"}"#)
        );
        let child = r#"{"method":"Target.attachedToTarget","sessionId":"s1","params":{"sessionId":"s2"}}"#;
        let of_child = r#"{"method":"B.event","sessionId":"s2","params":{"y":2}}"#;
        let stray = r#"{"method":"B.event","sessionId":"s9","params":{}}"#;
        let refused = r#"{"id":2,"error":{"message":"no"}}"#;
        for message in [refused, "not json", child, stray, of_child, r#"{"id":1,"result":{"ok":true}}"#] {
            let (one, other) = message.split_at(message.len() / 2);
            voice.write_all(one.as_bytes()).await.unwrap();
            voice.write_all(other.as_bytes()).await.unwrap();
            voice.write_all(&[0]).await.unwrap();
        }
        assert_eq!(first.await.unwrap().unwrap()["ok"], true);
        assert_eq!(second.await.unwrap(), Err(Fault::Refused("no".to_owned())));
        assert_eq!(events.recv().await.unwrap().method, "Target.attachedToTarget");
        let event = events.recv().await.unwrap();
        assert_eq!((event.session.as_str(), event.params["y"].as_u64()), ("s2", Some(2)));
        let waiting = wire.ask(None, "A.three", json!({}));
        drop((heard, voice));
        assert_eq!(waiting.await.unwrap(), Err(Fault::Gone));
        assert!(events.recv().await.is_none() && wire.ended());
    }
}
