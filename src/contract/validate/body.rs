//! Grades one captured answer: HTTP status and cause code decide, the rest are notes.

use std::collections::HashSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::classify::{Kind, classify, http_status, unwrap};
use super::{Captured, Graded, Judged, Shown, StatusFrom};
use crate::contract::judge::{NormalError, environment, normalise, plain};
use crate::i18n::Message;
use crate::run::Verdict;
use crate::secret::Redactor;
use crate::specs::catalogue::{Entry, Neighbour, NeighbourKind, catalogue, neighbours};
use crate::specs::statuses::statuses;
use crate::specs::{grades, schemas};

/// Longest text from outside that a message shows, in characters.
const LONGEST_TEXT: usize = 160;
/// Most fields of one kind that are named.
const MOST_FIELDS: usize = 12;

/// Judges one captured answer.
pub fn judge(file: &str, captured: Captured) -> Judged {
    let Captured { place, method, path, status, body, not_json } = captured;
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
        None => Kind::Other,
    };
    let inner = body.as_ref().and_then(|body| body.get("status")).and_then(http_status).filter(|_| kind == Kind::Error);
    let (status, status_from) = match (status, wrapper_status, inner) {
        (Some(status), _, _) => (Some(status), StatusFrom::Http),
        (None, Some(status), _) => (Some(status), StatusFrom::Wrapper),
        (None, None, Some(status)) => (Some(status), StatusFrom::Body),
        (None, None, None) => (None, StatusFrom::Unknown),
    };
    let mut work = Work { redactor: Redactor::default(), grades: Vec::new(), shows: Vec::new(), documented: true };
    let mut trace = None;
    match (&body, kind) {
        (Some(body), Kind::Error) => {
            trace = first_data(body).map(|data| work.outside(data));
            work.error(body, status, inner, path.as_deref());
        }
        (Some(body), _) => work.success(body, kind, status),
        (None, _) => work.no_body(status, not_json),
    }
    if work.grades.is_empty() {
        work.grade("conform", Message::new("validate.conform"));
    }
    // In an envelope of elsewhere the envelope says more than its codes.
    let foreign = body.as_ref().is_some_and(|body| {
        let has = |name: &str| body.get(name).is_some();
        kind == Kind::Error && !has("blocked_by") && !has("cause") && (has("code") || has("errors"))
    });
    work.grades.sort_by_key(|graded| match graded.grade {
        "shape" if foreign => weight("status-mismatch"),
        grade => weight(grade),
    });
    let has = |verdict| work.grades.iter().any(|graded| graded.verdict == verdict);
    let verdict = [Verdict::Fail, Verdict::Inconclusive].into_iter().find(|verdict| has(*verdict));
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
        grades: work.grades,
        shows: work.shows,
        trace,
        verdict: verdict.unwrap_or(Verdict::Pass),
    }
}

/// Order of the grades, heaviest first.
fn weight(grade: &str) -> usize {
    let order = [
        "environment",
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
        "type-in-tolerance",
        "new-field",
        "conform",
    ];
    order.iter().position(|known| *known == grade).unwrap_or(0)
}

/// `cause[0].data`, whatever the shape of `cause`.
fn first_data(body: &Value) -> Option<&str> {
    let mut cause = body.get("cause")?;
    while let Value::Array(items) = cause {
        cause = items.first()?;
    }
    cause.get("data")?.as_str().filter(|data| !data.is_empty())
}

struct Work {
    redactor: Redactor,
    grades: Vec<Graded>,
    shows: Vec<Shown>,
    documented: bool,
}

impl Work {
    fn grade(&mut self, grade: &'static str, message: Message) {
        if !self.grades.iter().any(|graded| graded.grade == grade && graded.message == message) {
            self.grades.push(Graded { grade, verdict: grades::validate_verdict_of(grade), message });
        }
    }

