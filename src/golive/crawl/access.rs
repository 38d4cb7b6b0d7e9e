//! What the user gives to get into a shop that is not open to everybody: headers and a name with a password.
//!
//! It comes from the environment, goes to the shop's own host only ([`super::scope::Scope::trusts`]) and never into
//! a record: where a page repeats it, it is masked before the page becomes evidence.

use std::fmt;

use base64::Engine as _;
use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::i18n::Message;
use crate::run::Problem;

/// Shortest value that is masked where a page repeats it: shorter ones are words of any page.
const SECRET_LENGTH: usize = 6;
/// Headers that the crawl itself sets or that would change what an answer means.
const OWN: &[&str] =
    &["host", "content-length", "transfer-encoding", "connection", "cookie", "accept-encoding", "range"];

/// What is sent to the shop's own host beside each request.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Access {
    headers: Vec<(HeaderName, HeaderValue)>,
    secrets: Vec<String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        out.debug_struct("Access").field("headers", &names).finish_non_exhaustive()
    }
}

impl Access {
    /// Adds a header.
    ///
    /// # Errors
    /// A problem of the input when the name is none, is one that the crawl sets itself, or the value cannot be sent;
    /// the value is not repeated.
    pub fn header(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let refuse = |key: &'static str| {
            Problem::input(Message::new(key).with("name", name)).fix(Message::new("crawl.bad-header-fix"))
        };
        let read = HeaderName::try_from(name).map_err(|_| refuse("crawl.bad-header-name"))?;
        if OWN.contains(&read.as_str()) {
            return Err(refuse("crawl.bad-header-name"));
        }
        let mut sent = HeaderValue::from_str(value.trim()).map_err(|_| refuse("crawl.bad-header-value"))?;
        sent.set_sensitive(true);
        self.keep_secret(value.trim());
        self.headers.push((read, sent));
        Ok(())
    }

    /// Adds basic authentication; `pair` is `user:password`.
    ///
    /// # Errors
    /// A problem of the input when there is no colon; the value is not repeated.
    pub fn basic(&mut self, pair: &str) -> Result<(), Problem> {
        let pair = pair.trim_end_matches(['\r', '\n']);
        let Some((_, password)) = pair.split_once(':') else {
            return Err(
                Problem::input(Message::new("crawl.bad-basic-auth")).fix(Message::new("crawl.bad-basic-auth-fix"))
            );
        };
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        self.keep_secret(password);
        self.header(AUTHORIZATION.as_str(), &format!("Basic {encoded}"))?;
        self.keep_secret(&encoded);
        Ok(())
    }

    fn keep_secret(&mut self, value: &str) {
        if value.len() >= SECRET_LENGTH {
            self.secrets.push(value.to_owned());
        }
    }

    pub(super) fn put(&self, request: RequestBuilder) -> RequestBuilder {
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Masks what is secret where an answer repeats it.
    pub(super) fn mask(&self, text: String) -> String {
        self.secrets.iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "****") } else { text }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_neither_shown_nor_repeated() {
        let mut access = Access::default();
        access.header("X-Preview", "un-secreto-largo").unwrap();
        access.basic("ana:contraseña-larga\n").unwrap();
        let shown = format!("{access:?}");
        assert!(shown.contains("x-preview") && !shown.contains("secreto"), "{shown}");
        assert_eq!(access.mask("a un-secreto-largo b contraseña-larga".to_owned()), "a **** b ****");
        for (name, value) in [("x y", "v"), ("Host", "v"), ("Cookie", "v"), ("X-A", "a\nb")] {
            let problem = access.header(name, value).unwrap_err();
            assert!(!format!("{problem:?}").contains("a\\nb"), "{problem:?}");
        }
        assert!(!format!("{:?}", access.basic("sin-dos-puntos").unwrap_err()).contains("sin-dos"));
    }
}
