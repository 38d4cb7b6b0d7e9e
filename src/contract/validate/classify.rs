//! What a captured body is, from its members. Grades nothing.

use serde::Serialize;
use serde_json::{Map, Value};

use super::success::known_fields;
use super::unwrap::http_status;
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
    /// A stored card.
    Card,
    /// A merchant order.
    MerchantOrder,
    /// An order of the Orders API, or one of its transactions.
    Order,
    /// A subscription, its plan or one of its invoices.
    Subscription,
    /// A payment of the older API that splits it among sellers.
    AdvancedPayment,
    /// A payment as the older `/collections` shows it.
    Collection,
    /// A chargeback.
    Chargeback,
    /// A notification that Mercado Pago sends; it names a payment and is none.
    Notification,
    /// A page of anything but payments.
    Search,
    /// Not a body that is known.
    Unknown,
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
            Kind::Card => "card",
            Kind::MerchantOrder => "merchant-order",
            Kind::Order => "order",
            Kind::Subscription => "subscription",
            Kind::AdvancedPayment => "advanced-payment",
            Kind::Collection => "collection",
            Kind::Chargeback => "chargeback",
            Kind::Notification => "notification",
            Kind::Search => "search",
            Kind::Unknown => "unknown",
        }
    }
}

type Members = Map<String, Value>;

fn any(members: &Members, names: &[&str]) -> bool {
    names.iter().any(|name| members.contains_key(*name))
}

fn count(members: &Members, names: &[&str]) -> usize {
    names.iter().filter(|name| members.contains_key(**name)).count()
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
        Value::Array(items) if items.is_empty() && path.is_some() => Kind::Search,
        Value::Object(members) => object(members, path, status),
        _ if status.is_some_and(|status| status >= 400) => Kind::Error,
        _ => Kind::Unknown,
    }
}

/// What an object is, see [`classify`].
pub(super) fn object(members: &Members, path: Option<&str>, status: Option<u16>) -> Kind {
    if is_object_of_sdk(members) {
        return Kind::Unknown;
    }
    if is_error(members, status) {
        return Kind::Error;
    }
    if let Some(kind) = page(members, path) {
        return kind;
    }
    if let Some(kind) = other_resource(members) {
        return kind;
    }
    if is_token(members) {
        return Kind::CardToken;
    }
    if is_refund(members) {
        return Kind::Refund;
    }
    if is_payment(members) {
        return Kind::Payment;
    }
    if status.is_some_and(|status| status >= 400) {
        return Kind::Error;
    }
    match path.map(|path| path.trim_matches('/').split('/').collect::<Vec<_>>()).as_deref() {
        Some(["v1", "payments"] | ["v1", "payments", _]) => Kind::Payment,
        Some(["v1", "payments", _, "refunds", ..]) => Kind::Refund,
        Some(["v1", "card_tokens", ..]) => Kind::CardToken,
        Some(["v1", "customers", _, "cards", ..]) => Kind::Card,
        Some(["v1", "customers", ..]) => Kind::Customer,
        _ => Kind::Unknown,
    }
}

/// A page of results: of payments, when its results are such or there are none and the path does not say otherwise.
fn page(members: &Members, path: Option<&str>) -> Option<Kind> {
    if members.contains_key("paging") || members.contains_key("next_offset") {
        let lists = ["results", "elements", "data"];
        let Some(results) = lists.into_iter().find_map(|name| members.get(name)?.as_array()) else {
            return any(members, &lists).then_some(Kind::Search);
        };
        let payments = match results.first() {
            Some(Value::Object(first)) => other_resource(first).is_none() && is_payment(first),
            Some(_) => false,
            None => members.contains_key("results") && path.is_none_or(|path| path.contains("/payments")),
        };
        return Some(if payments && members.contains_key("results") { Kind::PaymentSearch } else { Kind::Search });
    }
    None
}

/// Resources whose bodies resemble payments, tokens and refunds in some members.
fn other_resource(members: &Members) -> Option<Kind> {
    let has = |name: &str| members.contains_key(name);
    let id = members.get("id");
    let prefixed = |prefixes: &[&str]| {
        id.and_then(Value::as_str).is_some_and(|id| prefixes.iter().any(|prefix| id.starts_with(prefix)))
    };
    let topic = (has("topic") && (has("resource") || has("id"))) && members.len() <= 8;
    // The official plugins are notified with a summary of the payments of an order.
    let summary = has("notification_id") && has("payments_details");
    let event = has("data") && (has("type") || has("action")) && !has("transaction_amount");
    if topic || summary || (event && members.get("data").is_some_and(|data| data.get("id").is_some())) {
        return Some(Kind::Notification);
    }
    if any(members, &["preapproval_id", "preapproval_plan_id", "auto_recurring", "subscription_id"])
        && !has("status_detail")
    {
        return Some(Kind::Subscription);
    }
    if any(members, &["init_point", "sandbox_init_point"])
        || (any(members, &["back_urls", "auto_return"]) && has("items"))
    {
        return Some(Kind::Preference);
    }
    if (has("transactions") && has("id")) || prefixed(&["ORD", "PAY", "REF", "TRX"]) {
        return Some(Kind::Order);
    }
    // Several payments together: those of a merchant order, or those that an advanced payment is made of.
    let paid_by = has("id") && members.get("payments").is_some_and(Value::is_array) && !has("transaction_amount");
    let status = members.get("status").and_then(Value::as_str).unwrap_or_default();
    let of_order = matches!(status, "opened" | "closed" | "expired");
    let orders = any(members, &["order_status", "preference_id", "shipments"]);
    if any(members, &["disbursements", "wallet_payment", "advanced_payment_id", "disbursement_id"])
        || (paid_by && is_payment_status(status) && !orders)
    {
        return Some(Kind::AdvancedPayment);
    }
    if has("collection") && members.len() <= 2 {
        return Some(Kind::Collection);
    }
    if has("payment_id")
        && any(members, &["reason_id", "documentation_status", "documentation_required", "coverage_applied"])
    {
        return Some(Kind::Chargeback);
    }
    if (paid_by && of_order) || (has("id") && orders && any(members, &["payments", "items"])) {
        return Some(Kind::MerchantOrder);
    }
    if any(members, &["default_card", "cards", "default_address", "date_registered"]) && has("id") {
        return Some(Kind::Customer);
    }
    if any(members, &["customer_id", "user_id"]) && any(members, &["first_six_digits", "security_code", "issuer"]) {
        return Some(Kind::Card);
    }
    None
}

