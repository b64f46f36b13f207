//! Accounts in MySQL or MariaDB, on the table of the legacy PHP server as it is.
//!
//! That table goes on being PHP's: nothing is added to it but an index. What it has no column for
//! stands in a table of our own, which is joined where it exists. The row of a user is read, in one
//! statement, at every login: a new password or a disabled account counts at once, on every host. Who
//! wants to spare that statement can have good logins remembered for a while; then a change counts at once
//! in the process that makes it, and in others when that while is over.
//!
//! PHP's table need not have a unique name, so who makes an account holds a lock of that name, which
//! the server keeps for all hosts, while it looks and inserts. PHP takes no such lock; where it runs
//! beside us, only a unique index keeps two people from taking one name in the same moment.

mod config;
mod extras;
mod fault;
mod hashes;
mod migrate;
mod tables;

pub use config::MySqlAccountsConfig;

use self::extras::Extras;
use self::tables::{NAMED, Stored, Tables, id, named, stored};
use super::password_check::PasswordCheck;
use super::recent_logins::RecentLogins;
use super::remembered::Verified;
use super::{
    Account, AccountAdmin, Accounts, AuthError, AuthResult, Authenticator, HashKeeper, Login,
    NewAccount, Password, Refusal,
};
use crate::mysql::{Fault, Lease, Migration, Pool, row, schema};
use crate::sync::{UserId, UserName};
use mysql::Value;
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The MySQL engine of accounts. Made without a connection: a server that is away is found out by the
/// first request, and found again by the first one after its return.
pub struct MySqlAccounts {
    pool: Arc<Pool>,
    config: MySqlAccountsConfig,
    tables: Tables,
    check: PasswordCheck,
    extras: Extras,
    recent: RecentLogins<Account>,
}

impl MySqlAccounts {
    /// An engine on this server and these tables. Fails when a table's name can't be one.
    pub fn new(config: MySqlAccountsConfig, check: PasswordCheck) -> AuthResult<Self> {
        Ok(MySqlAccounts {
            pool: config.pools.join(&config.server, &config.manner),
            tables: Tables::new(&config)?,
            recent: check.recent_logins(config.remember),
            config,
            check,
            extras: Extras::default(),
        })
    }

    /// Adds to the database what this engine would like and does not find: our own table, an index
    /// of names, in an empty database the table of accounts. Answers what was missing; a dry run only
    /// answers.
    pub fn migrate(&self, dry_run: bool) -> AuthResult<Vec<Migration>> {
        let mut lease = Pool::patient(&self.config.server, &self.config.manner)?;
        match dry_run {
            true => Ok(migrate::missing(&mut lease, &self.tables)?),
            false => migrate::apply(&mut lease, &self.tables),
        }
    }

    /// Visits the accounts that fit `condition`.
    fn each(
        &self,
        condition: &str,
        values: &[Value],
        mut visit: impl FnMut(Stored) -> ControlFlow<()>,
    ) -> AuthResult<()> {
        let mut read = |with_extras| {
            let sql = format!("{} {condition}", self.tables.select(with_extras));
            self.pool.ask(|mut lease| {
                lease.each(&sql, values.to_vec(), |row| {
                    Ok(match stored(&row)? {
                        Some(stored) => visit(stored),
                        None => ControlFlow::Continue(()),
                    })
                })
            })
        };
        if !self.extras.are_hoped_for() {
            return self.answer(read(false));
        }
        let joined = read(true);
        if !matches!(joined, Err(Fault::Missing(_))) {
            return self.answer(joined);
        }
        let alone = read(false);
        if alone.is_ok() && self.extras.are_missing() {
            log::info!(
                "there is no table {}: no user has a quota or node of their own until `weft \
                 migrate` has added it",
                self.tables.extras
            );
        }
        self.answer(alone)
    }

