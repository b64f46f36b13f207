//! Attempts that are counted, and challenges that were answered: rows that go by themselves.
//!
//! Both tables are bounded, so that nobody fills the disk: each write removes what has had its time,
//! and what a flood brings beyond the bound goes, or is refused.

use super::{SqlitePeople, write};
use crate::accounts::brakes::{Brake, Brakes};
use crate::accounts::captcha::Answered;
use crate::auth::AuthResult;
use crate::sync::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// More counted attempts than this push out those that would be forgotten first.
const MOST_ATTEMPTS: i64 = 100_000;

/// What ends so many seconds later than anything that begins now, or later still, began by a clock that was
/// ahead and has been set right.
const AHEAD: i64 = 3_600;

/// While more challenges than this are kept, answers are refused: they can't be told from old ones.
const MOST_ANSWERED: i64 = 50_000;

impl Brakes for SqlitePeople {
    fn allow(&self, brake: Brake, who: &str, now: Timestamp) -> AuthResult<bool> {
        let ends = now.plus_seconds(brake.seconds).centis();
        let times: u32 = self.connections.with(|connection| {
            write(connection, || {
                forget_old(connection, now)?;
                forget_ahead(connection, (brake.name(), who), latest(now, brake.seconds))?;
                let sql = "INSERT INTO attempt (what, who, times, ends) VALUES (?, ?, 1, ?)
                    ON CONFLICT (what, who) DO UPDATE SET times = min(times, 1000000) + 1
                    RETURNING times";
                let mut statement = connection.prepare_cached(sql)?;
                statement.query_row(params![brake.name(), who, ends], |row| row.get(0))
            })
        })?;
        Ok(times <= brake.most)
    }

    fn is_free(&self, brake: Brake, who: &str, now: Timestamp) -> AuthResult<bool> {
        let times: Option<u32> = self.connections.with(|connection| {
            let latest = latest(now, brake.seconds);
            let values = params![brake.name(), who, now.centis(), latest];
            let mut statement = connection.prepare_cached(TIMES)?;
            statement.query_row(values, |row| row.get(0)).optional()
        })?;
        Ok(times.is_none_or(|times| times < brake.most))
    }

    fn release(&self, brake: Brake, who: &str) -> AuthResult<()> {
        let sql = "DELETE FROM attempt WHERE what = ? AND who = ?";
        self.connections.with(|connection| {
            connection
                .prepare_cached(sql)?
                .execute([brake.name(), who])?;
            Ok(())
        })
    }
}

/// How many attempts count.
pub(super) const TIMES: &str =
    "SELECT times FROM attempt WHERE what = ? AND who = ? AND ends > ? AND ends < ?";

/// No attempt that counts for so many seconds ends then or later.
pub(super) fn latest(now: Timestamp, seconds: i64) -> i64 {
    now.plus_seconds(seconds.saturating_add(AHEAD)).centis()
}

/// Removes what ends then or later.
pub(super) fn forget_ahead(
    connection: &Connection,
    (what, who): (&str, &str),
    latest: i64,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM attempt WHERE what = ? AND who = ? AND ends >= ?";
    let values = params![what, who, latest];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Removes what has had its time, and what is beyond the bound.
pub(super) fn forget_old(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let sql = "DELETE FROM attempt WHERE ends <= ?";
    connection.prepare_cached(sql)?.execute([now.centis()])?;
    let bound = "SELECT ends FROM attempt ORDER BY ends DESC LIMIT 1 OFFSET ?";
    let mut bound = connection.prepare_cached(bound)?;
    let bound: Option<i64> = bound
        .query_row([MOST_ATTEMPTS], |row| row.get(0))
        .optional()?;
    if let Some(ends) = bound {
        connection.prepare_cached(sql)?.execute([ends])?;
    }
    Ok(())
}

impl Answered for SqlitePeople {
    fn first(&self, challenge: &[u8], expires: Timestamp, now: Timestamp) -> AuthResult<bool> {
        self.connections.with(|connection| {
            write(connection, || {
                let old = "DELETE FROM answered WHERE expires <= ?";
                connection.prepare_cached(old)?.execute([now.centis()])?;
                let full = "SELECT 1 FROM answered LIMIT 1 OFFSET ?";
                if connection.prepare_cached(full)?.exists([MOST_ANSWERED])? {
                    return Ok(false);
                }
                let sql = "INSERT INTO answered (challenge, expires) VALUES (?, ?)
                    ON CONFLICT DO NOTHING";
                let values = params![challenge, expires.centis()];
                Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sqlite::SqliteOptions;

    #[test]
    fn a_clock_that_was_a_day_ahead_brakes_nobody_once_it_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("people.db"));
        let kept = SqlitePeople::new(options, |_| ());
        let (brake, who) = (Brake::SIGN_IN, "192.0.2.1");
        let (right, ahead) = (Timestamp::ZERO, Timestamp::ZERO.plus_seconds(86_400));
        for _ in 0..brake.most {
            assert!(kept.allow(brake, who, ahead).unwrap());
        }
        assert!(!kept.is_free(brake, who, ahead).unwrap());
        assert!(kept.is_free(brake, who, right).unwrap());
        assert!(kept.allow(brake, who, right).unwrap());
        let over = right.plus_seconds(brake.seconds);
        assert!(kept.allow(brake, who, over).unwrap());
    }
}
