//! `PUT /v1/payments/{id}`: capture, cancel, move the expiration.

use serde_json::Value;

use super::money::{Amount, Money};
use super::{find, settle, shape, validation};
use crate::sandbox::errors::{Checked, Refusal, demand};
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::world::World;

/// Whether a body asks for a status that the service alone decides.
fn decided_elsewhere(status: Option<&Value>) -> bool {
    let status = status.and_then(Value::as_str);
    matches!(
        status,
        Some("approved" | "authorized" | "in_process" | "in_mediation" | "rejected" | "refunded" | "charged_back")
    )
}

/// Answers 200 with the payment.
///
/// Capture: 4023 and 4024 for the amount, 3005 unless it is authorized (a captured one stays as it is), 4037 and 2017
/// for an amount that is zero or above the authorized one. Cancel: 2018 unless it waits for something. Any other
/// status is 2016, and a request that asks for nothing is 4017.
pub(in crate::sandbox) fn update(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let now = world.now();
    let mut state = world.state();
    settle(&mut state, id, now);
    let body = call.object();
    let missing = |refusal: Refusal| match &body {
        // No seller sets these, and nobody those of what he does not have (suite of mercadopago/sdk-ruby).
        Ok(body) if refusal.code == "2000" && decided_elsewhere(body.get("status")) => Refusal::new(403, "3002"),
        _ => refusal,
    };
    let payment = find(&mut state, id, account, "3002").map_err(missing)?;
    let body = body?;
    let expires = validation::expiration(body.get("date_of_expiration").filter(|date| !date.is_null()), now)?;
    if body.get("capture") == Some(&Value::Bool(true)) {
        let amount = match body.get("transaction_amount") {
            None => payment.amount,
            Some(value) => match Money::read(Some(value), payment.site.decimals) {
                Amount::Missing => return Err(Refusal::bad("4023")),
                Amount::NotNumeric => return Err(Refusal::bad("4024")),
                Amount::Is(Money::ZERO) | Amount::Impossible => return Err(Refusal::bad("4037")),
                Amount::Is(amount) => amount,
            },
        };
        match payment.status {
            "authorized" => {
                demand(amount <= payment.amount, "2017")?;
                // The captured amount becomes the amount of the payment (suite of mercadopago/sdk-nodejs).
                payment.amount = amount;
                payment.captured = true;
                payment.approved = Some(now);
                payment.set("approved", "accredited", now);
            }
            "approved" => {}
            _ => return Err(Refusal::bad("3005")),
        }
    } else if let Some(status) = body.get("status") {
        demand(!status.is_null(), "4017")?;
        demand(status == "cancelled", "2016")?;
        demand(matches!(payment.status, "pending" | "in_process" | "authorized"), "2018")?;
        payment.set("cancelled", "by_collector", now);
    } else if let Some(expires) = expires {
        demand(payment.status == "pending", "2018")?;
        payment.expires = Some(expires);
        payment.updated = now;
    } else {
        return Err(Refusal::bad("4017"));
    }
    let payment = payment.clone();
    drop(state);
    Ok(shape::reply(200, &payment))
}
