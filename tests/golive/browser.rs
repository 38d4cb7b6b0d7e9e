//! Pages in a real browser: what is seen of them, what is not let through, and that nothing is left behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use homologa::golive::browser::{Choice, Options, Renderer, StandIn};
use homologa::golive::evidence::{ConsoleOrigin, DrawnFrame, Fetched, Page, Rendered, Store};
use url::Url;

use crate::support::browser::chromium;
use crate::support::{child, ended, serve};

/// Pages by path; what is between `{{` and `}}` becomes an address of this server by another host name.
pub fn site(pages: &[(&'static str, &'static str)]) -> SocketAddr {
    let pages: BTreeMap<&'static str, &'static str> = pages.iter().copied().collect();
    serve(Router::new().fallback(move |uri: Uri, headers: axum::http::HeaderMap| {
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        let port = host.rsplit(':').next().unwrap_or_default().to_owned();
        let page = pages.get(uri.path()).map(|page| page.replace("OTHER", &format!("http://localhost:{port}")));
        async move {
            let Some(page) = page else { return axum::http::StatusCode::NOT_FOUND.into_response() };
            let kind = if uri.path().ends_with(".js") { "text/javascript" } else { "text/html; charset=utf-8" };
            let policy =
                if uri.path().starts_with("/csp") { "script-src 'self'" } else { "default-src * 'unsafe-inline'" };
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_SECURITY_POLICY, policy),
                (header::SET_COOKIE, "cart=4509953566233704; HttpOnly; SameSite=Lax"),
            ];
            (headers, page).into_response()
        }
    }))
}

