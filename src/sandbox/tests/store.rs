//! What is kept across restarts, in process: every resource answers as before, and what cannot be used is told.

use std::fs;
use std::path::Path;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bench::Bench;
use crate::run::{Blame, Problem};
use crate::sandbox::clock::Clock;
use crate::sandbox::options::Reuse;
use crate::sandbox::state::State;
use crate::sandbox::store::{self, Durability};
use crate::sandbox::world::World;
use crate::sandbox::{Role, account};

fn world(folder: &Path, keep: usize) -> Result<World, Problem> {
    let opened = store::open(folder, Durability::Kill)?;
    let (mut state, starts) = (State::new(keep), opened.starts);
    let store = opened.load(&mut state)?;
    Ok(World::with(7, Clock::Fixed("2026-11-20T14:15:30.5Z".parse().unwrap()), state, Some(store), starts))
}

fn bench(folder: &Path) -> Bench {
    Bench { world: world(folder, 1000).unwrap(), site: "MLA", role: Role::Seller }
}

fn id(body: &Value) -> String {
    body["id"].as_str().map_or_else(|| body["id"].to_string(), str::to_owned)
}

/// A request under one idempotency key.
fn keyed(bench: &Bench, uri: &str, key: &str, body: &Value) -> (u16, Value) {
    let token = account("MLA", Role::Seller).access_token;
    let bearer = format!("Bearer {}", token.expose_secret());
    let headers = [("authorization", bearer.as_str()), ("x-idempotency-key", key)];
    bench.raw("POST", uri, &headers, body.to_string().as_bytes())
}

