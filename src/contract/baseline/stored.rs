//! A stored record in place of a run: what it kept of the answers is looked at as if they came now.
//!
//! A record bounds bodies; what it kept in part only is no basis for a baseline and is told, never guessed.

use super::{Observer, stem};
use crate::contract::exchange::Answer;
use crate::i18n::Message;
use crate::run::{ContractRecord, Exchange, RunRecord, Verdict};
use crate::secret::Redactor;

/// Most steps that a message names.
const MOST_NAMED: usize = 5;

/// Why a record cannot become a baseline; `None` when it has all that is needed.
pub fn lacks(record: &RunRecord) -> Option<Message> {
    let Some(contract) = &record.contract else { return Some(Message::new("baseline.record-no-contract")) };
    if !record.complete || contract.target.is_none() {
        return Some(Message::new("baseline.record-partial"));
    }
    let steps = contract.scenarios.iter().flat_map(|scenario| {
        let lost = |step: &&crate::run::StepResult| match &step.exchange {
            // Of an abridged scenario a passed step has lost its exchange, or never had one: nobody can tell.
            None => scenario.abridged && step.verdict == Verdict::Pass,
            Some(exchange) => exchange.truncated && exchange.status.is_some() && step.verdict != Verdict::Inconclusive,
        };
        scenario.steps.iter().filter(lost).map(|step| format!("{}#{}", scenario.id, step.id))
    });
    let steps: Vec<String> = steps.collect();
    if steps.is_empty() {
        return None;
    }
    let mut names = steps.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if steps.len() > MOST_NAMED {
        names.push_str(", …");
    }
    Some(Message::new("baseline.record-cut").with("n", steps.len()).with("names", names))
}

impl Observer {
    /// Looks at everything that a record holds; gives the ids of its scenarios, without row and site.
    pub fn see_stored(&self, contract: &ContractRecord) -> std::collections::BTreeSet<String> {
        if let Some(target) = &contract.target {
            self.begin(target.clone(), Redactor::default());
        }
        for scenario in &contract.scenarios {
            for step in &scenario.steps {
                let Some(exchange) = &step.exchange else { continue };
                let Some(answer) = answer(exchange) else { continue };
                let url = url::Url::parse(&exchange.url);
                let path = exchange.path.as_deref().unwrap_or_else(|| url.as_ref().map_or("", url::Url::path));
                self.see(&scenario.id, &step.id, &exchange.method, path, &answer);
            }
            self.finished(scenario);
        }
        self.end();
        contract.scenarios.iter().map(|scenario| stem(&scenario.id).to_owned()).collect()
    }
}

fn answer(exchange: &Exchange) -> Option<Answer> {
    let body = exchange.response_body.clone().unwrap_or_default();
    let json = serde_json::from_str(&body).ok();
    let headers = exchange.response_headers.clone();
    Some(Answer { status: exchange.status?, headers, body, json, cut: exchange.truncated, ..Answer::default() })
}
