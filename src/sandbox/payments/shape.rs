//! How a payment is answered.
//!
//! Names follow the reference; types follow recorded answers and the test data of the official SDKs: ids of issuer and
//! payer as text, quantities and prices of items as text, `card` an empty object for anything but cards, null where
//! nothing has happened yet, dates with milliseconds and an offset.

use std::borrow::Cow;
use std::ops::Deref;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::money::Money;
use super::parts::{self, Barcode, Fee, Info, Object, Payer};
use super::share::refund;
use super::tree::{Members, Tree};
use super::{Payment, offline};
use crate::sandbox::clock::wire_date;
use crate::sandbox::payment_methods::issuer_id;
use crate::sandbox::reply::Reply;
use crate::sandbox::users;

/// Fee of the service in ten thousandths, of the size that real sellers pay.
const FEE: i64 = 499;

/// A payment with what was sent, parsed.
pub(super) struct View<'p> {
    payment: &'p Payment,
    pub(super) sent: &'p Members<'p>,
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
    pub(super) fn new(payment: &'p Payment, sent: &'p Members<'p>) -> Answer<'p> {
        Answer(View { payment, sent })
    }
}

/// The reply with a payment.
pub(super) fn reply(status: u16, payment: &Payment) -> Reply {
    Reply::payment(status, payment.id, &Answer::new(payment, &payment.sent.tree()))
}

/// A payment as a value.
pub(super) fn payment(payment: &Payment) -> Value {
    serde_json::to_value(Answer::new(payment, &payment.sent.tree())).unwrap_or_default()
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let payment = &self.0;
        let sent = |name: &str| payment.sent.get(name);
        let object = |name: &str| Object(sent(name).and_then(Tree::object));
        let method = payment.method;
        let approved = payment.approved.is_some();
        let fee = if approved { payment.amount.part(FEE) } else { Money::ZERO };
        let fees = if approved { fees(payment, fee) } else { Vec::new() };
        let descriptor = payment.card.as_ref().and_then(|_| text(payment, "statement_descriptor"));
        let voucher = is_ticket(payment).then(|| offline::voucher(payment));
        let issuer = issuer(payment);
        let barcode = voucher.as_ref().map(|voucher| Barcode { content: &voucher.barcode });
        let mut to = to.serialize_map(None)?;
        to.serialize_entry("id", &payment.id)?;
        to.serialize_entry("date_created", &wire_date(payment.created))?;
        to.serialize_entry("date_approved", &payment.approved.map(wire_date))?;
        to.serialize_entry("date_last_updated", &wire_date(payment.updated))?;
        to.serialize_entry("date_of_expiration", &payment.expires.map(wire_date))?;
        to.serialize_entry("money_release_date", &payment.release().map(wire_date))?;
        to.serialize_entry("money_release_status", &approved.then_some("pending"))?;
        to.serialize_entry("operation_type", "regular_payment")?;
        to.serialize_entry("issuer_id", &issuer)?;
        to.serialize_entry("payment_method_id", &method.id)?;
        to.serialize_entry("payment_type_id", &method.payment_type_id)?;
        let named = parts::Method { id: &method.id, kind: &method.payment_type_id, issuer_id: issuer.as_deref() };
        to.serialize_entry("payment_method", &named)?;
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
        to.serialize_entry("payer", &Payer::of(payment.sent))?;
        to.serialize_entry("marketplace_owner", &())?;
        to.serialize_entry("metadata", &object("metadata"))?;
        to.serialize_entry("additional_info", &Info(sent("additional_info").and_then(Tree::object)))?;
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
        to.serialize_entry("transaction_details", &parts::details(payment, fee, voucher.as_ref()))?;
        to.serialize_entry("barcode", &barcode)?;
        to.serialize_entry("fee_details", &fees)?;
        to.serialize_entry("charges_details", &[(); 0])?;
        to.serialize_entry("captured", &payment.captured)?;
        to.serialize_entry("binary_mode", &matches!(sent("binary_mode"), Some(Tree::Bool(true))))?;
        to.serialize_entry("call_for_authorize_id", &())?;
        to.serialize_entry("statement_descriptor", &descriptor)?;
        to.serialize_entry("card", &parts::card(payment))?;
        to.serialize_entry("notification_url", &sent("notification_url"))?;
        to.serialize_entry("refunds", &payment.refunds.iter().map(|one| refund(payment, one)).collect::<Vec<Value>>())?;
        to.serialize_entry("processing_mode", &"aggregator")?;
        to.serialize_entry("merchant_account_id", &())?;
        to.serialize_entry("merchant_number", &())?;
        to.serialize_entry("acquirer_reconciliation", &[(); 0])?;
        to.serialize_entry("point_of_interaction", &parts::interaction(payment))?;
        to.serialize_entry("accounts_info", &())?;
        to.serialize_entry("tags", &())?;
        to.end()
    }
}

/// Who pays whom what, once a payment is approved.
fn fees(payment: &Payment, fee: Money) -> Vec<Fee> {
    let fees = [
        ("mercadopago_fee", fee, "collector"),
        ("application_fee", payment.application_fee(), "collector"),
        ("coupon_fee", payment.coupon(), "payer"),
        ("financing_fee", payment.financing(), "payer"),
    ];
    let fees = fees.into_iter().filter(|(kind, amount, _)| *kind == "mercadopago_fee" || *amount != Money::ZERO);
    fees.map(|(kind, amount, fee_payer)| Fee { kind, amount: amount.json(), fee_payer }).collect()
}

/// What the buyer pays: the amount and its financing, less the coupon; nothing when it came to nothing.
pub(super) fn total_paid(payment: &Payment) -> Money {
    if matches!(payment.status, "rejected" | "cancelled") {
        return Money::ZERO;
    }
    payment.amount.plus(payment.financing()).minus(payment.coupon())
}

/// The id of the payer: the customer's, else one that follows from the address.
pub(super) fn payer_id(sent: &Members) -> Option<String> {
    let payer = sent.get("payer")?;
    if let Some(id) = payer.get("id").and_then(Tree::str) {
        return Some(id.to_owned());
    }
    payer.get("email").and_then(Tree::str).map(|email| users::id_of(email).to_string())
}

/// The address of the payer, as it was sent.
pub(super) fn payer_email(payment: &Payment) -> Option<String> {
    payment.sent.get("payer")?.get("email")?.as_str().map(str::to_owned)
}

/// The seller's own reference, as text.
pub(super) fn external_reference(sent: &Members) -> Option<String> {
    match sent.get("external_reference")? {
        Tree::Text(text) => Some(text.clone().into_owned()),
        other => serde_json::to_string(other).ok(),
    }
}

fn text<'p>(payment: &View<'p>, name: &str) -> Option<Cow<'p, str>> {
    payment.sent.get(name)?.text()
}

fn issuer<'p>(payment: &View<'p>) -> Option<Cow<'p, str>> {
    payment.card.as_ref()?;
    let usual = || Cow::Owned(issuer_id(&payment.method.id).to_string());
    Some(text(payment, "issuer_id").unwrap_or_else(usual))
}

pub(super) fn is_ticket(payment: &Payment) -> bool {
    matches!(payment.method.payment_type_id.as_str(), "ticket" | "atm")
}
