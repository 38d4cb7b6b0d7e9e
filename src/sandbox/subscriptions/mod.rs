//! Subscriptions: `/preapproval`, the plans that they follow (`/preapproval_plan`), and `/authorized_payments`.
//!
//! Responsible for keeping what was agreed and giving it back with the members and types of recorded answers, so that
//! the suites of the official SDKs find what they ask for. The sandbox charges nobody: a subscription has no invoices,
//! and its `init_point` has a reserved host (RFC 2606) and leads nowhere. Errors have the two members that this service
//! answers, `message` and `status`; nobody documents the sentences, they are the sandbox's own.

mod checks;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::accounts::Account;
use super::bounded::heft;
use super::clock::wire_date;
use super::errors::Checked;
use super::json::{absorb, amount, as_number, as_text};
use super::page::Page;
use super::reply::Reply;
use super::router::Call;
use super::state::State;
use super::users;
use super::world::World;
use crate::specs::cards;

/// Results on a page of a search, and the most.
const USUAL: usize = 20;
const MOST: usize = 1000;

/// Which of the two resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// What a seller offers: `/preapproval_plan`.
    Plan,
    /// What a buyer agreed to: `/preapproval`.
    Subscription,
}

/// A plan or a subscription: who made it when, and what was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Agreement {
    id: String,
    kind: Kind,
    /// Seller.
    user_id: u64,
    application: u64,
    status: String,
    created: String,
    updated: String,
    /// How often it was changed.
    version: u64,
    /// The card that would be charged: its method, and its id where a customer has it.
    method: Option<String>,
    card: Option<String>,
    sent: Map<String, Value>,
}

impl Agreement {
    fn text(&self, name: &str) -> Option<String> {
        self.sent.get(name).and_then(as_text)
    }

    /// The answer, with the members of recorded ones.
    fn body(&self) -> Value {
        let mut body = json!({
            "id": self.id,
            "application_id": self.application,
            "collector_id": self.user_id,
            "back_url": self.text("back_url").unwrap_or_default(),
            "reason": self.text("reason").unwrap_or_default(),
            "status": self.status,
            "date_created": self.created,
            "last_modified": self.updated,
            "init_point": format!("https://sandbox.example/subscriptions/checkout?{}={}", match self.kind {
                Kind::Plan => "preapproval_plan_id",
                Kind::Subscription => "preapproval_id",
            }, self.id),
            "auto_recurring": self.recurring(),
        });
        let Some(members) = body.as_object_mut() else { return body };
        if let Some(reference) = self.text("external_reference") {
            members.insert("external_reference".to_owned(), json!(reference));
        }
        match self.kind {
            Kind::Plan => {
                if let Some(allowed) = self.sent.get("payment_methods_allowed").filter(|allowed| allowed.is_object()) {
                    members.insert("payment_methods_allowed".to_owned(), allowed.clone());
                }
            }
            Kind::Subscription => members.extend(self.subscription()),
        }
        body
    }

