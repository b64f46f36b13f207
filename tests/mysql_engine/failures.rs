//! The server stops, stalls, dies, kills connections and refuses them: every request ends soon, with
//! an answer that says why, and the first one after its return is right.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use super::{Place, USER, full, name, payload, put};
use crate::harness::MariaDb;
use mysql::prelude::Queryable;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use weft::storage::mysql::MySqlStorage;
use weft::storage::{Columns, ReadFrom, Storage, StorageError};
use weft::sync::Query;

/// A host that gives up long before those with the customary settings, and not where the machine does much
/// else.
fn impatient(place: &Place<'_>) -> MySqlStorage {
    place.host_with(|config| {
        config.busy = Duration::from_secs(1);
        config.io_timeout = Duration::from_secs(3);
        config.connect_timeout = Duration::from_secs(3);
    })
}

fn unavailable<T>(result: Result<T, StorageError>) {
    match result.err() {
        Some(StorageError::Unavailable(_)) => {}
        other => panic!("{other:?}"),
    }
}

fn undone<T>(result: Result<T, StorageError>) {
    match result.err() {
        Some(StorageError::Undone(_)) => {}
        other => panic!("{other:?}"),
    }
}

/// Every kind of request fails as it should, each in less time than the customary settings give it.
fn all_unavailable(host: &MySqlStorage) {
    let soon = |work: &dyn Fn()| {
        let before = Instant::now();
        work();
        let took = before.elapsed();
        assert!(took < Duration::from_secs(18), "{took:?}");
    };
    let history = name("history");
    let each: [&(dyn Fn() + Sync); 5] = [
        &|| unavailable(host.read_account(USER)),
        &|| unavailable(host.read_collection(USER, &history, ReadFrom::Any)),
        &|| unavailable(host.write_collection(USER, &history)),
        &|| unavailable(host.delete_records(USER)),
        &|| unavailable(host.check()),
    ];
    // What they wait for, they wait for together.
    std::thread::scope(|scope| {
        for request in each {
            scope.spawn(|| soon(request));
        }
    });
}

/// Kills all connections but one's own, as an administrator may.
fn kill_connections(place: &Place<'_>) {
    let mut root = place.server.root("mysql");
    let sql = "SELECT id FROM information_schema.PROCESSLIST WHERE db = ?";
    let ids: Vec<u64> = root.exec(sql, (&place.name,)).unwrap();
    assert!(!ids.is_empty());
    for id in ids {
        root.query_drop(format!("KILL {id}")).unwrap();
    }
}

#[test]
fn a_server_that_stops_stalls_or_dies_is_found_again_by_the_next_request() {
    let server = MariaDb::start(&[]);
    let place = Place::empty(&server, "latin1");
    let host = impatient(&place);
    host.migrate(false).unwrap();
    put(&host, "history", &[full("a", "1")]);

    server.stop();
    all_unavailable(&host);
    server.start_again();
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("1"));
    put(&host, "history", &[full("a", "2")]);

    server.pause();
    all_unavailable(&host);
    server.resume();
    put(&host, "history", &[full("a", "3")]);

    let mut cut = host.write_collection(USER, &name("history")).unwrap();
    cut.put(&[full("a", "never")]).unwrap();
    server.kill();
    unavailable(cut.commit());
    all_unavailable(&host);
    server.start_again();
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("3"));
}

#[test]
fn connections_lost_between_requests_are_noticed_by_nobody() {
    let place = Place::migrated("latin1");
    let host = place.host();
    put(&host, "history", &[full("a", "x")]);
    kill_connections(&place);
    put(&host, "history", &[full("a", "y")]);
    kill_connections(&place);
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("y"));
    kill_connections(&place);
    host.delete_records(USER).unwrap();
}

#[test]
fn a_connection_lost_in_a_session_ends_that_session_only() {
    let place = Place::migrated("latin1");
    let host = place.host();
    put(&host, "history", &[full("a", "x")]);
    let mut writing = host.write_collection(USER, &name("history")).unwrap();
    writing.put(&[full("a", "lost")]).unwrap();
    let mut reading = host
        .read_collection(USER, &name("history"), ReadFrom::Any)
        .unwrap();
    kill_connections(&place);
    undone(writing.put(&[full("b", "lost")]));
    unavailable(reading.count(&Query::default()));
    assert!(writing.commit().is_err());
    drop(reading);
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("x"));
    assert_eq!(payload(&host, "history", "b"), None);
}

/// Connections take a moment to end; only this one is to be left.
fn until_alone(root: &mut mysql::Conn) {
    let begun = Instant::now();
    let connected = "SHOW GLOBAL STATUS LIKE 'Threads_connected'";
    while root
        .query_first::<(String, String), _>(connected)
        .unwrap()
        .unwrap()
        .1
        != "1"
    {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::yield_now();
    }
}

#[test]
fn a_full_server_is_unavailable_and_no_hang() {
    let server = MariaDb::start(&["--max-connections=10"]);
    let place = Place::empty(&server, "latin1");
    let host = impatient(&place);
    host.migrate(false).unwrap();
    let mut root = server.root(&place.name);
    drop(host);
    until_alone(&mut root);
    let connect = || {
        mysql::Conn::new(
            mysql::OptsBuilder::new()
                .ip_or_hostname(Some("127.0.0.1"))
                .tcp_port(server.port())
                .user(Some(MariaDb::USER))
                .pass(Some(MariaDb::PASSWORD)),
        )
    };
    // Its user may take the one that is set aside for administrators, too. A connection that is no
    // longer shown may still be counted for a moment.
    let (mut hoard, begun) = (Vec::new(), Instant::now());
    while hoard.len() < 10 {
        hoard.extend(connect());
        assert!(begun.elapsed() < Duration::from_secs(120));
    }
    assert!(connect().is_err());
    let fresh = impatient(&place);
    all_unavailable(&fresh);
    drop(hoard);
    until_alone(&mut root);
    put(&fresh, "history", &[full("a", "x")]);
}

