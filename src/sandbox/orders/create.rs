//! `POST /v1/orders`, and how an order pays: by a payment of this same sandbox.

use axum::http::HeaderValue;
use serde_json::{Map, Value, json};

use super::errors::{Answered, Inside, inside};
use super::request::{NewPayment, hundredths};
use super::{Order, Transaction, asker, put, remember, replayed, request, shape, status};
use crate::ids::Ids;
use crate::sandbox::errors::Refusal;
use crate::sandbox::faults;
use crate::sandbox::payments;
use crate::sandbox::reply::{Body, Reply};
use crate::sandbox::router::Call;
use crate::sandbox::world::World;
use crate::specs::sites;

/// Answers 201 with the order, 402 with the order inside when its card was refused.
pub(super) fn create(world: &World, call: &Call) -> Answered<Reply> {
    let asker = asker(world, call)?;
    if let Some(reply) = replayed(world, call, &asker)? {
        return Ok(reply);
    }
    let new = request::order(call)?;
    let now = world.now();
    let ids = call.ids(world).part(&asker.account.user_id.to_string());
    let token = call.bearer().or_else(|| call.param("access_token")).unwrap_or_default();
    let application = token.split('-').nth(1).unwrap_or_default().to_owned();
    let mut order = Order {
        id: ulid("ORD", world, &ids),
        owner: asker.account.user_id,
        site: asker.account.site.clone(),
        application,
        manual: new.manual,
        capture_mode: new.capture_mode,
        total: new.total,
        created: now,
        updated: now,
        canceled: false,
        payments: new.payments.into_iter().map(|payment| transaction(payment, world, &ids)).collect(),
        refunds: Vec::new(),
        sent: new.sent,
    };
    if !order.manual {
        pay(world, call, &mut order)?;
    }
    let status = outcome_status(&order, 201);
    let reply = shape::reply(status, &order);
    remember(world, call, &asker, status, &order);
    put(world, order);
    Ok(reply)
}

/// 402 when the card was refused, else what the request is answered with.
pub(super) fn outcome_status(order: &Order, usual: u16) -> u16 {
    if status::of(order).0 == "failed" { 402 } else { usual }
}

/// A transaction that waits to be processed.
pub(super) fn transaction(new: NewPayment, world: &World, ids: &Ids) -> Transaction {
    Transaction {
        id: ulid("PAY", world, ids),
        amount: new.amount,
        method: new.method,
        expires: new.expires,
        payment: None,
        pair: ("created", "ready_to_process"),
        instructions: Map::new(),
        refunded: "0.00".to_owned(),
    }
}

/// Makes the payment of every transaction. A refusal of the request leaves nothing behind; a card that cannot be charged
/// fails its transaction.
pub(super) fn pay(world: &World, call: &Call, order: &mut Order) -> Answered {
    let deferred = order.capture_mode != "automatic" && defers(order);
    let asynchronous = order.capture_mode == "automatic_async";
    for index in 0..order.payments.len() {
        let body = payment_body(order, &order.payments[index], deferred);
        // Of the transaction alone: two requests that process it at once make one payment.
        let key = format!("order {}", order.payments[index].id);
        let paid = inner(call, "POST", "/v1/payments", &key, &body, |inner| payments::create(world, inner));
        let transaction = &mut order.payments[index];
        match paid {
            Ok(Reply { body: body @ Body::Payment(..), .. }) => {
                transaction.payment = body.payment_id();
                transaction.instructions = instructions(&body.into_json().unwrap_or_default());
                let id = transaction.payment.unwrap_or_default();
                let pair = world.state().payments.get(&id).map(|payment| payment.pair());
                if let Some(pair) = pair {
                    status::refresh(transaction, pair, asynchronous);
                }
            }
            Ok(_) => transaction.pair = ("failed", "rejected_by_issuer"),
            Err(refusal) => match inside(&refusal) {
                Inside::Refused(error) => return Err(error),
                Inside::Failed(detail) => transaction.pair = ("failed", detail),
            },
        }
    }
    order.updated = world.now();
    Ok(())
}

