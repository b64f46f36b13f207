//! Files that are there to be locked, by threads and processes alike: `flock` belongs to an open
//! file, and every connection opens its own. The system drops the lock of a process that dies.

use super::error::file_error;
use crate::storage::{StorageError, StorageResult};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file that is there to be locked.
pub(super) struct LockFile {
    path: PathBuf,
    database: PathBuf,
    pub(super) file: File,
    wait: Duration,
    /// The file that was deleted under us, for who wants to know what stood in it.
    pub(super) replaced: Option<File>,
}

/// The file beside a database that has its name and this suffix.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

impl LockFile {
    pub(super) fn open(database: &Path, suffix: &str, wait: Duration) -> StorageResult<Self> {
        let path = beside(database, suffix);
        let file = open_beside(&path, database).map_err(|error| file_error(&path, &error))?;
        Ok(LockFile {
            path,
            database: database.to_owned(),
            file,
            wait,
            replaced: None,
        })
    }

    /// Waits for the lock. Where somebody deleted the file, a new one is made: else two processes
    /// would each lock a file of their own.
    pub(super) fn lock(&mut self) -> StorageResult<()> {
        let deadline = Instant::now() + self.wait;
        let mut pause = Duration::from_micros(20);
        loop {
            match self.file.try_lock() {
                Ok(()) if !self.is_deleted()? => return Ok(()),
                Ok(()) => {
                    let new = open_beside(&self.path, &self.database);
                    let new = new.map_err(|error| self.error(&error))?;
                    self.replaced = Some(std::mem::replace(&mut self.file, new));
                }
                // Never a blocking wait: a stopped process may hold the lock for ever.
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => return Err(StorageError::Busy),
                // No fallback: where files can't be locked, SQLite can't lock its own either.
                Err(TryLockError::Error(error)) => return Err(self.error(&error)),
            }
        }
    }

    /// Whether another holds the lock just now.
    pub(super) fn is_held(&mut self) -> StorageResult<bool> {
        loop {
            match self.file.try_lock_shared() {
                Ok(()) => {
                    let deleted = self.is_deleted()?;
                    self.unlock();
                    if !deleted {
                        return Ok(false);
                    }
                    self.file =
                        open_beside(&self.path, &self.database).map_err(|e| self.error(&e))?;
                }
                Err(TryLockError::WouldBlock) => return Ok(true),
                Err(TryLockError::Error(error)) => return Err(self.error(&error)),
            }
        }
    }

    pub(super) fn unlock(&self) {
        if let Err(error) = self.file.unlock() {
            // Not known to happen; the lock goes when the connection is closed.
            log::error!("{}", self.error(&error));
        }
    }

    fn is_deleted(&self) -> StorageResult<bool> {
        let metadata = self.file.metadata().map_err(|error| self.error(&error))?;
        Ok(metadata.nlink() == 0)
    }

    pub(super) fn error(&self, error: &io::Error) -> StorageError {
        file_error(&self.path, error)
    }
}

/// Opens or creates a file with the database's owner and permissions, so that a command run by
/// root does not shut out the web server's user; SQLite does the same with its own files.
fn open_beside(path: &Path, database: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    let model = database.metadata()?;
    let mut creating = options.clone();
    match creating
        .create_new(true)
        .mode(model.mode() & 0o777)
        .open(path)
    {
        Ok(file) => {
            let _ = fchown(&file, Some(model.uid()), Some(model.gid()));
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}
