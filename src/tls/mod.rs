//! The TLS probe: what the shop's host speaks, the chain it sends and what that is worth to a browser.
//!
//! Responsible for learning the facts even when the certificate is bad: one handshake as today's clients do it, and
//! beside it one question for each older version. Not responsible for judging them: that is a rule. No data is
//! exchanged after a handshake.

#[cfg(test)]
mod chains;
mod facts;
mod hello;
mod plain;
#[cfg(test)]
mod tests;
mod way;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::Error;
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerified;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::http::{self, Chain, Judge, JudgedBy};
use crate::i18n::Message;
use crate::run::{PlainHttp, TlsFacts, VersionFacts};

/// Certificates of a chain that are looked at; real chains have two to four.
const CHAIN_LIMIT: usize = 10;

/// Shakes hands with `host:port`, once for each version, and tells what was learned. `now` is the moment the dates are
/// judged at.
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
    let late = || Message::new("http.timeout").with("host", host);
    let until = tokio::time::Instant::now() + timeout;
    let addresses = match tokio::time::timeout_at(until, tokio::net::lookup_host((bare, port))).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(error)) => {
            facts.failure = Some(http::io_reason(&error, host));
            return facts;
        }
        Err(_) => {
            facts.failure = Some(late());
            return facts;
        }
    };
    let shake = tokio::time::timeout_at(until, handshake(&addresses, name.clone(), recorder.clone()));
    let asked = |version| {
        let answer = hello::ask(host, &addresses, &name, version);
        async { tokio::time::timeout_at(until, answer).await.unwrap_or_else(|_| hello::Answer::Unknown(late())) }
    };
    let [ssl3, tls10, tls11, tls12] = hello::VERSIONS.map(asked);
    let (shaken, ssl3, tls10, tls11, tls12) = tokio::join!(shake, ssl3, tls10, tls11, tls12);
    match shaken {
        Ok(Ok((version, alpn))) => (facts.version, facts.alpn) = (version, alpn),
        Ok(Err(error)) => facts.failure = Some(http::io_reason(&error, host)),
        Err(_) => facts.failure = Some(late()),
    }
    let mut chain = std::mem::take(&mut *recorder.judge.chain.lock().unwrap_or_else(PoisonError::into_inner));
    for (version, answer) in hello::VERSIONS.into_iter().zip([ssl3, tls10, tls11, tls12]) {
        let (version, sent) = version_facts(version, answer, &facts);
        // What a server that today's clients cannot talk to shows to older ones.
        if chain.is_empty() {
            chain = sent;
        }
        facts.versions.push(version);
    }
    let newest = facts.version.as_deref().map(|version| version == "TLSv1.3");
    let reason = if newest.is_none() { facts.failure.clone() } else { None };
    facts.versions.push(VersionFacts { version: "TLSv1.3".to_owned(), offered: newest, reason });
    facts::describe(&mut facts, &chain, &name, &roots, now);
    facts
}

/// What is kept of an answer, and the chain that came with it.
fn version_facts(
    version: hello::Version,
    answer: hello::Answer,
    facts: &TlsFacts,
) -> (VersionFacts, Vec<CertificateDer<'static>>) {
    let agreed = facts.version.as_deref() == Some(version.name);
    let (offered, reason, chain) = match answer {
        hello::Answer::Offered(chain) => (Some(true), None, chain),
        _ if agreed => (Some(true), None, Vec::new()),
        hello::Answer::Refused => (Some(false), None, Vec::new()),
        // A server that talks otherwise says no in this way.
        hello::Answer::Closed if facts.version.is_some() => (Some(false), None, Vec::new()),
        hello::Answer::Closed => (None, Some(Message::new("http.reset").with("host", &facts.host)), Vec::new()),
        hello::Answer::Unknown(reason) => (None, Some(reason), Vec::new()),
    };
    (VersionFacts { version: version.name.to_owned(), offered, reason }, chain)
}

/// What the host of `shop` answers to plain http, at the same path; `None` when the shop is not on port 443: no other
/// port can be told to belong to it. `timeout` bounds the whole.
pub async fn plain_http(shop: &Url, timeout: Duration) -> Option<PlainHttp> {
    if shop.scheme() != "https" || shop.port().is_some() {
        return None;
    }
    let url = Url::parse(&format!("http://{}{}", shop.host_str()?, shop.path())).ok()?;
    Some(plain::ask(url, timeout).await)
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
    let look = async {
        let addresses = tokio::net::lookup_host((bare, port)).await?.collect::<Vec<_>>();
        handshake(&addresses, name, recorder.clone()).await
    };
    tokio::time::timeout(timeout, look).await.ok()?.ok()?;
    let chain = recorder.judge.chain.lock().unwrap_or_else(PoisonError::into_inner);
    facts::key_of(chain.first()?, leaf)
}

/// The version and the protocol above it that were agreed on.
async fn handshake(
    addresses: &[SocketAddr],
    name: ServerName<'static>,
    recorder: Arc<JudgedBy<Recorder>>,
) -> io::Result<(Option<String>, Option<String>)> {
    let mut config = rustls::ClientConfig::builder_with_provider(http::provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(recorder)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let socket = TcpStream::connect(addresses).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
    let (_, connection) = stream.get_ref();
    let version = connection.protocol_version().and_then(|version| version.as_str()).map(|version| match version {
        "TLSv1_2" => "TLSv1.2".to_owned(),
        "TLSv1_3" => "TLSv1.3".to_owned(),
        other => other.to_owned(),
    });
    let alpn = connection.alpn_protocol().map(|protocol| String::from_utf8_lossy(protocol).into_owned());
    Ok((version, alpn))
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
