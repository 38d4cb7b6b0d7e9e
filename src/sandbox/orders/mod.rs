//! The Orders API: `/v1/orders` and what lies below it.
//!
//! An order wraps one payment, and the payment is a real one of this sandbox: `/v1/payments/{id}` shows it, an outcome
//! decided there shows here. What an order adds is its own envelope of errors, amounts as text, statuses of its own,
//! the two modes of processing, and 402 when the card is refused. One file per question: `request` reads and checks
//! bodies, `create` makes orders, `actions` processes, captures, cancels, `refunds` gives back, `transactions` changes
//! what a manual order will pay, `search` finds, `shape` writes.
//!
//! The real API refuses credentials that begin with `TEST-`; the sandbox has no others and takes them.

mod actions;
mod create;
mod errors;
mod refunds;
mod request;
mod search;
mod shape;
mod status;
mod transactions;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::errors::{Answered, OrderError};
use super::accounts::Account;
use super::bounded::Bounded;
use super::reply::Reply;
use super::router::Call;
use super::store::form::{self, Word};
use super::webhooks::Event;
use super::world::World;

/// Most bytes of orders, about.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// Longest idempotency key.
const LONGEST_KEY: usize = 128;

/// An order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    id: String,
    /// Seller.
    owner: u64,
    site: String,
    application: String,
    /// Made to be processed later.
    manual: bool,
    /// `automatic`, `manual` or `automatic_async`.
    capture_mode: String,
    /// As it was sent.
    total: String,
    created: Timestamp,
    updated: Timestamp,
    /// Canceled before there was a payment.
    canceled: bool,
    payments: Vec<Transaction>,
    refunds: Vec<OrderRefund>,
    /// What the client sent and only gets back.
    sent: Map<String, Value>,
}

/// The payment of an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Transaction {
    id: String,
    /// As it was sent.
    amount: String,
    /// `payment_method`, as it was sent.
    method: Map<String, Value>,
    /// `date_of_expiration`, as it was sent.
    expires: Option<Value>,
    /// The payment of `/v1/payments`, once there is one.
    payment: Option<u64>,
    /// Status and detail, in the words of orders.
    #[serde(with = "form::words")]
    pair: (Word, Word),
    /// What a buyer needs who pays elsewhere: names as orders have them.
    instructions: Map<String, Value>,
    refunded: String,
}

/// Money given back.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct OrderRefund {
    id: String,
    transaction: String,
    reference: u64,
    amount: String,
    created: Timestamp,
}

/// An idempotency key that was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Replay {
    order: String,
    status: u16,
    /// Of the body, to tell a repetition from another request.
    fingerprint: u64,
}

/// The orders that the sandbox remembers.
pub(super) struct Store {
    pub(super) by_id: Bounded<String, Order>,
    pub(super) replays: Bounded<(u64, String, String), Replay>,
}

impl Store {
    /// No orders.
    pub(super) fn new(most: usize) -> Store {
        Store { by_id: Bounded::new(most, MOST_BYTES), replays: Bounded::new(most, MOST_BYTES) }
    }
}

/// Who asks, and the idempotency key that every POST has to carry.
struct Asker<'w> {
    account: &'w Account,
    key: String,
}

fn owner<'w>(world: &'w World, call: &Call) -> Answered<&'w Account> {
    call.owner(world).map_err(|_| OrderError::new(401, "unauthorized"))
}

fn asker<'w>(world: &'w World, call: &Call) -> Answered<Asker<'w>> {
    let account = owner(world, call)?;
    let key = call.header("x-idempotency-key").map(str::trim).unwrap_or_default();
    if key.is_empty() {
        return Err(OrderError::new(400, "empty_required_header"));
    }
    if key.chars().count() > LONGEST_KEY {
        return Err(OrderError::new(400, "invalid_idempotency_key_length"));
    }
    Ok(Asker { account, key: key.to_owned() })
}

/// The stored answer under this key: nothing, the order with the status of then, or 409 for another body.
fn replayed(world: &World, call: &Call, asker: &Asker) -> Answered<Option<Reply>> {
    let key = (asker.account.user_id, call.path.to_owned(), asker.key.clone());
    let replay = world.state().orders.replays.get(&key).cloned();
    let Some(replay) = replay else { return Ok(None) };
    if replay.fingerprint != fingerprint(call.body) {
        return Err(OrderError::new(409, "idempotency_key_already_used"));
    }
    let order = status::current(world, &replay.order, asker.account)?;
    Ok(Some(shape::reply(replay.status, &order)))
}

/// Remembers the answer under this key, and tells of the change: a repetition does neither.
fn remember(world: &World, call: &Call, asker: &Asker, status: u16, order: &Order) {
    world.webhooks.announce(world, event(order));
    let key = (asker.account.user_id, call.path.to_owned(), asker.key.clone());
    let weight = 256 + key.1.len() + key.2.len();
    let replay = Replay { order: order.id.clone(), status, fingerprint: fingerprint(call.body) };
    world.state().orders.replays.insert(key, replay, weight);
}

fn event(order: &Order) -> Event {
    Event {
        topic: "order",
        action: format!("order.{}", status::of(order).0),
        id: order.id.clone(),
        user: order.owner,
        notification_url: None,
    }
}

/// What there is to tell of an order now, and the payment it made; `None` when there is no such order.
pub(super) fn news(world: &World, id: &str) -> Option<(Event, Option<u64>)> {
    let owner = world.state().orders.by_id.get(id)?.owner;
    let order = status::now_of(world, id, owner).ok()?;
    Some((event(&order), order.payments.first().and_then(|payment| payment.payment)))
}

fn fingerprint(body: &[u8]) -> u64 {
    super::state::fingerprint(body)
}

fn put(world: &World, order: Order) {
    let weight = 1024 + order.sent.iter().map(|(name, value)| name.len() + super::bounded::heft(value)).sum::<usize>();
    world.state().orders.by_id.insert(order.id.clone(), order, weight);
}

/// The reply to a request below `/v1/orders`; `None` when there is no such route.
pub(super) fn answer(world: &World, call: &Call, below: &[&str]) -> Option<Reply> {
    let answered = match (call.method, below) {
        ("POST", []) => create::create(world, call),
        ("GET", []) => search::search(world, call),
        ("GET", [id]) => actions::read(world, call, id),
        ("POST", [id, "process"]) => actions::process(world, call, id),
        ("POST", [id, "capture"]) => actions::capture(world, call, id),
        ("POST", [id, "cancel"]) => actions::cancel(world, call, id),
        ("POST", [id, "refund"]) => refunds::refund(world, call, id),
        ("GET", [id, "refund"]) => refunds::list(world, call, id),
        ("POST", [id, "transactions"]) => transactions::add(world, call, id),
        ("PUT", [id, "transactions", transaction]) => transactions::update(world, call, id, transaction),
        ("DELETE", [id, "transactions", transaction]) => transactions::delete(world, call, id, transaction),
        _ => return None,
    };
    Some(answered.unwrap_or_else(|error| error.reply()))
}

/// Whether a path below `/v1/orders` exists for some method.
pub(super) fn known(below: &[&str]) -> bool {
    matches!(
        below,
        [] | [_] | [_, "process" | "capture" | "cancel" | "refund" | "transactions"] | [_, "transactions", _]
    )
}
