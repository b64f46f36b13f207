//! What concerns whole users and whole tables: deleting all, forgetting, purging, checking.

use super::Engine;
use super::keep::{forget, keep_all};
use super::records::{expiry, list};
use super::sums::{is_marked, settle, weigh};
use super::tables::{NEVER, NOW};
use super::write::lock_user;
use crate::mysql::Fault;
use crate::mysql::Lease;
use crate::mysql::row;
use crate::sync::{Timestamp, UserId};
use mysql::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// How many expired records go in one transaction at most.
const PURGED_TOGETHER: u64 = 64;

/// Deletes all records of a user; every collection that had some gets the time, which is answered.
pub(super) fn delete_records(
    engine: &Engine,
    mut lease: Lease,
    user: UserId,
) -> Result<Timestamp, Fault> {
    let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
    let number = Value::from(user.number());
    let summed = lock_all(engine, &mut lease, user)?;
    let moment = Moment::of_all(engine, &mut lease, user)?;
    keep_all(engine, &mut lease, user, moment)?;
    let time = moment.time.centis();
    let sql = format!(
        "INSERT INTO {times} (userid, collectionid, modified, told) \
         SELECT DISTINCT w.username, w.collection, CAST(? AS SIGNED), 0 \
         FROM {wbo} AS w WHERE w.username = ? AND w.ttl > ? \
         ON DUPLICATE KEY UPDATE modified = VALUES(modified)"
    );
    let now = expiry(moment.clock);
    lease.run(&sql, vec![time.into(), number.clone(), now])?;
    // Collections without records, present and future, were told this time too.
    let sql = format!("UPDATE {times} SET told = GREATEST(told, ?) WHERE userid = ?");
    lease.run(&sql, vec![time.into(), number.clone()])?;
    let sql = format!("DELETE FROM {wbo} WHERE username = ?");
    lease.run(&sql, vec![number])?;
    settle(engine, &mut lease, user, summed)?;
    lease.commit()?;
    Ok(moment.time)
}

/// When a change to all that a user has takes place.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// The time that it gets: later than all that was told.
    pub(super) time: Timestamp,
    /// The database's clock, by which records expire, also where the time is ahead of it.
    pub(super) clock: Timestamp,
}

impl Moment {
    /// Chooses the time when everything is locked.
    pub(super) fn of_all(
        engine: &Engine,
        lease: &mut Lease,
        user: UserId,
    ) -> Result<Moment, Fault> {
        let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
        let number = Value::from(user.number());
        let sql = format!(
            "SELECT {NOW}, GREATEST({NOW}, ?, {}, \
             (SELECT COALESCE(MAX(GREATEST(modified, told)), 0) + 1 FROM {times} WHERE userid = ?), \
             (SELECT COALESCE(MAX(modified), 0) + 1 FROM {wbo} WHERE username = ?))",
            engine.after_shown()
        );
        let told = engine.after_all_told().centis().into();
        let row = lease.row(&sql, vec![told, number.clone(), number])?;
        Ok(Moment {
            clock: Timestamp::from_centis(row::certain(&row, 0)?),
            time: Timestamp::from_centis(row::certain(&row, 1)?),
        })
    }
}

/// Deletes all that there is of a user.
pub(super) fn forget_user(engine: &Engine, mut lease: Lease, user: UserId) -> Result<(), Fault> {
    lock_all(engine, &mut lease, user)?;
    let tables = &engine.tables;
    for (table, column) in [
        (&tables.wbo(user), "username"),
        (&tables.collections, "userid"),
        (&tables.times, "userid"),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {column} = ?");
        lease.run(&sql, vec![user.number().into()])?;
    }
    forget(engine, &mut lease, user)?;
    lease.commit()
}

