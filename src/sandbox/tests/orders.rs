//! Orders over several requests, as the official suites drive them.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::bench::{Bench, merge};
use crate::sandbox::{Role, account};

fn body(token: Option<&str>, more: Value) -> Value {
    let mut method = json!({ "id": "master", "type": "credit_card", "installments": 1 });
    if let Some(token) = token {
        method["token"] = json!(token);
    }
    let mut body = json!({
        "type": "online", "processing_mode": "automatic", "total_amount": "200.00", "external_reference": "ref-1",
        "payer": { "email": "test_1731350184@testuser.com" },
        "transactions": { "payments": [{ "amount": "200.00", "payment_method": method }] },
    });
    merge(&mut body, more);
    body
}

fn order(bench: &Bench, holder: &str, more: Value) -> (u16, Value) {
    let token = bench.token(&bench.card("master", holder));
    bench.ask("POST", "/v1/orders", &body(Some(&token), more))
}

fn pair(order: &Value) -> (&str, &str) {
    (order["status"].as_str().unwrap_or_default(), order["status_detail"].as_str().unwrap_or_default())
}

fn code(body: &Value) -> &str {
    body["errors"][0]["code"].as_str().unwrap_or_default()
}

#[test]
fn an_automatic_order_pays_and_is_refunded() {
    let bench = Bench::new("MLB");
    let (status, made) = order(&bench, "APRO", json!({}));
    assert_eq!((status, pair(&made)), (201, ("processed", "accredited")), "{made}");
    assert!(made["id"].as_str().unwrap().starts_with("ORD") && made["id"].as_str().unwrap().len() == 29, "{made}");
    assert_eq!((&made["total_paid_amount"], &made["country_code"]), (&json!("200.00"), &json!("BRA")));
    let payment = &made["transactions"]["payments"][0];
    assert_eq!((pair(payment), &payment["paid_amount"]), (("processed", "accredited"), &json!("200.00")));
    // The payment is one of /v1/payments too.
    let uri = format!("/v1/payments/{}", payment["reference_id"].as_str().unwrap());
    let (status, paid) = bench.ask("GET", &uri, &Value::Null);
    assert_eq!((status, &paid["status"], &paid["external_reference"]), (200, &json!("approved"), &json!("ref-1")));
    let uri = format!("/v1/orders/{}/refund", made["id"].as_str().unwrap());
    let part = json!({ "transactions": [{ "id": payment["id"], "amount": "25.00" }] });
    let (status, partly) = bench.ask("POST", &uri, &part);
    assert_eq!((status, pair(&partly)), (201, ("processed", "partially_refunded")), "{partly}");
    let refund = &partly["transactions"]["refunds"][0];
    assert_eq!((&refund["amount"], &refund["status"]), (&json!("25.00"), &json!("processed")));
    let over = json!({ "transactions": [{ "id": payment["id"], "amount": "175.01" }] });
    assert_eq!(code(&bench.ask("POST", &uri, &over).1), "refund_amount_exceeds");
    let (status, whole) = bench.ask("POST", &uri, &Value::Null);
    assert_eq!((status, pair(&whole)), (201, ("refunded", "refunded")), "{whole}");
    let (status, again) = bench.ask("POST", &uri, &Value::Null);
    assert_eq!((status, code(&again)), (409, "order_already_refunded"));
    assert_eq!(bench.ask("GET", &uri, &Value::Null).1["refunds"].as_array().unwrap().len(), 2);
}

#[test]
fn a_refused_card_is_402_with_the_order_inside() {
    let bench = Bench::new("MLA");
    for (holder, detail) in
        [("OTHE", "rejected_by_issuer"), ("FUND", "insufficient_amount"), ("SECU", "bad_filled_card_data")]
    {
        let (status, refused) = order(&bench, holder, json!({}));
        assert_eq!((status, code(&refused)), (402, "failed"), "{refused}");
        let inside = &refused["data"];
        assert_eq!(pair(inside), ("failed", detail), "{refused}");
        let id = inside["transactions"]["payments"][0]["id"].as_str().unwrap();
        assert_eq!(refused["errors"][0]["details"][0], format!("{id}: {detail}"));
        let (status, found) = bench.ask("GET", &format!("/v1/orders/{}", inside["id"].as_str().unwrap()), &Value::Null);
        assert_eq!((status, pair(&found)), (200, ("failed", detail)));
    }
    let (status, unusable) = bench.ask("POST", "/v1/orders", &body(Some("CARD_TOKEN"), json!({})));
    assert_eq!((status, pair(&unusable["data"])), (402, ("failed", "invalid_card_token")), "{unusable}");
}

