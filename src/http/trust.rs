//! Whom the program trusts: the crypto provider, the roots, and the exception for one known leaf.
//!
//! Not responsible for recording what is wrong with a certificate: that is `tls`.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

use crate::i18n::Message;
use crate::run::Problem;

/// More than any list of authorities needs.
const CA_FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// Makes ring the process-wide crypto provider. May be called any number of times.
pub fn install_crypto() {
    // The error only says that a provider is already there.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The crypto provider, for configurations built by hand.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// A verifier of certificates as browsers do it, against `roots`.
///
/// # Errors
/// Only when `roots` is empty.
pub(crate) fn verifier(
    roots: Arc<RootCertStore>,
) -> Result<Arc<WebPkiServerVerifier>, rustls::server::VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(roots, provider()).build()
}

/// Mozilla's list, the authorities of a PEM file and some more.
///
/// # Errors
/// A [`Problem`] of the input when the file cannot be read, holds no certificate or holds a broken one.
pub fn roots(ca_file: Option<&Path>, extra: &[CertificateDer<'static>]) -> Result<Arc<RootCertStore>, Problem> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = ca_file {
        for authority in read_ca_file(path)? {
            store.add(authority).map_err(|error| {
                Problem::input(Message::new("http.ca-broken").with("error", error))
                    .fix(Message::new("http.ca-fix"))
                    .in_file(path.display().to_string())
            })?;
        }
    }
    for authority in extra {
        store.add(authority.clone()).map_err(|error| {
            Problem::input(Message::new("http.ca-broken").with("error", error)).fix(Message::new("http.ca-fix"))
        })?;
    }
    Ok(Arc::new(store))
}

/// The certificates of a PEM file, at least one.
///
/// # Errors
/// A [`Problem`] of the input when the file cannot be read (or exceeds 4 MiB) or holds no certificate.
pub fn read_ca_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let broken =
        |message: Message| Problem::input(message).fix(Message::new("http.ca-fix")).in_file(path.display().to_string());
    let unreadable = |error: &dyn std::fmt::Display| broken(Message::new("http.ca-unreadable").with("error", error));
    let pem = crate::run::read_at_most(path, CA_FILE_LIMIT).map_err(|error| unreadable(&error))?;
    if pem.len() as u64 > CA_FILE_LIMIT {
        return Err(unreadable(&format!("> {CA_FILE_LIMIT} bytes")));
    }
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| broken(Message::new("http.ca-broken").with("error", error)))?;
    if found.is_empty() { Err(broken(Message::new("http.ca-empty"))) } else { Ok(found) }
}

/// Certificates of a handshake, as a [`Judge`] gets them.
pub(crate) struct Chain<'c> {
    pub(crate) leaf: &'c CertificateDer<'c>,
    pub(crate) intermediates: &'c [CertificateDer<'c>],
    name: &'c ServerName<'c>,
    ocsp: &'c [u8],
    now: UnixTime,
}

impl Chain<'_> {
    /// The verdict of a browser.
    pub(crate) fn as_browsers_do(&self, verifier: &WebPkiServerVerifier) -> Result<ServerCertVerified, Error> {
        verifier.verify_server_cert(self.leaf, self.intermediates, self.name, self.ocsp, self.now)
    }
}

/// Decides whether the certificates of a server are accepted.
pub(crate) trait Judge: std::fmt::Debug + Send + Sync {
    /// Accepts or refuses a chain.
    fn judge(&self, chain: &Chain<'_>, browser: &WebPkiServerVerifier) -> Result<ServerCertVerified, Error>;
}

/// A verifier that leaves the certificates to a [`Judge`]; signatures of the handshake are checked as always.
#[derive(Debug)]
pub(crate) struct JudgedBy<J> {
    pub(crate) browser: Arc<WebPkiServerVerifier>,
    pub(crate) judge: J,
}

impl<J: Judge> ServerCertVerifier for JudgedBy<J> {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge.judge(&Chain { leaf, intermediates, name, ocsp, now }, &self.browser)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.browser.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.browser.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.browser.supported_verify_schemes()
    }
}

/// Judges as browsers do, and besides accepts one leaf by its hash.
#[derive(Debug)]
pub(super) struct PinnedLeaf(pub(super) [u8; 32]);

impl Judge for PinnedLeaf {
    fn judge(&self, chain: &Chain<'_>, browser: &WebPkiServerVerifier) -> Result<ServerCertVerified, Error> {
        if Sha256::digest(chain.leaf).as_slice() == self.0 {
            return Ok(ServerCertVerified::assertion());
        }
        chain.as_browsers_do(browser)
    }
}
