//! Bringing a user's collections back to a moment, in one transaction that holds them all.

use super::keep::COLUMNS;
use super::records::expiry;
use super::sums::settle;
use super::tables::{Tables, WHOLE_USER};
use super::upkeep::{Moment, lock_all};
use super::{Engine, MySqlStorage};
use crate::mysql::{Fault, Lease, row};
use crate::storage::undo::{
    self, Event, History, OVERHEAD, PILLARS, Pillar, Refusal, Restored, Undo, Undone,
};
use crate::storage::{StorageResult, Undoable};
use crate::sync::{CollectionName, Timestamp, UserId};
use mysql::Value;
use std::ops::ControlFlow;

impl Undoable for MySqlStorage {
    fn history(&self, user: UserId) -> StorageResult<History> {
        let engine = &self.engine;
        engine.attempt(&engine.write, |mut lease| {
            let mut history = History::default();
            for collection in collections(engine, &mut lease, user)? {
                let (reach, events) = history_of(engine, &mut lease, user, &collection)?;
                history.reaches.insert(collection.name, reach);
                history.events.extend(events);
            }
            lease.rollback()?;
            let by_time = |event: &Event| std::cmp::Reverse(event.time);
            history.events.sort_by_key(by_time);
            Ok(history)
        })
    }

    fn undo(
        &self,
        user: UserId,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> StorageResult<Result<Undone, Refusal>> {
        let engine = &self.engine;
        engine.attempt(&engine.write, |lease| {
            let back = Back {
                engine,
                user,
                to: undo.to,
            };
            back.run(lease, undo, &mut *tell)
        })
    }
}

/// Whether the record `w` is what its version `v` was, say because this was undone before.
const SAME: &str = "(v.id IS NOT NULL AND w.payload <=> v.payload AND w.sortindex <=> v.sortindex \
                    AND w.ttl <=> v.ttl AND w.parentid <=> v.parentid \
                    AND w.predecessorid <=> v.predecessorid)";

/// A collection with its number and its time.
struct Collection {
    number: i64,
    name: CollectionName,
    modified: Timestamp,
}

/// All collections that the user has records or a time of.
fn collections(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<Vec<Collection>, Fault> {
    let (wbo, times, names) = (
        engine.tables.wbo(user),
        &engine.tables.times,
        &engine.tables.collections,
    );
    let sql = format!(
        "SELECT a.id, c.name, GREATEST(COALESCE(t.modified, 0), \
         COALESCE((SELECT MAX(w.modified) FROM {wbo} AS w \
             WHERE w.username = ? AND w.collection = a.id), 0)) \
         FROM (SELECT collectionid AS id FROM {times} WHERE userid = ? AND collectionid <> ? \
             UNION SELECT collection FROM {wbo} WHERE username = ?) AS a \
         LEFT JOIN {times} AS t ON t.userid = ? AND t.collectionid = a.id \
         LEFT JOIN {names} AS c ON c.userid = ? AND c.collectionid = a.id ORDER BY a.id"
    );
    let number = Value::from(user.number());
    let mut values = vec![number; 5];
    values.insert(2, WHOLE_USER.into());
    let mut all = Vec::new();
    lease.each(&sql, values, |row| {
        let (number, given) = (row::certain(&row, 0)?, row::text(&row, 1));
        // What has no name can be asked for by nobody.
        if let Some(name) = Tables::name_of(number, given.as_deref()) {
            all.push(Collection {
                number,
                name,
                modified: Timestamp::from_centis(row::certain(&row, 2)?),
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(all)
}

fn history_of(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    collection: &Collection,
) -> Result<(Timestamp, Vec<Event>), Fault> {
    let sql = format!(
        "SELECT ended, MAX(CASE id WHEN '' THEN began END), CAST(SUM(deleted) AS SIGNED), \
         CAST(SUM(id <> '') AS SIGNED) FROM {} WHERE userid = ? AND collectionid = ? \
         GROUP BY ended ORDER BY ended DESC",
        engine.tables.kept
    );
    let values = vec![user.number().into(), collection.number.into()];
    let mut events = Vec::new();
    lease.each(&sql, values, |row| {
        let Some(since) = row::number(&row, 1)? else {
            return Ok(ControlFlow::Break(()));
        };
        let (deleted, all) = (counted(&row, 2)?, counted(&row, 3)?);
        events.push(Event {
            collection: collection.name.clone(),
            since: Timestamp::from_centis(since),
            time: Timestamp::from_centis(row::certain(&row, 0)?),
            deleted,
            replaced: all.saturating_sub(deleted),
        });
        Ok(ControlFlow::Continue(()))
    })?;
    let links = events.iter().map(|event| (event.since, event.time));
    let reach = undo::reach(collection.modified, links);
    events.retain(|event| event.deleted + event.replaced > 0);
    Ok((reach, events))
}

fn counted(row: &mysql::Row, column: usize) -> Result<u64, Fault> {
    Ok(u64::try_from(row::number(row, column)?.unwrap_or(0)).unwrap_or(0))
}

/// What statements that bring a collection back join.
struct Joined {
    /// Of each record that has changed since the moment, as `f`, when the version ended that was valid
    /// at it; and as `v` that version, if the record existed then and would not have ended by now.
    versions: String,
    versions_values: Vec<Value>,
    /// The records as they are now, as `w`, that are not what they were.
    there: String,
    there_values: Vec<Value>,
}

/// A user on the way back.
struct Back<'e> {
    engine: &'e Engine,
    user: UserId,
    to: Timestamp,
}

impl Back<'_> {
    fn run(
        &self,
        mut lease: Lease,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> Result<Result<Undone, Refusal>, Fault> {
        let (engine, user) = (self.engine, self.user);
        let summed = lock_all(engine, &mut lease, user)?;
        let all = collections(engine, &mut lease, user)?;
        if let Some(refusal) = self.refusal(&mut lease, undo, &all)? {
            lease.rollback()?;
            return Ok(Err(refusal));
        }
        let moment = Moment::of_all(engine, &mut lease, user)?;
        let time = moment.time;
        let mut done = Undone {
            time,
            collections: Vec::new(),
        };
        for collection in &all {
            let wanted = undo.collection.as_ref();
            if wanted.is_some_and(|only| *only != collection.name) {
                continue;
            }
            let restored = self.restore(&mut lease, collection, moment)?;
            if restored.records() > 0 {
                tell(&restored);
                done.collections.push(restored);
            }
        }
        if undo.rehearsal || done.collections.is_empty() {
            lease.rollback()?;
            return Ok(Ok(done));
        }
        let times = &engine.tables.times;
        let sql = format!("UPDATE {times} SET told = GREATEST(told, ?) WHERE userid = ?");
        lease.run(&sql, vec![time.centis().into(), user.number().into()])?;
        settle(engine, &mut lease, user, summed)?;
        lease.commit()?;
        Ok(Ok(done))
    }

    /// Why it can't be done, if so.
    fn refusal(
        &self,
        lease: &mut Lease,
        undo: &Undo,
        all: &[Collection],
    ) -> Result<Option<Refusal>, Fault> {
        let mut earliest = Timestamp::ZERO;
        for collection in all {
            let name = &collection.name;
            let pillar = PILLARS.iter().any(|(pillar, _)| *pillar == name.as_str());
            if pillar || undo.collection.as_ref().is_none_or(|only| only == name) {
                let (reach, _) = history_of(self.engine, lease, self.user, collection)?;
                earliest = earliest.max(reach);
            }
        }
        if self.to < earliest {
            return Ok(Some(Refusal::TooEarly(earliest)));
        }
        let mut pillars = [Pillar::default(), Pillar::default()];
        for (pillar, (name, id)) in pillars.iter_mut().zip(PILLARS) {
            if let Some(found) = all.iter().find(|one| one.name.as_str() == name) {
                *pillar = self.pillar(lease, found.number, id)?;
            }
        }
        Ok(undo::forbidden(undo, &pillars))
    }

    fn pillar(&self, lease: &mut Lease, number: i64, id: &str) -> Result<Pillar, Fault> {
        let (kept, wbo) = (&self.engine.tables.kept, self.engine.tables.wbo(self.user));
        let (user, to) = (Value::from(self.user.number()), self.to.centis());
        let sql = format!(
            "SELECT payload, modified FROM {wbo} WHERE username = ? AND collection = ? AND id = ?"
        );
        let values = vec![user.clone(), number.into(), id.into()];
        let present = lease.first(&sql, values)?;
        let sql = format!(
            "SELECT payload, began FROM {kept} WHERE userid = ? AND collectionid = ? AND id = ? \
             AND ended > ? ORDER BY ended LIMIT 1"
        );
        let values = vec![user, number.into(), id.into(), to.into()];
        let before = lease.first(&sql, values)?;
        let payload = |row: &mysql::Row| row::text(row, 0).unwrap_or_default().into_owned();
        let now = present.as_ref().map(payload);
        let then = match before.as_ref().or(present.as_ref()) {
            Some(row) if row::number(row, 1)?.unwrap_or(0) <= to => Some(payload(row)),
            _ => None,
        };
        Ok(Pillar { then, now })
    }

    /// Brings one collection back: keeps what is there now, and puts what was there before in its
    /// place.
    fn restore(
        &self,
        lease: &mut Lease,
        collection: &Collection,
        moment: Moment,
    ) -> Result<Restored, Fault> {
        let now = Value::from(moment.time.centis());
        let (kept, wbo) = (&self.engine.tables.kept, self.engine.tables.wbo(self.user));
        let Joined {
            versions,
            versions_values,
            there,
            there_values,
        } = self.joined(collection.number, moment);
        let sql = format!(
            "INSERT IGNORE INTO {kept} ({COLUMNS}) \
             SELECT w.username, w.collection, ?, w.id, COALESCE(w.modified, 0), v.id IS NULL, \
             LENGTH(w.payload) + {OVERHEAD}, w.ttl, w.sortindex, w.parentid, w.predecessorid, \
             w.payload FROM {there} AND w.ttl > ?"
        );
        let mut values = vec![now.clone()];
        values.extend(there_values.clone());
        values.push(expiry(moment.clock));
        let taken = lease.run(&sql, values)?.rows;

        lease.run(&format!("DELETE w FROM {there}"), there_values)?;

        let sql = format!(
            "INSERT INTO {wbo} (username, collection, id, parentid, predecessorid, sortindex, \
             modified, payload, payload_size, ttl) \
             SELECT v.userid, v.collectionid, v.id, v.parentid, v.predecessorid, v.sortindex, \
             ?, v.payload, LENGTH(v.payload), v.ttl FROM {versions} \
             LEFT JOIN {wbo} AS w ON w.username = v.userid AND w.collection = v.collectionid \
             AND w.id = v.id WHERE w.id IS NULL"
        );
        let values = [std::slice::from_ref(&now), &versions_values[..]].concat();
        let back = lease.run(&sql, values)?.rows;

        let sql = format!(
            "SELECT CAST(COALESCE(SUM(deleted), 0) AS SIGNED) FROM {kept} \
             WHERE userid = ? AND collectionid = ? AND ended = ?"
        );
        let values = vec![self.user.number().into(), collection.number.into(), now];
        let row = lease.first(&sql, values)?;
        let removed = row.as_ref().map_or(Ok(0), |row| counted(row, 0))?;
        let reverted = taken.saturating_sub(removed);
        let restored = Restored {
            collection: collection.name.clone(),
            returned: back.saturating_sub(reverted),
            reverted,
            removed,
        };
        if restored.records() > 0 {
            self.link(lease, collection, moment.time)?;
        }
        Ok(restored)
    }

    fn joined(&self, number: i64, moment: Moment) -> Joined {
        let (kept, wbo) = (&self.engine.tables.kept, self.engine.tables.wbo(self.user));
        let place = [Value::from(self.user.number()), number.into()];
        let (to, now) = (
            Value::from(self.to.centis()),
            Value::from(moment.time.centis()),
        );
        let changed = format!(
            "(SELECT id, MIN(ended) AS ended FROM {kept} WHERE userid = ? AND collectionid = ? \
             AND ended > ? AND ended < ? AND id <> '' GROUP BY id) AS f"
        );
        let version = format!(
            "{kept} AS v ON v.userid = ? AND v.collectionid = ? AND v.ended = f.ended \
             AND v.id = f.id AND v.began <= ? AND v.ttl > ?"
        );
        let versions_values = [
            &place[..],
            &[to.clone(), now],
            &place,
            &[to.clone(), expiry(moment.clock)],
        ]
        .concat();
        Joined {
            there: format!(
                "{wbo} AS w LEFT JOIN {changed} ON f.id = w.id LEFT JOIN {version} \
                 WHERE w.username = ? AND w.collection = ? \
                 AND (f.id IS NOT NULL OR w.modified > ?) AND NOT {SAME}"
            ),
            there_values: [&versions_values[..], &place, &[to]].concat(),
            versions: format!("{changed} JOIN {version}"),
            versions_values,
        }
    }

    /// Gives the collection the time of the undo, and joins it to the one before.
    fn link(
        &self,
        lease: &mut Lease,
        collection: &Collection,
        time: Timestamp,
    ) -> Result<(), Fault> {
        let sql = format!(
            "INSERT IGNORE INTO {} (userid, collectionid, ended, id, began, deleted, size) \
             VALUES (?, ?, ?, '', ?, 0, ?)",
            self.engine.tables.kept
        );
        let place = [Value::from(self.user.number()), collection.number.into()];
        let mut values = place.to_vec();
        values.extend([
            time.centis().into(),
            collection.modified.centis().into(),
            OVERHEAD.into(),
        ]);
        lease.run(&sql, values)?;
        let sql = format!(
            "INSERT INTO {} (userid, collectionid, modified, told) VALUES (?, ?, ?, 0) \
             ON DUPLICATE KEY UPDATE modified = VALUES(modified)",
            self.engine.tables.times
        );
        let mut values = place.to_vec();
        values.push(time.centis().into());
        lease.run(&sql, values).map(drop)
    }
}
