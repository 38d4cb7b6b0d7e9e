//! Bad input of every kind: a clear message, the right exit code, and what was done before is kept.

use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::any;
use tempfile::TempDir;

use crate::support::{Ran, closed_port, homologa, homologa_in, homologa_with, serve};

/// A configuration in a folder, and what `check` says of it.
fn check(config: &str) -> Ran {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("homologa.yaml"), config).unwrap();
    homologa_in(folder.path(), &["check"])
}

#[test]
fn a_missing_configuration_names_the_way_to_one() {
    let ran = homologa(&["check"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("homologa init"), "{}", ran.stderr);
}

#[test]
fn mistakes_in_the_configuration_are_told_with_their_place() {
    for (config, place, told) in [
        ("contract: {\n", "homologa.yaml:1:12", "not valid YAML"),
        ("", "homologa.yaml", "empty"),
        ("contract:\n  sit: MLA\n", "homologa.yaml:2:3", "did you mean `site`?"),
        ("contract:\n  site: XYZ\n", "homologa.yaml:2:9", "is no value of `site`"),
        ("contract:\n  jobs: many\n", "homologa.yaml:2:9", "a whole number of 0 or more"),
        ("contract:\n  site: MLA\n  site: MLB\n", "homologa.yaml:3:3", "stands already in line 2"),
        ("contract:\n\tsite: MLA\n", "homologa.yaml:2", "tabs"),
        (
            "contract:\n  target: 'https://ana:secreto@api.example'\n",
            "homologa.yaml:2:11",
            "carries a user or a password",
        ),
        ("golive:\n  shops: ['file:///etc/passwd']\n", "homologa.yaml:2", "is not an http or https address"),
        (
            "golive:\n  shops: [https://a.example]\n  rules: { card-fields-no-nmae: off }\n",
            "",
            "did you mean `card-fields-no-name`?",
        ),
    ] {
        let ran = check(config);
        assert_eq!(ran.code, 2, "{config}: {}", ran.all());
        assert!(ran.stderr.contains(place), "{config}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{config}: {}", ran.stderr);
        assert!(!ran.stderr.contains("secreto"), "{}", ran.stderr);
    }
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("homologa.yaml"), b"lang: \xff\xfe").unwrap();
    let ran = homologa_in(folder.path(), &["check"]);
    assert_eq!((ran.code, ran.stderr.contains("UTF-8")), (2, true), "{}", ran.stderr);
}

#[test]
fn a_broken_scenario_is_told_and_the_others_still_run() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("good.yaml", "name: Methods are listed\nsteps:\n  - get: /v1/payment_methods\n    expect: { status: 200 }\n");
    write("bad.yaml", "name: Bad\nsteps:\n  - get: /v1/payments/${idd}\n    exepct: { status: 200 }\n");
    let ran = homologa_in(folder.path(), &["--format", "json", "contract", "run", "."]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("bad.yaml:4:5") && ran.stderr.contains("did you mean `expect`?"), "{}", ran.stderr);
    assert_eq!(ran.json()["contract"]["scenarios"][0]["verdict"], "pass", "{}", ran.stdout);
}

#[test]
fn an_unreachable_target_is_inconclusive_and_says_so() {
    let target = format!("http://127.0.0.1:{}", closed_port());
    let folder = TempDir::new().unwrap();
    let environment = [("MERCADOPAGO_ACCESS_TOKEN", "TEST-abc")];
    let ran = homologa_with(folder.path(), &environment, &["contract", "run", "--target", &target]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("127.0.0.1"), "{}", ran.stderr);
}

