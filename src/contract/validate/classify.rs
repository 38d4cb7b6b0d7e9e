//! What a captured body is, and what an SDK wrapped around it. Grades nothing.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::specs::statuses::statuses;

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A payment.
    Payment,
    /// A card token.
    CardToken,
    /// A refund.
    Refund,
    /// An error.
    Error,
    /// A page of payments.
    PaymentSearch,
    /// A list of payment methods.
    PaymentMethods,
    /// A checkout preference.
    Preference,
    /// A customer.
    Customer,
    /// A merchant order.
    MerchantOrder,
    /// An order of the Orders API.
    Order,
    /// Anything else.
    Other,
}

impl Kind {
    /// The name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Payment => "payment",
            Kind::CardToken => "card-token",
            Kind::Refund => "refund",
            Kind::Error => "error",
            Kind::PaymentSearch => "payment-search",
            Kind::PaymentMethods => "payment-methods",
            Kind::Preference => "preference",
            Kind::Customer => "customer",
            Kind::MerchantOrder => "merchant-order",
            Kind::Order => "order",
            Kind::Other => "other",
        }
    }
}

/// What was around the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unwrapped {
    /// The error object of the Node SDK 1.x: `name` and `idempotency` added, `error` dropped.
    Node1,
    /// `status` and `response` of the Ruby and Python SDKs.
    StatusResponse,
    /// `status` and `body`.
    StatusBody,
}

impl Unwrapped {
    /// The name that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Unwrapped::Node1 => "SDK Node 1.x",
            Unwrapped::StatusResponse => "SDK Ruby, Python",
            Unwrapped::StatusBody => "status, body",
        }
    }
}

/// The status of a wrapper: a number, or a string of three digits.
pub(super) fn http_status(value: &Value) -> Option<u16> {
    let status = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) if text.trim().len() == 3 => text.trim().parse().ok()?,
        _ => return None,
    };
    u16::try_from(status).ok().filter(|status| (100..600).contains(status))
}

/// Takes off what an SDK wrapped around a body; gives the status of the wrapper, if it has one.
pub fn unwrap(body: Value) -> (Value, Option<Unwrapped>, Option<u16>) {
    let Value::Object(mut members) = body else { return (body, None, None) };
    let status = members.get("status").and_then(http_status);
    if status.is_some() && !members.contains_key("message") && members.len() <= 6 {
        for (name, wrapper) in [("response", Unwrapped::StatusResponse), ("body", Unwrapped::StatusBody)] {
            let inner = match members.get(name) {
                Some(Value::String(text)) => serde_json::from_str(text).ok(),
                Some(inner @ (Value::Object(_) | Value::Array(_))) => Some(inner.clone()),
                _ => None,
            };
            if let Some(inner) = inner {
                return (inner, Some(wrapper), status);
            }
        }
    }
    let error_like = members.contains_key("message") || members.contains_key("cause");
    if error_like && members.contains_key("name") && members.contains_key("idempotency") {
        members.shift_remove("name");
        members.shift_remove("idempotency");
        return (Value::Object(members), Some(Unwrapped::Node1), None);
    }
    (Value::Object(members), None, None)
}

/// Whether a list is the answer of `GET /v1/payment_methods`.
pub(super) fn is_payment_methods(items: &[Value]) -> bool {
    let method = |item: &Value| {
        item.get("payment_type_id").is_some()
            && ["settings", "secure_thumbnail", "deferred_capture", "additional_info_needed", "thumbnail"]
                .iter()
                .any(|name| item.get(name).is_some())
    };
    !items.is_empty() && items.iter().all(method)
}

/// What a body is, from its members; the path of the request decides where the members leave it open.
pub(super) fn classify(body: &Value, path: Option<&str>, status: Option<u16>) -> Kind {
    match body {
        Value::Array(items) if is_payment_methods(items) => Kind::PaymentMethods,
        Value::Object(members) => object(members, path, status),
        _ => Kind::Other,
    }
}

fn object(members: &Map<String, Value>, path: Option<&str>, status: Option<u16>) -> Kind {
    let has = |name: &str| members.contains_key(name);
    let any = |names: &[&str]| names.iter().any(|name| members.contains_key(*name));
    if is_error(members) {
        return Kind::Error;
    }
    if has("paging") && has("results") {
        return Kind::PaymentSearch;
    }
    if any(&["init_point", "sandbox_init_point"]) {
        return Kind::Preference;
    }
    if has("transactions") && has("id") {
        return Kind::Order;
    }
    if any(&["order_status", "preference_id", "shipments"]) && any(&["payments", "items"]) && has("id") {
        return Kind::MerchantOrder;
    }
    if has("id")
        && (any(&["luhn_validation", "card_number_length", "require_esc"]) || (has("public_key") && has("live_mode")))
    {
        return Kind::CardToken;
    }
    if has("payment_id") && has("id") && has("amount") {
        return Kind::Refund;
    }
    if has("id") && any(&["default_card", "cards", "default_address"]) {
        return Kind::Customer;
    }
    let marks =
        ["status_detail", "payment_method_id", "transaction_amount", "payment_type_id", "collector_id", "currency_id"];
    if any(&["id", "status"]) && any(&marks) {
        return Kind::Payment;
    }
    let known = |status: &str| statuses().pairs.iter().any(|pair| pair.status == status);
    if has("id") && members.get("status").and_then(Value::as_str).is_some_and(known) {
        return Kind::Payment;
    }
    if status.is_some_and(|status| status >= 400) {
        return Kind::Error;
    }
    match path.map(|path| path.trim_matches('/').split('/').collect::<Vec<_>>()).as_deref() {
        Some(["v1", "payments"] | ["v1", "payments", _]) => Kind::Payment,
        Some(["v1", "payments", _, "refunds", ..]) => Kind::Refund,
        Some(["v1", "card_tokens", ..]) => Kind::CardToken,
        Some(["v1", "customers", ..]) => Kind::Customer,
        _ => Kind::Other,
    }
}

fn is_error(members: &Map<String, Value>) -> bool {
    let has = |name: &str| members.contains_key(name);
    let text = |name: &str| matches!(members.get(name), Some(Value::String(_) | Value::Null));
    if has("ErrorMessage") || has("ErrorCode") || has("cause") || has("causes") || has("blocked_by") {
        return true;
    }
    if members.get("errors").is_some_and(Value::is_array) && !has("payment_method_id") {
        return true;
    }
    let small = members.len() <= 6 && !has("id");
    let says = text("message") || (members.get("error").is_some_and(Value::is_string));
    small && says
}
