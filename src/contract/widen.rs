//! How many scenarios begin at once at a target on this machine: few, and the rest as soon as the target turns out to
//! be slow.
//!
//! Not responsible for the order of scenarios, nor for the pace of requests at real targets (see `pace.rs`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Most scenarios in flight at a target on this machine.
const HERE: usize = 20;
/// Most scenarios in flight at a target elsewhere.
const ELSEWHERE: usize = 2;
/// How many begin at once here: fewer would wait for each answer alone, more are not quicker where an answer takes less
/// than a millisecond, and each one costs a connection.
const AT_FIRST: usize = 8;
/// A target is slow when fewer scenarios than these finish between two looks.
const FEWEST: usize = 2;
/// How long the first ones get before more begin: time for what only the first answer needs.
const FIRST_LOOK: Duration = Duration::from_millis(5);
/// How often it is looked at afterwards.
const NEXT_LOOK: Duration = Duration::from_millis(3);

/// The permits of the scenarios that are in flight.
pub(super) struct Width {
    pub(super) permits: Arc<Semaphore>,
    /// How many scenarios have finished.
    pub(super) finished: Arc<AtomicUsize>,
    /// Most permits there will be.
    pub(super) most: usize,
    /// Ends with this value: a set aborts its tasks when it is dropped.
    _widening: JoinSet<()>,
}

impl Width {
    /// As many scenarios as the user says, else (0) as the target bears.
    pub(super) fn new(jobs: usize, local: bool) -> Width {
        let (most, first) = match jobs {
            0 if local => (HERE, AT_FIRST),
            0 => (ELSEWHERE, ELSEWHERE),
            jobs => (jobs, jobs),
        };
        let permits = Arc::new(Semaphore::new(first));
        let finished = Arc::new(AtomicUsize::new(0));
        let mut widening = JoinSet::new();
        if first < most {
            widening.spawn(widen(permits.clone(), finished.clone(), most - first));
        }
        Width { permits, finished, most, _widening: widening }
    }
}

/// Lets the others begin as soon as those that began finish hardly any scenario between two looks.
async fn widen(permits: Arc<Semaphore>, finished: Arc<AtomicUsize>, others: usize) {
    let mut before = 0;
    let mut pause = FIRST_LOOK;
    loop {
        tokio::time::sleep(pause).await;
        pause = NEXT_LOOK;
        let now = finished.load(Ordering::Relaxed);
        if now - before < FEWEST {
            permits.add_permits(others);
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_target_that_does_not_answer_gets_all_jobs() {
        let width = Width::new(0, true);
        assert_eq!((width.permits.available_permits(), width.most), (AT_FIRST, HERE));
        let all = width.permits.acquire_many(u32::try_from(HERE).unwrap()).await.unwrap();
        assert_eq!(all.num_permits(), HERE);
    }

    #[tokio::test]
    async fn who_names_a_number_gets_it_at_once() {
        assert_eq!(Width::new(7, true).permits.available_permits(), 7);
        assert_eq!(Width::new(0, false).permits.available_permits(), ELSEWHERE);
    }
}
