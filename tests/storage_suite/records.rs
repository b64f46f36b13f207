//! Single records: replaced, merged, created, expired.

use super::{Bench, Kept, bare, full, get, scan};
use weft::sync::{Query, Ttl, WboWrite};

fn decorated(id: &str, payload: &str) -> WboWrite {
    WboWrite {
        parentid: Some("parent".to_owned()),
        predecessorid: Some("before".to_owned()),
        sortindex: Some(7),
        ..full(id, payload)
    }
}

fn for_seconds(seconds: i64, write: WboWrite) -> WboWrite {
    WboWrite {
        ttl: Ttl::from_seconds(seconds),
        ..write
    }
}

pub fn a_write_with_payload_replaces_the_whole_record(bench: &Bench) {
    bench.put("col", &[decorated("a", "first")]);
    let time = bench.put("col", &[full("a", "second")]);
    let expected = Kept {
        id: "a".to_owned(),
        modified: time,
        parentid: None,
        predecessorid: None,
        sortindex: None,
        payload: Some("second".to_owned()),
    };
    assert_eq!(bench.get("col", "a"), Some(expected));
    assert_eq!(bench.used_bytes(bench.user), 6);
}

pub fn a_write_without_payload_merges_what_it_names(bench: &Bench) {
    let time = bench.put("col", &[decorated("a", "kept")]);
    let write = WboWrite {
        sortindex: Some(-3),
        ..bare("a")
    };
    let mut session = bench.write("col");
    assert_eq!(session.put(&[write]).unwrap(), [Some(time)]);
    let merged = session.time();
    session.commit().unwrap();
    let expected = Kept {
        id: "a".to_owned(),
        modified: time,
        parentid: Some("parent".to_owned()),
        predecessorid: Some("before".to_owned()),
        sortindex: Some(-3),
        payload: Some("kept".to_owned()),
    };
    assert_eq!(bench.get("col", "a"), Some(expected));
    assert_eq!(bench.modified("col"), Some(merged));
    let renamed = WboWrite {
        parentid: Some(String::new()),
        predecessorid: Some("other".to_owned()),
        ..bare("a")
    };
    bench.put("col", &[renamed]);
    let found = bench.get("col", "a").unwrap();
    assert_eq!(found.parentid.as_deref(), Some(""));
    assert_eq!(found.predecessorid.as_deref(), Some("other"));
}

pub fn a_write_without_payload_moves_the_time_only_when_it_touches(bench: &Bench) {
    let time = bench.put("col", &[full("a", "x"), full("b", "y")]);
    let touch = WboWrite {
        touch: true,
        parentid: Some("p".to_owned()),
        ..bare("a")
    };
    let keep = WboWrite {
        parentid: Some("p".to_owned()),
        ..bare("b")
    };
    let mut session = bench.write("col");
    let touched = session.time();
    assert_eq!(
        session.put(&[touch, keep]).unwrap(),
        [Some(touched), Some(time)]
    );
    session.commit().unwrap();
    assert_eq!(bench.get("col", "a").unwrap().modified, touched);
    assert_eq!(bench.get("col", "b").unwrap().modified, time);
}

pub fn a_write_without_payload_and_names_changes_nothing(bench: &Bench) {
    let time = bench.put("col", &[full("a", "x")]);
    let before = bench.get("col", "a");
    let mut session = bench.write("col");
    assert_eq!(session.put(&[bare("a")]).unwrap(), [Some(time)]);
    session.commit().unwrap();
    assert_eq!(bench.modified("col"), Some(time));
    assert_eq!(bench.get("col", "a"), before);
}

pub fn a_write_without_payload_creates_only_when_asked(bench: &Bench) {
    let passed_over = WboWrite {
        sortindex: Some(1),
        ..bare("a")
    };
    let created = WboWrite {
        create: true,
        sortindex: Some(2),
        ..bare("b")
    };
    let mut session = bench.write("col");
    let time = session.time();
    assert_eq!(
        session.put(&[passed_over.clone(), created]).unwrap(),
        [None, Some(time)]
    );
    session.commit().unwrap();
    assert_eq!(bench.get("col", "a"), None);
    let found = bench.get("col", "b").unwrap();
    assert_eq!(found.payload.as_deref(), Some(""));
    assert_eq!((found.modified, found.sortindex), (time, Some(2)));
    bench.put("untouched", &[passed_over]);
    assert_eq!(bench.modified("untouched"), None);
    assert_eq!(bench.listed(bench.user), ["col"]);
}

pub fn writes_of_one_session_apply_in_their_order(bench: &Bench) {
    let merge = WboWrite {
        sortindex: Some(9),
        ..bare("a")
    };
    bench.put("col", &[full("a", "one"), full("a", "three"), merge]);
    let found = bench.get("col", "a").unwrap();
    assert_eq!(
        (found.payload.as_deref(), found.sortindex),
        (Some("three"), Some(9))
    );
    assert_eq!(bench.used_bytes(bench.user), 5);
}

pub fn a_record_vanishes_when_its_life_is_over(bench: &Bench) {
    bench.put("col", &[full("stays", "12345")]);
    bench.put("col", &[for_seconds(0, full("goes", "123"))]);
    bench.put("gone", &[for_seconds(0, full("goes", "123"))]);
    assert_eq!(bench.get("col", "goes"), None);
    assert_eq!(bench.ids("col", &Query::default()), ["stays"]);
    assert_eq!(bench.ids("col", &super::ids_query(&["goes"])), [""; 0]);
    assert_eq!(bench.listed(bench.user), ["col"]);
    assert_eq!(bench.used_bytes(bench.user), 5);
    let mut session = bench.write("col");
    assert_eq!(session.used_bytes().unwrap(), 5);
    assert_eq!(session.count(&Query::default()).unwrap(), 1);
    assert_eq!(get(&mut *session, "goes"), None);
}