    /// What a subscription has and a plan has not.
    fn subscription(&self) -> Map<String, Value> {
        let email = self.text("payer_email").unwrap_or_default();
        let start = self.sent.get("auto_recurring").and_then(|recurring| recurring.get("start_date"));
        let members = json!({
            "version": self.version,
            "payer_id": users::id_of(&email),
            "payer_email": email,
            "preapproval_plan_id": self.text("preapproval_plan_id"),
            "summarized": {
                "quotas": null,
                "charged_quantity": null,
                "pending_charge_quantity": null,
                "charged_amount": null,
                "pending_charge_amount": null,
                "semaphore": null,
                "last_charged_date": null,
                "last_charged_amount": null,
            },
            "next_payment_date": start.and_then(Value::as_str).unwrap_or(&self.created),
            "payment_method_id": self.method,
            "payment_method_id_secondary": null,
            "card_id": self.card,
            "first_invoice_offset": null,
            "subscription_id": self.id,
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn recurring(&self) -> Value {
        let sent = self.sent.get("auto_recurring").and_then(Value::as_object);
        let mut recurring = sent.cloned().unwrap_or_default();
        recurring.retain(|name, _| checks::RECURRING.contains(&name.as_str()));
        for name in ["frequency", "transaction_amount"] {
            if let Some(number) = recurring.get(name).and_then(as_number) {
                recurring.insert(name.to_owned(), amount(number));
            }
        }
        recurring.entry("free_trial").or_insert(Value::Null);
        Value::Object(recurring)
    }

    /// Whether a search for this value of a member finds it; several values are separated by commas.
    fn is(&self, body: &Value, name: &str, wanted: &str) -> bool {
        if name == "q" {
            let words = wanted.to_lowercase();
            return ["reason", "payer_email", "external_reference"]
                .iter()
                .any(|name| self.text(name).is_some_and(|text| text.to_lowercase().contains(&words)));
        }
        let value = body.get(name).and_then(as_text);
        value.is_some_and(|value| wanted.split(',').any(|one| one.trim().eq_ignore_ascii_case(&value)))
    }

    fn weight(&self) -> usize {
        1024 + self.sent.iter().map(|(name, value)| name.len() + heft(value)).sum::<usize>()
    }
}

/// A refusal as this service writes it.
fn refuse(status: u16, message: impl Into<String>) -> Reply {
    Reply::json(status, json!({ "message": message.into(), "status": status }))
}

fn unknown(kind: Kind, id: &str) -> Reply {
    let what = match kind {
        Kind::Plan => "template",
        Kind::Subscription => "preapproval",
    };
    let id: String = id.chars().take(64).collect();
    refuse(404, format!("The {what} with id {id} does not exist"))
}

/// The plan or subscription with this id, if it is one of the account.
fn of<'s>(state: &'s State, kind: Kind, id: &str, account: &Account) -> Option<&'s Agreement> {
    state.agreements.get(id).filter(|one| one.kind == kind && one.user_id == account.user_id)
}

/// `POST`: 201. These resources are not idempotent: the same key makes another one.
pub(super) fn create(world: &World, call: &Call, kind: Kind) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Ok(mut body) = call.object() else { return Ok(refuse(400, "The body must be a JSON object")) };
    body.retain(|_, value| !value.is_null());
    let now = wire_date(world.now());
    let mut state = world.state();
    if let Some(plan) = body.get("preapproval_plan_id").filter(|_| kind == Kind::Subscription) {
        let plan = as_text(plan).unwrap_or_default();
        let Some(offered) = of(&state, Kind::Plan, &plan, account) else { return Ok(unknown(Kind::Plan, &plan)) };
        body = follow(offered, body);
    }
    let mut id = call.ids(world).hex32();
    if state.agreements.get(&id).is_some() {
        id = world.ids.hex32();
    }
    let mut made = Agreement {
        id,
        kind,
        user_id: account.user_id,
        application: account.application(),
        status: checks::first_status(kind).to_owned(),
        created: now.clone(),
        updated: now,
        version: 0,
        method: None,
        card: None,
        sent: Map::new(),
    };
    if let Err(reply) = change(&mut made, body, &mut state, account) {
        return Ok(*reply);
    }
    let reply = Reply::json(201, made.body());
    let weight = made.weight();
    state.agreements.insert(made.id.clone(), made, weight);
    Ok(reply)
}

/// What a subscription takes from its plan where its own body says nothing.
fn follow(plan: &Agreement, body: Map<String, Value>) -> Map<String, Value> {
    let mut followed = Map::new();
    for name in ["reason", "back_url", "auto_recurring", "external_reference"] {
        if let Some(value) = plan.sent.get(name) {
            followed.insert(name.to_owned(), value.clone());
        }
    }
    absorb(&mut followed, &body);
    followed
}

/// `GET /{id}`.
pub(super) fn read(world: &World, call: &Call, kind: Kind, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let state = world.state();
    Ok(of(&state, kind, id, account).map_or_else(|| unknown(kind, id), |one| Reply::json(200, one.body())))
}

/// `PUT /{id}`: what is not named stays. What was cancelled does not change any more.
pub(super) fn update(world: &World, call: &Call, kind: Kind, id: &str) -> Checked<Reply> {
    let account = call.owner(world)?;
    let now = wire_date(world.now());
    let mut state = world.state();
    let Some(mut changed) = of(&state, kind, id, account).cloned() else { return Ok(unknown(kind, id)) };
    let Ok(mut body) = call.object() else { return Ok(refuse(400, "The body must be a JSON object")) };
    body.retain(|_, value| !value.is_null());
    if changed.status == "cancelled" {
        return Ok(refuse(400, "You can not modify what was cancelled"));
    }
    if let Err(reply) = change(&mut changed, body, &mut state, account) {
        return Ok(*reply);
    }
    changed.updated = now;
    changed.version += 1;
    let reply = Reply::json(200, changed.body());
    let weight = changed.weight();
    state.agreements.insert(changed.id.clone(), changed, weight);
    Ok(reply)
}