    fn find(&self, name: &UserName) -> AuthResult<Option<Stored>> {
        let mut found = None;
        // Where a name was given twice, PHP took the older account.
        let condition = format!("WHERE {NAMED} ORDER BY u.id LIMIT 1");
        self.each(&condition, &named(name), |stored| {
            found = Some(stored);
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Changes what rows there are that fit; false when there are none.
    fn change(&self, sql: &str, values: &[Value]) -> AuthResult<bool> {
        let result = self.pool.attempt(|mut lease| {
            let rows = lease.run(sql, values.to_vec())?.rows;
            commit(&mut lease)?;
            Ok(rows > 0)
        });
        self.answer(result)
    }

    /// Sets one column of the account of that name.
    fn set(&self, column: &str, value: Value, name: &UserName) -> AuthResult<bool> {
        let users = &self.tables.users;
        let sql = format!("UPDATE {users} SET {column} = ? WHERE {NAMED}");
        let [a, b] = named(name);
        let changed = self.change(&sql, &[value, a, b]);
        self.recent.forget(name);
        changed
    }

    /// Sets one column of our own table for the account of that name.
    fn set_extra(&self, column: &str, value: Value, name: &UserName) -> AuthResult<bool> {
        let Tables { users, extras } = &self.tables;
        let sql = format!(
            "INSERT INTO {extras} (userid, {column}) SELECT id, ? FROM {users} WHERE {NAMED} \
             ON DUPLICATE KEY UPDATE {column} = ?"
        );
        let [a, b] = named(name);
        let changed = self.change(&sql, &[value.clone(), a, b, value]);
        self.recent.forget(name);
        let changed = changed?;
        self.extras.were_found();
        Ok(changed)
    }

    /// Puts `new` in the place of the hash that was read, unless that has been changed meanwhile.
    fn replace_hash(&self, user: &Stored, new: &str) -> AuthResult<bool> {
        let users = &self.tables.users;
        self.change(
            &format!("UPDATE {users} SET password_hash = ? WHERE id = ? AND password_hash = ?"),
            &[
                new.into(),
                user.account.id.number().into(),
                user.hash.as_slice().into(),
            ],
        )
    }

    /// The caller's view of a result; a missing table or column comes with what to do about it.
    fn answer<T>(&self, result: Result<T, Fault>) -> AuthResult<T> {
        result.map_err(|fault| match fault {
            Fault::Missing(why) => self.explain(why),
            fault => fault.into(),
        })
    }

    fn explain(&self, why: String) -> AuthError {
        let missing = self
            .pool
            .take()
            .and_then(|mut lease| migrate::missing(&mut lease, &self.tables));
        match missing {
            Ok(missing) if !missing.is_empty() => AuthError::Broken(schema::instruction(&missing)),
            _ => AuthError::Broken(why),
        }
    }

    /// Inserts an account whose name nobody else is giving away meanwhile; nothing when it is taken.
    fn insert(
        &self,
        lease: &mut Lease,
        new: &NewAccount<'_>,
        hash: &str,
    ) -> Result<Option<UserId>, Fault> {
        let users = &self.tables.users;
        let sql = format!("SELECT id FROM {users} WHERE {NAMED} LIMIT 1");
        if lease.first(&sql, named(new.name).to_vec())?.is_some() {
            return Ok(None);
        }
        let sql = format!(
            "INSERT INTO {users} (username, password_hash, email, status) VALUES (?, ?, ?, 1)"
        );
        let values = vec![new.name.as_str().into(), hash.into(), new.email.into()];
        let number = lease.run(&sql, values)?.number.unwrap_or(0);
        let id = id(i64::try_from(number).unwrap_or(0))?;
        commit(lease)?;
        Ok(Some(id))
    }
}

/// Makes it durable. Where the connection is lost at this moment, nobody knows whether it is, and a
/// second try could answer that there is nothing to do.
fn commit(lease: &mut Lease) -> Result<(), Fault> {
    lease.commit().map_err(|fault| match fault {
        Fault::Lost(why) => Fault::Unavailable(why),
        fault => fault,
    })
}

/// Runs `work` while this connection holds the lock of a name.
fn with_name<T>(
    lease: &mut Lease,
    name: &UserName,
    wait: Duration,
    work: impl FnOnce(&mut Lease) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let lock: Value = format!("weft_user_{name}").into();
    let seconds = wait.as_secs().max(1).into();
    let locked = lease.first("SELECT GET_LOCK(?, ?)", vec![lock.clone(), seconds])?;
    match locked.map_or(Ok(None), |row| row::number(&row, 0))? {
        Some(1) => {}
        _ => return Err(Fault::Locked),
    }
    let done = work(lease);
    // Where this fails, the connection is closed, and the lock is gone with it.
    let released = lease.first("SELECT RELEASE_LOCK(?)", vec![lock]);
    if let Err(fault) = released {
        log::debug!("a lock was not released: {fault:?}");
    }
    done
}

impl Authenticator for MySqlAccounts {
    fn authenticate(
        &self,
        name: &UserName,
        password: &Password,
        _host: Option<&str>,
        now: Instant,
    ) -> AuthResult<Login> {
        if let Some(account) = self.recent.recall(name, password, now) {
            return Ok(Login::Accepted(account));
        }
        let asked = self.recent.asking();
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
            against: &user.hash,
        };
        let replace = |new: &str| self.replace_hash(&user, new);
        Ok(match self.check.is_right(claim, now, replace) {
            true => {
                let login = (name, &user.account);
                self.recent.remember(asked, login, password, now);
                Login::Accepted(user.account)
            }
            false => Login::Refused(Refusal::WrongPassword),
        })
    }
}

impl Accounts for MySqlAccounts {
    fn lookup(&self, name: &UserName) -> AuthResult<Option<Account>> {
        Ok(self.find(name)?.map(|user| user.account))
    }

    fn create(&self, new: &NewAccount<'_>) -> AuthResult<Option<UserId>> {
        let hash = self.check.hash(new.password)?;
        let wait = self.config.manner.busy;
        let made = self.pool.attempt(|mut lease| {
            with_name(&mut lease, new.name, wait, |lease| {
                self.insert(lease, new, &hash)
            })
        });
        match made {
            // PHP was faster, or the column takes another name for the same.
            Err(Fault::Duplicate) => Ok(None),
            made => self.answer(made),
        }
    }

    fn set_password(&self, name: &UserName, password: &Password) -> AuthResult<bool> {
        let hash = self.check.hash(password)?;
        self.set("password_hash", hash.into(), name)
    }

    fn set_email(&self, name: &UserName, email: &str) -> AuthResult<bool> {
        self.set("email", email.into(), name)
    }

    fn delete(&self, name: &UserName) -> AuthResult<bool> {
        let Tables { users, extras } = &self.tables;
        let result = self.pool.attempt(|mut lease| {
            let sql = format!(
                "DELETE FROM {extras} WHERE userid IN (SELECT id FROM {users} WHERE {NAMED})"
            );
            match lease.run(&sql, named(name).to_vec()) {
                Ok(_) | Err(Fault::Missing(_)) => {}
                Err(fault) => return Err(fault),
            }
            let sql = format!("DELETE FROM {users} WHERE {NAMED}");
            let rows = lease.run(&sql, named(name).to_vec())?.rows;
            commit(&mut lease)?;
            Ok(rows > 0)
        });
        self.recent.forget(name);
        self.answer(result)
    }

    fn list(&self) -> AuthResult<Vec<Account>> {
        let mut accounts = Vec::new();
        self.each("ORDER BY u.id", &[], |stored| {
            accounts.push(stored.account);
            ControlFlow::Continue(())
        })?;
        accounts.sort_by(|a, b| a.name.cmp(&b.name));
        accounts.dedup_by(|later, first| later.name == first.name);
        Ok(accounts)
    }

    fn rest(&self) {
        self.pool.rest();
    }

    fn check(&self) -> AuthResult<()> {
        let sql = format!("SELECT MAX(id) FROM {}", self.tables.users);
        let result = self.pool.attempt(|mut lease| lease.first(&sql, vec![]));
        self.answer(result).map(drop)
    }

    fn password_stamp(&self, name: &UserName) -> AuthResult<Vec<u8>> {
        let user = self.find(name)?;
        // A hash of the stored hash: nothing to be guessed by.
        Ok(user.map_or_else(Vec::new, |user| Sha256::digest(user.hash).to_vec()))
    }

    fn hashes(&self) -> Option<&dyn HashKeeper> {
        Some(self)
    }

    fn admin(&self) -> Option<&dyn AccountAdmin> {
        Some(self)
    }
}

impl AccountAdmin for MySqlAccounts {
    fn set_enabled(&self, name: &UserName, enabled: bool) -> AuthResult<bool> {
        self.set("status", i32::from(enabled).into(), name)
    }

    fn set_alert(&self, name: &UserName, alert: Option<&str>) -> AuthResult<bool> {
        self.set("alert", alert.into(), name)
    }

    fn set_quota(&self, name: &UserName, bytes: Option<u64>) -> AuthResult<bool> {
        // More than the column holds is as good as all that it holds.
        let bytes = bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        self.set_extra("quota_bytes", bytes.into(), name)
    }

    fn set_node(&self, name: &UserName, url: Option<&str>) -> AuthResult<bool> {
        self.set_extra("node", url.into(), name)
    }
}
