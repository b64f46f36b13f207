//! Several hosts on one database, and PHP beside them.

use super::{Place, USER, full, name, payload, put};
use crate::harness::MariaDb;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use weft::storage::mysql::MySqlStorage;
use weft::storage::{Columns, Question, ReadFrom, RowVisit, Storage, StorageError};
use weft::sync::{Query, Timestamp, Ttl, UserId, WboWrite};

#[test]
fn of_conditional_writes_from_several_hosts_as_many_succeed_as_are_applied() {
    let place = Place::migrated("latin1");
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let host = place.host();
            thread::spawn(move || {
                let mut won = Vec::new();
                for round in 0..40 {
                    let mut read = host
                        .read_collection(USER, &name("tabs"), ReadFrom::Primary)
                        .unwrap();
                    let seen = read.modified().unwrap();
                    drop(read);
                    let mut session = host.write_collection(USER, &name("tabs")).unwrap();
                    if session.modified().unwrap() == seen {
                        let id = format!("{worker}-{round}");
                        session.put(&[full(&id, "x")]).unwrap();
                        let time = session.time();
                        session.commit().unwrap();
                        assert!(Some(time) > seen);
                        won.push(time);
                    }
                }
                won
            })
        })
        .collect();
    let mut won: Vec<_> = workers
        .into_iter()
        .flat_map(|w| w.join().unwrap())
        .collect();
    let mut read = place
        .host()
        .read_collection(USER, &name("tabs"), ReadFrom::Primary)
        .unwrap();
    assert_eq!(read.count(&Query::default()).unwrap(), won.len() as u64);
    let successes = won.len();
    won.sort();
    won.dedup();
    assert_eq!(won.len(), successes, "no two writes have one time");
}

/// Three hosts that write 60 records each.
fn three_writers(place: &Place<'_>) -> Vec<thread::JoinHandle<()>> {
    let writers = (0..3).map(|worker| {
        let host = place.host();
        thread::spawn(move || {
            for round in 0..60 {
                put(&host, "history", &[full(&format!("{worker}-{round}"), "x")]);
            }
        })
    });
    writers.collect()
}

#[test]
fn a_reader_that_follows_newer_misses_no_write_of_any_host() {
    let place = Place::migrated("latin1");
    let done = Arc::new(AtomicBool::new(false));
    let writers = three_writers(&place);
    let followers = [follow_in_sessions, follow_by_single_answers].map(|follow| {
        let (host, done) = (place.host(), Arc::clone(&done));
        thread::spawn(move || {
            let (mut newer, mut seen) = (Timestamp::ZERO, BTreeSet::new());
            loop {
                let last = done.load(Ordering::SeqCst);
                newer = follow(&host, newer, &mut |wbo| {
                    seen.insert(wbo.id.to_owned());
                    ControlFlow::Continue(())
                });
                if last {
                    return seen.len();
                }
            }
        })
    });
    for writer in writers {
        writer.join().unwrap();
    }
    done.store(true, Ordering::SeqCst);
    for follower in followers {
        assert_eq!(follower.join().unwrap(), 180);
    }
}

#[test]
fn what_a_whole_list_lacks_is_later_than_its_time() {
    let place = Place::migrated("latin1");
    let host = place.host();
    let writers = three_writers(&place);
    let question = Question {
        collection: &name("history"),
        from: ReadFrom::Primary,
        query: &Query::default(),
        columns: Columns::All,
    };
    let (mut told, mut seen) = (Timestamp::ZERO, BTreeSet::new());
    while seen.len() < 180 {
        let (mut newest, mut now_seen) = (Timestamp::ZERO, BTreeSet::new());
        let time = host.read_once(USER, question, &mut |wbo| {
            newest = newest.max(wbo.modified);
            let new = now_seen.insert(wbo.id.to_owned()) && !seen.contains(wbo.id);
            assert!(!new || wbo.modified > told, "{} {told}", wbo.modified);
            ControlFlow::Continue(())
        });
        told = time.unwrap();
        assert!(told >= newest, "{told} {newest}");
        seen = now_seen;
    }
    for writer in writers {
        writer.join().unwrap();
    }
}

