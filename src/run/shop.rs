//! What is kept of the go-live side: the rules that were judged, pages, TLS facts and checks.

use serde::{Deserialize, Serialize};

use super::{EntrySight, Finding, RunVerdict, Severity, TlsFacts, Tolerated, Verdict};
use crate::i18n::{Message, Text};

/// One of the documented requirements that rules belong to (`rules/requirements.yaml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequirementCard {
    /// Id, for example `https`.
    pub id: String,
    /// Title.
    pub title: Text,
    /// Where the requirement is documented.
    pub source: String,
}

/// The words of a rule, kept in the record so that it renders the same with later rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCard {
    /// Rule id.
    pub id: String,
    /// Folder of the rule: `transport`, `sdk`, `card`, …
    pub family: String,
    /// Requirement it belongs to.
    pub requirement: String,
    /// Weight, after the user's overrides.
    pub severity: Severity,
    /// Where the demand comes from: `documented-today`, `documented-formerly`, `engineering`, `law`, `pci`.
    pub origin: String,
    /// What is demanded.
    pub title: Text,
    /// Why it matters.
    pub why: Text,
    /// How to mend it.
    pub fix: Text,
    /// Sources.
    pub sources: Vec<String>,
    /// A small example that passes, if the rule has one that is HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}

/// A requirement that no page shows: a person checks it. It has no verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualCard {
    /// Id, as `homologa explain` knows it.
    pub id: String,
    /// Weight.
    pub severity: Severity,
    /// Where the demand comes from, as for [`RuleCard::origin`].
    pub origin: String,
    /// What is demanded.
    pub requirement: Text,
    /// Why it matters.
    pub why: Text,
    /// How a person checks it.
    pub how: Text,
    /// The name of that way, by which they are put together: `payload`, `panel`, …; empty in older records.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub way: String,
    /// Fields of the API that it speaks of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Sources.
    pub sources: Vec<String>,
}

/// A Mercado Pago front end that a page uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Generation {
    /// mercadopago.js v1 with `data-checkout`.
    #[serde(rename = "v1")]
    V1,
    /// MercadoPago.js V2 core methods or Secure Fields.
    #[serde(rename = "v2-core")]
    V2Core,
    /// MercadoPago.js V2 `cardForm`.
    #[serde(rename = "v2-cardform")]
    V2CardForm,
    /// Checkout Bricks.
    #[serde(rename = "bricks")]
    Bricks,
    /// Checkout Pro: redirect, modal or Wallet Brick.
    #[serde(rename = "checkout-pro")]
    CheckoutPro,
}

impl Generation {
    /// The name used in rules and reports.
    pub fn name(self) -> &'static str {
        match self {
            Generation::V1 => "v1",
            Generation::V2Core => "v2-core",
            Generation::V2CardForm => "v2-cardform",
            Generation::Bricks => "bricks",
            Generation::CheckoutPro => "checkout-pro",
        }
    }
}

/// One answer of a redirect chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// URL asked.
    pub url: String,
    /// HTTP status answered.
    pub status: u16,
}

/// A page as the report lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PageSummary {
    /// Final URL.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// Title of the document.
    pub title: String,
    /// Links away from the start page.
    pub depth: u32,
    /// Bytes of the body that were read.
    pub bytes: u64,
    /// Redirects before the final answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Front ends found on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generations: Vec<Generation>,
    /// Whether it asks for a payment (form, SDK, Brick or button).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checkout: bool,
    /// Whether it was opened in a browser.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rendered: bool,
    /// File with a picture of it, when pictures were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screenshot: Option<String>,
    /// Why it could not be judged whole (needs JavaScript, cut, not HTML), if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Message>,
}

/// An address that was found but not read, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// URL.
    pub url: String,
    /// Why.
    pub reason: Message,
}

/// The browser that opened pages of a shop.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BrowserFacts {
    /// Its program.
    pub program: String,
    /// As it names itself, for example `HeadlessChrome/156.0.8078.79`.
    pub version: String,
    /// Pages that it opened.
    pub pages: u32,
    /// Whether it ran without its own sandbox, because homologa ran as root.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unguarded: bool,
}

/// A rule judged on a shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Rule id.
    pub rule: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Why it is inconclusive or not applicable, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Message>,
    /// How many pages (or hosts) were looked at.
    pub looked_at: u32,
    /// What did not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What did not hold and is tolerated: no part of the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerated: Vec<Tolerated>,
}

impl Check {
    /// Whether it passes only because what does not hold is tolerated: never to be shown as a plain pass.
    pub fn passes_tolerated(&self) -> bool {
        self.verdict == Verdict::Pass && !self.tolerated.is_empty()
    }
}

/// The go-live side of a record for one shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopRecord {
    /// URL the user gave.
    pub url: String,
    /// Verdict.
    pub verdict: RunVerdict,
    /// TLS facts, when the URL is https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFacts>,
    /// The browser that opened pages, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser: Option<BrowserFacts>,
    /// Pages read.
    pub pages: Vec<PageSummary>,
    /// Addresses left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// Every rule, in rule order.
    pub checks: Vec<Check>,
    /// What each accepted entry met here, in the order of [`super::AcceptedFindings::entries`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<EntrySight>,
    /// Milliseconds.
    pub elapsed_ms: u64,
    /// Its place among all shops of the run, from 0, those of its other parts included.
    #[serde(default)]
    pub place: usize,
}

/// A shop that could not be read at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadShop {
    /// URL the user gave, or the path of saved material.
    pub url: String,
    /// Its place among all shops of the run, from 0.
    pub place: usize,
    /// Why.
    pub reason: Message,
}

impl ShopRecord {
    /// The verdict that follows from checks: a failed blocker decides; an inconclusive blocker leaves it open.
    pub fn verdict_of(checks: &[Check], rules: &[RuleCard]) -> RunVerdict {
        let blocker = |id: &str| rules.iter().any(|rule| rule.id == id && rule.severity == Severity::Blocker);
        let parts = checks.iter().filter_map(|check| match check.verdict {
            Verdict::Fail => Some(RunVerdict::NotReady),
            Verdict::Inconclusive if blocker(&check.rule) => Some(RunVerdict::Inconclusive),
            Verdict::Pass | Verdict::Warn | Verdict::Inconclusive => Some(RunVerdict::Ready),
            Verdict::NotApplicable => None,
        });
        RunVerdict::of(parts)
    }
}
