//! Tests of chains: what is sent too little, too much, in the wrong order, too old or too weak.

use jiff::Timestamp;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use super::facts::describe;
use crate::run::TlsFacts;

const HOST: &str = "tienda.example";
/// A time at which everything that rcgen makes without dates is valid.
const NOW: &str = "2026-06-01T00:00:00Z";

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str, above: Option<&Issuer>, years: Option<(i32, i32)>) -> Issuer {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    if let Some((from, until)) = years {
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    match above {
        Some(above) => CertifiedIssuer::signed_by(params, key, above).unwrap(),
        None => CertifiedIssuer::self_signed(params, key).unwrap(),
    }
}

/// A leaf; `public` ones say where their issuer is found (RFC 5280, 4.2.2.1), as those of public authorities do.
fn leaf(issuer: &Issuer, public: bool) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    if public {
        let access = [&[0x30, 0x16, 0x30, 0x14, 6, 8, 0x2b, 6, 1, 5, 5, 7, 0x30, 2, 0x86, 8][..], b"http://a"].concat();
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], access)];
    }
    params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone()
}

fn look(chain: &[&CertificateDer<'static>], root: &CertificateDer<'static>) -> TlsFacts {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let chain: Vec<_> = chain.iter().map(|der| (*der).clone()).collect();
    let mut facts = TlsFacts::default();
    let name = ServerName::try_from(HOST).unwrap();
    describe(&mut facts, &chain, &name, &roots, NOW.parse::<Timestamp>().unwrap());
    facts
}

#[test]
fn the_way_to_the_root_is_found_in_what_was_sent() {
    let root = authority("root", None, None);
    let between = authority("between", Some(&root), None);
    let stranger = authority("stranger", None, None);
    let (plain, public) = (leaf(&between, false), leaf(&between, true));

    let good = look(&[&plain, between.der()], root.der());
    assert_eq!((good.faults.len(), good.path.as_slice(), good.extra.len()), (0, &[0, 1][..], 0), "{good:?}");
    assert!(!good.unordered && good.missing_issuer.is_none());
    assert!(good.root.as_deref().is_some_and(|root| root.contains("CN=root")), "{good:?}");
    let key = |at: usize| (good.chain[at].key.as_str(), good.chain[at].key_bits, good.chain[at].signature.as_str());
    assert_eq!(key(0), ("EC", 256, "ECDSA-SHA256"));

    for (sent, fault) in [(&plain, "unknown-issuer"), (&public, "missing-intermediate")] {
        let alone = look(&[sent], root.der());
        assert_eq!(alone.faults, [fault]);
        assert!(alone.missing_issuer.as_deref().is_some_and(|name| name.contains("CN=between")), "{alone:?}");
        assert_eq!(alone.root, None);
    }
    // A root that nobody trusts: nothing is missing, its issuer is just unknown.
    let unknown = look(&[&plain, between.der(), root.der()], stranger.der());
    assert_eq!((unknown.faults, unknown.missing_issuer), (vec!["unknown-issuer".to_owned()], None));
}

#[test]
fn what_is_sent_beside_the_way_is_told() {
    let root = authority("root", None, None);
    let between = authority("between", Some(&root), None);
    let stranger = authority("stranger", None, None);
    let leaf = leaf(&between, false);
    // The root may come along.
    let whole = look(&[&leaf, between.der(), root.der()], root.der());
    assert_eq!((whole.unordered, whole.extra.as_slice(), whole.faults.len()), (false, &[][..], 0));
    let mixed = look(&[&leaf, root.der(), between.der()], root.der());
    assert_eq!((mixed.unordered, mixed.path.as_slice(), mixed.faults.len()), (true, &[0, 2][..], 0), "{mixed:?}");
    let more = look(&[&leaf, between.der(), stranger.der(), between.der()], root.der());
    assert_eq!((more.extra.as_slice(), more.faults.len()), (&[2, 3][..], 0));
}

#[test]
fn an_intermediate_has_dates_of_its_own() {
    let root = authority("root", None, None);
    for (years, faults) in [((2020, 2026), &["intermediate-expired"][..]), ((2020, 2030), &[])] {
        let between = authority("between", Some(&root), Some(years));
        let facts = look(&[&leaf(&between, false), between.der()], root.der());
        assert_eq!(facts.faults, faults, "{facts:?}");
        assert_eq!(facts.chain[1].days_left.unwrap() < 0, !faults.is_empty());
    }
}

/// rcgen makes nothing that weak, so these three were made with openssl.
#[test]
fn weak_keys_and_signatures_are_told() {
    let read = |name: &str| {
        let path = format!("{}/tests/fixtures/tls/{name}.crt", env!("CARGO_MANIFEST_DIR"));
        CertificateDer::from_pem_file(path).unwrap()
    };
    let root = read("root");
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let look = |name: &str| {
        let mut facts = TlsFacts::default();
        let now = "2030-01-01T00:00:00Z".parse().unwrap();
        describe(&mut facts, &[read(name)], &ServerName::try_from(HOST).unwrap(), &roots, now);
        facts
    };
    let short = look("rsa1024");
    assert_eq!((short.chain[0].key.as_str(), short.chain[0].key_bits), ("RSA", 1024));
    assert!(short.chain[0].weak_key() && !short.chain[0].weak_signature());
    assert!(short.faults.is_empty(), "its chain leads to the root: {short:?}");
    let old = look("sha1");
    assert_eq!((old.chain[0].key_bits, old.chain[0].signature.as_str()), (2048, "RSA-SHA1"));
    assert!(old.chain[0].weak_signature() && !old.chain[0].weak_key());
    assert_eq!(old.faults, ["weak-signature"]);
}
