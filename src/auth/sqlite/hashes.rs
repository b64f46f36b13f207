//! Password hashes as they are stored, for backups.

use super::SqliteAccounts;
use crate::auth::{AuthError, AuthResult, HashKeeper, HashedAccount};
use crate::sync::{UserId, UserName};
use rusqlite::{OptionalExtension, params};

impl HashKeeper for SqliteAccounts {
    fn hash(&self, name: &UserName) -> AuthResult<Option<Vec<u8>>> {
        Ok(self.find(name)?.map(|user| user.hash.into_bytes()))
    }

    fn set_hash(&self, name: &UserName, hash: &[u8]) -> AuthResult<bool> {
        self.change(
            "UPDATE users SET password_hash = ? WHERE name = ?",
            &[&text(hash)?, &name.as_str()],
        )
    }

    fn create_disabled(&self, new: &HashedAccount<'_>) -> AuthResult<Option<UserId>> {
        let hash = text(new.hash)?;
        // Without a number of its own, the row gets the next one.
        let sql = "INSERT INTO users (id, name, password_hash, email, status)
            VALUES (CASE WHEN ?1 > 0 AND NOT EXISTS (SELECT 1 FROM users WHERE id = ?1)
                THEN ?1 END, ?2, ?3, ?4, 0)
            ON CONFLICT (name) DO NOTHING RETURNING id";
        self.connections.with(|connection| {
            let values = params![new.number.number(), new.name.as_str(), hash, new.email];
            let mut statement = connection.prepare_cached(sql)?;
            let id = statement.query_row(values, |row| row.get(0)).optional()?;
            Ok(id.map(UserId::new))
        })
    }
}

fn text(hash: &[u8]) -> AuthResult<&str> {
    std::str::from_utf8(hash)
        .map_err(|_| AuthError::Broken("a password hash that is no text".to_owned()))
}
