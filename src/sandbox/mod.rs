//! The embedded sandbox: a stateful stand-in for the payments API of Mercado Pago, served over HTTP.
//!
//! Responsible for answering as the real service is known to answer, with no account and no network, and for the
//! faults that nobody can provoke outside ([`faults`]). Not responsible for judging: it knows nothing of scenarios.
//!
//! The way of a request: [`router`] reads it and finds the resource, [`accounts`] tells who asks, the resource's
//! own module checks and changes [`state`], [`errors`] words a refusal as the catalogue does. [`faults`] may step in
//! between, [`webhooks`] tells what changed, [`journal`] remembers, [`leave`] sends; [`admin`] shows and decides what no
//! client of the API can.

mod accounts;
mod admin;
mod bounded;
mod card_tokens;
mod chargebacks;
mod clock;
mod customers;
mod errors;
mod faults;
mod financing;
mod hostile;
mod journal;
mod json;
mod leave;
mod merchant_orders;
mod oauth;
mod openapi;
mod options;
mod orders;
mod page;
mod payment_methods;
mod payments;
mod preferences;
mod reply;
mod router;
mod sdks;
mod seeds;
mod server;
mod state;
mod store;
mod subscriptions;
mod tls;
mod users;
mod webhooks;
mod world;

#[cfg(test)]
mod tests;

pub use accounts::{Account, Role, account};
pub use clock::Clock;
/// Whether a text names a fault that the sandbox plays: an entry of its catalogue, a shape, an effect, or several.
pub fn plays(fault: &str) -> bool {
    faults::effects::read(fault.trim(), errors::Catalogue::embedded()).is_some()
}

pub use faults::{HEADER as FAULT_HEADER, SHAPES as FAULT_SHAPES};
pub(crate) use hostile::requests as hostile;
pub use options::{Options, Reuse};
pub use sdks::{SDKS, Sdk};
pub use seeds::Seeds;
pub use server::{Sandbox, check_faults};
pub use store::Durability;
pub use tls::API_NAME;
pub use webhooks::{WebhookForm, WebhookOptions, default_webhook_secret};
