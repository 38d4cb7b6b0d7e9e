//! The kinds of drift between documents and their weights: `specs/drift.yaml`.

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
}

#[derive(Deserialize)]
struct DriftFile {
    kinds: Vec<DriftKind>,
}

/// All kinds.
pub fn kinds() -> &'static [DriftKind] {
    static KINDS: OnceLock<Vec<DriftKind>> = OnceLock::new();
    KINDS.get_or_init(|| super::yaml::<DriftFile>("drift.yaml").map(|file| file.kinds).unwrap_or_default())
}

/// The weight of a kind; one that is not in the file breaks, so that nothing passes by a slip.
pub fn weight_of(id: &str) -> Weight {
    kinds().iter().find(|kind| kind.id == id).map_or(Weight::Breaking, |kind| kind.weight)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kinds_read() {
        assert_eq!(super::kinds().len(), 18);
        assert_eq!(super::weight_of("code-added"), super::Weight::Notable);
    }
}
