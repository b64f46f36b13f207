//! Going back: what writes replace and delete is kept for some days, so that an account that a browser
//! has wiped or mangled can be brought back to a moment before.
//!
//! With every change an engine keeps, in the same transaction, the old version of each record that it
//! replaces or deletes, *until* when it was valid, and for the collection a *link*: from which time to
//! which this change took it. From this follows what a collection held at a moment T:
//!
//! * a record of which versions are kept whose end is later than T: the one of these that ended first;
//! * any other record: what there is now;
//! * but whoever has a time later than T did not exist yet.
//!
//! This is right if the links lead from the collection's present time back to T without a gap. A write
//! that kept nothing (by PHP, or while this was switched off) and versions that were dropped for their
//! age or size leave a gap, and nobody is ever brought back to behind one.
//!
//! An undo is a change like any other: later than all that was told, seen by every browser that asks
//! for what is newer, and to be undone itself. Why whole accounts and single collections differ is in
//! `docs/undo.md`.

mod moments;

pub use moments::{Change, Moment};

use super::StorageResult;
use crate::sync::{CollectionName, Timestamp, UserId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long, and how much of each user, replaced and deleted records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// For so long.
    pub time: Duration,
    /// At most so many bytes of one user, with what each record costs beside its payload. The oldest go
    /// first.
    pub bytes: u64,
}

impl Default for Keeping {
    fn default() -> Self {
        Keeping {
            time: Duration::from_secs(7 * 86_400),
            bytes: 256 << 20,
        }
    }
}

impl Keeping {
    /// What ended at this time or before is too old at `now`.
    pub fn too_old(&self, now: Timestamp) -> Timestamp {
        let seconds = i64::try_from(self.time.as_secs()).unwrap_or(i64::MAX / 200);
        now.plus_seconds(-seconds)
    }
}

/// What is kept of one record beside its payload, in bytes, about.
pub(super) const OVERHEAD: u32 = 128;

/// One write in this many looks whether something kept may go.
pub(super) const PRUNES: i64 = 64;

/// At most so many kept records go with one write.
pub(super) const PRUNED_TOGETHER: u64 = 500;

/// The time up to which a user's kept records go: too old, or more than fit. `sizes` are the bytes kept
/// at each time, latest first.
pub(super) fn cut(
    keeping: Keeping,
    now: Timestamp,
    sizes: impl IntoIterator<Item = (Timestamp, u64)>,
) -> Timestamp {
    let too_old = keeping.too_old(now);
    let mut room = keeping.bytes;
    for (time, bytes) in sizes {
        match room.checked_sub(bytes) {
            Some(left) => room = left,
            None => return time.max(too_old),
        }
    }
    too_old
}

/// One change of one collection in which records were replaced or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The collection.
    pub collection: CollectionName,
    /// The time that it had before.
    pub since: Timestamp,
    /// The time of the change.
    pub time: Timestamp,
    /// How many records were deleted.
    pub deleted: u64,
    /// How many records were replaced by others.
    pub replaced: u64,
}

/// What can be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The changes that are kept, latest first.
    pub events: Vec<Event>,
    /// The earliest moment to which each collection can be brought back.
    pub reaches: BTreeMap<CollectionName, Timestamp>,
}

/// The earliest moment to which the links lead from the `present`, the collection's time. They come
/// latest first, each with the time before and the time of a change.
pub(super) fn reach(
    present: Timestamp,
    links: impl IntoIterator<Item = (Timestamp, Timestamp)>,
) -> Timestamp {
    let mut reach = present;
    // A snapshot may see links of changes that came after its collection's time.
    for (since, until) in links.into_iter().skip_while(|link| link.1 > present) {
        match until == reach {
            true => reach = since,
            false => break,
        }
    }
    reach
}

/// Why an account, or a collection, is not brought back to a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not enough is kept. From this moment on it is.
    TooEarly(Timestamp),
    /// At that moment `crypto/keys` was another: the records could be read by no browser now.
    OtherKeys,
    /// `meta` and `crypto` say how all others are to be read, and come back with all others only.
    OnlyTogether,
    /// At that moment the account lacked `meta/global` or `crypto/keys`, upon which browsers would
    /// wipe it.
    NotSetUp,
}

/// To where to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The moment; what was changed at it has been changed.
    pub to: Timestamp,
    /// One collection; without it the whole account.
    pub collection: Option<CollectionName>,
    /// Nothing is changed, and all is counted as if it were.
    pub rehearsal: bool,
}

