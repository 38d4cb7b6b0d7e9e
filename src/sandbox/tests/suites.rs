//! What the end-to-end suites of the official SDKs ask, written anew: the request, the status, and the types that the
//! classes of the strictest SDK (Go) can hold. The suites are Brazilian.

use serde_json::{Value, json};

use super::bench::{Bench, code, merge};
use crate::sandbox::payments::Happening;

/// The e-mail address that the suites pay with.
const PAYER: &str = "test_1731350184@testuser.com";

fn bench() -> Bench {
    Bench::new("MLB")
}

/// The members are there, or null, and have these types: `s` text, `i` integer, `f` number, `b` true or false, `o`
/// object, `a` list, `d` a date with its offset.
fn typed(body: &Value, types: &[(&str, char)]) {
    for (path, kind) in types {
        let pointer = format!("/{}", path.replace('.', "/"));
        let Some(value) = body.pointer(&pointer).filter(|value| !value.is_null()) else { continue };
        let holds = match kind {
            's' => value.is_string(),
            'i' => value.is_i64() || value.is_u64(),
            'f' => value.is_number(),
            'b' => value.is_boolean(),
            'o' => value.is_object(),
            'a' => value.is_array(),
            _ => value.as_str().is_some_and(|date| date.parse::<jiff::Timestamp>().is_ok()),
        };
        assert!(holds, "{path} is {value}, not {kind}");
    }
}

/// The members are there, and not null.
fn present(body: &Value, names: &[&str]) {
    for name in names {
        assert!(!body[*name].is_null(), "{name} of {body}");
    }
}

fn order(bench: &Bench, more: Value) -> Value {
    let token = bench.token(&bench.card("master", "APRO"));
    let method = json!({ "id": "master", "type": "credit_card", "token": token, "installments": 1 });
    let mut body = json!({
        "type": "online", "processing_mode": "automatic", "total_amount": "200.00",
        "external_reference": "ext_ref_1234", "payer": { "email": PAYER },
        "transactions": { "payments": [{ "amount": "200.00", "payment_method": method }] },
    });
    merge(&mut body, more);
    body
}

fn made(bench: &Bench, uri: &str, body: &Value) -> Value {
    let (status, made) = bench.ask("POST", uri, body);
    assert_eq!(status, 201, "{uri}: {made}");
    made
}

#[test]
fn a_payment_has_the_types_of_every_sdk() {
    let bench = bench();
    let pix = json!({ "transaction_amount": 110, "payment_method_id": "pix", "payer": { "email": PAYER } });
    for payment in [bench.pay_with("master", "APRO", json!({ "metadata": {} })).1, made(&bench, "/v1/payments", &pix)] {
        typed(
            &payment,
            &[
                ("id", 'i'),
                ("collector_id", 'i'),
                ("payer.id", 's'),
                ("order", 'o'),
                ("card", 'o'),
                ("card.first_six_digits", 's'),
                ("issuer_id", 's'),
                ("installments", 'i'),
                ("metadata", 'o'),
                ("fee_details", 'a'),
                ("taxes", 'a'),
                ("refunds", 'a'),
                ("date_created", 'd'),
                ("date_of_expiration", 'd'),
                ("money_release_date", 'd'),
                ("transaction_details.financial_institution", 's'),
                ("transaction_details.barcode", 'o'),
                ("point_of_interaction.transaction_data", 'o'),
                ("point_of_interaction.transaction_data.qr_code", 's'),
                ("point_of_interaction.transaction_data.bank_transfer_id", 'i'),
                ("point_of_interaction.transaction_data.financial_institution", 'i'),
                ("point_of_interaction.transaction_data.bank_info.is_same_bank_account_owner", 's'),
                ("payment_method.data", 'o'),
                ("three_ds_info", 'o'),
                ("differential_pricing_id", 's'),
                ("store_id", 's'),
                ("pos_id", 's'),
            ],
        );
        present(
            &payment,
            &[
                "acquirer_reconciliation",
                "additional_info",
                "binary_mode",
                "build_version",
                "captured",
                "charges_details",
                "coupon_amount",
                "currency_id",
                "live_mode",
                "operation_type",
                "point_of_interaction",
                "processing_mode",
                "shipping_amount",
                "taxes_amount",
                "transaction_amount_refunded",
            ],
        );
    }
}

