//! Checkout preferences: `/checkout/preferences`, what a buyer is sent to a hosted checkout with.
//!
//! Responsible for keeping what was sent and giving it back with the members and types of real answers. There is no
//! hosted checkout: `init_point` and `sandbox_init_point` have a reserved host (RFC 2606) and lead nowhere.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::accounts::Account;
use super::bounded::heft;
use super::clock::wire_date;
use super::errors::{Checked, envelope};
use super::json::{absorb, amount, as_number, as_text, overlay};
use super::page::Page;
use super::reply::Reply;
use super::router::Call;
use super::state::State;
use super::world::World;
use crate::specs::sites;

/// Preferences on a page of a search, and the most.
const USUAL: usize = 30;
const MOST: usize = 1000;
/// Most items of a preference.
const MOST_ITEMS: usize = 1000;

/// A preference: who made it when, and what was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Preference {
    pub(super) id: String,
    /// Seller.
    pub(super) user_id: u64,
    client_id: u64,
    pub(super) site: String,
    created: String,
    updated: Option<String>,
    sent: Map<String, Value>,
}

impl Preference {
    /// The items, as they are answered.
    pub(super) fn items(&self) -> Vec<Value> {
        let currency = sites::get(&self.site).map_or("", |site| site.currency.as_str());
        items(&self.sent).map(|item| describe(item, currency)).collect()
    }

    /// A member that was sent, as text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.sent.get(name).and_then(as_text)
    }

    /// The answer, with the members of the test data of mercadopago/sdk-php.
    fn body(&self) -> Value {
        let link = format!("checkout/v1/redirect?pref_id={}", self.id);
        let mut body = json!({
            "additional_info": "",
            "auto_return": "",
            "back_urls": { "failure": "", "pending": "", "success": "" },
            "binary_mode": false,
            "client_id": self.client_id.to_string(),
            "collector_id": self.user_id,
            "coupon_code": null,
            "coupon_labels": null,
            "date_created": self.created,
            "date_of_expiration": null,
            "differential_pricing": null,
            "expiration_date_from": null,
            "expiration_date_to": null,
            "expires": false,
            "external_reference": "",
            "id": self.id,
            "init_point": format!("https://sandbox.example/{link}"),
            "internal_metadata": null,
            "items": [],
            "last_updated": self.updated,
            "marketplace": "NONE",
            "marketplace_fee": 0,
            "metadata": {},
            "notification_url": null,
            "operation_type": "regular_payment",
        });
        let rest = json!({
            "payer": {
                "phone": { "area_code": "", "number": "" },
                "address": { "zip_code": "", "street_name": "", "street_number": null },
                "email": "",
                "identification": { "number": "", "type": "" },
                "name": "",
                "surname": "",
                "date_created": null,
                "last_purchase": null,
            },
            "payment_methods": {
                "default_card_id": null,
                "default_payment_method_id": null,
                "excluded_payment_methods": [{ "id": "" }],
                "excluded_payment_types": [{ "id": "" }],
                "installments": null,
                "default_installments": null,
            },
            "processing_modes": null,
            "product_id": null,
            "purpose": null,
            "redirect_urls": { "failure": "", "pending": "", "success": "" },
            "sandbox_init_point": format!("https://sandbox.example/sandbox/{link}"),
            "shipments": {
                "mode": null,
                "cost": null,
                "dimensions": null,
                "free_methods": null,
                "free_shipping": null,
                "local_pickup": null,
                "default_shipping_method": null,
                "receiver_address": {
                    "zip_code": "",
                    "street_name": "",
                    "street_number": null,
                    "floor": "",
                    "apartment": "",
                    "city_name": null,
                    "state_name": null,
                    "country_name": null,
                },
            },
            "site_id": self.site,
            "sponsor_id": null,
            "statement_descriptor": null,
            "taxes": null,
            "total_amount": null,
            "tracks": null,
        });
        if let (Some(members), Value::Object(rest)) = (body.as_object_mut(), rest) {
            members.extend(rest);
            for (name, member) in members.iter_mut() {
                match self.sent.get(name) {
                    Some(_) if OWN.contains(&name.as_str()) => {}
                    Some(sent) => overlay(member, sent),
                    None => {}
                }
            }
            // Null where there is none, an object where there is one.
            if let Some(pricing) = self.sent.get("differential_pricing").filter(|pricing| pricing.is_object()) {
                members.insert("differential_pricing".to_owned(), pricing.clone());
            }
            members.insert("items".to_owned(), Value::Array(self.items()));
            members.insert("external_reference".to_owned(), json!(self.text("external_reference").unwrap_or_default()));
        }
        body
    }

    /// What a search tells of it: fewer members, as the suite of mercadopago/sdk-nodejs names them.
    fn summary(&self) -> Value {
        let body = self.body();
        let titles: Vec<&Value> = body["items"].as_array().into_iter().flatten().map(|item| &item["title"]).collect();
        json!({
            "id": self.id,
            "client_id": self.client_id.to_string(),
            "collector_id": self.user_id,
            "concept_id": null,
            "corporation_id": null,
            "date_created": self.created,
            "expiration_date_from": body["expiration_date_from"],
            "expiration_date_to": body["expiration_date_to"],
            "expires": body["expires"],
            "external_reference": body["external_reference"],
            "integrator_id": null,
            "items": titles,
            "last_updated": self.updated.as_ref().unwrap_or(&self.created),
            "live_mode": false,
            "marketplace": body["marketplace"],
            "operation_type": body["operation_type"],
            "payer_email": body["payer"]["email"],
            "payer_id": null,
            "platform_id": null,
            "processing_modes": body["processing_modes"],
            "product_id": body["product_id"],
            "purpose": "",
            "shipping_mode": body["shipments"]["mode"].as_str().unwrap_or("not_specified"),
            "site_id": self.site,
            "sponsor_id": self.sent.get("sponsor_id").and_then(Value::as_u64).unwrap_or(0),
        })
    }

    /// Whether a search for this value of a member finds it.
    fn is(&self, name: &str, wanted: &str) -> bool {
        match name {
            "id" => self.id == wanted,
            "site_id" => self.site == wanted,
            "marketplace" => self.text(name).as_deref().unwrap_or("NONE") == wanted,
            "payer_email" => {
                let email = self.sent.get("payer").and_then(|payer| payer.get("email")).and_then(Value::as_str);
                email.is_some_and(|email| email.eq_ignore_ascii_case(wanted))
            }
            name => self.text(name).as_deref() == Some(wanted),
        }
    }

    fn weight(&self) -> usize {
        1024 + self.sent.iter().map(|(name, value)| name.len() + heft(value)).sum::<usize>()
    }
}

