//! Merchant orders: `/merchant_orders`, what holds the payments of one purchase together.
//!
//! Responsible for keeping them and for telling from their payments how much is paid. A payment belongs to an order
//! when it was created with the order's id in `order.id`; the sandbox has no hosted checkout that would link them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::accounts::Account;
use super::bounded::heft;
use super::clock::{parse_date, wire_date};
use super::errors::{Checked, envelope};
use super::json::{absorb, amount, as_number, as_text};
use super::page::Page;
use super::payments::{self, Share};
use super::preferences::{self, describe};
use super::reply::Reply;
use super::router::Call;
use super::state::State;
use super::users::nickname;
use super::world::World;
use crate::specs::sites;

/// Orders on a page of a search, and the most.
const USUAL: usize = 30;
const MOST: usize = 1000;
/// Most payments that an order remembers.
const MOST_PAYMENTS: usize = 100;
/// Most items of an order.
const MOST_ITEMS: usize = 1000;
/// Smallest id, and over how many numbers ids are spread.
const FIRST_ID: u64 = 10_000_000_000;
const SPREAD: u64 = 80_000_000_000;

/// A merchant order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct MerchantOrder {
    id: u64,
    /// Seller.
    user_id: u64,
    site: String,
    preference_id: Option<String>,
    items: Vec<Value>,
    created: String,
    updated: String,
    sent: Map<String, Value>,
    /// Ids of its payments, in order.
    payments: Vec<u64>,
}

/// Members of an update that are kept.
const KEPT: &[&str] = &[
    "additional_info",
    "application_id",
    "external_reference",
    "marketplace",
    "notification_url",
    "payer",
    "shipments",
    "sponsor_id",
];

impl MerchantOrder {
    /// The answer, with the members of the test data of mercadopago/sdk-php.
    fn body(&self, state: &State) -> Value {
        let shares: Vec<Share> =
            self.payments.iter().filter_map(|id| state.payments.get(id)).map(|one| payments::share(one)).collect();
        let sum = |of: fn(&Share) -> f64| shares.iter().map(of).sum::<f64>();
        let (paid, refunded) = (sum(|share| share.paid), sum(|share| share.refunded));
        let total = self.total();
        let waits = shares.iter().any(|share| share.waits);
        let covered = paid > 0.0 && paid + 0.005 >= total;
        let status = match () {
            () if paid > 0.0 && refunded + 0.005 >= paid => "refunded",
            () if refunded > 0.0 => "partially_refunded",
            () if covered => "paid",
            () if paid > 0.0 => "partially_paid",
            () if waits => "payment_in_process",
            () => "payment_required",
        };
        let text = |name: &str| self.sent.get(name).and_then(as_text);
        let list =
            |name: &str| self.sent.get(name).filter(|list| list.is_array()).cloned().unwrap_or_else(|| json!([]));
        json!({
            "id": self.id,
            "status": if covered { "closed" } else { "opened" },
            "external_reference": text("external_reference").unwrap_or_default(),
            "preference_id": self.preference_id.as_deref().unwrap_or_default(),
            "payments": shares.into_iter().map(|share| share.body).collect::<Vec<Value>>(),
            "shipments": list("shipments"),
            "payouts": [],
            "collector": { "id": self.user_id, "email": "", "nickname": nickname(self.user_id) },
            "marketplace": text("marketplace").unwrap_or_else(|| "NONE".to_owned()),
            "notification_url": text("notification_url"),
            "date_created": self.created,
            "last_updated": self.updated,
            "sponsor_id": text("sponsor_id"),
            "shipping_cost": 0,
            "total_amount": amount(total),
            "site_id": self.site,
            "paid_amount": amount(paid),
            "refunded_amount": amount(refunded),
            "payer": self.sent.get("payer").filter(|payer| payer.is_object()),
            "items": self.items,
            "cancelled": false,
            "additional_info": text("additional_info").unwrap_or_default(),
            "application_id": text("application_id"),
            "is_test": true,
            "order_status": status,
        })
    }

