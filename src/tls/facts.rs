//! From a chain of certificates to facts and faults.
//!
//! Trust, name and dates are asked one by one, so that a certificate with two faults shows both.
//! Certificates are hostile input: what cannot be read is left empty, never guessed.

use std::net::IpAddr;
use std::time::Duration;

use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use sha2::{Digest, Sha256};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::http;
use crate::run::{CertificateFacts, TlsFacts};

/// Characters of a subject or an issuer that are kept.
const NAME_LENGTH: usize = 300;
/// Alternative names that are kept; shared certificates have up to a hundred.
const NAMES: usize = 100;

/// Fills the chain, the faults and the days left.
pub(super) fn describe(
    facts: &mut TlsFacts,
    chain: &[CertificateDer<'static>],
    name: &ServerName<'_>,
    roots: &RootCertStore,
    now: jiff::Timestamp,
) {
    facts.chain = chain.iter().map(certificate).collect();
    let Some(leaf) = chain.first() else { return };
    let Ok((_, parsed)) = X509Certificate::from_der(leaf) else {
        facts.faults.push("other".to_owned());
        return;
    };
    let validity = parsed.validity();
    let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    let now = now.as_second();
    facts.days_left = Some((until.saturating_sub(now)).div_euclid(86_400));
    let mut fault = |name: &str| {
        if !facts.faults.iter().any(|known| known == name) {
            facts.faults.push(name.to_owned());
        }
    };
    if now > until {
        fault("expired");
    } else if now < from {
        fault("not-yet-valid");
    }
    let Ok(end) = ParsedCertificate::try_from(leaf) else {
        fault("other");
        return;
    };
    if verify_server_name(&end, name).is_err() {
        fault("wrong-name");
    }
    // Dates are judged already: trust is asked for a moment at which the leaf was valid.
    let moment = now.clamp(from.min(until), until);
    let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment).unwrap_or(0)));
    let provider = http::provider();
    let algorithms = provider.signature_verification_algorithms.all;
    let trust = verify_server_cert_signed_by_trust_anchor(&end, roots, &chain[1..], moment, algorithms);
    let Err(error) = trust else { return };
    let own_issuer = parsed.subject().as_raw() == parsed.issuer().as_raw();
    match error {
        _ if own_issuer => fault("self-signed"),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            fault("unknown-issuer");
            if lacks_issuer(&parsed, &chain[1..]) {
                fault("missing-intermediate");
            }
        }
        // An intermediate, since the leaf was valid at that moment.
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            fault("expired");
        }
        _ => fault("other"),
    }
}

/// Whether the leaf names a place to fetch its issuer from and the server did not send that issuer:
/// what a server looks like whose chain file holds the leaf alone.
fn lacks_issuer(leaf: &X509Certificate<'_>, sent: &[CertificateDer<'_>]) -> bool {
    let tells = leaf.extensions().iter().any(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => {
            access.iter().any(|description| description.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS)
        }
        _ => false,
    });
    let issuer = leaf.issuer().as_raw();
    tells
        && !sent.iter().any(|certificate| {
            X509Certificate::from_der(certificate).is_ok_and(|(_, sent)| sent.subject().as_raw() == issuer)
        })
}

/// SHA-256 of the public key of a certificate, if it is the one whose own SHA-256 is `sha256`.
pub(super) fn key_of(der: &CertificateDer<'_>, sha256: &str) -> Option<[u8; 32]> {
    let own: String = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    let (_, parsed) = X509Certificate::from_der(der).ok().filter(|_| own == sha256)?;
    Some(Sha256::digest(parsed.public_key().raw).into())
}

fn certificate(der: &CertificateDer<'static>) -> CertificateFacts {
    let sha256 = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return CertificateFacts { sha256, ..CertificateFacts::default() };
    };
    let names = match parsed.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.iter().filter_map(name_text).take(NAMES).collect(),
        _ => Vec::new(),
    };
    let date = |seconds: i64| jiff::Timestamp::from_second(seconds).map(|date| date.to_string()).unwrap_or_default();
    CertificateFacts {
        subject: cut(parsed.subject().to_string()),
        issuer: cut(parsed.issuer().to_string()),
        names,
        not_before: date(parsed.validity().not_before.timestamp()),
        not_after: date(parsed.validity().not_after.timestamp()),
        sha256,
    }
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(cut((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let address = match bytes.len() {
                4 => IpAddr::from(<[u8; 4]>::try_from(*bytes).ok()?),
                16 => IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?),
                _ => return None,
            };
            Some(address.to_string())
        }
        _ => None,
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(NAME_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
