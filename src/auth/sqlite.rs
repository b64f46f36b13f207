//! stub
use super::password::PasswordHashes;
use super::*;
use crate::sync::*;
use std::path::PathBuf;
use std::time::Duration;
pub struct AccountOptions {
    pub path: PathBuf,
    pub busy: Duration,
    pub remember: Duration,
    pub remember_entries: usize,
}
pub struct SqliteAccounts;
impl SqliteAccounts {
    pub fn new(_: AccountOptions, _: PasswordHashes, _: fn(&mut [u8])) -> Self {
        SqliteAccounts
    }
}
impl Authenticator for SqliteAccounts {
    fn authenticate(
        &self,
        _: &UserName,
        _: &Password,
        _: Option<&str>,
        _: Timestamp,
    ) -> AuthResult<Login> {
        Ok(Login::Refused(Refusal::UnknownUser))
    }
}
impl Accounts for SqliteAccounts {
    fn lookup(&self, _: &UserName) -> AuthResult<Option<Account>> {
        Ok(None)
    }
    fn create(&self, _: &NewAccount<'_>) -> AuthResult<Option<UserId>> {
        Ok(None)
    }
    fn set_password(&self, _: &UserName, _: &Password) -> AuthResult<bool> {
        Ok(false)
    }
    fn set_email(&self, _: &UserName, _: &str) -> AuthResult<bool> {
        Ok(false)
    }
    fn delete(&self, _: &UserName) -> AuthResult<bool> {
        Ok(false)
    }
    fn list(&self) -> AuthResult<Vec<Account>> {
        Ok(vec![])
    }
    fn check(&self) -> AuthResult<()> {
        Ok(())
    }
}