#[test]
fn every_resource_is_there_again_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let bench = bench(folder.path());
    let ask = |method: &str, uri: &str, body: Value| {
        let (status, answer) = bench.ask(method, uri, &body);
        assert!(matches!(status, 200 | 201), "{method} {uri}: {answer}");
        answer
    };
    let mut looked: Vec<String> = Vec::new();
    let more =
        json!({ "metadata": { "weight": 0.1, "tiny": 4.35e-7 }, "additional_info": { "items": [{ "quantity": 2 }] } });
    let (_, card) = bench.pay_with("visa", "APRO", more);
    ask("POST", &format!("/v1/payments/{}/refunds", id(&card)), json!({ "amount": 8.5 }));
    let body = json!({ "transaction_amount": 99, "payment_method_id": "rapipago", "payer": { "email": "test_user_1@testuser.com" } });
    let ticket = keyed(&bench, "/v1/payments", "one key", &body).1;
    let (_, held) = bench.pay_with("master", "APRO", json!({ "capture": false }));
    ask("PUT", &format!("/v1/payments/{}", id(&held)), json!({ "capture": true, "transaction_amount": 20 }));
    for payment in [&card, &ticket, &held] {
        looked.extend([format!("/v1/payments/{}", id(payment)), format!("/v1/payments/{}/refunds", id(payment))]);
    }
    let token = bench.token(&bench.card("visa", "FUND"));
    looked.push(format!("/v1/card_tokens/{token}"));
    let customer =
        id(&ask("POST", "/v1/customers", json!({ "email": "ana@testuser.com", "address": { "zip_code": "1" } })));
    let stored = bench.token(&bench.card("master", "APRO"));
    ask("POST", &format!("/v1/customers/{customer}/cards"), json!({ "token": stored }));
    let gone = id(&ask("POST", "/v1/customers", json!({ "email": "gone@testuser.com" })));
    ask("DELETE", &format!("/v1/customers/{gone}"), Value::Null);
    let items = json!([{ "title": "Cafetera", "quantity": 1, "unit_price": 99 }]);
    let preference = id(&ask("POST", "/checkout/preferences", json!({ "items": items })));
    let order = id(&ask("POST", "/merchant_orders", json!({ "preference_id": preference })));
    ask(
        "POST",
        "/v1/payments",
        json!({
            "transaction_amount": 99, "payment_method_id": "rapipago", "order": { "id": order },
            "payer": { "email": "test_user_1@testuser.com" },
        }),
    );
    let paying = bench.token(&bench.card("visa", "APRO"));
    let payment = json!({ "amount": "58.00", "payment_method": { "id": "visa", "type": "credit_card", "token": paying, "installments": 1 } });
    let body = json!({
        "type": "online", "processing_mode": "automatic", "total_amount": "58.00", "external_reference": "r",
        "transactions": { "payments": [payment] }, "payer": { "email": "test_user_1@testuser.com" },
    });
    let v1_order = keyed(&bench, "/v1/orders", "order key", &body).1;
    let plan = json!({
        "reason": "Café", "back_url": "https://shop.example/gracias",
        "auto_recurring": { "frequency": 1, "frequency_type": "months", "transaction_amount": 10, "currency_id": "ARS" },
    });
    let plan = id(&ask("POST", "/preapproval_plan", plan));
    looked.extend([
        format!("/preapproval_plan/{plan}"),
        "/v1/payments/search".to_owned(),
        format!("/v1/customers/{customer}"),
        format!("/v1/customers/{gone}"),
        "/v1/customers/search".to_owned(),
        format!("/checkout/preferences/{preference}"),
        format!("/merchant_orders/{order}"),
        "/merchant_orders/search".to_owned(),
        format!("/v1/orders/{}", id(&v1_order)),
    ]);
    let grant =
        json!({ "client_id": "1", "client_secret": "s", "grant_type": "authorization_code", "code": "TG-once" });
    let issued = ask("POST", "/oauth/token", grant.clone());
    let look = |bench: &Bench| -> Vec<(String, (u16, Value))> {
        looked.iter().map(|uri| (uri.clone(), bench.ask("GET", uri, &Value::Null))).collect()
    };
    let before = look(&bench);
    bench.world.close();

    let again = self::bench(folder.path());
    for ((uri, was), (_, is)) in before.into_iter().zip(look(&again)) {
        assert_eq!(was, is, "{uri}");
        assert!(was.0 == 200 || (uri.contains(&gone) && was.0 == 404), "{uri}: {was:?}");
    }
    // Idempotency keys, spent codes, issued tokens.
    let body = json!({ "transaction_amount": 1, "payment_method_id": "rapipago", "payer": { "email": "test_user_1@testuser.com" } });
    let (status, replayed) = keyed(&again, "/v1/payments", "one key", &body);
    assert_eq!((status, &replayed["id"], &replayed["transaction_amount"]), (200, &ticket["id"], &json!(99)));
    assert_eq!(keyed(&again, "/v1/orders", "order key", &json!({})).0, 409);
    assert_eq!(again.ask("POST", "/oauth/token", &grant).0, 400, "the code was spent");
    let bearer = format!("Bearer {}", issued["access_token"].as_str().unwrap());
    assert_eq!(again.raw("GET", "/users/me", &[("authorization", &bearer)], b"").0, 200);
    // The token pays once, and identifiers do not begin anew.
    let mut body = again.body("visa", Some(&token));
    body["external_reference"] = json!("after");
    let (status, paid) = again.ask("POST", "/v1/payments", &body);
    assert_eq!((status, &paid["status_detail"]), (201, &json!("cc_rejected_insufficient_amount")), "{paid}");
    assert_eq!(again.ask("POST", "/v1/payments", &body).0, 400);
    let fresh = again.token(&again.card("visa", "APRO"));
    assert!(!looked.iter().any(|uri| uri.contains(&fresh)) && fresh != paying && fresh != stored);
    // A reset is kept too.
    again.world.state().clear();
    again.world.close();
    let empty = self::bench(folder.path());
    assert_eq!(empty.ask("GET", "/v1/payments/search", &Value::Null).1["paging"]["total"], 0);
}

#[test]
fn no_card_number_and_no_security_code_is_written() {
    let folder = TempDir::new().unwrap();
    let bench = bench(folder.path());
    let mut card = bench.card("visa", "APRO");
    card["card_number"] = json!("4509 9512 3456 7897");
    card["security_code"] = json!("987");
    let (_, token) = bench.ask("POST", "/v1/card_tokens", &card);
    bench.world.close();
    let bytes = fs::read(folder.path().join("sandbox.redb")).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(token["id"].as_str().unwrap()) && has("450995") && has("7897"));
    assert!(!has("4509951234567897") && !has("\"987\""));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join("sandbox.redb")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others may read it");
    }
    let again = self::bench(folder.path());
    let uri = format!("/v1/card_tokens/{}", id(&token));
    assert_eq!(again.ask("GET", &uri, &Value::Null).1, token);
}