/// The browser, for one test at a time: they look for its processes, and a machine has few processors.
pub fn browser() -> Option<(PathBuf, MutexGuard<'static, ()>)> {
    static ALONE: Mutex<()> = Mutex::new(());
    let program = chromium()?;
    Some((program, ALONE.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// The browsers that a process of homologa has started, its helpers among them.
fn browsers_of(process: u32) -> Vec<u32> {
    let mark = format!("homologa-browser-{process}-");
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let of = |number: &u32| {
        let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&mark)
    };
    numbers.filter(of).collect()
}

fn options(program: &std::path::Path) -> Options {
    Options { choice: Choice::Path(program.to_owned()), ..Options::default() }
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// A page of which the crawl saw nothing but its address.
fn page(url: &str) -> Page {
    let url = Url::parse(url).unwrap();
    let document = Fetched {
        requested: url.clone(),
        url,
        hops: Vec::new(),
        status: 200,
        headers: Vec::new(),
        body: String::new(),
        bytes: 0,
        cut: false,
    };
    Page::new(Arc::new(document), 0)
}

fn body(rendered: &Rendered) -> &str {
    &rendered.frames[0].document.as_ref().unwrap().body
}

#[test]
fn everything_of_a_page_is_seen() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[
        (
            "/checkout",
            "<title>Pagar</title><body style='background:#1565c0'><div id=root></div>\
             <iframe src=/own name=own></iframe><iframe src=OTHER/field?n=1 name=cardNumber></iframe>\
             <iframe src=OTHER/field?n=2 name=securityCode></iframe><iframe srcdoc='<b id=written>x</b>'></iframe>\
             <script>setTimeout(() => { root.innerHTML = '<form><input data-checkout=cardNumber></form>'; \
             const s = document.createElement('script'); s.src = '/late.js'; document.body.append(s); }, 300);\
             localStorage.setItem('card', '5031755734530604'); sessionStorage.setItem('step', 'uno 2');\
             document.cookie = 'seen=1'; alert('Hola ana@example.com'); console.warn('cuidado', 7, { a: 1 });\
             customElements.define('x-card', class extends HTMLElement { connectedCallback() { \
             this.attachShadow({ mode: 'open' }).innerHTML = '<input name=inside>'; } });\
             document.body.append(document.createElement('x-card'));\
             nobody.there();</script>",
        ),
        ("/own", "<input id=mine><script>console.log('from the frame')</script>"),
        (
            "/field",
            "<input id=foreign><script>fetch('/ping?' + location.search.slice(1)); console.log('foreign')</script>",
        ),
        ("/ping", "pong"),
        ("/late.js", "fetch('/pay', { method: 'POST', body: 'card=4509 9535 6623 3704' })"),
        ("/pay", "{}"),
    ]);
    let page = page(&format!("http://{address}/checkout"));
    let rendered = run(async {
        let mut renderer = Renderer::new(options(&program));
        renderer.begin(None).await;
        let rendered = renderer.draw(&page).await.unwrap();
        renderer.end().await;
        rendered
    });
    assert!(rendered.browser.contains("Chrome/"), "{}", rendered.browser);
    assert!(body(&rendered).contains("data-checkout=\"cardNumber\"") && body(&rendered).contains("name=\"inside\""));
    let frames: Vec<_> = rendered
        .frames
        .iter()
        .map(|frame| (frame.url.path(), frame.name.as_str(), frame.parent, frame.document.is_some()))
        .collect();
    assert_eq!(frames.len(), 5, "{frames:?}");
    assert!(frames.contains(&("/own", "own", Some(0), true)), "{frames:?}");
    assert!(frames.contains(&("/field", "cardNumber", Some(0), false)), "{frames:?}");
    assert!(frames.contains(&("srcdoc", "", Some(0), true)), "{frames:?}");
    let request = |path: &str| rendered.requests.iter().find(|request| request.url.path() == path);
    let late = request("/late.js").expect("a script that came late");
    assert_eq!((late.kind.as_str(), late.status, late.mime.as_str()), ("script", Some(200), "text/javascript"));
    assert!(late.initiator.as_ref().is_some_and(|by| by.path() == "/checkout"));
    let scripts: Vec<_> =
        rendered.scripts.iter().map(|script| (script.url.path(), script.body.contains("/pay"))).collect();
    assert_eq!(scripts, [("/late.js", true)]);
    let pay = request("/pay").unwrap();
    assert_eq!((pay.method.as_str(), pay.carries.card_in_body, pay.carries.card_in_url), ("POST", true, false));
    let ping = request("/ping").expect("a request of a frame of another site");
    assert!(rendered.frames[ping.frame].name.starts_with("cardNumber") || ping.frame > 0, "{ping:?}");
    let lines: Vec<_> = rendered.console.iter().map(|line| (line.origin, line.text.as_str())).collect();
    assert!(lines.iter().any(|(_, text)| *text == "cuidado 7 Object"), "{lines:?}");
    assert!(
        lines.contains(&(ConsoleOrigin::Script, "foreign"))
            && lines.contains(&(ConsoleOrigin::Script, "from the frame"))
    );
    assert!(
        lines
            .iter()
            .any(|(origin, text)| *origin == ConsoleOrigin::Exception && text.contains("nobody is not defined"))
    );
    assert_eq!(rendered.dialogs.len(), 1);
    assert_eq!(rendered.dialogs[0].kind, "alert");
    assert!(!rendered.dialogs[0].text.contains("ana@"), "{:?}", rendered.dialogs);
    let card = rendered.stored.iter().find(|one| one.name == "card").unwrap();
    assert!(card.card && card.shape == "0000000000000000" && matches!(card.store, Store::Local(_)), "{card:?}");
    let step = rendered.stored.iter().find(|one| one.name == "step").unwrap();
    assert!(step.shape == "aaa 0" && matches!(step.store, Store::Session(_)), "{step:?}");
    let cookie = rendered.stored.iter().find(|one| one.name == "cart").unwrap();
    let Store::Cookie { http_only, secure, same_site, .. } = &cookie.store else { panic!("{cookie:?}") };
    assert!(*http_only && !*secure && same_site.as_deref() == Some("Lax") && cookie.card, "{cookie:?}");
    assert!(rendered.limits.is_empty(), "{:?}", rendered.limits);
    let shot = rendered.screenshot.as_ref().expect("a picture");
    assert!(shot.width >= 1_000 && shot.height >= 600, "{shot:?}");
    assert!(has_color(&shot.png), "the picture is blank");
    // Nothing that came in is a secret any more.
    let frames = rendered.frames.iter().map(|frame| DrawnFrame { document: None, ..frame.clone() }).collect();
    let kept = format!("{:?}", Rendered { frames, scripts: Vec::new(), ..rendered });
    assert!(!kept.contains("5031755734530604") && !kept.contains("4509 9535"), "{kept}");
}

/// Opens the pages one after the other in one browser.
fn draw_all(options: Options, urls: &[String]) -> Vec<Result<Rendered, String>> {
    run(async {
        let mut renderer = Renderer::new(options);
        renderer.begin(None).await;
        let mut drawn = Vec::new();
        for url in urls {
            drawn.push(renderer.draw(&page(url)).await.map_err(|reason| reason.key.into_owned()));
        }
        drawn
    })
}

#[test]
fn hostile_pages_end_and_the_next_one_is_seen() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[
        ("/hang", "<p>antes</p><script>for (;;) {}</script><p>después</p>"),
        ("/later", "<p>antes</p><script>setTimeout(() => { for (;;) {} }, 900)</script>"),
        ("/dialogs", "<script>for (let n = 0; n < 500; n += 1) confirm('otra ' + n)</script><p id=end>fin</p>"),
        ("/loud", "<script>for (let n = 0; n < 5000; n += 1) console.log('x'.repeat(3000))</script><p id=end>fin</p>"),
        ("/busy", "<script>setInterval(() => fetch('/busy?' + Math.random()), 100)</script><p id=end>fin</p>"),
        (
            "/away",
            "<script>location.href = 'https://www.mercadopago.com.ar/checkout/v1/redirect?pref_id=1'</script><p id=end>fin</p>",
        ),
        ("/file", "<iframe src='file:///etc/passwd'></iframe><p id=end>fin</p>"),
        ("/plain", "<p id=end>fin</p>"),
    ]);
    let limits = homologa::golive::browser::Limits { page_time: Duration::from_secs(8), ..Default::default() };
    let names = ["hang", "later", "dialogs", "loud", "busy", "away", "file", "plain"];
    let urls: Vec<String> = names.iter().map(|name| format!("http://{address}/{name}")).collect();
    let began = Instant::now();
    let drawn = draw_all(Options { limits, ..options(&program) }, &urls);
    assert!(began.elapsed() < Duration::from_secs(150), "{:?}", began.elapsed());
    let drawn: BTreeMap<&str, Result<Rendered, String>> = names.into_iter().zip(drawn).collect();
    let seen = |name: &str| drawn[name].as_ref().unwrap_or_else(|reason| panic!("{name}: {reason}"));
    let says = |name: &str, key: &str| seen(name).limits.iter().any(|limit| limit.key == key);
    assert!(says("hang", "browser.hangs") && body(seen("hang")).contains("después"), "{:?}", seen("hang").limits);
    assert!(body(seen("later")).contains("antes"));
    assert!(says("dialogs", "browser.overflow") && seen("dialogs").dialogs.len() <= 20);
    assert!(says("loud", "browser.overflow") && seen("loud").console.len() <= 300);
    assert!(says("busy", "browser.no-rest"));
    assert_eq!(seen("away").led_away[0].host_str(), Some("www.mercadopago.com.ar"));
    assert!(seen("away").limits.is_empty() && seen("away").elapsed_ms < 8_000, "{:?}", seen("away"));
    for name in ["dialogs", "loud", "busy", "file", "plain"] {
        assert!(body(seen(name)).contains("id=\"end\""), "{name}: {:?}", seen(name));
    }
    assert!(!format!("{:?}", seen("file")).contains("root:"));
    assert!(seen("plain").limits.is_empty(), "{:?}", seen("plain").limits);
}

