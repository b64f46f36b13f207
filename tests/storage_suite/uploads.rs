//! Uploads that are announced when the session is opened: an engine may prepare for them, and nobody may
//! see that it did.

use super::model::Dice;
use super::{Bench, Kept, bare, full, id, name, scan};
use std::time::Duration;
use weft::storage::undo::Undo;
use weft::storage::{ReadFrom, WriteSession};
use weft::sync::{Query, Timestamp, Ttl, UserId, WboWrite};

/// A collection that all programs know by the same number.
const PLACE: &str = "history";

/// An upload of many.
const MANY: usize = 100;

fn announce(bench: &Bench, user: UserId, writes: &[WboWrite]) -> Box<dyn WriteSession> {
    let place = name(PLACE);
    bench.storage.write_records(user, &place, writes).unwrap()
}

fn upload(bench: &Bench, writes: &[WboWrite]) -> Timestamp {
    let mut session = announce(bench, bench.user, writes);
    let times = session.put(writes).unwrap();
    assert_eq!(times, vec![Some(session.time()); writes.len()]);
    let time = session.time();
    session.commit().unwrap();
    time
}

fn many(payload: &str) -> Vec<WboWrite> {
    (0..MANY).map(|n| full(&format!("n{n}"), payload)).collect()
}

fn all(bench: &Bench, user: UserId) -> Vec<Kept> {
    let session = bench
        .storage
        .read_collection(user, &name(PLACE), ReadFrom::Primary);
    scan(&mut *session.unwrap(), &Query::default())
}

fn payloads(bench: &Bench) -> Vec<(String, String)> {
    let of = |kept: Kept| (kept.id, kept.payload.unwrap());
    all(bench, bench.user).into_iter().map(of).collect()
}

fn go_back(bench: &Bench, user: UserId, to: Timestamp) -> [u64; 3] {
    let undo = Undo {
        to,
        collection: Some(name(PLACE)),
        rehearsal: false,
    };
    let undoable = bench.storage.undoable().unwrap();
    let done = undoable.undo(user, &undo, &mut |_| {}).unwrap().unwrap();
    let restored = done.collections.first();
    restored.map_or([0; 3], |one| [one.returned, one.reverted, one.removed])
}

/// What is there must be sorted as ids are, and has these payloads.
fn assert_there(bench: &Bench, mut expected: Vec<(String, String)>) {
    expected.sort();
    let bytes: usize = expected.iter().map(|(_, payload)| payload.len()).sum();
    assert_eq!(payloads(bench), expected);
    assert_eq!(bench.used_bytes(bench.user), bytes as u64);
}

fn as_written(writes: &[WboWrite]) -> Vec<(String, String)> {
    let of = |write: &WboWrite| (write.id.to_string(), write.payload.clone().unwrap());
    writes.iter().map(of).collect()
}

/// Many new ones are there beside the one of before, and an undo takes all of them away.
fn assert_came_and_go(bench: &Bench, then: Timestamp) {
    let mut expected = as_written(&many("new"));
    expected.push(("before".into(), "x".into()));
    assert_there(bench, expected);
    assert_eq!(go_back(bench, bench.user, then), [0, 0, MANY as u64]);
    assert_there(bench, vec![("before".into(), "x".into())]);
}

pub fn many_new_records_come_and_go_with_an_undo(bench: &Bench) {
    let then = upload(bench, &[full("before", "x")]);
    upload(bench, &many("new"));
    assert_came_and_go(bench, then);
}

pub fn one_that_is_known_among_many_is_kept_wherever_it_is(bench: &Bench) {
    for at in [0, 1, 50, MANY - 2, MANY - 1] {
        let known = WboWrite {
            sortindex: Some(3),
            parentid: Some("p".into()),
            ..full(&format!("n{at}"), "known")
        };
        let then = upload(bench, &[known]);
        upload(bench, &many("new"));
        assert_there(bench, as_written(&many("new")));
        assert_eq!(go_back(bench, bench.user, then), [0, 1, MANY as u64 - 1]);
        let [kept] = &all(bench, bench.user)[..] else {
            panic!("only one was there");
        };
        assert_eq!(kept.payload.as_deref(), Some("known"));
        assert_eq!(kept.sortindex, Some(3));
        assert_eq!(kept.parentid.as_deref(), Some("p"));
        bench.delete(PLACE, &Query::default());
    }
}

