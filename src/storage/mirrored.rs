//! A storage engine with a second one behind it that gets every write too.
//!
//! For moving house: the second store fills up while the first one serves, and what goes wrong there
//! is logged and nothing else. Reads come from the first alone. A write is done on the second while
//! the first still holds the collection, and committed there right after, so that the writes of all
//! processes reach both in one order. The second store gives its own times.
//!
//! A second store that fails is left alone for a while, so that one that is dead does not slow down
//! every write; what it missed in that time it does not have.

use super::undo::{History, Refusal, Restored, Undo, Undone};
use super::{
    AccountSession, Carry, CollectionSession, Columns, Give, Load, Portable, Question, ReadFrom,
    RowVisit, Storage, StorageError, StorageResult, Times, Undoable, WriteSession,
};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboRef, WboWrite};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a second store that failed is left alone.
const PAUSE: Duration = Duration::from_secs(10);

/// A storage engine whose writes go to a second one too.
pub struct Mirrored {
    primary: Box<dyn Storage>,
    mirror: Arc<Mirror>,
}

/// The second store, and until when it is left alone.
struct Mirror {
    storage: Box<dyn Storage>,
    paused: Mutex<Option<Instant>>,
}

impl Mirrored {
    /// Serves from `primary`, and writes to `secondary` too.
    pub fn new(primary: Box<dyn Storage>, secondary: Box<dyn Storage>) -> Self {
        let mirror = Mirror {
            storage: secondary,
            paused: Mutex::new(None),
        };
        Mirrored {
            primary,
            mirror: Arc::new(mirror),
        }
    }
}

impl Mirror {
    /// Does something with the second store, unless it is left alone.
    fn attempt<T>(&self, work: impl FnOnce(&dyn Storage) -> StorageResult<T>) -> Option<T> {
        let now = Instant::now();
        let paused = *self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        match paused {
            Some(until) if now < until => None,
            _ => self.keep(work(&*self.storage)),
        }
    }

    fn keep<T>(&self, result: StorageResult<T>) -> Option<T> {
        let failure = match result {
            Ok(value) => return Some(value),
            Err(failure) => failure,
        };
        log::error!("the second store missed a write: {failure}");
        let until = Instant::now() + PAUSE;
        *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        None
    }
}

impl Storage for Mirrored {
    fn read_account(&self, user: UserId) -> StorageResult<Box<dyn AccountSession>> {
        self.primary.read_account(user)
    }

    fn read_collection(
        &self,
        user: UserId,
        collection: &CollectionName,
        from: ReadFrom,
    ) -> StorageResult<Box<dyn CollectionSession>> {
        self.primary.read_collection(user, collection, from)
    }

    fn read_times(&self, user: UserId) -> StorageResult<Times> {
        self.primary.read_times(user)
    }

    fn read_once(
        &self,
        user: UserId,
        question: Question<'_>,
        visit: RowVisit<'_>,
    ) -> StorageResult<Timestamp> {
        self.primary.read_once(user, question, visit)
    }

    fn write_records(
        &self,
        user: UserId,
        collection: &CollectionName,
        writes: &[WboWrite],
    ) -> StorageResult<Box<dyn WriteSession>> {
        Ok(Box::new(MirroredWrite {
            first: self.primary.write_records(user, collection, writes)?,
            second: Second::Unopened,
            mirror: Arc::clone(&self.mirror),
            user,
            collection: collection.clone(),
        }))
    }

    fn delete_records(&self, user: UserId) -> StorageResult<Timestamp> {
        let time = self.primary.delete_records(user)?;
        self.mirror.attempt(|second| second.delete_records(user));
        Ok(time)
    }

    fn forget_user(&self, user: UserId) -> StorageResult<()> {
        self.primary.forget_user(user)?;
        self.mirror.attempt(|second| second.forget_user(user));
        Ok(())
    }

    fn purge(&self, most: u64) -> StorageResult<u64> {
        let gone = self.primary.purge(most)?;
        self.mirror.attempt(|second| second.purge(most));
        Ok(gone)
    }

    fn rest(&self) {
        self.primary.rest();
        self.mirror.storage.rest();
    }

    /// Whether the first store is well; the second one's state is for the log.
    fn check(&self) -> StorageResult<()> {
        self.mirror.attempt(|second| second.check());
        self.primary.check()
    }

    fn portable(&self) -> Option<&dyn Portable> {
        self.primary.portable().map(|_| self as &dyn Portable)
    }

    fn undoable(&self) -> Option<&dyn Undoable> {
        self.primary.undoable().map(|_| self as &dyn Undoable)
    }
}

impl Mirrored {
    fn first(&self) -> StorageResult<&dyn Portable> {
        self.primary.portable().ok_or_else(super::not_portable)
    }
}

impl Portable for Mirrored {
    fn users(&self) -> StorageResult<Vec<UserId>> {
        self.first()?.users()
    }

