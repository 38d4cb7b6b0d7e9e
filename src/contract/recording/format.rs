//! The lines of a recording. `specs/dsl/recording.schema.json` describes them for others.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mask::{self, Mask};
use super::replay::Place;
use crate::contract::exchange::{Answer, Prepared};
use crate::contract::target::{Recorded, TargetKind};
use crate::i18n::Message;
use crate::secret::Redactor;

/// Version of the format. Raised when a reader of the old one would misread the new one.
pub const FORMAT: u32 = 1;
/// Most bytes of a line; a longer body is cut by the writer, a longer line is refused by the reader.
pub(super) const LONGEST_LINE: usize = 32 << 20;
/// Most bytes of a body whose line would be longer than [`LONGEST_LINE`].
const LONGEST_CUT: usize = 1 << 20;
/// Most response headers of an entry.
const MOST_HEADERS: usize = 64;
/// Longest response header, in bytes.
const LONGEST_HEADER: usize = 4 << 10;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(in crate::contract) enum Line {
    /// The first line.
    Head(Head),
    /// One exchange.
    Exchange(Box<Entry>),
    /// The last line of a run that came to its end.
    End {
        /// How many exchanges there are.
        exchanges: u64,
    },
}

/// What was recorded, when and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Version of the format, [`FORMAT`].
    pub format: u32,
    /// RFC 3339 date and time in UTC.
    pub recorded: String,
    /// Version of homologa.
    pub homologa: String,
    /// Snapshot of the error catalogue.
    pub catalogue: String,
    /// Where the requests went.
    pub target: RecordedTarget,
    /// Seed of every generated value.
    pub seed: u64,
}

impl Head {
    /// The kind of target that a replay is.
    pub fn kind(&self) -> TargetKind {
        TargetKind::Recording(if self.target.kind == "embedded" { Recorded::Embedded } else { Recorded::Url })
    }
}

/// Where the requests of a recording went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordedTarget {
    /// `embedded` or `url`.
    pub kind: String,
    /// Base URL, without credentials.
    pub url: String,
    /// Site of scenarios that name none.
    pub site: String,
    /// Roles that had a credential.
    pub roles: Vec<String>,
}

/// One request and what came of it. Everything in it is redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::contract) struct Entry {
    /// Scenario, row and site.
    pub(in crate::contract) scenario: String,
    /// Step.
    pub(in crate::contract) step: String,
    /// Which request of the step it is, from 1: more than 1 where a step asks until something holds.
    pub(in crate::contract) occurrence: u32,
    /// The moment that `${now}` and `${date}` of the scenario were counted from (RFC 3339), if it has variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::contract) clock: Option<String>,
    /// The request.
    pub(in crate::contract) request: Asked,
    /// The answer, if one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::contract) response: Option<Answered>,
    /// Why none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::contract) failure: Option<Message>,
    /// When the request left, in milliseconds since its scenario began; older recordings do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::contract) started_ms: Option<u64>,
    /// Milliseconds from sending to the last byte.
    pub(in crate::contract) elapsed_ms: u64,
}

/// A request as a recording keeps it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(in crate::contract) struct Asked {
    /// Method.
    pub(in crate::contract) method: String,
    /// Path and query; parameters sorted, credentials left out.
    pub(in crate::contract) path: String,
    /// Whose credential was sent, in the words of `as:` of a step.
    #[serde(rename = "as")]
    pub(in crate::contract) role: String,
    /// Headers beside that of the credential.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::contract) headers: BTreeMap<String, String>,
    /// Body.
    #[serde(flatten)]
    pub(in crate::contract) content: Content,
}

/// An answer as a recording keeps it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(in crate::contract) struct Answered {
    /// HTTP status.
    pub(in crate::contract) status: u16,
    /// Headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::contract) headers: BTreeMap<String, String>,
    /// Body.
    #[serde(flatten)]
    pub(in crate::contract) content: Content,
    /// Whether the body was longer than what was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::contract) truncated: bool,
    /// JSON Pointers of the values and names of the headers that are masked: what stands there is not what came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::contract) masked: Vec<String>,
}

/// A body: an object or a list as JSON, anything else as text; neither when there was none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(in crate::contract) struct Content {
    /// An object or a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::contract) body: Option<Value>,
    /// Any other body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::contract) text: Option<String>,
}

impl Content {
    fn of(text: &str, json: Option<Value>) -> Content {
        match json {
            Some(value) if value.is_object() || value.is_array() => Content { body: Some(value), text: None },
            _ if text.is_empty() => Content::default(),
            _ => Content { body: None, text: Some(text.to_owned()) },
        }
    }

    /// Bytes of the body and the body as JSON, when it is.
    fn opened(self) -> (String, Option<Value>) {
        match (self.body, self.text) {
            (Some(value), _) => (value.to_string(), Some(value)),
            (None, Some(text)) => {
                let json = serde_json::from_str(&text).ok();
                (text, json)
            }
            (None, None) => (String::new(), None),
        }
    }
}

/// The request of a scenario as a recording would keep it.
pub(super) fn asked(prepared: &Prepared, redactor: &Redactor) -> Asked {
    let (mut asked, mut mask) = opened_request(prepared, redactor);
    mask.request(&mut asked);
    asked
}

