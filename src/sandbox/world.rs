//! Everything the sandbox is made of: accounts, catalogue, clock, identifiers and what it remembers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::accounts::{Account, Accounts};
use super::clock::{Clock, trace_date};
use super::errors::Catalogue;
use super::state::State;
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
