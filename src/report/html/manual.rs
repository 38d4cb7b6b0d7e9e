//! What only a person can check, as the page lists it. It gives no verdict.

use serde::Serialize;

use super::view::Mark;
use crate::golive::rule::{ManualItem, manual};
use crate::i18n::{Message, Text};
use crate::report::labels;
use crate::run::RunRecord;

/// One requirement that no page shows.
#[derive(Serialize)]
struct ItemView {
    id: &'static str,
    requirement: &'static Text,
    why: &'static Text,
    how: &'static Text,
    fields: &'static [String],
    origin: Message,
}

/// Requirements of one weight.
#[derive(Serialize)]
pub(super) struct WeightView {
    mark: Mark,
    items: Vec<ItemView>,
}

impl WeightView {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}

/// The list, heaviest first; empty for a run without shops.
pub(super) fn of(record: &RunRecord) -> Vec<WeightView> {
    if record.shops.is_empty() {
        return Vec::new();
    }
    let mut items: Vec<&'static ManualItem> = manual().iter().collect();
    items.sort_by_key(|item| item.severity);
    items
        .chunk_by(|one, next| one.severity == next.severity)
        .map(|items| WeightView {
            // Nobody has looked yet: no sign of a verdict.
            mark: Mark { class: "na", sign: "☐", word: labels::demand(items[0].severity) },
            items: items
                .iter()
                .map(|item| ItemView {
                    id: &item.id,
                    requirement: &item.requirement,
                    why: &item.why,
                    how: &item.how,
                    fields: &item.fields,
                    origin: labels::origin(item.origin.name()),
                })
                .collect(),
        })
        .collect()
}
