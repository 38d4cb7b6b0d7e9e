//! MHTML: a page that a browser saved as one file, MIME with an address for each part.
//!
//! Only what browsers write is read: one level of parts, quoted-printable, base64 or plain, charsets as in HTML.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::Url;

use super::assemble::Material;
use crate::golive::crawl::Limits;
use crate::golive::evidence::Fetched;
use crate::http;
use crate::i18n::Message;
use crate::run::{LeftOut, Problem};

/// Parts that are read.
const PARTS: usize = 5_000;
/// Longest head of a part.
const HEAD: usize = 64 * 1024;
/// Base64 as it is written in practice: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Headers of a part, names in lower case, folded lines joined.
struct Head(Vec<(String, String)>);

impl Head {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter of a header: `boundary` of `multipart/related; boundary="x"`.
    fn parameter(&self, name: &str, parameter: &str) -> Option<String> {
        self.get(name)?.split(';').skip(1).find_map(|piece| {
            let (key, value) = piece.split_once('=')?;
            let value = value.trim().trim_matches('"');
            (key.trim().eq_ignore_ascii_case(parameter) && !value.is_empty()).then(|| value.to_owned())
        })
    }
}

/// Reads an MHTML file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Material, Problem> {
    let (head, body) = split(bytes);
    let location = head.get("snapshot-content-location").or(head.get("content-location")).map(str::to_owned);
    let mut material = Material::default();
    let Some(boundary) = head.parameter("content-type", "boundary") else {
        // A page alone, without parts.
        push(&mut material, &head, body, location.as_deref(), limits)?;
        return Ok(material);
    };
    let mark = [b"--", boundary.as_bytes()].concat();
    let mut rest = after_mark(body, &mark);
    let mut count = 0;
    while let Some(part) = rest {
        let (text, next) = match find_mark(part, &mark) {
            Some(at) => (&part[..at], after_mark(&part[at..], &mark)),
            None => (part, None),
        };
        if part.starts_with(b"--") || count >= PARTS {
            break;
        }
        count += 1;
        // The line end before a mark belongs to the mark.
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let (head, body) = split(skip_line(text));
        push(&mut material, &head, body, location.as_deref(), limits)?;
        rest = next;
    }
    if count >= PARTS {
        material.limit = Some(Message::new("saved.too-many").with("count", PARTS));
    }
    // The first part is the page; other HTML in the file is its frames.
    material.pages.truncate(1);
    Ok(material)
}

fn push(material: &mut Material, head: &Head, body: &[u8], page: Option<&str>, limits: &Limits) -> Result<(), Problem> {
    let kind = head.get("content-type").unwrap_or("text/html").to_owned();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let html = matches!(essence.as_str(), "text/html" | "application/xhtml+xml");
    if !html && !essence.contains("javascript") && !essence.contains("json") {
        return Ok(());
    }
    // Frames without an address of their own are named by their id.
    let id = head.get("content-id").map(|id| format!("cid:{}", id.trim().trim_matches(['<', '>'])));
    let address = head.get("content-location").map(str::trim).map(str::to_owned);
    let first = material.resources.is_empty();
    let fallback = first.then_some(page).flatten().map(str::to_owned);
    let mut addresses: Vec<Url> = Vec::new();
    for word in [address, id, fallback].into_iter().flatten() {
        if let Ok(mut url) = Url::parse(&word) {
            url.set_fragment(None);
            addresses.push(url);
        }
    }
    if addresses.is_empty() && first {
        addresses.extend(Url::parse("file:///page.mhtml"));
    }
    let most = if html { limits.page_bytes } else { limits.script_bytes };
    let encoding = head.get("content-transfer-encoding").unwrap_or_default().trim().to_ascii_lowercase();
    let mut plain = match encoding.as_str() {
        "quoted-printable" => quoted_printable(body),
        "base64" => {
            let dense: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            match BASE64.decode(dense) {
                Ok(plain) if !html || plain.is_empty() || plain.contains(&b'<') => plain,
                // What it holds is not known: an empty page or script would be judged as one that lacks everything.
                _ => {
                    let url = addresses.first().map_or_else(|| "?".to_owned(), http::shown);
                    let reason = Message::new("saved.not-decoded").with("url", &url);
                    if html && material.pages.is_empty() {
                        return Err(Problem::input(reason).fix(Message::new("saved.no-page-fix")));
                    }
                    material.left_out.push(LeftOut { url, reason: reason.clone() });
                    material.limit.get_or_insert(reason);
                    return Ok(());
                }
            }
        }
        _ => body.to_vec(),
    };
    let (length, cut) = (plain.len() as u64, plain.len() > most);
    plain.truncate(most);
    let text = http::decode(plain, Some(&kind));
    for url in addresses {
        // A script or page may be asked for by its address and by its id.
        let fetched = Fetched {
            requested: url.clone(),
            url,
            hops: Vec::new(),
            status: 200,
            headers: Vec::new(),
            body: text.clone(),
            bytes: length,
            cut,
        };
        if html && matches!(fetched.url.scheme(), "http" | "https" | "file") {
            material.pages.push(material.resources.len());
        }
        material.resources.push(Arc::new(fetched));
    }
    Ok(())
}

/// Head and body of a part: the first empty line divides them.
fn split(bytes: &[u8]) -> (Head, &[u8]) {
    let mut head: Vec<(String, String)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() && at < HEAD {
        let end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
        let line = String::from_utf8_lossy(&bytes[at..end]);
        at = end;
        let text = line.trim_end();
        if text.is_empty() {
            break;
        }
        if text.starts_with([' ', '\t']) {
            if let Some((_, value)) = head.last_mut() {
                value.push(' ');
                value.push_str(text.trim());
            }
        } else if let Some((name, value)) = text.split_once(':') {
            head.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    (Head(head), &bytes[at..])
}

/// What stands after the rest of the line.
fn skip_line(bytes: &[u8]) -> &[u8] {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => &bytes[at + 1..],
        None => &[],
    }
}

/// Where a mark stands at the beginning of a line.
fn find_mark(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&bytes[from..], mark) {
        let at = from + at;
        if at == 0 || bytes[at - 1] == b'\n' {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn after_mark<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<&'b [u8]> {
    find_mark(bytes, mark).map(|at| &bytes[at + mark.len()..])
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'=' {
            plain.push(byte);
            at += 1;
            continue;
        }
        let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (digit(at + 1), digit(at + 2)) {
            (Some(high), Some(low)) => {
                plain.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
            }
            _ => {
                // A soft line break, with white space before the line end at most; else a plain sign.
                let rest = &bytes[at + 1..];
                let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
                if rest.get(blank) == Some(&b'\n') {
                    at += blank + 2;
                } else {
                    plain.push(b'=');
                    at += 1;
                }
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_is_decoded_as_it_is_written() {
        for (text, plain) in
            [("a=3Db=\r\nc", "a=bc"), ("a= \t\nb", "ab"), ("a=ZZ=", "a=ZZ="), ("=C3=B1", "ñ"), ("", "")]
        {
            assert_eq!(String::from_utf8(quoted_printable(text.as_bytes())).unwrap(), plain);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_do_harm(text in "(?s)[a-zA-Z:;=\" \r\n-]{0,200}", bytes in proptest::collection::vec(0u8.., 0..100)) {
            let head = "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n--a\n";
            let limits = Limits::default();
            let _ = read(&[head.as_bytes(), text.as_bytes(), b"\n--a\n", &bytes].concat(), &limits);
            let _ = read(&bytes, &limits);
        }
    }
}
