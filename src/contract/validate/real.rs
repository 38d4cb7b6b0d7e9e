//! Bodies as they really come: payments of seven countries and of four ages of the API, and every error that is known in
//! every shape that is known. No payment fails, and each error gets its grade.

use serde_json::{Map, Value, json};

use super::{Captured, Judged, Kind, judge};
use crate::run::Verdict;
use crate::specs::catalogue::{NeighbourKind, catalogue, neighbours};
use crate::specs::sites::{self, Site};
use crate::specs::statuses::statuses;

fn judged(body: &Value, status: Option<u16>, path: Option<&str>) -> Judged {
    let path = path.map(str::to_owned);
    judge("f", Captured { status, path, body: Some(body.clone()), ..Captured::default() })
}

/// How an answer is written: by the age of the API, or by a PHP program that logged it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Age {
    Y2014,
    Y2018,
    Y2021,
    Y2025,
    Php,
}

const AGES: [Age; 5] = [Age::Y2014, Age::Y2018, Age::Y2021, Age::Y2025, Age::Php];

/// A payment of a site with a method and a pair of statuses, with the types and nulls that answers of its age have.
fn payment(site: &Site, method: &str, kind: &str, status: &str, detail: Option<&str>, age: Age) -> Value {
    let empty = || if age == Age::Php { json!([]) } else { json!({}) };
    let offset = match age {
        Age::Y2014 => "-0400",
        _ => "-04:00",
    };
    let date = |day: u32| json!(format!("2026-01-{day:02}T09:26:39.000{offset}"));
    let approved = matches!(status, "approved" | "refunded" | "charged_back" | "in_mediation");
    let card = kind.contains("card") && kind != "prepaid";
    let document = site.identification_types.first().map_or("DNI", |document| document.id.as_str());
    let amount = if site.decimals == 0 { json!(1000) } else { json!(58.5) };
    let mut body = json!({
        "id": 139_925_306_704_u64, "date_created": date(2), "date_approved": if approved { date(3) } else { Value::Null },
        "date_last_updated": date(3), "date_of_expiration": if card { Value::Null } else { date(9) },
        "money_release_date": if approved { date(20) } else { Value::Null }, "operation_type": "regular_payment",
        "issuer_id": if card { json!("25") } else { Value::Null }, "payment_method_id": method, "payment_type_id": kind,
        "status": status, "status_detail": detail, "currency_id": site.currency, "description": Value::Null,
        "live_mode": age != Age::Y2014, "sponsor_id": Value::Null, "authorization_code": if card { json!("301299") } else { Value::Null },
        "money_release_schema": Value::Null, "counter_currency": Value::Null, "collector_id": 448_876_418_u64,
        "payer": {"type": Value::Null, "id": "1503133188", "email": Value::Null, "first_name": Value::Null, "last_name": Value::Null,
            "entity_type": Value::Null, "operator_id": Value::Null,
            "identification": {"type": document, "number": "0191191191"},
            "phone": {"area_code": Value::Null, "number": Value::Null, "extension": ""}},
        "metadata": empty(), "additional_info": empty(), "order": empty(), "external_reference": Value::Null,
    });
    let rest = json!({
        "transaction_amount": amount, "transaction_amount_refunded": 0, "coupon_amount": 0,
        "differential_pricing_id": Value::Null, "deduction_schema": Value::Null,
        "transaction_details": {"net_received_amount": 0.94, "total_paid_amount": 58, "overpaid_amount": 0,
            "external_resource_url": if card { Value::Null } else { json!("https://www.mercadopago.com/x") },
            "installment_amount": 58.5, "financial_institution": Value::Null, "payment_method_reference_id": "1234567",
            "payable_deferral_period": Value::Null, "acquirer_reference": Value::Null},
        "fee_details": [{"type": "mercadopago_fee", "amount": 3, "fee_payer": "collector"}],
        "captured": true, "binary_mode": false, "call_for_authorize_id": Value::Null, "statement_descriptor": Value::Null,
        "installments": 1, "notification_url": Value::Null, "refunds": [], "processing_mode": "aggregator",
        "merchant_account_id": Value::Null, "acquirer": Value::Null, "merchant_number": Value::Null, "card": empty(),
    });
    let (Value::Object(members), Value::Object(rest)) = (&mut body, rest) else { return Value::Null };
    members.extend(rest);
    if card {
        members.insert(
            "card".to_owned(),
            json!({"id": Value::Null, "first_six_digits": "042356", "last_four_digits": "0682", "expiration_month": 11,
                   "expiration_year": 2030, "date_created": date(2), "date_last_updated": date(2),
                   "cardholder": {"name": "APRO", "identification": {"number": Value::Null, "type": Value::Null}}}),
        );
    }
    add(members, age, &date(2));
    body
}

