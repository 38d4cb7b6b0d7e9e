//! Asking a run to come to its end, and knowing when it has: what stands behind Ctrl-C.
//!
//! Not responsible for signals (see `cli/session.rs`) nor for what an engine still does after it was asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// Shared by whoever may ask for the end and whoever winds down. Clones are the same request.
#[derive(Debug, Clone)]
pub struct Stop {
    asked: Arc<watch::Sender<bool>>,
    attending: Arc<watch::Sender<usize>>,
}

impl Default for Stop {
    fn default() -> Stop {
        Stop { asked: Arc::new(watch::Sender::new(false)), attending: Arc::new(watch::Sender::new(0)) }
    }
}

impl Stop {
    /// Longest time that an engine takes to wind down.
    pub const GRACE: Duration = Duration::from_secs(10);

    /// Asks for the end. Asking again changes nothing.
    pub fn ask(&self) {
        self.asked.send_replace(true);
    }

    /// Whether the end was asked for.
    pub fn asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Returns once the end was asked for.
    pub async fn wait(&self) {
        // The sender lives as long as `self`, so that this can only end by being asked.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// Sleeps, but no longer than until the end is asked for.
    pub async fn sleep(&self, duration: Duration) {
        let _ = tokio::time::timeout(duration, self.wait()).await;
    }

    /// Says that an engine winds down by itself when asked, for as long as the result lives.
    pub fn attend(&self) -> Attending {
        self.attending.send_modify(|engines| *engines += 1);
        Attending(self.attending.clone())
    }

    /// Whether an engine winds down by itself.
    pub fn attended(&self) -> bool {
        *self.attending.borrow() > 0
    }

    /// Returns once no engine is left that winds down by itself; at once when there was none.
    pub async fn idle(&self) {
        let _ = self.attending.subscribe().wait_for(|engines| *engines == 0).await;
    }
}

/// An engine that winds down by itself; see [`Stop::attend`].
#[derive(Debug)]
pub struct Attending(Arc<watch::Sender<usize>>);

impl Drop for Attending {
    fn drop(&mut self) {
        self.0.send_modify(|engines| *engines = engines.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asking_wakes_sleepers_and_idle_waits_for_engines() {
        let stop = Stop::default();
        stop.idle().await;
        let engine = stop.attend();
        assert!(tokio::time::timeout(Duration::from_millis(20), stop.idle()).await.is_err());
        let (sleeper, asker) = (stop.clone(), stop.clone());
        let slept = tokio::spawn(async move { sleeper.sleep(Duration::from_secs(600)).await });
        asker.ask();
        slept.await.unwrap();
        assert!(stop.asked());
        drop(engine);
        stop.idle().await;
    }
}
