//! The shop: N pages of about 60 KB that follow from their number, served over HTTPS with kept connections.

use std::fmt::Write as _;
use std::sync::Arc;

use homologa::demo::ca::{Authority, Days};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Every so many pages one has a card field with a name.
pub const FAULTY: usize = 50;
/// Bytes of a page, about.
const TARGET: usize = 60 * 1024;
const WORDS: [&str; 12] = [
    "mochila",
    "térmica",
    "reseña",
    "envío",
    "cuotas",
    "sin",
    "interés",
    "producto",
    "calidad",
    "atención",
    "según",
    "más",
];

/// The page of a number; 0 is the home page.
pub fn page(number: usize, count: usize) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"es-AR\"><head><meta charset=\"utf-8\"><title>Producto {number}</title>\
         <link rel=\"stylesheet\" href=\"/e.css\"></head><body><nav><ul>"
    );
    // A tree of ten children each: every page is reached, and each has links to its neighbours as shops have.
    for child in number * 10 + 1..=number * 10 + 10 {
        if child < count {
            let _ = writeln!(html, "<li class=\"c{child}\"><a href=\"/p{child}.html\">Producto {child}</a></li>");
        }
    }
    for other in 1..=60 {
        let other = (number + other * 7) % count;
        let _ = writeln!(html, "<li><a href=\"/p{other}.html\">Ver el producto {other}</a></li>");
    }
    html.push_str("</ul></nav><main>");
    if number % FAULTY == 1 {
        html.push_str(
            "<script src=\"https://secure.mlstatic.com/sdk/javascript/v1/mercadopago.js\"></script>\
             <form method=\"post\" action=\"/pagar\"><input data-checkout=\"cardNumber\" name=\"tarjeta\"></form>",
        );
    }
    let mut seed = number + 1;
    while html.len() < TARGET {
        html.push_str("<section class=\"resena\"><h3>Reseña</h3><p>");
        for _ in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            html.push_str(WORDS[(seed >> 33) % WORDS.len()]);
            html.push(' ');
        }
        html.push_str("</p><div><span>5</span><img alt=\"foto\" src=\"/f.png\"></div></section>\n");
    }
    html.push_str(
        "</main><footer><a href=\"/terminos.html\">Términos y condiciones</a></footer>\
         <script src=\"/a.js\" defer></script></body></html>",
    );
    html
}

fn answer(path: &str, count: usize) -> (u16, &'static str, String) {
    let html = "text/html; charset=utf-8";
    match path {
        "/" => (200, html, page(0, count)),
        "/a.js" => (200, "text/javascript", "document.querySelectorAll('a').length;".repeat(50)),
        "/terminos.html" => (
            200,
            html,
            format!(
                "<title>Términos</title><h1>Términos y condiciones</h1><p>{}</p>",
                "La tienda responde por los datos. ".repeat(20)
            ),
        ),
        _ => match path.strip_prefix("/p").and_then(|rest| rest.strip_suffix(".html")?.parse().ok()) {
            Some(number) if number < count => (200, html, page(number, count)),
            _ => (404, "text/plain", String::new()),
        },
    }
}

/// `N PORT CA-FILE`: serves until it is ended.
pub fn serve(words: &[String]) -> super::Done {
    let [count, port, file] = words else { return Err("N PORT CA-FILE".into()) };
    let (count, port): (usize, u16) = (count.parse()?, port.parse()?);
    let authority = Authority::new()?;
    let identity = authority.leaf(&["127.0.0.1", "localhost"], Days::VALID)?;
    homologa::http::install_crypto();
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(identity.chain, identity.key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    // Made before anybody asks: the shop must not cost what is measured.
    let pages: Arc<Vec<String>> = Arc::new((0..count).map(|number| page(number, count)).collect());
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        std::fs::write(file, authority.pem())?;
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let (acceptor, pages) = (acceptor.clone(), pages.clone());
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(socket).await else { return };
                let mut head = Vec::new();
                let mut part = [0; 4096];
                loop {
                    let end = loop {
                        if let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") {
                            break end + 4;
                        }
                        match stream.read(&mut part).await {
                            Ok(length) if length > 0 => head.extend_from_slice(&part[..length]),
                            _ => return,
                        }
                    };
                    let text = String::from_utf8_lossy(&head[..end]).into_owned();
                    head.drain(..end);
                    let path = text.split(' ').nth(1).unwrap_or("/");
                    let number = path.strip_prefix("/p").and_then(|rest| rest.strip_suffix(".html")?.parse::<usize>().ok());
                    let made;
                    let (status, kind, body) = match number.and_then(|number| pages.get(number)) {
                        Some(page) => (200, "text/html; charset=utf-8", page.as_str()),
                        None => {
                            made = answer(path, count);
                            (made.0, made.1, made.2.as_str())
                        }
                    };
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nstrict-transport-security: max-age=31536000\r\ncontent-length: {}\r\n\r\n",
                        body.len()
                    );
                    if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(body.as_bytes()).await.is_err() {
                        return;
                    }
                    let _ = stream.flush().await;
                }
            });
        }
    })
}
