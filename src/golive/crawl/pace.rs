//! How fast one host is asked: a pause between requests, and a longer one when it says that it is too much.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use url::Url;

/// Longest pause between two requests that is kept to, whoever asks for it.
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(30);
/// Hosts that are remembered; a shop has one or two.
const HOSTS: usize = 1_000;

/// When each host may be asked next.
#[derive(Debug, Default)]
pub(super) struct Pace {
    delay: Duration,
    hosts: Mutex<HashMap<String, Host>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Host {
    delay: Duration,
    next: Option<Instant>,
}

impl Pace {
    /// At least `delay` between two requests to one host.
    pub(super) fn new(delay: Duration) -> Pace {
        Pace { delay: delay.min(LONGEST_DELAY), hosts: Mutex::default() }
    }

    /// A host asks for a longer pause (`Crawl-delay`).
    pub(super) fn slow_down(&self, url: &Url, delay: Duration) {
        self.with(url, |host| host.delay = delay.min(LONGEST_DELAY));
    }

    /// A host asks for peace until then (`Retry-After`).
    pub(super) fn hold(&self, url: &Url, pause: Duration) {
        let until = Instant::now() + pause.min(LONGEST_DELAY);
        self.with(url, |host| host.next = Some(host.next.map_or(until, |next| next.max(until))));
    }

    /// Waits until it is this request's turn.
    pub(super) async fn turn(&self, url: &Url) {
        let now = Instant::now();
        let mut at = now;
        self.with(url, |host| {
            at = host.next.unwrap_or(now).max(now);
            let delay = host.delay.max(self.delay);
            // Each turn is given away before it is waited for, so that requests queue up in order.
            host.next = (!delay.is_zero() || at > now).then(|| at + delay);
        });
        if at > now {
            sleep_until(at).await;
        }
    }

    fn with(&self, url: &Url, change: impl FnOnce(&mut Host)) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let name = url.host_str().unwrap_or_default();
        if let Some(host) = hosts.get_mut(name) {
            change(host);
        } else if hosts.len() < HOSTS {
            change(hosts.entry(name.to_owned()).or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_to_one_host_keep_their_distance_and_others_do_not_wait() {
        let pace = Pace::new(Duration::from_millis(30));
        let (one, other) = (Url::parse("https://a.example/").unwrap(), Url::parse("https://b.example/").unwrap());
        let begin = Instant::now();
        let passed = |from: u128, to: u128| {
            let passed = begin.elapsed().as_millis();
            assert!((from..to).contains(&passed), "{passed}");
        };
        pace.turn(&one).await;
        pace.turn(&other).await;
        passed(0, 30);
        pace.turn(&one).await;
        pace.turn(&one).await;
        passed(60, 1_000);
        pace.slow_down(&one, Duration::from_millis(200));
        pace.turn(&one).await;
        pace.turn(&one).await;
        passed(290, 3_000);
    }

    #[test]
    fn nobody_is_waited_for_longer_than_the_longest_pause() {
        let pace = Pace::new(Duration::from_secs(600));
        let url = Url::parse("https://a.example/").unwrap();
        pace.hold(&url, Duration::from_secs(600));
        pace.slow_down(&url, Duration::from_secs(600));
        let host = pace.hosts.lock().unwrap()["a.example"];
        assert_eq!((host.delay, pace.delay), (LONGEST_DELAY, LONGEST_DELAY));
        assert!(host.next.unwrap() <= Instant::now() + LONGEST_DELAY);
    }
}
