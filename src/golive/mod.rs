//! The go-live side: crawl a shop, collect evidence, judge it by rules.

mod album;
pub mod browser;
pub mod check;
pub mod crawl;
mod engine;
pub mod evidence;
pub mod journey;
pub mod page;
mod quick;
pub mod rule;
pub mod saved;

pub use engine::{Options, check, check_saved};
