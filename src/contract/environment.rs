//! Answers that speak of the environment and not of the contract: what to tell of them, and what to do about them.
//!
//! Not responsible for sending anything again (see `retry.rs`) nor for payments that nobody knows of (see
//! `unknown_outcome.rs`).

use super::exchange::Answer;
use super::judge;
use super::retry::retry_after;
use crate::i18n::Message;

/// Longest reason that is shown, in characters.
const LONGEST_REASON: usize = 200;

/// Messages of the service that say only that something broke.
const SAY_NOTHING: [&str; 6] =
    ["internal_error", "internal error", "internal server error", "unexpected error", "unknown error", "error"];

/// How the service begins a 500 that is a mistake in the request: the reason stands at its end.
const HIDDEN_MISTAKE: &str = "error list:";

/// Whether an answer speaks of the environment. A page of HTML comes from whatever stands before the service.
pub(super) fn speaks(answer: &Answer) -> bool {
    judge::environment(answer.status) || (answer.status >= 400 && answer.json.is_none() && page(answer))
}

fn page(answer: &Answer) -> bool {
    let kind = answer.headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    kind || answer.body.trim_start().starts_with('<')
}

/// Why a body is no JSON, in words.
pub(super) fn unreadable(answer: &Answer) -> Message {
    let text = answer.body.trim();
    let cut = || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof());
    let message = if text.is_empty() {
        Message::new("contract.broken-empty")
    } else if answer.body.contains(char::REPLACEMENT_CHARACTER) {
        // What is no UTF-8 was replaced when it was read.
        Message::new("contract.broken-utf8")
    } else if page(answer) {
        Message::new("contract.broken-page")
    } else if text.starts_with(['{', '[']) && cut() {
        Message::new("contract.broken-cut")
    } else {
        Message::new("contract.not-json")
    };
    message.with("status", answer.status)
}

/// What came and what to do about it.
pub(super) fn told(answer: &Answer) -> (Message, Message) {
    let status = answer.status;
    let reason = reason(answer);
    let message = match &reason {
        Some(Reason { text, .. }) => {
            Message::new("contract.environment-reason").with("status", status).with("reason", text)
        }
        None if page(answer) => Message::new("contract.environment-page").with("status", status),
        None => Message::new("contract.environment").with("status", status),
    };
    let told = answer.headers.get("retry-after").and_then(|value| retry_after(value, answer.headers.get("date")));
    // No time to wait is no advice.
    let told = told.filter(|wait| wait.as_secs() > 0);
    let fix = match (status, told) {
        (429, Some(wait)) => Message::new("contract.fix-429-after").with("seconds", wait.as_secs()),
        (429, None) => Message::new("contract.fix-429"),
        (424, _) => Message::new("contract.fix-424"),
        (499 | 504, _) => Message::new("contract.fix-unknown"),
        (503, Some(wait)) => Message::new("contract.fix-503-after").with("seconds", wait.as_secs()),
        (500, _) if reason.as_ref().is_some_and(|reason| reason.hidden_mistake) => Message::new("contract.fix-mistake"),
        (500, _) if reason.is_some() => Message::new("contract.fix-500-reason"),
        (500..=599, _) => Message::new("contract.fix-5xx"),
        _ => Message::new("contract.fix-page"),
    };
    (message, fix)
}

struct Reason {
    text: String,
    /// Whether it is the client that has to mend something.
    hidden_mistake: bool,
}

/// What an answer says beyond that something broke.
fn reason(answer: &Answer) -> Option<Reason> {
    let normal = judge::normalise(answer.json.as_ref()?);
    let causes = normal.causes.iter().filter_map(|cause| cause.description.clone());
    let said = normal.message.into_iter().chain(causes).chain(normal.error);
    let text = said.map(|text| text.trim().to_owned()).find(|text| {
        let plain = text.trim_end_matches('.').to_lowercase();
        !plain.is_empty() && !SAY_NOTHING.contains(&plain.as_str())
    })?;
    let at = text.to_ascii_lowercase().rfind(HIDDEN_MISTAKE);
    let inner = at.and_then(|at| text.get(at + HIDDEN_MISTAKE.len()..)).map(str::trim).filter(|text| !text.is_empty());
    let hidden_mistake = inner.is_some();
    let text = inner.unwrap_or(&text).chars().take(LONGEST_REASON).collect();
    Some(Reason { text, hidden_mistake })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &str, headers: &[(&str, &str)]) -> Answer {
        Answer {
            status,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: body.to_owned(),
            json: serde_json::from_str(body).ok(),
            cut: false,
            masked: Vec::new(),
            made_anew: false,
        }
    }

    #[test]
    fn a_body_that_is_no_json_says_in_which_way() {
        for (body, key) in [
            ("", "contract.broken-empty"),
            (" \n", "contract.broken-empty"),
            (r#"{"id": 1, "status": "appr"#, "contract.broken-cut"),
            ("{\"id\": \"\u{fffd}\u{fffd}", "contract.broken-utf8"),
            ("<!doctype html><p>hi", "contract.broken-page"),
            ("OK", "contract.not-json"),
            ("{'id': 1}", "contract.not-json"),
        ] {
            assert_eq!(unreadable(&answered(200, body, &[])).key, key, "{body}");
        }
    }

    #[test]
    fn each_status_has_its_own_advice() {
        let internal = r#"{"message":"internal_error","error":null,"status":500,"cause":[]}"#;
        let hidden = r#"{"message":"fill and validate error list: payer is required","status":500,"cause":[]}"#;
        let live = r#"{"message":"Test user in a live flow","status":500}"#;
        for (answer, message, fix) in [
            (answered(424, "{}", &[]), "contract.environment", "contract.fix-424"),
            (answered(429, "{}", &[]), "contract.environment", "contract.fix-429"),
            (answered(429, "{}", &[("retry-after", "9")]), "contract.environment", "contract.fix-429-after"),
            (answered(499, "", &[]), "contract.environment", "contract.fix-unknown"),
            (answered(500, internal, &[]), "contract.environment", "contract.fix-5xx"),
            (answered(500, hidden, &[]), "contract.environment-reason", "contract.fix-mistake"),
            (answered(500, live, &[]), "contract.environment-reason", "contract.fix-500-reason"),
            (answered(502, "<html>bad gateway</html>", &[]), "contract.environment-page", "contract.fix-5xx"),
            (answered(429, "{}", &[("retry-after", "0")]), "contract.environment", "contract.fix-429"),
            (answered(503, "", &[("retry-after", "0")]), "contract.environment", "contract.fix-5xx"),
            (answered(503, "", &[("retry-after", "9")]), "contract.environment", "contract.fix-503-after"),
            (answered(504, "", &[]), "contract.environment", "contract.fix-unknown"),
            (
                answered(403, "<html>", &[("content-type", "text/html")]),
                "contract.environment-page",
                "contract.fix-page",
            ),
        ] {
            assert!(speaks(&answer), "{answer:?}");
            let told = told(&answer);
            assert_eq!((told.0.key.as_ref(), told.1.key.as_ref()), (message, fix), "{answer:?}");
        }
        assert_eq!(told(&answered(500, hidden, &[])).0.args["reason"], "payer is required");
        assert!(!speaks(&answered(404, r#"{"message":"x"}"#, &[])));
        assert!(!speaks(&answered(404, "", &[])));
        assert!(!speaks(&answered(200, "<html>", &[])));
    }
}
