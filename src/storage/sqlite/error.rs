//! What SQLite's errors mean to a request: wait, come back later, or call the operator.

use crate::storage::StorageError;
use rusqlite::ErrorCode;
use std::io;
use std::path::Path;

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        use ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed) => {
                StorageError::Busy
            }
            Some(
                Code::DiskFull
                | Code::SystemIoFailure
                | Code::CannotOpen
                | Code::ReadOnly
                | Code::PermissionDenied
                | Code::OutOfMemory
                | Code::NoLargeFileSupport
                | Code::OperationInterrupted,
            ) => StorageError::Unavailable(error.to_string()),
            // What is left says that the file, or our SQL, is not what it should be.
            _ => StorageError::Broken(error.to_string()),
        }
    }
}

/// An error of the files that stand beside the database: they are away, or the disk is full.
pub(super) fn file_error(path: &Path, error: &io::Error) -> StorageError {
    StorageError::Unavailable(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn a_full_database_is_unavailable() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (x); PRAGMA max_page_count = 4")
            .unwrap();
        let filled = connection.execute("INSERT INTO t VALUES (zeroblob(100000))", []);
        let error = StorageError::from(filled.unwrap_err());
        assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    }

    #[test]
    fn a_row_that_breaks_a_rule_is_broken() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (x NOT NULL)")
            .unwrap();
        let refused = connection.execute("INSERT INTO t VALUES (NULL)", []);
        let error = StorageError::from(refused.unwrap_err());
        assert!(matches!(error, StorageError::Broken(_)), "{error}");
    }
}
