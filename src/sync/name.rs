//! Names that clients choose and numbers that the server gives: collections, records, users.

use std::fmt;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is longer than the databases hold.
    TooLong,
    /// It has a character that such names don't have.
    Character,
}

/// The name of a collection: 1 to 32 bytes of `A-Z a-z 0-9 . _ -` (legacy PHP).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionName(String);

impl CollectionName {
    /// The longest name that the databases hold, in bytes.
    pub const MAX_BYTES: usize = 32;

    /// Takes `name` if it is one.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if name.is_empty() {
            Err(NameError::Empty)
        } else if name.len() > Self::MAX_BYTES {
            Err(NameError::TooLong)
        } else if !name.bytes().all(allowed) {
            Err(NameError::Character)
        } else {
            Ok(CollectionName(name.to_owned()))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a record: 1 to 64 bytes of UTF-8. Which characters beyond that are welcome is the
/// API's business: `/` is refused by one profile and taken by the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(String);

impl RecordId {
    /// The longest id that the databases hold, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// Takes `id` if it is one.
    pub fn new(id: impl Into<String>) -> Result<Self, NameError> {
        let id = id.into();
        Self::check(&id)?;
        Ok(RecordId(id))
    }

    /// Whether `id` is one.
    pub fn check(id: &str) -> Result<(), NameError> {
        if id.is_empty() {
            Err(NameError::Empty)
        } else if id.len() > Self::MAX_BYTES {
            Err(NameError::TooLong)
        } else {
            Ok(())
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The number that a user has in every table, whatever names are attached to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(u32);

impl UserId {
    /// From the number; the legacy tables hold it in a signed 32-bit column.
    pub const fn new(number: u32) -> Self {
        UserId(number)
    }

    /// The number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
