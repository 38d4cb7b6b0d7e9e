//! The engine: runs scenarios side by side, in a fixed order of results, and emits what happens.
//!
//! Not responsible for what happens inside a scenario (see `execution.rs`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::coverage::Tally;
use super::execution::{Shared, execute};
use super::pace::Pace;
use super::plan::{self, Plan};
use super::queue::Queue;
use super::target::{Target, TargetKind};
use super::transport::{Live, Transport};
use crate::http;
use crate::ids::Ids;
use crate::run::{Coverage, Event, Problem, ScenarioResult, Sink, Stop};
use crate::secret::Redactor;

/// How a run is done.
pub struct Options {
    /// Seed of every generated value.
    pub seed: u64,
    /// Scenarios in flight at once; 0 chooses by target: 16 on this machine, 2 elsewhere.
    pub jobs: usize,
    /// Longest time for one request.
    pub timeout: Duration,
    /// Most requests in a second, 0 for no limit; `None` chooses by target: no limit on this machine, 5 elsewhere.
    pub rate: Option<u32>,
    /// Whether the target is asked, before anything else, which account this is and what it can do.
    pub preflight: bool,
    /// By which somebody may ask for an early end.
    pub stop: Stop,
    /// Certificate authorities beside the usual ones.
    pub ca_file: Option<std::path::PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 0,
            jobs: 0,
            timeout: Duration::from_secs(30),
            rate: None,
            preflight: true,
            stop: Stop::default(),
            ca_file: None,
        }
    }
}

/// Runs scenarios and emits their results in the order of the list; returns what they covered.
///
/// # Errors
/// A problem of the input when the HTTP client cannot be made (a CA file that does not read) or the target refuses
/// the credential; of the environment when the target does not answer.
pub async fn run(
    mut queue: Queue<'_>,
    target: Target,
    options: &Options,
    sink: &dyn Sink,
) -> Result<Coverage, Problem> {
    let client = http::client(&http::ClientOptions {
        timeout: options.timeout,
        ca_file: options.ca_file.clone(),
        // The embedded sandbox is on this machine: no proxy stands between.
        direct: target.kind == TargetKind::Embedded,
        ..http::ClientOptions::default()
    })?;
    if options.preflight {
        super::preflight::check(&target, &client).await?;
    }
    let mut plans: VecDeque<Plan> = plan::plan(queue.take(sink), &target).into();
    sink.emit(Event::ContractStarted { target: target.info(), scenarios: plans.len() });
    let jobs = match options.jobs {
        0 if target.local() => 16,
        0 => 2,
        jobs => jobs,
    };
    let usual_rate = if target.local() { 0 } else { 5 };
    let redactor = Redactor::new(target.secrets());
    let transport = Transport::Live(Live {
        client,
        pace: Pace::new(options.rate.unwrap_or(usual_rate)),
        // What the embedded sandbox answers is what it was asked for.
        retries: target.kind != TargetKind::Embedded,
        stop: options.stop.clone(),
    });
    let shared = Arc::new(Shared { target, transport, ids: Ids::seeded(options.seed), redactor });
    let permits = Arc::new(Semaphore::new(jobs));
    let mut tally = Tally::default();
    let mut running: VecDeque<JoinHandle<(ScenarioResult, Tally)>> = VecDeque::new();
    loop {
        // A window twice as wide as the permits keeps them busy while results wait for their turn.
        while running.len() < jobs * 2 {
            if plans.is_empty() {
                plans = plan::plan(queue.take(sink), &shared.target).into();
                if !plans.is_empty() {
                    sink.emit(Event::ScenariosPlanned { scenarios: plans.len() });
                }
            }
            let Some(plan) = plans.pop_front() else { break };
            sink.emit(Event::ScenarioStarted { id: plan.id() });
            let (shared, permits) = (shared.clone(), permits.clone());
            running.push_back(tokio::spawn(async move {
                let _permit = permits.acquire_owned().await;
                execute(&shared, &plan).await
            }));
        }
        let Some(next) = running.pop_front() else { break };
        // A task that panics would be a bug of ours; its scenario stays missing, which reads as inconclusive.
        if let Ok((result, seen)) = next.await {
            tally.add(seen);
            sink.emit(Event::ScenarioFinished(Box::new(result)));
        }
    }
    let coverage = tally.coverage();
    sink.emit(Event::CoverageMeasured(coverage.clone()));
    Ok(coverage)
}
