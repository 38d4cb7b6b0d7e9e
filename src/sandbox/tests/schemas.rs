//! The schemas of `specs/schemas/` take what the service is known to answer, and what the sandbox answers.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::bench::{Bench, merge};
use crate::specs::FILES;
use crate::specs::{cards, sites};

fn schema(name: &str) -> Validator {
    let file = FILES.get_file(format!("schemas/{name}.schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(file.contents()).unwrap();
    assert_eq!(schema["$id"], format!("urn:homologa:schema:{name}"));
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn accepts(schema: &Validator, body: &Value) {
    if let Err(error) = schema.validate(body) {
        panic!("{error} at {}\n{body:#}", error.instance_path());
    }
}

fn refuses(schema: &Validator, body: &Value) {
    assert!(!schema.is_valid(body), "accepted: {body}");
}

/// Bodies as recorded answers and the test data of SDKs bend them, beside the reference.
#[test]
fn real_payments_are_payments() {
    let schema = schema("payment");
    let real = json!({
        "id": 1_312_345_678_901_u64, "status": "approved", "status_detail": "accredited",
        "date_created": "2026-11-20T10:15:30.000-04:00", "date_approved": null, "issuer_id": "25",
        "payer": { "id": "123", "email": null, "identification": { "number": "01234567890", "type": "CPF" }, "type": null },
        "card": { "first_six_digits": "012345", "last_four_digits": "0001", "cardholder": { "name": "APRO" } },
        "metadata": {}, "transaction_amount": 58, "collector_id": 448_870_796,
        "transaction_details": { "net_received_amount": 56.16, "total_paid_amount": 58 },
        "fee_details": [{ "type": "mercadopago_fee", "amount": 0.94, "fee_payer": "collector" }, { "amount": 1 }],
        "additional_info": { "items": [{ "quantity": "1", "unit_price": "58.8" }] },
    });
    accepts(&schema, &real);
    for bend in [
        json!({ "issuer_id": null }),
        json!({ "issuer_id": 25 }),
        json!({ "payer": { "id": null } }),
        json!({ "payer": { "id": 123 } }),
        json!({ "payer": {} }),
        json!({ "card": {} }),
        json!({ "metadata": [] }),
        json!({ "metadata": { "a": [1, null] } }),
        json!({ "additional_info": {} }),
        json!({ "additional_info": { "items": [{ "quantity": 1, "unit_price": 58.8 }] } }),
        json!({ "additional_info": { "shipments": { "receiver_address": { "zip_code": 1000, "street_number": null } } } }),
        json!({ "date_created": "2026-11-20T14:15:30Z" }),
        json!({ "date_created": "2026-11-20T10:15:30.000-0400" }),
        json!({ "date_created": "2026-11-20T14:15:30.123456789Z" }),
        json!({ "transaction_amount": 58.82 }),
        json!({ "collector_id": "448870796" }),
        json!({ "description": null, "statement_descriptor": null, "notification_url": null, "processing_mode": null }),
        json!({ "point_of_interaction": { "type": "UNSPECIFIED", "application_data": { "name": null, "version": null } } }),
        json!({ "refunds": [{ "id": 1, "source": "collector" }, { "id": 2, "source": { "id": "1" } }] }),
        json!({ "a_field_of_tomorrow": { "anything": [] } }),
    ] {
        let mut body = real.clone();
        merge(&mut body, bend);
        accepts(&schema, &body);
    }
    accepts(&schema, &json!({ "id": 1, "status": "pending" }));
    for wrong in [
        json!({ "transaction_amount": "58" }),
        json!({ "id": "(none)" }),
        json!({ "id": "123" }),
        json!({ "status": 1 }),
        json!({ "status": null }),
        json!({ "status_detail": [] }),
        json!({ "date_created": "20/11/2026" }),
        json!({ "metadata": "x" }),
        json!({ "captured": "true" }),
        json!({ "payer": "a@testuser.com" }),
        json!({ "fee_details": [{ "amount": "1" }] }),
        json!({ "card": { "last_four_digits": 1 } }),
        json!({ "installments": 1.5 }),
    ] {
        let mut body = real.clone();
        merge(&mut body, wrong);
        refuses(&schema, &body);
    }
    refuses(&schema, &json!([]));
    refuses(&schema, &json!({ "message": "Card Token not found", "error": "bad_request", "status": 400, "cause": [] }));
}

#[test]
fn real_errors_are_errors() {
    let schema = schema("error");
    let cause = json!({ "code": 2006, "description": "Card Token not found", "data": "23-09-2021T17:56:16UTC;x" });
    let usual = |cause: Value| json!({ "message": "m", "error": "bad_request", "status": 400, "cause": cause });
    for body in [
        usual(json!([cause])),
        usual(json!([])),
        usual(Value::Null),
        usual(cause.clone()),
        usual(json!([[cause]])),
        usual(json!([{}])),
        usual(json!([{ "code": "E301", "description": null }])),
        json!({ "message": "internal_error", "error": null, "status": 500, "cause": [] }),
        json!({ "message": null, "error": "x", "status": null }),
        json!({ "message": "m", "status": 429 }),
        json!({ "message": "At least one policy returned UNAUTHORIZED.", "code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES", "status": 403, "blocked_by": "PolicyAgent" }),
        json!({ "message": "Si quieres conocer los recursos", "error": "resource not found" }),
        json!({ "code": "unauthorized", "message": "authorization value not present" }),
        json!({ "message": "m", "error": "e", "status": 400, "causes": [cause] }),
        json!({ "errors": [{ "code": "property_value", "message": "m", "details": ["d"] }] }),
        json!({ "ErrorMessage": "m", "ErrorCode": 1, "ErrorStatus": 400, "ErrorCause": [] }),
    ] {
        accepts(&schema, &body);
    }
    for body in [
        json!([]),
        json!("error"),
        json!({}),
        json!({ "status": 400 }),
        json!({ "message": 1, "status": 400 }),
        usual(json!("text")),
        usual(json!([{ "code": true }])),
        json!({ "errors": [] }),
    ] {
        refuses(&schema, &body);
    }
}

#[test]
fn what_the_sandbox_answers_fits() {
    let (payment, token, error) = (schema("payment"), schema("card_token"), schema("error"));
    let (methods, page) = (schema("payment_methods"), schema("payment_search"));
    for site in sites::all() {
        let bench = Bench::new(Box::leak(site.id.clone().into_boxed_str()));
        accepts(&methods, &bench.ask("GET", "/v1/payment_methods", &Value::Null).1);
        accepts(&token, &bench.ask("POST", "/v1/card_tokens", &bench.card("visa", "APRO")).1);
        accepts(&token, &bench.ask("POST", "/v1/card_tokens", &json!({})).1);
        for holder in cards::holders() {
            accepts(&payment, &bench.pay(&holder.code).1);
        }
        for method in site.payment_methods.iter().filter(|method| !method.is_card()) {
            let (status, body) = bench.ask("POST", "/v1/payments", &bench.body(&method.id, None));
            assert_eq!(status, 201, "{body}");
            accepts(&payment, &body);
        }
        let more =
            json!({ "metadata": { "a": 1 }, "additional_info": { "items": [{ "quantity": 1, "unit_price": 58 }] } });
        let (_, body) = bench.pay_with("visa", "APRO", more);
        accepts(&payment, &body);
        assert_eq!(body["additional_info"]["items"][0], json!({ "quantity": "1", "unit_price": "58" }));
        assert!(body.as_object().unwrap().len() >= 60, "{}", body.as_object().unwrap().len());
        bench.ask("POST", &format!("/v1/payments/{}/refunds", body["id"]), &json!({ "amount": 1 }));
        accepts(&payment, &bench.ask("GET", &format!("/v1/payments/{}", body["id"]), &Value::Null).1);
        accepts(&page, &bench.ask("GET", "/v1/payments/search", &Value::Null).1);
        accepts(&error, &bench.ask("POST", "/v1/payments", &json!({})).1);
        accepts(&error, &bench.ask("GET", "/v1/nowhere", &Value::Null).1);
        accepts(&error, &bench.raw("POST", "/v1/payments", &[], b"").1);
    }
    let bench = Bench::new("MLA");
    for shape in crate::sandbox::FAULT_SHAPES {
        let (_, body) = bench.raw("POST", "/v1/payments", &[("x-homologa-fault", shape)], b"");
        if body.is_object() {
            accepts(&error, &body);
        }
    }
}