#[test]
fn a_missing_a_wrong_and_a_production_credential_are_told_apart() {
    let refuse = serve(Router::new().fallback(any(|| async { (StatusCode::UNAUTHORIZED, "{}") })));
    let target = format!("http://{refuse}");
    let folder = TempDir::new().unwrap();
    let run = |environment: &[(&str, &str)]| {
        homologa_with(folder.path(), environment, &["contract", "run", "--target", &target])
    };
    let missing = run(&[]);
    assert_eq!(missing.code, 2, "{}", missing.all());
    assert!(missing.stderr.contains("MERCADOPAGO_ACCESS_TOKEN"), "{}", missing.stderr);
    let wrong = run(&[("MERCADOPAGO_ACCESS_TOKEN", "TEST-not-a-token")]);
    assert_eq!(wrong.code, 2, "{}", wrong.all());
    assert!(wrong.stderr.contains("does not accept the credential (status 401)"), "{}", wrong.stderr);
    assert!(!wrong.all().contains("TEST-not-a-token"), "{}", wrong.all());
    let production = run(&[("MERCADOPAGO_ACCESS_TOKEN", "APP_USR-1")]);
    assert_eq!(production.code, 2, "{}", production.all());
    assert!(production.stderr.contains("production credential"), "{}", production.stderr);
}

#[test]
fn a_body_that_is_not_json_is_an_open_question_and_says_why() {
    let address = serve(Router::new().fallback(any(|| async { (StatusCode::CREATED, "<html>hello</html>") })));
    let folder = TempDir::new().unwrap();
    let scenario = "name: x\nsteps:\n  - post: /v1/payments\n    body: {}\n    expect: { status: 201 }\n";
    std::fs::write(folder.path().join("x.yaml"), scenario).unwrap();
    let environment = [("MERCADOPAGO_ACCESS_TOKEN", "TEST-abc")];
    let target = format!("http://{address}");
    let ran = homologa_with(folder.path(), &environment, &["contract", "run", "x.yaml", "--target", &target]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stdout.contains("broken-answer") && ran.stdout.contains("a page of HTML came"), "{}", ran.stdout);
}

/// Files of every bad kind in one folder: each is told with its place, and the good one runs.
#[test]
fn hostile_scenario_files_are_told_and_the_good_one_runs() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let step = "steps: [{ get: /v1/payment_methods, expect: { status: 200 } }]\n";
    let with = |more: &str| format!("name: x\n{more}\n{step}");
    write("good.yaml", &with("tags: good"));
    write("large.yaml", &format!("name: x\ndescription: {}\n{step}", "x".repeat(10 * 1024 * 1024)));
    write("aliases.yaml", &with("tags: &a [x, x]\nvariables: { a: *a }"));
    write("nested.yaml", &"[".repeat(100_000));
    write("two.yaml", &format!("name: x\n{step}---\nname: y\n"));
    write("twice.yaml", &with("name: y"));
    write("tabs.yaml", "name: x\nsteps:\n\t- get: /\n");
    write("ragged.csv", "a,b\n1,2\n1\n");
    write("quote.csv", "a,b\n1,\"2\n");
    write("large.csv", &"a,b\n".repeat(10 * 1024 * 1024 / 4));
    for name in ["ragged", "quote", "large"] {
        write(&format!("csv-{name}.yaml"), &with(&format!("rows: {{ csv: {name}.csv }}")));
    }
    write("circle.yaml", "name: x\nsteps: [{ use: a.yaml }]\n");
    write("a.yaml", "fragment: a\nsteps: [{ use: b.yaml }]\n");
    write("b.yaml", "fragment: b\nsteps: [{ use: a.yaml }]\n");
    write(
        "open.yaml",
        &step.replace("/v1", "'/v1/${x").replace("methods,", "methods',").replace("steps", "name: x\nsteps"),
    );
    let started = Instant::now();
    let ran = homologa_in(folder.path(), &["--format", "json", "contract", "run", "."]);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let scenarios = ran.json()["contract"]["scenarios"].clone();
    assert_eq!((scenarios[0]["id"].as_str(), scenarios[0]["verdict"].as_str()), (Some("good@MLA"), Some("pass")));
    assert_eq!(scenarios.as_array().unwrap().len(), 1);
    for told in [
        "large.yaml",
        "1048576",
        "aliases.yaml:3:17",
        "nested.yaml:1:",
        "two.yaml:3:1",
        "twice.yaml:2:1",
        "tabs.yaml:3",
        "ragged.csv:3:1",
        "quote.csv:2:1",
        "csv-large.yaml:2:14",
        "4 MiB",
        "b.yaml:2:16",
        "in a circle",
        "open.yaml:2:16",
        "never closed by its brace",
    ] {
        assert!(ran.stderr.replace('`', "").contains(told), "{told}: {}", ran.stderr);
    }
    assert!(ran.stderr.len() < 64 * 1024, "{}", ran.stderr.len());
}

