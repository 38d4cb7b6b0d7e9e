//! What a recording hides: credentials and personal data by mask, card tokens by a stand-in.
//!
//! A card token pays once and only together with the seller's access token, but one that was never used is good for
//! days: it does not belong in a file that is shared. A mask would break the chain of requests, so that each token
//! becomes a stand-in that follows from it by SHA-256: the same wherever the token occurs, of its length and alphabet,
//! and its own stand-in, so that a replay that sends it again matches.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::format::{Answered, Asked, Content};
use crate::contract::exchange::Answer;
use crate::contract::json_path;
use crate::i18n::Message;
use crate::secret::Redactor;

/// What every stand-in begins with; 32 bits that no token is likely to begin with.
const STAND_IN: &str = "00000000";
/// Shortest word of hexadecimal digits that is taken for a card token.
const SHORTEST_TOKEN: usize = 24;
/// Headers whose value is a secret whatever it looks like.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-access-token"];
/// Query parameters that carry a credential; the role of the request says whose.
const SECRET_PARAMETERS: [&str; 3] = ["public_key", "access_token", "client_secret"];

/// Path and query of a URL: parameters sorted, those with credentials left out.
pub(super) fn path_and_query(url: &Url) -> String {
    let mut parameters: Vec<(Cow<'_, str>, Cow<'_, str>)> = url.query_pairs().collect();
    parameters.retain(|(name, _)| !SECRET_PARAMETERS.contains(&name.as_ref()));
    if parameters.is_empty() {
        return url.path().to_owned();
    }
    parameters.sort();
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{}?{query}", url.path())
}

/// Hides what is secret in one exchange.
pub(super) struct Mask<'r> {
    redactor: &'r Redactor,
    tokens: Vec<(String, String)>,
}

