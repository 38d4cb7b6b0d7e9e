//! One request and its answer: filling in the request, sending it, reading the answer within bounds, and the
//! redacted form that the record keeps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::headers::is_value;
use super::json::plain_text;
use super::leaving;
use super::retry::Asked;
use super::scenario::{PathRefusal, Request, Unfilled, Variables, has_variables};
use super::target::{Recorded, Role, Target, TargetKind};
use super::transport::Unanswered;
use crate::http;
use crate::i18n::Message;
use crate::ids::Ids;
use crate::run::Exchange;
use crate::secret::{Redactor, is_secret_header};
use crate::specs::cards;

/// Most bytes of a response body that are read.
pub(super) const LARGEST_BODY: usize = 4 * 1024 * 1024;
/// Most characters of a body that the record keeps.
const LONGEST_KEPT: usize = 16 * 1024;
/// Most characters of a body that the record keeps of a step that passed.
const LONGEST_KEPT_OF_PASSED: usize = 4 * 1024;
/// Shortest value of a header that is a secret by the name of the header alone.
const SHORTEST_SECRET: usize = 8;
/// Header that asks the embedded sandbox for a fault.
pub(super) const FAULT_HEADER: &str = "x-homologa-fault";

/// A request with every variable filled in; kept so that a later step can repeat it.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    method: &'static str,
    url: Url,
    headers: Vec<(String, String)>,
    credential: Option<SecretString>,
    role: Role,
    body: Option<Body>,
    /// Values of headers that are secrets, because of their name or because they come from the environment.
    secrets: Vec<SecretString>,
}

/// A request body as it is sent.
#[derive(Debug, Clone)]
struct Body {
    text: String,
    /// What it says, unless the scenario gives it as raw text.
    json: Option<Arc<Value>>,
}

impl Body {
    /// The last four digits of a number that may be a real card.
    fn real_card(&self) -> Option<String> {
        self.json.as_ref().map_or_else(|| leaving::in_text(&self.text), |json| leaving::in_json(json))
    }
}

/// What a recording keeps of a request, as it is sent; the credential stays here.
pub(super) struct Parts<'p> {
    pub(super) url: &'p Url,
    pub(super) headers: &'p [(String, String)],
    pub(super) role: Role,
    pub(super) body: Option<&'p str>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    /// The body as JSON, when it is.
    pub(super) json: Option<Value>,
    /// Whether the body was longer than what is read.
    pub(super) cut: bool,
    /// What a recording masked, values by JSON Pointer and headers by name: what stands there is not what came.
    pub(super) masked: Vec<String>,
    /// Whether a recording gave it for a request with other ids, dates or addresses.
    pub(super) made_anew: bool,
}

/// Why a request was not sent.
pub(super) enum Refusal {
    /// A variable has no value.
    NoValue(String),
    /// The target cannot run it: the step is inconclusive.
    CannotRun(Message),
    /// The scenario asks for something that is never sent: the step fails.
    Refused(Message),
}

impl From<Unfilled> for Refusal {
    fn from(unfilled: Unfilled) -> Refusal {
        Refusal::NoValue(unfilled.name)
    }
}

