//! The crawler against a server that means it ill.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// What is answered, by the head of the request and its path.
type Handler = fn(&str, &str) -> Raw;

enum Raw {
    Html(String),
    Typed(&'static str, Vec<u8>),
    Redirect(String),
    Status(u16),
    /// Headers, then bytes without an end.
    Endless,
    /// Headers, then a byte now and then.
    Slow,
    Gzip(Vec<u8>),
}

struct Server {
    url: Url,
    asked: Arc<std::sync::Mutex<Vec<String>>>,
    heads: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Server {
    fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

/// Serves with bare sockets: hostile answers do not go through a well-behaved HTTP library.
async fn serve(handler: Handler) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heads = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (log, kept) = (asked.clone(), heads.clone());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (log, kept) = (log.clone(), kept.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut part = [0; 1024];
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    match socket.read(&mut part).await {
                        Ok(count) if count > 0 => head.extend_from_slice(&part[..count]),
                        _ => return,
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                log.lock().unwrap().push(target.clone());
                kept.lock().unwrap().push(head.to_ascii_lowercase());
                answer(&mut socket, handler(&head, &target)).await;
            });
        }
    });
    Server { url, asked, heads }
}

async fn answer(socket: &mut tokio::net::TcpStream, raw: Raw) {
    let ok = |kind: &str, more: &str, length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n"
        )
    };
    let html = "text/html; charset=utf-8";
    let open = format!("HTTP/1.1 200 OK\r\ncontent-type: {html}\r\nconnection: close\r\n\r\n");
    let whole = match raw {
        Raw::Typed("hang up", _) => return,
        Raw::Html(body) => [ok(html, "", body.len()).into_bytes(), body.into_bytes()].concat(),
        Raw::Typed(kind, body) => [ok(kind, "", body.len()).into_bytes(), body].concat(),
        Raw::Gzip(body) => [ok(html, "content-encoding: gzip\r\n", body.len()).into_bytes(), body].concat(),
        Raw::Redirect(target) => format!(
            "HTTP/1.1 302 Found\r\nlocation: {target}\r\nset-cookie: a=b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        .into_bytes(),
        Raw::Status(status) => {
            format!("HTTP/1.1 {status} X\r\ncontent-type: {html}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                .into_bytes()
        }
        Raw::Endless => {
            let _ = socket.write_all(open.as_bytes()).await;
            let chunk = vec![b'a'; 64 * 1024];
            while socket.write_all(&chunk).await.is_ok() {}
            return;
        }
        Raw::Slow => {
            let _ = socket.write_all(open.as_bytes()).await;
            while socket.write_all(b"a").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            return;
        }
    };
    let _ = socket.write_all(&whole).await;
}

fn quick() -> Options {
    let limits = Limits { request_time: Duration::from_secs(2), page_bytes: 256 * 1024, ..Limits::default() };
    Options { limits, ..Options::default() }
}

async fn read(server: &Server, options: &Options) -> (Vec<Page>, Crawled) {
    let mut pages = Vec::new();
    let crawled = crawl(&server.url, options, |page| pages.push(page)).await.unwrap();
    (pages, crawled)
}

fn paths(pages: &[Page]) -> Vec<&str> {
    pages.iter().map(|page| page.document.url.path()).collect()
}

fn reason<'c>(crawled: &'c Crawled, end: &str) -> Option<&'c str> {
    crawled.left_out.iter().find(|left| left.url.ends_with(end)).map(|left| left.reason.key.as_ref())
}

fn html(body: &str) -> Raw {
    Raw::Html(format!("<!doctype html><title>x</title>{body}"))
}

fn links(targets: &[&str]) -> Raw {
    html(&targets.iter().map(|target| format!("<a href='{target}'>x</a>")).collect::<String>())
}

