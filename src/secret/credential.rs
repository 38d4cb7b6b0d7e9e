//! Mercado Pago credentials: told apart by their shape, found in a text, shown masked.
//!
//! Not responsible for other secrets, nor for what a found one means.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::Regex;

use super::pattern;

/// A kind of credential, told by its shape (Mercado Pago, "Credentials": the prefix alone says nothing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// Private: `APP_USR-` or `TEST-`, application id (or what somebody wrote in its place: it is not the secret part),
    /// six digits, 32 hexadecimal digits, user id.
    AccessToken,
    /// Public: `APP_USR-` or `TEST-` and a UUID.
    PublicKey,
    /// Private: `TG-`, hexadecimal digits, user id.
    RefreshToken,
}

/// A credential found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCredential {
    /// Kind.
    pub kind: Credential,
    /// Byte range in the text.
    pub range: std::ops::Range<usize>,
    /// Whether it has the `TEST-` prefix.
    pub test: bool,
}

fn credential_pattern() -> &'static Regex {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    PATTERN.get_or_init(|| {
        pattern(concat!(
            r"(?i-u)(?P<token>\b(?:APP_USR|TEST)-[0-9a-z<>{}$_-]{1,40}-[0-9]{6}-[0-9a-f]{32}(?:__[A-Z_]+__)?-[0-9]{4,14}\b)",
            r"|(?P<key>\b(?:APP_USR|TEST)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)",
            r"|(?P<refresh>\bTG-[0-9a-f]{20,32}-[0-9]{4,14}\b)",
        ))
    })
}

/// The beginnings of credentials.
pub(super) const PREFIXES: [&str; 4] = ["APP_USR", "TEST-", "TG-", "app_usr"];

/// Whether a text has the beginning of a credential.
fn credential_prefix(text: &str) -> bool {
    PREFIXES.iter().any(|prefix| text.contains(prefix))
}

/// Finds the credentials in a text, in order.
pub fn find_credentials(text: &str) -> Vec<FoundCredential> {
    if !credential_prefix(text) {
        return Vec::new();
    }
    credential_pattern()
        .captures_iter(text)
        .filter_map(|found| {
            let whole = found.get(0)?;
            let kind = if found.name("token").is_some() {
                Credential::AccessToken
            } else if found.name("key").is_some() {
                Credential::PublicKey
            } else {
                Credential::RefreshToken
            };
            let test = whole.as_str().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("TEST-"));
            Some(FoundCredential { kind, range: whole.range(), test })
        })
        .collect()
}

/// A credential as it may be shown: prefix and last four characters.
pub fn mask_credential(credential: &str) -> String {
    let prefix = credential.split_once('-').map_or("", |(prefix, _)| prefix);
    let tail: String = credential.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("{prefix}-…{tail}")
}

/// A text with the credentials of some kinds masked.
pub fn mask_credentials(text: &str, which: impl Fn(Credential) -> bool) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut from = 0;
    for found in find_credentials(text).into_iter().filter(|found| which(found.kind)) {
        masked.push_str(&text[from..found.range.start]);
        masked.push_str(&mask_credential(&text[found.range.clone()]));
        from = found.range.end;
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[from..]);
    Cow::Owned(masked)
}
