//! The check of a password against a stored hash, the same for every engine that stores hashes.
//!
//! What was verified a short while ago is remembered, bound to the stored hash, which the engine
//! reads at every request: a changed password counts at once. A hash of an old kind is replaced
//! after a good login; that may fail without harm, because the next login tries again.

use std::time::{Duration, Instant};

use super::password::{Password, PasswordHashes, Verdict};
use super::recent_logins::RecentLogins;
use super::remembered::{Remembered, Verified};
use super::{AuthError, AuthResult};

/// How long verified credentials are remembered, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// After this long a password is verified anew; zero to remember nothing.
    pub lifetime: Duration,
    /// The most credentials to remember, about 150 bytes each.
    pub capacity: usize,
}

/// Checks passwords against stored hashes, and makes new ones.
pub struct PasswordCheck {
    hashes: PasswordHashes,
    remembered: Remembered,
    random: fn(&mut [u8]),
}

impl PasswordCheck {
    /// A check that reads and writes hashes as `hashes` does. `random` fills what it is given with
    /// bytes that nobody can guess.
    pub fn new(hashes: PasswordHashes, memory: Memory, mut random: fn(&mut [u8])) -> Self {
        PasswordCheck {
            hashes,
            remembered: Remembered::new(memory.lifetime, memory.capacity, &mut random),
            random,
        }
    }

    /// Whether the password of `claim` is the one of the stored hash in `claim.against`.
    ///
    /// When it is, and the hash is old, `replace` is given a new one, to put it in the place of the
    /// stored hash if that is still there; it answers whether it was.
    pub fn is_right(
        &self,
        claim: Verified<'_>,
        now: Instant,
        replace: impl FnOnce(&str) -> AuthResult<bool>,
    ) -> bool {
        if self.remembered.knows(claim, now) {
            return true;
        }
        let verdict = self.hashes.verify(claim.against, claim.password);
        if verdict == Verdict::Bad {
            return false;
        }
        // The old hash too: where it can't be replaced, not every request shall try.
        self.remembered.remember(claim, now);
        if verdict == Verdict::GoodButOld {
            self.renew(claim, now, replace);
        }
        true
    }

    /// Takes as long as a check that finds the password wrong: for users that don't exist, or may
    /// not come in whatever they say.
    pub fn take_as_long(&self, password: &Password) {
        self.hashes.dummy_verify(password);
    }

    /// A table for an engine that need not read the stored hash at every request.
    pub fn recent_logins<K: Clone>(&self, memory: Memory) -> RecentLogins<K> {
        let mut random = self.random;
        RecentLogins::new(memory.lifetime, memory.capacity, &mut random)
    }

    /// A new hash to be stored.
    pub fn hash(&self, password: &Password) -> AuthResult<String> {
        let mut random = self.random;
        self.hashes
            .hash(password, &mut random)
            .map_err(|_| AuthError::Broken("a password can't be hashed".to_owned()))
    }

    fn renew(
        &self,
        claim: Verified<'_>,
        now: Instant,
        replace: impl FnOnce(&str) -> AuthResult<bool>,
    ) {
        let user = claim.user;
        let renewed = self
            .hash(claim.password)
            .and_then(|new| Ok(replace(&new)?.then_some(new)));
        match renewed {
            Ok(Some(new)) => {
                log::info!("the password hash of {user} was renewed");
                let against = new.as_bytes();
                self.remembered.remember(Verified { against, ..claim }, now);
            }
            // Somebody else was faster.
            Ok(None) => {}
            Err(error) => log::warn!("the password hash of {user} was not renewed: {error}"),
        }
    }
}

impl std::fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordCheck")
            .field("hashes", &self.hashes)
            .field("remembered", &self.remembered)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::password::{Argon2Cost, HashSettings, password};
    use super::*;
    use crate::sync::UserName;

    const SSHA: &str = "{SSHA}gIZQH6s90mFdDkKAAiFhe7gbL9ZzYWx0c2FsdA==";

    fn check() -> PasswordCheck {
        let argon2 = Argon2Cost {
            memory_kib: 256,
            ..Argon2Cost::default()
        };
        let settings = HashSettings {
            argon2,
            ..HashSettings::default()
        };
        let memory = Memory {
            lifetime: Duration::from_secs(300),
            capacity: 10,
        };
        let hashes = PasswordHashes::new(settings).unwrap();
        PasswordCheck::new(hashes, memory, |bytes| bytes.fill(1))
    }

    fn never(_: &str) -> AuthResult<bool> {
        panic!("nothing is to be replaced")
    }

    #[test]
    fn an_old_hash_is_replaced_once_and_the_new_one_is_remembered() {
        let (check, now) = (check(), Instant::now());
        let (user, password) = (UserName::new("a").unwrap(), password("testpass"));
        let claim = |against| Verified {
            user: &user,
            password: &password,
            against,
        };
        let mut new = String::new();
        let replace = |hash: &str| {
            new = hash.to_owned();
            Ok(true)
        };
        assert!(check.is_right(claim(SSHA.as_bytes()), now, replace));
        assert!(new.starts_with("$argon2id$"), "{new}");
        assert!(check.remembered.knows(claim(new.as_bytes()), now));
        assert!(check.is_right(claim(new.as_bytes()), now, never));
    }

    #[test]
    fn a_hash_that_cannot_be_replaced_is_not_tried_at_every_request() {
        let (check, now) = (check(), Instant::now());
        let (user, password) = (UserName::new("a").unwrap(), password("testpass"));
        let claim = Verified {
            user: &user,
            password: &password,
            against: SSHA.as_bytes(),
        };
        let away = |_: &str| Err(AuthError::Unavailable("read-only".to_owned()));
        assert!(check.is_right(claim, now, away));
        assert!(check.is_right(claim, now, never));
    }

    #[test]
    fn a_wrong_password_replaces_nothing() {
        let check = check();
        let claim = Verified {
            user: &UserName::new("a").unwrap(),
            password: &password("testpasS"),
            against: SSHA.as_bytes(),
        };
        assert!(!check.is_right(claim, Instant::now(), never));
        assert!(!check.remembered.knows(claim, Instant::now()));
    }
}
