//! Executing one scenario: its steps in order, what each answer shows, and the steps that tidy up at the end.
//!
//! Not responsible for which scenarios run when (see `runner.rs`) nor for how a request reaches the target (see
//! `transport.rs`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::baseline::Observer;
use super::coverage::Tally;
use super::environment;
use super::exchange::{self, Answer, Prepared, Refusal, milliseconds};
use super::expect::{self, Context};
use super::json_path;
use super::judge;
use super::plan::{self, Plan};
use super::preflight::Known;
use super::recording::{self, Place, Tape};
use super::scenario::{Action, Step, Variables};
use super::serial::Serial;
use super::target::Target;
use super::transport::{Reply, Transport, Unanswered};
use super::unknown_outcome::{self, Found};
use crate::i18n::Message;
use crate::ids::Ids;
use crate::run::{
    Attempt, Evidence, Exchange, Expectation, Finding, MOST_WHOLE, ScenarioResult, Severity, Span, StepResult, Stop,
    Verdict, fingerprint,
};
use crate::secret::Redactor;

/// What every scenario of a run shares.
pub(super) struct Shared {
    pub(super) target: Target,
    pub(super) transport: Transport,
    pub(super) ids: Ids,
    pub(super) seed: u64,
    pub(super) redactor: Arc<Redactor>,
    pub(super) tape: Tape,
    pub(super) observer: Option<Arc<Observer>>,
    pub(super) stop: Stop,
    pub(super) serial: Serial,
    /// What scenarios count their beginning from.
    pub(super) began: Instant,
    /// What is known of a real account.
    pub(super) known: Known,
}

/// Runs one scenario to its end; what it covered comes along.
pub(super) async fn execute(shared: &Shared, plan: &Plan) -> (ScenarioResult, Tally) {
    let began = Instant::now();
    let id = plan.id();
    let ids = shared.ids.part(&id);
    let recording = shared.transport.recording();
    let variables = plan::variables(plan, &ids, recording.and_then(|recording| recording.clock(&id)));
    let mut state = State {
        id: &id,
        began,
        shared,
        plan,
        ids: &ids,
        sent: HashMap::new(),
        asked: HashMap::new(),
        tally: Tally::default(),
        tidying: false,
        redactor: shared.redactor.clone(),
        // The clock is read only where it is kept: most scenarios name no date.
        clock: (shared.tape.write.is_some() && plan.has_variables).then(|| variables.clock()),
        made_anew: recording.is_some_and(|recording| !recording.repeats(&id, shared.seed)),
        variables,
    };
    let mut steps: Vec<StepResult> = Vec::with_capacity(plan.scenario.steps.len());
    let cannot = shared.known.blocked(plan, &shared.target);
    let mut stopped: Option<String> = None;
    for step in &plan.scenario.steps {
        let mut result = match &stopped {
            _ if let Some(reason) = &cannot => skipped(step, reason.clone()),
            None if shared.stop.asked() => skipped(step, Message::new("contract.interrupted")),
            None => state.step(step).await.unwrap_or_else(|lacks| skipped(step, lacks.reason())),
            Some(id) => skipped(step, Message::new("contract.not-run").with("step", id)),
        };
        if !matches!(result.verdict, Verdict::Pass | Verdict::NotApplicable) && stopped.is_none() {
            stopped = Some(step.id.clone());
        }
        if result.verdict == Verdict::Inconclusive {
            state.tally.unanswered(&step.expect, &state.variables, &id);
        }
        redact(&mut result, &state.redactor);
        result.exchange.iter_mut().for_each(|exchange| exchange.replayed = recording.is_some());
        steps.push(result);
    }
    state.tidying = true;
    // What was made is tidied up whatever happened; what was never made needs no tidying.
    for step in &plan.scenario.finally {
        let mut result = state.step(step).await.unwrap_or_else(|lacks| not_applicable(step, lacks.nothing_to_do()));
        redact(&mut result, &state.redactor);
        result.exchange.iter_mut().for_each(|exchange| exchange.replayed = recording.is_some());
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
        name: plan::name(plan),
        file: plan.scenario.source.file.to_string(),
        site: plan.site.clone(),
        tags: plan.scenario.tags.clone(),
        verdict,
        steps,
        started_ms: Some(milliseconds(began.saturating_duration_since(shared.began))),
        elapsed_ms: milliseconds(began.elapsed()),
        place: plan.index,
        abridged: false,
    };
    (result, tally)
}

