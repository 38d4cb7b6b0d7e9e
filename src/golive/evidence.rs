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

/// A page as a browser drew it: what a buyer gets once scripts have run. Everything in it is bounded, and nothing in
/// it is a secret: addresses and texts are redacted, values become shapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The browser as it names itself, for example `HeadlessChrome/156.0.8078.79`.
    pub browser: String,
    /// Address of the main frame in the end; scripts may have changed its path.
    pub url: Url,
    /// Frames, parents before their children; the first is the main frame.
    pub frames: Vec<DrawnFrame>,
    /// Scripts of the page's own origin that ran and that the crawl had not read: pieces that other scripts load.
    pub scripts: Vec<Arc<Fetched>>,
    /// Requests of all frames, in the order in which they were sent.
    pub requests: Vec<Request>,
    /// What scripts and the browser wrote to the consoles of all frames, in order.
    pub console: Vec<ConsoleLine>,
    /// Dialogs that scripts opened; every one was dismissed.
    pub dialogs: Vec<Dialog>,
    /// Cookies of the page's own host and the storage of its own frames.
    pub stored: Vec<Stored>,
    /// What content security policies stopped, or would have stopped.
    pub violations: Vec<Violation>,
    /// Where scripts wanted to lead the main frame outside the shop (the page of Checkout Pro, say); not followed.
    pub led_away: Vec<Url>,
    /// Files that the page wanted to save; all were refused.
    pub downloads: Vec<Url>,
    /// The page from its top, at most some screens high.
    pub screenshot: Option<Screenshot>,
    /// Why the browser did not see the page whole (scripts that hang, no rest in time, more than is kept), if so.
    pub limits: Vec<Message>,
    /// Milliseconds from opening the page to its end.
    pub elapsed_ms: u64,
}

/// A frame of a drawn page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnFrame {
    /// Address; `about:srcdoc` and `about:blank` for frames that the page writes itself.
    pub url: Url,
    /// Value of `name`, at most 100 characters.
    pub name: String,
    /// Place of the frame that holds it; `None` for the main frame.
    pub parent: Option<usize>,
    /// The drawn document, of frames of the page's own origin (and those it writes itself): `body` is the markup in
    /// the end, frames of other origins are known by address only.
    pub document: Option<Arc<Fetched>>,
}

/// A request that a drawn page made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Address, redacted; of `data:` addresses only the type is kept.
    pub url: Url,
    /// Method.
    pub method: String,
    /// What it was for, in lower case: `document`, `script`, `stylesheet`, `image`, `font`, `xhr`, `fetch`, `ping`, …
    pub kind: String,
    /// Place of the frame that asked.
    pub frame: usize,
    /// Script or document that caused it.
    pub initiator: Option<Url>,
    /// Status that answered, also of redirects; `None` without an answer.
    pub status: Option<u16>,
    /// MIME type of the answer.
    pub mime: String,
    /// Protocol of the connection, for example `TLS 1.3`; `None` without TLS or without an answer.
    pub tls: Option<String>,
    /// Why it failed, in the browser's words, for example `net::ERR_NAME_NOT_RESOLVED`.
    pub failed: Option<String>,
    /// Who stopped it, in the browser's words: `csp`, `mixed-content`, `inspector` (homologa itself), …
    pub blocked: Option<String>,
    /// What it carried.
    pub carries: Carries,
}

/// What the address or the body of a request holds, as facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Carries {
    /// Something like a card number in the address.
    pub card_in_url: bool,
    /// Something like a card number in the body.
    pub card_in_body: bool,
    /// A private credential in the address or the body.
    pub credential: bool,
    /// Bytes of the body, as far as known.
    pub body_bytes: u64,
}

/// A line of a console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleLine {
    /// Who wrote it.
    pub origin: ConsoleOrigin,
    /// `error`, `warning`, `info`, `log`, …
    pub level: String,
    /// The words, redacted, at most 1,000 characters.
    pub text: String,
    /// Script or document it came from.
    pub url: Option<Url>,
    /// Line in it, from 1.
    pub line: Option<u32>,
}

/// Who writes to a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleOrigin {
    /// A script, by `console.log` and its like.
    Script,
    /// An exception that nobody caught.
    Exception,
    /// The browser itself: requests that failed, policies, deprecations.
    Browser,
}

/// A dialog that a script opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// `alert`, `confirm`, `prompt` or `beforeunload`.
    pub kind: String,
    /// Its words, redacted, at most 1,000 characters.
    pub text: String,
}

/// Something that a page keeps in the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Where.
    pub store: Store,
    /// Name or key, redacted, at most 200 characters.
    pub name: String,
    /// The value's shape: letters become `a`, digits `0`; at most 60 characters.
    pub shape: String,
    /// Characters of the value.
    pub length: usize,
    /// Whether the value holds something like a card number.
    pub card: bool,
    /// Whether it holds a private credential.
    pub credential: bool,
}

/// Where a page keeps something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// A cookie.
    Cookie {
        /// Host or domain it is sent to; a leading dot means that of subdomains too.
        domain: String,
        /// Sent over https only.
        secure: bool,
        /// Out of reach of scripts.
        http_only: bool,
        /// `Strict`, `Lax`, `None`; `None` when it does not say.
        same_site: Option<String>,
    },
    /// `localStorage` of an origin.
    Local(String),
    /// `sessionStorage` of an origin.
    Session(String),
}

/// Something that a content security policy stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Directive, for example `script-src-elem`.
    pub directive: String,
    /// Address that was stopped, or `inline`, `eval`, …
    pub blocked: String,
    /// Whether the policy only reports.
    pub report_only: bool,
}

/// A picture of a page or of an element.
#[derive(Clone, PartialEq, Eq)]
pub struct Screenshot {
    /// PNG.
    pub png: Arc<[u8]>,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

impl std::fmt::Debug for Screenshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Screenshot({}x{}, {} bytes)", self.width, self.height, self.png.len())
    }
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
    /// The page as a browser drew it, when it was opened in one.
    pub rendered: Option<Arc<Rendered>>,
    /// Why it was not opened in a browser although its markup alone cannot tell all, if so.
    pub unrendered: Option<Message>,
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
            rendered: None,
            unrendered: None,
            served: Vec::new(),
            source: Source::Live,
        }
    }
}

/// A link of a page that was read, with nothing behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLink {
    /// Where it leads.
    pub url: Url,
    /// What answered there in the end; `None` when the name of its host is unknown.
    pub status: Option<u16>,
    /// The page that was the first to have it.
    pub page: Url,
    /// Its `href` as it stands there.
    pub href: String,
    /// Line in the source of that page, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
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
