//! `contract validate`: captured answers judged by the command, with its exit codes, and bad files of every kind.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, command, homologa_in};

fn error(code: Value, message: &str, status: u16) -> Value {
    json!({"message": message, "error": "bad_request", "status": status,
           "cause": [{"code": code, "description": message, "data": "01-02-2026T10:00:00UTC;abc"}]})
}

fn payment() -> Value {
    json!({"id": 123_456_789_012_u64, "status": "approved", "status_detail": "accredited", "issuer_id": "25",
           "date_created": "2026-01-02T03:04:05.000-04:00", "date_approved": null, "card": {}, "metadata": {},
           "collector_id": 448_876_418, "payer": {"id": "1", "identification": {"number": "0191", "type": "CPF"}},
           "transaction_amount": 58, "transaction_details": {"net_received_amount": 0.94}})
}

/// Judges one file with this content.
fn judged(name: &str, content: &[u8], format: &[&str]) -> Ran {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    let arguments: Vec<&str> = format.iter().copied().chain(["contract", "validate", name]).collect();
    homologa_in(folder.path(), &arguments)
}

fn json_of(content: &[u8]) -> (i32, Value) {
    let ran = judged("body.json", content, &["--format", "json"]);
    (ran.code, ran.json())
}

fn har(entries: &[(u16, &str, Value)]) -> Vec<u8> {
    let entries: Vec<Value> = entries
        .iter()
        .map(|(status, path, body)| {
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            json!({"request": {"method": "POST", "url": format!("https://api.mercadopago.com{path}")},
                   "response": {"status": status, "content": {"text": text}}})
        })
        .collect();
    json!({"log": {"entries": entries}}).to_string().into_bytes()
}

#[test]
fn the_exit_code_tells_what_the_bodies_come_to() {
    for (body, code, grade) in [
        (payment(), 0, "conform"),
        (error(json!(2006), "Card Token not found", 400), 0, "conform"),
        (error(json!(2006), "Card Token not found", 404), 1, "status-mismatch"),
        (json!({"id": 1, "status": 7, "payment_method_id": "visa"}), 1, "type"),
        (json!({"message": "internal_error", "error": null, "status": 500, "cause": []}), 3, "environment"),
        (json!({"hello": "world"}), 3, "unknown-document"),
        (json!({"topic": "payment", "resource": "1"}), 3, "other-resource"),
    ] {
        let (found, report) = json_of(body.to_string().as_bytes());
        assert_eq!((found, report["bodies"][0]["grade"].as_str()), (code, Some(grade)), "{body}");
    }
}

#[test]
fn a_har_is_judged_by_its_http_statuses() {
    let bytes = har(&[
        (201, "/v1/payments", payment()),
        (400, "/v1/payments", error(json!(2006), "Card Token not found", 401)),
        (502, "/v1/payments", json!("<html><body>Bad gateway</body></html>")),
        (400, "/v1/card_tokens", error(json!("E301"), "invalid parameter cardNumber", 400)),
        (200, "/v1/payments/1/refunds", json!([])),
        (201, "/checkout/preferences", json!({"id": "1-2", "init_point": "https://x.example", "items": []})),
    ]);
    let (code, report) = json_of(&bytes);
    let grades: Vec<&str> =
        report["bodies"].as_array().unwrap().iter().map(|body| body["grade"].as_str().unwrap()).collect();
    let expected = ["conform", "status-mismatch", "environment", "conform", "other-resource", "other-resource"];
    assert_eq!((code, grades), (1, expected.to_vec()), "{report:#}");
    assert_eq!(report["bodies"][1]["status_from"], "http");
}

