//! Reading, processing, capturing and canceling an order.

use serde_json::{Value, json};

use super::create::{inner, outcome_status, pay};
use super::errors::{Answered, OrderError, demand};
use super::request::hundredths;
use super::{Asker, Order, asker, owner, put, remember, replayed, request, shape, status};
use crate::sandbox::payments;
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::world::World;

/// `GET /v1/orders/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Answered<Reply> {
    let account = owner(world, call)?;
    Ok(Reply::json(200, shape::order(&status::current(world, id, account)?)))
}

/// `POST /v1/orders/{id}/process`: only a manual order that has a payment and was not processed.
pub(super) fn process(world: &World, call: &Call, id: &str) -> Answered<Reply> {
    act(world, call, id, |_, order| {
        if !order.manual {
            return Err(OrderError::new(400, "invalid_order_mode_for_operation"));
        }
        if order.payments.is_empty() {
            return Err(OrderError::new(400, "order_builder_without_transactions"));
        }
        if status::of(order).0 != "created" {
            return Err(OrderError::new(409, "operation_not_supported"));
        }
        let sum: i64 = order.payments.iter().map(|payment| hundredths(&payment.amount)).sum();
        demand(sum == hundredths(&order.total), "invalid_total_amount", "total_amount")?;
        pay(world, call, order)
    })
}

/// `POST /v1/orders/{id}/capture`: only what is authorised, all of it.
pub(super) fn capture(world: &World, call: &Call, id: &str) -> Answered<Reply> {
    act(world, call, id, |asker, order| {
        let refused = || OrderError::new(409, "cannot_capture_order");
        let waits = matches!(status::of(order), ("action_required", "waiting_capture") | ("processing", "in_process"));
        let payment = paid_by(order).filter(|_| waits).ok_or_else(refused)?;
        change(world, call, asker, order, payment, &json!({ "capture": true })).map_err(|_| refused())
    })
}

/// `POST /v1/orders/{id}/cancel`: what is not paid yet.
pub(super) fn cancel(world: &World, call: &Call, id: &str) -> Answered<Reply> {
    act(world, call, id, |asker, order| {
        match status::of(order).0 {
            "canceled" => return Err(OrderError::new(409, "order_already_canceled")),
            "created" => {
                order.canceled = true;
                return Ok(());
            }
            "action_required" | "processing" => {}
            _ => return Err(OrderError::new(409, "cannot_cancel_order")),
        }
        let refused = || OrderError::new(409, "cannot_cancel_order");
        let payment = paid_by(order).ok_or_else(refused)?;
        change(world, call, asker, order, payment, &json!({ "status": "cancelled" })).map_err(|_| refused())
    })
}

/// One step on an order under its idempotency key: 200 with the order, or 402 when a card was refused.
fn act(world: &World, call: &Call, id: &str, step: impl FnOnce(&Asker, &mut Order) -> Answered) -> Answered<Reply> {
    let asker = asker(world, call)?;
    if let Some(reply) = replayed(world, call, &asker)? {
        return Ok(reply);
    }
    // The body says nothing, but what is no JSON is refused.
    request::object(call, true)?;
    let mut order = status::current(world, id, asker.account)?;
    step(&asker, &mut order)?;
    order.updated = world.now();
    put(world, order);
    let order = status::current(world, id, asker.account)?;
    let code = outcome_status(&order, 200);
    remember(world, call, &asker, code, &order);
    Ok(shape::reply(code, &order))
}

/// The payment that an order made.
pub(super) fn paid_by(order: &Order) -> Option<u64> {
    order.payments.first()?.payment
}

/// Changes the payment of an order as its owner could.
fn change(
    world: &World,
    call: &Call,
    asker: &Asker,
    order: &Order,
    payment: u64,
    body: &Value,
) -> Result<(), crate::sandbox::errors::Refusal> {
    let path = format!("/v1/payments/{payment}");
    let key = format!("{} {}", asker.key, order.id);
    inner(call, "PUT", &path, &key, body, |inner| payments::update(world, inner, &payment.to_string())).map(drop)
}
