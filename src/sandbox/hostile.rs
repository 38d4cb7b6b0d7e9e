//! The router under hostile bytes: what the fuzz target of the sandbox feeds.
//!
//! Responsible for turning bytes into a few requests one after another, so that the later ones find what the earlier
//! ones created, and for what has to hold of every answer. No part of the program calls it.

use axum::http::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;

use super::accounts::{Role, account};
use super::clock::Clock;
use super::reply::Body;
use super::router::{Call, route};
use super::world::World;

/// Separates requests.
const NEXT: &[u8] = b"\n%%\n";
/// Most requests of one input.
const MOST: usize = 8;

/// Requests, each a line `METHOD /path?query` and a body after it, separated by a line `%%`. `{1}` is the id that the
/// first request answered, and so on.
///
/// # Panics
/// When an answer is a server error, has no status, or is not the JSON it says.
pub(crate) fn requests(bytes: &[u8]) {
    let world = World::new(7, Clock::Fixed(jiff::Timestamp::UNIX_EPOCH));
    let bearer = format!("Bearer {}", account("MLA", Role::Seller).access_token.expose_secret());
    let mut ids: Vec<String> = Vec::new();
    let mut rest = Some(bytes);
    for number in 0..MOST {
        let Some(input) = rest else { break };
        let end = input.windows(NEXT.len()).position(|window| window == NEXT);
        let (request, after) = end.map_or((input, None), |end| (&input[..end], Some(&input[end + NEXT.len()..])));
        rest = after;
        let line = request.iter().position(|byte| *byte == b'\n').unwrap_or(request.len());
        let (line, body) = (String::from_utf8_lossy(&request[..line]), request.get(line + 1..).unwrap_or_default());
        let (method, uri) = line.split_once(' ').unwrap_or(("GET", &line));
        // What is not UTF-8 stays as it is; placeholders are looked for in text alone.
        let body = std::str::from_utf8(body).map_or_else(|_| body.to_vec(), |text| filled(text, &ids).into_bytes());
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&bearer) {
            headers.insert("authorization", value);
        }
        headers.insert("x-idempotency-key", HeaderValue::from(number));
        let uri = filled(uri, &ids);
        let reply = route(&world, &Call::new(method, &uri, &headers, &body));
        assert!((200..500).contains(&reply.status), "{method} {uri}: {}", reply.status);
        let mut id = String::new();
        let is_text = matches!(reply.body, Body::Payment(..));
        let value = reply.body.into_json();
        assert!(value.is_some() || !is_text, "{method} {uri}: no JSON");
        if let Some(value) = value {
            let read: Result<Value, _> = serde_json::from_str(&value.to_string());
            assert!(read.is_ok(), "{method} {uri}: {value}");
            id =
                value.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).unwrap_or_default();
        }
        ids.push(id);
    }
}

fn filled(text: &str, ids: &[String]) -> String {
    let mut text = text.to_owned();
    for (index, id) in ids.iter().enumerate() {
        text = text.replace(&format!("{{{}}}", index + 1), id);
    }
    text
}
