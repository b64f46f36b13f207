//! `tabs:<uid>`: the only place where PHP keeps the collection `tabs`.
//!
//! What PHP stored there is absorbed into the database by whoever looks first, and every change that
//! Weft makes to the collection is published there. Both happen while the collection is locked in the
//! database, so Weft's hosts don't undo each other's; PHP locks nothing.
//!
//! # Stored or left over
//!
//! A tab in the cache that the database does not have was stored by PHP, or it was published by Weft
//! and has been deleted or has outlived its ttl since. To tell them apart Weft publishes times as PHP
//! integers; PHP stores doubles, and passes on what it does not change as it was. Neither cares about the
//! difference. A tab of PHP's that is much older than the collection's last change would have been
//! absorbed at that change: it was deleted when the cache could not be reached.
//!
//! # Deleted or lost
//!
//! That PHP does not have a tab means little: memcached may have been restarted, and two PHP hosts that
//! store at once lose one's tab. Only a deletion leaves in `coll:<uid>` a time for `tabs` that is later
//! than all tabs, with their number. If the number is 0, all earlier tabs are deleted (PHP leaves the
//! last one where it is, or has deleted the whole key); if it is the number of PHP's tabs, those that PHP
//! does not have are. When a later tab has covered that trace, a deleted tab stays: of the two mistakes
//! the one that loses nothing.

use super::write::Write;
use super::{Listing, PLAUSIBLY_AHEAD, Shared};
use crate::cache::legacy::{FLAG_COMPRESSED, LegacyTabs, LegacyTime, Tab, TimeForm, tabs_key};
use crate::cache::{Change, Entry, Looked, update};
use crate::storage::{
    CollectionSession, Columns, ReadFrom, StorageError, StorageResult, WriteSession,
};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, Ttl, UserId, WboWrite};
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

const NAME: &str = "tabs";

/// PHP's longest request, and a clock that is off by 90 seconds.
const PHP_MAY_BE_LATE_BY: i64 = 120;

/// How long an absorbed tab lives: as long as browsers say, whom PHP did not listen to in this (seen in
/// desktop client).
const LIFE_SECONDS: i64 = 604_800;

/// More than memcached takes: such tabs are not published.
const LARGEST: usize = 1 << 20;

pub(super) fn is_tabs(name: &CollectionName) -> bool {
    name.as_str() == NAME
}

/// What PHP did that the database does not know.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) stored: Vec<WboWrite>,
    pub(super) deleted: Vec<RecordId>,
    /// When PHP last stored one of these.
    pub(super) newest: Option<Timestamp>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.deleted.is_empty()
    }
}

/// Brings into the database what PHP did to the user's tabs.
pub(super) fn absorb(shared: &Arc<Shared>, user: UserId, listing: &Listing) -> StorageResult<()> {
    let name = CollectionName::new(NAME)
        .map_err(|_| StorageError::Broken("tabs can't be a name".to_owned()))?;
    if PhpTabs::look(shared, user, listing).has_nothing_to_tell() {
        return Ok(());
    }
    let mut snapshot = shared
        .inner
        .read_collection(user, &name, ReadFrom::Primary)?;
    if plan(shared, user, listing, &mut *snapshot)?.is_empty() {
        return Ok(());
    }
    drop(snapshot);
    // Looked at again while nobody else may: another host may have been faster.
    let inner = shared.inner.write_collection(user, &name)?;
    let mut session = Write::new(Arc::clone(shared), user, name, inner);
    if session.absorb(&Listing::look(shared, user))? {
        Box::new(session).commit()?;
    }
    Ok(())
}

