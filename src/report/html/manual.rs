//! What only a person can check, as the page lists it. It gives no verdict.

use serde::Serialize;

use super::view::Mark;
use crate::i18n::{Message, Text};
use crate::report::labels;
use crate::run::{ManualCard, RunRecord};

/// One requirement that no page shows.
#[derive(Serialize)]
struct ItemView<'r> {
    id: &'r str,
    requirement: &'r Text,
    why: &'r Text,
    how: &'r Text,
    fields: &'r [String],
    origin: Message,
}

/// Requirements of one weight.
#[derive(Serialize)]
pub(super) struct WeightView<'r> {
    mark: Mark,
    items: Vec<ItemView<'r>>,
}

impl WeightView<'_> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}

/// The list, heaviest first; empty for a run without a go-live side.
pub(super) fn of(record: &RunRecord) -> Vec<WeightView<'_>> {
    let mut items: Vec<&ManualCard> = record.manual.iter().collect();
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
                    origin: labels::origin(&item.origin),
                })
                .collect(),
        })
        .collect()
}