#[test]
fn the_text_explains_in_three_languages_within_eighty_columns() {
    let folder = TempDir::new().unwrap();
    let bodies = [
        error(json!(2006), "Card Token not found", 400),
        error(json!("card-120"), "Invalid token", 400),
        json!({"message": "fill and validate error list: payer_missing", "error": "e", "status": 500, "cause": []}),
        json!({"x": 1}),
        payment(),
    ];
    let lines: String = bodies.iter().map(|body| format!("{body}\n")).collect();
    std::fs::write(folder.path().join("bodies.jsonl"), lines).unwrap();
    for (lang, told) in [
        ("es", ["supuesto: solo lo dice el propio cuerpo", "payer_missing", "Qué hacer:", "de otro recurso"]),
        ("pt", ["suposto: só o próprio corpo o diz", "payer_missing", "O que fazer:", "de outro recurso"]),
        ("en", ["assumed: only the body itself tells it", "payer_missing", "What to do:", "to another resource"]),
    ] {
        let ran = homologa_in(folder.path(), &["--lang", lang, "contract", "validate", "bodies.jsonl"]);
        assert_eq!(ran.code, 3, "{}", ran.all());
        let flat = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in told {
            assert!(flat.contains(told), "{lang} {told}: {}", ran.stdout);
        }
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    }
}

#[test]
fn bad_files_are_told_with_their_place_and_cost_little() {
    let deep = "[".repeat(100_000);
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("[1".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for (name, content, told) in [
        ("empty.json", b"".to_vec(), "nothing to judge"),
        ("blank.json", b" \n\t".to_vec(), "nothing to judge"),
        ("list.json", b"[]".to_vec(), "nothing to judge"),
        ("cut.json", b"{\"id\": 1, \"status\": \"app".to_vec(), "cut off"),
        ("latin1.json", b"{\"message\": \"caf\xe9\"}".to_vec(), "not UTF-8"),
        ("deep.json", deep.into_bytes(), "nested too deeply"),
        ("session.har", [b"\x1f\x8b\x08\0".as_slice(), &[7; 900]].concat(), "compressed (gzip)"),
        ("program", b"\x7fELF\x02\x01\0\0\0".to_vec(), "not text"),
        ("many.json", format!("[{}0]", "0,".repeat(3_000_000)).into_bytes(), "too many values"),
        ("words.txt", b"Payment not found".to_vec(), "not JSON"),
        ("wide.json", wide, "cut off"),
    ] {
        let started = Instant::now();
        let ran = judged(name, &content, &[]);
        assert_eq!((ran.code, ran.stderr.contains(told)), (2, true), "{name}: {}", ran.all());
        assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
        assert!(started.elapsed() < Duration::from_secs(20), "{name}");
    }
    let missing = homologa_in(TempDir::new().unwrap().path(), &["contract", "validate", "no-such.json"]);
    assert_eq!(missing.code, 2, "{}", missing.all());
}

/// 600 MB, most of it a hole in the file: refused by size, read only up to the limit.
#[test]
fn a_huge_file_is_refused_by_its_size() {
    let folder = TempDir::new().unwrap();
    let mut file = std::fs::File::create(folder.path().join("huge.json")).unwrap();
    file.write_all(b"[1,").unwrap();
    file.set_len(600 << 20).unwrap();
    let started = Instant::now();
    let ran = homologa_in(folder.path(), &["contract", "validate", "huge.json"]);
    assert_eq!((ran.code, ran.stderr.contains("larger than 64 MiB")), (2, true), "{}", ran.all());
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn what_is_broken_does_not_hide_the_rest_and_nothing_secret_is_shown() {
    let folder = TempDir::new().unwrap();
    let token = "APP_USR-1234567890123456-091211-0123456789abcdef0123456789abcdef-123456789";
    let secret = error(json!(2006), &format!("token {token} of buyer@example.com, card 5031433215406351"), 400);
    std::fs::write(folder.path().join("a.json"), "{").unwrap();
    std::fs::write(folder.path().join("b.json"), secret.to_string()).unwrap();
    for format in ["text", "json"] {
        let ran = homologa_in(folder.path(), &["--format", format, "contract", "validate", "a.json", "b.json"]);
        assert_eq!(ran.code, 2, "{}", ran.all());
        assert!(ran.stdout.contains("reworded"), "{}", ran.stdout);
        for hidden in [token, "buyer@example.com", "5031433215406351"] {
            assert!(!ran.all().contains(hidden), "{}", ran.all());
        }
    }
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = TempDir::new().unwrap();
    let mut child = command(folder.path(), &["--format", "json", "contract", "validate", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(payment().to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), report["bodies"][0]["kind"].as_str()), (Some(0), Some("payment")));
}
