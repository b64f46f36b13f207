//! Records in one SQLite file: the engine that needs no server.
//!
//! Any number of processes may use the file at once. A read session is one snapshot; a write
//! session is one `BEGIN IMMEDIATE` transaction, so there is one writer per file. Times come from
//! a clock that all processes share (see `clock`). Every collection's row counts its records and
//! their bytes, exactly and in the transaction that changes them; what has outlived its ttl is
//! subtracted through an index of its own until it is purged.

mod clock;
mod error;
pub(crate) mod file;
mod keep;
mod lock;
mod mounts;
mod moving;
mod pool;
mod portable;
mod purge;
mod pushed;
mod put;
mod select;
mod session;
mod undo;
mod write;

pub use crate::sync::Clock;
pub use file::{Journal, SqliteOptions};

use super::{
    AccountSession, CollectionSession, Keeping, Movable, Portable, ReadFrom, Storage, StorageError,
    StorageResult, Undoable, WriteSession,
};
use crate::sync::{CollectionName, Timestamp, UserId, WboWrite};
use pool::{Pool, Seat};
use rusqlite::Connection;
use session::{Account, Session};
use std::sync::Arc;

/// The SQLite engine. Connections are opened when they are needed, so making one cannot fail and a
/// file that was away is found again.
pub struct SqliteStorage {
    pool: Arc<Pool>,
}

impl SqliteStorage {
    /// An engine on the file that `options` name; it is made at the first use. `now` is asked for
    /// the time of every session. What is replaced and deleted is kept as [`Keeping`] has it by
    /// default.
    pub fn new(options: SqliteOptions, now: Clock) -> Self {
        Self::keeping(options, now, Some(Keeping::default()))
    }

    /// The same, with so much kept, or nothing.
    pub fn keeping(options: SqliteOptions, now: Clock, keeping: Option<Keeping>) -> Self {
        SqliteStorage {
            pool: Arc::new(Pool::new(options, now, keeping)),
        }
    }

    fn held(&self) -> StorageResult<Held> {
        Ok(Held {
            seat: Some(self.pool.take()?),
            pool: Arc::clone(&self.pool),
            sound: true,
        })
    }
}

impl Storage for SqliteStorage {
    fn read_account(&self, user: UserId) -> StorageResult<Box<dyn AccountSession>> {
        Ok(Box::new(Account::read(&mut self.held()?, user)?))
    }

    fn read_collection(
        &self,
        user: UserId,
        collection: &CollectionName,
        _from: ReadFrom,
    ) -> StorageResult<Box<dyn CollectionSession>> {
        Ok(Box::new(Session::read(self.held()?, user, collection)?))
    }

    fn write_records(
        &self,
        user: UserId,
        collection: &CollectionName,
        _writes: &[WboWrite],
    ) -> StorageResult<Box<dyn WriteSession>> {
        Ok(Box::new(Session::write(self.held()?, user, collection)?))
    }

    fn delete_records(&self, user: UserId) -> StorageResult<Timestamp> {
        write::delete_records(&mut self.held()?, user)
    }

    fn forget_user(&self, user: UserId) -> StorageResult<()> {
        self.held()?.transaction(|connection, _| {
            moving::refuse_away(connection, user)?;
            moving::delete_all(connection, user)
        })
    }

    fn purge(&self, most: u64) -> StorageResult<u64> {
        let keeping = self.pool.keeping();
        self.held()?.transaction(|connection, clock| {
            let time = clock.read_time()?;
            let gone = purge::of_all(connection, time, most)?;
            Ok(gone + keep::purge(connection, keeping, time, most.saturating_sub(gone))?)
        })
    }

    fn rest(&self) {
        self.pool.rest();
    }

    /// Takes the one place of the writer and commits, so it also finds a disk that is full or
    /// read-only.
    fn check(&self) -> StorageResult<()> {
        self.held()?.transaction(|connection, clock| {
            clock.read_time()?;
            let version: i64 = connection.pragma_query_value(None, "user_version", |r| r.get(0))?;
            connection.pragma_update(None, "user_version", version)?;
            Ok(())
        })
    }

    fn portable(&self) -> Option<&dyn Portable> {
        Some(self)
    }

    fn movable(&self) -> Option<&dyn Movable> {
        Some(self)
    }

    fn undoable(&self) -> Option<&dyn Undoable> {
        self.pool.keeping().is_some().then_some(self)
    }
}

/// A connection that one session holds. When it is dropped, what was not committed is undone, and
/// the connection goes back to the pool if nothing went wrong with it.
struct Held {
    pool: Arc<Pool>,
    seat: Option<Seat>,
    sound: bool,
}

impl Held {
    /// Uses the connection, and remembers whether that failed.
    fn run<T>(&mut self, work: impl FnOnce(&mut Seat) -> StorageResult<T>) -> StorageResult<T> {
        let done = match &mut self.seat {
            Some(seat) => work(seat),
            None => Err(StorageError::Broken(
                "a session without connection".to_owned(),
            )),
        };
        self.sound &= matches!(done, Ok(_) | Err(StorageError::Busy));
        done
    }

    /// Does `work` as the one writer and commits it. For work that gives no times.
    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut clock::SharedClock) -> StorageResult<T>,
    ) -> StorageResult<T> {
        self.run(|seat| {
            transact(&seat.connection, "BEGIN IMMEDIATE")?;
            let done = work(&seat.connection, &mut seat.clock)?;
            transact(&seat.connection, "COMMIT")?;
            Ok(done)
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(Seat {
            connection,
            mut clock,
            file,
        }) = self.seat.take()
        else {
            return;
        };
        // The order matters: a write's time may be void only after its transaction is.
        let undone = connection.is_autocommit() || transact(&connection, "ROLLBACK").is_ok();
        let connection = undone.then_some(connection);
        let released = clock.end_write(false);
        if let Err(error) = &released {
            log::error!("while ending a write: {error}");
        }
        if let (Some(connection), Ok(()), true) = (connection, released, self.sound) {
            self.pool.give_back(Seat {
                connection,
                clock,
                file,
            });
        }
    }
}

/// Begins a transaction, or ends it; a connection prepares each of these statements once.
fn transact(connection: &Connection, sql: &str) -> StorageResult<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// A number of the database that counts something.
fn count(number: i64) -> StorageResult<u64> {
    u64::try_from(number).map_err(|_| StorageError::Broken(format!("a count of {number}")))
}
