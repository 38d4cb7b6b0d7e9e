//! Reads the answers out of a recording (`contract run --record`). Judges nothing.

use super::read::is_html;
use super::{Captured, MOST_BODIES, NotJson, Report};
use crate::contract::recording::{FORMAT, Head, Line};
use crate::i18n::Message;

/// Whether a file begins as a recording does.
pub(super) fn is_recording(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    crate::contract::recording::is_head(first)
}

impl Report {
    /// Judges every answer of a recording. Exchanges without a whole answer are counted as skipped; a line that does not
    /// read is told, also when a killed run cut its last one in the middle.
    pub(super) fn recording(&mut self, file: &str, bytes: &[u8]) {
        let mut count = 0;
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            match serde_json::from_slice::<Line>(line) {
                Ok(Line::Head(Head { format, .. })) if format > FORMAT => {
                    let message = Message::new("run.newer-format").with("format", format).with("known", FORMAT);
                    self.problem(file, message);
                    return;
                }
                Ok(Line::Head(_) | Line::End { .. }) => {}
                Ok(Line::Exchange(entry)) => {
                    count += 1;
                    if count > MOST_BODIES {
                        self.problem(file, Message::new("validate.too-many").with("limit", MOST_BODIES));
                        return;
                    }
                    // Of a body that was cut nothing can be said.
                    let Some(response) = entry.response.filter(|response| !response.truncated) else {
                        self.skipped += 1;
                        continue;
                    };
                    let path = entry.request.path.split('?').next().unwrap_or_default().to_owned();
                    self.body(
                        file,
                        Captured {
                            place: format!(":{number}"),
                            method: Some(entry.request.method),
                            path: Some(path),
                            status: Some(response.status),
                            not_json: response
                                .content
                                .text
                                .map(|text| if is_html(&text) { NotJson::Html } else { NotJson::Text }),
                            body: response.content.body,
                            direct: true,
                            ..Captured::default()
                        },
                    );
                }
                Err(_) if line.trim_ascii().is_empty() => {}
                Err(error) => self.unreadable(file, number, error.column(), &error),
            }
        }
    }
}
