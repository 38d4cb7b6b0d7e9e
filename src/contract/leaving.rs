//! What must not leave: the numbers of real cards, anywhere in a request that is filled in.
//!
//! Looks at the address, the headers and the body as whoever gets them reads them. Not responsible for what a number
//! must look like (see `specs/real_cards.rs`), nor for credentials, which are added when a request is sent.

use percent_encoding::percent_decode_str;
use serde_json::{Number, Value};
use url::{Url, form_urlencoded};

use crate::specs::real_cards;

/// The last four digits of a number in the path or the query that may be a real card.
pub(super) fn in_url(url: &Url) -> Option<String> {
    let query = || form_urlencoded::parse(url.query().unwrap_or_default().as_bytes());
    in_escaped(url.path())
        .or_else(|| query().find_map(|(name, value)| real_cards::ending(&name).or_else(|| real_cards::ending(&value))))
}

/// The same in a text, and in what it says when it is read as an address is.
pub(in crate::contract) fn in_escaped(text: &str) -> Option<String> {
    real_cards::ending(text).or_else(|| {
        // What is no UTF-8 then is no digit either.
        let escaped = text.contains('%').then(|| percent_decode_str(text).decode_utf8_lossy());
        escaped.and_then(|text| real_cards::ending(&text))
    })
}

/// The same in a header.
pub(super) fn in_header(name: &str, value: &str) -> Option<String> {
    real_cards::ending(name).or_else(|| in_escaped(value))
}

/// The same in a body that stands as text: JSON, a form, or anything else.
pub(super) fn in_text(body: &str) -> Option<String> {
    let json = || serde_json::from_str::<Value>(body).ok();
    in_escaped(body).or_else(|| json().as_ref().and_then(in_json))
}

/// The same in JSON: values, also numbers with decimals, and the names of members.
pub(super) fn in_json(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => {
            members.iter().find_map(|(name, member)| real_cards::ending(name).or_else(|| in_json(member)))
        }
        Value::Array(items) => items.iter().find_map(in_json),
        Value::String(text) => in_escaped(text),
        Value::Number(number) => in_number(number),
        Value::Bool(_) | Value::Null => None,
    }
}

/// The same in a number, of which the whole part counts.
pub(in crate::contract) fn in_number(number: &Number) -> Option<String> {
    /// Smallest number of as many digits as a card has, and the first of more.
    const CARDS: std::ops::Range<f64> = 1e12..1e19;
    match number.as_u64() {
        // Most numbers are too short for a card.
        Some(..1_000_000_000_000) => None,
        Some(whole) => real_cards::ending(&whole.to_string()),
        None => {
            let whole = number.as_f64().map(|number| number.abs().trunc()).filter(|whole| CARDS.contains(whole))?;
            real_cards::ending(&format!("{whole:.0}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn url(rest: &str) -> Option<String> {
        in_url(&format!("https://api.example{rest}").parse().unwrap())
    }

    #[test]
    fn only_test_cards_may_leave() {
        assert_eq!(in_json(&json!({"card_number": "5031 7557 3453 0604"})), None);
        assert_eq!(in_json(&json!({"card_number": "5031755734530605"})), None, "fails the check digit");
        for body in [
            json!({"a": [{"card_number": "4111111111111111"}]}),
            json!({"card_number": 4_111_111_111_111_111_u64}),
            json!({"card_number": -4_111_111_111_111_111_i64}),
            json!({"card_number": 4_111_111_111_111_111.0}),
            json!({"4111-1111-1111-1111": true}),
            json!({"note": "pague con 4111.1111.1111.1111 y 5031755734530604"}),
            json!({"link": "https://shop.example/?card=4111%201111%201111%201111"}),
            json!("{\"card_number\":\"4111111111111111\"}"),
        ] {
            assert_eq!(in_json(&body).as_deref(), Some("1111"), "{body}");
            assert_eq!(in_text(&body.to_string()).as_deref(), Some("1111"), "{body}");
        }
        for text in [
            "card=4111+1111+1111+1111",
            "card=4111%201111%201111%201111",
            "card=%34111111111111111",
            "{\"n\":\"4111\\u00a01111\\u00a01111\\u00a01111\"}",
            "{\"n\":4.111111111111111e15}",
            "<number>4111111111111111</number>",
        ] {
            assert_eq!(in_text(text).as_deref(), Some("1111"), "{text}");
        }
        for rest in [
            "/v1/4111111111111111",
            "/v1/x%204111%201111%201111%201111/y",
            "/?4111111111111111",
            "/?n=4111+1111-1111.1111",
        ] {
            assert_eq!(url(rest).as_deref(), Some("1111"), "{rest}");
        }
        assert_eq!(in_header("x-note", "n 4111111111111111").as_deref(), Some("1111"));
        assert_eq!(in_header("x-4111111111111111", "").as_deref(), Some("1111"));
    }

    #[test]
    fn other_numbers_leave() {
        let body = json!({
            "id": 123_456_789_012_u64, "at": 1_700_000_000_000_u64, "amount": 4_111.111_111, "far": 4e25, "less": -4e15,
            "key": "4e6c1e0c-8b0f-4d5a-9d8e-000000000000", "line": "23793.38128 60007.827136 95000.063305 9 84660000012345",
        });
        assert_eq!(in_json(&body), None);
        assert_eq!(in_text(&body.to_string()), None);
        assert_eq!(url("/v1/payments/123456789012?begin_date=2026-01-02T03:04:05.000-04:00&offset=0"), None);
        assert_eq!(in_text("100% de 4111 %zz"), None);
    }
}