/// Fills in a request.
pub(super) fn prepare(
    request: &Request,
    target: &Target,
    site: &str,
    variables: &Variables,
    ids: &Ids,
) -> Result<Prepared, Refusal> {
    let path = variables.fill_path(&request.path).map_err(|refusal| misled(refusal, &request.path))?;
    // A first segment such as `mailto:a` is no scheme.
    let relative = path.starts_with('/').then(|| format!("./{}", path.trim_start_matches('/')));
    let mut url = target.base.join(relative.as_deref().unwrap_or(&path)).map_err(|error| {
        Refusal::CannotRun(Message::new("contract.bad-url").with("path", &path).with("error", error))
    })?;
    if !same_origin(&url, &target.base) {
        return Err(Refusal::CannotRun(Message::new("contract.leaves-target").with("path", &path)));
    }
    for (name, value) in &request.query {
        let value = plain_text(&variables.fill_json(value)?);
        url.query_pairs_mut().append_pair(name, &value);
    }
    let credential = target.credential(site, request.role);
    if credential.is_none() && request.role != Role::None {
        return Err(Refusal::CannotRun(Message::new("contract.no-credential").with("role", request.role.name())));
    }
    if let (Role::PublicKey, Some(key)) = (request.role, &credential) {
        url.query_pairs_mut().append_pair("public_key", key.expose_secret());
    }
    let body = body(request, site, variables)?;
    let method = request.method.name();
    let mut headers = BTreeMap::new();
    if body.is_some() {
        headers.insert("content-type".to_owned(), "application/json".to_owned());
    }
    if method != "GET" {
        if request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-idempotency-key")) {
            ids.skip();
        } else {
            headers.insert("x-idempotency-key".to_owned(), ids.uuid());
        }
    }
    if let Some(fault) = &request.fault {
        if !matches!(target.kind, TargetKind::Embedded | TargetKind::Recording(Recorded::Embedded)) {
            return Err(Refusal::CannotRun(Message::new("contract.fault-only-embedded")));
        }
        headers.insert(FAULT_HEADER.to_owned(), variables.fill_text(fault)?);
    }
    let mut secrets: Vec<SecretString> = Vec::new();
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        if let Value::String(template) = value {
            let from = variables.environment_in(template);
            let whole = variables.fill_text(template)?;
            // `X-Test-Token: true` is no secret, for all its name.
            if is_secret_header(&name) && whole.len() >= SHORTEST_SECRET || !from.is_empty() {
                // A server may give back the whole or what stands behind the scheme.
                secrets.extend(whole.split_once(' ').map(|(_, rest)| SecretString::from(rest.to_owned())));
                secrets.push(SecretString::from(whole));
            }
            secrets.extend(from.into_iter().map(SecretString::from));
        }
        match variables.fill_json(value)? {
            Value::Null => headers.remove(&name),
            value => headers.insert(name, plain_text(&value)),
        };
    }
    if let Some((name, _)) = headers.iter().find(|(_, value)| !is_value(value)) {
        return Err(Refusal::Refused(Message::new("contract.bad-header-value").with("name", name)));
    }
    let credential = credential.filter(|_| request.role != Role::PublicKey);
    let card = leaving::in_url(&url)
        .or_else(|| headers.iter().find_map(|(name, value)| leaving::in_header(name, value)))
        .or_else(|| body.as_ref().and_then(Body::real_card));
    if let Some(ending) = card {
        return Err(Refusal::Refused(Message::new("contract.real-card").with("ending", ending)));
    }
    Ok(Prepared { method, url, headers: headers.into_iter().collect(), credential, role: request.role, body, secrets })
}

/// Why a path is not asked for.
fn misled(refusal: PathRefusal, path: &str) -> Refusal {
    let (message, name) = match refusal {
        PathRefusal::Unfilled(unfilled) => return unfilled.into(),
        PathRefusal::Empty(name) => (Message::new("contract.empty-in-path"), name),
        PathRefusal::Turns(name) => (Message::new("contract.turns-in-path"), name),
    };
    Refusal::Refused(message.with("name", name).with("path", path))
}

/// Whether two URLs have one origin; those that have none of their own (`data:`) are never the same.
fn same_origin(url: &Url, base: &Url) -> bool {
    let of = |url: &Url| url.port_or_known_default();
    matches!(url.scheme(), "http" | "https")
        && url.scheme() == base.scheme()
        && url.host_str() == base.host_str()
        && of(url) == of(base)
}

