//! A map whose entries age: each lives for the same time after it was last put in, and when the
//! map is full the one that was put in longest ago makes room.
//!
//! The tables of this module remember what strangers send, so they must never grow without bound.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

pub(super) struct AgingMap<K, V> {
    lifetime: Duration,
    capacity: usize,
    entries: HashMap<K, Entry<V>>,
    /// Keys in the order in which they were put in, by a number that only grows.
    order: BTreeMap<u64, K>,
    next_place: u64,
}

struct Entry<V> {
    value: V,
    since: Instant,
    place: u64,
}

impl<K: Clone + Eq + Hash, V> AgingMap<K, V> {
    /// A map of at most `capacity` entries; with none, or no lifetime, it holds nothing.
    pub(super) fn new(lifetime: Duration, capacity: usize) -> Self {
        AgingMap {
            lifetime,
            capacity: if lifetime.is_zero() { 0 } else { capacity },
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next_place: 0,
        }
    }

    /// Whether anything that is put in stays.
    pub(super) fn holds_anything(&self) -> bool {
        self.capacity > 0
    }

    /// The value of `key` while it lives.
    pub(super) fn get(&self, key: &K, now: Instant) -> Option<&V> {
        let entry = self.entries.get(key)?;
        (now.saturating_duration_since(entry.since) < self.lifetime).then_some(&entry.value)
    }

    /// The value of `key` while it lives, to be changed; its lifetime stays what it is.
    pub(super) fn get_mut(&mut self, key: &K, now: Instant) -> Option<&mut V> {
        let lifetime = self.lifetime;
        let entry = self.entries.get_mut(key)?;
        (now.saturating_duration_since(entry.since) < lifetime).then_some(&mut entry.value)
    }

    /// Puts a value in, with a new lifetime, in the place of the one that `key` had.
    pub(super) fn insert(&mut self, key: K, value: V, now: Instant) {
        if self.capacity == 0 {
            return;
        }
        self.remove(&key);
        self.drop_aged(now);
        while self.entries.len() >= self.capacity && self.drop_oldest() {}
        let place = self.next_place;
        self.next_place += 1;
        self.order.insert(place, key.clone());
        self.entries.insert(
            key,
            Entry {
                value,
                since: now,
                place,
            },
        );
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&entry.place);
        }
    }

    /// How many entries are held, the aged ones that nobody has swept out yet included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn drop_aged(&mut self, now: Instant) {
        while let Some((_, oldest)) = self.order.first_key_value() {
            if self.get(oldest, now).is_some() {
                break;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        match self.order.pop_first() {
            Some((_, key)) => self.entries.remove(&key).is_some(),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn an_entry_lives_for_its_time_and_a_new_value_gets_a_new_one() {
        let start = Instant::now();
        let mut map = AgingMap::new(MINUTE, 10);
        map.insert("a", 1, start);
        map.insert("b", 1, start);
        map.insert("a", 2, start + MINUTE / 2);
        let nearly = start + MINUTE - Duration::from_nanos(1);
        assert_eq!(map.get(&"b", nearly), Some(&1));
        assert_eq!(map.get(&"b", start + MINUTE), None);
        assert_eq!(map.get(&"a", start + MINUTE), Some(&2));
        assert_eq!(map.get(&"a", start + MINUTE * 3 / 2), None);
    }

    #[test]
    fn the_entry_put_in_longest_ago_makes_room() {
        let now = Instant::now();
        let mut map = AgingMap::new(MINUTE, 2);
        map.insert("a", 1, now);
        map.insert("b", 1, now);
        map.insert("a", 2, now);
        map.insert("c", 1, now);
        assert_eq!(map.get(&"a", now), Some(&2));
        assert_eq!(map.get(&"b", now), None);
        assert_eq!(map.get(&"c", now), Some(&1));
        assert_eq!((map.len(), map.order.len()), (2, 2));
    }

    #[test]
    fn aged_entries_are_swept_out_by_the_next_one() {
        let start = Instant::now();
        let mut map = AgingMap::new(MINUTE, 100);
        for key in 0..50 {
            map.insert(key, (), start);
        }
        map.insert(50, (), start + MINUTE);
        assert_eq!((map.len(), map.order.len()), (1, 1));
    }

    #[test]
    fn without_capacity_or_lifetime_nothing_is_held() {
        let now = Instant::now();
        for mut map in [AgingMap::new(MINUTE, 0), AgingMap::new(Duration::ZERO, 10)] {
            assert!(!map.holds_anything());
            map.insert("a", 1, now);
            assert_eq!(map.get(&"a", now), None);
            assert_eq!(map.len(), 0);
        }
    }

    #[test]
    fn a_time_before_the_entry_s_own_is_no_reason_to_lose_it() {
        let later = Instant::now() + MINUTE;
        let mut map = AgingMap::new(MINUTE, 2);
        map.insert("a", 1, later);
        assert_eq!(map.get(&"a", later - MINUTE), Some(&1));
    }
}
