//! Backups: what a walk hands over, and what a user and those who follow `newer` see of what is taken
//! in.

use super::{Bench, Kept, bare, full, name, scan};
use weft::storage::{Carried, Carry, Load, Portable, Stamps, StorageError, StorageResult};
use weft::sync::{CollectionName, Query, Timestamp, Ttl, UserId, WboRef, WboWrite};

/// All that a user has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Baggage {
    pub(super) at: Timestamp,
    collections: Vec<(CollectionName, Timestamp)>,
    /// With the place of each one's collection.
    records: Vec<(usize, Kept, Option<Timestamp>)>,
}

fn portable(bench: &Bench) -> &dyn Portable {
    bench.storage.portable().expect("every engine can do it")
}

pub(super) fn walk(bench: &Bench, user: UserId) -> Baggage {
    let mut baggage = Baggage::default();
    let at = portable(bench).walk(user, &mut |piece| {
        match piece {
            Carried::Collection { name, modified } => {
                baggage.collections.push((name.clone(), modified));
            }
            Carried::Record { record, expires } => {
                let place = baggage.collections.len() - 1;
                baggage.records.push((place, record.into(), expires));
            }
        }
        Ok(())
    });
    baggage.at = at.unwrap();
    baggage
}

impl Baggage {
    fn give(&self, carry: Carry<'_>) -> StorageResult<()> {
        for (place, (name, modified)) in self.collections.iter().enumerate() {
            carry(Carried::Collection {
                name,
                modified: *modified,
            })?;
            for (_, record, expires) in self.records.iter().filter(|(of, ..)| *of == place) {
                carry(Carried::Record {
                    record: WboRef {
                        id: &record.id,
                        modified: record.modified,
                        parentid: record.parentid.as_deref(),
                        predecessorid: record.predecessorid.as_deref(),
                        sortindex: record.sortindex,
                        payload: record.payload.as_deref(),
                    },
                    expires: *expires,
                })?;
            }
        }
        Ok(())
    }

    fn names(&self) -> Vec<CollectionName> {
        self.collections
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }

    fn ids(&self, collection: &str) -> Vec<&str> {
        let of = |place: usize| self.collections[place].0.as_str() == collection;
        let records = self.records.iter().filter(|(place, ..)| of(*place));
        records.map(|(_, record, _)| record.id.as_str()).collect()
    }

    /// What there is, whatever its times.
    pub(super) fn timeless(&self) -> Vec<(String, Kept)> {
        let record = |(place, record, _): &(usize, Kept, Option<Timestamp>)| {
            let record = Kept {
                modified: Timestamp::ZERO,
                ..record.clone()
            };
            (self.collections[*place].0.to_string(), record)
        };
        self.records.iter().map(record).collect()
    }
}

pub(super) fn take_in(
    bench: &Bench,
    user: UserId,
    baggage: &Baggage,
    times: Stamps,
) -> Option<Timestamp> {
    try_to(bench, user, baggage, (times, true), usize::MAX).unwrap()
}

/// Takes in, until so many pieces have come; then the source fails.
fn try_to(
    bench: &Bench,
    user: UserId,
    baggage: &Baggage,
    (times, replace): (Stamps, bool),
    pieces: usize,
) -> StorageResult<Option<Timestamp>> {
    let load = Load {
        collections: &baggage.names(),
        at: baggage.at,
        times,
        replace,
    };
    portable(bench).take_in(user, &load, &mut |carry| {
        let mut left = pieces;
        baggage.give(&mut |piece| {
            left = left
                .checked_sub(1)
                .ok_or_else(|| StorageError::Broken("torn".to_owned()))?;
            carry(piece)
        })
    })
}

pub(super) fn filled(bench: &Bench) -> Baggage {
    let whole = WboWrite {
        parentid: Some("toolbar".to_owned()),
        predecessorid: Some("before".to_owned()),
        sortindex: Some(-7),
        ..full("whole", "{\"ciphertext\":\"gr\u{fc}n \\\" \\n\"}")
    };
    bench.put(
        "bookmarks",
        &[whole, full("b", ""), full("a", "1"), full("B", "2")],
    );
    bench.put("meta", &[full("global", "{}")]);
    bench.put("Own-1", &[full("x", "y")]);
    let mortal = WboWrite {
        ttl: Ttl::from_seconds(10_000),
        ..full("mortal", "soon gone")
    };
    bench.put("forms", &[mortal]);
    bench.put("gone", &[full("x", "y")]);
    bench.delete("gone", &Query::default());
    walk(bench, bench.user)
}

