//! Connections: how one is opened on a file that may be new, shared or lost, and who holds it.
//!
//! A session takes an idle connection or opens one, alone holds it, and gives it back when it is
//! dropped. One that saw an error is closed: the next session starts afresh, so a disk that was
//! full or away for a while needs no restart.

use super::clock::{Clock, SharedClock};
use super::error::file_error;
use super::mounts;
use crate::storage::{StorageError, StorageResult};
use crate::sync::Timestamp;
use rusqlite::{Connection, OpenFlags};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const SCHEMA: &str = include_str!("../../../sql/sqlite/001-storage.sql");
const SCHEMA_VERSION: i64 = 1;

/// More idle connections than this are closed.
const MOST_IDLE: usize = 8;

/// How SQLite keeps a transaction whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// `Wal`, unless the file lies on a network file system or does not support it.
    Auto,
    /// A write-ahead log: readers and the writer don't wait for each other. Local disks only.
    Wal,
    /// A rollback journal: for network file systems.
    Rollback,
}

/// What the operator decides about the SQLite engine.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file; its folder exists and is writable. Some files beside it belong to it.
    pub path: PathBuf,
    /// How long a session waits for others before it is [`StorageError::Busy`].
    pub busy: Duration,
    /// The journal.
    pub journal: Journal,
}

impl SqliteOptions {
    /// The defaults for a database file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SqliteOptions {
            path: path.into(),
            busy: Duration::from_secs(5),
            journal: Journal::Auto,
        }
    }
}

/// A connection and its hold on the clock.
pub(super) struct Seat {
    pub(super) connection: Connection,
    pub(super) clock: SharedClock,
    /// Device and number of the file that it opened.
    pub(super) file: (u64, u64),
}

/// What all sessions of an engine share.
pub(super) struct Pool {
    options: SqliteOptions,
    now: Clock,
    idle: Mutex<Vec<Seat>>,
    warned: AtomicBool,
}

impl Pool {
    pub(super) fn new(options: SqliteOptions, now: Clock) -> Self {
        Pool {
            options,
            now,
            idle: Mutex::new(Vec::new()),
            warned: AtomicBool::new(false),
        }
    }

    /// An idle connection, or a new one.
    pub(super) fn take(&self) -> StorageResult<Seat> {
        let file = self.options.path.metadata();
        let file = file.as_ref().map(|found| (found.dev(), found.ino())).ok();
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

    fn open(&self) -> StorageResult<Seat> {
        let SqliteOptions { path, busy, .. } = &self.options;
        // Not the default flags: a path is a path, even when it looks like an URI.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(*busy)?;
        connection.set_prepared_statement_cache_capacity(64);
        self.choose_journal(&connection)?;
        // A commit is on the disk when it returns, the end of its rollback journal included.
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        // Else a log that one large upload made never shrinks.
        connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
        create_schema(&connection)?;
        let clock = SharedClock::open(path, self.now.clone(), *busy, || latest(&connection))?;
        let file = path.metadata().map_err(|error| file_error(path, &error))?;
        Ok(Seat {
            connection,
            clock,
            file: (file.dev(), file.ino()),
        })
    }

    fn choose_journal(&self, connection: &Connection) -> StorageResult<()> {
        let wanted = match self.options.journal {
            Journal::Wal => "wal",
            Journal::Rollback => "delete",
            Journal::Auto if mounts::is_remote(&self.options.path) => "delete",
            Journal::Auto => "wal",
        };
        let found: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        if found == wanted {
            return Ok(());
        }
        let deadline = Instant::now() + self.options.busy;
        let got = loop {
            // SQLite does not wait here by itself: of two processes that both want to change the
            // journal, one is refused at once.
            let got: rusqlite::Result<String> =
                connection.pragma_update_and_check(None, "journal_mode", wanted, |row| row.get(0));
            match got.map_err(StorageError::from) {
                Err(StorageError::Busy) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                got => break got?,
            }
        };
        if got != wanted && !self.warned.swap(true, Ordering::Relaxed) {
            let path = self.options.path.display();
            log::warn!("{path}: journal {wanted:?} is not possible here, using {got:?}");
        }
        Ok(())
    }
}

/// Makes the tables in a new file. Of several processes that find it new, one does.
fn create_schema(connection: &Connection) -> StorageResult<()> {
    let version = |c: &Connection| c.pragma_query_value(None, "user_version", |row| row.get(0));
    let mut found: i64 = version(connection)?;
    if found == 0 {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        found = version(connection)?;
        if found == 0 {
            connection.execute_batch(SCHEMA)?;
            connection.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            found = SCHEMA_VERSION;
        }
        connection.execute_batch("COMMIT")?;
    }
    if found == SCHEMA_VERSION {
        return Ok(());
    }
    Err(StorageError::Broken(format!(
        "the database has schema {found}, this program knows {SCHEMA_VERSION}"
    )))
}

fn latest(connection: &Connection) -> StorageResult<Timestamp> {
    let sql = "SELECT coalesce(max(modified), 0) FROM collection";
    let latest = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(Timestamp::from_centis(latest))
}