/// When the first attempt left.
fn first_left(earlier: &[Attempt], last: Option<u64>) -> Option<u64> {
    earlier.first().map_or(last, |attempt| attempt.started_ms)
}

/// A note that the answer is not that of the first attempt.
fn sent_again(earlier: &[Attempt]) -> Expectation {
    let statuses: Vec<String> = earlier
        .iter()
        .map(|attempt| attempt.status.map_or_else(|| "—".to_owned(), |status| status.to_string()))
        .collect();
    let message =
        Message::new("contract.sent-again").with("n", earlier.len() + 1).with("statuses", statuses.join(", "));
    Expectation { message, verdict: Verdict::Pass }
}

fn skipped(step: &Step, reason: Message) -> StepResult {
    StepResult {
        id: step.id.clone(),
        verdict: Verdict::Inconclusive,
        reason: Some(reason),
        expectations: Vec::new(),
        findings: Vec::new(),
        exchange: None,
        span: None,
    }
}

/// A step that this target or this run has no use for.
fn not_applicable(step: &Step, reason: Message) -> StepResult {
    StepResult { verdict: Verdict::NotApplicable, ..skipped(step, reason) }
}

/// What a step would need and no earlier step gave.
enum Lacks {
    Variable(String),
    Step(String),
}

impl Lacks {
    /// Why a step could not be run.
    fn reason(&self) -> Message {
        match self {
            Lacks::Variable(name) => super::scenario::no_value(name),
            Lacks::Step(id) => Message::new("contract.not-run").with("step", id),
        }
    }

    /// Why a step of `finally` has nothing to do.
    fn nothing_to_do(&self) -> Message {
        let (Lacks::Variable(name) | Lacks::Step(name)) = self;
        Message::new("contract.nothing-to-tidy").with("name", name)
    }
}

struct State<'s> {
    id: &'s str,
    /// What the moments of its steps are counted from.
    began: Instant,
    shared: &'s Shared,
    plan: &'s Plan,
    ids: &'s Ids,
    variables: Variables,
    sent: HashMap<String, (Arc<Prepared>, Answer)>,
    /// How often each step asked.
    asked: HashMap<&'s str, u32>,
    tally: Tally,
    /// Whether the steps at the end run, which an early end does not hurry.
    tidying: bool,
    /// What dates are counted from, where a recording keeps it.
    clock: Option<jiff::Timestamp>,
    /// Whether a recording answers that was made with other identifiers or dates than this run makes.
    made_anew: bool,
    /// That of the run, and what the steps so far sent in headers.
    redactor: Arc<Redactor>,
}

