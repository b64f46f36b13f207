//! Where records live: the contract that every storage engine keeps.
//!
//! A request that touches storage opens one session: one transaction with one time, in which it
//! reads, checks and writes everything. The time of a write session is the `modified` of its
//! records, the collection's time and the answer's `X-Weave-Timestamp`, because it is one value.
//!
//! Guarantees of every engine:
//!
//! * A committed write is durable and whole; one that was dropped uncommitted left nothing.
//! * Writers of one collection stand in line: what a write session reads can't change before it
//!   commits, in this process or another.
//! * A write's time is later than every time that anyone was told for its collection before, even
//!   when the clock stands still or runs back.
//! * A read session's time is never later than its snapshot: whatever it did not see gets a later one.
//! * Records whose ttl has passed are seen by nothing and count nowhere.
//! * A deletion moves its collection's time, and the collection keeps that time after its last record
//!   is gone, though it is no longer listed.

pub mod cached;
pub mod mirrored;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod sqlite;
pub mod undo;
pub mod write_cap;

mod moving;
mod portable;

pub use moving::{Carried, Carry, Movable, Presence};
use portable::not_portable;
pub use portable::{Give, Load, Portable, Stamps};
pub use undo::{Keeping, Undoable};

use crate::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboRef, WboWrite};
use std::fmt;
use std::ops::ControlFlow;

/// Why a storage engine could not do what was asked. No message in here is for clients.
#[derive(Debug)]
pub enum StorageError {
    /// The database is away, full, or refuses: the next request may find it well.
    Unavailable(String),
    /// Others held what was needed for as long as a request may wait.
    Busy,
    /// The database undid a session of which nothing is left, to let another go on or because the
    /// connection broke: the same in a new session may succeed at once.
    Undone(String),
    /// The user's records were moved to another node.
    Elsewhere,
    /// The database holds, or answered, what it never should: for the operator to look at.
    Broken(String),
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::Unavailable(why) => write!(f, "storage is unavailable: {why}"),
            StorageError::Busy => f.write_str("storage is busy"),
            StorageError::Undone(why) => write!(f, "storage undid a session: {why}"),
            StorageError::Elsewhere => f.write_str("the records are on another node"),
            StorageError::Broken(why) => write!(f, "storage is broken: {why}"),
        }
    }
}

impl std::error::Error for StorageError {}

/// The answer of every storage operation.
pub type StorageResult<T> = Result<T, StorageError>;

/// Which copy of the data a read needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// Any: a replica or a cache will do.
    Any,
    /// The primary database itself: what it does not find is known not to exist.
    Primary,
}

/// What is asked of a collection when one answer is all that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The collection, which need not exist.
    pub collection: &'q CollectionName,
    /// Which copy of the data will do.
    pub from: ReadFrom,
    /// Which of its records, in which order.
    pub query: &'q Query,
    /// What of each record.
    pub columns: Columns,
}

/// A time, and every collection that has records with its own.
pub type Times = (Timestamp, Vec<(CollectionName, Timestamp)>);

