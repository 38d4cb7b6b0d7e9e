//! Finding the entry of a request. Entries are used up in order: that of the same step first, then an equal request of
//! the same scenario, then one of a scenario that this run does not have (it was renamed, say).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::format::{Asked, Entry, asked};
use super::matching::{Keys, differences};
use super::read::{Indexed, Recording};
use crate::contract::exchange::{Answer, Prepared};
use crate::i18n::Message;
use crate::run::Problem;
use crate::secret::Redactor;

/// Most requests without an entry for which the nearest one is looked for: it means reading the whole index.
const MOST_MISSED: usize = 1_000;
/// Most entries that a notice lists.
const MOST_LISTED: usize = 20;

/// Where in a run a request belongs.
#[derive(Debug, Clone, Copy)]
pub(in crate::contract) struct Place<'p> {
    /// Scenario, row and site.
    pub(in crate::contract) scenario: &'p str,
    /// Step.
    pub(in crate::contract) step: &'p str,
    /// Which request of the step it is, from 1.
    pub(in crate::contract) occurrence: u32,
    /// What `${now}` of the scenario is counted from, where a recording keeps it.
    pub(in crate::contract) clock: Option<jiff::Timestamp>,
}

/// A recorded answer, with the times of then.
pub(in crate::contract) struct Played {
    pub(in crate::contract) answer: Answer,
    /// When the request left, in milliseconds since its scenario began, if the recording says.
    pub(in crate::contract) started_ms: Option<u64>,
    /// Milliseconds until the answer was there.
    pub(in crate::contract) elapsed_ms: u64,
}

/// What was used of a recording.
#[derive(Debug, Default)]
pub(super) struct Used {
    flags: Vec<bool>,
    /// Scenarios of the run, by their number in the recording.
    planned: HashSet<u32>,
    /// All entries by the whole request, once a request was not found among its own.
    exact: Option<HashMap<u64, Vec<u32>>>,
    /// Requests that had no entry.
    missed: usize,
    /// Answers that were compared, and those of them that differ.
    pub(super) compared: (usize, usize),
}

impl Used {
    pub(super) fn of(entries: usize) -> Used {
        Used { flags: vec![false; entries], ..Used::default() }
    }

    fn is(&self, index: u32) -> bool {
        self.flags.get(index as usize).copied().unwrap_or(true)
    }
}

impl Recording {
    /// Tells which scenarios the run has: their entries are theirs alone, so that what a replay answers does not
    /// depend on which scenario asks first.
    pub(in crate::contract) fn plan(&self, ids: impl Iterator<Item = String>) {
        let Ok(mut used) = self.used.lock() else { return };
        used.planned.extend(ids.filter_map(|id| self.scenario_numbers.get(id.as_str()).copied()));
    }

    /// An unused entry of a scenario that the run does not have, with the same request.
    fn free(&self, used: &mut Used, exact: u64) -> Option<u32> {
        let all = used.exact.get_or_insert_with(|| {
            let mut all: HashMap<u64, Vec<u32>> = HashMap::new();
            for (index, entry) in self.entries.iter().enumerate() {
                all.entry(entry.keys.exact).or_default().push(index as u32);
            }
            all
        });
        let found = all.get(&exact)?.iter().copied();
        let planned =
            |index: u32| self.entries.get(index as usize).is_none_or(|entry| used.planned.contains(&entry.scenario));
        let flags = &used.flags;
        let is_used = |index: u32| flags.get(index as usize).copied().unwrap_or(true);
        found.into_iter().find(|index| !is_used(*index) && !planned(*index))
    }