#[test]
fn a_manual_order_is_built_changed_and_processed() {
    let bench = Bench::new("MLB");
    let bare = json!({ "processing_mode": "manual", "transactions": "(none)" });
    let (status, made) = bench.ask("POST", "/v1/orders", &body(None, bare));
    assert_eq!((status, pair(&made)), (201, ("created", "created")), "{made}");
    let uri = format!("/v1/orders/{}", made["id"].as_str().unwrap());
    let (status, empty) = bench.ask("POST", &format!("{uri}/process"), &Value::Null);
    assert_eq!((status, code(&empty)), (400, "order_builder_without_transactions"));
    let token = bench.token(&bench.card("master", "APRO"));
    let method = json!({ "id": "master", "type": "credit_card", "token": token, "installments": 1 });
    let payments = json!({ "payments": [{ "amount": "200.00", "payment_method": method }] });
    let (status, added) = bench.ask("POST", &format!("{uri}/transactions"), &payments);
    assert_eq!((status, &added["payments"][0]["amount"]), (201, &json!("200.00")), "{added}");
    let one = format!("{uri}/transactions/{}", added["payments"][0]["id"].as_str().unwrap());
    let (status, changed) = bench.ask("PUT", &one, &json!({ "payment_method": { "installments": 3 } }));
    assert_eq!((status, &changed["payment_method"]["installments"]), (200, &json!(3)));
    let (status, done) = bench.ask("POST", &format!("{uri}/process"), &Value::Null);
    assert_eq!((status, pair(&done)), (200, ("processed", "accredited")), "{done}");
    let reference = done["transactions"]["payments"][0]["reference_id"].as_str().unwrap();
    assert_eq!(bench.ask("GET", &format!("/v1/payments/{reference}"), &Value::Null).1["installments"], 3);
    assert_eq!(bench.ask("DELETE", &one, &Value::Null).0, 422);
    let (_, made) = order(&bench, "APRO", json!({ "processing_mode": "manual" }));
    let uri = format!("/v1/orders/{}", made["id"].as_str().unwrap());
    let id = made["transactions"]["payments"][0]["id"].as_str().unwrap();
    assert_eq!(bench.ask("DELETE", &format!("{uri}/transactions/{id}"), &Value::Null).0, 204);
    assert_eq!(bench.ask("DELETE", &format!("{uri}/transactions/{id}"), &Value::Null).0, 404);
}

#[test]
fn what_is_reserved_is_captured_or_canceled() {
    let bench = Bench::new("MLA");
    for mode in ["manual", "automatic_async"] {
        let (status, made) = order(&bench, "APRO", json!({ "capture_mode": mode }));
        assert_eq!((status, made["status"].as_str() == Some("processed")), (201, false), "{made}");
        let (status, taken) =
            bench.ask("POST", &format!("/v1/orders/{}/capture", made["id"].as_str().unwrap()), &json!({}));
        assert_eq!((status, pair(&taken)), (200, ("processed", "accredited")), "{taken}");
        let (_, made) = order(&bench, "APRO", json!({ "capture_mode": mode }));
        let uri = format!("/v1/orders/{}/cancel", made["id"].as_str().unwrap());
        let (status, gone) = bench.ask("POST", &uri, &Value::Null);
        assert_eq!((status, pair(&gone)), (200, ("canceled", "canceled")), "{gone}");
        assert_eq!(pair(&gone["transactions"]["payments"][0]), ("canceled", "canceled_transaction"));
        assert_eq!(code(&bench.ask("POST", &uri, &Value::Null).1), "order_already_canceled");
    }
    let (_, made) = order(&bench, "APRO", json!({}));
    let uri = format!("/v1/orders/{}", made["id"].as_str().unwrap());
    assert_eq!(bench.ask("POST", &format!("{uri}/cancel"), &Value::Null).0, 409);
    assert_eq!(code(&bench.ask("POST", &format!("{uri}/capture"), &Value::Null).1), "cannot_capture_order");
}

#[test]
fn a_transfer_waits_for_its_buyer() {
    let bench = Bench::new("MLB");
    let payments = json!([{ "amount": "200.00", "payment_method": { "id": "pix", "type": "bank_transfer" } }]);
    let (status, made) =
        bench.ask("POST", "/v1/orders", &body(None, json!({ "transactions": { "payments": payments } })));
    assert_eq!((status, pair(&made)), (201, ("action_required", "waiting_transfer")), "{made}");
    assert!(made["transactions"]["payments"][0]["payment_method"]["qr_code"].is_string(), "{made}");
}

