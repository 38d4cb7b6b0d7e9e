//! A map that forgets its oldest entries, so that nothing a client sends can fill the memory.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use serde_json::Value;

/// At most so many entries and so many bytes; the oldest go first.
pub(super) struct Bounded<K, V> {
    entries: HashMap<K, (V, usize)>,
    order: VecDeque<K>,
    weight: usize,
    most_entries: usize,
    most_weight: usize,
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    /// An empty map. `most_weight` is in bytes, as the callers of `insert` count them.
    pub(super) fn new(most_entries: usize, most_weight: usize) -> Bounded<K, V> {
        Bounded { entries: HashMap::new(), order: VecDeque::new(), weight: 0, most_entries, most_weight }
    }

    /// Adds an entry that takes about `weight` bytes, and forgets the oldest ones as far as needed.
    pub(super) fn insert(&mut self, key: K, value: V, weight: usize) {
        if let Some((_, old)) = self.entries.insert(key.clone(), (value, weight)) {
            self.weight -= old;
        } else {
            self.order.push_back(key);
        }
        self.weight += weight;
        while self.entries.len() > self.most_entries || (self.weight > self.most_weight && self.entries.len() > 1) {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some((_, old)) = self.entries.remove(&oldest) {
                self.weight -= old;
            }
        }
    }

    /// The entry with this key.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.get(key).map(|(value, _)| value)
    }

    /// The entry with this key, to be changed; its weight stays.
    pub(super) fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.get_mut(key).map(|(value, _)| value)
    }

    /// Takes an entry out.
    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let (value, weight) = self.entries.remove(key)?;
        self.weight -= weight;
        // Its place in the order goes too, or an entry that comes back under the same key would be listed twice.
        self.order.retain(|known| known.borrow() != key);
        Some(value)
    }

    /// The entries, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.order.iter().filter_map(|key| self.entries.get(key).map(|(value, _)| value))
    }
}

/// The bytes that a JSON value takes in memory, about: far more than its text when it has many small parts.
pub(super) fn heft(value: &Value) -> usize {
    let own = size_of::<Value>();
    own + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(heft).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + 2 * own + heft(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_by_number_and_by_weight() {
        let mut map = Bounded::new(3, 100);
        for key in 0..5 {
            map.insert(key, key, 1);
        }
        assert_eq!(map.iter().copied().collect::<Vec<_>>(), [2, 3, 4]);
        map.insert(9, 9, 99);
        assert_eq!(map.iter().copied().collect::<Vec<_>>(), [4, 9]);
        map.insert(10, 10, 1000);
        assert_eq!(map.iter().copied().collect::<Vec<_>>(), [10]);
        map.insert(10, 11, 1);
        assert_eq!((map.get(&10), map.weight), (Some(&11), 1));
        assert_eq!((map.remove(&10), map.remove(&10), map.weight), (Some(11), None, 0));
        map.insert(10, 12, 1);
        assert_eq!(map.iter().copied().collect::<Vec<_>>(), [12]);
    }
}
