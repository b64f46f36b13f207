//! What readers are told by the server's clock: when it is set while it runs or while it is down, and by a
//! process that has just begun.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use super::failures::until_somebody_waits;
use super::{Place, USER, full, name, payload, put};
use crate::harness::MariaDb;
use crate::harness::mariadb::Own;
use mysql::prelude::Queryable;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;
use weft::storage::mysql::MySqlStorage;
use weft::storage::undo::Undo;
use weft::storage::{Carried, Columns, Load, Question, ReadFrom, Stamps, Storage};
use weft::sync::{Query, RecordId, Timestamp, Ttl, WboWrite};

fn server() -> MariaDb {
    let server = MariaDb::start_with(&Own {
        clock: true,
        ..Own::default()
    });
    assert!(server.set_clock(0), "tests/run installs libfaketime");
    server
}

fn migrated(server: &MariaDb) -> Place<'_> {
    let place = Place::empty(server, "latin1");
    place.host().migrate(false).unwrap();
    place
}

/// The times that readers of a collection are told, each in its own way.
fn told(host: &MySqlStorage) -> [Timestamp; 3] {
    let (collection, query) = (name("history"), Query::default());
    let question = Question {
        collection: &collection,
        from: ReadFrom::Primary,
        query: &query,
        columns: Columns::Id,
    };
    let session = host.read_collection(USER, &collection, ReadFrom::Primary);
    let mut visit = |_: weft::sync::WboRef<'_>| ControlFlow::Continue(());
    [
        host.read_once(USER, question, &mut visit).unwrap(),
        session.unwrap().time(),
        host.read_times(USER).unwrap().0,
    ]
}

#[test]
#[cfg_attr(without = "faketime", ignore = "faketime is not installed")]
fn whatever_the_clock_does_a_write_is_later_than_all_that_any_host_told() {
    let server = server();
    let place = migrated(&server);
    let reader = place.host();
    put(&reader, "history", &[full("a", "x")]);
    let mut last = Timestamp::ZERO;
    // Each time by hosts that know nothing of the one before.
    for (clock, restart) in [
        (-2, false),
        (-3_600, false),
        (-86_400, true),
        (5, false),
        (1, true),
        (86_400, false),
        (0, false),
    ] {
        let reader = place.host();
        last = told(&reader).into_iter().fold(last, Timestamp::max);
        if restart {
            server.stop();
        }
        server.set_clock(clock);
        if restart {
            server.start_again();
        }
        for host in [place.host(), place.host(), reader] {
            let time = put(&host, "history", &[full("a", "y")]);
            assert!(time > last, "{clock}: {time} after {last} was told");
            last = told(&place.host()).into_iter().fold(time, Timestamp::max);
        }
    }
    would_not_hold_without_what_is_noted(&server, &place);
}

/// That the test above can fail.
fn would_not_hold_without_what_is_noted(server: &MariaDb, place: &Place<'_>) {
    place.php("DELETE FROM weft_times");
    let time = put(&place.host(), "other", &[full("a", "x")]);
    let collection = name("other");
    let told = loop {
        let host = place.host();
        let session = host.read_collection(USER, &collection, ReadFrom::Primary);
        let told = session.unwrap().time();
        if told.centis() > time.centis() + 10 {
            break told;
        }
        thread::sleep(Duration::from_millis(20));
    };
    server.set_clock(-3_600);
    place.php("DELETE FROM weft_times WHERE userid = 0");
    let next = put(&place.host(), "other", &[full("a", "y")]);
    assert!(next < told, "{next} after {told}");
}

#[test]
#[cfg_attr(without = "faketime", ignore = "faketime is not installed")]
fn a_record_that_ends_is_there_while_a_clock_is_set_back_and_ends_when_it_is_right() {
    let server = server();
    let place = migrated(&server);
    let mortal = |id: &str, seconds| WboWrite {
        ttl: Ttl::from_seconds(seconds),
        ..full(id, "x")
    };
    put(
        &place.host(),
        "history",
        &[mortal("a", 100), mortal("b", 10_000)],
    );
    let there = |id: &str| payload(&place.host(), "history", id).is_some();
    assert!(there("a") && there("b"));
    server.set_clock(-3_600);
    assert!(there("a") && there("b"));
    // Written while the clock is wrong.
    put(&place.host(), "history", &[mortal("c", 100)]);
    assert!(there("c"));
    server.set_clock(200);
    assert!(!there("a") && there("b") && !there("c"));
    server.set_clock(0);
    put(&place.host(), "history", &[mortal("d", 100)]);
    assert!(there("b") && there("d"));
    // A clock that was a day ahead: writers' times are ahead of it from now on. What readers see has not
    // ended for writers, and goes when it is deleted.
    server.set_clock(86_400);
    told(&place.host());
    server.set_clock(0);
    assert!(there("b") && there("d"));
    put(&place.host(), "history", &[mortal("e", 1)]);
    let ids = Some(vec![RecordId::new("d").unwrap()]);
    let query = Query {
        ids,
        ..Query::default()
    };
    let mut session = place
        .host()
        .write_collection(USER, &name("history"))
        .unwrap();
    assert_eq!(session.delete(&query).unwrap(), 1);
    session.commit().unwrap();
    assert!(there("b") && !there("d"));
    server.set_clock(5);
    assert!(!there("e"));
}

