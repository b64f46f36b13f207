//! Storage that legacy PHP shares, as long as it runs on some of the hosts.
//!
//! PHP answers `info/collections` and checks `X-If-Unmodified-Since` from memcached, `coll:<uid>`, and
//! keeps the collection `tabs` nowhere else, `tabs:<uid>`. This engine wraps another and keeps the two
//! sides in agreement. Without PHP it is not used: Weft needs no cache for what it answers.
//!
//! # Nothing is answered from the cache alone
//!
//! A cached entry can't be proven fresh without asking the database: a writer may have been unable to
//! reach the cache, or have died before it did; a cache that was away may come back with what it had;
//! records end by their ttl without anybody writing. And a session's time comes from the database
//! anyway. So every answer is read there, and the cache is a *witness* of what PHP did and the
//! database does not know:
//!
//! * **Times.** PHP's deletions leave their time in `coll:` only. Where the witness tells a later time
//!   than the database, that is first made the database's own (by a change that changes nothing and
//!   gets a time later than it), and then told. So what was told outlives the cache, and writes get
//!   later times. A precondition holds if it holds against both.
//! * **Tabs.** What PHP stored, and did not store later than the database has it, is moved into the
//!   database before anything is read or written there: record by record, the later time wins.
//!   What PHP deleted goes from the database too; how that is told from a loss, see `tabs`.
//!
//! # What holds
//!
//! *When only Weft runs*, every time and count told is the database's, or was made the database's
//! before it was told; the guarantees of the wrapped engine hold whatever the cache does: it may be
//! empty, away, flushed at any moment or hold old values.
//! An old witness tells an earlier time, and the later counts. Writes to `tabs` are in the database, and
//! the cache is brought up to date while the collection is locked.
//!
//! *With PHP beside*, the same holds for what Weft tells, save two things. A PHP host whose clock is
//! ahead of the database can have told a time that the database has not reached; Weft tells it, too, but
//! can't remember it. And a tab that PHP stores is known to the first Weft request that looks; what the
//! cache loses before that, PHP has lost.
//!
//! What PHP tells can be older than what Weft told: it reads, changes and stores `coll:` in steps, and
//! between them Weft's entry may be lost, as another PHP host's may. Weft's own changes to an entry lose
//! nothing and never set a time back; each write sets its collection's entry after it is committed, and
//! each `info/collections` that finds an entry older than the database repairs it. An entry that is
//! missing is never made in part: PHP would show its user those collections only.

mod account;
mod listing;
mod portable;
mod tabs;
mod write;

use super::undo::{History, Refusal, Restored, Undo, Undone};
use super::{
    AccountSession, CollectionSession, Portable, Question, ReadFrom, RowVisit, Storage,
    StorageError, StorageResult, Undoable, WriteSession,
};
use crate::cache::legacy::{FLAG_SERIALIZED, collections_key, tabs_key, write_volume_key};
use crate::cache::{Cache, Kind};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboWrite};
use account::Account;
use listing::Listing;
use std::sync::Arc;
use write::Write;

/// A storage engine, and the cache in which PHP is told what happens in it and tells what it did.
pub struct Cached {
    shared: Arc<Shared>,
}

/// What all sessions need.
struct Shared {
    inner: Arc<dyn Storage>,
    cache: Arc<dyn Cache>,
    life: u32,
}

/// PHP's entries are asked about by requests that have a day, at most, between them and the next.
const PLAUSIBLY_AHEAD: i64 = 86_400;

impl Cached {
    /// Around an engine on the tables that PHP uses, with the cache that PHP uses. Entries live so many
    /// seconds (`WEAVE_STORAGE_MEMCACHE_DECAY`).
    pub fn new(inner: Arc<dyn Storage>, cache: Arc<dyn Cache>, life: u32) -> Self {
        Cached {
            shared: Arc::new(Shared { inner, cache, life }),
        }
    }

    /// What PHP stored has to be in the database before a collection is read there.
    fn absorb_before(&self, user: UserId, collection: &CollectionName) -> StorageResult<()> {
        match tabs::is_tabs(collection) {
            true => tabs::absorb(&self.shared, user, &Listing::look(&self.shared, user)),
            false => Ok(()),
        }
    }
}

impl Storage for Cached {
    fn read_account(&self, user: UserId) -> StorageResult<Box<dyn AccountSession>> {
        let shared = &self.shared;
        // First the cache and then the database: all that was cached is then in the snapshot.
        let listing = Listing::look(shared, user);
        tabs::absorb(shared, user, &listing)?;
        let mut inner = shared.inner.read_account(user)?;
        let mut times = inner.times()?;
        let mut remembered = false;
        for (name, time) in &times {
            let told = listing.time(name, inner.time());
            if told.is_some_and(|told| told > *time) {
                remembered |= shared.remember(user, name, told)?;
            }
        }
        if remembered {
            inner = shared.inner.read_account(user)?;
            times = inner.times()?;
        }
        listing.repair(shared, user, &times, &mut *inner)?;
        for (name, time) in &mut times {
            // Later than the database's only if it could not be remembered there.
            *time = listing
                .time(name, inner.time())
                .max(Some(*time))
                .unwrap_or(*time);
        }
        Ok(Box::new(Account { inner, times }))
    }

