use super::*;
use serde_json::json;

fn one(status: Option<u16>, body: Value) -> Judged {
    judge("f", Captured { status, body: Some(body), ..Captured::default() })
}

fn error(code: Value, message: &str) -> Value {
    json!({"message": message, "error": "bad_request", "status": 400,
           "cause": [{"code": code, "description": message, "data": "01-02-2026T10:00:00UTC;abc"}]})
}

#[test]
fn errors_get_their_grade() {
    let known = "Card Token not found";
    for (status, body, grade) in [
        (None, error(json!(2006), known), "conform"),
        (Some(400), error(json!("2006"), known), "conform"),
        (None, error(json!(2006), "we lost it"), "reworded"),
        (Some(404), error(json!(2006), known), "status-mismatch"),
        (None, error(json!(123_456), "x"), "unknown-code"),
        (None, error(json!(2060), "x"), "formerly-documented"),
        (None, error(json!("E301"), "x"), "other-endpoint"),
        (
            None,
            json!({"message": "x", "error": "unauthorized", "status": 401, "cause": [{"code": 5}]}),
            "formerly-documented",
        ),
        (None, json!({"message": known, "error": "e", "status": 400, "cause": {"code": 2006}}), "shape"),
        (None, json!({"message": known, "error": "e", "status": 400, "cause": [[{"code": 2006}]]}), "shape"),
        (None, json!({"message": "m", "error": "e", "status": 400, "cause": null}), "shape"),
        (None, json!({"message": "m", "error": "e", "status": 400}), "shape"),
        (None, json!({"message": "m", "error": "e", "status": 400, "cause": [{}]}), "shape"),
        (None, json!({"code": "unauthorized", "message": "authorization value not present"}), "shape"),
        (None, json!({"status": 400, "message": "m"}), "shape"),
        (None, json!({"error": "not_found", "message": "Si quieres conocer los recursos"}), "shape"),
        (None, json!({"ErrorMessage": "m", "ErrorCode": 1, "ErrorStatus": 400, "ErrorCause": null}), "shape"),
        (None, json!({"message": "m", "error": null, "status": 500, "cause": []}), "environment"),
        (Some(429), json!({"message": "m"}), "environment"),
        (Some(424), json!({"message": "m", "status": 424}), "environment"),
        (Some(499), json!({"message": "m"}), "environment"),
        (Some(404), json!({"message": "m", "error": "not_found", "status": 404, "cause": []}), "undocumented-status"),
        (Some(400), json!({"message": "m", "error": "e", "status": 401, "cause": []}), "status-mismatch"),
        (None, error(json!(8), "The name of the following parameters is wrong : [payer.x]"), "conform"),
        (
            None,
            json!({"message": "At least one policy returned UNAUTHORIZED.", "status": 403, "blocked_by": "PolicyAgent",
                   "code": "PA_UNAUTHORIZED_RESULT_FROM_POLICIES"}),
            "conform",
        ),
        (
            None,
            json!({"message": known, "error": "e", "status": 400, "cause": [{"code": 2006, "description": "other"}]}),
            "message-split",
        ),
    ] {
        let judged = one(status, body.clone());
        assert_eq!(judged.kind, Kind::Error, "{body}");
        assert_eq!(judged.grade, grade, "{status:?} {body}: {:?}", judged.grades);
    }
}

fn payment() -> Value {
    json!({"id": 123_456_789_012u64, "date_created": "2026-01-02T03:04:05.000-04:00", "date_approved": null,
        "money_release_date": null, "issuer_id": "25", "payment_method_id": "visa", "payment_type_id": "credit_card",
        "status": "rejected", "status_detail": "cc_rejected_other_reason", "currency_id": "BRL",
        "description": null, "live_mode": false, "sponsor_id": null, "collector_id": 448_876_418,
        "payer": {"id": "123", "email": null, "type": null, "identification": {"number": "0191", "type": "CPF"}},
        "metadata": {}, "additional_info": {"items": [{"quantity": "1", "unit_price": "58.5"}],
        "shipments": {"receiver_address": {"zip_code": "06233", "street_number": null}}}, "order": {},
        "external_reference": null, "transaction_amount": 58, "transaction_details": {"net_received_amount": 0.94},
        "fee_details": [{"type": "mercadopago_fee", "amount": 0.94, "fee_payer": "collector"}], "captured": true,
        "binary_mode": false, "installments": 1, "card": {"first_six_digits": "042356", "last_four_digits": "0682"},
        "refunds": [], "acquirer_reconciliation": [], "notification_url": null})
}

