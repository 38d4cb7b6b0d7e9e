//! Sending the request of a step, and what becomes of it: an answer, none, or an unknown outcome that is looked up.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::{Shared, State, skipped};
use crate::contract::exchange::{self, Answer, Prepared};
use crate::contract::scenario::{Action, Step};
use crate::contract::transport::{Reply, Unanswered};
use crate::contract::unknown_outcome::{self, Found};
use crate::contract::{environment, expect, judge, recording};
use crate::i18n::Message;
use crate::run::{
    Attempt, Evidence, Exchange, Expectation, Finding, MOST_WHOLE, Severity, StepResult, Verdict, fingerprint,
};

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

impl<'s> State<'s> {
    /// Sends a request once and compares its answer.
    pub(super) async fn ask(&mut self, step: &'s Step, prepared: &Arc<Prepared>) -> StepResult {
        let redactor = &*self.redactor.clone();
        *self.asked.entry(&step.id).or_default() += 1;
        let place = self.place(step);
        let clock = jiff::Timestamp::now();
        let reply = self.shared.transport.send(prepared, &self.statuses(step), self.began, place, redactor).await;
        if let Some(recorder) = &self.shared.tape.write {
            let (answer, elapsed) = match &reply.outcome {
                Ok((answer, elapsed)) => (Ok(answer), *elapsed),
                Err(unanswered) => (Err(&unanswered.problem.message), 0),
            };
            recorder.keep(recording::Entry::of(place, prepared, answer, (reply.started_ms, elapsed), redactor));
        }
        if unknown_outcome::is_unknown(prepared, &reply, &self.statuses(step)) {
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

    /// The statuses that a step expects, in the row that runs.
    fn statuses<'t>(&self, step: &'t Step) -> Cow<'t, [u16]> {
        step.expect.statuses(self.plan.row(), &self.plan.scenario.variables)
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
        let mut result = match unknown_outcome::look_up(transport, stop, prepared, &self.statuses(step), began).await {
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
}

/// A value as it stands in a query.
fn encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}
