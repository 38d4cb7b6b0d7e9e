//! Targets that misbehave: every one gets a clear message and the right verdict, the other scenarios still run,
//! and neither memory nor time grows with what a server sends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use homologa::contract::{Options, Queue, Target, TargetKind, run};
use homologa::run::{Collector, RunRecord, Verdict};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Ran, command};

/// A credential of nobody, put together so that no scanner takes it for a real one.
fn token() -> String {
    format!("TEST-{}-091211-{}-123456789", "1234567890123456", "0123456789abcdef".repeat(2))
}

/// Answers a request for a path; the connection is closed afterwards.
type Behaviour = fn(&str, &str, &mut TcpStream) -> std::io::Result<()>;

struct Hostile {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

/// A server of bytes: reads one request of each connection and lets `behaviour` write whatever it wants.
fn hostile(behaviour: Behaviour) -> Hostile {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            count.fetch_add(1, Ordering::SeqCst);
            // A client that stops reading must not hold the test.
            let _ = stream.set_write_timeout(Some(Duration::from_secs(20)));
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut piece = [0; 4096];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut piece) {
                        Ok(0) | Err(_) => return,
                        Ok(length) => request.extend_from_slice(&piece[..length]),
                    }
                }
                let request = String::from_utf8_lossy(&request).into_owned();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                let _ = behaviour(&path, &request, &mut stream);
            });
        }
    });
    Hostile { address, connections }
}

fn answer(stream: &mut TcpStream, head: &str, body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {head}\r\nconnection: close\r\n\r\n")?;
    stream.write_all(body)?;
    stream.flush()
}

fn json(stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    answer(stream, &format!("200 OK\r\ncontent-type: application/json\r\ncontent-length: {}", body.len()), body)
}

/// A gzip stream that unpacks to about 300 MB of spaces: one literal, then "the same again" without end.
fn gzip_bomb() -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let (mut bits, mut count) = (0u64, 0u32);
    let mut put = |value: u64, length: u32| {
        bits |= value << count;
        count += length;
        while count >= 8 {
            bytes.push(u8::try_from(bits & 0xff).unwrap());
            bits >>= 8;
            count -= 8;
        }
    };
    // A last block with the fixed codes; codes are written from their highest bit.
    put(0b1, 1);
    put(0b01, 2);
    put(u64::from(0x50u8.reverse_bits()), 8);
    for _ in 0..1_200_000 {
        // Length 258 is code 285 (11000101), distance 1 is code 0 (00000).
        put(u64::from(0b1100_0101_u8.reverse_bits()), 8);
        put(0, 5);
    }
    put(0, 7);
    put(0, 8);
    bytes
}

