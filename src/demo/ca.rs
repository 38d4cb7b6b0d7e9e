//! A throw-away certificate authority for the demo shops, the sandbox and tests of TLS.
//!
//! Its keys live in memory for one run; nothing is written and no system is asked to trust it.

use std::net::IpAddr;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree,
    IsCa, KeyPair, KeyUsagePurpose, NameConstraints, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate authority made for this run.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// What a server shows: its chain, leaf first, and the key of the leaf.
pub struct Identity {
    /// The chain.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

/// From when to when a certificate is valid, in days from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First day; negative in the past.
    pub from: i32,
    /// Last day; negative in the past.
    pub until: i32,
}

impl Days {
    /// A year from yesterday, so that clocks which go a little wrong do not matter.
    pub const VALID: Days = Days { from: -1, until: 365 };
    /// A year that ended a month ago.
    pub const EXPIRED: Days = Days { from: -395, until: -30 };
}

impl Authority {
    /// Makes the authority.
    ///
    /// # Errors
    /// When the machine has no randomness to make keys of.
    pub fn new() -> Result<Authority, rcgen::Error> {
        Authority::made("homologa demo CA", None)
    }

    /// Makes an authority with a name of its own that can vouch for these DNS names and IP addresses only.
    ///
    /// # Errors
    /// As [`Authority::new`].
    pub fn limited(common_name: &str, names: &[&str]) -> Result<Authority, rcgen::Error> {
        let subtree = |name: &&str| match name.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix(address.octets(), 32)),
            Ok(IpAddr::V6(address)) => GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(address.octets(), 128)),
            Err(_) => GeneralSubtree::DnsName(name.trim_start_matches("*.").to_owned()),
        };
        let permitted_subtrees = names.iter().map(subtree).collect();
        Authority::made(common_name, Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() }))
    }

    fn made(common_name: &str, limits: Option<NameConstraints>) -> Result<Authority, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.name_constraints = limits;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Older than the expired leaf that it signs.
        validity(&mut params, Days { from: -800, until: 800 });
        Ok(Authority { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    /// The authority's own certificate, for those who are to trust it.
    pub fn der(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }

    /// The same as text for a file.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for a server with these names (DNS names or IP addresses).
    ///
    /// # Errors
    /// When a name is not one, or there is no randomness.
    pub fn leaf(&self, names: &[&str], days: Days) -> Result<Identity, rcgen::Error> {
        let key = KeyPair::generate()?;
        let leaf = leaf_params(names, days)?.signed_by(&key, &self.issuer)?;
        Ok(Identity { chain: vec![leaf.der().clone()], key: key_der(&key) })
    }
}

/// A certificate that vouches for itself.
///
/// # Errors
/// As [`Authority::leaf`].
pub fn self_signed(names: &[&str], days: Days) -> Result<Identity, rcgen::Error> {
    let key = KeyPair::generate()?;
    let leaf = leaf_params(names, days)?.self_signed(&key)?;
    Ok(Identity { chain: vec![leaf.der().clone()], key: key_der(&key) })
}

fn leaf_params(names: &[&str], days: Days) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let common = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    validity(&mut params, days);
    Ok(params)
}

fn validity(params: &mut CertificateParams, days: Days) {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let date = |offset: i32| {
        let day = today.saturating_add(offset.days());
        // jiff's months and days are positive and small.
        date_time_ymd(i32::from(day.year()), day.month().unsigned_abs(), day.day().unsigned_abs())
    };
    params.not_before = date(days.from);
    params.not_after = date(days.until);
}

fn key_der(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()))
}