#[tokio::test]
async fn hostile_answers_are_left_out_with_their_reason_and_the_rest_is_read() {
    let server = serve(|_, path| match path {
        "/" => links(&[
            "/loop",
            "/endless",
            "/slow",
            "/bomb",
            "/private",
            "/elsewhere",
            "/file",
            "file:///etc/passwd",
            "javascript:x()",
            "mailto:a@b.example",
            "/long1",
            "/pdf",
            "/gone",
            "/good#part",
            "/good",
            "/logout",
            "/forbidden",
            "/twice",
            "https://red.example/social",
        ]),
        "/robots.txt" => Raw::Typed("text/plain", b"User-agent: *\nDisallow: /forbidden".to_vec()),
        "/loop" => Raw::Redirect("/loop2".into()),
        "/loop2" => Raw::Redirect("/loop".into()),
        "/endless" => Raw::Endless,
        "/slow" => Raw::Slow,
        "/bomb" => Raw::Gzip(bomb()),
        "/private" => Raw::Redirect("http://169.254.169.254/latest/meta-data".into()),
        "/elsewhere" => Raw::Redirect("https://otra.example/".into()),
        "/file" => Raw::Redirect("file:///etc/passwd".into()),
        "/pdf" => Raw::Typed("application/pdf", b"%PDF".to_vec()),
        "/twice" => Raw::Redirect("/good".into()),
        "/good" => html("<p>hola</p>"),
        path if path.starts_with("/long") => {
            let number: u32 = path[5..].parse().unwrap();
            Raw::Redirect(format!("/long{}", number + 1))
        }
        _ => Raw::Status(404),
    })
    .await;
    let begin = Instant::now();
    let (pages, crawled) = read(&server, &quick()).await;
    assert!(begin.elapsed() < Duration::from_secs(15));
    assert_eq!(paths(&pages), ["/", "/endless", "/bomb", "/good"]);
    for page in &pages[1..3] {
        assert!(page.document.cut);
        assert_eq!(page.document.bytes, 256 * 1024);
    }
    for (end, key) in [
        ("/loop", "crawl.redirect-loop"),
        ("/slow", "http.timeout"),
        ("/elsewhere", "crawl.redirect-elsewhere"),
        ("/file", "crawl.redirect-scheme"),
        ("/etc/passwd", "crawl.scheme"),
        ("/long1", "crawl.redirect-limit"),
        ("/pdf", "crawl.not-html"),
        ("/gone", "crawl.status"),
        ("/logout", "crawl.changes-state"),
        ("/forbidden", "crawl.robots"),
        ("/social", "crawl.elsewhere"),
    ] {
        assert_eq!(reason(&crawled, end), Some(key), "{end}: {:#?}", crawled.left_out);
    }
    assert_eq!(
        crawled.answers.iter().map(|(url, status)| (url.path(), *status)).collect::<Vec<_>>(),
        [("/gone", Some(404))]
    );
    assert_eq!((server.asked("/logout"), server.asked("/forbidden")), (0, 0));
    assert_eq!(crawled.limit, None);
    // The server itself is on a private address, so this redirect is only one to elsewhere.
    assert_eq!(reason(&crawled, "/private"), Some("crawl.redirect-elsewhere"));
}

/// 4 MB of spaces in 4 kB, sixteen times the limit of these tests.
fn bomb() -> Vec<u8> {
    static BOMB: &[u8] = include_bytes!("bomb.html.gz");
    BOMB.to_vec()
}

/// Each dead address is told once, at the first link that leads there; what only seemed dead is not.
#[tokio::test]
async fn dead_links_are_told_with_their_place() {
    static TIRED: AtomicUsize = AtomicUsize::new(0);
    let server = serve(|_, path| match path {
        "/" => links(&["/a", "/gone?utm_source=x", "/private/x", "/tired"]),
        "/a" => html("\n<p><a href='gone'>x</a><a href=' sub/old.html#part'>y</a><a href='/broken'>z</a>"),
        "/sub/old.html" => Raw::Status(410),
        "/broken" => Raw::Status(500),
        "/tired" if TIRED.fetch_add(1, Ordering::Relaxed) == 0 => Raw::Status(500),
        "/tired" => html("<p>hola</p>"),
        "/private/x" => Raw::Status(403),
        _ => Raw::Status(404),
    })
    .await;
    let (_, crawled) = read(&server, &quick()).await;
    let told: Vec<_> = crawled
        .dead
        .iter()
        .map(|link| (link.page.path(), link.href.as_str(), link.status, link.line, link.column))
        .collect();
    assert_eq!(
        told,
        [
            ("/", "/gone?utm_source=x", Some(404), 1, 50),
            ("/a", "sub/old.html#part", Some(410), 2, 24),
            ("/a", "/broken", Some(500), 2, 58),
        ]
    );
}