/// Whether the method can authorise now and capture later; what cannot is paid at once.
fn defers(order: &Order) -> bool {
    let method = order.payments.first().and_then(|payment| payment.method.get("id")).and_then(Value::as_str);
    let site = sites::get(&order.site);
    let method = site.zip(method).and_then(|(site, id)| site.payment_method(id));
    method.is_some_and(|method| method.deferred_capture == "supported")
}

/// A request of this order's own to the payments: with the credential of the one that came, but a key of its own.
pub(super) fn inner<T>(
    call: &Call,
    method: &str,
    path: &str,
    key: &str,
    body: &Value,
    ask: impl FnOnce(&Call) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let mut headers = call.headers.clone();
    headers.remove(faults::HEADER);
    // The key came as a header, and ids are letters and digits.
    if let Ok(key) = HeaderValue::from_str(key) {
        headers.insert("x-idempotency-key", key);
    }
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let mut inner = Call::new(method, path, &headers, &bytes);
    inner.query.clone_from(&call.query);
    ask(&inner)
}

/// The order's transaction as a body of `POST /v1/payments`.
fn payment_body(order: &Order, transaction: &Transaction, deferred: bool) -> Value {
    let mut body = Map::new();
    let amount = hundredths(&transaction.amount) as f64 / 100.0;
    body.insert("transaction_amount".to_owned(), json!(amount));
    for (from, to) in [
        ("id", "payment_method_id"),
        ("token", "token"),
        ("installments", "installments"),
        ("statement_descriptor", "statement_descriptor"),
    ] {
        if let Some(value) = transaction.method.get(from) {
            body.insert(to.to_owned(), value.clone());
        }
    }
    for name in ["external_reference", "description"] {
        if let Some(value) = order.sent.get(name) {
            body.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(expires) = &transaction.expires {
        body.insert("date_of_expiration".to_owned(), expires.clone());
    }
    if deferred {
        body.insert("capture".to_owned(), json!(false));
    }
    if let Some(bank) = transaction.method.get("financial_institution") {
        body.insert("transaction_details".to_owned(), json!({ "financial_institution": bank }));
    }
    body.insert("payer".to_owned(), payer(order));
    Value::Object(body)
}

fn payer(order: &Order) -> Value {
    let Some(sent) = order.sent.get("payer").and_then(Value::as_object) else { return json!({}) };
    let mut payer = Map::new();
    for name in ["email", "first_name", "last_name", "identification", "phone", "address", "entity_type"] {
        if let Some(value) = sent.get(name) {
            payer.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(customer) = sent.get("customer_id").filter(|customer| !customer.is_null()) {
        payer.insert("type".to_owned(), json!("customer"));
        payer.insert("id".to_owned(), customer.clone());
    }
    Value::Object(payer)
}

/// What a buyer needs who pays elsewhere.
fn instructions(payment: &Value) -> Map<String, Value> {
    let interaction = &payment["point_of_interaction"]["transaction_data"];
    let details = &payment["transaction_details"];
    let told = [
        ("ticket_url", &interaction["ticket_url"]),
        ("qr_code", &interaction["qr_code"]),
        ("qr_code_base64", &interaction["qr_code_base64"]),
        ("ticket_url", &details["external_resource_url"]),
        ("barcode_content", &details["barcode"]["content"]),
        ("digitable_line", &details["digitable_line"]),
        ("reference", &details["payment_method_reference_id"]),
        ("verification_code", &details["verification_code"]),
        ("redirect_url", &payment["point_of_interaction"]["transaction_data"]["redirect_url"]),
    ];
    let mut instructions = Map::new();
    for (name, value) in told {
        if value.is_string() {
            instructions.entry(name).or_insert_with(|| value.clone());
        }
    }
    instructions
}

/// An id as orders have them: a prefix, ten characters of time, sixteen of chance, in Crockford's base 32.
pub(super) fn ulid(prefix: &str, world: &World, ids: &Ids) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let digit = |number: u64| char::from(DIGITS[(number % 32) as usize]);
    let millisecond = u64::try_from(world.now().as_millisecond()).unwrap_or_default();
    let time = (0..10).rev().map(|place| digit(millisecond >> (5 * place)));
    let chance = (0..16).map(|_| digit(ids.below(32)));
    prefix.chars().chain(time).chain(chance).collect()
}
