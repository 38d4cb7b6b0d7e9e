//! Judges captured answers: a body, a list of bodies, JSON lines, a HAR or a recording. Sends nothing and prints nothing.
//!
//! This file takes the material apart into bodies and sums up; `har` and `recording` read those, `classify` tells what a body is,
//! `body` grades it.

mod body;
mod classify;
mod har;
mod recording;

use serde::Serialize;
use serde_json::Value;

pub use body::judge;
pub use classify::{Kind, Unwrapped, unwrap};

use crate::exit;
use crate::i18n::{Message, Text};
use crate::run::{Problem, Verdict};

/// Largest file, in bytes.
pub const LARGEST_FILE: usize = 64 << 20;
/// Largest body, in bytes.
pub const LARGEST_BODY: usize = 4 << 20;
/// Most bodies of one file.
pub const MOST_BODIES: usize = 100_000;

/// One answer as it was captured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Captured {
    /// Where in the file: `#3`, `line 3`; empty when the file is one body.
    pub place: String,
    /// Method of the request, if known.
    pub method: Option<String>,
    /// Path of the request without query, if known.
    pub path: Option<String>,
    /// HTTP status, if known.
    pub status: Option<u16>,
    /// The body; `None` when there was none or it is no JSON.
    pub body: Option<Value>,
    /// Whether there was a body that is no JSON.
    pub not_json: bool,
}

/// Where the HTTP status is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusFrom {
    /// From the HTTP answer.
    Http,
    /// From the object that an SDK wrapped around the body.
    Wrapper,
    /// Only from the member `status` of the body.
    Body,
    /// Not known.
    Unknown,
}

/// One grade of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graded {
    /// Grade, as `specs/grades.yaml` names it.
    pub grade: &'static str,
    /// What it does here.
    pub verdict: Verdict,
    /// Why.
    pub message: Message,
}

/// Something of our documents that a body shows: an entry of the catalogue, a neighbour, a pair of statuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Id, as `homologa explain` knows it.
    pub id: String,
    /// Whether it stands in the current catalogue or status table.
    pub documented: bool,
    /// Documented message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Endpoint that it belongs to, for a code of elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What it means.
    pub meaning: Text,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Text>,
}

/// What judging one body gave. Everything from outside in it is redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// File, as the user named it.
    pub file: String,
    /// Place in the file.
    pub place: String,
    /// What it is.
    pub kind: Kind,
    /// Method and path of the request, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// HTTP status, as far as known.
    pub status: Option<u16>,
    /// Where it is known from.
    pub status_from: StatusFrom,
    /// What was unwrapped to reach the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwrapped: Option<Unwrapped>,
    /// Whether what the body shows stands in the documents.
    pub documented: bool,
    /// The grade that weighs most.
    pub grade: &'static str,
    /// All grades, heaviest first.
    pub grades: Vec<Graded>,
    /// What of our documents it shows.
    pub shows: Vec<Shown>,
    /// The trace that the service put into `cause[].data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// What it comes to.
    pub verdict: Verdict,
}

/// What judging all files gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The bodies, in order.
    pub bodies: Vec<Judged>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Responses of a HAR that are not of the payments API.
    pub skipped: usize,
}

impl Report {
    /// 1 when a body fails, else 2 when something could not be read, else 3 when every body speaks only of the
    /// environment, else 0.
    pub fn exit_code(&self) -> u8 {
        if self.bodies.iter().any(|body| body.verdict == Verdict::Fail) {
            exit::NOT_READY
        } else if !self.problems.is_empty() {
            exit::INPUT
        } else if !self.bodies.is_empty() && self.bodies.iter().all(|body| body.verdict == Verdict::Inconclusive) {
            exit::INCONCLUSIVE
        } else {
            exit::READY
        }
    }

