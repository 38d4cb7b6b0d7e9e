//! The probe against servers with certificates made for the occasion.

use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::demo::ca::{Authority, Days, Identity, self_signed};

/// Serves handshakes with `identity` on a free port.
async fn serve(identity: Identity) -> u16 {
    let config = rustls::ServerConfig::builder_with_provider(http::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = acceptor.accept(socket).await;
        }
    });
    port
}

async fn look(port: u16, authority: Option<&Authority>, now: Timestamp) -> TlsFacts {
    let extra: Vec<_> = authority.map(|authority| authority.der().clone()).into_iter().collect();
    let roots = http::roots(None, &extra).unwrap();
    probe("127.0.0.1", port, roots, Duration::from_secs(5), now).await
}

#[tokio::test]
async fn each_fault_is_told_and_two_at_once_as_well() {
    let authority = Authority::new().unwrap();
    let now = Timestamp::now();
    let ours = Some(&authority);
    let cases: [(&str, Identity, Option<&Authority>, &[&str]); 7] = [
        ("good", authority.leaf(&["127.0.0.1", "localhost"], Days::VALID).unwrap(), ours, &[]),
        ("expired", authority.leaf(&["127.0.0.1"], Days::EXPIRED).unwrap(), ours, &["expired"]),
        ("early", authority.leaf(&["127.0.0.1"], Days { from: 5, until: 50 }).unwrap(), ours, &["not-yet-valid"]),
        ("wrong name", authority.leaf(&["tienda.example"], Days::VALID).unwrap(), ours, &["wrong-name"]),
        ("unknown", authority.leaf(&["127.0.0.1"], Days::VALID).unwrap(), None, &["unknown-issuer"]),
        ("self-signed", self_signed(&["127.0.0.1"], Days::VALID).unwrap(), ours, &["self-signed"]),
        (
            "everything",
            authority.leaf(&["tienda.example"], Days::EXPIRED).unwrap(),
            None,
            &["expired", "wrong-name", "unknown-issuer"],
        ),
    ];
    for (case, identity, trusted, faults) in cases {
        let port = serve(identity).await;
        let facts = look(port, trusted, now).await;
        assert_eq!(facts.faults, faults, "{case}: {facts:?}");
        assert_eq!(facts.failure, None, "{case}");
        assert_eq!(facts.version.as_deref(), Some("TLSv1.3"), "{case}");
        assert_eq!(facts.chain.len(), 1, "{case}");
        assert_eq!(pin(&facts).is_some(), !faults.is_empty(), "{case}");
    }
}

#[tokio::test]
async fn dates_and_names_are_facts() {
    let authority = Authority::new().unwrap();
    let port = serve(authority.leaf(&["127.0.0.1", "localhost"], Days { from: -1, until: 12 }).unwrap()).await;
    let facts = look(port, Some(&authority), Timestamp::now()).await;
    assert_eq!(facts.chain[0].names, ["127.0.0.1", "localhost"]);
    assert!((11..=12).contains(&facts.days_left.unwrap()), "{facts:?}");
    assert!(facts.chain[0].issuer.contains("homologa demo CA"));
    let later = look(port, Some(&authority), Timestamp::now() + (24 * 20).hours()).await;
    assert_eq!(later.faults, ["expired"]);
    assert!(later.days_left.unwrap() < 0);
}

#[tokio::test]
async fn what_is_not_tls_is_a_failure_in_words() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let talker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closer = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let (silent_port, talker_port, closer_port) = (port(&silent), port(&talker), port(&closer));
    tokio::spawn(async move {
        let kept = silent.accept().await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(kept);
    });
    tokio::spawn(async move {
        let (mut socket, _) = talker.accept().await.unwrap();
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    });
    tokio::spawn(async move {
        let (mut socket, _) = closer.accept().await.unwrap();
        let mut hello = [0; 8];
        let _ = tokio::io::AsyncReadExt::read(&mut socket, &mut hello).await;
    });
    let unused = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        port(&listener)
    };
    let roots = http::roots(None, &[]).unwrap();
    for (port, key) in [
        (talker_port, "http.not-tls"),
        (closer_port, "http.reset"),
        (unused, "http.refused"),
        (silent_port, "http.timeout"),
    ] {
        let facts = probe("127.0.0.1", port, roots.clone(), Duration::from_secs(2), Timestamp::now()).await;
        assert_eq!(facts.failure.as_ref().map(|message| message.key.as_ref()), Some(key), "{facts:?}");
        assert_eq!((facts.version, facts.chain.len(), facts.faults.len()), (None, 0, 0));
    }
}

