//! How a payment and a refund are answered.
//!
//! Names follow the reference; types follow recorded answers and the test data of the official SDKs: ids of issuer and
//! payer as text, quantities and prices of items as text, `card` an empty object for anything but cards, null where
//! nothing has happened yet, dates with milliseconds and an offset.

use serde_json::{Map, Value, json};

use super::money::Money;
use super::{Payment, Refund, offline};
use crate::sandbox::clock::wire_date;
use crate::sandbox::json::as_text;
use crate::sandbox::payment_methods::issuer_id;
use crate::sandbox::users;

/// Fee of the service in ten thousandths, of the size that real sellers pay.
const FEE: i64 = 499;

/// A payment, about sixty fields.
pub(super) fn payment(payment: &Payment) -> Value {
    let sent = |name: &str| payment.sent.get(name).cloned().unwrap_or(Value::Null);
    let object = |name: &str| match payment.sent.get(name) {
        Some(Value::Object(object)) => Value::Object(object.clone()),
        _ => json!({}),
    };
    let method = payment.method;
    let approved = payment.approved.is_some();
    let fee = if approved { payment.amount.part(FEE) } else { Money::ZERO };
    let fees = if approved { fees(payment, fee) } else { Vec::new() };
    let kept = payment.amount.minus(fee).minus(payment.application_fee());
    let descriptor = payment.card.as_ref().map(|_| text(payment, "statement_descriptor"));
    let voucher = is_ticket(payment).then(|| offline::voucher(payment));
    // In parts, because the macro's recursion is limited.
    let head = json!({
        "id": payment.id,
        "date_created": wire_date(payment.created),
        "date_approved": payment.approved.map(wire_date),
        "date_last_updated": wire_date(payment.updated),
        "date_of_expiration": payment.expires.map(wire_date),
        "money_release_date": payment.release().map(wire_date),
        "money_release_status": if approved { json!("pending") } else { Value::Null },
        "operation_type": "regular_payment",
        "issuer_id": issuer(payment),
        "payment_method_id": method.id,
        "payment_type_id": method.payment_type_id,
        "payment_method": { "id": method.id, "type": method.payment_type_id, "issuer_id": issuer(payment) },
        "status": payment.status,
        "status_detail": payment.detail,
        "currency_id": payment.site.currency,
        "description": text(payment, "description"),
        "live_mode": false,
        "sponsor_id": sent("sponsor_id"),
        "authorization_code": payment.authorization_code,
        "money_release_schema": null,
        "taxes_amount": 0,
        "counter_currency": null,
        "brand_id": null,
        "shipping_amount": 0,
        "build_version": concat!("homologa-", env!("CARGO_PKG_VERSION")),
        "pos_id": null,
        "store_id": null,
        "integrator_id": null,
        "platform_id": null,
        "corporation_id": null,
    });
    let middle = json!({
        "collector_id": payment.collector,
        "payer": payer(payment),
        "marketplace_owner": null,
        "metadata": object("metadata"),
        "additional_info": additional_info(payment),
        "order": object("order"),
        "external_reference": external_reference(payment),
        "transaction_amount": payment.amount.json(),
        "transaction_amount_refunded": payment.refunded().json(),
        "coupon_amount": payment.coupon().json(),
        "differential_pricing_id": sent("differential_pricing_id"),
        "financing_group": null,
        "deduction_schema": null,
        "callback_url": sent("callback_url"),
        "installments": payment.installments,
        "transaction_details": {
            "payment_method_reference_id": reference(payment),
            "acquirer_reference": null,
            "net_received_amount": if approved { kept.json() } else { json!(0) },
            "total_paid_amount": total_paid(payment).json(),
            "overpaid_amount": 0,
            "external_resource_url": resource_url(payment),
            "installment_amount": if payment.card.is_some() { payment.amount.plus(payment.financing()).share(payment.installments).json() } else { json!(0) },
            "financial_institution": institution(payment),
            "barcode": voucher.as_ref().map(|voucher| json!({ "content": voucher.barcode })),
            "digitable_line": voucher.as_ref().and_then(|voucher| voucher.line.as_deref()),
            "verification_code": reference(payment),
            "payable_deferral_period": null,
        },
    });
    let tail = json!({
        "barcode": voucher.as_ref().map(|voucher| json!({ "content": voucher.barcode })),
        "fee_details": fees,
        "charges_details": [],
        "captured": payment.captured,
        "binary_mode": sent("binary_mode").as_bool().unwrap_or(false),
        "call_for_authorize_id": null,
        "statement_descriptor": descriptor,
        "card": card(payment),
        "notification_url": sent("notification_url"),
        "refunds": payment.refunds.iter().map(|one| refund(payment, one)).collect::<Vec<Value>>(),
        "processing_mode": "aggregator",
        "merchant_account_id": null,
        "merchant_number": null,
        "acquirer_reconciliation": [],
        "point_of_interaction": point_of_interaction(payment),
        "accounts_info": null,
        "tags": null,
    });
    let parts = [head, middle, tail].into_iter().filter_map(|part| match part {
        Value::Object(part) => Some(part),
        _ => None,
    });
    Value::Object(parts.flatten().collect())
}