pub(super) fn newer(bench: &Bench, collection: &str, than: Timestamp) -> Vec<String> {
    let query = Query {
        newer: Some(than),
        ..Query::default()
    };
    bench.ids(collection, &query)
}

pub fn a_walk_hands_over_everything_in_order(bench: &Bench) {
    let baggage = filled(bench);
    let names: Vec<_> = baggage.names().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["Own-1", "bookmarks", "forms", "gone", "meta"]);
    assert_eq!(baggage.ids("bookmarks"), ["B", "a", "b", "whole"]);
    assert_eq!(baggage.ids("gone"), [""; 0]);
    for (name, modified) in &baggage.collections {
        assert_eq!(bench.modified(name.as_str()), Some(*modified), "{name}");
        assert!(*modified <= baggage.at);
    }
    let mut session = bench.read("bookmarks");
    let found = scan(&mut *session, &Query::default());
    let walked: Vec<_> = baggage.records.iter().filter(|(of, ..)| *of == 1).collect();
    assert_eq!(
        found.iter().collect::<Vec<_>>(),
        walked.iter().map(|(_, r, _)| r).collect::<Vec<_>>()
    );
    let lives: Vec<_> = baggage
        .records
        .iter()
        .filter(|(.., life)| life.is_some())
        .collect();
    assert!(matches!(lives[..], [(_, record, _)] if record.id == "mortal"));
    assert_eq!(portable(bench).users().unwrap(), [bench.user]);
}

