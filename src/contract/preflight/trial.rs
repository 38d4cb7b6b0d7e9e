//! The trial: one card token and one payment that is declined, to learn whether the account creates payments at all.
//!
//! Since 2025 many test accounts cannot: 401 with code 7, 400 or 500, depending on credential and country.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Questions, declined_card, environment, request, said};
use crate::contract::exchange::Answer;
use crate::contract::scenario::{Method, Request};
use crate::contract::target::Role;
use crate::run::{Creation, Problem, Stage};
use crate::specs::cards;

/// Pause before a trial that met a broken service is made again.
const PAUSE: Duration = Duration::from_secs(1);

impl Questions<'_> {
    /// Tokenises a test card and pays with it.
    pub(super) async fn try_creation(&self) -> Creation {
        let token_role = if self.target.public_key.is_some() { Role::PublicKey } else { Role::Seller };
        let tokenise = Request { card: Some(declined_card()), ..request(Method::Post, "/v1/card_tokens", token_role) };
        let token = match self.send(tokenise).await {
            Ok(answer) => answer,
            Err(problem) => return unanswered(problem),
        };
        let id = token.json.as_ref().and_then(|body| body.get("id")).and_then(Value::as_str);
        let Some(id) = id.filter(|_| (200..300).contains(&token.status)) else {
            return self.refused(Stage::CardToken, &token);
        };
        let document = cards::of_site(&self.target.site).and_then(|cards| cards.document.as_ref());
        let document = document.map(|document| json!({ "type": document.kind, "number": document.number }));
        let email = format!("test_user_{}@testuser.com", 10_000_000 + self.ids.below(80_000_000));
        let body = json!({
            "token": id,
            "transaction_amount": 1000,
            "installments": 1,
            "payment_method_id": "master",
            "external_reference": format!("homologa-{}", self.ids.uuid()),
            "payer": { "email": email, "identification": document },
        });
        let key = json!(self.ids.uuid());
        let headers = vec![("x-idempotency-key".to_owned(), key)];
        let pay = Request { body: Some(body.into()), headers, ..request(Method::Post, "/v1/payments", Role::Seller) };
        let mut answer = self.send(pay.clone()).await;
        if matches!(&answer, Ok(answer) if answer.status == 500) {
            // Often it is over in a moment; the key makes it the same payment.
            tokio::time::sleep(PAUSE).await;
            answer = self.send(pay).await;
        }
        match answer {
            Ok(answer) if (200..300).contains(&answer.status) => Creation::Works,
            Ok(answer) => self.refused(Stage::Payment, &answer),
            Err(problem) => unanswered(problem),
        }
    }

    fn refused(&self, stage: Stage, answer: &Answer) -> Creation {
        // With some accounts a 500 with a body of the service is the lasting answer; others come and go.
        if environment::speaks(answer) && !(answer.status == 500 && answer.json.is_some()) {
            return Creation::Unanswered { reason: self.masked(environment::told(answer).0) };
        }
        let (code, message) = said(answer);
        let masked = |text: String| self.redactor.text(&text).chars().take(super::LONGEST_TEXT).collect();
        Creation::Refused { stage, status: answer.status, code: code.map(masked), message: message.map(masked) }
    }
}

fn unanswered(problem: Problem) -> Creation {
    Creation::Unanswered { reason: problem.message }
}
