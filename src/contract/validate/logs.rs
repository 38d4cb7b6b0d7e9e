//! Bodies in what integrators have at hand: an answer as it went over the wire, lines of a log, what a program printed.
//! Takes what is beyond doubt a body and leaves the rest. Judges nothing.

use serde_json::Value;

use super::loose::printed;
use super::read::is_html;
use super::unwrap::unwrap;
use super::{Captured, Kind, LARGEST_BODY, NotJson, classify};
use crate::contract::judge::normalise;

/// Most bytes of a log that are searched.
const LONGEST_LOG: usize = 16 << 20;
/// Most bytes that are read in vain: what begins many objects and ends none must not cost minutes.
const MOST_IN_VAIN: usize = 64 << 20;

/// What was found in a text that is no JSON.
#[derive(Default)]
pub(super) struct Found {
    pub(super) answers: Vec<Captured>,
    /// Lines with an error whose cause the program printed as `[Object]` only.
    pub(super) abbreviated: Vec<usize>,
}

/// Searches a text for bodies.
pub(super) fn find(text: &str) -> Found {
    if text.len() > LONGEST_LOG {
        return Found::default();
    }
    if let Some(answer) = http(text) {
        return Found { answers: vec![answer], abbreviated: Vec::new() };
    }
    let mut found = Found::default();
    let (mut at, mut in_vain, mut line, mut counted) = (0, 0, 1, 0);
    // JSON that is cut or broken is told as such; what stands inside of it is not the answer.
    let whole = text.trim_start().starts_with('{') || text.trim_start().starts_with("[{");
    while let Some(next) = text[at..].find('{').map(|offset| at + offset) {
        line += text[counted..next].bytes().filter(|byte| *byte == b'\n').count();
        counted = next;
        match printed(text, next) {
            Ok(read) => {
                at = read.end;
                if read.end - next > LARGEST_BODY || !is_known(&read.value) {
                    continue;
                }
                if read.abbreviated && is_error_without_cause(&read.value) {
                    found.abbreviated.push(line);
                } else {
                    let place = if line == 1 && next == 0 { String::new() } else { format!(":{line}") };
                    let cut = read.abbreviated;
                    found.answers.push(Captured { place, body: Some(read.value), cut, ..Captured::default() });
                }
            }
            Err(_) if whole => break,
            Err(end) => {
                in_vain += end - next;
                // What is never closed hides the rest of its line only.
                at = if end >= text.len() {
                    text[next..].find('\n').map_or(text.len(), |offset| next + offset)
                } else {
                    end
                };
                // The place of a mistake is a character; the search goes on at a whole one.
                while !text.is_char_boundary(at) {
                    at += 1;
                }
                if in_vain > MOST_IN_VAIN {
                    break;
                }
            }
        }
    }
    found
}

/// Whether a value is a body that is known, alone or in the wrapper of an SDK.
pub(super) fn is_known(value: &Value) -> bool {
    let (body, wrapper, _) = unwrap(value.clone());
    let is = |body: &Value| classify::classify(body, None, None) != Kind::Unknown;
    is(&body) || wrapper.is_some() && matches!(&body, Value::Array(items) if items.first().is_some_and(is))
}

/// Whether a body is an error of which no code is left.
fn is_error_without_cause(value: &Value) -> bool {
    let (body, ..) = unwrap(value.clone());
    classify::classify(&body, None, None) == Kind::Error && normalise(&body).causes.is_empty()
}

/// An answer as it went over the wire, also as `curl -i` and `curl -v` show it: the last one, with its request if that
/// stands before it.
fn http(text: &str) -> Option<Captured> {
    let bare = |line: &str| {
        line.trim_end().trim_start_matches("< ").trim_start_matches("> ").trim_start_matches("* ").to_owned()
    };
    let mut captured = Captured { direct: true, ..Captured::default() };
    let (mut body, mut headers, mut offset) = (None, false, 0);
    for line in text.split_inclusive('\n').take(2_000) {
        let shown = bare(line);
        offset += line.len();
        if let Some(status) = status_line(&shown) {
            (captured.status, headers, body) = (Some(status), true, None);
        } else if let Some((method, path)) = request_line(&shown).filter(|_| captured.status.is_none()) {
            (captured.method, captured.path) = (Some(method), Some(path));
        } else if headers && (shown.is_empty() || matches!(shown.as_str(), "<" | ">")) {
            (headers, body) = (false, Some(offset));
        } else if captured.status.is_none()
            && captured.method.is_none()
            && !shown.is_empty()
            && !line.starts_with(['<', '>', '*'])
        {
            // Neither a request nor an answer begins like this.
            return None;
        }
    }
    captured.status?;
    let body = text[body.unwrap_or(text.len())..].trim();
    // curl -v ends with a remark of its own.
    let body = body.split("\n* ").next().unwrap_or_default().trim();
    match serde_json::from_str::<Value>(body) {
        Ok(value) => captured.body = Some(value),
        Err(_) if body.is_empty() => {}
        Err(_) => captured.not_json = Some(if is_html(body) { NotJson::Html } else { NotJson::Text }),
    }
    Some(captured)
}

/// `HTTP/1.1 400 Bad Request`.
fn status_line(line: &str) -> Option<u16> {
    let mut words = line.strip_prefix("HTTP/")?.split_whitespace();
    words.next()?;
    words.next()?.parse().ok().filter(|status| (100..600).contains(status))
}

/// `POST /v1/payments HTTP/1.1`, without its query.
fn request_line(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (method, path, version) = (words.next()?, words.next()?, words.next()?);
    let known = ["GET", "POST", "PUT", "DELETE", "PATCH"].contains(&method) && version.starts_with("HTTP/");
    let path = path.split('?').next().unwrap_or_default();
    (known && path.starts_with('/')).then(|| (method.to_owned(), path.to_owned()))
}