/// Who pays whom what, once a payment is approved.
fn fees(payment: &Payment, fee: Money) -> Vec<Value> {
    let fees = [
        ("mercadopago_fee", fee, "collector"),
        ("application_fee", payment.application_fee(), "collector"),
        ("coupon_fee", payment.coupon(), "payer"),
        ("financing_fee", payment.financing(), "payer"),
    ];
    let fees = fees.into_iter().filter(|(kind, amount, _)| *kind == "mercadopago_fee" || *amount != Money::ZERO);
    fees.map(|(kind, amount, payer)| json!({ "type": kind, "amount": amount.json(), "fee_payer": payer })).collect()
}

/// What the buyer pays: the amount and its financing, less the coupon; nothing when it came to nothing.
fn total_paid(payment: &Payment) -> Money {
    if matches!(payment.status, "rejected" | "cancelled") {
        return Money::ZERO;
    }
    payment.amount.plus(payment.financing()).minus(payment.coupon())
}

/// A refund.
pub(super) fn refund(payment: &Payment, refund: &Refund) -> Value {
    json!({
        "id": refund.id,
        "payment_id": payment.id,
        "amount": refund.amount.json(),
        "metadata": {},
        "source": { "id": payment.collector.to_string(), "name": "Test Test", "type": "collector" },
        "date_created": wire_date(refund.created),
        "unique_sequence_number": null,
        "refund_mode": "standard",
        "adjustment_amount": 0,
        "status": "approved",
        "reason": null,
        "labels": [],
        "amount_refunded_to_payer": refund.amount.json(),
        "additional_data": null,
        "partition_details": [],
    })
}

/// What a payment is to the merchant order that it belongs to.
pub(in crate::sandbox) struct Share {
    /// What the order tells of it.
    pub(in crate::sandbox) body: Value,
    /// What was paid with it, refunds included, in units of the currency.
    pub(in crate::sandbox) paid: f64,
    /// What was given back.
    pub(in crate::sandbox) refunded: f64,
    /// Its outcome is open.
    pub(in crate::sandbox) waits: bool,
}

/// A payment as a merchant order sees it.
pub(in crate::sandbox) fn share(payment: &Payment) -> Share {
    let body = json!({
        "id": payment.id,
        "transaction_amount": payment.amount.json(),
        "total_paid_amount": total_paid(payment).json(),
        "shipping_cost": 0,
        "currency_id": payment.site.currency,
        "status": payment.status,
        "status_detail": payment.detail,
        "operation_type": "regular_payment",
        "date_approved": payment.approved.map(wire_date),
        "date_created": wire_date(payment.created),
        "last_modified": wire_date(payment.updated),
        "amount_refunded": payment.refunded().json(),
    });
    let paid = if matches!(payment.status, "approved" | "refunded") { payment.amount.units() } else { 0.0 };
    let waits = matches!(payment.status, "pending" | "in_process" | "authorized");
    Share { body, paid, refunded: payment.refunded().units(), waits }
}

/// The id of the payer: the customer's, else one that follows from the address.
pub(super) fn payer_id(payment: &Payment) -> Option<String> {
    let payer = payment.sent.get("payer")?;
    if let Some(id) = payer.get("id").and_then(Value::as_str) {
        return Some(id.to_owned());
    }
    payer.get("email").and_then(Value::as_str).map(|email| users::id_of(email).to_string())
}

/// The address of the payer, as it was sent.
pub(super) fn payer_email(payment: &Payment) -> Option<String> {
    payment.sent.get("payer")?.get("email")?.as_str().map(str::to_owned)
}

