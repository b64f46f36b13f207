//! Codes, invitations, brakes, keys and nodes in one SQLite file, beside that of the accounts.
//!
//! Any number of processes may use the file at once. Each call is one statement or one transaction
//! that takes SQLite's write lock first, so of all who try one code exactly one has it.

mod codes;
mod counts;
mod failed_logins;
mod nodes;
mod secrets;

pub use failed_logins::FailedLogins;

use crate::auth::sqlite::connections::Connections;
use crate::storage::sqlite::SqliteOptions;
use crate::storage::sqlite::file::Schema;
use rusqlite::Connection;

const SCHEMA: Schema = Schema {
    steps: &[include_str!("../../../sql/sqlite/001-people.sql")],
};

/// The SQLite engine. The file is opened when it is needed, so making an engine cannot fail.
pub struct SqlitePeople {
    connections: Connections,
    random: fn(&mut [u8]),
}

impl SqlitePeople {
    /// An engine on the file that `options` name; it is made at the first use. `random` fills a buffer
    /// with what nobody can guess.
    pub fn new(options: SqliteOptions, random: fn(&mut [u8])) -> Self {
        SqlitePeople {
            connections: Connections::new(options, SCHEMA),
            random,
        }
    }
}

/// Does `work` as the one writer of the file. If it fails, its connection is closed and all is undone.
fn write<T>(
    connection: &Connection,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = work()?;
    connection.execute_batch("COMMIT")?;
    Ok(done)
}
