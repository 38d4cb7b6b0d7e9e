//! A message by key: stored without a language, worded when somebody reads it.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::words::{self, Template};
use super::{Lang, Text};

/// A sentence of the word catalogues with the values for its placeholders.
///
/// Engines and records hold messages; only reporters turn them into words. Values come from outside
/// (URLs, field names, bodies) and are not escaped here: each reporter escapes for its own medium.
///
/// Written as JSON it is `key` and `args`; inside [`worded`] also `text`, which reading it back leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct Message {
    /// Key in the word catalogues, `area.name`.
    pub key: Cow<'static, str>,
    /// Values of the placeholders.
    #[serde(default)]
    pub args: BTreeMap<Cow<'static, str>, String>,
}

thread_local! {
    /// The language in which this thread words what it writes as JSON, if any.
    static WORDED: Cell<Option<Lang>> = const { Cell::new(None) };
}

/// Writes with the text of every message beside its key: for JSON that another program shows to a person. Journals and
/// everything else that homologa reads back stay without.
pub fn worded<T>(lang: Lang, write: impl FnOnce() -> T) -> T {
    let before = WORDED.replace(Some(lang));
    let written = write();
    WORDED.set(before);
    written
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let worded = WORDED.get();
        let count = 1 + usize::from(!self.args.is_empty()) + usize::from(worded.is_some());
        let mut map = serializer.serialize_map(Some(count))?;
        map.serialize_entry("key", &self.key)?;
        if let Some(lang) = worded {
            map.serialize_entry("text", &self.render(lang))?;
        }
        if !self.args.is_empty() {
            map.serialize_entry("args", &self.args)?;
        }
        map.end()
    }
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

    /// The message in words; the value of `percent` is written with the decimal sign of the language. A key that this
    /// version does not know (a record of another version) is shown as the key with its values, so that nothing is
    /// lost.
    pub fn render(&self, lang: Lang) -> String {
        match Template::of(&self.key) {
            Some(template) => self.filled(template.get(lang), lang),
            None => self.bare(),
        }
    }

    /// The same in every language.
    pub fn render_all(&self) -> Text {
        match Template::of(&self.key) {
            Some(template) => {
                let [es, pt, en] = Lang::ALL.map(|lang| self.filled(template.get(lang), lang));
                Text { es, pt, en }
            }
            None => Text { es: self.bare(), pt: self.bare(), en: self.bare() },
        }
    }

    fn filled(&self, template: &str, lang: Lang) -> String {
        match self.args.get("percent").filter(|_| lang != Lang::En) {
            Some(percent) => {
                let mut args = self.args.clone();
                args.insert(Cow::Borrowed("percent"), percent.replace('.', ","));
                words::fill(template, &args)
            }
            None => words::fill(template, &self.args),
        }
    }

    /// The key with the values.
    fn bare(&self) -> String {
        let values: Vec<String> = self.args.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {}", self.key, values.join(" ")).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_stands_beside_the_key_where_it_is_asked_for_and_reads_back_to_the_same() {
        let message = Message::new("yaml.unknown-key").with("key", "a");
        let plain = serde_json::to_value(&message).unwrap();
        assert_eq!(plain, serde_json::json!({"key": "yaml.unknown-key", "args": {"key": "a"}}));
        for lang in Lang::ALL {
            let written = worded(lang, || serde_json::to_value(&message)).unwrap();
            assert_eq!(written["text"], message.render(lang));
            assert_eq!(serde_json::from_value::<Message>(written).unwrap(), message);
        }
        assert_eq!(serde_json::to_value(&message).unwrap(), plain, "the language does not stay");
    }
}
