//! The engine: runs scenarios side by side and emits what happens, when it happens.
//!
//! Not responsible for what happens inside a scenario (see `execution/`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::baseline::Observer;
use super::coverage::{Gates, Tally};
use super::execution::{Shared, execute};
use super::pace::Pace;
use super::preflight::{Known, Questions};
use super::queue::Queue;
use super::recording::Tape;
use super::serial::Serial;
use super::share::Share;
use super::target::{Target, TargetKind};
use super::transport::{Live, Transport};
use super::widen::Width;
use crate::http;
use crate::ids::Ids;
use crate::run::{Counted, Coverage, Event, Preflight, Problem, ScenarioResult, Shard, Sink, Stop, Verdict};
use crate::secret::Redactor;

/// How a run is done.
pub struct Options {
    /// Seed of every generated value.
    pub seed: u64,
    /// Scenarios in flight at once; 0 chooses by target: up to 20 on this machine, 2 elsewhere.
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
    /// Who looks at the answers for drift, if somebody does.
    pub observer: Option<Arc<Observer>>,
    /// What is recorded, replayed or compared.
    pub tape: Tape,
    /// What the run has to show at least. Of one part of a run nothing is asked: that is judged of the whole.
    pub gates: Gates,
    /// Which part of the run this is; `None` for the whole.
    pub shard: Option<Shard>,
    /// Scenarios that an earlier run finished, by the ids of their results: they are not run again.
    pub finished: HashMap<String, (Verdict, Counted)>,
    /// What the beginnings of scenarios are counted from; now, unless the run goes on from an earlier one.
    pub began: Option<std::time::Instant>,
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
            observer: None,
            tape: Tape::default(),
            gates: Gates::default(),
            shard: None,
            finished: HashMap::new(),
            began: None,
        }
    }
}

/// Runs scenarios and emits each result when it is there; its place says where it belongs. Returns what they covered.
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
        direct: target.kind != TargetKind::Url,
        ..http::ClientOptions::default()
    })?;
    let mut tally = Tally::default();
    let mut share = Share::new(options);
    if let Some(observer) = &options.observer {
        observer.begin(target.info(), Redactor::new(target.secrets()));
    }
    let (mut plans, mut before) = share.take(&mut queue, &target, &mut tally, sink);
    let usual_rate = if target.local() { 0 } else { 5 };
    let redactor = Arc::new(Redactor::new(target.secrets()));
    let observer = options.observer.clone();
    let tape = options.tape.clone();
    tape.begin(sink);
    tape.plan(plans.iter());
    let transport = match tape.replay.clone() {
        Some(recording) => Transport::Recording(recording),
        None => Transport::Live(Live {
            client,
            pace: Pace::new(options.rate.unwrap_or(usual_rate)),
            // What the embedded sandbox answers is what it was asked for.
            retries: target.kind != TargetKind::Embedded,
            stop: options.stop.clone(),
        }),
    };
    let (ids, stop) = (Ids::seeded(options.seed), options.stop.clone());
    let (known, serial) = (Known::default(), Serial::default());
    let seed = options.seed;
    let began = options.began.unwrap_or_else(std::time::Instant::now);
    let shared =
        Arc::new(Shared { target, transport, ids, seed, redactor, tape, observer, stop, known, serial, began });
    let questions = (options.preflight && options.tape.replay.is_none()).then(|| Questions::new(&shared));
    let preflight = match &questions {
        Some(questions) => questions.ask(plans.make_contiguous()).await?,
        None => None,
    };
    let mut info = shared.target.info();
    if let Some(recording) = &shared.tape.replay {
        // What answers is the file; where it was made stands in the notice about it.
        info.url = format!("recording:{}", recording.name());
    }
    sink.emit(Event::ContractStarted { target: info, scenarios: before + plans.len() });
    tell(sink, preflight);
    let width = Width::new(options.jobs, shared.target.local());
    let _attending = options.stop.attend();
    let mut deadline = None;
    let (mut begun, mut answered) = (0, 0);
    let mut running: JoinSet<Option<Box<(ScenarioResult, Tally)>>> = JoinSet::new();
    loop {
        // Some wait at hand, so that no permit is idle while more are read.
        while running.len() < width.most * 2 && !options.stop.asked() {
            if plans.is_empty() {
                (plans, before) = share.take(&mut queue, &shared.target, &mut tally, sink);
                if before + plans.len() > 0 {
                    shared.tape.plan(plans.iter());
                    sink.emit(Event::ScenariosPlanned { scenarios: before + plans.len() });
                }
                if let Some(questions) = &questions {
                    tell(sink, questions.ask_more(plans.make_contiguous()).await);
                }
            }
            let Some(plan) = plans.pop_front() else { break };
            begun += 1;
            sink.emit(Event::ScenarioStarted { id: plan.id() });
            let (shared, permits, finished) = (shared.clone(), width.permits.clone(), width.finished.clone());
            running.spawn(async move {
                let _serial = shared.serial.turn(&plan).await;
                let _permit = permits.acquire_owned().await;
                // What has not begun when the end is asked for does not begin.
                if shared.stop.asked() {
                    return None;
                }
                // In a box, as its result, and not before its turn: a task moves what it holds whenever it changes its
                // state, and many wait while few run.
                let done = Box::pin(execute(&shared, &plan)).await;
                finished.fetch_add(1, Ordering::Relaxed);
                Some(Box::new(done))
            });
        }
        // A task that panics would be a bug of ours; its scenario stays missing, which reads as inconclusive.
        let Some(done) = next(&mut running, &options.stop, &mut deadline).await else { break };
        if let Ok(Some(done)) = done {
            let (result, seen) = *done;
            let mut counted = seen.counted(&result.id);
            tally.add(seen);
            answered += usize::from(result.verdict != Verdict::Inconclusive);
            if let Some(observer) = &options.observer {
                counted.watched = observer.finished(&result);
            }
            if !counted.is_empty() {
                sink.emit(Event::ScenarioCounted(Box::new(counted)));
            }
            sink.emit(Event::ScenarioFinished(Box::new(result)));
        }
    }
    if let Some(observer) = options.observer.as_ref().filter(|_| !options.stop.asked()) {
        observer.end();
    }
    shared.tape.end(!options.stop.asked(), sink);
    tally.add(queue.left_out());
    let coverage = tally.coverage();
    sink.emit(Event::CoverageMeasured(coverage.clone()));
    let open = answered + share.answered < begun + share.finished || options.stop.asked();
    let gates = options.gates.judge(&coverage, open);
    if options.shard.is_none() && !gates.is_empty() {
        sink.emit(Event::GatesJudged { gates });
    }
    Ok(coverage)
}

fn tell(sink: &dyn Sink, preflight: Option<Preflight>) {
    if let Some(preflight) = preflight {
        sink.emit(Event::Preflight(preflight));
    }
}

/// The next scenario that is over, whichever it is: what is finished is told at once, so that nothing of it is lost when
/// the program is killed. `None` when none is left, and once the end was asked for and the time to wind down is over:
/// those that still run are given up.
async fn next<T: 'static>(
    running: &mut JoinSet<T>,
    stop: &Stop,
    deadline: &mut Option<Instant>,
) -> Option<Result<T, JoinError>> {
    if deadline.is_none() {
        tokio::select! {
            biased;
            done = running.join_next() => return done,
            () = stop.wait() => {}
        }
    }
    let over = *deadline.get_or_insert_with(|| Instant::now() + Stop::GRACE);
    match tokio::time::timeout_at(over, running.join_next()).await {
        Ok(done) => done,
        Err(_) => {
            running.abort_all();
            None
        }
    }
}