fn misbehave(path: &str, request: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    let megabyte = vec![b' '; 1 << 20];
    match path {
        "/gigabyte" => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n{{\"id\":1,\"x\":\"")?;
            (0..1024).try_for_each(|_| stream.write_all(&megabyte))
        }
        "/chunks" => {
            write!(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
            (0..2048).try_for_each(|_| {
                write!(stream, "100000\r\n")?;
                stream.write_all(&megabyte)?;
                write!(stream, "\r\n")
            })
        }
        "/drip" => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")?;
            (0..600).try_for_each(|_| {
                thread::sleep(Duration::from_millis(100));
                stream.write_all(b" ")
            })
        }
        "/header-drip" => {
            write!(stream, "HTTP/1.1 200 OK\r\n")?;
            (0..600).try_for_each(|number| {
                thread::sleep(Duration::from_millis(100));
                write!(stream, "x-{number}: y\r\n")
            })
        }
        "/headers" => {
            write!(stream, "HTTP/1.1 200 OK\r\n")?;
            (0..1_000_000).try_for_each(|number| write!(stream, "x-{number}: {}\r\n", "y".repeat(100)))
        }
        "/long-header" => {
            write!(stream, "HTTP/1.1 200 OK\r\nx: ")?;
            (0..1024).try_for_each(|_| stream.write_all(&megabyte))
        }
        "/gzip-bomb" => {
            let bomb = gzip_bomb();
            let head = format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}", bomb.len());
            answer(stream, &head, &bomb)
        }
        "/not-gzip" => answer(stream, "200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 8", b"{\"id\":1}"),
        "/truncated" => json(stream, b"{\"id\":1,\"status\":\"appr"),
        "/invalid" => json(stream, b"{id: 1}"),
        "/not-utf8" => json(stream, b"{\"id\":1,\"name\":\"Mu\xf1oz\"}"),
        "/bom" => json(stream, b"\xef\xbb\xbf{\"id\":1}"),
        "/too-long" => answer(stream, "200 OK\r\ncontent-length: 1000", b"{\"id\":1}"),
        "/too-short" => answer(stream, "200 OK\r\ncontent-length: 4", b"{\"id\":1}"),
        "/two-lengths" => answer(stream, "200 OK\r\ncontent-length: 4\r\ncontent-length: 8", b"{\"id\":1}"),
        "/deep" => json(stream, ["[".repeat(100_000), "]".repeat(100_000)].concat().as_bytes()),
        "/wide" => json(stream, format!("{{\"id\":1,\"cause\":[{}0]}}", "0,".repeat(1_500_000)).as_bytes()),
        "/twice" => json(stream, b"{\"id\":1,\"id\":2}"),
        "/numbers" => json(stream, b"{\"id\":123456789012345678901234567890,\"amount\":1e300,\"x\":-0.0}"),
        "/cut" => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{{\"id\":1,")?;
            stream.shutdown(std::net::Shutdown::Both)
        }
        "/hang-up" => stream.shutdown(std::net::Shutdown::Both),
        "/not-http" => stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n"),
        "/empty" => answer(stream, "200 OK\r\ncontent-length: 0", b""),
        "/no-content" => answer(stream, "204 No Content", b""),
        "/html" => answer(stream, "200 OK\r\ncontent-type: text/html\r\ncontent-length: 17", b"<h1>Welcome!</h1>"),
        "/bad-gateway" => answer(stream, "502 Bad Gateway\r\ncontent-length: 20", b"<h1>Bad Gateway</h1>"),
        "/digits" => json(stream, format!("{{\"id\":1,\"x\":\"{}\"}}", "1-".repeat(1_000_000)).as_bytes()),
        "/echo" => {
            let sent = request.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization"));
            let sent = sent.and_then(|line| line.split(' ').next_back()).unwrap_or_default();
            let body = format!("{{\"id\":\"{sent}\",\"{sent}\":\"\\u001b[2J\\u202e\",\"message\":\"{sent}\"}}");
            answer(stream, &format!("200 OK\r\nx-echo: {sent}\r\ncontent-length: {}", body.len()), body.as_bytes())
        }
        // Good answers: the question before a run, and the scenario that has nothing to complain of.
        "/v1/payment_methods" => json(stream, b"[]"),
        _ => json(stream, b"{\"id\":1}"),
    }
}

/// A scenario that asks for one path.
fn scenario(path: &str, expect: &str) -> String {
    format!("name: {path}\nsteps: [{{ get: {path}, expect: {expect} }}]\n")
}