pub fn a_walk_does_not_see_what_comes_later(bench: &Bench) {
    bench.put("meta", &[full("global", "{}")]);
    bench.put("tabs", &[full("first", "1")]);
    let mut seen = Vec::new();
    portable(bench)
        .walk(bench.user, &mut |piece| {
            match piece {
                // Both collections are written to while the first is being walked.
                Carried::Collection { name, .. } if name.as_str() == "meta" => {
                    bench.put("meta", &[full("later", "2")]);
                    bench.put("tabs", &[full("later", "2")]);
                }
                Carried::Record { record, .. } => seen.push(record.id.to_owned()),
                Carried::Collection { .. } => {}
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, ["global", "first"]);
}

pub fn what_is_taken_in_is_new_to_all_who_follow(bench: &Bench) {
    let baggage = filled(bench);
    let told = bench.storage.read_account(bench.other).unwrap().time();
    let time = take_in(bench, bench.other, &baggage, Stamps::New).unwrap();
    assert!(time > told && time > baggage.at, "{time} {told}");
    let there = walk(bench, bench.other);
    assert_eq!(there.timeless(), baggage.timeless());
    assert!(
        there
            .records
            .iter()
            .all(|(_, record, _)| record.modified == time)
    );
    assert!(
        there
            .collections
            .iter()
            .all(|(_, modified)| *modified == time)
    );
    assert_eq!(bench.used_bytes(bench.other), bench.used_bytes(bench.user));
    assert_eq!(
        bench.listed(bench.other),
        ["Own-1", "bookmarks", "forms", "meta"]
    );
    assert_eq!(walk(bench, bench.user).collections, baggage.collections);
}

pub fn what_is_there_already_stays_as_it_is(bench: &Bench) {
    let baggage = filled(bench);
    let before = bench.modified("bookmarks").unwrap();
    bench.put("bookmarks", &[full("a", "mangled"), full("z", "added")]);
    bench.delete("bookmarks", &super::ids_query(&["b"]));
    bench.put("later", &[full("x", "y")]);
    bench.put("meta", &[full("GLOBAL", "{}")]);
    // All devices have seen all of that.
    let told = bench.read("bookmarks").time();
    let time = take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    assert!(time > told);
    assert_eq!(newer(bench, "bookmarks", told), ["a", "b"]);
    assert_eq!(bench.get("bookmarks", "whole").unwrap().modified, before);
    assert_eq!(walk(bench, bench.user).timeless(), baggage.timeless());
    assert_eq!(
        bench.listed(bench.user),
        ["Own-1", "bookmarks", "forms", "meta"]
    );
    for collection in ["bookmarks", "later", "meta", "Own-1", "gone"] {
        assert_eq!(bench.modified(collection), Some(time), "{collection}");
        assert!(bench.write(collection).time() > time);
    }
    let mine: u64 = baggage
        .records
        .iter()
        .map(|(_, r, _)| r.payload.as_ref().unwrap().len() as u64)
        .sum();
    assert_eq!(bench.used_bytes(bench.user), mine);
}

pub fn letters_of_another_case_are_a_change(bench: &Bench) {
    bench.put("meta", &[full("global", "abc"), full("other", "ABC")]);
    let baggage = walk(bench, bench.user);
    let told = bench.put("meta", &[full("global", "ABC")]);
    take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    assert_eq!(newer(bench, "meta", told), ["global"]);
    assert_eq!(
        bench.get("meta", "global").unwrap().payload.as_deref(),
        Some("abc")
    );
}

pub fn many_records_lie_down_in_their_places(bench: &Bench) {
    let writes: Vec<_> = (0..730).map(|n| full(&format!("r{n:03}"), "old")).collect();
    for part in writes.chunks(100) {
        bench.put("history", part);
    }
    let baggage = walk(bench, bench.user);
    let even: Vec<_> = (0..730).step_by(2).map(|n| format!("r{n:03}")).collect();
    let even: Vec<_> = even.iter().map(String::as_str).collect();
    bench.delete("history", &super::ids_query(&even));
    let strangers: Vec<_> = (0..90)
        .map(|n| full(&format!("r{:03}x", n * 8), "new"))
        .collect();
    let told = bench.put("history", &strangers);
    take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    assert_eq!(newer(bench, "history", told), even);
    assert_eq!(walk(bench, bench.user).timeless(), baggage.timeless());
}

pub fn records_that_are_there_are_not_replaced_unasked(bench: &Bench) {
    let baggage = filled(bench);
    bench.put("bookmarks", &[full("a", "mangled")]);
    let before = walk(bench, bench.user);
    let refused = try_to(
        bench,
        bench.user,
        &baggage,
        (Stamps::New, false),
        usize::MAX,
    );
    assert_eq!(refused.unwrap(), None);
    let after = walk(bench, bench.user);
    assert_eq!(
        (after.collections, after.records),
        (before.collections, before.records)
    );
    let taken = try_to(
        bench,
        bench.other,
        &baggage,
        (Stamps::New, false),
        usize::MAX,
    );
    assert!(taken.unwrap().is_some());
}

pub fn a_source_that_fails_changes_nothing(bench: &Bench) {
    let baggage = filled(bench);
    bench.put("bookmarks", &[full("a", "mangled"), full("z", "added")]);
    let before = walk(bench, bench.user);
    for pieces in [
        0,
        1,
        4,
        baggage.records.len() + baggage.collections.len() - 1,
    ] {
        let torn = try_to(bench, bench.user, &baggage, (Stamps::New, true), pieces);
        assert!(matches!(torn, Err(StorageError::Broken(why)) if why == "torn"));
        let after = walk(bench, bench.user);
        assert_eq!(after.collections, before.collections, "{pieces}");
        assert_eq!(after.records, before.records, "{pieces}");
    }
    assert!(take_in(bench, bench.user, &baggage, Stamps::New).is_some());
}

pub fn a_life_goes_on_where_it_was(bench: &Bench) {
    let Some(clock) = &bench.clock else { return };
    let baggage = filled(bench);
    bench.delete("forms", &Query::default());
    // Longer than the record would have lived.
    clock.move_seconds(20_000);
    take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    assert!(bench.get("forms", "mortal").is_some());
    clock.move_seconds(9_990);
    assert!(bench.get("forms", "mortal").is_some());
    clock.move_seconds(20);
    assert!(bench.get("forms", "mortal").is_none());
    assert_eq!(walk(bench, bench.user).ids("forms"), [""; 0]);
}

pub fn times_can_be_kept(bench: &Bench) {
    let baggage = filled(bench);
    take_in(bench, bench.other, &baggage, Stamps::Kept).unwrap();
    let there = walk(bench, bench.other);
    assert_eq!(there.collections, baggage.collections);
    assert_eq!(there.records, baggage.records);
    let name = name("bookmarks");
    let mut session = bench.storage.write_collection(bench.other, &name).unwrap();
    assert!(session.time() > baggage.at);
    session.put(&[bare("a")]).unwrap();
}

pub fn a_user_without_records_is_a_user(bench: &Bench) {
    let baggage = walk(bench, bench.user);
    assert_eq!((baggage.names(), baggage.records.len()), (vec![], 0));
    bench.put("meta", &[full("global", "{}")]);
    let time = take_in(bench, bench.user, &baggage, Stamps::New).unwrap();
    assert_eq!(bench.listed(bench.user), [""; 0]);
    assert_eq!(bench.modified("meta"), Some(time));
}