#[test]
fn payments_are_captured_cancelled_and_searched_as_the_suites_do() {
    let bench = bench();
    // Node and Go name no method, and Go pays with an address of the service's own people.
    let unnamed = json!({ "payment_method_id": "(none)", "capture": false, "payer": { "email": "gabs_1@meli.com" } });
    let (status, reserved) = bench.pay_with("master", "APRO", unnamed);
    assert_eq!((status, &reserved["captured"], &reserved["payment_method_id"]), (201, &json!(false), &json!("master")));
    let uri = format!("/v1/payments/{}", reserved["id"]);
    let (status, captured) = bench.ask("PUT", &uri, &json!({ "capture": true, "transaction_amount": 40 }));
    assert_eq!((status, &captured["transaction_amount"], &captured["captured"]), (200, &json!(40), &json!(true)));
    // Java captures what is captured.
    let (status, again) = bench.ask("PUT", &uri, &json!({ "capture": true }));
    assert_eq!((status, &again["captured"]), (200, &json!(true)));
    // .NET is a customer by its address alone.
    let customer = json!({
        "payer": {
            "type": "customer", "entity_type": "individual", "email": PAYER, "first_name": "Test", "last_name": "User",
            "identification": { "type": "CPF", "number": "37462770865" },
        },
        "external_reference": "net", "callback_url": "https://seller.example/callback",
        "date_of_expiration": "2026-12-20T14:15:30.123+00:00",
        "additional_info": {
            "ip_address": "127.0.0.1",
            "items": [{
                "id": "SKU-1", "title": "Product", "quantity": 1, "unit_price": 10, "warranty": false,
                "event_date": "2026-11-21T09:00:00.123+00:00",
                "category_descriptor": {
                    "passenger": { "first_name": "T", "identification": { "type": "CPF", "number": "37462770865" } },
                    "route": { "departure": "d", "destination": "e", "company": "c" },
                },
            }],
            "payer": { "authentication_type": "None", "is_prime_user": false, "is_first_purchase_online": false },
            "shipments": { "express_shipment": false, "local_pickup": false },
        },
    });
    let (status, payment) = bench.pay_with("master", "CONT", customer);
    assert_eq!((status, &payment["status"]), (201, &json!("in_process")), "{payment}");
    let (status, gone) =
        bench.ask("PUT", &format!("/v1/payments/{}", payment["id"]), &json!({ "status": "cancelled" }));
    assert_eq!((status, &gone["status"]), (200, &json!("cancelled")));
    for query in [
        "limit=5&offset=0",
        "limit=1&sort=date_created&criteria=desc&range=date_created&begin_date=2020-01-01T00%3A00%3A00.000%2B00%3A00&end_date=2099-01-01T00:00:00.000+00:00&external_reference=net",
        "begin_date=2020-01-01&end_date=2099-01-01T00:00:00&range=date_created",
    ] {
        let (status, found) = bench.ask("GET", &format!("/v1/payments/search?{query}"), &Value::Null);
        assert!(status == 200 && found["paging"]["total"].as_u64() > Some(0), "{query}: {found}");
    }
    // Ruby may not approve what it does not have; what it may not see stays unknown otherwise.
    let (status, refused) = bench.ask("PUT", "/v1/payments/1231910402", &json!({ "status": "approved" }));
    assert_eq!((status, code(&refused).as_str()), (403, "3002"));
    let (status, refused) = bench.ask("PUT", "/v1/payments/1231910402", &json!({ "status": "cancelled" }));
    assert_eq!((status, code(&refused).as_str()), (404, "2000"));
}

