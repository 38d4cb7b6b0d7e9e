//! How a refund is answered, and what a payment is to the merchant order that it belongs to.

use serde_json::{Value, json};

use super::shape::total_paid;
use super::{Payment, Refund};
use crate::sandbox::clock::wire_date;

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
