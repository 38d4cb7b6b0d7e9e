//! A page of a search: `limit` and `offset`, and what of them goes into the answer.

use super::router::Call;

/// Which part of what was found is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// Most results.
    pub(super) limit: usize,
    /// Results that are left out before them.
    pub(super) offset: usize,
}

impl Page {
    /// The page that a request asks for; `None` for what is no number, or above `most`.
    pub(super) fn of(call: &Call, usual: usize, most: usize) -> Option<Page> {
        let number = |name: &str, usual: usize| match call.param(name).map(str::trim) {
            None | Some("") => Some(usual),
            Some(text) => text.parse::<usize>().ok(),
        };
        let page = Page { limit: number("limit", usual)?, offset: number("offset", 0)? };
        (page.limit <= most).then_some(page)
    }

    /// The results on the page.
    pub(super) fn cut<T>(self, found: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        found.skip(self.offset).take(self.limit)
    }

    /// Where the next page begins, as searches of checkout resources tell: one place after the last result.
    pub(super) fn next(self, shown: usize) -> usize {
        self.offset.saturating_add(shown)
    }
}
