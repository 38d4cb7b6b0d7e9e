//! The administration and the faults over HTTP, where connections can be cut and answers can be late.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::sandbox::{Options, Role, Sandbox};

async fn start() -> (Sandbox, Client) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let options = Options { default_site: "MLB".to_owned(), ..Options::default() };
    let sandbox = Sandbox::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    (sandbox, Client::new())
}

async fn read(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

fn pay(sandbox: &Sandbox, client: &Client, key: &str) -> RequestBuilder {
    let body = json!({
        "transaction_amount": 100, "payment_method_id": "pix", "external_reference": "<b>one</b>",
        "payer": {
            "email": sandbox.account(Role::Buyer).email,
            "identification": { "type": "CPF", "number": "19119119100" },
        },
    });
    client
        .post(format!("{}/v1/payments", sandbox.url()))
        .bearer_auth(sandbox.account(Role::Seller).access_token.expose_secret())
        .header("X-Idempotency-Key", key.to_owned())
        .body(body.to_string())
}

#[tokio::test]
async fn what_waits_is_decided_and_everything_is_told() {
    let (sandbox, client) = start().await;
    let at = |path: &str| format!("{}/_homologa/{path}", sandbox.url());
    let mut ends = Vec::new();
    for (key, what) in [("a", "approve"), ("b", "expire"), ("c", "reject")] {
        let (_, payment) = read(pay(&sandbox, &client, key)).await;
        let uri = at(&format!("payments/{}/{what}", payment["id"]));
        let (status, told) = read(client.post(&uri)).await;
        assert_eq!(status, 200, "{told}");
        ends.push(format!("{}/{}", told["status"].as_str().unwrap(), told["status_detail"].as_str().unwrap()));
        assert_eq!(read(client.post(&uri)).await.0, 409);
    }
    assert_eq!(ends, ["approved/accredited", "cancelled/expired", "rejected/rejected_by_bank"]);
    assert_eq!(read(client.post(at("payments/1/approve"))).await.0, 404);
    read(client.get(format!("{}/v1/payments/abc?access_token=my-token", sandbox.url()))).await;
    let (_, list) = read(client.get(at("requests?after=2"))).await;
    let lines = list["requests"].as_array().unwrap();
    assert_eq!(
        (lines.len(), &lines[0]["number"], &lines[0]["outcome"]),
        (2, &json!(3), &json!("pending/pending_waiting_transfer"))
    );
    assert_eq!((&lines[1]["status"], &lines[1]["rule"]), (&json!(401), &json!("401/401")), "{list}");
    let (_, one) = read(client.get(at("requests/3"))).await;
    assert_eq!((&one["request"]["transaction_amount"], &one["idempotency_key"]), (&json!(100), &json!("c")));
    for secret in ["19119119100", "my-token", sandbox.account(Role::Seller).access_token.expose_secret()] {
        assert!(!one.to_string().contains(secret) && !list.to_string().contains(secret), "{secret}");
    }
    let foreign = client.post(at("reset")).header("Origin", "https://shop.example");
    assert_eq!(read(foreign).await.0, 403);
    assert_eq!(read(client.post(at("reset"))).await.0, 200);
    assert_eq!(read(client.get(at("payments"))).await.1["payments"], json!([]));
    sandbox.stop().await;
}

#[tokio::test]
async fn faults_are_set_played_and_taken_away() {
    let (sandbox, client) = start().await;
    let faults = format!("{}/_homologa/faults", sandbox.url());
    let set = |body: Value| client.post(&faults).body(body.to_string());
    let (status, wrong) = read(set(json!({ "faults": [{ "when": "POST /v1/payments", "play": "nonsense" }] }))).await;
    assert!(status == 400 && wrong["problems"][0]["fix"].is_string(), "{wrong}");
    let rule = json!({ "faults": [{ "when": "POST /v1/payments", "play": "http-429:7", "times": 1 }] });
    assert_eq!(read(set(rule)).await.0, 201);
    let limited = pay(&sandbox, &client, "a").send().await.unwrap();
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(read(pay(&sandbox, &client, "a")).await.0, 201);
    let play = |fault: &'static str, key: &'static str| pay(&sandbox, &client, key).header("X-Homologa-Fault", fault);
    let (_, bent) = read(play("retype:id, drop:status_detail, add:novelty", "b")).await;
    assert!(bent["id"].is_string() && bent.get("status_detail").is_none() && bent["novelty"].is_string(), "{bent}");
    assert!(play("cut", "c").send().await.is_err());
    assert_eq!(read(pay(&sandbox, &client, "c")).await.0, 201, "what was cut off was not done");
    assert!(play("cut-after", "d").send().await.is_err());
    assert_eq!(read(pay(&sandbox, &client, "d")).await.0, 200, "the payment was made before the connection was cut");
    let half = play("cut-body", "e").send().await.unwrap();
    assert_eq!(half.status(), 201);
    assert!(half.bytes().await.is_err());
    let started = Instant::now();
    assert_eq!(read(play("latency:150, slow-body:150", "f")).await.0, 201);
    assert!(started.elapsed() >= Duration::from_millis(280), "{:?}", started.elapsed());
    let (_, list) = read(client.get(format!("{}/_homologa/requests", sandbox.url()))).await;
    assert!(list["requests"].as_array().unwrap().iter().any(|line| line["fault"] == "http-429:7"), "{list}");
    assert_eq!(read(client.delete(&faults)).await.1["faults"], json!([]));
    assert_eq!(read(play("nonsense", "g")).await.1["error"], "homologa_unknown_fault");
    sandbox.stop().await;
}
