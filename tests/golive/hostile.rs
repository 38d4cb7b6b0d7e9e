//! Shops that mean it ill, seen from outside: the command ends in bounded time and memory, says what it met, and the
//! rest of the shop is read all the same.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use homologa::run::RunRecord;

/// Longest time for one shop in an unoptimised build on a busy machine.
const SLOW: Duration = Duration::from_secs(120);

/// What a path answers.
enum Answer {
    Page(Vec<u8>),
    /// Status line and headers, then the body as it is.
    Raw(&'static str, Vec<u8>),
    /// Headers, then bytes without an end.
    Endless,
    /// Headers, then a byte now and then.
    Slow,
    /// Half of what was announced.
    Half,
    /// Nothing at all.
    Silence,
}

fn page(text: impl Into<Vec<u8>>) -> Answer {
    Answer::Page(text.into())
}

/// Serves with bare sockets; `changed` counts what must never be asked for.
struct Shop {
    address: String,
    changed: Arc<AtomicUsize>,
}

fn serve(handler: fn(&str) -> Answer) -> Shop {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let changed = Arc::new(AtomicUsize::new(0));
    let count = changed.clone();
    std::thread::spawn(move || {
        while let Ok((socket, _)) = listener.accept() {
            let count = count.clone();
            std::thread::spawn(move || answer(socket, handler, &count));
        }
    });
    Shop { address, changed }
}

fn answer(mut socket: TcpStream, handler: fn(&str) -> Answer, changed: &AtomicUsize) {
    let mut head = Vec::new();
    let mut part = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match socket.read(&mut part) {
            Ok(length) if length > 0 => head.extend_from_slice(&part[..length]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    let reads = head.starts_with("GET ") || head.starts_with("HEAD ");
    if !reads || ["salir", "vaciar", "delete", "agregar"].iter().any(|word| path.contains(word)) {
        changed.fetch_add(1, Ordering::Relaxed);
    }
    let ok = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
    let write = |socket: &mut TcpStream, parts: &[&[u8]]| parts.iter().all(|part| socket.write_all(part).is_ok());
    match handler(&path) {
        Answer::Page(body) => drop(write(&mut socket, &[ok.as_bytes(), &body])),
        Answer::Raw(head, body) => drop(write(&mut socket, &[head.as_bytes(), b"connection: close\r\n\r\n", &body])),
        Answer::Endless => {
            let chunk = vec![b'a'; 64 * 1024];
            let mut open = write(&mut socket, &[ok.as_bytes()]);
            while open {
                open = write(&mut socket, &[&chunk]);
            }
        }
        Answer::Slow => {
            let mut open = write(&mut socket, &[ok.as_bytes()]);
            while open {
                std::thread::sleep(Duration::from_millis(200));
                open = write(&mut socket, &[b"a"]);
            }
        }
        Answer::Half => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 1000\r\n\r\n<p>";
            write(&mut socket, &[head.as_bytes()]);
        }
        Answer::Silence => {}
    }
}

/// Checks a shop; the record, and the largest memory that the program had, in MiB.
fn check(shop: &Shop, more: &[&str]) -> (RunRecord, f64) {
    let began = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("r.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_homologa"))
        .args(["golive", &format!("http://{}/", shop.address), "--quiet", "--lang", "es"])
        .args(["--report", &format!("json={}", json.display())])
        .args(more)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut mib: f64 = 0.0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        mib = mib.max(kib.unwrap_or(0.0) / 1024.0);
        assert!(began.elapsed() < SLOW, "the shop holds the program up");
        std::thread::sleep(Duration::from_millis(5));
    }
    let record: RunRecord = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(shop.changed.load(Ordering::Relaxed), 0, "something of the shop was changed");
    (record, mib)
}

fn reason(record: &RunRecord, end: &str) -> String {
    let left = record.shops[0].left_out.iter().find(|left| left.url.ends_with(end));
    left.map_or_else(|| "nothing".to_owned(), |left| left.reason.key.to_string())
}

fn read(record: &RunRecord) -> Vec<String> {
    let pages = record.shops[0].pages.iter();
    pages.map(|page| url::Url::parse(&page.url).unwrap().path().to_owned()).collect()
}

/// Zeros, packed a thousand times smaller.
fn bomb() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let blank = vec![b' '; 1024 * 1024];
    for _ in 0..64 {
        packed.write_all(&blank).unwrap();
    }
    packed.finish().unwrap()
}

