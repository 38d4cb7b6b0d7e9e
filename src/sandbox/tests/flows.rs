//! What happens to payments over several requests.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::bench::{Bench, code};
use crate::sandbox::{Role, account};
use crate::specs::{cards, sites};

#[test]
fn the_name_of_the_cardholder_decides_on_every_site() {
    for site in sites::all() {
        let bench = Bench::new(Box::leak(site.id.clone().into_boxed_str()));
        for holder in cards::holders() {
            let (status, payment) = bench.pay(&holder.code);
            assert_eq!(status, 201, "{} {}: {payment}", site.id, holder.code);
            assert_eq!(payment["status"], holder.status, "{} {}", site.id, holder.code);
            assert_eq!(payment["status_detail"], holder.status_detail, "{} {}", site.id, holder.code);
            assert_eq!(payment["currency_id"], site.currency);
        }
        let (_, payment) = bench.pay("Nobody in particular");
        assert_eq!(payment["status"], "approved");
    }
}

#[test]
fn every_published_card_pays() {
    for site in cards::all() {
        let bench = Bench::new(Box::leak(site.site.clone().into_boxed_str()));
        for card in &site.cards {
            let mut data = bench.card(&card.payment_method_id, "APRO");
            data["card_number"] = json!(card.number);
            let token = bench.token(&data);
            let (status, payment) =
                bench.ask("POST", "/v1/payments", &bench.body(&card.payment_method_id, Some(&token)));
            assert_eq!(status, 201, "{} {}: {payment}", site.site, card.number);
            assert_eq!(payment["payment_type_id"], card.payment_type_id);
        }
    }
}

