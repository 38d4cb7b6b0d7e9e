//! What the page shows, as plain data for the templates. Every member is always there: templates are strict.

use std::collections::HashMap;

use serde::Serialize;

use super::accepted::{self, AcceptedView};
use super::bounds::{Budget, COLUMNS, ON_PAPER, ROWS};
use super::contract::ContractView;
use super::drift::DriftView;
use super::finding::{Context, GroupView, OpenView, ProblemView, groups};
use super::history::{CompareView, TrendView};
use super::manual::ChapterView;
use super::picture::Album;
use super::shop::{CellView, ShopView, shop_anchor};
use super::{Assets, Beside, command, labels, manual};
use crate::i18n::{Lang, Message, Text};
use crate::report::compare::Comparison;
use crate::report::format;
use crate::report::outline::{Outline, Subject};
use crate::run::{Check, RunRecord, RunVerdict, Severity, Verdict};

/// Words of any origin, for the filter `say`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Words<'r> {
    Message(&'r Message),
    Text(&'r Text),
    Plain(&'r str),
    Own(Text),
}

/// A verdict as sign, word and class.
#[derive(Serialize)]
pub(super) struct Mark {
    pub class: &'static str,
    pub sign: &'static str,
    pub word: Message,
}

impl From<Verdict> for Mark {
    fn from(verdict: Verdict) -> Mark {
        let class = match verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Warn => "warn",
            Verdict::Inconclusive => "open",
            Verdict::NotApplicable => "na",
        };
        Mark { class, sign: labels::verdict_sign(verdict), word: labels::verdict(verdict) }
    }
}

impl From<RunVerdict> for Mark {
    fn from(verdict: RunVerdict) -> Mark {
        let class = match verdict {
            RunVerdict::Ready => "pass",
            RunVerdict::NotReady => "fail",
            RunVerdict::Inconclusive => "open",
        };
        Mark { class, sign: labels::run_sign(verdict), word: labels::run_verdict(verdict) }
    }
}

impl From<Severity> for Mark {
    fn from(severity: Severity) -> Mark {
        let (class, sign) = match severity {
            Severity::Blocker => ("fail", "✗"),
            Severity::Warning => ("warn", "!"),
            Severity::Advice => ("advice", "i"),
        };
        Mark { class, sign, word: labels::severity(severity) }
    }
}

/// When and with what the run was made.
#[derive(Serialize)]
struct StartedView<'r> {
    moment: Text,
    time: &'r str,
    command: &'r str,
    /// Only the scenarios draw values.
    seed: Option<String>,
    homologa: &'r str,
    catalogue: String,
    specs: &'r str,
    rules: &'r str,
}

/// One requirement on every shop.
#[derive(Serialize)]
struct RowView<'r> {
    id: &'r str,
    title: &'r Text,
    /// The number of its source under the table.
    source: Option<usize>,
    cells: Vec<CellView>,
    rules: Vec<RuleView<'r>>,
}

/// One rule of a requirement on every shop.
#[derive(Serialize)]
struct RuleView<'r> {
    id: &'r str,
    title: &'r Text,
    cells: Vec<Option<RuleCellView>>,
}

#[derive(Serialize)]
struct RuleCellView {
    mark: Mark,
    /// Where its findings are.
    anchor: Option<String>,
}

/// The rules of a requirement, in their order.
fn rules_of<'r>(record: &'r RunRecord, requirement: &str, anchors: &HashMap<&str, &str>) -> Vec<RuleView<'r>> {
    let rules = record.rules.iter().filter(|rule| rule.requirement == requirement);
    let cell = |check: &Check| RuleCellView {
        mark: if check.passes_tolerated() { accepted::mark() } else { check.verdict.into() },
        anchor: (!check.findings.is_empty())
            .then(|| anchors.get(check.rule.as_str()).map(|at| (*at).to_owned()))
            .flatten(),
    };
    rules
        .map(|rule| RuleView {
            id: &rule.id,
            title: &rule.title,
            cells: record
                .shops
                .iter()
                .take(COLUMNS)
                .map(|shop| shop.checks.iter().find(|check| check.rule == rule.id).map(cell))
                .collect(),
        })
        .collect()
}

/// A shop at the head of its column.
#[derive(Serialize)]
struct ColumnView<'r> {
    anchor: String,
    name: &'r str,
}

/// The whole page.
#[derive(Serialize)]
pub(super) struct View<'r> {
    lang: &'static str,
    assets: Assets,
    verdict: Mark,
    why: Message,
    /// How the run stands to its gate.
    gate: Vec<Mark>,
    switched_off: Option<Message>,
    but: Option<Message>,
    complete: bool,
    subject: String,
    started: Option<StartedView<'r>>,
    took: Text,
    blockers: usize,
    warnings: usize,
    advice: usize,
    mend: Vec<GroupView<'r>>,
    mend_total: usize,
    mend_hidden: usize,
    open: Vec<OpenView<'r>>,
    open_total: usize,
    /// Questions that are neither listed nor counted in a line.
    open_hidden: usize,
    matrix: Vec<RowView<'r>>,
    /// Where the requirements are documented, each source once.
    matrix_sources: Vec<&'r str>,
    columns: Vec<ColumnView<'r>>,
    columns_hidden: usize,
    /// The command line that repeats the run.
    again: Option<String>,
    shops: Vec<ShopView<'r>>,
    contract: Option<ContractView<'r>>,
    drift: Option<DriftView<'r>>,
    accepted: Option<AcceptedView<'r>>,
    problems: Vec<ProblemView<'r>>,
    problems_total: usize,
    rules: usize,
    /// Places of one group that stand on paper; the others are counted there.
    paper_places: usize,
    compare: Option<CompareView<'r>>,
    trend: Option<TrendView<'r>>,
    manual: Vec<ChapterView<'r>>,
    manual_total: usize,
    legend: [Mark; 5],
}

