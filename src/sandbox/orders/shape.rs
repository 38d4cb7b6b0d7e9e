//! How an order is answered. Names and types follow the sample answers of the documentation and the response types of
//! the official SDKs: amounts, ids and the user as text, dates in UTC with microseconds, absent rather than null.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::errors::OrderError;
use super::request::{hundredths, written};
use super::{Order, OrderRefund, Transaction, status};
use crate::sandbox::reply::Reply;

/// The order; with 402 inside the envelope that says which transaction failed.
pub(super) fn reply(status: u16, order: &Order) -> Reply {
    if status != 402 {
        return Reply::json(status, self::order(order));
    }
    let details = order.payments.iter().map(|one| format!("{}: {}", one.id, one.pair.1)).collect();
    let mut body = OrderError { status, code: "failed", details }.body();
    body["data"] = self::order(order);
    Reply::json(status, body)
}

/// An order.
pub(super) fn order(order: &Order) -> Value {
    let (state, detail) = status::of(order);
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    put("id", json!(order.id));
    put("type", json!("online"));
    put("processing_mode", json!(if order.manual { "manual" } else { "automatic" }));
    for name in [
        "external_reference",
        "description",
        "marketplace",
        "marketplace_fee",
        "expiration_time",
        "checkout_available_at",
        "items",
        "config",
        "shipment",
        "additional_info",
        "taxes",
    ] {
        if let Some(value) = order.sent.get(name) {
            put(name, value.clone());
        }
    }
    put("total_amount", json!(order.total));
    let paid: i64 = order.payments.iter().filter(|one| is_paid(one)).map(|one| hundredths(&one.amount)).sum();
    if paid > 0 {
        put("total_paid_amount", json!(written(paid)));
    }
    put("country_code", json!(country(&order.site)));
    put("user_id", json!(order.owner.to_string()));
    put("status", json!(state));
    put("status_detail", json!(detail));
    put("capture_mode", json!(order.capture_mode));
    put("created_date", json!(date(order.created)));
    put("last_updated_date", json!(date(order.updated)));
    let mut integration = json!({ "application_id": order.application });
    for name in ["integrator_id", "platform_id", "corporation_id", "sponsor"] {
        if let Some(value) = order.sent.get("integration_data").and_then(|data| data.get(name)) {
            integration[name] = value.clone();
        }
    }
    put("integration_data", integration);
    if let Some(payer) = order.sent.get("payer") {
        put("payer", payer.clone());
    }
    let mut transactions =
        json!({ "payments": order.payments.iter().map(|one| payment(order, one)).collect::<Vec<_>>() });
    if !order.refunds.is_empty() {
        transactions["refunds"] = order.refunds.iter().map(refund).collect();
    }
    // An order from which the only payment was taken away has none (suite of mercadopago/sdk-dotnet).
    if !order.payments.is_empty() || !order.refunds.is_empty() {
        put("transactions", transactions);
    } else if order.manual && state == "created" {
        // Where a buyer would choose how to pay; the host is reserved (RFC 2606) and leads nowhere.
        put("checkout_url", json!(format!("https://sandbox.example/checkout/v1/redirect?order_id={}", order.id)));
    }
    Value::Object(body)
}

/// A payment of an order.
pub(super) fn payment(order: &Order, transaction: &Transaction) -> Value {
    let (state, detail) = match transaction.pair {
        ("created", _) if order.canceled => ("canceled", "canceled_transaction"),
        pair => pair,
    };
    let mut method = transaction.method.clone();
    method.extend(transaction.instructions.clone());
    let security = order.sent.get("config").and_then(|config| config.pointer("/online/transaction_security"));
    if let Some(security) = security {
        method.entry("transaction_security").or_insert_with(|| security.clone());
    }
    let mut body =
        json!({ "id": transaction.id, "amount": transaction.amount, "status": state, "status_detail": detail });
    if let Some(reference) = transaction.payment {
        body["reference_id"] = json!(reference.to_string());
        body["attempt_number"] = json!(1);
    }
    if is_paid(transaction) {
        body["paid_amount"] = json!(transaction.amount);
    }
    if hundredths(&transaction.refunded) > 0 {
        body["refunded_amount"] = json!(transaction.refunded);
    }
    if let Some(expires) = &transaction.expires {
        body["date_of_expiration"] = expires.clone();
    }
    body["payment_method"] = Value::Object(method);
    body
}

/// A refund of an order.
pub(super) fn refund(refund: &OrderRefund) -> Value {
    json!({
        "id": refund.id,
        "transaction_id": refund.transaction,
        "reference_id": refund.reference.to_string(),
        "amount": refund.amount,
        "status": "processed",
        "status_detail": "refunded",
        "date_created": date(refund.created),
        "date_last_updated": date(refund.created),
    })
}

fn is_paid(transaction: &Transaction) -> bool {
    matches!(transaction.pair.0, "processed" | "refunded" | "charged_back")
}

fn date(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// ISO 3166-1 alpha-3.
fn country(site: &str) -> &'static str {
    match site {
        "MLA" => "ARG",
        "MLB" => "BRA",
        "MLC" => "CHL",
        "MLM" => "MEX",
        "MCO" => "COL",
        "MPE" => "PER",
        "MLU" => "URY",
        _ => "",
    }
}
