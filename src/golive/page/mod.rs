//! Reads pages: from HTML text to facts that rules can ask about.
//!
//! Responsible for: parsing within bounds, places of elements in the source, the outline that the crawler
//! follows, card fields, and which front end of Mercado Pago a page uses. Not responsible for fetching or judging.

pub mod card;
mod document;
mod drawn;
mod entity;
pub mod generation;
pub mod guard;
mod imports;
pub mod js;
mod leads;
mod outline;
mod parse;
mod plain;
pub mod script;
mod selector;
mod view;

pub use document::{Document, Element, NodeId};
pub use html5ever::LocalName;
pub use imports::{Imports, imports_of};
pub use leads::{Leads, leads_of};
pub use outline::{Link, Outline, of_document, outline, runs};
pub use selector::selector_of;
pub use view::{InlineScript, Need, PageView, Parsed, Part, ScriptCache, ScriptFacts};
