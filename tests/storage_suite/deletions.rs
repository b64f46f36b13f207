//! Deletions: what goes, what stays, and which time remains.

use super::{Bench, full, ids_query, name};
use weft::sync::{Query, Sort, Ttl, WboWrite};

fn abc(bench: &Bench) {
    for id in ["b", "c", "a"] {
        bench.put("col", &[full(id, "123")]);
    }
}

fn dead(id: &str) -> WboWrite {
    WboWrite {
        ttl: Ttl::from_seconds(0),
        ..full(id, "dead")
    }
}

pub fn a_deletion_honours_filters(bench: &Bench) {
    abc(bench);
    let after_b = bench.get("col", "b").unwrap().modified;
    let before_a = bench.get("col", "a").unwrap().modified;
    let between = Query {
        newer: Some(after_b),
        older: Some(before_a),
        ..Query::default()
    };
    assert_eq!(bench.delete("col", &between).1, 1);
    assert_eq!(bench.ids("col", &Query::default()), ["a", "b"]);
    assert_eq!(bench.delete("col", &ids_query(&["b", "missing"])).1, 1);
    assert_eq!(bench.ids("col", &Query::default()), ["a"]);
    assert_eq!(bench.used_bytes(bench.user), 3);
}

pub fn a_deletion_honours_order_and_page(bench: &Bench) {
    let rows = [
        (None, ["b"]),
        (Some(Sort::Oldest), ["c"]),
        (Some(Sort::Newest), ["c"]),
        (Some(Sort::Index), ["b"]),
    ];
    for (sort, expected) in rows {
        bench.delete("col", &Query::default());
        abc(bench);
        let second = Query {
            sort,
            limit: Some(1),
            offset: Some(1),
            ..Query::default()
        };
        assert_eq!(bench.ids("col", &second), expected);
        assert_eq!(bench.delete("col", &second).1, 1);
        assert_eq!(bench.ids("col", &ids_query(&expected)), [""; 0]);
        assert_eq!(bench.ids("col", &Query::default()).len(), 2);
    }
}

pub fn deleting_nothing_moves_no_time(bench: &Bench) {
    let time = bench.put("col", &[full("a", "x")]);
    let none = Query {
        limit: Some(0),
        ..Query::default()
    };
    assert_eq!(bench.delete("col", &none).1, 0);
    assert_eq!(bench.delete("col", &ids_query(&["missing"])).1, 0);
    assert_eq!(bench.modified("col"), Some(time));
    assert_eq!(bench.delete("never", &Query::default()).1, 0);
    assert_eq!(bench.modified("never"), None);
}

pub fn deleting_no_ids_deletes_nothing(bench: &Bench) {
    abc(bench);
    assert_eq!(bench.delete("col", &ids_query(&[])).1, 0);
    assert_eq!(bench.ids("col", &Query::default()), ["a", "b", "c"]);
}

pub fn a_deletion_moves_the_time_and_keeps_it(bench: &Bench) {
    abc(bench);
    let before = bench.modified("col").unwrap();
    let (time, _) = bench.delete("col", &ids_query(&["a"]));
    assert!(time > before);
    assert_eq!(bench.modified("col"), Some(time));
    let (later, deleted) = bench.delete("col", &Query::default());
    assert!(later > time && deleted == 2);
    assert_eq!(bench.modified("col"), Some(later));
    assert!(bench.read("col").time() >= later);
}

pub fn an_emptied_collection_leaves_the_listings_and_returns_later(bench: &Bench) {
    abc(bench);
    bench.put("stays", &[full("a", "x")]);
    let (deleted, _) = bench.delete("col", &Query::default());
    assert_eq!(bench.listed(bench.user), ["stays"]);
    assert_eq!(bench.used_bytes(bench.user), 1);
    let returned = bench.put("col", &[full("new", "x")]);
    assert!(returned > deleted);
    let times = bench
        .storage
        .read_account(bench.user)
        .unwrap()
        .times()
        .unwrap();
    assert_eq!(times[0], (name("col"), returned));
}

pub fn expired_records_are_not_counted_as_deleted(bench: &Bench) {
    bench.put("col", &[full("a", "x"), dead("b"), dead("c")]);
    let mut session = bench.write("col");
    assert_eq!(session.delete(&ids_query(&["b"])).unwrap(), 0);
    assert_eq!(session.delete(&Query::default()).unwrap(), 1);
    assert_eq!(session.used_bytes().unwrap(), 0);
    session.commit().unwrap();
    let time = bench.put("only_dead", &[dead("a")]);
    assert_eq!(bench.delete("only_dead", &Query::default()).1, 0);
    assert_eq!(bench.modified("only_dead"), Some(time));
}

pub fn deleting_all_records_gives_one_time_to_all_collections_that_had_some(bench: &Bench) {
    abc(bench);
    bench.put("two", &[full("a", "x")]);
    bench.put("emptied", &[full("a", "x")]);
    let (emptied, _) = bench.delete("emptied", &Query::default());
    let expired = bench.put("expired", &[dead("a")]);
    let time = bench.storage.delete_records(bench.user).unwrap();
    assert!(bench.listed(bench.user).is_empty());
    assert_eq!(bench.used_bytes(bench.user), 0);
    assert_eq!(
        (bench.modified("col"), bench.modified("two")),
        (Some(time), Some(time))
    );
    assert_eq!(bench.modified("emptied"), Some(emptied));
    assert_eq!(bench.modified("expired"), Some(expired));
    assert!(
        time > emptied && time > expired,
        "later than every collection's own time"
    );
    assert!(bench.put("col", &[full("a", "x")]) > time);
    let told = bench.storage.read_account(bench.other).unwrap().time();
    assert!(bench.storage.delete_records(bench.other).unwrap() > told);
}

pub fn a_forgotten_user_has_nothing(bench: &Bench) {
    abc(bench);
    let told = bench.storage.read_account(bench.user).unwrap().time();
    bench.storage.forget_user(bench.user).unwrap();
    assert!(bench.listed(bench.user).is_empty());
    assert_eq!(bench.modified("col"), None);
    assert_eq!(bench.ids("col", &Query::default()), [""; 0]);
    assert_eq!(bench.used_bytes(bench.user), 0);
    assert!(bench.put("col", &[full("a", "x")]) > told);
    bench.storage.forget_user(bench.other).unwrap();
}

pub fn other_users_are_never_touched(bench: &Bench) {
    let collection = name("col");
    let mut session = bench
        .storage
        .write_collection(bench.other, &collection)
        .unwrap();
    session.put(&[full("a", "theirs")]).unwrap();
    let time = session.time();
    session.commit().unwrap();
    abc(bench);
    bench.delete("col", &ids_query(&["a"]));
    bench.delete("col", &Query::default());
    abc(bench);
    bench.storage.delete_records(bench.user).unwrap();
    bench.storage.forget_user(bench.user).unwrap();
    assert_eq!(bench.listed(bench.other), ["col"]);
    assert_eq!(bench.used_bytes(bench.other), 6);
    let times = bench
        .storage
        .read_account(bench.other)
        .unwrap()
        .times()
        .unwrap();
    assert_eq!(times, [(collection, time)]);
}
