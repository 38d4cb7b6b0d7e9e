//! What is to be read next: breadth first, what looks like paying first, each address once.
//!
//! Bounded: endless calendars and filters fill neither the memory nor the report.

use std::cmp::{Ordering, Reverse};
use std::collections::hash_map::{DefaultHasher, RandomState};
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use url::Url;

use super::gather::{Lead, Origin};
use super::trap;
use crate::i18n::Message;

/// Addresses that are remembered.
const MEMORY: usize = 200_000;
/// After this many addresses of one pattern, others of the same depth go first.
const PATTERN: u32 = 16;
/// Days and months of one calendar that are read.
const DATES: u32 = 6;

/// How a page was found; the first ones are read first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// It looks like paying, its result or what must be published beside it.
    Important,
    /// A page links to it.
    Linked,
    /// Only a sitemap names it.
    Listed,
}

/// The addresses that a crawl knows, for whoever reads pages beside it: what is known once stays known.
#[derive(Default)]
pub(super) struct Seen {
    /// Hashes of [`trap::key`]: texts would fill the memory.
    known: RwLock<HashSet<u64>>,
    hasher: RandomState,
}

impl Seen {
    /// What tells an address from others.
    pub(super) fn identity(&self, url: &Url) -> u64 {
        self.hasher.hash_one(&*trap::key(url))
    }

    /// The identities that are known now.
    pub(super) fn look(&self) -> RwLockReadGuard<'_, HashSet<u64>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers an address; `true` when it was new, and when the memory is full: then it is new for good.
    fn add(&self, url: &Url) -> bool {
        let identity = self.identity(url);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MEMORY {
            return !known.contains(&identity);
        }
        known.insert(identity)
    }
}

/// The queue of a crawl.
pub(super) struct Frontier {
    waiting: BinaryHeap<Reverse<Waiting>>,
    seen: Arc<Seen>,
    /// Variants per path, by hash.
    queries: HashMap<u64, u32>,
    /// Addresses per pattern, by hash.
    patterns: HashMap<u64, u32>,
    variants: u32,
    count: u64,
    overflowed: bool,
}

struct Waiting {
    /// Class, depth, repetition of the pattern, order of finding.
    key: (Class, u32, u32, u64),
    lead: Lead,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.key == other.key
    }
}
impl Eq for Waiting {}
impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl Frontier {
    pub(super) fn new(variants: u32) -> Frontier {
        Frontier {
            waiting: BinaryHeap::new(),
            seen: Arc::default(),
            queries: HashMap::new(),
            patterns: HashMap::new(),
            variants,
            count: 0,
            overflowed: false,
        }
    }

    /// The addresses that were met.
    pub(super) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen)
    }

    /// Whether an address was never met.
    pub(super) fn is_new(&self, url: &Url) -> bool {
        !self.seen.look().contains(&self.seen.identity(url))
    }

    /// Remembers an address without queueing it; `true` when it was never met.
    pub(super) fn mark(&mut self, url: &Url) -> bool {
        self.seen.add(url)
    }

    /// Queues a page that was not met before, with the link that led there; tells why not when it is one of too many
    /// alike (once for each kind).
    pub(super) fn add(&mut self, url: Url, depth: u32, class: Class, from: Option<Origin>) -> Option<(Url, Message)> {
        if self.seen.look().len() >= MEMORY {
            self.overflowed |= self.is_new(&url);
            return None;
        }
        if !self.mark(&url) {
            return None;
        }
        if trap::grows(&url) {
            return Some((url, Message::new("crawl.growing-path")));
        }
        if url.query().is_some() {
            let variants = self.queries.entry(hash(url.path().chars())).or_default();
            *variants += 1;
            if *variants > self.variants {
                // Only the first one is told: an endless list of filters says nothing more.
                let reason = Message::new("crawl.query-variants").with("count", self.variants);
                return (*variants == self.variants + 1).then_some((url, reason));
            }
        }
        let pattern = self.patterns.entry(hash(pattern(&url))).or_default();
        *pattern += 1;
        if *pattern > DATES && trap::dated(&url) {
            let reason = Message::new("crawl.calendar").with("count", DATES);
            return (*pattern == DATES + 1).then_some((url, reason));
        }
        let key = (class, depth, *pattern / PATTERN, self.count);
        self.count += 1;
        self.waiting.push(Reverse(Waiting { key, lead: Lead { url, depth, from } }));
        None
    }

    /// The next page; what only a sitemap names waits while `linked` says that links may still be found.
    pub(super) fn next(&mut self, linked: bool) -> Option<Lead> {
        let Reverse(first) = self.waiting.peek()?;
        if linked && first.key.0 == Class::Listed {
            return None;
        }
        self.waiting.pop().map(|Reverse(waiting)| waiting.lead)
    }

    /// How many pages wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether addresses were dropped because there were too many.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }
}

