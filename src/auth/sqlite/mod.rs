//! Accounts in one SQLite file: the engine that needs no server.
//!
//! Any number of processes may use the file at once. Every call is one statement, so it is whole
//! or did not happen, and the row of a user is read at every login: a new password or a disabled
//! account counts at once, everywhere.

pub(crate) mod connections;
mod hashes;

use super::password_check::PasswordCheck;
use super::remembered::Verified;
use super::{
    Account, AccountAdmin, Accounts, AuthResult, Authenticator, HashKeeper, Login, NewAccount,
    Password, Refusal,
};
use crate::storage::sqlite::SqliteOptions;
use crate::storage::sqlite::file::Schema;
use crate::sync::{UserId, UserName};
use connections::Connections;
use rusqlite::{OptionalExtension, Row, ToSql};
use sha2::{Digest, Sha256};
use std::time::Instant;

const SCHEMA: Schema = Schema {
    steps: &[include_str!("../../../sql/sqlite/001-accounts.sql")],
};

const COLUMNS: &str = "id, name, email, status, alert, quota_bytes, node, password_hash";

/// The SQLite engine. The file is opened when it is needed, so making an engine cannot fail, and a
/// file that was away is found again.
pub struct SqliteAccounts {
    connections: Connections,
    check: PasswordCheck,
}

/// A row as it is read: what the account says, and its hash, which is for nobody else.
struct Stored {
    account: Account,
    hash: String,
}

impl SqliteAccounts {
    /// An engine on the file that `options` name; it is made at the first use.
    pub fn new(options: SqliteOptions, check: PasswordCheck) -> Self {
        SqliteAccounts {
            connections: Connections::new(options, SCHEMA),
            check,
        }
    }

    fn find(&self, name: &UserName) -> AuthResult<Option<Stored>> {
        let sql = format!("SELECT {COLUMNS} FROM users WHERE name = ?");
        self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row([name.as_str()], stored).optional()
        })
    }

    /// Changes one row; false when there is none that fits.
    fn change(&self, sql: &str, values: &[&dyn ToSql]) -> AuthResult<bool> {
        let changed = self
            .connections
            .with(|connection| connection.prepare_cached(sql)?.execute(values))?;
        Ok(changed > 0)
    }

    /// Puts `new` in the place of the hash that was read, unless that has been changed meanwhile.
    fn replace_hash(&self, user: &Stored, new: &str) -> AuthResult<bool> {
        self.change(
            "UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?",
            &[&new, &user.account.id.number(), &user.hash],
        )
    }
}

impl Authenticator for SqliteAccounts {
    fn authenticate(
        &self,
        name: &UserName,
        password: &Password,
        _host: Option<&str>,
        now: Instant,
    ) -> AuthResult<Login> {
        let user = match self.find(name)? {
            Some(user) if user.account.enabled => user,
            refused => {
                self.check.take_as_long(password);
                return Ok(Login::Refused(match refused {
                    Some(_) => Refusal::Disabled,
                    None => Refusal::UnknownUser,
                }));
            }
        };
        let claim = Verified {
            user: name,
            password,
            against: user.hash.as_bytes(),
        };
        let replace = |new: &str| self.replace_hash(&user, new);
        Ok(match self.check.is_right(claim, now, replace) {
            true => Login::Accepted(user.account),
            false => Login::Refused(Refusal::WrongPassword),
        })
    }
}

impl Accounts for SqliteAccounts {
    fn lookup(&self, name: &UserName) -> AuthResult<Option<Account>> {
        Ok(self.find(name)?.map(|user| user.account))
    }

    fn create(&self, new: &NewAccount<'_>) -> AuthResult<Option<UserId>> {
        let hash = self.check.hash(new.password)?;
        let sql = "INSERT INTO users (name, password_hash, email) VALUES (?, ?, ?)
            ON CONFLICT (name) DO NOTHING RETURNING id";
        self.connections.with(|connection| {
            connection
                .prepare_cached(sql)?
                .query_row((new.name.as_str(), &hash, new.email), |row| row.get(0))
                .optional()
                .map(|id| id.map(UserId::new))
        })
    }

    fn set_password(&self, name: &UserName, password: &Password) -> AuthResult<bool> {
        let hash = self.check.hash(password)?;
        self.change(
            "UPDATE users SET password_hash = ? WHERE name = ?",
            &[&hash, &name.as_str()],
        )
    }

    fn set_email(&self, name: &UserName, email: &str) -> AuthResult<bool> {
        self.change(
            "UPDATE users SET email = ? WHERE name = ?",
            &[&email, &name.as_str()],
        )
    }

    fn delete(&self, name: &UserName) -> AuthResult<bool> {
        self.change("DELETE FROM users WHERE name = ?", &[&name.as_str()])
    }

    fn list(&self) -> AuthResult<Vec<Account>> {
        let sql = format!("SELECT {COLUMNS} FROM users ORDER BY name");
        self.connections.with(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let accounts = statement.query_map([], |row| Ok(stored(row)?.account))?;
            accounts.collect()
        })
    }

    fn check(&self) -> AuthResult<()> {
        self.connections
            .with(|connection| connection.query_row("SELECT max(id) FROM users", [], |_| Ok(())))
    }

    fn password_stamp(&self, name: &UserName) -> AuthResult<Vec<u8>> {
        let user = self.find(name)?;
        // A hash of the salted hash: nothing to be guessed by.
        Ok(user.map_or_else(Vec::new, |user| Sha256::digest(user.hash).to_vec()))
    }

    fn hashes(&self) -> Option<&dyn HashKeeper> {
        Some(self)
    }

    fn admin(&self) -> Option<&dyn AccountAdmin> {
        Some(self)
    }
}

impl AccountAdmin for SqliteAccounts {
    fn set_enabled(&self, name: &UserName, enabled: bool) -> AuthResult<bool> {
        self.change(
            "UPDATE users SET status = ? WHERE name = ?",
            &[&enabled, &name.as_str()],
        )
    }

    fn set_alert(&self, name: &UserName, alert: Option<&str>) -> AuthResult<bool> {
        self.change(
            "UPDATE users SET alert = ? WHERE name = ?",
            &[&alert, &name.as_str()],
        )
    }

    fn set_quota(&self, name: &UserName, bytes: Option<u64>) -> AuthResult<bool> {
        // More than the column holds is as good as all that it holds.
        let bytes = bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        self.change(
            "UPDATE users SET quota_bytes = ? WHERE name = ?",
            &[&bytes, &name.as_str()],
        )
    }

    fn set_node(&self, name: &UserName, url: Option<&str>) -> AuthResult<bool> {
        self.change(
            "UPDATE users SET node = ? WHERE name = ?",
            &[&url, &name.as_str()],
        )
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let name: String = row.get(1)?;
    let name = UserName::new(&name).map_err(|_| {
        let type_found = rusqlite::types::Type::Text;
        rusqlite::Error::InvalidColumnType(1, "name".to_owned(), type_found)
    })?;
    let account = Account {
        id: UserId::new(row.get(0)?),
        name,
        email: row.get(2)?,
        enabled: row.get::<_, i64>(3)? == 1,
        alert: row.get(4)?,
        quota_bytes: row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned),
        node: row.get(6)?,
    };
    Ok(Stored {
        account,
        hash: row.get(7)?,
    })
}
