//! `homologa sandbox` as somebody uses it: the command, its files of faults, its window in a real browser.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use axum::Router;
use axum::routing::post;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::browser::chromium;
use crate::support::tab::Tab;
use crate::support::{command, homologa_in, serve};

/// A running sandbox; it ends with the test.
struct Running {
    child: Child,
    told: Value,
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    _folder: TempDir,
}

impl Running {
    fn start(folder: TempDir, more: &[&str]) -> Running {
        let arguments = [&["sandbox", "--port", "0", "--site", "MLB", "--format", "json"], more].concat();
        let mut child = command(folder.path(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // The result is one JSON document, over one line or several.
        let told = loop {
            assert!(lines.read_line(&mut text).unwrap() > 0, "{text}");
            if let Ok(told) = serde_json::from_str(&text) {
                break told;
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        homologa::http::install_crypto();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Running { child, told, client, runtime, _folder: folder }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.told["url"].as_str().unwrap())
    }

    fn pay(&self, key: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(self.url("/v1/payments")).header("x-idempotency-key", key);
        let request = request.bearer_auth(self.told["access_token"].as_str().unwrap()).body(body.to_string());
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn pix(reference: &str) -> Value {
    json!({
        "transaction_amount": 10, "payment_method_id": "pix", "external_reference": reference,
        "payer": { "email": "test_user_1@testuser.com" },
    })
}

#[test]
fn a_file_of_faults_is_played_and_its_mistakes_have_places() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        folder.path().join("faults.yaml"),
        "faults:\n  - when: POST /v1/payments\n    play: http-429:3\n    times: 2\n",
    )
    .unwrap();
    std::fs::write(folder.path().join("wrong.yaml"), "faults:\n  - when: POST /v1/payments\n    play: http-9\n")
        .unwrap();
    let wrong = homologa_in(folder.path(), &["sandbox", "--port", "0", "--faults", "wrong.yaml"]);
    assert_eq!(wrong.code, 2, "{}", wrong.all());
    assert!(wrong.stderr.contains("wrong.yaml:3:11") && wrong.stderr.contains("http-9"), "{}", wrong.stderr);
    let url = homologa_in(folder.path(), &["sandbox", "--port", "0", "--webhook-url", "nowhere"]);
    assert_eq!(url.code, 2, "{}", url.all());
    let sandbox = Running::start(folder, &["--faults", "faults.yaml"]);
    let statuses = [0, 1, 2].map(|_| sandbox.pay("k", &pix("r")).0);
    assert_eq!(statuses, [429, 429, 201]);
}

#[test]
fn the_window_shows_requests_and_decides_payments() {
    let Some(browser) = chromium() else { return };
    let merchant = Router::new().route("/hook", post(|| async { "" }));
    let hook = format!("http://{}/hook", serve(merchant));
    let sandbox = Running::start(TempDir::new().unwrap(), &["--webhook-url", &hook]);
    let hostile = "<img src=x onerror=alert(1)>";
    let (status, payment) = sandbox.pay("one", &pix(hostile));
    assert_eq!(status, 201, "{payment}");
    assert_eq!(sandbox.pay("two", &json!({})).0, 400);
    let mut tab = Tab::open(&browser, &sandbox.url("/_homologa/?lang=pt"));
    tab.until("document.querySelectorAll('#requests tr').length === 2");
    let text = tab.value("document.body.innerText").as_str().unwrap().to_owned();
    for part in ["Requisições", "400/4002", "pending/pending_waiting_transfer", hostile, "Aprovar"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(tab.value("document.images.length"), 0, "what a client sent became markup");
    // The filter.
    tab.value(
        "{ const f = document.getElementById('filter'); f.value = '4002'; f.dispatchEvent(new Event('input')); }",
    );
    tab.until("document.querySelectorAll('#requests tr').length === 1");
    // One request as a whole.
    tab.value("document.querySelector('#requests button').click()");
    tab.until("!document.getElementById('bodies').hidden");
    // Approving, and the merchant is told.
    tab.value("document.querySelector('#payments [data-action=approve]').click()");
    tab.until("document.getElementById('payments').innerText.includes('approved/accredited')");
    tab.until("document.querySelectorAll('#webhooks .good').length === 2");
    tab.value("document.querySelector('#webhooks [data-action=resend]').click()");
    tab.until("document.querySelectorAll('#webhooks .good').length === 3");
    assert_eq!(tab.errors, Vec::<String>::new());
}
