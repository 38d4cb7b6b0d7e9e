//! The shape of a rule file, as its author writes it.

use serde::Deserialize;

use crate::golive::page::card::CardRole;
use crate::i18n::Text;
use crate::run::{Generation, Severity};

/// Where the demand of a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Mercado Pago's documents of today.
    DocumentedToday,
    /// Mercado Pago's documents of an earlier time.
    DocumentedFormerly,
    /// Engineering judgement.
    Engineering,
    /// A law.
    Law,
    /// PCI DSS.
    Pci,
}

impl Origin {
    /// The name in rule files and records.
    pub fn name(self) -> &'static str {
        match self {
            Origin::DocumentedToday => "documented-today",
            Origin::DocumentedFormerly => "documented-formerly",
            Origin::Engineering => "engineering",
            Origin::Law => "law",
            Origin::Pci => "pci",
        }
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Every page.
    #[default]
    Page,
    /// Every page that asks for a payment.
    Checkout,
    /// The shop as a whole: some page must fulfil it.
    Shop,
}

/// A rule file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleFile {
    /// Id, kebab-case, the stem of the file name.
    pub id: String,
    /// Requirement of `requirements.yaml` it belongs to.
    pub requirement: String,
    /// Weight of a finding.
    pub severity: Severity,
    /// Weight on pages that use this one front end and not v1.
    #[serde(default)]
    pub severity_for: Vec<SeverityFor>,
    /// Front ends it applies to; none means every page.
    #[serde(default)]
    pub generations: Vec<Generation>,
    /// Where the demand comes from.
    pub origin: Origin,
    /// What it looks at.
    #[serde(default)]
    pub scope: Scope,
    /// What is demanded.
    pub title: Text,
    /// Why.
    pub why: Text,
    /// How to mend it.
    pub fix: Text,
    /// Sources in words.
    pub sources: Vec<String>,
    /// How it is judged.
    pub check: CheckFile,
    /// Its proof.
    pub examples: Examples,
}

/// Another weight for one front end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityFor {
    /// The front end.
    pub generation: Generation,
    /// The weight there.
    pub severity: Severity,
}

/// How a rule is judged: exactly one of `each`, `none`, `some`, `card-fields`, `no-script`,
/// `no-words` and `predicate`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckFile {
    /// CSS: every element that it matches (and `where` keeps) must fulfil `must`.
    pub each: Option<String>,
    /// Every card field of these roles (and that `where` keeps) must fulfil `must`.
    pub card_fields: Option<Vec<CardRole>>,
    /// CSS: no element may match.
    pub none: Option<String>,
    /// CSS: some element must match.
    pub some: Option<String>,
    /// With `some`: or these words (a regular expression) stand on the page.
    pub or_words: Option<String>,
    /// With `some`: or this stands in a script of the page.
    pub or_script: Option<String>,
    /// A regular expression that may stand nowhere in the scripts of the page.
    pub no_script: Option<String>,
    /// A regular expression that the words a visitor reads may not match.
    pub no_words: Option<String>,
    /// A named predicate in code.
    pub predicate: Option<String>,
    /// Keeps only some of the elements that were selected.
    #[serde(rename = "where")]
    pub keep: Option<Conditions>,
    /// What each element must fulfil.
    pub must: Option<Conditions>,
    /// With `each`: how many elements there may be at most on a page.
    pub at_most: Option<usize>,
}

/// Conditions on one element; all must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Conditions {
    /// The element has this attribute, not empty.
    pub have_attribute: Option<String>,
    /// The element has not this attribute, or it is empty.
    pub lack_attribute: Option<String>,
    /// The value of an attribute.
    pub attribute: Option<AttributePattern>,
    /// The words inside the element match this regular expression.
    pub text: Option<String>,
}

/// A demand on the value of an attribute.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributePattern {
    /// Its name.
    pub name: String,
    /// It is there and matches this regular expression.
    pub matches: Option<String>,
    /// It is missing or does not match this regular expression.
    pub excludes: Option<String>,
}

