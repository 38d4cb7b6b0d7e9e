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
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_SIG_ED25519;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::way;
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
    let now = now.as_second();
    facts.chain = chain.iter().map(|der| certificate(der, now)).collect();
    let way = way::of(chain, roots);
    let Some(leaf) = chain.first() else { return };
    let Ok((_, parsed)) = X509Certificate::from_der(leaf) else {
        facts.faults.push("other".to_owned());
        return;
    };
    let validity = parsed.validity();
    let (from, until) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    facts.days_left = Some((until.saturating_sub(now)).div_euclid(86_400));
    if now > until {
        facts.faults.push("expired".to_owned());
    } else if now < from {
        facts.faults.push("not-yet-valid".to_owned());
    }
    let Ok(end) = ParsedCertificate::try_from(leaf) else {
        facts.faults.push("other".to_owned());
        return;
    };
    if verify_server_name(&end, name).is_err() {
        facts.faults.push("wrong-name".to_owned());
    }
    // Dates are judged already: trust is asked for a moment at which the leaf was valid.
    let moment = now.clamp(from.min(until), until);
    let moment = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment).unwrap_or(0)));
    let provider = http::provider();
    let algorithms = provider.signature_verification_algorithms.all;
    let trust = verify_server_cert_signed_by_trust_anchor(&end, roots, &chain[1..], moment, algorithms);
    (facts.path, facts.unordered, facts.extra) = (way.path, way.unordered, way.extra);
    let Err(error) = trust else {
        facts.root = way.root;
        return;
    };
    facts.missing_issuer = way.missing_issuer;
    let own_issuer = parsed.subject().as_raw() == parsed.issuer().as_raw();
    // What browsers take no signature of, no trust can be built on.
    let weak_signature = facts.way().any(CertificateFacts::weak_signature);
    let weak_issuer = facts.way().skip(1).any(CertificateFacts::weak_key);
    let reason = match error {
        _ if own_issuer => "self-signed",
        _ if facts.missing_issuer.is_some() && way.tells_issuer => "missing-intermediate",
        _ if facts.missing_issuer.is_some() => "unknown-issuer",
        _ if weak_signature => "weak-signature",
        _ if weak_issuer => "weak-key",
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => "unknown-issuer",
        // The leaf was valid at that moment.
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => "intermediate-expired",
        _ => "other",
    };
    facts.faults.push(reason.to_owned());
}

/// SHA-256 of the public key of a certificate, if it is the one whose own SHA-256 is `sha256`.
pub(super) fn key_of(der: &CertificateDer<'_>, sha256: &str) -> Option<[u8; 32]> {
    let own: String = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    let (_, parsed) = X509Certificate::from_der(der).ok().filter(|_| own == sha256)?;
    Some(Sha256::digest(parsed.public_key().raw).into())
}

fn certificate(der: &CertificateDer<'static>, now: i64) -> CertificateFacts {
    let sha256 = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect();
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return CertificateFacts { sha256, ..CertificateFacts::default() };
    };
    let names = match parsed.subject_alternative_name() {
        Ok(Some(extension)) => extension.value.general_names.iter().filter_map(name_text).take(NAMES).collect(),
        _ => Vec::new(),
    };
    let (key, key_bits) = key_of_certificate(&parsed);
    let date = |seconds: i64| jiff::Timestamp::from_second(seconds).map(|date| date.to_string()).unwrap_or_default();
    CertificateFacts {
        subject: cut(parsed.subject().to_string()),
        issuer: cut(parsed.issuer().to_string()),
        names,
        not_before: date(parsed.validity().not_before.timestamp()),
        not_after: date(parsed.validity().not_after.timestamp()),
        sha256,
        key,
        key_bits,
        signature: signature_text(&parsed),
        days_left: Some(parsed.validity().not_after.timestamp().saturating_sub(now).div_euclid(86_400)),
    }
}

/// Kind and size in bits of a public key.
fn key_of_certificate(parsed: &X509Certificate<'_>) -> (String, u32) {
    let key = parsed.public_key();
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => ("RSA".to_owned(), u32::try_from(rsa.key_size()).unwrap_or(0)),
        Ok(PublicKey::EC(point)) => ("EC".to_owned(), u32::try_from(point.key_size()).unwrap_or(0)),
        Ok(PublicKey::DSA(_)) => ("DSA".to_owned(), 0),
        _ if key.algorithm.algorithm == OID_SIG_ED25519 => ("Ed25519".to_owned(), 256),
        _ => (key.algorithm.algorithm.to_id_string(), 0),
    }
}

fn signature_text(parsed: &X509Certificate<'_>) -> String {
    let id = parsed.signature_algorithm.algorithm.to_id_string();
    let known = match id.as_str() {
        "1.2.840.113549.1.1.2" => "RSA-MD2",
        "1.2.840.113549.1.1.4" => "RSA-MD5",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "RSA-SHA1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "RSA-SHA256",
        "1.2.840.113549.1.1.12" => "RSA-SHA384",
        "1.2.840.113549.1.1.13" => "RSA-SHA512",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        "1.2.840.10045.4.3.2" => "ECDSA-SHA256",
        "1.2.840.10045.4.3.3" => "ECDSA-SHA384",
        "1.2.840.10045.4.3.4" => "ECDSA-SHA512",
        "1.2.840.10040.4.3" => "DSA-SHA1",
        "1.3.101.112" => "Ed25519",
        _ => return id,
    };
    known.to_owned()
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

pub(super) fn cut(text: String) -> String {
    match text.char_indices().nth(NAME_LENGTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
