//! `contract drift --against`: documents of every kind compared by the command, with its exit codes.

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::support::homologa_in;

fn of_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_saved_page_and_our_own_catalogue_differ_in_nothing_unexplained() {
    let folder = TempDir::new().unwrap();
    for (document, kind, most) in
        [("tests/fixtures/reference-page.txt", "reference-page", 3), ("specs/catalogue", "catalogue", 0)]
    {
        let against = of_repository(document).display().to_string();
        let ran = homologa_in(folder.path(), &["--format", "json", "contract", "drift", "--against", &against]);
        let drift = ran.json();
        assert_eq!((ran.code, drift["document"].as_str(), drift["found"].as_u64()), (0, Some(kind), Some(90)));
        let found = drift["differences"].as_array().unwrap();
        assert!(found.len() <= most && found.iter().all(|found| found["kind"] == "printed-repaired"), "{drift:#}");
    }
}

#[test]
fn breaking_drift_fails_and_is_shown_within_eighty_columns() {
    let folder = TempDir::new().unwrap();
    let openapi = json!({"openapi": "3.1.0", "paths": {"/v1/payments": {"post": {"responses": {
        "201": {"content": {"application/json": {"schema": {"type": "object",
            "properties": {"id": {"type": "string"}, "brand_new": {"type": "string"}}}}}},
        "400": {}, "401": {}, "403": {}, "422": {}}}}}});
    std::fs::write(folder.path().join("openapi.json"), openapi.to_string()).unwrap();
    std::fs::write(folder.path().join("openapi.yaml"), serde_yaml::to_string(&openapi).unwrap()).unwrap();
    for name in ["openapi.json", "openapi.yaml"] {
        let ran = homologa_in(folder.path(), &["contract", "drift", "--against", name]);
        assert_eq!(ran.code, 1, "{}", ran.all());
        for told in ["breaking", "/id", "- integer", "+ string", "422", "/brand_new"] {
            assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
        }
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    }
}

#[test]
fn what_is_no_known_document_is_refused() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("empty.yaml", b"");
    write("other.yaml", b"a: 1\n");
    write("cut.json", b"{\"openapi\": ");
    write("deep.json", ("{\"openapi\":".to_owned() + &"[".repeat(100_000)).as_bytes());
    write("page.html", b"<!DOCTYPE html><html><body>Not found</body></html>");
    write("spec.yaml.gz", b"\x1f\x8b\x08\0\0\0");
    write("no-path.json", b"{\"openapi\": \"3.0.0\", \"paths\": {}}");
    write("errors.yaml", b"errors: [1, 2]\n");
    std::fs::create_dir(folder.path().join("none")).unwrap();
    for name in [
        "empty.yaml",
        "other.yaml",
        "cut.json",
        "deep.json",
        "page.html",
        "spec.yaml.gz",
        "no-path.json",
        "errors.yaml",
        "none",
        "missing.yaml",
    ] {
        let ran = homologa_in(folder.path(), &["contract", "drift", "--against", name]);
        assert_eq!((ran.code, ran.stderr.contains(name)), (2, true), "{name}: {}", ran.all());
    }
}
