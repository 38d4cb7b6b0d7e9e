//! Findings, open questions and problems as the page shows them.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::bounds::{self, Budget};
use super::contract::ExchangeView;
use super::labels;
use super::picture::{self, Album, Picture};
use super::view::{Mark, Words};
use super::{command, remedy};
use crate::i18n::{Message, Text};
use crate::report::format;
use crate::report::outline::{Group, Open, Spot, Subject, scenario_reason};
use crate::run::{Evidence, Excerpt, Finding, Place, Problem, TargetInfo};

/// A source, linked when it is an address.
#[derive(Serialize)]
struct SourceView<'r> {
    text: &'r str,
    link: Option<&'r str>,
}

/// Findings that are mended together.
#[derive(Serialize)]
pub(super) struct GroupView<'r> {
    anchor: &'r str,
    mark: Mark,
    kind: &'static str,
    id: &'r str,
    title: Words<'r>,
    origin: Option<Message>,
    why: Option<&'r Text>,
    fix: Option<&'r Text>,
    example: Option<&'r str>,
    sources: Vec<SourceView<'r>>,
    spots: Vec<SpotView<'r>>,
    hidden: usize,
    scenario: Option<&'r str>,
    /// Whether it is a line only.
    brief: bool,
    /// How many of its findings an earlier run did not have; `None` when there is none to compare with.
    fresh: Option<usize>,
    total: usize,
    /// The command line that shows it again.
    again: Option<String>,
}

/// What findings need to be shown, besides themselves.
pub(super) struct Context<'c, 'r> {
    /// Where each scenario is on the page.
    pub scenarios: &'c HashMap<&'r str, String>,
    pub budget: &'c Budget,
    pub album: &'c Album<'r>,
    /// Anchors of findings that an earlier run did not have.
    pub fresh: Option<&'c HashSet<String>>,
    /// The command of the run.
    pub command: Option<&'c str>,
    pub target: Option<&'r TargetInfo>,
    pub seed: Option<u64>,
}

/// The groups that the page shows, and how many it does not. Rules are few and all shown; scenarios may be many.
pub(super) fn groups<'r>(groups: &'r [Group<'r>], context: &Context<'_, 'r>) -> (Vec<GroupView<'r>>, usize) {
    let (mut views, mut failed) = (Vec::new(), 0);
    for group in groups {
        let mut brief = false;
        if matches!(group.subject, Subject::Scenario(_)) {
            failed += 1;
            if failed > bounds::LISTED_SCENARIOS {
                continue;
            }
            brief = failed > bounds::FULL_SCENARIOS;
        }
        views.push(GroupView::of(views.len(), group, brief, context));
    }
    (views, failed.saturating_sub(bounds::LISTED_SCENARIOS))
}

impl<'r> GroupView<'r> {
    fn of(index: usize, group: &'r Group<'r>, brief: bool, context: &Context<'_, 'r>) -> GroupView<'r> {
        let with_exchange = index < bounds::GROUPS_WITH_EXCHANGE;
        let (always, most) = if brief { (1, 1) } else { bounds::SPOTS };
        let spots: Vec<SpotView<'r>> = group
            .spots
            .iter()
            .take(most)
            .enumerate()
            .take_while(|(index, spot)| *index < always || context.budget.finding(weight(spot.finding)))
            .map(|(_, spot)| SpotView::of(spot, with_exchange, context))
            .collect();
        let card = match &group.subject {
            Subject::Rule { card, .. } => *card,
            _ => None,
        };
        let is_fresh = |fresh: &HashSet<String>| match group.spots.len() {
            0 => usize::from(fresh.contains(&group.anchor)),
            _ => group.spots.iter().filter(|spot| fresh.contains(&spot.anchor)).count(),
        };
        let scenario = match (&group.subject, group.spots.first().and_then(|spot| spot.step)) {
            (Subject::Scenario(scenario), _) => Some(*scenario),
            (_, found) => found.map(|(scenario, _)| scenario),
        };
        let again = match scenario {
            Some(scenario) => Some(command::of_scenario(scenario, context.target, context.seed)),
            None => context.command.map(str::to_owned),
        };
        let (kind, id, title) = match &group.subject {
            Subject::Rule { id, .. } => ("rule", *id, card.map_or(Words::Plain(id), |card| Words::Text(&card.title))),
            Subject::Scenario(scenario) => ("scenario", scenario.id.as_str(), Words::Text(&scenario.name)),
            Subject::Noted(id) => {
                let message = group.spots.first().map(|spot| Words::Message(&spot.finding.message));
                ("noted", *id, message.unwrap_or(Words::Plain(id)))
            }
            Subject::Gate(gate) => ("gate", gate.id.as_str(), Words::Message(&gate.message)),
        };
        GroupView {
            anchor: &group.anchor,
            mark: group.severity.into(),
            kind,
            id,
            title,
            origin: card.map(|card| labels::origin(&card.origin)),
            why: card.map(|card| &card.why),
            fix: card.map(|card| &card.fix),
            example: card.and_then(|card| card.example.as_deref()),
            sources: card.map(|card| card.sources.iter().map(source).collect()).unwrap_or_default(),
            hidden: group.spots.len() - spots.len(),
            spots,
            brief,
            fresh: context.fresh.map(is_fresh),
            total: group.spots.len().max(1),
            again: again.filter(|_| !brief),
            scenario: match &group.subject {
                Subject::Scenario(scenario) => Some(&scenario.file),
                _ => None,
            },
        }
    }
}

