//! The last requests: what came, what was answered, which rule of the catalogue or which fault made it so.
//!
//! Bounded in number and bytes, and cheap to write: bytes are kept as they came and are read, and redacted, only when
//! somebody asks. Credentials in headers are never kept. Not responsible for showing it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;

/// Most requests that are remembered.
const MOST: usize = 500;
/// Most bytes kept of one body.
const MOST_BODY: usize = 16 * 1024;
/// Most bytes kept of path and query.
const MOST_URI: usize = 2 * 1024;

/// A request and its answer.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Counts from 1.
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) method: String,
    /// Path and query, as they came.
    pub(super) uri: String,
    /// `X-Idempotency-Key`.
    pub(super) key: Option<String>,
    pub(super) status: u16,
    /// In microseconds, without what a fault made it wait.
    pub(super) took: u64,
    /// The fault that was played, as it was asked for.
    pub(super) fault: Option<String>,
    pub(super) request: Bytes,
    pub(super) response: Bytes,
}

/// The last requests, oldest first.
#[derive(Default)]
pub(super) struct Journal {
    entries: Mutex<(u64, VecDeque<Entry>)>,
}

impl Journal {
    /// Remembers a request; its number is given here.
    pub(super) fn note(&self, mut entry: Entry) {
        entry.uri = bounded_text(entry.uri);
        // A slice of what the connection read would keep all of that alive.
        entry.request = Bytes::copy_from_slice(&entry.request[..entry.request.len().min(MOST_BODY)]);
        entry.response = bounded(entry.response);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.0 += 1;
        entry.number = entries.0;
        let oldest = if entries.1.len() == MOST { entries.1.pop_front() } else { None };
        entries.1.push_back(entry);
        // Nobody waits while its memory is freed.
        drop(entries);
        drop(oldest);
    }

    /// The requests after a number, oldest first, at most `limit` of the newest.
    pub(super) fn after(&self, number: u64, limit: usize) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = entries.1.iter().rev().take_while(|entry| entry.number > number).take(limit);
        let mut newer: Vec<Entry> = newer.cloned().collect();
        newer.reverse();
        newer
    }

    /// The request with a number.
    pub(super) fn get(&self, number: u64) -> Option<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.1.iter().find(|entry| entry.number == number).cloned()
    }

    /// Forgets them; numbers go on.
    pub(super) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).1.clear();
    }
}

/// A body as it is kept: a copy of its beginning where it is long, so that the whole of it can be freed.
fn bounded(body: Bytes) -> Bytes {
    if body.len() <= MOST_BODY { body } else { Bytes::copy_from_slice(&body[..MOST_BODY]) }
}

fn bounded_text(mut text: String) -> String {
    if text.len() > MOST_URI {
        let end = (0..=MOST_URI).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        text.truncate(end);
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_bounded_and_counts_on() {
        let journal = Journal::default();
        for _ in 0..MOST + 20 {
            journal.note(Entry {
                number: 0,
                at: Timestamp::UNIX_EPOCH,
                method: "GET".to_owned(),
                uri: "ñ".repeat(MOST_URI),
                key: None,
                status: 200,
                took: 1,
                fault: None,
                request: Bytes::from(vec![b'x'; MOST_BODY + 1]),
                response: Bytes::new(),
            });
        }
        let all = journal.after(0, usize::MAX);
        assert_eq!((all.len(), all[0].number), (MOST, 21));
        assert!(all.iter().all(|entry| entry.request.len() <= MOST_BODY && entry.uri.len() <= MOST_URI));
        assert_eq!(journal.after(MOST as u64 + 18, 10).len(), 2);
        assert_eq!(journal.after(0, 3).first().map(|entry| entry.number), Some(MOST as u64 + 18));
        journal.clear();
        assert!(journal.get(MOST as u64).is_none());
    }
}
