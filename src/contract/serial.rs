//! Scenarios that must not overlap: those with the same `serial` key take turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::plan::Plan;

/// The keys of a run.
#[derive(Debug, Default)]
pub(super) struct Serial(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Serial {
    /// Waits until no other scenario with the same key runs; the turn lasts as long as the result lives. To be taken
    /// before a place among those that run: waiting in line must not keep others from running.
    pub(super) async fn turn(&self, plan: &Plan) -> Option<OwnedMutexGuard<()>> {
        let key = plan.scenario.serial.as_ref()?;
        let turn = {
            let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            keys.entry(key.clone()).or_default().clone()
        };
        Some(turn.lock_owned().await)
    }
}
