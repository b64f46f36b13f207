//! What a cache holds, in which bytes, and the engines that hold it.
//!
//! A deployment that moves host by host has legacy PHP and Weft on one memcached, so the values
//! are PHP's own: [`php_value`] reads and writes PHP's `serialize()` format, [`legacy`] gives the
//! cached values their meaning. Neither knows memcached: bytes in, bytes out.
//!
//! A [`Cache`] cannot fail: one that is away holds nothing. Nobody may need it for a right answer,
//! only for a quick one, or to agree with legacy PHP, which has nothing else to tell us by. Values
//! change by [`update`] alone, which loses no change that somebody else makes meanwhile.

mod in_process;
pub mod legacy;
#[cfg(feature = "memcache")]
mod memcached;
pub mod php_value;

pub use in_process::InProcess;
#[cfg(feature = "memcache")]
pub use memcached::{Memcached, MemcachedOptions};

/// A cache. Keys are 1 to 250 bytes without spaces or control characters; under another key nothing
/// is ever found or stored.
pub trait Cache: Send + Sync {
    /// What is stored under a key.
    fn look(&self, key: &str) -> Looked;

    /// Stores, unless there is something already. Whether it did is for [`look`](Cache::look) to say.
    fn add(&self, key: &str, item: Item<'_>);

    /// Stores in the place of what was looked at, if nobody has stored or deleted since.
    fn replace(&self, key: &str, looked_at: &Entry, item: Item<'_>) -> Replaced;

    /// Deletes. A cache that is away keeps what it had.
    fn delete(&self, key: &str);
}

/// What a look into the cache found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// This.
    Found(Entry),
    /// Nothing.
    Missing,
    /// No cache; what it may hold is not known.
    Away,
}

impl Looked {
    /// What was found, if anything was.
    pub fn found(self) -> Option<Entry> {
        match self {
            Looked::Found(entry) => Some(entry),
            Looked::Missing | Looked::Away => None,
        }
    }
}

/// A stored value, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub bytes: Vec<u8>,
    /// What its writer said about its form; see [`legacy::FLAG_SERIALIZED`] and its neighbours.
    pub flags: u32,
    /// Which of the values that this key has had it is.
    pub version: u64,
}

/// A value to be stored.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The value.
    pub bytes: &'a [u8],
    /// Its form.
    pub flags: u32,
    /// How many seconds it is kept at most.
    pub life: u32,
}

/// How a replacement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It is stored.
    Yes,
    /// Somebody was faster, or the value is refused.
    No,
    /// No cache; it may be stored or not.
    Away,
}

/// The form and life of a value that [`update`] stores.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its form.
    pub flags: u32,
    /// How many seconds it is kept at most.
    pub life: u32,
}

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It is right as it is.
    Keep,
    /// This is stored instead.
    Store(Vec<u8>),
    /// It goes.
    Delete,
}

/// How often a change is tried anew because somebody else was faster.
const ATTEMPTS: usize = 16;

/// Changes a value by what it is now. `change` is asked again whenever somebody else has changed the
/// value meanwhile, and also after it has put a value where there was none: it must then see that
/// this is what it wanted. Answers whether the value is known to be what `change` wanted.
pub fn update(
    cache: &dyn Cache,
    key: &str,
    kind: Kind,
    mut change: impl FnMut(Option<&Entry>) -> Change,
) -> bool {
    for _ in 0..ATTEMPTS {
        let entry = match cache.look(key) {
            Looked::Found(entry) => Some(entry),
            Looked::Missing => None,
            Looked::Away => return false,
        };
        let bytes = match change(entry.as_ref()) {
            Change::Keep => return true,
            Change::Store(bytes) => bytes,
            Change::Delete => {
                cache.delete(key);
                return true;
            }
        };
        let item = Item {
            bytes: &bytes,
            flags: kind.flags,
            life: kind.life,
        };
        match entry {
            None => cache.add(key, item),
            Some(entry) => match cache.replace(key, &entry, item) {
                Replaced::Yes => return true,
                Replaced::No => {}
                Replaced::Away => return false,
            },
        }
    }
    false
}

/// Whether a key can be one, in the text protocol and in every engine.
fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte > b' ' && byte != 0x7f;
    (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(plain)
}

/// The longest key of memcached, in bytes.
const LONGEST_KEY: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { flags: 0, life: 60 };

    fn one_more(entry: Option<&Entry>) -> Change {
        let number = match entry {
            None => return Change::Store(b"0".to_vec()),
            Some(entry) => std::str::from_utf8(&entry.bytes).unwrap().parse::<u32>(),
        };
        Change::Store((number.unwrap() + 1).to_string().into_bytes())
    }

    #[test]
    fn changes_of_many_at_once_are_all_counted() {
        let cache = InProcess::new(10);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        while !update(&cache, "n", KIND, one_more) {}
                    }
                });
            }
        });
        assert_eq!(cache.look("n").found().unwrap().bytes, b"200");
    }

    #[test]
    fn keys_that_could_hold_a_command_are_none() {
        for key in [
            "",
            "a b",
            "a\r\nflush_all",
            "a\tb",
            "\u{7f}",
            &"k".repeat(251),
        ] {
            assert!(!is_key(key), "{key:?}");
        }
        assert!(is_key("coll:1") && is_key(&"k".repeat(250)) && is_key("lockout:ä"));
    }
}