/// The times of changes to all that a user has follow what was told. By such a time a record may have ended
/// that by the clock, as readers go, has not.
#[test]
#[cfg_attr(without = "faketime", ignore = "faketime is not installed")]
fn who_changes_all_while_times_are_ahead_of_the_clock_loses_nothing_that_has_not_ended() {
    let server = server();
    let place = migrated(&server);
    let host = place.host();
    server.set_clock(86_400);
    told(&host);
    server.set_clock(0);
    let mortal = WboWrite {
        ttl: Ttl::from_seconds(1_000),
        ..full("a", "x")
    };
    let there = || payload(&host, "history", "a");
    let then = put(&host, "history", &[mortal]);
    assert_eq!(there().as_deref(), Some("x"));

    let history = name("history");
    let gone = host.delete_records(USER).unwrap();
    let mut session = host
        .read_collection(USER, &history, ReadFrom::Primary)
        .unwrap();
    assert_eq!(session.modified().unwrap(), Some(gone));
    assert_eq!(there(), None);

    let undo = Undo {
        to: then,
        collection: Some(history.clone()),
        rehearsal: false,
    };
    let go_back = || {
        let undoable = host.undoable().unwrap();
        undoable.undo(USER, &undo, &mut |_| {}).unwrap().unwrap()
    };
    assert_eq!(go_back().collections[0].returned, 1);
    assert_eq!(there().as_deref(), Some("x"));
    put(&host, "history", &[full("a", "y")]);
    assert_eq!(go_back().collections[0].reverted, 1);
    assert_eq!(there().as_deref(), Some("x"));

    // From a backup of the day that it is: with as long to live as was left, and not unasked.
    let mut load = Load {
        collections: &[history],
        at: then.plus_seconds(-86_400),
        times: Stamps::New,
        replace: false,
    };
    let mut whole = Vec::new();
    let portable = host.portable().unwrap();
    let walked = portable.walk(USER, &mut |piece| {
        if let Carried::Record { record, expires } = piece {
            whole.push((record.id.to_owned(), expires));
        }
        Ok(())
    });
    walked.unwrap();
    let restore = |load: &Load<'_>| {
        let taken = portable.take_in(USER, load, &mut |carry| {
            carry(Carried::Collection {
                name: &load.collections[0],
                modified: then,
            })?;
            let (id, expires) = &whole[0];
            let record = weft::sync::WboRef {
                id,
                modified: then,
                payload: Some("z"),
                parentid: None,
                predecessorid: None,
                sortindex: None,
            };
            carry(Carried::Record {
                record,
                expires: *expires,
            })
        });
        taken.unwrap()
    };
    assert_eq!(restore(&load), None);
    assert_eq!(there().as_deref(), Some("x"));
    load.replace = true;
    assert!(restore(&load).is_some());
    assert_eq!(there().as_deref(), Some("z"));
    server.set_clock(1_100);
    assert_eq!(there(), None);
}

/// Of the first readers of a process none goes before another knows what they may be told.
#[test]
fn the_first_readers_of_a_process_are_told_a_time_though_they_come_at_once() {
    let place = Place::migrated("latin1");
    put(&place.host(), "history", &[full("a", "x")]);
    let written = place.host().read_times(USER).unwrap().0;
    let mut root = place.server.root(&place.name);
    root.query_drop("BEGIN").unwrap();
    root.query_drop("SELECT * FROM weft_times WHERE userid = 0 FOR UPDATE")
        .unwrap();
    let host = place.host();
    let told: Vec<Timestamp> = thread::scope(|scope| {
        let read = || scope.spawn(|| host.read_times(USER).unwrap().0);
        let first = read();
        until_somebody_waits(&place);
        let second = read();
        // It waits, too, or else it has been told by now; but nobody waits for that.
        thread::sleep(Duration::from_millis(100));
        root.query_drop("COMMIT").unwrap();
        [first, second].map(|one| one.join().unwrap()).into()
    });
    assert!(
        told.iter().all(|time| *time >= written),
        "{told:?} {written}"
    );
}

/// A process that begins while the clock's row can't be written, as each that answers one request does.
#[test]
fn where_the_clock_cannot_be_noted_a_new_process_tells_what_others_told() {
    let place = Place::migrated("latin1");
    put(&place.host(), "history", &[full("a", "x")]);
    let (told, times) = place.host().read_times(USER).unwrap();
    let mut root = place.server.root(&place.name);
    let full_disk = "CREATE TRIGGER full_disk BEFORE INSERT ON weft_times FOR EACH ROW \
                     IF NEW.userid = 0 THEN SIGNAL SQLSTATE '45000'; END IF";
    root.query_drop(full_disk).unwrap();
    let (again, listed) = place.host().read_times(USER).unwrap();
    assert!(again >= told, "{again} after {told}");
    assert_eq!(listed, times);
}