impl<'r> View<'r> {
    pub(super) fn of(
        record: &'r RunRecord,
        outline: &'r Outline<'r>,
        beside: &'r Beside,
        compared: Option<&Comparison<'r>>,
        lang: Lang,
        assets: Assets,
    ) -> View<'r> {
        let verdict = record.verdict.unwrap_or(RunVerdict::Inconclusive);
        let budget = Budget::of_scenarios();
        let seed = record.started.as_ref().map(|started| started.seed);
        let contract = record.contract.as_ref().map(|contract| ContractView::of(contract, seed, &budget));
        let scenario_anchors = contract.as_ref().map(ContractView::anchors).unwrap_or_default();
        let album = Album::of(&beside.pictures);
        let command = command::of_run(record);
        let target = record.contract.as_ref().and_then(|contract| contract.target.as_ref());
        let (mend, mend_hidden) = groups(
            &outline.mend,
            &Context {
                scenarios: &scenario_anchors,
                budget: &Budget::to_mend(),
                album: &album,
                fresh: compared.map(|compared| &compared.fresh),
                command: command.as_deref(),
                target,
                seed,
            },
        );
        let manual = manual::of(record);
        let names: Vec<&str> = record.shops.iter().map(|shop| format::host_and_path(&shop.url)).collect();
        let subject = match (names.is_empty(), target) {
            (true, Some(target)) => format::host_and_path(&target.url).to_owned(),
            _ => names.join(", "),
        };
        let anchors: HashMap<&str, &str> = outline
            .mend
            .iter()
            .filter_map(|group| match group.subject {
                Subject::Rule { id, .. } => Some((id, group.anchor.as_str())),
                _ => None,
            })
            .collect();
        // Each source is said once, under the table; one that all share needs no numbers.
        let mut sources: Vec<&str> = Vec::new();
        for row in &outline.matrix {
            let source = row.requirement.source.as_str();
            if !source.is_empty() && !sources.contains(&source) {
                sources.push(source);
            }
        }
        let number = |source: &str| sources.iter().position(|known| *known == source).map(|at| at + 1);
        let matrix = outline.matrix.iter().map(|row| RowView {
            id: &row.requirement.id,
            title: &row.requirement.title,
            source: number(&row.requirement.source).filter(|_| sources.len() > 1),
            cells: row.cells.iter().take(COLUMNS).map(|cell| CellView::of(*cell)).collect(),
            rules: rules_of(record, &row.requirement.id, &anchors),
        });
        let (open, open_hidden) = OpenView::rows(&outline.open);
        View {
            lang: lang.tag(),
            assets,
            verdict: Mark { word: labels::headline(record, verdict), ..verdict.into() },
            why: labels::why(record, verdict, outline.count(Severity::Blocker), outline.open.len()),
            gate: crate::report::gate::lines(record)
                .into_iter()
                .map(|(holds, word)| Mark { word, ..holds.into() })
                .collect(),
            switched_off: labels::switched_off(record),
            but: crate::report::accepted::but(record),
            complete: record.complete,
            subject,
            started: record.started.as_ref().map(|started| StartedView {
                moment: format::moment_in_words(&started.started),
                time: &started.started,
                command: &started.command,
                seed: record.contract.is_some().then(|| started.seed.to_string()),
                homologa: &started.versions.homologa,
                catalogue: started.versions.catalogue_of(),
                specs: &started.versions.specs,
                rules: &started.versions.rules,
            }),
            took: format::duration(record.elapsed_ms),
            blockers: outline.count(Severity::Blocker),
            warnings: outline.count(Severity::Warning),
            advice: outline.count(Severity::Advice),
            matrix: matrix.collect(),
            matrix_sources: sources.clone(),
            columns: record
                .shops
                .iter()
                .take(COLUMNS)
                .enumerate()
                .map(|(index, shop)| ColumnView { anchor: shop_anchor(index), name: format::host_and_path(&shop.url) })
                .collect(),
            columns_hidden: record.shops.len().saturating_sub(COLUMNS),
            again: command.clone(),
            shops: record.shops.iter().enumerate().map(|at| ShopView::of(at, record, outline, &album)).collect(),
            mend,
            mend_total: outline.mend.len(),
            mend_hidden,
            open,
            open_hidden,
            open_total: outline.open.len(),
            problems: record.problems.iter().take(ROWS).map(ProblemView::of).collect(),
            problems_total: record.problems.len(),
            rules: record.rules.len(),
            paper_places: ON_PAPER,
            compare: beside
                .earlier
                .as_ref()
                .zip(compared)
                .map(|(earlier, compared)| CompareView::of(record, earlier, compared)),
            trend: TrendView::of(&beside.trend),
            accepted: AcceptedView::of(record),
            manual_total: manual.iter().map(ChapterView::len).sum(),
            manual,
            contract,
            drift: record.contract.as_ref().and_then(|contract| contract.drift.as_ref()).and_then(DriftView::of),
            legend: [Verdict::Pass, Verdict::Fail, Verdict::Warn, Verdict::Inconclusive, Verdict::NotApplicable]
                .map(Mark::from),
        }
    }
}
