//! What a request costs: exchanges with the server, counted on the wire.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use super::{Place, USER, full, mixed, name, put, upload};
use crate::harness::Wire;
use mysql::prelude::Queryable;
use std::cell::Cell;
use std::ops::ControlFlow;
use weft::storage::mysql::{Address, MySqlStorage};
use weft::storage::{Columns, Keeping, Question, ReadFrom, Storage};
use weft::sync::{Query, RecordId, WboWrite};

fn host(place: &Place<'_>) -> (Wire, MySqlStorage) {
    host_keeping(place, None)
}

fn host_keeping(place: &Place<'_>, keeping: Option<Keeping>) -> (Wire, MySqlStorage) {
    let wire = Wire::to(place.server.port());
    let port = wire.port;
    let host = place.host_with(|config| {
        config.keeping = keeping;
        config.write.address = Address::Tcp("127.0.0.1".to_owned(), port);
        // One for transactions and one for single statements.
        config.connections = 2;
    });
    (wire, host)
}

fn hundred(payload: &str) -> Vec<WboWrite> {
    (0..100).map(|n| full(&n.to_string(), payload)).collect()
}

#[test]
fn a_put_and_a_post_of_a_hundred_take_three_exchanges() {
    let place = Place::migrated("latin1");
    let (wire, host) = host(&place);
    for collection in ["history", "custom"] {
        let one = [full("a", "x")];
        put(&host, collection, &one);
        put(&host, collection, &hundred("warm"));
        assert_eq!(wire.count(|| _ = put(&host, collection, &one)), 3);
        let payload = "x".repeat(3000);
        let hundred = hundred(&payload);
        assert_eq!(wire.count(|| _ = put(&host, collection, &hundred)), 3);
    }
}

#[test]
fn keeping_what_they_replace_takes_one_exchange_more() {
    let place = Place::migrated("latin1");
    let (wire, host) = host_keeping(&place, Some(Keeping::default()));
    let (one, hundred) = ([full("a", "x")], hundred(&"x".repeat(3000)));
    put(&host, "history", &one);
    put(&host, "history", &hundred);
    assert_eq!(wire.usually(|| _ = put(&host, "history", &one)), 4);
    assert_eq!(wire.usually(|| _ = put(&host, "history", &hundred)), 4);
}

#[test]
fn a_hundred_announced_records_take_one_exchange_less_if_all_are_new() {
    let place = Place::migrated("latin1");
    let (wire, host) = host_keeping(&place, Some(Keeping::default()));
    let run = Cell::new(0);
    let usually = |known_of: Option<usize>| {
        let post = || {
            upload(
                &host,
                "history",
                &mixed(run.replace(run.get() + 1), known_of),
            )
        };
        post();
        wire.usually(post)
    };
    put(&host, "history", &hundred("x"));
    assert_eq!(usually(None), 3);
    for every in [1, 3, 6, 10, 90] {
        assert_eq!(usually(Some(every)), 4, "one of {every} is known");
    }
}

#[test]
fn beside_php_nobody_guesses_what_is_new() {
    let place = Place::migrated("latin1");
    let wire = Wire::to(place.server.port());
    let port = wire.port;
    let host = place.host_with(|config| {
        config.php_beside = true;
        config.write.address = Address::Tcp("127.0.0.1".to_owned(), port);
    });
    let run = Cell::new(0);
    let post = || upload(&host, "history", &mixed(run.replace(run.get() + 1), None));
    post();
    assert_eq!(wire.usually(post), 5);
}

/// PHP takes no lock, so what it stored is looked for when the lock is held.
#[test]
fn beside_php_a_write_takes_one_exchange_more() {
    let place = Place::migrated("latin1");
    let wire = Wire::to(place.server.port());
    let port = wire.port;
    let host = place.host_with(|config| {
        config.keeping = None;
        config.php_beside = true;
        config.write.address = Address::Tcp("127.0.0.1".to_owned(), port);
    });
    let one = [full("a", "x")];
    put(&host, "history", &one);
    assert_eq!(wire.count(|| _ = put(&host, "history", &one)), 4);
}

#[test]
fn a_hundred_merges_take_four_exchanges() {
    let place = Place::migrated("latin1");
    let (wire, host) = host(&place);
    let merges: Vec<_> = (0..100)
        .map(|n| WboWrite {
            sortindex: Some(n),
            ..WboWrite::new(RecordId::new(n.to_string()).unwrap())
        })
        .collect();
    put(&host, "history", &hundred("x"));
    put(&host, "history", &merges);
    assert_eq!(wire.count(|| _ = put(&host, "history", &merges)), 4);
}

/// Reads what a query selects as one answer; how many records that is.
fn ask(host: &MySqlStorage, collection: &str, query: &Query) -> usize {
    let collection = name(collection);
    let question = Question {
        collection: &collection,
        from: ReadFrom::Primary,
        query,
        columns: Columns::All,
    };
    let mut found = 0;
    let time = host.read_once(USER, question, &mut |_| {
        found += 1;
        ControlFlow::Continue(())
    });
    time.unwrap();
    found
}

