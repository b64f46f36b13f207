//! A restore that should not have been: it is undone like every change, and seen by all who follow.

use super::portable::{filled, newer, take_in, walk};
use super::undo::{account, tick};
use super::{Bench, full, ids_query};
use weft::storage::Stamps;
use weft::storage::undo::{Refusal, Restored};
use weft::sync::{Query, Timestamp};

fn go_back(bench: &Bench, to: Timestamp) -> Result<Vec<Restored>, Refusal> {
    account(bench, to).map(|undone| undone.collections)
}

pub fn a_restore_can_be_undone(bench: &Bench) {
    let baggage = filled(bench);
    bench.put("bookmarks", &[full("a", "mine"), full("z", "added")]);
    bench.delete("bookmarks", &ids_query(&["b"]));
    bench.put("later", &[full("x", "y")]);
    bench.put("gone", &[full("again", "y")]);
    bench.delete("Own-1", &Query::default());
    let many: Vec<_> = (0..230)
        .map(|n| full(&format!("r{n:03}"), "mine"))
        .collect();
    for part in many.chunks(100) {
        bench.put("history", part);
    }
    tick(bench);
    let before = bench.put("tabs", &[full("t", "1")]);
    let mine = walk(bench, bench.user);
    tick(bench);
    let restored = take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    assert!(restored > before);
    assert_eq!(walk(bench, bench.user).timeless(), baggage.timeless());
    let told = bench.read("bookmarks").time();
    tick(bench);

    let done = go_back(bench, before).unwrap();
    assert_eq!(walk(bench, bench.user).timeless(), mine.timeless());
    let counts = |name: &str| {
        let one = done.iter().find(|one| one.collection.as_str() == name);
        one.map(|one| [one.returned, one.reverted, one.removed])
    };
    assert_eq!(counts("bookmarks"), Some([1, 1, 1]));
    assert_eq!(counts("history"), Some([230, 0, 0]));
    assert_eq!(counts("Own-1"), Some([0, 0, 1]));
    assert_eq!(counts("later"), Some([1, 0, 0]));
    assert_eq!(counts("meta"), None, "what was the same in both stays");
    // All that follow see it, and by what comes later the account is written to as ever.
    assert_eq!(newer(bench, "bookmarks", told), ["a", "z"]);
    assert_eq!(newer(bench, "history", told).len(), 230);
    assert!(bench.put("bookmarks", &[full("a", "next")]) > told);

    // And back once more to what was restored.
    go_back(bench, restored).unwrap();
    assert_eq!(walk(bench, bench.user).timeless(), baggage.timeless());
}

pub fn a_restore_of_the_same_leaves_nothing_to_undo(bench: &Bench) {
    let baggage = filled(bench);
    tick(bench);
    take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    let undoable = bench.storage.undoable().unwrap();
    let events = undoable.history(bench.user).unwrap().events;
    let gone: Vec<_> = events.iter().map(|one| one.collection.as_str()).collect();
    assert_eq!(gone, ["gone"], "the deletion of before");
    assert_eq!(go_back(bench, baggage.at), Ok(vec![]));
}

pub fn a_collection_that_a_restore_brought_goes_with_its_undo(bench: &Bench) {
    let baggage = filled(bench);
    bench.storage.forget_user(bench.user).unwrap();
    tick(bench);
    let before = bench.put("own", &[full("a", "x")]);
    tick(bench);
    take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    assert_eq!(bench.ids("own", &Query::default()), [""; 0]);
    go_back(bench, before).unwrap_err();
    bench.delete("meta", &Query::default());
    go_back(bench, before).unwrap();
    assert_eq!(bench.listed(bench.user), ["own"]);
}

pub fn nothing_of_before_is_kept_where_times_are(bench: &Bench) {
    let baggage = filled(bench);
    let before = bench.put("bookmarks", &[full("a", "mine")]);
    tick(bench);
    take_in(bench, bench.user, &baggage, Stamps::Kept).unwrap();
    let undoable = bench.storage.undoable().unwrap();
    assert_eq!(undoable.history(bench.user).unwrap().events, []);
    let there = walk(bench, bench.user).timeless();
    let _ = go_back(bench, before.previous());
    assert_eq!(walk(bench, bench.user).timeless(), there);
}
