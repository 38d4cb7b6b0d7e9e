//! What an answer shows beside what the step expects, and what later steps take from it.

use serde_json::{Value, json};

use super::State;
use crate::contract::exchange::{Answer, Prepared};
use crate::contract::expect::{self, Context};
use crate::contract::json_path;
use crate::contract::scenario::{Action, Step, Unfilled, no_value};
use crate::i18n::Message;
use crate::run::{Evidence, Expectation, Finding, Severity, StepResult, Verdict, fingerprint};

impl State<'_> {
    /// Compares an answer with what the step expects, and takes from it what later steps need.
    ///
    /// # Errors
    /// Why nothing can be compared: a variable of the expectations has no value.
    pub(super) fn compare(&mut self, step: &Step, prepared: &Prepared, answer: &Answer) -> Result<StepResult, Message> {
        let no_value = |unfilled: Unfilled| no_value(&unfilled.name);
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

    /// Adds a note when the answer took longer than the step says; how long answers take is no contract.
    pub(super) fn timed(&self, step: &Step, elapsed_ms: u64, mut result: StepResult) -> StepResult {
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
}
