//! How fast requests go to the target: so many in a second, and none while the service asks to wait.
//!
//! A run has one target and so one pace; every scenario waits for its turn here. Not responsible for deciding what is
//! sent again (see `retry.rs`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Longest time that the service may ask to wait and homologa waits.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Longest time that a whole run waits because the service asked for it.
const LONGEST_TOTAL: Duration = Duration::from_secs(300);

/// The pace of one target.
#[derive(Debug)]
pub(super) struct Pace {
    /// Time between two requests; `None` sets no limit.
    interval: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When the next request may go.
    next: Instant,
    /// Until when the service asked for silence.
    silent_until: Option<Instant>,
    /// Whether that silence is longer than homologa waits.
    closed: bool,
    /// How long the run has waited, or will have, because the service asked for it.
    waited: Duration,
}

/// The service asked for a longer silence than homologa waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed;

impl Pace {
    /// A pace of so many requests in a second; 0 sets no limit.
    pub(super) fn new(rate: u32) -> Pace {
        let interval = Duration::from_secs(1).checked_div(rate);
        let state = State { next: Instant::now(), silent_until: None, closed: false, waited: Duration::ZERO };
        Pace { interval, state: Mutex::new(state) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while it is held; what is in it is whole in any case.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the turn of one request.
    ///
    /// # Errors
    /// The service asked for a longer silence than homologa waits.
    pub(super) async fn turn(&self) -> Result<(), Closed> {
        let mut mine = false;
        loop {
            let (until, now) = {
                let mut state = self.state();
                let now = Instant::now();
                match state.silent_until {
                    Some(until) if until > now && state.closed => return Err(Closed),
                    Some(until) if until > now => {
                        mine = false;
                        (until, now)
                    }
                    _ if mine => return Ok(()),
                    _ => {
                        let slot = state.next.max(now);
                        match self.interval {
                            Some(interval) => state.next = slot + interval,
                            None => return Ok(()),
                        }
                        mine = true;
                        (slot, now)
                    }
                }
            };
            if until > now {
                tokio::time::sleep_until(until).await;
            }
        }
    }

    /// The service asked for silence: nobody sends for so long.
    pub(super) fn silence(&self, duration: Duration) {
        let now = Instant::now();
        let mut state = self.state();
        let until = now + duration;
        let already = state.silent_until.filter(|already| *already > now).unwrap_or(now);
        state.waited += until.saturating_duration_since(already);
        state.closed |= duration > LONGEST_WAIT || state.waited > LONGEST_TOTAL;
        state.silent_until = Some(already.max(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn elapsed(pace: &Pace, turns: usize) -> Duration {
        let started = Instant::now();
        for _ in 0..turns {
            pace.turn().await.unwrap();
        }
        started.elapsed()
    }

    #[tokio::test]
    async fn a_rate_spaces_requests_out_and_no_rate_does_not() {
        assert!(elapsed(&Pace::new(20), 4).await >= Duration::from_millis(145));
        assert!(elapsed(&Pace::new(0), 1000).await < Duration::from_millis(500));
    }

    #[tokio::test]
    async fn silence_is_kept_by_everybody_and_a_long_one_closes() {
        let pace = Pace::new(0);
        pace.silence(Duration::from_millis(80));
        assert!(elapsed(&pace, 2).await >= Duration::from_millis(75));
        pace.silence(LONGEST_WAIT * 2);
        assert_eq!(pace.turn().await, Err(Closed));
    }

    #[tokio::test]
    async fn many_short_silences_close_too() {
        let pace = Pace::new(0);
        let now = Instant::now();
        for _ in 0..7 {
            // Each one begins when the one before is over.
            pace.state().silent_until = Some(now);
            pace.silence(Duration::from_secs(50));
        }
        assert!(pace.turn().await.is_err());
    }
}
