//! Chargebacks: `/v1/chargebacks`, the disputes of the sandbox's own payments.
//!
//! A payment that was charged back through the administration has one; its id is the payment's with a mark before it.
//! Responsible for telling of them. Not responsible for the dispute: the sandbox asks for no documentation and decides
//! nothing.

use serde_json::{Value, json};

use super::errors::{Checked, envelope};
use super::page::Page;
use super::payments::Payment;
use super::reply::Reply;
use super::router::Call;
use super::state::State;
use super::world::World;

/// Results on a page of a search, and the most.
const USUAL: usize = 30;
const MOST: usize = 1000;
/// What the id of a chargeback begins with.
const MARK: &str = "CB";

fn disputed(state: &State, owner: u64) -> Vec<Value> {
    let mut found = Vec::new();
    for payment in state.payments.iter() {
        if payment.collector == owner && payment.pair().0 == "charged_back" {
            found.push(body(payment));
        }
    }
    found
}

/// The answer: names and types of the response types of the official SDKs.
fn body(payment: &Payment) -> Value {
    let (currency, amount, date) = payment.dispute();
    json!({
        "id": format!("{MARK}{}", payment.id),
        "payment_id": payment.id,
        "payments": [payment.id],
        "currency": currency,
        "currency_id": currency,
        "amount": amount,
        "status": "in_process",
        "reason": "general",
        "coverage_applied": null,
        "coverage_elegible": true,
        "documentation_required": false,
        "documentation_status": "not_supplied",
        "documentation": [],
        "date_documentation_deadline": null,
        "date_created": date,
        "date_last_updated": date,
        "live_mode": false,
    })
}

/// `GET /v1/chargebacks/search`: `payment_id`, `id` and `status` have to be equal.
pub(super) fn search(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Some(page) = Page::of(call, USUAL, MOST) else {
        return Ok(envelope(400, "bad_request", "invalid limit or offset", json!([])));
    };
    let state = world.state();
    let mut found = disputed(&state, account.user_id);
    for name in ["id", "payment_id", "status"] {
        if let Some(wanted) = call.param(name).filter(|wanted| !wanted.is_empty()) {
            found.retain(|one| super::json::as_text(&one[name]).as_deref() == Some(wanted));
        }
    }
    let paging = json!({ "total": found.len(), "limit": page.limit, "offset": page.offset });
    let results: Vec<&Value> = page.cut(found.iter()).collect();
    Ok(Reply::json(200, json!({ "paging": paging, "results": results })))
}

/// `GET /v1/chargebacks/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    let found = disputed(&state, account.user_id).into_iter().find(|one| one["id"] == id);
    let unknown = || envelope(404, "not_found", "Chargeback not found", json!([]));
    Ok(found.map_or_else(unknown, |one| Reply::json(200, one)))
}
