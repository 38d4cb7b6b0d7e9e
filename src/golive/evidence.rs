//! What was collected of a shop, before anything is judged. Rules see this and nothing else, so saved
//! material is judged like live material and tests need no network.

use std::sync::Arc;

use url::Url;

use crate::i18n::Message;
use crate::run::{Hop, LeftOut, TlsFacts};

/// One resource as it was answered: a page, a script or a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Address asked first.
    pub requested: Url,
    /// Address that answered, after redirects.
    pub url: Url,
    /// Redirects before the answer.
    pub hops: Vec<Hop>,
    /// HTTP status.
    pub status: u16,
    /// Response headers, names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// Body, decoded to Unicode by the declared or sniffed charset; at most the limit of the crawl.
    pub body: String,
    /// Bytes of the body that were read.
    pub bytes: u64,
    /// Whether the body was longer than the limit and was cut.
    pub cut: bool,
}

impl Fetched {
    /// The first value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A frame of a page. Frames of other origins are known by address only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Address in `src`.
    pub url: Url,
    /// The document, when the frame is of the shop itself and could be read.
    pub document: Option<Arc<Fetched>>,
}

/// How a page was come by: what it can tell of its transport.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// Asked for by the crawl.
    #[default]
    Live,
    /// Recorded with its address and headers (HAR).
    Recorded,
    /// Saved with its address alone (MHTML).
    Snapshot,
    /// A file: neither address nor headers are those of the shop.
    File,
}

/// A page with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The document.
    pub document: Arc<Fetched>,
    /// Links away from the start page.
    pub depth: u32,
    /// Scripts of the shop's own origin that the page loads, in document order.
    pub scripts: Vec<Arc<Fetched>>,
    /// Frames, in document order.
    pub frames: Vec<Frame>,
    /// Own scripts or frames that could not be read: what looked at them stays open.
    pub unread: Vec<LeftOut>,
    /// What its scripts lead a visitor to beside them: source maps, lazy chunks, configuration answers. It is
    /// searched for credentials only: it does not say what the page is.
    pub served: Vec<Arc<Fetched>>,
    /// How it was come by.
    pub source: Source,
}

impl Page {
    /// A page without scripts and frames, as the crawl comes by it.
    pub fn new(document: Arc<Fetched>, depth: u32) -> Page {
        Page {
            document,
            depth,
            scripts: Vec::new(),
            frames: Vec::new(),
            unread: Vec::new(),
            served: Vec::new(),
            source: Source::Live,
        }
    }
}

/// Everything collected of one shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// Address the user gave.
    pub start: Url,
    /// TLS facts; `None` when the address is not https.
    pub tls: Option<TlsFacts>,
    /// Pages, in the order in which they were read; the first is the start page.
    pub pages: Vec<Page>,
    /// Links of the shop that lead elsewhere or were not followed, and why.
    pub left_out: Vec<LeftOut>,
    /// Links that were only asked for their status (terms page of another host, say).
    pub answers: Vec<(Url, Option<u16>)>,
    /// Why the crawl ended before it had seen everything, if it did.
    pub limit: Option<Message>,
}