#[test]
fn answers_that_mean_it_ill_cost_bounded_time_and_memory_and_the_crawl_goes_on() {
    let shop = serve(|path| match path {
        "/" => page(
            [
                "endless",
                "slow",
                "bomb",
                "half",
                "silence",
                "private",
                "file",
                "loop",
                "refresh1",
                "logout",
                "salir",
                "vaciar",
                "x?delete=1",
                "sneaky",
                "broken",
                "cookie",
                "bien",
            ]
            .map(|name| format!("<a href=/{name}>{name}</a>"))
            .concat()
                + "<form action=/agregar method=post><input name=a></form>",
        ),
        "/endless" => Answer::Endless,
        "/slow" => Answer::Slow,
        "/bomb" => Answer::Raw("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\n", bomb()),
        "/half" => Answer::Half,
        "/silence" => Answer::Silence,
        "/private" => Answer::Raw("HTTP/1.1 302 F\r\nlocation: http://169.254.169.254/latest\r\n", Vec::new()),
        "/file" => Answer::Raw("HTTP/1.1 302 F\r\nlocation: file:///etc/passwd\r\n", Vec::new()),
        "/loop" => Answer::Raw("HTTP/1.1 302 F\r\nlocation: /loop\r\n", Vec::new()),
        "/sneaky" => Answer::Raw("HTTP/1.1 302 F\r\nlocation: /carrito/vaciar\r\n", Vec::new()),
        "/cookie" => Answer::Raw("HTTP/1.1 302 F\r\nset-cookie: a=b\r\nlocation: /cookie2\r\n", Vec::new()),
        "/cookie2" => page("<p>cookie"),
        "/refresh1" => page("<meta http-equiv=refresh content='0;url=/refresh2'>"),
        "/refresh2" => page("<meta http-equiv=refresh content='0;url=/refresh1'>"),
        // A charset that the bytes do not keep to, and control characters that steer terminals.
        "/broken" => page(b"<meta charset=utf-16><title>\x1b[31mrojo\x07</title>\xff\xfe\xc3\x28<p>x".to_vec()),
        "/bien" => page("<p>bien"),
        "/robots.txt" => Answer::Raw("HTTP/1.1 404 N\r\n", Vec::new()),
        _ => Answer::Raw("HTTP/1.1 404 N\r\n", Vec::new()),
    });
    let (record, mib) = check(&shop, &["--seconds", "60"]);
    let pages = read(&record);
    for path in ["/", "/endless", "/bomb", "/cookie2", "/refresh1", "/refresh2", "/broken", "/bien"] {
        assert!(pages.iter().any(|page| page == path), "{path} is missing: {pages:?}");
    }
    for (end, key) in [
        ("/slow", "http.timeout"),
        ("/half", "http.reset"),
        ("/silence", "http.reset"),
        ("/private", "crawl.redirect-elsewhere"),
        ("/file", "crawl.redirect-scheme"),
        ("/loop", "crawl.redirect-loop"),
        ("/sneaky", "crawl.redirect-changes"),
        ("/logout", "crawl.changes-state"),
    ] {
        assert_eq!(reason(&record, end), key, "{end}: {:#?}", record.shops[0].left_out);
    }
    assert!(mib < 200.0, "{mib} MiB");
    let broken = record.shops[0].pages.iter().find(|page| page.url.ends_with("/broken")).unwrap();
    assert!(broken.title.contains("rojo"));
}

#[test]
fn millions_of_tags_and_deep_nesting_are_read_within_bounds() {
    let shop = serve(|path| match path {
        "/" => page("<a href=/tags>t</a><a href=/nested>n</a><a href=/attributes>a</a><a href=/bien>b</a>"),
        // Far beyond the limit of a page: what is cut is said.
        "/tags" => page("<b></b>".repeat(1_400_000)),
        "/nested" => page("<div>".repeat(100_000) + "<input data-checkout=cardNumber name=x>"),
        "/attributes" => page(format!("<p {}>x", (0..200_000).map(|at| format!("a{at}=1 ")).collect::<String>())),
        "/bien" => page("<p>bien"),
        _ => Answer::Raw("HTTP/1.1 404 N\r\n", Vec::new()),
    });
    let (record, mib) = check(&shop, &["--seconds", "100"]);
    assert_eq!(read(&record).len(), 5, "{:?}", read(&record));
    for path in ["/tags", "/nested", "/attributes"] {
        let page = record.shops[0].pages.iter().find(|page| page.url.ends_with(path)).unwrap();
        assert_eq!(page.limit.as_ref().map(|limit| limit.key.as_ref()), Some("golive.page-cut"), "{path}");
    }
    assert!(mib < 600.0, "{mib} MiB");
}

#[test]
fn what_stands_before_a_shop_is_told_and_not_judged() {
    let shop = serve(|path| match path {
        "/" => page("<a href=/pagar>Pagar</a><a href=/cuenta>Cuenta</a>"),
        "/pagar" => Answer::Raw(
            "HTTP/1.1 403 F\r\ncontent-type: text/html\r\n",
            b"<title>Just a moment...</title><script>window._cf_chl_opt={}</script>".to_vec(),
        ),
        "/cuenta" => Answer::Raw("HTTP/1.1 302 F\r\nlocation: /ingresar\r\n", Vec::new()),
        "/ingresar" => page("<title>Ingresar</title><form><input type=password></form>"),
        _ => Answer::Raw("HTTP/1.1 404 N\r\n", Vec::new()),
    });
    let (record, _) = check(&shop, &[]);
    assert_eq!(read(&record), ["/"]);
    assert_eq!(
        (reason(&record, "/pagar"), reason(&record, "/cuenta")),
        ("crawl.bot-block".into(), "crawl.login-instead".into())
    );
    assert_ne!(record.verdict, Some(homologa::run::RunVerdict::Ready));
}
