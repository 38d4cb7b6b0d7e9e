//! A map that forgets its oldest entries, so that nothing a client sends can fill the memory.
//!
//! Every entry has a number that only grows, its place in the order. When somebody keeps the map elsewhere too, it notes
//! which entries changed, under these numbers. Not responsible for where they are kept: that is [`super::store`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// At most so many entries and so many bytes; the oldest go first.
pub(super) struct Bounded<K, V> {
    entries: HashMap<K, Slot<V>>,
    /// Ascending by number.
    order: VecDeque<(u64, K)>,
    next: u64,
    weight: usize,
    most_entries: usize,
    most_weight: usize,
    changes: Option<Changes<K>>,
}

struct Slot<V> {
    value: V,
    weight: usize,
    number: u64,
}

/// What changed since somebody asked.
struct Changes<K> {
    written: HashSet<K>,
    gone: Vec<u64>,
}

/// A change of one entry: its number, and its form as bytes, or nothing when it is gone.
pub(super) type Change = (u64, Option<Vec<u8>>);

/// A map that can be kept elsewhere.
pub(super) trait Kept {
    /// Begins to note what changes.
    fn watch(&mut self);
    /// Hands over what changed since the last time.
    fn changes(&mut self, take: &mut dyn FnMut(Change));
    /// Puts an entry back, in ascending order of numbers; false when the bytes are none.
    fn restore(&mut self, number: u64, bytes: &[u8]) -> bool;
    /// Forgets everything.
    fn clear(&mut self);
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    /// An empty map. `most_weight` is in bytes, as the callers of `insert` count them.
    pub(super) fn new(most_entries: usize, most_weight: usize) -> Bounded<K, V> {
        Bounded {
            entries: HashMap::new(),
            order: VecDeque::new(),
            next: 0,
            weight: 0,
            most_entries,
            most_weight,
            changes: None,
        }
    }

    /// Adds an entry that takes about `weight` bytes; the oldest ones, as far as they have to go for it.
    pub(super) fn insert(&mut self, key: K, value: V, weight: usize) -> Vec<V> {
        self.note(&key);
        if let Some(slot) = self.entries.get_mut(&key) {
            self.weight = self.weight - slot.weight + weight;
            (slot.value, slot.weight) = (value, weight);
        } else {
            let number = self.next;
            self.next += 1;
            self.order.push_back((number, key.clone()));
            self.entries.insert(key, Slot { value, weight, number });
            self.weight += weight;
        }
        let mut gone = Vec::new();
        while self.entries.len() > self.most_entries || (self.weight > self.most_weight && self.entries.len() > 1) {
            let Some((_, oldest)) = self.order.pop_front() else { break };
            gone.extend(self.take(&oldest).map(|slot| slot.value));
        }
        gone
    }

    fn note(&mut self, key: &K) {
        if let Some(changes) = &mut self.changes
            && !changes.written.contains(key)
        {
            changes.written.insert(key.clone());
        }
    }

    fn take<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<Slot<V>>
    where
        K: std::borrow::Borrow<Q>,
    {
        let slot = self.entries.remove(key)?;
        self.weight -= slot.weight;
        if let Some(changes) = &mut self.changes {
            changes.written.remove(key);
            changes.gone.push(slot.number);
        }
        Some(slot)
    }

    /// The entry with this key.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.get(key).map(|slot| &slot.value)
    }

    /// The entry with this key, to be changed; its weight stays. Whoever only looks asks [`Bounded::get`]: what is
    /// handed out here counts as changed.
    pub(super) fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: std::borrow::Borrow<Q>,
    {
        if let Some(changes) = &mut self.changes
            && !changes.written.contains(key)
            && let Some((key, _)) = self.entries.get_key_value(key)
        {
            changes.written.insert(key.clone());
        }
        self.entries.get_mut(key).map(|slot| &mut slot.value)
    }

    /// Takes an entry out.
    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: std::borrow::Borrow<Q>,
    {
        let slot = self.take(key)?;
        if let Ok(place) = self.order.binary_search_by_key(&slot.number, |(number, _)| *number) {
            self.order.remove(place);
        }
        Some(slot.value)
    }

    /// The keys, oldest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = K> {
        self.order.iter().map(|(_, key)| key.clone())
    }

    /// The entries, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.order.iter().filter_map(|(_, key)| self.entries.get(key).map(|slot| &slot.value))
    }
}

