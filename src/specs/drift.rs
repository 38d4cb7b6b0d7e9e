//! The kinds of drift and their weights: `specs/drift.yaml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::i18n::Text;

/// How much a difference weighs, heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Code that follows our documents breaks.
    Breaking,
    /// Somebody has to look.
    Notable,
    /// Worth knowing.
    Info,
}

/// One kind of difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftKind {
    /// Id, for example `code-added`.
    pub id: String,
    /// Weight.
    pub weight: Weight,
    /// Title.
    pub title: Text,
    /// What it means.
    pub meaning: Text,
    /// What to do, where there is something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Text>,
}

#[derive(Deserialize)]
pub(super) struct DriftFile {
    kinds: Vec<DriftKind>,
    grades: BTreeMap<String, Weight>,
}

fn file() -> &'static DriftFile {
    static FILE: OnceLock<DriftFile> = OnceLock::new();
    let none = || DriftFile { kinds: Vec::new(), grades: BTreeMap::new() };
    FILE.get_or_init(|| super::yaml("drift.yaml").unwrap_or_else(none))
}

/// All kinds.
pub fn kinds() -> &'static [DriftKind] {
    &file().kinds
}

/// The weight of a kind or of a grade; one that is not in the file breaks, so that nothing passes by a slip.
pub fn weight_of(id: &str) -> Weight {
    let kind = kinds().iter().find(|kind| kind.id == id).map(|kind| kind.weight);
    kind.or_else(|| weight_of_grade(id)).unwrap_or(Weight::Breaking)
}

/// The weight of a grade as a difference from the documents; `None` for a grade that is none.
pub fn weight_of_grade(id: &str) -> Option<Weight> {
    file().grades.get(id).copied()
}

/// The title of a kind or of a grade.
pub fn title_of(id: &str) -> Option<&'static Text> {
    let kind = kinds().iter().find(|kind| kind.id == id).map(|kind| &kind.title);
    kind.or_else(|| super::grades::grades().iter().find(|grade| grade.id == id).map(|grade| &grade.title))
}

/// What to do about a kind or a grade.
pub fn remedy_of(id: &str) -> Option<&'static Text> {
    let kind = kinds().iter().find(|kind| kind.id == id).and_then(|kind| kind.remedy.as_ref());
    kind.or_else(|| super::grades::grades().iter().find(|grade| grade.id == id).map(|grade| &grade.remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specs::grades::grades;

    #[test]
    fn the_kinds_read() {
        let text = crate::specs::FILES.get_file("drift.yaml").unwrap().contents_utf8().unwrap();
        let file: DriftFile = serde_yaml::from_str(text).unwrap();
        assert_eq!(file.kinds.len(), kinds().len());
        assert_eq!(weight_of("code-added"), Weight::Notable);
        assert_eq!(weight_of("no-such-kind"), Weight::Breaking);
    }

    /// Every grade is a difference from the documents, or is known not to be one; and no kind has the name of a grade.
    #[test]
    fn every_grade_is_weighed_or_is_no_drift() {
        for grade in grades() {
            let not_of_the_documents = [
                "conform",
                "expectation",
                "environment",
                "broken-answer",
                "unknown-outcome",
                "refused",
                "slow",
                "min-coverage",
                "min-pairs",
            ];
            let none = not_of_the_documents.contains(&grade.id.as_str());
            assert_eq!(weight_of_grade(&grade.id).is_none(), none, "{}", grade.id);
            assert!(!kinds().iter().any(|kind| kind.id == grade.id), "{}", grade.id);
        }
        for id in file().grades.keys() {
            assert!(grades().iter().any(|grade| grade.id == *id), "{id}");
        }
    }
}
