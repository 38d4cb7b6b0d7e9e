//! What has become of an order: the status of its payment, in the words of orders.
//!
//! Orders and payments spell things differently (`canceled` and `cancelled`), and orders name the reason of a refused
//! card in words of their own. Not responsible for changing anything but what follows from the payment.

use std::sync::Arc;

use jiff::ToSpan;

use super::errors::{Answered, OrderError};
use super::{Order, Transaction};
use crate::sandbox::accounts::Account;
use crate::sandbox::payments::Payment;
use crate::sandbox::world::World;

/// How long an order with `automatic_async` is being processed before it is accredited, in seconds of the sandbox.
const ASYNC_SECONDS: i64 = 10;

/// Status and detail of an order's payment, from those of the payment.
pub(super) fn translated(status: &str, detail: &'static str) -> (&'static str, &'static str) {
    match (status, detail) {
        ("approved", "partially_refunded") => ("processed", "partially_refunded"),
        ("approved", _) => ("processed", "accredited"),
        ("authorized", _) => ("action_required", "waiting_capture"),
        ("pending", "pending_waiting_transfer") => ("action_required", "waiting_transfer"),
        ("pending", "pending_challenge") => ("action_required", "pending_challenge"),
        ("pending", _) => ("action_required", "waiting_payment"),
        ("in_process", _) => ("processing", "in_process"),
        ("refunded", _) => ("refunded", "refunded"),
        ("cancelled", "expired") => ("expired", "expired"),
        ("cancelled", _) => ("canceled", "canceled_transaction"),
        ("charged_back", "reimbursed") => ("charged_back", "reimbursed"),
        ("charged_back", "in_process") => ("charged_back", "in_process"),
        ("charged_back", _) => ("charged_back", "settled"),
        ("in_mediation", _) => ("processed", "in_mediation"),
        (_, detail) => ("failed", reason(detail)),
    }
}

/// Why a card was refused. A refusal for no told reason is `rejected_by_issuer`, as seen on the wire; the others follow
/// the page of transaction statuses.
fn reason(detail: &'static str) -> &'static str {
    let short = detail.strip_prefix("cc_rejected_").unwrap_or(detail);
    match short {
        "other_reason" | "duplicated_payment" => "rejected_by_issuer",
        "call_for_authorize" => "required_call_for_authorize",
        "max_attempts" => "max_attempts_exceeded",
        "blacklist" => "high_risk",
        bad if bad.starts_with("bad_filled") => "bad_filled_card_data",
        other => other,
    }
}

/// Status and detail of the whole order.
pub(super) fn of(order: &Order) -> (&'static str, &'static str) {
    if order.canceled {
        return ("canceled", "canceled");
    }
    match order.payments.first().map(|transaction| transaction.pair) {
        None => ("created", "created"),
        Some(("canceled", _)) => ("canceled", "canceled"),
        Some(("created", _)) => ("created", "created"),
        Some(pair) => pair,
    }
}

/// The order as it stands now, if it is the account's: a payment decided elsewhere shows, and one that was accepted
/// for later settles when its time has come.
pub(super) fn current(world: &World, id: &str, account: &Account) -> Answered<Order> {
    // What cannot be an id is told as such; what could be one is not found.
    if !(26..=40).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(OrderError { status: 400, code: "invalid_path_param", details: vec![short(id)] });
    }
    now_of(world, id, account.user_id)
}

/// The order of a seller as it stands now.
pub(super) fn now_of(world: &World, id: &str, owner: u64) -> Answered<Order> {
    let now = world.now();
    let mut state = world.state();
    let state = &mut *state;
    let missing = || OrderError { status: 404, code: "order_not_found", details: vec![short(id)] };
    let mut order = state.orders.by_id.get(id).filter(|order| order.owner == owner).cloned().ok_or_else(missing)?;
    let asynchronous = order.capture_mode == "automatic_async";
    let due = order.created.checked_add(ASYNC_SECONDS.seconds()).is_ok_and(|due| now >= due);
    let mut news = false;
    for transaction in &mut order.payments {
        let before = transaction.pair;
        let Some(id) = transaction.payment else { continue };
        let Some(payment) = state.payments.get(&id) else { continue };
        // What is looked at and does not change is not written.
        let mut changed = Payment::clone(payment);
        changed.lapse(now);
        if asynchronous && due {
            changed.settle(now);
        }
        if changed.pair() != payment.pair()
            && let Some(payment) = state.payments.get_mut(&id)
        {
            *payment = Arc::new(changed);
        }
        let Some(payment) = state.payments.get(&id) else { continue };
        refresh(transaction, payment.pair(), asynchronous);
        transaction.refunded = payment.refunded_text();
        news |= transaction.pair != before;
    }
    if news && let Some(stored) = state.orders.by_id.get_mut(id) {
        stored.clone_from(&order);
    }
    Ok(order)
}

/// Takes over the status of the payment.
pub(super) fn refresh(transaction: &mut Transaction, pair: (&'static str, &'static str), asynchronous: bool) {
    let pair = translated(pair.0, pair.1);
    // Whoever asked for `automatic_async` has nothing to capture: the service is at work.
    transaction.pair = if asynchronous && pair.1 == "waiting_capture" { ("processing", "in_process") } else { pair };
}

/// An id from a path, not longer than it may be useful.
pub(super) fn short(id: &str) -> String {
    id.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::cards;

    #[test]
    fn every_outcome_of_a_payment_has_a_word_of_orders() {
        for holder in cards::holders() {
            let pair = translated(&holder.status, Box::leak(holder.status_detail.clone().into_boxed_str()));
            assert!(!pair.1.is_empty() && !pair.1.starts_with("cc_rejected"), "{}: {pair:?}", holder.code);
        }
        assert_eq!(translated("rejected", "cc_rejected_other_reason"), ("failed", "rejected_by_issuer"));
        assert_eq!(translated("rejected", "cc_rejected_insufficient_amount"), ("failed", "insufficient_amount"));
        assert_eq!(translated("cancelled", "by_collector"), ("canceled", "canceled_transaction"));
        assert_eq!(translated("cancelled", "expired"), ("expired", "expired"));
    }
}
