//! When things happened: the bars of the steps of one scenario, and the lanes in which scenarios ran side by side.
//!
//! Not responsible for words but their durations. Bars stand where the record says that they began; of records that
//! do not say, durations stand one after the other.

use serde::Serialize;

use crate::i18n::Text;
use crate::report::format;
use crate::run::{ContractRecord, Exchange, ScenarioResult, StepResult};

/// Width of a picture, in its own units.
const WIDTH: u64 = 1_000;
/// Narrowest bar that can be seen.
const NARROWEST: u64 = 4;
/// Height of a lane and of the bar in it.
const LANE: (usize, usize) = (9, 6);
/// Most scenarios and lanes of a picture: of more nobody could tell one from another.
const MOST: (usize, usize) = (600, 40);
/// Shortest run in milliseconds whose scenarios can be told apart: the record keeps whole milliseconds.
const SHORTEST: u64 = 20;

/// One bar.
#[derive(Serialize)]
pub(super) struct Bar {
    x: u64,
    width: u64,
    /// `wait`, `again` for an attempt that was followed by another one, or empty.
    kind: &'static str,
}

/// The bars of a scenario.
pub(super) struct Bars {
    /// Those of each step, what lies behind first.
    pub(super) steps: Vec<Vec<Bar>>,
    /// Whether they stand where they began.
    pub(super) placed: bool,
}

impl Bars {
    /// Whether there is more than requests whose answers were judged.
    pub(super) fn waits(&self) -> bool {
        self.steps.iter().flatten().any(|bar| !bar.kind.is_empty())
    }
}

/// A stretch from a beginning, in milliseconds.
type Stretch = (u64, u64);

/// What there is to see of a step; `None` when something was sent and the record does not say when.
fn stretches(step: &StepResult) -> Option<Vec<(Stretch, &'static str)>> {
    let mut all: Vec<(Stretch, &'static str)> = Vec::new();
    if let Some(span) = step.span {
        all.push(((span.started_ms, span.elapsed_ms), "wait"));
    }
    if let Some(exchange) = &step.exchange {
        for earlier in &exchange.earlier {
            all.extend(earlier.started_ms.map(|at| ((at, earlier.elapsed_ms.unwrap_or(0)), "again")));
        }
        match exchange.started_ms {
            Some(at) => all.push(((at, exchange.elapsed_ms), "")),
            None if exchange.elapsed_ms > 0 || exchange.status.is_some() => return None,
            None => {}
        }
    }
    Some(all)
}

/// The bars of a scenario's steps; none where it was over too soon for any to be told apart.
pub(super) fn of_steps(scenario: &ScenarioResult) -> Option<Bars> {
    let placed: Option<Vec<_>> = scenario.steps.iter().map(stretches).collect();
    let (stretches, placed) = match placed {
        Some(stretches) => (stretches, true),
        None => (one_after_the_other(scenario), false),
    };
    let ends = stretches.iter().flatten().map(|((at, took), _)| at.saturating_add(*took));
    let total = ends.max().unwrap_or(0);
    // Moments are whole milliseconds: below one for each step, bars would show how they are rounded.
    if total < scenario.steps.len() as u64 {
        return None;
    }
    let bar = |((at, took), kind): ((u64, u64), &'static str)| {
        let (x, width) = scaled(at, took, total);
        Bar { x, width, kind }
    };
    Some(Bars { steps: stretches.into_iter().map(|all| all.into_iter().map(bar).collect()).collect(), placed })
}

fn one_after_the_other(scenario: &ScenarioResult) -> Vec<Vec<(Stretch, &'static str)>> {
    let mut before = 0u64;
    let took = |exchange: &Exchange| exchange.elapsed_ms;
    let each = scenario.steps.iter().map(|step| {
        let Some(took) = step.exchange.as_ref().map(took) else { return Vec::new() };
        let at = before;
        before = before.saturating_add(took);
        vec![((at, took), "")]
    });
    each.collect()
}

/// A stretch in the units of a picture that shows `total` milliseconds; never outside of it.
fn scaled(at: u64, took: u64, total: u64) -> (u64, u64) {
    let unit = |milliseconds: u64| {
        let units = u128::from(milliseconds) * u128::from(WIDTH) / u128::from(total.max(1));
        u64::try_from(units).unwrap_or(WIDTH).min(WIDTH)
    };
    let x = unit(at).min(WIDTH - NARROWEST);
    (x, unit(at.saturating_add(took)).saturating_sub(x).max(NARROWEST))
}

/// Scenarios beside each other in time.
#[derive(Serialize)]
pub(super) struct Lanes<'r> {
    height: usize,
    bar: usize,
    bars: Vec<LaneBar<'r>>,
    scenarios: usize,
    /// How many ran at once at most.
    at_once: usize,
    took: Text,
}

#[derive(Serialize)]
struct LaneBar<'r> {
    x: u64,
    y: usize,
    width: u64,
    class: &'static str,
    id: &'r str,
    from: Text,
}

