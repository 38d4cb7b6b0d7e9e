//! How a request reaches its target and how the answer comes back.
//!
//! The one place of the contract side where exchanges take place: a live target over HTTP, or a recording; everything
//! that stands between (pacing, retries) belongs here, so that scenarios do not know of it.

use std::sync::Arc;
use std::time::Instant;

use super::exchange::{Answer, Prepared, milliseconds};
use super::pace::{Closed, Pace};
use super::recording::{Place, Played, Recording};
use super::retry::{self, Came};
use crate::http;
use crate::i18n::Message;
use crate::run::{Attempt, Problem, Stop};
use crate::secret::Redactor;

/// The way to the target.
pub(super) enum Transport {
    /// Over HTTP.
    Live(Live),
    /// Nothing is sent: a recording answers.
    Recording(Arc<Recording>),
}

/// A target over HTTP.
pub(super) struct Live {
    pub(super) client: reqwest::Client,
    pub(super) pace: Pace,
    /// Whether what got no usable answer is sent again.
    pub(super) retries: bool,
    pub(super) stop: Stop,
}

/// What came of a request.
pub(super) struct Reply {
    /// The answer and the milliseconds it took, or why there is none.
    pub(super) outcome: Result<(Answer, u64), Unanswered>,
    /// The attempts before the last one.
    pub(super) earlier: Vec<Attempt>,
    /// When the last attempt left, in milliseconds since what the sender counts from; `None` when none left.
    pub(super) started_ms: Option<u64>,
}

/// Why no answer came.
pub(super) struct Unanswered {
    /// In words; always of the environment.
    pub(super) problem: Problem,
    /// Whether it is certain that the request never left.
    pub(super) unsent: bool,
}

impl From<&reqwest::Error> for Unanswered {
    fn from(error: &reqwest::Error) -> Unanswered {
        Unanswered { problem: http::explain(error), unsent: error.is_connect() }
    }
}

impl From<Closed> for Unanswered {
    fn from(Closed: Closed) -> Unanswered {
        let problem = Problem::environment(Message::new("contract.silence")).fix(Message::new("contract.silence-fix"));
        Unanswered { problem, unsent: true }
    }
}

impl Transport {
    /// Sends a request and reads its answer within bounds, again where that is safe and may help. Statuses that are
    /// expected are answers like any other. Moments are counted from `since`; those of a recording are its own.
    pub(super) async fn send(
        &self,
        prepared: &Prepared,
        expected: &[u16],
        since: Instant,
        place: Place<'_>,
        redactor: &Redactor,
    ) -> Reply {
        match self {
            Transport::Live(live) => live.send(prepared, expected, since).await,
            Transport::Recording(recording) => match recording.answer(prepared, place, redactor) {
                Ok(Played { answer, started_ms, elapsed_ms }) => {
                    Reply { outcome: Ok((answer, elapsed_ms)), earlier: Vec::new(), started_ms }
                }
                Err(problem) => unsent(problem),
            },
        }
    }

    /// Sends a request that no step makes: a question about the account, or the search for a payment. Only a live
    /// target can be asked; of a recording nothing more is known than what it holds.
    pub(super) async fn ask(&self, prepared: &Prepared, expected: &[u16]) -> Reply {
        match self {
            Transport::Live(live) => live.send(prepared, expected, Instant::now()).await,
            Transport::Recording(_) => unsent(Problem::environment(Message::new("contract.no-lookup"))),
        }
    }

    /// The recording that answers, if one does: waiting changes nothing then.
    pub(super) fn recording(&self) -> Option<&Recording> {
        match self {
            Transport::Live(_) => None,
            Transport::Recording(recording) => Some(recording),
        }
    }
}

/// Nothing was sent.
fn unsent(problem: Problem) -> Reply {
    Reply { outcome: Err(Unanswered { problem, unsent: true }), earlier: Vec::new(), started_ms: None }
}

impl Live {
    async fn send(&self, prepared: &Prepared, expected: &[u16], since: Instant) -> Reply {
        let mut earlier = Vec::new();
        loop {
            if let Err(closed) = self.pace.turn().await {
                return Reply { outcome: Err(closed.into()), earlier, started_ms: None };
            }
            let started = Instant::now();
            let started_ms = Some(milliseconds(started.saturating_duration_since(since)));
            let outcome = prepared.send(&self.client, started).await;
            let (came, status) = match &outcome {
                Ok((answer, _)) if !self.retries || answer.status < 429 || expected.contains(&answer.status) => {
                    return Reply { outcome, earlier, started_ms };
                }
                Ok((Answer { status, headers, .. }, _)) => (Came::Answer { status: *status, headers }, Some(*status)),
                Err(Unanswered { unsent: true, .. }) if self.retries => (Came::NoConnection, None),
                Err(_) => (Came::Nothing, None),
            };
            let next = retry::next(prepared.asked(), came, earlier.len());
            if let Some(silence) = next.silence {
                self.pace.silence(silence);
            }
            match next.again {
                Some(wait) if !self.stop.asked() => {
                    let elapsed_ms = Some(milliseconds(started.elapsed()));
                    if next.silence.is_none() {
                        self.stop.sleep(wait).await;
                    }
                    earlier.push(Attempt { status, waited_ms: milliseconds(wait), started_ms, elapsed_ms });
                }
                _ => return Reply { outcome, earlier, started_ms },
            }
        }
    }
}