#[tokio::test]
async fn traps_end_by_depth_variants_and_the_page_limit() {
    let server = serve(|_, path| match path {
        "/robots.txt" => Raw::Status(404),
        path => {
            let (base, query) = path.split_once('?').unwrap_or((path, "mes=0"));
            let month: u32 = query.trim_start_matches("mes=").parse().unwrap_or(0);
            html(&format!("<a href='?mes={}'>sig</a><a href='{base}dia/'>dia</a>", month + 1))
        }
    })
    .await;
    let limits = Limits { query_variants: 3, depth: 4, ..quick().limits };
    let (pages, crawled) = read(&server, &Options { limits: limits.clone(), ..quick() }).await;
    assert!(pages.len() < 30, "{:?}", paths(&pages));
    assert!(pages.iter().all(|page| page.depth <= 4));
    assert!(crawled.left_out.iter().any(|left| left.reason.key == "crawl.query-variants"));
    assert!(crawled.left_out.iter().any(|left| left.reason.key == "crawl.too-deep"));
    assert_eq!(crawled.limit, None);

    let (pages, crawled) = read(&server, &Options { limits: Limits { pages: 3, ..limits }, ..quick() }).await;
    assert_eq!((pages.len(), crawled.pages), (3, 3));
    assert_eq!(crawled.limit.unwrap().key, "crawl.page-limit");
}

#[tokio::test]
async fn scripts_are_fetched_once_frames_are_read_and_refreshes_are_links() {
    let server = serve(|_, path| match path {
        "/" => html(
            "<script src=/s.js></script><script src=https://cdn.example/x.js></script><iframe src=/frame></iframe>\
             <iframe src=https://otra.example/f></iframe><a href=/checkout rel=nofollow>n</a><a href=/dos>d</a>",
        ),
        "/dos" => html("<script src='/s.js'></script><script src='/gone.js'></script><script src='/broken.js'></script><meta http-equiv=refresh content='0;url=/tres'>"),
        "/tres" => html("<meta http-equiv=refresh content='0;url=/dos'>"),
        "/frame" => html("<form><input name=x></form><script src=/f.js></script>"),
        "/broken.js" => Raw::Typed("hang up", Vec::new()),
        "/s.js" | "/f.js" => Raw::Typed("text/javascript", b"var x = 1;".to_vec()),
        _ => Raw::Status(404),
    })
    .await;
    let (pages, crawled) = read(&server, &quick()).await;
    assert_eq!(paths(&pages), ["/", "/dos", "/tres"]);
    let scripts: Vec<_> = pages[0].scripts.iter().map(|script| script.url.path()).collect();
    assert_eq!(scripts, ["/s.js", "/f.js"]);
    assert!(Arc::ptr_eq(&pages[0].scripts[0], &pages[1].scripts[0]));
    assert_eq!(server.asked("/s.js"), 1);
    let frames: Vec<_> = pages[0].frames.iter().map(|frame| frame.document.is_some()).collect();
    assert_eq!(frames, [true, false]);
    let unread: Vec<_> = pages[1].unread.iter().map(|left| left.reason.key.as_ref()).collect();
    assert_eq!(unread, ["http.reset"], "a dead script hides nothing, a broken one may");
    assert!(crawled.answers.iter().any(|(url, status)| url.path() == "/gone.js" && *status == Some(404)));
    assert_eq!(reason(&crawled, "/checkout"), Some("crawl.nofollow"));
    let (pages, _) = read(&server, &Options { robots: false, ..quick() }).await;
    assert_eq!(server.asked("/checkout"), 1);
    assert_eq!(pages.len(), 3);
}

