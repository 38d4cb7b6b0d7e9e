//! Grades an error: HTTP status and cause code decide, the rest are notes.

use serde_json::Value;

use super::Shown;
use super::body::Work;
use super::shape::{shapes, told};
use crate::contract::judge::{Cause, NormalError, environment, normalise, plain};
use crate::i18n::Message;
use crate::specs::catalogue::{Entry, Neighbour, NeighbourKind, catalogue, neighbours};

impl Work {
    /// Judges an error body; `status` is what counts, `inner` what the body itself says.
    pub(super) fn error(&mut self, body: &Value, status: Option<u16>, inner: Option<u16>, path: Option<&str>) {
        let normal = normalise(body);
        if let Some(status) = status.filter(|status| environment(*status)) {
            let told = normal.causes.iter().filter_map(|cause| cause.description.as_deref());
            let texts: Vec<&str> = normal.message.as_deref().into_iter().chain(told).collect();
            self.environment(status, &texts);
            return;
        }
        match (status, inner) {
            (Some(status), Some(inner)) if status != inner => {
                let message = Message::new("validate.status-differs").with("status", status).with("body", inner);
                self.grade("status-mismatch", message);
            }
            (Some(status @ 200..=299), _) => {
                self.grade("status-mismatch", Message::new("validate.error-succeeds").with("status", status));
            }
            _ => {}
        }
        let orders = body.get("errors").is_some_and(Value::is_array);
        let formerly_under_its_status = self.codes(&normal, status, path, orders);
        let shapes = shapes(body, &normal);
        if let Some(status) = status
            && !formerly_under_its_status
            && !self.has("status-mismatch")
        {
            self.undocumented(status);
        }
        for shape in shapes {
            // A 404 has no cause as a rule; that its status is not documented says it all.
            if shape != "cause-empty" || (self.shows.is_empty() && !self.has("undocumented-status")) {
                self.grade("shape", told(shape));
            }
        }
        // The wrapper of another service's answer comes with 400 as well as with 500.
        if let Some((_, reason)) = normal.message.as_deref().and_then(|text| text.split_once("validate error list:")) {
            let reason = self.outside(reason);
            self.grade("shape", Message::new("validate.inner-reason").with("reason", reason));
        }
        if self.shows.is_empty() {
            self.documented = false;
            if self.is_ungraded() {
                self.grade("unknown-code", Message::new("validate.no-code"));
            }
        }
    }

