//! The contract side as the page shows it: scenarios with their exchanges, and the map of the catalogue.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::labels;
use super::view::Mark;
use crate::i18n::{Message, Text};
use crate::report::format;
use crate::report::outline::anchor;
use crate::run::{
    CodeCoverage, ContractRecord, Coverage, CoverageState, Exchange, ScenarioResult, StepResult, TargetInfo, Verdict,
};

/// Scenarios that hold and are shown with their exchanges; beyond this only their line is.
const MOST_DETAILED: usize = 60;
/// The same for scenarios that do not hold or have no answer.
const MOST_DETAILED_FAILED: usize = 1_000;
/// Codes of neighbouring thousands that are few enough for one line.
const SMALL_BLOCK: usize = 8;
/// Width of a waterfall, in its own units.
const WATERFALL: u64 = 1_000;

/// One request and its response, bodies indented.
#[derive(Serialize)]
pub(super) struct ExchangeView<'r> {
    method: &'r str,
    url: &'r str,
    status: Option<u16>,
    took: Text,
    request_headers: &'r BTreeMap<String, String>,
    request_body: Option<String>,
    response_headers: &'r BTreeMap<String, String>,
    response_body: Option<String>,
    truncated: bool,
    curl: Option<&'r str>,
}

impl<'r> ExchangeView<'r> {
    pub(super) fn of(exchange: &'r Exchange) -> ExchangeView<'r> {
        ExchangeView {
            method: &exchange.method,
            url: &exchange.url,
            status: exchange.status,
            took: format::duration(exchange.elapsed_ms),
            request_headers: &exchange.request_headers,
            request_body: exchange.request_body.as_deref().map(format::indent_json),
            response_headers: &exchange.response_headers,
            response_body: exchange.response_body.as_deref().map(format::indent_json),
            truncated: exchange.truncated,
            curl: exchange.curl.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ExpectationView<'r> {
    mark: Mark,
    message: &'r Message,
}

#[derive(Serialize)]
struct StepView<'r> {
    id: &'r str,
    mark: Mark,
    reason: Option<&'r Message>,
    expectations: Vec<ExpectationView<'r>>,
    exchange: Option<ExchangeView<'r>>,
    /// Start and length of the bar of the waterfall.
    bar: (u64, u64),
}

/// One scenario.
#[derive(Serialize)]
pub(super) struct ScenarioView<'r> {
    anchor: String,
    id: &'r str,
    name: &'r Text,
    file: &'r str,
    site: &'r str,
    tags: &'r [String],
    mark: Mark,
    took: Text,
    detailed: bool,
    steps: Vec<StepView<'r>>,
}

fn steps(scenario: &ScenarioResult) -> Vec<StepView<'_>> {
    let elapsed = |step: &StepResult| step.exchange.as_ref().map_or(0, |exchange| exchange.elapsed_ms);
    let total = scenario.steps.iter().map(elapsed).fold(0u64, u64::saturating_add).max(1);
    let unit = |milliseconds: u64| {
        let scaled = u128::from(milliseconds) * u128::from(WATERFALL) / u128::from(total);
        u64::try_from(scaled).unwrap_or(WATERFALL)
    };
    let mut before = 0u64;
    scenario
        .steps
        .iter()
        .map(|step| {
            let bar = (unit(before).min(WATERFALL - 4), unit(elapsed(step)).max(4));
            before = before.saturating_add(elapsed(step));
            StepView {
                id: &step.id,
                mark: step.verdict.into(),
                reason: step.reason.as_ref(),
                expectations: step
                    .expectations
                    .iter()
                    .map(|each| ExpectationView { mark: each.verdict.into(), message: &each.message })
                    .collect(),
                exchange: step.exchange.as_ref().map(ExchangeView::of),
                bar,
            }
        })
        .collect()
}

#[derive(Serialize)]
struct CodeView<'r> {
    anchor: String,
    id: &'r str,
    code: &'r str,
    short: String,
    message: Option<&'r str>,
    state: CoverageState,
    word: Message,
    how: &'r Text,
    scenarios: &'r [String],
}

#[derive(Serialize)]
struct StateView {
    state: CoverageState,
    words: Message,
}

/// Codes of one status and one thousand.
#[derive(Serialize)]
struct BlockView<'r> {
    status: u16,
    name: String,
    codes: Vec<CodeView<'r>>,
}

#[derive(Serialize)]
struct PairView<'r> {
    status: &'r str,
    detail: Option<&'r str>,
    state: CoverageState,
    word: Message,
    scenarios: &'r [String],
}

#[derive(Serialize)]
struct CoverageView<'r> {
    snapshot: &'r str,
    total: usize,
    observed: usize,
    states: Vec<StateView>,
    blocks: Vec<BlockView<'r>>,
    pairs: Vec<PairView<'r>>,
    pairs_observed: usize,
}