impl<'r> Mask<'r> {
    pub(super) fn new(redactor: &'r Redactor) -> Mask<'r> {
        Mask { redactor, tokens: Vec::new() }
    }

    /// Notes the card tokens that a request sends.
    pub(super) fn learn_request(&mut self, asked: &Asked) {
        if let Some(id) = token_path(&asked.path).filter(|id| !id.is_empty()) {
            self.token(id);
        }
        self.learn(&asked.content);
    }

    /// Notes the card tokens that an answer holds.
    pub(super) fn learn_answer(&mut self, asked: &Asked, answered: &Answered) {
        if token_path(&asked.path).is_some()
            && let Some(id) = answered.content.body.as_ref().and_then(|body| body.get("id")).and_then(Value::as_str)
        {
            self.token(id);
        }
        self.learn(&answered.content);
    }

    fn learn(&mut self, content: &Content) {
        let mut open: Vec<&Value> = content.body.iter().collect();
        while let Some(value) = open.pop() {
            match value {
                Value::Object(members) => {
                    for (name, member) in members {
                        match member {
                            Value::String(text) if name == "token" || name.starts_with("card_token") => {
                                self.token(text);
                            }
                            other => open.push(other),
                        }
                    }
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
    }

    fn token(&mut self, token: &str) {
        let hexadecimal = token.len() >= SHORTEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hexadecimal && !token.starts_with(STAND_IN) && !self.tokens.iter().any(|(known, _)| known == token) {
            self.tokens.push((token.to_owned(), stand_in(token)));
        }
    }

    /// Hides what is secret in a request.
    pub(super) fn request(&mut self, asked: &mut Asked) {
        asked.path = self.text(&self.redactor.path_and_query(&asked.path));
        self.headers(&mut asked.headers, &mut Vec::new());
        self.content(&mut asked.content, None);
    }

    /// Hides what is secret in an answer and notes where.
    pub(super) fn answer(&mut self, answered: &mut Answered) {
        self.headers(&mut answered.headers, &mut answered.masked);
        self.content(&mut answered.content, Some(&mut answered.masked));
    }

    /// Hides what is secret in the values of a message.
    pub(super) fn message(&self, message: &Message) -> Message {
        let mut message = message.clone();
        message.args.values_mut().for_each(|value| *value = self.text(value));
        message
    }

    fn text(&self, text: &str) -> String {
        let mut text = self.redactor.text(text).into_owned();
        for (token, stand_in) in &self.tokens {
            if text.contains(token) {
                text = text.replace(token, stand_in);
            }
        }
        text
    }

    fn headers(&self, headers: &mut BTreeMap<String, String>, masked: &mut Vec<String>) {
        for (name, value) in headers {
            let secret = SECRET_HEADERS.contains(&name.as_str());
            if secret || self.redactor.text(value) != value.as_str() {
                masked.push(name.clone());
            }
            *value = if secret { "****".to_owned() } else { self.text(value) };
        }
    }

    fn content(&self, content: &mut Content, masked: Option<&mut Vec<String>>) {
        if let Some(text) = &mut content.text {
            *text = self.text(text);
        }
        let Some(body) = &mut content.body else { return };
        match masked {
            Some(masked) => {
                let before = body.clone();
                self.redactor.json(body);
                note_masked(&before, body, &mut String::new(), masked);
                masked.sort_unstable();
                masked.dedup();
            }
            None => self.redactor.json(body),
        }
        if !self.tokens.is_empty() {
            self.tokens_in(body);
        }
    }

    fn tokens_in(&self, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|member| self.tokens_in(member)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.tokens_in(item)),
            Value::String(text) => {
                for (token, stand_in) in &self.tokens {
                    if text.contains(token) {
                        *text = text.replace(token, stand_in);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a value that a JSONPath finds was masked, or holds something that was.
pub(in crate::contract) fn hides(answer: &Answer, path: &str) -> bool {
    if answer.masked.is_empty() {
        return false;
    }
    let (Some(body), Ok(path)) = (&answer.json, json_path::parse(path)) else { return false };
    path.query_located(body).locations().any(|location| {
        let pointer = location.to_json_pointer();
        answer
            .masked
            .iter()
            .any(|masked| masked.strip_prefix(&pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    })
}

/// The id in a path of card tokens; empty for the path where they are made.
fn token_path(path: &str) -> Option<&str> {
    let path = path.split('?').next().unwrap_or_default();
    let (_, rest) = path.split_once("/v1/card_tokens")?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

fn stand_in(token: &str) -> String {
    let mut hex = String::with_capacity(token.len());
    hex.push_str(STAND_IN);
    let digest = Sha256::digest(token.as_bytes());
    for byte in digest.iter().cycle().take(token.len().div_ceil(2)) {
        hex.push_str(&format!("{byte:02x}"));
    }
    hex.truncate(token.len());
    hex
}

/// Notes the JSON Pointers of the values that differ between a body and its masked form. A masked number becomes 0, so
/// that it still is a number.
fn note_masked(before: &Value, after: &mut Value, path: &mut String, found: &mut Vec<String>) {
    let length = path.len();
    if !before.is_object() && !before.is_array() {
        if before != after {
            found.push(path.clone());
            if before.is_number() {
                *after = Value::from(0);
            }
        }
        return;
    }
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for ((name, before), after) in before.iter().zip(after.values_mut()) {
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                note_masked(before, after, path, found);
                path.truncate(length);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                path.push_str(&format!("/{index}"));
                note_masked(before, after, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_has_one_stand_in_wherever_it_occurs_and_the_stand_in_is_its_own() {
        let redactor = Redactor::default();
        let stand = stand_in(TOKEN);
        assert_eq!((stand.len(), &stand[..8]), (32, STAND_IN));
        let mut asked = Asked {
            path: format!("/v1/card_tokens/{TOKEN}?a=1"),
            content: Content { body: Some(json!({"token": TOKEN, "note": format!("x {TOKEN}")})), text: None },
            ..Asked::default()
        };
        let mut mask = Mask::new(&redactor);
        mask.learn_request(&asked);
        mask.request(&mut asked);
        assert_eq!(asked.path, format!("/v1/card_tokens/{stand}?a=1"));
        assert_eq!(asked.content.body.as_ref().unwrap()["note"], format!("x {stand}"));
        let mut again = asked.clone();
        let mut mask = Mask::new(&redactor);
        mask.learn_request(&again);
        mask.request(&mut again);
        assert_eq!(asked, again);
    }

    #[test]
    fn what_is_masked_in_an_answer_is_named() {
        let redactor = Redactor::default();
        let mut answered = Answered {
            headers: BTreeMap::from([("set-cookie".to_owned(), "a=b".to_owned())]),
            content: Content {
                body: Some(json!({"id": TOKEN, "a/b": [{"email": "buyer@example.com", "security_code": 123}]})),
                text: None,
            },
            ..Answered::default()
        };
        let mut mask = Mask::new(&redactor);
        mask.learn_answer(&Asked { path: "/v1/card_tokens".into(), ..Asked::default() }, &answered);
        mask.answer(&mut answered);
        assert_eq!(answered.masked, ["/a~1b/0/email", "/a~1b/0/security_code", "set-cookie"]);
        assert_eq!(answered.headers["set-cookie"], "****");
        let body = answered.content.body.unwrap();
        assert_eq!(body["id"], stand_in(TOKEN));
        assert_eq!(body["a/b"][0]["security_code"], 0, "a number stays one");
    }

    #[test]
    fn credentials_leave_the_query_and_the_rest_is_sorted() {
        let url = Url::parse("https://x/v1/search?b=2&public_key=TEST-x&a=%201").unwrap();
        assert_eq!(path_and_query(&url), "/v1/search?a=+1&b=2");
    }
}
