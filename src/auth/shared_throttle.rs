//! Failed logins counted in the cache that several hosts share, in the place and the form of legacy
//! PHP, so that a guesser gains nothing by going from host to host, or between PHP and Weft.
//!
//! PHP stored one failure less than there were: nothing for the first, then 1. Weft stores what it
//! counted. Each reads what the other wrote, and what PHP counted is then taken for one failure too
//! few, as PHP itself took it; but its empty text counts as the one failure that it stands for.
//! While the cache is away, failures are counted by the machine that they happen on.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::throttle::FailureCounter;
use crate::cache::legacy::{FLAG_PLAIN, FailedLogins, lockout_key};
use crate::cache::{Cache, Change, Entry, Kind, Looked, update};
use crate::sync::UserName;

/// The counter in a shared cache.
pub struct Shared {
    cache: Arc<dyn Cache>,
    window: Duration,
    alone: Box<dyn FailureCounter>,
}

impl Shared {
    /// Counts that live for `window` after the last failure; `alone` counts while the cache is away.
    pub fn new(cache: Arc<dyn Cache>, window: Duration, alone: Box<dyn FailureCounter>) -> Self {
        Shared {
            cache,
            window,
            alone,
        }
    }
}

/// The failures that a stored value stands for; nothing if it is none of ours or PHP's.
fn counted(entry: &Entry) -> Option<u64> {
    match FailedLogins::decode(&entry.bytes) {
        Ok(_) if entry.bytes.is_empty() => Some(1),
        Ok(logins) => Some(logins.stored()),
        Err(_) => None,
    }
}

impl FailureCounter for Shared {
    fn failures(&self, user: &UserName, now: Instant) -> u32 {
        match self.cache.look(&lockout_key(user.as_str())) {
            Looked::Found(entry) => u32::try_from(counted(&entry).unwrap_or(0)).unwrap_or(u32::MAX),
            Looked::Missing => 0,
            Looked::Away => self.alone.failures(user, now),
        }
    }

    fn count(&self, user: &UserName, now: Instant) {
        let kind = Kind {
            flags: FLAG_PLAIN,
            life: u32::try_from(self.window.as_secs()).unwrap_or(u32::MAX),
        };
        let one_more = |entry: Option<&Entry>| {
            let count = match entry {
                // Begun at 0, so that of two who begin at once neither is lost.
                None => return Change::Store(b"0".to_vec()),
                Some(entry) => counted(entry).unwrap_or(0).saturating_add(1),
            };
            Change::Store(FailedLogins::of(count).encode())
        };
        if !update(&*self.cache, &lockout_key(user.as_str()), kind, one_more) {
            self.alone.count(user, now);
        }
    }

    fn forget(&self, user: &UserName) {
        self.cache.delete(&lockout_key(user.as_str()));
        self.alone.forget(user);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::throttle::{InProcess, Lockout};
    use crate::cache::{InProcess as Memory, Item, Memcached, MemcachedOptions};

    const WINDOW: Duration = Duration::from_secs(600);

    fn user(name: &str) -> UserName {
        UserName::new(name).unwrap()
    }

    fn shared(cache: &Arc<Memory>) -> Shared {
        let alone = Box::new(InProcess::new(WINDOW, 100));
        Shared::new(Arc::clone(cache) as Arc<dyn Cache>, WINDOW, alone)
    }

    fn stored(cache: &Memory) -> Option<Vec<u8>> {
        cache.look("lockout:a").found().map(|entry| entry.bytes)
    }

    #[test]
    fn each_failure_counts_on_every_host() {
        let cache = Arc::new(Memory::new(10));
        let (one, two) = (shared(&cache), shared(&cache));
        let now = Instant::now();
        one.count(&user("A"), now);
        assert_eq!(stored(&cache).as_deref(), Some(&b"1"[..]));
        two.count(&user("a"), now);
        one.count(&user("a"), now);
        assert_eq!(two.failures(&user("a"), now), 3);
        assert_eq!(two.failures(&user("b"), now), 0);
        two.forget(&user("a"));
        assert_eq!(one.failures(&user("a"), now), 0);
    }

    #[test]
    fn failures_at_the_same_time_are_all_counted() {
        let cache = Arc::new(Memory::new(10));
        let now = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| shared(&cache).count(&user("a"), now));
            }
        });
        assert_eq!(shared(&cache).failures(&user("a"), now), 8);
    }

    #[test]
    fn what_php_counted_goes_on() {
        for (by_php, failures, then) in [("", 1, "2"), ("1", 1, "2"), ("2", 2, "3")] {
            let cache = Arc::new(Memory::new(10));
            let item = Item {
                bytes: by_php.as_bytes(),
                flags: FLAG_PLAIN,
                life: 60,
            };
            cache.add("lockout:a", item);
            let counter = shared(&cache);
            assert_eq!(counter.failures(&user("a"), Instant::now()), failures);
            counter.count(&user("a"), Instant::now());
            assert_eq!(stored(&cache).unwrap(), then.as_bytes());
        }
    }

    #[test]
    fn what_is_no_count_counts_as_none_and_is_replaced() {
        let cache = Arc::new(Memory::new(10));
        let item = Item {
            bytes: b"a:1:{}",
            flags: 1,
            life: 60,
        };
        cache.add("lockout:a", item);
        let counter = shared(&cache);
        assert_eq!(counter.failures(&user("a"), Instant::now()), 0);
        counter.count(&user("a"), Instant::now());
        assert_eq!(counter.failures(&user("a"), Instant::now()), 1);
    }

    #[test]
    fn without_the_cache_this_machine_still_locks() {
        let nowhere = Memcached::new(&MemcachedOptions::legacy("", 0));
        assert_eq!(nowhere.look("lockout:a"), Looked::Away);
        let alone = Box::new(InProcess::new(WINDOW, 100));
        let counter = Shared::new(Arc::new(nowhere), WINDOW, alone);
        let (lockout, now) = (Lockout::new(3, Box::new(counter)), Instant::now());
        for _ in 0..3 {
            assert!(!lockout.is_locked(&user("a"), now));
            lockout.failed(&user("a"), now);
        }
        assert!(lockout.is_locked(&user("a"), now));
    }
}
