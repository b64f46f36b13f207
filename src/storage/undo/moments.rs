//! Which moments are worth going back to, of all at which something was taken away: a person wants the one
//! before the accident, and not each sync of a week.

use super::{Event, History};
use crate::sync::{CollectionName, Timestamp};
use std::collections::BTreeMap;

/// A moment worth going back to: just before something that took much away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// To where to go back.
    pub to: Timestamp,
    /// When what took away so much began.
    pub begun: Timestamp,
    /// What it did: records deleted and replaced, by collection.
    pub changes: BTreeMap<CollectionName, Change>,
}

/// How many records were taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// They were deleted.
    pub deleted: u64,
    /// They were replaced by others.
    pub replaced: u64,
}

/// A change that replaces so many records is worth going back behind, one that deletes any is always.
const MANY: u64 = 10;

/// Changes that follow each other within so many seconds belong together.
const TOGETHER: i64 = 300;

impl Moment {
    /// How many records were taken away in all collections.
    pub fn total(&self) -> Change {
        let sum = |all: Change, one: &Change| Change {
            deleted: all.deleted + one.deleted,
            replaced: all.replaced + one.replaced,
        };
        self.changes.values().fold(Change::default(), sum)
    }
}

impl History {
    /// The moments that make sense, latest first, of one collection or all.
    pub fn moments(&self, collection: Option<&CollectionName>) -> Vec<Moment> {
        let reach = match collection {
            Some(name) => self.reaches.get(name).copied(),
            None => Some(self.reach()),
        };
        let mine = |event: &&Event| collection.is_none_or(|name| *name == event.collection);
        let mut moments: Vec<Moment> = Vec::new();
        let mut last = Timestamp::ZERO;
        for event in self.events.iter().rev().filter(mine) {
            let begins = event.deleted > 0 || event.replaced >= MANY;
            let follows = event.time <= last.plus_seconds(TOGETHER);
            if !begins && !follows {
                continue;
            }
            if !follows || moments.is_empty() {
                moments.push(Moment {
                    to: event.time.previous(),
                    begun: event.time,
                    changes: BTreeMap::new(),
                });
            }
            let Some(moment) = moments.last_mut() else {
                continue;
            };
            let change = moment.changes.entry(event.collection.clone());
            let change = change.or_default();
            change.deleted += event.deleted;
            change.replaced += event.replaced;
            if begins {
                last = event.time;
            }
        }
        moments.retain(|moment| reach.is_some_and(|reach| moment.to >= reach));
        moments.reverse();
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_centis(seconds * 100)
    }

    fn event(collection: &str, seconds: i64, deleted: u64, replaced: u64) -> Event {
        Event {
            collection: CollectionName::new(collection).unwrap(),
            since: Timestamp::ZERO,
            time: at(seconds),
            deleted,
            replaced,
        }
    }

    #[test]
    fn a_moment_is_before_what_took_much_away_and_all_that_followed() {
        let history = History {
            events: vec![
                event("tabs", 5000, 0, 1),
                event("bookmarks", 1400, 0, 100),
                event("tabs", 1200, 0, 1),
                event("history", 1100, 900, 0),
                event("bookmarks", 1000, 300, 0),
                event("tabs", 900, 0, 1),
            ],
            reaches: [("history", 0), ("bookmarks", 500)]
                .map(|(name, time)| (CollectionName::new(name).unwrap(), at(time)))
                .into(),
        };
        let moments = history.moments(None);
        assert_eq!(moments.len(), 1);
        assert_eq!(moments[0].to, at(1000).previous());
        let total = Change {
            deleted: 1200,
            replaced: 101,
        };
        assert_eq!(moments[0].total(), total);
        let name = CollectionName::new("history").unwrap();
        let moments = history.moments(Some(&name));
        assert_eq!(moments[0].begun, at(1100));
        let late = History {
            reaches: [(name.clone(), at(1050))].into(),
            ..history
        };
        assert_eq!(late.moments(None), []);
        assert_eq!(late.moments(Some(&name)).len(), 1);
    }
}
