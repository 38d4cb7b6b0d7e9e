//! Everything the sandbox is made of: accounts, catalogue, clock, identifiers and what it remembers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::accounts::{Account, Accounts};
use super::clock::{Clock, trace_date};
use super::errors::Catalogue;
use super::faults::plan::Plan;
use super::journal::Journal;
use super::state::State;
use super::webhooks::{WebhookOptions, Webhooks};
use crate::ids::Ids;

/// One running sandbox, shared by its connections.
pub(super) struct World {
    /// Who may ask.
    pub(super) accounts: &'static Accounts,
    /// How refusals are worded.
    pub(super) catalogue: &'static Catalogue,
    /// Identifiers that follow from the seed.
    pub(super) ids: Ids,
    /// Site of what belongs to no credential.
    pub(super) site: String,
    /// Faults that are played without being asked for by a header.
    pub(super) faults: Plan,
    /// The last requests.
    pub(super) journal: Journal,
    /// Who is told of changes.
    pub(super) webhooks: Webhooks,
    clock: Clock,
    state: Mutex<State>,
}

impl World {
    /// An empty sandbox.
    pub(super) fn new(seed: u64, clock: Clock) -> World {
        let ids = Ids::seeded(seed).part("sandbox");
        World {
            accounts: Accounts::all(),
            catalogue: Catalogue::embedded(),
            faults: Plan::new(&ids),
            journal: Journal::default(),
            webhooks: Webhooks::new(WebhookOptions::default(), &ids),
            state: Mutex::new(State::new()),
            site: "MLA".to_owned(),
            ids,
            clock,
        }
    }

    /// The same sandbox in another country.
    pub(super) fn of_site(self, site: &str) -> World {
        World { site: site.to_owned(), ..self }
    }

    /// The same sandbox, telling of changes as the options say.
    pub(super) fn telling(mut self, options: WebhookOptions) -> World {
        self.webhooks = Webhooks::new(options, &self.ids);
        self
    }

    /// The account of an access token: one of those that every sandbox has, or one that was issued here.
    pub(super) fn account_of(&self, token: &str) -> Option<&'static Account> {
        if let Some(account) = self.accounts.by_token(token) {
            return Some(account);
        }
        let (site, role) = self.state().issued.get(token).cloned()?;
        self.accounts.get(&site, role)
    }

    /// The present time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What is remembered. A thread that failed while holding it leaves it usable.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The trace of a cause: time and request id.
    pub(super) fn trace(&self) -> String {
        format!("{};{}", trace_date(self.now()), self.ids.uuid())
    }

    /// The same sandbox at another time.
    #[cfg(test)]
    pub(super) fn at(self, now: Timestamp) -> World {
        World { clock: Clock::Fixed(now), ..self }
    }

    /// A sandbox that always gives the same answers.
    #[cfg(test)]
    pub(super) fn for_tests() -> World {
        let instant = "2026-11-20T14:15:30.5Z".parse().unwrap();
        World::new(7, Clock::Fixed(instant))
    }
}
