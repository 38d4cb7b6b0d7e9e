//! What predicates over scripts share: one way through inline scripts and own files, and whether scripts write markup.

use std::any::Any;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::patterns;
use super::sdk::may_load_sdk;
use crate::golive::page::{InlineScript, PageView, ScriptFacts};
use crate::golive::rule::hits::{Hits, masked, shown_url, slice};
use crate::golive::rule::judge::{open, short};
use crate::golive::rule::predicates::Looks;
use crate::i18n::Message;

patterns! {
    // What stands before an id that is only looked up.
    LOOKS_UP = r#"(?:getElementById|querySelector(?:All)?|\$|jQuery|\.find|\.closest|\.mount)\s*\(\s*["'`]#?$"#;
}

/// A script of a page: written inside it, or a file of its own.
#[derive(Clone, Copy)]
pub(super) enum Source<'v> {
    /// Inside the document.
    Inline(&'v InlineScript<'v>),
    /// A file.
    File(&'v ScriptFacts),
}

/// A place in a script with what was found there.
pub(super) type Spot = (Range<usize>, String);

impl<'v> Source<'v> {
    /// Every script of the page that could be read.
    pub(super) fn all(view: &'v PageView) -> impl Iterator<Item = Source<'v>> {
        let files = view.scripts.iter().map(|script| Source::File(script));
        view.inline.iter().map(Source::Inline).chain(files)
    }

    /// Its text without comments.
    pub(super) fn clean(self) -> &'v str {
        match self {
            Source::Inline(inline) => &inline.clean,
            Source::File(script) => &script.clean,
        }
    }

    /// Whether it names a source map.
    pub(super) fn names_map(self) -> bool {
        match self {
            Source::Inline(inline) => inline.source.contains("sourceMappingURL="),
            Source::File(script) => script.source().contains("sourceMappingURL="),
        }
    }

    /// What `make` finds in it; files are asked once, however many pages load them.
    pub(super) fn remember<T: Any + Send + Sync>(self, key: &str, make: impl FnOnce(&str) -> T) -> Arc<T> {
        match self {
            Source::Inline(inline) => Arc::new(make(&inline.clean)),
            Source::File(script) => script.remember(key, || make(&script.clean)),
        }
    }

    /// A finding at a place in it; `id` stays the same from run to run.
    pub(super) fn hit(self, view: &PageView, hits: &mut Hits, range: &Range<usize>, id: &str, message: Message) {
        let id = masked(id);
        match self {
            Source::Inline(inline) => {
                let range = inline.start + range.start..inline.start + range.end;
                hits.markup(view, inline.part, range, &id, message);
            }
            Source::File(script) => hits.script(script, range.clone(), &id, message),
        }
    }

    /// Findings at the places that `make` tells.
    pub(super) fn hit_all(
        self,
        view: &PageView,
        hits: &mut Hits,
        key: &str,
        make: impl FnOnce(&str) -> Vec<Spot>,
        message: impl Fn(&str) -> Message,
    ) {
        for (range, what) in self.remember(key, make).iter() {
            self.hit(view, hits, range, what, message(what));
        }
    }
}

/// The code at a range, as a sentence quotes it.
pub(super) fn quoted(clean: &str, range: &Range<usize>) -> String {
    short(&masked(slice(clean, range.start, range.end)))
}

/// The ids of all elements of the page.
pub(super) fn ids<'v>(view: &'v PageView) -> HashSet<&'v str> {
    view.elements().filter_map(|(_, element)| element.attr("id")).collect()
}

/// Whether a script of the page may write an element of this id: the id stands somewhere beside the mentions in
/// `known`, and not only to be looked up. `known` are byte ranges of one script.
pub(super) fn may_write(view: &PageView, id: &str, of: Source, known: &[Range<usize>]) -> bool {
    Source::all(view).any(|source| {
        let clean = source.clean();
        clean.match_indices(id).any(|(at, _)| {
            let whole = !clean[at + id.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
            let told = std::ptr::eq(clean, of.clean()) && known.iter().any(|range| range.contains(&at));
            let looked_up = LOOKS_UP.is_match(slice(clean, at.saturating_sub(40), at));
            whole && !told && !looked_up
        })
    })
}

/// Bytes before a place in which the braces around it are looked for.
const MAX_AROUND: usize = 20_000;
/// Bytes before a brace that tell what it belongs to.
const HEAD: usize = 160;

/// What stands before each brace that encloses `at`, from inside out; `code` has no strings.
pub(super) fn enclosing(code: &str, at: usize) -> impl Iterator<Item = &str> {
    let from = at.saturating_sub(MAX_AROUND);
    let mut depth = 0_usize;
    let bytes = code.as_bytes().get(from..at).unwrap_or_default();
    let opens = bytes.iter().enumerate().rev().filter_map(move |(place, byte)| match byte {
        b'}' => {
            depth += 1;
            None
        }
        b'{' if depth == 0 => Some(from + place),
        b'{' => {
            depth -= 1;
            None
        }
        _ => None,
    });
    opens.map(|open| slice(code, open.saturating_sub(HEAD), open))
}

/// Why something that the markup lacks may come all the same: what was not read, or scripts of other hosts.
pub(super) fn may_come(view: &PageView) -> Option<Message> {
    open(view, Looks { markup: true, scripts: true, form: false })
        .or_else(|| may_load_sdk(view).map(|url| Message::new("golive.unread-elsewhere").with("url", shown_url(&url))))
}