#[test]
fn a_customer_card_changes_as_the_suites_change_it() {
    let bench = bench();
    let customer = made(&bench, "/v1/customers", &json!({ "email": PAYER }));
    typed(&customer, &[("user_id", 'i'), ("merchant_id", 'i'), ("client_id", 'i'), ("address.street_number", 'i')]);
    let uri = format!("/v1/customers/{}/cards", customer["id"].as_str().unwrap());
    // Suites of before keep cards whose time is over.
    let mut data = bench.card("master", "APRO");
    merge(&mut data, json!({ "site_id": "MLB", "expiration_year": "2025", "expiration_month": "11" }));
    let card = made(&bench, &uri, &json!({ "token": bench.token(&data) }));
    let one = format!("{uri}/{}", card["id"].as_str().unwrap());
    let change = json!({
        "expiration_month": 1, "expiration_year": 2027,
        "cardholder": { "name": "Test", "identification": { "type": "CNPJ" } },
    });
    let (status, changed) = bench.ask("PUT", &one, &change);
    assert_eq!((status, &changed["cardholder"]["identification"]["type"]), (200, &json!("CNPJ")));
    typed(
        &changed,
        &[
            ("id", 's'),
            ("customer_id", 's'),
            ("user_id", 's'),
            ("first_six_digits", 's'),
            ("issuer.id", 'i'),
            ("security_code.length", 'i'),
            ("expiration_year", 'i'),
            ("date_created", 'd'),
        ],
    );
    let saved = json!({ "card_id": card["id"], "customer_id": customer["id"], "security_code": "123" });
    assert_eq!(made(&bench, "/v1/card_tokens", &saved)["card_id"], card["id"]);
    let (status, gone) = bench.ask("DELETE", &one, &Value::Null);
    assert_eq!((status, &gone["id"]), (200, &card["id"]));
}

#[test]
fn an_order_is_built_in_parts_and_emptied() {
    let bench = bench();
    let manual = json!({ "processing_mode": "manual", "total_amount": "1000.00", "transactions": "(none)" });
    let built = made(&bench, "/v1/orders", &order(&bench, manual));
    assert!(built["checkout_url"].is_string() && built.get("transactions").is_none(), "{built}");
    let uri = format!("/v1/orders/{}", built["id"].as_str().unwrap());
    let pix = |amount: &str| json!({ "payments": [{ "amount": amount, "payment_method": { "id": "pix", "type": "bank_transfer" } }] });
    let (status, over) = bench.ask("POST", &format!("{uri}/transactions"), &pix("1000.01"));
    assert_eq!((status, &over["errors"][0]["code"]), (400, &json!("invalid_total_amount")));
    let part = made(&bench, &format!("{uri}/transactions"), &pix("10.00"));
    let (status, short) = bench.ask("POST", &format!("{uri}/process"), &Value::Null);
    assert_eq!((status, &short["errors"][0]["code"]), (400, &json!("invalid_total_amount")));
    let id = part["payments"][0]["id"].as_str().unwrap();
    assert_eq!(bench.ask("DELETE", &format!("{uri}/transactions/{id}"), &Value::Null).0, 204);
    assert!(bench.ask("GET", &uri, &Value::Null).1.get("transactions").is_none());
}

