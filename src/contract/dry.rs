//! The requests that a run would send, without sending any. What only an answer can give stands as `${name}`.

use serde::Serialize;
use serde_json::{Value, json};

use super::exchange::{self, Prepared, Refusal};
use super::plan::{self, Plan};
use super::scenario::{Action, Scenario, Step};
use super::target::Target;
use crate::i18n::{Message, Text};
use crate::ids::Ids;
use crate::run::Exchange;
use crate::secret::Redactor;

/// One scenario that would run.
#[derive(Debug, Serialize)]
pub struct DryScenario {
    /// Id of the result: scenario, row and site.
    pub id: String,
    /// Name.
    pub name: Text,
    /// File.
    pub file: String,
    /// Site.
    pub site: String,
    /// The steps, those of `finally` at the end.
    pub steps: Vec<DryStep>,
}

/// One step that would run.
#[derive(Debug, Serialize)]
pub struct DryStep {
    /// Id.
    pub id: String,
    /// The file it stands in: that of the scenario, or a fragment.
    pub file: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Whether it runs at the end, whatever happened.
    pub finally: bool,
    /// Whether the request would be repeated until the expectations hold.
    pub until: bool,
    /// The request, masked; `None` when nothing would be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<DryRequest>,
    /// Why nothing would be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Message>,
}

