//! Payments: `/v1/payments` and what lies below it.
//!
//! One file per question: `create` makes them, `validation` says what is refused and in which order, `shape` writes the answer, `parts` the objects in it and `share` what belongs to it, `sent` keeps what only comes back, `tree` reads it, `update` captures and cancels, `refunds` gives money back, `search` finds.

mod attributes;
mod card_checks;
mod create;
mod money;
mod offline;
mod outcomes;
mod parts;
mod payer_checks;
mod refunds;
mod search;
mod sent;
mod shape;
mod share;
mod tree;
mod update;
mod validation;

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) use create::create;
use money::{Amount, Money};
pub(super) use outcomes::Happening;
pub(super) use refunds::{list_refunds, read_refund, refund};
pub(super) use search::search;
use sent::Sent;
pub(super) use share::{Share, share};
pub(super) use update::update;

use super::accounts::{Account, Role};
use super::errors::{Checked, Refusal, envelope};
use super::financing::plan;
use super::options::Reuse;
use super::reply::Reply;
use super::router::Call;
use super::state::{Key, Replay, State};
use super::store::form::{self, Word};
use super::world::World;
use crate::specs::sites::{PaymentMethod, Site};

/// A payment. What the client sent and only gets back stays in `sent`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Payment {
    pub(super) id: u64,
    /// Seller.
    pub(super) collector: u64,
    #[serde(with = "form::site")]
    site: &'static Site,
    #[serde(with = "form::method")]
    method: &'static PaymentMethod,
    #[serde(with = "form::word")]
    status: Word,
    #[serde(with = "form::word")]
    detail: Word,
    amount: Money,
    installments: u64,
    captured: bool,
    created: Timestamp,
    updated: Timestamp,
    approved: Option<Timestamp>,
    expires: Option<Timestamp>,
    card: Option<Box<Card>>,
    authorization_code: Option<Box<str>>,
    refunds: Vec<Refund>,
    /// The idempotency key that it was made under.
    key: Key,
    sent: Sent,
}

/// What a payment keeps of its card: never the whole number, never the security code.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Card {
    card_id: Option<String>,
    first_six: Option<String>,
    last_four: Option<String>,
    month: Option<u32>,
    year: Option<i32>,
    holder: Option<String>,
    document_type: Option<String>,
    document_number: Option<String>,
}

/// Money given back.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Refund {
    id: u64,
    amount: Money,
    created: Timestamp,
    /// The idempotency key that it was made under.
    key: Key,
}

impl Payment {
    /// The idempotency keys that it and its refunds were made under.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        std::iter::once(self.key).chain(self.refunds.iter().map(|refund| refund.key))
    }

    /// What was given back so far.
    fn refunded(&self) -> Money {
        self.refunds.iter().fold(Money::ZERO, |sum, refund| sum.plus(refund.amount))
    }

    /// Whether it waits for a buyer whose time is over.
    fn overdue(&self, now: Timestamp) -> bool {
        self.status == "pending" && self.expires.is_some_and(|date| date < now)
    }

    /// When the seller gets the money: two weeks after it was approved.
    fn release(&self) -> Option<Timestamp> {
        self.approved.and_then(|date| date.checked_add((14 * 24).hours()).ok())
    }

    /// What the buyer pays beyond the amount for paying in installments.
    fn financing(&self) -> Money {
        if self.card.is_none() || self.installments < 2 {
            return Money::ZERO;
        }
        let count = u32::try_from(self.installments).unwrap_or(1);
        Money::of(plan(self.site, self.method, count, self.amount.units()).total).minus(self.amount)
    }

    /// The discount that a coupon gives.
    fn coupon(&self) -> Money {
        self.sent_money("coupon_amount")
    }

    /// What a marketplace keeps.
    fn application_fee(&self) -> Money {
        self.sent_money("application_fee")
    }

    fn sent_money(&self, name: &str) -> Money {
        match Money::read(self.sent.get(name).as_ref(), 2) {
            Amount::Is(amount) => amount,
            _ => Money::ZERO,
        }
    }

    fn set(&mut self, status: &'static str, detail: &'static str, now: Timestamp) {
        self.status = status;
        self.detail = detail;
        self.updated = now;
    }
}

/// The payment that a path names, to be looked at; see [`find`].
fn look<'s>(state: &'s State, id: &str, account: &Account, foreign: &'static str) -> Checked<&'s Arc<Payment>> {
    let number: u64 = id.parse().map_err(|_| Refusal::bad("4019"))?;
    let payment = state.payments.get(&number).ok_or_else(|| Refusal::new(404, "2000"))?;
    match (payment.collector == account.user_id, account.role) {
        (true, _) => Ok(payment),
        (false, Role::OAuth) => Err(Refusal::new(403, foreign)),
        (false, _) => Err(Refusal::new(404, "2000")),
    }
}

/// The payment that a path names, if the account may use it: 4019, then 404/2000 also for that of another account.
///
/// Both 404 and 403 (with the code `foreign`) are documented or told for what belongs to others, and nobody says when
/// which: here an application that acts for another seller (OAuth) is told that it may not, everybody else nothing.
fn find<'s>(state: &'s mut State, id: &str, account: &Account, foreign: &'static str) -> Checked<&'s mut Payment> {
    let number: u64 = id.parse().map_err(|_| Refusal::bad("4019"))?;
    look(state, id, account, foreign)?;
    state.payments.get_mut(&number).map(Arc::make_mut).ok_or_else(|| Refusal::new(404, "2000"))
}

/// What another body gets under a key that was answered, where that is a conflict.
fn again(world: &World, replay: &Replay, print: u64) -> Option<Reply> {
    let message = "The idempotency key was already used with another body";
    (world.reuse == Reuse::Conflict && replay.body != print)
        .then(|| envelope(409, "idempotency_key_already_used", message, json!([])))
}

/// Cancels the payment that a path names if its time to be paid is over.
fn settle(state: &mut State, id: &str, now: Timestamp) {
    let Ok(id) = id.parse::<u64>() else { return };
    if state.payments.get(&id).is_some_and(|payment| payment.overdue(now))
        && let Some(payment) = state.payments.get_mut(&id)
    {
        Arc::make_mut(payment).set("cancelled", "expired", now);
    }
}

/// `GET /v1/payments/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let now = world.now();
    let mut state = world.state();
    settle(&mut state, id, now);
    let payment = Arc::clone(look(&state, id, account, "4")?);
    drop(state);
    Ok(shape::reply(200, &payment))
}
