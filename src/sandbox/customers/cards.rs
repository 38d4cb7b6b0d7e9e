//! Stored cards of a customer: `/v1/customers/{id}/cards`.

use serde_json::{Map, Value, json};

use super::{Customer, of, unknown};
use crate::sandbox::card_tokens::{CardToken, first_six, last_four, text};
use crate::sandbox::clock::wire_date;
use crate::sandbox::errors::{Checked, envelope};
use crate::sandbox::payment_methods::{issuer_id, thumbnail};
use crate::sandbox::reply::Reply;
use crate::sandbox::router::Call;
use crate::sandbox::world::World;
use crate::specs::cards;

/// Most cards of one customer.
const MOST_CARDS: usize = 10;

impl Customer {
    /// A stored card, with the types that the suite of mercadopago/sdk-nodejs looks at.
    pub(super) fn card(&self, card: &CardToken) -> Value {
        let number = card.number.as_deref().unwrap_or_default();
        let known = cards::by_bin(&self.site, number);
        let method = known.map(|card| {
            let logo = thumbnail(&card.payment_method_id);
            json!({
                "id": card.payment_method_id,
                "name": card.payment_method_id,
                "payment_type_id": card.payment_type_id,
                "thumbnail": logo,
                "secure_thumbnail": logo,
            })
        });
        let length = known.map_or(3, |card| card.security_code.len());
        let location = if length == 4 { "front" } else { "back" };
        json!({
            "id": card.card_id,
            "customer_id": self.id,
            "user_id": self.user_id.to_string(),
            "expiration_month": card.month.as_deref().and_then(|month| month.parse::<u32>().ok()),
            "expiration_year": card.full_year(),
            "first_six_digits": first_six(number),
            "last_four_digits": last_four(number),
            "payment_method": method,
            "security_code": { "length": length, "card_location": location },
            "issuer": {
                "id": known.map_or(1, |card| issuer_id(&card.payment_method_id)),
                "name": known.map(|card| card.brand.as_str()),
            },
            "cardholder": {
                "name": card.holder,
                "identification": { "number": card.document_number, "type": card.document_type },
            },
            "date_created": card.created.map(wire_date),
            "date_last_updated": card.updated.or(card.created).map(wire_date),
            "live_mode": false,
        })
    }

    fn find(&self, card: &str) -> Option<usize> {
        self.cards.iter().position(|stored| stored.card_id.as_deref() == Some(card))
    }
}

/// `POST`: stores the card of a token, and spends the token. 201; 200 with the stored one for a card that is there.
///
/// 119 without a token, 120 for one that does not exist or is spent, 122 for a card without number or date,
/// 129 for one card too many.
pub(in crate::sandbox) fn add(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let refuse = |code: &str| Ok(world.catalogue.customer(400, code));
    let Ok(body) = call.object() else { return refuse("118") };
    let Some(token) = text(&body, "token") else { return refuse("119") };
    let now = world.now();
    let mut state = world.state();
    let state = &mut *state;
    let Some(customer) = state.customers.get_mut(id).filter(|customer| customer.user_id == account.user_id) else {
        return Ok(unknown());
    };
    let found = state.tokens.get_mut(&token).filter(|found| found.user_id == account.user_id && !found.used);
    let Some(found) = found else { return refuse("120") };
    if found.number.is_none() || found.month.is_none() || found.full_year().is_none() {
        return refuse("122");
    }
    let same = |card: &&mut CardToken| card.number == found.number;
    if let Some(card) = customer.cards.iter_mut().find(same) {
        found.used = true;
        (card.month, card.year, card.updated) = (found.month.clone(), found.year.clone(), Some(now));
        let card = card.clone();
        return Ok(Reply::json(200, customer.card(&card)));
    }
    if customer.cards.len() >= MOST_CARDS {
        return refuse("129");
    }
    found.used = true;
    let mut number = call.ids(world).below(1_000_000_000);
    while state.card_owners.get(&(9_000_000_000 + number).to_string()).is_some() {
        number += 1;
    }
    let card_id = (9_000_000_000 + number).to_string();
    let card = CardToken {
        security_code: None,
        card_id: Some(card_id.clone()),
        used: false,
        created: Some(now),
        updated: None,
        ..found.clone()
    };
    let reply = Reply::json(201, customer.card(&card));
    customer.cards.push(card);
    state.card_owners.insert(card_id, id.to_owned(), 128);
    Ok(reply)
}

