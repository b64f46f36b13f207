//! Logins that were good a short while ago, for directories that are far away or slow.
//!
//! Off unless the operator asks for it, because a directory does not tell when a password changes.
//! At each verified login the account is remembered together with a ticket, and the password
//! against that ticket; so whatever password was verified last is the only one that is remembered,
//! and forgetting the account forgets its passwords.

use super::options::LdapOptions;
use crate::auth::Account;
use crate::auth::aging::AgingMap;
use crate::auth::password::{Password, Random};
use crate::auth::remembered::{Remembered, Verified};
use crate::sync::UserName;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A user who was let in.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The account.
    pub(super) account: Account,
    /// The host that holds its records, where the directory knows.
    pub(super) host: Option<String>,
}

/// Logins that were good.
pub(super) struct Memory {
    passwords: Remembered,
    accounts: Mutex<AgingMap<UserName, (u64, Known)>>,
    next_ticket: AtomicU64,
}

impl Memory {
    /// As long and as large as `options` say.
    pub(super) fn new(options: &LdapOptions, random: &mut Random<'_>) -> Self {
        let (lifetime, capacity) = (options.remember, options.remember_entries);
        Memory {
            passwords: Remembered::new(lifetime, capacity, random),
            accounts: Mutex::new(AgingMap::new(lifetime, capacity)),
            next_ticket: AtomicU64::new(0),
        }
    }

    /// Who was let in with this name and password within the time.
    pub(super) fn recall(
        &self,
        user: &UserName,
        password: &Password,
        now: Instant,
    ) -> Option<Known> {
        let (ticket, known) = self.accounts().get(user, now)?.clone();
        let verified = Verified {
            user,
            password,
            against: &ticket.to_be_bytes(),
        };
        self.passwords.knows(verified, now).then_some(known)
    }

    /// Remembers who was let in just now.
    pub(super) fn remember(&self, known: &Known, password: &Password, now: Instant) {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let user = &known.account.name;
        let verified = Verified {
            user,
            password,
            against: &ticket.to_be_bytes(),
        };
        self.passwords.remember(verified, now);
        self.accounts()
            .insert(user.clone(), (ticket, known.clone()), now);
    }

    /// Forgets a user whose account was changed.
    pub(super) fn forget(&self, user: &UserName) {
        self.accounts().remove(user);
    }

    /// The table holds no half-made state that a panic elsewhere could have left.
    fn accounts(&self) -> MutexGuard<'_, AgingMap<UserName, (u64, Known)>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Layout;
    use super::*;
    use crate::sync::UserId;
    use std::time::Duration;

    const LIFETIME: Duration = Duration::from_secs(60);

    fn memory(lifetime: Duration) -> Memory {
        let mut options = LdapOptions::new(Layout::Php, "ldap://localhost", "dc=example");
        options.remember = lifetime;
        Memory::new(&options, &mut |bytes: &mut [u8]| bytes.fill(1))
    }

    fn known(name: &str) -> Known {
        let account = Account {
            id: UserId::new(1),
            name: UserName::new(name).unwrap(),
            email: None,
            enabled: true,
            alert: None,
            quota_bytes: None,
            node: None,
        };
        Known {
            account,
            host: None,
        }
    }

    fn password(text: &str) -> Password {
        Password::from_wire(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_login_is_remembered_for_its_time_and_no_other_one_is() {
        let (memory, now, ada) = (memory(LIFETIME), Instant::now(), known("ada"));
        memory.remember(&ada, &password("right"), now);
        let recalls = |user: &str, text: &str, now| {
            let user = UserName::new(user).unwrap();
            memory.recall(&user, &password(text), now).is_some()
        };
        assert!(recalls("ada", "right", now));
        assert!(!recalls("ada", "wrong", now));
        assert!(!recalls("bob", "right", now));
        assert!(!recalls("ada", "right", now + LIFETIME));
    }

    #[test]
    fn a_new_password_takes_the_place_of_the_old_one() {
        let (memory, now, ada) = (memory(LIFETIME), Instant::now(), known("ada"));
        let name = &ada.account.name;
        memory.remember(&ada, &password("old"), now);
        memory.forget(name);
        assert!(memory.recall(name, &password("old"), now).is_none());
        memory.remember(&ada, &password("new"), now);
        assert!(memory.recall(name, &password("new"), now).is_some());
        assert!(memory.recall(name, &password("old"), now).is_none());
    }

    #[test]
    fn without_a_time_nothing_is_remembered() {
        let (memory, now, ada) = (memory(Duration::ZERO), Instant::now(), known("ada"));
        memory.remember(&ada, &password("right"), now);
        let name = &ada.account.name;
        assert!(memory.recall(name, &password("right"), now).is_none());
    }
}
