//! Payments: `/v1/payments` and what lies below it.
//!
//! One file per question: `create` makes them, `validation` says what is refused and in which order, `shape` writes the answer, `update` captures and cancels, `refunds` gives money back, `search` finds.

mod attributes;
mod card_checks;
mod create;
mod money;
mod outcomes;
mod payer_checks;
mod refunds;
mod search;
mod shape;
mod update;
mod validation;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(super) use create::create;
use money::Money;
pub(super) use outcomes::Happening;
pub(super) use refunds::{list_refunds, read_refund, refund};
pub(super) use search::search;
pub(super) use update::update;

use super::accounts::Account;
use super::errors::{Checked, Refusal};
use super::reply::Reply;
use super::router::Call;
use super::state::State;
use super::world::World;
use crate::specs::sites::{PaymentMethod, Site};

/// A payment. What the client sent and only gets back stays in `sent`.
#[derive(Debug, Clone)]
pub(super) struct Payment {
    pub(super) id: u64,
    /// Seller.
    pub(super) collector: u64,
    site: &'static Site,
    method: &'static PaymentMethod,
    status: &'static str,
    detail: &'static str,
    amount: Money,
    installments: u64,
    captured: bool,
    created: Timestamp,
    updated: Timestamp,
    approved: Option<Timestamp>,
    expires: Option<Timestamp>,
    card: Option<Card>,
    authorization_code: Option<String>,
    refunds: Vec<Refund>,
    sent: Map<String, Value>,
}

/// What a payment keeps of its card: never the whole number, never the security code.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
struct Refund {
    id: u64,
    amount: Money,
    created: Timestamp,
}

impl Payment {
    /// What was given back so far.
    fn refunded(&self) -> Money {
        self.refunds.iter().fold(Money::ZERO, |sum, refund| sum.plus(refund.amount))
    }

    fn set(&mut self, status: &'static str, detail: &'static str, now: Timestamp) {
        self.status = status;
        self.detail = detail;
        self.updated = now;
    }
}

/// The payment that a path names, if the account may use it: 4019, 404/2000, then `foreign` for another's.
fn find<'s>(state: &'s mut State, id: &str, account: &Account, foreign: &'static str) -> Checked<&'s mut Payment> {
    let number: u64 = id.parse().map_err(|_| Refusal::bad("4019"))?;
    let payment = state.payments.get_mut(&number).ok_or_else(|| Refusal::new(404, "2000"))?;
    if payment.collector != account.user_id {
        return Err(Refusal::new(403, foreign));
    }
    Ok(payment)
}

/// `GET /v1/payments/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let payment = find(&mut world.state(), id, account, "4")?.clone();
    Ok(Reply::json(200, shape::payment(&payment)))
}