fn is_token(members: &Members) -> bool {
    let has = |name: &str| members.contains_key(name);
    let marks = ["luhn_validation", "card_number_length", "require_esc", "date_due", "due_date", "trunc_card_number"];
    has("id") && !has("transaction_amount") && (any(members, &marks) || (has("public_key") && has("live_mode")))
}

fn is_refund(members: &Members) -> bool {
    let has = |name: &str| members.contains_key(name);
    let marks = ["refund_mode", "unique_sequence_number", "adjustment_amount", "amount_refunded_to_payer"];
    has("id") && has("amount") && !has("transaction_amount") && (has("payment_id") || any(members, &marks))
}

/// Members that only payments have.
const PAYMENT_MARKS: [&str; 7] = [
    "status_detail",
    "payment_method_id",
    "transaction_amount",
    "payment_type_id",
    "collector_id",
    "currency_id",
    "point_of_interaction",
];

/// What an object is, when that is beyond doubt: a payment needs its id, its status and a member that only payments have.
pub(super) fn certain(members: &Members) -> Option<Kind> {
    let kind = object(members, None, None);
    let whole = members.contains_key("id") && members.contains_key("status") && count(members, &PAYMENT_MARKS) > 0;
    (kind != Kind::Unknown && (kind != Kind::Payment || whole)).then_some(kind)
}

/// Whether nothing but an id and a status makes an object a payment.
pub(super) fn is_bare_payment(members: &Members) -> bool {
    count(members, &PAYMENT_MARKS) == 0 && is_payment(members)
}

/// A payment: with members that only payments have. The few members of a cut-down one are enough when its status is
/// one of a payment and its id is not that of another resource.
fn is_payment(members: &Members) -> bool {
    let found = count(members, &PAYMENT_MARKS);
    let id_of_elsewhere = members.get("id").and_then(Value::as_str).is_some_and(|id| id.parse::<u64>().is_err());
    let status = members.get("status").and_then(Value::as_str);
    if any(members, &["id", "status"]) && found > 0 {
        // One common member with the id or the status of something else is not a payment.
        let common = found > 1 || status.is_none_or(is_payment_status);
        return found >= 3 || (!id_of_elsewhere && common);
    }
    members.contains_key("id")
        && !id_of_elsewhere
        && status.is_some_and(is_payment_status)
        && members.keys().all(|name| known_fields().contains(name.as_str()))
}

/// Whether an object is a payment as an SDK names its members: what the service answered cannot be read from it.
pub(super) fn is_object_of_sdk(members: &Members) -> bool {
    let camel = ["statusDetail", "transactionAmount", "paymentMethodId", "dateCreated"];
    let pascal = ["StatusDetail", "TransactionAmount", "PaymentMethodId", "DateCreated"];
    count(members, &camel) > 1 || count(members, &pascal) > 1
}

fn is_payment_status(status: &str) -> bool {
    statuses().pairs.iter().any(|pair| pair.status == status)
}

/// Whether an object has a member that only errors have.
pub(super) fn is_error_for_sure(members: &Members) -> bool {
    any(members, &["ErrorMessage", "ErrorCode", "cause", "causes", "blocked_by"])
}

/// An error: with a member that only errors have, or with two of the members that errors are made of and little else.
fn is_error(members: &Members, status: Option<u16>) -> bool {
    let has = |name: &str| members.contains_key(name);
    if is_error_for_sure(members) {
        return true;
    }
    let coded = |error: &Value| error.get("code").is_some() || error.get("message").is_some();
    let listed = members.get("errors").and_then(Value::as_array);
    if listed.is_some_and(|errors| errors.iter().all(coded)) && !has("payment_method_id") {
        return true;
    }
    let text = |name: &str| matches!(members.get(name), Some(Value::String(_) | Value::Null));
    let number = |name: &str| members.get(name).and_then(http_status).is_some_and(|status| status >= 400);
    let parts = [
        text("message"),
        text("error"),
        number("status") || number("statusCode") || number("status_code"),
        has("code") && members.get("code").is_some_and(|code| code.is_string() || code.is_number()),
        text("description") || text("error_description"),
    ];
    let parts = parts.iter().filter(|part| **part).count();
    let small = members.len() <= 8 && !has("id");
    let failed = status.is_some_and(|status| status >= 400);
    // The envelopes of other programs say `success` or `ok`, or keep what they carry in `data`; in a cause that stands
    // alone that is its trace.
    let cause = has("code") && has("description");
    let envelope = any(members, &["success", "ok", "result"]) || (has("data") && !cause);
    small && (parts >= 2 || (failed && parts >= 1)) && (failed || !envelope)
}
