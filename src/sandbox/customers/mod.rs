//! Customers: `/v1/customers`. Their stored cards are in [`mod@cards`], the search in [`find`], the checks in [`checks`].

mod cards;
mod checks;
mod find;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(super) use cards::{
    add as add_card, change as change_card, list as cards, read as read_card, remove as remove_card,
    update as update_card,
};
pub(super) use find::search;

use super::accounts::Account;
use super::bounded::heft;
use super::card_tokens::CardToken;
use super::clock::wire_date;
use super::errors::{Checked, envelope};
use super::json::{absorb, as_text, overlay};
use super::reply::Reply;
use super::router::Call;
use super::state::State;
use super::world::World;

/// Bytes that a customer with all its cards takes, about, beside what was sent.
const WEIGHT: usize = 8192;

/// A customer of a seller.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Customer {
    pub(super) id: String,
    /// Seller.
    pub(super) user_id: u64,
    /// Application of the seller.
    client_id: u64,
    /// Unique among the customers of the seller.
    pub(super) email: String,
    /// Id of the first address, if one was sent.
    address_id: String,
    created: String,
    updated: String,
    site: String,
    /// What was sent and is given back.
    sent: Map<String, Value>,
    /// Stored cards: tokens without a security code, `card_id` set.
    pub(super) cards: Vec<CardToken>,
}

impl Customer {
    /// The answer, with the members of the test data of mercadopago/sdk-php.
    fn body(&self, status: &str) -> Value {
        let addresses = self.address();
        let default_address = addresses.as_ref().and_then(|address| address["id"].as_str().map(str::to_owned));
        let mut body = json!({
            "id": self.id,
            "email": self.email,
            "first_name": null,
            "last_name": null,
            "phone": { "area_code": null, "number": null },
            "identification": { "type": null, "number": null },
            "address": { "id": default_address, "zip_code": null, "street_name": null, "street_number": null },
            "date_registered": null,
            "description": null,
            "date_created": self.created,
            "date_last_updated": self.updated,
            "metadata": {},
            "default_card": self.cards.first().and_then(|card| card.card_id.as_deref()),
            "default_address": default_address,
            "cards": self.cards.iter().map(|card| self.card(card)).collect::<Vec<Value>>(),
            "addresses": addresses.into_iter().collect::<Vec<Value>>(),
            "live_mode": false,
            "user_id": self.user_id,
            "merchant_id": self.user_id,
            "client_id": self.client_id,
            "status": status,
        });
        for name in checks::KEPT {
            if let (Some(member), Some(sent)) = (body.get_mut(*name), self.sent.get(*name)) {
                overlay(member, sent);
            }
        }
        body
    }

    /// The one address that creating or changing a customer gives.
    fn address(&self) -> Option<Value> {
        let sent = self.sent.get("address").filter(|address| address.is_object())?;
        let mut address = json!({
            "id": self.address_id,
            "name": null,
            "street_name": null,
            "street_number": null,
            "zip_code": null,
            "apartment": null,
            "floor": null,
            "phone": null,
            "comments": null,
            "city": { "id": null, "name": null },
            "state": { "id": null, "name": null },
            "country": { "id": null, "name": null },
            "neighborhood": { "id": null, "name": null },
            "municipality": { "id": null, "name": null },
            "normalized": true,
            "date_created": self.created,
            "date_last_updated": null,
            "verifications": { "shipment": { "errors": [], "success": true } },
        });
        overlay(&mut address, sent);
        Some(address)
    }
}

