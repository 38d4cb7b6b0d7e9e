//! The status/status_detail table of a payment: `specs/statuses.yaml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::i18n::Text;

/// One documented pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Payment status.
    pub status: String,
    /// Payment status_detail; `None` where the documents give none.
    pub status_detail: Option<String>,
    /// What it means.
    pub meaning: Text,
    /// Whether a card payment can end in it.
    pub card_flow: bool,
    /// Whether the buyer should try again, and how.
    pub retry: Retry,
    /// What to tell the buyer; placeholders in braces.
    pub buyer_message: Text,
    /// Cardholder name of a test card that leads to it, or another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_by: Option<String>,
    /// Why no test card and no request of a seller leads to it: a key of `out_of_reach_reasons`. Either this is there
    /// or `reached_by`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_reach: Option<String>,
    /// Whether the guide asks a checkout to tell this result apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_communicate: bool,
    /// Sources.
    pub sources: Vec<String>,
    /// What to know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

/// Whether and how to try a payment again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Whether another attempt is reasonable.
    pub sensible: bool,
    /// How: a key of `retry_modes`.
    pub mode: String,
}

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statuses {
    /// Ways to try again.
    pub retry_modes: BTreeMap<String, Text>,
    /// Why pairs cannot be reached.
    pub out_of_reach_reasons: BTreeMap<String, Text>,
    /// The pairs.
    pub pairs: Vec<Pair>,
}

/// The built-in table.
pub fn statuses() -> &'static Statuses {
    static STATUSES: OnceLock<Statuses> = OnceLock::new();
    STATUSES.get_or_init(|| super::yaml("statuses.yaml").unwrap_or_default())
}

impl Statuses {
    /// Why a pair cannot be reached by a seller; `None` when it can.
    pub fn why_out_of_reach(&self, pair: &Pair) -> Option<&Text> {
        self.out_of_reach_reasons.get(pair.out_of_reach.as_ref()?)
    }

    /// The pair of a status and its detail.
    pub fn find(&self, status: &str, detail: Option<&str>) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.status == status && pair.status_detail.as_deref() == detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_is_whole() {
        let text = crate::specs::FILES.get_file("statuses.yaml").unwrap().contents_utf8().unwrap();
        let table: Statuses = serde_yaml::from_str(text).unwrap();
        assert!(table.pairs.len() >= 59);
        assert_eq!(table.pairs.iter().filter(|pair| pair.must_communicate).count(), 17);
        for pair in &table.pairs {
            assert!(table.retry_modes.contains_key(&pair.retry.mode), "{pair:?}");
            let reasons = (pair.reached_by.is_some(), table.why_out_of_reach(pair).is_some());
            assert!(reasons.0 != reasons.1, "one of the two: {pair:?}");
            assert!(table.find(&pair.status, pair.status_detail.as_deref()) == Some(pair), "twice: {pair:?}");
        }
    }
}
