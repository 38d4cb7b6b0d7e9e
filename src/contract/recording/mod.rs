//! Recordings: what a run sent and received, kept in a file, replayed without a network, and compared with today.
//!
//! `format` holds the lines of the file, `mask` what is hidden in them, `write` and `read` the file itself, `matching`
//! decides when two requests are the same, `replay` finds the entry of a request, `compare` tells how an answer differs
//! from the recorded one. Not responsible for sending (see `transport.rs`) nor for the record of the run (`run/`).

mod compare;
mod format;
mod mask;
mod matching;
mod read;
mod replay;
mod write;

use std::sync::Arc;

pub use format::{FORMAT, Head, RecordedTarget};
pub use read::{Recording, head};
pub use write::Recorder;

pub(super) use compare::Difference;
pub(super) use format::{Entry, Line, is_head};
pub(super) use mask::hides;
pub(super) use replay::{Place, Played};

use super::plan::Plan;
use crate::i18n::Message;
use crate::run::{Event, Evidence, Expectation, Finding, Severity, Sink, StepResult, Verdict, fingerprint};
use crate::specs::drift::{Weight, weight_of};

/// What a run does with recordings; by default nothing.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    /// Keeps every exchange.
    pub write: Option<Arc<Recorder>>,
    /// Answers in place of a network.
    pub replay: Option<Arc<Recording>>,
    /// Every answer is compared with this one.
    pub verify: Option<Arc<Recording>>,
}

impl Tape {
    /// Before the first request: what is replayed, and what of the recordings is incomplete.
    pub(super) fn begin(&self, sink: &dyn Sink) {
        if let Some(recording) = &self.replay {
            sink.emit(Event::Problem(replay::opening(recording)));
        }
        for recording in self.replay.iter().chain(&self.verify) {
            for notice in &recording.notices {
                sink.emit(Event::Problem(notice.clone()));
            }
        }
    }

    /// Which scenarios are next: what was recorded of them is theirs alone.
    pub(super) fn plan<'p>(&self, plans: impl Iterator<Item = &'p Plan> + Clone) {
        for recording in self.replay.iter().chain(&self.verify) {
            recording.plan(plans.clone().map(Plan::id));
        }
    }

    /// After the last request: what was never used, and whether everything was written.
    pub(super) fn end(&self, complete: bool, sink: &dyn Sink) {
        for recording in self.replay.iter().chain(&self.verify) {
            if let Some(notice) = recording.unused() {
                sink.emit(Event::Problem(notice));
            }
        }
        if let Some(recording) = &self.verify {
            sink.emit(Event::Problem(replay::closing(recording)));
        }
        if let Some(recorder) = &self.write {
            let told = match recorder.end(complete) {
                Ok(n) => recorder.written(n),
                Err(problem) => problem,
            };
            sink.emit(Event::Problem(told));
        }
    }
}

/// A step's result with what comparing its answer gave. What could not be compared is an open question.
pub(super) fn verified(
    mut result: StepResult,
    compared: Result<Vec<Difference>, Message>,
    place: Place<'_>,
    mut at: crate::run::Place,
) -> StepResult {
    at.step = Some(place.step.to_owned());
    let differences = match compared {
        Ok(differences) => differences,
        Err(message) => {
            if result.verdict == Verdict::Pass {
                result.verdict = Verdict::Inconclusive;
                result.reason = Some(message.clone());
            }
            result.expectations.push(Expectation { message, verdict: Verdict::Inconclusive });
            return result;
        }
    };
    for Difference { kind, path, recorded, now } in differences {
        let severity = match weight_of(kind) {
            Weight::Breaking => Severity::Blocker,
            Weight::Notable => Severity::Warning,
            Weight::Info => Severity::Advice,
        };
        let message = Message::new("recording.differs").with("path", &path).with("recorded", &recorded);
        let message = message.with("now", &now);
        if severity == Severity::Blocker {
            result.verdict = Verdict::Fail;
            result.expectations.push(Expectation { message: message.clone(), verdict: Verdict::Fail });
        }
        result.findings.push(Finding {
            id: fingerprint(&[place.scenario, place.step, kind, &path]),
            rule: kind.to_owned(),
            severity,
            message,
            place: at.clone(),
            evidence: vec![Evidence::Difference { path, expected: recorded, actual: now }],
            fix: None,
        });
    }
    result
}
