//! The contract side as the page shows it: scenarios with their exchanges, and the map of the catalogue.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use minijinja::Value;
use serde::Serialize;

use super::bounds::{self, Budget};
use super::view::Mark;
use super::waterfall::{self, Bar, Lanes};
use super::{command, labels, say};
use crate::i18n::{Message, Text};
use crate::report::outline::anchor;
use crate::report::template::push_escaped;
use crate::report::{curl, format};
use crate::run::{
    CodeCoverage, ContractRecord, Coverage, CoverageState, Exchange, ScenarioResult, TargetInfo, Verdict,
};

/// Codes of neighbouring thousands that are few enough for one line.
const SMALL_BLOCK: usize = 8;

/// One request and its response, bodies indented.
#[derive(Serialize)]
pub(super) struct ExchangeView<'r> {
    method: &'r str,
    url: &'r str,
    status: Option<u16>,
    took: Text,
    request_headers: &'r BTreeMap<String, String>,
    request_body: Option<Value>,
    response_headers: &'r BTreeMap<String, String>,
    response_body: Option<Value>,
    truncated: bool,
    curl: String,
}

impl<'r> ExchangeView<'r> {
    /// The exchange as it is shown; nothing when the page is full.
    pub(super) fn of(exchange: &'r Exchange, budget: &Budget) -> Option<ExchangeView<'r>> {
        let request = exchange.request_body.as_deref().map(format::indent_json);
        let response = exchange.response_body.as_deref().map(format::indent_json);
        let curl = curl(exchange);
        let bodies = request.iter().chain(&response).map(String::len).sum::<usize>();
        budget.exchange(600 + curl.len() + bodies).then(|| ExchangeView {
            method: &exchange.method,
            url: &exchange.url,
            status: exchange.status,
            took: format::duration(exchange.elapsed_ms),
            request_headers: &exchange.request_headers,
            request_body: request.map(Value::from),
            response_headers: &exchange.response_headers,
            response_body: response.map(Value::from),
            truncated: exchange.truncated,
            curl,
        })
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
    took: Option<Text>,
    /// When its request left, since the scenario began.
    at: Option<Text>,
    /// Its bars in the waterfall; none where there is no waterfall.
    bars: Option<Vec<Bar>>,
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
    /// Whether the bars stand where they began; `None` where there are none.
    placed: Option<bool>,
    /// Whether some of them are grey: waiting and earlier attempts.
    waits: bool,
    steps: Vec<StepView<'r>>,
    /// The command line that runs it again.
    again: String,
}

fn steps<'r>(scenario: &'r ScenarioResult, mut bars: Vec<Vec<Bar>>, budget: &Budget) -> Vec<StepView<'r>> {
    scenario
        .steps
        .iter()
        .enumerate()
        .map(|(index, step)| StepView {
            id: &step.id,
            mark: step.verdict.into(),
            reason: step.reason.as_ref(),
            expectations: step
                .expectations
                .iter()
                .map(|each| ExpectationView { mark: each.verdict.into(), message: &each.message })
                .collect(),
            took: step.exchange.as_ref().map(|exchange| format::duration(exchange.elapsed_ms)),
            at: step.exchange.as_ref().and_then(|exchange| exchange.started_ms).map(format::duration),
            // Of what the record holds only in part, the page says where the whole is.
            exchange: step
                .exchange
                .as_ref()
                .filter(|_| !scenario.abridged)
                .and_then(|exchange| ExchangeView::of(exchange, budget)),
            bars: bars.get_mut(index).map(std::mem::take),
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
    why: Option<&'r Message>,
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
    anchor: String,
    detail: Option<&'r str>,
    state: CoverageState,
    word: Message,
    why: Option<&'r Message>,
    how: Option<&'r Text>,
    scenarios: &'r [String],
}

/// The details of one payment status.
#[derive(Serialize)]
struct StatusView<'r> {
    status: &'r str,
    pairs: Vec<PairView<'r>>,
}

/// Status pairs by their status, in the order of the documents.
fn statuses(coverage: &Coverage) -> Vec<StatusView<'_>> {
    let mut statuses: Vec<StatusView> = Vec::new();
    for (index, pair) in coverage.pairs.iter().enumerate() {
        let view = PairView {
            anchor: format!("p-{index}"),
            detail: pair.status_detail.as_deref(),
            state: pair.state,
            word: labels::coverage(pair.state),
            why: pair.why.as_ref(),
            how: pair.how.as_ref(),
            scenarios: &pair.scenarios,
        };
        match statuses.iter_mut().find(|known| known.status == pair.status) {
            Some(known) => known.pairs.push(view),
            None => statuses.push(StatusView { status: &pair.status, pairs: vec![view] }),
        }
    }
    statuses
}

#[derive(Serialize)]
struct CoverageView<'r> {
    snapshot: &'r str,
    total: usize,
    observed: usize,
    states: Vec<StateView>,
    blocks: Vec<BlockView<'r>>,
    statuses: Vec<StatusView<'r>>,
    pairs_total: usize,
    pairs_observed: usize,
    pairs_reachable: usize,
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
            statuses: statuses(coverage),
            pairs_total: coverage.pairs.len(),
            pairs_observed: coverage.pairs_seen().0,
            pairs_reachable: coverage.pairs_seen().1,
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
        why: code.why.as_ref(),
        scenarios: &code.scenarios,
    }
}

/// What the run had to show at least.
#[derive(Serialize)]
struct GateView<'r> {
    id: &'r str,
    mark: Mark,
    message: &'r Message,
}

