//! Nothing that a client sends makes the sandbox panic or answer a 500 that nobody asked for.

use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::bench::{Bench, merge};
use crate::sandbox::{Role, account};

const ROUTES: &[(&str, &str)] = &[
    ("POST", "/v1/card_tokens"),
    ("GET", "/v1/card_tokens/x"),
    ("POST", "/v1/payments"),
    ("GET", "/v1/payments/18446744073709551616"),
    ("GET", "/v1/payments/search?limit=-1&offset=99999999999999999999&begin_date=%ff&range=x&sort=%00"),
    ("PUT", "/v1/payments/1"),
    ("POST", "/v1/payments/1/refunds"),
    ("GET", "/v1/payments/%F0/refunds"),
    ("POST", "/v1/customers"),
    ("POST", "/v1/customers/x/cards"),
    ("PUT", "/v1/customers/x"),
    ("PUT", "/v1/customers/x/cards/y"),
    ("GET", "/v1/customers/search?range=:&sort=::&limit=99999999999999999999&offset=18446744073709551615"),
    ("PUT", "/v1/card_tokens/x"),
    ("PUT", "/v1/payments/1/cancellations"),
    ("GET", "/v1/payment_methods/installments?payment_method_id=visa&amount=1e308"),
    ("GET", "/v1/payment_methods/search?bins=%F0%9F%92%B3&limit=-0"),
    ("POST", "/checkout/preferences"),
    ("PUT", "/checkout/preferences/x"),
    ("GET", "/checkout/preferences/search?offset=18446744073709551615&limit=1000"),
    ("POST", "/merchant_orders"),
    ("PUT", "/merchant_orders/99999999999999999999"),
    ("GET", "/merchant_orders/search?date_created_from=x&status=%00"),
    ("POST", "/oauth/token"),
    ("POST", "/users/test_user"),
    ("GET", "/v1/payment_methods?public_key=%00"),
    ("POST", "/v1/orders"),
    ("GET", "/v1/orders?page=0&page_size=x&begin_date=%00&sort_order=up"),
    ("POST", "/v1/orders/%00/process"),
    ("POST", "/v1/orders/x/refund"),
    ("PUT", "/v1/orders/x/transactions/y"),
    ("DELETE", "/v1/orders/x/transactions/y"),
    ("POST", "/preapproval"),
    ("PUT", "/preapproval/x"),
    ("GET", "/preapproval/search?limit=-1&offset=99999999999999999999&sort=:&q=%00"),
    ("POST", "/preapproval_plan"),
    ("PUT", "/preapproval_plan/x"),
    ("GET", "/authorized_payments/search?offset=x"),
    ("GET", "/v1/chargebacks/search?payment_id=%00&limit=1001"),
    ("PATCH", "//v1///payments//"),
    ("GET", "/"),
];

fn send(bench: &Bench, method: &str, uri: &str, body: &[u8]) {
    let bearer = format!("Bearer {}", account("MLB", Role::Seller).access_token.expose_secret());
    let headers = [("authorization", bearer.as_str()), ("x-idempotency-key", "k"), ("content-type", "text/plain")];
    let (status, answer) = bench.raw(method, uri, &headers, body);
    assert!(status < 500, "{method} {uri}: {answer}");
}

