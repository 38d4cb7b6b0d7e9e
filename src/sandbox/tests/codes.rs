//! Every documented code of `POST /v1/payments` and its neighbours can be provoked, each by its own way.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bench::{Answer, Bench, code, merge};
use crate::sandbox::Role;
use crate::specs::FILES;
use crate::specs::cards;

/// The body of a Visa payment with these attributes.
fn body(more: Value) -> Answer {
    Bench::new("MLA").pay_with("visa", "APRO", more)
}

/// A payment with a token of a Visa card with these data.
fn card(more: Value) -> Answer {
    card_of("MLA", "visa", more)
}

fn card_of(site: &'static str, method: &str, more: Value) -> Answer {
    let bench = Bench::new(site);
    let mut card = bench.card(method, "APRO");
    merge(&mut card, more);
    let token = bench.token(&card);
    bench.ask("POST", "/v1/payments", &bench.body(method, Some(&token)))
}

fn holder(holder: Value) -> Answer {
    card(json!({ "cardholder": holder }))
}

/// A Brazilian payer.
fn payer(payer: Value) -> Answer {
    Bench::new("MLB").pay_with("visa", "APRO", json!({ "payer": payer }))
}

/// A payment of the account with this role, with a token of its own.
fn role(role: Role, more: Value) -> Answer {
    let mut bench = Bench::new("MLA");
    bench.role = role;
    bench.pay_with("visa", "APRO", more)
}

/// A payment of the seller with a token that another account made.
fn token_of(other: Role) -> Answer {
    let bench = Bench::new("MLA");
    let key = crate::sandbox::account("MLA", other).public_key;
    let card = bench.card("visa", "APRO").to_string();
    let (_, token) = bench.raw("POST", &format!("/v1/card_tokens?public_key={key}"), &[], card.as_bytes());
    bench.ask("POST", "/v1/payments", &bench.body("visa", token["id"].as_str()))
}

/// A payment without a card.
fn other_method(site: &'static str, method: &str, more: Value) -> Answer {
    let bench = Bench::new(site);
    let mut body = bench.body(method, None);
    merge(&mut body, more);
    bench.ask("POST", "/v1/payments", &body)
}

/// An update of a payment with this outcome.
fn update(holder: &str, more: Value, change: Value) -> Answer {
    update_as(Role::Seller, holder, more, change)
}

fn update_as(role: Role, holder: &str, more: Value, change: Value) -> Answer {
    let bench = Bench::new("MLA");
    let (_, payment) = bench.pay_with("visa", holder, more);
    bench.ask_as(role, "PUT", &format!("/v1/payments/{}", payment["id"]), &change)
}

fn refund(holder: &str, change: Value) -> Answer {
    let bench = Bench::new("MLA");
    let (_, payment) = bench.pay(holder);
    bench.ask("POST", &format!("/v1/payments/{}/refunds", payment["id"]), &change)
}

/// A payment with a stored Visa card.
fn stored(security_code: Option<&str>, method: &str) -> Answer {
    let bench = Bench::new("MLA");
    let (_, customer) = bench.ask("POST", "/v1/customers", &json!({ "email": "buyer@testuser.com" }));
    let token = bench.token(&bench.card("visa", "APRO"));
    let uri = format!("/v1/customers/{}/cards", customer["id"].as_str().unwrap());
    let (status, card) = bench.ask("POST", &uri, &json!({ "token": token }));
    assert_eq!(status, 201, "{card}");
    let token = bench.token(&json!({ "card_id": card["id"], "security_code": security_code }));
    bench.ask("POST", "/v1/payments", &bench.body(method, Some(&token)))
}