#[test]
fn real_payments_never_fail() {
    let mut cash = payment();
    cash["card"] = json!({});
    cash["issuer_id"] = Value::Null;
    cash["metadata"] = json!([]);
    cash["date_created"] = json!("2014-05-06T07:08:09.000-0400");
    let mut numbers = payment();
    numbers["card"]["first_six_digits"] = json!(423_564);
    numbers["payer"]["identification"]["number"] = json!(19_119_119_100u64);
    numbers["collector_id"] = json!("448876418");
    // A PHP program that logs an answer turns every empty map into an empty list.
    let mut php = payment();
    for map in ["metadata", "order", "card", "transaction_details", "point_of_interaction", "payment_method"] {
        php[map] = json!([]);
    }
    php["payer"]["identification"] = json!([]);
    php["additional_info"] = json!({"payer": {"phone": []}, "shipments": {"receiver_address": []}});
    let mut dates = payment();
    dates["date_created"] = json!("2026-01-02");
    let mut detail = payment();
    detail["status_detail"] = json!("cc_rejected_by_the_moon");
    let mut new = payment();
    new["something_new"] = json!(1);
    for (body, grade) in [
        (payment(), "conform"),
        (cash, "type-in-tolerance"),
        (numbers, "type-in-tolerance"),
        (new, "new-field"),
        (json!({"id": 1, "status": "approved", "status_detail": "accredited"}), "conform"),
        (json!({"id": 1, "status": "cancelled", "capture": false, "transaction_amount": 1.0}), "conform"),
        (json!({"id": 1, "point_of_interaction": {"transaction_data": {"qr_code": "x"}}}), "lost-field"),
        (json!({"status": "approved", "status_detail": "accredited"}), "lost-field"),
        (php, "type-in-tolerance"),
        (dates, "type-in-tolerance"),
        (detail, "unknown-status"),
    ] {
        let judged = one(Some(201), body.clone());
        assert_eq!(
            (judged.kind, judged.grade, judged.verdict),
            (Kind::Payment, grade, Verdict::Pass),
            "{body} {judged:?}"
        );
    }
}

#[test]
fn types_outside_the_tolerance_fail() {
    for (field, value) in [
        ("status", json!(1)),
        ("transaction_amount", json!("58")),
        ("transaction_amount", json!([])),
        ("id", json!("x")),
        ("id", Value::Null),
        ("card", json!([1])),
        ("description", json!([])),
        ("date_created", json!("yesterday")),
        ("captured", json!("yes")),
        ("refunds", json!([{"id": []}])),
        ("transaction_amount", json!([{}])),
        ("metadata", json!([{}, {}])),
        ("status", json!([[]])),
    ] {
        let mut body = payment();
        body[field] = value;
        let judged = one(None, body);
        assert_eq!((judged.grade, judged.verdict), ("type", Verdict::Fail), "{field}");
    }
}

