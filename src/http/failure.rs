//! Words a person can act on for what the transport reports.
//!
//! Not responsible for answers: an HTTP status, however bad, is not a failure here.

use std::error::Error as _;
use std::io::ErrorKind;

use rustls::{AlertDescription, CertificateError};

use super::shown;
use crate::i18n::Message;
use crate::run::Problem;

/// What went wrong with a request, with its URL and a way to mend it. Always of the environment.
pub fn explain(error: &reqwest::Error) -> Problem {
    let (message, fix) = words(error);
    let problem = Problem::environment(message).fix(fix);
    match error.url() {
        Some(url) => problem.at_url(shown(url)),
        None => problem,
    }
}

/// The same in one sentence, for lists of addresses.
pub fn reason(error: &reqwest::Error) -> Message {
    words(error).0
}

fn words(error: &reqwest::Error) -> (Message, Message) {
    let host = error.url().and_then(|url| url.host_str()).unwrap_or("?").to_owned();
    let message = |key: &'static str| Message::new(key).with("host", &host);
    let mut last = error.to_string();
    let mut part: Option<&(dyn std::error::Error + 'static)> = error.source();
    // A chain of causes is short; the bound only guards against one that refers to itself.
    for _ in 0..16 {
        let Some(cause) = part else { break };
        last = cause.to_string();
        if is_or_holds_refusal(cause) {
            return (message("http.leads-inside"), Message::new("http.leads-inside-fix"));
        }
        if last.starts_with("dns error") || last.contains("failed to lookup address") {
            return (message("http.dns"), Message::new("http.dns-fix"));
        }
        if last.contains("invalid HTTP") || last.contains("HTTP/0.9") {
            return (message("http.not-http"), Message::new("http.not-http-fix"));
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return tls_words(tls, &host);
        }
        let io = cause.downcast_ref::<std::io::Error>();
        if let Some(words) = io.and_then(|io| io_words(io, &host)) {
            return words;
        }
        // `source` of an I/O error skips the very error that it wraps.
        part = match io.and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    if error.is_timeout() {
        return (message("http.timeout"), Message::new("http.timeout-fix"));
    }
    if last.contains("connection closed")
        || last.contains("unexpected end of file")
        || last.contains("tls handshake eof")
    {
        return (message("http.reset"), Message::new("http.reset-fix"));
    }
    // What is left may quote the answer of the other side.
    let quoted: String = crate::secret::Redactor::default().text(&last).chars().take(200).collect();
    (message("http.other").with("error", quoted), Message::new("http.other-fix"))
}

/// Whether the resolver refused a name: that stands below what is told of every name that is not resolved.
fn is_or_holds_refusal(cause: &(dyn std::error::Error + 'static)) -> bool {
    let mut part = Some(cause);
    for _ in 0..4 {
        let Some(cause) = part else { break };
        if cause.is::<super::private::LeadsInside>() {
            return true;
        }
        part = cause.source();
    }
    false
}

/// What an error of a socket or of a handshake over it means.
pub(crate) fn io_reason(error: &std::io::Error, host: &str) -> Message {
    let mut part: Option<&(dyn std::error::Error + 'static)> = Some(error);
    for _ in 0..8 {
        let Some(cause) = part else { break };
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return tls_words(tls, host).0;
        }
        part = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => cause.source(),
        };
    }
    match io_words(error, host) {
        Some((message, _)) => message,
        None => Message::new("http.other").with("host", host).with("error", error),
    }
}

fn io_words(error: &std::io::Error, host: &str) -> Option<(Message, Message)> {
    let message = |key: &'static str| Message::new(key).with("host", host);
    match error.kind() {
        ErrorKind::ConnectionRefused => Some((message("http.refused"), Message::new("http.refused-fix"))),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some((message("http.reset"), Message::new("http.reset-fix"))),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
            Some((message("http.unreachable"), Message::new("http.refused-fix")))
        }
        ErrorKind::TimedOut => Some((message("http.timeout"), Message::new("http.timeout-fix"))),
        // The resolver has no kind of its own.
        _ if error.to_string().contains("failed to lookup address") => {
            Some((message("http.dns"), Message::new("http.dns-fix")))
        }
        _ => None,
    }
}

fn tls_words(error: &rustls::Error, host: &str) -> (Message, Message) {
    let message = |key: &'static str| Message::new(key).with("host", host);
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                (message("http.tls-expired"), Message::new("http.tls-expired-fix"))
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                (message("http.tls-not-yet-valid"), Message::new("http.tls-not-yet-valid-fix"))
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (message("http.tls-wrong-name"), Message::new("http.tls-wrong-name-fix"))
            }
            CertificateError::UnknownIssuer => {
                (message("http.tls-unknown-issuer"), Message::new("http.tls-unknown-issuer-fix"))
            }
            other => (message("http.tls-other").with("error", other), Message::new("http.tls-other-fix")),
        },
        rustls::Error::InvalidMessage(_) | rustls::Error::AlertReceived(AlertDescription::DecodeError) => {
            (message("http.not-tls"), Message::new("http.not-tls-fix"))
        }
        other => (message("http.tls-other").with("error", other), Message::new("http.tls-other-fix")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use crate::http::{ClientOptions, client, explain};

    /// A server that answers every connection with these bytes and hangs up.
    async fn answer(bytes: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let _ = socket.read(&mut [0; 1024]).await;
                let _ = socket.write_all(bytes).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn each_failure_has_its_own_words_and_no_secret() {
        let banner = answer(b"SSH-2.0-OpenSSH_9.6\r\n").await;
        let hang_up = answer(b"").await;
        let half = answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
        let plain = answer(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let options = ClientOptions { timeout: Duration::from_secs(5), direct: true, ..ClientOptions::default() };
        let client = client(&options).unwrap();
        for (url, key) in [
            (format!("http://127.0.0.1:{banner}/"), "http.not-http"),
            (format!("http://127.0.0.1:{hang_up}/"), "http.reset"),
            (format!("http://127.0.0.1:{half}/"), "http.reset"),
            (format!("https://127.0.0.1:{plain}/"), "http.not-tls"),
            (format!("http://127.0.0.1:{closed}/"), "http.refused"),
            ("http://no-such-shop.invalid/?mail=ana@example.com".to_owned(), "http.dns"),
        ] {
            let error = match client.get(&url).send().await {
                Ok(response) => response.bytes().await.unwrap_err(),
                Err(error) => error,
            };
            let problem = explain(&error);
            assert_eq!(problem.message.key, key, "{url}: {error:?}");
            assert!(problem.fix.is_some());
            assert!(!problem.plain(crate::i18n::Lang::Es).contains("ana@"));
        }
    }
}
