//! Credentials that were verified a short while ago.
//!
//! Basic authentication comes with every request, and a good password hash is slow on purpose. So
//! a credential that was verified is remembered for some minutes in this process. What is kept is a
//! keyed hash (HMAC-SHA-256 under a key that lives and dies with the process) over the user name,
//! the password, and the stored hash or whatever else stands for it; so a changed password or hash
//! misses at once, and the table is worth nothing to whoever reads it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::aging::AgingMap;
use super::password::{Password, Random};
use crate::sync::UserName;

/// What was verified: who, with what, against what.
#[derive(Clone, Copy)]
pub struct Verified<'a> {
    /// The user's name.
    pub user: &'a UserName,
    /// The password that was given.
    pub password: &'a Password,
    /// What it was verified against: the stored hash, or an engine's own token where the hash is
    /// out of reach (an LDAP server's address and the user's DN, for example). When this changes,
    /// the memory is gone.
    pub against: &'a [u8],
}

/// A bounded table of verified credentials, shared by the threads of a process.
pub struct Remembered {
    mac: Hmac<Sha256>,
    table: Mutex<AgingMap<[u8; 32], ()>>,
}

impl Remembered {
    /// A table in which a credential lives for `lifetime`, and of which at most `capacity` are kept
    /// (about 150 bytes each). With either at zero nothing is remembered.
    pub fn new(lifetime: Duration, capacity: usize, random: &mut Random<'_>) -> Self {
        let mut key = [0; 64];
        random(&mut key);
        // 64 bytes are the block of SHA-256: such a key is used as it is.
        let mac = Hmac::<Sha256>::new(&key.into());
        Remembered {
            mac,
            table: Mutex::new(AgingMap::new(lifetime, capacity)),
        }
    }

    /// Whether exactly this was verified within the lifetime.
    pub fn knows(&self, verified: Verified<'_>, now: Instant) -> bool {
        let key = self.key(verified);
        self.table().get(&key, now).is_some()
    }

    /// Remembers what has just been verified, from `now` on.
    pub fn remember(&self, verified: Verified<'_>, now: Instant) {
        let key = self.key(verified);
        self.table().insert(key, (), now);
    }

    /// The keyed hash; each part goes in behind its length, so that no two pairs of parts are one.
    fn key(&self, verified: Verified<'_>) -> [u8; 32] {
        let mut mac = self.mac.clone();
        let parts = [
            verified.user.as_str().as_bytes(),
            verified.password.as_bytes(),
            verified.against,
        ];
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The table holds no half-made state that a panic elsewhere could have left.
    fn table(&self) -> MutexGuard<'_, AgingMap<[u8; 32], ()>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Remembered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remembered")
            .field("credentials", &self.table().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTES: Duration = Duration::from_secs(300);

    fn table(capacity: usize, key: u8) -> Remembered {
        Remembered::new(MINUTES, capacity, &mut |bytes: &mut [u8]| bytes.fill(key))
    }

    struct Someone(UserName, Password, Vec<u8>);

    impl Someone {
        fn new(user: &str, password: &str, against: &str) -> Self {
            let password = Password::from_wire(password.as_bytes()).unwrap();
            Someone(UserName::new(user).unwrap(), password, against.into())
        }

        fn verified(&self) -> Verified<'_> {
            Verified {
                user: &self.0,
                password: &self.1,
                against: &self.2,
            }
        }
    }

    #[test]
    fn a_verified_credential_is_known_for_its_lifetime() {
        let (table, start) = (table(10, 1), Instant::now());
        let someone = Someone::new("a", "password", "hash");
        assert!(!table.knows(someone.verified(), start));
        table.remember(someone.verified(), start);
        assert!(table.knows(someone.verified(), start));
        assert!(table.knows(someone.verified(), start + MINUTES - Duration::from_secs(1)));
        assert!(!table.knows(someone.verified(), start + MINUTES));
    }

    #[test]
    fn another_user_password_or_hash_is_not_known() {
        let (table, now) = (table(10, 1), Instant::now());
        table.remember(Someone::new("a", "password", "hash").verified(), now);
        for other in [
            Someone::new("b", "password", "hash"),
            Someone::new("a", "passwort", "hash"),
            Someone::new("a", "password", "new hash"),
            Someone::new("a", "password", ""),
            Someone::new("ap", "assword", "hash"),
            Someone::new("a", "passwordh", "ash"),
        ] {
            assert!(
                !table.knows(other.verified(), now),
                "{} {:?}",
                other.0,
                other.2
            );
        }
    }

    #[test]
    fn the_oldest_makes_room_when_the_table_is_full() {
        let (table, now) = (table(2, 1), Instant::now());
        let people = ["a", "b", "c"].map(|user| Someone::new(user, "password", "hash"));
        for person in &people {
            table.remember(person.verified(), now);
        }
        let known = people
            .each_ref()
            .map(|person| table.knows(person.verified(), now));
        assert_eq!(known, [false, true, true]);
    }

    #[test]
    fn keys_of_two_processes_differ() {
        let someone = Someone::new("a", "password", "hash");
        assert_ne!(
            table(1, 1).key(someone.verified()),
            table(1, 2).key(someone.verified())
        );
    }

    #[test]
    fn threads_share_one_table() {
        let (table, now) = (table(1000, 1), Instant::now());
        let names: Vec<String> = (0..4).map(|n| format!("user{n}")).collect();
        std::thread::scope(|scope| {
            for name in &names {
                scope.spawn(|| table.remember(Someone::new(name, "p", "h").verified(), now));
            }
        });
        for name in &names {
            assert!(table.knows(Someone::new(name, "p", "h").verified(), now));
        }
    }

    #[test]
    fn printing_the_table_prints_a_count_and_no_secret() {
        let (table, now) = (table(10, 1), Instant::now());
        table.remember(Someone::new("a", "password", "hash").verified(), now);
        assert_eq!(format!("{table:?}"), "Remembered { credentials: 1, .. }");
    }
}
