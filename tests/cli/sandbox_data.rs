//! `homologa sandbox --data DIR`: killed without warning and started again, over and over, while clients write.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{command, homologa_in};

/// How often it is killed.
const ROUNDS: usize = 6;
/// Clients that write at once.
const CLIENTS: usize = 8;

/// A sandbox on a folder; killed with the test at the latest.
struct Running {
    child: Child,
    url: String,
    token: String,
}

impl Running {
    fn start(folder: &Path, more: &[&str]) -> Running {
        let arguments = [&["sandbox", "--port", "0", "--data", "kept", "--format", "json"], more].concat();
        let mut child = command(folder, &arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let told: Value = loop {
            assert!(lines.read_line(&mut text).unwrap() > 0, "{text}");
            if let Ok(told) = serde_json::from_str(&text) {
                break told;
            }
        };
        let member = |name: &str| told[name].as_str().unwrap().to_owned();
        Running { child, url: member("url"), token: member("access_token") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGKILL on Unix: nothing is tidied up.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn client() -> reqwest::Client {
    homologa::http::install_crypto();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Pays under a key; what was answered in full, if anything was.
async fn pay(client: &reqwest::Client, url: &str, token: &str, key: &str) -> Option<(u16, Value)> {
    let body = json!({
        "transaction_amount": 10, "payment_method_id": "rapipago", "external_reference": key,
        "payer": { "email": "test_user_1@testuser.com" },
    });
    let request = client.post(format!("{url}/v1/payments")).bearer_auth(token).header("x-idempotency-key", key);
    let response = request.body(body.to_string()).send().await.ok()?;
    let status = response.status().as_u16();
    Some((status, serde_json::from_slice(&response.bytes().await.ok()?).ok()?))
}

async fn get(client: &reqwest::Client, running: &Running, path: &str) -> Value {
    let request = client.get(format!("{}{path}", running.url)).bearer_auth(&running.token);
    serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
}

#[test]
fn nothing_that_was_answered_is_lost_when_it_is_killed() {
    let folder = TempDir::new().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let client = client();
    let mut answered: Vec<(String, Value)> = Vec::new();
    for round in 0..ROUNDS {
        let mut running = Running::start(folder.path(), &[]);
        // What was answered before is there as it was, and its key is known.
        runtime.block_on(async {
            for (key, payment) in answered.iter().rev().take(40) {
                let found = get(&client, &running, &format!("/v1/payments/{}", payment["id"])).await;
                assert_eq!(found, *payment, "round {round}");
                let again = pay(&client, &running.url, &running.token, key).await.unwrap();
                assert_eq!(again, (200, payment.clone()), "round {round}");
            }
            let found = get(&client, &running, "/v1/payments/search?limit=1000").await;
            let ids: BTreeSet<u64> =
                found["results"].as_array().unwrap().iter().map(|payment| payment["id"].as_u64().unwrap()).collect();
            assert!(found["paging"]["total"].as_u64().unwrap() as usize >= answered.len(), "round {round}");
            assert!(
                answered.len() > 1000 || answered.iter().all(|(_, one)| ids.contains(&one["id"].as_u64().unwrap())),
                "round {round}"
            );
        });
        // Written to from all sides until it is killed in the middle.
        let count = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..CLIENTS)
            .map(|writer| {
                let (client, url, token) = (client.clone(), running.url.clone(), running.token.clone());
                let count = Arc::clone(&count);
                runtime.spawn(async move {
                    let mut done = Vec::new();
                    for number in 0.. {
                        let key = format!("{round}-{writer}-{number}");
                        let Some((status, payment)) = pay(&client, &url, &token, &key).await else { break };
                        assert_eq!(status, 201, "{payment}");
                        done.push((key, payment));
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    done
                })
            })
            .collect();
        let wanted = 20 + 15 * round;
        runtime.block_on(async {
            while count.load(Ordering::Relaxed) < wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        running.child.kill().unwrap();
        for writer in writers {
            answered.extend(runtime.block_on(writer).unwrap());
        }
        drop(running);
    }
    assert!(answered.len() > ROUNDS * 20);
    let ids: BTreeSet<u64> = answered.iter().map(|(_, payment)| payment["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), answered.len(), "an id was given twice");
}

#[test]
fn what_cannot_be_used_as_data_ends_with_a_message() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &["--survive", "power-cut"]);
    let again =
        |folder: &str| homologa_in(folder.as_ref(), &["sandbox", "--port", "0", "--data", "kept", "--lang", "en"]);
    let path = folder.path().to_str().unwrap();
    let second = again(path);
    assert_eq!(second.code, 2, "{}", second.all());
    assert!(second.stderr.contains("another sandbox is using this folder"), "{}", second.stderr);
    drop(running);
    let file = folder.path().join("kept/sandbox.redb");
    let whole = fs::read(&file).unwrap();
    for damaged in [b"something else".to_vec(), whole[..whole.len() / 2].to_vec(), vec![0xA5; whole.len()]] {
        fs::write(&file, damaged).unwrap();
        let told = again(path);
        assert_eq!(told.code, 2, "{}", told.all());
        assert!(told.stderr.contains("sandbox.redb") && told.stderr.contains("help:"), "{}", told.stderr);
        assert!(!told.all().contains("panicked"), "{}", told.all());
    }
    fs::remove_dir_all(folder.path().join("kept")).unwrap();
    fs::write(folder.path().join("kept"), "a file").unwrap();
    let told = again(path);
    assert_eq!(told.code, 2, "{}", told.all());
}
