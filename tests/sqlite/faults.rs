//! Files that are full, forbidden, damaged, deleted or held by others.

use super::child::{Player, USER, engine};
use crate::storage_suite::{ManualClock, full, get, name};
use std::fs::{self, File, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use weft::storage::sqlite::{SqliteOptions, SqliteStorage};
use weft::storage::{ReadFrom, Storage, StorageError, StorageResult};
use weft::sync::{Query, Timestamp};

fn put(storage: &SqliteStorage, id: &str, payload: &str) -> StorageResult<Timestamp> {
    let mut session = storage.write_collection(USER, &name("col"))?;
    session.put(&[full(id, payload)])?;
    let time = session.time();
    session.commit()?;
    Ok(time)
}

fn has(storage: &SqliteStorage, id: &str) -> bool {
    let mut session = storage
        .read_collection(USER, &name("col"), ReadFrom::Any)
        .unwrap();
    get(&mut *session, id).is_some()
}

fn told(storage: &SqliteStorage) -> StorageResult<Timestamp> {
    storage.read_account(USER).map(|account| account.time())
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

fn impatient(database: &Path) -> SqliteStorage {
    let options = SqliteOptions {
        busy: Duration::from_millis(30),
        ..SqliteOptions::new(database)
    };
    SqliteStorage::new(options, Arc::new(|| ManualClock::START))
}

#[test]
fn a_full_disk_is_unavailable_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let storage = engine(&database, 0);
    put(&storage, "before", "x").unwrap();
    storage.delete_records(USER).unwrap();
    drop(storage);
    // No file of this process may grow beyond a limit, as on a full disk.
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"trap "" XFSZ; ulimit -f 2000; exec "$0" "$@""#]);
    limited.arg(std::env::current_exe().unwrap());
    let mut player = Player::with(limited, "fill", &database, 0);
    let written = player.hear("filled ")[0];
    player.finish();
    assert!(written > 3, "only {written}");
    let storage = engine(&database, 0);
    let mut account = storage.read_account(USER).unwrap();
    assert_eq!(account.counts().unwrap()[0].1, written.unsigned_abs() * 2);
    assert_eq!(
        account.used_bytes().unwrap(),
        written.unsigned_abs() * 60_000
    );
    put(&storage, "after", "x").unwrap();
}

#[test]
fn a_file_that_must_not_be_written_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    put(&engine(&database, 0), "a", "x").unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        fs::set_permissions(file.unwrap().path(), Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    if folder.path().metadata().unwrap().uid() == 0 {
        // No permission stops root: be somebody else.
        command.uid(65534).gid(65534);
    }
    let mut player = Player::with(command, "refused", &database, 0);
    player.hear("refused");
    player.finish();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_folder_that_is_away_is_unavailable_until_it_returns() {
    let folder = tempfile::tempdir().unwrap();
    let storage = engine(&folder.path().join("data/weft.db"), 0);
    assert!(matches!(storage.check(), Err(StorageError::Unavailable(_))));
    assert!(matches!(told(&storage), Err(StorageError::Unavailable(_))));
    fs::create_dir(folder.path().join("data")).unwrap();
    put(&storage, "a", "x").unwrap();
    assert!(has(&storage, "a"));
}

#[test]
fn a_file_that_is_no_database_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    fs::write(&database, "Dear diary, ".repeat(1000)).unwrap();
    let storage = engine(&database, 0);
    assert!(matches!(storage.check(), Err(StorageError::Broken(_))));
    assert!(matches!(
        put(&storage, "a", "x"),
        Err(StorageError::Broken(_))
    ));
    assert!(matches!(told(&storage), Err(StorageError::Broken(_))));
}

#[test]
fn a_damaged_database_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let storage = engine(&database, 0);
    for n in 0..300 {
        put(&storage, &n.to_string(), &"x".repeat(1000)).unwrap();
    }
    drop(storage);
    let file = OpenOptions::new().write(true).open(&database).unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    for page in 8..pages {
        file.write_all_at(&[0x5a; 4096], page * 4096).unwrap();
    }
    let storage = engine(&database, 0);
    let mut session = storage
        .read_collection(USER, &name("col"), ReadFrom::Any)
        .unwrap();
    let mut visit = |_: weft::sync::WboRef<'_>| std::ops::ControlFlow::Continue(());
    let scanned = session.scan(&Query::default(), weft::storage::Columns::All, &mut visit);
    assert!(
        matches!(scanned, Err(StorageError::Broken(_))),
        "{scanned:?}"
    );
}