fn body(request: &Request, site: &str, variables: &Variables) -> Result<Option<Body>, Refusal> {
    if let Some(raw) = &request.raw_body {
        return Ok(Some(Body { text: variables.fill_text(raw)?, json: None }));
    }
    let mut body = match (&request.card, &request.body) {
        (Some(card), _) => {
            let brand = variables.fill_text(&card.brand)?;
            let holder = variables.fill_text(&card.holder)?;
            let made = card_body(site, &brand, &holder);
            made.ok_or_else(|| {
                Refusal::CannotRun(Message::new("contract.no-card").with("brand", &brand).with("site", site))
            })?
        }
        (None, Some(body)) if request.change.is_none() && !has_variables(body) => {
            return Ok(Some(written(body.clone())));
        }
        (None, Some(body)) => variables.fill_json(body)?,
        (None, None) => return Ok(None),
    };
    if let (Some(_), Some(more)) = (&request.card, &request.body) {
        super::scenario::merge_patch(&mut body, &variables.fill_json(more)?);
    }
    if let Some(change) = &request.change {
        super::scenario::merge_patch(&mut body, &variables.fill_json(change)?);
    }
    Ok(Some(written(Arc::new(body))))
}

/// A body as it is sent.
fn written(json: Arc<Value>) -> Body {
    Body { text: serde_json::to_string(&json).unwrap_or_else(|_| json.to_string()), json: Some(json) }
}

/// The body of a card token for a test card of the site.
fn card_body(site: &str, brand: &str, holder: &str) -> Option<Value> {
    let card = cards::find(site, brand)?;
    let mut cardholder = serde_json::json!({ "name": holder });
    if let Some(document) = cards::of_site(site).and_then(|cards| cards.document.as_ref()) {
        cardholder["identification"] = serde_json::json!({ "type": document.kind, "number": document.number });
    }
    Some(serde_json::json!({
        "card_number": card.number,
        "expiration_month": card.expiration_month,
        "expiration_year": card.expiration_year,
        "security_code": card.security_code,
        "cardholder": cardholder,
    }))
}

