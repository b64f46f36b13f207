//! The login lockout: so many failures for one user name, and the account answers "locked" for a
//! while, whatever the password (legacy PHP).
//!
//! The rules are PHP's: failures are counted for names that don't exist too; each failure starts
//! the time anew; while an account is locked nothing is counted, so the lock ends one window after
//! the last failure; a good login does not clear the count, or each sync of the owner would give an
//! attacker a fresh round. PHP's own counter began one too low and locked one failure late; ours
//! counts every failure.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::aging::AgingMap;
use crate::sync::UserName;

/// Where failures are counted: in this process, or in a cache that several hosts share. A counter
/// cannot fail: one that is out of reach answers 0 and forgets, because a dead cache must neither
/// lock everybody out nor stop anybody's work.
pub trait FailureCounter: Send + Sync {
    /// The failures counted for `user` that have not been forgotten at `now`.
    fn failures(&self, user: &UserName, now: Instant) -> u32;
    /// Counts one more, and keeps the count for one window from `now` on.
    fn count(&self, user: &UserName, now: Instant);
    /// Forgets what was counted, as after a password reset.
    fn forget(&self, user: &UserName);
}

/// The lockout of one installation.
pub struct Lockout {
    max_failures: u32,
    counter: Box<dyn FailureCounter>,
}

impl Lockout {
    /// Locks an account at `max_failures` counted by `counter`; 0 means never.
    pub fn new(max_failures: u32, counter: Box<dyn FailureCounter>) -> Self {
        Lockout {
            max_failures,
            counter,
        }
    }

    /// Whether the account is locked; to be asked before the password is looked at.
    pub fn is_locked(&self, user: &UserName, now: Instant) -> bool {
        self.max_failures > 0 && self.counter.failures(user, now) >= self.max_failures
    }

    /// Notes a wrong password, an unknown user or a disabled account.
    pub fn failed(&self, user: &UserName, now: Instant) {
        if self.max_failures > 0 {
            self.counter.count(user, now);
        }
    }

    /// Unlocks the account.
    pub fn forget(&self, user: &UserName) {
        self.counter.forget(user);
    }
}

impl fmt::Debug for Lockout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lockout")
            .field("max_failures", &self.max_failures)
            .finish_non_exhaustive()
    }
}

/// The counter of one process, for installations without a shared cache.
///
/// It is bounded: a flood of made-up names pushes the oldest counts out.
pub struct InProcess {
    table: Mutex<AgingMap<UserName, u32>>,
}

impl InProcess {
    /// Counts that live for `window` after the last failure, for at most `capacity` names.
    pub fn new(window: Duration, capacity: usize) -> Self {
        InProcess {
            table: Mutex::new(AgingMap::new(window, capacity)),
        }
    }

    /// The table holds no half-made state that a panic elsewhere could have left.
    fn table(&self) -> MutexGuard<'_, AgingMap<UserName, u32>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FailureCounter for InProcess {
    fn failures(&self, user: &UserName, now: Instant) -> u32 {
        self.table().get(user, now).copied().unwrap_or(0)
    }

    fn count(&self, user: &UserName, now: Instant) {
        let mut table = self.table();
        let failures = table.get(user, now).map_or(0, |n| *n).saturating_add(1);
        table.insert(user.clone(), failures, now);
    }

    fn forget(&self, user: &UserName) {
        self.table().remove(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn lockout(max_failures: u32, capacity: usize) -> Lockout {
        Lockout::new(max_failures, Box::new(InProcess::new(WINDOW, capacity)))
    }

    fn user(name: &str) -> UserName {
        UserName::new(name).unwrap()
    }

    fn fail(lockout: &Lockout, name: &str, times: u32, now: Instant) {
        for _ in 0..times {
            lockout.failed(&user(name), now);
        }
    }

    #[test]
    fn an_account_locks_at_the_last_allowed_failure_and_no_other_does() {
        let (lockout, now) = (lockout(3, 100), Instant::now());
        fail(&lockout, "a", 2, now);
        assert!(!lockout.is_locked(&user("a"), now));
        fail(&lockout, "A", 1, now);
        assert!(lockout.is_locked(&user("a"), now));
        assert!(!lockout.is_locked(&user("b"), now));
    }

    #[test]
    fn the_lock_ends_one_window_after_the_last_failure() {
        let (lockout, start) = (lockout(2, 100), Instant::now());
        fail(&lockout, "a", 1, start);
        let last = start + WINDOW - Duration::from_secs(1);
        fail(&lockout, "a", 1, last);
        assert!(lockout.is_locked(&user("a"), last + WINDOW - Duration::from_secs(1)));
        assert!(!lockout.is_locked(&user("a"), last + WINDOW));
    }

    #[test]
    fn failures_further_apart_than_the_window_never_lock() {
        let (lockout, start) = (lockout(2, 100), Instant::now());
        for n in 0..10 {
            let now = start + WINDOW * n;
            fail(&lockout, "a", 1, now);
            assert!(!lockout.is_locked(&user("a"), now));
        }
    }

    #[test]
    fn without_a_maximum_nobody_is_ever_locked() {
        let (lockout, now) = (lockout(0, 100), Instant::now());
        fail(&lockout, "a", 1000, now);
        assert!(!lockout.is_locked(&user("a"), now));
    }

    #[test]
    fn a_reset_password_unlocks() {
        let (lockout, now) = (lockout(1, 100), Instant::now());
        fail(&lockout, "a", 1, now);
        lockout.forget(&user("a"));
        assert!(!lockout.is_locked(&user("a"), now));
    }

    #[test]
    fn a_flood_of_names_does_not_grow_the_table() {
        let counter = InProcess::new(WINDOW, 10);
        let now = Instant::now();
        for n in 0..1000 {
            counter.count(&user(&format!("name{n}")), now);
        }
        assert_eq!(counter.table().len(), 10);
        assert_eq!(counter.failures(&user("name999"), now), 1);
        assert_eq!(counter.failures(&user("name0"), now), 0);
    }
}
