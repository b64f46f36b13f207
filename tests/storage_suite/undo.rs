//! Going back: what was replaced and deleted returns, seen by whoever asks for what is newer.

use super::{Bench, bare, full, ids_query, name};
use std::time::Duration;
use weft::storage::undo::{Refusal, Restored, Undo, Undone};
use weft::sync::{Query, Timestamp, Ttl, UserId, WboWrite};

pub(super) type Outcome = Result<Undone, Refusal>;

fn go_back(bench: &Bench, user: UserId, undo: &Undo) -> Outcome {
    let undoable = bench.storage.undoable().unwrap();
    undoable.undo(user, undo, &mut |_| {}).unwrap()
}

pub(super) fn account(bench: &Bench, to: Timestamp) -> Outcome {
    let undo = Undo {
        to,
        collection: None,
        rehearsal: false,
    };
    go_back(bench, bench.user, &undo)
}

pub(super) fn collection(bench: &Bench, collection: &str, to: Timestamp) -> Outcome {
    let undo = Undo {
        to,
        collection: Some(name(collection)),
        rehearsal: false,
    };
    go_back(bench, bench.user, &undo)
}

fn restored(collection: &str, [returned, reverted, removed]: [u64; 3]) -> Restored {
    Restored {
        collection: name(collection),
        returned,
        reverted,
        removed,
    }
}

fn payload(bench: &Bench, collection: &str, id: &str) -> Option<String> {
    bench.get(collection, id).and_then(|wbo| wbo.payload)
}

/// Times of different collections follow each other only as far as the clock moves. A new collection that
/// is written to twice at once is three hundredths ahead of it.
pub(super) fn tick(bench: &Bench) {
    match &bench.clock {
        Some(clock) => clock.move_seconds(1),
        None => std::thread::sleep(Duration::from_millis(60)),
    }
}

fn set_up(bench: &Bench, key: &str) {
    tick(bench);
    bench.put("crypto", &[full("keys", key)]);
    bench.put("meta", &[full("global", key)]);
}

pub fn deleted_records_return_with_a_time_later_than_all(bench: &Bench) {
    let child = WboWrite {
        sortindex: Some(3),
        parentid: Some("p".into()),
        predecessorid: Some("q".into()),
        ..full("b", "two")
    };
    let then = bench.put("col", &[full("a", "one"), child]);
    let (gone, _) = bench.delete("col", &Query::default());
    let told = bench.read("col").time();
    let done = collection(bench, "col", then).unwrap();
    assert_eq!(done.collections, [restored("col", [2, 0, 0])]);
    assert!(done.time > told && done.time > gone);
    assert_eq!(bench.modified("col"), Some(done.time));
    let newer = Query {
        newer: Some(told),
        ..Query::default()
    };
    assert_eq!(bench.ids("col", &newer), ["a", "b"]);
    let back = bench.get("col", "b").unwrap();
    assert_eq!(back.modified, done.time);
    assert_eq!(back.payload.as_deref(), Some("two"));
    assert_eq!(back.sortindex, Some(3));
    assert_eq!(back.parentid.as_deref(), Some("p"));
    assert_eq!(back.predecessorid.as_deref(), Some("q"));
    assert_eq!(bench.used_bytes(bench.user), 6);
}

pub fn replaced_records_are_what_they_were(bench: &Bench) {
    bench.put("col", &[full("a", "one"), full("same", "x")]);
    let then = bench.put("col", &[full("a", "two")]);
    bench.put("col", &[full("a", "three")]);
    bench.put("col", &[full("a", "four"), full("a", "five")]);
    let same = bench.get("col", "same");
    let done = collection(bench, "col", then).unwrap();
    assert_eq!(done.collections, [restored("col", [0, 1, 0])]);
    assert_eq!(payload(bench, "col", "a").as_deref(), Some("two"));
    assert_eq!(bench.get("col", "same"), same, "what has not changed stays");
    assert_eq!(bench.used_bytes(bench.user), 4);
}

