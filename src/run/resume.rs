//! What of an earlier run stands, so that a resumed one does not repeat it: finished scenarios and shops.
//!
//! Not responsible for whether the two runs are the same (`cli/session.rs` compares them).

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::journal::{Refused, bytes_of, first_event, lines};
use super::{Counted, Event, Problem, RunStarted, ScenarioResult, Verdict};
use crate::i18n::Message;

/// An earlier run, as far as its work is finished.
#[derive(Debug, Default)]
pub struct Earlier {
    /// How it was started.
    pub started: RunStarted,
    /// Its finished scenarios by the ids of their results.
    pub scenarios: HashMap<String, (Verdict, Counted)>,
    /// The names of its finished shops.
    pub shops: HashSet<String>,
    /// How long it lasted, as far as its journal tells; in milliseconds.
    pub elapsed_ms: u64,
    /// Its events that stand.
    pub(crate) events: Vec<Event>,
    /// The same as lines of a journal.
    pub(crate) lines: Vec<u8>,
}

/// The turn of a shop that is not over yet.
struct Turn {
    name: String,
    events: Vec<Event>,
    lines: Vec<u8>,
}

/// Reads the journal of an earlier run. Work that was begun and not finished is left out, and so is what the run says of
/// itself at its beginning and its end: a resumed run says it again.
///
/// # Errors
/// A problem of the input when the file is no journal: a JSON report has not enough to go on from.
pub fn resume(path: &Path) -> Result<Earlier, Problem> {
    let bytes = bytes_of(path)?;
    let no_journal = || {
        Problem::input(Message::new("run.not-a-journal"))
            .fix(Message::new("run.not-a-journal-fix"))
            .in_file(path.display().to_string())
    };
    let (_, first) = lines(&bytes).next().ok_or_else(no_journal)?;
    let Event::RunStarted(started) = first_event(first).map_err(|refused| match refused {
        Refused::Newer(_) => refused.problem(path),
        Refused::Unreadable(_) | Refused::Misshapen(..) => no_journal(),
    })?
    else {
        return Err(no_journal());
    };
    let mut earlier = Earlier { started: started.clone(), ..Earlier::default() };
    earlier.keep(Event::RunStarted(started), first);
    let mut counted: Option<(Counted, &[u8])> = None;
    let mut turn: Option<Turn> = None;
    for (_, line) in lines(&bytes).skip(1) {
        // What a damaged or cut line told is done again.
        let Ok(event) = Event::from_line(line) else {
            (counted, turn) = (None, None);
            continue;
        };
        match event {
            Event::ScenarioCounted(count) => counted = Some((*count, line)),
            Event::ScenarioFinished(result) => {
                let count = counted.take().filter(|(count, _)| count.id == result.id);
                earlier.lasted(result.started_ms.unwrap_or(0).saturating_add(result.elapsed_ms));
                if !interrupted(&result) && !earlier.scenarios.contains_key(&result.id) {
                    let (count, of_count) = count.unwrap_or_default();
                    earlier.lines.extend_from_slice(of_count);
                    earlier.scenarios.insert(result.id.clone(), (result.verdict, count));
                    earlier.keep(Event::ScenarioFinished(result), line);
                }
            }
            Event::ShopTurn { ref name, .. } => {
                turn = Some(Turn { name: name.clone(), events: vec![event], lines: line.to_vec() });
            }
            Event::Problem(_) | Event::ShopStarted { .. } | Event::TlsProbed { .. } | Event::PageRead { .. } => {
                if let Some(turn) = &mut turn {
                    turn.events.push(event);
                    turn.lines.extend_from_slice(line);
                }
            }
            Event::ShopJudged(_) | Event::ShopUnread { .. } => {
                if let Some(turn) = turn.take() {
                    earlier.events.extend(turn.events);
                    earlier.lines.extend_from_slice(&turn.lines);
                    earlier.shops.insert(turn.name);
                    earlier.keep(event, line);
                }
            }
            Event::RunInterrupted { elapsed_ms } | Event::RunFinished { elapsed_ms, .. } => earlier.lasted(elapsed_ms),
            _ => {}
        }
    }
    Ok(earlier)
}

impl Earlier {
    fn lasted(&mut self, elapsed_ms: u64) {
        self.elapsed_ms = self.elapsed_ms.max(elapsed_ms);
    }

    fn keep(&mut self, event: Event, line: &[u8]) {
        self.events.push(event);
        self.lines.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            // Cut behind its last character: whole, but for the end of the line.
            self.lines.push(b'\n');
        }
    }
}

/// Whether the end of the run was asked for while the scenario ran.
fn interrupted(result: &ScenarioResult) -> bool {
    let asked = |reason: &Message| matches!(&*reason.key, "contract.interrupted" | "contract.interrupted-here");
    result.steps.iter().any(|step| step.reason.as_ref().is_some_and(asked))
}
