//! What the rows of collections tell about their records is what a recount tells.

// A test may panic.
#![allow(clippy::disallowed_methods)]

use super::{PHP_SCHEMA, Place, USER, full, mixed, name, put, upload};
use crate::harness::{Dice, MariaDb};
use mysql::prelude::Queryable;
use weft::storage::mysql::MySqlStorage;
use weft::storage::undo::Undo;
use weft::storage::{ReadFrom, Storage};
use weft::sync::{CollectionName, Query, RecordId, Sort, Timestamp, Ttl, UserId, WboWrite};

/// Rows that tell something else than a recount, and collections with records that none is told of.
const WRONG: &str = "SELECT CONCAT_WS(' ', t.userid, t.collectionid, t.counted, t.modified, t.records, \
     c.records, t.bytes, c.bytes, t.expires, c.expires) \
     FROM (SELECT username, collection, COUNT(*) AS records, SUM(payload_size) AS bytes, \
           MIN(ttl) AS expires FROM wbo GROUP BY username, collection \
           UNION ALL SELECT userid, collectionid, 0, 0, 2100000000 FROM weft_times AS e \
           WHERE collectionid > 0 AND counted = modified AND NOT EXISTS (SELECT 1 FROM wbo AS w \
             WHERE w.username = e.userid AND w.collection = e.collectionid)) AS c \
     LEFT JOIN weft_times AS t ON t.userid = c.username AND t.collectionid = c.collection \
     WHERE NOT COALESCE(t.counted = t.modified AND t.records = c.records AND t.bytes = c.bytes \
       AND t.expires <= c.expires, FALSE)";

/// Every row is right.
pub fn must_be_right(place: &Place<'_>) {
    assert_eq!(place.php_sees(WRONG), [""; 0]);
}

/// What a user is told: the time, the number of records and the bytes of each collection, all bytes.
type Told = (
    Vec<(CollectionName, Timestamp)>,
    Vec<(CollectionName, u64)>,
    Vec<(CollectionName, u64)>,
    u64,
);

fn told(host: &MySqlStorage) -> Told {
    let mut session = host.read_account(USER).unwrap();
    let times = session.times().unwrap();
    assert_eq!(host.read_times(USER).unwrap().1, times);
    (
        times,
        session.counts().unwrap(),
        session.usage().unwrap(),
        session.used_bytes().unwrap(),
    )
}

/// A host that counts: with PHP beside it, it believes no sum.
fn counting(place: &Place<'_>) -> MySqlStorage {
    place.host_with(|config| config.php_beside = true)
}

fn marked(place: &Place<'_>) -> bool {
    place.php_sees("SELECT told FROM weft_times WHERE userid = -1") == ["1"]
}

fn some_write(dice: &mut Dice) -> WboWrite {
    let id = RecordId::new(format!("r{}", dice.roll(25))).unwrap();
    let payload = "x".repeat(dice.roll(300) as usize);
    let mut write = WboWrite {
        payload: (dice.roll(4) > 0).then_some(payload),
        create: dice.roll(2) == 0,
        ..WboWrite::new(id)
    };
    if dice.roll(3) == 0 {
        // Nothing ends between one question and the next.
        write.ttl = Ttl::from_seconds(*dice.choose(&[0, 1000]));
    }
    write.sortindex = (dice.roll(3) == 0).then_some(3);
    write
}

fn some_query(dice: &mut Dice) -> Query {
    let ids: Vec<_> = (0..3)
        .map(|_| RecordId::new(format!("r{}", dice.roll(25))).unwrap())
        .collect();
    match dice.roll(6) {
        0 => Query::default(),
        1 => Query {
            sort: Some(Sort::Newest),
            limit: Some(2),
            ..Query::default()
        },
        2 => Query {
            limit: Some(3),
            offset: Some(1),
            ..Query::default()
        },
        3 => Query {
            index_above: Some(1),
            ..Query::default()
        },
        _ => Query {
            ids: Some(ids),
            ..Query::default()
        },
    }
}

#[test]
fn uploads_of_new_and_of_known_records_leave_every_row_right() {
    let place = Place::migrated("latin1");
    let host = place.host();
    let mut run = 0;
    for every in [None, Some(1), Some(3), Some(6), Some(10), Some(90), None] {
        for size in [100, 37] {
            run += 1;
            let mut writes = mixed(run, every);
            writes.truncate(size);
            // The next run replaces it when it has expired.
            writes[1].ttl = Ttl::from_seconds(0);
            upload(&host, "history", &writes);
            must_be_right(&place);
        }
    }
    assert_eq!(told(&host), told(&counting(&place)));
}

