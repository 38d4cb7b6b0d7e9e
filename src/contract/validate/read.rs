//! Takes files apart into bodies: one body, a list, JSON lines, a HAR or a recording. Judges nothing itself.

use serde_json::Value;

use super::unwrap::unwrap;
use super::{
    Captured, Judged, Kind, LARGEST_BODY, LARGEST_FILE, MOST_BODIES, NotJson, Report, Unwrapped, classify, har, judge,
    logs, recording,
};
use crate::contract::text::{foreign_format, utf8};
use crate::i18n::Message;
use crate::run::Problem;

/// Most values of one file.
const MOST_VALUES: usize = 2_000_000;

impl Report {
    /// Judges the content of one file; what cannot be read becomes a problem, the rest is judged.
    pub fn add(&mut self, file: &str, bytes: &[u8]) {
        if bytes.len() > LARGEST_FILE {
            self.problem(file, Message::new("validate.file-too-large").with("limit", LARGEST_FILE >> 20));
            return;
        }
        let bytes = utf8(bytes);
        let bytes = bytes.as_ref();
        if bytes.iter().all(u8::is_ascii_whitespace) {
            self.problem(file, Message::new("validate.empty"));
            return;
        }
        if let Some(message) = foreign_format(bytes) {
            self.problem(file, message);
            return;
        }
        if recording::is_recording(bytes) {
            self.recording(file, bytes);
            return;
        }
        if separators(bytes) > MOST_VALUES {
            self.problem(file, Message::new("validate.too-many-values").with("limit", MOST_VALUES));
            return;
        }
        match serde_json::from_slice::<Value>(bytes) {
            Ok(whole) => self.whole(file, whole),
            Err(error) => match lines(bytes) {
                Some(lines) => self.lines(file, &lines),
                // A proxy's page that was saved in place of an answer.
                None if is_html(&String::from_utf8_lossy(&bytes[..bytes.len().min(1_000)])) => {
                    self.body(file, Captured { not_json: Some(NotJson::Html), ..Captured::default() });
                }
                None => self.log(file, bytes, &error),
            },
        }
    }

    /// A text that is no JSON: what bodies stand in it, else why it is none.
    fn log(&mut self, file: &str, bytes: &[u8], error: &serde_json::Error) {
        let found = std::str::from_utf8(bytes).map(logs::find).unwrap_or_default();
        if found.answers.is_empty() && found.abbreviated.is_empty() {
            self.unreadable(file, error.line(), error.column(), error);
            return;
        }
        for line in found.abbreviated {
            let problem = Problem::input(Message::new("validate.abbreviated")).in_file(file);
            let mut problem = problem.fix(Message::new("validate.abbreviated-fix"));
            problem.place.line = u32::try_from(line).ok();
            self.problems.push(problem);
        }
        for captured in found.answers {
            self.body(file, captured);
        }
    }

    fn whole(&mut self, file: &str, mut whole: Value) {
        // JSON in a JSON text, as a program writes it that serialises twice.
        while let Value::String(text) = &whole
            && let Ok(inner @ (Value::Object(_) | Value::Array(_) | Value::String(_))) = serde_json::from_str(text)
        {
            whole = inner;
        }
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
        self.body(file, Captured { body: Some(whole), ..Captured::default() });
    }

    fn lines(&mut self, file: &str, lines: &[(usize, &[u8])]) {
        for (number, line) in lines {
            match serde_json::from_slice::<Value>(line) {
                Ok(body) => {
                    self.body(file, Captured { place: format!(":{number}"), body: Some(body), ..Captured::default() });
                }
                Err(error) => self.unreadable(file, *number, error.column(), &error),
            }
        }
    }

