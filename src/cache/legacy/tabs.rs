//! `tabs:<uid>`: the records of a user's `tabs` collection.

use super::fields::{LegacyError, LegacyTime, name_of, pair, read_array};
use crate::cache::php_value::{PhpKey, PhpValue, encode};

/// One record of the `tabs` collection. PHP keeps nothing else of it here: no sortindex, no
/// parentid, no predecessorid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// When it was written.
    pub modified: LegacyTime,
    /// The payload as the client sent it, as bytes: PHP checks no encoding.
    pub payload: Vec<u8>,
}

/// The value of `tabs:<uid>`: array of id → array(modified, payload), in order of first writing.
///
/// With memcached on, legacy PHP keeps the collection here and nowhere else. Numeric ids are
/// integer keys. It lives for the configured number of seconds from each write. When the last tab
/// is deleted PHP stores nothing, and so leaves that tab; deleting the whole storage deletes the
/// key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegacyTabs {
    tabs: Vec<(String, Tab)>,
}

impl LegacyTabs {
    /// Reads the cached bytes; times may be doubles, strings or integers.
    ///
    /// # Errors
    /// Anything that legacy PHP would not have written.
    pub fn decode(bytes: &[u8]) -> Result<LegacyTabs, LegacyError> {
        let mut list = LegacyTabs::default();
        for (key, value) in read_array(bytes)? {
            let (modified, payload) = pair(value)?;
            let modified = modified.ok_or(LegacyError::Shape("a tab has no time"))?;
            let Some(PhpValue::Str(payload)) = payload else {
                return Err(LegacyError::Shape("a tab's payload is no string"));
            };
            let tab = Tab {
                modified: LegacyTime::from_php(&modified)?,
                payload,
            };
            list.tabs.push((name_of(key)?, tab));
        }
        Ok(list)
    }

    /// The bytes that PHP would store, or `None` when no tab is left: delete the key then.
    pub fn encode(&self) -> Option<Vec<u8>> {
        if self.tabs.is_empty() {
            return None;
        }
        let elements = self.tabs.iter().map(|(id, tab)| {
            let fields = vec![
                (PhpKey::Int(0), tab.modified.to_php()),
                (PhpKey::Int(1), PhpValue::Str(tab.payload.clone())),
            ];
            (PhpKey::from(id.as_str()), PhpValue::Array(fields))
        });
        Some(encode(&PhpValue::Array(elements.collect())))
    }

    /// A tab by its exact id.
    pub fn get(&self, id: &str) -> Option<&Tab> {
        self.tabs
            .iter()
            .find(|(listed, _)| listed == id)
            .map(|(_, tab)| tab)
    }

    /// Replaces a tab in its place, or appends it.
    pub fn set(&mut self, id: &str, tab: Tab) {
        match self.tabs.iter_mut().find(|(listed, _)| listed == id) {
            Some((_, listed)) => *listed = tab,
            None => self.tabs.push((id.to_owned(), tab)),
        }
    }

    /// Removes a tab; whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.tabs.len();
        self.tabs.retain(|(listed, _)| listed != id);
        self.tabs.len() < before
    }

    /// All tabs in PHP's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tab)> {
        self.tabs.iter().map(|(id, tab)| (id.as_str(), tab))
    }

    /// How many tabs there are; PHP stores it as the count of `tabs` in the collection list.
    pub fn len(&self) -> usize {
        self.tabs.len()
    }

    /// Whether there is no tab.
    pub fn is_empty(&self) -> bool {
        self.tabs.is_empty()
    }

    /// The newest time of all tabs: what PHP tells as the collection's time after a rebuild.
    pub fn newest(&self) -> Option<LegacyTime> {
        self.tabs
            .iter()
            .map(|(_, tab)| tab.modified)
            .max_by_key(|time| time.centiseconds)
    }
}
