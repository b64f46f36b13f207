//! A cache in the memory of one process: for what may be forgotten with it, and for tests of what is
//! done with a cache.

use super::{Cache, Entry, Item, Looked, Replaced, is_key};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The cache of one process, for a bounded number of values: the one that would end first makes room.
#[derive(Debug)]
pub struct InProcess {
    capacity: usize,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    values: HashMap<String, (Entry, Instant)>,
    last_version: u64,
}

impl InProcess {
    /// An empty cache for so many values.
    pub fn new(capacity: usize) -> Self {
        InProcess {
            capacity,
            shelf: Mutex::default(),
        }
    }

    /// The shelf, rid of this key's value if its time is over. A panic elsewhere leaves it whole.
    fn shelf(&self, key: &str) -> MutexGuard<'_, Shelf> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |(_, end): &(Entry, Instant)| *end <= Instant::now();
        if shelf.values.get(key).is_some_and(over) {
            shelf.values.remove(key);
        }
        shelf
    }
}

impl Shelf {
    fn put(&mut self, key: &str, item: Item<'_>, capacity: usize) {
        if !is_key(key) || capacity == 0 {
            return;
        }
        if self.values.len() >= capacity && !self.values.contains_key(key) {
            let first = self.values.iter().min_by_key(|(_, (_, end))| *end);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                self.values.remove(&first);
            }
        }
        self.last_version += 1;
        let entry = Entry {
            bytes: item.bytes.to_vec(),
            flags: item.flags,
            version: self.last_version,
        };
        let end = Instant::now() + Duration::from_secs(item.life.into());
        self.values.insert(key.to_owned(), (entry, end));
    }
}

impl Cache for InProcess {
    fn look(&self, key: &str) -> Looked {
        match self.shelf(key).values.get(key) {
            Some((entry, _)) => Looked::Found(entry.clone()),
            None => Looked::Missing,
        }
    }

    fn add(&self, key: &str, item: Item<'_>) {
        let mut shelf = self.shelf(key);
        if !shelf.values.contains_key(key) {
            shelf.put(key, item, self.capacity);
        }
    }

    fn replace(&self, key: &str, looked_at: &Entry, item: Item<'_>) -> Replaced {
        let mut shelf = self.shelf(key);
        match shelf.values.get(key) {
            Some((entry, _)) if entry.version == looked_at.version => {
                shelf.put(key, item, self.capacity);
                Replaced::Yes
            }
            _ => Replaced::No,
        }
    }

    fn delete(&self, key: &str) {
        self.shelf(key).values.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: &[u8], life: u32) -> Item<'_> {
        Item {
            bytes,
            flags: 1,
            life,
        }
    }

    #[test]
    fn a_value_is_added_once_and_replaced_only_if_nobody_was_faster() {
        let cache = InProcess::new(10);
        cache.add("k", item(b"one", 60));
        cache.add("k", item(b"two", 60));
        let looked_at = cache.look("k").found().unwrap();
        assert_eq!((&*looked_at.bytes, looked_at.flags), (&b"one"[..], 1));
        let three = cache.replace("k", &looked_at, item(b"three", 60));
        let four = cache.replace("k", &looked_at, item(b"four", 60));
        assert_eq!((three, four), (Replaced::Yes, Replaced::No));
        cache.delete("k");
        assert_eq!(cache.look("k"), Looked::Missing);
    }

    #[test]
    fn a_value_whose_life_is_over_is_gone() {
        let cache = InProcess::new(10);
        cache.add("k", item(b"v", 0));
        assert_eq!(cache.look("k"), Looked::Missing);
    }

    #[test]
    fn a_full_cache_gives_up_what_would_end_first() {
        let cache = InProcess::new(2);
        cache.add("long", item(b"v", 60));
        cache.add("short", item(b"v", 30));
        cache.add("new", item(b"v", 60));
        assert_eq!(cache.look("short"), Looked::Missing);
        assert!(cache.look("long").found().is_some() && cache.look("new").found().is_some());
    }
}