#[test]
fn kinds_are_told_apart() {
    use Kind::*;
    let judged_here = [Payment, CardToken, Refund, PaymentSearch, PaymentMethods];
    let mut order = payment();
    order["id"] = json!("PAY01ABC");
    for (body, kind) in [
        (
            json!({"id": "abc", "public_key": "k", "luhn_validation": "true", "live_mode": false, "status": "active"}),
            CardToken,
        ),
        (json!({"id": "abc", "status": "active", "date_due": null}), CardToken),
        (json!({"id": 1, "payment_id": 2, "amount": 3.5, "status": "approved", "source": "x"}), Refund),
        (json!({"id": 1, "amount": 3.5, "refund_mode": "standard"}), Refund),
        (json!({"paging": {"total": 1}, "results": [payment()]}), PaymentSearch),
        (json!({"paging": {"total": 0}, "results": []}), PaymentSearch),
        (json!([{"id": "visa", "payment_type_id": "credit_card", "settings": []}]), PaymentMethods),
        (json!({"id": "1-2", "init_point": "https://x", "items": []}), Preference),
        (json!({"id": "1-2", "email": "a@testuser.com", "cards": [], "addresses": []}), Customer),
        (json!({"paging": {"total": 1}, "results": [{"id": "1-2", "email": "a@testuser.com", "cards": []}]}), Search),
        (json!({"elements": [], "next_offset": 0, "total": 0}), Search),
        (json!({"id": "8", "customer_id": "1-2", "first_six_digits": "503143", "issuer": {"id": 3}}), Card),
        (json!({"id": 1, "preference_id": "p", "payments": [], "order_status": "paid"}), MerchantOrder),
        (json!({"id": "O", "status": "processed", "transactions": {}}), Order),
        (order, Order),
        (
            json!({"preapproval_id": "2c", "id": 7, "status": "processed", "transaction_amount": 10,
                   "payment": {"id": 9, "status": "approved", "status_detail": "accredited"}}),
            Subscription,
        ),
        (json!({"id": "2c", "status": "pending", "auto_recurring": {"currency_id": "BRL"}}), Subscription),
        (json!({"id": 3, "status": "approved", "disbursements": [{"collector_id": 1}]}), AdvancedPayment),
        (json!({"id": 3, "status": "approved", "wallet_payment": {}, "payments": [{"id": 4}]}), AdvancedPayment),
        (json!({"id": 3, "status": "authorized", "payments": [{"id": 4, "status": "authorized"}]}), AdvancedPayment),
        (json!({"id": 7, "advanced_payment_id": 3, "amount": 5, "status": "approved"}), AdvancedPayment),
        (json!({"id": 5, "status": "closed", "payments": [{"id": 4, "status": "rejected"}]}), MerchantOrder),
        (json!({"collection": {"id": 1, "status": "approved"}}), Collection),
        (json!({"id": "C", "payment_id": 1, "amount": 5, "reason_id": "4853", "currency_id": "BRL"}), Chargeback),
        (
            json!({"action": "payment.created", "api_version": "v1", "data": {"id": "1"}, "id": 2, "live_mode": true,
                   "type": "payment", "user_id": "3"}),
            Notification,
        ),
        (json!({"resource": "https://x/collections/notifications/1", "topic": "payment"}), Notification),
        (
            json!({"notification_id": "TP-1", "status": "approved", "transaction_amount": 6.5, "payments_details": []}),
            Notification,
        ),
        (json!({"x": 1}), Unknown),
        (json!({"message": "hello"}), Unknown),
        (json!({"success": false, "message": "no", "error": "x"}), Unknown),
        (json!({"status": 200, "message": "OK", "data": null}), Unknown),
        (json!({"statusCode": 201, "message": "Pago creado", "data": "123"}), Unknown),
        (json!({"id": 12, "status": "active", "currency_id": "ARS"}), Unknown),
        (json!({"id": 3, "status": "authorized", "plan": "x"}), Unknown),
        (json!({"message": "Invalid data", "errors": {"email": ["taken"]}}), Unknown),
        (json!({"transaction_amount": 1, "token": "t", "payer": {"email": "a@testuser.com"}}), Unknown),
        (json!({"id": "pre-1", "status": "cancelled"}), Unknown),
        (json!("text"), Unknown),
    ] {
        let judged = one(None, body.clone());
        let verdict = match kind {
            Unknown => Verdict::Inconclusive,
            kind if judged_here.contains(&kind) => Verdict::Pass,
            _ => Verdict::NotApplicable,
        };
        assert_eq!((judged.kind, judged.verdict), (kind, verdict), "{body} {judged:?}");
        assert!(verdict == Verdict::Pass || !judged.documented, "{body}");
    }
}

#[test]
fn a_whole_payment_without_its_id_fails() {
    let mut body = payment();
    body.as_object_mut().unwrap().shift_remove("id");
    assert_eq!((one(None, body.clone()).grade, one(None, body).verdict), ("type", Verdict::Fail));
}

#[test]
fn a_flood_of_notes_does_not_hide_a_failure() {
    let mut many: Vec<Value> = (0..200).map(|_| json!({"id": 1})).collect();
    many.push(json!({"id": 1, "status": "approved", "transaction_amount": "1"}));
    many[0] = payment();
    let judged = one(None, json!({"paging": {"total": 201}, "results": many}));
    assert_eq!((judged.kind, judged.verdict), (Kind::PaymentSearch, Verdict::Fail));
    assert!(judged.grades.len() < 100);
}

