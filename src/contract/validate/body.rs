//! Grades one captured answer: what it is, which HTTP status counts, and what all its grades come to.
//!
//! `error` judges errors, `success` what succeeded; this file holds what both need.

use serde_json::Value;

use super::classify::{Kind, classify};
use super::shape::told;
use super::unwrap::{http_status, unwrap};
use super::{Captured, Graded, Judged, NotJson, Shown, StatusFrom};
use crate::contract::judge::{NormalError, environment, normalise};
use crate::i18n::Message;
use crate::run::Verdict;
use crate::secret::{Credential, FoundCredential, Redactor, find_credentials};
use crate::specs::grades;

/// Longest text from outside that a message shows, in characters.
const LONGEST_TEXT: usize = 160;
/// Most grades of one body, apart from the first of each kind.
const MOST_GRADES: usize = 40;

/// Judges one captured answer.
pub fn judge(file: &str, captured: Captured) -> Judged {
    let Captured { place, method, path, status, body, not_json, cut, direct } = captured;
    let (body, unwrapped, wrapper_status) = match body {
        Some(body) => {
            let (body, unwrapped, status) = unwrap(body);
            (Some(body), unwrapped, status)
        }
        None => (None, None, None),
    };
    let http = status.or(wrapper_status);
    let kind = match &body {
        Some(body) => classify(body, path.as_deref(), http),
        None if http.is_some_and(|status| status >= 400) => Kind::Error,
        None => Kind::Unknown,
    };
    let inner = body.as_ref().filter(|_| kind == Kind::Error).and_then(status_in);
    let (status, status_from) = match (status, wrapper_status, inner) {
        (Some(status), _, _) => (Some(status), StatusFrom::Http),
        (None, Some(status), _) => (Some(status), StatusFrom::Wrapper),
        (None, None, Some(status)) => (Some(status), StatusFrom::Body),
        (None, None, None) => (None, StatusFrom::Unknown),
    };
    let mut work = Work::new(direct);
    let (mut trace, mut says, mut explained) = (None, None, None);
    match (&body, kind) {
        (Some(body), Kind::Error) => {
            trace = first_data(body).map(|data| work.outside(data));
            work.error(body, status, inner, path.as_deref());
            let normal = normalise(body);
            says = words(body, &normal).map(|text| work.outside(text));
            explained = explain(body, &normal, status).filter(|_| work.shows.is_empty());
        }
        (Some(body), _) => work.success(body, kind, status),
        (None, _) => work.no_body(status, not_json, path.as_deref()),
    }
    if cut && !matches!(work.verdict(), Verdict::Inconclusive | Verdict::NotApplicable) {
        work.grade("lost-field", Message::new("validate.cut"));
    }
    let foreign = kind == Kind::Error && body.as_ref().is_some_and(is_foreign) && !work.has("other-endpoint");
    work.grades.sort_by_key(|graded| match graded.grade {
        // In an envelope of elsewhere the envelope says more than its codes.
        "shape" if foreign => weight("status-mismatch"),
        grade => weight(grade),
    });
    if work.grades.is_empty() {
        work.grade("conform", Message::new("validate.conform"));
    }
    let request = path.map(|path| format!("{} {}", method.unwrap_or_default(), path).trim().to_owned());
    Judged {
        file: file.to_owned(),
        place,
        kind,
        request: request.map(|request| work.outside(&request)),
        status,
        status_from,
        unwrapped,
        documented: work.documented,
        grade: work.grades.first().map_or("conform", |graded| graded.grade),
        verdict: work.verdict(),
        grades: work.grades,
        shows: work.shows,
        says,
        explained,
        trace,
    }
}

/// Order of the grades, heaviest first.
fn weight(grade: &str) -> usize {
    let order = [
        "environment",
        "unknown-document",
        "type",
        "status-mismatch",
        "other-endpoint",
        "unknown-code",
        "formerly-documented",
        "undocumented-status",
        "shape",
        "unmatched-template",
        "reworded",
        "message-split",
        "unknown-status",
        "lost-field",
        "type-in-tolerance",
        "new-field",
        "other-resource",
        "conform",
    ];
    order.iter().position(|known| *known == grade).unwrap_or(0)
}

