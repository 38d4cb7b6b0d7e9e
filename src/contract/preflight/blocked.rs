//! Which scenarios an account cannot run, after the trial: they stay open with the reason, and nothing is sent.

use crate::contract::plan::Plan;
use crate::contract::scenario::{Action, Method, Step};
use crate::contract::target::{Role, Target};
use crate::i18n::Message;
use crate::run::{Creation, Preflight, Stage};

/// What a step asks of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// A card token or a payment is to be created.
    Success(Stage),
    /// The same request, which is to be refused.
    Refusal(Stage),
}

fn needs<'p>(plan: &'p Plan, target: &'p Target) -> impl Iterator<Item = Need> + 'p {
    let steps = plan.scenario.steps.iter().filter(|step| target.kind.is_among(&step.targets));
    steps.filter_map(|step| need(plan, step))
}

fn need(plan: &Plan, step: &Step) -> Option<Need> {
    let Action::Send(request) = &step.action else { return None };
    // What is asked without the account's own credential says nothing of the account.
    if request.method != Method::Post || !matches!(request.role, Role::Seller | Role::PublicKey) {
        return None;
    }
    let stage = match request.path.as_str() {
        "/v1/card_tokens" => Stage::CardToken,
        "/v1/payments" => Stage::Payment,
        _ => return None,
    };
    let statuses = step.expect.statuses(plan.row(), &plan.scenario.variables);
    let success = step.expect.error.is_empty() && (statuses.is_empty() || statuses.iter().any(|status| *status < 400));
    Some(if success { Need::Success(stage) } else { Need::Refusal(stage) })
}

/// Whether a trial is worth its requests. On this machine a payment alone is none: it needs no card token, and what
/// listens there is seldom the whole API.
pub(super) fn needs_trial(plans: &[Plan], target: &Target) -> bool {
    plans.iter().any(|plan| {
        let needs: Vec<Need> = needs(plan, target).collect();
        let token = needs.contains(&Need::Success(Stage::CardToken));
        needs.contains(&Need::Success(Stage::Payment)) && (token || !target.local())
    })
}

/// Why the account cannot run a scenario, if it cannot.
pub(in crate::contract) fn blocked(preflight: &Preflight, plan: &Plan, target: &Target) -> Option<Message> {
    let Creation::Refused { stage, status, code, message } = &preflight.creation else { return None };
    // Who is refused as a whole is refused before anything else is looked at; other refusals come after the checks
    // that scenarios of refusals are about.
    let as_a_whole = matches!(status, 401 | 403);
    let hit = needs(plan, target).any(|need| match need {
        Need::Success(needed) => needed == *stage,
        Need::Refusal(needed) => as_a_whole && needed == *stage,
    });
    hit.then(|| {
        let reason = match stage {
            Stage::CardToken => Message::new("contract.cannot-token"),
            Stage::Payment => Message::new("contract.cannot-pay"),
        };
        let said = [code, message].into_iter().flatten().cloned().collect::<Vec<_>>().join(": ");
        reason.with("status", status).with("said", if said.is_empty() { "—".to_owned() } else { said })
    })
}