/// About how many bytes of the page a finding takes.
fn weight(finding: &Finding) -> usize {
    let evidence = finding.evidence.iter().map(|each| match each {
        Evidence::Code { text, .. } => 200 + text.len() * 2,
        Evidence::Difference { expected, actual, .. } => 200 + expected.len() + actual.len(),
        _ => 200,
    });
    600 + evidence.sum::<usize>()
}

fn source(text: &String) -> SourceView<'_> {
    SourceView { text, link: link(text) }
}

/// The address itself when it may be a link: only http and https are, and no white space.
pub(super) fn link(text: &str) -> Option<&str> {
    let http = text.starts_with("https://") || text.starts_with("http://");
    (http && !text.contains(|each: char| each.is_whitespace() || each.is_control())).then_some(text)
}

/// Where a finding is.
#[derive(Serialize)]
struct PlaceView<'r> {
    base: &'r str,
    link: Option<&'r str>,
    at: String,
    selector: Option<&'r str>,
    step: Option<&'r str>,
}

impl<'r> PlaceView<'r> {
    fn of(place: &'r Place) -> Option<PlaceView<'r>> {
        let base = place.file.as_deref().or(place.url.as_deref())?;
        let at = match (place.line, place.column) {
            (Some(line), Some(column)) => format!(":{line}:{column}"),
            (Some(line), None) => format!(":{line}"),
            _ => String::new(),
        };
        let link = if place.file.is_none() { link(base) } else { None };
        Some(PlaceView { base, link, at, selector: place.selector.as_deref(), step: place.step.as_deref() })
    }
}

/// A place in one line, for lists.
pub(super) fn place_line(place: &Place) -> Option<String> {
    let place = PlaceView::of(place)?;
    let parts = [Some(format!("{}{}", place.base, place.at)), place.selector.map(str::to_owned)];
    let step = place.step.map(str::to_owned);
    Some(parts.into_iter().chain([step]).flatten().collect::<Vec<_>>().join(" · "))
}

/// One finding.
#[derive(Serialize)]
struct SpotView<'r> {
    anchor: &'r str,
    id: &'r str,
    rule: &'r str,
    message: &'r Message,
    place: Option<PlaceView<'r>>,
    evidence: Vec<EvidenceView<'r>>,
    fix: Option<&'r Message>,
    scenario: Option<String>,
    scenario_id: Option<&'r str>,
    exchange: Option<ExchangeView<'r>>,
    fresh: bool,
}

impl<'r> SpotView<'r> {
    fn of(spot: &'r Spot<'r>, with_exchange: bool, context: &Context<'_, 'r>) -> SpotView<'r> {
        let finding = spot.finding;
        SpotView {
            anchor: &spot.anchor,
            id: &finding.id,
            rule: &finding.rule,
            message: &finding.message,
            place: PlaceView::of(&finding.place),
            evidence: evidence(&finding.evidence, &finding.place, context.album),
            fix: finding.fix.as_ref(),
            scenario: spot.step.and_then(|(scenario, _)| context.scenarios.get(scenario.id.as_str()).cloned()),
            scenario_id: spot.step.map(|(scenario, _)| scenario.id.as_str()),
            exchange: spot
                .step
                .filter(|(scenario, _)| with_exchange && !scenario.abridged)
                .and_then(|(_, step)| step.exchange.as_ref())
                .and_then(|exchange| ExchangeView::of(exchange, context.budget)),
            fresh: context.fresh.is_some_and(|fresh| fresh.contains(&spot.anchor)),
        }
    }
}