impl<K, V> Kept for Bounded<K, V>
where
    K: Hash + Eq + Clone + Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    fn watch(&mut self) {
        self.changes = Some(Changes { written: HashSet::new(), gone: Vec::new() });
    }

    fn changes(&mut self, take: &mut dyn FnMut(Change)) {
        let Some(changes) = &mut self.changes else { return };
        changes.gone.drain(..).for_each(|number| take((number, None)));
        for key in changes.written.drain() {
            if let Some(slot) = self.entries.get(&key)
                // Keys and values are plain data, which always has a form.
                && let Ok(bytes) = serde_json::to_vec(&(&key, slot.weight, &slot.value))
            {
                take((slot.number, Some(bytes)));
            }
        }
    }

    fn restore(&mut self, number: u64, bytes: &[u8]) -> bool {
        let Ok((key, weight, value)) = serde_json::from_slice::<(K, usize, V)>(bytes) else { return false };
        if number < self.next || self.entries.contains_key(&key) {
            return false;
        }
        self.next = number;
        // What is too much by the bounds of today goes, and is noted as gone.
        self.insert(key.clone(), value, weight);
        if let Some(changes) = &mut self.changes {
            changes.written.remove(&key);
        }
        true
    }

    fn clear(&mut self) {
        while let Some((_, key)) = self.order.pop_front() {
            self.take(&key);
        }
        self.entries.shrink_to_fit();
        self.order.shrink_to_fit();
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

    fn changed(map: &mut Bounded<u32, u32>) -> Vec<(u64, Option<String>)> {
        let mut all = Vec::new();
        map.changes(&mut |(number, bytes)| all.push((number, bytes.map(|bytes| String::from_utf8(bytes).unwrap()))));
        all.sort();
        all
    }

    #[test]
    fn what_is_kept_elsewhere_comes_back_in_its_order() {
        let mut map = Bounded::new(2, 100);
        map.watch();
        map.insert(7, 70, 1);
        map.insert(3, 30, 1);
        *map.get_mut(&7).unwrap() += 1;
        assert_eq!(changed(&mut map), [(0, Some("[7,1,71]".to_owned())), (1, Some("[3,1,30]".to_owned()))]);
        assert_eq!(map.get(&7), Some(&71));
        assert!(changed(&mut map).is_empty(), "looking is no change");
        map.insert(5, 50, 1);
        map.remove(&3);
        assert_eq!(changed(&mut map), [(0, None), (1, None), (2, Some("[5,1,50]".to_owned()))]);
        let mut again = Bounded::<u32, u32>::new(2, 100);
        again.watch();
        let bytes = [&b"[7,1,71]"[..], b"[3,1,30]", b"[5,1,50]"];
        assert!(bytes.iter().zip([0, 4, 9]).all(|(bytes, number)| again.restore(number, bytes)));
        assert_eq!(again.iter().copied().collect::<Vec<_>>(), [30, 50], "the bounds of today count");
        assert_eq!(changed(&mut again), [(0, None)]);
        again.insert(1, 1, 1);
        assert_eq!(changed(&mut again), [(4, None), (10, Some("[1,1,1]".to_owned()))]);
        assert!(!again.restore(20, b"[5,1,50]"), "twice the same key");
        assert!(!again.restore(3, b"[6,1,60]") && !again.restore(30, b"[]"));
        again.clear();
        assert_eq!(changed(&mut again).len(), 2);
        assert_eq!((again.iter().count(), again.weight), (0, 0));
    }
}
