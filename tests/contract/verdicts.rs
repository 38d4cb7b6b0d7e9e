//! One answer has one verdict, whichever command and whichever report tells it.

use std::path::Path;

use crate::support::stand_in::{Play, StandIn, answer, credentials, stand_in};
use crate::support::{Ran, homologa_in, homologa_with};

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn against(server: &StandIn, folder: &Path, command: &[&str], more: &[&str]) -> Ran {
    let credentials = credentials("MLA");
    let environment: Vec<(&str, &str)> = credentials.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let url = server.url();
    homologa_with(
        folder,
        &environment,
        &[command, &["--target", &url, "--no-preflight", "--lang", "en"], more].concat(),
    )
}

/// An error with its status in its body too.
fn error(status: u16, code: u32) -> String {
    format!(
        r#"{{"message":"Card Token not found","error":"bad_request","status":{status},"cause":[{{"code":{code},"description":"Card Token not found"}}]}}"#
    )
}

#[test]
fn an_error_that_breaks_the_documents_fails_a_run_that_expected_its_status() {
    let server = stand_in(|_, _| answer(403, &error(403, 2006)));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", "name: a\nsteps: [{ post: /v1/payments, body: {}, expect: { status: 403 } }]\n");
    write(folder.path(), "body.http", &format!("HTTP/1.1 403 Forbidden\n\n{}", error(403, 2006)));
    let report = "sarif=r.sarif,github=r.txt,gitlab=r.json,markdown=r.md,junit=r.xml,tap=r.tap,html=r.html";
    let run = against(&server, folder.path(), &["contract", "run", "a.yaml"], &["--report", report]);
    let drift = against(&server, folder.path(), &["contract", "drift", "a.yaml"], &[]);
    let validate = homologa_in(folder.path(), &["contract", "validate", "body.http"]);
    assert_eq!((run.code, drift.code, validate.code), (1, 1, 1), "{}\n{}", run.all(), drift.all());
    for ran in [&run, &drift] {
        assert!(ran.stdout.contains("400/2006 → 403/2006"), "{}", ran.all());
    }
    for name in ["r.sarif", "r.txt", "r.json", "r.md", "r.xml", "r.tap", "r.html"] {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.contains("status-mismatch"), "{name}: {text}");
    }
    let junit = std::fs::read_to_string(folder.path().join("r.xml")).unwrap();
    assert!(junit.contains(r#"tests="2" failures="1" errors="0""#), "{junit}");
    // What is as documented stays quiet, and so does what a scenario expects of it.
    let server = stand_in(|_, _| answer(400, &error(400, 2006)));
    let run = against(&server, folder.path(), &["contract", "run", "a.yaml"], &[]);
    assert!(run.code == 1 && !run.stdout.contains("/2006"), "{}", run.all());
    write(folder.path(), "a.yaml", "name: a\nsteps: [{ post: /v1/payments, body: {}, expect: { error: 2006 } }]\n");
    let run = against(&server, folder.path(), &["contract", "run", "a.yaml"], &[]);
    assert_eq!(run.code, 0, "{}", run.all());
}

#[test]
fn a_gate_on_lesser_differences_has_every_answer_judged() {
    let server = stand_in(|_, _| answer(400, &error(400, 99_999)));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.yaml", "name: a\nsteps: [{ post: /v1/payments, body: {}, expect: { status: 400 } }]\n");
    for (gate, code) in [("drift:breaking", 0), ("drift:notable", 1)] {
        let run = against(&server, folder.path(), &["contract", "run", "a.yaml"], &["--fail-on", gate]);
        assert_eq!((run.code, run.stdout.contains("unknown-code")), (code, code == 1), "{gate} {}", run.all());
    }
}

#[test]
fn what_is_no_json_shows_no_member_to_be_absent_and_a_document_as_a_number_is_a_note() {
    let payment =
        r#"{"id":1,"status":"approved","status_detail":"accredited","payer":{"identification":{"number":12345678}}}"#;
    let server = stand_in(move |asked, _| match asked.line.as_str() {
        "GET /v1/customers/1" => {
            Play::Answer(200, vec![("content-type", "text/html".to_owned())], "<html>login</html>".to_owned())
        }
        "GET /v1/customers/2" => answer(204, ""),
        _ => answer(200, payment),
    });
    let folder = tempfile::tempdir().unwrap();
    let absent = |id: u8| {
        format!(
            "name: c{id}\nsteps:\n  - get: /v1/customers/{id}\n    expect: {{ body: {{ $.error: {{ absent: true }} }} }}\n"
        )
    };
    write(folder.path(), "page.yaml", &absent(1));
    write(folder.path(), "nothing.yaml", &absent(2));
    write(folder.path(), "payment.yaml", "name: p\nsteps: [{ get: /v1/payments/1, expect: { status: 200 } }]\n");
    let code = |file: &str| against(&server, folder.path(), &["contract", "run", file], &[]);
    let page = code("page.yaml");
    assert!(page.code == 3 && page.stdout.contains("JSON"), "{}", page.all());
    assert_eq!(code("nothing.yaml").code, 0);
    let payment = code("payment.yaml");
    assert!(payment.code == 0 && payment.stdout.contains("type-in-tolerance"), "{}", payment.all());
}

#[test]
fn each_failed_step_has_its_own_line_to_try_it_by_hand() {
    let server = stand_in(|_, _| Play::Sandbox);
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "a.yaml",
        "name: a\nsteps:\n  - { id: b, get: /v1/payment_methods, expect: { status: 201 } }\nfinally:\n  \
         - { id: c, delete: /v1/customers/nobody, expect: { status: 200 } }\n",
    );
    let ran = against(&server, folder.path(), &["contract", "run", "a.yaml"], &[]);
    let (first, second) = ran.stdout.split_once("\n      c\n").unwrap_or_else(|| panic!("{}", ran.all()));
    assert!(first.contains("curl -X GET") && !first.contains("curl -X DELETE"), "{first}");
    assert!(second.contains("curl -X DELETE") && !second.contains("curl -X GET"), "{second}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_in_every_report() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "good.yaml", "name: a\nsteps: [{ get: /v1/payment_methods, expect: { status: 200 } }]\n");
    write(folder.path(), "broken.yaml", "name: b\nsteps:\n  - use: nowhere.yaml\n");
    let report = "html=r.html,junit=r.xml,sarif=r.sarif,markdown=r.md,github=r.txt,gitlab=r.json,tap=r.tap,json=j.json";
    let ran = homologa_in(folder.path(), &["contract", "run", ".", "--report", report]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    for name in ["r.html", "r.xml", "r.sarif", "r.md", "r.txt", "r.json", "j.json"] {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(text.contains("broken.yaml"), "{name}: {text}");
    }
    let annotation = std::fs::read_to_string(folder.path().join("r.txt")).unwrap();
    assert!(annotation.contains("::error file=broken.yaml,line=3,col="), "{annotation}");
}