    fn total(&self) -> f64 {
        let number = |item: &Value, name: &str| item.get(name).and_then(as_number).unwrap_or(0.0);
        self.items.iter().map(|item| number(item, "unit_price") * number(item, "quantity")).sum()
    }

    fn weight(&self) -> usize {
        2048 + self.items.iter().map(heft).sum::<usize>()
            + self.sent.iter().map(|(name, value)| name.len() + heft(value)).sum::<usize>()
    }

    /// Whether a search for this value of a member finds it.
    fn is(&self, name: &str, wanted: &str, status: &str) -> bool {
        let date = |text: &str| parse_date(text);
        match name {
            "id" => self.id.to_string() == wanted,
            "status" => status == wanted,
            "preference_id" => self.preference_id.as_deref() == Some(wanted),
            "site_id" => self.site == wanted,
            "payer_id" => {
                self.sent.get("payer").and_then(|payer| payer.get("id")).and_then(as_text).as_deref() == Some(wanted)
            }
            "date_created_from" => date(wanted).is_some_and(|from| date(&self.created) >= Some(from)),
            "date_created_to" => date(wanted).is_some_and(|to| date(&self.created) <= Some(to)),
            "last_updated_from" => date(wanted).is_some_and(|from| date(&self.updated) >= Some(from)),
            "last_updated_to" => date(wanted).is_some_and(|to| date(&self.updated) <= Some(to)),
            name => self.sent.get(name).and_then(as_text).as_deref() == Some(wanted),
        }
    }
}

fn refuse(message: &str) -> Reply {
    envelope(400, "bad_request", message, json!([]))
}

fn unknown() -> Reply {
    envelope(404, "not_found", "merchant order not found", json!([]))
}

/// The items of a body with all their members; `None` when they are no list of objects, or too many.
fn items_of(body: &Map<String, Value>, site: &str) -> Option<Vec<Value>> {
    let currency = sites::get(site).map_or("", |site| site.currency.as_str());
    match body.get("items").filter(|items| !items.is_null()) {
        None => Some(Vec::new()),
        Some(Value::Array(items)) if items.len() <= MOST_ITEMS && items.iter().all(Value::is_object) => {
            Some(items.iter().map(|item| describe(item, currency)).collect())
        }
        Some(_) => None,
    }
}

/// `POST /merchant_orders`: 201. Without items those of the preference; a preference that is named has to exist.
pub(super) fn create(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Ok(body) = call.object() else { return Ok(refuse("the body must be a Json Object")) };
    let Some(mut items) = items_of(&body, &account.site) else { return Ok(refuse("invalid items")) };
    let mut state = world.state();
    let preference_id = body.get("preference_id").and_then(as_text).filter(|id| !id.is_empty());
    let preference = preference_id.as_deref().and_then(|id| preferences::of(&state, id, account));
    if preference_id.is_some() && preference.is_none() {
        return Ok(refuse("preference_id not found"));
    }
    let mut sent = body;
    sent.retain(|name, value| KEPT.contains(&name.as_str()) && !value.is_null());
    if let Some(preference) = preference {
        if items.is_empty() {
            items = preference.items();
        }
        for name in ["external_reference", "marketplace", "notification_url"] {
            if let (false, Some(text)) = (sent.contains_key(name), preference.text(name)) {
                sent.insert(name.to_owned(), json!(text));
            }
        }
    }
    let mut id = FIRST_ID + call.ids(world).below(SPREAD);
    while state.merchant_orders.get(&id).is_some() {
        id += 1;
    }
    let now = wire_date(world.now());
    let order = MerchantOrder {
        id,
        user_id: account.user_id,
        site: account.site.clone(),
        preference_id,
        items,
        created: now.clone(),
        updated: now,
        sent,
        payments: Vec::new(),
    };
    let reply = Reply::json(201, order.body(&state));
    let weight = order.weight();
    state.merchant_orders.insert(id, order, weight);
    Ok(reply)
}

/// The order with this id, if it is one of the account.
fn of<'s>(state: &'s State, id: &str, account: &Account) -> Option<&'s MerchantOrder> {
    let id: u64 = id.parse().ok()?;
    state.merchant_orders.get(&id).filter(|order| order.user_id == account.user_id)
}