/// What an undo did to one collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The collection.
    pub collection: CollectionName,
    /// Records that were gone and are there again.
    pub returned: u64,
    /// Records that were there and are again what they were.
    pub reverted: u64,
    /// Records that did not exist at the moment, and are gone.
    pub removed: u64,
}

impl Restored {
    /// How many records it touched.
    pub fn records(&self) -> u64 {
        self.returned + self.reverted + self.removed
    }
}

/// What an undo did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// Its time.
    pub time: Timestamp,
    /// The collections that it changed.
    pub collections: Vec<Restored>,
}

/// A storage engine that keeps what writes replace.
pub trait Undoable {
    /// What can be undone of what the user has.
    fn history(&self, user: UserId) -> StorageResult<History>;

    /// Brings everything, or one collection, to what it was at a moment, in one transaction. What
    /// differs gets the transaction's time, which is later than all that were told; the rest stays as
    /// it is. `tell` is called with what was done to each collection.
    fn undo(
        &self,
        user: UserId,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> StorageResult<Result<Undone, Refusal>>;
}

/// `meta/global` or `crypto/keys`: the payload at the moment and the present one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pillar {
    pub(super) then: Option<String>,
    pub(super) now: Option<String>,
}

/// The two records on which browsers rely before they believe in all others.
pub(super) const PILLARS: [(&str, &str); 2] = [("meta", "global"), ("crypto", "keys")];

/// Whether the pillars forbid it.
pub(super) fn forbidden(undo: &Undo, [meta, crypto]: &[Pillar; 2]) -> Option<Refusal> {
    match &undo.collection {
        Some(name) if matches!(name.as_str(), "meta" | "crypto") => Some(Refusal::OnlyTogether),
        Some(_) if crypto.then != crypto.now => Some(Refusal::OtherKeys),
        Some(_) => None,
        None => {
            let lost = |pillar: &Pillar| pillar.then.is_none() && pillar.now.is_some();
            (lost(meta) || lost(crypto)).then_some(Refusal::NotSetUp)
        }
    }
}

impl History {
    /// The earliest moment to which the whole account can be brought back.
    pub fn reach(&self) -> Timestamp {
        let latest = self.reaches.values().max();
        latest.copied().unwrap_or(Timestamp::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_centis(seconds * 100)
    }

    #[test]
    fn links_reach_back_to_the_first_gap() {
        let links = [(at(4), at(5)), (at(2), at(4)), (at(1), at(2))];
        assert_eq!(reach(at(5), links), at(1));
        assert_eq!(reach(at(6), links), at(6));
        assert_eq!(reach(at(5), [links[0], links[2]]), at(4));
    }

    #[test]
    fn what_is_too_old_goes_and_what_does_not_fit() {
        let keeping = Keeping {
            time: Duration::from_secs(100),
            bytes: 10,
        };
        let sizes = [(at(990), 4), (at(980), 4), (at(970), 4), (at(960), 1)];
        assert_eq!(cut(keeping, at(1000), sizes), at(970));
        assert_eq!(cut(keeping, at(1000), [(at(990), 10)]), at(900));
        assert_eq!(cut(keeping, at(1080), sizes), at(980));
    }

    #[test]
    fn no_undo_takes_away_what_browsers_rely_on() {
        let pillar = |then: Option<&str>, now: Option<&str>| Pillar {
            then: then.map(str::to_owned),
            now: now.map(str::to_owned),
        };
        let undo = |collection: Option<&str>| Undo {
            to: at(1),
            collection: collection.map(|name| CollectionName::new(name).unwrap()),
            rehearsal: false,
        };
        let same = pillar(Some("a"), Some("a"));
        let (other, none) = (pillar(Some("a"), Some("b")), pillar(None, Some("b")));
        let wiped = pillar(Some("a"), None);
        let cases = [
            (None, [&same, &same], None),
            (None, [&other, &other], None),
            (None, [&wiped, &wiped], None),
            (None, [&none, &same], Some(Refusal::NotSetUp)),
            (None, [&same, &none], Some(Refusal::NotSetUp)),
            (Some("history"), [&other, &same], None),
            (Some("history"), [&same, &other], Some(Refusal::OtherKeys)),
            (Some("history"), [&wiped, &wiped], Some(Refusal::OtherKeys)),
            (Some("meta"), [&same, &same], Some(Refusal::OnlyTogether)),
            (Some("crypto"), [&same, &same], Some(Refusal::OnlyTogether)),
        ];
        for (collection, [meta, crypto], expected) in cases {
            let pillars = [meta.clone(), crypto.clone()];
            assert_eq!(
                forbidden(&undo(collection), &pillars),
                expected,
                "{collection:?} {pillars:?}"
            );
        }
    }
}
