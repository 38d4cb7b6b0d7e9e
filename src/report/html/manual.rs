//! What only a person can check, as the page lists it: by how it is checked, so that one sitting does one chapter. It
//! gives no verdict.

use std::cmp::Reverse;

use serde::Serialize;

use crate::i18n::{Message, Text};
use crate::report::labels;
use crate::run::{ManualCard, RunRecord, Severity};

/// One requirement that no page shows.
#[derive(Serialize)]
struct ItemView<'r> {
    id: &'r str,
    demand: Message,
    requirement: &'r Text,
    why: &'r Text,
    fields: &'r [String],
    origin: Message,
}

/// How many of a chapter have one weight.
#[derive(Serialize)]
struct WeightView {
    demand: Message,
    count: usize,
}

/// Requirements that are checked in one way.
#[derive(Serialize)]
pub(super) struct ChapterView<'r> {
    anchor: String,
    /// Nothing where the record does not name the way: then the words of the way stand in its place.
    title: Option<Message>,
    how: &'r Text,
    weights: Vec<WeightView>,
    items: Vec<ItemView<'r>>,
}

impl ChapterView<'_> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}

/// The chapters, that of the heaviest first; none for a run without a go-live side.
pub(super) fn of(record: &RunRecord) -> Vec<ChapterView<'_>> {
    let mut chapters: Vec<Vec<&ManualCard>> = Vec::new();
    for card in &record.manual {
        // The words tell ways apart where an older record does not name them.
        match chapters.iter_mut().find(|chapter| (&chapter[0].way, &chapter[0].how) == (&card.way, &card.how)) {
            Some(chapter) => chapter.push(card),
            None => chapters.push(vec![card]),
        }
    }
    chapters.iter_mut().for_each(|chapter| chapter.sort_by_key(|card| card.severity));
    let blockers = |chapter: &[&ManualCard]| chapter.iter().filter(|card| card.severity == Severity::Blocker).count();
    chapters.sort_by_key(|chapter| (chapter[0].severity, Reverse(blockers(chapter)), Reverse(chapter.len())));
    chapters.iter().enumerate().map(|(at, chapter)| view(at, chapter)).collect()
}

fn view<'r>(at: usize, chapter: &[&'r ManualCard]) -> ChapterView<'r> {
    let item = |card: &&'r ManualCard| ItemView {
        id: &card.id,
        demand: labels::demand(card.severity),
        requirement: &card.requirement,
        why: &card.why,
        fields: &card.fields,
        origin: labels::origin(&card.origin),
    };
    let weights = chapter.chunk_by(|one, next| one.severity == next.severity);
    ChapterView {
        anchor: format!("manual-{}", at + 1),
        title: labels::manual_way(&chapter[0].way),
        how: &chapter[0].how,
        weights: weights
            .map(|same| WeightView { demand: labels::demand(same[0].severity), count: same.len() })
            .collect(),
        items: chapter.iter().map(item).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golive::rule::manual_cards;

    #[test]
    fn every_requirement_stands_in_one_chapter_with_a_name_of_its_own() {
        let mut record = RunRecord { manual: manual_cards(), ..RunRecord::default() };
        let chapters = of(&record);
        assert_eq!(chapters.iter().map(ChapterView::len).sum::<usize>(), record.manual.len());
        let mut titles: Vec<&str> =
            chapters.iter().map(|chapter| chapter.title.as_ref().unwrap().key.as_ref()).collect();
        titles.sort_unstable();
        titles.dedup();
        assert!(titles.len() == chapters.len(), "{titles:?}");
        for chapter in &chapters {
            assert_eq!(chapter.weights.iter().map(|weight| weight.count).sum::<usize>(), chapter.len());
        }
        // The heaviest stand first, among chapters and in each of them.
        assert!(chapters.is_sorted_by_key(|chapter| chapter.weights[0].demand != labels::demand(Severity::Blocker)));
        // An older record does not name the ways: their words tell them apart.
        let named = chapters.len();
        record.manual.iter_mut().for_each(|card| card.way.clear());
        let chapters = of(&record);
        assert!(chapters.len() == named && chapters.iter().all(|chapter| chapter.title.is_none()));
    }
}
