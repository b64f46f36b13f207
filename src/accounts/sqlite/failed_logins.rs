//! Wrong passwords, counted in the file that all processes of a machine share.
//!
//! Apache's workers are several and a CGI program forgets everything, so a count that lives in memory
//! would give a guesser as many rounds as there are processes. Where memcached is used they are counted
//! there, for all hosts together, and here only while it is away.

use super::counts::{TIMES, forget_ahead, forget_old, latest};
use super::{SqlitePeople, write};
use crate::auth::AuthResult;
use crate::auth::throttle::{FailureCounter, InProcess};
use crate::sync::{Clock, UserName};
use rusqlite::{OptionalExtension, params};
use std::time::{Duration, Instant};

/// The name under which they are kept, beside the attempts that [`crate::accounts::Brake`] counts.
const WHAT: &str = "login";

/// The counter in the file. While the file can't be used, failures are counted in this process.
pub struct FailedLogins {
    kept: SqlitePeople,
    clock: Clock,
    window: i64,
    alone: InProcess,
}

impl FailedLogins {
    /// Counts that live for `window` after the last failure; `capacity` is for how many names they are
    /// kept in this process while the file can't be used.
    pub fn new(kept: SqlitePeople, clock: Clock, window: Duration, capacity: usize) -> Self {
        FailedLogins {
            kept,
            clock,
            window: i64::try_from(window.as_secs()).unwrap_or(i64::MAX),
            alone: InProcess::new(window, capacity),
        }
    }

    fn read(&self, user: &UserName) -> AuthResult<u32> {
        // Most installations have never seen a wrong password, and need no file to say so.
        if !self.kept.connections.is_there() {
            return Ok(0);
        }
        let now = (self.clock)();
        let times: Option<u32> = self.kept.connections.with(|connection| {
            let latest = latest(now, self.window);
            let values = params![WHAT, user.as_str(), now.centis(), latest];
            let mut statement = connection.prepare_cached(TIMES)?;
            statement.query_row(values, |row| row.get(0)).optional()
        })?;
        Ok(times.unwrap_or(0))
    }

    fn write(&self, user: &UserName) -> AuthResult<()> {
        let now = (self.clock)();
        let ends = now.plus_seconds(self.window).centis();
        let sql = "INSERT INTO attempt (what, who, times, ends) VALUES (?, ?, 1, ?)
            ON CONFLICT (what, who) DO UPDATE SET times = min(times, 1000000) + 1, ends = excluded.ends";
        self.kept.connections.with(|connection| {
            write(connection, || {
                forget_old(connection, now)?;
                forget_ahead(connection, (WHAT, user.as_str()), latest(now, self.window))?;
                let values = params![WHAT, user.as_str(), ends];
                connection.prepare_cached(sql)?.execute(values).map(drop)
            })
        })
    }

    fn remove(&self, user: &UserName) -> AuthResult<()> {
        if !self.kept.connections.is_there() {
            return Ok(());
        }
        let sql = "DELETE FROM attempt WHERE what = ? AND who = ?";
        self.kept.connections.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            statement.execute([WHAT, user.as_str()]).map(drop)
        })
    }
}

impl FailureCounter for FailedLogins {
    fn failures(&self, user: &UserName, now: Instant) -> u32 {
        let alone = self.alone.failures(user, now);
        self.read(user).unwrap_or(0).max(alone)
    }

    fn count(&self, user: &UserName, now: Instant) {
        if let Err(why) = self.write(user) {
            log::warn!("wrong passwords are counted by this process alone: {why}");
            self.alone.count(user, now);
        }
    }

    fn forget(&self, user: &UserName) {
        self.alone.forget(user);
        if let Err(why) = self.remove(user) {
            log::warn!("the wrong passwords of {user} are not forgotten: {why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Lockout;
    use crate::storage::sqlite::SqliteOptions;
    use crate::sync::Timestamp;
    use std::path::Path;
    use std::sync::Arc;

    fn user(name: &str) -> UserName {
        UserName::new(name).unwrap()
    }

    /// The counter of a process that started at that second.
    fn process(folder: &Path, seconds: i64) -> FailedLogins {
        let kept = SqlitePeople::new(SqliteOptions::new(folder.join("people.db")), |_| ());
        let clock: Clock = Arc::new(move || Timestamp::ZERO.plus_seconds(seconds));
        FailedLogins::new(kept, clock, Duration::from_secs(600), 10)
    }

    #[test]
    fn each_failure_counts_in_every_process_and_is_forgotten_one_window_after_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds| process(folder.path(), seconds);
        let (now, ada) = (Instant::now(), user("ada"));
        assert_eq!(at(0).failures(&ada, now), 0);
        assert!(!folder.path().join("people.db").exists());
        at(0).count(&ada, now);
        at(500).count(&user("ADA"), now);
        assert_eq!(at(1_099).failures(&ada, now), 2);
        assert_eq!(at(1_100).failures(&ada, now), 0);
        assert_eq!(at(501).failures(&user("grace"), now), 0);
        at(1_100).count(&ada, now);
        assert_eq!(at(1_100).failures(&ada, now), 1);
        at(1_100).forget(&ada);
        assert_eq!(at(1_100).failures(&ada, now), 0);
    }

    #[test]
    fn a_clock_that_was_a_day_ahead_locks_nobody_once_it_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds| process(folder.path(), seconds);
        let (now, ada) = (Instant::now(), user("ada"));
        at(86_400).count(&ada, now);
        assert_eq!(at(86_400).failures(&ada, now), 1);
        assert_eq!(at(0).failures(&ada, now), 0);
        at(0).count(&ada, now);
        assert_eq!(at(599).failures(&ada, now), 1);
        assert_eq!(at(600).failures(&ada, now), 0);
    }

    #[test]
    fn failures_at_the_same_time_are_all_counted() {
        let folder = tempfile::tempdir().unwrap();
        let now = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| process(folder.path(), 0).count(&user("ada"), now));
            }
        });
        assert_eq!(process(folder.path(), 0).failures(&user("ada"), now), 8);
    }

    #[test]
    fn without_its_file_a_process_still_locks() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("people.db"), [7; 5_000]).unwrap();
        let lockout = Lockout::new(3, Box::new(process(folder.path(), 0)));
        let now = Instant::now();
        for _ in 0..3 {
            assert!(!lockout.is_locked(&user("ada"), now));
            lockout.failed(&user("ada"), now);
        }
        assert!(lockout.is_locked(&user("ada"), now));
    }
}