impl<'r> Lanes<'r> {
    /// The picture; none of a record that does not say when scenarios began, of few, of too many, or of a run that was
    /// over at once.
    pub(super) fn of(contract: &'r ContractRecord) -> Option<Lanes<'r>> {
        let all: Option<Vec<(u64, &ScenarioResult)>> =
            contract.scenarios.iter().map(|scenario| Some((scenario.started_ms?, scenario))).collect();
        let mut all = all.filter(|all| (2..=MOST.0).contains(&all.len()))?;
        all.sort_by_key(|(at, scenario)| (*at, scenario.place));
        let end = |(at, scenario): &(u64, &ScenarioResult)| at.saturating_add(scenario.elapsed_ms);
        let total = all.iter().map(end).max().filter(|total| *total >= SHORTEST)?;
        // The first lane that is free again; as many as there are scenarios at once.
        let mut free: Vec<u64> = Vec::new();
        let mut bars = Vec::with_capacity(all.len());
        for each in &all {
            let (at, scenario) = *each;
            let lane = free.iter().position(|until| *until <= at).unwrap_or_else(|| {
                free.push(0);
                free.len() - 1
            });
            free[lane] = end(each);
            let (x, width) = scaled(at, scenario.elapsed_ms, total);
            let class = super::view::Mark::from(scenario.verdict).class;
            bars.push(LaneBar { x, y: lane * LANE.0, width, class, id: &scenario.id, from: format::duration(at) });
        }
        let at_once = free.len();
        (at_once <= MOST.1).then(|| Lanes {
            height: at_once * LANE.0,
            bar: LANE.1,
            bars,
            scenarios: all.len(),
            at_once,
            took: format::duration(total),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use crate::run::{Attempt, Span, Verdict};

    fn scenario(steps: Vec<StepResult>) -> ScenarioResult {
        let contract = sample::not_ready().contract.unwrap();
        ScenarioResult { steps, ..contract.scenarios[0].clone() }
    }

    fn step(started_ms: Option<u64>, elapsed_ms: u64) -> StepResult {
        let exchange = Exchange { started_ms, elapsed_ms, status: Some(200), ..Exchange::default() };
        let contract = sample::not_ready().contract.unwrap();
        StepResult { exchange: Some(exchange), span: None, ..contract.scenarios[0].steps[0].clone() }
    }

    type Drawn = Vec<Vec<(u64, u64, &'static str)>>;

    fn drawn(scenario: &ScenarioResult) -> (bool, Drawn) {
        let bars = of_steps(scenario).unwrap();
        let each = |bars: &Vec<Bar>| bars.iter().map(|bar| (bar.x, bar.width, bar.kind)).collect();
        (bars.placed, bars.steps.iter().map(each).collect())
    }

    #[test]
    fn bars_stand_where_they_began_and_waiting_and_repeating_is_seen() {
        let wait =
            StepResult { exchange: None, span: Some(Span { started_ms: 100, elapsed_ms: 400 }), ..step(None, 0) };
        let mut again = step(Some(900), 100);
        again.span = Some(Span { started_ms: 500, elapsed_ms: 500 });
        let attempt = Attempt { status: Some(503), waited_ms: 300, started_ms: Some(500), elapsed_ms: Some(50) };
        again.exchange.as_mut().unwrap().earlier = vec![attempt];
        let waiting = scenario(vec![step(Some(0), 40), wait, again]);
        assert!(of_steps(&waiting).unwrap().waits());
        let (placed, bars) = drawn(&waiting);
        assert!(placed);
        assert_eq!(bars[0], [(0, 40, "")]);
        assert_eq!(bars[1], [(100, 400, "wait")]);
        assert_eq!(bars[2], [(500, 500, "wait"), (500, 50, "again"), (900, 100, "")]);
    }

    #[test]
    fn durations_of_older_records_stand_one_after_the_other() {
        let (placed, bars) = drawn(&scenario(vec![step(None, 300), step(None, 700)]));
        assert!(!placed);
        assert_eq!(bars, [[(0, 300, "")], [(300, 700, "")]]);
        // One moment alone says nothing of the others.
        assert!(!drawn(&scenario(vec![step(Some(5), 300), step(None, 700)])).0);
    }

    #[test]
    fn nothing_is_drawn_outside_and_nothing_of_what_was_over_at_once() {
        let (_, bars) = drawn(&scenario(vec![step(Some(0), 2), step(Some(u64::MAX), 9), step(Some(7), u64::MAX)]));
        assert!(bars.iter().flatten().all(|(x, width, _)| x + width <= 1_000), "{bars:?}");
        assert!(of_steps(&scenario(vec![step(Some(0), 0), step(Some(1), 0)])).is_none());
        assert!(of_steps(&scenario(Vec::new())).is_none_or(|bars| bars.steps.is_empty()));
    }

    #[test]
    fn scenarios_that_ran_at_once_have_lanes_of_their_own() {
        let of = |at: u64, took: u64| {
            let verdict = Verdict::Pass;
            ScenarioResult { started_ms: Some(at), elapsed_ms: took, verdict, ..scenario(Vec::new()) }
        };
        let mut contract = sample::not_ready().contract.unwrap();
        contract.scenarios = vec![of(0, 60), of(10, 40), of(50, 50), of(60, 40)];
        let lanes = Lanes::of(&contract).unwrap();
        let bars: Vec<_> = lanes.bars.iter().map(|bar| (bar.x, bar.y, bar.width)).collect();
        assert_eq!(bars, [(0, 0, 600), (100, 9, 400), (500, 9, 500), (600, 0, 400)]);
        assert_eq!((lanes.at_once, lanes.height), (2, 18));
        contract.scenarios[1].started_ms = None;
        assert!(Lanes::of(&contract).is_none(), "an older record");
    }
}
