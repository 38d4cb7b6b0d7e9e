//! What the sandbox answers, before it becomes bytes.

use bytes::Bytes;
use serde_json::Value;

/// The body of a reply.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// JSON.
    Json(Value),
    /// A payment, written out already, with its id: what is answered most is never built as a tree.
    Payment(u64, Bytes),
    /// A page, as proxies answer.
    Html(&'static str),
    /// Nothing.
    Empty,
}

impl Body {
    /// The JSON that it is, if it is any.
    pub(super) fn into_json(self) -> Option<Value> {
        match self {
            Body::Json(value) => Some(value),
            Body::Payment(_, text) => serde_json::from_slice(&text).ok(),
            Body::Html(_) | Body::Empty => None,
        }
    }

    /// The id of the payment that it is, if it is one.
    pub(super) fn payment_id(&self) -> Option<u64> {
        match self {
            Body::Payment(id, _) => Some(*id),
            _ => None,
        }
    }
}

/// A reply.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    /// HTTP status.
    pub(super) status: u16,
    /// Body.
    pub(super) body: Body,
    /// `Retry-After`, in seconds.
    pub(super) retry_after: Option<u32>,
}

impl Reply {
    /// A JSON reply.
    pub(super) fn json(status: u16, body: Value) -> Reply {
        Reply { status, body: Body::Json(body), retry_after: None }
    }

    /// A reply with a payment, written out already.
    pub(super) fn payment(status: u16, id: u64, text: Vec<u8>) -> Reply {
        Reply { status, body: Body::Payment(id, Bytes::from(text)), retry_after: None }
    }
}
