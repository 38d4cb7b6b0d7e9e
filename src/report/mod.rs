//! Reports: every rendering of a run record, for people and for machines.
//!
//! Each renderer is a pure function of [`crate::run::RunRecord`]: the same record gives the same bytes. Nothing
//! here decides a verdict, opens a socket or writes a file, and everything that came from outside the process is
//! escaped for the medium it goes to. [`outline`] puts a record in reading order once, for all of them.

mod accepted;
mod clean;
pub mod compare;
pub mod coverage;
mod curl;
pub mod drift;
mod flat;
mod format;
pub mod gate;
pub mod github;
pub mod gitlab;
mod host;
pub mod html;
pub mod json;
pub mod junit;
pub(crate) mod labels;
pub mod live;
pub mod markdown;
pub mod outline;
mod paint;
mod plain;
pub mod portfolio;
pub mod preflight;
pub mod problem;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
pub mod tap;
mod template;
pub mod terminal;
pub mod trend;
mod xml;

use std::io::{self, Write};

use crate::i18n::{Lang, Message};
use crate::run::{Problem, RunRecord};

pub(crate) use clean::{block as harmless, json as harmless_json, log as commandless};
pub use curl::curl;
pub(crate) use paint::wrap;

/// Names of the formats that a run can be written in.
pub const FORMATS: [&str; 8] = ["html", "json", "junit", "sarif", "markdown", "github", "gitlab", "tap"];

/// Why a report could not be written.
#[derive(Debug)]
pub enum Fault {
    /// Whoever takes the bytes refused them.
    Write(io::Error),
    /// A template is broken; the tests render every part of them.
    Template(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Write(error)
    }
}

impl Fault {
    /// The fault as a problem of the file that was to be written.
    pub fn problem(self, file: impl Into<String>) -> Problem {
        let problem = match self {
            Fault::Write(error) => crate::run::cannot_write(&error),
            Fault::Template(error) => Problem::input(Message::new("report.template-broken").with("error", error)),
        };
        problem.in_file(file)
    }
}

/// Writes a record to `out` in one of [`FORMATS`]; JSON for any other word. Words are in `lang`.
///
/// # Errors
/// Those of `out`, and a broken template.
pub fn write(format: &str, record: &RunRecord, lang: Lang, out: &mut dyn Write) -> Result<(), Fault> {
    match format {
        "html" => html::write(record, lang, out),
        "github" => Ok(github::write(record, lang, out)?),
        "gitlab" => Ok(gitlab::write(record, lang, out)?),
        "markdown" => Ok(markdown::write(record, lang, out)?),
        "tap" => Ok(tap::write(record, lang, out)?),
        "junit" => Ok(junit::write(record, lang, out)?),
        "sarif" => sarif::write(record, lang, out),
        _ => Ok(json::write(record, lang, out)?),
    }
}