/// The clock that counts is that of the moment at which the lock was granted.
#[test]
fn a_writer_that_waited_for_another_has_a_time_of_after_the_wait() {
    let server = MariaDb::start(&["--sysdate-is-now"]);
    let elsewhere = Place::empty(&server, "latin1");
    elsewhere.host().migrate(false).unwrap();
    for place in [Place::migrated("latin1"), elsewhere] {
        let host = place.host();
        put(&host, "history", &[full("a", "x")]);
        let first = host.write_collection(USER, &name("history")).unwrap();
        let waiter = {
            let host = place.host();
            thread::spawn(move || {
                host.write_collection(USER, &name("history"))
                    .unwrap()
                    .time()
            })
        };
        let waits = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
             WHERE DB = '{}' AND INFO LIKE '%FOR UPDATE%' AND TIME_MS > 20 AND ID <> CONNECTION_ID()",
            place.name
        );
        while place.php_sees(&waits) == ["0"] {
            assert!(!waiter.is_finished(), "it did not wait");
            thread::sleep(Duration::from_millis(5));
        }
        // The waiter's statement has begun; now the clock goes on.
        thread::sleep(Duration::from_millis(50));
        let now = place.php_sees("SELECT CAST(FLOOR(UNIX_TIMESTAMP(NOW(6)) * 100) AS SIGNED)");
        drop(first);
        let time = waiter.join().unwrap();
        assert!(time.centis() >= now[0].parse().unwrap(), "{time} {now:?}");
    }
}

fn newer_than(newer: Timestamp) -> Query {
    Query {
        newer: Some(newer),
        ..Query::default()
    }
}

fn follow_in_sessions(host: &MySqlStorage, newer: Timestamp, visit: RowVisit<'_>) -> Timestamp {
    let mut session = host
        .read_collection(USER, &name("history"), ReadFrom::Primary)
        .unwrap();
    session
        .scan(&newer_than(newer), Columns::Id, visit)
        .unwrap();
    assert!(session.time() >= newer, "{} {newer}", session.time());
    session.time()
}

/// As browsers do: what is listed with no later time than the last answer's is not asked for.
fn follow_by_single_answers(
    host: &MySqlStorage,
    newer: Timestamp,
    visit: RowVisit<'_>,
) -> Timestamp {
    let (told, times) = host.read_times(USER).unwrap();
    if times.iter().all(|(_, time)| *time <= newer) {
        return newer.max(told);
    }
    let question = Question {
        collection: &name("history"),
        from: ReadFrom::Primary,
        query: &newer_than(newer),
        columns: Columns::Id,
    };
    newer.max(host.read_once(USER, question, visit).unwrap())
}

#[test]
fn a_reader_is_told_about_now_although_nothing_was_written_for_long() {
    let place = Place::migrated("latin1");
    let host = place.host();
    put(&host, "history", &[full("a", "x")]);
    place.php("UPDATE wbo SET modified = 100; UPDATE weft_times SET modified = 100, told = 100");
    let now: i64 = place.php_sees("SELECT UNIX_TIMESTAMP()")[0]
        .parse()
        .unwrap();
    let mut session = host
        .read_collection(USER, &name("history"), ReadFrom::Primary)
        .unwrap();
    assert!(session.time().seconds() >= now - 1);
    assert_eq!(
        session.modified().unwrap(),
        Some(Timestamp::from_centis(100))
    );
    assert!(host.read_account(USER).unwrap().time().seconds() >= now - 1);
}

#[test]
fn a_collection_ahead_of_the_clock_goes_on_rising() {
    let place = Place::migrated("latin1");
    let host = place.host();
    put(&host, "history", &[full("a", "x")]);
    place.php("UPDATE weft_times SET modified = 400000000000 WHERE collectionid = 4");
    let first = put(&host, "history", &[full("a", "x")]);
    assert_eq!(first.centis(), 400_000_000_001);
    assert_eq!(
        put(&place.host(), "history", &[full("a", "x")]),
        first.next()
    );
}

#[test]
fn the_time_of_a_collection_is_that_of_phps_newest_record_where_it_is_later() {
    let place = Place::of_php("latin1");
    let host = place.host_with(|config| config.php_beside = true);
    let ours = put(&host, "history", &[full("a", "x")]);
    let theirs = ours.plus_seconds(1000);
    place.php(&format!(
        "UPDATE wbo SET modified = {} WHERE id = 'a'",
        theirs.centis()
    ));
    let listed = host.read_account(USER).unwrap().times().unwrap();
    assert_eq!(listed, [(name("history"), theirs)]);
    let mut session = host.write_collection(USER, &name("history")).unwrap();
    assert_eq!(session.modified().unwrap(), Some(theirs));
    assert!(session.time() > theirs);
}

#[test]
fn beside_php_a_reader_is_told_no_time_that_php_may_still_write() {
    let place = Place::of_php("latin1");
    let host = place.host_with(|config| config.php_beside = true);
    let now: i64 = place.php_sees("SELECT UNIX_TIMESTAMP()")[0]
        .parse()
        .unwrap();
    let time = host
        .read_collection(USER, &name("history"), ReadFrom::Primary)
        .unwrap()
        .time();
    assert!(time.seconds() < now - 100 && time.seconds() > now - 200);
    let time = put(&host, "history", &[full("a", "x")]);
    let mut session = host
        .read_collection(USER, &name("history"), ReadFrom::Primary)
        .unwrap();
    assert_eq!(
        (session.time(), session.modified().unwrap()),
        (time, Some(time))
    );
}