/// What a visit of one row answers: go on, or that was enough.
pub type RowVisit<'v> = &'v mut dyn FnMut(WboRef<'_>) -> ControlFlow<()>;

/// A storage engine. Sessions own what they need, so that one can outlive the call that made it and
/// feed a response that is still being written.
pub trait Storage: Send + Sync {
    /// Opens a snapshot of all that a user has.
    fn read_account(&self, user: UserId) -> StorageResult<Box<dyn AccountSession>>;

    /// Opens a snapshot of one collection, which need not exist.
    fn read_collection(
        &self,
        user: UserId,
        collection: &CollectionName,
        from: ReadFrom,
    ) -> StorageResult<Box<dyn CollectionSession>>;

    /// The time and the listing of [`read_account`](Self::read_account), for callers that want no more:
    /// every sync begins with it.
    fn read_times(&self, user: UserId) -> StorageResult<Times> {
        let mut session = self.read_account(user)?;
        let times = session.times()?;
        Ok((session.time(), times))
    }

    /// Visits what a query selects, as one scan of a session that is not needed any more; answers its
    /// time, which here need only be as late as each visited record: where the collection was written to
    /// meanwhile, the collection's own may be later. When it fails, some rows may have been visited.
    fn read_once(
        &self,
        user: UserId,
        question: Question<'_>,
        visit: RowVisit<'_>,
    ) -> StorageResult<Timestamp> {
        let mut session = self.read_collection(user, question.collection, question.from)?;
        session.scan(question.query, question.columns, visit)?;
        Ok(session.time())
    }

    /// Opens a transaction that alone may change the collection, which need not exist, until it is
    /// committed or dropped. Waits for other writers up to the engine's own deadline.
    fn write_collection(
        &self,
        user: UserId,
        collection: &CollectionName,
    ) -> StorageResult<Box<dyn WriteSession>> {
        self.write_records(user, collection, &[])
    }

    /// The same for who is about to put these records. They change nothing of what the session does or
    /// promises, also if others are put in the end; but an engine may prepare for them.
    fn write_records(
        &self,
        user: UserId,
        collection: &CollectionName,
        writes: &[WboWrite],
    ) -> StorageResult<Box<dyn WriteSession>>;

    /// Deletes all records of the user, in one transaction, and answers its time. Every collection
    /// that had records keeps that time.
    fn delete_records(&self, user: UserId) -> StorageResult<Timestamp>;

    /// Forgets the user wholly: records, collections and their times. For deleted accounts.
    fn forget_user(&self, user: UserId) -> StorageResult<()>;

    /// Removes at most `most` records whose ttl has passed, or that are kept for an
    /// [undo](Undoable) and too old or too many, of any user; answers how many went.
    fn purge(&self, most: u64) -> StorageResult<u64>;

    /// Nobody has asked for anything for a moment: what costs memory and is quickly made again may go.
    fn rest(&self) {}

    /// Whether the database answers, reading and writing.
    fn check(&self) -> StorageResult<()>;

    /// How users are backed up and restored; nothing where this engine can't.
    fn portable(&self) -> Option<&dyn Portable> {
        None
    }

    /// How users are moved to another node; nothing where this engine can't.
    fn movable(&self) -> Option<&dyn Movable> {
        None
    }

    /// How changes are undone; nothing where this engine can't.
    fn undoable(&self) -> Option<&dyn Undoable> {
        None
    }
}

/// A snapshot of all that one user has.
pub trait AccountSession: Send {
    /// The time of the snapshot.
    fn time(&self) -> Timestamp;

    /// The time of last change of every collection that has records, by name.
    fn times(&mut self) -> StorageResult<Vec<(CollectionName, Timestamp)>>;

    /// The number of records of every collection that has some, by name.
    fn counts(&mut self) -> StorageResult<Vec<(CollectionName, u64)>>;

    /// The bytes of payload of every collection that has records, by name.
    fn usage(&mut self) -> StorageResult<Vec<(CollectionName, u64)>>;

    /// The bytes of payload of all collections together.
    fn used_bytes(&mut self) -> StorageResult<u64>;
}

/// A snapshot of one collection of one user.
pub trait CollectionSession: Send {
    /// The time of the session: of its writes if it writes, else of its snapshot, and then never
    /// earlier than the collection's own.
    fn time(&self) -> Timestamp;

    /// When the collection was last changed, deletions included; nothing if it never was.
    fn modified(&mut self) -> StorageResult<Option<Timestamp>>;

    /// How many records [`scan`](Self::scan) would visit.
    fn count(&mut self, query: &Query) -> StorageResult<u64>;

    /// Calls `visit` with one record, if it exists; answers whether it does.
    fn get(&mut self, id: &RecordId, visit: &mut dyn FnMut(WboRef<'_>)) -> StorageResult<bool>;

    /// Calls `visit` with every record that `query` selects, in its order, until there are no more
    /// or `visit` breaks. Rows are visited as the database delivers them, never gathered. Where many
    /// are left when it breaks, that may be the end of the session: what it is asked next can fail.
    fn scan(&mut self, query: &Query, columns: Columns, visit: RowVisit<'_>) -> StorageResult<()>;
}

/// What of each record a scan is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The id; the other members of the record are then unset and its time zero.
    Id,
    /// Everything.
    All,
}

/// A transaction on one collection of one user. Dropped uncommitted, it changes nothing.
pub trait WriteSession: CollectionSession {
    /// The bytes of payload of all collections of the user together, what this session wrote
    /// included.
    fn used_bytes(&mut self) -> StorageResult<u64>;

    /// Applies writes in their order. Answers for each the `modified` that its record then has;
    /// nothing where the write was passed over.
    fn put(&mut self, writes: &[WboWrite]) -> StorageResult<Vec<Option<Timestamp>>>;

    /// Deletes the records that `query` selects, in its order; answers how many there were.
    fn delete(&mut self, query: &Query) -> StorageResult<u64>;

    /// Makes it durable. The collection's time becomes the session's if any record was written or
    /// deleted; a session that changed nothing leaves it.
    fn commit(self: Box<Self>) -> StorageResult<()>;
}
