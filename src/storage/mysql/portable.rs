//! Users on their way into a backup, or from one.
//!
//! What comes in is laid over what is there, both in the order of their ids, so that nothing of it has
//! to be gathered: each record takes the place of the one with its id unless they are equal, and what
//! lies between one id and the next goes. What goes is kept, as with every change, unless times are
//! kept: then nothing of before is. Connections are of their own and patient: a backup may be
//! read as slowly as a pipe drains, and a commit of much takes its time.

use super::fault::before_commit;
use super::keep::tidy_user;
use super::records::expiry;
use super::shown::NOBODY;
use super::sums::settle;
use super::tables::{NEVER, NOW, Tables, WHOLE_USER};
use super::upkeep::{Moment, lock_all};
use super::write::prepare;
use super::{Engine, MySqlStorage};
use crate::mysql::{Fault, Lease, Pool, row};
use crate::storage::{Carried, Carry, Give, Load, Portable, StorageResult};
use crate::sync::{CollectionName, Timestamp, UserId, WboRef};
use mysql::{Row, Value};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

mod laying;

use laying::Laying;

impl Portable for MySqlStorage {
    fn users(&self) -> StorageResult<Vec<UserId>> {
        let mut users = BTreeSet::new();
        let mut lease = self.patient()?;
        let tables = &self.engine.tables;
        let of_times = format!(
            "SELECT DISTINCT userid FROM {} WHERE userid <> {NOBODY}",
            tables.times
        );
        let of_records = tables.every_wbo().into_iter();
        let of_records = of_records.map(|wbo| format!("SELECT DISTINCT username FROM {wbo}"));
        for sql in of_records.chain([of_times]) {
            let found = lease.each(&sql, Vec::new(), |row| {
                users.extend(u32::try_from(row::certain(&row, 0)?).ok());
                Ok(ControlFlow::Continue(()))
            });
            self.engine.answer(found)?;
        }
        Ok(users.into_iter().map(UserId::new).collect())
    }

    fn walk(&self, user: UserId, carry: Carry<'_>) -> StorageResult<Timestamp> {
        let mut lease = self.patient()?;
        let engine = &self.engine;
        engine.answer(lease.script(super::read::BEGIN_SNAPSHOT))?;
        let (now, at) = engine.answer(moment(engine, &mut lease, user))?;
        let collections = engine.answer(collections(engine, &mut lease, user))?;
        let at = collections.iter().fold(at, |at, one| at.max(one.modified));
        for one in &collections {
            carry(Carried::Collection {
                name: &one.name,
                modified: one.modified,
            })?;
            let walked = records(engine, &mut lease, (user, one.number, now), carry);
            engine.answer(walked)??;
        }
        Ok(at)
    }

    fn take_in(
        &self,
        user: UserId,
        load: &Load<'_>,
        give: Give<'_>,
    ) -> StorageResult<Option<Timestamp>> {
        let engine = &self.engine;
        let mut lease = self.patient()?;
        for name in load.collections {
            engine.answer(prepare(engine, &mut lease, user, name))?;
        }
        let (moment, summed) = self.before(lock(engine, &mut lease, user, load.at))?;
        let expired = delete_expired(engine, &mut lease, user, moment.clock);
        self.before(expired)?;
        if !load.replace && self.before(has_records(engine, &mut lease, user))? {
            self.before(lease.rollback())?;
            return Ok(None);
        }
        let numbers = self.before(numbers(engine, &mut lease, user, load))?;
        let mut laying = Laying::new(engine, &mut lease, user, (load, moment));
        self.before(laying.begin(&numbers))?;
        give(&mut |piece| self.before(laying.take(piece)))?;
        self.before(laying.finish(&numbers))?;
        self.before(settle(engine, &mut lease, user, summed))?;
        engine.answer(lease.commit())?;
        tidy_user(engine, &mut lease, user, moment.time);
        Ok(Some(moment.time))
    }
}

impl MySqlStorage {
    fn patient(&self) -> StorageResult<Lease> {
        let engine = &self.engine;
        engine.answer(Pool::patient(&engine.config.write, &engine.config.manner()))
    }

    /// The caller's view of what happened before the commit.
    fn before<T>(&self, result: Result<T, Fault>) -> StorageResult<T> {
        match result.map_err(before_commit) {
            Ok(answer) => Ok(answer),
            Err(Ok(undone)) => Err(undone),
            Err(Err(fault)) => self.engine.answer(Err(fault)),
        }
    }
}

/// The database's time, and one that is not earlier than any that was told for the user.
fn moment(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
) -> Result<(Timestamp, Timestamp), Fault> {
    let sql = format!(
        "SELECT {NOW}, GREATEST({}, COALESCE((SELECT MAX(GREATEST(modified, told)) FROM {} \
         WHERE userid = ?), 0))",
        engine.after_shown(),
        engine.tables.times
    );
    let row = lease.row(&sql, vec![user.number().into()])?;
    let now = Timestamp::from_centis(row::certain(&row, 0)?);
    let told = Timestamp::from_centis(row::number(&row, 1)?.unwrap_or(0));
    Ok((now, now.max(told)))
}

/// A collection as it is found.
struct Found {
    name: CollectionName,
    number: i64,
    given: bool,
    modified: Timestamp,
}