#[test]
fn a_long_random_series_leaves_every_row_right() {
    let place = Place::migrated("latin1");
    let (host, recount) = (place.host(), counting(&place));
    let mut dice = Dice::new(Dice::seed(), 0);
    for _ in 0..300 {
        let collection = ["history", "tabs", "own"][dice.roll(3) as usize];
        match dice.roll(12) {
            0 => drop(host.delete_records(USER).unwrap()),
            1 => drop(host.purge(5).unwrap()),
            2 => {
                let undo = Undo {
                    to: host.read_times(USER).unwrap().0.plus_seconds(-1),
                    collection: None,
                    rehearsal: false,
                };
                let undone = host.undoable().unwrap().undo(USER, &undo, &mut |_| {});
                drop(undone.unwrap());
            }
            n => {
                let mut session = host.write_collection(USER, &name(collection)).unwrap();
                for _ in 0..dice.roll(4) {
                    if dice.roll(3) == 0 {
                        session.delete(&some_query(&mut dice)).unwrap();
                    } else {
                        let count = 1 + dice.roll(8);
                        let writes: Vec<_> = (0..count).map(|_| some_write(&mut dice)).collect();
                        session.put(&writes).unwrap();
                    }
                }
                let used = session.used_bytes().unwrap();
                if n < 11 {
                    session.commit().unwrap();
                    assert_eq!(
                        recount.read_account(USER).unwrap().used_bytes().unwrap(),
                        used
                    );
                }
            }
        }
        must_be_right(&place);
        assert_eq!(told(&host), told(&recount));
    }
    assert!(marked(&place));
}

#[test]
fn what_an_older_program_writes_is_counted_until_the_next_write_counts_anew() {
    let place = Place::migrated("latin1");
    let (host, recount) = (place.host(), counting(&place));
    put(&host, "history", &[full("a", "x")]);
    assert!(marked(&place));
    place.php(
        "INSERT INTO wbo (username, collection, id, modified, payload, payload_size, ttl) \
         SELECT 7, 4, 'b', modified + 1, 'yyy', 3, 1 FROM weft_times WHERE userid = 7 AND collectionid = 4; \
         INSERT INTO wbo (username, collection, id, modified, payload, payload_size) \
         SELECT 7, 4, 'c', modified + 1, 'yyy', 3 FROM weft_times WHERE userid = 7 AND collectionid = 4; \
         UPDATE weft_times SET modified = modified + 1 WHERE userid = 7 AND collectionid = 4",
    );
    assert_eq!(told(&host).3, 4);
    assert_eq!(told(&host), told(&recount));
    put(&host, "history", &[full("c", "zz")]);
    must_be_right(&place);
    assert_eq!(told(&host).3, 3);
    assert_eq!(told(&host), told(&recount));
}

#[test]
fn while_php_is_beside_nothing_summed_up_is_believed_by_anybody() {
    let place = Place::migrated("latin1");
    let (host, beside) = (place.host(), counting(&place));
    put(&host, "history", &[full("a", "x")]);
    put(&host, "tabs", &[full("a", "x")]);
    told(&host);
    assert!(marked(&place));
    let unmark = beside.migrate(true).unwrap();
    assert!(unmark[0].sql.contains("SET told = 0"), "{unmark:?}");
    put(&beside, "history", &[full("b", "x")]);
    assert!(!marked(&place));
    assert_eq!(beside.migrate(true).unwrap(), []);
    place.php(
        "INSERT INTO wbo (username, collection, id, modified, payload, payload_size) \
         VALUES (7, 9, 'php', 5, 'yyy', 3), (7, 6, 'php', 5, 'yyy', 3)",
    );
    for host in [&host, &beside, &place.host()] {
        assert_eq!(told(host), told(&beside));
        assert_eq!(told(host).3, 9);
    }
    place.host().migrate_without_php(false).unwrap();
    assert!(marked(&place));
    must_be_right(&place);
    let times = told(&place.host()).0;
    assert!(times.contains(&(name("meta"), Timestamp::from_centis(5))));
    assert_eq!(told(&place.host()), told(&beside));
}

#[test]
fn a_database_is_taken_over_under_the_hands_of_its_hosts() {
    let place = Place::empty(MariaDb::shared(), "latin1");
    place.php(PHP_SCHEMA);
    place.php("INSERT INTO wbo VALUES (7, 7, 'php', NULL, NULL, NULL, 77, 'yyy', 3)");
    let (host, other) = (place.host(), place.host());
    host.migrate(false).unwrap();
    put(&host, "history", &[full("a", "x")]);
    put(&other, "own", &[full("a", "x")]);
    told(&host);
    host.migrate_without_php(false).unwrap();
    must_be_right(&place);
    put(&host, "history", &[full("a", "xyz"), full("b", "x")]);
    put(&other, "own", &[full("a", "xyz"), full("b", "x")]);
    must_be_right(&place);
    for host in [&host, &other, &place.host()] {
        assert_eq!(told(host), told(&counting(&place)));
        assert_eq!(told(host).3, 11);
    }
    assert_eq!(host.migrate_without_php(false).unwrap(), []);
}