#[test]
fn a_short_answer_takes_one_exchange_and_one_that_may_be_long_two() {
    let place = Place::migrated("latin1");
    let (wire, host) = host(&place);
    for collection in ["history", "custom"] {
        let time = put(&host, collection, &hundred("x"));
        let all = Query::default();
        let one = Query {
            ids: Some(vec![RecordId::new("7").unwrap()]),
            ..Query::default()
        };
        let newer = Query {
            newer: Some(time.previous()),
            ..Query::default()
        };
        let few = Query {
            limit: Some(5),
            ..Query::default()
        };
        for (query, records, exchanges) in
            [(one, 1, 1), (newer, 100, 1), (few, 5, 1), (all, 100, 2)]
        {
            assert_eq!(ask(&host, collection, &query), records);
            let read = || _ = ask(&host, collection, &query);
            assert_eq!(wire.usually(read), exchanges, "{query:?}");
        }
    }
    let times = || assert_eq!(host.read_times(USER).unwrap().1.len(), 2);
    times();
    assert_eq!(wire.usually(times), 1);
}

#[test]
fn a_session_that_reads_takes_five_exchanges() {
    let place = Place::migrated("latin1");
    let (wire, host) = host(&place);
    put(&host, "history", &[full("a", "x")]);
    let get = || drop(super::payload(&host, "history", "a"));
    get();
    assert_eq!(wire.usually(get), 5);
    let list = || drop(host.read_account(USER).unwrap().times().unwrap());
    list();
    assert_eq!(wire.usually(list), 5);
}

#[test]
fn a_host_with_one_connection_uses_it_for_everything() {
    let place = Place::migrated("latin1");
    let host = place.host_with(|config| config.connections = 1);
    for round in 0..3 {
        let time = put(&host, "history", &[full("a", &format!("{round}"))]);
        let (_, times) = host.read_times(USER).unwrap();
        assert_eq!(times, [(name("history"), time)]);
    }
}

#[test]
fn a_refused_write_takes_two_exchanges() {
    let place = Place::migrated("latin1");
    let (wire, host) = host(&place);
    put(&host, "history", &[full("a", "x")]);
    let refused = || drop(host.write_collection(USER, &name("history")).unwrap());
    refused();
    assert_eq!(wire.count(refused), 2);
    let read = host.read_collection(USER, &name("history"), ReadFrom::Primary);
    assert!(read.is_ok());
}

/// Nobody may rely on an index having the name that PHP gave it.
#[test]
fn times_are_found_whatever_their_index_is_called_and_when_it_goes_away() {
    let place = Place::of_php("latin1");
    let (wire, host) = host(&place);
    put(&host, "history", &hundred("x"));
    let listed = |host: &MySqlStorage| host.read_times(USER).unwrap().1;
    let before = listed(&host);
    let list = |host: &MySqlStorage| assert_eq!(listed(host), before);
    assert_eq!(wire.usually(|| list(&host)), 1);
    let anew = || {
        let host = place.host();
        // The index is looked for by who asks again.
        (0..3).for_each(|_| list(&host));
    };
    let times = "username, collection, modified";
    place.php(&format!(
        "ALTER TABLE wbo DROP KEY modified, ADD KEY a_b ({times})"
    ));
    // The one that goes on finds out, once, and does without.
    list(&host);
    assert_eq!(wire.usually(|| list(&host)), 1);
    anew();
    place.php(&format!(
        "ALTER TABLE wbo DROP KEY a_b, ADD KEY `a``b` ({times})"
    ));
    anew();
    place.php("ALTER TABLE wbo DROP KEY `a``b`");
    anew();
}

#[test]
fn the_times_of_all_collections_cost_the_same_however_much_is_in_them() {
    let place = Place::of_php("latin1");
    let host = place.host();
    let mut root = place.server.root("mysql");
    root.query_drop("SET GLOBAL userstat = 1").unwrap();
    let sql = "SELECT COALESCE(SUM(ROWS_READ), 0) FROM information_schema.TABLE_STATISTICS \
               WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'wbo'";
    let mut rows_read = || -> i64 {
        let rows: Vec<i64> = root.exec(sql, (&place.name,)).unwrap();
        let before = rows[0];
        host.read_times(USER).unwrap();
        let rows: Vec<i64> = root.exec(sql, (&place.name,)).unwrap();
        rows[0] - before
    };
    put(&host, "history", &hundred("x"));
    put(&host, "custom", &hundred("x"));
    rows_read();
    let few = rows_read();
    for batch in 0..30 {
        let more = (0..100).map(|n| full(&format!("{batch}-{n}"), "x"));
        put(&host, "history", &more.collect::<Vec<_>>());
    }
    assert_eq!(rows_read(), few);
    assert!((1..=50).contains(&few), "{few} rows were read");
}
