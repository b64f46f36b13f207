//! Time moves: what writes get and what readers are told, whatever the clock does.

use super::{Bench, bare, full, ids_query, name, scan};
use std::thread;
use std::time::Duration;
use weft::sync::{Query, Timestamp, Ttl, WboWrite};

pub fn the_time_of_a_write_is_the_time_of_everything_it_wrote(bench: &Bench) {
    let mut session = bench.write("col");
    let time = session.time();
    assert_eq!(
        session.put(&[full("a", "x"), full("b", "y")]).unwrap(),
        [Some(time); 2]
    );
    assert_eq!(session.time(), time);
    session.commit().unwrap();
    assert_eq!(bench.modified("col"), Some(time));
    assert!(
        scan(&mut *bench.read("col"), &Query::default())
            .iter()
            .all(|w| w.modified == time)
    );
}

fn rises(bench: &Bench, mut between: impl FnMut()) {
    let mut last = Timestamp::ZERO;
    for n in 0..20 {
        let time = match n % 4 {
            3 => bench.delete("col", &ids_query(&["2"])).0,
            _ => bench.put("col", &[full(&(n % 4).to_string(), "x")]),
        };
        assert!(time > last, "{time} after {last}");
        last = time;
        between();
    }
}

pub fn writes_rise_under_a_clock_that_stands_still(bench: &Bench) {
    rises(bench, || {});
}

pub fn writes_rise_under_a_clock_that_runs_back(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    rises(bench, || clock.move_seconds(-1000));
    assert!(bench.read("col").time() >= bench.modified("col").unwrap());
}

pub fn a_write_is_later_than_what_any_reader_was_told(bench: &Bench) {
    for round in 0..6 {
        let account = bench.storage.read_account(bench.user).unwrap().time();
        let other = bench.read("other").time();
        let own = bench.read("col").time();
        let (once, _) = bench.once("col", &Query::default());
        let (listed, _) = bench.storage.read_times(bench.user).unwrap();
        if let (Some(clock), true) = (&bench.clock, round > 2) {
            clock.move_seconds(-3600);
        }
        let time = bench.put("col", &[full("a", "x")]);
        assert!(
            time > account && time > other && time > own.max(once) && time > listed,
            "{time}: {account} {other} {own} {once} {listed}"
        );
    }
}

pub fn a_reader_during_a_write_is_told_an_earlier_time(bench: &Bench) {
    bench.put("col", &[full("a", "old")]);
    let mut writing = bench.write("col");
    writing.put(&[full("a", "new")]).unwrap();
    match &bench.clock {
        Some(clock) => clock.move_seconds(60),
        // By the clock alone a reader would now be told a later time than the writer's.
        None => thread::sleep(Duration::from_millis(50)),
    }
    let mut reader = bench.read("col");
    let account = bench.storage.read_account(bench.user).unwrap();
    assert!(reader.time() < writing.time());
    assert!(account.time() < writing.time());
    let (once, found) = bench.once("col", &Query::default());
    assert_eq!(found[0].payload.as_deref(), Some("old"));
    let (listed, _) = bench.storage.read_times(bench.user).unwrap();
    assert!(once.max(listed) < writing.time());
    let time = writing.time();
    writing.commit().unwrap();
    assert_eq!(
        super::get(&mut *reader, "a").unwrap().payload.as_deref(),
        Some("old")
    );
    assert!(reader.modified().unwrap().unwrap() < time);
    assert!(bench.read("col").time() >= time);
}

pub fn a_reader_is_told_no_time_before_its_collection(bench: &Bench) {
    for _ in 0..50 {
        bench.put("col", &[full("a", "x")]);
    }
    let mut reader = bench.read("col");
    assert!(reader.time() >= reader.modified().unwrap().unwrap());
}

pub fn a_write_that_changed_nothing_has_told_its_time(bench: &Bench) {
    let before = bench.put("col", &[full("a", "x")]);
    let abandoned = bench.write("col");
    let told = abandoned.time();
    drop(abandoned);
    assert!(told > before);
    let mut idle = bench.write("col");
    let next = idle.time();
    assert!(next > told);
    idle.put(&[bare("missing")]).unwrap();
    idle.commit().unwrap();
    assert_eq!(bench.modified("col"), Some(before));
    assert!(bench.put("col", &[full("a", "x")]) > next);
}

pub fn a_busy_collection_does_not_push_the_others_ahead(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    for _ in 0..100 {
        bench.put("busy", &[full("a", "x")]);
    }
    assert!(bench.modified("busy").unwrap() >= clock.now().plus_seconds(1).previous());
    assert!(bench.put("quiet", &[full("a", "x")]) <= clock.now().next());
}

pub fn a_busy_collection_purges_nothing_of_the_others_before_its_time(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    let quiet = WboWrite {
        ttl: Ttl::from_seconds(1),
        ..full("a", "x")
    };
    bench.put("quiet", &[quiet]);
    for _ in 0..200 {
        bench.put("busy", &[full("a", "x")]);
    }
    assert!(bench.modified("busy").unwrap() > clock.now().plus_seconds(1));
    assert!(bench.get("quiet", "a").is_some());
    clock.move_seconds(2);
    assert!(bench.get("quiet", "a").is_none());
}

pub fn sessions_that_change_nothing_do_not_make_time_run(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    let quiet = WboWrite {
        ttl: Ttl::from_seconds(1),
        ..full("a", "x")
    };
    bench.put("quiet", &[quiet]);
    let mut last = Timestamp::ZERO;
    for _ in 0..200 {
        let (told, gone) = bench.delete("busy", &ids_query(&["missing"]));
        assert!(gone == 0 && told > last, "{told} after {last}");
        last = told;
    }
    assert!(bench.read("other").time() <= clock.now());
    assert!(bench.storage.read_account(bench.user).unwrap().time() <= clock.now());
    assert!(bench.get("quiet", "a").is_some());
    // What they told, every write passes.
    assert!(bench.put("busy", &[full("a", "x")]) > last);
    clock.move_seconds(2);
    assert!(bench.get("quiet", "a").is_none());
}

pub fn sessions_that_change_nothing_push_no_other_user_ahead(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    let mut last = Timestamp::ZERO;
    for _ in 0..200 {
        last = bench.delete("busy", &ids_query(&["missing"])).0;
    }
    assert!(last >= clock.now().plus_seconds(1));
    let mut theirs = bench
        .storage
        .write_collection(bench.other, &name("col"))
        .unwrap();
    theirs.put(&[full("a", "x")]).unwrap();
    assert!(theirs.time() <= clock.now().next());
    theirs.commit().unwrap();
    // Their own times pass what they told, of each collection and of all.
    let own = bench.put("quiet", &[full("a", "x")]);
    assert!(own > last);
    assert!(bench.storage.delete_records(bench.user).unwrap() > own);
}
