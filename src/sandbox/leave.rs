//! How a reply leaves: as bytes, at once or in the manner that a fault asks for.
//!
//! Not responsible for what the reply says.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body as HttpBody, HttpBody as BodyTrait};
use axum::http::{HeaderValue, Response, StatusCode, header};
use bytes::Bytes;
use http_body::Frame;
use tokio::time::Sleep;

use super::faults::effects::{Cut, Manner};
use super::reply::{Body, Reply};

/// Pieces that a slow body leaves in.
const PIECES: usize = 10;
/// Time for the first half of a body to leave before the connection is cut.
const BEFORE_CUT: Duration = Duration::from_millis(50);

/// A reply as bytes.
pub(super) struct Encoded {
    pub(super) status: u16,
    kind: Option<&'static str>,
    retry_after: Option<u32>,
    pub(super) body: Bytes,
}

/// Writes the body.
pub(super) fn encode(reply: Reply) -> Encoded {
    let (kind, body) = match reply.body {
        Body::Json(value) => (Some("application/json;charset=UTF-8"), Bytes::from(value.to_string())),
        Body::Payment(_, text) => (Some("application/json;charset=UTF-8"), text),
        Body::Html(page) => (Some("text/html"), Bytes::from_static(page.as_bytes())),
        Body::Empty => (None, Bytes::new()),
    };
    Encoded { status: reply.status, kind, retry_after: reply.retry_after, body }
}

impl Encoded {
    /// The response, at once and whole.
    pub(super) fn whole(self) -> Response<HttpBody> {
        respond(self, Manner::default())
    }
}

/// The response; waits as long as a fault says.
pub(super) async fn leave(encoded: Encoded, manner: Manner) -> Response<HttpBody> {
    if !manner.delay.is_zero() {
        tokio::time::sleep(manner.delay).await;
    }
    respond(encoded, manner)
}

fn respond(encoded: Encoded, manner: Manner) -> Response<HttpBody> {
    let length = encoded.body.len();
    let plain = manner.cut == Cut::Nowhere && manner.slow.is_zero();
    let body = if plain { HttpBody::from(encoded.body) } else { HttpBody::new(Dripping::new(encoded.body, manner)) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(encoded.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !plain {
        // The whole length is promised, so that a client can tell that something is missing.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length.max(1)));
    }
    if let Some(kind) = encoded.kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Some(seconds) = encoded.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A body that leaves in pieces, or whose connection ends before all of it did.
struct Dripping {
    pieces: VecDeque<Bytes>,
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    cut: bool,
}

impl Dripping {
    fn new(body: Bytes, manner: Manner) -> Dripping {
        let count = if manner.slow.is_zero() { 1 } else { PIECES };
        let sent = match manner.cut {
            Cut::Nowhere => body,
            Cut::Before => Bytes::new(),
            Cut::Inside => body.slice(..body.len() / 2),
        };
        let size = sent.len().div_ceil(count).max(1);
        let pieces = (0..sent.len()).step_by(size).map(|from| sent.slice(from..(from + size).min(sent.len())));
        let pieces: VecDeque<Bytes> = pieces.collect();
        let steps = u32::try_from(pieces.len().max(1)).unwrap_or(1);
        let pause = if manner.slow.is_zero() { BEFORE_CUT } else { manner.slow / steps };
        Dripping { pieces, pause, waiting: None, cut: manner.cut != Cut::Nowhere }
    }
}

impl BodyTrait for Dripping {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(waiting) = &mut self.waiting {
            if waiting.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.waiting = None;
        }
        match self.pieces.pop_front() {
            Some(piece) => {
                self.waiting = Some(Box::pin(tokio::time::sleep(self.pause)));
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            // An error in a body ends the connection; it is the only way to end one here.
            None if self.cut => Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into()))),
            None => Poll::Ready(None),
        }
    }
}