impl<'r> CoverageView<'r> {
    fn of(coverage: &'r Coverage) -> CoverageView<'r> {
        use CoverageState::{Injected, NeverRun, NotReachable, Observed, Provoked};
        let mut blocks: Vec<BlockView> = Vec::new();
        for (index, code) in coverage.codes.iter().enumerate() {
            let name = thousand(&code.code);
            let view = code_view(index, code);
            match blocks.iter_mut().find(|block| block.status == code.status && block.name == name) {
                Some(block) => block.codes.push(view),
                None => blocks.push(BlockView { status: code.status, name, codes: vec![view] }),
            }
        }
        // Neighbours of a few codes each share a line of the picture.
        blocks.dedup_by(|next, block| {
            let merge = next.status == block.status && next.codes.len() + block.codes.len() <= SMALL_BLOCK;
            if merge {
                block.name = format!("{}, {}", block.name, next.name);
                block.codes.append(&mut next.codes);
            }
            merge
        });
        let state = |state| StateView { state, words: labels::coverage_count(state, coverage.count(state)) };
        CoverageView {
            snapshot: &coverage.snapshot,
            total: coverage.codes.len(),
            observed: coverage.count(Observed),
            states: [Observed, Injected, Provoked, NotReachable, NeverRun].map(state).into_iter().collect(),
            blocks,
            pairs: coverage
                .pairs
                .iter()
                .map(|pair| PairView {
                    status: &pair.status,
                    detail: pair.status_detail.as_deref(),
                    state: pair.state,
                    word: labels::coverage(pair.state),
                    scenarios: &pair.scenarios,
                })
                .collect(),
            pairs_observed: coverage.pairs.iter().filter(|pair| pair.state == Observed).count(),
        }
    }
}

/// The block a code belongs to: `1–999`, `1xxx`, …, or its words when it is no number.
fn thousand(code: &str) -> String {
    match code.parse::<u32>() {
        Ok(number) if number < 1_000 => "1–999".to_owned(),
        Ok(number) => format!("{}xxx", number / 1_000),
        Err(_) => "a–z".to_owned(),
    }
}

fn code_view(index: usize, code: &CodeCoverage) -> CodeView<'_> {
    // What is no number gets a short name that fits its square; the whole is in its row.
    let short =
        if code.code.len() <= 4 { code.code.clone() } else { code.code.chars().take(2).chain(['…']).collect() };
    CodeView {
        anchor: format!("{}-{index}", anchor("c", &code.id)),
        id: &code.id,
        code: &code.code,
        short,
        message: code.message.as_deref(),
        state: code.state,
        word: labels::coverage(code.state),
        how: &code.how,
        scenarios: &code.scenarios,
    }
}

/// The contract side.
#[derive(Serialize)]
pub(super) struct ContractView<'r> {
    target: Option<&'r TargetInfo>,
    /// What was learned of the account beforehand.
    account: Vec<Message>,
    mark: Mark,
    planned: usize,
    held: usize,
    failed: usize,
    open: usize,
    scenarios: Vec<ScenarioView<'r>>,
    coverage: Option<CoverageView<'r>>,
}

impl<'r> ContractView<'r> {
    pub(super) fn of(contract: &'r ContractRecord) -> ContractView<'r> {
        let of = |verdict| contract.scenarios.iter().filter(|scenario| scenario.verdict == verdict).count();
        let (failed, open) = (of(Verdict::Fail), of(Verdict::Inconclusive));
        let (mut holding, mut others) = (0, 0);
        let scenario = |(index, scenario): (usize, &'r ScenarioResult)| {
            let holds = !matches!(scenario.verdict, Verdict::Fail | Verdict::Inconclusive);
            let (seen, most) = if holds { (&mut holding, MOST_DETAILED) } else { (&mut others, MOST_DETAILED_FAILED) };
            *seen += 1;
            let show = *seen <= most;
            ScenarioView {
                anchor: format!("{}-{index}", anchor("s", &scenario.id)),
                id: &scenario.id,
                name: &scenario.name,
                file: &scenario.file,
                site: &scenario.site,
                tags: &scenario.tags,
                mark: scenario.verdict.into(),
                took: format::duration(scenario.elapsed_ms),
                detailed: show,
                steps: if show { steps(scenario) } else { Vec::new() },
            }
        };
        ContractView {
            target: contract.target.as_ref(),
            account: contract.preflight.as_ref().map(crate::report::preflight::facts).unwrap_or_default(),
            mark: labels::part(contract.verdict()).into(),
            planned: contract.planned.max(contract.scenarios.len()),
            held: contract.scenarios.len() - failed - open,
            failed,
            open,
            scenarios: contract.scenarios.iter().enumerate().map(scenario).collect(),
            coverage: contract.coverage.as_ref().map(CoverageView::of),
        }
    }

    /// Where each scenario is on the page.
    pub(super) fn anchors(&self) -> HashMap<&'r str, String> {
        self.scenarios.iter().rev().map(|scenario| (scenario.id, scenario.anchor.clone())).collect()
    }
}