#[test]
fn hosts_that_write_and_purge_at_a_time_leave_every_row_right() {
    let place = Place::migrated("latin1");
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let host = place.host();
            std::thread::spawn(move || {
                for round in 0..40 {
                    let mut dies = full(&format!("{worker}-{round}"), "x");
                    dies.ttl = Ttl::from_seconds(0);
                    let lives = full(&format!("{}", round % 7), &"x".repeat(worker * 10 + round));
                    put(&host, "tabs", &[dies, lives]);
                    if round % 5 == worker {
                        host.purge(10).unwrap();
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().unwrap();
    }
    must_be_right(&place);
    let host = place.host();
    assert_eq!(told(&host), told(&counting(&place)));
    assert_eq!(told(&host).1, [(name("tabs"), 7)]);
    host.purge(1000).unwrap();
    assert_eq!(place.php_sees("SELECT COUNT(*) FROM wbo"), ["7"]);
    must_be_right(&place);
}

/// The rows that are read of the tables of records and of times while something is done.
pub fn rows_read(place: &Place<'_>, work: impl FnOnce()) -> i64 {
    let mut root = place.server.root("mysql");
    let sql = "SELECT CAST(COALESCE(SUM(ROWS_READ), 0) AS SIGNED) FROM information_schema.TABLE_STATISTICS \
               WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN ('wbo', 'weft_times')";
    root.query_drop("SET GLOBAL userstat = 1").unwrap();
    let mut now = || -> i64 { root.exec_first(sql, (&place.name,)).unwrap().unwrap() };
    let before = now();
    work();
    now() - before
}

#[test]
fn neither_a_listing_nor_a_write_with_a_quota_reads_more_where_there_is_more() {
    let place = Place::migrated("latin1");
    let host = place.host_with(|config| config.connections = 2);
    let batch = |n: usize| -> Vec<_> { (0..100).map(|i| full(&format!("{n}-{i}"), "x")).collect() };
    for collection in ["meta", "crypto", "bookmarks", "own"] {
        put(&host, collection, &[full("a", "x")]);
    }
    put(&host, "history", &batch(0));
    let write = |writes: &[WboWrite]| {
        let mut session = host.write_collection(USER, &name("history")).unwrap();
        session.used_bytes().unwrap();
        session.put(writes).unwrap();
        session.used_bytes().unwrap();
        session.commit().unwrap();
    };
    let turn = |n: usize| {
        let (one, hundred) = ([full(&format!("one-{n}"), "x")], batch(n));
        // Readers look at the row of the clock every few seconds; not each of them.
        let list = || rows_read(&place, || drop(host.read_times(USER).unwrap()));
        let listing = (0..4).map(|_| list()).min().unwrap();
        let put = rows_read(&place, || write(&one));
        let again = rows_read(&place, || write(&one));
        (listing, put, again, rows_read(&place, || write(&hundred)))
    };
    turn(1000);
    let few = turn(1001);
    for n in 1..100 {
        put(&host, "history", &batch(n));
    }
    let many = turn(1002);
    assert_eq!(few, many);
    // Six rows, once as they are and once in the snapshot, and each again to be listed; and the mark.
    assert!((1..=25).contains(&few.0), "{few:?}");
    assert!(
        host.read_collection(USER, &name("own"), ReadFrom::Any)
            .is_ok()
    );
    let other = UserId::new(8);
    assert_eq!(host.read_account(other).unwrap().counts().unwrap(), []);
}

/// Who has only collections that all have is listed without a look at anybody's names.
#[test]
fn names_of_ones_own_are_listed_from_the_first_time_on() {
    let place = Place::migrated("latin1");
    put(&place.host(), "history", &[full("a", "x")]);
    let host = place.host();
    let listed = || -> Vec<String> {
        let (_, times) = host.read_times(USER).unwrap();
        times.iter().map(|(name, _)| name.to_string()).collect()
    };
    assert_eq!(listed(), ["history"]);
    let other = place.host();
    put(&other, "own", &[full("a", "x")]);
    assert_eq!(listed(), ["history", "own"]);
    put(&other, "addons", &[full("a", "x")]);
    for _ in 0..2 {
        assert_eq!(listed(), ["addons", "history", "own"]);
    }
    // A number that is another's by convention, and only by convention.
    place.php("DELETE FROM collections WHERE name = 'addons'");
    for host in [&host, &place.host()] {
        let (_, times) = host.read_times(USER).unwrap();
        assert_eq!(times.len(), 3, "{times:?}");
    }
}