    /// A text from outside, masked, on one line and cut.
    fn outside(&self, text: &str) -> String {
        let masked = self.redactor.text(text);
        let line = masked.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String = line.chars().filter(|character| !character.is_control()).collect();
        if line.chars().count() <= LONGEST_TEXT {
            return line;
        }
        line.chars().take(LONGEST_TEXT - 1).chain(['…']).collect()
    }

    fn no_body(&mut self, status: Option<u16>, not_json: bool) {
        match status {
            Some(status) if environment(status) => self.environment(status, None),
            Some(status) if status >= 400 => {
                self.documented = false;
                if !matches!(status, 400 | 401 | 403) {
                    self.grade(
                        "undocumented-status",
                        Message::new("validate.status-undocumented").with("status", status),
                    );
                }
                let shape = if not_json { "not-json" } else { "empty" };
                self.grade("shape", Message::new("validate.shape").with("shape", shape));
            }
            // A repeated refund is answered with an empty body.
            _ if !not_json => {}
            _ => self.grade("shape", Message::new("validate.shape").with("shape", "not-json")),
        }
    }

    fn environment(&mut self, status: u16, message: Option<&str>) {
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
        if let Some((_, reason)) = message.and_then(|message| message.split_once("validate error list:")) {
            let reason = self.outside(reason);
            self.grade("environment", Message::new("validate.inner-reason").with("reason", reason));
        }
    }

    fn error(&mut self, body: &Value, status: Option<u16>, inner: Option<u16>, path: Option<&str>) {
        let normal = normalise(body);
        if let Some(status) = status.filter(|status| environment(*status)) {
            return self.environment(status, normal.message.as_deref());
        }
        if let (Some(status), Some(inner)) = (status, inner)
            && status != inner
        {
            let message = Message::new("validate.status-differs").with("status", status).with("body", inner);
            self.grade("status-mismatch", message);
        }
        let formerly_under_its_status = self.codes(&normal, status, path);
        if let Some(status) = status
            && !matches!(status, 200..=299 | 400 | 401 | 403)
            && !formerly_under_its_status
            && !self.grades.iter().any(|graded| graded.grade == "status-mismatch")
        {
            self.documented = false;
            self.grade("undocumented-status", Message::new("validate.status-undocumented").with("status", status));
        }
        for shape in shapes(body, &normal, status) {
            self.grade("shape", Message::new("validate.shape").with("shape", shape));
        }
        if self.shows.is_empty() {
            self.documented = false;
        }
    }

    /// Grades every code; tells whether one stood in an older catalogue under this very status.
    fn codes(&mut self, normal: &NormalError, status: Option<u16>, path: Option<&str>) -> bool {
        let mut formerly = false;
        for cause in &normal.causes {
            let mut entries: Vec<&Entry> =
                catalogue().entries().iter().filter(|entry| entry.has_code(&cause.code)).collect();
            let exact = entries.iter().position(|entry| status.is_none_or(|status| status == entry.status));
            if let Some(index) = exact {
                let entry = entries.swap_remove(index);
                self.entry(entry, normal, cause.description.as_deref());
                continue;
            }
            let known: Vec<&Neighbour> =
                neighbours().iter().filter(|other| other.code.eq_ignore_ascii_case(&cause.code)).collect();
            let under_status = known.iter().any(|other| other.status.is_some() && other.status == status);
            match entries.first() {
                Some(entry) if !under_status => {
                    self.show_entry(entry);
                    self.documented = false;
                    let message = Message::new("validate.code-status").with("code", &entry.code);
                    let message = message.with("expected", entry.status).with("status", status.unwrap_or_default());
                    self.grade("status-mismatch", message);
                }
                _ => formerly |= self.neighbour(&cause.code, &known, status, path),
            }
        }
        if normal.causes.is_empty()
            && let Some(message) = &normal.message
        {
            // The 401 entry is known by its sentence alone.
            let sentence = |entry: &&Entry| entry.code.contains(' ') && plain(&entry.code) == plain(message);
            if let Some(entry) = catalogue().entries().iter().find(sentence) {
                self.entry(entry, normal, None);
            }
        }
        formerly
    }

