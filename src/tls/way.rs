//! The way from a leaf to a root through what a server sent: what of it is used, missing, misplaced or useless.
//!
//! Follows names only. Whether signatures hold is asked of rustls; the way explains its answer.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use super::facts::cut;

/// See the fields of the same names of [`crate::run::TlsFacts`].
#[derive(Debug, Default)]
pub(super) struct Way {
    pub(super) path: Vec<usize>,
    pub(super) root: Option<String>,
    pub(super) missing_issuer: Option<String>,
    pub(super) unordered: bool,
    pub(super) extra: Vec<usize>,
    /// Whether the last certificate of the way names a place to fetch its issuer from: public authorities say so.
    pub(super) tells_issuer: bool,
}

/// Finds the way through `chain`, leaf first. Certificates that cannot be read lead nowhere and are extra.
pub(super) fn of(chain: &[CertificateDer<'_>], roots: &RootCertStore) -> Way {
    let parsed: Vec<Option<X509Certificate<'_>>> =
        chain.iter().map(|der| X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)).collect();
    let mut way = Way::default();
    let mut at = 0;
    while let Some(Some(certificate)) = parsed.get(at) {
        way.path.push(at);
        let issuer = certificate.issuer();
        // What the store keeps of a name lacks the outermost header.
        if roots.roots.iter().any(|root| Some(&*root.subject) == inner(issuer.as_raw())) {
            way.root = Some(cut(issuer.to_string()));
            break;
        }
        if issuer.as_raw() == certificate.subject().as_raw() {
            break;
        }
        let next = (0..chain.len()).find(|next| !way.path.contains(next) && names(&parsed, *next, issuer));
        let Some(next) = next else {
            way.missing_issuer = Some(cut(issuer.to_string()));
            way.tells_issuer = tells_issuer(certificate);
            break;
        };
        at = next;
    }
    // Whatever vouches for something that leads to the leaf is of use to some client.
    let mut useful = vec![false; chain.len()];
    let mut open = vec![0];
    while let Some(child) = open.pop() {
        let Some(Some(certificate)) = parsed.get(child) else { continue };
        if std::mem::replace(&mut useful[child], true) {
            continue;
        }
        let issuers = (0..chain.len()).filter(|at| *at != child && names(&parsed, *at, certificate.issuer()));
        let issuers: Vec<usize> = issuers.collect();
        way.unordered |= !issuers.is_empty() && issuers.iter().all(|at| *at < child);
        open.extend(issuers);
    }
    let twice = |at: usize| chain[..at].contains(&chain[at]);
    way.extra = (1..chain.len()).filter(|at| !useful[*at] || twice(*at)).collect();
    way
}

/// Whether the certificate at `at` bears `name`.
fn names(parsed: &[Option<X509Certificate<'_>>], at: usize, name: &X509Name<'_>) -> bool {
    parsed[at].as_ref().is_some_and(|certificate| certificate.subject().as_raw() == name.as_raw())
}

/// A DER sequence without its header.
fn inner(der: &[u8]) -> Option<&[u8]> {
    let length = usize::from(*der.get(1)?);
    der.get(if length < 0x80 { 2 } else { 2 + (length & 0x7f) }..)
}

fn tells_issuer(certificate: &X509Certificate<'_>) -> bool {
    certificate.extensions().iter().any(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => {
            access.iter().any(|description| description.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS)
        }
        _ => false,
    })
}