#[tokio::test]
async fn modules_are_followed_within_bounds_and_the_rest_is_told() {
    let server = serve(|_, path| match path {
        "/" => html(
            "<link rel=modulepreload href=/pre.js><script type=module>import {k} from '/k.js'</script>\
             <script type=module src=/main.js></script><a href=/deep>d</a><a href=/computed>c</a>",
        ),
        "/deep" => html("<script type=module src=/d0.js></script>"),
        "/computed" => html("<script>import(where)</script>"),
        "/k.js" => Raw::Typed("text/javascript", b"export * from './sub/token.js'; import './k.js'".to_vec()),
        "/main.js" => Raw::Typed("text/javascript", b"import('./lazy.js'); import 'https://cdn.example/x.js'".to_vec()),
        path if path.starts_with("/d") => {
            let number: u32 = path[2..3].parse().unwrap();
            Raw::Typed("text/javascript", format!("import './d{}.js'", number + 1).into_bytes())
        }
        "/robots.txt" => Raw::Status(404),
        _ => Raw::Typed("text/javascript", b"export const k = 1".to_vec()),
    })
    .await;
    let (pages, _) = read(&server, &quick()).await;
    assert_eq!(paths(&pages), ["/", "/deep", "/computed"]);
    let scripts = |page: &Page| page.scripts.iter().map(|one| one.url.path().to_owned()).collect::<Vec<_>>();
    assert_eq!(scripts(&pages[0]), ["/main.js", "/pre.js", "/k.js", "/lazy.js", "/sub/token.js"]);
    assert_eq!(pages[0].unread, []);
    assert_eq!(scripts(&pages[1]).len(), 6);
    let unread = |page: &Page| page.unread.iter().map(|left| left.reason.key.to_string()).collect::<Vec<_>>();
    assert_eq!(unread(&pages[1]), ["crawl.too-many-parts"]);
    assert_eq!(unread(&pages[2]), ["crawl.computed-import"]);
    assert_eq!((server.asked("/k.js"), server.asked("/d6.js")), (1, 0));
}

#[tokio::test]
async fn a_start_page_that_cannot_be_read_is_a_problem_in_words() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap()
    };
    let key = |problem: Problem| (problem.blame, problem.message.key.into_owned());
    let environment = crate::run::Blame::Environment;
    let problem = crawl(&closed, &quick(), |_| {}).await.unwrap_err();
    assert_eq!(key(problem), (environment, "http.refused".to_owned()));

    let server = serve(|_, path| match path {
        "/slow" => Raw::Slow,
        "/away" => Raw::Redirect("https://otra.example/".into()),
        "/pdf" => Raw::Typed("application/pdf", Vec::new()),
        _ => Raw::Status(503),
    })
    .await;
    for (path, expected) in [
        ("/", "crawl.status"),
        ("/slow", "http.timeout"),
        ("/away", "crawl.redirect-elsewhere"),
        ("/pdf", "crawl.not-html"),
    ] {
        let problem = crawl(&server.url.join(path).unwrap(), &quick(), |_| {}).await.unwrap_err();
        assert!(problem.fix.is_some());
        assert_eq!(key(problem), (environment, expected.to_owned()), "{path}");
    }
    let problem = crawl(&Url::parse("ftp://a.example/").unwrap(), &quick(), |_| {}).await.unwrap_err();
    assert_eq!(problem.blame, crate::run::Blame::Input);
}

#[tokio::test]
async fn time_runs_out_and_what_was_read_stays() {
    let server = serve(|_, path| match path {
        "/" => links(&["/slow1", "/slow2", "/a"]),
        "/a" => html("a"),
        "/robots.txt" => Raw::Status(404),
        _ => Raw::Slow,
    })
    .await;
    let limits =
        Limits { total_time: Duration::from_millis(1500), request_time: Duration::from_secs(20), ..Limits::default() };
    let begin = Instant::now();
    let (pages, crawled) = read(&server, &Options { limits, ..Options::default() }).await;
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!(paths(&pages), ["/"]);
    assert_eq!(crawled.limit.unwrap().key, "crawl.time-limit");
}

#[tokio::test]
async fn robots_that_fail_close_the_shop_but_not_the_page_that_was_asked_for() {
    let server = serve(|_, path| match path {
        "/robots.txt" => Raw::Status(503),
        _ => links(&["/a"]),
    })
    .await;
    let (pages, crawled) = read(&server, &quick()).await;
    assert_eq!(paths(&pages), ["/"]);
    assert_eq!(reason(&crawled, "/a"), Some("crawl.robots"));
    assert_eq!(crawled.limit.unwrap().key, "crawl.robots-unreadable");
}