/// `GET`: a bare array.
pub(in crate::sandbox) fn list(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    Ok(of(&state, id, account).map_or_else(unknown, |customer| {
        Reply::json(200, customer.cards.iter().map(|card| customer.card(card)).collect())
    }))
}

/// `GET /{card}`.
pub(in crate::sandbox) fn read(world: &World, call: &Call, id: &str, card: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    let Some(customer) = of(&state, id, account) else { return Ok(unknown()) };
    let card = customer.find(card).and_then(|place| customer.cards.get(place));
    Ok(card.map_or_else(no_card, |card| Reply::json(200, customer.card(card))))
}

/// `PUT /{card}`: expiration and cardholder; what is not named stays. 122 for a date that is none.
pub(in crate::sandbox) fn update(world: &World, call: &Call, id: &str, card: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let now = world.now();
    let mut state = world.state();
    let Some(customer) = state.customers.get_mut(id).filter(|customer| customer.user_id == account.user_id) else {
        return Ok(unknown());
    };
    let Some(place) = customer.find(card) else { return Ok(no_card()) };
    let Ok(body) = call.object() else { return Ok(world.catalogue.customer(400, "118")) };
    let Some(card) = customer.cards.get_mut(place) else { return Ok(no_card()) };
    let mut changed = card.clone();
    change(&mut changed, &body);
    let month = changed.month.as_deref().and_then(|month| month.parse::<u32>().ok());
    if changed.full_year().is_none() || !month.is_some_and(|month| (1..=12).contains(&month)) {
        return Ok(world.catalogue.customer(400, "122"));
    }
    changed.updated = Some(now);
    card.clone_from(&changed);
    Ok(Reply::json(200, customer.card(&changed)))
}

/// Takes over what a body says of a card: expiration and cardholder.
pub(in crate::sandbox) fn change(card: &mut CardToken, body: &Map<String, Value>) {
    let empty = Map::new();
    let holder = body.get("cardholder").and_then(Value::as_object);
    let document = holder.and_then(|holder| holder.get("identification")).and_then(Value::as_object);
    let take = |place: &mut Option<String>, object: &Map<String, Value>, name: &str| {
        if let Some(value) = text(object, name) {
            *place = Some(value);
        }
    };
    take(&mut card.month, body, "expiration_month");
    take(&mut card.year, body, "expiration_year");
    take(&mut card.holder, holder.unwrap_or(&empty), "name");
    take(&mut card.document_type, document.unwrap_or(&empty), "type");
    take(&mut card.document_number, document.unwrap_or(&empty), "number");
    card.has_holder |= holder.is_some();
}

/// `DELETE /{card}`: the card for the last time.
pub(in crate::sandbox) fn remove(world: &World, call: &Call, id: &str, card: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let mut state = world.state();
    let Some(customer) = state.customers.get_mut(id).filter(|customer| customer.user_id == account.user_id) else {
        return Ok(unknown());
    };
    let Some(place) = customer.find(card) else { return Ok(no_card()) };
    let removed = customer.cards.remove(place);
    if customer.sent.get("default_card").and_then(Value::as_str) == Some(card) {
        customer.sent.remove("default_card");
    }
    let body = customer.card(&removed);
    state.card_owners.remove(card);
    Ok(Reply::json(200, body))
}

fn no_card() -> Reply {
    let message = "Card not found";
    envelope(404, "not_found", message, json!([{ "code": "404", "description": message }]))
}
