//! Numbers for users of a directory that has none.
//!
//! Records belong to a number, and a directory at large knows people by other things: so a table of
//! ours gives each person a number once, and never the same to anybody else.

use super::{AuthError, AuthResult};
use crate::storage::StorageError;
use crate::storage::sqlite::SqliteOptions;
use crate::storage::sqlite::file::{DatabaseFile, FileId, Schema};
use crate::sync::UserId;
use rusqlite::{Connection, OptionalExtension};
use std::sync::{Mutex, PoisonError};

/// Gives numbers to people. `person` is whatever stands for one: at most some hundred bytes of text.
pub trait IdTable: Send + Sync {
    /// The number that a person has, if any.
    fn find(&self, person: &str) -> AuthResult<Option<UserId>>;

    /// The number that a person has; a new one where there was none. Two who ask at the same time,
    /// in whichever process, get the same.
    fn number(&self, person: &str) -> AuthResult<UserId>;

    /// Forgets a person. The number is not given again.
    fn forget(&self, person: &str) -> AuthResult<()>;
}

const SCHEMA: Schema = Schema {
    steps: &[include_str!("../../sql/sqlite/001-ids.sql")],
};

/// Numbers in a SQLite file.
pub struct SqliteIds {
    file: DatabaseFile,
    /// Open since the first use; reads are short, and a number is given once in a life.
    open: Mutex<Opened>,
}

#[derive(Default)]
struct Opened {
    connection: Option<(FileId, Connection)>,
    seen: bool,
}

impl SqliteIds {
    /// Numbers in the file that `options` name; it is made at the first use.
    pub fn new(options: SqliteOptions) -> Self {
        SqliteIds {
            file: DatabaseFile::new(options, SCHEMA),
            open: Mutex::default(),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> AuthResult<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.file.id();
        let (file, connection) = match open.connection.take() {
            Some((file, connection)) if Some(file) == current => (file, connection),
            _ => {
                // A file that was there and is gone is not made anew: it would give away numbers
                // that are somebody's.
                let connection = self.file.open(!open.seen).map_err(auth_error)?;
                let gone = || AuthError::Unavailable("the file of numbers is gone".to_owned());
                (self.file.id().ok_or_else(gone)?, connection)
            }
        };
        open.seen = true;
        let done = work(&connection).map_err(|error| auth_error(error.into()))?;
        open.connection = Some((file, connection));
        Ok(done)
    }
}

impl IdTable for SqliteIds {
    fn find(&self, person: &str) -> AuthResult<Option<UserId>> {
        self.with(|connection| find(connection, person))
    }

    fn number(&self, person: &str) -> AuthResult<UserId> {
        self.with(|connection| {
            if let Some(known) = find(connection, person)? {
                return Ok(known);
            }
            // Somebody else may have been faster: then this changes nothing and answers theirs.
            let sql = "INSERT INTO ids (person) VALUES (?)
                ON CONFLICT (person) DO UPDATE SET person = excluded.person RETURNING id";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([person], |row| row.get(0).map(UserId::new))
        })
    }

    fn forget(&self, person: &str) -> AuthResult<()> {
        self.with(|connection| {
            connection.execute("DELETE FROM ids WHERE person = ?", [person])?;
            Ok(())
        })
    }
}

fn find(connection: &Connection, person: &str) -> rusqlite::Result<Option<UserId>> {
    let mut statement = connection.prepare_cached("SELECT id FROM ids WHERE person = ?")?;
    let id = statement.query_row([person], |row| row.get(0).map(UserId::new));
    id.optional()
}

fn auth_error(error: StorageError) -> AuthError {
    match error {
        StorageError::Busy => AuthError::Unavailable("the file of numbers is busy".to_owned()),
        StorageError::Unavailable(why) | StorageError::Undone(why) => AuthError::Unavailable(why),
        StorageError::Elsewhere => AuthError::Broken(error.to_string()),
        StorageError::Broken(why) => AuthError::Broken(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    fn table(folder: &Path) -> SqliteIds {
        SqliteIds::new(SqliteOptions::new(folder.join("ids.db")))
    }

    #[test]
    fn a_person_has_one_number_in_every_process() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (table(folder.path()), table(folder.path()));
        assert_eq!(one.find("name:ada").unwrap(), None);
        let ada = one.number("name:ada").unwrap();
        assert_eq!(other.number("name:ada").unwrap(), ada);
        assert_eq!(other.find("name:ada").unwrap(), Some(ada));
        assert_ne!(other.number("name:bob").unwrap(), ada);
    }

    #[test]
    fn a_number_is_never_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        let first = table.number("name:ada").unwrap();
        table.forget("name:ada").unwrap();
        assert_eq!(table.find("name:ada").unwrap(), None);
        assert_ne!(table.number("name:ada").unwrap(), first);
    }

    #[test]
    fn those_who_ask_at_once_get_the_same_number() {
        let folder = tempfile::tempdir().unwrap();
        let tables: Vec<_> = (0..6).map(|_| table(folder.path())).collect();
        for person in ["a", "b", "c"] {
            let numbers: BTreeSet<UserId> = std::thread::scope(|scope| {
                let asked: Vec<_> = tables
                    .iter()
                    .map(|table| scope.spawn(|| table.number(person).unwrap()))
                    .collect();
                asked.into_iter().map(|one| one.join().unwrap()).collect()
            });
            assert_eq!(numbers.len(), 1, "{numbers:?}");
        }
    }

    #[test]
    fn a_lost_file_gives_no_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let table = table(folder.path());
        table.number("name:ada").unwrap();
        fs::remove_file(folder.path().join("ids.db")).unwrap();
        assert!(table.find("name:ada").is_err());
        assert!(table.number("name:bob").is_err());
    }
}