    fn show_entry(&mut self, entry: &Entry) {
        self.shows.push(Shown {
            id: entry.id.clone(),
            documented: true,
            message: entry.message.clone(),
            endpoint: None,
            meaning: entry.meaning.clone(),
            remedy: Some(entry.remedy.clone()),
        });
    }

    fn entry(&mut self, entry: &Entry, normal: &NormalError, description: Option<&str>) {
        self.show_entry(entry);
        let message = normal.message.as_deref();
        // An inner status may stand on a line of its own behind the sentence.
        let first_line = message.and_then(|message| message.lines().next());
        let told: Vec<&str> = message.into_iter().chain(first_line).chain(description).collect();
        let conform = told.is_empty() || entry.message.is_none() || told.iter().any(|text| entry.says(text));
        let shown = self.outside(told.first().copied().unwrap_or_default());
        if !conform {
            self.grade("reworded", Message::new("validate.reworded").with("code", &entry.code).with("text", &shown));
        }
        // A template names the field at fault: one without a name tells nothing.
        let template = entry.message_pattern.is_some() && matches!(entry.code.as_str(), "8" | "23");
        if template && !told.is_empty() && !told.iter().any(|text| names_a_field(text)) {
            self.grade("unmatched-template", Message::new("validate.template").with("code", &entry.code));
        }
        if let (Some(message), Some(description)) = (message, description)
            && plain(message) != plain(description)
            && first_line.is_none_or(|line| plain(line) != plain(description))
        {
            let text = self.outside(description);
            self.grade("message-split", Message::new("validate.split").with("text", text));
        }
    }

    fn neighbour(&mut self, code: &str, known: &[&Neighbour], status: Option<u16>, path: Option<&str>) -> bool {
        let of = |kind: NeighbourKind| known.iter().copied().filter(move |other| other.kind == kind);
        let best = |kinds: &[NeighbourKind]| {
            let found: Vec<&Neighbour> = kinds.iter().flat_map(|kind| of(*kind)).collect();
            found
                .iter()
                .copied()
                .find(|other| other.status.is_some() && other.status == status)
                .or(found.first().copied())
        };
        let code = self.outside(code);
        let former = best(&[NeighbourKind::FormerlyDocumented]);
        let other = best(&[NeighbourKind::OtherEndpoint, NeighbourKind::ClientSide]);
        let elsewhere = best(&[NeighbourKind::Undocumented]);
        let shown = former.or(other).or(elsewhere);
        if let Some(shown) = shown {
            self.shows.push(Shown {
                id: shown.id.clone(),
                documented: false,
                message: shown.message.clone(),
                endpoint: shown.endpoint.clone(),
                meaning: shown.meaning.clone(),
                remedy: None,
            });
        }
        let endpoint = shown.and_then(|shown| shown.endpoint.as_deref()).unwrap_or("/v1/card_tokens");
        let at_home = path.is_some_and(|path| resource(path).is_some_and(|resource| endpoint.contains(resource)));
        let of_card_token =
            code.len() > 1 && code.starts_with('E') && code[1..].bytes().all(|byte| byte.is_ascii_digit());
        self.documented = other.is_some() && at_home;
        if former.is_some() {
            self.grade("formerly-documented", Message::new("validate.formerly").with("code", &code));
        } else if other.is_some() && at_home {
            self.grade("conform", Message::new("validate.at-home").with("code", &code).with("endpoint", endpoint));
        } else if other.is_some() || (shown.is_none() && of_card_token) {
            let message = Message::new("validate.other-endpoint").with("code", &code).with("endpoint", endpoint);
            self.grade("other-endpoint", message);
        } else {
            self.grade("unknown-code", Message::new("validate.unknown-code").with("code", &code));
        }
        former.is_some_and(|former| former.status == status)
    }

