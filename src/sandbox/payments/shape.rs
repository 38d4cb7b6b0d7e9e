//! How a payment is answered.
//!
//! Names follow the reference; types follow recorded answers and the test data of the official SDKs: ids of issuer and
//! payer as text, quantities and prices of items as text, `card` an empty object for anything but cards, null where
//! nothing has happened yet, dates with milliseconds and an offset.

use std::borrow::Cow;
use std::ops::Deref;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::money::Money;
use super::parts::{self, Barcode, Details, Fee, Info, Object, Payer};
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
    Reply::payment(status, payment.id, Answer::new(payment, &payment.sent.tree()).write())
}

/// A payment as a value.
pub(super) fn payment(payment: &Payment) -> Value {
    serde_json::from_slice(&Answer::new(payment, &payment.sent.tree()).write()).unwrap_or_default()
}

impl Answer<'_> {
    /// Its text. What is always the same is copied in runs: serializing member by member takes five times as long.
    pub(super) fn write(&self) -> Vec<u8> {
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
        let mut to = Writer::default();
        to.raw(r#"{"id":"#);
        to.put(&payment.id);
        to.raw(r#","date_created":"#);
        to.plain(&wire_date(payment.created));
        to.raw(r#","date_approved":"#);
        to.date(payment.approved);
        to.raw(r#","date_last_updated":"#);
        to.plain(&wire_date(payment.updated));
        to.raw(r#","date_of_expiration":"#);
        to.date(payment.expires);
        to.raw(r#","money_release_date":"#);
        to.date(payment.release());
        to.raw(r#","money_release_status":"#);
        to.put(&approved.then_some("pending"));
        to.raw(r#","operation_type":"regular_payment","issuer_id":"#);
        to.put(&issuer);
        to.raw(r#","payment_method_id":"#);
        to.plain(&method.id);
        to.raw(r#","payment_type_id":"#);
        to.plain(&method.payment_type_id);
        let named = parts::Method { id: &method.id, kind: &method.payment_type_id, issuer_id: issuer.as_deref() };
        to.raw(r#","payment_method":"#);
        to.put(&named);
        to.raw(r#","status":"#);
        to.plain(payment.status);
        to.raw(r#","status_detail":"#);
        to.plain(payment.detail);
        to.raw(r#","currency_id":"#);
        to.plain(&payment.site.currency);
        to.raw(r#","description":"#);
        to.put(&text(payment, "description"));
        to.raw(r#","live_mode":false,"sponsor_id":"#);
        to.put(&sent("sponsor_id"));
        to.raw(r#","authorization_code":"#);
        to.put(&payment.authorization_code);
        to.raw(r#","money_release_schema":null,"taxes_amount":0,"counter_currency":null,"brand_id":null,"shipping_amount":0,"build_version":"#);
        to.put(concat!("homologa-", env!("CARGO_PKG_VERSION")));
        to.raw(r#","pos_id":null,"store_id":null,"integrator_id":null,"platform_id":null,"corporation_id":null,"collector_id":"#);
        to.put(&payment.collector);
        to.raw(r#","payer":"#);
        payer(&mut to, &Payer::of(payment.sent));
        to.raw(r#","marketplace_owner":null,"metadata":"#);
        to.put(&object("metadata"));
        to.raw(r#","additional_info":"#);
        to.put(&Info(sent("additional_info").and_then(Tree::object)));
        to.raw(r#","order":"#);
        to.put(&object("order"));
        to.raw(r#","external_reference":"#);
        to.put(&external_reference(payment.sent));
        to.raw(r#","transaction_amount":"#);
        to.put(&payment.amount.json());
        to.raw(r#","transaction_amount_refunded":"#);
        to.put(&payment.refunded().json());
        to.raw(r#","coupon_amount":"#);
        to.put(&payment.coupon().json());
        to.raw(r#","differential_pricing_id":"#);
        to.put(&sent("differential_pricing_id"));
        to.raw(r#","financing_group":null,"deduction_schema":null,"callback_url":"#);
        to.put(&sent("callback_url"));
        to.raw(r#","installments":"#);
        to.put(&payment.installments);
        to.raw(r#","transaction_details":"#);
        details(&mut to, &parts::details(payment, fee, voucher.as_ref()));
        to.raw(r#","barcode":"#);
        to.put(&barcode);
        to.raw(r#","fee_details":"#);
        to.put(&fees);
        to.raw(r#","charges_details":[],"captured":"#);
        to.put(&payment.captured);
        to.raw(r#","binary_mode":"#);
        to.put(&matches!(sent("binary_mode"), Some(Tree::Bool(true))));
        to.raw(r#","call_for_authorize_id":null,"statement_descriptor":"#);
        to.put(&descriptor);
        to.raw(r#","card":"#);
        to.put(&parts::card(payment));
        to.raw(r#","notification_url":"#);
        to.put(&sent("notification_url"));
        to.raw(r#","refunds":"#);
        to.put(&payment.refunds.iter().map(|one| refund(payment, one)).collect::<Vec<Value>>());
        to.raw(r#","processing_mode":"aggregator","merchant_account_id":null,"merchant_number":null,"acquirer_reconciliation":[],"point_of_interaction":"#);
        match parts::interaction(payment) {
            Some(interaction) => to.put(&interaction),
            None => to.raw(parts::NO_INTERACTION),
        }
        to.raw(r#","accounts_info":null,"tags":null}"#);
        to.0
    }
}

/// Text in the making.
struct Writer(Vec<u8>);

impl Default for Writer {
    fn default() -> Writer {
        // A usual payment takes three thousand bytes.
        Writer(Vec::with_capacity(4096))
    }
}

impl Writer {
    /// JSON as it is.
    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A string of characters that need no escape.
    fn plain(&mut self, text: &str) {
        self.0.push(b'"');
        self.raw(text);
        self.0.push(b'"');
    }

    fn date(&mut self, instant: Option<Timestamp>) {
        match instant {
            Some(instant) => self.plain(&wire_date(instant)),
            None => self.raw("null"),
        }
    }

    fn put<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Plain data always has a text.
        serde_json::to_writer(&mut self.0, value).ok();
    }
}

fn payer(to: &mut Writer, payer: &Payer) {
    to.raw(r#"{"id":"#);
    to.put(&payer.id);
    to.raw(r#","type":"#);
    to.put(&payer.kind);
    to.raw(r#","email":"#);
    to.put(&payer.email);
    to.raw(r#","identification":{"type":"#);
    to.put(&payer.identification.kind);
    to.raw(r#","number":"#);
    to.put(&payer.identification.number);
    to.raw(r#"},"phone":{"area_code":"#);
    to.put(&payer.phone.area_code);
    to.raw(r#","number":"#);
    to.put(&payer.phone.number);
    to.raw(r#","extension":null},"first_name":"#);
    to.put(&payer.first_name);
    to.raw(r#","last_name":"#);
    to.put(&payer.last_name);
    to.raw(r#","entity_type":"#);
    to.put(&payer.entity_type);
    to.raw(r#","operator_id":null}"#);
}

fn details(to: &mut Writer, details: &Details) {
    to.raw(r#"{"payment_method_reference_id":"#);
    to.put(&details.reference);
    to.raw(r#","acquirer_reference":null,"net_received_amount":"#);
    to.put(&details.net_received_amount);
    to.raw(r#","total_paid_amount":"#);
    to.put(&details.total_paid_amount);
    to.raw(r#","overpaid_amount":0,"external_resource_url":"#);
    to.put(&details.external_resource_url);
    to.raw(r#","installment_amount":"#);
    to.put(&details.installment_amount);
    to.raw(r#","financial_institution":"#);
    to.put(&details.financial_institution);
    to.raw(r#","barcode":"#);
    to.put(&details.barcode);
    to.raw(r#","digitable_line":"#);
    to.put(&details.digitable_line);
    to.raw(r#","verification_code":"#);
    to.put(&details.reference);
    to.raw(r#","payable_deferral_period":null}"#);
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