fn opened_request<'r>(prepared: &Prepared, redactor: &'r Redactor) -> (Asked, Mask<'r>) {
    let parts = prepared.parts();
    let json = parts.body.and_then(|body| serde_json::from_str(body).ok());
    let asked = Asked {
        method: prepared.method().to_owned(),
        path: mask::path_and_query(parts.url),
        role: parts.role.name().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        content: Content::of(parts.body.unwrap_or_default(), json),
    };
    let mut mask = Mask::new(redactor);
    mask.learn_request(&asked);
    (asked, mask)
}

impl Entry {
    /// An exchange as the recording keeps it: redacted and bounded.
    pub(in crate::contract) fn of(
        place: Place<'_>,
        prepared: &Prepared,
        outcome: Result<&Answer, &Message>,
        (started_ms, elapsed_ms): (Option<u64>, u64),
        redactor: &Redactor,
    ) -> Entry {
        let (mut request, mut mask) = opened_request(prepared, redactor);
        let mut response = outcome.ok().map(answered);
        if let Some(answered) = &response {
            mask.learn_answer(&request, answered);
        }
        mask.request(&mut request);
        if let Some(answered) = &mut response {
            mask.answer(answered);
        }
        let failure = outcome.err().map(|message| mask.message(message));
        Entry {
            scenario: place.scenario.to_owned(),
            step: place.step.to_owned(),
            occurrence: place.occurrence,
            clock: place.clock.map(|clock| clock.to_string()),
            request,
            response,
            failure,
            started_ms,
            elapsed_ms,
        }
    }

    /// The answer as it would have come over the network, with masks where secrets were; `None` when none came.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let response = self.response.take()?;
        let (body, json) = response.content.opened();
        Some(Answer {
            status: response.status,
            headers: response.headers,
            body,
            json,
            cut: response.truncated,
            masked: response.masked,
            made_anew: false,
        })
    }

    /// The line of the entry, with its end. A body that would make it too long is cut.
    pub(super) fn line(self) -> Result<Vec<u8>, serde_json::Error> {
        let mut line = Line::Exchange(Box::new(self));
        let mut bytes = serde_json::to_vec(&line)?;
        if bytes.len() >= LONGEST_LINE
            && let Line::Exchange(entry) = &mut line
        {
            cut(&mut entry.request.content);
            if let Some(response) = &mut entry.response {
                response.truncated |= cut(&mut response.content);
                response.masked.clear();
            }
            bytes = serde_json::to_vec(&line)?;
        }
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Cuts a body that is too long; `true` when it was.
fn cut(content: &mut Content) -> bool {
    let (mut text, _) = std::mem::take(content).opened();
    let long = text.len() > LONGEST_CUT;
    if long {
        let end = (0..=LONGEST_CUT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    *content = Content::of(&text, if long { None } else { serde_json::from_str(&text).ok() });
    long
}

fn answered(answer: &Answer) -> Answered {
    let headers = answer.headers.iter().filter(|(_, value)| value.len() <= LONGEST_HEADER).take(MOST_HEADERS);
    Answered {
        status: answer.status,
        headers: headers.map(|(name, value)| (name.clone(), value.clone())).collect(),
        content: Content::of(&answer.body, answer.json.clone()),
        truncated: answer.cut,
        masked: answer.masked.clone(),
    }
}

/// Whether a line is the head of a recording, of whatever version.
pub(in crate::contract) fn is_head(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
        format: u32,
        recorded: String,
    }
    serde_json::from_slice::<Kind>(line)
        .is_ok_and(|line| line.kind == "head" && line.format > 0 && !line.recorded.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_makes_its_line_too_long_is_cut_and_says_so() {
        let entry = |text: String| Entry {
            scenario: "a@MLA".into(),
            step: "s".into(),
            occurrence: 1,
            clock: None,
            request: Asked::default(),
            response: Some(Answered { status: 200, content: Content::of(&text, None), ..Answered::default() }),
            failure: None,
            started_ms: None,
            elapsed_ms: 0,
        };
        for (text, cut) in [("ñ".to_owned(), false), ("ñ".repeat(LONGEST_LINE / 2), true)] {
            let line = entry(text.clone()).line().unwrap();
            assert!(line.len() < LONGEST_LINE && line.ends_with(b"\n"));
            let Ok(Line::Exchange(mut read)) = serde_json::from_slice(&line) else { panic!("no exchange") };
            let answer = read.answer().unwrap();
            assert_eq!((answer.cut, answer.body.len() < text.len()), (cut, cut));
        }
    }

    #[test]
    fn a_body_comes_back_as_it_went_in() {
        for body in ["", "{\"a\":[1,\"x\"]}", "[]", "null", "\"text\"", "not json", "{\"cut\":"] {
            let json: Option<Value> = serde_json::from_str(body).ok();
            let line = serde_json::to_string(&Content::of(body, json.clone())).unwrap();
            let read: Content = serde_json::from_str(&line).unwrap();
            assert_eq!(read.opened(), (body.to_owned(), json), "{line}");
        }
    }

    #[test]
    fn only_a_head_begins_a_recording() {
        assert!(is_head(br#"{"kind":"head","format":9,"recorded":"x","new":1}"#));
        for other in ["", "{}", r#"{"kind":"head"}"#, r#"{"kind":"end","format":1,"recorded":"x"}"#, "[1]"] {
            assert!(!is_head(other.as_bytes()), "{other}");
        }
    }
}