    fn walk(&self, user: UserId, carry: Carry<'_>) -> StorageResult<Timestamp> {
        self.first()?.walk(user, carry)
    }

    fn take_in(
        &self,
        user: UserId,
        load: &Load<'_>,
        give: Give<'_>,
    ) -> StorageResult<Option<Timestamp>> {
        let time = self.first()?.take_in(user, load, give)?;
        if time.is_some() {
            // What it has of the user is a copy of what has just been replaced.
            let load = Load {
                replace: true,
                ..*load
            };
            self.mirror.attempt(|second| {
                let second = second.portable().ok_or_else(super::not_portable)?;
                second.take_in(user, &load, give)
            });
        }
        Ok(time)
    }
}

impl Undoable for Mirrored {
    fn history(&self, user: UserId) -> StorageResult<History> {
        undoable(&*self.primary)?.history(user)
    }

    /// The second store goes back by its own times, which are those of the first but for moments.
    fn undo(
        &self,
        user: UserId,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> StorageResult<Result<Undone, Refusal>> {
        let undone = undoable(&*self.primary)?.undo(user, undo, tell)?;
        if undone.is_ok() && !undo.rehearsal {
            self.mirror.attempt(|second| {
                let undone = undoable(second)?.undo(user, undo, &mut |_| {})?;
                undone.map(drop).map_err(|refusal| {
                    StorageError::Broken(format!("it can't undo this: {refusal:?}"))
                })
            });
        }
        Ok(undone)
    }
}

fn undoable(storage: &dyn Storage) -> StorageResult<&dyn Undoable> {
    let undoable = storage.undoable();
    undoable.ok_or_else(|| StorageError::Broken("it keeps nothing to undo".to_owned()))
}

struct MirroredWrite {
    first: Box<dyn WriteSession>,
    second: Second,
    mirror: Arc<Mirror>,
    user: UserId,
    collection: CollectionName,
}

enum Second {
    /// Nothing was written yet.
    Unopened,
    Open(Box<dyn WriteSession>),
    /// It failed, and gets nothing of this session.
    Lost,
}

impl MirroredWrite {
    fn mirror<T>(&mut self, work: impl FnOnce(&mut dyn WriteSession) -> StorageResult<T>) {
        if let Second::Unopened = self.second {
            let (user, collection) = (self.user, &self.collection);
            let opened = self
                .mirror
                .attempt(|second| second.write_collection(user, collection));
            self.second = opened.map_or(Second::Lost, Second::Open);
        }
        if let Second::Open(session) = &mut self.second
            && self.mirror.keep(work(&mut **session)).is_none()
        {
            self.second = Second::Lost;
        }
    }

    /// A query that selects the same records in the second store, whose times are others.
    fn without_times(&mut self, query: &Query) -> StorageResult<Query> {
        let by_rank = query.limit.is_some() || query.offset.is_some();
        if query.newer.is_none() && query.older.is_none() && !by_rank {
            return Ok(query.clone());
        }
        let mut ids = Vec::new();
        self.first.scan(query, Columns::Id, &mut |wbo| {
            ids.extend(RecordId::new(wbo.id).ok());
            ControlFlow::Continue(())
        })?;
        Ok(Query {
            ids: Some(ids),
            ..Query::default()
        })
    }
}

impl CollectionSession for MirroredWrite {
    fn time(&self) -> Timestamp {
        self.first.time()
    }

    fn modified(&mut self) -> StorageResult<Option<Timestamp>> {
        self.first.modified()
    }

    fn count(&mut self, query: &Query) -> StorageResult<u64> {
        self.first.count(query)
    }

    fn get(&mut self, id: &RecordId, visit: &mut dyn FnMut(WboRef<'_>)) -> StorageResult<bool> {
        self.first.get(id, visit)
    }

    fn scan(&mut self, query: &Query, columns: Columns, visit: RowVisit<'_>) -> StorageResult<()> {
        self.first.scan(query, columns, visit)
    }
}

impl WriteSession for MirroredWrite {
    fn used_bytes(&mut self) -> StorageResult<u64> {
        self.first.used_bytes()
    }

    fn put(&mut self, writes: &[WboWrite]) -> StorageResult<Vec<Option<Timestamp>>> {
        let put = self.first.put(writes)?;
        self.mirror(|second| second.put(writes));
        Ok(put)
    }

    fn delete(&mut self, query: &Query) -> StorageResult<u64> {
        let same = self.without_times(query)?;
        let gone = self.first.delete(query)?;
        self.mirror(|second| second.delete(&same));
        Ok(gone)
    }

    fn commit(self: Box<Self>) -> StorageResult<()> {
        let MirroredWrite {
            first,
            second,
            mirror,
            ..
        } = *self;
        first.commit()?;
        if let Second::Open(session) = second {
            mirror.keep(session.commit());
        }
        Ok(())
    }
}
