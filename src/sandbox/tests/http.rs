//! The sandbox over HTTP, as an integration sees it.

use std::net::{Ipv4Addr, SocketAddr};

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::sandbox::{Options, Role, Sandbox};
use crate::specs::cards;

fn client() -> reqwest::Client {
    // Another test may have installed it already.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::new()
}

fn anywhere() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

async fn read(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_payment_from_the_token_to_the_refund() {
    let sandbox =
        Sandbox::start(Options { default_site: "MLB".to_owned(), ..Options::default() }, anywhere()).await.unwrap();
    let client = client();
    let seller = sandbox.account(Role::Seller);
    let card = cards::find("MLB", "master").unwrap();
    let body = json!({
        "card_number": card.number, "expiration_month": 11, "expiration_year": card.expiration_year,
        "security_code": card.security_code, "cardholder": { "name": "APRO" },
    });
    let uri = format!("{}/v1/card_tokens?public_key={}", sandbox.url(), seller.public_key);
    let response = client.post(uri).body(body.to_string()).send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let (status, token) = read(response).await;
    assert_eq!(status, 201, "{token}");
    let body = json!({
        "token": token["id"], "transaction_amount": 58.8, "installments": 3,
        "payer": { "email": sandbox.account(Role::Buyer).email },
    });
    let pay = client
        .post(format!("{}/v1/payments", sandbox.url()))
        .bearer_auth(seller.access_token.expose_secret())
        .header("X-Idempotency-Key", "one")
        .body(body.to_string());
    let (status, payment) = read(pay.send().await.unwrap()).await;
    assert_eq!(
        (status, &payment["status"], &payment["payment_method_id"]),
        (201, &json!("approved"), &json!("master"))
    );
    assert_eq!(payment["transaction_details"]["installment_amount"], 19.6);
    let refund = client
        .post(format!("{}/v1/payments/{}/refunds", sandbox.url(), payment["id"]))
        .bearer_auth(seller.access_token.expose_secret())
        .header("X-Idempotency-Key", "two");
    assert_eq!(read(refund.send().await.unwrap()).await.0, 201);
    let methods = format!("{}/v1/payment_methods?public_key={}", sandbox.url(), seller.public_key);
    let (status, methods) = read(client.get(methods).send().await.unwrap()).await;
    assert!(status == 200 && methods.as_array().unwrap().iter().any(|method| method["id"] == "pix"));
    let types = format!("{}/v1/identification_types?public_key={}", sandbox.url(), seller.public_key);
    let (status, types) = read(client.get(types).send().await.unwrap()).await;
    assert_eq!((status, &types[0]["id"]), (200, &json!("CPF")));
    let url = sandbox.url().to_owned();
    sandbox.stop().await;
    assert!(client.get(url).send().await.is_err());
}

#[tokio::test]
async fn bodies_and_starts_are_bounded() {
    let sandbox = Sandbox::start(Options::default(), anywhere()).await.unwrap();
    let client = client();
    let uri = format!("{}/v1/payments", sandbox.url());
    let large = client.post(&uri).body(vec![b' '; 1024 * 1024 + 1]).send().await.unwrap();
    assert_eq!(
        read(large).await,
        (
            413,
            json!({ "message": "Request body too large", "error": "request_entity_too_large", "status": 413, "cause": [] })
        )
    );
    // Whoever sends a hundred million bytes gets the answer too, not a broken connection.
    let huge = client.post(&uri).body(vec![b'['; 100_000_000]).send().await.unwrap();
    assert_eq!(huge.status(), 413);
    let limited = client.post(&uri).header("X-Homologa-Fault", "http-429").send().await.unwrap();
    assert_eq!((limited.status().as_u16(), &limited.headers()["retry-after"]), (429, &"1".parse().unwrap()));
    let proxy = client.post(&uri).header("X-Homologa-Fault", "html").send().await.unwrap();
    assert_eq!((proxy.status().as_u16(), &proxy.headers()["content-type"]), (502, &"text/html".parse().unwrap()));
    let taken = sandbox.url().trim_start_matches("http://").parse().unwrap();
    let problem = Sandbox::start(Options::default(), taken).await.unwrap_err();
    assert_eq!(problem.blame, crate::run::Blame::Environment);
    let options = Options { default_site: "XXX".to_owned(), ..Options::default() };
    assert_eq!(Sandbox::start(options, anywhere()).await.unwrap_err().blame, crate::run::Blame::Input);
    sandbox.stop().await;
}

#[tokio::test]
async fn concurrent_requests_with_one_key_make_one_payment() {
    let sandbox = Sandbox::start(Options::default(), anywhere()).await.unwrap();
    let client = client();
    let seller = sandbox.account(Role::Seller);
    let body = json!({
        "transaction_amount": 100, "payment_method_id": "rapipago",
        "payer": { "email": sandbox.account(Role::Buyer).email },
    });
    let requests = (0..16).map(|_| {
        let request = client
            .post(format!("{}/v1/payments", sandbox.url()))
            .bearer_auth(seller.access_token.expose_secret())
            .header("X-Idempotency-Key", "same")
            .body(body.to_string());
        tokio::spawn(async move { read(request.send().await.unwrap()).await })
    });
    let mut created = 0;
    let mut ids = std::collections::BTreeSet::new();
    for request in requests.collect::<Vec<_>>() {
        let (status, payment) = request.await.unwrap();
        created += u32::from(status == 201);
        ids.insert(payment["id"].as_u64().unwrap());
    }
    assert_eq!((created, ids.len()), (1, 1));
    sandbox.stop().await;
}

#[tokio::test]
async fn one_port_takes_https_under_the_names_of_the_certificate_and_http() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let options = Options { tls: Some(vec!["pagos.test".to_owned()]), ..Options::default() };
    let sandbox = Sandbox::start(options, anywhere()).await.unwrap();
    let address: SocketAddr = sandbox.url().trim_start_matches("http://").parse().unwrap();
    let root = reqwest::Certificate::from_pem(sandbox.ca_pem().unwrap().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]);
    let client = client.resolve("api.mercadopago.com", address).resolve("pagos.test", address);
    let client = client.resolve("otra.example", address).build().unwrap();
    for name in ["api.mercadopago.com", "pagos.test", "127.0.0.1"] {
        let uri = format!("https://{name}:{}/openapi.json", address.port());
        assert_eq!(client.get(&uri).send().await.unwrap().status(), 200, "{uri}");
    }
    assert_eq!(client.get(format!("http://{address}/openapi.json")).send().await.unwrap().status(), 200);
    // A name that the certificate does not hold, and a client that does not know the authority.
    let other = format!("https://otra.example:{}/openapi.json", address.port());
    assert!(client.get(other).send().await.is_err());
    let strange = reqwest::Client::builder().tls_certs_only([]).build().unwrap();
    assert!(strange.get(sandbox.tls_url().unwrap()).send().await.is_err());
    sandbox.stop().await;
}
