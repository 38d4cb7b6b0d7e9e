//! What the sandbox remembers: card tokens, payments, customers, preferences, merchant orders, issued credentials and
//! answered idempotency keys.
//!
//! Bounded in number and in bytes: the oldest are forgotten, and with a payment what hangs on it. Not responsible for
//! the meaning of anything kept, nor for keeping it across restarts ([`super::store`]).

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::accounts::Role;
use super::bounded::{Bounded, Kept};
use super::card_tokens::CardToken;
use super::customers::Customer;
use super::merchant_orders::MerchantOrder;
use super::orders;
use super::payments::Payment;
use super::preferences::Preference;
use super::subscriptions::Agreement;
use crate::ids::Ids;

/// Most payments, unless the user says something else.
pub(super) const USUAL_KEEP: usize = 100_000;
/// Most entries of what does not hang on payments, each kind.
const MOST: usize = 100_000;
/// Most bytes of each kind, about.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// Bytes that payments may take for each one that is to be kept, about; and at least so many together.
const BYTES_EACH: usize = 4096;
const LEAST_PAYMENT_BYTES: usize = 64 * 1024 * 1024;
/// Least number of tokens that are kept: a token waits for its payment.
const LEAST_TOKENS: usize = 1000;
/// Idempotency keys for each payment: its own and those of its refunds.
const KEYS_EACH: usize = 21;

/// Smallest id of a payment or refund.
const FIRST_ID: u64 = 130_000_000_000;
/// Ids are spread over so many numbers.
const SPREAD: u64 = 800_000_000_000;

/// An idempotency key of an account and an endpoint, as a digest.
pub(super) type Key = [u64; 2];

/// What was created under an idempotency key.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Created {
    /// The payment with this id.
    Payment(u64),
    /// The refund with this id.
    Refund(u64),
}

/// An idempotency key that was answered.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Replay {
    pub(super) created: Created,
    /// The fingerprint of the body.
    pub(super) body: u64,
}

/// An id for a payment or refund: twelve digits, which do not fit 32 bits, as ids have today.
pub(super) fn likely_id(ids: &Ids) -> u64 {
    FIRST_ID + ids.below(SPREAD)
}

/// The digest of an idempotency key.
pub(super) fn key(account: u64, endpoint: &str, key: &str) -> Key {
    let mut hash = Sha256::new();
    hash.update(account.to_le_bytes());
    hash.update((endpoint.len() as u64).to_le_bytes());
    hash.update(endpoint);
    hash.update(key);
    let bytes = hash.finalize();
    [number(&bytes), number(&bytes[8..])]
}

/// A number that tells a body from others.
pub(super) fn fingerprint(body: &[u8]) -> u64 {
    number(&Sha256::digest(body))
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// The memory of a sandbox.
pub(super) struct State {
    /// By token id.
    pub(super) tokens: Bounded<String, CardToken>,
    /// By payment id; [`State::pay`] adds one. Shared, so that an answer is written while others are asked for.
    pub(super) payments: Bounded<u64, Arc<Payment>>,
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
    pub(super) replays: Bounded<Key, Replay>,
    /// Orders and their answered keys.
    pub(super) orders: orders::Store,
}

impl State {
    /// An empty memory for so many payments.
    pub(super) fn new(keep: usize) -> State {
        let keep = keep.max(1);
        let tokens = keep.max(LEAST_TOKENS);
        State {
            tokens: Bounded::new(tokens, MOST_BYTES.max(tokens.saturating_mul(1024))),
            payments: Bounded::new(keep, LEAST_PAYMENT_BYTES.max(keep.saturating_mul(BYTES_EACH))),
            customers: Bounded::new(MOST, MOST_BYTES),
            card_owners: Bounded::new(MOST, MOST_BYTES),
            preferences: Bounded::new(MOST, MOST_BYTES),
            merchant_orders: Bounded::new(MOST, MOST_BYTES),
            agreements: Bounded::new(MOST, MOST_BYTES),
            issued: Bounded::new(MOST, MOST_BYTES),
            refreshes: Bounded::new(MOST, MOST_BYTES),
            spent_codes: Bounded::new(MOST, MOST_BYTES),
            replays: Bounded::new(keep.saturating_mul(KEYS_EACH), usize::MAX),
            orders: orders::Store::new(keep),
        }
    }

    /// Adds a payment. With the oldest ones that go for it, what was answered under their idempotency keys goes too;
    /// they are given back, so that their memory is freed when nobody waits for it.
    pub(super) fn pay(&mut self, payment: Arc<Payment>, weight: usize) -> Vec<Arc<Payment>> {
        let gone = self.payments.insert(payment.id, payment, weight);
        for key in gone.iter().flat_map(|payment| payment.keys()) {
            self.replays.remove(&key);
        }
        gone
    }

    /// Every kind of thing that is remembered. The numbers are those of the store: they never change their meaning.
    pub(super) fn kinds(&mut self) -> [(u8, &mut dyn Kept); 13] {
        [
            (1, &mut self.tokens),
            (2, &mut self.payments),
            (3, &mut self.customers),
            (4, &mut self.card_owners),
            (5, &mut self.preferences),
            (6, &mut self.merchant_orders),
            (7, &mut self.issued),
            (8, &mut self.refreshes),
            (9, &mut self.spent_codes),
            (10, &mut self.replays),
            (11, &mut self.orders.by_id),
            (12, &mut self.orders.replays),
            (13, &mut self.agreements),
        ]
    }

    /// After a start: drops the keys of payments that are no more, because fewer are kept than before.
    pub(super) fn tidy(&mut self) {
        let known: HashSet<Key> = self.payments.iter().flat_map(|payment| payment.keys()).collect();
        for key in self.replays.keys().filter(|key| !known.contains(key)).collect::<Vec<Key>>() {
            self.replays.remove(&key);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        for (_, kind) in self.kinds() {
            kind.clear();
        }
    }

    /// A free id for a payment or refund: the first from the given one on.
    pub(super) fn free_id(&self, first: u64) -> u64 {
        let mut id = first;
        while self.payments.get(&id).is_some() {
            id += 1;
        }
        id
    }
}
