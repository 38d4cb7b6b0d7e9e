//! `POST /v1/payments`: from a checked request to a payment, once per idempotency key.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::sent::Sent;
use super::validation::{self, Subject};
use super::{Card, Payment, again, shape};
use crate::sandbox::card_tokens::{CardToken, first_six, last_four};
use crate::sandbox::clock::wire_date;
use crate::sandbox::errors::{Checked, Refusal};
use crate::sandbox::json::member;
use crate::sandbox::merchant_orders;
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::state::{self, Created, Key, Replay, State};
use crate::sandbox::world::World;
use crate::specs::cards;
use crate::specs::sites::{self, PaymentMethod};

/// Bytes that a payment takes beside what was sent, about.
const WEIGHT: usize = 800;

/// Answers 201 with the new payment, 200 with the stored one under a key that was answered before.
///
/// What another body under the same key gets is told at [`crate::sandbox::Reuse`]. A refused request leaves its key free.
pub(in crate::sandbox) fn create(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let key = state::key(account.user_id, "payments", call.idempotency_key()?);
    let print = state::fingerprint(call.body);
    let site = sites::get(&account.site).ok_or_else(|| Refusal::bad("3004"))?;
    let now = world.now();
    // Others wait while the state is held: what needs none of it is done before.
    let ids = call.ids(world);
    let id = state::likely_id(&ids);
    let read = call.object().map(|body| {
        // The attributes that the answer gives back.
        let sent = Sent::without(&body, "token");
        (body, sent)
    });
    let mut state = world.state();
    if let Some(payment) = replayed(world, &state, &key, print) {
        drop(state);
        return Ok(payment.unwrap_or_else(|payment| shape::reply(200, &payment)));
    }
    let (body, sent) = read?;
    let subject = Subject { body: &body, account, site, state: &state, now };
    validation::check(&subject)?;
    let method = subject.method().ok_or_else(|| Refusal::bad("2131"))?;
    let (amount, installments) = (subject.amount(), subject.installments());
    let expires = validation::expiration(subject.get("date_of_expiration"), now)?;
    let token = subject.token().cloned();
    let flag = |name: &str| member(&body, name).and_then(Value::as_bool);
    let (status, detail) =
        outcome(method, token.as_ref(), flag("capture") == Some(false), flag("binary_mode") == Some(true));
    let captured = flag("capture") != Some(false);
    let payment = Arc::new(Payment {
        id: state.free_id(id),
        collector: account.user_id,
        site,
        method,
        status,
        detail,
        amount,
        installments,
        captured,
        created: now,
        updated: now,
        approved: (status == "approved").then_some(now),
        expires: expires.or_else(|| term(method, now)),
        card: token.as_ref().map(card).map(Box::new),
        authorization_code: matches!(status, "approved" | "authorized")
            .then(|| token.as_ref().map(|_| format!("{:06}", ids.below(1_000_000)).into_boxed_str()))
            .flatten(),
        refunds: Vec::new(),
        key,
        sent,
    });
    if let Some(token) = token.and_then(|token| state.tokens.get_mut(&token.id)) {
        token.used = true;
    }
    let weight = WEIGHT + payment.sent.len();
    state.replays.insert(key, Replay { created: Created::Payment(payment.id), body: print }, 96);
    if let Some(order) = member(&body, "order") {
        merchant_orders::attach(&mut state, payment.collector, Some(order), payment.id, &wire_date(now));
    }
    let gone = state.pay(Arc::clone(&payment), weight);
    drop(state);
    drop(gone);
    Ok(Reply::payment(201, payment.id, shape::Answer::new(&payment, &payment.sent.tree()).write()))
}

/// What a key gets that a payment was made under: a reply, or that payment once more.
fn replayed(world: &World, state: &State, key: &Key, print: u64) -> Option<Result<Reply, Arc<Payment>>> {
    let replay = state.replays.get(key)?;
    let Created::Payment(id) = replay.created else { return None };
    let payment = state.payments.get(&id)?;
    Some(again(world, replay, print).ok_or_else(|| Arc::clone(payment)))
}

/// The cardholder's name decides a card; other methods wait for the buyer.
fn outcome(
    method: &PaymentMethod,
    token: Option<&CardToken>,
    deferred: bool,
    binary: bool,
) -> (&'static str, &'static str) {
    let Some(token) = token else {
        return match method.payment_type_id.as_str() {
            "bank_transfer" => ("pending", "pending_waiting_transfer"),
            "account_money" => ("approved", "accredited"),
            _ => ("pending", "pending_waiting_payment"),
        };
    };
    let holder = token.holder.as_deref().and_then(cards::holder);
    match holder.map_or(("approved", "accredited"), |holder| (holder.status.as_str(), holder.status_detail.as_str())) {
        ("approved", _) if deferred => ("authorized", "pending_capture"),
        // Binary mode leaves no result open.
        ("in_process", _) if binary => ("rejected", "cc_rejected_other_reason"),
        pair => pair,
    }
}

/// How long a buyer has to pay what is not paid at once, if nothing else is asked for.
fn term(method: &PaymentMethod, now: Timestamp) -> Option<Timestamp> {
    let hours = match method.payment_type_id.as_str() {
        "ticket" | "atm" => 3 * 24,
        "bank_transfer" => 24,
        _ => return None,
    };
    now.checked_add(hours.hours()).ok()
}

fn card(token: &CardToken) -> Card {
    let number = token.number.as_deref().unwrap_or_default();
    Card {
        card_id: token.card_id.clone(),
        first_six: first_six(number).map(str::to_owned),
        last_four: last_four(number).map(str::to_owned),
        month: token.month.as_deref().and_then(|month| month.parse().ok()),
        year: token.full_year(),
        holder: token.holder.clone(),
        document_type: token.document_type.clone(),
        document_number: token.document_number.clone(),
    }
}
