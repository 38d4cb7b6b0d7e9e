//! Card tokens: `POST /v1/card_tokens`, `GET` and `PUT /v1/card_tokens/{id}`.
//!
//! Like the real service, creating one accepts almost anything: what is wrong with the card shows when a payment
//! uses the token. The number is kept for that, and never answered.

use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::clock::wire_date;
use super::errors::{Checked, Refusal, envelope};
use super::reply::Reply;
use super::router::Call;
use super::store::form;
use super::world::World;
use crate::secret::luhn;

/// Most characters kept of any member.
const MOST_TEXT: usize = 128;

/// A card token: what was sent, as text; `None` where it was absent, null or of no use.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct CardToken {
    pub(super) id: String,
    /// Account whose key created it.
    pub(super) user_id: u64,
    pub(super) public_key: String,
    /// Made with a production key.
    pub(super) live: bool,
    /// Digits, without blanks and hyphens.
    #[serde(serialize_with = "form::number")]
    pub(super) number: Option<String>,
    #[serde(serialize_with = "form::security_code")]
    pub(super) security_code: Option<String>,
    pub(super) month: Option<String>,
    pub(super) year: Option<String>,
    /// Whether `cardholder` was sent as an object.
    pub(super) has_holder: bool,
    pub(super) holder: Option<String>,
    pub(super) document_type: Option<String>,
    pub(super) document_number: Option<String>,
    pub(super) site_id: Option<String>,
    /// Stored card it stands for.
    pub(super) card_id: Option<String>,
    pub(super) used: bool,
    pub(super) created: Option<Timestamp>,
    /// Last change, if there was one.
    pub(super) updated: Option<Timestamp>,
}

impl CardToken {
    /// The expiration year in four digits, if it is a year.
    pub(super) fn full_year(&self) -> Option<i32> {
        let year: i32 = self.year.as_deref()?.parse().ok()?;
        match year {
            0..=99 => Some(2000 + year),
            1000..=9999 => Some(year),
            _ => None,
        }
    }

    /// When it ceases to be of use: eight days after it was made, as in the test data of mercadopago/sdk-java.
    fn due(&self) -> Timestamp {
        let created = self.created.unwrap_or_default();
        created.checked_add((8 * 24).hours()).unwrap_or(created)
    }

    /// Whether it is too old to pay.
    pub(super) fn expired(&self, now: Timestamp) -> bool {
        now > self.due()
    }

    /// The answer of all endpoints (names as in the test data of mercadopago/sdk-java).
    fn body(&self, now: Timestamp) -> Value {
        let number = self.number.as_deref().unwrap_or_default();
        let created = self.created.unwrap_or_default();
        let status = match (self.used, self.expired(now)) {
            (true, _) => "used",
            (false, true) => "expired",
            (false, false) => "active",
        };
        json!({
            "id": self.id,
            "public_key": self.public_key,
            "card_id": self.card_id,
            "first_six_digits": first_six(number),
            "last_four_digits": last_four(number),
            "expiration_month": self.month.as_deref().and_then(|month| month.parse::<u32>().ok()),
            "expiration_year": self.full_year(),
            "cardholder": {
                "name": self.holder,
                "identification": { "number": self.document_number, "type": self.document_type },
            },
            "status": status,
            "date_created": wire_date(created),
            "date_last_updated": wire_date(self.updated.unwrap_or(created)),
            "date_due": wire_date(self.due()),
            "luhn_validation": luhn(number),
            "live_mode": self.live,
            "require_esc": false,
            "card_number_length": number.len(),
            "security_code_length": self.security_code.as_deref().map_or(0, str::len),
        })
    }
}

/// The first six digits, if there are as many.
pub(super) fn first_six(number: &str) -> Option<&str> {
    number.get(..6)
}

/// The last four digits, if there are as many.
pub(super) fn last_four(number: &str) -> Option<&str> {
    number.get(number.len().checked_sub(4)?..)
}

/// A member as trimmed text: strings and numbers count, anything else and the empty text do not.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match object.get(name)? {
        Value::String(text) => text.trim().chars().take(MOST_TEXT).collect(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// `POST /v1/card_tokens`.
pub(super) fn create(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let body = call.object()?;
    let empty = Map::new();
    let holder = body.get("cardholder").and_then(Value::as_object);
    let document = holder.and_then(|holder| holder.get("identification")).and_then(Value::as_object);
    let (fields, document) = (holder.unwrap_or(&empty), document.unwrap_or(&empty));
    let digits = |number: String| number.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    let mut token = CardToken {
        id: call.ids(world).hex32(),
        user_id: account.user_id,
        public_key: account.public_key.clone(),
        live: account.live(),
        number: text(&body, "card_number").map(digits),
        security_code: text(&body, "security_code"),
        month: text(&body, "expiration_month"),
        year: text(&body, "expiration_year"),
        has_holder: holder.is_some(),
        holder: text(fields, "name"),
        document_type: text(document, "type"),
        document_number: text(document, "number"),
        site_id: text(&body, "site_id"),
        card_id: text(&body, "card_id"),
        used: false,
        created: Some(world.now()),
        updated: None,
    };
    let mut state = world.state();
    // Tokens are not idempotent: the same key again makes another one.
    if state.tokens.get(&token.id).is_some() {
        token.id = world.ids.hex32();
    }
    if let Some(card) = &token.card_id {
        let owner = state.card_owners.get(card).and_then(|owner| state.customers.get(owner));
        let owner = owner.filter(|customer| customer.user_id == account.user_id);
        let stored =
            owner.and_then(|customer| customer.cards.iter().find(|stored| stored.card_id.as_ref() == Some(card)));
        // A stored card lends everything but its security code.
        let stored = stored.cloned().ok_or_else(|| Refusal::bad("2010"))?;
        token = CardToken {
            id: token.id,
            security_code: token.security_code,
            site_id: token.site_id,
            created: token.created,
            updated: None,
            used: false,
            ..stored
        };
    }
    let reply = Reply::json(201, token.body(world.now()));
    state.tokens.insert(token.id.clone(), token, 1024);
    Ok(reply)
}

/// `GET /v1/card_tokens/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let state = world.state();
    let token = state.tokens.get(id).filter(|token| token.user_id == account.user_id);
    Ok(token.map_or_else(unknown, |token| Reply::json(200, token.body(world.now()))))
}

/// `PUT /v1/card_tokens/{id}`: security code, expiration and cardholder of a token that has not paid yet; what is not
/// named stays. A spent one is code 3003.
pub(super) fn update(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.front_end(world)?;
    let now = world.now();
    let mut state = world.state();
    let Some(token) = state.tokens.get_mut(id).filter(|token| token.user_id == account.user_id) else {
        return Ok(unknown());
    };
    let body = call.object()?;
    if token.used {
        return Err(Refusal::bad("3003"));
    }
    super::customers::change_card(token, &body);
    if let Some(code) = text(&body, "security_code") {
        token.security_code = Some(code);
    }
    token.updated = Some(now);
    Ok(Reply::json(200, token.body(now)))
}

fn unknown() -> Reply {
    envelope(404, "not_found", "Card Token not found", json!([]))
}
