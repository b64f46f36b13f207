//! The SQLite engine against the suite of all engines, and alone: many processes, killed writers,
//! full disks, files that are not what they should be.

#[macro_use]
mod storage_suite;
mod sqlite;

use std::sync::Arc;
use storage_suite::{Bench, ManualClock, patient};
use weft::storage::sqlite::SqliteStorage;
use weft::sync::UserId;

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let shown = clock.clone();
    let options = patient(folder.path().join("weft.db"));
    Bench {
        storage: Arc::new(SqliteStorage::new(options, Arc::new(move || shown.now()))),
        clock: Some(clock),
        user: UserId::new(7),
        other: UserId::new(70),
        _keep: Box::new(folder),
    }
}

storage_suite!(crate::bench);
