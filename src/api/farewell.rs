//! An account's end, with all that belongs to it.

use super::Api;
use super::error::ApiError;
use crate::auth::{Account, AuthError};
use crate::storage::StorageError;

/// Why an account was not removed.
#[derive(Debug)]
pub enum NotRemoved {
    /// Its records are on another node, where it is to be removed.
    Elsewhere,
    /// The records could not be deleted; nothing was removed.
    Storage(StorageError),
    /// Something else could not be deleted; it can be tried again.
    Accounts(AuthError),
}

impl From<StorageError> for NotRemoved {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Elsewhere => NotRemoved::Elsewhere,
            error => NotRemoved::Storage(error),
        }
    }
}

impl From<AuthError> for NotRemoved {
    fn from(error: AuthError) -> Self {
        NotRemoved::Accounts(error)
    }
}

impl From<NotRemoved> for ApiError {
    fn from(error: NotRemoved) -> Self {
        match error {
            NotRemoved::Elsewhere => ApiError::Unauthorized,
            NotRemoved::Storage(error) => error.into(),
            NotRemoved::Accounts(error) => error.into(),
        }
    }
}

impl Api {
    /// Removes an account with its records, codes and place on a node. The records go first: an account
    /// whose records are left behind can't be deleted by its owner again.
    ///
    /// # Errors
    ///
    /// [`NotRemoved`].
    pub fn remove_account(&self, account: &Account) -> Result<(), NotRemoved> {
        if self.elsewhere(account)?.is_some() {
            return Err(NotRemoved::Elsewhere);
        }
        self.storage.forget_user(account.id)?;
        self.people.forget(account)?;
        self.accounts.delete(&account.name)?;
        Ok(())
    }
}
