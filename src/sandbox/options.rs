//! How a sandbox behaves: what its user chooses.

use std::path::PathBuf;

use super::clock::Clock;
use super::seeds::Seeds;
use super::state::USUAL_KEEP;
use super::store::Durability;
use super::webhooks::WebhookOptions;
use crate::yaml::Source;

/// What another body under an idempotency key gets that was answered before, for payments and refunds.
///
/// The service does not document it. Its OpenAPI file says that the stored result is returned, and only Orders are known
/// to answer a conflict (409); so the first is the default, and the second is for trying what an integration does then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// The stored result, as the same body gets it.
    #[default]
    Stored,
    /// 409 with `idempotency_key_already_used`, the error of the Orders API, in the envelope of payments.
    Conflict,
}

/// How a sandbox behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Identifiers follow from it: the same requests in the same order get the same ids.
    pub seed: u64,
    /// Site of [`Sandbox::account`](super::server::Sandbox::account). Every credential carries its own site.
    pub default_site: String,
    /// The time.
    pub clock: Clock,
    /// Where and how changes are told.
    pub webhooks: WebhookOptions,
    /// A file of faults to play, as text with its name; what a header asks for comes first.
    pub faults: Option<Source>,
    /// Serves HTTPS besides HTTP, on the same port, for these names besides the usual ones.
    pub tls: Option<Vec<String>>,
    /// What is there from the start.
    pub seeds: Seeds,
    /// Folder that keeps what the sandbox remembers; without one it is forgotten at the end.
    pub data: Option<PathBuf>,
    /// What an answer survives, with `data`.
    pub durability: Durability,
    /// Most payments that are remembered, at least one; with the oldest ones go their refunds and idempotency keys.
    /// Card tokens (at least a thousand) and orders are bounded by the same number.
    pub keep: usize,
    /// What another body under an answered idempotency key gets, for payments and refunds.
    pub reuse: Reuse,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            seed: 0,
            default_site: "MLA".to_owned(),
            clock: Clock::System,
            webhooks: WebhookOptions::default(),
            faults: None,
            tls: None,
            seeds: Seeds::default(),
            data: None,
            durability: Durability::default(),
            keep: USUAL_KEEP,
            reuse: Reuse::default(),
        }
    }
}
