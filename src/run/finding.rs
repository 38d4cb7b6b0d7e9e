//! A finding: something that did not hold, where, with what evidence and how to mend it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::i18n::Message;

/// How much a finding weighs, heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Stops the go-live.
    Blocker,
    /// Costs sales or trust; does not stop the go-live.
    Warning,
    /// Good practice.
    Advice,
}

/// Where a finding is: on a page, in a file, or in a step of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// URL of the page or resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// File, as the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// CSS selector of the element.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Step of a scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// One piece of evidence. Everything in it may come from outside: reporters escape it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Evidence {
    /// A piece of source, cut to a bounded length, with the marked characters.
    Code {
        /// URL or file the piece is from.
        source: String,
        /// Line of the first character, from 1.
        line: u32,
        /// Column of the mark, from 1, in characters.
        column: u32,
        /// The text; one line or a few.
        text: String,
        /// Characters of `text` to mark: start and length.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<(u32, u32)>,
    },
    /// A response header; `None` when it is missing.
    Header {
        /// Name in lower case.
        name: String,
        /// Value, cut to a bounded length.
        value: Option<String>,
    },
    /// A field of a certificate or of a TLS handshake.
    Certificate {
        /// Field: `not-after`, `names`, `issuer`, …
        field: String,
        /// Value as text.
        value: String,
    },
    /// Expected against observed at one place of a response.
    Difference {
        /// JSON Pointer, header name or `status`.
        path: String,
        /// What was expected.
        expected: String,
        /// What came.
        actual: String,
    },
    /// An address that was asked and what it answered.
    Answer {
        /// URL.
        url: String,
        /// HTTP status, or `None` when there was no answer.
        status: Option<u16>,
    },
    /// Something said in words.
    Note {
        /// The words.
        message: Message,
    },
}

/// A rule or an expectation that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Identity that stays the same from run to run: see [`fingerprint`].
    pub id: String,
    /// Rule or grade that did not hold, as `homologa explain` knows it.
    pub rule: String,
    /// Weight.
    pub severity: Severity,
    /// What was found.
    pub message: Message,
    /// Where.
    pub place: Place,
    /// Proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// How to mend it, where the rule's own text does not say it already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Message>,
}

/// The identity of a finding: 16 hexadecimal digits of a hash over its stable parts
/// (rule, page path, selector). Line numbers do not belong in it: they move with every edit.
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identity_depends_on_every_part_and_its_border() {
        assert_eq!(fingerprint(&["a", "bc"]).len(), 16);
        assert_ne!(fingerprint(&["a", "bc"]), fingerprint(&["ab", "c"]));
    }
}