    fn read_collection(
        &self,
        user: UserId,
        collection: &CollectionName,
        from: ReadFrom,
    ) -> StorageResult<Box<dyn CollectionSession>> {
        self.absorb_before(user, collection)?;
        self.shared.inner.read_collection(user, collection, from)
    }

    fn read_once(
        &self,
        user: UserId,
        question: Question<'_>,
        visit: RowVisit<'_>,
    ) -> StorageResult<Timestamp> {
        self.absorb_before(user, question.collection)?;
        self.shared.inner.read_once(user, question, visit)
    }

    fn write_records(
        &self,
        user: UserId,
        collection: &CollectionName,
        writes: &[WboWrite],
    ) -> StorageResult<Box<dyn WriteSession>> {
        let shared = &self.shared;
        let listing = Listing::look(shared, user);
        let inner = shared.inner.write_records(user, collection, writes)?;
        let told = listing.time(collection, inner.time());
        let mut session = Write::new(Arc::clone(shared), user, collection.clone(), inner);
        if tabs::is_tabs(collection) {
            session.absorb(&listing)?;
        }
        session.told_by_php(told);
        Ok(Box::new(session))
    }

    fn delete_records(&self, user: UserId) -> StorageResult<Timestamp> {
        // Before, so that no tab is absorbed again after the deletion; and after, for PHP's sake.
        self.shared.forget(user);
        let time = self.shared.inner.delete_records(user)?;
        self.shared.forget(user);
        Ok(time)
    }

    fn forget_user(&self, user: UserId) -> StorageResult<()> {
        self.shared.forget(user);
        self.shared.inner.forget_user(user)?;
        self.shared.forget(user);
        let volume = write_volume_key(user.number().into());
        self.shared.cache.delete(&volume);
        Ok(())
    }

    fn purge(&self, most: u64) -> StorageResult<u64> {
        self.shared.inner.purge(most)
    }

    fn rest(&self) {
        self.shared.inner.rest();
    }

    fn check(&self) -> StorageResult<()> {
        self.shared.inner.check()
    }

    fn portable(&self) -> Option<&dyn Portable> {
        self.shared.inner.portable().map(|_| self as &dyn Portable)
    }

    fn undoable(&self) -> Option<&dyn Undoable> {
        self.shared.inner.undoable().map(|_| self as &dyn Undoable)
    }
}

impl Undoable for Cached {
    fn history(&self, user: UserId) -> StorageResult<History> {
        self.shared.undoable()?.history(user)
    }

    fn undo(
        &self,
        user: UserId,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> StorageResult<Result<Undone, Refusal>> {
        let shared = &self.shared;
        tabs::absorb(shared, user, &Listing::look(shared, user))?;
        let undone = shared.undoable()?.undo(user, undo, tell)?;
        // PHP makes its list anew from the database, and shows tabs again when they are next sent.
        if undone.is_ok() && !undo.rehearsal {
            shared.forget(user);
        }
        Ok(undone)
    }
}

impl Shared {
    fn undoable(&self) -> StorageResult<&dyn Undoable> {
        let undoable = self.inner.undoable();
        undoable.ok_or_else(|| StorageError::Broken("nothing is kept".to_owned()))
    }

    fn kind(&self) -> Kind {
        Kind {
            flags: FLAG_SERIALIZED,
            life: self.life,
        }
    }

    fn forget(&self, user: UserId) {
        let user = user.number().into();
        self.cache.delete(&tabs_key(user));
        self.cache.delete(&collections_key(user));
    }

    /// Makes the collection's time in the database later than one that PHP told: a record is written
    /// and deleted again, in one transaction. Answers whether that was needed and possible; it is not
    /// when PHP's clock is ahead of the database's.
    fn remember(
        &self,
        user: UserId,
        collection: &CollectionName,
        told: Option<Timestamp>,
    ) -> StorageResult<bool> {
        let mut session = self.inner.write_collection(user, collection)?;
        if session.modified()? >= told || Some(session.time()) < told {
            return Ok(false);
        }
        let unused = unused_id(&mut *session)?;
        let write = WboWrite {
            payload: Some(String::new()),
            ..WboWrite::new(unused.clone())
        };
        session.put(&[write])?;
        session.delete(&Query {
            ids: Some(vec![unused]),
            ..Query::default()
        })?;
        session.commit()?;
        Ok(true)
    }
}

/// An id that the collection has no record of.
fn unused_id(session: &mut dyn CollectionSession) -> StorageResult<RecordId> {
    for number in 0..1000 {
        let id = RecordId::new(format!("weft-{number}"))
            .map_err(|_| StorageError::Broken("an id that is none".to_owned()))?;
        if !session.get(&id, &mut |_| {})? {
            return Ok(id);
        }
    }
    Err(StorageError::Broken("every id is in use".to_owned()))
}