#[test]
fn a_key_is_answered_once() {
    let bench = Bench::new("MLB");
    let bearer = format!("Bearer {}", account("MLB", Role::Seller).access_token.expose_secret());
    let headers = [("authorization", bearer.as_str()), ("x-idempotency-key", "k-1")];
    let body = bench.body("visa", Some(&bench.token(&bench.card("visa", "APRO"))));
    let refused = bench.raw("POST", "/v1/payments", &headers, b"{}");
    assert_eq!(refused.0, 400);
    let first = bench.raw("POST", "/v1/payments", &headers, body.to_string().as_bytes());
    let again = bench.raw("POST", "/v1/payments", &headers, body.to_string().as_bytes());
    let other = bench.raw("POST", "/v1/payments", &headers, br#"{"transaction_amount": 1}"#);
    assert_eq!((first.0, again.0, other.0), (201, 200, 200));
    assert_eq!(first.1["id"], again.1["id"]);
    assert_eq!(first.1["id"], other.1["id"]);
    let (_, page) = bench.ask("GET", "/v1/payments/search", &Value::Null);
    assert_eq!(page["paging"]["total"], 1);
}

#[test]
fn capture_takes_all_or_a_part() {
    let bench = Bench::new("MLA");
    let (_, payment) = bench.pay_with("visa", "APRO", json!({ "capture": false, "transaction_amount": 110 }));
    assert_eq!((&payment["status"], &payment["status_detail"]), (&json!("authorized"), &json!("pending_capture")));
    assert_eq!((&payment["captured"], &payment["date_approved"]), (&json!(false), &Value::Null));
    let uri = format!("/v1/payments/{}", payment["id"]);
    let (status, _) = bench.ask("PUT", &uri, &json!({ "capture": true, "transaction_amount": 200 }));
    assert_eq!(status, 400);
    let (status, payment) = bench.ask("PUT", &uri, &json!({ "capture": true, "transaction_amount": 40 }));
    assert_eq!((status, &payment["status"], &payment["transaction_amount"]), (200, &json!("approved"), &json!(40)));
    assert_eq!(payment["captured"], true);
    assert_eq!(bench.ask("PUT", &uri, &json!({ "capture": true })).0, 200);
}

#[test]
fn only_what_waits_is_cancelled() {
    let bench = Bench::new("MLB");
    for (method, holder) in [("visa", Some("CONT")), ("pix", None), ("bolbradesco", None)] {
        let (_, payment) = match holder {
            Some(holder) => bench.pay_with(method, holder, json!({})),
            None => bench.ask("POST", "/v1/payments", &bench.body(method, None)),
        };
        let uri = format!("/v1/payments/{}", payment["id"]);
        let (status, payment) = bench.ask("PUT", &uri, &json!({ "status": "cancelled" }));
        assert_eq!((status, &payment["status_detail"]), (200, &json!("by_collector")), "{payment}");
        assert_eq!(bench.ask("PUT", &uri, &json!({ "status": "cancelled" })).0, 400);
    }
}

#[test]
fn refunds_add_up() {
    let bench = Bench::new("MLA");
    let (_, payment) = bench.pay("APRO");
    let uri = format!("/v1/payments/{}", payment["id"]);
    let refunds = format!("{uri}/refunds");
    let (status, refund) = bench.ask("POST", &refunds, &json!({ "amount": 20.5 }));
    assert_eq!((status, &refund["amount"], &refund["payment_id"]), (201, &json!(20.5), &payment["id"]));
    let (_, payment) = bench.ask("GET", &uri, &Value::Null);
    assert_eq!((&payment["status"], &payment["status_detail"]), (&json!("approved"), &json!("partially_refunded")));
    assert_eq!(bench.ask("POST", &refunds, &json!({ "amount": 37.51 })).0, 400);
    let (status, refund) = bench.ask("POST", &refunds, &Value::Null);
    assert_eq!((status, &refund["amount"]), (201, &json!(37.5)));
    let (_, payment) = bench.ask("GET", &uri, &Value::Null);
    assert_eq!((&payment["status"], &payment["transaction_amount_refunded"]), (&json!("refunded"), &json!(58)));
    let (_, list) = bench.ask("GET", &refunds, &Value::Null);
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(bench.ask("GET", &format!("{refunds}/{}", refund["id"]), &Value::Null).0, 200);
    assert_eq!(bench.ask("POST", &refunds, &Value::Null).0, 400);
}

#[test]
fn what_is_too_old_is_not_refunded() {
    let bench = Bench::new("MLU");
    let (_, payment) = bench.pay("APRO");
    let uri = format!("/v1/payments/{}/refunds", payment["id"]);
    let days = |days: i64| jiff::ToSpan::hours(days * 24);
    let bench = {
        let now = bench.world.now();
        bench.at(now.checked_add(days(90)).unwrap())
    };
    assert_eq!(bench.ask("POST", &uri, &json!({ "amount": 1 })).0, 201);
    let bench = {
        let now = bench.world.now();
        bench.at(now.checked_add(days(1)).unwrap())
    };
    let (status, body) = bench.ask("POST", &uri, &Value::Null);
    assert_eq!((status, code(&body).as_str()), (404, "2024"));
}

#[test]
fn search_filters_sorts_and_pages() {
    let bench = Bench::new("MLA");
    for number in 0..7 {
        let holder = if number % 2 == 0 { "APRO" } else { "FUND" };
        bench.pay_with("visa", holder, json!({ "external_reference": format!("order-{number}") }));
    }
    bench.ask_as(Role::OtherSeller, "POST", "/v1/payments", &json!({}));
    let find = |query: &str| {
        let (status, page) = bench.ask("GET", &format!("/v1/payments/search?{query}"), &Value::Null);
        assert_eq!(status, 200, "{query}: {page}");
        let names = page["results"].as_array().unwrap().iter();
        let names: Vec<String> = names.map(|one| one["external_reference"].as_str().unwrap().to_owned()).collect();
        (page["paging"]["total"].as_u64().unwrap(), names)
    };
    assert_eq!(find("external_reference=order-3"), (1, vec!["order-3".to_owned()]));
    assert_eq!(find("status=rejected").0, 3);
    assert_eq!(
        find("sort=date_created&criteria=asc&limit=2&offset=1"),
        (7, vec!["order-1".to_owned(), "order-2".to_owned()])
    );
    let (_, page) = bench.ask("GET", "/v1/payments/search?sort=id&criteria=asc", &Value::Null);
    let ids: Vec<u64> = page["results"].as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert_eq!(find("limit=1"), (7, vec!["order-6".to_owned()]));
    assert_eq!(find("range=date_created&begin_date=NOW-1DAYS&end_date=NOW").0, 7);
    assert_eq!(find("begin_date=NOW%2B1DAYS").0, 0);
    assert_eq!(bench.ask("GET", "/v1/payments/search?limit=x", &Value::Null).0, 400);
    let (_, page) = bench.ask_as(Role::OtherSeller, "GET", "/v1/payments/search", &Value::Null);
    assert_eq!(page["paging"]["total"], 0);
}

#[test]
fn a_timeout_leaves_the_payment_behind() {
    let bench = Bench::new("MLA");
    let bearer = format!("Bearer {}", account("MLA", Role::Seller).access_token.expose_secret());
    let body = bench.body("visa", Some(&bench.token(&bench.card("visa", "APRO"))));
    let headers = [("authorization", bearer.as_str()), ("x-idempotency-key", "k"), ("x-homologa-fault", "http-499")];
    assert_eq!(bench.raw("POST", "/v1/payments", &headers, body.to_string().as_bytes()).0, 499);
    let (status, payment) = bench.raw("POST", "/v1/payments", &headers[..2], body.to_string().as_bytes());
    assert_eq!((status, &payment["status"]), (200, &json!("approved")));
}

#[test]
fn the_number_of_a_card_is_never_answered() {
    let bench = Bench::new("MLA");
    let card = bench.card("visa", "APRO");
    let number = card["card_number"].as_str().unwrap();
    let (_, token) = bench.ask("POST", "/v1/card_tokens", &card);
    let (_, payment) = bench.pay("APRO");
    assert!(!token.to_string().contains(number) && !payment.to_string().contains(number));
    assert_eq!(payment["card"]["last_four_digits"], number[12..]);
    assert_eq!(payment["card"]["id"], Value::Null);
}

#[test]
fn the_same_requests_get_the_same_answers() {
    let run = || {
        let bench = Bench::new("MLA");
        [bench.pay("APRO").1, bench.pay("FUND").1, bench.ask("GET", "/v1/payments/1", &Value::Null).1]
    };
    assert_eq!(run(), run());
}

#[test]
fn what_is_offered_is_taken() {
    let bench = Bench::new("MLB");
    let bin = &cards::find("MLB", "master").unwrap().number[..6];
    let uri = format!("/v1/payment_methods/installments?bin={bin}&amount=100");
    let (status, offers) = bench.ask("GET", &uri, &Value::Null);
    assert_eq!((status, &offers[0]["payment_method_id"]), (200, &json!("master")));
    let costs = offers[0]["payer_costs"].as_array().unwrap();
    assert_eq!((costs[2]["installments"].as_u64(), costs[2]["installment_amount"].as_f64()), (Some(3), Some(33.33)));
    for cost in costs {
        let (status, payment) = bench.pay_with("master", "APRO", json!({ "installments": cost["installments"] }));
        assert_eq!((status, &payment["installments"]), (201, &cost["installments"]));
    }
    let (status, body) = bench.ask("GET", "/v1/payment_methods/installments?bin=000000", &Value::Null);
    assert_eq!((status, body), (200, json!([])));
    assert_eq!(bench.ask("GET", "/v1/payment_methods/installments?amount=NaN", &Value::Null).0, 400);
    assert_eq!(bench.ask("GET", "/users/me", &Value::Null).1["site_id"], "MLB");
}
