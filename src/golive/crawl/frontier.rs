//! What is to be read next: breadth first, what looks like paying first, each address once.
//!
//! Bounded: endless calendars and filters fill neither the memory nor the report.

use std::cmp::{Ordering, Reverse};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use url::Url;

use super::gather::Lead;
use crate::i18n::Message;

/// Addresses that are remembered.
const MEMORY: usize = 200_000;
/// After this many addresses of one pattern, others of the same depth go first.
const PATTERN: u32 = 16;

/// The queue of a crawl.
pub(super) struct Frontier {
    waiting: BinaryHeap<Reverse<Waiting>>,
    seen: HashSet<String>,
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
    key: (u8, u32, u32, u64),
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
            seen: HashSet::new(),
            queries: HashMap::new(),
            patterns: HashMap::new(),
            variants,
            count: 0,
            overflowed: false,
        }
    }

    /// Whether an address was never met.
    pub(super) fn is_new(&self, url: &Url) -> bool {
        !self.seen.contains(url.as_str())
    }

    /// Remembers an address without queueing it.
    pub(super) fn mark(&mut self, url: &Url) {
        if self.seen.len() < MEMORY {
            self.seen.insert(url.as_str().to_owned());
        }
    }

    /// Queues a page that was not met before; tells why not when its path has too many variants (once per path).
    pub(super) fn add(&mut self, url: Url, depth: u32, important: bool) -> Option<(Url, Message)> {
        if !self.is_new(&url) {
            return None;
        }
        if self.seen.len() >= MEMORY {
            self.overflowed = true;
            return None;
        }
        self.seen.insert(url.as_str().to_owned());
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
        let key = (u8::from(!important), depth, *pattern / PATTERN, self.count);
        self.count += 1;
        self.waiting.push(Reverse(Waiting { key, lead: Lead { url, depth } }));
        None
    }

    /// The next page.
    pub(super) fn next(&mut self) -> Option<Lead> {
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
            assert_eq!(frontier.add(url(&format!("/producto/{number}")), 1, false), None);
        }
        frontier.add(url("/nosotros"), 1, false);
        frontier.add(url("/lejos"), 2, false);
        frontier.add(url("/checkout"), 3, true);
        frontier.add(url("/checkout"), 1, true);
        let order: Vec<String> =
            std::iter::from_fn(|| frontier.next()).map(|lead| lead.url.path().to_owned()).collect();
        assert_eq!(order.len(), 43);
        assert_eq!(order[0], "/checkout");
        assert_eq!(order[42], "/lejos");
        let about = order.iter().position(|path| path == "/nosotros").unwrap();
        assert!(about < 20, "a page of its own kind goes before the thirtieth product: {about}");
    }

    #[test]
    fn variants_of_a_query_are_folded_and_told_once() {
        let mut frontier = Frontier::new(3);
        let told: Vec<_> =
            (0..100).filter_map(|month| frontier.add(url(&format!("/calendario?mes={month}")), 1, false)).collect();
        assert_eq!((told.len(), frontier.waiting()), (1, 3));
        assert!(told[0].0.as_str().ends_with("mes=3"));
    }
}
