//! Bodies: read up to a limit, and decoded to Unicode.
//!
//! Not responsible for what a body means.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Reads a body up to `max_bytes` after decompression; `true` means that there was more.
///
/// The limit counts decoded bytes, so that a few compressed kilobytes cannot become gigabytes.
///
/// # Errors
/// When the connection fails or the time of the request is over; see [`super::explain`].
pub async fn read_bounded(
    mut response: reqwest::Response,
    max_bytes: usize,
) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    // An announced length is only a wish: reserve little, grow by what really comes.
    let mut body = Vec::with_capacity(announced.min(max_bytes).min(256 * 1024));
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            // What fails while a body is read does not know whose body it was.
            Err(error) => return Err(error.with_url(response.url().clone())),
        };
        let room = max_bytes - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok((body, true));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, false))
}

/// Decodes a body as browsers do: byte order mark, `Content-Type`, `<meta charset>` in the first 1,024 bytes,
/// else UTF-8. Malformed sequences become U+FFFD.
pub fn decode(bytes: Vec<u8>, content_type: Option<&str>) -> String {
    let (encoding, mark) = match Encoding::for_bom(&bytes) {
        Some((encoding, length)) => (encoding, length),
        None => {
            let declared = content_type.and_then(|value| label(value.as_bytes(), false));
            let declared = declared.or_else(|| label(&bytes[..bytes.len().min(1024)], true));
            (declared.unwrap_or(UTF_8), 0)
        }
    };
    if encoding == UTF_8 && mark == 0 {
        return String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    }
    encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned()
}

/// The encoding named after the first usable `charset=`. In a document it must stand inside a `<meta` tag.
fn label(text: &[u8], in_document: bool) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = find(&lower[from..], b"charset") {
        let start = from + at;
        from = start + b"charset".len();
        if in_document {
            let tag = lower[..start].iter().rposition(|byte| *byte == b'<');
            if !tag.is_some_and(|tag| lower[tag..].starts_with(b"<meta")) {
                continue;
            }
        }
        let rest = lower[from..].trim_ascii_start();
        let Some(rest) = rest.strip_prefix(b"=") else { continue };
        let rest = rest.trim_ascii_start();
        let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
        let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\'' | b';' | b'>' | b'/' | b' '));
        let Some(encoding) = Encoding::for_label(&rest[..end.unwrap_or(rest.len())]) else { continue };
        // A document that could be searched byte by byte is not UTF-16, whatever it says (WHATWG HTML).
        let is_utf16 = encoding == UTF_16LE || encoding == UTF_16BE;
        return Some(match (in_document, is_utf16, encoding.name()) {
            (true, true, _) => UTF_8,
            (true, _, "x-user-defined") => WINDOWS_1252,
            _ => encoding,
        });
    }
    None
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_found_where_browsers_find_them() {
        let latin = |prefix: &str| [prefix.as_bytes(), b"a\xf1o"].concat();
        let cases: [(Vec<u8>, Option<&str>, &str); 9] = [
            ("año".into(), None, "año"),
            (latin(""), Some("text/html; charset=ISO-8859-1"), "año"),
            (latin(""), Some("text/html; Charset = \"latin1\""), "año"),
            (latin(r#"<meta charset="iso-8859-1">"#), None, "año"),
            (latin(r#"<META http-equiv=Content-Type content='text/html; charset=windows-1252'>"#), None, "año"),
            (latin("<p>charset=iso-8859-1</p>"), None, "a\u{fffd}o"),
            (latin("<meta charset=nonsense>"), None, "a\u{fffd}o"),
            (b"\xff\xfea\0\xf1\0o\0".to_vec(), Some("text/html; charset=utf-8"), "año"),
            (b"\xef\xbb\xbfok".to_vec(), None, "ok"),
        ];
        for (bytes, content_type, end) in cases {
            let shown = bytes.clone();
            let text = decode(bytes, content_type);
            assert!(text.ends_with(end) && !text.contains('\u{feff}'), "{shown:?} {content_type:?}: {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(0u8.., 0..300), kind in ".{0,40}", meta in "[<meta =\"'charsetuf8/>-]{0,60}") {
            decode(bytes.clone(), Some(&kind));
            decode([meta.into_bytes(), bytes].concat(), None);
        }
    }
}