/// Waits for all writers of the user, and lets no new one in. Answers whether the rows of collections
/// have room for sums, which then must be [settled](settle).
pub(super) fn lock_all(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<bool, Fault> {
    engine.distrust_sums(lease)?;
    lock_user(engine, lease, user)?;
    let sql = format!(
        "SELECT * FROM {} WHERE userid = ? ORDER BY collectionid FOR UPDATE",
        engine.tables.times
    );
    let mut summed = false;
    lease.each(&sql, vec![user.number().into()], |row| {
        summed = row::named(&row, "counted").is_some();
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(summed)
}

/// Removes at most so many expired records from one table; answers how many went. They are found
/// first and then removed collection by collection, each as its writers do it: one statement over
/// all of them would hold many rows at once, and writers of any might have to die for it.
pub(super) fn purge_table(
    engine: &Engine,
    mut lease: Lease,
    table: &str,
    most: u64,
) -> Result<u64, Fault> {
    let lease = &mut lease;
    let mut gone = 0;
    let marked = is_marked(lease, &engine.tables)? && engine.keeps_sums(lease);
    if !marked && leads_with_ttl(lease, table)? {
        while gone < most {
            let (now, found) = expired(lease, table, (most - gone).min(PURGED_TOGETHER))?;
            let before = gone;
            for ((user, collection), ids) in found {
                let place = Place {
                    table,
                    user,
                    collection,
                };
                gone += remove(engine, lease, &place, (&ids, now))?;
            }
            if gone == before {
                break;
            }
        }
        return Ok(gone);
    }
    let now = now(lease)?;
    let places = match marked {
        true => places_due(engine, lease, table, now)?,
        false => places(lease, table, now)?,
    };
    for place in places {
        while gone < most {
            let ids = expired_at(lease, &place, now, (most - gone).min(PURGED_TOGETHER))?;
            let went = remove(engine, lease, &place, (&ids, now))?;
            gone += went;
            if went == 0 {
                break;
            }
        }
    }
    Ok(gone)
}

/// A collection of a user, by their numbers.
struct Place<'t> {
    table: &'t str,
    user: i64,
    collection: i64,
}

impl Place<'_> {
    fn values(&self) -> Vec<Value> {
        vec![self.user.into(), self.collection.into()]
    }
}

type ByCollection = BTreeMap<(i64, i64), Vec<Value>>;

/// The database's time.
pub(super) fn now(lease: &mut Lease) -> Result<Timestamp, Fault> {
    let row = lease.row(&format!("SELECT {NOW}"), Vec::new())?;
    Ok(Timestamp::from_centis(row::certain(&row, 0)?))
}

/// Whether an index leads from a time to the records of all users that expire then, as in the tables
/// that PHP made.
fn leads_with_ttl(lease: &mut Lease, table: &str) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
               AND TABLE_NAME = ? AND COLUMN_NAME = 'ttl' AND SEQ_IN_INDEX = 1 LIMIT 1";
    let row = lease.first(sql, vec![table.trim_matches('`').into()])?;
    Ok(row.is_some())
}

/// Finds expired records of all users by the index of their times.
fn expired(lease: &mut Lease, table: &str, most: u64) -> Result<(Timestamp, ByCollection), Fault> {
    let now = now(lease)?;
    let sql = format!("SELECT username, collection, id FROM {table} WHERE ttl <= ? LIMIT ?");
    let mut found = ByCollection::new();
    lease.each(&sql, vec![expiry(now), most.into()], |row| {
        let place = (row::certain(&row, 0)?, row::certain(&row, 1)?);
        let id = row.as_ref(2).cloned().unwrap_or(Value::NULL);
        found.entry(place).or_default().push(id);
        Ok(ControlFlow::Continue(()))
    })?;
    lease.rollback()?;
    Ok((now, found))
}

/// The collections of all users with records that have expired: a step in an index for each collection.
fn places<'t>(lease: &mut Lease, table: &'t str, now: Timestamp) -> Result<Vec<Place<'t>>, Fault> {
    let sql = format!(
        "SELECT username, collection FROM {table} GROUP BY username, collection \
         HAVING MIN(ttl) <= ?"
    );
    let mut places = Vec::new();
    lease.each(&sql, vec![expiry(now)], |row| {
        places.push(Place {
            table,
            user: row::certain(&row, 0)?,
            collection: row::certain(&row, 1)?,
        });
        Ok(ControlFlow::Continue(()))
    })?;
    lease.rollback()?;
    Ok(places)
}

