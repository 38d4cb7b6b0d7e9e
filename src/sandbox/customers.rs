//! Customers and their stored cards, as far as payments need them: `/v1/customers`.
//!
//! Not responsible for changing or deleting them, nor for addresses.

use serde_json::{Value, json};

use super::card_tokens::{CardToken, first_six, last_four, text};
use super::clock::wire_date;
use super::errors::Checked;
use super::reply::Reply;
use super::router::Call;
use super::world::World;
use crate::specs::cards;

/// Most cards of one customer.
const MOST_CARDS: usize = 10;
/// Most customers on a page.
const MOST_FOUND: usize = 100;
/// Bytes that a customer with all its cards takes, about.
const WEIGHT: usize = 8192;

/// A customer of a seller.
#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) id: String,
    /// Seller.
    pub(super) user_id: u64,
    pub(super) email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    created: String,
    site: String,
    /// Stored cards: tokens without a security code, `card_id` set.
    pub(super) cards: Vec<CardToken>,
}

impl Customer {
    fn body(&self) -> Value {
        json!({
            "id": self.id,
            "email": self.email,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "phone": { "area_code": null, "number": null },
            "identification": { "type": null, "number": null },
            "address": {},
            "date_registered": null,
            "description": null,
            "date_created": self.created,
            "date_last_updated": self.created,
            "metadata": {},
            "default_card": self.cards.first().and_then(|card| card.card_id.as_deref()),
            "default_address": null,
            "cards": self.cards.iter().map(|card| self.card(card)).collect::<Vec<Value>>(),
            "addresses": [],
            "live_mode": false,
        })
    }

    fn card(&self, card: &CardToken) -> Value {
        let number = card.number.as_deref().unwrap_or_default();
        let method = cards::by_bin(&self.site, number);
        json!({
            "id": card.card_id,
            "customer_id": self.id,
            "user_id": self.user_id.to_string(),
            "expiration_month": card.month.as_deref().and_then(|month| month.parse::<u32>().ok()),
            "expiration_year": card.full_year(),
            "first_six_digits": first_six(number),
            "last_four_digits": last_four(number),
            "payment_method": method.map(|card| json!({
                "id": card.payment_method_id, "name": card.payment_method_id,
                "payment_type_id": card.payment_type_id, "thumbnail": null, "secure_thumbnail": null,
            })),
            "security_code": { "length": method.map(|card| card.security_code.len()), "card_location": "back" },
            "issuer": { "id": 1, "name": method.map(|card| card.brand.as_str()) },
            "cardholder": {
                "name": card.holder,
                "identification": { "number": card.document_number, "type": card.document_type },
            },
            "date_created": card.created.map(wire_date),
            "date_last_updated": card.created.map(wire_date),
            "live_mode": false,
        })
    }
}

/// A refusal of this resource: its codes are text and are not those of payments.
fn refuse(status: u16, code: &str, message: &str) -> Reply {
    let error = if status == 404 { "not_found" } else { "bad_request" };
    let cause = json!([{ "code": code, "description": message }]);
    Reply::json(status, json!({ "message": message, "error": error, "status": status, "cause": cause }))
}

/// `POST /v1/customers`.
pub(super) fn create(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Ok(body) = call.object() else { return Ok(refuse(400, "118", "the body must be a Json Object")) };
    let email = text(&body, "email").filter(|email| email.contains('@'));
    let Some(email) = email else { return Ok(refuse(400, "106", "the email format is invalid")) };
    let mut state = world.state();
    if state.customers.iter().any(|customer| customer.user_id == account.user_id && customer.email == email) {
        return Ok(refuse(400, "101", "the customer already exist"));
    }
    let customer = Customer {
        id: format!("{}-{}", account.user_id, call.ids(world).hex32().get(..14).unwrap_or_default()),
        user_id: account.user_id,
        email,
        first_name: text(&body, "first_name"),
        last_name: text(&body, "last_name"),
        created: wire_date(world.now()),
        site: account.site.clone(),
        cards: Vec::new(),
    };
    let reply = Reply::json(201, customer.body());
    state.customers.insert(customer.id.clone(), customer, WEIGHT);
    Ok(reply)
}

/// `GET /v1/customers/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    let customer = state.customers.get(id).filter(|customer| customer.user_id == account.user_id);
    Ok(customer.map_or_else(unknown, |customer| Reply::json(200, customer.body())))
}

/// `GET /v1/customers/search`, by `email`.
pub(super) fn search(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    let email = call.param("email");
    let results: Vec<Value> = state
        .customers
        .iter()
        .filter(|customer| customer.user_id == account.user_id)
        .filter(|customer| email.is_none_or(|email| customer.email == email))
        .take(MOST_FOUND)
        .map(Customer::body)
        .collect();
    let paging = json!({ "limit": MOST_FOUND, "offset": 0, "total": results.len() });
    Ok(Reply::json(200, json!({ "paging": paging, "results": results })))
}

/// `POST /v1/customers/{id}/cards`: stores the card of a token, and spends the token.
pub(super) fn add_card(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Ok(body) = call.object() else { return Ok(refuse(400, "118", "the body must be a Json Object")) };
    let Some(token) = text(&body, "token") else { return Ok(refuse(400, "119", "the card is required")) };
    let mut state = world.state();
    let state = &mut *state;
    if state.customers.get(id).is_none_or(|customer| customer.user_id != account.user_id) {
        return Ok(unknown());
    }
    let found = state.tokens.get_mut(&token).filter(|found| found.user_id == account.user_id && !found.used);
    let Some(found) = found else { return Ok(refuse(400, "120", "card not found")) };
    found.used = true;
    let card_id = (9_000_000_000 + call.ids(world).below(1_000_000_000)).to_string();
    let card = CardToken { security_code: None, card_id: Some(card_id.clone()), used: false, ..found.clone() };
    let Some(customer) = state.customers.get_mut(id) else { return Ok(unknown()) };
    if customer.cards.len() >= MOST_CARDS {
        return Ok(refuse(400, "129", "the customer has reached the maximum allowed number of cards"));
    }
    let reply = Reply::json(201, customer.card(&card));
    customer.cards.push(card);
    state.card_owners.insert(card_id, id.to_owned(), 128);
    Ok(reply)
}

/// `GET /v1/customers/{id}/cards`: a bare array.
pub(super) fn cards(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    let customer = state.customers.get(id).filter(|customer| customer.user_id == account.user_id);
    Ok(customer.map_or_else(unknown, |customer| {
        Reply::json(200, customer.cards.iter().map(|card| customer.card(card)).collect())
    }))
}

fn unknown() -> Reply {
    refuse(404, "404", "Customer not found")
}
