//! The TLS probe: one handshake with the shop's host, and what its certificate is worth to a browser.
//!
//! Responsible for learning the facts even when the certificate is bad. Not responsible for judging them:
//! that is a rule. No data is exchanged after the handshake.

mod facts;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::Error;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerified;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::{self, Chain, Judge, JudgedBy};
use crate::i18n::Message;
use crate::run::TlsFacts;

/// Certificates of a chain that are looked at; real chains have two to four.
const CHAIN_LIMIT: usize = 10;

/// Shakes hands with `host:port` and tells what was learned. `now` is the moment the dates are judged at.
///
/// Never fails: without a handshake [`TlsFacts::failure`] says why. `timeout` bounds the whole probe.
pub async fn probe(
    host: &str,
    port: u16,
    roots: Arc<RootCertStore>,
    timeout: Duration,
    now: jiff::Timestamp,
) -> TlsFacts {
    let mut facts = TlsFacts { host: format!("{host}:{port}"), ..TlsFacts::default() };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(name) = ServerName::try_from(bare.to_owned()) else {
        facts.failure = Some(Message::new("tls.not-a-name").with("host", host));
        return facts;
    };
    let recorder = match http::verifier(roots.clone()) {
        Ok(browser) => Arc::new(JudgedBy { browser, judge: Recorder::default() }),
        Err(error) => {
            facts.failure = Some(Message::new("http.no-client").with("error", error));
            return facts;
        }
    };
    let shake = handshake(bare, port, name.clone(), recorder.clone());
    match tokio::time::timeout(timeout, shake).await {
        Ok(Ok(version)) => facts.version = version,
        Ok(Err(error)) => facts.failure = Some(http::io_reason(&error, host)),
        Err(_) => facts.failure = Some(Message::new("http.timeout").with("host", host)),
    }
    let chain = std::mem::take(&mut *recorder.judge.chain.lock().unwrap_or_else(PoisonError::into_inner));
    facts::describe(&mut facts, &chain, &name, &roots, now);
    facts
}

/// SHA-256 of the leaf when the certificate has faults: the one exception a crawl of that host may make
/// (see [`http::ClientOptions::pinned_leaf`]). `None` when no exception is needed or possible.
pub fn pin(facts: &TlsFacts) -> Option<[u8; 32]> {
    let leaf = facts.chain.first().filter(|_| !facts.faults.is_empty())?;
    let mut pin = [0; 32];
    for (index, byte) in pin.iter_mut().enumerate() {
        *byte = u8::from_str_radix(leaf.sha256.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(pin)
}

/// SHA-256 of the public key (SubjectPublicKeyInfo) of the leaf, when the server still shows the very leaf whose
/// SHA-256 is `leaf`, in hexadecimal digits. It is how browsers name a certificate.
pub async fn leaf_key(host: &str, port: u16, leaf: &str, timeout: Duration) -> Option<[u8; 32]> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned()).ok()?;
    let browser = http::verifier(Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })).ok()?;
    let recorder = Arc::new(JudgedBy { browser, judge: Recorder::default() });
    let shake = handshake(bare, port, name, recorder.clone());
    tokio::time::timeout(timeout, shake).await.ok()?.ok()?;
    let chain = recorder.judge.chain.lock().unwrap_or_else(PoisonError::into_inner);
    facts::key_of(chain.first()?, leaf)
}

async fn handshake(
    host: &str,
    port: u16,
    name: ServerName<'static>,
    recorder: Arc<JudgedBy<Recorder>>,
) -> io::Result<Option<String>> {
    let config = rustls::ClientConfig::builder_with_provider(http::provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    let socket = TcpStream::connect((host, port)).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
    let version = stream.get_ref().1.protocol_version().and_then(|version| version.as_str());
    Ok(version.map(|version| match version {
        "TLSv1_2" => "TLSv1.2".to_owned(),
        "TLSv1_3" => "TLSv1.3".to_owned(),
        other => other.to_owned(),
    }))
}

/// Lets every chain through and keeps it.
#[derive(Debug, Default)]
struct Recorder {
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl Judge for Recorder {
    fn judge(&self, chain: &Chain<'_>, _: &WebPkiServerVerifier) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(chain.leaf).chain(chain.intermediates).take(CHAIN_LIMIT);
        let sent = sent.map(|certificate| certificate.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = sent;
        Ok(ServerCertVerified::assertion())
    }
}
