//! `/v1/orders/{id}/transactions`: what a manual order will pay, while it has not been processed.

use serde_json::{Map, Value, json};

use super::create::transaction;
use super::errors::{Answered, OrderError, demand};
use super::request::{self, amount, hundredths, object};
use super::{Order, asker, owner, put, shape, status};
use crate::sandbox::accounts::Account;
use crate::sandbox::reply::{Body, Reply};
use crate::sandbox::router::Call;
use crate::sandbox::world::World;

/// `POST`: 201 with the payments.
pub(super) fn add(world: &World, call: &Call, id: &str) -> Answered<Reply> {
    let asker = asker(world, call)?;
    let mut order = open(world, id, asker.account)?;
    let body = object(call, false)?;
    unknown(&body, &["payments"])?;
    let payments = body.get("payments").ok_or_else(|| OrderError::property("required_properties", "payments"))?;
    let payments = request::payments(payments)?;
    demand(order.payments.is_empty(), "exceeded_number_of_transactions", "payments")?;
    let total = hundredths(&order.total);
    // A part of the total is taken (suite of mercadopago/sdk-ruby); whether it is enough is asked when it is processed.
    demand(payments.iter().all(|one| hundredths(&one.amount) <= total), "invalid_total_amount", "payments[0].amount")?;
    let ids = call.ids(world).part(&asker.account.user_id.to_string());
    order.payments = payments.into_iter().map(|payment| transaction(payment, world, &ids)).collect();
    order.updated = world.now();
    let list: Vec<Value> = order.payments.iter().map(|payment| shape::payment(&order, payment)).collect();
    put(world, order);
    Ok(Reply::json(201, json!({ "payments": list })))
}

/// `PUT /{transaction}`: changes the amount or parts of the payment method; 200 with the payment.
pub(super) fn update(world: &World, call: &Call, id: &str, transaction: &str) -> Answered<Reply> {
    let account = owner(world, call)?;
    let mut order = open(world, id, account)?;
    let index = place(&order, transaction)?;
    let body = object(call, false)?;
    unknown(&body, &["amount", "payment_method"])?;
    demand(!body.is_empty(), "minimum_properties", "body")?;
    match body.get("amount") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => {
            let text = amount(text, "amount")?;
            demand(hundredths(text) <= hundredths(&order.total), "invalid_total_amount", "amount")?;
            text.clone_into(&mut order.payments[index].amount);
        }
        Some(_) => return Err(OrderError::property("property_type", "amount")),
    }
    if let Some(method) = body.get("payment_method") {
        order.payments[index].method.extend(request::method(method, "payment_method")?);
    }
    order.updated = world.now();
    let reply = Reply::json(200, shape::payment(&order, &order.payments[index]));
    put(world, order);
    Ok(reply)
}

/// `DELETE /{transaction}`: 204.
pub(super) fn delete(world: &World, call: &Call, id: &str, transaction: &str) -> Answered<Reply> {
    let account = owner(world, call)?;
    let mut order = open(world, id, account)?;
    let index = place(&order, transaction)?;
    order.payments.remove(index);
    order.updated = world.now();
    put(world, order);
    Ok(Reply { status: 204, body: Body::Empty, retry_after: None })
}

/// The order, if its transactions may still change.
fn open(world: &World, id: &str, account: &Account) -> Answered<Order> {
    let order = status::current(world, id, account)?;
    if !order.manual {
        return Err(OrderError::new(400, "invalid_order_mode_for_operation"));
    }
    if status::of(&order).0 != "created" {
        return Err(OrderError::new(422, "operation_not_supported"));
    }
    Ok(order)
}

fn place(order: &Order, id: &str) -> Answered<usize> {
    let missing = || OrderError { status: 404, code: "transaction_not_found", details: vec![status::short(id)] };
    order.payments.iter().position(|payment| payment.id == id).ok_or_else(missing)
}

fn unknown(body: &Map<String, Value>, names: &[&str]) -> Answered {
    match body.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(OrderError::property("unsupported_properties", name.chars().take(128).collect::<String>())),
        None => Ok(()),
    }
}