/// `POST /v1/customers`: 201. What is refused, and in which order, is in [`checks`]; 101 for an address in use.
pub(super) fn create(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Ok(body) = call.object() else { return Ok(world.catalogue.customer(400, "118")) };
    let email = match checks::email(&body, account).and_then(|email| checks::members(&body).map(|()| email)) {
        Ok(email) => email,
        Err(code) => return Ok(world.catalogue.customer(400, code)),
    };
    let mut state = world.state();
    if owned(&state, account).any(|customer| customer.email.eq_ignore_ascii_case(&email)) {
        return Ok(world.catalogue.customer(400, "101"));
    }
    let ids = call.ids(world);
    let mut id = customer_id(account, &ids.hex32());
    // The same key again makes another customer: this resource is not idempotent.
    if state.customers.get(&id).is_some() {
        id = customer_id(account, &world.ids.hex32());
    }
    let now = wire_date(world.now());
    let customer = Customer {
        id,
        user_id: account.user_id,
        client_id: account.application(),
        email,
        address_id: (1_000_000_000 + ids.below(1_000_000_000)).to_string(),
        created: now.clone(),
        updated: now,
        site: account.site.clone(),
        sent: checks::kept(body),
        cards: Vec::new(),
    };
    let reply = Reply::json(201, customer.body("active"));
    let weight = weight(&customer);
    state.customers.insert(customer.id.clone(), customer, weight);
    Ok(reply)
}

/// `GET /v1/customers/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    Ok(of(&state, id, account).map_or_else(unknown, |customer| Reply::json(200, customer.body("active"))))
}

/// `PUT /v1/customers/{id}`: 126 for another e-mail address; `default_card` has to be a stored card (120).
pub(super) fn update(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let now = wire_date(world.now());
    let mut state = world.state();
    let Some(customer) = state.customers.get_mut(id).filter(|customer| customer.user_id == account.user_id) else {
        return Ok(unknown());
    };
    let Ok(body) = call.object() else { return Ok(world.catalogue.customer(400, "118")) };
    let email = body.get("email").filter(|email| !email.is_null());
    if email.is_some_and(|email| !email.as_str().is_some_and(|email| email.eq_ignore_ascii_case(&customer.email))) {
        return Ok(world.catalogue.customer(400, "126"));
    }
    if let Err(code) = checks::members(&body) {
        return Ok(world.catalogue.customer(400, code));
    }
    if let Some(card) = body.get("default_card").and_then(as_text)
        && !customer.cards.iter().any(|stored| stored.card_id.as_deref() == Some(card.as_str()))
    {
        return Ok(world.catalogue.customer(400, "120"));
    }
    let mut changed = customer.clone();
    absorb(&mut changed.sent, &checks::kept(body));
    changed.updated = now;
    let reply = Reply::json(200, changed.body("active"));
    let weight = weight(&changed);
    state.customers.insert(changed.id.clone(), changed, weight);
    Ok(reply)
}

/// `DELETE /v1/customers/{id}`, also with `/delete` behind it: the customer for the last time, with its cards.
pub(super) fn remove(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let mut state = world.state();
    if of(&state, id, account).is_none() {
        return Ok(unknown());
    }
    let Some(customer) = state.customers.remove(id) else { return Ok(unknown()) };
    for card in customer.cards.iter().filter_map(|card| card.card_id.as_ref()) {
        state.card_owners.remove(card);
    }
    Ok(Reply::json(200, customer.body("deactive")))
}

fn customer_id(account: &Account, hex: &str) -> String {
    format!("{}-{}", account.user_id, hex.get(..14).unwrap_or_default())
}

fn weight(customer: &Customer) -> usize {
    WEIGHT + customer.sent.iter().map(|(name, value)| name.len() + heft(value)).sum::<usize>()
}

fn owned<'s>(state: &'s State, account: &Account) -> impl Iterator<Item = &'s Customer> {
    let user_id = account.user_id;
    state.customers.iter().filter(move |customer| customer.user_id == user_id)
}

/// The customer with this id, if it is one of the account.
fn of<'s>(state: &'s State, id: &str, account: &Account) -> Option<&'s Customer> {
    state.customers.get(id).filter(|customer| customer.user_id == account.user_id)
}

fn unknown() -> Reply {
    let message = "Customer not found";
    envelope(404, "not_found", message, json!([{ "code": "404", "description": message }]))
}
