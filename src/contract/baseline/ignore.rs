//! What is not compared: places of answers that the author of the baseline knows to differ from run to run.

use super::path::{self, Segment};
use super::{Response, place};

/// What a new baseline ignores: a search lists what else is on the account.
const USUAL: [&str; 1] = ["GET /v1/payments/search $.results[*]"];

/// One ignored place: `$.path` everywhere, or after a request (`GET /v1/x $.path`) or a step (`scenario#step $.path`,
/// with or without row and site).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ignored {
    text: String,
    within: Option<String>,
    path: String,
    segments: Vec<Segment>,
}

/// All ignored places.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ignore(Vec<Ignored>);

impl Ignore {
    /// What a baseline ignores that nobody has edited.
    pub(super) fn usual() -> Ignore {
        let mut usual = Ignore::default();
        for text in USUAL {
            usual.add(text);
        }
        usual
    }

    /// Adds a place; false when it is none.
    pub(super) fn add(&mut self, text: &str) -> bool {
        let Some(start) = text.rfind(" $").map(|space| space + 1).or(text.starts_with('$').then_some(0)) else {
            return false;
        };
        let path = &text[start..];
        let within = text[..start].trim_end();
        match path::parse(path) {
            Some(segments) if !segments.is_empty() => {
                let within = (!within.is_empty()).then(|| within.to_owned());
                self.0.push(Ignored { text: text.to_owned(), within, path: path.to_owned(), segments });
                true
            }
            _ => false,
        }
    }

    /// The places as they are written.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|ignored| ignored.text.as_str())
    }

    /// Forgets what is ignored of a response.
    pub(super) fn apply(&self, scenario: &str, step: &str, response: &mut Response) {
        for ignored in &self.0 {
            let concerned = ignored.within.as_deref().is_none_or(|within| {
                within == response.endpoint
                    || within == place(scenario, step)
                    || within == place(super::stem(scenario), step)
            });
            if concerned {
                response.shape.forget(&ignored.segments, &ignored.path);
            }
        }
    }
}
