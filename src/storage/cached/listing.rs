//! `coll:<uid>`: what PHP believes about a user's collections.

use super::{PLAUSIBLY_AHEAD, Shared, tabs};
use crate::cache::legacy::{CollectionEntry, CollectionList, FLAG_COMPRESSED, collections_key};
use crate::cache::{Change, Entry, Item, Looked, Replaced, update};
use crate::storage::{AccountSession, StorageResult};
use crate::sync::{CollectionName, Timestamp, UserId};

/// The entry of one user, as it was found.
#[derive(Default)]
pub(super) struct Listing {
    found: Option<(Entry, CollectionList)>,
}

impl Listing {
    pub(super) fn look(shared: &Shared, user: UserId) -> Self {
        let key = collections_key(user.number().into());
        let Looked::Found(entry) = shared.cache.look(&key) else {
            return Listing::default();
        };
        Listing {
            found: decode(&entry).map(|list| (entry, list)),
        }
    }

    /// The time that PHP tells for a collection. One that lies in a far future is none.
    pub(super) fn time(&self, name: &CollectionName, now: Timestamp) -> Option<Timestamp> {
        let time = self.entry(name)?.modified.centiseconds;
        let time = Timestamp::from_centis(time);
        (time <= now.plus_seconds(PLAUSIBLY_AHEAD)).then_some(time)
    }

    /// All that PHP tells of a collection.
    pub(super) fn entry(&self, name: &CollectionName) -> Option<&CollectionEntry> {
        self.found.as_ref()?.1.get(name.as_str())
    }

    /// Puts right what is older than a snapshot that was made after the look. If somebody has changed
    /// the entry since, the next reader will see what is left to do.
    pub(super) fn repair(
        &self,
        shared: &Shared,
        user: UserId,
        times: &[(CollectionName, Timestamp)],
        snapshot: &mut dyn AccountSession,
    ) -> StorageResult<()> {
        let Some((entry, list)) = &self.found else {
            return Ok(());
        };
        let is_older = |name: &CollectionName, time: Timestamp| {
            let listed = list.get(name.as_str());
            listed.is_none_or(|listed| listed.modified.centiseconds < time.centis())
        };
        // Tabs are set together with their own value, or PHP's last change of them could not be told.
        let older = times
            .iter()
            .filter(|(name, time)| !tabs::is_tabs(name) && is_older(name, *time));
        let older: Vec<_> = older.collect();
        if older.is_empty() {
            return Ok(());
        }
        let (mut right, counts) = (list.clone(), snapshot.counts()?);
        for (name, time) in older {
            let count = counts.iter().find(|(counted, _)| counted == name);
            let count = count.map_or(0, |(_, count)| signed(*count));
            right.set(
                name.as_str(),
                CollectionEntry::rebuilt(time.centis(), count),
            );
        }
        if let Some(bytes) = right.encode() {
            let item = Item {
                bytes: &bytes,
                flags: shared.kind().flags,
                life: shared.life,
            };
            let key = collections_key(user.number().into());
            if shared.cache.replace(&key, entry, item) == Replaced::Yes {
                log::info!("{key} in the cache was older than the database and is repaired");
            }
        }
        Ok(())
    }
}

/// Tells PHP of a committed change: that the collection has so many records since that time.
pub(super) fn tell(
    shared: &Shared,
    user: UserId,
    name: &CollectionName,
    time: Timestamp,
    count: u64,
) {
    let key = collections_key(user.number().into());
    let entry = CollectionEntry::written(time.centis(), signed(count));
    update(&*shared.cache, &key, shared.kind(), |found| {
        let list = match found {
            // All or nothing: PHP would take a part for the whole.
            None => rebuilt(shared, user),
            Some(found) => decode(found),
        };
        let Some(mut list) = list else {
            return match found {
                // PHP rebuilds what is missing.
                Some(_) => Change::Delete,
                None => Change::Keep,
            };
        };
        let later = list
            .get(name.as_str())
            .filter(|listed| listed.modified.centiseconds >= time.centis())
            .copied();
        match later {
            // Never back in time. The number of tabs tells a deletion from a loss and must be right.
            Some(later) if tabs::is_tabs(name) && later.count != entry.count => {
                let count = entry.count;
                list.set(name.as_str(), CollectionEntry { count, ..later });
            }
            Some(_) if found.is_some() => return Change::Keep,
            Some(_) => {}
            None => list.set(name.as_str(), entry),
        }
        list.encode().map_or(Change::Delete, Change::Store)
    });
}

fn decode(entry: &Entry) -> Option<CollectionList> {
    match CollectionList::decode(&entry.bytes) {
        Ok(list) if entry.flags & FLAG_COMPRESSED == 0 => Some(list),
        Ok(_) => None,
        Err(error) => {
            log::warn!("{error}");
            None
        }
    }
}

/// What PHP would make of the database.
fn rebuilt(shared: &Shared, user: UserId) -> Option<CollectionList> {
    let read = || {
        let mut account = shared.inner.read_account(user)?;
        let (times, counts) = (account.times()?, account.counts()?);
        let mut list = CollectionList::default();
        for ((name, time), (_, count)) in times.into_iter().zip(counts) {
            let entry = CollectionEntry::rebuilt(time.centis(), signed(count));
            list.set(name.as_str(), entry);
        }
        StorageResult::Ok(list)
    };
    match read() {
        Ok(list) => Some(list),
        Err(error) => {
            log::warn!("the cache stays without a user's collections: {error}");
            None
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