/// Code, and a way to provoke it.
type Row = (&'static str, fn() -> Answer);

const LONG: &str = "https://shop.example/";

const ROWS: &[Row] = &[
    ("1", || body(json!({ "capture": "yes" }))),
    ("3", || token_of(Role::ProductionWithoutScope)),
    ("8", || body(json!({ "additional_info": { "payer": { "test": 1 } } }))),
    ("23", || body(json!({ "date_of_expiration": "31/12/2030" }))),
    ("1000", || Bench::new("MLA").ask("GET", "/v1/payments/search?limit=10000", &Value::Null)),
    ("2002", || body(json!({ "payer": { "type": "customer", "id": "1-a", "email": "a@testuser.com" } }))),
    ("2006", || body(json!({ "token": "0123456789abcdef0123456789abcdef" }))),
    ("2034", || body(json!({ "payer": { "email": crate::sandbox::account("MLA", Role::Seller).email } }))),
    ("2059", || body(json!({ "application_fee": 1 }))),
    ("2062", || body(json!({ "token": "abc" }))),
    ("2067", || {
        payer(json!({ "email": "a@testuser.com", "identification": { "type": "CPF", "number": "11111111111" } }))
    }),
    ("2072", || body(json!({ "transaction_amount": -1 }))),
    ("2072", || body(json!({ "transaction_amount": 0.001 }))),
    ("2077", || Bench::new("MLA").pay_with("debvisa", "APRO", json!({ "capture": false }))),
    ("2077", || other_method("MLB", "bolbradesco", json!({ "capture": false }))),
    ("2123", || body(json!({ "payer": { "email": crate::sandbox::account("MLA", Role::Operator).email } }))),
    ("2131", || body(json!({ "payment_method_id": "amex" }))),
    ("2198", || body(json!({ "payer": { "email": "a@example.com" } }))),
    ("3000", || card(json!({ "cardholder": "(none)" }))),
    ("3003", || {
        let bench = Bench::new("MLA");
        let body = bench.body("visa", Some(&bench.token(&bench.card("visa", "APRO"))));
        assert_eq!(bench.ask("POST", "/v1/payments", &body).0, 201);
        bench.ask("POST", "/v1/payments", &body)
    }),
    ("3004", || card(json!({ "site_id": "XXX" }))),
    ("3005", || update("OTHE", json!({}), json!({ "capture": true }))),
    ("3006", || body(json!({ "token": "not-a-token" }))),
    ("3009", || token_of(Role::OtherSeller)),
    ("3011", || card(json!({ "card_number": cards::find("MLM", "visa").unwrap().number }))),
    ("3012", || card_of("MLA", "amex", json!({ "security_code": "123" }))),
    ("3013", || card(json!({ "security_code": "(none)" }))),
    ("3015", || card(json!({ "card_number": &cards::find("MLA", "visa").unwrap().number[..15] }))),
    ("3016", || card(json!({ "card_number": "9999999999999995" }))),
    ("3017", || {
        let bench = Bench::new("MLA");
        let token = bench.token(&json!({}));
        bench.ask("POST", "/v1/payments", &bench.body("visa", Some(&token)))
    }),
    ("3018", || card(json!({ "expiration_month": "(none)" }))),
    ("3019", || card(json!({ "expiration_year": "(none)" }))),
    ("3020", || holder(json!({}))),
    ("3021", || holder(json!({ "name": "APRO", "identification": { "type": "DNI" } }))),
    ("3022", || holder(json!({ "name": "APRO", "identification": { "number": "12345678" } }))),
    ("3026", || stored(Some("123"), "master")),
    ("3028", || body(json!({ "payment_method_id": "unknown_method" }))),
    ("3029", || card(json!({ "expiration_month": 13 }))),
    ("3030", || card(json!({ "expiration_year": 1999 }))),
    ("3031", || stored(None, "visa")),
    ("3032", || card(json!({ "security_code": "1234" }))),
    ("3034", || {
        let number = &cards::find("MLA", "visa").unwrap().number;
        card(json!({ "card_number": format!("{}{}", &number[..15], if number.ends_with('0') { 1 } else { 0 }) }))
    }),
    ("4000", || body(json!({ "token": "(none)" }))),
    ("4001", || other_method("MLA", "visa", json!({ "payment_method_id": "(none)", "installments": "(none)" }))),
    ("4002", || body(json!({ "transaction_amount": "(none)" }))),
    ("4003", || body(json!({ "transaction_amount": "abc" }))),
    ("4004", || body(json!({ "installments": "(none)" }))),
    ("4005", || body(json!({ "installments": "x" }))),
    ("4006", || body(json!({ "payer": "a@b.c" }))),
    ("4006", || body(json!({ "payer": "(none)" }))),
    ("4012", || body(json!({ "payer": { "type": "customer" } }))),
    ("4013", || body(json!({ "payer": { "id": 123 } }))),
    ("4017", || update("APRO", json!({}), json!({ "status": null }))),
    ("4019", || Bench::new("MLA").ask("GET", "/v1/payments/abc/refunds", &Value::Null)),
    ("4020", || body(json!({ "notification_url": "not a url" }))),
    ("4020", || body(json!({ "notification_url": "http://localhost" }))),
    ("4021", || body(json!({ "notification_url": format!("{LONG}{}", "a".repeat(501 - LONG.len())) }))),
    ("4022", || body(json!({ "metadata": "x" }))),
    ("4023", || update("APRO", json!({ "capture": false }), json!({ "capture": true, "transaction_amount": null }))),
    ("4024", || update("APRO", json!({ "capture": false }), json!({ "capture": true, "transaction_amount": "x" }))),
    ("4026", || body(json!({ "coupon_amount": 999_999 }))),
    ("4027", || body(json!({ "campaign_id": "x" }))),
    ("4028", || body(json!({ "coupon_amount": "x" }))),
    ("4029", || body(json!({ "payer": { "type": "alien", "email": "a@testuser.com" } }))),
    ("4033", || body(json!({ "installments": 99 }))),
    ("4033", || body(json!({ "installments": 0 }))),
    ("4037", || body(json!({ "transaction_amount": 0 }))),
    ("4038", || role(Role::OAuth, json!({ "application_fee": 59 }))),
    ("4039", || role(Role::OAuth, json!({ "application_fee": -1 }))),
    ("4050", || body(json!({ "payer": { "email": "foo" } }))),
    ("4051", || body(json!({ "payer": { "email": format!("{}@testuser.com", "a".repeat(255)) } }))),
    ("4292", || {
        let bearer = Bench::new("MLA");
        let token =
            secrecy::ExposeSecret::expose_secret(&crate::sandbox::account("MLA", Role::Seller).access_token).to_owned();
        bearer.raw("POST", "/v1/payments", &[("authorization", &format!("Bearer {token}"))], b"{")
    }),
    ("6033", || role(Role::Unavailable, json!({}))),
    ("7523", || other_method("MLB", "pix", json!({ "date_of_expiration": "2000-01-01T00:00:00.000-03:00" }))),
    // Neighbours.
    ("2016", || update("APRO", json!({}), json!({ "status": "approved" }))),
    ("2017", || refund("APRO", json!({ "amount": 58.01 }))),
    ("2018", || update("APRO", json!({}), json!({ "status": "cancelled" }))),
    ("2063", || refund("OTHE", Value::Null)),
    ("4040", || refund("APRO", json!({ "amount": -1 }))),
    ("4041", || refund("APRO", json!({ "amount": "x" }))),
];

/// Codes that no client can provoke: played on request.
const ON_REQUEST: &[&str] = &[
    "2004", "2007", "2009", "3001", "3007", "3008", "3010", "3014", "3023", "3024", "3025", "3027", "3033", "4015",
    "4016", "4018", "4025",
];

#[test]
fn each_code_has_its_way() {
    for (expected, provoke) in ROWS {
        let (status, body) = provoke();
        assert_eq!((status, code(&body).as_str()), (400, *expected), "{body}");
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        assert_eq!((body["error"].as_str(), body["status"].as_u64()), (Some("bad_request"), Some(400)));
    }
}

#[test]
fn other_statuses_have_their_way() {
    let bench = Bench::new("MLA");
    let (status, body) = bench.raw("POST", "/v1/payments", &[], b"{}");
    assert_eq!((status, code(&body).as_str()), (403, "PA_UNAUTHORIZED_RESULT_FROM_POLICIES"));
    let (status, _) = bench.raw("POST", "/v1/payments", &[("authorization", "Bearer nobody")], b"{}");
    assert_eq!(status, 401);
    let (status, body) = bench.ask_as(Role::ProductionWithoutScope, "POST", "/v1/payments", &json!({}));
    assert_eq!((status, code(&body).as_str()), (401, "7"));
    assert_eq!(body["message"], "Unauthorized use of live credentials");
    let (_, payment) = bench.pay("APRO");
    let uri = format!("/v1/payments/{}", payment["id"]);
    let cancel = json!({ "status": "cancelled" });
    for (method, body, denied) in [("GET", &Value::Null, "4"), ("PUT", &cancel, "3002")] {
        let (status, answer) = bench.ask_as(Role::OtherSeller, method, &uri, body);
        assert_eq!((status, code(&answer).as_str()), (404, "2000"), "{method}");
        let (status, answer) = bench.ask_as(Role::OAuth, method, &uri, body);
        assert_eq!((status, code(&answer).as_str()), (403, denied), "{method}");
    }
    let (status, body) = bench.ask("GET", "/v1/payments/1", &Value::Null);
    assert_eq!((status, code(&body).as_str()), (404, "2000"));
    assert_eq!(body["error"], "not_found");
    let (status, body) = bench.ask("GET", &format!("{uri}/refunds/1"), &Value::Null);
    assert_eq!((status, code(&body).as_str()), (404, "2032"));
    let (status, body) = bench.ask("GET", "/v1/no-such-route", &Value::Null);
    assert_eq!((status, body.get("cause"), body.get("status")), (404, None, None));
    assert_eq!(bench.ask("DELETE", &uri, &Value::Null).0, 405);
}

#[test]
fn what_cannot_be_provoked_is_played_on_request() {
    let bench = Bench::new("MLA");
    for expected in ON_REQUEST {
        let fault = format!("400/{expected}");
        let (status, body) = bench.raw("POST", "/v1/payments", &[("x-homologa-fault", &fault)], b"");
        assert_eq!((status, code(&body).as_str()), (400, *expected), "{body}");
    }
    for shape in crate::sandbox::FAULT_SHAPES {
        let (status, body) = bench.raw("POST", "/v1/payments", &[("x-homologa-fault", shape)], b"");
        assert!(status >= 400 && body["error"] != "homologa_unknown_fault", "{shape}: {body}");
    }
    let (_, body) = bench.raw("POST", "/v1/payments", &[("x-homologa-fault", "400/99")], b"");
    assert_eq!(body["error"], "homologa_unknown_fault");
}

/// The catalogue and the two lists above agree: nothing documented is out of reach.
#[test]
fn the_whole_catalogue_is_in_reach() {
    let mut documented = BTreeSet::new();
    for file in FILES.get_dir("catalogue/payments").unwrap().files() {
        let read: Value = serde_yaml::from_str(file.contents_utf8().unwrap()).unwrap();
        for entry in read["errors"].as_array().unwrap().iter().filter(|entry| entry["status"] == 400) {
            documented.insert(entry["code"].as_str().unwrap().to_owned());
        }
    }
    let reached: BTreeSet<String> =
        ROWS.iter().map(|row| row.0).chain(ON_REQUEST.iter().copied()).map(str::to_owned).collect();
    let missing: Vec<&String> = documented.difference(&reached).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
