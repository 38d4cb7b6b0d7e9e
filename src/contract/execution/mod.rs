//! Executing one scenario: its steps in order, what each answer shows, and the steps that tidy up at the end.
//!
//! Not responsible for which scenarios run when (see `runner.rs`) nor for how a request reaches the target (see
//! `transport.rs`).

mod ask;
mod compare;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use super::baseline::Observer;
use super::coverage::Tally;
use super::exchange::{self, Answer, Prepared, Refusal, milliseconds};
use super::plan::{self, Plan};
use super::preflight::Known;
use super::recording::{self, Place, Tape};
use super::scenario::{Action, Step, Variables};
use super::serial::Serial;
use super::target::Target;
use super::transport::Transport;
use crate::i18n::Message;
use crate::ids::Ids;
use crate::run::{
    Evidence, Expectation, Finding, ScenarioResult, Severity, Span, StepResult, Stop, Verdict, fingerprint,
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

    /// From a moment of the scenario, in milliseconds since it began, until now. A replay waits for nothing and is none
    /// the wiser.
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