/// Compares what PHP has now with what the session sees.
pub(super) fn plan(
    shared: &Shared,
    user: UserId,
    listing: &Listing,
    session: &mut (impl CollectionSession + ?Sized),
) -> StorageResult<Plan> {
    let php = PhpTabs::look(shared, user, listing);
    let mut plan = Plan::default();
    if php.has_nothing_to_tell() {
        return Ok(plan);
    }
    let (time, modified) = (session.time(), session.modified()?);
    let left_over = modified.map(|modified| modified.plus_seconds(-PHP_MAY_BE_LATE_BY));
    for (id, tab) in php.tabs.iter().filter(|_| !php.all_deleted()) {
        if tab.modified.form == TimeForm::Int {
            continue;
        }
        let (Ok(id), Ok(payload)) = (RecordId::new(id), String::from_utf8(tab.payload.clone()))
        else {
            continue;
        };
        let stored = Timestamp::from_centis(tab.modified.centiseconds);
        if stored > time.plus_seconds(PLAUSIBLY_AHEAD) {
            continue;
        }
        let mut known = Some(stored) < left_over;
        session.get(&id, &mut |wbo| {
            // A PHP host whose clock is ahead would else be absorbed again and again.
            let same = wbo.payload == Some(&payload) && stored > time;
            known = stored <= wbo.modified || same;
        })?;
        if !known {
            plan.newest = plan.newest.max(Some(stored));
            plan.stored.push(WboWrite {
                payload: Some(payload),
                ttl: Ttl::from_seconds(LIFE_SECONDS),
                ..WboWrite::new(id)
            });
        }
    }
    if let Some(deletion) = php.deletion {
        let earlier = Query {
            older: Some(deletion),
            ..Query::default()
        };
        session.scan(&earlier, Columns::Id, &mut |wbo| {
            if (php.all_deleted() || php.tabs.get(wbo.id).is_none())
                && let Ok(id) = RecordId::new(wbo.id)
            {
                plan.deleted.push(id);
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(plan)
}

/// What the cache tells of PHP's tabs.
struct PhpTabs {
    tabs: LegacyTabs,
    /// When PHP deleted a tab, if that is the last thing it did to them.
    deletion: Option<Timestamp>,
    listed: Option<i64>,
}

impl PhpTabs {
    fn look(shared: &Shared, user: UserId, listing: &Listing) -> Self {
        let nothing = PhpTabs {
            tabs: LegacyTabs::default(),
            deletion: None,
            listed: None,
        };
        let tabs = match shared.cache.look(&tabs_key(user.number().into())) {
            Looked::Found(entry) => decode(&entry),
            Looked::Missing => Some(LegacyTabs::default()),
            Looked::Away => None,
        };
        let (Some(tabs), Ok(name)) = (tabs, CollectionName::new(NAME)) else {
            return nothing;
        };
        let newest = tabs.newest().map_or(0, |time| time.centiseconds);
        let listed = listing.entry(&name);
        let number = listed.and_then(|listed| listed.count);
        let time = listed.map(|listed| listed.modified.centiseconds);
        let counted = number.is_some_and(|number| number == 0 || number == tabs.len() as i64);
        let deletion = time.filter(|time| counted && *time > newest);
        PhpTabs {
            deletion: deletion.map(Timestamp::from_centis),
            listed: number,
            tabs,
        }
    }

    fn all_deleted(&self) -> bool {
        self.deletion.is_some() && self.listed == Some(0)
    }

    fn has_nothing_to_tell(&self) -> bool {
        let published = |(_, tab): (&str, &Tab)| tab.modified.form == TimeForm::Int;
        self.tabs.iter().all(published) && self.deletion.is_none()
    }
}

fn decode(entry: &Entry) -> Option<LegacyTabs> {
    match LegacyTabs::decode(&entry.bytes) {
        Ok(tabs) if entry.flags & FLAG_COMPRESSED == 0 => Some(tabs),
        Ok(_) => None,
        Err(error) => {
            log::warn!("{error}");
            None
        }
    }
}

/// All tabs as the database has them, on their way to PHP.
pub(super) struct Published<'d> {
    tabs: Vec<(String, Tab)>,
    deleted: HashSet<&'d str>,
    too_large: bool,
}

impl<'d> Published<'d> {
    pub(super) fn read(
        session: &mut dyn WriteSession,
        deleted: &'d [String],
    ) -> StorageResult<Self> {
        let (mut tabs, mut size) = (Vec::new(), 0);
        session.scan(&Query::default(), Columns::All, &mut |wbo| {
            let payload = wbo.payload.unwrap_or_default().as_bytes().to_vec();
            size += payload.len();
            let modified = LegacyTime {
                centiseconds: wbo.modified.centis(),
                form: TimeForm::Int,
            };
            tabs.push((wbo.id.to_owned(), Tab { modified, payload }));
            match size > LARGEST {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        let mut deleted: HashSet<&str> = deleted.iter().map(String::as_str).collect();
        tabs.iter().for_each(|(id, _)| {
            deleted.remove(id.as_str());
        });
        Ok(Published {
            tabs,
            deleted,
            too_large: size > LARGEST,
        })
    }

    /// Puts them where PHP looks. What PHP has stored since the session looked stays.
    pub(super) fn publish(&self, shared: &Shared, user: UserId) {
        let key = tabs_key(user.number().into());
        if self.too_large {
            log::warn!("{key} is too large for the cache and stays as it was");
            return;
        }
        update(&*shared.cache, &key, shared.kind(), |found| {
            let before = found.map(|entry| decode(entry).unwrap_or_default());
            let mut tabs = before.clone().unwrap_or_default();
            for (id, tab) in tabs.clone().iter() {
                if tab.modified.form == TimeForm::Int && !self.tabs.iter().any(|(own, _)| own == id)
                {
                    tabs.remove(id);
                }
            }
            for (id, tab) in &self.tabs {
                let listed = tabs.get(id).map(|listed| listed.modified.centiseconds);
                if listed < Some(tab.modified.centiseconds) {
                    tabs.set(id, tab.clone());
                }
            }
            for id in &self.deleted {
                tabs.remove(id);
            }
            match tabs.encode() {
                Some(_) if before.as_ref() == Some(&tabs) => Change::Keep,
                Some(bytes) => Change::Store(bytes),
                None if before.is_some() => Change::Delete,
                None => Change::Keep,
            }
        });
    }
}