#[test]
fn broken_certificates_do_no_harm() {
    let name = ServerName::try_from("tienda.example").unwrap();
    let roots = http::roots(None, &[]).unwrap();
    let good = self_signed(&["tienda.example"], Days::VALID).unwrap().chain.remove(0);
    for cut in (0..good.len()).step_by(7) {
        let mut facts = TlsFacts::default();
        facts::describe(&mut facts, &[CertificateDer::from(good[..cut].to_vec())], &name, &roots, Timestamp::now());
        assert!(!facts.faults.is_empty());
        for byte in [0x00, 0xff, 0x80] {
            let mut changed = good.to_vec();
            changed[cut] = byte;
            facts::describe(&mut facts, &[CertificateDer::from(changed)], &name, &roots, Timestamp::now());
        }
    }
}

/// Plays a server that speaks exactly one version: the whole flight in the clear, as far as its ServerHelloDone.
async fn serve_only(version: [u8; 2], chain: Vec<CertificateDer<'static>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let sized = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..], bytes].concat();
    let message = |kind: u8, body: &[u8]| [&[kind][..], &sized(body)].concat();
    let list: Vec<u8> = chain.iter().flat_map(|der| sized(der)).collect();
    // Version, random, no session, one cipher suite, no compression.
    let hello = [&version[..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
    let flight = [message(2, &hello), message(11, &sized(&list)), message(14, &[])].concat();
    let length = u16::try_from(flight.len()).unwrap().to_be_bytes();
    let answer = [&[22, version[0], version[1], length[0], length[1]][..], &flight].concat();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 2048];
            let read = tokio::io::AsyncReadExt::read(&mut socket, &mut hello).await.unwrap_or(0);
            // The version stands behind the headers of record and message.
            let asked = hello.get(9..11).filter(|_| read > 11);
            let said = if asked == Some(&version[..]) { &answer[..] } else { &[21, 3, 1, 0, 2, 2, 70] };
            let _ = socket.write_all(said).await;
        }
    });
    port
}

#[tokio::test]
async fn every_version_is_asked() {
    let authority = Authority::new().unwrap();
    let identity = authority.leaf(&["127.0.0.1"], Days::VALID).unwrap();
    let chain = identity.chain.clone();
    let port = serve(identity).await;
    let facts = look(port, Some(&authority), Timestamp::now()).await;
    let offered = |facts: &TlsFacts| facts.versions.iter().map(|version| version.offered).collect::<Vec<_>>();
    let names: Vec<&str> = facts.versions.iter().map(|version| version.version.as_str()).collect();
    assert_eq!(names, ["SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
    assert_eq!(offered(&facts), [Some(false), Some(false), Some(false), Some(true), Some(true)], "{facts:?}");
    for (version, at) in [([3, 0], 0), ([3, 1], 1), ([3, 2], 2), ([3, 3], 3)] {
        let facts = look(serve_only(version, chain.clone()).await, Some(&authority), Timestamp::now()).await;
        let mut expected = vec![Some(false); 4];
        expected[at] = Some(true);
        assert_eq!(offered(&facts)[..4], expected, "{facts:?}");
        // Nobody could agree on anything today, yet the certificate is known and good.
        assert!(facts.version.is_none() && facts.failure.is_some(), "{facts:?}");
        assert_eq!((facts.chain.len(), facts.faults.len()), (1, 0), "{facts:?}");
        assert_eq!(facts.versions[4].offered, None);
    }
}
