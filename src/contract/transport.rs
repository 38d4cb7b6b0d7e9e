//! How a request reaches its target and how the answer comes back.
//!
//! The one place of the contract side where exchanges take place: a live target over HTTP today; everything that
//! stands between (pacing, retries, recordings) belongs here, so that scenarios do not know of it.

use super::exchange::{Answer, Prepared};
use crate::run::Problem;

/// The way to the target.
pub(super) enum Transport {
    /// Over HTTP.
    Live(reqwest::Client),
}

impl Transport {
    /// Sends a request and reads its answer within bounds; gives the answer and the milliseconds it took.
    ///
    /// # Errors
    /// A problem of the environment: no connection, time over, a broken answer.
    pub(super) async fn send(&self, prepared: &Prepared) -> Result<(Answer, u64), Problem> {
        match self {
            Transport::Live(client) => prepared.send(client).await,
        }
    }
}