pub fn what_did_not_exist_goes(bench: &Bench) {
    let then = bench.put("col", &[full("a", "one")]);
    bench.put("col", &[full("new", "x"), full("gone", "y")]);
    bench.put("col", &[full("new", "z")]);
    bench.delete("col", &ids_query(&["gone"]));
    let done = collection(bench, "col", then).unwrap();
    assert_eq!(done.collections, [restored("col", [0, 0, 1])]);
    assert_eq!(bench.ids("col", &Query::default()), ["a"]);
    assert!(bench.modified("col") == Some(done.time));
}

pub fn a_change_that_moves_no_time_is_undone_too(bench: &Bench) {
    let index = |sortindex| WboWrite {
        sortindex: Some(sortindex),
        ..bare("a")
    };
    let first = bench.put("col", &[full("a", "one")]);
    let then = bench.put("col", &[index(1)]);
    bench.put("col", &[index(2)]);
    bench.put("col", &[index(2)]);
    collection(bench, "col", then).unwrap();
    assert_eq!(bench.get("col", "a").unwrap().sortindex, Some(1));
    collection(bench, "col", first).unwrap();
    assert_eq!(bench.get("col", "a").unwrap().sortindex, None);
    collection(bench, "col", first.previous()).unwrap();
    assert_eq!(bench.ids("col", &Query::default()), [""; 0]);
}

pub fn an_undo_can_be_undone(bench: &Bench) {
    let then = bench.put("col", &[full("a", "one"), full("b", "two")]);
    bench.put("col", &[full("a", "other"), full("c", "new")]);
    bench.delete("col", &ids_query(&["b"]));
    let done = collection(bench, "col", then).unwrap();
    assert_eq!(bench.ids("col", &Query::default()), ["a", "b"]);
    let again = collection(bench, "col", done.time.previous()).unwrap();
    assert_eq!(again.collections, [restored("col", [1, 1, 1])]);
    assert_eq!(bench.ids("col", &Query::default()), ["a", "c"]);
    assert_eq!(payload(bench, "col", "a").as_deref(), Some("other"));
    let third = collection(bench, "col", done.time).unwrap();
    assert!(third.time > again.time);
    assert_eq!(bench.ids("col", &Query::default()), ["a", "b"]);
    assert_eq!(payload(bench, "col", "a").as_deref(), Some("one"));
}

pub fn an_undo_of_nothing_moves_no_time(bench: &Bench) {
    let then = bench.put("col", &[full("a", "one")]);
    let both = bench.put("other", &[full("a", "one")]);
    let done = collection(bench, "col", then).unwrap();
    assert_eq!(done.collections, []);
    assert_eq!(bench.modified("col"), Some(then));
    tick(bench);
    assert_eq!(collection(bench, "never", then).unwrap().collections, []);
    bench.put("col", &[full("a", "two"), full("b", "new")]);
    bench.delete("other", &Query::default());
    assert_eq!(account(bench, both).unwrap().collections.len(), 2);
    assert_eq!(account(bench, both).unwrap().collections, []);
    let then = bench.modified("col").unwrap();
    assert_eq!(collection(bench, "col", then).unwrap().collections, []);
    assert_eq!(bench.modified("never"), None);
}

pub fn a_rehearsal_tells_all_and_changes_nothing(bench: &Bench) {
    let then = bench.put("col", &[full("a", "one"), full("b", "two")]);
    let (gone, _) = bench.delete("col", &ids_query(&["a"]));
    let undo = Undo {
        to: then,
        collection: None,
        rehearsal: true,
    };
    let done = go_back(bench, bench.user, &undo).unwrap();
    assert_eq!(done.collections, [restored("col", [1, 0, 0])]);
    assert_eq!(bench.ids("col", &Query::default()), ["b"]);
    assert_eq!(bench.modified("col"), Some(gone));
    let next = bench.put("col", &[full("c", "x")]);
    assert!(next > gone);
    assert_eq!(account(bench, then).unwrap().collections.len(), 1);
}