#[test]
fn a_database_of_a_later_program_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let connection = rusqlite::Connection::open(&database).unwrap();
    connection
        .pragma_update(None, "user_version", 1000)
        .unwrap();
    assert!(matches!(
        engine(&database, 0).check(),
        Err(StorageError::Broken(_))
    ));
}

#[test]
fn a_deleted_database_is_no_empty_one_until_its_clock_is_deleted_too() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let storage = engine(&database, 0);
    put(&storage, "lost", "x").unwrap();
    for file in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(&database, file));
    }
    let another = engine(&database, 0);
    for storage in [&storage, &another] {
        let refused = put(storage, "kept", "x");
        assert!(
            matches!(refused, Err(StorageError::Unavailable(_))),
            "{refused:?}"
        );
        assert!(!database.exists());
    }
    fs::remove_file(beside(&database, "-clock")).unwrap();
    put(&storage, "kept", "x").unwrap();
    assert!(has(&another, "kept") && !has(&another, "lost"));
}

#[test]
fn a_deleted_clock_is_made_anew_and_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let storage = engine(&database, 0);
    let written = put(&storage, "a", "x").unwrap();
    let late = engine(&database, 1000);
    let told_before = told(&late).unwrap();
    let remove = || {
        fs::remove_file(beside(&database, "-clock")).unwrap();
        fs::remove_file(beside(&database, "-writer")).unwrap();
    };
    remove();
    // One that has the old file open carries it over, and one that comes later finds that.
    let early = engine(&database, -3600);
    assert_eq!(told(&storage).unwrap(), told_before);
    let written = written.max(put(&early, "b", "x").unwrap());
    assert!(written > told_before);
    drop((storage, late, early));
    remove();
    // Nobody has it open: the times in the database remain.
    let early = engine(&database, -3600);
    assert!(told(&early).unwrap() >= written);
    assert!(put(&early, "c", "x").unwrap() > written);
}

#[test]
fn times_ahead_of_the_clock_outlive_the_file_that_remembers_them() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let clock_file = beside(&database, "-clock");
    let storage = engine(&database, 0);
    put(&storage, "a", "x").unwrap();
    let nothing = || {
        let session = storage.write_collection(USER, &name("col")).unwrap();
        session.time()
    };
    let push = || (0..50).map(|_| nothing()).max().unwrap();
    // Told to one process, and passed by another.
    let told = push();
    assert!(told > ManualClock::START.next());
    assert!(put(&engine(&database, 0), "b", "x").unwrap() > told);
    // Cut off, and deleted: who told it still knows.
    let told = push();
    let whole = OpenOptions::new().write(true).open(&clock_file);
    whole.unwrap().set_len(24).unwrap();
    assert!(put(&storage, "c", "x").unwrap() > told);
    let told = push();
    fs::remove_file(&clock_file).unwrap();
    assert!(put(&storage, "d", "x").unwrap() > told);
    // The file of before had the dial alone.
    let short = fs::read(&clock_file).unwrap()[..24].to_vec();
    drop(storage);
    fs::write(&clock_file, short).unwrap();
    let before = put(&engine(&database, 0), "e", "x").unwrap();
    assert!(put(&engine(&database, 0), "f", "x").unwrap() > before);
}

#[test]
fn a_clock_file_full_of_nonsense_counts_as_new() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let written = put(&engine(&database, 0), "a", "x").unwrap();
    for nonsense in [
        vec![0xff; 24],
        vec![0x7f; 24],
        vec![0; 24],
        vec![0xff; 4096],
        vec![1; 5],
        Vec::new(),
    ] {
        fs::write(beside(&database, "-clock"), nonsense).unwrap();
        let early = engine(&database, -3600);
        assert!(told(&early).unwrap() >= written);
        assert!(told(&early).unwrap() < ManualClock::START.plus_seconds(60));
    }
}

#[test]
fn who_waits_too_long_for_the_writer_is_told_that_it_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let storage = impatient(&database);
    let writing = storage.write_collection(USER, &name("col")).unwrap();
    assert!(matches!(put(&storage, "a", "x"), Err(StorageError::Busy)));
    assert!(told(&storage).is_ok(), "readers don't wait for writers");
    drop(writing);
    put(&storage, "a", "x").unwrap();
}

#[test]
fn who_waits_too_long_for_the_clock_is_told_that_it_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let storage = impatient(&database);
    put(&storage, "a", "x").unwrap();
    let stopped = File::open(beside(&database, "-clock")).unwrap();
    stopped.lock().unwrap();
    assert!(matches!(told(&storage), Err(StorageError::Busy)));
    assert!(matches!(put(&storage, "b", "x"), Err(StorageError::Busy)));
    stopped.unlock().unwrap();
    put(&storage, "b", "x").unwrap();
}