#[test]
fn who_waits_too_long_for_another_writer_is_told_that_the_collection_is_busy() {
    let place = Place::migrated("latin1");
    let holder = place.host();
    let host = place.host_with(|config| config.busy = Duration::from_secs(1));
    put(&holder, "history", &[full("a", "old")]);
    let mut held = holder.write_collection(USER, &name("history")).unwrap();
    held.put(&[full("a", "new")]).unwrap();
    let before = Instant::now();
    let refused = host.write_collection(USER, &name("history"));
    assert!(matches!(refused.err(), Some(StorageError::Busy)));
    assert!(before.elapsed() < Duration::from_secs(15));
    put(&host, "bookmarks", &[full("a", "others don't wait")]);
    assert_eq!(payload(&host, "history", "a").as_deref(), Some("old"));
    held.commit().unwrap();
    put(&host, "history", &[full("a", "newest")]);
}

#[test]
fn hosts_that_name_collections_at_once_give_each_its_own_number() {
    let place = Place::of_php("latin1");
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let host = place.host();
            thread::spawn(move || {
                for n in 0..5 {
                    put(&host, &format!("c{}", (n + worker) % 5), &[full("a", "x")]);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    let numbers = place.php_sees("SELECT COUNT(DISTINCT name), COUNT(*) FROM collections");
    assert_eq!(numbers, ["5|5"]);
}

#[test]
fn deleting_all_and_writing_at_once_end_in_some_order() {
    let place = Place::migrated("latin1");
    let deleter = {
        let host = place.host();
        thread::spawn(move || (0..20).map(|_| host.delete_records(USER).unwrap()).max())
    };
    let host = place.host();
    let written: Vec<_> = (0..60)
        .map(|n| {
            put(
                &host,
                ["tabs", "own", "forms"][n % 3],
                &[full(&n.to_string(), "x")],
            )
        })
        .collect();
    let deleted = deleter.join().unwrap().unwrap();
    let mut account = host.read_account(USER).unwrap();
    let left: u64 = account.counts().unwrap().iter().map(|(_, n)| n).sum();
    let later = written.iter().filter(|time| **time > deleted).count();
    assert_eq!(left, later as u64);
}

#[test]
fn purging_does_not_disturb_writers() {
    purge_beside_a_writer(&Place::migrated("latin1"));
    purge_beside_a_writer(&Place::of_php("latin1"));
}

fn purge_beside_a_writer(place: &Place<'_>) {
    let host = place.host();
    for user in 1..4 {
        let mut session = host
            .write_collection(UserId::new(user), &name("tabs"))
            .unwrap();
        let writes = (0..50).map(|n| WboWrite {
            ttl: Ttl::from_seconds(if n % 2 == 0 { 0 } else { 1000 }),
            ..full(&n.to_string(), "x")
        });
        let writes: Vec<_> = writes.collect();
        session.put(&writes).unwrap();
        session.commit().unwrap();
    }
    let held = host
        .write_collection(UserId::new(9), &name("tabs"))
        .unwrap();
    assert_eq!(host.purge(10).unwrap(), 10);
    assert_eq!(host.purge(1000).unwrap(), 65);
    assert_eq!(host.purge(1000).unwrap(), 0);
    held.commit().unwrap();
}

#[test]
fn an_open_session_does_not_hold_up_php() {
    let place = Place::of_php("latin1");
    let host = place.host_with(|config| config.php_beside = true);
    put(&host, "own", &[full("a", "x"), full("b", "x")]);
    let mut writing = host.write_collection(USER, &name("own")).unwrap();
    writing.put(&[full("a", "y")]).unwrap();
    let _reading = host
        .read_collection(USER, &name("own"), ReadFrom::Primary)
        .unwrap();
    place.php(
        "SET SESSION innodb_lock_wait_timeout = 1; \
         INSERT INTO collections VALUES (7, 102, 'phps'); \
         UPDATE collections SET name = 'own' WHERE userid = 7 AND collectionid = 101; \
         UPDATE wbo SET payload = 'z' WHERE username = 7 AND collection = 101 AND id = 'b'; \
         INSERT INTO wbo (username, collection, id, modified) VALUES (7, 101, 'c', 1); \
         DELETE FROM wbo WHERE username = 7 AND collection = 101 AND id = 'c'",
    );
    writing.commit().unwrap();
    assert_eq!(payload(&host, "own", "b").as_deref(), Some("z"));
}
