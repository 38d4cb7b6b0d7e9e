//! How a payment is answered.
//!
//! Names follow the reference; types follow recorded answers and the test data of the official SDKs: ids of issuer and
//! payer as text, quantities and prices of items as text, `card` an empty object for anything but cards, null where
//! nothing has happened yet, dates with milliseconds and an offset.

use std::borrow::Cow;
use std::ops::Deref;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::money::Money;
use super::share::refund;
use super::{Payment, offline};
use crate::sandbox::clock::wire_date;
use crate::sandbox::json::as_text;
use crate::sandbox::payment_methods::issuer_id;
use crate::sandbox::reply::Reply;
use crate::sandbox::users;

/// Fee of the service in ten thousandths, of the size that real sellers pay.
const FEE: i64 = 499;

/// A payment with what was sent, parsed.
pub(super) struct View<'p> {
    payment: &'p Payment,
    sent: &'p Map<String, Value>,
}

impl Deref for View<'_> {
    type Target = Payment;

    fn deref(&self) -> &Payment {
        self.payment
    }
}

/// A payment as it is answered, about sixty fields, written without a tree of values.
pub(super) struct Answer<'p>(View<'p>);

impl<'p> Answer<'p> {
    /// For whoever has what was sent at hand.
    pub(super) fn new(payment: &'p Payment, sent: &'p Map<String, Value>) -> Answer<'p> {
        Answer(View { payment, sent })
    }
}

/// The reply with a payment.
pub(super) fn reply(status: u16, payment: &Payment) -> Reply {
    Reply::payment(status, payment.id, &Answer::new(payment, &payment.sent.parse()))
}

/// A payment as a value.
pub(super) fn payment(payment: &Payment) -> Value {
    serde_json::to_value(Answer::new(payment, &payment.sent.parse())).unwrap_or_default()
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let payment = &self.0;
        let sent = |name: &str| payment.sent.get(name);
        let object = |name: &str| match payment.sent.get(name) {
            Some(object) if object.is_object() => Cow::Borrowed(object),
            _ => Cow::Owned(json!({})),
        };
        let method = payment.method;
        let approved = payment.approved.is_some();
        let fee = if approved { payment.amount.part(FEE) } else { Money::ZERO };
        let fees = if approved { fees(payment, fee) } else { Vec::new() };
        let kept = payment.amount.minus(fee).minus(payment.application_fee());
        let descriptor = payment.card.as_ref().map(|_| text(payment, "statement_descriptor"));
        let voucher = is_ticket(payment).then(|| offline::voucher(payment));
        let mut to = to.serialize_map(None)?;
        to.serialize_entry("id", &payment.id)?;
        to.serialize_entry("date_created", &wire_date(payment.created))?;
        to.serialize_entry("date_approved", &payment.approved.map(wire_date))?;
        to.serialize_entry("date_last_updated", &wire_date(payment.updated))?;
        to.serialize_entry("date_of_expiration", &payment.expires.map(wire_date))?;
        to.serialize_entry("money_release_date", &payment.release().map(wire_date))?;
        to.serialize_entry("money_release_status", &(if approved { json!("pending") } else { Value::Null }))?;
        to.serialize_entry("operation_type", &"regular_payment")?;
        to.serialize_entry("issuer_id", &issuer(payment))?;
        to.serialize_entry("payment_method_id", &method.id)?;
        to.serialize_entry("payment_type_id", &method.payment_type_id)?;
        to.serialize_entry(
            "payment_method",
            &json!({ "id": method.id, "type": method.payment_type_id, "issuer_id": issuer(payment) }),
        )?;
        to.serialize_entry("status", &payment.status)?;
        to.serialize_entry("status_detail", &payment.detail)?;
        to.serialize_entry("currency_id", &payment.site.currency)?;
        to.serialize_entry("description", &text(payment, "description"))?;
        to.serialize_entry("live_mode", &false)?;
        to.serialize_entry("sponsor_id", &sent("sponsor_id"))?;
        to.serialize_entry("authorization_code", &payment.authorization_code)?;
        to.serialize_entry("money_release_schema", &())?;
        to.serialize_entry("taxes_amount", &0)?;
        to.serialize_entry("counter_currency", &())?;
        to.serialize_entry("brand_id", &())?;
        to.serialize_entry("shipping_amount", &0)?;
        to.serialize_entry("build_version", concat!("homologa-", env!("CARGO_PKG_VERSION")))?;
        to.serialize_entry("pos_id", &())?;
        to.serialize_entry("store_id", &())?;
        to.serialize_entry("integrator_id", &())?;
        to.serialize_entry("platform_id", &())?;
        to.serialize_entry("corporation_id", &())?;
        to.serialize_entry("collector_id", &payment.collector)?;
        to.serialize_entry("payer", &payer(payment))?;
        to.serialize_entry("marketplace_owner", &())?;
        to.serialize_entry("metadata", &object("metadata"))?;
        to.serialize_entry("additional_info", &additional_info(payment))?;
        to.serialize_entry("order", &object("order"))?;
        to.serialize_entry("external_reference", &external_reference(payment.sent))?;
        to.serialize_entry("transaction_amount", &payment.amount.json())?;
        to.serialize_entry("transaction_amount_refunded", &payment.refunded().json())?;
        to.serialize_entry("coupon_amount", &payment.coupon().json())?;
        to.serialize_entry("differential_pricing_id", &sent("differential_pricing_id"))?;
        to.serialize_entry("financing_group", &())?;
        to.serialize_entry("deduction_schema", &())?;
        to.serialize_entry("callback_url", &sent("callback_url"))?;
        to.serialize_entry("installments", &payment.installments)?;
        to.serialize_entry("transaction_details", &json!({
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
            }))?;
        to.serialize_entry("barcode", &voucher.as_ref().map(|voucher| json!({ "content": voucher.barcode })))?;
        to.serialize_entry("fee_details", &fees)?;
        to.serialize_entry("charges_details", &json!([]))?;
        to.serialize_entry("captured", &payment.captured)?;
        to.serialize_entry("binary_mode", &sent("binary_mode").and_then(Value::as_bool).unwrap_or(false))?;
        to.serialize_entry("call_for_authorize_id", &())?;
        to.serialize_entry("statement_descriptor", &descriptor)?;
        to.serialize_entry("card", &card(payment))?;
        to.serialize_entry("notification_url", &sent("notification_url"))?;
        to.serialize_entry("refunds", &payment.refunds.iter().map(|one| refund(payment, one)).collect::<Vec<Value>>())?;
        to.serialize_entry("processing_mode", &"aggregator")?;
        to.serialize_entry("merchant_account_id", &())?;
        to.serialize_entry("merchant_number", &())?;
        to.serialize_entry("acquirer_reconciliation", &json!([]))?;
        to.serialize_entry("point_of_interaction", &point_of_interaction(payment))?;
        to.serialize_entry("accounts_info", &())?;
        to.serialize_entry("tags", &())?;
        to.end()
    }
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
pub(super) fn total_paid(payment: &Payment) -> Money {
    if matches!(payment.status, "rejected" | "cancelled") {
        return Money::ZERO;
    }
    payment.amount.plus(payment.financing()).minus(payment.coupon())
}

