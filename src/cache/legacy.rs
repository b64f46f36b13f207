//! The values that legacy PHP keeps in memcached, with their meaning and their exact bytes.
//!
//! Weft reads what PHP wrote and writes what PHP would have written, so that both can serve one
//! user from one cache. All times are whole centiseconds since 1970. Every value is read with
//! suspicion: whatever does not have the shape described here is an error, and to a caller an
//! error is a miss, because a wrong time told to a browser is worse than a question to the
//! database. PHP never stores an empty array; `encode` gives `None` there, and the caller deletes
//! the key instead. (PHP left the old value in place, so that the last deleted tab stayed.)

mod collections;
mod counters;
mod fields;
mod tabs;

pub use collections::{CollectionEntry, CollectionList};
pub use counters::{FailedLogins, WriteVolume};
pub use fields::{LegacyError, LegacyTime, TimeForm};
pub use tabs::{LegacyTabs, Tab};

/// The memcached flag of the PHP extension for a value in `serialize()` format: `coll:`, `tabs:`
/// and `write_vol:` are stored with it.
pub const FLAG_SERIALIZED: u32 = 1;

/// The flag of a plain string: `lockout:` is stored with it.
pub const FLAG_PLAIN: u32 = 0;

/// The flag that PHP's extension adds to a value that it compressed with zlib. Legacy PHP sets no
/// threshold and compresses nothing; a value with this flag is a miss.
pub const FLAG_COMPRESSED: u32 = 2;

/// The longest key of the memcached text protocol, in bytes.
const LONGEST_KEY: usize = 250;

/// Key of a user's [`CollectionList`], `coll:<uid>`, by the numeric user id.
pub fn collections_key(user_id: u64) -> String {
    format!("coll:{user_id}")
}

/// Key of a user's [`LegacyTabs`], `tabs:<uid>`, by the numeric user id.
pub fn tabs_key(user_id: u64) -> String {
    format!("tabs:{user_id}")
}

/// Key of a user's [`WriteVolume`], `write_vol:<uid>`, by the numeric user id.
pub fn write_volume_key(user_id: u64) -> String {
    format!("write_vol:{user_id}")
}

/// Key of a user's [`FailedLogins`], `lockout:<user>`, by the name from the URL in lower case.
///
/// As PHP's extension does: a space or control character in a key becomes `_`, and what passes
/// 250 bytes is cut off, so that no name can smuggle a command into the text protocol.
pub fn lockout_key(user_name: &str) -> String {
    let mut key = String::from("lockout:");
    for letter in user_name.to_ascii_lowercase().chars() {
        let letter = if letter <= ' ' || letter == '\u{7f}' {
            '_'
        } else {
            letter
        };
        if key.len() + letter.len_utf8() > LONGEST_KEY {
            break;
        }
        key.push(letter);
    }
    key
}

#[cfg(test)]
mod tests;
