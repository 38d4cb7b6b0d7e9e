//! Everything the sandbox is made of: accounts, catalogue, clock, identifiers and what it remembers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::accounts::{Account, Accounts};
use super::clock::{Clock, trace_date};
use super::errors::Catalogue;
use super::faults::plan::Plan;
use super::journal::Journal;
use super::options::Reuse;
use super::state::{State, USUAL_KEEP};
use super::store::Store;
use super::webhooks::{WebhookOptions, Webhooks};
use crate::ids::Ids;
use crate::run::Problem;

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
    /// What another body under an answered idempotency key gets.
    pub(super) reuse: Reuse,
    clock: Clock,
    state: Mutex<State>,
    /// Where what is remembered is kept, if it is.
    store: Option<Store>,
}

impl World {
    /// An empty sandbox.
    pub(super) fn new(seed: u64, clock: Clock) -> World {
        World::with(seed, clock, State::new(USUAL_KEEP), None, 0)
    }

    /// A sandbox with a memory. It was started so many times before with this memory: identifiers do not begin anew.
    pub(super) fn with(seed: u64, clock: Clock, state: State, store: Option<Store>, starts: u64) -> World {
        let ids = Ids::seeded(seed);
        let ids = if starts == 0 { ids.part("sandbox") } else { ids.part(&format!("sandbox {starts}")) };
        World {
            accounts: Accounts::all(),
            catalogue: Catalogue::embedded(),
            faults: Plan::new(&ids),
            journal: Journal::default(),
            webhooks: Webhooks::new(WebhookOptions::default(), &ids),
            reuse: Reuse::default(),
            state: Mutex::new(state),
            store,
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

    /// The same sandbox, with another answer for idempotency keys that are used again.
    pub(super) fn reusing(self, reuse: Reuse) -> World {
        World { reuse, ..self }
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

    /// What was changed until now will be kept when the returned future ends; false when it cannot be. A sandbox that
    /// keeps nothing is never late.
    pub(super) fn kept(&self) -> impl Future<Output = bool> + Send + use<'_> {
        let ticket = self.store.as_ref().map(|store| (store, store.record(&mut self.state())));
        async move {
            match ticket {
                Some((store, ticket)) => store.kept(ticket).await,
                None => true,
            }
        }
    }

    /// Waits until nothing can be kept any more; for ever where nothing is to be.
    pub(super) async fn failed(&self) -> Problem {
        match &self.store {
            Some(store) => store.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Writes what is waiting and lets go of the file.
    pub(super) fn close(&self) {
        if let Some(store) = &self.store {
            store.record(&mut self.state());
            store.close();
        }
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
