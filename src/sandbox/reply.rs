//! What the sandbox answers, before it becomes bytes.

use serde_json::Value;

/// The body of a reply.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// JSON.
    Json(Value),
    /// A page, as proxies answer.
    Html(&'static str),
    /// Nothing.
    Empty,
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
}
