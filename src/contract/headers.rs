//! What the headers of a scenario may be: names and values that can be sent, and those that only the program sets.

use reqwest::header::HeaderName;

/// Headers that follow from the body and the connection (RFC 9110, 7.6.1, 7.2 and 8.6; RFC 9112, 6.1).
const OWN: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a text is the name of a header (RFC 9110, 5.6.2).
pub(super) fn is_name(name: &str) -> bool {
    HeaderName::from_bytes(name.as_bytes()).is_ok()
}

/// Whether a header is the program's own: another value would tell the other side wrong.
pub(super) fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Whether a text may stand in the value of a header: no line break and no other control character but the tab
/// (RFC 9110, 5.5). Asked of every header that is sent, so that nothing is copied for it.
pub(super) fn is_value(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn what_may_be_sent_is_what_can_be_sent() {
        for text in ["", "x", "X-Note", "ma l", "a:b", "a\r\nb", "a\0", "ñ", "a\tb", "x_y", "a\u{7f}", "${x}", "a/b"] {
            assert_eq!(is_name(text), HeaderName::from_bytes(text.as_bytes()).is_ok(), "{text:?}");
            assert_eq!(is_value(text), HeaderValue::from_bytes(text.as_bytes()).is_ok(), "{text:?}");
        }
        assert!(is_own("Content-Length") && is_own("host") && !is_own("content-type") && !is_own("x-idempotency-key"));
    }
}