/// The proof of a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Shops that fulfil it.
    pub pass: Vec<Example>,
    /// Shops that do not.
    pub fail: Vec<Example>,
}

/// One example: HTML, or a shop.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Example {
    /// The body of the only page, at `https://shop.example/checkout`.
    Html(String),
    /// A shop with more to it.
    Shop(Box<ExampleShop>),
}

/// A shop in few words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExampleShop {
    /// Body of the first page.
    #[serde(default)]
    pub html: String,
    /// Address of the first page.
    pub url: Option<String>,
    /// HTTP status of the first page.
    pub status: Option<u16>,
    /// Headers of the first page.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// Own scripts of the first page, by path.
    #[serde(default)]
    pub scripts: std::collections::BTreeMap<String, String>,
    /// Own frames of the first page, by path.
    #[serde(default)]
    pub frames: std::collections::BTreeMap<String, String>,
    /// More pages.
    #[serde(default)]
    pub pages: Vec<ExampleShop>,
    /// The first page as a browser drew it.
    pub rendered: Option<ExampleRendered>,
    /// What scripts of the first page lead to (source maps, say), by path.
    #[serde(default)]
    pub served: std::collections::BTreeMap<String, String>,
    /// TLS facts: days left and faults.
    pub tls: Option<ExampleTls>,
    /// Paths of files that no shop should serve and that this one does; left out when nobody asked for them.
    pub files: Option<Vec<String>>,
    /// What other addresses answered.
    #[serde(default)]
    pub answers: std::collections::BTreeMap<String, Option<u16>>,
}

/// What a browser saw, in few words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExampleRendered {
    /// The markup in the end; without it, that of the page.
    pub html: Option<String>,
    /// Requests that it made.
    #[serde(default)]
    pub requests: Vec<ExampleRequest>,
    /// Exceptions that nobody caught.
    #[serde(default)]
    pub exceptions: Vec<String>,
}

/// A request in few words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExampleRequest {
    /// Address, or path at the shop.
    pub url: String,
    /// Method; without it GET.
    pub method: Option<String>,
    /// What it was for: `script`, `fetch`, …
    pub kind: String,
    /// Status that answered.
    pub status: Option<u16>,
    /// Why it failed.
    pub failed: Option<String>,
    /// Who stopped it.
    pub blocked: Option<String>,
    /// Whether any origin may read the answer.
    #[serde(default)]
    pub any_origin: bool,
}

/// TLS facts in few words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExampleTls {
    /// Version that was agreed on; without it TLS 1.3.
    pub version: Option<String>,
    /// Whole days until the certificate expires.
    pub days_left: Option<i64>,
    /// Faults as the probe names them.
    #[serde(default)]
    pub faults: Vec<String>,
    /// Versions that the server was seen to speak beside that one; without it TLS 1.2.
    pub offers: Option<Vec<String>>,
    /// Versions of which it could not be told.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// The certificates of the way to the root, as far as the example cares.
    #[serde(default)]
    pub chain: Vec<ExampleCertificate>,
    /// The issuer that was not sent.
    pub missing_issuer: Option<String>,
    /// What plain http answered; without it, a redirect to https.
    pub plain: Option<ExamplePlain>,
}

/// A certificate in few words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExampleCertificate {
    /// Kind and size of its key, as in `RSA 2048`.
    pub key: Option<String>,
    /// How it was signed.
    pub signature: Option<String>,
    /// Whole days until it expires.
    pub days_left: Option<i64>,
    /// Whether it was sent and leads nowhere.
    #[serde(default)]
    pub extra: bool,
}

/// Plain http in few words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExamplePlain {
    /// Status of the last answer; without it nothing listens.
    pub status: Option<u16>,
    /// Where it leads.
    pub leads_to: Option<String>,
}
