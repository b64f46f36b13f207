//! Several processes on one file.

use super::child::{Player, USER, engine, myself, with_rollback_journal};
use crate::storage_suite::{ManualClock, full, get, name};
use std::process::Command;
use std::sync::Arc;
use weft::storage::sqlite::{Clock, SqliteOptions, SqliteStorage};
use weft::storage::{ReadFrom, Storage};
use weft::sync::{Query, Timestamp};

#[test]
fn many_processes_may_find_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let players: Vec<_> = (0..6)
        .map(|_| Player::start("check", &database, 0))
        .collect();
    for player in players {
        player.finish();
    }
    engine(&database, 0).check().unwrap();
}

/// Four processes that read and write, with clocks hours apart from each other.
fn hammer(program: impl Fn() -> Command, role: &str) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let skews = [0, -3600, 7200, 3600];
    let players = skews.map(|skew| Player::with(program(), role, &database, skew));
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for line in players.into_iter().flat_map(Player::finish) {
        let numbers = |text: &str| -> Vec<i64> {
            text.split_whitespace()
                .map(|n| n.parse().unwrap())
                .collect()
        };
        if let Some(rest) = line.strip_prefix("read ") {
            reads.push(numbers(rest));
        } else if let Some(rest) = line.strip_prefix("wrote ") {
            writes.push(numbers(rest)[0]);
        }
    }
    assert_eq!(reads.len(), 4 * 60 * 20);
    let storage = engine(&database, 0);
    let mut session = storage
        .read_collection(USER, &name("col"), ReadFrom::Any)
        .unwrap();
    let counted = get(&mut *session, "n").unwrap().payload.unwrap();
    assert_eq!(
        counted,
        writes.len().to_string(),
        "every success was applied, once"
    );
    let total = writes.len();
    writes.sort_unstable();
    writes.dedup();
    assert_eq!(writes.len(), total, "no time was given twice");
    let last = writes.last().copied().map(Timestamp::from_centis);
    assert_eq!(session.modified().unwrap(), last);
    for read in reads {
        let (seen, told) = (read[0], read[1]);
        let missed = writes.iter().find(|time| (seen + 1..=told).contains(time));
        assert_eq!(
            missed, None,
            "a reader was told {told} and had seen only {seen}"
        );
    }
}

#[test]
fn check_and_write_is_one_step_among_processes_and_nobody_is_told_too_much() {
    hammer(myself, "count by a running clock");
}

#[test]
fn the_same_holds_when_all_clocks_stand_still() {
    hammer(myself, "count");
}

#[test]
fn the_same_holds_with_a_rollback_journal() {
    hammer(with_rollback_journal, "count by a running clock");
}

#[test]
fn a_write_that_slips_in_while_a_reader_asks_for_its_time_is_not_hidden_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let other = engine(&database, 0);
    other.check().unwrap();
    // A clock in whose question another writes, and then much time passes.
    let clock: Clock = Arc::new(move || {
        let mut session = other.write_collection(USER, &name("col")).unwrap();
        session.put(&[full("a", "x")]).unwrap();
        session.commit().unwrap();
        ManualClock::START.plus_seconds(1000)
    });
    let storage = SqliteStorage::new(SqliteOptions::new(&database), clock);
    let mut reader = storage
        .read_collection(USER, &name("col"), ReadFrom::Any)
        .unwrap();
    assert!(
        get(&mut *reader, "a").is_some(),
        "it is before the time that the reader was told"
    );
    let mut account = storage.read_account(USER).unwrap();
    assert!(
        account.times().unwrap()[0].1 > reader.time(),
        "the second write is listed"
    );
}

#[test]
fn a_killed_writer_leaves_nothing_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let clock = ManualClock::new();
    let shown = clock.clone();
    let options = SqliteOptions::new(&database);
    let storage = SqliteStorage::new(options, Arc::new(move || shown.now()));
    let collection = name("col");
    let mut session = storage.write_collection(USER, &collection).unwrap();
    session.put(&[full("mine", "x")]).unwrap();
    session.commit().unwrap();

    let mut writer = Player::start("hold", &database, 0);
    let pending = writer.hear("holding ")[0];
    clock.move_seconds(100);
    let told = || storage.read_account(USER).unwrap().time();
    assert!(told().centis() < pending, "its write may still appear");
    writer.kill();
    assert_eq!(told(), clock.now(), "its write will never appear");

    let mut session = storage.write_collection(USER, &collection).unwrap();
    assert!(session.time() > told());
    assert_eq!(session.count(&Query::default()).unwrap(), 1);
    session.put(&[full("next", "x")]).unwrap();
    session.commit().unwrap();
}

#[test]
fn a_download_takes_the_same_memory_whatever_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("weft.db");
    let records = std::env::var("WEFT_TEST_RECORDS").map_or(8000, |n| n.parse().unwrap());
    let payload = "x".repeat(4000);
    let storage = engine(&database, 0);
    let mut session = storage.write_collection(USER, &name("col")).unwrap();
    for n in 0..records {
        session.put(&[full(&format!("{n:012}"), &payload)]).unwrap();
    }
    session.commit().unwrap();
    for line in Player::start("scan", &database, 0).finish() {
        let Some(rest) = line.strip_prefix("scanned ") else {
            continue;
        };
        let said: Vec<i64> = rest
            .split_whitespace()
            .map(|n| n.parse().unwrap())
            .collect();
        println!("{said:?}");
        assert_eq!((said[0], said[1]), (records, records * 4000));
        assert!(
            said[2] < 8000,
            "{} KB for {} KB of records",
            said[2],
            said[1] / 1000
        );
    }
}