    /// The recorded answer to a request.
    ///
    /// # Errors
    /// Why there was no answer then, or why there is no entry.
    pub(in crate::contract) fn answer(
        &self,
        prepared: &Prepared,
        place: Place<'_>,
        redactor: &Redactor,
    ) -> Result<Played, Problem> {
        let asked = asked(prepared, redactor);
        let mut entry = self.take(place, &asked).map_err(Problem::environment)?;
        let made_anew = Keys::of(&entry.request).exact != Keys::of(&asked).exact;
        match entry.answer() {
            Some(answer) => Ok(Played {
                answer: Answer { made_anew, ..answer },
                started_ms: entry.started_ms,
                elapsed_ms: entry.elapsed_ms,
            }),
            None => {
                // The words are those of a file: only what homologa itself writes there is shown.
                let told = entry.failure.filter(|message| message.key.starts_with("http."));
                Err(Problem::environment(told.unwrap_or_else(|| Message::new("recording.no-answer"))))
            }
        }
    }

    /// What dates of a scenario were counted from when it was recorded; of a recording that does not keep it, the
    /// moment it was begun.
    pub(in crate::contract) fn clock(&self, scenario: &str) -> Option<jiff::Timestamp> {
        let number = self.scenario_numbers.get(scenario);
        let kept = number.and_then(|number| self.clocks.get(number)).copied();
        kept.or_else(|| self.head.recorded.parse().ok())
    }

    /// Whether a replay with this seed makes the values again that were made when the scenario was recorded.
    pub(in crate::contract) fn repeats(&self, scenario: &str, seed: u64) -> bool {
        let number = self.scenario_numbers.get(scenario);
        self.head.seed == seed && number.is_some_and(|number| self.clocks.contains_key(number))
    }

    /// Whether a request of a step that asks again has another entry.
    pub(in crate::contract) fn has_more(&self, prepared: &Prepared, place: Place<'_>, redactor: &Redactor) -> bool {
        let keys = Keys::of(&asked(prepared, redactor));
        let step = self.step_numbers.get(place.step).copied();
        let Ok(used) = self.used.lock() else { return false };
        let mut own = self.own_entries(place.scenario, keys).filter(|(index, _)| !used.is(*index));
        own.any(|(_, entry)| Some(entry.step) == step)
    }

    /// Finds the entry of a request and uses it up.
    pub(super) fn take(&self, place: Place<'_>, asked: &Asked) -> Result<Entry, Message> {
        let keys = Keys::of(asked);
        let step = self.step_numbers.get(place.step).copied();
        let found = {
            let Ok(mut used) = self.used.lock() else { return Err(Message::new("recording.changed")) };
            let own = self.own_entries(place.scenario, keys).filter(|(index, _)| !used.is(*index));
            let scored = own.filter_map(|(index, entry)| {
                let (exact, same_step) = (entry.keys.exact == keys.exact, Some(entry.step) == step);
                let score = (exact, same_step, entry.occurrence == place.occurrence);
                (exact || same_step).then_some((score, std::cmp::Reverse(index)))
            });
            let own = scored.max().map(|(_, std::cmp::Reverse(index))| index);
            let found = own.or_else(|| self.free(&mut used, keys.exact));
            if let Some(flag) = found.and_then(|index| used.flags.get_mut(index as usize)) {
                *flag = true;
            }
            found
        };
        match found {
            Some(index) => self.entry(index).ok_or_else(|| Message::new("recording.changed")),
            None => Err(self.missing(place, asked, keys)),
        }
    }

    /// Finds the recorded counterpart of a live request: the last one of its step where the step asked again.
    /// Every request of the step counts as used.
    pub(super) fn counterpart(&self, place: Place<'_>, asked: &Asked, polls: bool) -> Result<Entry, Message> {
        if !polls {
            return self.take(place, asked);
        }
        let keys = Keys::of(asked);
        let step = self.step_numbers.get(place.step).copied();
        let mut last = None;
        if let Ok(mut used) = self.used.lock() {
            for (index, entry) in self.own_entries(place.scenario, keys) {
                if Some(entry.step) == step {
                    last = Some(index);
                    if let Some(flag) = used.flags.get_mut(index as usize) {
                        *flag = true;
                    }
                }
            }
        }
        match last {
            Some(index) => self.entry(index).ok_or_else(|| Message::new("recording.changed")),
            None => Err(self.missing(place, asked, keys)),
        }
    }