/// A well-behaved shop of many pages, read in the same order every time although pages are read at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_pages_does_not_depend_on_who_is_faster() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let router = Router::new().fallback(|request: Request| async move {
        let path = request.uri().path().to_owned();
        let turn = COUNT.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis((turn as u64 * 7) % 5)).await;
        let number: usize = path.trim_start_matches("/p").parse().unwrap_or(0);
        let body: String = (1..=5).map(|next| format!("<a href='/p{}'>p</a>", number * 3 + next)).collect();
        Response::builder().header(header::CONTENT_TYPE, "text/html").body(Body::from(body)).unwrap()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let server = Server { url, asked: Arc::default(), heads: Arc::default() };
    let limits = Limits { pages: 60, concurrency: 8, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let (first, _) = read(&server, &options).await;
    let (second, _) = read(&server, &options).await;
    assert_eq!(first.len(), 60);
    assert_eq!(paths(&first), paths(&second));
}

#[tokio::test]
async fn what_the_user_and_the_shop_want_left_alone_is_left_alone_and_sitemaps_come_last() {
    let server = serve(|_, path| match path {
        "/" => links(&["/blog/1", "/silencio", "/cabecera", "/producto", "/no", "/dia/2026/01/01"]),
        "/robots.txt" => Raw::Typed("text/plain", b"User-agent: *\nDisallow: /no\nSitemap: /mapa.xml".to_vec()),
        "/mapa.xml" => {
            Raw::Typed("text/xml", b"<sitemapindex><sitemap><loc>/mapa2.xml</loc></sitemap></sitemapindex>".to_vec())
        }
        "/mapa2.xml" => Raw::Typed(
            "text/xml",
            b"<urlset><url><loc>/escondida</loc></url><url><loc>/checkout</loc></url><url><loc>/no/x</loc></url>\
              <url><loc>https://otra.example/</loc></url><url><loc>/salir</loc></url></urlset>"
                .to_vec(),
        ),
        "/silencio" => html("<meta name=robots content='noindex, nofollow'><a href=/jamas>x</a>"),
        "/cabecera" => Raw::Redirect("/cabecera2".into()),
        _ => html("x"),
    })
    .await;
    let deny = vec![Pattern::parse("/blog/").unwrap()];
    let options = Options { patterns: Patterns { allow: Vec::new(), deny }, ..quick() };
    let (pages, crawled) = read(&server, &options).await;
    let read_in_order = paths(&pages);
    assert_eq!(read_in_order[..2], ["/", "/checkout"], "{read_in_order:?}");
    assert_eq!(read_in_order.last().copied(), Some("/escondida"), "{read_in_order:?}");
    for (end, key) in [("/blog/1", "crawl.denied"), ("/jamas", "crawl.nofollow"), ("/no", "crawl.robots")] {
        assert_eq!(reason(&crawled, end), Some(key), "{end}: {:#?}", crawled.left_out);
    }
    for path in ["/no", "/no/x", "/jamas", "/salir", "/blog/1"] {
        assert_eq!(server.asked(path), 0, "{path}");
    }
    assert_eq!(crawled.limit, None);
    let (pages, _) = read(&server, &Options { sitemap: false, ..options }).await;
    assert!(!paths(&pages).contains(&"/escondida"));
}

#[tokio::test]
async fn what_opens_a_shop_goes_to_its_own_host_and_into_no_evidence() {
    let other = serve(|_, _| html("otra")).await;
    static OTHER: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    OTHER.get_or_init(|| other.url.to_string());
    let shop = serve(|head, path| match path {
        "/robots.txt" => Raw::Status(404),
        _ if !head.contains("secreto-largo") => Raw::Status(401),
        "/" => html(&format!("<a href='{}x'>x</a> clave secreto-largo", OTHER.get().unwrap())),
        _ => html("x"),
    })
    .await;
    let problem = crawl(&shop.url, &quick(), |_| {}).await.unwrap_err();
    assert_eq!(problem.message.key, "crawl.login-asked");
    let mut access = Access::default();
    access.header("X-Preview", "secreto-largo").unwrap();
    access.basic("ana:otro-secreto").unwrap();
    let host = format!("127.0.0.1:{}", other.url.port().unwrap());
    let allow = vec![Pattern::parse(&host).unwrap()];
    let options = Options { access, patterns: Patterns { allow, deny: Vec::new() }, ..quick() };
    let (pages, _) = read(&shop, &options).await;
    assert_eq!(paths(&pages), ["/", "/x"]);
    assert!(pages[0].document.body.contains("clave ****"), "{}", pages[0].document.body);
    assert!(shop.heads.lock().unwrap().iter().any(|head| head.contains("\r\nauthorization: basic ")));
    let heads = other.heads.lock().unwrap();
    assert!(!heads.is_empty());
    assert!(heads.iter().all(|head| !head.contains("authorization") && !head.contains("x-preview")), "{heads:?}");
}