#[test]
fn policies_errors_and_stand_ins_are_told() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[
        ("/csp", "<script>document.title = 'no'</script><script src=OTHER/x.js></script><p id=end>fin</p>"),
        (
            "/sdk",
            "<div id=root></div><script src='https://sdk.mercadopago.com/js/v2'></script>\
             <script>root.textContent = window.MercadoPago ? 'con sdk' : 'sin sdk'</script>",
        ),
        ("/gone", "<img src=/nothing.png>"),
    ]);
    let sdk = StandIn {
        prefix: "https://sdk.mercadopago.com/js/v2".to_owned(),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/javascript".to_owned())],
        body: Arc::from(&b"window.MercadoPago = class {}"[..]),
    };
    let urls = ["csp", "sdk", "gone"].map(|name| format!("http://{address}/{name}"));
    let drawn = draw_all(Options { stand_ins: vec![sdk], ..options(&program) }, &urls);
    let [csp, sdk, gone] = &drawn[..] else { panic!() };
    let violations = &csp.as_ref().unwrap().violations;
    let told: Vec<_> =
        violations.iter().map(|one| (one.directive.as_str(), one.blocked.as_str(), one.report_only)).collect();
    assert!(told.contains(&("script-src-elem", "inline", false)), "{told:?}");
    assert!(told.iter().any(|(_, blocked, _)| blocked.ends_with("/x.js")), "{told:?}");
    let blocked = csp.as_ref().unwrap().requests.iter().find(|request| request.url.path() == "/x.js").unwrap();
    assert_eq!(blocked.blocked.as_deref(), Some("csp"), "{blocked:?}");
    assert!(body(sdk.as_ref().unwrap()).contains("con sdk"));
    let gone = gone.as_ref().unwrap();
    assert!(gone.requests.iter().any(|request| request.url.path() == "/nothing.png" && request.status == Some(404)));
    assert!(gone.console.iter().any(|line| line.origin == ConsoleOrigin::Browser && line.text.contains("404")));
}

