//! Loading of the word catalogues and filling of placeholders.
//!
//! Each file of `words/` maps a key to its three texts. A placeholder is `{name}`, or `{name|one|other}`
//! for a word that depends on a count.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Lang;

/// Every key with its three texts, one behind the other; made of the files by the build (`build.rs`).
static WORDS: &str = include_str!(concat!(env!("OUT_DIR"), "/words.txt"));
/// Where in [`WORDS`] each key begins, and its Spanish, Portuguese and English text; sorted by key. The last row is the
/// end.
static INDEX: &[[u32; 4]] = include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// A part of [`WORDS`]; the index was made with it, so that none is outside.
fn between(begin: u32, end: u32) -> &'static str {
    WORDS.get(begin as usize..end as usize).unwrap_or_default()
}

fn key(row: &[u32; 4]) -> &'static str {
    between(row[0], row[1])
}

/// The template of a key in every language.
#[derive(Clone, Copy)]
pub(super) struct Template {
    row: usize,
}

impl Template {
    /// The template of a key that is known.
    pub(super) fn of(name: &str) -> Option<Template> {
        let rows = INDEX.split_last()?.1;
        Some(Template { row: rows.binary_search_by(|row| key(row).cmp(name)).ok()? })
    }

    /// Its text in `lang`.
    pub(super) fn get(self, lang: Lang) -> &'static str {
        let [_, es, pt, en] = INDEX[self.row];
        match lang {
            Lang::Es => between(es, pt),
            Lang::Pt => between(pt, en),
            Lang::En => between(en, INDEX[self.row + 1][0]),
        }
    }
}

/// Every key of the word catalogues, sorted.
pub fn keys() -> impl Iterator<Item = &'static str> {
    INDEX.split_last().into_iter().flat_map(|(_, rows)| rows).map(key)
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
    use crate::i18n::{Message, Text};

    /// The files as they are read here, beside what the build made of them.
    #[test]
    fn every_word_file_is_embedded_and_complete() {
        let mut found = Vec::new();
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/i18n/words")).unwrap() {
            let file = file.unwrap().path();
            let yaml = std::fs::read_to_string(&file).unwrap();
            let texts: BTreeMap<String, Text> =
                serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{file:?}: {error}"));
            for (key, text) in &texts {
                let name = format!("{}.{key}", file.file_stem().unwrap().to_str().unwrap());
                for lang in Lang::ALL {
                    assert!(!text.get(lang).trim().is_empty(), "{name} lacks {}", lang.tag());
                    assert_eq!(Template::of(&name).unwrap().get(lang), text.get(lang), "{name}");
                    assert_eq!(
                        placeholders(text.get(lang)),
                        placeholders(&text.en),
                        "{name}: placeholders of {} differ from those of en",
                        lang.tag()
                    );
                }
                found.push(name);
            }
        }
        found.sort_unstable();
        assert_eq!(found, keys().collect::<Vec<_>>());
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
                        if Template::of(key).is_none() && !key.starts_with("no.such") && key != "area.key" {
                            missing.push(format!("{}: {key}", path.display()));
                        }
                    }
                }
            }
        }
        assert!(missing.is_empty(), "keys without words: {missing:#?}");
        // The words of `help` are looked up by command and argument: `cli::help` tests them.
        let unused: Vec<String> =
            keys().filter(|key| !used.contains(*key) && !key.starts_with("help.")).map(str::to_owned).collect();
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
