//! Reports: every rendering of a run record, for people and for machines.
//!
//! Each renderer is a pure function of [`crate::run::RunRecord`]: the same record gives the same bytes. Nothing
//! here decides a verdict, opens a socket or writes a file, and everything that came from outside the process is
//! escaped for the medium it goes to. [`outline`] puts a record in reading order once, for all of them.

mod clean;
mod format;
pub mod html;
pub mod json;
pub(crate) mod labels;
pub mod live;
pub mod outline;
mod paint;
pub mod problem;
#[cfg(test)]
mod sample;
pub mod terminal;

pub(crate) use clean::{block as plain, json as plain_json};
pub(crate) use paint::wrap;

/// Names of the formats that a run can be written in.
pub const FORMATS: [&str; 2] = ["html", "json"];
