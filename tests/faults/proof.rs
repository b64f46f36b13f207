//! The checks can fail: each kind of broken promise is found in a history that has it, and none in
//! histories that are as they may be.

use std::collections::BTreeMap;
use std::slice::from_ref;

use crate::history::{History, Operation, Outcome, Seen, State, What};
use crate::recount::Told;
use crate::violation::{Broken, Verdict};

use Outcome::{Done, Refused, Unknown};

/// Records of `ids`, written without a condition.
fn wrote(number: u64, ids: &[&str], outcome: Outcome) -> Operation {
    let ids = ids.iter().map(|id| id.to_string()).collect();
    Operation {
        number,
        what: What::Write { ids, ttl: None },
        since: None,
        outcome,
    }
}

fn since(time: i64, operation: Operation) -> Operation {
    Operation {
        since: Some(time),
        ..operation
    }
}

fn short_lived(mut operation: Operation) -> Operation {
    if let What::Write { ttl, .. } = &mut operation.what {
        *ttl = Some(1);
    }
    operation
}

fn deleted(number: u64, ids: Option<&[&str]>, outcome: Outcome) -> Operation {
    let ids = ids.map(|ids| ids.iter().map(|id| id.to_string()).collect());
    Operation {
        number,
        what: What::Delete { ids },
        since: None,
        outcome,
    }
}

fn seen(by: u64, modified: i64) -> Seen {
    let bytes = 10;
    Seen {
        by,
        modified,
        bytes,
    }
}

fn records(of: &[(&str, u64, i64)]) -> Vec<(String, Seen)> {
    of.iter()
        .map(|(id, by, modified)| (id.to_string(), seen(*by, *modified)))
        .collect()
}

fn state(of: &[(&str, u64, i64)]) -> State {
    records(of).into_iter().collect()
}

fn history(operations: &[Operation]) -> History {
    let history = History::new("bookmarks");
    operations.iter().for_each(|o| history.add(o.clone()));
    history
}

fn judged(operations: &[Operation], left: &[(&str, u64, i64)]) -> Verdict {
    history(operations).check(&state(left))
}

#[track_caller]
fn is(verdict: Verdict, broken: Broken) {
    let violation = verdict.expect_err("the history is wrong");
    assert_eq!(violation.of, broken, "{violation}");
}

#[track_caller]
fn is_fine(verdict: Verdict) {
    if let Err(violation) = verdict {
        panic!("{violation}");
    }
}

#[test]
fn a_lost_write_is_found() {
    let one = wrote(1, &["a"], Done(100));
    is(judged(from_ref(&one), &[]), Broken::Lost);
    // The older one came back.
    let two = wrote(2, &["a"], Done(200));
    let all = [one.clone(), two];
    is(judged(&all, &[("a", 1, 100)]), Broken::Lost);
    // The deletion was before it.
    let all = [deleted(2, None, Done(50)), one.clone()];
    is(judged(&all, &[]), Broken::Lost);
    // A deletion that was refused, or of another record, excuses nothing.
    let all = [one.clone(), deleted(2, None, Refused)];
    is(judged(&all, &[]), Broken::Lost);
    let all = [one, deleted(2, Some(&["b"]), Unknown)];
    is(judged(&all, &[]), Broken::Lost);
}

#[test]
fn a_deleted_record_that_comes_back_is_found() {
    let all = [wrote(1, &["a"], Done(100)), deleted(2, None, Done(200))];
    is(judged(&all, &[("a", 1, 100)]), Broken::Lost);
}

#[test]
fn an_unanswered_write_that_was_seen_and_is_gone_is_found() {
    let history = history(&[wrote(1, &["a"], Unknown)]);
    is_fine(history.saw(&seen(1, 100)));
    is(history.check(&State::new()), Broken::Lost);
}

#[test]
fn a_write_that_is_there_by_halves_is_found() {
    for outcome in [Done(100), Unknown] {
        let post = wrote(1, &["a", "b"], outcome);
        is(judged(from_ref(&post), &[("a", 1, 100)]), Broken::Halved);
        let before = wrote(2, &["b"], Done(50));
        let left = [("a", 1, 100), ("b", 2, 50)];
        is(judged(&[before, post], &left), Broken::Halved);
    }
}

#[test]
fn what_is_there_twice_is_found() {
    let history = history(&[wrote(1, &["a", "b"], Unknown)]);
    let twice = records(&[("a", 1, 100), ("a", 1, 100)]);
    is(history.once(twice).map(drop), Broken::Doubled);
    // An operation that happened again, later.
    is(history.saw(&seen(1, 200)), Broken::Doubled);
    let left = [("a", 7, 100), ("b", 7, 101)];
    let post = wrote(7, &["a", "b"], Unknown);
    is(judged(&[post], &left), Broken::Doubled);
}

#[test]
fn a_refused_write_that_is_there_is_found() {
    let all = [since(50, wrote(1, &["a"], Refused))];
    is(judged(&all, &[("a", 1, 100)]), Broken::RefusedAndDone);
}

#[test]
fn a_record_that_nobody_wrote_is_found() {
    is(judged(&[], &[("a", 9, 100)]), Broken::Unheard);
    let all = [wrote(1, &["a"], Done(100))];
    let left = [("a", 1, 100), ("b", 1, 100)];
    is(judged(&all, &left), Broken::Unheard);
}

