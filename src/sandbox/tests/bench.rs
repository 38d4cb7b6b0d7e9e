//! A sandbox in process, and short words to ask it something.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use crate::sandbox::reply::Body;
use crate::sandbox::router::{Call, answer};
use crate::sandbox::world::World;
use crate::sandbox::{Role, account};
use crate::specs::cards;

/// A fresh sandbox whose requests speak for the seller of a site.
pub(in crate::sandbox) struct Bench {
    pub(in crate::sandbox) world: World,
    pub(in crate::sandbox) site: &'static str,
    pub(in crate::sandbox) role: Role,
}

/// Status and body.
pub(in crate::sandbox) type Answer = (u16, Value);

impl Bench {
    pub(in crate::sandbox) fn new(site: &'static str) -> Bench {
        Bench { world: World::for_tests(), site, role: Role::Seller }
    }

    /// The same sandbox at another time.
    pub(super) fn at(self, now: jiff::Timestamp) -> Bench {
        Bench { world: self.world.at(now), ..self }
    }

    /// One request as it is.
    pub(in crate::sandbox) fn raw(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let reply = answer(&self.world, &Call::new(method, uri, &map, body));
        let body = match reply.body {
            Body::Html(page) => json!(page),
            body => body.into_json().unwrap_or_default(),
        };
        (reply.status, body)
    }

    /// One request with the token of the bench's account and a new idempotency key.
    pub(in crate::sandbox) fn ask(&self, method: &str, uri: &str, body: &Value) -> Answer {
        self.ask_as(self.role, method, uri, body)
    }

    /// The same, for another account of the site.
    pub(in crate::sandbox) fn ask_as(&self, role: Role, method: &str, uri: &str, body: &Value) -> Answer {
        let account = account(self.site, role);
        let bearer = format!("Bearer {}", account.access_token.expose_secret());
        let key = self.world.ids.uuid();
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.raw(method, uri, &[("authorization", &bearer), ("x-idempotency-key", &key)], &body)
    }

    /// Data of the site's first card of a method, for a token.
    pub(in crate::sandbox) fn card(&self, method: &str, holder: &str) -> Value {
        let card = cards::find(self.site, method).unwrap();
        let document = cards::of_site(self.site).unwrap().document.as_ref();
        json!({
            "card_number": card.number,
            "expiration_month": card.expiration_month,
            "expiration_year": card.expiration_year,
            "security_code": card.security_code,
            "cardholder": {
                "name": holder,
                "identification": document.map(|document| json!({ "type": document.kind, "number": document.number })),
            },
        })
    }

    /// A token for this card data, made by the account.
    pub(in crate::sandbox) fn token_as(&self, role: Role, card: &Value) -> String {
        let (status, token) = self.ask_as(role, "POST", "/v1/card_tokens", card);
        assert_eq!(status, 201, "{token}");
        token["id"].as_str().unwrap().to_owned()
    }

    pub(in crate::sandbox) fn token(&self, card: &Value) -> String {
        self.token_as(self.role, card)
    }

    /// A body that works, with the token.
    pub(in crate::sandbox) fn body(&self, method: &str, token: Option<&str>) -> Value {
        let mut body = json!({
            "transaction_amount": 58,
            "installments": 1,
            "payment_method_id": method,
            "payer": { "email": account(self.site, Role::Buyer).email },
        });
        if let Some(token) = token {
            body["token"] = json!(token);
        }
        body
    }

    /// A payment by Visa of this cardholder.
    pub(in crate::sandbox) fn pay(&self, holder: &str) -> Answer {
        self.pay_with("visa", holder, json!({}))
    }

    /// A payment by card with some attributes more.
    pub(in crate::sandbox) fn pay_with(&self, method: &str, holder: &str, more: Value) -> Answer {
        let token = self.token(&self.card(method, holder));
        let mut body = self.body(method, Some(&token));
        merge(&mut body, more);
        self.ask("POST", "/v1/payments", &body)
    }
}

/// Puts the members of `more` into `body`; a member that is the text `(none)` is taken out.
pub(in crate::sandbox) fn merge(body: &mut Value, more: Value) {
    let object: &mut Map<String, Value> = body.as_object_mut().unwrap();
    for (name, value) in more.as_object().unwrap() {
        if value == "(none)" {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
}

/// The code of the first cause, or of the gate keeper.
pub(in crate::sandbox) fn code(body: &Value) -> String {
    match &body["cause"][0]["code"] {
        Value::Null => body["code"].as_str().unwrap_or_default().to_owned(),
        Value::String(code) => code.clone(),
        code => code.to_string(),
    }
}
