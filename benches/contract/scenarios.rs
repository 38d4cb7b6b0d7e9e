//! The same N scenarios for every program that is measured.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Writes `DIR/homologa/*.yaml`, `DIR/hurl/*.hurl` and `DIR/floor.yaml`.
pub fn write(folder: &Path, count: usize, base: &str) -> super::Done {
    let mut all = String::from("scenarios:\n");
    fs::create_dir_all(folder.join("homologa"))?;
    fs::create_dir_all(folder.join("hurl"))?;
    for number in 1..=count {
        let refused = number % 10 == 0;
        let status = if refused { 400 } else { 201 };
        let body = body(number, refused);
        let checks = checks(refused);
        let name = format!("s{number:06}");
        let key = format!("bench-{number:06}");

        let mut text = format!("name: pay {number:06}\nsteps:\n  - post: /v1/payments\n");
        write!(text, "    headers: {{ X-Idempotency-Key: {key} }}\n    body:\n{}", block(&body, 6))?;
        let schema = if refused { "error" } else { "payment" };
        write!(text, "    expect:\n      status: {status}\n      schema: {schema}\n      body:\n")?;
        for (path, value) in &checks {
            writeln!(text, "        {path}: {value}")?;
        }
        fs::write(folder.join(format!("homologa/{name}.yaml")), text)?;

        let mut text = format!("POST {base}/v1/payments\nAuthorization: Bearer {}\n", super::measure::TOKEN);
        write!(text, "X-Idempotency-Key: {key}\nContent-Type: application/json\n{body:#}\nHTTP {status}\n[Asserts]\n")?;
        for (path, value) in &checks {
            writeln!(text, "jsonpath \"{path}\" == {value}")?;
        }
        fs::write(folder.join(format!("hurl/{name}.hurl")), text)?;

        write!(all, "  - key: {key}\n    body:\n{}    status: {status}\n    schema: {schema}\n", block(&body, 6))?;
        all.push_str("    checks:\n");
        for (path, value) in &checks {
            let pointer = path.trim_start_matches('$').replace(['.', '['], "/").replace(']', "");
            writeln!(all, "      \"{pointer}\": {value}")?;
        }
    }
    fs::write(folder.join("floor.yaml"), all)?;
    Ok(())
}

fn body(number: usize, refused: bool) -> Value {
    let mut body = json!({
        "transaction_amount": 58.82, "token": "ff8080814c11e237014c1ff593b57b4d", "description": "Cafetera de filtro",
        "installments": 3, "payment_method_id": "visa", "issuer_id": "279",
        "external_reference": format!("bench-{number:06}"), "binary_mode": false,
        "statement_descriptor": "CAFETERAS", "notification_url": "https://shop.example/ipn/mp",
        "payer": { "email": "test_user_80507629@testuser.com", "identification": { "type": "DNI", "number": "12345678" } },
        "metadata": { "order_number": "A-1042", "channel": "web" },
        "additional_info": {
            "ip_address": "192.0.2.10",
            "items": [{ "id": "SKU-0042", "title": "Cafetera de filtro", "quantity": 2, "unit_price": 29.41 }],
        },
    });
    if refused && let Value::Object(members) = &mut body {
        members.shift_remove("token");
    }
    body
}

fn checks(refused: bool) -> Vec<(&'static str, Value)> {
    let text = "token attribute can't be null";
    if refused {
        vec![
            ("$.message", json!(text)),
            ("$.error", json!("bad_request")),
            ("$.status", json!(400)),
            ("$.cause[0].code", json!(4000)),
            ("$.cause[0].description", json!(text)),
            ("$.cause[0].data", Value::Null),
        ]
    } else {
        vec![
            ("$.status", json!("approved")),
            ("$.status_detail", json!("accredited")),
            ("$.payment_method_id", json!("visa")),
            ("$.currency_id", json!("ARS")),
            ("$.installments", json!(3)),
            ("$.captured", json!(true)),
        ]
    }
}

/// A JSON object as block YAML; lists stay in flow style.
fn block(value: &Value, indent: usize) -> String {
    let mut text = String::new();
    for (key, member) in value.as_object().into_iter().flatten() {
        let pad = " ".repeat(indent);
        match member {
            Value::Object(_) => text += &format!("{pad}{key}:\n{}", block(member, indent + 2)),
            other => text += &format!("{pad}{key}: {other}\n"),
        }
    }
    text
}