#[test]
fn times_that_do_not_agree_are_found() {
    let told_another = [wrote(1, &["a"], Done(100))];
    is(judged(&told_another, &[("a", 1, 99)]), Broken::Times);
    let at_once = [wrote(1, &["a"], Done(100)), wrote(2, &["b"], Done(100))];
    let left = [("a", 1, 100), ("b", 2, 100)];
    is(judged(&at_once, &left), Broken::Times);
}

#[test]
fn two_winners_are_found() {
    let one = since(50, wrote(1, &["a"], Done(100)));
    let two = since(50, wrote(2, &["b"], Done(101)));
    let left = [("a", 1, 100), ("b", 2, 101)];
    is(judged(&[one.clone(), two], &left), Broken::TwoWinners);
    // The other one was not answered, but is there; or had no condition.
    for outcome in [Done(60), Unknown] {
        let other = wrote(2, &["b"], outcome);
        let left = [("a", 1, 100), ("b", 2, 60)];
        is(judged(&[one.clone(), other], &left), Broken::TwoWinners);
    }
}

#[test]
fn a_follower_who_missed_something_is_found() {
    let all = [wrote(1, &["a"], Done(100)), wrote(2, &["a"], Done(200))];
    let history = history(&all);
    let left = state(&[("a", 2, 200)]);
    let follow = |copy: &[(&str, u64, i64)]| history.followed("list", 200, &state(copy), &left);
    is(follow(&[]), Broken::Missed);
    is(follow(&[("a", 1, 100)]), Broken::Missed);
    // Deletions are told to nobody: a copy may hold more.
    is_fine(follow(&[("a", 2, 200), ("b", 3, 150)]));
}

#[test]
fn a_time_that_goes_back_or_stands_still_is_found() {
    let history = History::new("tabs");
    history.listed(100);
    history.told(120);
    assert_eq!(history.floors(), (100, 120));
    is(history.not_before(99, 100), Broken::WentBack);
    is_fine(history.not_before(100, 100));
    is(history.later(120, 120), Broken::NotLater);
    is_fine(history.later(121, 120));
}

#[test]
fn counts_that_differ_are_found() {
    let numbers = |number: f64| BTreeMap::from([("bookmarks".to_owned(), number)]);
    let there = BTreeMap::from([
        (
            "bookmarks".to_owned(),
            state(&[("a", 1, 100), ("b", 1, 100)]),
        ),
        ("tabs".to_owned(), State::new()),
    ]);
    let right = Told {
        counts: numbers(2.0),
        usage: numbers(20.0 / 1024.0),
        used: 20.0 / 1024.0,
        times: BTreeMap::from([("bookmarks".to_owned(), 100)]),
    };
    is_fine(right.is_a_recount_of(&there));
    is_fine(right.is_what_the_database_says(&right.clone()));
    let wrong = |change: fn(&mut Told)| {
        let mut told = right.clone();
        change(&mut told);
        told
    };
    let miscounted = [
        wrong(|told| *told.counts.get_mut("bookmarks").unwrap() = 1.0),
        wrong(|told| *told.usage.get_mut("bookmarks").unwrap() = 1.0),
        wrong(|told| told.used = 0.0),
        wrong(|told| told.times.clear()),
        wrong(|told| told.counts.extend([("tabs".to_owned(), 0.0)])),
    ];
    for told in miscounted {
        is(told.is_a_recount_of(&there), Broken::Miscounted);
    }
    let stale = wrong(|told| *told.times.get_mut("bookmarks").unwrap() = 99);
    is(
        stale.is_what_the_database_says(&right),
        Broken::CacheDiffers,
    );
}

#[test]
fn what_nobody_heard_the_end_of_may_have_happened_or_not() {
    let sent = wrote(1, &["a", "b"], Unknown);
    is_fine(judged(from_ref(&sent), &[]));
    let left = [("a", 1, 100), ("b", 1, 100)];
    is_fine(judged(from_ref(&sent), &left));
    // It was overwritten in part since, or deleted.
    let later = wrote(2, &["b"], Done(150));
    let left = [("a", 1, 100), ("b", 2, 150)];
    is_fine(judged(&[sent.clone(), later.clone()], &left));
    let gone = deleted(3, Some(&["a"]), Done(160));
    is_fine(judged(&[sent, later, gone], &[("b", 2, 150)]));
}

#[test]
fn a_deletion_that_nobody_heard_the_end_of_may_have_happened_or_not() {
    for ids in [None, Some(&["a"][..])] {
        let all = [wrote(1, &["a"], Done(100)), deleted(2, ids, Unknown)];
        is_fine(judged(&all, &[]));
        is_fine(judged(&all, &[("a", 1, 100)]));
    }
}

#[test]
fn what_does_not_live_for_ever_may_be_gone() {
    let all = [short_lived(wrote(1, &["a", "b"], Done(100)))];
    is_fine(judged(&all, &[]));
    is_fine(judged(&all, &[("a", 1, 100), ("b", 1, 100)]));
}

#[test]
fn conditional_writes_that_kept_their_conditions_are_fine() {
    let all = [
        wrote(1, &["a"], Done(50)),
        since(50, wrote(2, &["a"], Done(100))),
        since(50, wrote(3, &["b"], Refused)),
        since(100, wrote(4, &["b"], Done(150))),
        since(150, wrote(5, &["b"], Unknown)),
    ];
    is_fine(judged(&all, &[("a", 2, 100), ("b", 4, 150)]));
    is_fine(judged(&all, &[("a", 2, 100), ("b", 5, 151)]));
}
