//! What the sandbox remembers: card tokens, payments, customers, preferences, merchant orders, issued credentials and
//! answered idempotency keys.
//!
//! Bounded in number and in bytes: the oldest are forgotten. Not responsible for the meaning of anything kept.

use super::accounts::Role;
use super::bounded::Bounded;
use super::card_tokens::CardToken;
use super::customers::Customer;
use super::merchant_orders::MerchantOrder;
use super::orders;
use super::payments::Payment;
use super::preferences::Preference;
use super::subscriptions::Agreement;
use crate::ids::Ids;

/// Most entries of each kind.
const MOST: usize = 100_000;
/// Most bytes of each kind, about.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// Most bytes of payments, about: a usual one takes four thousand.
const MOST_PAYMENT_BYTES: usize = 512 * 1024 * 1024;

/// Smallest id of a payment or refund.
const FIRST_ID: u64 = 130_000_000_000;
/// Ids are spread over so many numbers.
const SPREAD: u64 = 800_000_000_000;

/// An idempotency key belongs to an account and an endpoint.
pub(super) type ReplayKey = (u64, String, String);

/// What was created under an idempotency key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Created {
    /// The payment with this id.
    Payment(u64),
    /// The refund with this id.
    Refund(u64),
}

/// The memory of a sandbox.
pub(super) struct State {
    /// By token id.
    pub(super) tokens: Bounded<String, CardToken>,
    /// By payment id.
    pub(super) payments: Bounded<u64, Payment>,
    /// By customer id.
    pub(super) customers: Bounded<String, Customer>,
    /// Which customer a stored card belongs to.
    pub(super) card_owners: Bounded<String, String>,
    /// By preference id.
    pub(super) preferences: Bounded<String, Preference>,
    /// By order id.
    pub(super) merchant_orders: Bounded<u64, MerchantOrder>,
    /// Plans and subscriptions, by id.
    pub(super) agreements: Bounded<String, Agreement>,
    /// Site and role of an access token that was issued here.
    pub(super) issued: Bounded<String, (String, Role)>,
    /// Site and role of a refresh token that has not been used.
    pub(super) refreshes: Bounded<String, (String, Role)>,
    /// Authorization codes of the real form that were exchanged.
    pub(super) spent_codes: Bounded<String, ()>,
    /// By account, endpoint and key.
    pub(super) replays: Bounded<ReplayKey, Created>,
    /// Orders and their answered keys.
    pub(super) orders: orders::Store,
}

impl State {
    /// An empty memory.
    pub(super) fn new() -> State {
        State {
            tokens: Bounded::new(MOST, MOST_BYTES),
            payments: Bounded::new(MOST, MOST_PAYMENT_BYTES),
            customers: Bounded::new(MOST, MOST_BYTES),
            card_owners: Bounded::new(MOST, MOST_BYTES),
            preferences: Bounded::new(MOST, MOST_BYTES),
            merchant_orders: Bounded::new(MOST, MOST_BYTES),
            agreements: Bounded::new(MOST, MOST_BYTES),
            issued: Bounded::new(MOST, MOST_BYTES),
            refreshes: Bounded::new(MOST, MOST_BYTES),
            spent_codes: Bounded::new(MOST, MOST_BYTES),
            replays: Bounded::new(MOST, MOST_BYTES),
            orders: orders::Store::new(),
        }
    }

    /// Remembers what was created under a key.
    pub(super) fn replay(&mut self, key: ReplayKey, created: Created) {
        let weight = 256 + 2 * (key.1.len() + key.2.len());
        self.replays.insert(key, created, weight);
    }

    /// A free id for a payment or refund: twelve digits, which do not fit 32 bits, as ids have today.
    pub(super) fn free_id(&self, ids: &Ids) -> u64 {
        let mut id = FIRST_ID + ids.below(SPREAD);
        while self.payments.get(&id).is_some() {
            id += 1;
        }
        id
    }
}
