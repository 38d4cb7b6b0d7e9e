//! Reads the answers of the payments API out of a HAR 1.2. Judges nothing.

use serde_json::Value;
use url::Url;

use super::read::is_html;
use super::{Captured, LARGEST_BODY, MOST_BODIES, NotJson};
use crate::i18n::Message;

/// What a HAR held.
#[derive(Default)]
pub(super) struct Read {
    /// The answers of the payments API, in order.
    pub(super) answers: Vec<Captured>,
    /// Entries that could not be read: place and reason.
    pub(super) problems: Vec<(String, Message)>,
    /// Answers of other hosts and paths.
    pub(super) skipped: usize,
}

/// Whether a JSON document is a HAR.
pub(super) fn is_har(whole: &Value) -> bool {
    whole.pointer("/log/entries").is_some_and(Value::is_array)
}

/// Reads every answer of the payments API.
pub(super) fn read(mut whole: Value) -> Read {
    let mut read = Read::default();
    let Some(Value::Array(entries)) = whole.pointer_mut("/log/entries").map(Value::take) else { return read };
    if entries.len() > MOST_BODIES {
        read.problems.push(("#".to_owned(), Message::new("validate.too-many").with("limit", MOST_BODIES)));
    }
    for (index, entry) in entries.into_iter().take(MOST_BODIES).enumerate() {
        let place = format!("#{}", index + 1);
        let url = entry.pointer("/request/url").and_then(Value::as_str).and_then(|url| Url::parse(url).ok());
        let Some(url) = url.filter(is_payments_api) else {
            read.skipped += 1;
            continue;
        };
        let method = entry.pointer("/request/method").and_then(Value::as_str).map(str::to_owned);
        // A browser's question before the question says nothing of the API.
        if method.as_deref() == Some("OPTIONS") {
            read.skipped += 1;
            continue;
        }
        let status = entry.pointer("/response/status").and_then(Value::as_u64);
        let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| *status >= 100);
        let text = match text(&entry) {
            Ok(text) => text,
            Err(message) => {
                read.problems.push((place, message));
                continue;
            }
        };
        let text = text.trim();
        let body = if text.is_empty() { None } else { serde_json::from_str(text).ok() };
        if body.is_none() && looks_like_json(text) {
            let error = serde_json::from_str::<serde::de::IgnoredAny>(text).err();
            let (line, column) = error.map_or((0, 0), |error| (error.line(), error.column()));
            let message = Message::new("validate.broken-body").with("line", line).with("column", column);
            read.problems.push((place, message));
            continue;
        }
        read.answers.push(Captured {
            place,
            method,
            path: Some(url.path().to_owned()),
            status,
            not_json: match text {
                _ if body.is_some() || text.is_empty() => None,
                page if is_html(page) => Some(NotJson::Html),
                _ => Some(NotJson::Text),
            },
            body,
            direct: true,
            ..Captured::default()
        });
    }
    read
}

fn looks_like_json(text: &str) -> bool {
    text.starts_with(['{', '['])
}

/// The host of Mercado Pago, or the path of one of its resources behind another name (sandbox, proxy).
fn is_payments_api(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let api = host.starts_with("api.") && ["mercadopago.", "mercadolibre."].iter().any(|name| host.contains(name));
    let path = url.path();
    let resources = [
        "/v1/payments",
        "/v1/card_tokens",
        "/v1/payment_methods",
        "/v1/customers",
        "/v1/orders",
        "/checkout/preferences",
        "/merchant_orders",
    ];
    let resource = resources
        .iter()
        .any(|resource| path.strip_prefix(resource).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    api || resource
}

/// The text of a response.
fn text(entry: &Value) -> Result<String, Message> {
    let content = entry.pointer("/response/content");
    let text = content.and_then(|content| content.get("text")).and_then(Value::as_str).unwrap_or_default();
    if text.len() > LARGEST_BODY * 4 / 3 + 4 {
        return Err(super::read::too_large(""));
    }
    if content.and_then(|content| content.get("encoding")).and_then(Value::as_str) != Some("base64") {
        return Ok(text.to_owned());
    }
    let bytes = base64(text).ok_or_else(|| Message::new("validate.not-base64"))?;
    String::from_utf8(bytes)
        .map_err(|error| Message::new("validate.body-not-utf8").with("position", error.utf8_error().valid_up_to()))
}

/// RFC 4648, section 4; white space is skipped, padding may be missing.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn base64_is_read() {
        assert_eq!(base64("eyJpZCI6MX0=").unwrap(), b"{\"id\":1}");
        assert_eq!(base64("eyJp\nZCI6MX0").unwrap(), b"{\"id\":1}");
        assert!(base64("e?").is_none());
    }

    #[test]
    fn only_the_payments_api_is_read() {
        for (url, expected) in [
            ("https://api.mercadopago.com/v1/payments?access_token=x", 1),
            ("https://api.mercadopago.com/users/me", 1),
            ("http://localhost:4242/v1/payments/1", 1),
            ("http://localhost:4242/v1/paymentsx", 0),
            ("https://shop.example/cart", 0),
            ("not a url", 0),
        ] {
            let har = json!({"log": {"entries": [{"request": {"method": "GET", "url": url},
                "response": {"status": 200, "content": {"text": "{\"id\":1}"}}}]}});
            let read = read(har);
            assert_eq!((read.answers.len(), read.skipped), (expected, 1 - expected), "{url}");
            assert!(read.answers.iter().all(|answer| !answer.path.as_deref().unwrap_or_default().contains('?')));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_har_breaks_the_reader(url in ".{0,40}", status in proptest::prelude::any::<i64>(), text in ".{0,60}",
                                    encoding in "(base64|)", method in "(GET|POST|OPTIONS|.{0,4})") {
            for url in [url.clone(), format!("https://api.mercadopago.com/v1/payments{url}")] {
                let har = json!({"log": {"entries": [null, 1, {"request": {"method": method, "url": url},
                    "response": {"status": status, "content": {"text": text, "encoding": encoding}}}]}});
                let read = read(har);
                proptest::prop_assert_eq!(read.answers.len() + read.problems.len() + read.skipped, 3);
            }
        }
    }
}
