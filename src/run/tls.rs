//! What is kept of the TLS probe: the chain, the path to a root, the versions offered, and plain http.

use serde::{Deserialize, Serialize};

use super::Hop;
use crate::i18n::Message;

/// Facts of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Subject as text.
    pub subject: String,
    /// Issuer as text.
    pub issuer: String,
    /// DNS names and addresses it is valid for.
    pub names: Vec<String>,
    /// RFC 3339, UTC.
    pub not_before: String,
    /// RFC 3339, UTC.
    pub not_after: String,
    /// SHA-256 of the DER form, hexadecimal.
    pub sha256: String,
    /// Kind of its public key: `RSA`, `EC` or the object identifier of another kind; empty when it cannot be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Size of the key in bits; 0 when the kind has none that says something.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub key_bits: u32,
    /// How it was signed: `RSA-SHA256`, `ECDSA-SHA384`, …, or the object identifier; empty when it cannot be read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
    /// Whole days until it expires, at the time of the probe; negative when it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
}

impl CertificateFacts {
    /// Whether its key is one that browsers or the rules of public authorities do not take any more.
    pub fn weak_key(&self) -> bool {
        match self.key.as_str() {
            "RSA" => self.key_bits < 2048,
            "EC" => self.key_bits < 256,
            "DSA" => true,
            _ => false,
        }
    }

    /// Whether somebody signed it with MD2, MD5 or SHA-1. Nobody looks at what a root says of itself.
    pub fn weak_signature(&self) -> bool {
        let weak = ["MD2", "MD5", "SHA1"].iter().any(|hash| self.signature.ends_with(&format!("-{hash}")));
        weak && self.subject != self.issuer
    }
}

/// Whether the server speaks one version of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionFacts {
    /// `SSLv3`, `TLSv1.0`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// `None` when it could not be told.
    pub offered: Option<bool>,
    /// Why it could not be told, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Message>,
}

/// What the same host answers to plain http on port 80.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlainHttp {
    /// The answers, in order; several when one http address leads to another.
    pub hops: Vec<Hop>,
    /// Where the last answer leads, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leads_to: Option<String>,
    /// Whether nothing listens there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// Why there is no answer, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Message>,
}

/// What the probe of the shop's host told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `host:port`.
    pub host: String,
    /// `TLSv1.2` or `TLSv1.3`, as today's clients agree with the server; `None` when no such handshake succeeded.
    pub version: Option<String>,
    /// The chain as sent, leaf first.
    pub chain: Vec<CertificateFacts>,
    /// What is wrong with trust, names or dates: `expired`, `intermediate-expired`, `not-yet-valid`, `wrong-name`,
    /// `unknown-issuer`, `missing-intermediate`, `self-signed`, `weak-signature`, `weak-key`, `other`; empty when a browser would
    /// accept it.
    pub faults: Vec<String>,
    /// Whole days until the leaf expires, at the time of the probe; negative when it has.
    pub days_left: Option<i64>,
    /// Why there are no facts, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Message>,
    /// What the server and a browser would speak over the connection: `h2`, `http/1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alpn: Option<String>,
    /// Every version that was asked for, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<VersionFacts>,
    /// The way from the leaf to the root: places in `chain`, leaf first; as far as what was sent leads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<usize>,
    /// The trusted root at the end of that way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// The issuer that was not sent and is no trusted root, where the way ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_issuer: Option<String>,
    /// Whether certificates of the way were sent in another order than the way needs them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unordered: bool,
    /// Certificates that were sent and have nothing to do with the leaf, or were sent twice: places in `chain`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<usize>,
    /// Plain http; `None` when it was not asked, because the shop is not on port 443.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<PlainHttp>,
}

impl TlsFacts {
    /// Whether the server speaks `version`, as far as is known.
    pub fn offers(&self, version: &str) -> Option<bool> {
        self.versions.iter().find(|facts| facts.version == version)?.offered
    }

    /// The certificates of the way to the root, leaf first.
    pub fn way(&self) -> impl Iterator<Item = &CertificateFacts> {
        self.path.iter().filter_map(|at| self.chain.get(*at))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
