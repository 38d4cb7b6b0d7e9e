//! Loading of the word catalogues and filling of placeholders.
//!
//! Each file of `words/` maps a key to its three texts. A placeholder is `{name}`, or `{name|one|other}`
//! for a word that depends on a count.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use include_dir::{Dir, File, include_dir};

use super::Text;

static WORDS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/src/i18n/words");

/// One area: a file of `words/`, read when its first word is needed, so that a short run reads few of them.
struct Area {
    file: &'static File<'static>,
    texts: OnceLock<HashMap<String, Text>>,
}

impl Area {
    fn texts(&self) -> &HashMap<String, Text> {
        // The files are embedded and a test reads each one, so a failure cannot reach a user.
        let read = || {
            let name = self.file.path().to_str()?;
            crate::specs::data(&format!("src/i18n/words/{name}"))
        };
        self.texts.get_or_init(|| read().unwrap_or_default())
    }
}

fn areas() -> &'static BTreeMap<&'static str, Area> {
    static AREAS: OnceLock<BTreeMap<&'static str, Area>> = OnceLock::new();
    AREAS.get_or_init(|| {
        let named = |file: &'static File<'static>| Some((file.path().file_stem()?.to_str()?, file));
        let files = WORDS.files().filter_map(named);
        files.map(|(name, file)| (name, Area { file, texts: OnceLock::new() })).collect()
    })
}

/// The template of a key.
pub(super) fn template(key: &str) -> Option<&'static Text> {
    let (area, name) = key.split_once('.')?;
    areas().get(area)?.texts().get(name)
}

/// Every key of the word catalogues, sorted.
pub fn keys() -> Vec<String> {
    let named = |(area, words): (&&str, &Area)| -> Vec<String> {
        words.texts().keys().map(|name| format!("{area}.{name}")).collect()
    };
    let mut keys: Vec<String> = areas().iter().flat_map(named).collect();
    keys.sort_unstable();
    keys
}

/// Replaces the placeholders of `template`; one without a value stays as it is, so that it is noticed.
pub(super) fn fill(template: &str, args: &BTreeMap<Cow<'static, str>, String>) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        filled.push_str(&rest[..start]);
        let Some(length) = rest[start..].find('}') else {
            rest = &rest[start..];
            break;
        };
        let inside = &rest[start + 1..start + length];
        let mut parts = inside.split('|');
        let name = parts.next().unwrap_or_default();
        match (args.get(name), parts.next(), parts.next()) {
            (Some(value), Some(one), Some(other)) => filled.push_str(if value == "1" { one } else { other }),
            (Some(value), _, _) => filled.push_str(value),
            (None, _, _) => filled.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    filled.push_str(rest);
    filled
}

/// The placeholder names of a template, sorted and without repetition.
#[cfg(test)]
fn placeholders(template: &str) -> Vec<&str> {
    let mut names: Vec<&str> = template
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(inside, _)| inside.split('|').next().unwrap_or_default())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, Message};

    #[test]
    fn every_word_file_is_read_and_complete() {
        for file in WORDS.files() {
            let yaml = file.contents_utf8().unwrap_or_else(|| panic!("{:?} is not UTF-8", file.path()));
            let texts: BTreeMap<String, Text> =
                serde_yaml::from_str(yaml).unwrap_or_else(|error| panic!("{:?}: {error}", file.path()));
            for (key, text) in &texts {
                for lang in Lang::ALL {
                    assert!(!text.get(lang).trim().is_empty(), "{:?}: {key} lacks {}", file.path(), lang.tag());
                    assert_eq!(
                        placeholders(text.get(lang)),
                        placeholders(&text.en),
                        "{:?}: {key}: placeholders of {} differ from those of en",
                        file.path(),
                        lang.tag()
                    );
                }
            }
        }
    }

    /// Keys are written as literals in the source; each must exist, and each must be used.
    #[test]
    fn keys_in_code_and_in_catalogues_agree() {
        let mut used = std::collections::BTreeSet::new();
        let pattern = regex::Regex::new(r#""([a-z_]+\.[a-z0-9_-]+)""#).unwrap();
        let direct = regex::Regex::new(r#"(?:Message::new\(|\bt\()\s*"([^"]+)""#).unwrap();
        let mut folders = vec![
            std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
            std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/reports/templates")),
        ];
        let mut missing = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "html") {
                    let source = std::fs::read_to_string(&path).unwrap();
                    for (_, [key]) in pattern.captures_iter(&source).map(|found| found.extract()) {
                        used.insert(key.to_owned());
                    }
                    for (_, [key]) in direct.captures_iter(&source).map(|found| found.extract()) {
                        if template(key).is_none() && !key.starts_with("no.such") && key != "area.key" {
                            missing.push(format!("{}: {key}", path.display()));
                        }
                    }
                }
            }
        }
        assert!(missing.is_empty(), "keys without words: {missing:#?}");
        // The words of `help` are looked up by command and argument: `cli::help` tests them.
        let unused: Vec<String> =
            keys().into_iter().filter(|key| !used.contains(key) && !key.starts_with("help.")).collect();
        assert!(unused.is_empty(), "words that nothing uses: {unused:#?}");
    }

    #[test]
    fn placeholders_and_plurals_are_filled() {
        let args = BTreeMap::from([(Cow::Borrowed("n"), "1".to_owned())]);
        assert_eq!(fill("{n} {n|page|pages}", &args), "1 page");
        let args = BTreeMap::from([(Cow::Borrowed("n"), "3".to_owned())]);
        assert_eq!(fill("{n} {n|page|pages} {x} {", &args), "3 pages {x} {");
    }

    #[test]
    fn an_unknown_key_is_shown_with_its_values() {
        assert_eq!(Message::new("no.such-key").with("url", "https://a").render(Lang::En), "no.such-key url=https://a");
    }
}