#[test]
fn a_page_of_fifty_megabytes_is_bounded() {
    let page = format!("<html><body><p>{}</p></body></html>", "x".repeat(50 * 1024 * 1024));
    let page: &'static str = Box::leak(page.into_boxed_str());
    let address = serve(Router::new().fallback(any(move || async move { ([("content-type", "text/html")], page) })));
    let started = Instant::now();
    let ran = homologa(&["--format", "json", "golive", &format!("http://{address}/")]);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(ran.code == 1 || ran.code == 3, "{}", ran.stderr);
    let pages = ran.json()["shops"][0]["pages"].clone();
    assert!(pages[0]["bytes"].as_u64().unwrap() <= 5 * 1024 * 1024, "{pages}");
    assert!(!pages[0]["limit"].is_null(), "{pages}");
}

#[test]
fn a_redirect_loop_ends_and_is_told() {
    let address = serve(Router::new().fallback(any(|| async { Redirect::temporary("/again") })));
    let ran = homologa(&["golive", &format!("http://{address}/")]);
    assert_eq!(ran.code, 3, "{}", ran.all());
    assert!(ran.stderr.contains("redirects in a circle"), "{}", ran.stderr);
}

#[test]
fn a_shop_that_does_not_answer_does_not_stop_the_next_one() {
    let address = serve(Router::new().fallback(any(|| async { ([("content-type", "text/html")], "<p>hola</p>") })));
    let closed = format!("http://127.0.0.1:{}/", closed_port());
    let ran = homologa(&["--format", "json", "golive", &closed, &format!("http://{address}/")]);
    let record = ran.json();
    assert_eq!(record["shops"].as_array().unwrap().len(), 1, "{}", ran.stdout);
    assert_eq!(record["problems"].as_array().unwrap().len(), 1, "{}", ran.stdout);
}

