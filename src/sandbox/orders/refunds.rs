//! `/v1/orders/{id}/refund`: giving back all of an order or a part of its payment.

use serde_json::{Map, Value, json};

use super::actions::paid_by;
use super::create::{inner, ulid};
use super::errors::{Answered, OrderError, demand};
use super::request::{amount, hundredths, object, written};
use super::{Order, OrderRefund, asker, owner, put, remember, replayed, shape, status};
use crate::sandbox::payments;
use crate::sandbox::reply::{Body, Reply};
use crate::sandbox::router::Call;
use crate::sandbox::world::World;

/// `POST`: 201 with the order. Without a body all that is left goes back.
pub(super) fn refund(world: &World, call: &Call, id: &str) -> Answered<Reply> {
    let asker = asker(world, call)?;
    if let Some(reply) = replayed(world, call, &asker)? {
        return Ok(reply);
    }
    let body = object(call, true)?;
    let mut order = status::current(world, id, asker.account)?;
    let part = part(&body, &order)?;
    match status::of(&order).0 {
        "processed" => {}
        "refunded" => return Err(OrderError::new(409, "order_already_refunded")),
        _ => return Err(OrderError::new(409, "cannot_refund_order")),
    }
    let payment = paid_by(&order).ok_or_else(|| OrderError::new(409, "cannot_refund_order"))?;
    let transaction = order.payments.first().map(|one| (one.id.clone(), one.amount.clone(), one.refunded.clone()));
    let (transaction, whole, refunded) = transaction.unwrap_or_default();
    let left = hundredths(&whole) - hundredths(&refunded);
    let back = part.as_deref().map_or(left, hundredths);
    demand(back <= left, "refund_amount_exceeds", "transactions[0].amount")?;
    let asked = part.as_ref().map_or(Value::Null, |_| json!({ "amount": back as f64 / 100.0 }));
    let key = format!("{} {}", asker.key, order.id);
    let path = format!("/v1/payments/{payment}/refunds");
    let given = inner(call, "POST", &path, &key, &asked, |inner| payments::refund(world, inner, &payment.to_string()));
    let reference = match given {
        Ok(Reply { body: Body::Json(refund), .. }) => refund.get("id").and_then(Value::as_u64).unwrap_or_default(),
        Ok(_) | Err(_) => return Err(OrderError::new(409, "cannot_refund_order")),
    };
    let now = world.now();
    let ids = call.ids(world).part(&asker.account.user_id.to_string());
    let amount = written(back);
    order.refunds.push(OrderRefund { id: ulid("REF", world, &ids), transaction, reference, amount, created: now });
    order.updated = now;
    put(world, order);
    let order = status::current(world, id, asker.account)?;
    remember(world, call, &asker, 201, &order);
    Ok(Reply::json(201, shape::order(&order)))
}

/// The amount asked for, if only a part is.
fn part(body: &Map<String, Value>, order: &Order) -> Answered<Option<String>> {
    if let Some(name) = body.keys().find(|name| *name != "transactions") {
        let name: String = name.chars().take(128).collect();
        return Err(OrderError::property("unsupported_properties", name));
    }
    let Some(list) = body.get("transactions").filter(|list| !list.is_null()) else { return Ok(None) };
    let list = list.as_array().ok_or_else(|| OrderError::property("property_type", "transactions"))?;
    demand(!list.is_empty(), "minimum_items", "transactions")?;
    demand(list.len() == 1, "maximum_items", "transactions")?;
    let one = list.first().and_then(Value::as_object);
    let one = one.ok_or_else(|| OrderError::property("property_type", "transactions[0]"))?;
    let id = one.get("id").ok_or_else(|| OrderError::property("required_properties", "transactions[0].id"))?;
    let id = id.as_str().ok_or_else(|| OrderError::property("property_type", "transactions[0].id"))?;
    if !order.payments.iter().any(|payment| payment.id == id) {
        return Err(OrderError { status: 404, code: "transaction_not_found", details: vec![status::short(id)] });
    }
    let path = "transactions[0].amount";
    match one.get("amount") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => amount(text, path).map(|text| Some(text.to_owned())),
        Some(_) => Err(OrderError::property("property_type", path)),
    }
}

/// `GET`: the refunds of an order.
pub(super) fn list(world: &World, call: &Call, id: &str) -> Answered<Reply> {
    let account = owner(world, call)?;
    let order = status::current(world, id, account)?;
    let refunds: Vec<Value> = order.refunds.iter().map(shape::refund).collect();
    Ok(Reply::json(200, json!({ "refunds": refunds })))
}