impl<'s> State<'s> {
    /// Does one step.
    ///
    /// # Errors
    /// What the step would need from a step that did not give it; nothing was sent.
    async fn step(&mut self, step: &'s Step) -> Result<StepResult, Lacks> {
        if !self.shared.target.kind.is_among(&step.targets) {
            return Ok(not_applicable(step, Message::new("contract.other-target")));
        }
        if self.plan.has_variables {
            self.variables.set("uuid", json!(self.ids.uuid()));
            self.variables.set("hex32", json!(self.ids.hex32()));
        }
        let prepared = match &step.action {
            Action::Wait(duration) => {
                let started = self.now_ms();
                if self.shared.transport.recording().is_none() {
                    self.sleep(*duration).await;
                }
                let span = self.span(started);
                if self.hurried() {
                    return Ok(StepResult { span, ..skipped(step, Message::new("contract.interrupted-here")) });
                }
                let waited = Message::new("contract.waited").with("ms", duration.as_millis());
                return Ok(StepResult { verdict: Verdict::Pass, span, ..skipped(step, waited) });
            }
            Action::Send(request) => {
                exchange::prepare(request, &self.shared.target, &self.plan.site, &self.variables, self.ids)
                    .map(Arc::new)
            }
            Action::Repeat(id) => match self.sent.get(id) {
                Some((prepared, _)) => Ok(prepared.clone()),
                None => return Err(Lacks::Step(id.clone())),
            },
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(Refusal::NoValue(name)) => return Err(Lacks::Variable(name)),
            Err(Refusal::CannotRun(reason)) => return Ok(skipped(step, reason)),
            Err(Refusal::Refused(reason)) => return Ok(self.refused(step, reason)),
        };
        if let Some(more) = self.redactor.with(prepared.secrets()) {
            self.redactor = Arc::new(more);
            if let Some(observer) = &self.shared.observer {
                observer.hide(prepared.secrets());
            }
        }
        let Some(poll) = step.poll else {
            let result = self.ask(step, &prepared).await;
            return Ok(self.verify(step, result));
        };
        let (started, started_ms) = (Instant::now(), self.now_ms());
        let mut asked = 1;
        let mut result = self.ask(step, &prepared).await;
        while result.verdict != Verdict::Pass {
            let left = poll.limit.saturating_sub(started.elapsed());
            if left.is_zero() || self.hurried() {
                break;
            }
            if let Some(recording) = self.shared.transport.recording() {
                // What was asked then is asked now, without waiting.
                if !recording.has_more(&prepared, self.place(step), &self.redactor) {
                    break;
                }
                result = self.ask(step, &prepared).await;
                asked += 1;
                continue;
            }
            // The last question is asked when the time is over, so that the whole limit counts.
            self.sleep(poll.interval.min(left)).await;
            result = self.ask(step, &prepared).await;
            asked += 1;
        }
        if result.verdict != Verdict::Pass && self.hurried() && started.elapsed() < poll.limit {
            // What was not waited for to its end has not failed.
            let (exchange, span) = (result.exchange.take(), self.span(started_ms));
            return Ok(StepResult { exchange, span, ..skipped(step, Message::new("contract.interrupted-here")) });
        }
        result.span = self.span(started_ms);
        if result.verdict != Verdict::Pass {
            let told = Message::new("contract.polled").with("n", asked).with("ms", milliseconds(started.elapsed()));
            result.expectations.push(Expectation { message: told.clone(), verdict: result.verdict });
            for finding in result.findings.iter_mut().filter(|finding| finding.severity == Severity::Blocker) {
                finding.fix.get_or_insert_with(|| told.clone());
            }
        }
        Ok(self.verify(step, result))
    }

    /// From a moment of the scenario, in milliseconds since it began, until now. A replay waits for nothing and is none the wiser.
    fn span(&self, started_ms: u64) -> Option<Span> {
        let live = self.shared.transport.recording().is_none();
        live.then(|| Span { started_ms, elapsed_ms: self.now_ms().saturating_sub(started_ms) })
    }

    /// Milliseconds since the scenario began.
    fn now_ms(&self) -> u64 {
        milliseconds(self.began.elapsed())
    }

