//! What a fault on the way to the server means to whoever asked for storage.

use crate::mysql::Fault;
use crate::storage::StorageError;

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Lost(why) | Fault::Unavailable(why) => StorageError::Unavailable(why),
            Fault::Deadlock | Fault::Locked => StorageError::Busy,
            Fault::Missing(why) | Fault::Broken(why) => StorageError::Broken(why),
            Fault::Duplicate => StorageError::Broken("a row exists that should not".to_owned()),
        }
    }
}

/// What a fault before the commit of a session means to it: what the server undid is undone wholly.
pub(super) fn before_commit(fault: Fault) -> Result<StorageError, Fault> {
    match fault {
        Fault::Lost(why) => Ok(StorageError::Undone(why)),
        Fault::Deadlock => Ok(StorageError::Undone("a deadlock".to_owned())),
        fault => Err(fault),
    }
}