/// What answers of an age have besides.
fn add(members: &mut Map<String, Value>, age: Age, date: &Value) {
    let more = match age {
        Age::Y2014 => {
            json!({"money_release_date": "2026-01-20T09:26:39.000Z", "last_modified": date, "site_id": "MLA", "marketplace": "NONE",
            "coupon_id": Value::Null, "issuer_id": 338, "payer": {"id": 12, "type": "guest", "email": "a@testuser.com",
            "identification": {"type": "DNI", "number": "12345678"}}})
        }
        Age::Y2018 => {
            json!({"counter_currency": {"currency_id": "USD", "rate": 18.225, "amount": 4.99, "amount_refunded": 0},
            "order": {"id": "710534062", "type": "mercadopago"}, "client_id": "6122032597128314", "profile_id": "p", "payer_id": 300_444_925,
            "payer_tags": [], "collector_tags": [], "risk_execution_id": 14_940_341_296_u64, "api_version": "2", "application_id": 6_122_032_597_128_314_u64,
            "available_actions": ["refund"], "reserve_id": Value::Null, "transaction_id": "6608447860_776736", "financing_type": Value::Null,
            "internal_metadata": {"processed_by": "x"}, "acquirer_reconciliation": [], "collector": {"id": 1, "email": "a@testuser.com"}})
        }
        Age::Y2021 => {
            json!({"additional_info": {"items": [{"id": "i", "title": "t", "quantity": "1", "unit_price": "58.5", "category_id": Value::Null}],
            "payer": {"phone": {"area_code": "11", "number": "44444444"}, "address": {"zip_code": "5700", "street_number": "123"}},
            "shipments": {"receiver_address": {"zip_code": "5700", "street_number": "123", "floor": "4"}}, "nsu_processadora": Value::Null,
            "authentication_code": Value::Null, "available_balance": Value::Null, "ip_address": "10.0.0.1"},
            "taxes_amount": 0, "shipping_amount": 0, "pos_id": Value::Null, "store_id": Value::Null, "integrator_id": Value::Null,
            "platform_id": Value::Null, "corporation_id": Value::Null, "order": {"id": 2_000_018_265_495_500_u64, "type": "mercadolibre"},
            "refunds": [{"id": 1, "payment_id": 2, "amount": 3, "source": {"id": "1", "name": "n", "type": "collector"}, "status": "approved",
            "date_created": date, "metadata": {}, "unique_sequence_number": Value::Null, "refund_mode": "standard"}],
            "point_of_interaction": {"type": "UNSPECIFIED", "business_info": {"unit": "online_payments", "sub_unit": "checkout_pro"}}})
        }
        Age::Y2025 | Age::Php => {
            let map = if age == Age::Php { json!([]) } else { json!({}) };
            json!({"accounts_info": Value::Null, "brand_id": Value::Null, "build_version": "3.136.0-rc-1", "callback_url": Value::Null,
                "charges_details": [{"accounts": {"from": "collector", "to": "mp"}, "amounts": {"original": 0.1, "refunded": 0}, "client_id": 0,
                "date_created": date, "id": "1-001", "metadata": map.clone(), "name": "mercadopago_fee", "refund_charges": [], "type": "fee"}],
                "charges_execution_info": {"internal_execution": {"date": date, "execution_id": "01K"}}, "financing_group": Value::Null,
                "marketplace_owner": Value::Null, "money_release_status": "released", "release_info": Value::Null, "tags": Value::Null,
                "payment_method": {"id": "x", "issuer_id": "12501", "type": "y", "data": {"routing_data": {"merchant_account_id": "1"}}},
                "additional_info": {"tracking_id": "platform:v1", "bank_info": {"is_same_bank_account_owner": true}},
                "point_of_interaction": {"type": "OPENPLATFORM", "sub_type": "INTER_PSP", "location": {"source": Value::Null, "state_id": Value::Null},
                "application_data": {"name": Value::Null, "operating_system": Value::Null, "version": Value::Null},
                "business_info": {"branch": "x", "sub_unit": "default", "unit": "online_payments"},
                "transaction_data": {"bank_info": {"collector": {"account_id": 29_055_667_642_u64, "long_name": Value::Null},
                "payer": {"account_id": 84_935_392, "id": Value::Null, "identification": map}}, "bank_transfer_id": 1, "e2e_id": Value::Null,
                "qr_code": "0002", "ticket_url": "https://x.example", "transaction_id": Value::Null}}})
        }
    };
    if let Value::Object(more) = more {
        members.extend(more);
    }
}