pub fn a_wiped_account_comes_back_whole(bench: &Bench) {
    set_up(bench, "first");
    let ids: Vec<String> = (0..250).map(|n| n.to_string()).collect();
    let many: Vec<_> = ids.iter().map(|id| full(id, "entry")).collect();
    bench.put("history", &many);
    let then = bench.put("custom", &[full("a", "mine")]);
    let listed = bench.listed(bench.user);
    tick(bench);
    let wiped = bench.storage.delete_records(bench.user).unwrap();
    set_up(bench, "second");
    bench.put("history", &[full("7", "later"), full("own", "later")]);
    tick(bench);
    let late = bench.put("bookmarks", &[full("b", "later")]);

    let done = account(bench, then).unwrap();
    let expected = [
        restored("bookmarks", [0, 0, 1]),
        restored("crypto", [0, 1, 0]),
        restored("custom", [1, 0, 0]),
        restored("history", [249, 1, 1]),
        restored("meta", [0, 1, 0]),
    ];
    let mut collections = done.collections;
    collections.sort_by_key(|one| one.collection.as_str().to_owned());
    assert_eq!(collections, expected);
    assert!(done.time > late && late > wiped);
    assert_eq!(bench.listed(bench.user), listed);
    assert_eq!(bench.ids("history", &Query::default()).len(), 250);
    assert_eq!(payload(bench, "history", "7").as_deref(), Some("entry"));
    assert_eq!(payload(bench, "crypto", "keys").as_deref(), Some("first"));
    for collection in ["history", "custom", "crypto", "meta", "bookmarks"] {
        assert_eq!(bench.modified(collection), Some(done.time), "{collection}");
    }
    let after = bench.put("history", &[full("after", "x")]);
    assert!(after > done.time);
}

pub fn records_that_no_key_opens_are_not_brought_back_alone(bench: &Bench) {
    set_up(bench, "first");
    let then = bench.put("history", &[full("a", "by the first")]);
    tick(bench);
    bench.storage.delete_records(bench.user).unwrap();
    set_up(bench, "second");
    bench.put("history", &[full("a", "by the second")]);
    let refused = collection(bench, "history", then);
    assert_eq!(refused, Err(Refusal::OtherKeys));
    assert_eq!(
        payload(bench, "history", "a").as_deref(),
        Some("by the second")
    );
    for pillar in ["meta", "crypto"] {
        let refused = collection(bench, pillar, then);
        assert_eq!(refused, Err(Refusal::OnlyTogether));
    }
}

pub fn nobody_is_brought_back_to_before_the_account_was_set_up(bench: &Bench) {
    let early = bench.put("history", &[full("a", "x")]);
    set_up(bench, "first");
    assert_eq!(account(bench, early), Err(Refusal::NotSetUp));
    tick(bench);
    let between = bench.storage.delete_records(bench.user).unwrap();
    assert_eq!(account(bench, between).unwrap().collections, []);
    set_up(bench, "second");
    assert_eq!(account(bench, between), Err(Refusal::NotSetUp));
    assert_eq!(payload(bench, "crypto", "keys").as_deref(), Some("second"));
}

pub fn what_has_outlived_its_ttl_does_not_return(bench: &Bench) {
    let short = WboWrite {
        ttl: Ttl::from_seconds(0),
        ..full("short", "x")
    };
    let long = WboWrite {
        ttl: Ttl::from_seconds(100_000),
        ..full("long", "y")
    };
    let then = bench.put("col", &[short, long]);
    bench.delete("col", &Query::default());
    let done = collection(bench, "col", then).unwrap();
    assert_eq!(done.collections, [restored("col", [1, 0, 0])]);
    assert_eq!(bench.ids("col", &Query::default()), ["long"]);
    if let Some(clock) = &bench.clock {
        clock.move_seconds(100_001);
        assert_eq!(bench.ids("col", &Query::default()), [""; 0]);
        assert_eq!(collection(bench, "col", then).unwrap().collections, []);
    }
}

