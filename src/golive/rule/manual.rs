//! The requirements that no page shows: what they ask for, and how a person checks them. They give no verdict.

use std::sync::OnceLock;

use serde::Deserialize;

use super::load::FILES;
use super::model::Origin;
use crate::i18n::Text;
use crate::run::{ManualCard, Severity};

/// A requirement that only the merchant's server, panel, payments or a look in a browser can tell.
#[derive(Debug, Clone)]
pub struct ManualItem {
    /// Id, kebab-case; no rule has it.
    pub id: String,
    /// How much it weighs.
    pub severity: Severity,
    /// Where the demand comes from.
    pub origin: Origin,
    /// What is demanded.
    pub requirement: Text,
    /// Why.
    pub why: Text,
    /// How a person checks it.
    pub how: Text,
    /// The name of that way in the file.
    pub way: String,
    /// Fields of the API that it speaks of, if any.
    pub fields: Vec<String>,
    /// Sources in words.
    pub sources: Vec<String>,
}

/// `rules/manual.yaml` as it is written: ways and reasons are shared by many items.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    ways: std::collections::BTreeMap<String, Text>,
    why: std::collections::BTreeMap<String, Text>,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    severity: Severity,
    origin: Origin,
    aspect: String,
    way: String,
    #[serde(default)]
    fields: Vec<String>,
    requirement: Text,
    sources: Vec<String>,
}

/// All of them as a record keeps them.
pub fn manual_cards() -> Vec<ManualCard> {
    let card = |item: &ManualItem| ManualCard {
        id: item.id.clone(),
        severity: item.severity,
        origin: item.origin.name().to_owned(),
        requirement: item.requirement.clone(),
        why: item.why.clone(),
        how: item.how.clone(),
        way: item.way.clone(),
        fields: item.fields.clone(),
        sources: item.sources.clone(),
    };
    manual().iter().map(card).collect()
}

/// All of them, in the order of the file. Empty only when the embedded file is broken, which the tests rule out.
pub fn manual() -> &'static [ManualItem] {
    static ITEMS: OnceLock<Vec<ManualItem>> = OnceLock::new();
    ITEMS.get_or_init(|| {
        let text = FILES.get_file("manual.yaml").and_then(|file| file.contents_utf8()).unwrap_or_default();
        read(text).unwrap_or_default()
    })
}

fn read(text: &str) -> Option<Vec<ManualItem>> {
    let file: File = serde_yaml::from_str(text).ok()?;
    let item = |item: Item| {
        Some(ManualItem {
            why: file.why.get(&item.aspect)?.clone(),
            how: file.ways.get(&item.way)?.clone(),
            way: item.way,
            id: item.id,
            severity: item.severity,
            origin: item.origin,
            requirement: item.requirement,
            fields: item.fields,
            sources: item.sources,
        })
    };
    file.items.into_iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::golive::rule::RuleSet;
    use crate::i18n::Lang;

    #[test]
    fn what_is_checked_by_hand_is_complete_and_is_no_rule() {
        let text = FILES.get_file("manual.yaml").unwrap().contents_utf8().unwrap();
        let file: File = serde_yaml::from_str(text).unwrap();
        assert_eq!(manual().len(), file.items.len());
        let ids: BTreeSet<&str> = manual().iter().map(|item| item.id.as_str()).collect();
        assert_eq!(ids.len(), manual().len(), "an id stands twice");
        let rules = RuleSet::builtin().unwrap_or_else(|_| panic!("rules"));
        for item in manual() {
            assert!(rules.rule(&item.id).is_none(), "{} is a rule: take it off the list", item.id);
            assert!(!item.sources.is_empty(), "{}", item.id);
            for lang in Lang::ALL {
                assert!(!item.requirement.get(lang).is_empty() && !item.how.get(lang).is_empty(), "{}", item.id);
            }
        }
        let ways: BTreeSet<&String> = file.items.iter().map(|item| &item.way).collect();
        let aspects: BTreeSet<&String> = file.items.iter().map(|item| &item.aspect).collect();
        assert!(file.ways.keys().all(|way| ways.contains(way)) && file.why.keys().all(|why| aspects.contains(why)));
    }
}
