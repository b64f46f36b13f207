//! A write: what it changes in the database, PHP is told of in the cache.

use super::tabs::{self, Published};
use super::{Listing, Shared, listing};
use crate::storage::{CollectionSession, Columns, RowVisit, StorageResult, WriteSession};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboRef, WboWrite};
use std::ops::ControlFlow;
use std::sync::Arc;

pub(super) struct Write {
    shared: Arc<Shared>,
    user: UserId,
    name: CollectionName,
    inner: Box<dyn WriteSession>,
    changed: bool,
    /// When the collection was last changed before this session, as PHP told it, and, if the session
    /// has absorbed anything, as the database did.
    before: Option<Timestamp>,
    /// The caller has changed something.
    used: bool,
    /// The session has absorbed something.
    absorbed: bool,
    /// Of `tabs` only: what this session deletes.
    deleted: Vec<String>,
}

impl Write {
    pub(super) fn new(
        shared: Arc<Shared>,
        user: UserId,
        name: CollectionName,
        inner: Box<dyn WriteSession>,
    ) -> Self {
        Write {
            shared,
            user,
            name,
            inner,
            changed: false,
            before: None,
            used: false,
            absorbed: false,
            deleted: Vec::new(),
        }
    }

    /// Brings into the database what PHP did to the tabs; answers whether that was anything.
    pub(super) fn absorb(&mut self, listing: &Listing) -> StorageResult<bool> {
        let plan = tabs::plan(&self.shared, self.user, listing, &mut *self.inner)?;
        if plan.is_empty() {
            return Ok(false);
        }
        self.before = self.inner.modified()?.max(plan.newest);
        self.absorbed = true;
        self.put(&plan.stored)?;
        self.delete(&Query {
            ids: Some(plan.deleted),
            ..Query::default()
        })?;
        self.used = false;
        Ok(true)
    }

    /// What PHP has told as the time of the collection.
    pub(super) fn told_by_php(&mut self, told: Option<Timestamp>) {
        self.before = self.before.max(told);
        if told > Some(self.inner.time()) {
            let name = &self.name;
            log::warn!("{name} was changed in the future: is a PHP host's clock ahead?");
        }
    }
}

impl CollectionSession for Write {
    fn time(&self) -> Timestamp {
        self.inner.time()
    }

    fn modified(&mut self) -> StorageResult<Option<Timestamp>> {
        match (self.used, self.absorbed) {
            (true, _) => self.inner.modified(),
            (false, true) => Ok(self.before),
            (false, false) => Ok(self.inner.modified()?.max(self.before)),
        }
    }

    fn count(&mut self, query: &Query) -> StorageResult<u64> {
        self.inner.count(query)
    }

    fn get(&mut self, id: &RecordId, visit: &mut dyn FnMut(WboRef<'_>)) -> StorageResult<bool> {
        self.inner.get(id, visit)
    }

    fn scan(&mut self, query: &Query, columns: Columns, visit: RowVisit<'_>) -> StorageResult<()> {
        self.inner.scan(query, columns, visit)
    }
}

impl WriteSession for Write {
    fn used_bytes(&mut self) -> StorageResult<u64> {
        self.inner.used_bytes()
    }

    fn put(&mut self, writes: &[WboWrite]) -> StorageResult<Vec<Option<Timestamp>>> {
        let times = self.inner.put(writes)?;
        self.used |= times.iter().any(Option::is_some);
        self.changed |= self.used;
        Ok(times)
    }

    fn delete(&mut self, query: &Query) -> StorageResult<u64> {
        if tabs::is_tabs(&self.name) {
            let deleted = &mut self.deleted;
            self.inner.scan(query, Columns::Id, &mut |wbo| {
                deleted.push(wbo.id.to_owned());
                ControlFlow::Continue(())
            })?;
        }
        let count = self.inner.delete(query)?;
        self.used |= count > 0;
        self.changed |= self.used;
        Ok(count)
    }

    fn commit(mut self: Box<Self>) -> StorageResult<()> {
        if !self.changed {
            return self.inner.commit();
        }
        let time = self.inner.time();
        let count = self.inner.count(&Query::default())?;
        if tabs::is_tabs(&self.name) {
            // While the collection is locked: else a slower writer could bring back what a faster one
            // has deleted.
            Published::read(&mut *self.inner, &self.deleted)?.publish(&self.shared, self.user);
        }
        self.inner.commit()?;
        listing::tell(&self.shared, self.user, &self.name, time, count);
        Ok(())
    }
}
