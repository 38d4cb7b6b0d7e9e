//! The engine: runs scenarios side by side, in a fixed order of results, and emits what happens.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::coverage::Tally;
use super::exchange::{self, Answer, Prepared, Refusal};
use super::expect::{self, Context};
use super::judge;
use super::scenario::{Action, Row, Scenario, Step, Variables};
use super::target::{Target, TargetKind};
use crate::http;
use crate::i18n::{Message, Text};
use crate::ids::Ids;
use crate::run::{
    Coverage, Event, Evidence, Finding, Problem, ScenarioResult, Severity, Sink, StepResult, Verdict, fingerprint,
};
use crate::secret::Redactor;
use crate::specs::{cards, sites};

/// How a run is done.
pub struct Options {
    /// Seed of every generated value.
    pub seed: u64,
    /// Scenarios in flight at once; 0 chooses by target: 16 on the embedded sandbox, 2 elsewhere.
    pub jobs: usize,
    /// Longest time for one request.
    pub timeout: Duration,
    /// Certificate authorities beside the usual ones.
    pub ca_file: Option<std::path::PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options { seed: 0, jobs: 0, timeout: Duration::from_secs(30), ca_file: None }
    }
}

struct Shared {
    target: Target,
    client: reqwest::Client,
    ids: Ids,
    redactor: Redactor,
}

/// One planned execution of a scenario.
struct Plan {
    scenario: Arc<Scenario>,
    site: String,
    row: Option<usize>,
}

impl Plan {
    fn id(&self) -> String {
        let row = self.row.and_then(|index| self.scenario.rows.get(index)).map(|row| format!("[{}]", row.id));
        format!("{}{}@{}", self.scenario.id, row.unwrap_or_default(), self.site)
    }
}

/// Runs scenarios and emits their results in the order of the list; returns what they covered.
///
/// # Errors
/// A problem of the input when the HTTP client cannot be made (a CA file that does not read) or the target refuses
/// the credential; of the environment when the target does not answer.
pub async fn run(
    scenarios: Vec<Scenario>,
    target: Target,
    options: &Options,
    sink: &dyn Sink,
) -> Result<Coverage, Problem> {
    let client = http::client(&http::ClientOptions {
        timeout: options.timeout,
        ca_file: options.ca_file.clone(),
        // The embedded sandbox is on this machine: no proxy stands between.
        direct: target.kind == TargetKind::Embedded,
        ..http::ClientOptions::default()
    })?;
    super::preflight::check(&target, &client).await?;
    let plans = plan(scenarios, &target);
    sink.emit(Event::ContractStarted { target: target.info(), scenarios: plans.len() });
    let jobs = match (options.jobs, target.kind) {
        (0, TargetKind::Embedded) => 16,
        (0, TargetKind::Url) => 2,
        (jobs, _) => jobs,
    };
    let redactor = Redactor::new(target.secrets());
    let shared = Arc::new(Shared { target, client, ids: Ids::seeded(options.seed), redactor });
    let permits = Arc::new(Semaphore::new(jobs));
    let mut tally = Tally::default();
    let mut plans = plans.into_iter();
    let mut running: VecDeque<JoinHandle<(ScenarioResult, Tally)>> = VecDeque::new();
    loop {
        // A window twice as wide as the permits keeps them busy while results wait for their turn.
        while running.len() < jobs * 2 {
            let Some(plan) = plans.next() else { break };
            sink.emit(Event::ScenarioStarted { id: plan.id() });
            let (shared, permits) = (shared.clone(), permits.clone());
            running.push_back(tokio::spawn(async move {
                let _permit = permits.acquire_owned().await;
                execute(&shared, &plan).await
            }));
        }
        let Some(next) = running.pop_front() else { break };
        // A task that panics would be a bug of ours; its scenario stays missing, which reads as inconclusive.
        if let Ok((result, seen)) = next.await {
            tally.add(seen);
            sink.emit(Event::ScenarioFinished(Box::new(result)));
        }
    }
    let coverage = tally.coverage();
    sink.emit(Event::CoverageMeasured(coverage.clone()));
    Ok(coverage)
}

fn plan(scenarios: Vec<Scenario>, target: &Target) -> Vec<Plan> {
    let mut plans = Vec::new();
    for scenario in scenarios.into_iter().filter(|scenario| scenario.skip.is_none()) {
        let scenario = Arc::new(scenario);
        let sites: Vec<String> = match (scenario.sites.as_slice(), target.kind) {
            ([], _) => vec![target.site.clone()],
            (sites, TargetKind::Embedded) => sites.to_vec(),
            // A real account lives on one site.
            (sites, TargetKind::Url) => sites.iter().filter(|site| **site == target.site).cloned().collect(),
        };
        for site in sites {
            if scenario.rows.is_empty() {
                plans.push(Plan { scenario: scenario.clone(), site, row: None });
            } else {
                let rows = 0..scenario.rows.len();
                plans.extend(rows.map(|row| Plan { scenario: scenario.clone(), site: site.clone(), row: Some(row) }));
            }
        }
    }
    plans
}

