//! Programs of others against the sandbox: the official SDKs, as they come from their registries, spend a shop's day
//! over HTTPS, and Schemathesis looks for what the OpenAPI document does not say.
//!
//! `.ci/run` installs them. Where one is missing the test says so and passes on a developer's machine; where
//! `HOMOLOGA_SDKS=required` (as in CI) it fails.

use std::io::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use homologa::specs::cards;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support;

/// A sandbox as the program serves it; it ends with the value.
pub struct Served {
    child: Child,
    pub said: Value,
    pub folder: TempDir,
}

impl Served {
    pub fn start(arguments: &[&str]) -> Served {
        let folder = TempDir::new().unwrap();
        let mut all = vec!["--format", "json", "sandbox", "--port", "0"];
        all.extend(arguments);
        let mut child = support::command(folder.path(), &all).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            text += &line;
            if line == "}" {
                break;
            }
        }
        let said = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        Served { child, said, folder }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

/// Says loudly that a program is not there; in CI that is a failure.
pub fn is_missing(installed: &Path) -> bool {
    if installed.exists() {
        return false;
    }
    let missing = format!("{} is not installed: see .ci/run", installed.display());
    assert!(std::env::var("HOMOLOGA_SDKS").as_deref() != Ok("required"), "{missing}");
    // Written to the stream itself: what is printed is swallowed when a test passes.
    let _ = writeln!(std::io::stderr(), "NOT TESTED: {missing}");
    true
}

/// Runs a script of an SDK, or tells that the SDK is not there.
fn spend_a_day(sdk: &str, program: &Path, installed: &Path, script: &str, trust: &str) {
    if is_missing(installed) {
        return;
    }
    let sandbox = Served::start(&["--tls", "--ca-out", "ca.pem"]);
    // The certificate has the name, the address is the same.
    let url = sandbox.said["tls_url"].as_str().unwrap().replace("127.0.0.1", "localhost");
    let card = cards::find("MLA", "visa").unwrap();
    let card = json!({
        "card_number": card.number,
        "security_code": card.security_code,
        "expiration_month": card.expiration_month,
        "expiration_year": card.expiration_year,
        "cardholder": { "name": "APRO", "identification": { "type": "DNI", "number": "12345678" } },
    });
    let output = Command::new(program)
        .arg(folder().join(script))
        .env("HOMOLOGA_URL", url)
        .env("HOMOLOGA_TOKEN", sandbox.said["access_token"].as_str().unwrap())
        .env("HOMOLOGA_CARD", card.to_string())
        .env(trust, sandbox.folder.path().join("ca.pem"))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains(&format!("{sdk}: done")),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_official_node_sdk_spends_a_day() {
    let installed = folder().join("node/node_modules/mercadopago");
    spend_a_day("node", Path::new("node"), &installed, "node/shop.js", "NODE_EXTRA_CA_CERTS");
}

#[test]
fn the_official_node_sdk_uses_the_other_resources() {
    let installed = folder().join("node/node_modules/mercadopago");
    spend_a_day("node", Path::new("node"), &installed, "node/resources.js", "NODE_EXTRA_CA_CERTS");
}

#[test]
fn the_official_python_sdk_uses_the_other_resources() {
    let python = folder().join("python/venv/bin/python");
    spend_a_day("python", &python, &python, "python/resources.py", "REQUESTS_CA_BUNDLE");
}

#[test]
fn the_official_python_sdk_spends_a_day() {
    let python = folder().join("python/venv/bin/python");
    spend_a_day("python", &python, &python, "python/shop.py", "REQUESTS_CA_BUNDLE");
}

#[test]
fn schemathesis_finds_nothing_that_the_document_does_not_say() {
    let program = folder().join("python/venv/bin/schemathesis");
    if is_missing(&program) {
        return;
    }
    let sandbox = Served::start(&[]);
    let bearer = format!("Authorization: Bearer {}", sandbox.said["access_token"].as_str().unwrap());
    let output = Command::new(&program)
        .current_dir(sandbox.folder.path())
        .arg("run")
        .arg(format!("{}/openapi.json", sandbox.said["url"].as_str().unwrap()))
        .args(["-H", &bearer, "--max-examples", "20", "--seed", "1", "--no-color"])
        .arg("--checks")
        .arg("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let count = said.lines().find(|line| line.contains("generated") && line.contains("passed"));
    assert!(output.status.success() && count.is_some(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}