/// The id of the payer: the customer's, else one that follows from the address.
pub(super) fn payer_id(sent: &Map<String, Value>) -> Option<String> {
    let payer = sent.get("payer")?;
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
pub(super) fn external_reference(sent: &Map<String, Value>) -> Option<String> {
    match sent.get("external_reference")? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn text(payment: &View, name: &str) -> Value {
    match payment.sent.get(name) {
        Some(Value::String(text)) => json!(text),
        Some(Value::Number(number)) => json!(number.to_string()),
        _ => Value::Null,
    }
}

fn issuer(payment: &View) -> Value {
    if payment.card.is_none() {
        return Value::Null;
    }
    match text(payment, "issuer_id") {
        Value::Null => json!(issuer_id(&payment.method.id).to_string()),
        issuer => issuer,
    }
}

fn payer(payment: &View) -> Value {
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
        "id": payer_id(payment.sent),
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
fn additional_info(payment: &View) -> Value {
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

fn card(payment: &View) -> Value {
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

fn is_ticket(payment: &View) -> bool {
    matches!(payment.method.payment_type_id.as_str(), "ticket" | "atm")
}

fn reference(payment: &View) -> Value {
    if is_ticket(payment) { json!(payment.id.to_string()) } else { Value::Null }
}

/// The bank that was chosen, for transfers.
fn institution(payment: &View) -> Value {
    let details = payment.sent.get("transaction_details");
    let chosen = details.and_then(|details| details.get("financial_institution")).and_then(as_text);
    chosen.map_or(Value::Null, Value::String)
}

fn resource_url(payment: &View) -> Value {
    let waits = is_ticket(payment) || payment.method.payment_type_id == "bank_transfer";
    // Reserved name (RFC 2606): nobody is sent anywhere.
    if waits && payment.method.id != "pix" {
        json!(format!("https://sandbox.example/payments/{}/ticket", payment.id))
    } else {
        Value::Null
    }
}

fn point_of_interaction(payment: &View) -> Value {
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
