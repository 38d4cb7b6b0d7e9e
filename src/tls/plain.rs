//! What a host answers to plain http: whether it leads to https before it shows anything.
//!
//! Responsible for asking and for following http to http on the same host. Bodies are not read, and nothing but the
//! path is sent.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use crate::http;
use crate::i18n::Message;
use crate::run::{Hop, PlainHttp};

/// Bytes of an answer's head that are read.
const HEAD: u64 = 32 * 1024;
/// Most answers of one way from http to https.
const HOPS: usize = 5;

/// Asks `start`, an http address; `timeout` bounds the whole.
pub(super) async fn ask(start: Url, timeout: Duration) -> PlainHttp {
    let mut facts = PlainHttp::default();
    let host = start.host_str().unwrap_or_default().to_owned();
    if tokio::time::timeout(timeout, follow(start, &mut facts)).await.is_err() {
        facts.failure = Some(Message::new("http.timeout").with("host", host));
    }
    facts
}

async fn follow(start: Url, facts: &mut PlainHttp) {
    let mut url = start.clone();
    for _ in 0..HOPS {
        let host = url.host_str().unwrap_or_default();
        let (status, location) = match answer(&url).await {
            Ok(answer) => answer,
            Err(error) => {
                facts.closed = facts.hops.is_empty() && error.kind() == std::io::ErrorKind::ConnectionRefused;
                facts.failure = Some(http::io_reason(&error, host));
                return;
            }
        };
        let Some(status) = status else {
            facts.failure = Some(Message::new("http.not-http").with("host", host));
            return;
        };
        facts.hops.push(Hop { url: http::shown(&url), status });
        let moved = (300..400).contains(&status);
        let Some(next) = location.filter(|_| moved).and_then(|location| url.join(&location).ok()) else { return };
        facts.leads_to = Some(http::shown(&next));
        // Only the same host is asked further: where another one leads says nothing of this one.
        let own = |url: &Url| url.host_str().map(|host| host.trim_start_matches("www.").to_owned());
        if next.scheme() != "http" || own(&next) != own(&start) || next.port() != start.port() || next == url {
            return;
        }
        url = next;
    }
}

/// Status and `Location` of the answer; no status when it is not HTTP.
async fn answer(url: &Url) -> std::io::Result<(Option<u16>, Option<String>)> {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut socket = TcpStream::connect((bare, url.port_or_known_default().unwrap_or(80))).await?;
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {}\r\nAccept: text/html\r\nConnection: close\r\n\r\n",
        url.path(),
        http::USER_AGENT
    );
    socket.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    let mut socket = socket.take(HEAD);
    loop {
        let length = socket.read_buf(&mut head).await?;
        if length == 0 || head.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok());
    let location = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("location"))
        .map(|(_, value)| value.trim().to_owned());
    Ok((status, location))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers path by path; `{port}` stands for its own port.
    async fn serve(answers: &'static [(&'static str, &'static str)]) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = vec![0; 2048];
                let length = socket.read(&mut request).await.unwrap_or(0);
                let asked = String::from_utf8_lossy(&request[..length]).into_owned();
                let path = asked.split(' ').nth(1).unwrap_or_default();
                let answer = answers.iter().find(|(of, _)| *of == path).map_or("", |(_, answer)| answer);
                let _ = socket.write_all(answer.replace("{port}", &port.to_string()).as_bytes()).await;
            }
        });
        Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap()
    }

    #[tokio::test]
    async fn where_http_leads_is_told() {
        let shop = serve(&[
            ("/", "HTTP/1.1 301 Moved\r\nlocation: https://shop.example/?a=1\r\n\r\n"),
            ("/twice", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/\r\n\r\n"),
            ("/open", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"),
            ("/away", "HTTP/1.1 301 Moved\r\nLocation: http://other.example/\r\n\r\n"),
            ("/round", "HTTP/1.1 301 Moved\r\nLocation: /round\r\n\r\n"),
            ("/ping", "HTTP/1.1 301 Moved\r\nLocation: /pong\r\n\r\n"),
            ("/pong", "HTTP/1.1 301 Moved\r\nLocation: /ping\r\n\r\n"),
            ("/talk", "220 mail.example ESMTP\r\n\r\n"),
        ])
        .await;
        let time = Duration::from_secs(5);
        for (path, statuses, leads_to) in [
            ("/", &[301][..], Some("https://shop.example/?a=1")),
            ("/twice", &[302, 301], Some("https://shop.example/?a=1")),
            ("/open", &[200], None),
            ("/away", &[301], Some("http://other.example/")),
        ] {
            let facts = ask(shop.join(path).unwrap(), time).await;
            assert_eq!(facts.hops.iter().map(|hop| hop.status).collect::<Vec<_>>(), statuses, "{path}");
            assert_eq!(facts.leads_to.as_deref(), leads_to, "{path}");
            assert_eq!((facts.failure, facts.closed), (None, false), "{path}");
        }
        assert_eq!(ask(shop.join("/round").unwrap(), time).await.hops.len(), 1);
        assert_eq!(ask(shop.join("/ping").unwrap(), time).await.hops.len(), HOPS);
        let talk = ask(shop.join("/talk").unwrap(), time).await;
        assert_eq!(talk.failure.map(|reason| reason.key.into_owned()).as_deref(), Some("http.not-http"));
    }

    #[tokio::test]
    async fn a_closed_port_and_a_silent_one_are_told_apart() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = |port: u16| Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap();
        let waited = ask(url(silent.local_addr().unwrap().port()), Duration::from_millis(200)).await;
        assert_eq!((waited.closed, waited.failure.unwrap().key.as_ref()), (false, "http.timeout"));
        let port = silent.local_addr().unwrap().port();
        drop(silent);
        let closed = ask(url(port), Duration::from_secs(5)).await;
        assert_eq!((closed.closed, closed.failure.unwrap().key.as_ref()), (true, "http.refused"));
    }
}