/// The seller's own reference, as text.
pub(super) fn external_reference(payment: &Payment) -> Option<String> {
    match payment.sent.get("external_reference")? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn text(payment: &Payment, name: &str) -> Value {
    match payment.sent.get(name) {
        Some(Value::String(text)) => json!(text),
        Some(Value::Number(number)) => json!(number.to_string()),
        _ => Value::Null,
    }
}

fn issuer(payment: &Payment) -> Value {
    if payment.card.is_none() {
        return Value::Null;
    }
    match text(payment, "issuer_id") {
        Value::Null => json!(issuer_id(&payment.method.id).to_string()),
        issuer => issuer,
    }
}

fn payer(payment: &Payment) -> Value {
    let empty = Map::new();
    let sent = payment.sent.get("payer").and_then(Value::as_object).unwrap_or(&empty);
    let get = |name: &str| sent.get(name).cloned().unwrap_or(Value::Null);
    let name = |name: &str| match sent.get(name) {
        Some(Value::Number(number)) => json!(number.to_string()),
        Some(Value::String(text)) => json!(text),
        _ => Value::Null,
    };
    let part = |object: &str, name: &str| match sent.get(object).and_then(|object| object.get(name)) {
        Some(Value::Number(number)) => json!(number.to_string()),
        Some(Value::String(text)) => json!(text),
        _ => Value::Null,
    };
    json!({
        "id": payer_id(payment),
        "type": get("type"),
        "email": get("email"),
        "identification": { "type": part("identification", "type"), "number": part("identification", "number") },
        "phone": { "area_code": part("phone", "area_code"), "number": part("phone", "number"), "extension": null },
        "first_name": name("first_name"),
        "last_name": name("last_name"),
        "entity_type": name("entity_type"),
        "operator_id": null,
    })
}

/// Given back with numbers of items and addresses as text, as the real service does.
fn additional_info(payment: &Payment) -> Value {
    let mut info = match payment.sent.get("additional_info") {
        Some(Value::Object(info)) => info.clone(),
        _ => Map::new(),
    };
    for item in info.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        write_out(Some(item), &["id", "quantity", "unit_price"]);
    }
    for (part, place) in [("shipments", "receiver_address"), ("payer", "address")] {
        write_out(info.get_mut(part).and_then(|part| part.get_mut(place)), &["zip_code", "street_number"]);
    }
    for name in ["available_balance", "nsu_processadora", "authentication_code"] {
        info.entry(name).or_insert(Value::Null);
    }
    Value::Object(info)
}

/// Turns numbers among the members into text.
fn write_out(object: Option<&mut Value>, names: &[&str]) {
    let Some(object) = object.and_then(Value::as_object_mut) else { return };
    for name in names {
        if let Some(value) = object.get_mut(*name)
            && value.is_number()
        {
            *value = json!(value.to_string());
        }
    }
}

fn card(payment: &Payment) -> Value {
    let Some(card) = &payment.card else { return json!({}) };
    json!({
        "id": card.card_id,
        "first_six_digits": card.first_six,
        "last_four_digits": card.last_four,
        "expiration_month": card.month,
        "expiration_year": card.year,
        "date_created": wire_date(payment.created),
        "date_last_updated": wire_date(payment.created),
        "cardholder": {
            "name": card.holder,
            "identification": { "number": card.document_number, "type": card.document_type },
        },
    })
}

fn is_ticket(payment: &Payment) -> bool {
    matches!(payment.method.payment_type_id.as_str(), "ticket" | "atm")
}

fn reference(payment: &Payment) -> Value {
    if is_ticket(payment) { json!(payment.id.to_string()) } else { Value::Null }
}

/// The bank that was chosen, for transfers.
fn institution(payment: &Payment) -> Value {
    let details = payment.sent.get("transaction_details");
    let chosen = details.and_then(|details| details.get("financial_institution")).and_then(as_text);
    chosen.map_or(Value::Null, Value::String)
}

fn resource_url(payment: &Payment) -> Value {
    let waits = is_ticket(payment) || payment.method.payment_type_id == "bank_transfer";
    // Reserved name (RFC 2606): nobody is sent anywhere.
    if waits && payment.method.id != "pix" {
        json!(format!("https://sandbox.example/payments/{}/ticket", payment.id))
    } else {
        Value::Null
    }
}

fn point_of_interaction(payment: &Payment) -> Value {
    let business = json!({ "unit": "online_payments", "sub_unit": "default", "branch": null });
    let application = json!({ "name": null, "version": null });
    if payment.method.id != "pix" {
        return json!({ "type": "UNSPECIFIED", "business_info": business, "application_data": application });
    }
    let url = format!("https://sandbox.example/payments/{}/ticket", payment.id);
    let code = offline::pix(payment);
    json!({
        "type": "PIX",
        "sub_type": "INTER_PSP",
        "business_info": business,
        "application_data": application,
        "transaction_data": {
            "qr_code": code,
            "qr_code_base64": offline::picture(&code),
            "ticket_url": url,
            "transaction_id": null,
            "bank_transfer_id": null,
        },
    })
}
