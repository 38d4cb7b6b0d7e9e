//! HTTP for the whole program: the one client factory, bounded bodies, and words for what goes wrong.
//!
//! Responsible for trust (roots, a pinned leaf), limits and the wording of transport failures.
//! Not responsible for following redirects, retrying or deciding what an answer means: callers do that,
//! so that each hop and each attempt can be recorded. No cookies and no credentials are ever added here.

mod body;
mod failure;
mod private;
mod trust;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use url::Url;

pub use body::{decode, read_bounded};
pub(crate) use failure::io_reason;
pub use failure::{explain, reason};
pub use private::{behind_a_proxy, is_private_address, leads_inside};
pub(crate) use trust::{Chain, Judge, JudgedBy, provider, verifier};
pub use trust::{install_crypto, read_ca_file, roots};

use crate::i18n::Message;
use crate::run::Problem;
use crate::secret::Redactor;

/// The name homologa gives itself in requests.
pub const USER_AGENT: &str = concat!("homologa/", env!("CARGO_PKG_VERSION"));

/// What a client may trust and how long it waits.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Time for a whole request, body included.
    pub timeout: Duration,
    /// Time for the connection and its TLS handshake.
    pub connect_timeout: Duration,
    /// PEM file with certificate authorities to trust besides Mozilla's list.
    pub ca_file: Option<PathBuf>,
    /// Certificate authorities to trust besides those.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// SHA-256 of a leaf certificate to accept although it does not verify: the very one a probe has seen
    /// and reported. Signatures of the handshake are still checked, so only its owner can answer.
    pub pinned_leaf: Option<[u8; 32]>,
    /// `User-Agent` header.
    pub user_agent: String,
    /// Goes straight to the host even if the environment names a proxy (for servers of this machine).
    pub direct: bool,
    /// Connects to public addresses only, whatever a name is resolved to. For crawls of public shops: a name that
    /// leads inside would turn homologa against the network it runs in. Without a proxy only ([`behind_a_proxy`]).
    pub public_only: bool,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            ca_file: None,
            extra_roots: Vec::new(),
            pinned_leaf: None,
            user_agent: USER_AGENT.to_owned(),
            direct: false,
            public_only: false,
        }
    }
}

/// Builds a client that follows no redirect, keeps no cookie and asks for gzip.
///
/// # Errors
/// A [`Problem`] of the input when the CA file cannot be read or holds no certificate.
pub fn client(options: &ClientOptions) -> Result<reqwest::Client, Problem> {
    install_crypto();
    let roots = roots(options.ca_file.as_deref(), &options.extra_roots)?;
    let unusable = |error: String| Problem::environment(Message::new("http.no-client").with("error", error));
    let tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?;
    let tls = match options.pinned_leaf {
        None => tls.with_root_certificates(roots).with_no_client_auth(),
        Some(pin) => {
            let browser = verifier(roots).map_err(|error| unusable(error.to_string()))?;
            let verifier = Arc::new(JudgedBy { browser, judge: trust::PinnedLeaf(pin) });
            tls.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
    };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .timeout(options.timeout)
        .connect_timeout(options.connect_timeout)
        .user_agent(&options.user_agent)
        .referer(false)
        .retry(reqwest::retry::never());
    if options.direct {
        builder = builder.no_proxy();
    }
    if options.public_only {
        builder = builder.dns_resolver(Arc::new(private::PublicOnly));
    }
    builder.build().map_err(|error| unusable(error.to_string()))
}

/// A URL as it may be shown or stored: without user and password, and with credentials masked.
pub fn shown(url: &Url) -> String {
    Redactor::default().url(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_urls_carry_no_credentials() {
        let url = Url::parse("https://ana:secreto@tienda.example/a?mail=ana@example.com").unwrap();
        let text = shown(&url);
        assert!(!text.contains("secreto") && !text.contains("ana@example.com"), "{text}");
        assert!(text.starts_with("https://tienda.example/a"), "{text}");
    }

    #[test]
    fn a_client_is_built_and_a_bad_ca_file_is_a_problem_of_the_input() {
        assert!(client(&ClientOptions::default()).is_ok());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "no certificate here").unwrap();
        let problem = client(&ClientOptions { ca_file: Some(file), ..ClientOptions::default() }).unwrap_err();
        assert_eq!(problem.blame, crate::run::Blame::Input);
        let missing = ClientOptions { ca_file: Some(folder.path().join("none.pem")), ..ClientOptions::default() };
        assert_eq!(client(&missing).unwrap_err().blame, crate::run::Blame::Input);
    }
}