#[test]
fn payments_of_seven_countries_and_every_age_never_fail() {
    let mut count = 0;
    for site in sites::all() {
        for (index, method) in site.payment_methods.iter().enumerate() {
            // Every pair comes with some method of every site; every age with every method.
            for (other, pair) in statuses().pairs.iter().enumerate() {
                if other % site.payment_methods.len() != index {
                    continue;
                }
                for age in AGES {
                    let detail = pair.status_detail.as_deref();
                    let body = payment(site, &method.id, &method.payment_type_id, &pair.status, detail, age);
                    for http in [None, Some(201), Some(200)] {
                        let found = judged(&body, http, http.map(|_| "/v1/payments"));
                        assert_eq!(
                            (found.kind, found.verdict),
                            (Kind::Payment, Verdict::Pass),
                            "{age:?} {found:?}\n{body}"
                        );
                        assert_ne!(found.grade, "unknown-status", "{found:?}");
                    }
                    count += 1;
                }
            }
        }
    }
    assert!(count > 1_500, "{count}");
}

/// Wherever a real answer has null or an empty map, an answer may have it again.
#[test]
fn nulls_and_empty_maps_do_not_break_a_payment() {
    let required = ["id", "status", "transaction_amount", "collector_id"];
    let site = &sites::all()[0];
    for age in AGES {
        let whole = payment(site, "visa", "credit_card", "approved", Some("accredited"), age);
        for name in whole.as_object().unwrap().keys().filter(|name| !required.contains(&name.as_str())) {
            let mut without = whole.clone();
            without.as_object_mut().unwrap().shift_remove(name);
            let mut null = whole.clone();
            null[name] = Value::Null;
            let mut bodies = vec![without, null];
            if whole[name].is_object() {
                for empty in [json!({}), json!([])] {
                    let mut body = whole.clone();
                    body[name] = empty;
                    bodies.push(body);
                }
            }
            for body in bodies {
                let found = judged(&body, Some(200), Some("/v1/payments/1"));
                assert_eq!(found.verdict, Verdict::Pass, "{age:?} {name}: {:?}", found.grades);
            }
        }
    }
}

fn slug(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        _ => "bad_request",
    }
}

