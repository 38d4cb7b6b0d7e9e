//! Webhooks as a merchant's server receives them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use reqwest::Client;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::sandbox::{Options, Role, Sandbox, WebhookForm, WebhookOptions};

type Seen = Arc<Mutex<Vec<(String, HeaderMap, Value)>>>;

/// A merchant's server that fails so often before it answers 200.
async fn merchant(fails: usize) -> (String, Seen) {
    let seen: Seen = Arc::default();
    let answer = move |State(seen): State<Seen>, uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let mut seen = seen.lock().unwrap();
        seen.push((uri.to_string(), headers, serde_json::from_slice(&body).unwrap()));
        if seen.len() > fails { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

async fn start(webhooks: WebhookOptions) -> (Sandbox, Client) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let options = Options { default_site: "MLB".to_owned(), webhooks, ..Options::default() };
    (Sandbox::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap(), Client::new())
}

async fn pay(sandbox: &Sandbox, client: &Client, more: Value) -> Value {
    let mut body = json!({
        "transaction_amount": 100, "payment_method_id": "pix", "payer": { "email": sandbox.account(Role::Buyer).email },
    });
    super::bench::merge(&mut body, more);
    let request = client
        .post(format!("{}/v1/payments", sandbox.url()))
        .bearer_auth(sandbox.account(Role::Seller).access_token.expose_secret())
        .header("X-Idempotency-Key", body.to_string())
        .body(body.to_string());
    serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

async fn history(sandbox: &Sandbox, client: &Client) -> Value {
    let uri = format!("{}/_homologa/webhooks?lang=en", sandbox.url());
    serde_json::from_slice(&client.get(uri).send().await.unwrap().bytes().await.unwrap()).unwrap()
}

async fn until(seen: &Seen, count: usize) {
    for _ in 0..200 {
        if seen.lock().unwrap().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{:?}", seen.lock().unwrap());
}

#[tokio::test]
async fn a_change_is_told_signed_and_tried_again() {
    let (url, seen) = merchant(2).await;
    let secret = "a-secret-of-the-test";
    let webhooks = WebhookOptions {
        url: url.parse().ok(),
        secret: SecretString::from(secret),
        speed: 100_000,
        ..WebhookOptions::default()
    };
    let (sandbox, client) = start(webhooks).await;
    let payment = pay(&sandbox, &client, json!({})).await;
    until(&seen, 3).await;
    let messages = seen.lock().unwrap().clone();
    let mut names = std::collections::BTreeSet::new();
    for (uri, headers, body) in &messages {
        assert_eq!(uri, &format!("/hook?data.id={}&type=payment", payment["id"]));
        assert_eq!((&body["action"], &body["type"]), (&json!("payment.created"), &json!("payment")));
        assert_eq!(body["data"]["id"], payment["id"].to_string());
        let request = headers["x-request-id"].to_str().unwrap();
        let signature = headers["x-signature"].to_str().unwrap();
        let (ts, v1) = signature.split_once(",v1=").unwrap();
        let ts = ts.strip_prefix("ts=").unwrap();
        let manifest = format!("id:{};request-id:{request};ts:{ts};", payment["id"]);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let expected: String =
            hmac::sign(&key, manifest.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(v1, expected);
        names.insert((body["id"].to_string(), request.to_owned()));
    }
    assert_eq!(names.len(), 3, "every attempt is a notification of its own");
    // The history is written after the answer has come.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let told = history(&sandbox, &client).await;
    let delivery = &told["deliveries"][0];
    assert_eq!(
        (&delivery["state"], delivery["attempts"].as_array().unwrap().len()),
        (&json!("delivered"), 3),
        "{told}"
    );
    assert_eq!(delivery["attempts"][0]["next_in_seconds"], 900);
    assert!(!told.to_string().contains(secret));
    let approve = format!("{}/_homologa/payments/{}/approve", sandbox.url(), payment["id"]);
    client.post(approve).send().await.unwrap();
    until(&seen, 4).await;
    let resend = format!("{}/_homologa/webhooks/{}/resend", sandbox.url(), delivery["number"]);
    assert_eq!(client.post(resend).send().await.unwrap().status(), 202);
    until(&seen, 5).await;
    let messages = seen.lock().unwrap().clone();
    assert_eq!(
        (&messages[3].2["action"], &messages[4].2["action"]),
        (&json!("payment.updated"), &json!("payment.created"))
    );
    sandbox.stop().await;
}

#[tokio::test]
async fn the_url_of_the_payment_wins_but_stays_on_this_machine() {
    let (url, seen) = merchant(0).await;
    let (sandbox, client) = start(WebhookOptions { speed: 100_000, ..WebhookOptions::default() }).await;
    pay(&sandbox, &client, json!({})).await;
    assert_eq!(history(&sandbox, &client).await["deliveries"], json!([]), "nobody wants to know");
    pay(&sandbox, &client, json!({ "notification_url": "https://shop.example/hook" })).await;
    let told = history(&sandbox, &client).await;
    assert_eq!(told["deliveries"][0]["state"], "off-this-machine", "{told}");
    sandbox.stop().await;
    let webhooks =
        WebhookOptions { url: url.parse().ok(), speed: 100_000, form: WebhookForm::Both, ..WebhookOptions::default() };
    let (sandbox, client) = start(webhooks).await;
    let payment = pay(&sandbox, &client, json!({ "notification_url": "https://shop.example/hook" })).await;
    until(&seen, 2).await;
    let told = history(&sandbox, &client).await;
    assert_eq!(told["deliveries"][0]["instead_of"], "https://shop.example/hook", "{told}");
    let messages = seen.lock().unwrap().clone();
    let ipn = messages.iter().find(|(uri, ..)| uri.contains("topic=")).unwrap();
    assert_eq!(ipn.0, format!("/hook?topic=payment&id={}", payment["id"]));
    assert!(ipn.1.get("x-signature").is_none(), "IPN is not signed");
    sandbox.stop().await;
}

#[tokio::test]
async fn an_order_is_told_once_and_again_when_its_payment_is_decided() {
    let (url, seen) = merchant(0).await;
    let (sandbox, client) = start(WebhookOptions { url: url.parse().ok(), ..WebhookOptions::default() }).await;
    let body = json!({
        "type": "online", "total_amount": "10.00", "payer": { "email": sandbox.account(Role::Buyer).email },
        "transactions": { "payments": [{ "amount": "10.00", "payment_method": { "id": "pix", "type": "bank_transfer" } }] },
    });
    let ask = || {
        client
            .post(format!("{}/v1/orders", sandbox.url()))
            .bearer_auth(sandbox.account(Role::Seller).access_token.expose_secret())
            .header("X-Idempotency-Key", "one")
            .body(body.to_string())
    };
    let order: Value = serde_json::from_slice(&ask().send().await.unwrap().bytes().await.unwrap()).unwrap();
    // A repetition is no news.
    assert_eq!(ask().send().await.unwrap().status(), 201);
    let approve = format!("{}/_homologa/orders/{}/approve", sandbox.url(), order["id"].as_str().unwrap());
    assert_eq!(client.post(approve).send().await.unwrap().status(), 200);
    until(&seen, 2).await;
    let mut actions: Vec<String> =
        seen.lock().unwrap().iter().map(|(_, _, body)| body["action"].as_str().unwrap().to_owned()).collect();
    actions.sort();
    assert_eq!(actions, ["order.action_required", "order.processed"]);
    assert!(seen.lock().unwrap()[0].0.contains(order["id"].as_str().unwrap()));
    sandbox.stop().await;
}
