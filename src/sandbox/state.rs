//! What the sandbox remembers: card tokens, payments, customers and answered idempotency keys.
//!
//! Bounded in number and in bytes: the oldest are forgotten. Not responsible for the meaning of anything kept.

use super::bounded::Bounded;
use super::card_tokens::CardToken;
use super::customers::Customer;
use super::payments::Payment;

/// Most entries of each kind.
const MOST: usize = 100_000;
/// Most bytes of each kind, about.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// Most bytes of payments, about: a usual one takes four thousand.
const MOST_PAYMENT_BYTES: usize = 512 * 1024 * 1024;

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
    /// By account, endpoint and key.
    pub(super) replays: Bounded<ReplayKey, Created>,
    next: u64,
}

impl State {
    /// An empty memory; ids of payments and refunds count up from `first`.
    pub(super) fn new(first: u64) -> State {
        State {
            tokens: Bounded::new(MOST, MOST_BYTES),
            payments: Bounded::new(MOST, MOST_PAYMENT_BYTES),
            customers: Bounded::new(MOST, MOST_BYTES),
            card_owners: Bounded::new(MOST, MOST_BYTES),
            replays: Bounded::new(MOST, MOST_BYTES),
            next: first,
        }
    }

    /// Remembers what was created under a key.
    pub(super) fn replay(&mut self, key: ReplayKey, created: Created) {
        let weight = 256 + 2 * (key.1.len() + key.2.len());
        self.replays.insert(key, created, weight);
    }

    /// The next id of a payment or refund.
    pub(super) fn next_id(&mut self) -> u64 {
        // Ids of the real service are not consecutive either.
        self.next += 37;
        self.next
    }
}