    /// Grades every code; tells whether one stood in an older catalogue under this very status.
    /// `orders` says that they stand in a list of the Orders API.
    fn codes(&mut self, normal: &NormalError, status: Option<u16>, path: Option<&str>, orders: bool) -> bool {
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
                None if orders && known.is_empty() => {
                    self.documented = false;
                    let code = self.outside(&cause.code);
                    self.grade("unknown-code", Message::new("validate.code-of-orders").with("code", &code));
                }
                _ => formerly |= self.neighbour(cause, &known, status, path),
            }
        }
        if normal.causes.is_empty()
            && let Some(message) = &normal.message
        {
            // The 401 entry is known by its sentence alone.
            let sentence = |entry: &&Entry| entry.code.contains(' ') && plain(&entry.code) == plain(message);
            if let Some(entry) = catalogue().entries().iter().find(sentence)
                && status.is_none_or(|status| status == entry.status)
            {
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
        let several = normal.causes.len() > 1;
        // With several causes the one message cannot be the sentence of each.
        let told: Vec<&str> = match description {
            Some(description) if several => vec![description],
            _ => message.into_iter().chain(first_line).chain(description).collect(),
        };
        let conform = told.is_empty() || entry.message.is_none() || told.iter().any(|text| entry.says(text));
        if !conform {
            let shown = self.outside(told.first().copied().unwrap_or_default());
            self.grade("reworded", Message::new("validate.reworded").with("code", &entry.code).with("text", &shown));
        }
        // A template names the field at fault: one without a name tells nothing.
        let template = entry.message_pattern.is_some() && matches!(entry.code.as_str(), "8" | "23");
        if template && !told.is_empty() && !told.iter().any(|text| names_a_field(text)) {
            self.grade("unmatched-template", Message::new("validate.template").with("code", &entry.code));
        }
        if let (Some(message), Some(description)) = (message, description)
            && !several
            && plain(message) != plain(description)
            && first_line.is_none_or(|line| plain(line) != plain(description))
        {
            let text = self.outside(description);
            self.grade("message-split", Message::new("validate.split").with("text", text));
        }
    }

    fn neighbour(&mut self, cause: &Cause, known: &[&Neighbour], status: Option<u16>, path: Option<&str>) -> bool {
        let shown = best(cause, known, status, path);
        let code = self.outside(&cause.code);
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
        let kind = shown.map(|shown| shown.kind);
        let endpoint = match shown {
            Some(shown) => shown.endpoint.as_deref().or(Some("/v1/card_tokens")),
            None => family(&cause.code),
        };
        let at_home = path.is_some_and(|path| {
            resource(path).is_some_and(|resource| endpoint.is_some_and(|endpoint| endpoint.contains(resource)))
        });
        let elsewhere = match kind {
            Some(NeighbourKind::OtherEndpoint | NeighbourKind::ClientSide) => true,
            Some(_) => false,
            None => endpoint.is_some(),
        };
        self.documented = elsewhere && at_home;
        let endpoint = endpoint.unwrap_or_default();
        if kind == Some(NeighbourKind::FormerlyDocumented) {
            self.grade("formerly-documented", Message::new("validate.formerly").with("code", &code));
        } else if elsewhere && at_home {
            self.grade("conform", Message::new("validate.at-home").with("code", &code).with("endpoint", endpoint));
        } else if elsewhere {
            let message = Message::new("validate.other-endpoint").with("code", &code).with("endpoint", endpoint);
            self.grade("other-endpoint", message);
        } else if !(code.contains(' ') && status.is_some_and(|status| !matches!(status, 400 | 401 | 403))) {
            // A sentence in the place of a code says no more than its undocumented status.
            self.grade("unknown-code", Message::new("validate.unknown-code").with("code", &code));
        }
        kind == Some(NeighbourKind::FormerlyDocumented) && shown.is_some_and(|shown| shown.status == status)
    }
}

/// Which of the known meanings of a code is meant: the one whose sentence came, else the one of the path, else one of
/// a document, of this status, and of payments for a number or of another resource for a text.
fn best<'n>(cause: &Cause, known: &[&'n Neighbour], status: Option<u16>, path: Option<&str>) -> Option<&'n Neighbour> {
    let says = |other: &&Neighbour| match (&other.message, &cause.description) {
        (Some(known), Some(told)) => plain(known) == plain(told),
        _ => false,
    };
    let of_path = |other: &&Neighbour| {
        path.and_then(resource)
            .is_some_and(|resource| other.endpoint.as_deref().is_some_and(|endpoint| endpoint.contains(resource)))
    };
    let undocumented = |other: &Neighbour| other.kind == NeighbourKind::Undocumented;
    // Guides list codes without a status.
    let of_status = |other: &Neighbour| status.is_none() || other.status.is_none() || other.status == status;
    let of_payments = |other: &Neighbour| other.kind == NeighbourKind::FormerlyDocumented;
    let found = known.iter().copied();
    found.min_by_key(|other| {
        let like_its_type = of_payments(other) != cause.code_is_text;
        // A bare text in place of a number, of which nothing else is known, is what the card form hands on.
        let of_form = cause.code_is_text && cause.description.is_none() && status.is_none() && path.is_none();
        let like_its_place = !of_form || other.kind == NeighbourKind::ClientSide;
        (!says(other), !of_path(other), undocumented(other), !of_status(other), !like_its_place, !like_its_type)
    })
}

/// The resource whose codes are written like this one: letters and digits on card tokens, `card-…` on stored cards.
fn family(code: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if code.strip_prefix('E').is_some_and(digits) {
        Some("/v1/card_tokens")
    } else if code.strip_prefix("card-").is_some_and(digits) {
        Some("/v1/customers/{id}/cards")
    } else {
        None
    }
}

/// The resource of a path: `/v1/card_tokens/1` gives `card_tokens`.
fn resource(path: &str) -> Option<&str> {
    let mut segments = path.trim_matches('/').split('/').filter(|segment| !matches!(*segment, "v1" | "v2"));
    let first = segments.next()?;
    let known = ["refunds", "card_tokens", "cards", "customers", "orders"];
    segments.rev().chain([first]).find(|name| known.contains(name))
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
