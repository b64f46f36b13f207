//! `[data]` and `[storage]`: where things are kept.

use crate::config::declare::section;
use crate::config::value::{ByteSize, FilePath, choices};
use std::time::Duration;

choices! {
    /// The database that holds the records.
    StorageEngine {
        /// One file in the data folder.
        Sqlite = "sqlite",
        /// A MySQL or MariaDB server, with the tables of the legacy PHP server.
        Mysql = "mysql",
    }
}

section! {
    /// Where this program keeps its own files.
    "data" in data: Data {
        /// The folder for the database and all other files. It is created when it is missing, open to
        /// nobody else, and must be on no path that a web server hands out. With `""` it is
        /// `weft-data` beside the program; or, for a program that was just built by Cargo or is
        /// installed in a folder named `bin`, `weft-data` in the current folder.
        dir: FilePath = FilePath::default();

        /// The folder for the files of accounts and what goes with them; `""` is `data.dir`. Several
        /// nodes on one machine name the same one, so that all of them know all users.
        accounts: Option<FilePath> = None;
    }
}

section! {
    /// What browsers have replaced or deleted, for bringing back an account that was wiped or mangled
    /// (`weft undo`, and on the account's page).
    "undo" in undo: Undo {
        /// How long it is kept; 0 is not at all.
        keep: Option<Duration> = Some(Duration::from_secs(7 * 86_400));

        /// The most that is kept of one user; then the oldest goes. A whole account must fit, or what
        /// a wipe deletes can't be brought back.
        bytes: ByteSize = ByteSize::mib(256), in ByteSize::kib(1)..=ByteSize::mib(1_048_576);
    }
}

section! {
    /// Where records are kept.
    "storage" in storage: Storage {
        /// The database: `"sqlite"` is a file in the data folder and needs nothing else; `"mysql"` is
        /// a MySQL or MariaDB server, such as the one of a legacy PHP installation.
        engine: StorageEngine = StorageEngine::Sqlite, php "WEAVE_STORAGE_ENGINE";

        /// How long a request waits for others that write to the same place before it is refused.
        busy_timeout: Duration = Duration::from_secs(5), in Duration::ZERO..=Duration::from_secs(60);

        /// How long the server tries by itself to read the two records whose loss makes browsers
        /// delete all data of an account (`meta/global` and `crypto/keys`), before it tells the
        /// browser of a failure.
        wipe_guard: Duration = Duration::from_secs(10), in Duration::ZERO..=Duration::from_secs(120);
    }
}
