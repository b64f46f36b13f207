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

/// While more challenges than this are kept, answers are refused: they can't be told from old ones.
const MOST_ANSWERED: i64 = 50_000;

impl Brakes for SqlitePeople {
    fn allow(&self, brake: Brake, who: &str, now: Timestamp) -> AuthResult<bool> {
        let ends = now.plus_seconds(brake.seconds).centis();
        let times: u32 = self.connections.with(|connection| {
            write(connection, || {
                forget_old(connection, now)?;
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
        let sql = "SELECT times FROM attempt WHERE what = ? AND who = ? AND ends > ?";
        let times: Option<u32> = self.connections.with(|connection| {
            let values = params![brake.name(), who, now.centis()];
            let mut statement = connection.prepare_cached(sql)?;
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