/// `GET /merchant_orders/{id}`.
pub(super) fn read(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    Ok(of(&state, id, account).map_or_else(unknown, |order| Reply::json(200, order.body(&state))))
}

/// `PUT /merchant_orders/{id}`: what is not named stays. An item with the id of one that is there changes that one,
/// others are added.
pub(super) fn update(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let now = wire_date(world.now());
    let mut state = world.state();
    let Some(mut order) = of(&state, id, account).cloned() else { return Ok(unknown()) };
    let Ok(mut body) = call.object() else { return Ok(refuse("the body must be a Json Object")) };
    if items_of(&body, &order.site).is_none() {
        return Ok(refuse("invalid items"));
    }
    let currency = sites::get(&order.site).map_or("", |site| site.currency.as_str());
    for item in body.get("items").and_then(Value::as_array).into_iter().flatten() {
        let id = item.get("id").and_then(as_text);
        let same = |known: &Value| id.is_some() && known.get("id").and_then(as_text) == id;
        let known = order.items.iter().position(same).and_then(|place| order.items.get_mut(place));
        if let (Some(Value::Object(known)), Value::Object(item)) = (known, item) {
            absorb(known, item);
            let whole = describe(&Value::Object(known.clone()), currency);
            if let Value::Object(whole) = whole {
                *known = whole;
            }
        } else if order.items.len() < MOST_ITEMS {
            order.items.push(describe(item, currency));
        } else {
            return Ok(refuse("invalid items"));
        }
    }
    body.retain(|name, value| KEPT.contains(&name.as_str()) && !value.is_null());
    absorb(&mut order.sent, &body);
    order.updated = now;
    let reply = Reply::json(200, order.body(&state));
    let weight = order.weight();
    state.merchant_orders.insert(order.id, order, weight);
    Ok(reply)
}

/// Puts a payment into the order that it names in `order.id`, if that is one of the seller.
pub(super) fn attach(state: &mut State, seller: u64, order: Option<&Value>, payment: u64, now: &str) {
    let id = order.and_then(|order| order.get("id")).and_then(as_text).and_then(|id| id.parse::<u64>().ok());
    let order = id.and_then(|id| state.merchant_orders.get_mut(&id)).filter(|order| order.user_id == seller);
    if let Some(order) = order.filter(|order| order.payments.len() < MOST_PAYMENTS) {
        order.payments.push(payment);
        now.clone_into(&mut order.updated);
    }
}

/// `GET /merchant_orders/search`: the newest first. Filters are those of the OpenAPI file of Mercado Pago; a date that
/// is none finds nothing, and paging that cannot be read is 400.
pub(super) fn search(world: &World, call: &Call) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Some(page) = Page::of(call, USUAL, MOST) else { return Ok(refuse("invalid limit or offset")) };
    let filters = [
        "id",
        "status",
        "preference_id",
        "application_id",
        "payer_id",
        "sponsor_id",
        "external_reference",
        "site_id",
        "marketplace",
        "date_created_from",
        "date_created_to",
        "last_updated_from",
        "last_updated_to",
    ];
    let filters: Vec<(&str, &str)> = filters
        .into_iter()
        .filter_map(|name| Some((name, call.param(name).filter(|value| !value.is_empty())?)))
        .collect();
    let state = world.state();
    let by_status = filters.iter().any(|(name, _)| *name == "status");
    let status = |order: &MerchantOrder| match by_status {
        true => order.body(&state)["status"].as_str().unwrap_or_default().to_owned(),
        false => String::new(),
    };
    let found: Vec<&MerchantOrder> = state
        .merchant_orders
        .iter()
        .rev()
        .filter(|order| order.user_id == account.user_id)
        .filter(|order| {
            let status = status(order);
            filters.iter().all(|(name, wanted)| order.is(name, wanted, &status))
        })
        .collect();
    let elements: Vec<Value> = page.cut(found.iter()).map(|order| order.body(&state)).collect();
    let next = page.next(elements.len());
    Ok(Reply::json(200, json!({ "elements": elements, "next_offset": next, "total": found.len() })))
}
