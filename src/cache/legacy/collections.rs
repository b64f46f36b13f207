//! `coll:<uid>`: the newest change and the number of records of each of a user's collections.

use super::fields::{LegacyError, LegacyTime, name_of, pair, read_array, whole_number};
use crate::cache::php_value::{PhpKey, PhpValue, encode};

/// One collection of a [`CollectionList`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectionEntry {
    /// The newest `modified`, or the time of the last deletion.
    pub modified: LegacyTime,
    /// Number of records. PHP keeps it by adding and subtracting, so it may be off and may even
    /// be negative; `None` when PHP updated the time of a collection that it had not listed.
    pub count: Option<i64>,
}

/// The value of `coll:<uid>`: array of name → array(newest modified, count), in PHP's order.
///
/// - PHP rebuilds it from the database with times and counts as strings, and appends `tabs`, which
///   lives only in the cache, with the newest of the tabs' times.
/// - Each write sets the time of its collection as a double and the count as a string; the other
///   entries keep their types. A new collection goes to the end.
/// - A deletion sets the collection's time to now and subtracts from the count. An emptied
///   collection stays listed with count `"0"` until the entry expires or is rebuilt.
/// - Names are compared byte for byte, unlike the database's: `Foo` and `foo` are two here and one
///   there. Numeric names are integer keys.
/// - It lives for the configured number of seconds from each write, and is deleted when the user's
///   whole storage is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CollectionList {
    entries: Vec<(String, CollectionEntry)>,
}

impl CollectionList {
    /// Reads the cached bytes. Times and counts may be doubles, strings or integers.
    ///
    /// # Errors
    /// Anything that legacy PHP would not have written; the caller asks the database instead.
    pub fn decode(bytes: &[u8]) -> Result<CollectionList, LegacyError> {
        let mut list = CollectionList::default();
        for (key, value) in read_array(bytes)? {
            list.entries
                .push((name_of(key)?, CollectionEntry::from_php(value)?));
        }
        Ok(list)
    }

    /// The bytes that PHP would store, or `None` for an empty list, which PHP never stores.
    pub fn encode(&self) -> Option<Vec<u8>> {
        if self.entries.is_empty() {
            return None;
        }
        let elements = self.entries.iter();
        let elements = elements.map(|(name, entry)| (PhpKey::from(name.as_str()), entry.to_php()));
        Some(encode(&PhpValue::Array(elements.collect())))
    }

    /// The entry of a collection, by its exact name.
    pub fn get(&self, name: &str) -> Option<&CollectionEntry> {
        self.entries
            .iter()
            .find(|(listed, _)| listed == name)
            .map(|(_, entry)| entry)
    }

    /// Sets an entry in its place, or at the end when it is new.
    pub fn set(&mut self, name: &str, entry: CollectionEntry) {
        match self.entries.iter_mut().find(|(listed, _)| listed == name) {
            Some((_, listed)) => *listed = entry,
            None => self.entries.push((name.to_owned(), entry)),
        }
    }

    /// All entries in PHP's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &CollectionEntry)> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry))
    }

    /// Whether no collection is listed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl CollectionEntry {
    /// What PHP stores after a write or deletion at that time.
    pub fn written(centiseconds: i64, count: i64) -> CollectionEntry {
        CollectionEntry {
            modified: LegacyTime::written(centiseconds),
            count: Some(count),
        }
    }

    /// What PHP stores when it rebuilds the list from the database.
    pub fn rebuilt(centiseconds: i64, count: i64) -> CollectionEntry {
        CollectionEntry {
            modified: LegacyTime::rebuilt(centiseconds),
            count: Some(count),
        }
    }

    fn from_php(value: PhpValue) -> Result<CollectionEntry, LegacyError> {
        let (modified, count) = pair(value)?;
        let modified = modified.ok_or(LegacyError::Shape("a collection has no time"))?;
        let count = match count {
            None => None,
            Some(value) => match whole_number(&value) {
                Some(number) => Some(number),
                None => return Err(LegacyError::Shape("a count is no whole number")),
            },
        };
        Ok(CollectionEntry {
            modified: LegacyTime::from_php(&modified)?,
            count,
        })
    }

    fn to_php(self) -> PhpValue {
        let mut elements = vec![(PhpKey::Int(0), self.modified.to_php())];
        if let Some(count) = self.count {
            elements.push((
                PhpKey::Int(1),
                PhpValue::Str(count.to_string().into_bytes()),
            ));
        }
        PhpValue::Array(elements)
    }
}
