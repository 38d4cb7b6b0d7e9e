//! From a request to the resource that answers it: one line per route.
//!
//! Responsible for reading a request, for who asks, and for the order of what comes before every resource: a fault
//! asked for, then the route, then the credential. Not responsible for what a resource checks.

use axum::http::header::{AUTHORIZATION, AsHeaderName};
use axum::http::{HeaderMap, HeaderName};
use serde_json::{Map, Value, json};

use super::accounts::{Account, Role};
use super::errors::{Checked, Refusal, edge_not_found};
use super::faults::effects::{self, Played};
use super::reply::Reply;
use super::world::World;
use super::{
    card_tokens, chargebacks, customers, faults, merchant_orders, oauth, openapi, orders, payment_methods, payments,
    preferences, subscriptions, users,
};
use crate::ids::Ids;
use crate::sandbox::subscriptions::Kind::{Plan, Subscription};

/// The idempotency key. Names that every request is asked for are read once.
pub(super) static KEY: HeaderName = HeaderName::from_static("x-idempotency-key");
static FAULT: HeaderName = HeaderName::from_static(faults::HEADER);

/// A request as the resources see it.
pub(super) struct Call<'c> {
    /// Upper case.
    pub(super) method: &'c str,
    /// Path without the query.
    pub(super) path: &'c str,
    /// Decoded parameters, in order.
    pub(super) query: Vec<(String, String)>,
    /// Headers.
    pub(super) headers: &'c HeaderMap,
    /// Body, at most what the server reads.
    pub(super) body: &'c [u8],
}

impl<'c> Call<'c> {
    /// A request; `uri` is path and query.
    pub(super) fn new(method: &'c str, uri: &'c str, headers: &'c HeaderMap, body: &'c [u8]) -> Call<'c> {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Call { method, path, query, headers, body }
    }

    /// A header that is text.
    pub(super) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The first parameter with this name.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as a JSON object, else code 1.
    pub(super) fn object(&self) -> Checked<Map<String, Value>> {
        // The parser refuses numbers out of range and more than 128 levels.
        match std::str::from_utf8(self.body).map(serde_json::from_str) {
            Ok(Ok(Value::Object(object))) => Ok(object),
            _ => Err(Refusal::bad("1")),
        }
    }

    /// The idempotency key, else code 4292.
    pub(super) fn idempotency_key(&self) -> Checked<&str> {
        let key = self.header(&KEY).map(str::trim).unwrap_or_default();
        if key.is_empty() { Err(Refusal::bad("4292")) } else { Ok(key) }
    }

    /// Identifiers of what this request creates: they follow from its idempotency key, so that a run with the same
    /// seed gets the same ids however its requests are interleaved; without a key they follow from the order.
    pub(super) fn ids(&self, world: &World) -> Ids {
        match self.header(&KEY) {
            Some(key) => world.ids.part(&format!("{} {key}", self.path)),
            None => world.ids.part(&world.ids.hex32()),
        }
    }

    /// The access token in the header.
    pub(super) fn bearer(&self) -> Option<&str> {
        let value = self.header(AUTHORIZATION)?;
        let (scheme, credential) = value.split_once(' ').unwrap_or(("", value));
        (scheme.is_empty() || scheme.eq_ignore_ascii_case("bearer")).then_some(credential.trim())
    }

    /// The account of the access token: none at all is the gate keeper's 403, an unknown one 401.
    pub(super) fn owner<'w>(&self, world: &'w World) -> Checked<&'w Account> {
        // The query form is historic, but old integrations still use it.
        let token = self.bearer().or_else(|| self.param("access_token"));
        let token = token.filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Refusal::new(403, "pa_unauthorized_result_from_policies"))?;
        let account = world.account_of(token).ok_or_else(|| Refusal::new(401, "401"))?;
        if account.role == Role::ProductionWithoutScope {
            return Err(Refusal::new(401, "7"));
        }
        Ok(account)
    }

    /// The account of a public key or an access token, for what a front end may ask.
    pub(super) fn front_end<'w>(&self, world: &'w World) -> Checked<&'w Account> {
        let key = self.param("public_key").or_else(|| self.header("x-public-key"));
        let credential = key.or_else(|| self.bearer()).or_else(|| self.param("access_token"));
        let credential = credential.filter(|credential| !credential.is_empty());
        let credential = credential.ok_or_else(|| Refusal::new(403, "pa_unauthorized_result_from_policies"))?;
        let account = world.accounts.by_key(credential).or_else(|| world.account_of(credential));
        account.ok_or_else(|| Refusal::new(401, "401"))
    }
}

