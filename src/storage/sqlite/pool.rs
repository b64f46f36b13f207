//! Connections: how one is opened on a file that may be new, shared or lost, and who holds it.
//!
//! A session takes an idle connection or opens one, alone holds it, and gives it back when it is
//! dropped. One that saw an error is closed: the next session starts afresh, so a disk that was
//! full or away for a while needs no restart.

use super::clock::{CLOCK, Clock, SharedClock};
use super::error::file_error;
use super::file::{DatabaseFile, FileId, Schema, SqliteOptions};
use super::lock::beside;
use crate::storage::{Keeping, StorageError, StorageResult};
use crate::sync::Timestamp;
use rusqlite::Connection;
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, PoisonError};

pub(super) const SCHEMA: Schema = Schema {
    steps: &[
        include_str!("../../../sql/sqlite/001-storage.sql"),
        include_str!("../../../sql/sqlite/002-storage-kept.sql"),
    ],
};

/// More idle connections than this are closed.
const MOST_IDLE: usize = 8;

/// A connection and its hold on the clock.
pub(super) struct Seat {
    pub(super) connection: Connection,
    pub(super) clock: SharedClock,
    /// The file that it opened.
    pub(super) file: FileId,
}

/// What all sessions of an engine share.
pub(super) struct Pool {
    file: DatabaseFile,
    now: Clock,
    keeping: Option<Keeping>,
    idle: Mutex<Vec<Seat>>,
}

impl Pool {
    pub(super) fn new(options: SqliteOptions, now: Clock, keeping: Option<Keeping>) -> Self {
        Pool {
            file: DatabaseFile::new(options, SCHEMA),
            now,
            keeping,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// How much of what is replaced and deleted is kept, if anything is.
    pub(super) fn keeping(&self) -> Option<Keeping> {
        self.keeping
    }

    /// An idle connection, or a new one.
    pub(super) fn take(&self) -> StorageResult<Seat> {
        let file = self.file.id();
        loop {
            let seat = self
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            match seat {
                // The file may have been deleted or replaced, and writes to it would be lost.
                Some(seat) if Some(seat.file) != file => drop(seat),
                Some(seat) => return Ok(seat),
                None => return self.open(),
            }
        }
    }

    pub(super) fn give_back(&self, seat: Seat) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(seat);
        }
    }

    /// Gives up the pages that idle connections keep in memory, at most 4 MB each.
    pub(super) fn rest(&self) {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        for seat in idle.iter() {
            if let Err(error) = seat.connection.execute_batch("PRAGMA shrink_memory") {
                log::debug!("SQLite keeps its memory: {error}");
            }
        }
    }

    fn open(&self) -> StorageResult<Seat> {
        let SqliteOptions { path, busy, .. } = self.file.options();
        // A clock without its database: there was one, and it is lost or not there yet. A new, empty
        // one in its place would have every browser take its account for wiped.
        let clock_file = beside(path, CLOCK);
        let lost = !path.exists() && clock_file.exists();
        if lost {
            return Err(StorageError::Unavailable(format!(
                "{} is gone; put it back, or delete {} too and begin with an empty one",
                path.display(),
                clock_file.display()
            )));
        }
        let connection = self.file.open(true)?;
        let clock = SharedClock::open(path, self.now.clone(), *busy, || latest(&connection))?;
        let file = path.metadata().map_err(|error| file_error(path, &error))?;
        Ok(Seat {
            connection,
            clock,
            file: (file.dev(), file.ino()),
        })
    }
}

fn latest(connection: &Connection) -> StorageResult<Timestamp> {
    let sql = "SELECT coalesce(max(modified), 0) FROM collection";
    let latest = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(Timestamp::from_centis(latest))
}