/// The HTTP status that an error body tells, under any of its names.
fn status_in(body: &Value) -> Option<u16> {
    ["status", "statusCode", "status_code", "ErrorStatus"].iter().find_map(|name| http_status(body.get(name)?))
}

/// Whether an error body is of another family than that of the payments: a code of its own, and no cause. What has a
/// code and its description is one cause, taken out of its error.
fn is_foreign(body: &Value) -> bool {
    let has = |name: &str| body.get(name).is_some();
    let cause = has("description") && !has("message");
    !has("blocked_by") && !has("cause") && !cause && (has("code") || has("errors"))
}

/// What an error says in its own words, wherever they stand.
fn words<'b>(body: &'b Value, normal: &'b NormalError) -> Option<&'b str> {
    let cause = || normal.causes.iter().find_map(|cause| cause.description.as_deref());
    let listed = || body.pointer("/errors/0/message").and_then(Value::as_str);
    let description = || ["description", "error_description"].iter().find_map(|name| body.get(*name)?.as_str());
    let message = normal.message.as_deref().or_else(cause).or_else(listed).or_else(description);
    message.or(normal.error.as_deref()).filter(|text| !text.trim().is_empty())
}

/// What an error without a known code comes from, where its members or its words tell.
fn explain(body: &Value, normal: &NormalError, status: Option<u16>) -> Option<Message> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let said = normal.message.as_deref().unwrap_or_default().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let secret = |found: &FoundCredential| found.kind != Credential::PublicKey;
    if normal.message.as_deref().is_some_and(|message| find_credentials(message).iter().any(secret)) {
        return Some(Message::new("validate.says-leak"));
    }
    if body.get("blocked_by").is_some() {
        return Some(Message::new("validate.says-gate"));
    }
    // The edge tells of an unknown route in the language of the developers' site.
    let route = text("error").contains("not found")
        && (has(&["recursos", "resources", "api"]) || text("error").contains("resource"));
    if (route && body.get("cause").is_none()) || status == Some(405) {
        return Some(Message::new("validate.says-route"));
    }
    if has(&[
        "authorization value not present",
        "malformed",
        "invalid_token",
        "invalid access token",
        "invalid token",
        "must provide your access_token",
    ]) || text("code") == "unauthorized"
        || text("error") == "invalid_token"
    {
        return Some(Message::new("validate.says-credential"));
    }
    if has(&["unauthorized", "forbidden", "caller", "not allowed"]) && matches!(status, Some(401 | 403)) {
        return Some(Message::new("validate.says-permission"));
    }
    match status {
        Some(401) => Some(Message::new("validate.says-credential")),
        Some(403) => Some(Message::new("validate.says-permission")),
        Some(404) => Some(Message::new("validate.says-not-there")),
        Some(400 | 422) if !normal.causes.is_empty() => Some(Message::new("validate.says-other-code")),
        Some(400 | 422) if !said.is_empty() => Some(Message::new("validate.says-request")),
        _ => None,
    }
}

/// `cause[0].data`, whatever the shape of `cause`.
fn first_data(body: &Value) -> Option<&str> {
    let mut cause = body.get("cause")?;
    while let Value::Array(items) = cause {
        cause = items.first()?;
    }
    cause.get("data")?.as_str().filter(|data| !data.is_empty())
}

/// What judging one body has found so far.
pub(super) struct Work {
    redactor: Redactor,
    grades: Vec<Graded>,
    pub(super) shows: Vec<Shown>,
    pub(super) documented: bool,
    /// Whether the answer comes from the service itself.
    pub(super) direct: bool,
}

impl Work {
    fn new(direct: bool) -> Work {
        Work { redactor: Redactor::default(), grades: Vec::new(), shows: Vec::new(), documented: true, direct }
    }

