//! What stands around payments: customers, preferences, merchant orders, issued credentials, methods and users.

use serde_json::{Value, json};

use super::bench::{Bench, code};
use crate::sandbox::{Role, account};
use crate::specs::schemas;

fn accepted(schema: &str, body: &Value) {
    let violations = schemas::check(schema, body).unwrap();
    assert!(violations.is_empty(), "{schema}: {violations:?}\n{body:#}");
}

fn id(body: &Value) -> String {
    match &body["id"] {
        Value::String(id) => id.clone(),
        id => id.to_string(),
    }
}

#[test]
fn a_customer_lives_and_its_address_is_free_again() {
    let bench = Bench::new("MLB");
    let body = json!({
        "email": "ana@testuser.com", "first_name": "Ana", "default_address": "Home", "default_card": "None",
        "address": { "zip_code": "25065172", "street_number": 123, "city": {} }, "description": "buyer",
        "date_registered": "2023-10-20T11:37:30.000-04:00", "metadata": { "a": 1 },
    });
    let (status, customer) = bench.ask("POST", "/v1/customers", &body);
    assert_eq!(status, 201, "{customer}");
    accepted("customer", &customer);
    for (member, sent) in [("first_name", "Ana"), ("default_address", "Home"), ("description", "buyer")] {
        assert_eq!(customer[member], sent);
    }
    assert_eq!((&customer["address"]["street_number"], &customer["metadata"]["a"]), (&json!(123), &json!(1)));
    assert!(customer["user_id"].is_u64() && customer["client_id"].is_u64() && customer["status"] == "active");
    let (status, again) = bench.ask("POST", "/v1/customers", &body);
    assert_eq!((status, code(&again).as_str()), (400, "101"));
    let uri = format!("/v1/customers/{}", id(&customer));
    let (status, changed) = bench.ask("PUT", &uri, &json!({ "last_name": "B", "address": { "zip_code": "1" } }));
    assert_eq!((status, &changed["first_name"], &changed["last_name"]), (200, &json!("Ana"), &json!("B")));
    assert_eq!((&changed["address"]["zip_code"], &changed["address"]["street_number"]), (&json!("1"), &json!(123)));
    let (status, refused) = bench.ask("PUT", &uri, &json!({ "email": "other@testuser.com" }));
    assert_eq!((status, code(&refused).as_str()), (400, "126"));
    assert_eq!(bench.ask_as(Role::OtherSeller, "GET", &uri, &Value::Null).0, 404);
    assert_eq!(bench.ask_as(Role::OtherSeller, "DELETE", &uri, &Value::Null).0, 404);
    let (status, removed) = bench.ask("DELETE", &format!("{uri}/delete"), &Value::Null);
    assert_eq!((status, &removed["status"]), (200, &json!("deactive")));
    assert_eq!(bench.ask("GET", &uri, &Value::Null).0, 404);
    assert_eq!(bench.ask("DELETE", &uri, &Value::Null).0, 404);
    assert_eq!(bench.ask("POST", "/v1/customers", &body).0, 201);
}

