//! Which index a statement may be told to use. Left alone, the server chooses by its statistics, which may
//! be of another time, and takes as long to choose as to search. But tables have been made by several
//! programs and by hand, and a statement that names what is not there fails: so indexes are looked for, once
//! for each table and process. The first statement goes without: a process may answer no more than one.

use super::migrate::MODIFIED;
use crate::mysql::schema::{index_over, is_table_name};
use crate::mysql::{Fault, Lease};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is known of each table that was asked for: the words behind its name in a statement, once they were
/// looked for.
#[derive(Default)]
pub(super) struct Indexes(Mutex<HashMap<String, Option<String>>>);

impl Indexes {
    /// The words that make a statement find the records of a collection by their times; none where no index
    /// for it is known.
    pub(super) fn of_times(&self, lease: &mut Lease, table: &str) -> Result<String, Fault> {
        let known = self.known().get(table).cloned();
        match known {
            Some(Some(words)) => return Ok(words),
            Some(None) => {}
            None => {
                self.known().insert(table.to_owned(), None);
                return Ok(String::new());
            }
        }
        let index = index_over(lease, table, &MODIFIED)?;
        let words = match index.filter(|name| is_table_name(name)) {
            Some(name) => format!(" FORCE INDEX (`{name}`)"),
            None => String::new(),
        };
        self.known().insert(table.to_owned(), Some(words.clone()));
        Ok(words)
    }

    /// The index was not there: none is named any more.
    pub(super) fn forget(&self, table: &str) {
        self.known().insert(table.to_owned(), Some(String::new()));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Option<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