/// The collections of the users of a table in which records may have expired, as our own table says.
fn places_due<'t>(
    engine: &Engine,
    lease: &mut Lease,
    table: &'t str,
    now: Timestamp,
) -> Result<Vec<Place<'t>>, Fault> {
    let sql = format!(
        "SELECT userid, collectionid FROM {} WHERE expires <= ? AND collectionid >= 0",
        engine.tables.times
    );
    let mut places = Vec::new();
    lease.each(&sql, vec![expiry(now)], |row| {
        let (user, collection) = (row::certain(&row, 0)?, row::certain(&row, 1)?);
        let number = UserId::new(u32::try_from(user).unwrap_or_default());
        if engine.tables.wbo(number) == table {
            places.push(Place {
                table,
                user,
                collection,
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    lease.rollback()?;
    Ok(places)
}

/// Finds expired records of one collection.
fn expired_at(
    lease: &mut Lease,
    place: &Place<'_>,
    now: Timestamp,
    most: u64,
) -> Result<Vec<Value>, Fault> {
    let sql = format!(
        "SELECT id FROM {} WHERE username = ? AND collection = ? AND ttl <= ? LIMIT ?",
        place.table
    );
    let mut values = place.values();
    values.extend([expiry(now), most.into()]);
    let mut ids = Vec::new();
    lease.each(&sql, values, |row| {
        ids.push(row.as_ref(0).cloned().unwrap_or(Value::NULL));
        Ok(ControlFlow::Continue(()))
    })?;
    lease.rollback()?;
    Ok(ids)
}

fn remove(
    engine: &Engine,
    lease: &mut Lease,
    place: &Place<'_>,
    (ids, now): (&[Value], Timestamp),
) -> Result<u64, Fault> {
    let times = &engine.tables.times;
    let sql = format!("SELECT * FROM {times} WHERE userid = ? AND collectionid = ? FOR UPDATE");
    let row = lease.first(&sql, place.values())?;
    let sums = match row.as_ref().and_then(|row| row::named(row, "counted")) {
        Some(_) => Some(sums_without(
            lease,
            place,
            (ids, now),
            engine.keeps_sums(lease),
        )?),
        None => None,
    };
    let (mut gone, table) = (0, place.table);
    for id in ids {
        let sql = format!(
            "DELETE FROM {table} WHERE username = ? AND collection = ? AND id = ? AND ttl <= ?"
        );
        let mut values = place.values();
        values.extend([id.clone(), expiry(now)]);
        gone += lease.run(&sql, values)?.rows;
    }
    if let Some((sums, mut values)) = sums {
        let sql = format!("UPDATE {times} SET {sums} WHERE userid = ? AND collectionid = ?");
        values.extend(place.values());
        lease.run(&sql, values)?;
    }
    lease.commit()?;
    Ok(gone)
}

/// What becomes of a locked row's sums when the expired ones of these records go.
fn sums_without(
    lease: &mut Lease,
    place: &Place<'_>,
    (ids, now): (&[Value], Timestamp),
    kept: bool,
) -> Result<(String, Vec<Value>), Fault> {
    if !kept {
        return Ok(("counted = -1".to_owned(), Vec::new()));
    }
    let table = place.table;
    let (mut records, mut bytes) = (0, 0);
    if !ids.is_empty() {
        let from = format!(
            "{table} WHERE username = ? AND collection = ? AND ttl <= ? AND id IN ({})",
            list("?", ids.len())
        );
        let mut values = place.values();
        values.push(expiry(now));
        values.extend_from_slice(ids);
        (records, bytes) = weigh(lease, &from, values)?;
    }
    let sums = format!(
        "records = records - ?, bytes = bytes - ?, expires = (SELECT COALESCE(MIN(w.ttl), {NEVER}) \
         FROM {table} AS w WHERE w.username = ? AND w.collection = ?)"
    );
    let mut values = vec![records.into(), bytes.into()];
    values.extend(place.values());
    Ok((sums, values))
}

/// Writes something that it takes back.
pub(super) fn try_writing(engine: &Engine, mut lease: Lease) -> Result<(), Fault> {
    engine.distrust_sums(&mut lease)?;
    let sql = format!(
        "INSERT INTO {0} (userid, collectionid) VALUES (0, ?) \
         ON DUPLICATE KEY UPDATE told = {0}.told",
        engine.tables.times
    );
    // A number of its own for each connection, so that none waits for another.
    let number = -2 - i64::from(lease.id() & 0x3fff_ffff);
    lease.run(&sql, vec![number.into()])?;
    lease.rollback()
}

/// Reads something.
pub(super) fn try_reading(mut lease: Lease, table: &str) -> Result<(), Fault> {
    lease.first(&format!("SELECT id FROM {table} LIMIT 1"), Vec::new())?;
    lease.rollback()
}