#[test]
fn fewer_payments_are_kept_with_what_hangs_on_them() {
    let folder = TempDir::new().unwrap();
    let body = json!({ "transaction_amount": 5, "payment_method_id": "rapipago", "payer": { "email": "test_user_1@testuser.com" } });
    let bench = bench(folder.path());
    let ids: Vec<Value> =
        (0..6).map(|n| keyed(&bench, "/v1/payments", &format!("k{n}"), &body).1["id"].clone()).collect();
    bench.world.close();
    for _ in 0..2 {
        let few = Bench { world: world(folder.path(), 2).unwrap(), site: "MLA", role: Role::Seller };
        let found = few.ask("GET", "/v1/payments/search?sort=date_created&criteria=asc", &Value::Null).1;
        let found: Vec<&Value> = found["results"].as_array().unwrap().iter().map(|payment| &payment["id"]).collect();
        assert_eq!(found, [&ids[4], &ids[5]]);
        assert_eq!(few.world.state().replays.keys().count(), 2);
        assert_eq!(
            keyed(&few, "/v1/payments", "k5", &body),
            (200, few.ask("GET", &format!("/v1/payments/{}", ids[5]), &Value::Null).1)
        );
        few.world.close();
    }
    let few = Bench { world: world(folder.path(), 2).unwrap(), site: "MLA", role: Role::Seller };
    assert_eq!(keyed(&few, "/v1/payments", "k0", &body).0, 201, "its key went with the payment");
    assert_eq!(few.world.state().replays.keys().count(), 2);
}

#[test]
fn another_body_under_a_key_gets_what_is_configured() {
    let body = |amount: u32| json!({ "transaction_amount": amount, "payment_method_id": "rapipago", "payer": { "email": "test_user_1@testuser.com" } });
    for (reuse, other) in [(Reuse::Stored, 200), (Reuse::Conflict, 409)] {
        let bench = Bench { world: World::for_tests().reusing(reuse), site: "MLA", role: Role::Seller };
        assert_eq!(keyed(&bench, "/v1/payments", "k", &body(5)).0, 201);
        assert_eq!(keyed(&bench, "/v1/payments", "k", &body(5)).0, 200);
        assert_eq!(keyed(&bench, "/v1/payments", "k", &body(6)).0, other);
        let (_, payment) = bench.pay("APRO");
        let refunds = format!("/v1/payments/{}/refunds", payment["id"]);
        assert_eq!(keyed(&bench, &refunds, "r", &json!({ "amount": 1 })).0, 201);
        assert_eq!(keyed(&bench, &refunds, "r", &json!({ "amount": 1 })).0, 200);
        let (status, answer) = keyed(&bench, &refunds, "r", &json!({ "amount": 2 }));
        assert_eq!(status, other);
        assert!(reuse == Reuse::Stored || answer["error"] == "idempotency_key_already_used", "{answer}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_told() {
    let told = |folder: &Path| {
        let problem = world(folder, 10).err().unwrap();
        assert!(problem.fix.is_some() && problem.place.file.is_some());
        (problem.message.key.to_string(), problem.blame)
    };
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert_eq!(told(&file), ("sandbox.data-unusable".to_owned(), Blame::Input));
    assert_eq!(told(&file.join("below")), ("sandbox.data-unusable".to_owned(), Blame::Input));
    let alive = world(folder.path(), 10).unwrap();
    assert_eq!(told(folder.path()), ("sandbox.data-in-use".to_owned(), Blame::Input));
    alive.close();
    let bytes = fs::read(folder.path().join("sandbox.redb")).unwrap();
    for garbage in [b"abc".to_vec(), vec![7; 100_000], bytes[..bytes.len() / 2].to_vec()] {
        fs::write(folder.path().join("sandbox.redb"), garbage).unwrap();
        assert_eq!(told(folder.path()), ("sandbox.data-damaged".to_owned(), Blame::Input));
    }
}

/// What the file says of itself decides whether it is read.
#[test]
fn a_file_of_another_version_is_told() {
    let folder = TempDir::new().unwrap();
    world(folder.path(), 10).unwrap().close();
    let table = redb::TableDefinition::<(u8, u64), &[u8]>::new("entries");
    let write = |key: (u8, u64), bytes: &[u8]| {
        let database = redb::Database::open(folder.path().join("sandbox.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(table).unwrap().insert(key, bytes).unwrap();
        transaction.commit().unwrap();
    };
    let about = |format: u32| json!({ "format": format, "homologa": "9.9.9", "starts": 3 }).to_string();
    write((0, 0), about(2).as_bytes());
    let problem = world(folder.path(), 10).err().unwrap();
    assert_eq!(
        (problem.message.key.as_ref(), problem.message.args["version"].as_str()),
        ("sandbox.data-other-version", "9.9.9")
    );
    write((0, 0), about(1).as_bytes());
    world(folder.path(), 10).unwrap().close();
    for (key, bytes) in [((99, 1), "[]"), ((2, 1), "[1,2,{}]")] {
        write(key, bytes.as_bytes());
        let problem = world(folder.path(), 10).err().unwrap();
        assert_eq!(problem.message.key, "sandbox.data-damaged");
        assert_eq!(problem.message.args["error"], format!("{}/{}", key.0, key.1));
    }
}