pub fn deletions_by_every_query_are_kept(bench: &Bench) {
    let then = bench.put("col", &[full("a", "1"), full("b", "2"), full("c", "3")]);
    let page = Query {
        limit: Some(1),
        offset: Some(1),
        ..Query::default()
    };
    let first = Query {
        limit: Some(1),
        ..Query::default()
    };
    assert_eq!(bench.delete("col", &page).1, 1);
    assert_eq!(bench.delete("col", &first).1, 1);
    assert_eq!(bench.delete("col", &ids_query(&["c", "missing"])).1, 1);
    let done = collection(bench, "col", then).unwrap();
    assert_eq!(done.collections, [restored("col", [3, 0, 0])]);
    assert_eq!(bench.ids("col", &Query::default()), ["a", "b", "c"]);
}

pub fn a_dropped_change_leaves_nothing_kept(bench: &Bench) {
    let then = bench.put("col", &[full("a", "one")]);
    let mut session = bench.write("col");
    session.put(&[full("a", "two")]).unwrap();
    session.delete(&Query::default()).unwrap();
    drop(session);
    let mut session = bench.write("col");
    assert_eq!(session.delete(&ids_query(&["missing"])).unwrap(), 0);
    session.commit().unwrap();
    let undoable = bench.storage.undoable().unwrap();
    let history = undoable.history(bench.user).unwrap();
    assert_eq!(history.events, []);
    assert!(history.reach() <= then);
    assert_eq!(collection(bench, "col", then).unwrap().collections, []);
}

pub fn the_history_tells_what_was_taken_away(bench: &Bench) {
    let many: Vec<_> = (0..120).map(|n| full(&n.to_string(), "x")).collect();
    bench.put("history", &many);
    bench.put("clients", &[full("c", "one")]);
    bench.put("clients", &[full("c", "two")]);
    tick(bench);
    let (gone, _) = bench.delete("history", &Query::default());
    let undoable = bench.storage.undoable().unwrap();
    let history = undoable.history(bench.user).unwrap();
    let told = history.events.iter();
    let told = told.map(|event| (event.collection.as_str(), event.deleted, event.replaced));
    let told: Vec<_> = told.collect();
    assert_eq!(told, [("history", 120, 0), ("clients", 0, 1)]);
    let moments = history.moments(None);
    assert_eq!(moments.len(), 1);
    assert_eq!(moments[0].to, gone.previous());
    assert_eq!(moments[0].total().deleted, 120);
    assert_eq!(history.reach(), Timestamp::ZERO);
    account(bench, moments[0].to).unwrap();
    assert_eq!(bench.ids("history", &Query::default()).len(), 120);
}

pub fn a_forgotten_user_has_nothing_to_return_to(bench: &Bench) {
    let then = bench.put("col", &[full("a", "one")]);
    bench.delete("col", &Query::default());
    bench.storage.forget_user(bench.user).unwrap();
    assert_eq!(account(bench, then).unwrap().collections, []);
    let undoable = bench.storage.undoable().unwrap();
    let history = undoable.history(bench.user).unwrap();
    assert_eq!(history, Default::default());
}

pub fn an_undo_touches_no_other_user(bench: &Bench) {
    let theirs = |payload: &str| {
        let mut session = bench
            .storage
            .write_collection(bench.other, &name("col"))
            .unwrap();
        session.put(&[full("a", payload)]).unwrap();
        let time = session.time();
        session.commit().unwrap();
        time
    };
    theirs("one");
    let then = bench.put("col", &[full("a", "mine")]);
    let changed = theirs("two");
    bench.delete("col", &Query::default());
    account(bench, then).unwrap();
    let mut read = bench.storage.read_account(bench.other).unwrap();
    assert_eq!(read.times().unwrap(), [(name("col"), changed)]);
    assert_eq!(bench.used_bytes(bench.other), 3);
}
