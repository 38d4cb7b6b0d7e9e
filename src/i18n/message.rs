//! A message by key: stored without a language, worded when somebody reads it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Lang, words};

/// A sentence of the word catalogues with the values for its placeholders.
///
/// Engines and records hold messages; only reporters turn them into words. Values come from outside
/// (URLs, field names, bodies) and are not escaped here: each reporter escapes for its own medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Key in the word catalogues, `area.name`.
    pub key: Cow<'static, str>,
    /// Values of the placeholders.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<Cow<'static, str>, String>,
}

impl Message {
    /// A message without values.
    pub fn new(key: &'static str) -> Message {
        Message { key: Cow::Borrowed(key), args: BTreeMap::new() }
    }

    /// The same message with one value more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Message {
        self.args.insert(Cow::Borrowed(name), value.to_string());
        self
    }

    /// The message in words; the value of `percent` is written with the decimal sign of the language. A key that this version does not know (a record of another version)
    /// is shown as the key with its values, so that nothing is lost.
    pub fn render(&self, lang: Lang) -> String {
        match words::template(&self.key) {
            Some(text) => match self.args.get("percent").filter(|_| lang != Lang::En) {
                Some(percent) => {
                    let mut args = self.args.clone();
                    args.insert(Cow::Borrowed("percent"), percent.replace('.', ","));
                    words::fill(text.get(lang), &args)
                }
                None => words::fill(text.get(lang), &self.args),
            },
            None => {
                let values: Vec<String> = self.args.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{} {}", self.key, values.join(" ")).trim_end().to_owned()
            }
        }
    }
}