#[test]
fn records_that_are_none_are_refused() {
    let folder = TempDir::new().unwrap();
    for (text, told) in
        [("", "empty"), ("{}", "not the record"), ("hello", "not the record"), ("[1,2]", "not the record")]
    {
        std::fs::write(folder.path().join("run.json"), text).unwrap();
        let ran = homologa_in(folder.path(), &["report", "run.json"]);
        assert_eq!(ran.code, 2, "{text}: {}", ran.all());
        assert!(ran.stderr.contains(told), "{text}: {}", ran.stderr);
    }
    let ran = homologa_in(folder.path(), &["report", "nowhere.json"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_runs() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let ran = homologa_in(folder.path(), &["demo", "--output", "file/inside"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.stderr);
}

/// Names in scenario files, answers and file names come from others: none of them steers the terminal.
#[test]
fn nothing_from_a_file_steers_the_terminal() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let step = "steps: [{ get: /v1/payment_methods, expect: { status: 200 } }]\n";
    write("a\u{202e}.yaml", &format!("name: \"x\\u202e\\u009b31m\\e[2J\"\ntags: [\"t\\u2066\"]\n{step}"));
    write("answer\u{202e}", r#"{"message":"\u202e\u009b2J","status":400,"cause":[{"code":"\u2066A\u200b"}]}"#);
    write("page", "400Error\n999\n\u{202e}Some \u{9b}31m thing.\n");
    let steers = |character: char| {
        character.is_control() && character != '\n'
            || ('\u{200b}'..='\u{2069}').contains(&character) && character != '…'
    };
    let answer = "answer\u{202e}";
    for arguments in [
        &["contract", "list", "."][..],
        &["contract", "check", "."],
        &["contract", "run", ".", "--dry-run"],
        &["contract", "run", "."],
        &["contract", "validate", answer],
        &["contract", "drift", "--against", "page"],
        &["contract", "run", ".", "--tag", "\u{202e}"],
    ] {
        for format in ["text", "json"] {
            let ran = homologa_in(folder.path(), &[&["--format", format], arguments].concat());
            let found: String =
                ran.all().chars().filter(|character| steers(*character) && !"–—‘’“”".contains(*character)).collect();
            assert!(found.is_empty(), "{arguments:?} {format}: {found:?} in {}", ran.all());
        }
    }
}

#[test]
fn a_time_that_is_none_is_told_before_anything_runs() {
    let folder = TempDir::new().unwrap();
    for value in ["abc", "99999999999999999"] {
        for more in [&[][..], &["--dry-run"][..]] {
            let arguments = [&["--lang", "en", "contract", "run", "--tag", "smoke"][..], more].concat();
            let ran = homologa_with(folder.path(), &[("SOURCE_DATE_EPOCH", value)], &arguments);
            assert_eq!(ran.code, 2, "{value} {more:?}: {}", ran.all());
            assert!(ran.stderr.contains(&format!("SOURCE_DATE_EPOCH is `{value}`")), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_recording_does_not_go_to_standard_output() {
    let folder = TempDir::new().unwrap();
    let ran = homologa_in(folder.path(), &["--lang", "en", "contract", "run", "--tag", "smoke", "--record=-"]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert!(ran.stderr.contains("--record does not write to standard output"), "{}", ran.stderr);
    assert!(!folder.path().join("-").exists());
}

#[test]
fn nothing_that_must_not_leave_reaches_the_other_side() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let address = serve(Router::new().fallback(move || {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async { StatusCode::OK }
    }));
    let folder = TempDir::new().unwrap();
    let run = |step: &str, command: &str| {
        let text = format!("name: x\nsteps:\n  - {{ {step}, expect: {{ status: 200 }} }}\n");
        std::fs::write(folder.path().join("x.yaml"), text).unwrap();
        let target = format!("http://{address}");
        let arguments: &[&str] = match command {
            "check" => &["--lang", "en", "contract", "check", "x.yaml"],
            _ => &[
                "--lang",
                "en",
                "contract",
                "run",
                "x.yaml",
                "--no-preflight",
                "--target",
                &target,
                "--format",
                "json",
            ],
        };
        let token = "TEST-1234567890123456-010203-0123456789abcdef0123456789abcdef-123456789";
        // Two halves of a number that no page of test cards has.
        let environment =
            [("MERCADOPAGO_ACCESS_TOKEN", token), ("HOMOLOGA_VAR_A", "40000000"), ("HOMOLOGA_VAR_B", "00000002")];
        homologa_with(folder.path(), &environment, arguments)
    };
    for step in [
        "get: '/v1/x/${env.A}${env.B}'",
        "get: /v1/x, query: { q: 'n ${env.A}${env.B}' }",
        "get: /v1/x, headers: { x-note: '${env.A}${env.B}' }",
        "post: /v1/x, raw-body: 'n=${env.A}${env.B}'",
        "post: /v1/x, body: { n: ['pague con ${env.A}${env.B} hoy'] }",
    ] {
        let ran = run(step, "run");
        assert_eq!(ran.code, 1, "{step}: {}", ran.all());
        assert!(ran.all().contains("0002") && !ran.all().contains("4000000000000002"), "{step}: {}", ran.all());
    }
    for (step, place) in [
        ("post: /v1/x, raw-body: 'n=4000000000000002'", "x.yaml:3:30"),
        ("get: /v1/x, headers: { 'ma l': x }", "x.yaml:3:30"),
        ("get: /v1/x, headers: { Content-Length: '5' }", "x.yaml:3:30"),
    ] {
        for command in ["check", "run"] {
            let ran = run(step, command);
            assert_eq!(ran.code, 2, "{step}: {}", ran.all());
            assert!(ran.all().contains(place) || command == "run", "{step}: {}", ran.all());
            assert!(!ran.all().contains("4000000000000002"), "{step}: {}", ran.all());
        }
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert_eq!(run("get: /v1/x, headers: { x-note: '123456789012' }", "run").code, 0);
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}
