//! The collector: turns events into the record, writes the journal, and passes events on to live listeners.

use std::sync::{Mutex, MutexGuard};

use super::policy::{Judgement, Policy};
use super::{Event, Journal, Listener, Problem, RunRecord, RunVerdict, Sink};

struct State {
    record: RunRecord,
    journal: Option<Journal>,
    journal_problem: Option<Problem>,
}

/// Takes every event of a run, in one order.
pub struct Collector {
    state: Mutex<State>,
    live: Option<Box<dyn Listener>>,
    brief: bool,
}

impl Collector {
    /// A collector that keeps the record, writes each event to `journal`, and tells `live` of it.
    pub fn new(journal: Option<Journal>, live: Option<Box<dyn Listener>>) -> Collector {
        let state = State { record: RunRecord::default(), journal, journal_problem: None };
        Collector { state: Mutex::new(state), live, brief: false }
    }

    /// The same where nobody reads the details of what passed: they go to the journal alone.
    pub fn brief(self, brief: bool) -> Collector {
        Collector { brief, ..self }
    }

    /// Takes what stands of an earlier run, which the journal has already.
    pub fn go_on_from(&self, events: Vec<Event>) {
        let finished = events.iter().filter(|event| matches!(event, Event::ScenarioFinished(_))).count();
        if let Some(live) = &self.live {
            live.finished_before(finished);
        }
        let mut state = self.state();
        events.into_iter().for_each(|event| state.record.apply(event));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not lose the record: what was taken so far is whole.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A copy of the record so far.
    pub fn record(&self) -> RunRecord {
        self.state().record.clone()
    }

    /// The record, once nothing more is to come.
    pub fn take_record(&self) -> RunRecord {
        std::mem::take(&mut self.state().record)
    }

    /// The verdict that follows from the record so far.
    pub fn judge(&self) -> RunVerdict {
        self.state().record.judge()
    }

    /// How the record so far stands to a policy; `over` says that the run comes to its end.
    pub fn judge_by(&self, policy: &Policy, over: bool) -> Judgement {
        Judgement::of(policy, &self.state().record, over)
    }

    /// The first failure of writing the journal (a full disk, say), if there was one.
    pub fn journal_problem(&self) -> Option<Problem> {
        self.state().journal_problem.clone()
    }
}

impl Sink for Collector {
    fn emit(&self, mut event: Event) {
        let mut state = self.state();
        if let Some(journal) = &mut state.journal
            && let Err(problem) = journal.write(&event)
        {
            // The record in memory goes on; one message is enough.
            state.journal = None;
            state.journal_problem = Some(problem);
        }
        if let Some(live) = &self.live {
            live.hear(&event);
        }
        if self.brief
            && let Event::ScenarioFinished(result) = &mut event
        {
            result.abridge_passed();
        }
        state.record.apply(event);
    }
}