    fn success(&mut self, body: &Value, kind: Kind, status: Option<u16>) {
        match status {
            Some(status) if environment(status) => return self.environment(status, None),
            Some(status) if status >= 400 && kind == Kind::Order => {
                self.documented = false;
                self.grade("undocumented-status", Message::new("validate.status-undocumented").with("status", status));
            }
            Some(status) if status >= 400 && kind != Kind::Other => {
                let message = Message::new("validate.success-status").with("kind", kind.name()).with("status", status);
                self.grade("status-mismatch", message);
            }
            _ => {}
        }
        match kind {
            Kind::Payment => self.payment(body),
            Kind::PaymentSearch => {
                self.schema("payment_search", body);
                for result in body.get("results").and_then(Value::as_array).into_iter().flatten().take(1_000) {
                    self.schema("payment", result);
                    self.loose(result);
                }
            }
            Kind::CardToken => {
                self.schema("card_token", body);
                self.loose(body);
            }
            Kind::PaymentMethods => self.schema("payment_methods", body),
            Kind::Refund => self.refund(body),
            _ => self.documented = false,
        }
    }

    fn payment(&mut self, body: &Value) {
        self.schema("payment", body);
        self.loose(body);
        let known = known_fields();
        let new: Vec<String> = body
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .filter(|name| !known.contains(name.as_str()))
            .take(MOST_FIELDS)
            .map(|name| self.outside(name))
            .collect();
        if !new.is_empty() {
            self.grade("new-field", Message::new("validate.new-field").with("fields", new.join(", ")));
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let Some(status) = text("status") else { return };
        match statuses().find(status, text("status_detail")) {
            Some(pair) => self.shows.push(Shown {
                id: format!("{status}/{}", pair.status_detail.as_deref().unwrap_or("—")),
                documented: true,
                message: None,
                endpoint: None,
                meaning: pair.meaning.clone(),
                remedy: statuses().retry_modes.get(&pair.retry.mode).cloned(),
            }),
            None => self.documented = false,
        }
    }

    fn refund(&mut self, body: &Value) {
        let fits = |name: &str, test: fn(&Value) -> bool| body.get(name).is_none_or(test);
        let id: fn(&Value) -> bool = |value| value.is_u64() || value.is_string();
        let amount: fn(&Value) -> bool = |value| value.is_number() || value.is_null();
        let text: fn(&Value) -> bool = |value| value.is_string() || value.is_null();
        let source: fn(&Value) -> bool = |value| !value.is_number() && !value.is_boolean();
        for (name, test) in [
            ("id", id),
            ("payment_id", id),
            ("amount", amount),
            ("status", text),
            ("date_created", text),
            ("source", source),
        ] {
            if !fits(name, test) {
                self.grade(
                    "type",
                    Message::new("validate.type").with("path", format!("/{name}")).with("schema", "refund"),
                );
            }
        }
    }

    fn schema(&mut self, name: &str, body: &Value) {
        for violation in schemas::check(name, body).into_iter().flatten() {
            let value = body.pointer(&violation.path);
            let required =
                matches!(violation.path.as_str(), "/id" | "/status" | "/transaction_amount" | "/collector_id");
            // A number where digits are written as text, or null where nothing is yet: a note, not a failure.
            let number = value.is_some_and(Value::is_u64) && digits(&violation.path);
            let nothing = value.is_some_and(Value::is_null) && !required && !violation.path.is_empty();
            let path = self.outside(if violation.path.is_empty() { "/" } else { &violation.path });
            if number || nothing {
                self.grade("type-in-tolerance", Message::new("validate.tolerated").with("fields", path));
            } else {
                self.grade("type", Message::new("validate.type").with("path", path).with("schema", name));
            }
        }
    }

    /// What the schema allows although it is unlike the rule: a number where strings of digits are the rule, a
    /// list where a map belongs.
    fn loose(&mut self, body: &Value) {
        let number = |pointer: &&str| body.pointer(pointer).is_some_and(Value::is_number);
        let numbers = [
            "/issuer_id",
            "/payer/id",
            "/additional_info/items/0/quantity",
            "/additional_info/items/0/unit_price",
            "/additional_info/shipments/receiver_address/zip_code",
            "/additional_info/shipments/receiver_address/street_number",
        ];
        let mut fields: Vec<&str> = numbers.into_iter().filter(number).collect();
        if body.get("collector_id").is_some_and(Value::is_string) {
            fields.push("/collector_id");
        }
        if body.get("luhn_validation").is_some_and(Value::is_string) {
            fields.push("/luhn_validation");
        }
        let lists = ["/metadata", "/order", "/additional_info"];
        fields.extend(lists.into_iter().filter(|pointer| body.pointer(pointer).is_some_and(Value::is_array)));
        if !fields.is_empty() {
            self.grade("type-in-tolerance", Message::new("validate.tolerated").with("fields", fields.join(", ")));
        }
    }
}

/// Whether a path names digits that are written as text.
fn digits(path: &str) -> bool {
    ["/first_six_digits", "/last_four_digits", "/bin", "/identification/number"].iter().any(|end| path.ends_with(end))
}

/// The resource of a path: `/v1/card_tokens/1` gives `card_tokens`.
fn resource(path: &str) -> Option<&str> {
    let mut segments = path.trim_matches('/').split('/').filter(|segment| !matches!(*segment, "v1" | "v2"));
    let first = segments.next()?;
    let last = segments.next_back()?;
    let known = ["refunds", "card_tokens", "customers", "cards", "orders"];
    [last, first].into_iter().find(|name| known.contains(name)).or(Some(first).filter(|name| *name == "card_tokens"))
}

/// Whether a message names a field in brackets, behind a colon or as a word with an underscore or a point.
fn names_a_field(text: &str) -> bool {
    let bracket = text.split_once('[').is_some_and(|(_, rest)| !rest.trim_start().starts_with(']'));
    let word = |word: &str| {
        let word = word.trim_matches(|character: char| !character.is_alphanumeric());
        word.contains('_') || (word.contains('.') && !word.contains(':'))
    };
    bracket || text.split_whitespace().any(word)
}

/// The shapes that bend the documented envelope, by name.
fn shapes(body: &Value, normal: &NormalError, status: Option<u16>) -> Vec<&'static str> {
    let has = |name: &str| body.get(name).is_some();
    if has("ErrorMessage") || has("ErrorCode") {
        return vec!["older-vocabulary"];
    }
    if has("errors") {
        return vec!["orders"];
    }
    // The gate keeper's flat body is the one that the catalogue documents.
    if has("blocked_by") {
        return Vec::new();
    }
    if has("code") && !has("cause") {
        return vec!["flat"];
    }
    if !has("cause") && !has("causes") {
        return vec![if has("error") { "cause-missing" } else { "message-only" }];
    }
    let mut shapes: Vec<&'static str> = normal.shapes.iter().copied().filter(|shape| *shape != "flat").collect();
    if has("causes") && !has("cause") {
        shapes.push("causes");
    }
    match body.get("cause") {
        Some(Value::Array(items)) if items.is_empty() && matches!(status, Some(400 | 403) | None) => {
            shapes.push("cause-empty");
        }
        Some(Value::Array(items)) if !items.is_empty() && normal.causes.is_empty() => shapes.push("cause-without-code"),
        _ => {}
    }
    let placeholder =
        |value: &Value| value.as_str().is_some_and(|text| http_status(value).is_none() && !text.is_empty());
    if body.get("status").is_some_and(placeholder) {
        shapes.push("status-placeholder");
    }
    shapes
}

/// The members of a payment that our schema names.
fn known_fields() -> &'static HashSet<String> {
    static KNOWN: OnceLock<HashSet<String>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let schema: Option<Value> = schemas::text("payment").and_then(|text| serde_json::from_str(text).ok());
        let properties = schema.as_ref().and_then(|schema| schema.get("properties")?.as_object());
        properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
    })
}