#[test]
fn codes_of_elsewhere_name_their_resource() {
    for (status, code, message, path, grade, endpoint) in [
        (400, json!("130"), "x", None, "unknown-code", None),
        (400, json!("card-120"), "x", None, "other-endpoint", Some("cards")),
        (400, json!("E999"), "x", None, "other-endpoint", Some("card_tokens")),
        (400, json!("E999"), "x", Some("/v1/card_tokens"), "conform", Some("card_tokens")),
        (400, json!("106"), "x", None, "other-endpoint", Some("customers")),
        (400, json!(106), "x", None, "formerly-documented", Some("payments")),
        (404, json!(2024), "Payment too old to be refunded", None, "other-endpoint", Some("refunds")),
        (400, json!(2063), "x", Some("/v1/payments/1/refunds"), "conform", Some("refunds")),
        (405, json!("Method not allowed"), "Method not allowed", None, "undocumented-status", None),
    ] {
        let body = json!({"message": message, "error": "e", "status": status,
                          "cause": [{"code": code, "description": message}]});
        let captured = Captured { body: Some(body), path: path.map(str::to_owned), ..Captured::default() };
        let judged = judge("f", captured);
        assert_eq!(judged.grade, grade, "{code} {status}: {:?}", judged.grades);
        if let Some(endpoint) = endpoint {
            let told = serde_json::to_string(&judged).unwrap();
            assert!(told.contains(endpoint), "{code}: {told}");
        }
    }
}

#[test]
fn every_cause_is_judged() {
    let body = json!({"message": "Several", "error": "e", "status": 400, "cause": [
        {"code": 2006, "description": "Card Token not found"}, {"code": 123_456, "description": "x"},
        {"code": 2060, "description": "y"}]});
    let judged = one(None, body);
    let grades: Vec<&str> = judged.grades.iter().map(|graded| graded.grade).collect();
    assert_eq!(grades, ["unknown-code", "formerly-documented"]);
    assert_eq!(judged.shows.iter().map(|shown| shown.id.as_str()).collect::<Vec<_>>(), ["400/2006", "400/2060"]);
}

#[test]
fn answers_without_json_get_the_right_words() {
    for (status, not_json, path, grade) in [
        (Some(502), Some(NotJson::Html), None, "environment"),
        (Some(403), Some(NotJson::Html), None, "shape"),
        (Some(405), None, None, "undocumented-status"),
        (None, Some(NotJson::Html), None, "unknown-document"),
        (Some(200), Some(NotJson::Text), None, "unknown-document"),
        (Some(200), None, None, "unknown-document"),
        (Some(200), None, Some("/v1/payments/1/refunds"), "conform"),
        (Some(204), None, None, "conform"),
    ] {
        let captured = Captured { status, not_json, path: path.map(str::to_owned), ..Captured::default() };
        assert_eq!(judge("f", captured).grade, grade, "{status:?} {not_json:?}");
    }
    let mistake = json!({"message": "fill and validate error list: payer_missing\n: 400", "error": "e",
                         "status": 500, "cause": []});
    let judged = one(None, mistake);
    assert!(judged.grades.iter().any(|graded| graded.message.key == "validate.inner-reason"), "{judged:?}");
}

#[test]
fn an_error_that_comes_as_a_success_fails() {
    let judged = one(Some(200), json!({"message": "m", "error": "e", "cause": [{"code": 2006}]}));
    assert_eq!((judged.grade, judged.verdict), ("status-mismatch", Verdict::Fail));
}

