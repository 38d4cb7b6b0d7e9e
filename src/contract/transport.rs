//! How a request reaches its target and how the answer comes back.
//!
//! The one place of the contract side where exchanges take place: a live target over HTTP, or a recording; everything
//! that stands between (pacing, retries) belongs here, so that scenarios do not know of it.

use std::sync::Arc;

use super::exchange::{Answer, Prepared};
use super::recording::{Place, Recording};
use crate::run::Problem;
use crate::secret::Redactor;

/// The way to the target.
pub(super) enum Transport {
    /// Over HTTP.
    Live(reqwest::Client),
    /// Nothing is sent: a recording answers.
    Recording(Arc<Recording>),
}

impl Transport {
    /// Sends a request and reads its answer within bounds; gives the answer and the milliseconds it took.
    ///
    /// # Errors
    /// A problem of the environment: no connection, time over, a broken answer, nothing recorded.
    pub(super) async fn send(
        &self,
        prepared: &Prepared,
        place: Place<'_>,
        redactor: &Redactor,
    ) -> Result<(Answer, u64), Problem> {
        match self {
            Transport::Live(client) => prepared.send(client).await,
            Transport::Recording(recording) => recording.answer(prepared, place, redactor),
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