/// One line of source: its number and what is before, in and after the mark.
#[derive(Serialize)]
pub(super) struct LineView {
    number: u32,
    before: String,
    marked: String,
    after: String,
}

/// One piece of evidence; neighbouring differences are one table.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum EvidenceView<'r> {
    Code { source: Option<&'r str>, lines: Vec<LineView> },
    Header { name: &'r str, value: Option<&'r str> },
    Certificate { field: &'r str, name: Option<Message>, value: Words<'r> },
    Picture { path: &'r str, picture: &'r Picture },
    Differences { rows: Vec<DifferenceView<'r>> },
    Answer { url: &'r str, status: Option<u16> },
    Note { message: &'r Message },
}

#[derive(Serialize)]
struct DifferenceView<'r> {
    path: &'r str,
    expected: &'r str,
    actual: &'r str,
}

/// The evidence of a finding; a source that is the finding's own place is not said twice.
fn evidence<'r>(all: &'r [Evidence], place: &'r Place, album: &Album<'r>) -> Vec<EvidenceView<'r>> {
    let mut views: Vec<EvidenceView> = Vec::new();
    for each in all {
        let view = match each {
            Evidence::Code { source, line, text, mark, .. } => {
                let known = [place.url.as_ref(), place.file.as_ref()].contains(&Some(source));
                EvidenceView::Code { source: (!known).then_some(source), lines: lines(text, *line, *mark) }
            }
            Evidence::Header { name, value } => EvidenceView::Header { name, value: value.as_deref() },
            Evidence::Certificate { field, value } => {
                let date = matches!(field.as_str(), "not-after" | "not-before");
                let value = if date { Words::Own(format::day_in_words(value)) } else { Words::Plain(value) };
                EvidenceView::Certificate { field, name: labels::certificate_field(field), value }
            }
            Evidence::Answer { url, status } => EvidenceView::Answer { url, status: *status },
            Evidence::Note { message } => {
                let shown = picture::named(each).and_then(|path| Some((path, album.take(path)?)));
                match shown {
                    Some((path, picture)) => EvidenceView::Picture { path, picture },
                    None => EvidenceView::Note { message },
                }
            }
            Evidence::Difference { path, expected, actual } => {
                let row = DifferenceView { path, expected, actual };
                if let Some(EvidenceView::Differences { rows }) = views.last_mut() {
                    rows.push(row);
                    continue;
                }
                EvidenceView::Differences { rows: vec![row] }
            }
        };
        views.push(view);
    }
    views
}

/// The lines of a text from number `first`, split at the marked characters (start and length in characters).
fn lines(text: &str, first: u32, mark: Option<(u32, u32)>) -> Vec<LineView> {
    let (start, length) = mark.unwrap_or((0, 0));
    let (start, end) = (start as usize, (start as usize).saturating_add(length as usize));
    let mut position = 0;
    (first..)
        .zip(text.split('\n'))
        .map(|(number, line)| {
            let part = |keep: &dyn Fn(usize) -> bool| -> String {
                line.chars().enumerate().filter(|(index, _)| keep(position + index)).map(|(_, each)| each).collect()
            };
            let view = LineView {
                number,
                before: part(&|at| at < start),
                marked: part(&|at| at >= start && at < end),
                after: part(&|at| at >= start && at >= end),
            };
            position += line.chars().count() + 1;
            view
        })
        .collect()
}

/// A question without an answer.
#[derive(Serialize)]
pub(super) struct OpenView<'r> {
    kind: &'static str,
    title: Words<'r>,
    id: Option<&'r str>,
    /// Where it is asked, the first of many.
    places: Vec<String>,
    /// At how many more places it is.
    more: usize,
    reason: Option<&'r Message>,
    fix: Option<&'r Message>,
    /// What it would take to answer it.
    take: Option<Message>,
    weight: Option<Message>,
    count: usize,
}