#[test]
fn wrappers_of_sdks_are_taken_off_and_told() {
    let inner = error(json!(2006), "Card Token not found");
    for (body, wrapper, from) in [
        (json!({"status": "400", "response": inner}), Unwrapped::StatusResponse, StatusFrom::Wrapper),
        (
            json!({"apiResponse": {"statusCode": 400, "content": inner.to_string()}}),
            Unwrapped::Member,
            StatusFrom::Wrapper,
        ),
        (json!({"error": "payment failed", "status": 500, "detail": inner}), Unwrapped::Member, StatusFrom::Body),
        (json!({"ok": true, "status": 200, "detail": inner}), Unwrapped::Member, StatusFrom::Body),
        (json!({"ok": false, "details": inner.to_string()}), Unwrapped::Member, StatusFrom::Body),
        (
            json!({"name": "MercadoPagoError", "message": "Card Token not found", "status": 400, "idempotency": "x",
                   "cause": [{"code": 2006, "description": "Card Token not found"}]}),
            Unwrapped::Node1,
            StatusFrom::Body,
        ),
    ] {
        let judged = one(None, body);
        assert_eq!((judged.unwrapped, judged.status_from, judged.status), (Some(wrapper), from, Some(400)));
        assert_eq!(judged.grade, "conform");
    }
    // Envelopes of programs, rows of databases, items of flows.
    for body in [
        json!({"data": payment()}),
        json!({"ok": true, "data": payment(), "items": [1]}),
        json!({"json": payment(), "pairedItem": {"item": 0}}),
        json!({"id": 3, "status": "approved", "raw": payment().to_string()}),
        json!({"success": true, "payments": [payment()]}),
        json!({"request": {"method": "POST"}, "response": {"status": 201, "jsonBody": payment()}}),
        json!({"log": format!("answer: {}\n", payment()), "stream": "stdout", "time": "2026-01-02T03:04:05Z"}),
        json!({"level": 30, "msg": format!("paid {}", payment())}),
        json!({"id": 1, "dateCreated": "x", "statusDetail": "accredited", "status": "approved",
               "response": {"content": payment().to_string(), "statusCode": 201}}),
    ] {
        let mut report = Report::default();
        report.add("f", body.to_string().as_bytes());
        let found: Vec<_> = report.bodies.iter().map(|judged| (judged.kind, judged.verdict)).collect();
        assert_eq!(found, [(Kind::Payment, Verdict::Pass)], "{body}");
    }
    // What an SDK made of an answer under names of its own says nothing of the answer.
    let own = one(None, json!({"id": 1, "status": "approved", "statusDetail": "accredited", "transactionAmount": 5}));
    assert_eq!(
        (own.kind, own.verdict, &*own.grades[0].message.key),
        (Kind::Unknown, Verdict::Inconclusive, "validate.object-of-sdk")
    );
    // What holds something like a payment is none: a request for a preference, two bodies, a payment in a resource.
    let item = json!({"id": "1234", "title": "x", "quantity": 1, "unit_price": 5, "currency_id": "BRL"});
    for (body, kind) in [
        (json!({"items": [item], "payer": {"email": "a@testuser.com"}}), Kind::Unknown),
        (json!({"item": item}), Kind::Unknown),
        (json!({"before": payment(), "after": payment()}), Kind::Unknown),
        (json!({"id": 1, "status": "pending", "payer": {"id": 2, "status": "approved"}}), Kind::Payment),
        (json!({"payment": {"id": 2, "status": "approved"}, "x": 1}), Kind::Unknown),
    ] {
        let judged = one(None, body.clone());
        assert_eq!((judged.kind, judged.unwrapped), (kind, None), "{body}");
    }
}

#[test]
fn what_programs_do_to_a_body_is_a_note_in_a_file_and_no_excuse_for_the_service() {
    for (field, value) in [("id", json!("123456789012")), ("metadata", json!([[]])), ("card", json!([{}]))] {
        let mut body = payment();
        body[field] = value;
        for (direct, grade) in [(false, "type-in-tolerance"), (true, "type")] {
            let captured = Captured { body: Some(body.clone()), direct, ..Captured::default() };
            assert_eq!(judge("f", captured).grade, grade, "{field} {direct}");
        }
    }
}

#[test]
fn files_are_read_and_broken_parts_do_not_hide_the_rest() {
    let good = error(json!(2006), "Card Token not found").to_string();
    let cut = &good[..good.len() - 5];
    for (text, bodies, problems, code) in [
        (good.clone(), 1, 0, 0),
        (format!("[{good},{good}]"), 2, 0, 0),
        (format!("{good}\n{cut}\n{good}\n"), 2, 1, 2),
        (cut.to_owned(), 0, 1, 2),
        (String::new(), 0, 1, 2),
        ("[".repeat(100_000), 0, 1, 2),
        (json!({"message": "m", "status": 500, "error": null, "cause": []}).to_string(), 1, 0, 3),
        (error(json!(2006), "x").to_string().replace("\"status\":400", "\"status\":403"), 1, 0, 1),
        (json!({"status": 200, "response": [payment(), payment()]}).to_string(), 2, 0, 0),
        (format!("[{good},{{\"x\":1}}]"), 2, 0, 3),
        ("[]".to_owned(), 0, 1, 2),
        ("<!DOCTYPE html><html><body>Bad gateway</body></html>".to_owned(), 1, 0, 3),
        (json!({"resource": "1", "topic": "payment"}).to_string(), 1, 0, 3),
        ("\u{1f}\u{8b}".to_owned(), 0, 1, 2),
    ] {
        let mut report = Report::default();
        report.add("f", text.as_bytes());
        assert_eq!((report.bodies.len(), report.problems.len(), report.exit_code()), (bodies, problems, code));
    }
    let mut report = Report::default();
    report.add("f", b"{\"message\": \"\xff\"}");
    assert_eq!(report.exit_code(), 2);
}