/// The path with every run of digits as one sign: `/producto/123` and `/producto/7` are of one pattern.
fn pattern(url: &Url) -> impl Iterator<Item = char> {
    let mut digits = false;
    url.path().chars().filter_map(move |sign| {
        let digit = sign.is_ascii_digit();
        let shown = if digit { '#' } else { sign };
        let repeated = digit && digits;
        digits = digit;
        (!repeated).then_some(shown)
    })
}

/// A hash of the pattern of an address, its host and a word more.
pub(super) fn pattern_hash(url: &Url, more: &str) -> u64 {
    hash(pattern(url).chain(url.host_str().unwrap_or_default().chars()).chain(more.chars()))
}

fn hash(signs: impl Iterator<Item = char>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for sign in signs {
        sign.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(path: &str) -> Url {
        Url::parse("https://tienda.example").unwrap().join(path).unwrap()
    }

    #[test]
    fn paying_comes_first_then_breadth_then_variety() {
        let mut frontier = Frontier::new(8);
        for number in 0..40 {
            assert_eq!(frontier.add(url(&format!("/producto/{number}")), 1, Class::Linked, None), None);
        }
        frontier.add(url("/mapa"), 1, Class::Listed, None);
        frontier.add(url("/nosotros"), 1, Class::Linked, None);
        frontier.add(url("/lejos"), 2, Class::Linked, None);
        frontier.add(url("/checkout"), 3, Class::Important, None);
        frontier.add(url("/checkout?utm_source=x"), 1, Class::Important, None);
        let order: Vec<String> =
            std::iter::from_fn(|| frontier.next(false)).map(|lead| lead.url.path().to_owned()).collect();
        assert_eq!(order.len(), 44);
        assert_eq!(order[0], "/checkout");
        assert_eq!(order[42..], ["/lejos", "/mapa"]);
        let about = order.iter().position(|path| path == "/nosotros").unwrap();
        assert!(about < 20, "a page of its own kind goes before the thirtieth product: {about}");
    }

    #[test]
    fn variants_of_a_query_are_folded_and_told_once() {
        let mut frontier = Frontier::new(3);
        let told: Vec<_> = (0..100)
            .filter_map(|month| frontier.add(url(&format!("/calendario?mes={month}")), 1, Class::Linked, None))
            .collect();
        assert_eq!((told.len(), frontier.waiting()), (1, 3));
        assert!(told[0].0.as_str().ends_with("mes=3"));
    }

    #[test]
    fn calendars_and_growing_paths_are_folded() {
        let mut frontier = Frontier::new(3);
        let told: Vec<String> = (1..29)
            .flat_map(|day| [format!("/agenda/2026/11/{day}"), format!("/agenda/2026/11/{day}/nota")])
            .filter_map(|path| frontier.add(url(&path), 1, Class::Linked, None))
            .map(|(url, reason)| format!("{} {}", reason.key, url.path()))
            .collect();
        assert_eq!(told, ["crawl.calendar /agenda/2026/11/7"]);
        assert_eq!(frontier.waiting(), 28 + 6);
        let (_, reason) = frontier.add(url("/a/css/a/css/a/css"), 1, Class::Linked, None).unwrap();
        assert_eq!(reason.key, "crawl.growing-path");
    }
}