    /// Judges one captured body; a list, wrapped by an SDK or not, is judged one by one.
    pub(super) fn body(&mut self, file: &str, mut captured: Captured) {
        if captured.body.as_ref().is_some_and(|body| larger_than(body, LARGEST_BODY))
            && !matches!(captured.body, Some(Value::Array(_)))
        {
            self.problem(file, too_large(&captured.place));
            return;
        }
        let Some(body) = captured.body.take() else {
            self.push(file, captured);
            return;
        };
        let (body, status) = match &body {
            Value::Object(members) if holds_a_list(members) => match unwrap(body.clone()) {
                (list @ Value::Array(_), _, status) => (list, status),
                _ => (body, None),
            },
            _ => (body, None),
        };
        match body {
            Value::Array(items) if !is_one_body(&items, captured.path.as_deref()) => {
                if items.is_empty() {
                    let place = captured.place;
                    self.problem(
                        file,
                        match place.is_empty() {
                            true => Message::new("validate.empty-list"),
                            false => Message::new("validate.empty-list-at").with("place", place),
                        },
                    );
                    return;
                }
                for (index, item) in items.into_iter().enumerate() {
                    let one = Captured {
                        place: format!("{}#{}", captured.place, index + 1),
                        method: captured.method.clone(),
                        path: captured.path.clone(),
                        status: captured.status.or(status),
                        body: Some(item),
                        not_json: None,
                        cut: captured.cut,
                        direct: captured.direct,
                    };
                    if larger_than(one.body.as_ref().unwrap_or(&Value::Null), LARGEST_BODY) {
                        self.problem(file, too_large(&one.place));
                    } else if !self.push(file, one) {
                        break;
                    }
                }
            }
            one => {
                captured.body = Some(one);
                self.push(file, captured);
            }
        }
    }

    /// Judges one body; false when there are too many.
    fn push(&mut self, file: &str, captured: Captured) -> bool {
        if self.bodies.len() >= MOST_BODIES {
            self.problem(file, Message::new("validate.too-many").with("limit", MOST_BODIES));
            return false;
        }
        let texts = captured.body.as_ref().map(texts_with_objects).unwrap_or_default();
        let place = captured.place.clone();
        let judged = judge(file, captured);
        // A line of a log whose message has the body inside of its text.
        let inside = match judged.kind {
            Kind::Unknown => texts.iter().flat_map(|text| logs::find(text).answers).collect(),
            _ => Vec::new(),
        };
        if inside.is_empty() {
            self.bodies.push(judged);
        }
        for answer in inside {
            let answer = Captured { place: place.clone(), ..answer };
            self.bodies.push(Judged { unwrapped: Some(Unwrapped::Log), ..judge(file, answer) });
        }
        true
    }

    pub(super) fn problem(&mut self, file: &str, message: Message) {
        self.problems.push(Problem::input(message).in_file(file));
    }

    pub(super) fn unreadable(&mut self, file: &str, line: usize, column: usize, error: &serde_json::Error) {
        let mut problem = Problem::input(match error.classify() {
            serde_json::error::Category::Eof => Message::new("validate.truncated"),
            _ if error.to_string().contains("recursion limit") => Message::new("validate.too-deep"),
            _ if error.to_string().contains("unicode") => Message::new("validate.not-utf8"),
            _ => Message::new("validate.not-json"),
        })
        .in_file(file);
        if problem.message.key == "validate.not-json" {
            problem.fix = Some(Message::new("validate.accepted"));
        }
        problem.place.line = u32::try_from(line).ok();
        problem.place.column = u32::try_from(column).ok();
        self.problems.push(problem);
    }
}

/// How many commas of a JSON text stand outside of strings: what reading it costs in memory grows with its values,
/// not with its length.
fn separators(bytes: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

/// Whether a list is one body: payment methods, or the empty answer of a known path.
fn is_one_body(items: &[Value], path: Option<&str>) -> bool {
    classify::is_payment_methods(items) || (items.is_empty() && path.is_some())
}

/// Whether an object holds a list, or a text that may be one, and is no page of results.
fn holds_a_list(members: &serde_json::Map<String, Value>) -> bool {
    let list = |value: &Value| value.as_str().map_or(value.is_array(), |text| text.trim_start().starts_with('['));
    members.values().any(list) && !["paging", "results"].iter().any(|name| members.contains_key(*name))
}

/// Whether a text is a page and not data.
pub(super) fn is_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(400).collect::<String>().to_ascii_lowercase();
    start.starts_with('<')
        && ["<!doctype", "<html", "<head", "<body", "<h1", "<center"].iter().any(|tag| start.contains(tag))
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

/// The texts of an object that have another object inside, as messages of logs have.
fn texts_with_objects(body: &Value) -> Vec<String> {
    let members = body.as_object().into_iter().flatten().take(40);
    let texts = members.filter_map(|(_, value)| value.as_str()).filter(|text| text.contains('{'));
    texts.filter(|text| !text.trim_start().starts_with('{')).map(str::to_owned).collect()
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
/// A body beyond the limit, by its place in the file where it is not all of it.
pub(super) fn too_large(place: &str) -> Message {
    let message = match place {
        "" => Message::new("validate.whole-body-too-large"),
        place => Message::new("validate.body-too-large").with("place", place),
    };
    message.with("limit", LARGEST_BODY >> 20)
}
