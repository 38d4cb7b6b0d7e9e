//! Serves a demo shop over HTTPS on a free port of this machine.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use rustls::pki_types::CertificateDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

use super::ca::{Authority, Days, Identity};
use super::shops::ShopKind;
use crate::http;
use crate::i18n::Message;
use crate::run::Problem;

/// Time a client has for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A demo shop that is being served; dropping it ends it.
#[derive(Debug)]
pub struct DemoShop {
    /// Address of its home page.
    pub url: Url,
    ca: CertificateDer<'static>,
    tasks: [JoinHandle<()>; 2],
}

impl DemoShop {
    /// The certificate authority to trust for this shop ([`http::ClientOptions::extra_roots`]).
    pub fn ca_der(&self) -> CertificateDer<'static> {
        self.ca.clone()
    }
}

impl Drop for DemoShop {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Starts a shop on a free port of `127.0.0.1`, with an authority and a certificate made for the occasion.
///
/// # Errors
/// A [`Problem`] of the environment when there is no free port or no certificate can be made.
pub async fn start(kind: ShopKind) -> Result<DemoShop, Problem> {
    let failed =
        |error: &dyn std::fmt::Display| Problem::environment(Message::new("demo.no-shop").with("error", error));
    let authority = Authority::new().map_err(|error| failed(&error))?;
    let days = match kind {
        ShopKind::Ready => Days::VALID,
        ShopKind::Broken => Days::EXPIRED,
    };
    let identity = authority.leaf(&["127.0.0.1", "localhost"], days).map_err(|error| failed(&error))?;
    let acceptor = acceptor(identity).map_err(|error| failed(&error))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(&error))?;
    let address = listener.local_addr().map_err(|error| failed(&error))?;
    let url = Url::parse(&format!("https://{address}/")).map_err(|error| failed(&error))?;

    let (ready, connections) = mpsc::channel(16);
    let accepting = tokio::spawn(accept(listener, acceptor, ready));
    let router = Router::new().fallback(move |method: Method, uri: Uri| async move { answer(kind, &method, &uri) });
    let serving = tokio::spawn(async move {
        // Serving only ends with its task.
        let _ = axum::serve(Handshaken { connections, address }, router).await;
    });
    Ok(DemoShop { url, ca: authority.der().clone(), tasks: [accepting, serving] })
}

fn acceptor(identity: Identity) -> Result<TlsAcceptor, rustls::Error> {
    let config = rustls::ServerConfig::builder_with_provider(http::provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Shakes hands with each client in a task of its own, so that a slow one holds nobody up.
async fn accept(listener: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    loop {
        let Ok((socket, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: wait for some to be free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            // A client that distrusts the certificate ends here; that is its business.
            if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(socket)).await {
                let _ = ready.send((stream, peer)).await;
            }
        });
    }
}

/// Connections whose handshake is done, as axum wants them.
struct Handshaken {
    connections: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl axum::serve::Listener for Handshaken {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            // The accepting task is gone, and with it the shop.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

fn answer(kind: ShopKind, method: &Method, uri: &Uri) -> Response<Body> {
    let file = if matches!(*method, Method::GET | Method::HEAD) { kind.file(uri.path()) } else { None };
    let (status, content_type, body) = match file {
        Some(file) => (StatusCode::OK, file.content_type, Body::from(file.body.into_owned())),
        None => {
            let page =
                "<!doctype html><html lang=\"es-AR\"><title>No existe</title><p>Esta página no existe.</p></html>";
            (StatusCode::NOT_FOUND, "text/html; charset=utf-8", Body::from(page))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in kind.headers() {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golive::crawl::{Options, crawl};

    async fn read(kind: ShopKind) -> (Vec<String>, crate::golive::crawl::Crawled, crate::run::TlsFacts) {
        let shop = start(kind).await.unwrap();
        let roots = http::roots(None, &[shop.ca_der()]).unwrap();
        let port = shop.url.port().unwrap();
        let facts = crate::tls::probe("127.0.0.1", port, roots, Duration::from_secs(5), jiff::Timestamp::now()).await;
        let options =
            Options { extra_roots: vec![shop.ca_der()], pinned_leaf: crate::tls::pin(&facts), ..Options::default() };
        let mut paths = Vec::new();
        let crawled = crawl(&shop.url, &options, |page| {
            assert!(page.unread.is_empty(), "{:?}", page.unread);
            let scripts = page.scripts.len();
            paths.push(format!("{} {scripts}", page.document.url.path()));
        });
        let crawled = crawled.await.unwrap();
        paths.sort();
        (paths, crawled, facts)
    }

    #[tokio::test]
    async fn the_ready_shop_is_whole_and_trusted() {
        let (paths, crawled, facts) = read(ShopKind::Ready).await;
        assert_eq!(
            paths,
            [
                "/ 0",
                "/carrito.html 0",
                "/checkout.html 2",
                "/privacidad.html 0",
                "/producto.html 0",
                "/promociones.html 0",
                "/resultado.html 2",
                "/terminos.html 0",
            ]
        );
        assert_eq!((facts.faults, facts.failure, crawled.limit), (vec![], None, None));
        let left: Vec<_> = crawled.left_out.iter().map(|left| left.url.as_str()).collect();
        assert_eq!(left, ["https://www.mercadopago.com.ar/cuotas"]);
        assert_eq!(crawled.answers, []);
    }

    #[tokio::test]
    async fn the_broken_shop_is_read_in_spite_of_its_certificate() {
        let (paths, crawled, facts) = read(ShopKind::Broken).await;
        assert_eq!(paths, ["/ 0", "/checkout.html 3", "/donar.html 0", "/regalo.html 0", "/suscripcion.html 1"]);
        assert_eq!(facts.faults, ["expired"]);
        let dead: Vec<_> = crawled.answers.iter().map(|(url, status)| (url.path(), *status)).collect();
        assert_eq!(dead, [("/terminos.html", Some(404))]);
    }

    #[tokio::test]
    async fn the_expired_certificate_stops_whoever_does_not_pin_it() {
        let shop = start(ShopKind::Broken).await.unwrap();
        let options = Options { extra_roots: vec![shop.ca_der()], ..Options::default() };
        let problem = crawl(&shop.url, &options, |_| {}).await.unwrap_err();
        assert_eq!(problem.message.key, "http.tls-expired");
        let wrong = Options { pinned_leaf: Some([7; 32]), ..options };
        assert_eq!(crawl(&shop.url, &wrong, |_| {}).await.unwrap_err().message.key, "http.tls-expired");
    }
}
