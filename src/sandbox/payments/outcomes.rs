//! What happens to a payment without its seller: a buyer pays, a bank refuses, time runs out, a cardholder disputes.
//!
//! Nobody can ask the real service for these; the sandbox's own administration does. Not responsible for who may ask.

use jiff::Timestamp;
use serde_json::Value;

use super::Payment;
use crate::sandbox::clock::wire_date;

/// Something that happens to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Happening {
    /// The buyer paid, or the review ended well.
    Approve,
    /// The bank or the review refused.
    Reject,
    /// Nobody paid in time.
    Expire,
    /// The cardholder disputes what was paid.
    Chargeback,
}

impl Happening {
    /// Every one with its name in paths.
    pub(in crate::sandbox) const ALL: [(&'static str, Happening); 4] = [
        ("approve", Happening::Approve),
        ("reject", Happening::Reject),
        ("expire", Happening::Expire),
        ("chargeback", Happening::Chargeback),
    ];
}

impl Payment {
    /// Status and detail.
    pub(in crate::sandbox) fn pair(&self) -> (&'static str, &'static str) {
        (self.status, self.detail)
    }

    /// What was given back, as orders write it.
    pub(in crate::sandbox) fn refunded_text(&self) -> String {
        format!("{:.2}", self.refunded().units())
    }

    /// The name of the method, the amount and when it was made, for a list.
    pub(in crate::sandbox) fn summary(&self) -> (&str, f64, Timestamp) {
        (&self.method.id, self.amount.units(), self.created)
    }

    /// The currency, the amount and the moment of what its cardholder disputes: all of it, when the status changed.
    pub(in crate::sandbox) fn dispute(&self) -> (&str, Value, String) {
        (&self.site.currency, self.amount.json(), wire_date(self.updated))
    }

    /// The seller's reference, and where it wants to be told, as sent.
    pub(in crate::sandbox) fn sent_text(&self, name: &str) -> Option<String> {
        match self.sent.get(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Lets it expire if its time to be paid is over.
    pub(in crate::sandbox) fn lapse(&mut self, now: Timestamp) {
        if self.overdue(now) {
            self.set("cancelled", "expired", now);
        }
    }

    /// Captures what was authorised; anything else stays as it is.
    pub(in crate::sandbox) fn settle(&mut self, now: Timestamp) {
        if self.status == "authorized" {
            self.captured = true;
            self.approved = Some(now);
            self.set("approved", "accredited", now);
        }
    }

    /// Lets something happen; false when it cannot happen to a payment in this status.
    pub(in crate::sandbox) fn happen(&mut self, happening: Happening, now: Timestamp) -> bool {
        let waits = matches!(self.status, "pending" | "in_process");
        match happening {
            Happening::Approve if waits => {
                self.approved = Some(now);
                self.set("approved", "accredited", now);
            }
            Happening::Approve if self.status == "authorized" => self.settle(now),
            Happening::Reject if waits => {
                let detail = if self.card.is_some() { "cc_rejected_other_reason" } else { "rejected_by_bank" };
                self.set("rejected", detail, now);
            }
            Happening::Expire if waits || self.status == "authorized" => self.set("cancelled", "expired", now),
            Happening::Chargeback if self.status == "approved" && self.card.is_some() => {
                self.set("charged_back", "in_process", now);
            }
            _ => return false,
        }
        true
    }
}
