//! A mirrored store keeps what every engine promises, and its second store gets every write.

#[macro_use]
#[allow(dead_code)]
mod storage_suite;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use storage_suite::{Bench, ManualClock, full, id, ids_query, name, patient, scan};
use weft::storage::mirrored::Mirrored;
use weft::storage::sqlite::SqliteStorage;
use weft::storage::{
    AccountSession, CollectionSession, ReadFrom, Storage, StorageError, StorageResult, WriteSession,
};
use weft::sync::{CollectionName, Query, Timestamp, UserId, WboWrite};

fn sqlite(folder: &tempfile::TempDir, file: &str, clock: &ManualClock) -> SqliteStorage {
    let shown = clock.clone();
    let options = patient(folder.path().join(file));
    SqliteStorage::new(options, Arc::new(move || shown.now()))
}

struct Pair {
    bench: Bench,
    second: Arc<Flaky>,
}

/// A store that can be put out of order.
struct Flaky {
    storage: SqliteStorage,
    dead: AtomicBool,
    asked: AtomicUsize,
}

fn pair() -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let second = Arc::new(Flaky {
        storage: sqlite(&folder, "second.db", &clock),
        dead: AtomicBool::new(false),
        asked: AtomicUsize::new(0),
    });
    let first = sqlite(&folder, "first.db", &clock);
    let mirrored = Mirrored::new(Box::new(first), Box::new(Handle(Arc::clone(&second))));
    let bench = Bench {
        storage: Arc::new(mirrored),
        clock: Some(clock),
        user: UserId::new(7),
        other: UserId::new(70),
        _keep: Box::new(folder),
    };
    Pair { bench, second }
}

fn bench() -> Bench {
    pair().bench
}

storage_suite!(crate::bench);

impl Pair {
    fn mirrored(&self, collection: &str) -> Vec<String> {
        let mut session = self
            .second
            .storage
            .read_collection(self.bench.user, &name(collection), ReadFrom::Primary)
            .unwrap();
        let found = scan(&mut *session, &Query::default());
        let shown = |payload: Option<String>| payload.unwrap_or_default();
        found
            .into_iter()
            .map(|wbo| format!("{}={}", wbo.id, shown(wbo.payload)))
            .collect()
    }
}

#[test]
fn every_committed_write_reaches_the_second_store() {
    let pair = pair();
    let bench = &pair.bench;
    bench.put("col", &[full("a", "1"), full("b", "1"), full("c", "1")]);
    let merge = WboWrite {
        sortindex: Some(4),
        ..WboWrite::new(id("a"))
    };
    bench.put("col", &[full("a", "2"), merge]);
    bench.delete("col", &ids_query(&["b"]));
    assert_eq!(pair.mirrored("col"), ["a=2", "c=1"]);
    bench.storage.delete_records(bench.user).unwrap();
    assert_eq!(pair.mirrored("col"), [""; 0]);
}

#[test]
fn a_dropped_session_leaves_nothing_in_the_second_store() {
    let pair = pair();
    let mut session = pair.bench.write("col");
    session.put(&[full("a", "1")]).unwrap();
    drop(session);
    assert_eq!(pair.mirrored("col"), [""; 0]);
}

#[test]
fn a_deletion_by_time_deletes_the_same_records_although_times_differ() {
    let pair = pair();
    let bench = &pair.bench;
    // The second store's times run ahead of the first one's.
    for _ in 0..30 {
        let mut own = pair
            .second
            .storage
            .write_collection(bench.user, &name("col"))
            .unwrap();
        own.put(&[full("own", "")]).unwrap();
        own.commit().unwrap();
    }
    let first = bench.put("col", &[full("a", "1")]);
    bench.put("col", &[full("b", "1")]);
    let later = Query {
        older: Some(first.next()),
        ..Query::default()
    };
    assert_eq!(bench.delete("col", &later).1, 1);
    assert_eq!(pair.mirrored("col"), ["b=1", "own="]);
}

#[test]
fn a_second_store_that_fails_fails_nothing_and_is_left_alone_for_a_while() {
    let pair = pair();
    let bench = &pair.bench;
    pair.second.dead.store(true, Ordering::SeqCst);
    let begun = Instant::now();
    for n in 0..20 {
        bench.put("col", &[full(&n.to_string(), "x")]);
    }
    bench.storage.forget_user(bench.other).unwrap();
    bench.storage.check().unwrap();
    assert_eq!(bench.ids("col", &Query::default()).len(), 20);
    // It is tried again every ten seconds.
    let most = 1 + begun.elapsed().as_secs() as usize / 10;
    let asked = pair.second.asked.load(Ordering::SeqCst);
    assert!((1..=most).contains(&asked), "{asked} times");
    assert_eq!(pair.mirrored("col"), [""; 0]);
}

/// The store as one of several owners has it.
struct Handle(Arc<Flaky>);

impl Handle {
    fn alive(&self) -> StorageResult<&SqliteStorage> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        match self.0.dead.load(Ordering::SeqCst) {
            true => Err(StorageError::Unavailable("out of order".to_owned())),
            false => Ok(&self.0.storage),
        }
    }
}

impl Storage for Handle {
    fn read_account(&self, _: UserId) -> StorageResult<Box<dyn AccountSession>> {
        panic!("nothing is read from the second store")
    }

    fn read_collection(
        &self,
        _: UserId,
        _: &CollectionName,
        _: ReadFrom,
    ) -> StorageResult<Box<dyn CollectionSession>> {
        panic!("nothing is read from the second store")
    }

    fn write_records(
        &self,
        user: UserId,
        collection: &CollectionName,
        writes: &[WboWrite],
    ) -> StorageResult<Box<dyn WriteSession>> {
        self.alive()?.write_records(user, collection, writes)
    }

    fn delete_records(&self, user: UserId) -> StorageResult<Timestamp> {
        self.alive()?.delete_records(user)
    }

    fn forget_user(&self, user: UserId) -> StorageResult<()> {
        self.alive()?.forget_user(user)
    }

    fn purge(&self, most: u64) -> StorageResult<u64> {
        self.alive()?.purge(most)
    }

    fn check(&self) -> StorageResult<()> {
        self.alive()?.check()
    }
}
