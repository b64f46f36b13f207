//! Opening a SQLite file that may be new, shared by many processes, replaced, or lost.
//!
//! Of several processes that find the file new, one makes its tables and the others wait. The
//! journal is what the file system allows. Accounts live in a file of their own and are opened by
//! the same rules.

use super::mounts;
use crate::storage::{StorageError, StorageResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

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

/// What the operator decides about a SQLite file.
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

/// The tables of a file. Their version, the number of steps that were taken, is kept in
/// `PRAGMA user_version`.
#[derive(Clone, Copy)]
pub(crate) struct Schema {
    /// The first makes the tables in an empty file, each other brings those of the version before up
    /// to date.
    pub(crate) steps: &'static [&'static str],
}

impl Schema {
    /// The version that all steps make, above 0.
    fn version(self) -> i64 {
        i64::try_from(self.steps.len()).unwrap_or(i64::MAX)
    }
}

/// Device and number of a file: another one under the same path is told apart.
pub(crate) type FileId = (u64, u64);

/// A file, and what it is to hold.
pub(crate) struct DatabaseFile {
    options: SqliteOptions,
    schema: Schema,
    warned: AtomicBool,
}

impl DatabaseFile {
    pub(crate) fn new(options: SqliteOptions, schema: Schema) -> Self {
        DatabaseFile {
            options,
            schema,
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) fn options(&self) -> &SqliteOptions {
        &self.options
    }

    /// Which file the path leads to now; nothing when there is none, or it is out of reach.
    pub(crate) fn id(&self) -> Option<FileId> {
        let found = self.options.path.metadata().ok()?;
        Some((found.dev(), found.ino()))
    }

    /// A new connection. A file that is not there is made if `create` says so.
    pub(crate) fn open(&self, create: bool) -> StorageResult<Connection> {
        // Not the default flags: a path is a path, even when it looks like an URI.
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let connection = Connection::open_with_flags(&self.options.path, flags)?;
        connection.busy_timeout(self.options.busy)?;
        connection.set_prepared_statement_cache_capacity(64);
        keep_plans(&connection)?;
        // In KiB. A thousand records of some thousand lie on nearly all of their pages.
        connection.pragma_update(None, "cache_size", -4096)?;
        self.choose_journal(&connection)?;
        // A commit is on the disk when it returns, the end of its rollback journal included.
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        // Else a log that one large upload made never shrinks.
        connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
        self.make_tables(&connection)?;
        Ok(connection)
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

    /// Makes the tables in a new file, or brings older ones up to date. Of several processes that find
    /// the file so, one does.
    fn make_tables(&self, connection: &Connection) -> StorageResult<()> {
        let version = |c: &Connection| c.pragma_query_value(None, "user_version", |row| row.get(0));
        let ours = self.schema.version();
        let mut found: i64 = version(connection)?;
        if (0..ours).contains(&found) {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            found = version(connection)?;
            let taken = usize::try_from(found).unwrap_or(usize::MAX);
            let left = self.schema.steps.get(taken..).unwrap_or_default();
            for step in left {
                connection.execute_batch(step)?;
            }
            if !left.is_empty() {
                connection.pragma_update(None, "user_version", ours)?;
                found = ours;
            }
            connection.execute_batch("COMMIT")?;
        }
        if found == ours {
            return Ok(());
        }
        Err(StorageError::Broken(format!(
            "the database has schema {found}, this program knows {ours}"
        )))
    }
}

/// Has statements planned once, whatever values are bound to them. Else a statement whose plan might be
/// another one for other values is prepared anew, from its text, each time that values are bound to it:
/// what asks for expired records, by an index of their own, does so at every request.
pub(super) fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
