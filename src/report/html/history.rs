//! What changed since an earlier run, and the picture of several runs.

use serde::Serialize;

use super::Beside;
use super::bounds::ROWS;
use super::finding::place_line;
use super::view::{Mark, Words};
use crate::i18n::{Message, Text};
use crate::report::compare::{Comparison, Gone};
use crate::report::outline::{Outline, Subject};
use crate::report::trend::Point;
use crate::report::{format, labels};
use crate::run::{RunRecord, RunVerdict};

/// Runs that the picture shows; of more, the latest.
const MOST_RUNS: usize = 40;
/// Size of the picture, in its own units.
const WIDTH: usize = 960;
const HEIGHT: usize = 220;
/// Room below the bars for their dates and above for their numbers.
const FOOT: usize = 34;
const HEAD: usize = 30;

/// A finding that is gone.
#[derive(Serialize)]
struct GoneView<'r> {
    mark: Mark,
    title: Words<'r>,
    message: Option<&'r Message>,
    id: &'r str,
    place: Option<String>,
}

impl<'r> GoneView<'r> {
    fn of(gone: &Gone<'r>) -> GoneView<'r> {
        let message = gone.spot.map(|spot| &spot.finding.message);
        let (id, title) = match gone.subject {
            Subject::Rule { id, card } => (*id, card.map_or(Words::Plain(id), |card| Words::Text(&card.title))),
            Subject::Scenario(scenario) => (scenario.id.as_str(), Words::Text(&scenario.name)),
            Subject::Noted(id) => (*id, message.map_or(Words::Plain(id), Words::Message)),
            Subject::Gate(gate) => (gate.id.as_str(), Words::Message(&gate.message)),
        };
        let shown = !matches!(gone.subject, Subject::Noted(_) | Subject::Gate(_));
        GoneView {
            mark: gone.severity.into(),
            title,
            message: message.filter(|_| shown),
            id,
            place: gone.spot.and_then(|spot| place_line(&spot.finding.place)),
        }
    }
}

/// What changed since an earlier run.
#[derive(Serialize)]
pub(super) struct CompareView<'r> {
    when: Option<Text>,
    time: &'r str,
    before: Mark,
    now: Mark,
    fresh: usize,
    unchanged: usize,
    mended: Vec<GoneView<'r>>,
    mended_total: usize,
    unseen: Vec<GoneView<'r>>,
    unseen_total: usize,
    opened: usize,
    answered: usize,
    /// Whether the two runs were made with other data: what differs may come from there.
    other_data: bool,
    partial: bool,
}

impl<'r> CompareView<'r> {
    pub(super) fn of(record: &RunRecord, earlier: &'r RunRecord, comparison: &Comparison<'r>) -> CompareView<'r> {
        let verdict = |record: &RunRecord| Mark {
            word: labels::headline(record, record.verdict.unwrap_or(RunVerdict::Inconclusive)),
            ..record.verdict.unwrap_or(RunVerdict::Inconclusive).into()
        };
        let of = |judged: bool| comparison.gone.iter().filter(move |gone| gone.judged == judged);
        let data = |record: &RunRecord| {
            record.started.as_ref().map(|started| (started.versions.specs.clone(), started.versions.rules.clone()))
        };
        let started = earlier.started.as_ref().map_or("", |started| started.started.as_str());
        CompareView {
            when: (!started.is_empty()).then(|| format::moment_in_words(started)),
            time: started,
            before: verdict(earlier),
            now: verdict(record),
            fresh: comparison.fresh.len(),
            unchanged: comparison.unchanged,
            mended: of(true).take(ROWS).map(GoneView::of).collect(),
            mended_total: of(true).count(),
            unseen: of(false).take(ROWS).map(GoneView::of).collect(),
            unseen_total: of(false).count(),
            opened: comparison.opened,
            answered: comparison.answered,
            other_data: data(record) != data(earlier),
            partial: !earlier.complete,
        }
    }
}

/// A piece of a bar.
#[derive(Serialize)]
struct PieceView {
    class: &'static str,
    y: usize,
    height: usize,
}

/// One run in the picture and in its table.
#[derive(Serialize)]
struct RunView<'r> {
    when: Text,
    time: &'r str,
    mark: Mark,
    complete: bool,
    blockers: usize,
    warnings: usize,
    advice: usize,
    open: usize,
    scenarios: Option<String>,
    coverage: Option<String>,
    /// Whether specs or rules are other ones than those of the run before.
    other_data: bool,
    /// Left side and width of its place in the picture, and its middle.
    x: usize,
    middle: usize,
    bar: usize,
    top: usize,
    total: usize,
    pieces: Vec<PieceView>,
    day: Option<Text>,
}

/// Several runs, oldest first; the last one is the run of this page.
#[derive(Serialize)]
pub(super) struct TrendView<'r> {
    runs: Vec<RunView<'r>>,
    width: usize,
    height: usize,
    floor: usize,
    left_out: usize,
}

impl<'r> TrendView<'r> {
    /// The picture; none for one run.
    pub(super) fn of(points: &'r [Point]) -> Option<TrendView<'r>> {
        if points.len() < 2 {
            return None;
        }
        let left_out = points.len().saturating_sub(MOST_RUNS);
        let points = &points[left_out..];
        let sum = |point: &Point| point.weights.iter().sum::<usize>() + point.open;
        let most = points.iter().map(sum).max().unwrap_or(0).max(1);
        let (slot, room) = (WIDTH / points.len(), HEIGHT - FOOT - HEAD);
        let bar = (slot * 3 / 5).clamp(6, 64);
        let runs = points.iter().enumerate().map(|(index, point)| {
            let [blockers, warnings, advice] = point.weights;
            let parts = [("fail", blockers), ("warn", warnings), ("advice", advice), ("open", point.open)];
            let (mut pieces, mut y) = (Vec::new(), HEIGHT - FOOT);
            for (class, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
                // What exists is seen, however little it is.
                let height = (count * room / most).max(3);
                y = y.saturating_sub(height);
                pieces.push(PieceView { class, y, height: height.saturating_sub(1) });
            }
            let middle = index * slot + slot / 2;
            let ratio = |(part, whole): (usize, usize)| format!("{part} / {whole}");
            RunView {
                when: format::moment_in_words(&point.started),
                time: &point.started,
                mark: point.verdict.into(),
                complete: point.complete,
                blockers,
                warnings,
                advice,
                open: point.open,
                scenarios: point.scenarios.map(ratio),
                coverage: point.coverage.map(ratio),
                other_data: index > 0 && points[index - 1].data != point.data,
                x: middle - bar / 2,
                middle,
                bar,
                top: y.saturating_sub(6),
                total: sum(point),
                pieces,
                // On narrow places a date would lie on its neighbour.
                day: (points.len() <= 12).then(|| format::short_day(&point.started)),
            }
        });
        Some(TrendView { runs: runs.collect(), width: WIDTH, height: HEIGHT, floor: HEIGHT - FOOT, left_out })
    }
}

/// The comparison with the earlier run that stands beside a record, if one does.
pub(super) fn compared<'r>(
    record: &RunRecord,
    outline: &Outline<'_>,
    beside: &'r Beside,
    before: Option<&'r Outline<'r>>,
) -> Option<Comparison<'r>> {
    Some(Comparison::of(record, outline, beside.earlier.as_ref()?, before?))
}
