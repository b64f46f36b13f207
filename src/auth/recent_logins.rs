//! Logins that were good a short while ago, for backends that are not to be asked at each request.
//!
//! Off unless the operator asks for it, because nobody tells this process when a password is changed by
//! another. At each verified login what is known of the user is remembered together with a ticket, and the
//! password against that ticket; so whatever password was verified last is the only one that is
//! remembered, and forgetting the user forgets the passwords.

use super::aging::AgingMap;
use super::password::{Password, Random};
use super::remembered::{Remembered, Verified};
use crate::sync::UserName;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Logins that were good, with what is known of each user.
pub struct RecentLogins<K> {
    passwords: Remembered,
    state: Mutex<State<K>>,
}

struct State<K> {
    users: AgingMap<UserName, (u64, K)>,
    next_ticket: u64,
    /// Counts how often anybody was forgotten.
    changes: u64,
}

/// A moment before a backend was asked. What it answers is not remembered if an account was changed here
/// meanwhile: the answer may be from before that.
#[derive(Clone, Copy, Debug)]
pub struct Asked(u64);

impl<K: Clone> RecentLogins<K> {
    /// Each login is remembered for `lifetime`, and at most `capacity` of them. With either at zero
    /// nothing is remembered.
    pub fn new(lifetime: Duration, capacity: usize, random: &mut Random<'_>) -> Self {
        RecentLogins {
            passwords: Remembered::new(lifetime, capacity, random),
            state: Mutex::new(State {
                users: AgingMap::new(lifetime, capacity),
                next_ticket: 0,
                changes: 0,
            }),
        }
    }

    /// Who was let in with this name and password within the time.
    pub fn recall(&self, user: &UserName, password: &Password, now: Instant) -> Option<K> {
        let (ticket, known) = self.state().users.get(user, now)?.clone();
        let verified = Verified {
            user,
            password,
            against: &ticket.to_be_bytes(),
        };
        self.passwords.knows(verified, now).then_some(known)
    }

    /// To be called before the backend is asked.
    pub fn asking(&self) -> Asked {
        Asked(self.state().changes)
    }

    /// Remembers who was let in just now.
    pub fn remember(
        &self,
        asked: Asked,
        (user, known): (&UserName, &K),
        password: &Password,
        now: Instant,
    ) {
        let mut state = self.state();
        // Nothing is hashed for a memory that forgets at once, as it does unless the operator wants it.
        if state.changes != asked.0 || !state.users.holds_anything() {
            return;
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let verified = Verified {
            user,
            password,
            against: &ticket.to_be_bytes(),
        };
        self.passwords.remember(verified, now);
        state
            .users
            .insert(user.clone(), (ticket, known.clone()), now);
    }

    /// Forgets a user whose account was changed.
    pub fn forget(&self, user: &UserName) {
        let mut state = self.state();
        state.users.remove(user);
        state.changes += 1;
    }

    /// The table holds no half-made state that a panic elsewhere could have left.
    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    fn logins(lifetime: Duration) -> RecentLogins<u8> {
        RecentLogins::new(lifetime, 10, &mut |bytes: &mut [u8]| bytes.fill(1))
    }

    fn user(name: &str) -> UserName {
        UserName::new(name).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::from_wire(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_login_is_remembered_for_its_time_and_no_other_one_is() {
        let (logins, now) = (logins(LIFETIME), Instant::now());
        logins.remember(logins.asking(), (&user("ada"), &7), &password("right"), now);
        let recalls =
            |name: &str, text: &str, now| logins.recall(&user(name), &password(text), now);
        assert_eq!(recalls("ada", "right", now), Some(7));
        assert_eq!(recalls("ada", "wrong", now), None);
        assert_eq!(recalls("bob", "right", now), None);
        assert_eq!(recalls("ada", "right", now + LIFETIME), None);
    }

    #[test]
    fn a_new_password_takes_the_place_of_the_old_one() {
        let (logins, now, ada) = (logins(LIFETIME), Instant::now(), user("ada"));
        logins.remember(logins.asking(), (&ada, &7), &password("old"), now);
        logins.forget(&ada);
        assert!(logins.recall(&ada, &password("old"), now).is_none());
        logins.remember(logins.asking(), (&ada, &7), &password("new"), now);
        assert!(logins.recall(&ada, &password("new"), now).is_some());
        assert!(logins.recall(&ada, &password("old"), now).is_none());
    }

    #[test]
    fn what_was_asked_before_a_change_is_not_remembered() {
        let (logins, now, ada) = (logins(LIFETIME), Instant::now(), user("ada"));
        let asked = logins.asking();
        logins.forget(&ada);
        logins.remember(asked, (&ada, &7), &password("old"), now);
        assert!(logins.recall(&ada, &password("old"), now).is_none());
    }

    #[test]
    fn without_a_time_nothing_is_remembered() {
        let (logins, now, ada) = (logins(Duration::ZERO), Instant::now(), user("ada"));
        logins.remember(logins.asking(), (&ada, &7), &password("right"), now);
        assert!(logins.recall(&ada, &password("right"), now).is_none());
    }
}
