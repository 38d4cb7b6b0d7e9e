//! Whether a request that got no usable answer is sent again, and after how long.
//!
//! A request that may have changed something is sent again only with the same `X-Idempotency-Key`, and never when
//! nobody knows what became of it (see `unknown_outcome.rs`). Not responsible for waiting (see `pace.rs`).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// How often a request is sent again at most.
const MOST: usize = 2;

/// What a decision needs to know of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Whether it changes nothing.
    pub(super) safe: bool,
    /// Whether it carries an idempotency key.
    pub(super) keyed: bool,
}

/// What came of sending it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Came<'a> {
    /// No connection: nothing was sent.
    NoConnection,
    /// The connection broke or time ran out after it may have been sent.
    Nothing,
    /// An answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// Response headers, names in lower case.
        headers: &'a BTreeMap<String, String>,
    },
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Next {
    /// Send it again after so long; `None` leaves it at what came.
    pub(super) again: Option<Duration>,
    /// How long the service asked everybody to be silent.
    pub(super) silence: Option<Duration>,
}

/// Decides what follows; `before` counts the attempts that came before this one.
pub(super) fn next(asked: Asked, came: Came<'_>, before: usize) -> Next {
    let pause = Duration::from_millis(500) * (1 << before.min(MOST));
    let (may, wait, silence) = match came {
        Came::NoConnection => (true, pause / 2, None),
        Came::Nothing => (false, pause, None),
        Came::Answer { status, headers } => {
            let told = headers.get("retry-after").and_then(|value| retry_after(value, headers.get("date")));
            // Who asks for no pause at all gets the usual one: at once, the same answer would come again.
            let told = told.filter(|_| matches!(status, 429 | 503)).map(|told| told.max(pause));
            match status {
                429 => (asked.safe || asked.keyed, told.unwrap_or(pause), Some(told.unwrap_or(pause))),
                503 => (asked.safe || asked.keyed, told.unwrap_or(pause), told),
                500..=599 => (asked.safe, pause, None),
                _ => (false, pause, None),
            }
        }
    };
    let patient = wait <= super::pace::LONGEST_WAIT;
    Next { again: (may && patient && before < MOST).then_some(wait), silence }
}

/// `Retry-After` as a time to wait: seconds, or an HTTP date seen from the clock of the service (RFC 9110, 10.2.3).
pub(super) fn retry_after(value: &str, date: Option<&String>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let instant = |text: &str| rfc2822::parse(text.trim()).ok().map(|zoned| zoned.timestamp());
    let then = instant(value)?;
    let now = date.and_then(|date| instant(date)).unwrap_or_else(Timestamp::now);
    // A date that is over means at once.
    Some(Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: Asked = Asked { safe: true, keyed: false };
    const POST: Asked = Asked { safe: false, keyed: true };
    const BARE_POST: Asked = Asked { safe: false, keyed: false };

    fn answered(asked: Asked, status: u16, retry_after: &str, before: usize) -> Next {
        let headers = BTreeMap::from([
            ("date".to_owned(), "Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
            ("retry-after".to_owned(), retry_after.to_owned()),
        ]);
        next(asked, Came::Answer { status, headers: &headers }, before)
    }

    #[test]
    fn what_is_sent_again() {
        for (asked, status, again) in [
            (GET, 429, true),
            (POST, 429, true),
            (BARE_POST, 429, false),
            (POST, 503, true),
            (BARE_POST, 503, false),
            (GET, 500, true),
            (GET, 502, true),
            (POST, 500, false),
            (POST, 502, false),
            (POST, 504, false),
            (POST, 499, false),
            (GET, 404, false),
            (POST, 201, false),
        ] {
            assert_eq!(answered(asked, status, "", 0).again.is_some(), again, "{asked:?} {status}");
            assert_eq!(answered(asked, status, "", MOST).again, None, "{asked:?} {status}");
        }
        assert!(next(BARE_POST, Came::NoConnection, 0).again.is_some());
        assert!(next(BARE_POST, Came::NoConnection, MOST).again.is_none());
        assert!(next(GET, Came::Nothing, 0).again.is_none());
    }

    #[test]
    fn the_service_says_how_long() {
        let seconds = |next: Next| (next.again.map(|wait| wait.as_secs()), next.silence.map(|wait| wait.as_secs()));
        assert_eq!(seconds(answered(POST, 429, "7", 0)), (Some(7), Some(7)));
        assert_eq!(seconds(answered(POST, 503, "Sun, 06 Nov 1994 08:49:40 GMT", 0)), (Some(3), Some(3)));
        // Never without any pause.
        for (before, pause) in [(0, 500), (1, 1000)] {
            let pause = Some(Duration::from_millis(pause));
            for told in ["0", "Sun, 06 Nov 1994 08:00:00 GMT"] {
                for status in [429, 503] {
                    let next = answered(POST, status, told, before);
                    assert_eq!((next.again, next.silence), (pause, pause), "{status} {told}");
                }
            }
        }
        // Longer than anybody waits: told to everybody, and left at that.
        assert_eq!(seconds(answered(POST, 429, "3600", 0)), (None, Some(3600)));
        // Not a time: the usual pause.
        assert_eq!(answered(POST, 429, "soon", 1).again, Some(Duration::from_secs(1)));
        // Means nothing in an answer that is none of the two.
        assert_eq!(seconds(answered(GET, 200, "9", 0)), (None, None));
    }
}
