//! The embedded sandbox: a stateful stand-in for the payments API of Mercado Pago, served over HTTP.
//!
//! Responsible for answering as the real service is known to answer, with no account and no network, and for the
//! faults that nobody can provoke outside ([`faults`]). Not responsible for judging: it knows nothing of scenarios.
//!
//! The way of a request: [`router`] reads it and finds the resource, [`accounts`] tells who asks, the resource's
//! own module checks and changes [`state`], [`errors`] words a refusal as the catalogue does.

mod accounts;
mod bounded;
mod card_tokens;
mod clock;
mod customers;
mod errors;
mod faults;
mod hostile;
mod openapi;
mod payment_methods;
mod payments;
mod reply;
mod router;
mod sdks;
mod seeds;
mod server;
mod state;
mod tls;
mod world;

#[cfg(test)]
mod tests;

pub use accounts::{Account, Role, account};
pub use clock::Clock;
pub use faults::{HEADER as FAULT_HEADER, SHAPES as FAULT_SHAPES};
pub(crate) use hostile::requests as hostile;
pub use sdks::{SDKS, Sdk};
pub use seeds::Seeds;
pub use server::{Options, Sandbox};
pub use tls::API_NAME;
