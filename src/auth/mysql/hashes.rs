//! Password hashes as they are stored, for backups.

use super::tables::{NAMED, id, named};
use super::{MySqlAccounts, commit, with_name};
use crate::auth::{AuthResult, HashKeeper, HashedAccount};
use crate::mysql::{Fault, Lease, row};
use crate::sync::{UserId, UserName};
use mysql::Value;

impl HashKeeper for MySqlAccounts {
    fn hash(&self, name: &UserName) -> AuthResult<Option<Vec<u8>>> {
        Ok(self.find(name)?.map(|user| user.hash))
    }

    fn set_hash(&self, name: &UserName, hash: &[u8]) -> AuthResult<bool> {
        self.set("password_hash", hash.into(), name)
    }

    fn create_disabled(&self, new: &HashedAccount<'_>) -> AuthResult<Option<UserId>> {
        let wait = self.config.manner.busy;
        let made = self.pool.attempt(|mut lease| {
            with_name(&mut lease, new.name, wait, |lease| {
                self.insert_disabled(lease, new)
            })
        });
        match made {
            Err(Fault::Duplicate) => Ok(None),
            made => self.answer(made),
        }
    }
}

impl MySqlAccounts {
    fn insert_disabled(
        &self,
        lease: &mut Lease,
        new: &HashedAccount<'_>,
    ) -> Result<Option<UserId>, Fault> {
        let users = &self.tables.users;
        let number = |lease: &mut Lease, condition: &str, values: Vec<Value>| {
            let sql = format!("SELECT id FROM {users} WHERE {condition} ORDER BY id LIMIT 1");
            let row = lease.first(&sql, values)?;
            row.map(|row| row::certain(&row, 0)).transpose()
        };
        if number(lease, NAMED, named(new.name).to_vec())?.is_some() {
            return Ok(None);
        }
        let wanted = Value::from(new.number.number());
        let taken = number(lease, "id = ?", vec![wanted.clone()])?.is_some();
        let sql = format!(
            "INSERT INTO {users} (id, username, password_hash, email, status) VALUES (?, ?, ?, ?, 0)"
        );
        let values = vec![
            // The next one there is.
            if taken { Value::NULL } else { wanted },
            new.name.as_str().into(),
            new.hash.into(),
            new.email.into(),
        ];
        lease.run(&sql, values)?;
        let made = number(lease, NAMED, named(new.name).to_vec())?;
        commit(lease)?;
        id(made.unwrap_or(0)).map(Some)
    }
}
