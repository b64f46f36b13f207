//! What one user has: the database's listing, and no time earlier than PHP told.

use crate::storage::{AccountSession, StorageResult};
use crate::sync::{CollectionName, Timestamp};

pub(super) struct Account {
    pub(super) inner: Box<dyn AccountSession>,
    pub(super) times: Vec<(CollectionName, Timestamp)>,
}

impl AccountSession for Account {
    fn time(&self) -> Timestamp {
        self.inner.time()
    }

    fn times(&mut self) -> StorageResult<Vec<(CollectionName, Timestamp)>> {
        Ok(self.times.clone())
    }

    fn counts(&mut self) -> StorageResult<Vec<(CollectionName, u64)>> {
        self.inner.counts()
    }

    fn usage(&mut self) -> StorageResult<Vec<(CollectionName, u64)>> {
        self.inner.usage()
    }

    fn used_bytes(&mut self) -> StorageResult<u64> {
        self.inner.used_bytes()
    }
}
