//! HTTPS for the sandbox: an authority of its own, and a listener that takes HTTPS and HTTP on one port.
//!
//! Responsible for certificates and handshakes. The authority lives in memory for one run and may vouch for the names
//! of the sandbox only (name constraints, RFC 5280 section 4.2.1.10): who trusts it risks no other name. Not
//! responsible for what is answered, nor for writing the authority's certificate to a file.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::demo::ca::{Authority, Days};
use crate::http;
use crate::i18n::Message;
use crate::run::Problem;

/// The name that the official SDKs ask for.
pub const API_NAME: &str = "api.mercadopago.com";

/// Names that the certificate always holds.
const ALWAYS: [&str; 4] = [API_NAME, "localhost", "127.0.0.1", "::1"];
/// Most names of a certificate.
const MOST_NAMES: usize = 100;
/// Time a client has from connecting to the end of its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Most connections that may be at their handshake.
const MOST_WAITING: usize = 512;

/// What serving HTTPS needs.
pub(super) struct Identity {
    acceptor: TlsAcceptor,
    /// The certificate of the authority, for those who are to trust it.
    pub(super) ca_pem: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Identity")
    }
}

/// Makes an authority and a certificate for the usual names and `more`.
///
/// # Errors
/// A name is no DNS name and no IP address (input), or there is no randomness (environment).
pub(super) fn identity(more: &[String]) -> Result<Identity, Problem> {
    let mut names: Vec<&str> = ALWAYS.to_vec();
    for name in more {
        if !is_name(name) || names.len() >= MOST_NAMES {
            return Err(Problem::input(Message::new("sandbox.bad-name").with("name", name))
                .fix(Message::new("sandbox.bad-name-fix").with("most", MOST_NAMES)));
        }
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let failed = |error: &dyn std::fmt::Display| {
        Problem::environment(Message::new("sandbox.no-certificate").with("error", error))
    };
    let authority = Authority::limited("homologa sandbox CA", &names).map_err(|error| failed(&error))?;
    let leaf = authority.leaf(&names, Days::VALID).map_err(|error| failed(&error))?;
    let config = rustls::ServerConfig::builder_with_provider(http::provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(leaf.chain, leaf.key))
        .map_err(|error| failed(&error))?;
    Ok(Identity { acceptor: TlsAcceptor::from(Arc::new(config)), ca_pem: authority.pem() })
}

/// An IP address or a DNS name, which may begin with `*.`.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        let hyphen = label.starts_with('-') || label.ends_with('-');
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        !label.is_empty() && label.len() <= 63 && plain && !hyphen
    };
    let host = name.strip_prefix("*.").unwrap_or(name);
    name.parse::<IpAddr>().is_ok() || (host.len() <= 253 && host.split('.').all(label))
}

/// A connection, encrypted or not.
pub(super) enum Connection {
    /// HTTP.
    Plain(TcpStream),
    /// HTTPS.
    Encrypted(Box<TlsStream<TcpStream>>),
}

/// Both kinds of connection from one port, for `axum::serve`; dropping it stops listening.
pub(super) struct Both {
    connections: mpsc::Receiver<(Connection, SocketAddr)>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Both {
    /// Takes a listener over.
    pub(super) fn new(listener: TcpListener, identity: Identity, address: SocketAddr) -> Both {
        let (ready, connections) = mpsc::channel(64);
        Both { connections, address, accepting: tokio::spawn(accept(listener, identity.acceptor, ready)) }
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Shakes hands with each client in a task of its own, so that a slow one holds nobody up.
async fn accept(listener: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<(Connection, SocketAddr)>) {
    let places = Arc::new(Semaphore::new(MOST_WAITING));
    loop {
        // Never closed.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((socket, peer)) = listener.accept().await else {
            // Out of file descriptors, most likely: wait for some to be free again.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            let connection = tokio::time::timeout(HANDSHAKE, begin(socket, &acceptor)).await;
            drop(place);
            // A client that distrusts the certificate ends here; that is its business.
            if let Ok(Ok(connection)) = connection {
                let _ = ready.send((connection, peer)).await;
            }
        });
    }
}

/// A TLS record begins with the byte of a handshake (RFC 8446 section 5.1), which no HTTP method does.
async fn begin(socket: TcpStream, acceptor: &TlsAcceptor) -> io::Result<Connection> {
    socket.set_nodelay(true).ok();
    let mut first = [0];
    if socket.peek(&mut first).await? == 1 && first == [0x16] {
        Ok(Connection::Encrypted(Box::new(acceptor.accept(socket).await?)))
    } else {
        Ok(Connection::Plain(socket))
    }
}

impl axum::serve::Listener for Both {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            // The accepting task is gone, and with it the sandbox.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Connection::Encrypted(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Connection::Encrypted(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Connection::Encrypted(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Connection::Plain(stream) => stream.is_write_vectored(),
            Connection::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Connection::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Connection::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Connection::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_names_or_addresses() {
        for good in ["pagos.test", "*.pagos.test", "10.0.0.7", "fe80::1", "a-b.c"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a b", "-a.test", "a..b", "*", "a.*.b", "https://a.test", "ñ.test", "a/b"] {
            assert!(!is_name(bad), "{bad}");
            assert_eq!(identity(&[bad.to_owned()]).unwrap_err().message.key, "sandbox.bad-name");
        }
    }
}