#[test]
fn orders_are_paged_by_number_or_by_offset() {
    let bench = bench();
    let ids: Vec<Value> = (0..3).map(|_| made(&bench, "/v1/orders", &order(&bench, json!({})))["id"].clone()).collect();
    let page = |query: &str| {
        let (status, found) = bench.ask("GET", &format!("/v1/orders?sort_order=asc&{query}"), &Value::Null);
        assert_eq!((status, &found["paging"]["total"]), (200, &json!("3")), "{found}");
        found["data"].as_array().unwrap().iter().map(|order| order["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(page("page=2&page_size=2"), ids[2..]);
    assert_eq!(page("limit=2&offset=1"), ids[1..]);
    assert_eq!(page("limit=100&offset=3"), Vec::<Value>::new());
}

#[test]
fn published_cards_pay_until_the_end_of_the_year_that_they_said() {
    let bench = bench();
    let pay = |more: Value| {
        let mut card = bench.card("master", "APRO");
        merge(&mut card, more);
        let (status, answer) = bench.ask("POST", "/v1/payments", &bench.body("master", Some(&bench.token(&card))));
        (status, code(&answer))
    };
    assert_eq!(pay(json!({ "expiration_year": "2025", "expiration_month": "11" })).0, 201);
    assert_eq!(pay(json!({ "expiration_year": 25, "expiration_month": 12 })).0, 201);
    let number = bench.card("master", "APRO")["card_number"].as_str().unwrap().to_owned();
    let other = (0..100)
        .map(|end| format!("{}{end:02}", &number[..14]))
        .find(|other| *other != number && crate::secret::luhn(other));
    for refused in [
        json!({ "expiration_year": 2025, "expiration_month": 10 }),
        json!({ "expiration_year": 2024, "expiration_month": 12 }),
        json!({ "expiration_year": 2025, "expiration_month": 12, "card_number": other }),
    ] {
        assert_eq!(pay(refused.clone()), (400, "3030".to_owned()), "{refused}");
    }
}

#[test]
fn an_order_is_captured_cancelled_and_refunded_as_the_suites_do() {
    let bench = bench();
    for mode in ["manual", "automatic_async"] {
        let reserve = || made(&bench, "/v1/orders", &order(&bench, json!({ "capture_mode": mode })));
        let uri = |order: &Value, what: &str| format!("/v1/orders/{}/{what}", order["id"].as_str().unwrap());
        let (status, captured) = bench.ask("POST", &uri(&reserve(), "capture"), &Value::Null);
        let payment = &captured["transactions"]["payments"][0];
        assert_eq!((status, &captured["status_detail"]), (200, &json!("accredited")));
        assert_eq!((&payment["amount"], &payment["status"]), (&json!("200.00"), &json!("processed")));
        let (status, canceled) = bench.ask("POST", &uri(&reserve(), "cancel"), &Value::Null);
        let payment = &canceled["transactions"]["payments"][0];
        assert_eq!((status, &canceled["status"], &payment["status"]), (200, &json!("canceled"), &json!("canceled")));
        assert_eq!(payment["status_detail"], "canceled_transaction");
    }
    let security = json!({ "validation": "on_fraud_risk", "liability_shift": "required" });
    let secured = json!({ "config": { "online": { "transaction_security": security } } });
    let paid = made(&bench, "/v1/orders", &order(&bench, secured));
    assert_eq!(paid["config"]["online"]["transaction_security"], security);
    let (status, refunded) =
        bench.ask("POST", &format!("/v1/orders/{}/refund", paid["id"].as_str().unwrap()), &Value::Null);
    assert_eq!(
        (status, &refunded["status"], &refunded["status_detail"]),
        (201, &json!("refunded"), &json!("refunded"))
    );
    typed(
        &refunded,
        &[
            ("user_id", 's'),
            ("total_amount", 's'),
            ("integration_data.application_id", 's'),
            ("transactions.payments.0.attempt_number", 'i'),
            ("transactions.payments.0.reference_id", 's'),
            ("transactions.refunds.0.amount", 's'),
            ("created_date", 'd'),
        ],
    );
}

#[test]
fn preferences_and_merchant_orders_take_what_the_suites_send() {
    let bench = bench();
    let item = json!({ "title": "Dummy Item", "quantity": 1, "currency_id": "", "unit_price": 10.0 });
    let preference = json!({
        "items": [item], "external_reference": "ref", "differential_pricing": { "id": 1 },
        "expires": true, "expiration_date_from": "2026-11-21T09:22:00.123+00:00",
        "tracks": [{ "type": "facebook_ad", "values": { "pixel_id": "1" } }], "processing_modes": ["aggregator"],
    });
    let preference = made(&bench, "/checkout/preferences", &preference);
    assert_eq!(preference["differential_pricing"]["id"], 1);
    typed(
        &preference,
        &[
            ("client_id", 's'),
            ("collector_id", 'i'),
            ("items.0.currency_id", 's'),
            ("expiration_date_from", 'd'),
            ("shipments.free_methods", 'a'),
            ("payment_methods.installments", 'i'),
            ("tracks", 'a'),
            ("metadata", 'o'),
        ],
    );
    let order =
        made(&bench, "/merchant_orders", &json!({ "preference_id": preference["id"], "external_reference": 1 }));
    typed(&order, &[("id", 'i'), ("application_id", 's'), ("sponsor_id", 's'), ("payer", 'o'), ("is_test", 'b')]);
    let uri = format!("/merchant_orders/{}", order["id"]);
    let (status, changed) = bench.ask("PUT", &uri, &json!({ "payer": { "id": 0, "nickname": "Test" } }));
    assert_eq!((status, &changed["payer"]["nickname"]), (200, &json!("Test")));
    for uri in ["/checkout/preferences/search", "/merchant_orders/search", "/v1/customers/search"] {
        assert_eq!(bench.ask("GET", &format!("{uri}?limit=0&offset=0"), &Value::Null).0, 200, "{uri}");
    }
}

#[test]
fn a_subscription_is_agreed_changed_and_found() {
    let bench = bench();
    let recurring = json!({
        "frequency": 1, "frequency_type": "months", "transaction_amount": 10.5, "currency_id": "BRL",
        "start_date": "2023-06-02T13:07:14.260Z", "end_date": "2025-11-20T15:59:52.581Z",
    });
    let agreed = json!({
        "reason": "Yoga", "external_reference": "S01", "payer_email": PAYER, "auto_recurring": recurring,
        "back_url": "https://seller.example/back", "status": "pending", "collector_id": 1,
    });
    let subscription = made(&bench, "/preapproval/", &agreed);
    present(&subscription, &["init_point", "payer_email", "external_reference", "last_modified", "summarized"]);
    typed(
        &subscription,
        &[
            ("id", 's'),
            ("payer_id", 'i'),
            ("collector_id", 'i'),
            ("application_id", 'i'),
            ("version", 'i'),
            ("card_id", 'i'),
            ("date_created", 'd'),
            ("next_payment_date", 'd'),
            ("auto_recurring.transaction_amount", 'f'),
            ("auto_recurring.start_date", 'd'),
            ("summarized.last_charged_amount", 'f'),
        ],
    );
    let uri = format!("/preapproval/{}", subscription["id"].as_str().unwrap());
    let change = json!({ "reason": "Pilates", "auto_recurring": { "transaction_amount": 20 }, "status": "paused" });
    let (status, changed) = bench.ask("PUT", &uri, &change);
    let recurring = &changed["auto_recurring"];
    assert_eq!((status, &changed["reason"], &changed["version"]), (200, &json!("Pilates"), &json!(1)));
    assert_eq!((&recurring["transaction_amount"], &recurring["frequency"]), (&json!(20), &json!(1)));
    // Only a card that can be charged authorises, and one token once.
    let (status, refused) = bench.ask("PUT", &uri, &json!({ "status": "authorized" }));
    assert_eq!((status, &refused["message"]), (400, &json!("card_token_id is required")));
    let charged = json!({ "status": "authorized", "card_token_id": bench.token(&bench.card("master", "APRO")) });
    let (status, authorized) = bench.ask("PUT", &uri, &charged);
    assert_eq!((status, &authorized["payment_method_id"]), (200, &json!("master")));
    assert_eq!(bench.ask("PUT", &uri, &charged).0, 404);
    assert_eq!(bench.ask("GET", &uri, &Value::Null).1, authorized, "what was refused changed nothing");
    for query in [format!("payer_id={}", subscription["payer_id"]), format!("payer_email={PAYER}&limit=1&offset=0")] {
        let (status, found) = bench.ask("GET", &format!("/preapproval/search?{query}"), &Value::Null);
        assert_eq!((status, &found["paging"]["total"], &found["results"][0]), (200, &json!(1), &authorized));
    }
    assert_eq!(bench.ask("PUT", &uri, &json!({ "status": "cancelled" })).0, 200);
    assert_eq!(bench.ask("PUT", &uri, &json!({ "reason": "x" })).0, 400);
    assert_eq!(bench.ask("GET", "/preapproval/none", &Value::Null).0, 404);
    let other = bench.ask_as(crate::sandbox::Role::OtherSeller, "GET", &uri, &Value::Null);
    assert_eq!(other.0, 404, "{}", other.1);
    assert_eq!(bench.raw("GET", &uri, &[("authorization", "Bearer invalid_access_token")], &[]).0, 401);
    assert_eq!(bench.ask("GET", "/authorized_payments/search?limit=5", &Value::Null).1["results"], json!([]));
}

#[test]
fn a_plan_is_followed_by_its_subscriptions() {
    let bench = bench();
    let plan = json!({
        "reason": "Classes", "back_url": "https://seller.example",
        "auto_recurring": {
            "frequency": 1, "frequency_type": "months", "repetitions": 12, "billing_day": 10,
            "billing_day_proportional": true, "free_trial": { "frequency": 1, "frequency_type": "months" },
            "transaction_amount": 10, "currency_id": "BRL",
        },
        "payment_methods_allowed": { "payment_types": [{}], "payment_methods": [{ "id": "bolbradesco" }] },
    });
    let plan = made(&bench, "/preapproval_plan/", &plan);
    assert_eq!(plan["status"], "active");
    typed(
        &plan,
        &[("application_id", 'i'), ("collector_id", 'i'), ("date_created", 'd'), ("auto_recurring.repetitions", 'i')],
    );
    let uri = format!("/preapproval_plan/{}", plan["id"].as_str().unwrap());
    let change = json!({ "auto_recurring": { "billing_day": 15, "repetitions": 20 } });
    assert_eq!(bench.ask("PUT", &uri, &change).1["auto_recurring"]["billing_day"], 15);
    let (status, found) = bench.ask("GET", "/preapproval_plan/search?status=active", &Value::Null);
    assert_eq!((status, &found["results"][0]["id"]), (200, &plan["id"]));
    let followed = json!({ "preapproval_plan_id": plan["id"], "payer_email": PAYER });
    let followed = made(&bench, "/preapproval", &followed);
    assert_eq!((&followed["reason"], &followed["auto_recurring"]["repetitions"]), (&json!("Classes"), &json!(20)));
    assert_eq!(followed["preapproval_plan_id"], plan["id"]);
    let lost = json!({ "preapproval_plan_id": "none", "payer_email": PAYER });
    assert_eq!(bench.ask("POST", "/preapproval", &lost).0, 404);
}

#[test]
fn what_a_subscription_cannot_be_is_refused() {
    let bench = bench();
    let sound = json!({
        "reason": "r", "payer_email": PAYER,
        "auto_recurring": { "frequency": 1, "frequency_type": "days", "transaction_amount": 1, "currency_id": "BRL" },
    });
    made(&bench, "/preapproval", &sound);
    for wrong in [
        json!({ "reason": "(none)" }),
        json!({ "reason": {} }),
        json!({ "payer_email": "(none)" }),
        json!({ "payer_email": "nobody" }),
        json!({ "back_url": "nowhere" }),
        json!({ "status": "approved" }),
        json!({ "status": "authorized" }),
        json!({ "auto_recurring": [] }),
        json!({ "auto_recurring": "(none)" }),
        json!({ "auto_recurring": { "frequency": 0, "frequency_type": "days", "transaction_amount": 1, "currency_id": "BRL" } }),
        json!({ "auto_recurring": { "frequency": 1, "frequency_type": "weeks", "transaction_amount": 1, "currency_id": "BRL" } }),
        json!({ "auto_recurring": { "frequency": 1, "frequency_type": "days", "transaction_amount": -1, "currency_id": "BRL" } }),
        json!({ "auto_recurring": { "frequency": 1, "frequency_type": "days", "transaction_amount": 1, "currency_id": "R$" } }),
    ] {
        let mut body = sound.clone();
        merge(&mut body, wrong.clone());
        let (status, refused) = bench.ask("POST", "/preapproval", &body);
        assert!(status == 400 && refused["message"].is_string() && refused["status"] == 400, "{wrong}: {refused}");
    }
}

#[test]
fn a_disputed_payment_has_a_chargeback() {
    let bench = bench();
    let (_, payment) = bench.pay("APRO");
    let id = payment["id"].as_u64().unwrap();
    let search = || bench.ask("GET", &format!("/v1/chargebacks/search?payment_id={id}"), &Value::Null).1;
    assert_eq!(search()["paging"]["total"], 0);
    let now = bench.world.now();
    assert!(
        std::sync::Arc::make_mut(bench.world.state().payments.get_mut(&id).unwrap()).happen(Happening::Chargeback, now)
    );
    let found = search();
    assert_eq!((&found["paging"]["total"], &found["results"][0]["payment_id"]), (&json!(1), &json!(id)));
    let uri = format!("/v1/chargebacks/{}", found["results"][0]["id"].as_str().unwrap());
    assert_eq!(bench.ask("GET", &uri, &Value::Null), (200, found["results"][0].clone()));
    assert_eq!(bench.ask("GET", "/v1/chargebacks/none", &Value::Null).0, 404);
}

#[test]
fn what_the_sandbox_does_not_serve_says_so() {
    let bench = bench();
    for uri in ["/v1/advanced_payments", "/v1/advanced_payments/1/refunds", "/point/integration-api/devices"] {
        let (status, body) = bench.ask("GET", uri, &Value::Null);
        assert_eq!((status, &body["error"]), (404, &json!("not_served_by_sandbox")), "{uri}");
    }
}