/// The variables that every scenario has; a step refreshes `uuid` and `hex32`.
fn variables(plan: &Plan, row: Option<&Row>, ids: &Ids) -> Variables {
    let mut variables = Variables::default();
    let site = sites::get(&plan.site);
    variables.set("uuid", json!(ids.uuid()));
    variables.set("hex32", json!(ids.hex32()));
    variables.set("site", json!(plan.site));
    variables.set("currency", json!(site.map(|site| site.currency.as_str())));
    let document = cards::of_site(&plan.site).and_then(|cards| cards.document.as_ref());
    let identification = document.map(|document| json!({ "type": document.kind, "number": document.number }));
    // Test credentials demand an address of the test domain (Mercado Pago, error 2198).
    let email = format!("test_user_{}@testuser.com", 10_000_000 + ids.below(80_000_000));
    variables.set(
        "payer",
        json!({ "email": email, "identification": identification, "first_name": "Test", "last_name": "User" }),
    );
    variables.set("row", Value::Object(row.map_or_else(Map::new, |row| row.values.clone())));
    for (name, value) in &plan.scenario.variables {
        if let Ok(value) = variables.fill_json(value) {
            variables.set(name, value);
        }
    }
    variables
}

async fn execute(shared: &Shared, plan: &Plan) -> (ScenarioResult, Tally) {
    let started = Instant::now();
    let id = plan.id();
    let ids = shared.ids.part(&id);
    let row = plan.row.and_then(|index| plan.scenario.rows.get(index));
    let mut variables = variables(plan, row, &ids);
    // A row may hold variables of its own (`body: { email: ${payer.email} }`).
    if let Some(row) = row
        && let Ok(values) = variables.fill_json(&Value::Object(row.values.clone()))
    {
        variables.set("row", values);
    }
    let mut state =
        State { id: &id, shared, plan, ids: &ids, variables, sent: HashMap::new(), tally: Tally::default() };
    let mut steps: Vec<StepResult> = Vec::with_capacity(plan.scenario.steps.len());
    let mut stopped: Option<String> = None;
    for step in &plan.scenario.steps {
        let result = match &stopped {
            None => state.step(step).await,
            Some(id) => skipped(step, Message::new("contract.not-run").with("step", id)),
        };
        if result.verdict != Verdict::Pass && stopped.is_none() {
            stopped = Some(step.id.clone());
        }
        steps.push(result);
    }
    let has = |verdict| steps.iter().any(|step| step.verdict == verdict);
    let verdict = if has(Verdict::Fail) {
        Verdict::Fail
    } else if has(Verdict::Inconclusive) {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    };
    let tally = state.tally;
    let result = ScenarioResult {
        id,
        name: name(plan, row),
        file: plan.scenario.source.file.to_string(),
        site: plan.site.clone(),
        tags: plan.scenario.tags.clone(),
        verdict,
        steps,
        elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    (result, tally)
}

/// The name of a result: that of the scenario, with the row named where there is one.
fn name(plan: &Plan, row: Option<&Row>) -> Text {
    match row {
        Some(row) => {
            let named = |name: &str| format!("{name} [{}]", row.id);
            let name = &plan.scenario.name;
            Text { es: named(&name.es), pt: named(&name.pt), en: named(&name.en) }
        }
        None => plan.scenario.name.clone(),
    }
}

fn skipped(step: &Step, reason: Message) -> StepResult {
    StepResult {
        id: step.id.clone(),
        verdict: Verdict::Inconclusive,
        reason: Some(reason),
        expectations: Vec::new(),
        findings: Vec::new(),
        exchange: None,
    }
}

struct State<'s> {
    id: &'s str,
    shared: &'s Shared,
    plan: &'s Plan,
    ids: &'s Ids,
    variables: Variables,
    sent: HashMap<String, (Prepared, Answer)>,
    tally: Tally,
}

