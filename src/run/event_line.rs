//! Reads events back from the lines of a journal.
//!
//! Written by hand where a derived reader would do: that one copies every line into a tree of its own before it knows
//! what the line holds, and doubles the code of all that a record is made of.

use serde::Deserialize;
use serde_json::from_slice;

use super::event::{Event, TargetInfo};
use super::{Gate, ManualCard, PageSummary, Problem, RequirementCard, RuleCard, RunVerdict, TlsFacts};

#[derive(Deserialize)]
struct Tag {
    event: Kind,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    RunStarted,
    Problem,
    ContractStarted,
    ScenariosPlanned,
    Preflight,
    ScenarioStarted,
    ScenarioCounted,
    ScenarioFinished,
    CoverageMeasured,
    GatesJudged,
    DriftMeasured,
    RulesLoaded,
    ShopTurn,
    ShopUnread,
    AcceptedLoaded,
    ShopStarted,
    TlsProbed,
    PageRead,
    ShopJudged,
    RunInterrupted,
    ScenarioSkipped,
    PolicyJudged,
    RunFinished,
}

/// Reads the members of a variant that has them in its own braces.
macro_rules! members {
    ($line:expr, $variant:ident { $($name:ident: $kind:ty),+ $(,)? }) => {{
        #[derive(Deserialize)]
        struct Members {
            $($name: $kind,)+
        }
        let Members { $($name),+ } = from_slice($line)?;
        Event::$variant { $($name),+ }
    }};
}

#[derive(Deserialize)]
struct Rules {
    requirements: Vec<RequirementCard>,
    rules: Vec<RuleCard>,
    #[serde(default)]
    manual: Vec<ManualCard>,
}

impl Event {
    /// The event of one line of a journal; members that it does not know are passed over.
    ///
    /// # Errors
    /// The line is no JSON, or no event of ours.
    pub fn from_line(line: &[u8]) -> serde_json::Result<Event> {
        let Tag { event } = from_slice(line)?;
        Ok(match event {
            Kind::RunStarted => Event::RunStarted(from_slice(line)?),
            Kind::Problem => Event::Problem(from_slice(line)?),
            Kind::ContractStarted => members!(line, ContractStarted { target: TargetInfo, scenarios: usize }),
            Kind::ScenariosPlanned => members!(line, ScenariosPlanned { scenarios: usize }),
            Kind::Preflight => Event::Preflight(from_slice(line)?),
            Kind::ScenarioStarted => members!(line, ScenarioStarted { id: String }),
            Kind::ScenarioCounted => Event::ScenarioCounted(from_slice(line)?),
            Kind::ScenarioFinished => Event::ScenarioFinished(from_slice(line)?),
            Kind::CoverageMeasured => Event::CoverageMeasured(from_slice(line)?),
            Kind::GatesJudged => members!(line, GatesJudged { gates: Vec<Gate> }),
            Kind::DriftMeasured => Event::DriftMeasured(from_slice(line)?),
            Kind::RulesLoaded => {
                let Rules { requirements, rules, manual } = from_slice(line)?;
                Event::RulesLoaded { requirements, rules, manual }
            }
            Kind::ShopTurn => members!(line, ShopTurn { place: usize, name: String }),
            Kind::ShopUnread => members!(line, ShopUnread { place: usize, name: String, problem: Box<Problem> }),
            Kind::AcceptedLoaded => Event::AcceptedLoaded(from_slice(line)?),
            Kind::ShopStarted => members!(line, ShopStarted { url: String }),
            Kind::TlsProbed => members!(line, TlsProbed { shop: String, facts: TlsFacts }),
            Kind::PageRead => members!(line, PageRead { shop: String, page: PageSummary }),
            Kind::ShopJudged => Event::ShopJudged(from_slice(line)?),
            Kind::RunInterrupted => members!(line, RunInterrupted { elapsed_ms: u64 }),
            Kind::ScenarioSkipped => Event::ScenarioSkipped(from_slice(line)?),
            Kind::PolicyJudged => Event::PolicyJudged(from_slice(line)?),
            Kind::RunFinished => members!(line, RunFinished { verdict: RunVerdict, elapsed_ms: u64 }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Message;
    use crate::run::RunStarted;

    fn back(event: &Event) -> Event {
        Event::from_line(&serde_json::to_vec(event).unwrap()).unwrap()
    }

    #[test]
    fn every_shape_of_event_is_read_as_it_was_written() {
        let problem = Problem::input(Message::new("run.not-a-record"));
        let target = TargetInfo { kind: "url".into(), url: "https://a.example/".into(), site: "MLA".into() };
        let events = [
            Event::RunStarted(RunStarted { seed: 7, ..RunStarted::default() }),
            Event::Problem(problem.clone()),
            Event::ContractStarted { target, scenarios: 3 },
            Event::ScenariosPlanned { scenarios: 4 },
            Event::ScenarioStarted { id: "ñandú".into() },
            Event::GatesJudged { gates: Vec::new() },
            Event::RulesLoaded { requirements: Vec::new(), rules: Vec::new(), manual: Vec::new() },
            Event::ShopTurn { place: 1, name: "https://b.example/".into() },
            Event::ShopUnread { place: 1, name: "x".into(), problem: Box::new(problem) },
            Event::ShopStarted { url: "https://b.example/".into() },
            Event::TlsProbed { shop: "x".into(), facts: TlsFacts::default() },
            Event::RunInterrupted { elapsed_ms: 5 },
            Event::RunFinished { verdict: RunVerdict::Ready, elapsed_ms: 12 },
        ];
        for event in events {
            assert_eq!(back(&event), event);
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for line in [&b""[..], b"{}", b"[]", b"{\"event\":\"party\"}", b"{\"event\":\"problem\"", b"null"] {
            assert!(Event::from_line(line).is_err(), "{}", String::from_utf8_lossy(line));
        }
    }
}