/// Members that the service sets, whatever is sent.
const OWN: &[&str] = &[
    "client_id",
    "collector_id",
    "date_created",
    "external_reference",
    "id",
    "init_point",
    "items",
    "last_updated",
    "sandbox_init_point",
    "site_id",
];

fn items(sent: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    sent.get("items").and_then(Value::as_array).into_iter().flatten()
}

/// An item with all its members. A currency that is none becomes the site's.
pub(super) fn describe(item: &Value, currency: &str) -> Value {
    let text = |name: &str| item.get(name).and_then(as_text).unwrap_or_default();
    let named =
        Some(text("currency_id")).filter(|id| id.len() == 3 && id.bytes().all(|byte| byte.is_ascii_uppercase()));
    json!({
        "id": text("id"),
        "category_id": text("category_id"),
        "currency_id": named.as_deref().unwrap_or(currency),
        "description": text("description"),
        "picture_url": text("picture_url"),
        "title": text("title"),
        "quantity": item.get("quantity").and_then(as_number).map_or(json!(1), amount),
        "unit_price": item.get("unit_price").and_then(as_number).map_or(json!(0), amount),
    })
}

/// What is wrong with a body: `error` and `message`. An update need not bring items.
fn fault(body: &Map<String, Value>, update: bool) -> Option<(&'static str, &'static str)> {
    let given = |name: &str| body.get(name).filter(|value| !value.is_null());
    match given("items") {
        None if update => {}
        Some(Value::Array(list)) if !list.is_empty() && list.len() <= MOST_ITEMS => {
            for item in list {
                let number = |name: &str| item.get(name).and_then(as_number);
                if item.get("title").and_then(as_text).is_none_or(|title| title.trim().is_empty()) {
                    return Some(("invalid_items", "title invalid"));
                }
                if !number("quantity").is_some_and(|number| number >= 1.0 && number.fract() == 0.0 && number < 1e9) {
                    return Some(("invalid_items", "quantity invalid"));
                }
                if !number("unit_price").is_some_and(|number| number > 0.0 && number <= 1e10) {
                    return Some(("invalid_items", "unit_price invalid"));
                }
            }
        }
        _ => return Some(("invalid_items", "items needed")),
    }
    let success = given("back_urls").and_then(|urls| urls.get("success")).and_then(Value::as_str);
    match given("auto_return").map(Value::as_str) {
        None | Some(Some("")) => {}
        Some(Some("approved" | "all")) if success.is_some_and(|url| !url.is_empty()) || update => {}
        Some(Some("approved" | "all")) => {
            return Some(("invalid_auto_return", "auto_return invalid. back_url.success must be defined"));
        }
        Some(_) => return Some(("invalid_auto_return", "auto_return invalid")),
    }
    let url = |value: &Value| value.as_str().is_some_and(|url| url.is_empty() || url::Url::parse(url).is_ok());
    if !given("notification_url").is_none_or(url) {
        return Some(("invalid_notification_url", "notification_url must be a valid url"));
    }
    let fee = given("marketplace_fee").map(as_number);
    if fee.is_some_and(|fee| fee.is_none_or(|fee| fee < 0.0)) {
        return Some(("invalid_marketplace_fee", "marketplace_fee must not be negative"));
    }
    None
}