#[test]
fn a_browser_that_dies_is_started_once_more_and_then_given_up() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[("/plain", "<p id=end>fin</p>")]);
    let url = format!("http://{address}/plain");
    let plain = page(&url);
    run(async {
        let mut renderer = Renderer::new(options(&program));
        renderer.begin(None).await;
        renderer.draw(&plain).await.unwrap();
        for expected in [None, Some("browser.gone")] {
            let killed = browsers_of(std::process::id());
            assert!(!killed.is_empty());
            for process in killed {
                std::process::Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
            }
            std::thread::sleep(Duration::from_millis(200));
            let drawn = renderer.draw(&plain).await.map_err(|reason| reason.key.into_owned());
            assert_eq!(drawn.err().as_deref(), expected);
        }
    });
    let missing = draw_all(options(std::path::Path::new("/nowhere/chrome")), std::slice::from_ref(&url));
    assert_eq!(missing[0].as_ref().unwrap_err(), "browser.not-there");
    let wrong = draw_all(options(std::path::Path::new("/bin/false")), &[url]);
    assert_eq!(wrong[0].as_ref().unwrap_err(), "browser.no-start");
}

/// Waits until a process of homologa has a browser, and gives its processes.
fn wait_for_browser(process: u32) -> Vec<u32> {
    let began = Instant::now();
    loop {
        let browsers = browsers_of(process);
        if browsers.len() > 2 {
            return browsers;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "no browser came");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn assert_all_end(browsers: &[u32], process: u32) {
    let began = Instant::now();
    while !browsers_of(process).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "the browser outlived homologa: {browsers:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn no_browser_outlives_the_program() {
    let Some((program, _alone)) = browser() else { return };
    let address = site(&[(
        "/checkout",
        "<form><input data-checkout=cardNumber></form><script>setInterval(() => fetch('/x'), 100)</script>",
    )]);
    let url = format!("http://{address}/checkout");
    for signal in ["-KILL", "-INT", "-TERM"] {
        let folder = tempfile::TempDir::new().unwrap();
        let temporary = folder.path().to_str().unwrap();
        let words = ["golive", &url, "--browser", program.to_str().unwrap(), "--browser-seconds", "60"];
        let started = child(folder.path(), &[("TMPDIR", temporary), ("PATH", "/usr/bin:/bin")], &words);
        let process = started.id();
        let browsers = wait_for_browser(process);
        std::process::Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
        let ran = ended(started);
        assert_all_end(&browsers, process);
        if signal != "-KILL" {
            assert_eq!(ran.code, 3, "{}", ran.all());
            let left: Vec<_> =
                std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
            assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("homologa-browser")), "{left:?}");
        }
    }
}

/// Whether a PNG holds pixels of more than one colour.
pub fn has_color(png: &[u8]) -> bool {
    let mut packed = Vec::new();
    let mut at = 8;
    while at + 8 <= png.len() {
        let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
        if &png[at + 4..at + 8] == b"IDAT" {
            packed.extend_from_slice(&png[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut pixels = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&packed[..]), &mut pixels).expect("a PNG");
    let different: std::collections::BTreeSet<u8> = pixels.iter().copied().collect();
    different.len() > 4
}