#[test]
fn every_documented_error_gets_its_grade_in_every_shape() {
    let mut count = 0;
    for entry in catalogue().entries() {
        let code = entry.wire_code.as_deref().unwrap_or(&entry.code);
        let number: Value = code.parse::<u64>().map_or_else(|_| json!(code), |number| json!(number));
        let message = entry.message.as_deref().unwrap_or("There is no text for it");
        let status = entry.status;
        let with = |cause: Value, message: &str, status: u16| json!({"message": message, "error": slug(status), "status": status, "cause": cause});
        let cause = |code: &Value, text: &str| json!({"code": code, "description": text, "data": "21-11-2026T10:00:00UTC;0b1c1f0e"});
        let usual = with(json!([cause(&number, message)]), message, status);
        let wire: String = message.trim_end_matches('.').chars().filter(|character| *character != '`').collect();
        let lower = wire.chars().take(1).flat_map(char::to_lowercase).chain(wire.chars().skip(1)).collect::<String>();
        let mut cases = vec![
            (usual.clone(), None, "conform"),
            (usual.clone(), Some(status), "conform"),
            (with(json!([cause(&json!(code), &lower)]), &lower, status), None, "conform"),
            (with(json!(cause(&number, message)), message, status), None, "shape"),
            (with(json!([[cause(&number, message)]]), message, status), None, "shape"),
            (
                json!({"name": "MercadoPagoError", "message": message, "status": status, "idempotency": "x", "cause": [cause(&number, message)]}),
                None,
                "conform",
            ),
            (json!({"status": status.to_string(), "response": usual}), None, "conform"),
            (json!({"status": status, "response": usual.to_string()}), None, "conform"),
            (usual.clone(), Some(422), "status-mismatch"),
            (usual.clone(), Some(200), "status-mismatch"),
        ];
        if entry.message.is_some() {
            cases.push((
                with(json!([cause(&number, "Other payer_id words")]), "Other payer_id words", status),
                None,
                "reworded",
            ));
            let split = with(json!([cause(&number, "Other payer_id words")]), message, status);
            cases.push((split, None, "message-split"));
        }
        for (body, http, grade) in cases {
            let found = judged(&body, http, None);
            assert_eq!((found.kind, found.grade), (Kind::Error, grade), "{}: {body}\n{:?}", entry.id, found.grades);
            let fails = grade == "status-mismatch";
            assert_eq!(found.verdict, if fails { Verdict::Fail } else { Verdict::Pass }, "{}: {body}", entry.id);
            assert!(found.shows.iter().any(|shown| shown.id == entry.id), "{}: {:?}", entry.id, found.shows);
            count += 1;
        }
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn every_neighbour_is_graded_by_what_it_is() {
    for other in neighbours().iter().filter(|other| other.status.is_some()) {
        let status = other.status.unwrap();
        let text_code = other.endpoint.as_deref().is_some_and(|endpoint| endpoint.contains("customers"));
        let code = match other.code.parse::<u64>() {
            Ok(number) if !text_code => json!(number),
            _ => json!(other.code),
        };
        let message = other.message.as_deref().unwrap_or("x");
        let body = json!({"message": message, "error": slug(status), "status": status, "cause": [{"code": code, "description": message}]});
        let found = judged(&body, None, None);
        let grade = match other.kind {
            NeighbourKind::FormerlyDocumented => "formerly-documented",
            NeighbourKind::Undocumented if other.id == "401/5" => "formerly-documented",
            NeighbourKind::Undocumented => "unknown-code",
            NeighbourKind::OtherEndpoint | NeighbourKind::ClientSide => "other-endpoint",
        };
        assert_eq!((found.kind, found.grade), (Kind::Error, grade), "{}: {body}\n{:?}", other.id, found.grades);
        assert_ne!(found.verdict, Verdict::Fail, "{}", other.id);
    }
}

#[test]
fn errors_of_the_service_are_of_the_environment_in_every_shape() {
    for status in [424_u16, 429, 499, 500, 502, 503, 504] {
        for body in [
            json!({"message": "internal_error", "error": Value::Null, "status": status, "cause": []}),
            json!({"message": "", "error": "x", "status": status, "cause": Value::Null}),
            json!({"message": "m", "status": status}),
            json!({"message": "m", "error": "x", "status": status, "cause": [{"code": "internal", "description": "d"}]}),
            json!({"error": "too_many_requests", "message": "m", "status": status, "cause": {}}),
            json!({"status": status, "response": {"message": "m", "error": "e", "status": status, "cause": []}}),
        ] {
            let found = judged(&body, None, None);
            assert_eq!(
                (found.grade, found.verdict),
                ("environment", Verdict::Inconclusive),
                "{body} {:?}",
                found.grades
            );
        }
    }
}

#[test]
fn tokens_refunds_and_other_resources_never_fail() {
    let date = "2026-01-02T03:04:05.123456789-04:00";
    let tokens = [json!(true), json!("true"), Value::Null].into_iter().flat_map(|luhn| {
        [json!("2026"), json!(2026), Value::Null].into_iter().map(move |year| {
            json!({"id": "ff8080814c11e237014c1ff593b57b4d", "public_key": "TEST-x", "card_id": Value::Null, "status": "active",
                "cardholder": {"name": "APRO", "identification": {}}, "first_six_digits": "503175", "last_four_digits": "0604",
                "expiration_month": 11, "expiration_year": if year.is_string() { json!(2026) } else { year }, "luhn_validation": luhn,
                "security_code_length": 3, "card_number_length": 16, "date_created": date, "date_due": date, "date_last_updated": date,
                "live_mode": false, "require_esc": false, "trunc_card_number": Value::Null})
        })
    });
    for token in tokens {
        let found = judged(&token, Some(201), Some("/v1/card_tokens"));
        assert_eq!((found.kind, found.verdict), (Kind::CardToken, Verdict::Pass), "{:?}", found.grades);
    }
    let sources = [
        json!({"id": "1", "name": "n", "type": "collector"}),
        json!("x"),
        json!([{"id": "1"}]),
        json!([]),
        Value::Null,
    ];
    for source in sources {
        for id in [json!(1_009_042_015), json!("1009042015")] {
            let refund = json!({"id": id, "payment_id": 18_552_260_055_u64, "amount": 10, "metadata": [], "source": source,
                "date_created": date, "unique_sequence_number": Value::Null, "refund_mode": "standard", "adjustment_amount": 0,
                "status": "approved", "reason": Value::Null, "labels": [], "amount_refunded_to_payer": 10.5, "partition_details": []});
            let found = judged(&refund, Some(201), Some("/v1/payments/1/refunds"));
            assert_eq!((found.kind, found.verdict), (Kind::Refund, Verdict::Pass), "{refund} {:?}", found.grades);
        }
    }
    for (body, path, kind) in [
        (
            json!({"id": "ORD01J", "type": "online", "status": "processed", "status_detail": "accredited", "total_amount": "50.00",
            "transactions": {"payments": [{"id": "PAY01J", "amount": "50.00", "status": "processed"}]}}),
            "/v1/orders",
            Kind::Order,
        ),
        (
            json!({"id": "PAY01J", "amount": "50.00", "status": "processed", "status_detail": "accredited",
            "payment_method": {"id": "visa", "type": "credit_card"}}),
            "/v1/orders/x/transactions",
            Kind::Order,
        ),
        (
            json!({"id": "1-2c69", "collector_id": "307467332", "items": [{"id": "i", "quantity": 1, "unit_price": 100}], "init_point": "https://x",
            "payer": {"date_created": "", "address": {"street_number": 123}}, "additional_info": ""}),
            "/checkout/preferences",
            Kind::Preference,
        ),
        (
            json!({"id": 710_534_062, "status": "closed", "preference_id": "1-2", "payments": [{"id": 1, "status": "approved"}], "items": [],
            "order_status": "paid", "shipments": []}),
            "/merchant_orders/710534062",
            Kind::MerchantOrder,
        ),
        (
            json!({"id": "123-abc", "email": Value::Null, "cards": [], "addresses": [], "metadata": [], "phone": {"area_code": "11", "number": 4},
            "default_card": Value::Null, "identification": {"type": "DNI", "number": "1"}, "date_registered": Value::Null}),
            "/v1/customers",
            Kind::Customer,
        ),
        (
            json!({"id": 8_987_269_652_u64, "customer_id": "1-2", "first_six_digits": "503143", "last_four_digits": "6351", "issuer": {"id": "3"},
            "user_id": 448_870_796, "security_code": {"length": 3}}),
            "/v1/customers/1/cards",
            Kind::Card,
        ),
    ] {
        for path in [None, Some(path)] {
            let found = judged(&body, None, path);
            assert_eq!((found.kind, found.verdict), (kind, Verdict::NotApplicable), "{body} {:?}", found.grades);
        }
    }
}
