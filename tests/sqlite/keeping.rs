//! What is kept for an undo: in files of before, for how long, how much, and what leaves a gap.

use super::child::USER;
use crate::storage_suite::{ManualClock, full, get, name};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use weft::storage::sqlite::{SqliteOptions, SqliteStorage};
use weft::storage::undo::{Keeping, Refusal, Undo, Undone};
use weft::storage::{ReadFrom, Storage};
use weft::sync::{Query, Timestamp};

fn storage(file: &Path, clock: &ManualClock, keeping: Option<Keeping>) -> SqliteStorage {
    let shown = clock.clone();
    let options = SqliteOptions::new(file);
    SqliteStorage::keeping(options, Arc::new(move || shown.now()), keeping)
}

fn put(storage: &SqliteStorage, id: &str, payload: &str) -> Timestamp {
    let mut session = storage.write_collection(USER, &name("col")).unwrap();
    session.put(&[full(id, payload)]).unwrap();
    let time = session.time();
    session.commit().unwrap();
    time
}

fn payload(storage: &SqliteStorage, id: &str) -> Option<String> {
    let col = name("col");
    let mut session = storage.read_collection(USER, &col, ReadFrom::Any).unwrap();
    get(&mut *session, id).and_then(|wbo| wbo.payload)
}

fn back_to(storage: &SqliteStorage, to: Timestamp) -> Result<Undone, Refusal> {
    let undo = Undo {
        to,
        collection: None,
        rehearsal: false,
    };
    let undoable = storage.undoable().unwrap();
    undoable.undo(USER, &undo, &mut |_| {}).unwrap()
}

fn reach(storage: &SqliteStorage) -> Timestamp {
    storage.undoable().unwrap().history(USER).unwrap().reach()
}

fn kept(file: &Path) -> (i64, i64) {
    let connection = Connection::open(file).unwrap();
    let sql = "SELECT count(*), coalesce(sum(bytes), 0) FROM kept";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    connection.query_row(sql, [], read).unwrap()
}

#[test]
fn a_file_of_version_1_is_brought_up_to_date_by_one_of_those_who_open_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("weft.db"), ManualClock::new());
    let old = Connection::open(&file).unwrap();
    let schema = include_str!("../../sql/sqlite/001-storage.sql");
    old.execute_batch(schema).unwrap();
    let time = ManualClock::START.centis() - 1_000;
    old.execute_batch(&format!(
        "PRAGMA user_version = 1;
        INSERT INTO collection VALUES (1, {user}, 'col', {time}, 2, 6);
        INSERT INTO wbo (collection, id, modified, payload) VALUES
            (1, 'a', {time}, 'one'), (1, 'b', {time}, 'two');",
        user = USER.number(),
    ))
    .unwrap();
    drop(old);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (file, clock) = (&file, &clock);
            scope.spawn(move || {
                let storage = storage(file, clock, Some(Keeping::default()));
                put(&storage, &number.to_string(), "new");
            });
        }
    });
    let storage = storage(&file, &clock, Some(Keeping::default()));
    assert_eq!(payload(&storage, "b").as_deref(), Some("two"));
    storage.delete_records(USER).unwrap();
    back_to(&storage, Timestamp::from_centis(time)).unwrap();
    let mut account = storage.read_account(USER).unwrap();
    assert_eq!(account.counts().unwrap(), [(name("col"), 2)]);
    assert_eq!(account.used_bytes().unwrap(), 6);
    let version = Connection::open(&file).unwrap();
    let version: i64 = version
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 2);
}

#[test]
fn what_is_too_old_goes_and_is_not_gone_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("weft.db"), ManualClock::new());
    let keeping = Keeping {
        time: Duration::from_secs(1_000),
        ..Keeping::default()
    };
    let storage = storage(&file, &clock, Some(keeping));
    let first = put(&storage, "a", "one");
    put(&storage, "a", "two");
    clock.move_seconds(900);
    let second = put(&storage, "a", "three");
    put(&storage, "a", "four");
    assert!(reach(&storage) < first);
    clock.move_seconds(500);
    // Two links and one version.
    assert_eq!(storage.purge(100).unwrap(), 3);
    assert_eq!(storage.purge(100).unwrap(), 0);
    assert!(matches!(
        back_to(&storage, first),
        Err(Refusal::TooEarly(_))
    ));
    assert_eq!(payload(&storage, "a").as_deref(), Some("four"));
    back_to(&storage, second).unwrap();
    assert_eq!(payload(&storage, "a").as_deref(), Some("three"));
}

#[test]
fn what_is_too_much_goes_by_itself_and_no_write_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("weft.db"), ManualClock::new());
    let keeping = Keeping {
        bytes: 20_000,
        ..Keeping::default()
    };
    let storage = storage(&file, &clock, Some(keeping));
    let mut last = Timestamp::ZERO;
    for number in 0..500 {
        last = put(&storage, "a", &format!("{number:01000}"));
    }
    // One write in 64 looks, whichever that is.
    let (_, bytes) = kept(&file);
    assert!(bytes <= 20_000 + 64 * 1_300, "{bytes}");
    let mut session = storage.write_collection(USER, &name("col")).unwrap();
    assert_eq!(session.delete(&Query::default()).unwrap(), 1);
    session.commit().unwrap();
    let (_, bytes) = kept(&file);
    assert!((15_000..=20_000).contains(&bytes), "{bytes}");
    assert!(reach(&storage) > last.plus_seconds(-1));
    back_to(&storage, last).unwrap();
    assert_eq!(payload(&storage, "a").unwrap(), format!("{:01000}", 499));
}

#[test]
fn what_was_written_without_keeping_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("weft.db"), ManualClock::new());
    let on = storage(&file, &clock, Some(Keeping::default()));
    let off = storage(&file, &clock, None);
    assert!(off.undoable().is_none());
    let first = put(&on, "a", "one");
    put(&on, "a", "two");
    let unkept = put(&off, "a", "three");
    assert_eq!(back_to(&on, first), Err(Refusal::TooEarly(unkept)));
    put(&on, "a", "four");
    assert_eq!(back_to(&on, first), Err(Refusal::TooEarly(unkept)));
    back_to(&on, unkept).unwrap();
    assert_eq!(payload(&on, "a").as_deref(), Some("three"));
    assert!(off.purge(1_000).unwrap() > 0);
    assert_eq!(kept(&file), (0, 0));
}