/// Why a body cannot be taken, as an answer.
fn check(body: &Map<String, Value>, update: bool) -> Option<Reply> {
    fault(body, update).map(|(error, message)| envelope(400, error, message, Value::Null))
}

fn unreadable() -> Reply {
    envelope(400, "bad_request", "the body must be a Json Object", Value::Null)
}

/// `POST /checkout/preferences`: 201. This resource is not idempotent: the same key makes another one.
pub(super) fn create(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Ok(body) = call.object() else { return Ok(unreadable()) };
    if let Some(refusal) = check(&body, false) {
        return Ok(refusal);
    }
    let mut state = world.state();
    let id = |uuid: String| format!("{}-{uuid}", account.user_id);
    let mut preference = Preference {
        id: id(call.ids(world).uuid()),
        user_id: account.user_id,
        client_id: account.application(),
        site: account.site.clone(),
        created: wire_date(world.now()),
        updated: None,
        sent: body,
    };
    if state.preferences.get(&preference.id).is_some() {
        preference.id = id(world.ids.uuid());
    }
    let reply = Reply::json(201, preference.body());
    let weight = preference.weight();
    state.preferences.insert(preference.id.clone(), preference, weight);
    Ok(reply)
}

/// The preference with this id, if it is one of the account.
pub(super) fn of<'s>(state: &'s State, id: &str, account: &Account) -> Option<&'s Preference> {
    state.preferences.get(id).filter(|preference| preference.user_id == account.user_id)
}

fn unknown() -> Reply {
    envelope(404, "not_found", "preference_id not found", Value::Null)
}

/// `GET /checkout/preferences/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    Ok(of(&state, id, account).map_or_else(unknown, |preference| Reply::json(200, preference.body())))
}

/// `PUT /checkout/preferences/{id}`: what is not named stays; a list replaces the whole list.
pub(super) fn update(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let now = wire_date(world.now());
    let mut state = world.state();
    let Some(mut changed) = of(&state, id, account).cloned() else { return Ok(unknown()) };
    let Ok(body) = call.object() else { return Ok(unreadable()) };
    if let Some(refusal) = check(&body, true) {
        return Ok(refusal);
    }
    absorb(&mut changed.sent, &body);
    changed.updated = Some(now);
    let reply = Reply::json(200, changed.body());
    let weight = changed.weight();
    state.preferences.insert(changed.id.clone(), changed, weight);
    Ok(reply)
}

/// `GET /checkout/preferences/search`: the newest first; `external_reference`, `id`, `marketplace`, `site_id`,
/// `sponsor_id`, `payer_email` have to be equal. Paging that cannot be read is 400.
pub(super) fn search(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Some(page) = Page::of(call, USUAL, MOST) else {
        return Ok(envelope(400, "bad_request", "invalid limit or offset", Value::Null));
    };
    let filters = ["external_reference", "id", "marketplace", "site_id", "sponsor_id", "payer_email"];
    let filters: Vec<(&str, &str)> = filters
        .into_iter()
        .filter_map(|name| Some((name, call.param(name).filter(|value| !value.is_empty())?)))
        .collect();
    let state = world.state();
    let found: Vec<&Preference> = state
        .preferences
        .iter()
        .rev()
        .filter(|preference| preference.user_id == account.user_id)
        .filter(|preference| filters.iter().all(|(name, wanted)| preference.is(name, wanted)))
        .collect();
    let elements: Vec<Value> = page.cut(found.iter()).map(|preference| preference.summary()).collect();
    let next = page.next(elements.len());
    Ok(Reply::json(200, json!({ "elements": elements, "next_offset": next, "total": found.len() })))
}
