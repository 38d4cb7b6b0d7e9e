//! Refusals of the Orders API, in its own envelope: `{"errors":[{"code","message","details"}]}`.
//!
//! Codes and statuses are those of the error page of Checkout API by orders (mercadopago/devsite-docs). Not responsible
//! for deciding which one applies.

use serde_json::{Value, json};

use crate::sandbox::errors::Refusal;
use crate::sandbox::reply::Reply;

/// Why a request about an order is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrderError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    /// Which property, id or transaction is meant.
    pub(super) details: Vec<String>,
}

/// The outcome of a step.
pub(super) type Answered<T = ()> = Result<T, OrderError>;

impl OrderError {
    /// A refusal without details.
    pub(super) fn new(status: u16, code: &'static str) -> OrderError {
        OrderError { status, code, details: Vec::new() }
    }

    /// A refusal with status 400 that names a property.
    pub(super) fn property(code: &'static str, detail: impl Into<String>) -> OrderError {
        OrderError { status: 400, code, details: vec![detail.into()] }
    }

    /// The reply.
    pub(super) fn reply(&self) -> Reply {
        Reply::json(self.status, self.body())
    }

    /// The envelope.
    pub(super) fn body(&self) -> Value {
        json!({ "errors": [{ "code": self.code, "message": message(self.code), "details": self.details }] })
    }
}

/// `Err` with status 400 that names a property, unless the condition holds.
pub(super) fn demand(condition: bool, code: &'static str, detail: &str) -> Answered {
    if condition { Ok(()) } else { Err(OrderError::property(code, detail)) }
}

/// What a refusal of the payment inside an order becomes.
pub(super) enum Inside {
    /// The request itself is refused.
    Refused(OrderError),
    /// The order exists, its transaction failed with this detail.
    Failed(&'static str),
}

/// The refusal of a payment in the words of orders. A card that cannot be charged fails the transaction; an attribute
/// that cannot be right refuses the request.
pub(super) fn inside(refusal: &Refusal) -> Inside {
    let value = |property: &str| Inside::Refused(OrderError::property("property_value", property));
    match refusal.code.as_ref() {
        "2198" | "2034" | "2123" => Inside::Refused(OrderError::property("invalid_email_for_sandbox", "payer.email")),
        "4050" | "4051" => value("payer.email"),
        "4006" | "4012" | "4013" | "4029" => value("payer"),
        "2067" => value("payer.identification.number"),
        "2002" => value("payer.customer_id"),
        "4002" | "4003" | "4037" | "2072" => value("transactions.payments[0].amount"),
        "4001" | "3028" | "2131" | "3026" => value("transactions.payments[0].payment_method.id"),
        "4000" => Inside::Refused(OrderError::property(
            "required_properties",
            "transactions.payments[0].payment_method.token",
        )),
        "4004" | "4005" => value("transactions.payments[0].payment_method.installments"),
        "23" | "7523" => value("transactions.payments[0].date_of_expiration"),
        "4033" => Inside::Failed("invalid_installments"),
        "2077" => Inside::Refused(OrderError::property("property_value", "capture_mode")),
        "6033" => Inside::Refused(OrderError::new(403, "user_not_authorized")),
        // Everything else that a payment says is about the token and the card in it.
        code if code.starts_with("30") || matches!(code, "2006" | "2062" | "3") => Inside::Failed("invalid_card_token"),
        _ => Inside::Refused(OrderError::property("invalid_properties", "transactions.payments[0]")),
    }
}

/// The sentence that goes with a code. Only that of the missing header was seen on the wire.
fn message(code: &str) -> &'static str {
    match code {
        "cannot_cancel_order" => "The order cannot be canceled in its current status",
        "cannot_capture_order" => "The order cannot be captured in its current status",
        "cannot_refund_order" => "The order cannot be refunded in its current status",
        "empty_required_header" => "Missing HTTP header: X-Idempotency-Key",
        "exceeded_number_of_transactions" => "The order accepts one payment at most",
        "failed" => "The following transactions failed",
        "idempotency_key_already_used" => "The idempotency key was already used with another request",
        "invalid_email_for_sandbox" => "The payer's email must be one of testuser.com",
        "invalid_idempotency_key_length" => "The idempotency key must have between 1 and 128 characters",
        "invalid_order_mode_for_operation" => "The order's processing mode does not allow the operation",
        "invalid_path_param" => "The id in the path is invalid",
        "invalid_properties" => "Some properties are invalid",
        "invalid_total_amount" => "The total amount differs from the sum of the payments",
        "json_syntax_error" => "The body is not a JSON object",
        "maximum_items" => "Too many items",
        "minimum_items" => "Not enough items",
        "minimum_properties" => "Not enough properties",
        "operation_not_supported" => "The operation is not supported in the current status of the order",
        "order_already_canceled" => "The order was already canceled",
        "order_already_refunded" => "The order was already refunded",
        "order_builder_without_transactions" => "The order has no transaction to process",
        "order_items_total_amount_mismatch" => "The sum of the items differs from the total amount",
        "order_not_found" => "Order not found",
        "property_type" => "Invalid property type",
        "property_value" => "Invalid property value",
        "refund_amount_exceeds" => "The amount exceeds what is left to refund",
        "required_properties" => "Required properties are missing",
        "resource_locked" => "The idempotency key is being processed",
        "transaction_not_found" => "Transaction not found",
        "unauthorized" => "The access token is missing or invalid",
        "unsupported_properties" => "Some properties are not supported",
        "user_not_authorized" => "The user is not authorized to do this",
        _ => "The request cannot be served",
    }
}
