//! Judges captured answers: a body, a list of bodies, JSON lines, a HAR or a recording. Sends nothing and prints nothing.
//!
//! This file holds what goes in and what comes out. `read` takes files apart into bodies, `har`, `recording` and `logs`
//! (with `loose`) read those, `unwrap` takes off what SDKs put around a body, `classify` tells what it is, `body` grades it with `error`,
//! `shape` and `success`.

mod body;
mod classify;
mod error;
mod har;
mod logs;
mod loose;
mod read;
mod recording;
mod shape;
mod success;
mod unwrap;

use serde::Serialize;
use serde_json::Value;

pub use body::judge;
pub use classify::Kind;
pub use unwrap::{Unwrapped, unwrap};

use crate::exit;
use crate::i18n::{Message, Text};
use crate::run::{Problem, Verdict};

/// Largest file, in bytes.
pub const LARGEST_FILE: usize = 64 << 20;
/// Largest body, in bytes.
pub const LARGEST_BODY: usize = 4 << 20;
/// Most bodies of one file.
pub const MOST_BODIES: usize = 100_000;

/// One answer as it was captured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Captured {
    /// Where in the file: `#3`, `line 3`; empty when the file is one body.
    pub place: String,
    /// Method of the request, if known.
    pub method: Option<String>,
    /// Path of the request without query, if known.
    pub path: Option<String>,
    /// HTTP status, if known.
    pub status: Option<u16>,
    /// The body; `None` when there was none or it is no JSON.
    pub body: Option<Value>,
    /// What there was instead, when the body is no JSON.
    pub not_json: Option<NotJson>,
    /// Whether whoever captured it left parts out, as `console.log` does with what is nested.
    pub cut: bool,
    /// Whether it comes from the service itself: what programs do to a body when they keep it is no excuse then.
    pub direct: bool,
}

/// A body that is no JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotJson {
    /// A page, as proxies send it.
    Html,
    /// Any other text.
    Text,
}

/// Where the HTTP status is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusFrom {
    /// From the HTTP answer.
    Http,
    /// From the object that an SDK wrapped around the body.
    Wrapper,
    /// Only from the member `status` of the body.
    Body,
    /// Not known.
    Unknown,
}

/// One grade of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graded {
    /// Grade, as `specs/grades.yaml` names it.
    pub grade: &'static str,
    /// What it does here.
    pub verdict: Verdict,
    /// Why.
    pub message: Message,
}

/// Something of our documents that a body shows: an entry of the catalogue, a neighbour, a pair of statuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Id, as `homologa explain` knows it.
    pub id: String,
    /// Whether it stands in the current catalogue or status table.
    pub documented: bool,
    /// Documented message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Endpoint that it belongs to, for a code of elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What it means.
    pub meaning: Text,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Text>,
}

/// What judging one body gave. Everything from outside in it is redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// File, as the user named it.
    pub file: String,
    /// Place in the file.
    pub place: String,
    /// What it is.
    pub kind: Kind,
    /// Method and path of the request, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// HTTP status, as far as known.
    pub status: Option<u16>,
    /// Where it is known from.
    pub status_from: StatusFrom,
    /// What was unwrapped to reach the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwrapped: Option<Unwrapped>,
    /// Whether what the body shows stands in the documents.
    pub documented: bool,
    /// The grade that weighs most.
    pub grade: &'static str,
    /// All grades, heaviest first.
    pub grades: Vec<Graded>,
    /// What of our documents it shows.
    pub shows: Vec<Shown>,
    /// What an error itself says, masked and cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// What an error without a known code comes from, where its members tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<Message>,
    /// The trace that the service put into `cause[].data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// What judging all files gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The bodies, in order.
    pub bodies: Vec<Judged>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Responses of a HAR that are not of the payments API.
    pub skipped: usize,
}

impl Report {
    /// 1 when a body fails, else 2 when something could not be read, else 3 when something could not be judged or
    /// nothing was, else 0.
    pub fn exit_code(&self) -> u8 {
        let has = |verdict| self.bodies.iter().any(|body| body.verdict == verdict);
        if has(Verdict::Fail) {
            exit::NOT_READY
        } else if !self.problems.is_empty() {
            exit::INPUT
        } else if has(Verdict::Inconclusive) || !has(Verdict::Pass) {
            exit::INCONCLUSIVE
        } else {
            exit::READY
        }
    }
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