    fn own_entries(&self, scenario: &str, keys: Keys) -> impl Iterator<Item = (u32, &Indexed)> {
        let number = self.scenario_numbers.get(scenario).copied();
        let own = number.and_then(|number| self.own.get(&(number, keys.loose)));
        own.into_iter().flatten().filter_map(|index| Some((*index, self.entries.get(*index as usize)?)))
    }

    /// Why there is no entry: the nearest one and what differs.
    fn missing(&self, place: Place<'_>, asked: &Asked, keys: Keys) -> Message {
        let unlike = || Message::new("recording.no-entry").with("request", format!("{} {}", asked.method, asked.path));
        if let Ok(mut used) = self.used.lock() {
            used.missed += 1;
            if used.missed > MOST_MISSED {
                return unlike();
            }
        }
        let scenario = self.scenario_numbers.get(place.scenario).copied();
        let step = self.step_numbers.get(place.step).copied();
        let scored = self.entries.iter().enumerate().filter_map(|(index, entry)| {
            let own = Some(entry.scenario) == scenario;
            let (same_step, same_route) = (own && Some(entry.step) == step, entry.keys.route == keys.route);
            let same = entry.keys.exact == keys.exact;
            (same_step || same_route).then_some(((same && own, same_step, own, same), std::cmp::Reverse(index as u32)))
        });
        let Some((_, std::cmp::Reverse(index))) = scored.max() else {
            return unlike();
        };
        let (Some(nearest), Some(indexed)) = (self.entry(index), self.entries.get(index as usize)) else {
            return Message::new("recording.changed");
        };
        let differs = differences(&nearest.request, asked);
        let message = if differs.is_empty() {
            Message::new("recording.used-up")
        } else {
            Message::new("recording.nearest").with("differs", differs)
        };
        message.with("line", indexed.line).with("scenario", nearest.scenario).with("step", nearest.step)
    }

    /// A notice about the entries that were never used, if there are any.
    pub(in crate::contract) fn unused(&self) -> Option<Problem> {
        let used = self.used.lock().ok()?;
        let unused = self.entries.iter().enumerate().filter(|(index, _)| !used.is(*index as u32));
        // Those of scenarios that ran say most: they come first.
        let (ran, left): (Vec<_>, Vec<_>) = unused.partition(|(_, entry)| used.planned.contains(&entry.scenario));
        drop(used);
        let (n, of_others) = (ran.len() + left.len(), left.len());
        if n == 0 {
            return None;
        }
        let listed = ran.iter().chain(&left).take(MOST_LISTED).filter_map(|(index, entry)| {
            let found = self.entry(*index as u32)?;
            Some(format!("{}:{} {}", entry.line, found.scenario, found.step))
        });
        let mut list = listed.collect::<Vec<_>>().join(", ");
        if n > MOST_LISTED {
            list.push_str(", …");
        }
        let message = Message::new("recording.unused").with("n", n).with("others", of_others).with("list", list);
        Some(Problem::notice(message).in_file(self.path.display().to_string()))
    }
}

/// What comparing a run with a recording came to.
pub(in crate::contract) fn closing(recording: &Recording) -> Problem {
    let (n, m) = recording.used.lock().map(|used| used.compared).unwrap_or_default();
    let message = Message::new("recording.compared").with("n", n).with("m", m).with("date", &recording.head.recorded);
    Problem::notice(message).in_file(recording.path.display().to_string())
}

/// How a run against a recording begins: what is replayed.
pub(in crate::contract) fn opening(recording: &Arc<Recording>) -> Problem {
    let head = &recording.head;
    let message = Message::new("recording.replayed").with("date", &head.recorded).with("url", &head.target.url);
    let message = message.with("site", &head.target.site).with("n", recording.entries.len());
    Problem::notice(message).in_file(recording.path.display().to_string())
}