/// A request with credentials and cards masked.
#[derive(Debug, Serialize)]
pub struct DryRequest {
    /// Method.
    pub method: String,
    /// Full URL.
    pub url: String,
    /// Headers.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Body, bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What the scenarios would send to a target. The same seed gives the same generated values as a run.
pub fn dry_run(scenarios: Vec<Scenario>, target: &Target, seed: u64) -> Vec<DryScenario> {
    let (ids, redactor) = (Ids::seeded(seed), Redactor::new(target.secrets()));
    plan::plan(scenarios, target).iter().map(|plan| scenario(plan, target, &ids, &redactor)).collect()
}

fn scenario(plan: &Plan, target: &Target, ids: &Ids, redactor: &Redactor) -> DryScenario {
    let id = plan.id();
    let ids = ids.part(&id);
    let mut variables = plan::variables(plan, &ids, None);
    let mut captured: Vec<String> = Vec::new();
    let mut sent: Vec<(&str, Prepared)> = Vec::new();
    let mut steps = Vec::new();
    let first_of_finally = plan.scenario.steps.len();
    for (index, step) in plan.scenario.every_step().enumerate() {
        let dry = |request: Option<DryRequest>, reason: Option<Message>| DryStep {
            id: step.id.clone(),
            file: step.source.file.to_string(),
            line: step.mark.line,
            finally: index >= first_of_finally,
            until: step.poll.is_some(),
            request,
            reason,
        };
        if !target.kind.is_among(&step.targets) {
            steps.push(dry(None, Some(Message::new("contract.other-target"))));
            continue;
        }
        if plan.has_variables {
            variables.set("uuid", json!(ids.uuid()));
            variables.set("hex32", json!(ids.hex32()));
        }
        let prepared = match &step.action {
            Action::Wait(duration) => {
                steps.push(dry(None, Some(Message::new("contract.waits").with("ms", duration.as_millis()))));
                continue;
            }
            Action::Send(request) => exchange::prepare(request, target, &plan.site, &variables, &ids),
            Action::Repeat(id) => match sent.iter().find(|(other, _)| other == id) {
                Some((_, prepared)) => Ok(prepared.clone()),
                None => Err(Refusal::CannotRun(Message::new("contract.not-run").with("step", id))),
            },
        };
        match prepared {
            Ok(prepared) => {
                let own = redactor.with(prepared.secrets());
                let exchange = prepared.exchange(None, 0, own.as_ref().unwrap_or(redactor));
                steps.push(dry(Some(request(exchange, &captured)), None));
                sent.push((&step.id, prepared));
                capture(step, &mut captured, &mut variables);
            }
            Err(Refusal::NoValue(name)) => {
                steps.push(dry(None, Some(super::scenario::no_value(&name))));
            }
            Err(Refusal::CannotRun(reason) | Refusal::Refused(reason)) => steps.push(dry(None, Some(reason))),
        }
    }
    DryScenario {
        id,
        name: plan::name(plan),
        file: plan.scenario.source.file.to_string(),
        site: plan.site.clone(),
        steps,
    }
}

/// Stands for a captured value until it is shown: of letters that no address and no JSON escapes.
fn stand_in(index: usize) -> String {
    format!("homologa-captured-{index}-value")
}

fn capture(step: &Step, captured: &mut Vec<String>, variables: &mut super::scenario::Variables) {
    for (name, _, _) in step.capture.iter().chain(&step.capture_headers) {
        variables.set(name, Value::String(stand_in(captured.len())));
        captured.push(name.clone());
    }
}

fn request(exchange: Exchange, captured: &[String]) -> DryRequest {
    let shown = |text: String| {
        captured.iter().enumerate().fold(text, |text, (index, name)| {
            if text.contains("homologa-captured-") {
                text.replace(&stand_in(index), &format!("${{{name}}}"))
            } else {
                text
            }
        })
    };
    DryRequest {
        method: exchange.method,
        url: shown(exchange.url),
        headers: exchange.request_headers.into_iter().map(|(name, value)| (name, shown(value))).collect(),
        body: exchange.request_body.map(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::TargetKind;
    use crate::contract::scenario::read;
    use crate::yaml::Source;

    const SCENARIO: &str = r#"
name: x
variables: { half: "42424242" }
steps:
  - id: token
    post: /v1/card_tokens
    as: public-key
    card: { brand: master, holder: APRO }
    expect: { status: 201 }
    capture: { token: $.id }
  - id: pay
    post: /v1/payments
    body: { token: "${token}", transaction_amount: 58 }
    expect: { status: 201 }
    capture: { payment: $.id }
  - { repeat: pay, expect: { status: 200 } }
  - { wait: 500ms }
  - get: "/v1/payments/${payment}"
    until: { status: 200 }
  - { get: /v1/payments/1, targets: embedded, expect: { status: 404 } }
  - { post: /v1/payments, body: { n: "${half}${half}" }, expect: { status: 400 } }
finally:
  - { put: "/v1/payments/${payment}", body: { status: cancelled }, expect: { status: 200 } }
"#;

    fn target() -> Target {
        Target {
            kind: TargetKind::Url,
            base: "https://api.example/".parse().unwrap(),
            site: "MLA".to_owned(),
            access_token: Some("TEST-1234567890123456-112233-abcdefabcdefabcdefabcdefabcdef12-99".into()),
            public_key: Some("TEST-11112222-3333-4444-5555-666677778888".to_owned()),
        }
    }

    #[test]
    fn requests_are_shown_with_names_for_what_comes_and_masks_for_what_is_secret() {
        let scenario = read(&Source::new("x.yaml", SCENARIO), "x").unwrap();
        let drawn = dry_run(vec![scenario.clone()], &target(), 7);
        let steps = &drawn[0].steps;
        let sent = |index: usize| steps[index].request.as_ref().unwrap();
        assert_eq!(steps.len(), 8);
        assert_eq!(sent(0).method, "POST");
        assert!(sent(1).body.as_ref().unwrap().contains("\"${token}\""), "{:?}", sent(1).body);
        assert_eq!(sent(1).headers["x-idempotency-key"], sent(2).headers["x-idempotency-key"]);
        assert!(steps[3].request.is_none() && steps[3].reason.is_some());
        assert_eq!(sent(4).url, "https://api.example/v1/payments/${payment}");
        assert!(steps[4].until);
        assert_eq!(steps[5].reason.as_ref().unwrap().key, "contract.other-target");
        assert_eq!(steps[6].reason.as_ref().unwrap().key, "contract.real-card");
        assert!(steps[7].finally && sent(7).url.ends_with("/${payment}"));
        let text = serde_json::to_string(&drawn).unwrap();
        assert!(!text.contains("abcdefabcdef") && !text.contains("5031755734530604"), "{text}");
        assert!(!text.contains("homologa-captured"), "{text}");
        let again = serde_json::to_string(&dry_run(vec![scenario], &target(), 7)).unwrap();
        assert_eq!(text, again, "the same seed shows the same");
    }

    #[test]
    fn no_number_of_a_card_leaves_wherever_it_would_stand() {
        let steps = [
            r#"get: "/v1/x/${n}""#,
            r#"get: "/v1/x/a-${n}-b""#,
            r#"get: /v1/x, query: { q: "n ${n}" }"#,
            r#"get: /v1/x, headers: { x-note: "${n}." }"#,
            r#"post: /v1/x, body: "pague con ${n} hoy""#,
            r#"post: /v1/x, body: { n: { "m": ["${spaced}"] } }"#,
            r#"post: /v1/x, body: { n: "${dotted}" }"#,
            r#"post: /v1/x, raw-body: "n=${n}&m=1""#,
            r#"post: /v1/x, raw-body: '{"n":"${n}"}'"#,
        ];
        let steps: String = steps.iter().map(|step| format!("  - {{ {step}, expect: {{ status: 200 }} }}\n")).collect();
        let text = format!(
            "name: x\nvariables:\n  h: '42424242'\n  n: '${{h}}${{h}}'\n  q: '4242'\n  \
             spaced: \"${{q}}\\u00a0${{q}} ${{q}} ${{q}}\"\n  dotted: '${{q}}.${{q}}.${{q}}.${{q}}'\nsteps:\n{steps}"
        );
        let scenario = read(&Source::new("x.yaml", &text), "x").unwrap();
        let drawn = dry_run(vec![scenario], &target(), 7);
        for step in &drawn[0].steps {
            let reason = step.reason.as_ref().unwrap_or_else(|| panic!("line {}: sent", step.line));
            assert_eq!((reason.key.as_ref(), reason.args["ending"].as_str()), ("contract.real-card", "4242"));
        }
        let told = serde_json::to_string(&drawn).unwrap().replace("\"4242\"", "");
        assert!(!told.contains("4242"), "{told}");
    }
}
