//! What concerns whole users and whole tables: deleting all, forgetting, purging, checking.

use super::Engine;
use super::keep::{forget, keep_all};
use super::records::expiry;
use super::tables::{NOW, WHOLE_USER};
use super::write::lock_user;
use crate::mysql::Fault;
use crate::mysql::Lease;
use crate::mysql::row;
use crate::sync::{Timestamp, UserId};
use mysql::Value;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// How many expired records go in one transaction at most.
const PURGED_TOGETHER: usize = 64;

/// Deletes all records of a user; every collection that had some gets the time, which is answered.
pub(super) fn delete_records(
    engine: &Engine,
    mut lease: Lease,
    user: UserId,
) -> Result<Timestamp, Fault> {
    let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
    let number = Value::from(user.number());
    lock_all(engine, &mut lease, user)?;
    let time = time_of_all(engine, &mut lease, user)?;
    keep_all(engine, &mut lease, user, time)?;
    let time = time.centis();
    let sql = format!(
        "INSERT INTO {times} (userid, collectionid, modified, told) \
         SELECT DISTINCT w.username, w.collection, CAST(? AS SIGNED), 0 \
         FROM {wbo} AS w WHERE w.username = ? AND w.ttl > ? \
         ON DUPLICATE KEY UPDATE modified = VALUES(modified)"
    );
    let now = expiry(Timestamp::from_centis(time));
    lease.run(&sql, vec![time.into(), number.clone(), now])?;
    // Collections without records, present and future, were told this time too.
    let sql = format!("UPDATE {times} SET told = GREATEST(told, ?) WHERE userid = ?");
    lease.run(&sql, vec![time.into(), number.clone()])?;
    let sql = format!("DELETE FROM {wbo} WHERE username = ?");
    lease.run(&sql, vec![number])?;
    lease.commit()?;
    Ok(Timestamp::from_centis(time))
}

/// The time of a change to all that a user has, later than all that was told. Everything is locked.
pub(super) fn time_of_all(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
) -> Result<Timestamp, Fault> {
    let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
    let number = Value::from(user.number());
    let sql = format!(
        "SELECT GREATEST({NOW}, ?, \
         (SELECT COALESCE(MAX(GREATEST(modified, told)), 0) + 1 FROM {times} WHERE userid = ?), \
         (SELECT COALESCE(MAX(modified), 0) + 1 FROM {wbo} WHERE username = ?))"
    );
    let told = engine.after_all_told().centis().into();
    let row = lease.first(&sql, vec![told, number.clone(), number])?;
    let row = row.ok_or_else(|| Fault::broken("the database does not tell the time"))?;
    Ok(Timestamp::from_centis(row::certain(&row, 0)?))
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

/// Waits for all writers of the user, and lets no new one in.
pub(super) fn lock_all(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<(), Fault> {
    lock_user(engine, lease, user)?;
    let sql = format!(
        "SELECT collectionid FROM {} WHERE userid = ? AND collectionid <> ? \
         ORDER BY collectionid FOR UPDATE",
        engine.tables.times
    );
    let values = vec![user.number().into(), WHOLE_USER.into()];
    lease.each(&sql, values, |_| Ok(ControlFlow::Continue(())))
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
    let mut gone = 0;
    while gone < most {
        let wanted = (most - gone).min(PURGED_TOGETHER as u64);
        let (now, found) = expired(&mut lease, table, wanted)?;
        if found.is_empty() {
            break;
        }
        let before = gone;
        for ((user, collection), ids) in found {
            gone += remove(
                engine,
                &mut lease,
                &Expired {
                    table,
                    now,
                    user,
                    collection,
                    ids,
                },
            )?;
        }
        if gone == before {
            break;
        }
    }
    Ok(gone)
}

struct Expired<'t> {
    table: &'t str,
    now: Timestamp,
    user: i64,
    collection: i64,
    ids: Vec<Value>,
}

type ByCollection = BTreeMap<(i64, i64), Vec<Value>>;

fn expired(lease: &mut Lease, table: &str, most: u64) -> Result<(Timestamp, ByCollection), Fault> {
    let row = lease.first(&format!("SELECT {NOW}"), Vec::new())?;
    let row = row.ok_or_else(|| Fault::broken("the database does not tell the time"))?;
    let now = Timestamp::from_centis(row::certain(&row, 0)?);
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

fn remove(engine: &Engine, lease: &mut Lease, expired: &Expired<'_>) -> Result<u64, Fault> {
    let sql = format!(
        "SELECT modified FROM {} WHERE userid = ? AND collectionid = ? FOR UPDATE",
        engine.tables.times
    );
    let place = vec![Value::from(expired.user), Value::from(expired.collection)];
    lease.first(&sql, place.clone())?;
    let (mut gone, table) = (0, expired.table);
    for id in &expired.ids {
        let sql = format!(
            "DELETE FROM {table} WHERE username = ? AND collection = ? AND id = ? AND ttl <= ?"
        );
        let mut values = place.clone();
        values.extend([id.clone(), expiry(expired.now)]);
        gone += lease.run(&sql, values)?.rows;
    }
    lease.commit()?;
    Ok(gone)
}

/// Writes something that it takes back.
pub(super) fn try_writing(engine: &Engine, mut lease: Lease) -> Result<(), Fault> {
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
