//! One record by its id, while others write it: what its reader was not shown has a later time than it was told.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use super::{Place, USER, full, name, put};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use weft::storage::mysql::MySqlStorage;
use weft::storage::{Columns, Question, ReadFrom, Storage};
use weft::sync::{Query, RecordId, Timestamp};

/// A record's payload, and the time that its reader is told.
fn one(host: &MySqlStorage, id: &str) -> (Option<String>, Timestamp) {
    let query = Query {
        ids: Some(vec![RecordId::new(id).unwrap()]),
        ..Query::default()
    };
    let collection = name("history");
    let question = Question {
        collection: &collection,
        from: ReadFrom::Primary,
        query: &query,
        columns: Columns::All,
    };
    let mut payload = None;
    let time = host.read_once(USER, question, &mut |wbo| {
        payload = wbo.payload.map(str::to_owned);
        ControlFlow::Continue(())
    });
    (payload, time.unwrap())
}

/// Writes 200 times: a new record, and the number of the turn into one that all turns write. Readers look
/// at both.
fn what_a_reader_lacks_is_later_than_its_time(place: &Place<'_>) {
    let done = Arc::new(AtomicBool::new(false));
    let readers = [0, 1].map(|_| {
        let (host, done) = (place.host(), Arc::clone(&done));
        thread::spawn(move || {
            let (mut shown, mut missed, mut next) = (Vec::new(), Vec::new(), 0);
            while !done.load(Ordering::SeqCst) {
                let (turn, time) = one(&host, "same");
                shown.push((turn.map(|turn| turn.parse::<usize>().unwrap()), time));
                let id = format!("new{next}");
                match one(&host, &id) {
                    (Some(_), _) => next += 1,
                    (None, time) => missed.push((next, time)),
                }
            }
            (shown, missed)
        })
    });
    let host = place.host();
    let write = |turn: usize| {
        let new = full(&format!("new{turn}"), "x");
        put(&host, "history", &[full("same", &turn.to_string()), new])
    };
    let times: Vec<Timestamp> = (0..200).map(write).collect();
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        let (shown, missed) = reader.join().unwrap();
        assert!(!shown.is_empty());
        for (turn, time) in shown {
            let next = turn.map_or(0, |turn| turn + 1);
            assert!(times.get(next).is_none_or(|later| *later > time));
            assert!(turn.is_none_or(|turn| time >= times[turn]));
        }
        for (turn, time) in missed {
            assert!(times.get(turn).is_none_or(|later| *later > time));
        }
    }
    assert_eq!(one(&host, "same").0.as_deref(), Some("199"));
}

#[test]
fn on_tables_of_weft() {
    what_a_reader_lacks_is_later_than_its_time(&Place::migrated("latin1"));
}

#[test]
fn on_tables_of_php() {
    what_a_reader_lacks_is_later_than_its_time(&Place::of_php("latin1"));
}

#[test]
fn what_php_stored_is_read_whether_or_not_we_have_a_row() {
    let place = Place::of_php("latin1");
    let later = 400_000_000_000_i64;
    place.php(&format!(
        "INSERT INTO wbo (username, collection, id, modified, payload, payload_size) \
         VALUES ({}, 4, 'a', {later}, 'of PHP', 6)",
        USER.number()
    ));
    let host = place.host();
    for _ in 0..2 {
        let told = Timestamp::from_centis(later);
        assert_eq!(one(&host, "a"), (Some("of PHP".to_owned()), told));
        put(&host, "history", &[full("b", "x")]);
        let (payload, time) = one(&host, "a");
        assert_eq!(payload.as_deref(), Some("of PHP"));
        assert!(time > told);
        place.php("DELETE FROM weft_times");
        place.php("DELETE FROM wbo WHERE id = 'b'");
    }
}