#[test]
fn broken_bodies_are_refused() {
    let bench = Bench::new("MLB");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", r#"{"metadata":"#.repeat(5_000), "}".repeat(5_000));
    let long = format!(r#"{{"{}":1}}"#, "k".repeat(500_000));
    let table: &[&[u8]] = &[
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"x\"",
        b"{}",
        b"1e999",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"{\"a\":1,\"a\":2}",
        br#"{"transaction_amount":1e308}"#,
        br#"{"transaction_amount":123456789012345678901234567890}"#,
        br#"{"transaction_amount":1,"transaction_amount":"x"}"#,
        br#"{"token":"\ud800"}"#,
        b"{\"a\":\"\\u0000\"}",
        deep.as_bytes(),
        deep_object.as_bytes(),
        long.as_bytes(),
    ];
    for (method, uri) in ROUTES {
        for body in table {
            send(&bench, method, uri, body);
        }
    }
}

/// Any JSON, of the kinds that clients get wrong.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

const ATTRIBUTES: &[&str] = &[
    "transaction_amount",
    "token",
    "installments",
    "payment_method_id",
    "issuer_id",
    "payer",
    "description",
    "external_reference",
    "notification_url",
    "capture",
    "binary_mode",
    "date_of_expiration",
    "coupon_amount",
    "campaign_id",
    "application_fee",
    "metadata",
    "additional_info",
    "order",
    "status",
    "amount",
];
/// What the sandbox kept of nonsense must still be of the shape that it promises.
fn schema_holds(name: &str, body: &Value) -> bool {
    crate::specs::schemas::check(name, body).is_some_and(|violations| violations.is_empty())
}

const CARD: &[&str] =
    &["card_number", "expiration_month", "expiration_year", "security_code", "cardholder", "site_id", "card_id"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wrong_types_anywhere_are_answered(
        attribute in prop::sample::select(ATTRIBUTES),
        inner in prop::sample::select(&["email", "id", "type", "identification", "items", "payer"][..]),
        value in any_json(),
        nested in any::<bool>(),
    ) {
        let bench = Bench::new("MLB");
        let token = bench.token(&bench.card("visa", "APRO"));
        let mut body = bench.body("visa", Some(&token));
        let value = if nested { json!({ (inner): value }) } else { value };
        merge(&mut body, json!({ (attribute): value }));
        let (status, payment) = bench.ask("POST", "/v1/payments", &body);
        prop_assert!(status < 500);
        if status == 201 {
            let uri = format!("/v1/payments/{}", payment["id"]);
            prop_assert!(bench.ask("PUT", &uri, &body).0 < 500);
            let (status, _) = bench.ask("POST", &format!("{uri}/refunds"), &body);
            prop_assert!(status < 500);
            prop_assert_eq!(bench.ask("GET", "/v1/payments/search", &Value::Null).0, 200);
        }
    }

    #[test]
    fn wrong_types_in_other_resources_are_answered(
        route in prop::sample::select(&[
            ("/v1/customers", "PUT"), ("/checkout/preferences", "PUT"), ("/merchant_orders", "PUT"), ("/oauth/token", ""),
        ][..]),
        attribute in prop::sample::select(&[
            "email", "first_name", "phone", "address", "metadata", "default_card", "items", "payer", "back_urls",
            "auto_return", "notification_url", "payment_methods", "shipments", "preference_id", "marketplace_fee",
            "external_reference", "sponsor_id", "client_id", "grant_type", "code", "expires",
        ][..]),
        value in any_json(),
    ) {
        let bench = Bench::new("MLB");
        let mut body = json!({
            "email": "a@testuser.com", "items": [{ "title": "a", "quantity": 1, "unit_price": 1 }],
            "client_secret": "s", "grant_type": "authorization_code", "code": "c",
        });
        let mut whole = body.clone();
        whole["email"] = json!("b@testuser.com");
        merge(&mut body, json!({ (attribute): value }));
        prop_assert!(bench.ask("POST", route.0, &body).0 < 500);
        let (_, made) = bench.ask("POST", route.0, &whole);
        let id = made["id"].as_str().map_or_else(|| made["id"].to_string(), str::to_owned);
        if !route.1.is_empty() {
            let uri = format!("{}/{id}", route.0);
            // The address of a customer cannot change, which would be refused before anything else.
            if attribute != "email" {
                merge(&mut body, json!({ "email": "(none)" }));
            }
            let (status, _) = bench.ask(route.1, &uri, &body);
            prop_assert!(status < 500);
            let (status, read) = bench.ask("GET", &uri, &Value::Null);
            prop_assert_eq!(status, 200);
            let name = match route.0 { "/v1/customers" => "customer", "/merchant_orders" => "merchant_order", _ => "preference" };
            prop_assert!(schema_holds(name, &read), "{}: {}", name, read);
            prop_assert_eq!(bench.ask("GET", &format!("{}/search", route.0), &Value::Null).0, 200);
        }
    }

    #[test]
    fn wrong_types_in_a_subscription_are_answered(
        kind in prop::sample::select(&["/preapproval", "/preapproval_plan"][..]),
        attribute in prop::sample::select(&[
            "reason", "back_url", "payer_email", "status", "external_reference", "preapproval_plan_id", "card_token_id",
            "payment_methods_allowed", "auto_recurring",
        ][..]),
        member in prop::sample::select(&[
            "", "frequency", "frequency_type", "transaction_amount", "currency_id", "start_date", "end_date",
            "free_trial", "repetitions", "billing_day", "billing_day_proportional",
        ][..]),
        value in any_json(),
    ) {
        let bench = Bench::new("MLB");
        let mut body = json!({
            "reason": "r", "payer_email": "a@testuser.com",
            "auto_recurring": { "frequency": 1, "frequency_type": "days", "transaction_amount": 1, "currency_id": "BRL" },
        });
        let (_, made) = bench.ask("POST", kind, &body);
        if member.is_empty() {
            merge(&mut body, json!({ (attribute): value }));
        } else {
            merge(&mut body["auto_recurring"], json!({ (member): value }));
        }
        prop_assert!(bench.ask("POST", kind, &body).0 < 500);
        let uri = format!("{kind}/{}", made["id"].as_str().unwrap());
        prop_assert!(bench.ask("PUT", &uri, &body).0 < 500);
        let (status, read) = bench.ask("GET", &uri, &Value::Null);
        prop_assert!(status == 200 && read["auto_recurring"]["transaction_amount"].is_number(), "{}", read);
        prop_assert_eq!(bench.ask("GET", &format!("{kind}/search"), &Value::Null).0, 200);
    }

    #[test]
    fn any_card_makes_a_token_and_no_panic(member in prop::sample::select(CARD), value in any_json()) {
        let bench = Bench::new("MLB");
        let mut card = bench.card("visa", "APRO");
        merge(&mut card, json!({ (member): value }));
        let (status, token) = bench.ask("POST", "/v1/card_tokens", &card);
        prop_assert!(status < 500);
        if status == 201 {
            prop_assert!(bench.ask("POST", "/v1/payments", &bench.body("visa", token["id"].as_str())).0 < 500);
        }
    }

    #[test]
    fn any_bytes_and_any_fault_are_answered(
        route in prop::sample::select(ROUTES), body in prop::collection::vec(any::<u8>(), 0..64), fault in "[ -~]{0,12}",
    ) {
        let bench = Bench::new("MLB");
        send(&bench, route.0, route.1, &body);
        bench.raw(route.0, route.1, &[("x-homologa-fault", &fault)], &body);
    }
}