/// Takes what a body says, if it may be taken.
fn change(
    agreement: &mut Agreement,
    body: Map<String, Value>,
    state: &mut State,
    account: &Account,
) -> Result<(), Box<Reply>> {
    let refused = |status, message: String| Box::new(refuse(status, message));
    absorb(&mut agreement.sent, &body);
    if let Some(status) = agreement.sent.remove("status") {
        let status = status.as_str().filter(|status| checks::statuses(agreement.kind).contains(status));
        let status = status.ok_or_else(|| refused(400, "Invalid value for status".to_owned()))?;
        status.clone_into(&mut agreement.status);
    }
    checks::check(agreement.kind, &agreement.sent).map_err(|message| refused(400, message))?;
    if agreement.kind == Kind::Plan {
        return Ok(());
    }
    if let Some(token) = agreement.sent.remove("card_token_id") {
        let missing = || refused(404, "Card token service not found".to_owned());
        let id = token.as_str().unwrap_or_default();
        let token = state.tokens.get_mut(id).filter(|token| token.user_id == account.user_id && !token.used);
        let token = token.ok_or_else(missing)?;
        let card = token.number.as_deref().and_then(|number| cards::by_bin(&account.site, number));
        let card = card.ok_or_else(|| refused(400, "The card can not be charged".to_owned()))?;
        token.used = true;
        agreement.method = Some(card.payment_method_id.clone());
        agreement.card.clone_from(&token.card_id);
    }
    if agreement.status == "authorized" && agreement.method.is_none() {
        return Err(refused(400, "card_token_id is required".to_owned()));
    }
    Ok(())
}

/// `GET /search`: the newest first, or by `sort` (`date_created:asc` and the like).
pub(super) fn search(world: &World, call: &Call, kind: Kind) -> Checked<Reply> {
    let account = call.owner(world)?;
    let Some(page) = Page::of(call, USUAL, MOST) else { return Ok(refuse(400, "Invalid limit or offset")) };
    let filters = ["id", "q", "status", "payer_id", "payer_email", "preapproval_plan_id", "external_reference"];
    let filters: Vec<(&str, &str)> = filters
        .into_iter()
        .filter_map(|name| Some((name, call.param(name).filter(|value| !value.is_empty())?)))
        .collect();
    let sort = call.param("sort").filter(|sort| !sort.is_empty()).unwrap_or("date_created:desc");
    let (name, order) = sort.split_once(':').unwrap_or((sort, "asc"));
    if !matches!((name, order), ("date_created" | "last_modified", "asc" | "desc")) {
        return Ok(refuse(400, "Invalid value for sort"));
    }
    let state = world.state();
    let mut found: Vec<Value> = state
        .agreements
        .iter()
        .filter(|one| one.kind == kind && one.user_id == account.user_id)
        .map(|one| (one, one.body()))
        .filter(|(one, body)| filters.iter().all(|(name, wanted)| one.is(body, name, wanted)))
        .map(|(_, body)| body)
        .collect();
    // Dates have one form, so that their texts sort as they do; of one moment, what came later is newer.
    found.sort_by(|one, other| one[name].as_str().cmp(&other[name].as_str()));
    if order == "desc" {
        found.reverse();
    }
    let paging = json!({ "offset": page.offset, "limit": page.limit, "total": found.len() });
    let results: Vec<&Value> = page.cut(found.iter()).collect();
    Ok(Reply::json(200, json!({ "paging": paging, "results": results })))
}

/// `GET /authorized_payments/search`: the invoices of subscriptions, of which the sandbox makes none.
pub(super) fn invoices(world: &World, call: &Call) -> Checked<Reply> {
    call.owner(world)?;
    let Some(page) = Page::of(call, USUAL, MOST) else { return Ok(refuse(400, "Invalid limit or offset")) };
    let paging = json!({ "offset": page.offset, "limit": page.limit, "total": 0 });
    Ok(Reply::json(200, json!({ "paging": paging, "results": [] })))
}

/// `GET /authorized_payments/{id}`: there is none.
pub(super) fn invoice(world: &World, call: &Call, id: &str) -> Checked<Reply> {
    call.owner(world)?;
    let id: String = id.chars().take(64).collect();
    Ok(refuse(404, format!("The authorized payment with id {id} does not exist")))
}