/// Runs scenarios against a server from outside; gives what it printed and its largest memory in KiB.
fn contract_run(server: &Hostile, scenarios: &[(&str, &str)]) -> (Ran, u64) {
    let folder = TempDir::new().unwrap();
    for (path, expect) in scenarios {
        let file = format!("{}.yaml", path[1..].replace('/', "-"));
        std::fs::write(folder.path().join(file), scenario(path, expect)).unwrap();
    }
    let target = format!("http://{}", server.address);
    let out = std::fs::File::create(folder.path().join("stdout.json")).unwrap();
    let err = std::fs::File::create(folder.path().join("stderr.txt")).unwrap();
    let arguments = ["--format", "json", "contract", "run", ".", "--target", &target, "--output", "out", "--jobs", "4"];
    let mut child = command(folder.path(), &arguments)
        .env("MERCADOPAGO_ACCESS_TOKEN", token())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    let mut most = 0;
    let status = loop {
        let told = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = told.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        most = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let read = |name: &str| String::from_utf8(std::fs::read(folder.path().join(name)).unwrap()).unwrap();
    let written = ["report.html", "report.json", "record.jsonl"].map(|name| read(&format!("out/{name}"))).concat();
    let ran = Ran { code: status.code().unwrap_or(-1), stdout: read("stdout.json"), stderr: read("stderr.txt") };
    assert!(!ran.all().contains(&token()) && !written.contains(&token()), "the credential left the process");
    assert!(!ran.all().contains("panicked"), "{}", ran.stderr);
    (ran, most)
}

/// The verdict of a scenario and everything that is said of its first step, in English.
fn told(ran: &Ran, path: &str) -> (Verdict, String) {
    let record: RunRecord = serde_json::from_str(&ran.stdout).unwrap();
    let scenarios = record.contract.unwrap().scenarios;
    let result = scenarios.into_iter().find(|each| each.name.get(homologa::i18n::Lang::En) == path).unwrap();
    let step = &result.steps[0];
    let messages = step.reason.iter().chain(step.findings.iter().map(|finding| &finding.message));
    (result.verdict, messages.map(|message| message.render(homologa::i18n::Lang::En)).collect::<Vec<_>>().join("; "))
}

#[test]
fn every_misbehaviour_has_its_verdict_and_its_words() {
    use Verdict::{Fail, Inconclusive, Pass};
    let server = hostile(misbehave);
    let id = "{ status: 200, body: { $.id: 1 } }";
    let payment = "{ status: 200, schema: payment }";
    let cases: [(&str, &str, Verdict, &str); 31] = [
        ("/good", id, Pass, ""),
        ("/gigabyte", id, Inconclusive, "longer than 4 MiB"),
        ("/chunks", payment, Inconclusive, "longer than 4 MiB"),
        ("/gzip-bomb", "{ error: 2006 }", Fail, "400 was expected, 200 came"),
        ("/not-gzip", id, Inconclusive, "127.0.0.1"),
        ("/headers", id, Inconclusive, "127.0.0.1"),
        ("/long-header", id, Inconclusive, "127.0.0.1"),
        ("/truncated", id, Inconclusive, "ends before its JSON does"),
        ("/invalid", payment, Inconclusive, "JSON"),
        ("/not-utf8", id, Inconclusive, "no valid UTF-8"),
        ("/bom", id, Inconclusive, "not JSON"),
        ("/too-long", id, Inconclusive, "closed the connection"),
        ("/too-short", id, Inconclusive, "JSON"),
        ("/two-lengths", id, Inconclusive, "127.0.0.1"),
        ("/deep", id, Inconclusive, "not JSON"),
        ("/wide", id, Pass, ""),
        ("/twice", "{ status: 200, body: { $.id: 2 } }", Pass, ""),
        ("/numbers", "{ status: 200, body: { $.amount: { type: number } } }", Pass, ""),
        ("/cut", id, Inconclusive, "closed the connection"),
        ("/hang-up", id, Inconclusive, "closed the connection"),
        ("/not-http", id, Inconclusive, "does not speak HTTP"),
        ("/empty", payment, Inconclusive, "is empty"),
        ("/no-content", "{ status: 204 }", Pass, ""),
        ("/html", payment, Inconclusive, "a page of HTML came"),
        ("/bad-gateway", id, Inconclusive, "502 came with a page of HTML"),
        ("/digits", id, Pass, ""),
        ("/echo", "{ status: 200, body: { $.id: mine }, headers: { x-echo: other } }", Fail, "$.id"),
        ("/v1/payment_methods", "{ status: 200, schema: error }", Fail, "schema error"),
        ("/v1/payments/1", "{ status: 200 }", Fail, "schema payment"),
        ("/v1/card_tokens/1", "{ status: 400 }", Fail, "400 was expected, 200 came"),
        ("/zz-last", id, Pass, ""),
    ];
    let scenarios: Vec<(&str, &str)> = cases.iter().map(|(path, expect, ..)| (*path, *expect)).collect();
    let (ran, most) = contract_run(&server, &scenarios);
    for (path, _, verdict, words) in cases {
        let (found, said) = told(&ran, path);
        assert!(found == verdict && said.contains(words), "{path}: {found:?}: {said}");
    }
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    // Four answers of 4 MiB at once, some of them as text and as JSON; the bombs alone are hundreds of MiB.
    assert!(most < 400 * 1024, "{most} KiB");
    let steers = |character: char| character.is_control() && character != '\n';
    assert!(!ran.stderr.contains(steers), "{:?}", ran.stderr);
}

#[test]
fn a_broken_network_alone_is_inconclusive() {
    let server = hostile(misbehave);
    let id = "{ status: 200 }";
    let (ran, _) = contract_run(&server, &[("/good", id), ("/cut", id), ("/bad-gateway", id)]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
}

#[test]
fn an_answer_that_drips_ends_by_the_total_time() {
    let server = hostile(misbehave);
    let folder = TempDir::new().unwrap();
    for path in ["/drip", "/header-drip", "/good"] {
        std::fs::write(folder.path().join(format!("{}.yaml", &path[1..])), scenario(path, "{ status: 200 }")).unwrap();
    }
    let mut stock = homologa::contract::scenario::Stock::in_folder(folder.path());
    let target = Target {
        kind: TargetKind::Url,
        base: format!("http://{}/", server.address).parse().unwrap(),
        site: "MLA".to_owned(),
        access_token: Some(token().into()),
        public_key: None,
    };
    let options = Options { timeout: Duration::from_secs(2), ..Options::default() };
    let collector = Collector::new(None, None);
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let queue = Queue::new(&mut stock, &[], TargetKind::Url, &collector);
    runtime.block_on(run(queue, target, &options, &collector)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let results = collector.record().contract.unwrap().scenarios;
    let verdicts: Vec<(&str, Verdict)> = results.iter().map(|each| (each.id.as_str(), each.verdict)).collect();
    let expected =
        [("drip@MLA", Verdict::Inconclusive), ("good@MLA", Verdict::Pass), ("header-drip@MLA", Verdict::Inconclusive)];
    assert_eq!(verdicts, expected);
    for result in results.iter().filter(|each| each.verdict == Verdict::Inconclusive) {
        assert_eq!(result.steps[0].reason.as_ref().unwrap().key, "http.timeout", "{}", result.id);
    }
}

/// A redirect is an answer like any other; neither request nor credential goes where it points.
#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = hostile(|_, _, stream| json(stream, b"{\"id\":1}"));
    static ELSEWHERE: std::sync::OnceLock<SocketAddr> = std::sync::OnceLock::new();
    ELSEWHERE.set(elsewhere.address).unwrap();
    let server = hostile(|path, _, stream| match path {
        "/v1/payment_methods" => json(stream, b"[]"),
        _ => {
            let place = ELSEWHERE.get().unwrap();
            answer(stream, &format!("307 Temporary Redirect\r\nlocation: http://{place}/x\r\ncontent-length: 0"), b"")
        }
    });
    let (ran, _) = contract_run(&server, &[("/moved", "{ status: 200 }"), ("/known", "{ status: 307 }")]);
    let (verdict, said) = told(&ran, "/moved");
    assert!(verdict == Verdict::Fail && said.contains("200 was expected, 307 came"), "{said}");
    assert_eq!(told(&ran, "/known").0, Verdict::Pass);
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

/// Schemas are compiled from the program's own files alone, and no reference in a document is ever fetched.
#[test]
fn a_remote_reference_is_never_fetched() {
    let server = hostile(|_, _, stream| json(stream, b"{\"type\":\"object\"}"));
    let remote = format!("http://{}/schema.json", server.address);
    let schema: Value = serde_json::json!({ "$ref": remote });
    assert!(jsonschema::validator_for(&schema).is_err(), "the validator fetches references");
    let folder = TempDir::new().unwrap();
    let document = serde_json::json!({ "openapi": "3.0.0", "paths": { "/v1/payments": { "post": { "responses": {
        "201": { "content": { "application/json": { "schema": { "$ref": remote } } } } } } } } });
    std::fs::write(folder.path().join("openapi.json"), document.to_string()).unwrap();
    let ran = crate::support::homologa_in(folder.path(), &["contract", "drift", "--against", "openapi.json"]);
    assert!(ran.code < 3, "{}", ran.all());
    let scenario = scenario("/x", &format!("{{ status: 200, schema: '{remote}' }}"));
    std::fs::write(folder.path().join("x.yaml"), scenario).unwrap();
    let ran = crate::support::homologa_in(folder.path(), &["contract", "check", "."]);
    assert_eq!(ran.code, 2, "{}", ran.all());
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

/// What a scenario itself holds of secrets is sent, but stays out of everything that is shown or stored.
#[test]
fn secrets_of_a_scenario_stay_out_of_its_reports() {
    let server = hostile(misbehave);
    let secret = "s3cr3t-of-a-scenario";
    let folder = TempDir::new().unwrap();
    // In a header it would be refused as a literal.
    let own = "${env.SECRET}";
    let headers = format!("{{ x-auth-token: 'Bearer {own}', x-api-key: '{own}', cookie: 'id={own}' }}");
    let body = format!("{{ client_secret: {secret}, password: {secret} }}");
    let step = format!("as: none, headers: {headers}, query: {{ access_token: {secret} }}, body: {body}");
    let text = format!("name: x\nsteps: [{{ post: /echo, {step}, expect: {{ status: 400 }} }}]\n");
    std::fs::write(folder.path().join("x.yaml"), text).unwrap();
    let target = format!("http://{}", server.address);
    let credential = token();
    let environment = [("MERCADOPAGO_ACCESS_TOKEN", credential.as_str()), ("HOMOLOGA_VAR_SECRET", secret)];
    for more in [&["--output", "out"][..], &["--dry-run"], &["--dry-run", "--format", "json"]] {
        let arguments = [&["contract", "run", ".", "--target", &target], more].concat();
        let ran = crate::support::homologa_with(folder.path(), &environment, &arguments);
        assert!(!ran.all().contains(secret), "{more:?}: {}", ran.all());
        assert!(!ran.all().contains(&token()), "{more:?}: {}", ran.all());
    }
    for file in std::fs::read_dir(folder.path().join("out")).unwrap() {
        let path = file.unwrap().path();
        assert!(!std::fs::read_to_string(&path).unwrap().contains(secret), "{}", path.display());
    }
}

/// A server that gives back every header, in the body, in a header, and as what an expectation quotes.
#[test]
fn a_secret_of_the_environment_in_a_header_is_nowhere_in_what_a_run_leaves() {
    let echo = |request: axum::extract::Request| async move {
        let value = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (own, other) = (value("x-shop-signature"), value("x-api-key"));
        let body = serde_json::json!({ "id": 1, "status": own, "you": { "sent": format!("[{own}] {other}") } });
        ([("x-request-id", own), ("content-type", "application/json".to_owned())], body.to_string())
    };
    let address = crate::support::serve(axum::Router::new().fallback(echo));
    let folder = tempfile::TempDir::new().unwrap();
    let secret = "hunter2-and-a-half";
    let scenario = "name: x
variables: { signature: '${env.SIGNATURE}' }
steps:
  - { id: sent, get: /x, headers: { X-Shop-Signature: 'sha1 ${signature}' }, expect: { status: 200 }, capture: { back: $.status } }
  - { id: again, post: /y, headers: { X-Api-Key: '${env.KEY}' }, body: { back: '${back}' }, expect: { status: 200, body: { $.you.sent: nothing } } }
";
    std::fs::write(folder.path().join("x.yaml"), scenario).unwrap();
    let target = format!("http://{address}/");
    let environment = [
        ("HOMOLOGA_VAR_SIGNATURE", secret),
        ("HOMOLOGA_VAR_KEY", "another-secret-key"),
        ("MERCADOPAGO_ACCESS_TOKEN", "TEST-1234567890123456-112233-abcdefabcdefabcdefabcdefabcdef12-99999"),
    ];
    let run = |arguments: &[&str]| {
        let common = ["contract", "run", "x.yaml", "--target", &target, "--no-preflight"];
        let arguments: Vec<&str> = common.iter().chain(arguments).copied().collect();
        crate::support::homologa_with(folder.path(), &environment, &arguments)
    };
    let reports =
        ["--report", "json=r.json", "--report", "html=r.html", "--report", "junit=r.xml", "--report", "sarif=r.sarif"];
    let ran = run(&[&reports[..], &["--record", "r.rec", "--journal", "j.jsonl"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.all());
    let dry = run(&["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.all());
    let mut seen = vec![("run", ran.all()), ("dry run", dry.all())];
    let names = ["r.json", "r.html", "r.xml", "r.sarif", "r.rec", "j.jsonl"];
    seen.extend(names.map(|name| (name, std::fs::read_to_string(folder.path().join(name)).unwrap())));
    for (name, text) in seen {
        assert!(!text.contains(secret) && !text.contains("another-secret-key"), "{name}: {text}");
    }
}
