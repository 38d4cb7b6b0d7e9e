//! Which plans are run here: not those of other parts of the run, and not those that an earlier run finished.

use std::collections::VecDeque;

use super::coverage::Tally;
use super::plan::{self, Plan};
use super::queue::Queue;
use super::runner::Options;
use super::target::Target;
use crate::run::{Counted, Sink, Verdict};

/// Plans in the order of the list, without those that are done elsewhere or were done before.
pub(super) struct Share<'o> {
    options: &'o Options,
    /// Place of the next plan among all of the run.
    next: usize,
    /// How many plans an earlier run finished.
    pub(super) finished: usize,
    /// How many of them came to a result that is not open.
    pub(super) answered: usize,
}

impl<'o> Share<'o> {
    pub(super) fn new(options: &'o Options) -> Share<'o> {
        Share { options, next: 0, finished: 0, answered: 0 }
    }

    /// The next plans of the queue that are to be run here; none only at the end of the queue. The other number is of
    /// those that were found finished.
    pub(super) fn take(
        &mut self,
        queue: &mut Queue<'_>,
        target: &Target,
        tally: &mut Tally,
        sink: &dyn Sink,
    ) -> (VecDeque<Plan>, usize) {
        let finished_so_far = self.finished;
        loop {
            let scenarios = queue.take(sink);
            let end = scenarios.is_empty();
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                scenarios.into_iter().partition(|scenario| plan::runs_here(scenario, target));
            elsewhere.iter().for_each(|scenario| tally.leave_out(scenario));
            let mut plans = plan::plan(here, target);
            plans.retain_mut(|plan| {
                plan.index = self.next;
                self.next += 1;
                self.keeps(plan, tally)
            });
            if end || !plans.is_empty() {
                return (plans.into(), self.finished - finished_so_far);
            }
        }
    }

    /// Whether a plan is to be run; counts what it showed when it was.
    fn keeps(&mut self, plan: &Plan, tally: &mut Tally) -> bool {
        if self.options.shard.is_none() && self.options.finished.is_empty() {
            return true;
        }
        let id = plan.id();
        if self.options.shard.is_some_and(|shard| !shard.has(&id)) {
            if let Some(observer) = &self.options.observer {
                observer.elsewhere(&plan.scenario.id);
            }
            return false;
        }
        let Some((verdict, counted)) = self.options.finished.get(&id) else { return true };
        self.finished += 1;
        self.answered += usize::from(*verdict != Verdict::Inconclusive);
        tally.recount(&Counted { id: id.clone(), ..counted.clone() });
        if let Some(observer) = &self.options.observer {
            observer.finished_before(&id, &counted.watched);
        }
        false
    }
}
