//! Every member of every request body, with every kind of value that does not belong there.

use serde_json::{Value, json};

use super::bench::Bench;
use crate::specs::schemas;

/// Values that some client has sent in the place of another.
fn wrong() -> Vec<Value> {
    let huge: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(0.005),
        json!(1e308),
        json!(u64::MAX),
        huge,
        json!(""),
        json!("NaN"),
        json!("-Infinity"),
        json!("\u{0}\u{202e}ñ🙂"),
        json!("9".repeat(5000)),
        json!([]),
        json!({}),
        json!([[{}]]),
        json!({ "id": { "id": [] } }),
    ]
}

fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| pointers(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// Sends a body with one member wrong, for each member; what is accepted has to fit the schema.
fn spoil(bench: &Bench, method: &str, uri: &str, body: &Value, schema: &str, sound: impl Fn(&mut Value)) {
    let mut all = Vec::new();
    pointers(body, "", &mut all);
    let mut wrong_answers = Vec::new();
    for pointer in all {
        for value in wrong() {
            let mut body = body.clone();
            // What is spent by one request is made anew for the next.
            sound(&mut body);
            *body.pointer_mut(&pointer).unwrap() = value.clone();
            let (status, answer) = bench.ask(method, uri, &body);
            let known = if status < 300 { schema } else { "error" };
            let broken = schemas::check(known, &answer).unwrap_or_default();
            if status >= 500 || (status == 404 && !pointer.is_empty()) || !broken.is_empty() {
                let value: String = value.to_string().chars().take(80).collect();
                wrong_answers.push(format!("{method} {uri} {pointer} = {value}: {status} {broken:?}"));
            }
        }
    }
    assert!(wrong_answers.is_empty(), "{}", wrong_answers.join("\n"));
}

#[test]
fn payments_answer_every_wrong_type() {
    let bench = Bench::new("MLB");
    let body = json!({
        "transaction_amount": 58, "token": "", "installments": 1, "payment_method_id": "visa", "issuer_id": "1",
        "capture": true, "binary_mode": false, "description": "x", "external_reference": "y",
        "statement_descriptor": "TIENDA", "notification_url": "https://shop.example/ipn", "callback_url": "https://shop.example/",
        "date_of_expiration": "2026-12-01T10:00:00.000-04:00", "metadata": { "a": { "b": 1 } }, "coupon_amount": 1,
        "coupon_code": "c", "campaign_id": 1, "differential_pricing_id": 1, "application_fee": 1, "sponsor_id": 1,
        "processing_mode": "aggregator", "three_d_secure_mode": "optional", "order": { "type": "mercadopago", "id": 1 },
        "point_of_interaction": { "type": "PIX" }, "transaction_details": { "financial_institution": "1" },
        "payer": {
            "email": "test_user_1@testuser.com", "first_name": "A", "last_name": "B", "entity_type": "individual",
            "type": "guest", "identification": { "type": "CPF", "number": "12345678909" },
            "phone": { "area_code": "11", "number": "987654321" }, "address": { "zip_code": "1", "street_number": 3 },
        },
        "additional_info": {
            "ip_address": "127.0.0.1", "items": [{ "id": "1", "title": "t", "quantity": 1, "unit_price": 58.8 }],
            "payer": { "first_name": "A", "phone": { "area_code": "1", "number": "2" }, "registration_date": "x" },
            "shipments": { "receiver_address": { "zip_code": "1", "street_number": 3 } },
        },
    });
    // The whole body has two attributes too many to be accepted; the wrong types are sent to one that is, as well.
    let mut accepted = body.clone();
    for name in
        ["coupon_amount", "coupon_code", "campaign_id", "differential_pricing_id", "application_fee", "sponsor_id"]
    {
        accepted.as_object_mut().unwrap().shift_remove(name);
    }
    for body in [&accepted, &body] {
        spoil(&bench, "POST", "/v1/payments", body, "payment", |body| {
            body["token"] = json!(bench.token(&bench.card("visa", "APRO")));
        });
    }
}

#[test]
fn tokens_captures_and_refunds_answer_every_wrong_type() {
    let bench = Bench::new("MLA");
    spoil(&bench, "POST", "/v1/card_tokens", &bench.card("visa", "APRO"), "card_token", |_| {});
    let (_, payment) = bench.pay_with("visa", "APRO", json!({ "capture": false }));
    let uri = format!("/v1/payments/{}", payment["id"]);
    let update =
        json!({ "status": "x", "capture": true, "transaction_amount": 1, "metadata": {}, "date_of_expiration": "x" });
    spoil(&bench, "PUT", &uri, &update, "payment", |_| {});
    spoil(&bench, "POST", &format!("{uri}/refunds"), &json!({ "amount": 0.01, "metadata": {} }), "refund", |_| {});
}
