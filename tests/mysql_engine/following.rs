//! Whoever asks for what is newer: all of it, in the order of ids, at a cost that goes by what is answered.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use super::sums::rows_read;
use super::{Place, USER, full, name, put};
use crate::harness::Dice;
use std::ops::ControlFlow;
use weft::storage::mysql::MySqlStorage;
use weft::storage::{Columns, Question, ReadFrom, Storage};
use weft::sync::{Query, Timestamp, Ttl, WboWrite};

/// The ids that a query answers as one answer, and as a session does; they agree.
fn asked(host: &MySqlStorage, collection: &str, query: &Query) -> Vec<String> {
    let collection = name(collection);
    let mut answers = [Columns::All, Columns::Id].map(|columns| {
        let mut ids = Vec::new();
        let question = Question {
            collection: &collection,
            from: ReadFrom::Primary,
            query,
            columns,
        };
        host.read_once(USER, question, &mut |wbo| {
            ids.push(wbo.id.to_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
        ids
    });
    let mut session = host
        .read_collection(USER, &collection, ReadFrom::Primary)
        .unwrap();
    let mut ids = Vec::new();
    session
        .scan(query, Columns::All, &mut |wbo| {
            ids.push(wbo.id.to_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(answers[0], ids, "{query:?}");
    assert_eq!(answers[1], ids, "{query:?}");
    std::mem::take(&mut answers[0])
}

fn newer(than: Timestamp) -> Query {
    Query {
        newer: Some(than),
        ..Query::default()
    }
}

fn what_is_newer_is_answered_whole_and_in_order(place: &Place<'_>) {
    let host = place.host_with(|config| config.connections = 2);
    let mut dice = Dice::new(Dice::seed(), 0);
    for collection in ["history", "own"] {
        // The id and, while it lives, the time of each record.
        let mut there = std::collections::BTreeMap::new();
        let mut times = vec![Timestamp::ZERO];
        for _ in 0..12 {
            let writes: Vec<WboWrite> = (0..9)
                .map(|_| WboWrite {
                    ttl: Ttl::from_seconds(0).filter(|_| dice.roll(4) == 0),
                    ..full(&dice.roll(60).to_string(), "x")
                })
                .collect();
            let time = put(&host, collection, &writes);
            for write in &writes {
                match write.ttl {
                    Some(_) => there.remove(write.id.as_str()),
                    None => there.insert(write.id.as_str().to_owned(), time),
                };
            }
            times.push(time);
        }
        for than in times {
            let found: Vec<String> = there
                .iter()
                .filter(|(_, time)| **time > than)
                .map(|(id, _)| id.clone())
                .collect();
            assert_eq!(asked(&host, collection, &newer(than)), found);
            let some = Query {
                limit: Some(4),
                offset: Some(2),
                ..newer(than)
            };
            let part: Vec<String> = found.iter().skip(2).take(4).cloned().collect();
            assert_eq!(asked(&host, collection, &some), part);
            let until = Query {
                older: Some(Timestamp::from_centis(i64::MAX / 2)),
                limit: Some(100),
                ..newer(than)
            };
            assert_eq!(asked(&host, collection, &until), found);
        }
    }
}

#[test]
fn on_tables_of_weft() {
    what_is_newer_is_answered_whole_and_in_order(&Place::migrated("latin1"));
}

#[test]
fn on_tables_of_php() {
    what_is_newer_is_answered_whole_and_in_order(&Place::of_php("latin1"));
}

#[test]
fn an_index_that_goes_away_is_not_missed() {
    let place = Place::migrated("latin1");
    let host = place.host_with(|config| config.connections = 2);
    let before = put(&host, "history", &[full("a", "x")]);
    put(&host, "history", &[full("c", "x"), full("b", "x")]);
    for _ in 0..3 {
        assert_eq!(asked(&host, "history", &newer(before)), ["b", "c"]);
    }
    place.php("ALTER TABLE wbo RENAME INDEX modified TO other");
    for _ in 0..2 {
        assert_eq!(asked(&host, "history", &newer(before)), ["b", "c"]);
    }
}

#[test]
fn a_few_newer_records_cost_as_much_among_many() {
    let place = Place::migrated("latin1");
    let host = place.host_with(|config| config.connections = 2);
    let batch = |n: usize| -> Vec<_> { (0..100).map(|i| full(&format!("{i}-{n}"), "x")).collect() };
    let turn = || {
        let before = put(&host, "history", &batch(0));
        put(&host, "history", &batch(1)[..20]);
        place.php("ANALYZE TABLE wbo");
        let ask = || assert_eq!(asked(&host, "history", &newer(before)).len(), 20);
        ask();
        host.read_times(USER).unwrap();
        rows_read(&place, ask)
    };
    turn();
    let few = turn();
    for n in 2..40 {
        put(&host, "history", &batch(n));
    }
    assert_eq!(few, turn());
}

#[test]
fn all_that_is_newer_than_nothing_costs_as_much_as_all() {
    let place = Place::migrated("latin1");
    let host = place.host_with(|config| config.connections = 2);
    let all: Vec<_> = (0..50).map(|i| full(&i.to_string(), "x")).collect();
    put(&host, "history", &all);
    let costs = |query: &Query| {
        let ask = || assert_eq!(asked(&host, "history", query).len(), 50);
        ask();
        rows_read(&place, ask)
    };
    let (all, since) = (costs(&Query::default()), costs(&newer(Timestamp::ZERO)));
    assert!(
        since < all + 50,
        "{since} rows for {all}: each was looked for twice"
    );
}
