//! The baseline: the shape of every response as it was accepted, and the drift that is accepted besides.
//!
//! `shape` learns shapes from bodies, `compare` tells what differs, `observer` watches a run, `file` and `read`
//! write and read `homologa.baseline.yaml`, `accept` makes the next one. Documents are compared in `drift`.

mod accept;
mod compare;
mod documented;
mod file;
mod findings;
mod ignore;
mod observer;
mod path;
mod read;
mod shape;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::run::{AcceptedEntry, Change, Terms, place_of_step as place};
use ignore::Ignore;
use shape::{Enumerated, Shape};

pub use accept::{Accepting, Written};
pub use findings::{Added, add};
pub(crate) use observer::{MOST_ENTRIES, MOST_PLACES};
pub use observer::{Observer, Scope};
pub use stored::lacks;

/// Name of the file that is picked up beside `homologa.yaml`.
pub const FILE_NAME: &str = "homologa.baseline.yaml";
/// Version of the file's form.
const VERSION: u64 = 1;
/// Largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 32 << 20;
/// The members whose values are compared, in a baseline that nobody has edited.
const ENUMERATED: [&str; 3] = ["payment_type_id", "status", "status_detail"];

/// One response: what was asked, its status and its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Response {
    /// Method and path, ids in the path as `{id}`.
    endpoint: String,
    status: u16,
    shape: Shape,
}

/// Drift that is accepted, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Accepted {
    change: Change,
    terms: Terms,
    /// `scenario#step`.
    places: BTreeSet<String>,
}

/// Responses by scenario and step.
type Responses = BTreeMap<String, BTreeMap<String, Response>>;

/// A baseline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline {
    /// The file, as the user named it.
    pub file: String,
    /// Kind of the target it was made on.
    pub target: String,
    /// Site of the target.
    pub site: String,
    /// Day it was written, as the file gives it.
    written: String,
    enumerated: Enumerated,
    ignore: Ignore,
    accepted: Vec<Accepted>,
    /// Accepted findings of the go-live side, in the order of the file.
    pub findings: Vec<AcceptedEntry>,
    /// The part of the file that holds them, with its comments: rewriting the file keeps it as it is.
    pub findings_text: String,
    responses: Responses,
}

impl Baseline {
    /// How many responses it holds.
    pub fn len(&self) -> usize {
        self.responses.values().map(BTreeMap::len).sum()
    }

    /// Whether it speaks of responses at all: a file of accepted findings alone does not.
    pub fn has_contract(&self) -> bool {
        !self.target.is_empty()
    }

    /// Whether it holds no response.
    pub fn is_empty(&self) -> bool {
        self.responses.is_empty()
    }

    /// Ids of the scenarios in it, without row and site.
    pub fn scenarios(&self) -> BTreeSet<String> {
        self.responses.keys().map(|id| stem(id).to_owned()).collect()
    }

    /// Whether it was made on a target of this kind and site.
    pub fn fits(&self, target: &crate::run::TargetInfo) -> bool {
        self.target == target.kind && self.site == target.site
    }
}

/// The scenario of a result: its id without row and site.
fn stem(id: &str) -> &str {
    let id = id.rsplit_once('@').map_or(id, |(id, _)| id);
    id.split_once('[').map_or(id, |(id, _)| id)
}

/// The method and the path of a request with what names one thing left out: `GET /v1/payments/{id}`. The path may be
/// one with variables in it.
fn endpoint(method: &str, path: &str) -> String {
    let mut text = format!("{method} ");
    for segment in path.trim_matches('/').split('/') {
        let version = segment.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
        let is_id = !version && (segment.contains("${") || segment.bytes().any(|byte| byte.is_ascii_digit()));
        text.push('/');
        text.push_str(if is_id { "{id}" } else { segment });
    }
    text
}