/// The reply to a request, how it leaves, and the fault that was played: the one that its header asks for, else the one
/// that a rule has for it.
pub(super) fn perform(world: &World, call: &Call) -> (Played, Option<String>) {
    let picked = match call.header(&FAULT) {
        Some(fault) => match effects::read(fault.trim(), world.catalogue) {
            Some(read) => Some((read, fault.trim().to_owned())),
            None => return (faults::unknown().into(), None),
        },
        None => world.faults.pick(call.method, call.path),
    };
    let served = || {
        let reply = route(world, call);
        world.webhooks.observe(world, call, &reply);
        reply
    };
    match picked {
        Some((fault, text)) => (fault.play(world, served), Some(text)),
        None => (served().into(), None),
    }
}

/// The reply to a request, whatever the manner in which it leaves.
#[cfg(test)]
pub(super) fn answer(world: &World, call: &Call) -> Reply {
    perform(world, call).0.reply
}

/// The reply to a request that no fault touches.
pub(super) fn route(world: &World, call: &Call) -> Reply {
    let segments: Vec<&str> = call.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let answered = match (call.method, segments.as_slice()) {
        ("POST", ["v1", "card_tokens"]) => card_tokens::create(world, call),
        ("GET", ["v1", "card_tokens", id]) => card_tokens::read(world, call, id),
        ("PUT", ["v1", "card_tokens", id]) => card_tokens::update(world, call, id),
        ("POST", ["v1", "payments"]) => payments::create(world, call),
        ("GET", ["v1", "payments", "search"]) => payments::search(world, call),
        ("GET", ["v1", "payments", id]) => payments::read(world, call, id),
        ("PUT", ["v1", "payments", id]) => payments::update(world, call, id),
        ("PUT", ["v1", "payments", id, "cancellations"]) => payments::update(world, call, id),
        ("POST", ["v1", "payments", id, "refunds"]) => payments::refund(world, call, id),
        ("GET", ["v1", "payments", id, "refunds"]) => payments::list_refunds(world, call, id),
        ("GET", ["v1", "payments", id, "refunds", refund]) => payments::read_refund(world, call, id, refund),
        ("GET", ["v1", "payment_methods"]) => payment_methods::list(world, call),
        ("GET", ["v1", "payment_methods", "installments"]) => payment_methods::installments(world, call),
        ("GET", ["v1", "payment_methods", "search"]) => payment_methods::search(world, call),
        ("GET", ["v1", "payment_methods", "card_issuers"]) => payment_methods::issuers(world, call),
        ("GET", ["v1", "identification_types"]) => payment_methods::identification_types(world, call),
        (_, ["v1", "orders", below @ ..]) if orders::known(below) => {
            Ok(orders::answer(world, call, below).unwrap_or_else(method_not_allowed))
        }
        ("POST", ["v1", "customers"]) => customers::create(world, call),
        ("GET", ["v1", "customers", "search"]) => customers::search(world, call),
        ("GET", ["v1", "customers", id]) => customers::read(world, call, id),
        ("PUT", ["v1", "customers", id]) => customers::update(world, call, id),
        ("DELETE", ["v1", "customers", id]) => customers::remove(world, call, id),
        ("DELETE", ["v1", "customers", id, "delete"]) => customers::remove(world, call, id),
        ("POST", ["v1", "customers", id, "cards"]) => customers::add_card(world, call, id),
        ("GET", ["v1", "customers", id, "cards"]) => customers::cards(world, call, id),
        ("GET", ["v1", "customers", id, "cards", card]) => customers::read_card(world, call, id, card),
        ("PUT", ["v1", "customers", id, "cards", card]) => customers::update_card(world, call, id, card),
        ("DELETE", ["v1", "customers", id, "cards", card]) => customers::remove_card(world, call, id, card),
        ("POST", ["checkout", "preferences"]) => preferences::create(world, call),
        ("GET", ["checkout", "preferences", "search"]) => preferences::search(world, call),
        ("GET", ["checkout", "preferences", id]) => preferences::read(world, call, id),
        ("PUT", ["checkout", "preferences", id]) => preferences::update(world, call, id),
        ("POST", ["merchant_orders"]) => merchant_orders::create(world, call),
        ("GET", ["merchant_orders", "search"]) => merchant_orders::search(world, call),
        ("GET", ["merchant_orders", id]) => merchant_orders::read(world, call, id),
        ("PUT", ["merchant_orders", id]) => merchant_orders::update(world, call, id),
        ("POST", ["preapproval"]) => subscriptions::create(world, call, Subscription),
        ("GET", ["preapproval", "search"]) => subscriptions::search(world, call, Subscription),
        ("GET", ["preapproval", id]) => subscriptions::read(world, call, Subscription, id),
        ("PUT", ["preapproval", id]) => subscriptions::update(world, call, Subscription, id),
        ("POST", ["preapproval_plan"]) => subscriptions::create(world, call, Plan),
        ("GET", ["preapproval_plan", "search"]) => subscriptions::search(world, call, Plan),
        ("GET", ["preapproval_plan", id]) => subscriptions::read(world, call, Plan, id),
        ("PUT", ["preapproval_plan", id]) => subscriptions::update(world, call, Plan, id),
        ("GET", ["authorized_payments", "search"]) => subscriptions::invoices(world, call),
        ("GET", ["authorized_payments", id]) => subscriptions::invoice(world, call, id),
        ("GET", ["v1", "chargebacks", "search"]) => chargebacks::search(world, call),
        ("GET", ["v1", "chargebacks", id]) => chargebacks::read(world, call, id),
        ("GET", ["users", "me"]) => users::me(world, call),
        ("POST", ["users", "test_user"]) => users::test_user(world, call),
        ("POST", ["oauth", "token"]) => oauth::token(world, call),
        ("GET", ["openapi.json"]) => Ok(openapi::read()),
        (_, ["openapi.json"]) => Ok(method_not_allowed()),
        (
            _,
            ["v1", "card_tokens" | "payments" | "payment_methods" | "identification_types" | "customers"]
            | ["v1", "card_tokens" | "payments" | "customers", _]
            | ["v1", "payments", _, "refunds" | "cancellations"]
            | ["v1", "payments", _, "refunds", _]
            | ["v1", "payment_methods", "search" | "card_issuers" | "installments"]
            | ["v1", "customers", _, "cards" | "delete"]
            | ["v1", "customers", _, "cards", _]
            | ["checkout", "preferences"]
            | ["checkout", "preferences", _]
            | ["merchant_orders" | "preapproval" | "preapproval_plan"]
            | ["merchant_orders" | "preapproval" | "preapproval_plan" | "authorized_payments", _]
            | ["v1", "chargebacks", _]
            | ["users", "me" | "test_user"]
            | ["oauth", "token"],
        ) => Ok(method_not_allowed()),
        (_, ["v1", "advanced_payments", ..] | ["point", ..]) => Ok(not_served(call.path)),
        _ => Ok(edge_not_found()),
    };
    answered.unwrap_or_else(|refusal| world.catalogue.reply(&refusal, world))
}

/// What the real service has and the sandbox has not: 404, and a word that says who does not know it.
fn not_served(path: &str) -> Reply {
    let path: String = path.chars().take(128).collect();
    let message = format!("The sandbox of homologa does not serve {path}");
    Reply::json(404, json!({ "message": message, "error": "not_served_by_sandbox", "status": 404, "cause": [] }))
}

fn method_not_allowed() -> Reply {
    let body = json!({ "message": "Method not allowed", "error": "method_not_allowed", "status": 405, "cause": [] });
    Reply::json(405, body)
}