pub fn a_record_lives_until_its_ttl_has_passed(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    bench.put("col", &[for_seconds(10, full("a", "x"))]);
    let mut before = bench.read("col");
    clock.move_seconds(9);
    assert!(bench.get("col", "a").is_some());
    clock.move_seconds(1);
    assert!(bench.get("col", "a").is_none());
    assert!(bench.listed(bench.user).is_empty());
    assert!(
        get(&mut *before, "a").is_some(),
        "a snapshot stays at its time"
    );
}

pub fn a_merge_keeps_or_sets_the_life(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    let writes = ["kept", "longer", "shorter"].map(|id| for_seconds(10, full(id, "x")));
    bench.put("col", &writes);
    let indexed = WboWrite {
        sortindex: Some(1),
        ..bare("kept")
    };
    let longer = for_seconds(1000, bare("longer"));
    bench.put("col", &[indexed, longer, for_seconds(0, bare("shorter"))]);
    assert_eq!(bench.ids("col", &Query::default()), ["kept", "longer"]);
    clock.move_seconds(11);
    assert_eq!(bench.ids("col", &Query::default()), ["longer"]);
}

pub fn a_replacement_without_ttl_lives_for_ever(bench: &Bench) {
    let mut session = bench.write("col");
    session
        .put(&[for_seconds(0, full("a", "x")), full("a", "y")])
        .unwrap();
    session.commit().unwrap();
    assert_eq!(bench.ids("col", &Query::default()), ["a"]);
    let Some(clock) = &bench.clock else { return };
    bench.put("col", &[for_seconds(5, full("a", "x"))]);
    bench.put("col", &[full("a", "y")]);
    clock.move_seconds(100_000_000);
    assert_eq!(bench.ids("col", &Query::default()), ["a"]);
}

pub fn a_merge_does_not_raise_the_dead(bench: &Bench) {
    let merge = WboWrite {
        sortindex: Some(1),
        ..bare("a")
    };
    let mut session = bench.write("col");
    let dead = for_seconds(0, decorated("a", "secret"));
    assert_eq!(session.put(&[dead, merge.clone()]).unwrap()[1], None);
    session.commit().unwrap();
    let created = WboWrite {
        create: true,
        ..merge
    };
    let time = bench.put("col", &[created]);
    let expected = Kept {
        id: "a".to_owned(),
        modified: time,
        parentid: None,
        predecessorid: None,
        sortindex: Some(1),
        payload: Some(String::new()),
    };
    assert_eq!(bench.get("col", "a"), Some(expected));
    assert_eq!(bench.used_bytes(bench.user), 0);
}

pub fn purging_moves_no_time_and_changes_no_count(bench: &Bench) {
    let writes: Vec<_> = (0..60)
        .map(|n| for_seconds(0, full(&format!("{n}"), "dead")))
        .collect();
    let dead = bench.put("dead", &writes);
    let mixed = bench.put("mixed", &[full("live", "live")]);
    let look = || (bench.listed(bench.user), bench.used_bytes(bench.user));
    let before = look();
    assert_eq!(bench.storage.purge(0).unwrap(), 0);
    assert_eq!(bench.storage.purge(3).unwrap(), 3);
    while bench.storage.purge(1000).unwrap() > 0 {}
    assert_eq!(look(), before);
    assert_eq!(
        (bench.modified("dead"), bench.modified("mixed")),
        (Some(dead), Some(mixed))
    );
    assert_eq!(bench.ids("mixed", &Query::default()), ["live"]);
    assert_eq!(bench.ids("dead", &Query::default()), [""; 0]);
}

pub fn ids_are_bytes_of_utf8(bench: &Bench) {
    let longest = "ü".repeat(32);
    let ids = [
        "0", "a", "A", "a ", "ä", "a\u{308}", "日本", "🦊", "a\0b", "a\"\\,/%", &longest,
    ];
    let writes: Vec<_> = ids.iter().map(|id| full(id, id)).collect();
    bench.put("col", &writes);
    assert_eq!(
        bench.read("col").count(&Query::default()).unwrap(),
        ids.len() as u64
    );
    for id in ids {
        assert_eq!(bench.get("col", id).unwrap().payload.as_deref(), Some(id));
        assert_eq!(bench.ids("col", &super::ids_query(&[id])), [id]);
    }
}

pub fn payloads_come_back_byte_for_byte(bench: &Bench) {
    let large = "é".repeat(1 << 19);
    let payloads = ["", "\0", "a\0b", "  \r\n", "\u{fffd}\u{10ffff}🦊", &large];
    for (n, payload) in payloads.iter().enumerate() {
        bench.put("col", &[full(&n.to_string(), payload)]);
    }
    let found = scan(&mut *bench.read("col"), &Query::default());
    for (wbo, payload) in found.iter().zip(payloads) {
        assert!(
            wbo.payload.as_deref() == Some(payload),
            "{} differs",
            wbo.id
        );
    }
    let bytes: usize = payloads.iter().map(|payload| payload.len()).sum();
    assert_eq!(bench.used_bytes(bench.user), bytes as u64);
    bench.delete("col", &super::ids_query(&["1", "2"]));
    assert_eq!(bench.used_bytes(bench.user), bytes as u64 - 4);
}

pub fn an_extreme_sortindex_comes_back(bench: &Bench) {
    for sortindex in [-999_999_999, -1, 0, 999_999_999] {
        let write = WboWrite {
            sortindex: Some(sortindex),
            ..full("a", "x")
        };
        bench.put("col", &[write]);
        assert_eq!(bench.get("col", "a").unwrap().sortindex, Some(sortindex));
    }
}
