//! What was told to whom, how often, and what came of it: the last deliveries, bounded.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::Event;
use crate::i18n::{Lang, Message};
use crate::sandbox::clock::wire_date;
use crate::secret::Redactor;

/// Most deliveries that are remembered.
const MOST: usize = 500;

/// One try.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    pub(super) notification: String,
    pub(super) request_id: String,
    pub(super) signature: Option<String>,
    /// HTTP status, or what went wrong.
    pub(super) outcome: Result<u16, Message>,
    pub(super) milliseconds: u64,
    /// Seconds of the documented schedule until the next try.
    pub(super) next: Option<u64>,
}

#[derive(Debug, Clone)]
struct Record {
    number: u64,
    event: Event,
    /// As they were asked for: redacted when they are shown, which is seldom.
    url: Url,
    instead_of: Option<Url>,
    ipn: bool,
    begun: Timestamp,
    /// `waiting`, `delivered`, `given-up`, or why nothing was sent.
    state: &'static str,
    attempts: Vec<Attempt>,
}

/// The deliveries, oldest first.
#[derive(Default)]
pub(super) struct History {
    last: u64,
    records: VecDeque<Record>,
}

impl History {
    /// A delivery begins; its number.
    pub(super) fn begin(
        &mut self,
        event: &Event,
        url: &Url,
        instead_of: Option<&Url>,
        ipn: bool,
        now: Timestamp,
    ) -> u64 {
        self.last += 1;
        if self.records.len() == MOST {
            self.records.pop_front();
        }
        self.records.push_back(Record {
            number: self.last,
            event: event.clone(),
            url: url.clone(),
            instead_of: instead_of.cloned(),
            ipn,
            begun: now,
            state: "waiting",
            attempts: Vec::new(),
        });
        self.last
    }

    fn find(&mut self, number: u64) -> Option<&mut Record> {
        self.records.iter_mut().rev().find(|record| record.number == number)
    }

    /// Nothing is sent, and why.
    pub(super) fn refuse(&mut self, number: u64, why: &'static str) {
        if let Some(record) = self.find(number) {
            record.state = why;
        }
    }

    /// A try was made.
    pub(super) fn attempt(&mut self, number: u64, attempt: Attempt) {
        if let Some(record) = self.find(number) {
            record.state = match (&attempt.outcome, attempt.next) {
                (Ok(200 | 201), _) => "delivered",
                (_, Some(_)) => "waiting",
                (_, None) => "given-up",
            };
            record.attempts.push(attempt);
        }
    }

    /// The event of a delivery.
    pub(super) fn event(&self, number: u64) -> Option<Event> {
        self.records.iter().find(|record| record.number == number).map(|record| record.event.clone())
    }

    /// Forgets all; numbers go on.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }

    /// The newest first.
    pub(super) fn list(&self, limit: usize, lang: Lang) -> Value {
        self.records.iter().rev().take(limit).map(|record| record.json(lang)).collect()
    }
}

impl Record {
    fn json(&self, lang: Lang) -> Value {
        let redactor = Redactor::default();
        json!({
            "number": self.number,
            "topic": self.event.topic,
            "action": self.event.action,
            "id": self.event.id,
            "url": redactor.url(&self.url),
            "instead_of": self.instead_of.as_ref().map(|url| redactor.url(url)),
            "form": if self.ipn { "ipn" } else { "webhook" },
            "begun": wire_date(self.begun),
            "state": self.state,
            "attempts": self.attempts.iter().map(|attempt| attempt.json(lang)).collect::<Vec<Value>>(),
        })
    }
}

impl Attempt {
    fn json(&self, lang: Lang) -> Value {
        let (status, error) = match &self.outcome {
            Ok(status) => (Some(status), None),
            Err(error) => (None, Some(error.render(lang))),
        };
        json!({
            "at": wire_date(self.at),
            "notification_id": self.notification,
            "x_request_id": self.request_id,
            "x_signature": self.signature,
            "status": status,
            "error": error,
            "milliseconds": self.milliseconds,
            "next_in_seconds": self.next,
        })
    }
}