impl Prepared {
    pub(super) fn method(&self) -> &'static str {
        self.method
    }

    /// What it sends that must not be seen again anywhere, beside the credentials of the run.
    pub(super) fn secrets(&self) -> &[SecretString] {
        &self.secrets
    }

    /// What deciding on another attempt needs to know.
    pub(super) fn asked(&self) -> Asked {
        let keyed = self.headers.iter().any(|(name, value)| name == "x-idempotency-key" && !value.is_empty());
        Asked { safe: self.method == "GET", keyed }
    }

    /// The body, when this request makes a payment.
    pub(super) fn created_payment(&self) -> Option<Value> {
        let creates = self.method == "POST" && self.url.path().ends_with("/v1/payments");
        let body = self.body.as_ref().filter(|_| creates)?;
        body.json.as_deref().cloned().or_else(|| serde_json::from_str(&body.text).ok())
    }

    /// A search, with the same credential, for payments with a reference, newest first.
    pub(super) fn search_payments(&self, reference: &str) -> Option<Prepared> {
        let mut url = self.url.join("payments/search").ok()?;
        let more = [("sort", "date_created"), ("criteria", "desc"), ("external_reference", reference)];
        url.set_query(None);
        url.query_pairs_mut().extend_pairs(more);
        Some(Prepared {
            method: "GET",
            url,
            headers: Vec::new(),
            credential: self.credential.clone(),
            role: self.role,
            body: None,
            secrets: Vec::new(),
        })
    }

    /// Whether the sandbox was asked to play a fault.
    pub(super) fn plays_a_fault(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == FAULT_HEADER)
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        Parts {
            url: &self.url,
            headers: &self.headers,
            role: self.role,
            body: self.body.as_ref().map(|body| body.text.as_str()),
        }
    }

    pub(super) fn path(&self) -> &str {
        self.url.path()
    }

    /// Sends the request and reads the answer within bounds; `started` is now.
    ///
    /// # Errors
    /// A problem of the environment: no connection, time over, a broken answer.
    pub(super) async fn send(&self, client: &reqwest::Client, started: Instant) -> Result<(Answer, u64), Unanswered> {
        let method = reqwest::Method::from_bytes(self.method.as_bytes()).unwrap_or_default();
        let mut request = client.request(method, self.url.clone());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(credential) = &self.credential {
            request = request.header("authorization", format!("Bearer {}", credential.expose_secret()));
        }
        if let Some(body) = &self.body {
            request = request.body(body.text.clone());
        }
        let response = request.send().await.map_err(|error| Unanswered::from(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let (bytes, cut) =
            http::read_bounded(response, LARGEST_BODY).await.map_err(|error| Unanswered::from(&error))?;
        let (body, json) = match String::from_utf8(bytes) {
            Ok(body) => {
                let json = serde_json::from_str(&body).ok();
                (body, json)
            }
            // A body that is no UTF-8 is no JSON either (RFC 8259, 8.1).
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into(), None),
        };
        Ok((Answer { status, headers, body, json, cut, ..Answer::default() }, milliseconds(started.elapsed())))
    }

    /// The exchange as the record keeps it: redacted and bounded.
    pub(super) fn exchange(&self, answer: Option<&Answer>, elapsed_ms: u64, redactor: &Redactor) -> Exchange {
        let request = self.body.as_ref().map(|body| match &body.json {
            Some(json) => keep(redactor.json_text(json)).0,
            None => keep(redactor.body(&body.text)).0,
        });
        let kept = answer.map(|answer| match &answer.json {
            Some(json @ (Value::Object(_) | Value::Array(_))) => keep(redactor.json_text(json)),
            _ => keep(redactor.text(&answer.body).into_owned()),
        });
        let mut exchange = self.bare_exchange(answer, elapsed_ms, redactor);
        exchange.truncated = answer.is_some_and(|answer| answer.cut) || kept.as_ref().is_some_and(|(_, cut)| *cut);
        exchange.request_body = request;
        exchange.response_body = kept.map(|(body, _)| body);
        exchange
    }

    /// The exchange without its bodies: in a run of many, nobody has to find a mistake in what passed.
    pub(super) fn bare_exchange(&self, answer: Option<&Answer>, elapsed_ms: u64, redactor: &Redactor) -> Exchange {
        let url = redactor.url(&self.url);
        let mut headers: BTreeMap<String, String> =
            self.headers.iter().map(|(name, value)| (name.clone(), redactor.header(name, value))).collect();
        if let Some(credential) = &self.credential {
            let masked = crate::secret::mask_credential(credential.expose_secret());
            headers.insert("authorization".to_owned(), format!("Bearer {masked}"));
        }
        let shown = ["content-type", "retry-after", "x-request-id", "date"];
        let response_headers = answer.into_iter().flat_map(|answer| &answer.headers);
        let response_headers = response_headers
            .filter(|(name, _)| shown.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), redactor.text(value).into_owned()));
        Exchange {
            method: self.method.to_owned(),
            url,
            path: None,
            request_headers: headers,
            request_body: None,
            status: answer.map(|answer| answer.status),
            response_headers: response_headers.collect(),
            truncated: answer.is_some(),
            response_body: None,
            started_ms: None,
            elapsed_ms,
            replayed: false,
            earlier: Vec::new(),
        }
    }
}

/// A duration as the record keeps it: whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn keep(body: String) -> (String, bool) {
    cut(body, LONGEST_KEPT)
}

/// Shortens what the record keeps of a step that passed: nobody has to find a mistake in it.
pub(super) fn shorten(exchange: &mut Exchange) {
    for body in [&mut exchange.request_body, &mut exchange.response_body].into_iter().flatten() {
        let (shorter, was_cut) = cut(std::mem::take(body), LONGEST_KEPT_OF_PASSED);
        *body = shorter;
        exchange.truncated |= was_cut;
    }
}

fn cut(mut body: String, most: usize) -> (String, bool) {
    let end = if body.len() <= most { None } else { body.char_indices().nth(most).map(|(end, _)| end) };
    if let Some(end) = end {
        body.truncate(end);
    }
    (body, end.is_some())
}
