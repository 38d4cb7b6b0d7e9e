//! One version of the protocol at a time, asked with bytes of our own: rustls speaks neither TLS 1.0 nor 1.1, nor the
//! old cipher suites.
//!
//! Responsible for sending one ClientHello and reading what the server answers in the clear. Nothing is agreed on: the
//! connection ends before any key exists. Not responsible for judging certificates.

use std::io::ErrorKind;
use std::net::SocketAddr;

use rustls::pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::CHAIN_LIMIT;
use crate::http;
use crate::i18n::Message;

/// Bytes of an answer that are read; a chain of certificates has some ten thousand at most.
const MOST: usize = 128 * 1024;

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_HELLO_DONE: u8 = 14;

/// Cipher suites of every age (IANA numbers). The last one says that renegotiation is done as RFC 5746 wants it.
const SUITES: [u16; 40] = [
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0x009e, 0x009f, 0x009c, 0x009d, 0xc023, 0xc027, 0xc024, 0xc028,
    0x0067, 0x006b, 0x003c, 0x003d, 0xc009, 0xc013, 0xc00a, 0xc014, 0x0033, 0x0039, 0x0032, 0x0038, 0x002f, 0x0035,
    0x0041, 0x0084, 0xc008, 0xc012, 0x0016, 0x0013, 0x000a, 0xc011, 0x0005, 0x0004, 0x0009, 0x00ff,
];

/// A version that is asked for by number, with the name that facts give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) number: u16,
    pub(super) name: &'static str,
}

/// The versions that are asked one by one, oldest first.
pub(super) const VERSIONS: [Version; 4] = [
    Version { number: 0x0300, name: "SSLv3" },
    Version { number: 0x0301, name: "TLSv1.0" },
    Version { number: 0x0302, name: "TLSv1.1" },
    Version { number: TLS12, name: "TLSv1.2" },
];

const TLS12: u16 = 0x0303;

/// What came of a ClientHello.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The server did its whole part of the handshake, and this is the chain it sent.
    Offered(Vec<CertificateDer<'static>>),
    /// The server said no, or chose another version.
    Refused,
    /// The connection was cut: some servers say no in this way, and so does what is no server.
    Closed,
    /// It cannot be told.
    Unknown(Message),
}

/// Asks for `version` alone. Takes as long as the server does: the caller bounds the time.
pub(super) async fn ask(host: &str, addresses: &[SocketAddr], name: &ServerName<'_>, version: Version) -> Answer {
    let mut socket = match TcpStream::connect(addresses).await {
        Ok(socket) => socket,
        Err(error) => return Answer::Unknown(http::io_reason(&error, host)),
    };
    let cut = |error: &std::io::Error| match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Answer::Closed,
        _ => Answer::Unknown(http::io_reason(error, host)),
    };
    if let Err(error) = socket.write_all(&client_hello(name, version)).await {
        return cut(&error);
    }
    let mut received = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    loop {
        match read(&received, version) {
            Read::Done(answer) => return answer,
            Read::NotTls => return Answer::Unknown(Message::new("http.not-tls").with("host", host)),
            Read::More if received.len() >= MOST => {
                return Answer::Unknown(Message::new("tls.endless").with("host", host));
            }
            Read::More => {}
        }
        match socket.read(&mut piece).await {
            Ok(0) => return Answer::Closed,
            Ok(length) => received.extend_from_slice(&piece[..length]),
            Err(error) => return cut(&error),
        }
    }
}

/// What the bytes received so far say.
enum Read {
    Done(Answer),
    More,
    NotTls,
}

fn read(received: &[u8], version: Version) -> Read {
    let mut messages = Vec::new();
    let mut rest = received;
    while let [kind, 3, _, high, low, after @ ..] = rest {
        let Some((body, next)) = after.split_at_checked(number(&[*high, *low])) else { break };
        match (*kind, body) {
            // A warning may come before the answer.
            (ALERT, [1, ..]) => {}
            (ALERT, _) => return Read::Done(Answer::Refused),
            (HANDSHAKE, body) => messages.extend_from_slice(body),
            _ => return Read::NotTls,
        }
        rest = next;
    }
    match rest {
        [ALERT | HANDSHAKE, 3, ..] | [ALERT | HANDSHAKE] | [] => {}
        _ => return Read::NotTls,
    }
    let mut chain = Vec::new();
    let mut rest = messages.as_slice();
    while let [kind, a, b, c, after @ ..] = rest {
        let Some((body, next)) = after.split_at_checked(number(&[*a, *b, *c])) else { break };
        match *kind {
            SERVER_HELLO if body.get(..2) != Some(&version.number.to_be_bytes()[..]) => {
                return Read::Done(Answer::Refused);
            }
            CERTIFICATE => chain = certificates(body),
            SERVER_HELLO_DONE => return Read::Done(Answer::Offered(chain)),
            _ => {}
        }
        rest = next;
    }
    Read::More
}