/// The contract side.
#[derive(Serialize)]
pub(super) struct ContractView<'r> {
    target: Option<&'r TargetInfo>,
    /// What was learned of the account beforehand.
    account: Vec<Message>,
    mark: Mark,
    /// How scenarios came out.
    line: Message,
    total: usize,
    /// Scenarios with their steps: first those that need attention.
    scenarios: Vec<ScenarioView<'r>>,
    /// All others, a line each, as markup.
    lines: Value,
    lines_count: usize,
    hidden: usize,
    /// When they ran.
    lanes: Option<Lanes<'r>>,
    coverage: Option<CoverageView<'r>>,
    gates: Vec<GateView<'r>>,
    #[serde(skip)]
    anchors: HashMap<&'r str, String>,
}

impl<'r> ContractView<'r> {
    pub(super) fn of(contract: &'r ContractRecord, seed: Option<u64>, budget: &Budget) -> ContractView<'r> {
        let holds = |scenario: &ScenarioResult| !matches!(scenario.verdict, Verdict::Fail | Verdict::Inconclusive);
        let of = |holding: bool| contract.scenarios.iter().enumerate().filter(move |(_, each)| holds(each) == holding);
        let mut anchors: HashMap<&'r str, String> = HashMap::new();
        let mut detailed = |(index, scenario): (usize, &'r ScenarioResult)| {
            let anchor = format!("{}-{index}", anchor("s", &scenario.id));
            anchors.entry(&scenario.id).or_insert_with(|| anchor.clone());
            let bars = waterfall::of_steps(scenario);
            ScenarioView {
                anchor,
                id: &scenario.id,
                name: &scenario.name,
                file: &scenario.file,
                site: &scenario.site,
                tags: &scenario.tags,
                mark: scenario.verdict.into(),
                took: format::duration(scenario.elapsed_ms),
                placed: bars.as_ref().map(|bars| bars.placed),
                waits: bars.as_ref().is_some_and(waterfall::Bars::waits),
                steps: steps(scenario, bars.map(|bars| bars.steps).unwrap_or_default(), budget),
                again: command::of_scenario(scenario, contract.target.as_ref(), seed),
            }
        };
        let mut scenarios: Vec<ScenarioView<'r>> = of(false).take(bounds::DETAILED_FAILED).map(&mut detailed).collect();
        scenarios.extend(of(true).take(bounds::DETAILED).map(&mut detailed));
        let rest = of(false).skip(bounds::DETAILED_FAILED).chain(of(true).skip(bounds::DETAILED));
        let (lines, lines_count) = lines(rest, &mut anchors);
        ContractView {
            target: contract.target.as_ref(),
            account: contract.preflight.as_ref().map(crate::report::preflight::facts).unwrap_or_default(),
            mark: labels::part(contract.verdict()).into(),
            line: labels::scenarios(contract),
            total: contract.scenarios.len(),
            hidden: contract.scenarios.len() - scenarios.len() - lines_count,
            scenarios,
            lines: Value::from_safe_string(lines),
            lines_count,
            lanes: Lanes::of(contract),
            coverage: contract.coverage.as_ref().map(CoverageView::of),
            gates: contract
                .gates
                .iter()
                .map(|gate| GateView { id: &gate.id, mark: gate.verdict.into(), message: &gate.message })
                .collect(),
            anchors,
        }
    }

    /// Where each scenario is on the page.
    pub(super) fn anchors(&self) -> HashMap<&'r str, String> {
        self.anchors.clone()
    }
}

/// Scenarios as one line each, until the page is full, and how many there are. Written here and not in a template:
/// there may be many thousands.
fn lines<'r>(
    scenarios: impl Iterator<Item = (usize, &'r ScenarioResult)>,
    anchors: &mut HashMap<&'r str, String>,
) -> (String, usize) {
    let (mut html, mut count) = (String::new(), 0);
    let words: Vec<(Verdict, String)> = [Verdict::Fail, Verdict::Inconclusive, Verdict::Pass]
        .into_iter()
        .map(|verdict| {
            let mut word = String::new();
            say::push(&mut word, &labels::verdict(verdict).render_all());
            (verdict, word)
        })
        .collect();
    for (index, scenario) in scenarios {
        if html.len() > bounds::LINES {
            break;
        }
        count += 1;
        let mark = Mark::from(scenario.verdict);
        html.push_str(if mark.class == "pass" {
            "<p class=\"scenario flat holds\""
        } else {
            "<p class=\"scenario flat\""
        });
        // Only what a finding may lead to needs a name.
        if scenario.steps.iter().any(|step| !step.findings.is_empty()) {
            let anchor = format!("{}-{index}", anchor("s", &scenario.id));
            let _ = write!(html, " id=\"{anchor}\"");
            anchors.entry(&scenario.id).or_insert(anchor);
        }
        let _ = write!(html, "><span class=\"sign {}\" aria-hidden=\"true\">{}</span>", mark.class, mark.sign);
        html.push_str("<span class=\"sname\">");
        say::push(&mut html, &scenario.name);
        html.push_str("<span class=\"quiet sub\">");
        // The word of a verdict beside its sign; what holds is said once for all lines.
        if mark.class != "pass" {
            html.push_str(words.iter().find(|(verdict, _)| *verdict == scenario.verdict).map_or("", |(_, word)| word));
            html.push_str(" · ");
        }
        push_escaped(&mut html, &scenario.id);
        html.push_str("</span></span><span class=\"quiet num\">");
        say::push(&mut html, &format::duration(scenario.elapsed_ms));
        html.push_str("</span></p>\n");
    }
    (html, count)
}