pub fn of_two_writes_to_one_new_record_the_last_one_counts(bench: &Bench) {
    let then = upload(bench, &[full("before", "x")]);
    let mut writes = many("new");
    writes[70] = full("n7", "the last");
    upload(bench, &writes);
    let mut expected = as_written(&writes);
    expected.remove(7);
    expected.push(("before".into(), "x".into()));
    assert_there(bench, expected);
    assert_eq!(go_back(bench, bench.user, then), [0, 0, MANY as u64 - 1]);
}

pub fn what_has_expired_under_many_new_records_is_not_kept(bench: &Bench) {
    let dead = WboWrite {
        ttl: Ttl::from_seconds(0),
        ..full("n7", "dead")
    };
    let then = upload(bench, &[full("before", "x"), dead]);
    upload(bench, &many("new"));
    assert_came_and_go(bench, then);
}

pub fn others_than_were_announced_may_come(bench: &Bench) {
    let then = upload(bench, &[full("n7", "old"), full("n8", "old")]);
    let mut session = announce(bench, bench.user, &many("new"));
    session.put(&[full("n7", "first"), full("b", "x")]).unwrap();
    session.put(&many("second")).unwrap();
    let merge = WboWrite {
        sortindex: Some(5),
        ..bare("n9")
    };
    session.put(&[full("n9", "third"), merge]).unwrap();
    session.commit().unwrap();
    let mut expected = as_written(&many("second"));
    expected[9].1 = "third".into();
    expected.push(("b".into(), "x".into()));
    assert_there(bench, expected);
    go_back(bench, bench.user, then);
    let old = |id: &str| (id.to_owned(), "old".to_owned());
    assert_there(bench, vec![old("n7"), old("n8")]);
}

pub fn what_was_deleted_before_many_came_returns_with_an_undo(bench: &Bench) {
    let then = upload(bench, &[full("n7", "old"), full("n8", "old")]);
    let mut session = announce(bench, bench.user, &many("new"));
    session.delete(&super::ids_query(&["n7"])).unwrap();
    session.put(&many("new")).unwrap();
    session.commit().unwrap();
    assert_there(bench, as_written(&many("new")));
    go_back(bench, bench.user, then);
    let old = |id: &str| (id.to_owned(), "old".to_owned());
    assert_there(bench, vec![old("n7"), old("n8")]);
}

pub fn a_dropped_upload_of_many_leaves_nothing(bench: &Bench) {
    upload(bench, &[full("n7", "old")]);
    let mut session = announce(bench, bench.user, &many("new"));
    session.put(&many("new")).unwrap();
    drop(session);
    assert_there(bench, vec![("n7".into(), "old".into())]);
}

/// Of one user each upload is announced, of another none; and there is no difference.
pub fn announced_or_not_a_random_series_ends_and_is_undone_alike(bench: &Bench) {
    let mut dice = Dice::LOADED;
    let users = [bench.user, bench.other];
    let mut times = Vec::new();
    for round in 0..12 {
        let pool = [60, 200, 2000][dice.below(3)];
        let size = [16, 37, 64, 100, 130][dice.below(5)];
        let mut writes: Vec<_> = (0..size)
            .map(|_| {
                let bytes = dice.below(300);
                let id = id(&format!("r{}", dice.below(pool)));
                WboWrite {
                    payload: (dice.below(60) > 0).then(|| "x".repeat(bytes)),
                    ttl: (dice.below(9) == 0).then(|| Ttl::from_seconds(0)).flatten(),
                    create: true,
                    ..WboWrite::new(id)
                }
            })
            .collect();
        if round % 3 > 0 {
            writes.sort_by(|a, b| a.id.cmp(&b.id));
            writes.dedup_by(|a, b| a.id == b.id);
        }
        times.push(users.map(|user| {
            let mut session = match user == bench.user {
                true => announce(bench, user, &writes),
                false => bench.storage.write_collection(user, &name(PLACE)).unwrap(),
            };
            session.put(&writes).unwrap();
            let time = session.time();
            session.commit().unwrap();
            time
        }));
        assert_alike(bench);
        // The next undo is not of the same moment.
        std::thread::sleep(Duration::from_millis(20));
    }
    for moment in times.iter().rev().skip(1) {
        let [one, other] = [0, 1].map(|user| go_back(bench, users[user], moment[user]));
        assert_eq!(one, other);
        assert_alike(bench);
    }
}

fn assert_alike(bench: &Bench) {
    let [one, other] = [bench.user, bench.other].map(|user| {
        let all = all(bench, user).into_iter();
        let all: Vec<_> = all.map(|kept| (kept.id, kept.payload)).collect();
        (all, bench.used_bytes(user))
    });
    assert_eq!(one, other);
}