impl<'r> OpenView<'r> {
    /// One line for each question, though it be asked of many shops, and how many questions have no line.
    pub(super) fn rows(all: &'r [Open<'r>]) -> (Vec<OpenView<'r>>, usize) {
        let mut rows: Vec<OpenView<'r>> = Vec::new();
        let mut by_rule: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut hidden = 0;
        for open in all {
            if let Open::Check { shop, check, .. } = open {
                let alike = by_rule.entry(&check.rule).or_default();
                let same = |row: &&usize| rows.get(**row).is_some_and(|row| row.reason == check.reason.as_ref());
                let known = alike.iter().find(same).copied();
                if let Some(row) = known.and_then(|row| rows.get_mut(row)) {
                    if row.places.len() < bounds::OPEN_PLACES {
                        row.places.push(format::host_and_path(&shop.url).to_owned());
                    } else {
                        row.more += 1;
                    }
                    continue;
                }
                if rows.len() < bounds::ROWS {
                    alike.push(rows.len());
                }
            }
            if rows.len() < bounds::ROWS {
                rows.push(OpenView::of(open));
            } else {
                hidden += 1;
            }
        }
        (rows, hidden)
    }

    fn of(open: &'r Open<'r>) -> OpenView<'r> {
        let blank = |kind, title| OpenView {
            kind,
            title,
            id: None,
            places: Vec::new(),
            more: 0,
            reason: None,
            fix: None,
            take: None,
            weight: None,
            count: 0,
        };
        match open {
            Open::Check { shop, check, card } => OpenView {
                id: Some(&check.rule),
                places: vec![format::host_and_path(&shop.url).to_owned()],
                reason: check.reason.as_ref(),
                take: check.reason.as_ref().and_then(remedy::of),
                weight: card.map(|card| labels::demand(card.severity)),
                ..blank("check", card.map_or(Words::Plain(&check.rule), |card| Words::Text(&card.title)))
            },
            Open::Scenario(scenario) => OpenView {
                id: Some(&scenario.id),
                reason: scenario_reason(scenario),
                take: scenario_reason(scenario).and_then(remedy::of),
                ..blank("scenario", Words::Text(&scenario.name))
            },
            Open::Gate(gate) => OpenView { id: Some(&gate.id), ..blank("gate", Words::Message(&gate.message)) },
            Open::CutShort => blank("cut-short", Words::Plain("")),
            Open::Missing { count } => OpenView { count: *count, ..blank("missing", Words::Plain("")) },
            Open::Problem(problem) => OpenView {
                places: problem.location().into_iter().collect(),
                fix: problem.fix.as_ref(),
                ..blank("problem", Words::Message(&problem.message))
            },
        }
    }
}

/// Something that could not be done.
#[derive(Serialize)]
pub(super) struct ProblemView<'r> {
    blame: Message,
    message: &'r Message,
    fix: Option<&'r Message>,
    place: Option<String>,
    lines: Vec<LineView>,
}

impl<'r> ProblemView<'r> {
    pub(super) fn of(problem: &'r Problem) -> ProblemView<'r> {
        ProblemView {
            blame: labels::blame(problem.blame),
            message: &problem.message,
            fix: problem.fix.as_ref(),
            place: problem.location(),
            lines: problem.excerpt.as_ref().map(excerpt).unwrap_or_default(),
        }
    }
}

fn excerpt(excerpt: &Excerpt) -> Vec<LineView> {
    let before = excerpt.line.saturating_sub(excerpt.first_line) as usize;
    let skipped: usize = excerpt.lines.iter().take(before).map(|line| line.chars().count() + 1).sum();
    let start = u32::try_from(skipped).unwrap_or(u32::MAX).saturating_add(excerpt.column.saturating_sub(1));
    lines(&excerpt.lines.join("\n"), excerpt.first_line, Some((start, excerpt.length.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_in_any_line() {
        let parts = |text: &str, mark| -> Vec<String> {
            let lines = lines(text, 7, mark);
            lines.iter().map(|each| format!("{}|{}|{}|{}", each.number, each.before, each.marked, each.after)).collect()
        };
        assert_eq!(parts("abc\ndéf", Some((5, 1))), ["7|abc||", "8|d|é|f"]);
        assert_eq!(parts("abc\ndef", Some((2, 3))), ["7|ab|c|", "8||d|ef"]);
        assert_eq!(parts("abc", None), ["7|||abc"]);
        assert_eq!(parts("abc", Some((1, u32::MAX))), ["7|a|bc|"]);
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert!(link("https://a.example/b?c=<d>").is_some());
        for text in ["javascript:alert(1)", "data:text/html,x", "https://a b", "Mercado Pago"] {
            assert!(link(text).is_none(), "{text}");
        }
    }
}
