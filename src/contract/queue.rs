//! The scenarios that wait for their turn: files are read a little ahead of the run, so that mistakes in them are told
//! before anything is sent where there are not too many, and memory does not grow with their number where there are.

use std::collections::VecDeque;

use super::coverage::Tally;
use super::scenario::{Reader, Scenario, Stock};
use super::select::{Selector, counts_as_only, tagged};
use super::target::TargetKind;
use crate::run::{Event, Sink, Skipped};

/// Most scenarios that are read ahead of the run.
const AHEAD: usize = 256;
/// How many files are read at once when a run goes on.
const BATCH: usize = 64;

/// Scenarios in order, read as they are needed.
pub struct Queue<'q> {
    reader: Reader<'q>,
    tags: &'q [String],
    next: usize,
    end: usize,
    ready: VecDeque<Scenario>,
    selector: Option<Selector>,
    /// Expectations of scenarios that are left out, for coverage.
    left_out: Tally,
    /// Scenarios that their own keys leave out, so far.
    left_out_count: usize,
}

impl<'q> Queue<'q> {
    /// The scenarios of a stock that have the tags and run on this kind of target. Reads ahead; what is wrong with
    /// files, and what is left out, is told as problems.
    pub fn new(stock: &'q mut Stock, tags: &'q [String], kind: TargetKind, sink: &dyn Sink) -> Queue<'q> {
        stock.problems().into_iter().for_each(|problem| sink.emit(Event::Problem(problem)));
        let end = stock.len();
        let reader = stock.reader();
        let mut queue = Queue {
            reader,
            tags,
            next: 0,
            end,
            ready: VecDeque::new(),
            selector: None,
            left_out: Tally::default(),
            left_out_count: 0,
        };
        while queue.ready.len() < AHEAD && queue.next < end {
            let read = queue.read(sink);
            queue.ready.extend(read);
        }
        let only = queue.ready.iter().any(|scenario| counts_as_only(scenario, kind)) || queue.only_later(kind);
        let mut selector = Selector::new(kind, only);
        for scenario in std::mem::take(&mut queue.ready) {
            let kept = select(&mut selector, scenario, &mut queue.left_out, sink);
            queue.left_out_count += usize::from(kept.is_none());
            queue.ready.extend(kept);
        }
        queue.selector = Some(selector);
        queue.finish(sink);
        queue
    }

    /// Reads the next file; `None` when it is broken, a fragment, or not asked for.
    fn read(&mut self, sink: &dyn Sink) -> Option<Scenario> {
        let index = self.next;
        self.next += 1;
        match self.reader.read(index) {
            Ok(Some(scenario)) if !tagged(&scenario, self.tags) => {
                self.left_out.leave_out(&scenario);
                None
            }
            Ok(read) => read,
            Err(problems) => {
                problems.into_iter().for_each(|problem| sink.emit(Event::Problem(problem)));
                None
            }
        }
    }

    /// Whether a file that is not read yet asks that only those like it run.
    fn only_later(&self, kind: TargetKind) -> bool {
        let asks = |scenario: Scenario| tagged(&scenario, self.tags) && counts_as_only(&scenario, kind);
        (self.next..self.end).any(|index| {
            self.reader.may_ask_for_only(index) && self.reader.look_into(index).is_ok_and(|read| read.is_some_and(asks))
        })
    }

    /// Tells what is left out once all is read.
    fn finish(&mut self, sink: &dyn Sink) {
        if self.next >= self.end
            && let Some(selector) = self.selector.take()
        {
            selector.finish().into_iter().for_each(|notice| sink.emit(Event::Problem(notice)));
        }
    }

    /// What the scenarios would have covered that tags and their own keys leave out, as far as files were read.
    pub(super) fn left_out(&mut self) -> Tally {
        std::mem::take(&mut self.left_out)
    }

    /// Whether nothing is left to run.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.next >= self.end
    }

    /// Whether scenarios were found that their own keys (`skip`, `targets`, `only`) leave out.
    pub fn left_some_out(&self) -> bool {
        self.left_out_count > 0
    }

    /// The scenarios that are read already, else the next few; none at the end.
    pub(super) fn take(&mut self, sink: &dyn Sink) -> Vec<Scenario> {
        while self.ready.is_empty() && self.next < self.end {
            for _ in 0..BATCH.min(self.end - self.next) {
                let Some(scenario) = self.read(sink) else { continue };
                let Some(selector) = &mut self.selector else { continue };
                self.ready.extend(select(selector, scenario, &mut self.left_out, sink));
            }
            self.finish(sink);
        }
        std::mem::take(&mut self.ready).into()
    }
}

fn select(selector: &mut Selector, scenario: Scenario, left_out: &mut Tally, sink: &dyn Sink) -> Option<Scenario> {
    let chosen = selector.chooses(&scenario);
    if !chosen {
        left_out.leave_out(&scenario);
        sink.emit(Event::ScenarioSkipped(Skipped {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            file: scenario.source.file.to_string(),
            reason: selector.why_not(&scenario),
        }));
    }
    let (scenario, notice) = selector.take(scenario);
    notice.into_iter().for_each(|notice| sink.emit(Event::Problem(notice)));
    scenario
}