/// The list of a Certificate message, as far as it can be read.
fn certificates(body: &[u8]) -> Vec<CertificateDer<'static>> {
    let mut found = Vec::new();
    let mut rest = body.get(3..).unwrap_or_default();
    while let [a, b, c, after @ ..] = rest {
        let Some((der, next)) = after.split_at_checked(number(&[*a, *b, *c])) else { break };
        if found.len() < CHAIN_LIMIT {
            found.push(CertificateDer::from(der.to_vec()));
        }
        rest = next;
    }
    found
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

fn client_hello(name: &ServerName<'_>, version: Version) -> Vec<u8> {
    let mut body = version.number.to_be_bytes().to_vec();
    // No key is ever made of it, so it need not be random.
    body.extend(Sha256::digest(format!("{} {name:?}", version.name)));
    body.push(0);
    let suites: Vec<u8> = SUITES.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    sized::<2>(&mut body, &suites);
    body.extend([1, 0]);
    // SSL 3.0 knows no extensions.
    if version.number > 0x0300 {
        let mut extensions = Vec::new();
        if let ServerName::DnsName(dns) = name {
            let mut entry = vec![0];
            sized::<2>(&mut entry, dns.as_ref().as_bytes());
            let mut list = Vec::new();
            sized::<2>(&mut list, &entry);
            extension(&mut extensions, 0, &list);
        }
        // Curves: X25519, P-256, P-384, P-521; points as they are.
        extension(&mut extensions, 10, &[0, 8, 0, 0x1d, 0, 0x17, 0, 0x18, 0, 0x19]);
        extension(&mut extensions, 11, &[1, 0]);
        if version.number == TLS12 {
            // ECDSA, RSA-PSS and RSA with SHA-256 to SHA-512, and both with SHA-1.
            let schemes = [4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1, 2, 3, 2, 1];
            let mut list = Vec::new();
            sized::<2>(&mut list, &schemes);
            extension(&mut extensions, 13, &list);
        }
        sized::<2>(&mut body, &extensions);
    }
    let mut message = vec![1];
    sized::<3>(&mut message, &body);
    // The record around the first message says TLS 1.0 for all later versions, as servers expect.
    let mut record = vec![HANDSHAKE];
    record.extend(version.number.min(0x0301).to_be_bytes());
    sized::<2>(&mut record, &message);
    record
}

fn extension(all: &mut Vec<u8>, kind: u16, body: &[u8]) {
    all.extend(kind.to_be_bytes());
    sized::<2>(all, body);
}

/// Appends `bytes` behind their length in `N` bytes; all that is written here is far shorter than two bytes can say.
fn sized<const N: usize>(all: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    all.extend_from_slice(&length[4 - N..]);
    all.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TLS11: Version = VERSIONS[2];

    fn record(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut record = vec![kind, 3, 2];
        sized::<2>(&mut record, body);
        record
    }

    fn said(bytes: &[u8]) -> Option<Answer> {
        match read(bytes, TLS11) {
            Read::Done(answer) => Some(answer),
            Read::NotTls => Some(Answer::Unknown(Message::new("http.not-tls"))),
            Read::More => None,
        }
    }

    #[test]
    fn answers_are_read_whatever_the_pieces() {
        let hello = [&[2, 0, 0, 4, 3, 2][..], &[0, 0]].concat();
        let chain = [11, 0, 0, 9, 0, 0, 6, 0, 0, 3, 7, 8, 9];
        let flight = [&hello[..], &chain, &[14, 0, 0, 0]].concat();
        let der = vec![CertificateDer::from(vec![7, 8, 9])];
        // In one record, in one for each byte, and with a warning before it.
        let whole = record(HANDSHAKE, &flight);
        let bytes: Vec<u8> = flight.iter().flat_map(|byte| record(HANDSHAKE, &[*byte])).collect();
        let warned = [record(ALERT, &[1, 112]), whole.clone()].concat();
        for answer in [&whole, &bytes, &warned] {
            assert_eq!(said(answer), Some(Answer::Offered(der.clone())));
            for cut in 0..answer.len() {
                assert_eq!(said(&answer[..cut]), None, "{cut}");
            }
        }
        // Half a handshake that ends in an alert is a refusal, and so is another version.
        let broken = [record(HANDSHAKE, &hello), record(ALERT, &[2, 40])].concat();
        assert_eq!(said(&broken), Some(Answer::Refused));
        assert_eq!(said(&record(HANDSHAKE, &[2, 0, 0, 2, 3, 1])), Some(Answer::Refused));
        assert!(matches!(said(b"HTTP/1.1 400 Bad"), Some(Answer::Unknown(_))));
        // Lengths that lie do no harm.
        assert_eq!(said(&record(HANDSHAKE, &[11, 0, 0, 7, 0, 0, 4, 0xff, 0xff, 0xff, 1])), None);
    }

    #[test]
    fn the_hello_is_well_formed() {
        for version in VERSIONS {
            let name = ServerName::try_from("tienda.example").unwrap();
            let hello = client_hello(&name, version);
            assert_eq!(number(&hello[3..5]), hello.len() - 5);
            assert_eq!(number(&hello[6..9]), hello.len() - 9);
            assert_eq!(hello[9..11], version.number.to_be_bytes());
            let named = hello.windows(14).any(|window| window == b"tienda.example");
            assert_eq!(named, version.number > 0x0300);
        }
    }
}