impl State<'_> {
    async fn step(&mut self, step: &Step) -> StepResult {
        self.variables.set("uuid", json!(self.ids.uuid()));
        self.variables.set("hex32", json!(self.ids.hex32()));
        let prepared = match &step.action {
            Action::Send(request) => {
                exchange::prepare(request, &self.shared.target, &self.plan.site, &self.variables, self.ids)
            }
            Action::Repeat(id) => match self.sent.get(id) {
                Some((prepared, _)) => Ok(prepared.clone()),
                None => Err(Refusal::CannotRun(Message::new("contract.not-run").with("step", id))),
            },
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(Refusal::CannotRun(reason)) => return skipped(step, reason),
            Err(Refusal::Refused(reason)) => return self.refused(step, reason),
        };
        let redactor = &self.shared.redactor;
        let (answer, elapsed) = match prepared.send(&self.shared.client).await {
            Ok(done) => done,
            Err(problem) => {
                let mut result = skipped(step, problem.message);
                result.exchange = Some(prepared.exchange(None, 0, redactor));
                return result;
            }
        };
        let exchange = prepared.exchange(Some(&answer), elapsed, redactor);
        self.count(step, &prepared, &answer);
        let result = self.compare(step, &prepared, &answer);
        self.sent.insert(step.id.clone(), (prepared, answer));
        match result {
            Ok(mut result) => {
                result.exchange = Some(exchange);
                result
            }
            Err(reason) => StepResult { exchange: Some(exchange), ..skipped(step, reason) },
        }
    }

    fn refused(&self, step: &Step, reason: Message) -> StepResult {
        let mut place = self.plan.scenario.source.place(step.mark);
        place.step = Some(step.id.clone());
        let finding = Finding {
            id: fingerprint(&[self.id, &step.id, "refused"]),
            rule: "refused".to_owned(),
            severity: Severity::Blocker,
            message: reason,
            place,
            evidence: Vec::new(),
            fix: None,
        };
        StepResult {
            verdict: Verdict::Fail,
            reason: None,
            findings: vec![finding],
            ..skipped(step, Message::new("contract.refused"))
        }
    }

    /// Counts what the step expects and what the answer shows.
    fn count(&mut self, step: &Step, prepared: &Prepared, answer: &Answer) {
        for entry in expect::expected_errors(&step.expect, &self.variables).unwrap_or_default() {
            self.tally.expect_code(&entry.id, self.id);
        }
        if let Some(pair) = &step.expect.payment
            && let Ok(status) = self.variables.fill_text(&pair.status)
        {
            let detail = pair.status_detail.as_ref().and_then(|detail| self.variables.fill_text(detail).ok());
            self.tally.expect_pair(&status, detail.as_deref(), self.id);
        }
        let Some(body) = &answer.json else { return };
        if answer.status >= 400 {
            for entry in judge::observed(answer.status, &judge::normalise(body)) {
                if prepared.plays_a_fault() {
                    self.tally.inject_code(&entry.id, self.id);
                } else {
                    self.tally.observe_code(&entry.id, self.id);
                }
            }
        } else if expect::default_schema(prepared.method(), prepared.path(), answer.status) == Some("payment")
            && let Some(status) = body.get("status").and_then(Value::as_str)
        {
            self.tally.observe_pair(status, body.get("status_detail").and_then(Value::as_str), self.id);
        }
    }

    fn compare(&mut self, step: &Step, prepared: &Prepared, answer: &Answer) -> Result<StepResult, Message> {
        let no_value =
            |unfilled: super::scenario::Unfilled| Message::new("contract.no-value").with("name", unfilled.name);
        let context = Context {
            source: &self.plan.scenario.source,
            scenario: self.id,
            step: &step.id,
            variables: &self.variables,
        };
        let other = match (&step.action, step.expect.same.as_ref().and_then(|same| same.step.as_deref())) {
            (_, Some(id)) => self.sent.get(id),
            (Action::Repeat(id), None) => self.sent.get(id),
            (Action::Send(_), None) => None,
        };
        let schema = expect::default_schema(prepared.method(), prepared.path(), answer.status);
        let compared = expect::compare(&step.expect, &context, answer, schema, other.map(|(_, answer)| answer));
        let mut compared = compared.map_err(no_value)?;
        let mut verdict = compared.verdict();
        let mut reason = None;
        if verdict == Verdict::Pass {
            for (name, path, mark) in &step.capture {
                let values = answer.json.as_ref().map(|body| expect::query(path, body)).unwrap_or_default();
                match values.as_slice() {
                    [value] => self.variables.set(name, (*value).clone()),
                    values => {
                        verdict = Verdict::Fail;
                        compared.findings.push(self.capture_failed(step, name, path, *mark, values.len()));
                    }
                }
            }
        } else if verdict == Verdict::Inconclusive {
            let open = compared.expectations.iter().find(|expectation| expectation.verdict == verdict);
            reason = open.map(|expectation| expectation.message.clone());
        }
        for finding in &mut compared.findings {
            redact(finding, &self.shared.redactor);
        }
        Ok(StepResult {
            id: step.id.clone(),
            verdict,
            reason,
            expectations: compared.expectations,
            findings: compared.findings,
            exchange: None,
        })
    }

    fn capture_failed(&self, step: &Step, name: &str, path: &str, mark: crate::yaml::Mark, found: usize) -> Finding {
        let mut place = self.plan.scenario.source.place(mark);
        place.step = Some(step.id.clone());
        let message = Message::new("contract.capture").with("name", name).with("path", path).with("n", found);
        let evidence = Evidence::Difference { path: path.to_owned(), expected: "1".into(), actual: found.to_string() };
        Finding {
            id: fingerprint(&[self.id, &step.id, "capture", name]),
            rule: "expectation".to_owned(),
            severity: Severity::Blocker,
            message,
            place,
            evidence: vec![evidence],
            fix: None,
        }
    }
}

/// Findings quote answers, and answers echo what they were sent: nothing secret may pass.
fn redact(finding: &mut Finding, redactor: &Redactor) {
    for value in finding.message.args.values_mut() {
        *value = redactor.text(value).into_owned();
    }
    for evidence in &mut finding.evidence {
        if let Evidence::Difference { expected, actual, .. } = evidence {
            *expected = redactor.text(expected).into_owned();
            *actual = redactor.text(actual).into_owned();
        }
    }
}
