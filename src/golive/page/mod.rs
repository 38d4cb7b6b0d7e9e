//! Reads pages: from HTML text to facts that rules can ask about.
//!
//! Responsible for: parsing within bounds, places of elements in the source, the outline that the crawler
//! follows, and which front end of Mercado Pago a page uses. Not responsible for fetching or for judging.

mod document;
mod outline;

pub use document::{Document, Element};
pub use outline::{Link, Outline, outline};