    fn place(&self, step: &'s Step) -> Place<'s> {
        let occurrence = self.asked.get(step.id.as_str()).copied().unwrap_or(1);
        Place { scenario: self.id, step: &step.id, occurrence, clock: self.clock }
    }

    /// Compares the last answer of a step with the recorded one, where that is asked for.
    fn verify(&self, step: &'s Step, result: StepResult) -> StepResult {
        match (&self.shared.tape.verify, self.sent.get(&step.id)) {
            (Some(recording), Some((prepared, answer))) => {
                let place = self.place(step);
                let polls = step.poll.is_some();
                let verified = recording.verify(place, prepared, answer, polls, &self.redactor);
                recording::verified(result, verified, place, self.plan.scenario.source.place(step.mark))
            }
            _ => result,
        }
    }

    /// Whether somebody asked for an early end, and this is no step that tidies up.
    fn hurried(&self) -> bool {
        !self.tidying && self.shared.stop.asked()
    }

    async fn sleep(&self, duration: std::time::Duration) {
        if self.tidying {
            tokio::time::sleep(duration).await;
        } else {
            self.shared.stop.sleep(duration).await;
        }
    }

    /// Sends a request once and compares its answer.
    async fn ask(&mut self, step: &'s Step, prepared: &Arc<Prepared>) -> StepResult {
        let redactor = &*self.redactor.clone();
        *self.asked.entry(&step.id).or_default() += 1;
        let place = self.place(step);
        let clock = jiff::Timestamp::now();
        let reply = self.shared.transport.send(prepared, &step.expect.status, self.began, place, redactor).await;
        if let Some(recorder) = &self.shared.tape.write {
            let (answer, elapsed) = match &reply.outcome {
                Ok((answer, elapsed)) => (Ok(answer), *elapsed),
                Err(unanswered) => (Err(&unanswered.problem.message), 0),
            };
            recorder.keep(recording::Entry::of(place, prepared, answer, (reply.started_ms, elapsed), redactor));
        }
        if unknown_outcome::is_unknown(prepared, &reply, &step.expect.status) {
            let first = first_left(&reply.earlier, reply.started_ms);
            let mut result = self.look_up(step, prepared, reply, clock).await;
            result.span = first.and_then(|first| self.span(first));
            return result;
        }
        let Reply { outcome, earlier, started_ms } = reply;
        let first = first_left(&earlier, started_ms).filter(|_| !earlier.is_empty());
        let span = first.and_then(|first| self.span(first));
        let (answer, elapsed) = match outcome {
            Ok(done) => done,
            Err(Unanswered { problem, .. }) => {
                let exchange = Exchange { earlier, started_ms, ..prepared.exchange(None, 0, redactor) };
                let mut result = StepResult { span, ..skipped(step, problem.message.clone()) };
                // What a recording lacks is told as the reason, once; nothing is wrong with any environment.
                if !problem.message.key.starts_with("recording.") {
                    result.findings.push(self.open_finding(step, "environment", problem.message, problem.fix));
                }
                result.exchange = Some(exchange);
                return result;
            }
        };
        self.made_anew |= answer.made_anew;
        self.count(step, prepared, &answer);
        if let Some(observer) = &self.shared.observer {
            let path = self.path_template(step).unwrap_or_else(|| prepared.path());
            observer.see(self.id, &step.id, prepared.method(), path, &answer);
        }
        let mut result = self.compare(step, prepared, &answer).map(|result| self.timed(step, elapsed, result));
        if let (Ok(result), false) = (&mut result, earlier.is_empty()) {
            result.expectations.push(sent_again(&earlier));
        }
        let passed = result.as_ref().is_ok_and(|result| result.verdict == Verdict::Pass);
        let mut exchange = if passed && self.plan.index >= MOST_WHOLE {
            prepared.bare_exchange(Some(&answer), elapsed, redactor)
        } else {
            prepared.exchange(Some(&answer), elapsed, redactor)
        };
        (exchange.earlier, exchange.started_ms) = (earlier, started_ms);
        exchange.path = self.path_template(step).filter(|path| path.contains("${")).map(str::to_owned);
        self.sent.insert(step.id.clone(), (prepared.clone(), answer));
        match result {
            Ok(mut result) => {
                result.span = span;
                if result.verdict == Verdict::Pass {
                    exchange::shorten(&mut exchange);
                }
                result.exchange = Some(exchange);
                result
            }
            Err(reason) => StepResult { exchange: Some(exchange), span, ..skipped(step, reason) },
        }
    }

    /// Adds a note when the answer took longer than the step says; how long answers take is no contract.
    fn timed(&self, step: &Step, elapsed_ms: u64, mut result: StepResult) -> StepResult {
        let Some((within, mark)) = step.expect.within else { return result };
        let limit = within.as_millis();
        if u128::from(elapsed_ms) <= limit {
            let message = Message::new("contract.within").with("limit", limit);
            result.expectations.push(Expectation { message, verdict: Verdict::Pass });
            return result;
        }
        let message = Message::new("contract.slow").with("limit", limit).with("ms", elapsed_ms);
        result.expectations.push(Expectation { message: message.clone(), verdict: Verdict::Pass });
        let mut place = step.source.place(mark);
        place.step = Some(step.id.clone());
        result.findings.push(Finding {
            id: fingerprint(&[self.id, &step.id, "slow"]),
            rule: "slow".to_owned(),
            severity: Severity::Advice,
            message,
            place,
            evidence: Vec::new(),
            fix: None,
        });
        result
    }

    /// The path of a step as the scenario writes it, unless it begins with a variable.
    fn path_template<'t>(&'t self, step: &'t Step) -> Option<&'t str> {
        let step = match &step.action {
            Action::Repeat(id) => self.plan.scenario.every_step().find(|other| other.id == *id)?,
            _ => step,
        };
        match &step.action {
            Action::Send(request) => Some(request.path.as_str()).filter(|path| !path.starts_with("${")),
            Action::Repeat(_) | Action::Wait(_) => None,
        }
    }

    /// Nobody knows what became of a request: a payment is looked up, nothing is sent again.
    async fn look_up(
        &mut self,
        step: &Step,
        prepared: &Arc<Prepared>,
        reply: Reply,
        began: jiff::Timestamp,
    ) -> StepResult {
        let Shared { transport, stop, .. } = self.shared;
        let redactor = &*self.redactor.clone();
        let (came, elapsed, why) = match reply.outcome {
            Ok((answer, elapsed)) => {
                let why = environment::told(&answer).0;
                (Some(answer), elapsed, why)
            }
            Err(unanswered) => (None, 0, unanswered.problem.message),
        };
        let (earlier, started_ms) = (reply.earlier, reply.started_ms);
        let exchange = Exchange { earlier, started_ms, ..prepared.exchange(came.as_ref(), elapsed, redactor) };
        let mut result = match unknown_outcome::look_up(transport, stop, prepared, &step.expect.status, began).await {
            Found::Payment { answer, id } => {
                self.count(step, prepared, &answer);
                let mut known = step.clone();
                known.expect.headers.clear();
                let judged = self.compare(&known, prepared, &answer);
                self.sent.insert(step.id.clone(), (prepared.clone(), answer));
                let mut judged = judged.unwrap_or_else(|reason| skipped(step, reason));
                if judged.verdict == Verdict::Pass && !step.expect.headers.is_empty() {
                    judged.verdict = Verdict::Inconclusive;
                    judged.reason = Some(Message::new("contract.headers-unknown"));
                }
                let told = Message::new("contract.looked-up").with("id", id);
                judged.expectations.push(Expectation { message: told, verdict: Verdict::Pass });
                judged
            }
            Found::Nothing(still) => {
                let message = Message::new("contract.unknown-outcome");
                let mut result = skipped(step, message.clone());
                let reference = prepared.created_payment();
                let reference = reference.as_ref().and_then(|body| body.get("external_reference")?.as_str());
                let fix = match reference.filter(|text| !text.is_empty()) {
                    Some(reference) => Message::new("contract.look-up-reference").with("reference", encoded(reference)),
                    None => Message::new("contract.look-up-by-hand"),
                };
                let mut finding = self.open_finding(step, "unknown-outcome", message, Some(fix));
                // Somebody may be charged twice: more than an advice.
                finding.severity = Severity::Warning;
                finding.evidence = [why, still].into_iter().map(|message| Evidence::Note { message }).collect();
                result.findings.push(finding);
                result
            }
        };
        result.exchange = Some(exchange);
        result
    }

    /// What keeps a step open, with what to do about it.
    fn open_finding(&self, step: &Step, grade: &str, message: Message, fix: Option<Message>) -> Finding {
        let mut place = step.source.place(step.mark);
        place.step = Some(step.id.clone());
        let id = fingerprint(&[self.id, &step.id, grade, ""]);
        let (rule, severity) = (grade.to_owned(), Severity::Advice);
        Finding { id, rule, severity, message, place, evidence: Vec::new(), fix }
    }

    fn refused(&self, step: &Step, reason: Message) -> StepResult {
        let mut place = step.source.place(step.mark);
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
        self.tally.expect(&step.expect, &self.variables, self.id);
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
        let no_value = |unfilled: super::scenario::Unfilled| super::scenario::no_value(&unfilled.name);
        let context = Context {
            source: &step.source,
            scenario: self.id,
            step: &step.id,
            variables: &self.variables,
            plan: self.plan,
            replayed: self.shared.transport.recording().map(|_| self.made_anew),
        };
        let other = match (&step.action, step.expect.same.as_ref().and_then(|same| same.step.as_deref())) {
            (_, Some(id)) => self.sent.get(id),
            (Action::Repeat(id), None) => self.sent.get(id),
            (Action::Send(_) | Action::Wait(_), None) => None,
        };
        let schema = expect::default_schema(prepared.method(), prepared.path(), answer.status);
        let compared = expect::compare(&step.expect, &context, answer, schema, other.map(|(_, answer)| answer));
        let mut compared = compared.map_err(no_value)?;
        let mut verdict = compared.verdict();
        let mut reason = None;
        if verdict == Verdict::Pass && answer.cut && !step.capture.is_empty() {
            verdict = Verdict::Inconclusive;
            reason = Some(expect::too_long());
        } else if verdict == Verdict::Pass {
            for (name, path, mark) in &step.capture {
                let values = answer.json.as_ref().map(|body| json_path::query(path, body)).unwrap_or_default();
                match values.as_slice() {
                    [value] => self.variables.set(name, (*value).clone()),
                    values => {
                        verdict = Verdict::Fail;
                        compared.findings.push(self.capture_failed(step, name, path, *mark, values));
                    }
                }
            }
            for (name, header, mark) in &step.capture_headers {
                match answer.headers.get(header) {
                    Some(value) => self.variables.set(name, json!(value)),
                    None => {
                        verdict = Verdict::Fail;
                        compared.findings.push(self.capture_failed(step, name, header, *mark, &[]));
                    }
                }
            }
        } else if let Some(body) = &answer.json {
            // What was made in another way than expected is tidied up too.
            for (name, path, _) in &step.capture {
                if let [value] = json_path::query(path, body).as_slice() {
                    self.variables.set(name, (*value).clone());
                }
            }
        }
        if verdict == Verdict::Inconclusive {
            let open = compared.expectations.iter().find(|expectation| expectation.verdict == verdict);
            reason = open.map(|expectation| expectation.message.clone());
        }
        Ok(StepResult {
            id: step.id.clone(),
            verdict,
            reason,
            expectations: compared.expectations,
            findings: compared.findings,
            exchange: None,
            span: None,
        })
    }

    /// A capture that finds nothing, or more than one value.
    fn capture_failed(
        &self,
        step: &Step,
        name: &str,
        path: &str,
        mark: crate::yaml::Mark,
        values: &[&Value],
    ) -> Finding {
        let mut place = step.source.place(mark);
        place.step = Some(step.id.clone());
        let short = |value: &&Value| value.to_string().chars().take(60).collect::<String>();
        let found = values.iter().take(2).map(short).collect::<Vec<_>>().join(", ");
        let message = if values.is_empty() {
            Message::new("contract.captures-nothing").with("name", name).with("path", path)
        } else {
            let message = Message::new("contract.captures-several").with("name", name).with("path", path);
            message.with("n", values.len()).with("values", &found)
        };
        let counted = Message::new("contract.captures-one").with("path", path).with("n", values.len());
        Finding {
            id: fingerprint(&[self.id, &step.id, "capture", name]),
            rule: "expectation".to_owned(),
            severity: Severity::Blocker,
            message,
            place,
            evidence: vec![Evidence::Note { message: counted }],
            fix: None,
        }
    }
}

/// A value as it stands in a query.
fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// Expectations, reasons and findings quote answers, and answers echo what they were sent: nothing secret may pass.
fn redact(result: &mut StepResult, redactor: &Redactor) {
    let expectations = result.expectations.iter_mut().map(|expectation| &mut expectation.message);
    let findings = result.findings.iter_mut().map(|finding| &mut finding.message);
    for message in result.reason.iter_mut().chain(expectations).chain(findings) {
        message.args.values_mut().for_each(|value| mask(value, redactor));
    }
    for evidence in result.findings.iter_mut().flat_map(|finding| &mut finding.evidence) {
        match evidence {
            Evidence::Difference { expected, actual, .. } => {
                mask(expected, redactor);
                mask(actual, redactor);
            }
            Evidence::Note { message } => message.args.values_mut().for_each(|value| mask(value, redactor)),
            _ => {}
        }
    }
}

fn mask(text: &mut String, redactor: &Redactor) {
    if let std::borrow::Cow::Owned(masked) = redactor.text(text) {
        *text = masked;
    }
}