#[test]
fn nothing_secret_is_shown() {
    let token = "APP_USR-1234567890123456-091211-0123456789abcdef0123456789abcdef-123456789";
    let judged = one(None, error(json!(2006), &format!("invalid {token} buyer@example.com")));
    let shown = serde_json::to_string(&judged).unwrap();
    assert!(!shown.contains(token) && !shown.contains("buyer@"), "{shown}");
}

/// What integrators have at hand: each holds the same error, and nothing else that is a body.
#[test]
fn bodies_are_found_in_logs_and_in_what_programs_print() {
    let body = error(json!(2006), "Card Token not found");
    let text = body.to_string();
    let pretty = serde_json::to_string_pretty(&body).unwrap();
    for (log, status, place) in [
        (json!(text).to_string(), Some(400), ""),
        (json!(json!(text).to_string()).to_string(), Some(400), ""),
        (format!("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\r\n{text}\r\n"), Some(400), ""),
        (
            format!("POST /v1/payments?x=1 HTTP/2\nHost: x\n\nHTTP/2 100\n\nHTTP/2 400\nx: y\n\n{pretty}\n"),
            Some(400),
            "",
        ),
        (
            format!(
                "* Trying\n> POST /v1/payments HTTP/1.1\n> A: b\n>\n< HTTP/1.1 400 Bad Request\n< a: b\n< \n{text}\n* closed\n"
            ),
            Some(400),
            "",
        ),
        (format!("2026-11-21 ERROR mp resp: {text}\n"), Some(400), ":1"),
        (
            format!(
                "[2026-11-21 10:00:00] production.ERROR: {{id}} failed {text} {{\"trace\": 1}}\nrequest {{\"token\": \"t\"}}\n"
            ),
            Some(400),
            ":1",
        ),
        (format!("start\n\nanswer was\n{pretty}\nend\n"), Some(400), ":4"),
        (
            "MercadoPagoError: Card Token not found\n    at x (/a/b.js:1:2) {\n  message: 'Card Token not found',\n  \
             error: 'bad_request',\n  cause: [ { code: 2006, description: 'Card Token not found', data: null } ],\n  \
             status: 400\n}\n"
                .to_owned(),
            Some(400),
            ":2",
        ),
        (
            "{'status': 400, 'response': {'message': 'Card Token not found', 'error': 'bad_request', 'status': 400, \
             'cause': [{'code': 2006, 'description': 'Card Token not found', 'data': None}]}}"
                .to_owned(),
            Some(400),
            "",
        ),
        (
            "{\"status\"=>\"400\", \"response\"=>{\"message\"=>\"Card Token not found\", \"error\"=>\"bad_request\", \
             \"status\"=>400, \"cause\"=>[{\"code\"=>2006, \"description\"=>\"Card Token not found\", \"data\"=>nil}]}}"
                .to_owned(),
            Some(400),
            "",
        ),
        (json!({"level": "error", "time": 1, "msg": "x", "err": body, "req": {"a": 1}}).to_string(), Some(400), ""),
        (json!({"severity": "ERROR", "ts": "x", "payload": text}).to_string(), Some(400), ""),
    ] {
        let mut report = Report::default();
        report.add("f", log.as_bytes());
        assert!(report.problems.is_empty(), "{log}\n{:?}", report.problems);
        let found: Vec<_> = report.bodies.iter().map(|body| (body.grade, body.status, body.place.as_str())).collect();
        assert_eq!(found, [("conform", status, place)], "{log}");
    }
    // What Node leaves out at depth is not judged, and said; the rest is.
    let mut report = Report::default();
    report.add(
        "f",
        b"{ id: 25, status: 'pending',\n  status_detail: 'pending_waiting_payment', payer: { phone: [Object] } }",
    );
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let [judged] = &report.bodies[..] else { panic!("{:?}", report.bodies) };
    assert_eq!((judged.kind, judged.verdict, judged.grade), (Kind::Payment, Verdict::Pass, "lost-field"));
    assert_eq!(judged.grades[0].message.key, "validate.cut");
    for (log, key) in [
        ("just a line\nand another", "validate.not-json"),
        ("sent {\"transaction_amount\": 1, \"token\": \"t\"}", "validate.not-json"),
        ("MercadoPagoError { message: 'x', cause: [ [Object] ], status: 400 }", "validate.abbreviated"),
        ("{\"message\": \"x\", \"cause\": [{\"code\": 2006, \"description\": \"x\"}]", "validate.truncated"),
        ("resp: {\"message\": \"x\", \"cause\": [{\"code\": 2006, \"description\": \"x\"}]", "validate.not-json"),
    ] {
        let mut report = Report::default();
        report.add("f", log.as_bytes());
        assert_eq!((report.bodies.len(), report.problems.len()), (0, 1), "{log} {:?}", report.bodies);
        assert_eq!(
            (report.problems[0].message.key.as_ref(), report.problems[0].fix.is_some()),
            (key, key != "validate.truncated")
        );
    }
    let mut report = Report::default();
    let started = std::time::Instant::now();
    report.add("f", "x {\"a\": [".repeat(400_000).as_bytes());
    assert!(report.bodies.is_empty() && started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn an_error_without_a_code_is_explained_by_its_words() {
    for (status, body, key) in [
        (
            Some(404),
            json!({"error": "resource not found", "message": "Si quieres conocer los recursos de la API"}),
            "says-route",
        ),
        (None, json!({"message": "no", "status": 403, "blocked_by": "PolicyAgent"}), "says-gate"),
        (None, json!({"code": "unauthorized", "message": "authorization value not present"}), "says-credential"),
        (None, json!({"message": "malformed access_token", "error": "bad_request", "status": 400}), "says-credential"),
        (None, json!({"message": "Forbidden", "error": "forbidden", "status": 403, "cause": []}), "says-permission"),
        (
            None,
            json!({"message": "Payment not found", "error": "not_found", "status": 404, "cause": []}),
            "says-not-there",
        ),
        (None, json!({"message": "bad", "error": "bad_request", "status": 400, "cause": []}), "says-request"),
    ] {
        let judged = one(status, body.clone());
        assert_eq!(judged.explained.map(|told| told.key.into_owned()), Some(format!("validate.{key}")), "{body}");
        assert!(judged.says.is_some(), "{body}");
    }
    let known = one(None, error(json!(2006), "Card Token not found"));
    assert_eq!((known.explained, known.says.as_deref()), (None, Some("Card Token not found")));
    let older = one(None, json!({"ErrorMessage": "m", "ErrorCode": "2034", "ErrorStatus": 400, "ErrorCause": null}));
    assert_eq!((older.grade, older.shows[0].id.as_str()), ("shape", "400/2034"), "{older:?}");
    let leak = one(
        None,
        json!({"message": "bad APP_USR-1234567890123456-091211-0123456789abcdef0123456789abcdef-123456", "status": 400}),
    );
    assert!(!leak.says.unwrap().contains("0123456789abcdef"));
    assert_eq!(leak.explained.unwrap().key, "validate.says-leak");
}

#[test]
fn the_answer_follows_the_published_schema_and_nothing_else_is_in_it() {
    /// Every object of the schema that lists members allows no others.
    fn strict(schema: &mut Value) {
        if let Some(members) = schema.as_object_mut() {
            if members.contains_key("properties") {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            members.values_mut().for_each(strict);
        } else if let Some(items) = schema.as_array_mut() {
            items.iter_mut().for_each(strict);
        }
    }
    let schema = crate::specs::FILES.get_file("dsl/validate.schema.json").unwrap().contents_utf8().unwrap();
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    strict(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut report = Report::default();
    for body in [
        error(json!(2006), "x"),
        error(json!("E301"), "x"),
        payment(),
        json!({"status": 400, "response": error(json!(5), "y")}),
        json!({"error": "resource not found", "message": "recursos"}),
        json!({"x": 1}),
    ] {
        report.add("f", body.to_string().as_bytes());
    }
    report.add("f", b"{");
    report.add("f", b"no");
    let json = crate::i18n::worded(crate::i18n::Lang::Pt, || serde_json::to_value(&report)).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}\n{json:#}", errors.join("\n"));
    assert!(json["bodies"][0]["grades"][0]["message"]["text"].as_str().unwrap().contains("2006"));
}