    /// Judges the content of one file; what cannot be read becomes a problem, the rest is judged.
    pub fn add(&mut self, file: &str, bytes: &[u8]) {
        if bytes.len() > LARGEST_FILE {
            self.problem(file, Message::new("validate.file-too-large").with("limit", LARGEST_FILE >> 20));
            return;
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            self.problem(file, Message::new("validate.empty"));
            return;
        }
        if recording::is_recording(bytes) {
            self.recording(file, bytes);
            return;
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(whole) => self.whole(file, whole),
            Err(error) => match lines(bytes) {
                Some(lines) => self.lines(file, &lines),
                None => self.unreadable(file, error.line(), error.column(), &error),
            },
        }
    }

    fn whole(&mut self, file: &str, whole: Value) {
        if har::is_har(&whole) {
            let read = har::read(whole);
            self.skipped += read.skipped;
            for (place, message) in read.problems {
                self.problem(file, message.with("place", place));
            }
            for captured in read.answers {
                self.body(file, captured);
            }
            return;
        }
        match whole {
            // A list of payment methods is one body.
            Value::Array(items) if !classify::is_payment_methods(&items) => {
                if items.len() > MOST_BODIES {
                    self.problem(file, Message::new("validate.too-many").with("limit", MOST_BODIES));
                }
                for (index, item) in items.into_iter().take(MOST_BODIES).enumerate() {
                    self.body(
                        file,
                        Captured { place: format!("#{}", index + 1), body: Some(item), ..Captured::default() },
                    );
                }
            }
            one => self.body(file, Captured { body: Some(one), ..Captured::default() }),
        }
    }

    fn lines(&mut self, file: &str, lines: &[(usize, &[u8])]) {
        if lines.len() > MOST_BODIES {
            self.problem(file, Message::new("validate.too-many").with("limit", MOST_BODIES));
        }
        for (number, line) in lines.iter().take(MOST_BODIES) {
            match serde_json::from_slice::<Value>(line) {
                Ok(body) => {
                    self.body(file, Captured { place: format!(":{number}"), body: Some(body), ..Captured::default() });
                }
                Err(error) => self.unreadable(file, *number, error.column(), &error),
            }
        }
    }

    fn body(&mut self, file: &str, captured: Captured) {
        if captured.body.as_ref().is_some_and(|body| larger_than(body, LARGEST_BODY)) {
            let message = Message::new("validate.body-too-large").with("place", captured.place);
            self.problem(file, message.with("limit", LARGEST_BODY >> 20));
            return;
        }
        self.bodies.push(judge(file, captured));
    }

    fn problem(&mut self, file: &str, message: Message) {
        self.problems.push(Problem::input(message).in_file(file));
    }

    fn unreadable(&mut self, file: &str, line: usize, column: usize, error: &serde_json::Error) {
        let mut problem = Problem::input(match error.classify() {
            serde_json::error::Category::Eof => Message::new("validate.truncated"),
            _ if error.to_string().contains("unicode") => Message::new("validate.not-utf8"),
            _ => Message::new("validate.not-json").with("error", error),
        })
        .in_file(file);
        problem.place.line = u32::try_from(line).ok();
        problem.place.column = u32::try_from(column).ok();
        self.problems.push(problem);
    }
}

/// The lines that are not empty, when at least one but the last is a whole JSON object or array of its own.
fn lines(bytes: &[u8]) -> Option<Vec<(usize, &[u8])>> {
    let all = bytes.split(|byte| *byte == b'\n').enumerate().map(|(index, line)| (index + 1, line.trim_ascii()));
    let lines: Vec<(usize, &[u8])> = all.filter(|(_, line)| !line.is_empty()).collect();
    let whole = |line: &[u8]| {
        matches!(line.first(), Some(b'{' | b'['))
            && line.len() > 2
            && matches!(line.last(), Some(b'}' | b']'))
            && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
    };
    let first_bytes = lines.iter().filter(|(_, line)| matches!(line.first(), Some(b'{'))).count();
    let mostly_objects = first_bytes * 2 > lines.len();
    (lines.len() > 1 && mostly_objects && lines.iter().any(|(_, line)| whole(line))).then_some(lines)
}

/// Whether the JSON text of a value is longer than a limit, without building the text.
fn larger_than(value: &Value, limit: usize) -> bool {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Counter(limit), value).is_err()
}

#[cfg(test)]
mod tests;
