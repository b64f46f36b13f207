//! Connections to the file of accounts, or of what goes with them, and what its errors mean.
//!
//! A call takes an idle connection or opens one, and gives it back if all went well. A file that
//! was there once and is gone is not made anew: an empty one would answer that nobody has an
//! account.

use crate::auth::{AuthError, AuthResult};
use crate::storage::StorageError;
use crate::storage::sqlite::SqliteOptions;
use crate::storage::sqlite::file::{DatabaseFile, FileId, Schema};
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More idle connections than this are closed.
const MOST_IDLE: usize = 4;

/// The idle connections to one file.
pub(crate) struct Connections {
    file: DatabaseFile,
    idle: Mutex<Vec<(FileId, Connection)>>,
    seen: AtomicBool,
}

impl Connections {
    pub(crate) fn new(options: SqliteOptions, schema: Schema) -> Self {
        Connections {
            file: DatabaseFile::new(options, schema),
            idle: Mutex::new(Vec::new()),
            seen: AtomicBool::new(false),
        }
    }

    /// Whether there is a file; nothing is made.
    pub(crate) fn is_there(&self) -> bool {
        self.file.id().is_some()
    }

    /// Lends a connection to `work`, which is one statement or one transaction.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> AuthResult<T> {
        let (file, connection) = self.take()?;
        let done = work(&connection).map_err(|error| auth_error(error.into()))?;
        let mut idle = self.idle();
        if idle.len() < MOST_IDLE {
            idle.push((file, connection));
        }
        Ok(done)
    }

    fn take(&self) -> AuthResult<(FileId, Connection)> {
        let file = self.file.id();
        loop {
            match self.idle().pop() {
                // The file was replaced: what stands in the old one is history.
                Some((opened, connection)) if Some(opened) != file => drop(connection),
                Some(idle) => return Ok(idle),
                None => return self.open(),
            }
        }
    }

    fn open(&self) -> AuthResult<(FileId, Connection)> {
        let create = !self.seen.load(Ordering::Relaxed);
        let connection = self.file.open(create).map_err(auth_error)?;
        let file = self
            .file
            .id()
            .ok_or_else(|| AuthError::Unavailable("the file of accounts is gone".to_owned()))?;
        self.seen.store(true, Ordering::Relaxed);
        Ok((file, connection))
    }

    /// The list holds no half-made state that a panic elsewhere could have left.
    fn idle(&self) -> MutexGuard<'_, Vec<(FileId, Connection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn auth_error(error: StorageError) -> AuthError {
    match error {
        StorageError::Elsewhere => AuthError::Broken(error.to_string()),
        StorageError::Busy => AuthError::Unavailable("the file of accounts is busy".to_owned()),
        StorageError::Unavailable(why) | StorageError::Undone(why) => AuthError::Unavailable(why),
        StorageError::Broken(why) => AuthError::Broken(why),
    }
}