#[test]
fn who_finds_all_connections_in_use_waits_and_is_then_told() {
    let place = Place::migrated("latin1");
    let host = place.host_with(|config| {
        config.connections = 1;
        config.busy = Duration::from_millis(300);
    });
    put(&host, "history", &[full("a", "x")]);
    let held = host.write_collection(USER, &name("history")).unwrap();
    unavailable(host.read_account(USER));
    held.commit().unwrap();
    host.read_account(USER).unwrap();
}

#[test]
fn a_download_that_is_broken_off_costs_neither_time_nor_the_next_request() {
    let place = Place::migrated("latin1");
    let host = place.host_with(|config| config.connections = 1);
    let payload = "x".repeat(100_000);
    let writes: Vec<_> = (0..200).map(|n| full(&n.to_string(), &payload)).collect();
    put(&host, "history", &writes);
    let mut session = host
        .read_collection(USER, &name("history"), ReadFrom::Any)
        .unwrap();
    let mut seen = 0;
    let mut visit = |_: weft::sync::WboRef<'_>| {
        seen += 1;
        ControlFlow::Break(())
    };
    session
        .scan(&Query::default(), Columns::All, &mut visit)
        .unwrap();
    assert_eq!(seen, 1);
    drop(session);
    assert_eq!(host.read_account(USER).unwrap().counts().unwrap()[0].1, 200);
}

#[test]
fn a_deadlock_with_php_before_anything_was_written_is_noticed_by_nobody() {
    let place = Place::migrated("latin1");
    let host = place.host();
    put(&host, "history", &[full("a", "x")]);
    let before = deadlocks(&place);
    // Holds the row that deleting all must lock last, and then wants the one that it locks first.
    let mut rival = place.server.php(&place.name);
    let rows = "SELECT * FROM weft_times WHERE userid = 7 AND collectionid";
    rival
        .query_drop(format!(
            "SET SESSION innodb_lock_wait_timeout = 100; BEGIN; {rows} = 4 FOR UPDATE"
        ))
        .unwrap();
    // Heavier, so that it is not the one to go.
    rival
        .query_drop("INSERT INTO wbo (username, collection, id) SELECT 9, 9, seq FROM seq_1_to_500")
        .unwrap();
    std::thread::scope(|scope| {
        let deleting = scope.spawn(|| host.delete_records(USER));
        until_somebody_waits(&place);
        rival.query_drop(format!("{rows} = -1 FOR UPDATE")).unwrap();
        rival.query_drop("ROLLBACK").unwrap();
        deleting.join().unwrap().unwrap();
    });
    assert_eq!(payload(&host, "history", "a"), None);
    assert!(deadlocks(&place) > before);
}

#[test]
fn a_deadlock_with_php_in_a_session_undoes_all_of_it_and_says_so() {
    let place = Place::migrated("latin1");
    let host = place.host();
    put(&host, "history", &[full("a", "old"), full("b", "old")]);
    let mut rival = place.server.php(&place.name);
    // Heavier, so that it is not the one to go.
    for sql in [
        "SET SESSION innodb_lock_wait_timeout = 100; BEGIN",
        "INSERT INTO wbo (username, collection, id) SELECT 9, 9, seq FROM seq_1_to_500",
        "SELECT * FROM wbo WHERE username = 7 AND collection = 4 AND id = 'b' FOR UPDATE",
    ] {
        rival.query_drop(sql).unwrap();
    }
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut session = host.write_collection(USER, &name("history")).unwrap();
            session.put(&[full("a", "new")]).unwrap();
            let put = session.put(&[full("b", "new")]);
            (put, session.commit())
        });
        until_somebody_waits(&place);
        let row = "SELECT * FROM weft_times WHERE userid = 7 AND collectionid = 4 FOR UPDATE";
        rival.query_drop(row).unwrap();
        rival.query_drop("ROLLBACK").unwrap();
        let (put, commit) = writing.join().unwrap();
        undone(put);
        assert!(commit.is_err());
    });
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("old"));
    assert_eq!(payload(&host, "history", "b").as_deref(), Some("old"));
    put(&host, "history", &[full("b", "newer")]);
}

pub fn until_somebody_waits(place: &Place<'_>) {
    let mut root = place.server.root("mysql");
    let begun = Instant::now();
    while !is_waiting(&mut root, &place.name) {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody waits");
        // The server looks no more often than ten times a second.
        std::thread::sleep(Duration::from_millis(110));
    }
}

fn is_waiting(root: &mut mysql::Conn, database: &str) -> bool {
    let sql = "SELECT COUNT(*) FROM information_schema.INNODB_TRX AS t \
               JOIN information_schema.PROCESSLIST AS p ON p.id = t.trx_mysql_thread_id \
               WHERE p.db = ? AND t.trx_state = 'LOCK WAIT'";
    let waiting: Option<u64> = root.exec_first(sql, (database,)).unwrap();
    waiting > Some(0)
}

fn deadlocks(place: &Place<'_>) -> u64 {
    let row = &place.php_sees("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")[0];
    row.split_once('|').unwrap().1.parse().unwrap()
}
