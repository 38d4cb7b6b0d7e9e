//! From what a page says to what may be kept of it: addresses without secrets, texts masked, values as shapes.

use std::sync::LazyLock;

use serde_json::Value;
use url::Url;

use crate::golive::evidence::Carries;
use crate::secret::{Credential, Redactor, find_credentials, luhn};

/// Characters kept of a text.
const WORDS: usize = 1_000;
/// Longest address that is kept whole, in bytes.
const ADDRESS: usize = 2_048;
/// Bytes of a body that are searched.
const BODY: usize = 64 * 1024;
/// Characters of a shape.
const SHAPE: usize = 60;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// The text of a value, or nothing.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A whole number that is not negative.
pub(super) fn number(value: &Value) -> Option<u32> {
    // A status, a line: the browser may write them as 200.0.
    value.as_u64().or_else(|| value.as_f64().map(|number| number as u64)).and_then(|number| u32::try_from(number).ok())
}

/// At most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// A text as it may be kept: masked before it is cut, so that no half secret is left.
pub(super) fn words(text: &str) -> String {
    // A text far longer than what is kept is cut roughly first.
    let rough = text.char_indices().nth(WORDS * 4).map_or(text, |(at, _)| &text[..at]);
    cut(&REDACTOR.text(rough), WORDS)
}

/// An address as it may be kept; `None` for what is none. Of `data:` addresses only the type is kept.
pub(super) fn shown_address(address: &str) -> Option<Url> {
    if let Some(rest) = address.strip_prefix("data:") {
        let kind = rest.split([',', ';']).next().unwrap_or_default();
        return Url::parse(&format!("data:{},", cut(kind, 60))).ok();
    }
    let mut url = Url::parse(address.get(..ADDRESS).unwrap_or(address)).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    let masked = REDACTOR.text(url.as_str());
    if masked == url.as_str() {
        return Some(url);
    }
    Url::parse(&masked).ok().or_else(|| {
        // Masking broke its form: what is before the query is harmless or goes too.
        url.set_query(None);
        url.set_fragment(None);
        url.set_path("/…");
        Some(url)
    })
}

/// Whether a text holds something like a card number: 13 to 19 digits, alone or in groups, that pass the Luhn check.
pub(super) fn has_card(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut digits = String::new();
    let mut gap = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                digits.push(char::from(*byte));
                gap = false;
            }
            // One separator between groups, as people and forms write them.
            b' ' | b'-' | b'+' if !digits.is_empty() && !gap => gap = true,
            _ => {
                if is_card(&digits) {
                    return true;
                }
                digits.clear();
                gap = false;
            }
        }
        if at > BODY {
            break;
        }
    }
    is_card(&digits)
}

fn is_card(digits: &str) -> bool {
    // Long numbers of other kinds (times, ids) begin as no card does.
    (13..=19).contains(&digits.len()) && matches!(digits.as_bytes()[0], b'2'..=b'6') && luhn(digits)
}

/// Whether a text holds a credential that must not be in a browser.
pub(super) fn has_credential(text: &str) -> bool {
    find_credentials(text).iter().any(|found| found.kind != Credential::PublicKey)
}

/// What a request carries, as facts.
pub(super) fn carries(address: &str, request: &Value) -> Carries {
    let decoded = |text: &str| text.replace("%20", " ");
    let mut facts = Carries {
        card_in_url: !address.starts_with("data:") && !address.starts_with("blob:") && has_card(&decoded(address)),
        credential: has_credential(address),
        ..Carries::default()
    };
    let body = text(&request["postData"]);
    facts.body_bytes = body.len() as u64;
    let body = body.char_indices().nth(BODY).map_or(body, |(at, _)| &body[..at]);
    facts.card_in_body = has_card(&decoded(body));
    facts.credential |= has_credential(body);
    facts
}

/// The shape of a value.
pub(super) fn shape(value: &str) -> String {
    let sign = |c: char| match c {
        '0'..='9' => '0',
        c if c.is_alphabetic() => 'a',
        c if c.is_control() => ' ',
        c => c,
    };
    value.chars().take(SHAPE).map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_told_from_other_numbers() {
        for (text, expected) in [
            ("number=5031755734530604&x", true),
            ("5031 7557 3453 0604", true),
            (r#"{"card":"4509-9535-6623-3704"}"#, true),
            ("4509+9535+6623+3704", true),
            ("ts=1732190000000000", false),
            ("5031755734530605", false),
            ("id=503175573453060412345678", false),
            ("2024 12 31", false),
            ("", false),
        ] {
            assert_eq!(has_card(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_lose_what_is_secret() {
        for (address, expected) in [
            ("https://ana:pw@shop.example/x?y=1", "https://shop.example/x?y=1"),
            ("data:image/png;base64,AAAA", "data:image/png,"),
            ("about:srcdoc", "about:srcdoc"),
        ] {
            assert_eq!(shown_address(address).unwrap().as_str(), expected);
        }
        let shown = shown_address("https://shop.example/x?card=5031755734530604").unwrap();
        assert!(!shown.as_str().contains("5031755734530604"), "{shown}");
        assert_eq!(shown_address("nonsense"), None);
        assert_eq!(shape("APP_USR-12ab é\n"), "aaa_aaa-00aa a ");
    }
}