#[test]
fn a_key_is_demanded_repeats_and_is_not_used_twice() {
    let bench = Bench::new("MLA");
    let bearer = format!("Bearer {}", account("MLA", Role::Seller).access_token.expose_secret());
    let token = bench.token(&bench.card("master", "APRO"));
    let sent = body(Some(&token), json!({})).to_string();
    let ask = |headers: &[(&str, &str)], body: &str| bench.raw("POST", "/v1/orders", headers, body.as_bytes());
    let (status, missing) = ask(&[("authorization", &bearer)], &sent);
    assert_eq!((status, code(&missing)), (400, "empty_required_header"));
    let long = "k".repeat(129);
    let (_, long) = ask(&[("authorization", &bearer), ("x-idempotency-key", &long)], &sent);
    assert_eq!(code(&long), "invalid_idempotency_key_length");
    let headers = [("authorization", bearer.as_str()), ("x-idempotency-key", "k")];
    let (first, again) = (ask(&headers, &sent), ask(&headers, &sent));
    assert_eq!((first.0, again.0), (201, 201));
    assert_eq!(first.1["id"], again.1["id"]);
    let (status, other) = ask(&headers, "{}");
    assert_eq!((status, code(&other)), (409, "idempotency_key_already_used"));
    let (status, nobody) = ask(&[("x-idempotency-key", "k")], &sent);
    assert_eq!((status, code(&nobody)), (401, "unauthorized"));
    let foreign = format!("/v1/orders/{}", first.1["id"].as_str().unwrap());
    let (status, foreign) = bench.ask_as(Role::OtherSeller, "GET", &foreign, &Value::Null);
    assert_eq!((status, code(&foreign)), (404, "order_not_found"));
    assert_eq!(code(&bench.ask("GET", "/v1/orders/nothing", &Value::Null).1), "invalid_path_param");
}

#[test]
fn a_wrong_body_is_told_in_the_envelope_of_orders() {
    let bench = Bench::new("MLA");
    let table = [
        (json!({ "nonsense": 1 }), "unsupported_properties", "nonsense"),
        (json!({ "type": "(none)" }), "required_properties", "type"),
        (json!({ "type": "in-person" }), "property_value", "type"),
        (json!({ "total_amount": 200 }), "property_type", "total_amount"),
        (json!({ "total_amount": "201.00" }), "invalid_total_amount", "total_amount"),
        (json!({ "transactions": "(none)" }), "required_properties", "transactions.payments"),
        (json!({ "transactions": { "payments": [] } }), "minimum_items", "transactions.payments"),
        (json!({ "payer": { "email": "x@gmail.com" } }), "invalid_email_for_sandbox", "payer.email"),
        (json!({ "payer": { "email": "nobody" } }), "property_value", "payer.email"),
        (
            json!({ "items": [{ "title": "a", "unit_price": "1.00", "quantity": 1 }] }),
            "order_items_total_amount_mismatch",
            "items",
        ),
    ];
    for (more, expected, detail) in table {
        let (status, body) = order(&bench, "APRO", more.clone());
        assert_eq!(
            (status, code(&body), &body["errors"][0]["details"][0]),
            (400, expected, &json!(detail)),
            "{more}: {body}"
        );
    }
    let (status, broken) = bench.ask("POST", "/v1/orders", &json!("text"));
    assert_eq!((status, code(&broken)), (400, "json_syntax_error"));
}

#[test]
fn orders_are_found() {
    let bench = Bench::new("MLA");
    order(&bench, "APRO", json!({}));
    order(&bench, "FUND", json!({ "external_reference": "ref-2" }));
    let find = |query: &str| bench.ask("GET", &format!("/v1/orders?{query}"), &Value::Null).1;
    let all = find("page=1&page_size=1&begin_date=2026-11-19T14:15:30Z&end_date=2026-11-20T14:15:30Z");
    let paging = json!({ "total": "2", "total_pages": "2", "offset": "0", "limit": "1" });
    assert_eq!((&all["paging"], all["data"].as_array().unwrap().len()), (&paging, 1), "{all}");
    assert_eq!(find("status=failed")["data"][0]["external_reference"], "ref-2");
    assert_eq!(find("external_reference=ref-1")["paging"]["total"], "1");
    assert_eq!(code(&find("page_size=0")), "property_value");
}