#[tokio::test]
async fn a_shop_that_sends_round_for_its_cookie_is_read_and_one_behind_a_wall_is_told() {
    let server = serve(|head, path| match path {
        "/robots.txt" => Raw::Status(404),
        "/muro" => html("<title>Just a moment...</title><script>window._cf_chl_opt={}</script>"),
        "/cuenta" => Raw::Redirect("/login".into()),
        "/login" => html("<form><input type=password></form>"),
        "/gigante" => html(&"x".repeat(100_000)),
        _ if head.contains("a=b") => {
            links(&["/gigante", "/p1", "/p2", "/p3", "/p4", "/p5", "/p6", "/p7", "/p8", "/p9"])
        }
        path => Raw::Redirect(path.to_owned()),
    })
    .await;
    let (pages, crawled) = read(&server, &quick()).await;
    assert_eq!(paths(&pages).len(), 11, "{:?} {:?}", paths(&pages), crawled.left_out);
    assert_eq!(pages[0].document.hops.len(), 1);
    for (path, key) in [("/muro", "crawl.bot-block"), ("/cuenta", "crawl.login-instead")] {
        let problem = crawl(&server.url.join(path).unwrap(), &quick(), |_| {}).await.unwrap_err();
        assert_eq!((problem.message.key.as_ref(), problem.fix.is_some()), (key, true));
    }
    let limits = Limits { total_bytes: 50_000, concurrency: 1, ..quick().limits };
    let (pages, crawled) = read(&server, &Options { limits, ..quick() }).await;
    assert_eq!(paths(&pages), ["/", "/gigante"]);
    assert_eq!(crawled.limit.unwrap().key, "crawl.byte-limit");
}

#[tokio::test]
async fn what_scripts_lead_to_is_served_to_everybody_and_kept_apart() {
    let server = serve(|_, path| match path {
        "/" => html("<script src=/js/app.js></script><script>fetch('/datos.json')</script>"),
        "/js/app.js" => Raw::Typed(
            "text/javascript",
            b"const d=['./Pagar-Bx3k9d2f.js','./nada-00000000.js'];fetch('/api/pagar.json',{method:'POST'})\n//# sourceMappingURL=app.js.map".to_vec(),
        ),
        "/js/app.js.map" => Raw::Typed("application/json", b"{\"version\":3}".to_vec()),
        "/js/Pagar-Bx3k9d2f.js" => Raw::Typed("text/javascript", b"1".to_vec()),
        "/datos.json" => Raw::Typed("application/json", b"{}".to_vec()),
        _ => Raw::Status(404),
    })
    .await;
    let (pages, crawled) = read(&server, &quick()).await;
    let served: Vec<_> = pages[0].served.iter().map(|one| one.url.path()).collect();
    assert_eq!(served, ["/js/app.js.map", "/js/Pagar-Bx3k9d2f.js", "/datos.json"]);
    assert_eq!((pages[0].scripts.len(), pages[0].unread.len(), crawled.answers.len()), (1, 0, 0));
    assert_eq!(server.asked("/api/pagar.json"), 0);
}

#[tokio::test]
async fn files_that_no_shop_should_serve_are_asked_for_when_the_user_says_so() {
    let server = serve(|_, path| match path {
        "/.env" => Raw::Typed("text/plain", b"APP_ENV=production\nDB_HOST=db\n".to_vec()),
        // A server that answers everything with a page.
        _ => Raw::Html("<h1>Tienda</h1>".to_owned()),
    })
    .await;
    let (_, crawled) = read(&server, &quick()).await;
    assert_eq!((crawled.files, server.asked("/.env")), (None, 0));
    let (_, crawled) = read(&server, &Options { probe_files: true, ..quick() }).await;
    let probe = crawled.files.unwrap();
    let served: Vec<&str> = probe.served.iter().map(Url::path).collect();
    assert_eq!((served, probe.unasked), (vec!["/.env"], 0));
}
