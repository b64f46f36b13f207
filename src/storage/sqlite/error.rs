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
