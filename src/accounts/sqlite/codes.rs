//! Reset codes and invitations: rows that are found by the hash of a code.

use super::SqlitePeople;
use crate::accounts::codes::{CodeText, RESET_SECONDS, ResetCodes, digest};
use crate::accounts::invitations::{Invitation, Invitations};
use crate::auth::AuthResult;
use crate::sync::{Timestamp, UserId, UserName};
use rusqlite::{OptionalExtension, params};

const DAY: i64 = 24 * 60 * 60;

impl ResetCodes for SqlitePeople {
    fn create(&self, user: UserId, now: Timestamp) -> AuthResult<CodeText> {
        let code = CodeText::new(self.random);
        let digest = digest(code.as_str()).unwrap_or_default();
        let expires = now.plus_seconds(RESET_SECONDS).centis();
        self.connections.with(|connection| {
            let old = "DELETE FROM reset_code WHERE expires <= ?";
            connection.prepare_cached(old)?.execute([now.centis()])?;
            let sql = "INSERT INTO reset_code (user, digest, expires) VALUES (?, ?, ?)
                ON CONFLICT (user) DO UPDATE
                SET digest = excluded.digest, expires = excluded.expires";
            let values = params![user.number(), digest, expires];
            connection.prepare_cached(sql)?.execute(values)
        })?;
        Ok(code)
    }

    fn check(&self, user: UserId, code: &str, now: Timestamp) -> AuthResult<bool> {
        let Some(digest) = digest(code) else {
            return Ok(false);
        };
        let sql = "SELECT 1 FROM reset_code WHERE user = ? AND digest = ? AND expires > ?";
        self.connections.with(|connection| {
            let values = params![user.number(), digest, now.centis()];
            connection.prepare_cached(sql)?.exists(values)
        })
    }

    fn take(&self, user: UserId, code: &str, now: Timestamp) -> AuthResult<bool> {
        let Some(digest) = digest(code) else {
            return Ok(false);
        };
        let sql = "DELETE FROM reset_code WHERE user = ? AND digest = ? AND expires > ?";
        self.connections.with(|connection| {
            let values = params![user.number(), digest, now.centis()];
            Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
        })
    }

    fn clear(&self, user: UserId) -> AuthResult<()> {
        let sql = "DELETE FROM reset_code WHERE user = ?";
        self.connections.with(|connection| {
            connection.prepare_cached(sql)?.execute([user.number()])?;
            Ok(())
        })
    }
}

impl Invitations for SqlitePeople {
    fn create(&self, days: u32, note: Option<&str>, now: Timestamp) -> AuthResult<CodeText> {
        let code = CodeText::new(self.random);
        let digest = digest(code.as_str()).unwrap_or_default();
        let expires = now.plus_seconds(i64::from(days) * DAY).centis();
        self.connections.with(|connection| {
            let sql = "INSERT INTO invitation (digest, note, created, expires) VALUES (?, ?, ?, ?)";
            let values = params![digest, note, now.centis(), expires];
            connection.prepare_cached(sql)?.execute(values)
        })?;
        Ok(code)
    }

    fn check(&self, code: &str, now: Timestamp) -> AuthResult<bool> {
        let Some(digest) = digest(code) else {
            return Ok(false);
        };
        let sql = "SELECT 1 FROM invitation WHERE digest = ? AND used_by IS NULL AND expires > ?";
        self.connections.with(|connection| {
            let values = params![digest, now.centis()];
            connection.prepare_cached(sql)?.exists(values)
        })
    }

    fn take(&self, code: &str, user: &UserName, now: Timestamp) -> AuthResult<bool> {
        let Some(digest) = digest(code) else {
            return Ok(false);
        };
        let sql = "UPDATE invitation SET used_by = ?
            WHERE digest = ? AND used_by IS NULL AND expires > ?";
        self.connections.with(|connection| {
            let values = params![user.as_str(), digest, now.centis()];
            Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
        })
    }

    fn give_back(&self, code: &str, user: &UserName) -> AuthResult<()> {
        let sql = "UPDATE invitation SET used_by = NULL WHERE digest = ? AND used_by = ?";
        self.connections.with(|connection| {
            let values = params![digest(code), user.as_str()];
            connection.prepare_cached(sql)?.execute(values)?;
            Ok(())
        })
    }

    fn list(&self) -> AuthResult<Vec<Invitation>> {
        let sql = "SELECT id, note, created, expires, used_by FROM invitation ORDER BY id DESC";
        self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok(Invitation {
                    number: row.get(0)?,
                    note: row.get(1)?,
                    created: Timestamp::from_centis(row.get(2)?),
                    expires: Timestamp::from_centis(row.get(3)?),
                    used_by: row.get(4)?,
                })
            })?;
            rows.collect()
        })
    }

    fn revoke(&self, number: i64) -> AuthResult<bool> {
        let sql = "DELETE FROM invitation WHERE id = ? AND used_by IS NULL RETURNING id";
        self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let gone = statement.query_row([number], |row| row.get::<_, i64>(0));
            Ok(gone.optional()?.is_some())
        })
    }
}