#[test]
fn customers_are_found_sorted_and_paged() {
    let bench = Bench::new("MLA");
    for name in ["c", "a", "b"] {
        bench.ask("POST", "/v1/customers", &json!({ "email": format!("{name}@testuser.com"), "first_name": name }));
    }
    let find = |query: &str| bench.ask("GET", &format!("/v1/customers/search?{query}"), &Value::Null);
    let names = |query: &str| {
        let (status, page) = find(query);
        assert_eq!(status, 200, "{query}: {page}");
        let results = page["results"].as_array().unwrap().iter();
        results.map(|one| one["first_name"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(names(""), "cab");
    assert_eq!(names("email=A@testuser.com"), "a");
    assert_eq!(names("sort=first_name"), "abc");
    assert_eq!(names("sort=first_name:desc&limit=1&offset=1"), "b");
    assert_eq!(names("limit=0"), "");
    assert_eq!(names("range=date_created:after:2026-11-20T00:00:00.000-04:00"), "cab");
    assert_eq!(names("range=date_created:before:2020-11-20T00:00:00.000-04:00"), "");
    for (query, wrong) in [
        ("range=x", "200"),
        ("range=email:after:1", "201"),
        ("range=date_created:after:1", "202"),
        ("range=date_created:before:1", "203"),
        ("limit=-1", "205"),
        ("sort=card", "206"),
        ("sort=email:up", "207"),
        ("sort=:asc", "208"),
    ] {
        let (status, body) = find(query);
        assert_eq!((status, code(&body).as_str()), (400, wrong), "{query}: {body}");
    }
}

#[test]
fn a_stored_card_pays_until_it_is_deleted() {
    let bench = Bench::new("MLB");
    let (_, customer) = bench.ask("POST", "/v1/customers", &json!({ "email": "a@testuser.com" }));
    let cards = format!("/v1/customers/{}/cards", id(&customer));
    let token = bench.token(&bench.card("master", "APRO"));
    let (status, card) = bench.ask("POST", &cards, &json!({ "token": token }));
    assert_eq!(status, 201, "{card}");
    accepted("customer_card", &card);
    assert!(card["id"].is_string() && card["user_id"].is_string() && card["issuer"]["id"].is_u64());
    assert!(card["payment_method"]["thumbnail"].is_string());
    // The same card again is the one that is there; its token is spent all the same.
    let token = bench.token(&bench.card("master", "APRO"));
    let (status, same) = bench.ask("POST", &cards, &json!({ "token": token }));
    assert_eq!((status, &same["id"]), (200, &card["id"]));
    let (status, spent) = bench.ask("POST", &cards, &json!({ "token": token }));
    assert_eq!((status, code(&spent).as_str()), (400, "120"));
    let uri = format!("{cards}/{}", id(&card));
    let change = json!({ "expiration_year": 2041, "cardholder": { "identification": { "type": "CNPJ" } } });
    let (status, changed) = bench.ask("PUT", &uri, &change);
    assert_eq!((status, &changed["expiration_year"]), (200, &json!(2041)));
    assert_eq!(changed["cardholder"]["identification"]["type"], "CNPJ");
    assert_eq!(changed["cardholder"]["name"], "APRO");
    assert_eq!(bench.ask("PUT", &uri, &json!({ "expiration_month": 13 })).0, 400);
    let of_card = json!({ "card_id": card["id"], "security_code": "123" });
    let token = bench.token(&of_card);
    assert_eq!(bench.ask("POST", "/v1/payments", &bench.body("master", Some(&token))).0, 201);
    assert_eq!(bench.ask("DELETE", &uri, &Value::Null).0, 200);
    assert_eq!(bench.ask("GET", &uri, &Value::Null).0, 404);
    assert_eq!(bench.ask("GET", &cards, &Value::Null).1, json!([]));
    assert_eq!(bench.ask("POST", "/v1/card_tokens", &of_card).0, 400);
}

#[test]
fn a_token_can_be_completed_before_it_pays() {
    let bench = Bench::new("MLA");
    let mut card = bench.card("visa", "APRO");
    let code_of_card = card["security_code"].take();
    let token = bench.token(&card);
    let uri = format!("/v1/card_tokens/{token}");
    let (status, body) = bench.ask("PUT", &uri, &json!({ "security_code": code_of_card }));
    assert_eq!((status, &body["security_code_length"], &body["status"]), (200, &json!(3), &json!("active")));
    assert_eq!(bench.ask("POST", "/v1/payments", &bench.body("visa", Some(&token))).0, 201);
    let (status, body) = bench.ask("PUT", &uri, &json!({ "security_code": "1" }));
    assert_eq!((status, code(&body).as_str()), (400, "3003"));
    assert_eq!(bench.ask_as(Role::OtherSeller, "PUT", &uri, &json!({})).0, 404);
    // A week and a day later a token is too old.
    let token = bench.token(&bench.card("visa", "APRO"));
    let created = "2026-11-01T00:00:00Z".parse().unwrap();
    bench.world.state().tokens.get_mut(&token).unwrap().created = Some(created);
    assert_eq!(bench.ask("GET", &format!("/v1/card_tokens/{token}"), &Value::Null).1["status"], "expired");
    let (status, body) = bench.ask("POST", "/v1/payments", &bench.body("visa", Some(&token)));
    assert_eq!((status, code(&body).as_str()), (400, "3003"));
}

#[test]
fn preferences_keep_what_was_sent_with_the_types_of_real_ones() {
    let bench = Bench::new("MLB");
    let items = json!([{ "title": "One", "quantity": "2", "unit_price": "20.5", "currency_id": "R$" }]);
    let body = json!({ "items": items, "marketplace_fee": 5, "id": "mine", "external_reference": 7,
        "payment_methods": { "installments": 5, "excluded_payment_types": [{ "id": "ticket" }] } });
    let (status, preference) = bench.ask("POST", "/checkout/preferences", &body);
    assert_eq!(status, 201, "{preference}");
    accepted("preference", &preference);
    let item = &preference["items"][0];
    assert_eq!((&item["quantity"], &item["unit_price"]), (&json!(2), &json!(20.5)));
    assert_eq!((&item["currency_id"], &item["category_id"]), (&json!("BRL"), &json!("")));
    assert!(preference["client_id"].is_string() && preference["collector_id"].is_u64());
    assert_eq!((&preference["external_reference"], &preference["site_id"]), (&json!("7"), &json!("MLB")));
    assert_eq!(preference["payment_methods"]["excluded_payment_types"][0]["id"], "ticket");
    assert_ne!(preference["id"], "mine");
    let uri = format!("/checkout/preferences/{}", id(&preference));
    let (_, changed) = bench.ask("PUT", &uri, &json!({ "notification_url": "https://www.test.com" }));
    assert_eq!(
        (&changed["notification_url"], &changed["items"]),
        (&json!("https://www.test.com"), &preference["items"])
    );
    assert_eq!(bench.ask_as(Role::OtherSeller, "GET", &uri, &Value::Null).0, 404);
    bench.ask("POST", "/checkout/preferences", &body);
    let (_, page) = bench.ask("GET", "/checkout/preferences/search?external_reference=7&limit=1", &Value::Null);
    assert_eq!((&page["total"], &page["next_offset"]), (&json!(2), &json!(1)));
    let found = &page["elements"][0];
    assert!(found["sponsor_id"].is_u64() && found["shipping_mode"].is_string() && found["live_mode"].is_boolean());
    assert_eq!(found["items"], json!(["One"]));
}

#[test]
fn a_merchant_order_changes_items_by_their_id() {
    let bench = Bench::new("MLA");
    let items = json!([{ "id": "123", "title": "Title", "quantity": 1, "unit_price": 100 }]);
    let (status, order) = bench.ask("POST", "/merchant_orders", &json!({ "preference_id": "", "items": items }));
    assert_eq!((status, &order["total_amount"], &order["is_test"]), (201, &json!(100), &json!(true)));
    accepted("merchant_order", &order);
    let uri = format!("/merchant_orders/{}", order["id"]);
    let update = json!({ "items": [{ "id": "123", "quantity": 3 }], "payer": { "id": 0, "nickname": "Test" } });
    let (status, changed) = bench.ask("PUT", &uri, &update);
    assert_eq!((status, &changed["total_amount"], &changed["payer"]["nickname"]), (200, &json!(300), &json!("Test")));
    assert_eq!(changed["items"][0]["title"], "Title");
    assert_eq!(bench.ask("POST", "/merchant_orders", &json!({ "preference_id": "none" })).0, 400);
    assert_eq!(bench.ask("GET", "/merchant_orders/1", &Value::Null).0, 404);
    let (_, page) = bench.ask("GET", "/merchant_orders/search?status=opened&limit=0", &Value::Null);
    assert_eq!((&page["total"], &page["next_offset"]), (&json!(1), &json!(0)));
}

#[test]
fn issued_credentials_work_and_only_those_of_oauth_may_charge_a_fee() {
    let bench = Bench::new("MLB");
    let client = account("MLB", Role::Seller).application().to_string();
    let token = |body: Value| bench.raw("POST", "/oauth/token", &[], body.to_string().as_bytes());
    let grant = |kind: &str, name: &str, value: &str| {
        token(json!({ "client_id": client, "client_secret": "s", "grant_type": kind, name: value }))
    };
    let (status, issued) = grant("authorization_code", "code", "TG-0123456789abcdef01234567-1");
    assert_eq!(status, 200, "{issued}");
    accepted("oauth_token", &issued);
    assert_eq!(grant("authorization_code", "code", "TG-0123456789abcdef01234567-1").1["error"], "invalid_grant");
    assert_eq!(grant("authorization_code", "code", "expired").1["error"], "invalid_grant");
    let (status, renewed) = grant("refresh_token", "refresh_token", issued["refresh_token"].as_str().unwrap());
    assert_eq!(status, 200);
    assert_ne!(renewed["access_token"], issued["access_token"]);
    let (status, own) = grant("client_credentials", "x", "y");
    assert_eq!((status, own.get("refresh_token")), (200, None));
    let form = format!("client_id={client}&client_secret=s&grant_type=client_credentials");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(bench.raw("POST", "/oauth/token", &headers, form.as_bytes()).0, 200);
    assert_eq!(token(json!({ "grant_type": "client_credentials" })).1["error"], "invalid_client");

    let pay = |bearer: &Value| {
        let bearer = format!("Bearer {}", bearer.as_str().unwrap());
        let key = bench.world.ids.uuid();
        let headers = [("authorization", bearer.as_str()), ("x-idempotency-key", &key)];
        let mut body = bench.body("pix", None);
        body["application_fee"] = json!(2.5);
        bench.raw("POST", "/v1/payments", &headers, body.to_string().as_bytes())
    };
    assert_eq!(pay(&renewed["access_token"]).0, 201);
    let (status, refused) = pay(&own["access_token"]);
    assert_eq!((status, code(&refused).as_str()), (400, "2059"));
}

#[test]
fn fees_coupons_and_financing_add_up() {
    let mut bench = Bench::new("MLA");
    bench.role = Role::OAuth;
    let more = json!({ "transaction_amount": 1000, "installments": 6, "application_fee": 10, "coupon_amount": 50 });
    let (status, payment) = bench.pay_with("visa", "APRO", more);
    assert_eq!(status, 201, "{payment}");
    let fee = |kind: &str| {
        let fees = payment["fee_details"].as_array().unwrap();
        fees.iter().find(|fee| fee["type"] == kind).map_or(0.0, |fee| fee["amount"].as_f64().unwrap())
    };
    let details = &payment["transaction_details"];
    let (_, offers) =
        bench.ask("GET", "/v1/payment_methods/installments?payment_method_id=visa&amount=1000", &json!(null));
    accepted("installments", &offers);
    let six = offers[0]["payer_costs"].as_array().unwrap().iter().find(|cost| cost["installments"] == 6).unwrap();
    assert!((six["total_amount"].as_f64().unwrap() - 1000.0 - fee("financing_fee")).abs() < 0.001);
    assert_eq!(details["total_paid_amount"].as_f64().unwrap(), six["total_amount"].as_f64().unwrap() - 50.0);
    let kept = 1000.0 - fee("mercadopago_fee") - 10.0;
    assert!((details["net_received_amount"].as_f64().unwrap() - kept).abs() < 0.001, "{details}");
    assert_eq!((fee("application_fee"), fee("coupon_fee")), (10.0, 50.0));
    assert_eq!(details["installment_amount"], six["installment_amount"]);
}

#[test]
fn what_waits_expires_and_brings_what_it_is_paid_with() {
    let bench = Bench::new("MLB");
    let (_, pix) = bench.ask("POST", "/v1/payments", &bench.body("pix", None));
    let data = &pix["point_of_interaction"]["transaction_data"];
    assert!(data["qr_code"].as_str().unwrap().contains("540558.00"), "{data}");
    assert!(data["qr_code_base64"].as_str().unwrap().starts_with("iVBOR"));
    let (_, boleto) = bench.ask("POST", "/v1/payments", &bench.body("bolbradesco", None));
    assert_eq!(boleto["barcode"], boleto["transaction_details"]["barcode"]);
    let uri = format!("/v1/payments/{}", pix["id"]);
    let now = bench.world.now();
    let later = now.checked_add(jiff::ToSpan::hours(24 * 2)).unwrap();
    let later = bench.at(later);
    let (_, expired) = later.ask("GET", &uri, &Value::Null);
    assert_eq!((&expired["status"], &expired["status_detail"]), (&json!("cancelled"), &json!("expired")));
    let (_, page) = later.ask("GET", "/v1/payments/search?status=pending", &Value::Null);
    assert_eq!(page["paging"]["total"], 1, "the boleto has three days");
    assert_eq!(later.ask("PUT", &uri, &json!({ "status": "cancelled" })).0, 400);
    let bench = Bench::new("MCO");
    let mut body = bench.body("pse", None);
    body["transaction_details"] = json!({ "financial_institution": 1009 });
    body["callback_url"] = json!("https://shop.example/back");
    let (status, pse) = bench.ask("POST", "/v1/payments", &body);
    assert_eq!((status, &pse["transaction_details"]["financial_institution"]), (201, &json!("1009")));
    assert!(pse["transaction_details"]["external_resource_url"].is_string());
}

#[test]
fn numbers_of_addresses_come_back_as_text() {
    let bench = Bench::new("MLB");
    let info = json!({
        "items": [{ "quantity": 1, "unit_price": 58.8 }],
        "payer": { "address": { "zip_code": "06233-200", "street_number": 3003 } },
        "shipments": { "receiver_address": { "zip_code": 6233200, "street_number": 3003 } },
    });
    let (_, payment) = bench.pay_with("visa", "APRO", json!({ "additional_info": info }));
    let info = &payment["additional_info"];
    assert_eq!(info["items"][0], json!({ "quantity": "1", "unit_price": "58.8" }));
    assert_eq!(info["payer"]["address"]["street_number"], "3003");
    assert_eq!(info["shipments"]["receiver_address"], json!({ "zip_code": "6233200", "street_number": "3003" }));
}

#[test]
fn users_say_who_they_are() {
    let bench = Bench::new("MLB");
    let (_, me) = bench.ask("GET", "/users/me", &Value::Null);
    for object in ["identification", "phone", "address", "status", "credit", "context", "company", "bill_data"] {
        assert!(me[object].is_object(), "{object}");
    }
    assert_eq!((&me["site_id"], &me["country_id"]), (&json!("MLB"), &json!("BR")));
    let (status, user) = bench.ask("POST", "/users/test_user", &json!({ "site_id": "MLA" }));
    assert_eq!((status, &user["site_status"]), (201, &json!("active")));
    let mut body = bench.body("pix", None);
    body["payer"]["email"] = user["email"].clone();
    assert_eq!(bench.ask("POST", "/v1/payments", &body).0, 201);
    assert_eq!(bench.ask("POST", "/users/test_user", &json!({ "site_id": "XXX" })).0, 400);
}

#[test]
fn the_list_of_a_test_seller_in_brazil_is_the_short_one() {
    let bench = Bench::new("MLB");
    let (_, list) = bench.ask("GET", "/v1/payment_methods", &Value::Null);
    let ids: Vec<&str> = list.as_array().unwrap().iter().map(|method| method["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"pix") && !ids.contains(&"diners"), "{ids:?}");
    assert!(list[0]["thumbnail"].is_string() && list[0]["min_allowed_amount"].is_number());
    let (_, page) = bench.ask("GET", "/v1/payment_methods/search?id=diners,visa", &Value::Null);
    assert_eq!(page["paging"]["total"], 2);
    let (_, issuers) = bench.ask("GET", "/v1/payment_methods/card_issuers?payment_method_id=master", &Value::Null);
    assert_eq!(issuers[0]["id"], "24");
}