    /// Adds a grade. A flood of one kind cannot hide another: the first of each kind is always kept.
    pub(super) fn grade(&mut self, grade: &'static str, message: Message) {
        if self.grades.len() >= MOST_GRADES && self.has(grade) {
            return;
        }
        if !self.grades.iter().any(|graded| graded.grade == grade && graded.message == message) {
            self.grades.push(Graded { grade, verdict: grades::validate_verdict_of(grade), message });
        }
    }

    pub(super) fn has(&self, grade: &str) -> bool {
        self.grades.iter().any(|graded| graded.grade == grade)
    }

    pub(super) fn is_ungraded(&self) -> bool {
        self.grades.is_empty()
    }

    /// The heaviest verdict of the grades.
    fn verdict(&self) -> Verdict {
        [Verdict::Fail, Verdict::Inconclusive, Verdict::NotApplicable]
            .into_iter()
            .find(|verdict| self.grades.iter().any(|graded| graded.verdict == *verdict))
            .unwrap_or(Verdict::Pass)
    }

    /// A text from outside, masked, on one line and cut.
    pub(super) fn outside(&self, text: &str) -> String {
        // Masking before cutting: half a secret is a secret. What is far behind the cut needs no masking.
        let near: String = text.chars().take(LONGEST_TEXT * 8).collect();
        let masked = self.redactor.text(&near);
        let line = masked.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String = line.chars().filter(|character| !character.is_control()).collect();
        if line.chars().count() <= LONGEST_TEXT {
            return line;
        }
        line.chars().take(LONGEST_TEXT - 1).chain(['…']).collect()
    }

    /// An answer without a JSON body.
    fn no_body(&mut self, status: Option<u16>, not_json: Option<NotJson>, path: Option<&str>) {
        let shape = match not_json {
            Some(NotJson::Html) => "html",
            Some(NotJson::Text) => "not-json",
            None => "empty",
        };
        match status {
            Some(status) if environment(status) => {
                self.environment(status, &[]);
                self.grade("shape", told(shape));
            }
            Some(status) if status >= 400 => {
                self.documented = false;
                self.undocumented(status);
                self.grade("shape", told(shape));
            }
            // A refund repeated with its key is answered without a body, as is a status that forbids one.
            Some(204 | 304) => {}
            Some(_) if not_json.is_none() && path.is_some_and(|path| path.contains("/refunds")) => {}
            _ => {
                self.documented = false;
                self.grade(
                    "unknown-document",
                    match not_json {
                        Some(NotJson::Html) => Message::new("validate.html"),
                        Some(NotJson::Text) => Message::new("validate.no-json"),
                        None => Message::new("validate.no-body"),
                    },
                );
            }
        }
    }

    /// The grade of an HTTP status that the reference of payments does not have.
    pub(super) fn undocumented(&mut self, status: u16) {
        if !matches!(status, 200..=299 | 400 | 401 | 403) {
            self.documented = false;
            let message = Message::new("validate.status-undocumented").with("status", status);
            self.grade("undocumented-status", message);
        }
    }

    /// An answer that speaks of the environment; `texts` are its own words.
    pub(super) fn environment(&mut self, status: u16, texts: &[&str]) {
        self.documented = false;
        let advice = match status {
            429 => Message::new("validate.environment-429"),
            499 => Message::new("validate.environment-499"),
            424 => Message::new("validate.environment-424"),
            503 => Message::new("validate.environment-503"),
            _ => Message::new("validate.environment-5xx"),
        };
        self.grade("environment", advice.with("status", status));
        // Some 500s are mistakes of the client in disguise: the reason stands at the end of the message.
        let inner = texts.iter().find_map(|text| text.split_once("validate error list:"));
        if let Some((_, reason)) = inner.filter(|(_, reason)| !reason.trim().is_empty()) {
            let reason = self.outside(reason);
            self.grade("environment", Message::new("validate.inner-reason").with("reason", reason));
        }
    }
}
