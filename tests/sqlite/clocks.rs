//! Workers whose clocks differ, and records that end by themselves.

use super::child::USER;
use crate::storage_suite::{ManualClock, full, name, scan};
use std::path::Path;
use std::sync::Arc;
use weft::storage::sqlite::{SqliteOptions, SqliteStorage};
use weft::storage::{ReadFrom, Storage};
use weft::sync::{Query, Timestamp, Ttl, WboWrite};

/// A worker and its clock.
struct Worker {
    storage: SqliteStorage,
    clock: ManualClock,
}

impl Worker {
    fn at(file: &Path) -> Worker {
        let clock = ManualClock::new();
        let shown = clock.clone();
        let now = Arc::new(move || shown.now());
        let storage = SqliteStorage::new(SqliteOptions::new(file), now);
        Worker { storage, clock }
    }

    /// Writes a record that lives for three seconds; answers its time.
    fn put(&self, id: &str) -> Timestamp {
        let write = WboWrite {
            ttl: Ttl::from_seconds(3),
            ..full(id, "x")
        };
        let mut session = self.storage.write_collection(USER, &name("col")).unwrap();
        session.put(&[write]).unwrap();
        let time = session.time();
        session.commit().unwrap();
        time
    }

    /// Which records there are, which everything that is told must say.
    fn ids(&self) -> Vec<String> {
        let col = name("col");
        let session = self.storage.read_collection(USER, &col, ReadFrom::Any);
        let ids = scan(&mut *session.unwrap(), &Query::default());
        let mut account = self.storage.read_account(USER).unwrap();
        let counts = account.counts().unwrap();
        let counted = counts.first().map_or(0, |(_, count)| *count);
        assert_eq!(counted, ids.len() as u64);
        assert_eq!(account.used_bytes().unwrap(), counted);
        ids.into_iter().map(|record| record.id).collect()
    }
}

#[test]
fn a_record_lives_longer_only_by_what_a_clock_was_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weft.db");
    let (right, ahead) = (Worker::at(&file), Worker::at(&file));
    let tick = || [&right, &ahead].map(|worker| worker.clock.move_seconds(1));
    ahead.clock.move_seconds(3);
    let time = ahead.put("by-ahead");
    right.put("by-right");
    ahead.clock.move_seconds(-3);
    assert_eq!(time, right.clock.now().plus_seconds(3));
    for _ in 0..5 {
        tick();
        // All say the same, whatever their own clocks say.
        assert_eq!(right.ids(), ["by-ahead", "by-right"]);
        assert_eq!(ahead.ids(), ["by-ahead", "by-right"]);
    }
    // All clocks have been right for more than three seconds: what is written now lives for three.
    right.put("later");
    tick();
    tick();
    assert_eq!(right.ids(), ["later"]);
    assert_eq!(ahead.ids(), ["later"]);
    // It is later than what was told just before it, by a hundredth of a second.
    tick();
    tick();
    assert_eq!(right.ids(), [""; 0]);
    assert_eq!(ahead.ids(), [""; 0]);
}

#[test]
fn what_has_ended_for_one_worker_has_ended_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weft.db");
    let (right, ahead) = (Worker::at(&file), Worker::at(&file));
    right.put("a");
    assert_eq!(right.ids(), ["a"]);
    ahead.clock.move_seconds(86_400);
    assert_eq!(ahead.ids(), [""; 0]);
    assert_eq!(right.ids(), [""; 0]);
    ahead.clock.move_seconds(-86_400);
    // Time stands still until the clocks have caught up, and nothing ends meanwhile.
    right.put("b");
    for _ in 0..10 {
        right.clock.move_seconds(3_600);
        assert_eq!(right.ids(), ["b"]);
    }
    right.clock.move_seconds(60_000);
    assert_eq!(right.ids(), [""; 0]);
}
