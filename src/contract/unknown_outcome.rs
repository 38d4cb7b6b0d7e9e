//! Payments of which nobody knows what became: the request may have been taken, and no answer says so.
//!
//! Such a payment is looked up by its `external_reference` and never made again. Not responsible for judging what is
//! found (see `execution/`).

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use super::exchange::{Answer, Prepared};
use super::transport::{Reply, Transport, Unanswered};
use crate::i18n::Message;
use crate::run::Stop;

/// Pauses before each look: a payment may need a moment until the search shows it.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3)];
/// How far the clock of the service may be from ours, in seconds.
const SKEW: i64 = 120;

/// Whether it is unknown what became of a request: no answer although it may have been sent, or a status that says
/// that the service gave up waiting for itself.
pub(super) fn is_unknown(prepared: &Prepared, reply: &Reply, expected: &[u16]) -> bool {
    prepared.method() != "GET"
        && match &reply.outcome {
            Ok((answer, _)) => matches!(answer.status, 499 | 504) && !expected.contains(&answer.status),
            Err(Unanswered { unsent, .. }) => !unsent,
        }
}

/// What looking it up gave.
pub(super) enum Found {
    /// The payment, as the answer that did not come would have had it.
    Payment {
        /// The answer to judge.
        answer: Answer,
        /// Id of the payment.
        id: String,
    },
    /// Why it is still unknown.
    Nothing(Message),
}

/// Looks for the payment that a request sent after `began` may have made.
pub(super) async fn look_up(
    transport: &Transport,
    stop: &Stop,
    prepared: &Prepared,
    expected: &[u16],
    began: Timestamp,
) -> Found {
    let Some(body) = prepared.created_payment() else { return Found::Nothing(Message::new("contract.not-a-payment")) };
    let reference = body.get("external_reference").and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some((reference, search)) = reference.and_then(|text| Some((text, prepared.search_payments(text)?))) else {
        return Found::Nothing(Message::new("contract.no-reference"));
    };
    let mut last = Message::new("contract.not-found").with("reference", reference);
    for pause in PAUSES {
        stop.sleep(pause).await;
        let answer = match transport.ask(&search, &[]).await.outcome {
            Ok((answer, _)) => answer,
            Err(unanswered) => return Found::Nothing(unanswered.problem.message),
        };
        let results = answer.json.as_ref().and_then(|body| body.get("results")).and_then(Value::as_array);
        let (200, Some(results)) = (answer.status, results) else {
            return Found::Nothing(Message::new("contract.search-refused").with("status", answer.status));
        };
        let mut ours = results.iter().filter(|payment| may_be(payment, &body, reference, began));
        match (ours.next(), ours.next()) {
            (None, _) => {}
            (Some(payment), None) => {
                let id = payment.get("id").map(Value::to_string).unwrap_or_default();
                // It is there, so it was created; which of the good statuses the answer had is not known.
                let status = expected.iter().copied().find(|status| (200..300).contains(status)).unwrap_or(201);
                let answer = Answer {
                    status,
                    body: payment.to_string(),
                    json: Some(payment.clone()),
                    headers: answer.headers,
                    cut: false,
                    masked: Vec::new(),
                    made_anew: false,
                };
                return Found::Payment { answer, id };
            }
            (Some(_), Some(_)) => {
                last = Message::new("contract.found-several").with("reference", reference);
                break;
            }
        }
    }
    Found::Nothing(last)
}

/// Whether a payment may be the one: the reference, the amount and the time agree. References are often fixed words,
/// so that payments of earlier runs have the same.
fn may_be(payment: &Value, body: &Value, reference: &str, began: Timestamp) -> bool {
    let amount = |value: &Value| value.get("transaction_amount").and_then(Value::as_f64);
    let same_amount = match (amount(payment), amount(body)) {
        (Some(one), Some(other)) => (one - other).abs() < 0.005,
        _ => true,
    };
    let created = payment.get("date_created").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    let earliest = began.checked_sub(SKEW.seconds()).unwrap_or(began);
    let latest = Timestamp::now().checked_add(SKEW.seconds()).unwrap_or(Timestamp::MAX);
    payment.get("external_reference").and_then(Value::as_str) == Some(reference)
        && same_amount
        && created.is_some_and(|created| (earliest..=latest).contains(&created))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_payment_of_this_request_may_be_it() {
        let now = Timestamp::now();
        let body = json!({ "external_reference": "order-1", "transaction_amount": 58 });
        let payment = |seconds: i64, amount: f64, reference: &str| {
            let created = now.checked_add(seconds.seconds()).unwrap().to_string();
            json!({ "date_created": created, "transaction_amount": amount, "external_reference": reference })
        };
        for (payment, expected) in [
            (payment(1, 58.0, "order-1"), true),
            (payment(-100, 58.0, "order-1"), true),
            (payment(-600, 58.0, "order-1"), false),
            (payment(600, 58.0, "order-1"), false),
            (payment(1, 59.0, "order-1"), false),
            (payment(1, 58.0, "order-2"), false),
            (json!({ "external_reference": "order-1", "transaction_amount": 58 }), false),
        ] {
            assert_eq!(may_be(&payment, &body, "order-1", now), expected, "{payment}");
        }
        // As the service writes its dates.
        assert!("2026-11-20T08:00:00.000-04:00".parse::<Timestamp>().is_ok());
    }
}