/// The user's collections by name. A name that the user's own list gives wins over the same name by
/// convention.
fn collections(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<Vec<Found>, Fault> {
    let (wbo, tables) = (engine.tables.wbo(user), &engine.tables);
    let sql = format!(
        "SELECT c.number, n.name, GREATEST(COALESCE(t.modified, 0), COALESCE((SELECT \
           MAX(w.modified) FROM {wbo} AS w WHERE w.username = ? AND w.collection = c.number), 0)) \
         FROM (SELECT DISTINCT collection AS number FROM {wbo} WHERE username = ? \
           UNION SELECT collectionid FROM {0} WHERE userid = ? AND collectionid <> ?) AS c \
         LEFT JOIN {0} AS t ON t.userid = ? AND t.collectionid = c.number \
         LEFT JOIN {1} AS n ON n.userid = ? AND n.collectionid = c.number",
        tables.times, tables.collections
    );
    let user = Value::from(user.number());
    let mut values = vec![user; 3];
    values.push(WHOLE_USER.into());
    values.extend_from_within(..2);
    let mut found = Vec::new();
    lease.each(&sql, values, |row| {
        let (number, given) = (row::certain(&row, 0)?, row::text(&row, 1));
        let modified = Timestamp::from_centis(row::certain(&row, 2)?);
        if let Some(name) = Tables::name_of(number, given.as_deref()) {
            found.push(Found {
                name,
                number,
                given: given.is_some(),
                modified,
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    // A row without a time is one that was made for a write that never came.
    found.retain(|one| one.modified > Timestamp::ZERO);
    found.sort_by(|a, b| (&a.name, !a.given).cmp(&(&b.name, !b.given)));
    found.dedup_by(|later, earlier| later.name == earlier.name);
    Ok(found)
}

/// Hands over the living records of one collection. What `carry` answers comes inside.
fn records(
    engine: &Engine,
    lease: &mut Lease,
    (user, number, now): (UserId, i64, Timestamp),
    carry: Carry<'_>,
) -> Result<StorageResult<()>, Fault> {
    let sql = format!(
        "SELECT id, modified, ttl, sortindex, parentid, predecessorid, payload FROM {} \
         WHERE username = ? AND collection = ? AND ttl > ? ORDER BY id",
        engine.tables.wbo(user)
    );
    let values = vec![user.number().into(), number.into(), expiry(now)];
    let mut carried = Ok(());
    lease.each(&sql, values, |row| {
        carried = record(&row, carry)?;
        Ok(match carried {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        })
    })?;
    Ok(carried)
}

fn record(row: &Row, carry: Carry<'_>) -> Result<StorageResult<()>, Fault> {
    let id = row::text(row, 0).ok_or_else(|| Fault::broken("a record has no id"))?;
    let (parentid, predecessorid) = (row::text(row, 4), row::text(row, 5));
    let payload = row::text(row, 6);
    let ttl = row::number(row, 2)?.unwrap_or(NEVER);
    let index = row::number(row, 3)?;
    Ok(carry(Carried::Record {
        record: WboRef {
            id: &id,
            modified: Timestamp::from_centis(row::number(row, 1)?.unwrap_or(0)),
            sortindex: index.and_then(|index| i32::try_from(index).ok()),
            parentid: parentid.as_deref(),
            predecessorid: predecessorid.as_deref(),
            payload: payload.as_deref(),
        },
        expires: (ttl < NEVER).then(|| Timestamp::from_centis(ttl * 100)),
    }))
}

/// Waits for all writers of the user and lets no new one in; then chooses a time later than every one
/// that was told, as they do. Answers also whether sums must be settled.
fn lock(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    told: Timestamp,
) -> Result<(Moment, bool), Fault> {
    let summed = lock_all(engine, lease, user)?;
    let moment = Moment::of_all(engine, lease, user)?;
    let time = moment.time.max(told.next());
    Ok((Moment { time, ..moment }, summed))
}

fn delete_expired(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    clock: Timestamp,
) -> Result<(), Fault> {
    let sql = format!(
        "DELETE FROM {} WHERE username = ? AND ttl <= ?",
        engine.tables.wbo(user)
    );
    let values = vec![user.number().into(), expiry(clock)];
    lease.run(&sql, values).map(drop)
}

fn has_records(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<bool, Fault> {
    let sql = format!(
        "SELECT collection FROM {} WHERE username = ? LIMIT 1",
        engine.tables.wbo(user)
    );
    let row = lease.first(&sql, vec![user.number().into()])?;
    Ok(row.is_some())
}

/// The numbers of the collections that come, in their order.
fn numbers(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    load: &Load<'_>,
) -> Result<Vec<i64>, Fault> {
    let mut numbers = Vec::new();
    for name in load.collections {
        let (sql, values) = engine.tables.number(user, name);
        let row = lease.first(&sql, values)?;
        let number = row.as_ref().map_or(Ok(None), |row| row::number(row, 0))?;
        let number =
            number.ok_or_else(|| Fault::broken("the database gave a collection no number"))?;
        if numbers.contains(&number) {
            return Err(Fault::Broken(format!(
                "the collection {name} and another of this user have names that are the same to this \
                 database, which makes no difference between capital and small letters"
            )));
        }
        numbers.push(number);
    }
    Ok(numbers)
}
