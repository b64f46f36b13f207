//! Sessions: whole or not at all, isolated, one writer at a time, exact sums.

use super::{Bench, full, get, ids_query, name, scan};
use std::thread;
use weft::sync::{Query, Ttl, WboWrite};

pub fn a_dropped_session_leaves_nothing(bench: &Bench) {
    let time = bench.put("col", &[full("a", "old"), full("b", "x")]);
    let mut session = bench.write("col");
    session.put(&[full("a", "new"), full("c", "x")]).unwrap();
    session.delete(&ids_query(&["b"])).unwrap();
    drop(session);
    let mut session = bench.write("fresh");
    session.put(&[full("a", "x")]).unwrap();
    drop(session);
    assert_eq!(bench.ids("col", &Query::default()), ["a", "b"]);
    assert_eq!(
        bench.get("col", "a").unwrap().payload.as_deref(),
        Some("old")
    );
    assert_eq!(bench.modified("col"), Some(time));
    assert_eq!(bench.modified("fresh"), None);
    assert_eq!(bench.listed(bench.user), ["col"]);
    assert_eq!(bench.used_bytes(bench.user), 4);
}

pub fn a_session_reads_what_it_wrote(bench: &Bench) {
    bench.put("col", &[full("a", "1"), full("b", "1")]);
    let mut session = bench.write("col");
    session.put(&[full("c", "22")]).unwrap();
    assert_eq!(session.delete(&ids_query(&["a"])).unwrap(), 1);
    let found = scan(&mut *session, &Query::default());
    assert_eq!(
        found.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(),
        ["b", "c"]
    );
    assert_eq!(session.count(&Query::default()).unwrap(), 2);
    assert_eq!(get(&mut *session, "c").unwrap().modified, session.time());
    assert_eq!(get(&mut *session, "a"), None);
}

pub fn a_snapshot_does_not_see_what_comes_later(bench: &Bench) {
    let time = bench.put("col", &[full("a", "old"), full("b", "x")]);
    let mut reader = bench.read("col");
    let mut account = bench.storage.read_account(bench.user).unwrap();
    bench.put("col", &[full("a", "new"), full("c", "x")]);
    bench.put("new", &[full("a", "x")]);
    bench.delete("col", &ids_query(&["b"]));
    assert_eq!(reader.modified().unwrap(), Some(time));
    assert_eq!(reader.count(&Query::default()).unwrap(), 2);
    let found = scan(&mut *reader, &Query::default());
    assert_eq!(
        found.iter().map(|w| w.id.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(found[0].payload.as_deref(), Some("old"));
    assert_eq!(account.times().unwrap(), [(name("col"), time)]);
    assert_eq!(account.counts().unwrap(), [(name("col"), 2)]);
    assert_eq!(account.used_bytes().unwrap(), 4);
}

pub fn writers_stand_in_line(bench: &Bench) {
    let mut first = bench.write("col");
    first.put(&[full("a", "first")]).unwrap();
    let first_time = first.time();
    let (storage, user) = (bench.storage.clone(), bench.user);
    let second = thread::spawn(move || {
        let mut session = storage.write_collection(user, &name("col")).unwrap();
        let seen = get(&mut *session, "a").map(|wbo| wbo.modified);
        (session.time(), session.modified().unwrap(), seen)
    });
    first.commit().unwrap();
    let (time, modified, seen) = second.join().unwrap();
    assert_eq!((modified, seen), (Some(first_time), Some(first_time)));
    assert!(time > first_time);
}

pub fn check_and_write_is_one_step_among_threads(bench: &Bench) {
    const ROUNDS: usize = 40;
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let (storage, user) = (bench.storage.clone(), bench.user);
            thread::spawn(move || {
                let mut times = Vec::new();
                for _ in 0..ROUNDS {
                    let mut session = storage.write_collection(user, &name("col")).unwrap();
                    let old = get(&mut *session, "n").and_then(|wbo| wbo.payload);
                    let next = old.map_or(0, |n| n.parse::<usize>().unwrap()) + 1;
                    session
                        .put(&[full("n", &next.to_string()), full(&worker.to_string(), "")])
                        .unwrap();
                    times.push(session.time());
                    session.commit().unwrap();
                }
                times
            })
        })
        .collect();
    let mut times: Vec<_> = workers
        .into_iter()
        .flat_map(|w| w.join().unwrap())
        .collect();
    let expected = (4 * ROUNDS).to_string();
    assert_eq!(bench.get("col", "n").unwrap().payload, Some(expected));
    times.sort();
    times.dedup();
    assert_eq!(times.len(), 4 * ROUNDS, "no time is given twice");
    assert_eq!(bench.modified("col"), times.last().copied());
}

pub fn counts_and_usage_are_of_living_records(bench: &Bench) {
    let dead = WboWrite {
        ttl: Ttl::from_seconds(0),
        ..full("dead", "dead")
    };
    bench.put("b", &[full("a", "é"), full("b", "12345"), dead.clone()]);
    bench.put("a", &[full("a", "")]);
    bench.put("c", &[dead]);
    let mut account = bench.storage.read_account(bench.user).unwrap();
    assert_eq!(account.counts().unwrap(), [(name("a"), 1), (name("b"), 2)]);
    assert_eq!(account.usage().unwrap(), [(name("a"), 0), (name("b"), 7)]);
    assert_eq!(account.used_bytes().unwrap(), 7);
}

pub fn used_bytes_include_own_writes(bench: &Bench) {
    bench.put("other", &[full("a", "12345")]);
    bench.put("col", &[full("a", "123")]);
    let mut session = bench.write("col");
    assert_eq!(session.used_bytes().unwrap(), 8);
    session.put(&[full("a", "1"), full("b", "12")]).unwrap();
    assert_eq!(session.used_bytes().unwrap(), 8);
    session.delete(&ids_query(&["a"])).unwrap();
    assert_eq!(session.used_bytes().unwrap(), 7);
    session.delete(&Query::default()).unwrap();
    assert_eq!(session.used_bytes().unwrap(), 5);
    session.commit().unwrap();
    assert_eq!(bench.used_bytes(bench.user), 5);
    let mut session = bench.write("new");
    session.put(&[full("a", "1234")]).unwrap();
    assert_eq!(session.used_bytes().unwrap(), 9);
}

pub fn a_healthy_engine_checks_well(bench: &Bench) {
    bench.storage.check().unwrap();
    bench.put("col", &[full("a", "x")]);
    let _reader = bench.read("col");
    bench.storage.check().unwrap();
}
