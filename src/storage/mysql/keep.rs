//! Keeping what writes replace and delete, and letting go of what is too old or too much.
//!
//! What is kept is copied by the server itself, one statement for each statement that takes it away.
//! A database that lacks our table for it serves as before and keeps nothing: it is looked for anew
//! once a minute, so that a migration is enough.

use super::Engine;
use super::records::{Records, conditions, expiry, one_of, order, window};
use super::tables::WHOLE_USER;
use super::upkeep::{Moment, now};
use crate::mysql::{Fault, Lease, row};
use crate::storage::undo::{self, Keeping, OVERHEAD, PRUNED_TOGETHER, PRUNES};
use crate::sync::{Query, RecordId, Timestamp, UserId};
use mysql::Value;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a table that is missing is not looked for.
const PAUSE: Duration = Duration::from_secs(60);

/// A change that writes so many bytes, or deletes anything, looks whether something kept may go.
pub(super) const HEAVY: usize = 1 << 20;

pub(super) const COLUMNS: &str = "userid, collectionid, ended, id, began, deleted, size, ttl, \
                                  sortindex, parentid, predecessorid, payload";

/// A record's row as it is kept, with two values before it: the time, and whether it is deleted.
fn version() -> String {
    format!(
        "w.username, w.collection, ?, w.id, COALESCE(w.modified, 0), ?, LENGTH(w.payload) + {OVERHEAD}, \
         w.ttl, w.sortindex, w.parentid, w.predecessorid, w.payload"
    )
}

/// Whether the table is there, as far as is known.
#[derive(Default)]
pub(super) struct Looked(Mutex<Option<Instant>>);

impl Looked {
    fn is_missing(&self) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < PAUSE)
    }

    fn note_missing(&self, why: &str) {
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if since.is_none() {
            log::warn!(
                "nothing that browsers replace or delete is kept, so a wiped account can't be brought \
                 back: {why}; run `weft migrate`, or set undo.keep to 0"
            );
        }
        *since = Some(Instant::now());
    }

    fn note_there(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Engine {
    /// How much is kept, if anything is and can be.
    pub(super) fn keeping(&self) -> Option<Keeping> {
        self.config.keeping.filter(|_| !self.kept.is_missing())
    }

    /// Does what concerns what is kept, unless the table for it is missing.
    pub(super) fn if_kept<T: Default>(&self, result: Result<T, Fault>) -> Result<T, Fault> {
        match result {
            Err(Fault::Missing(why)) if self.config.keeping.is_some() => {
                self.kept.note_missing(&why);
                Ok(T::default())
            }
            Ok(done) => {
                if self.config.keeping.is_some() {
                    self.kept.note_there();
                }
                Ok(done)
            }
            failed => failed,
        }
    }
}

/// The collection's time before a change, for the link from it.
#[derive(Clone, Copy)]
pub(super) struct Before(pub(super) Timestamp);

impl Records {
    /// Keeps the records of these ids, which are about to be replaced. Of two versions in one change the
    /// first counts: the other was never seen.
    pub(super) fn keep_replaced<'i>(
        &mut self,
        ids: impl ExactSizeIterator<Item = &'i RecordId>,
    ) -> Result<(), Fault> {
        if self.engine.keeping().is_none() {
            return Ok(());
        }
        let (sql, values) = self.keeping_replaced(ids);
        self.keep(&sql, values)
    }

    /// The statement that does so, and its values.
    pub(super) fn keeping_replaced<'i>(
        &self,
        ids: impl ExactSizeIterator<Item = &'i RecordId>,
    ) -> (String, Vec<Value>) {
        let mut values = vec![self.now.centis().into(), false.into()];
        values.extend(self.place());
        // By the primary key, whose every value is known and which every legacy table has.
        let sql = format!(
            "INSERT IGNORE INTO {kept} ({COLUMNS}) SELECT {version} \
             FROM {table} AS w FORCE INDEX (PRIMARY) \
             WHERE w.username = ? AND w.collection = ? AND w.ttl > ? AND w.id IN ({ids})",
            kept = self.engine.tables.kept,
            version = version(),
            table = self.table,
            ids = one_of(ids, &mut values),
        );
        (sql, values)
    }

    /// Keeps what a query is about to delete.
    pub(super) fn keep_deleted(&mut self, query: &Query) -> Result<(), Fault> {
        if self.engine.keeping().is_none() {
            return Ok(());
        }
        let mut values = vec![self.now.centis().into(), true.into()];
        values.extend(self.place());
        let conditions = conditions(query, &mut values);
        let (order, window) = (order(query), window(query, &mut values));
        let kept = self.engine.tables.kept.clone();
        let sql = format!(
            "INSERT IGNORE INTO {kept} ({COLUMNS}) SELECT {version} FROM {table} AS w \
             WHERE {conditions} ORDER BY {order}{window}",
            version = version(),
            table = self.table,
        );
        self.keep(&sql, values)?;
        self.kept_heavily = true;
        Ok(())
    }

    /// A statement, in numbers of ours, that joins the collection's time before to that of this change.
    pub(super) fn link(&self) -> Option<String> {
        self.engine.keeping()?;
        Some(format!(
            "INSERT IGNORE INTO {} (userid, collectionid, ended, id, began, deleted, size) \
             VALUES ({}, {}, {}, '', {}, 0, {OVERHEAD})",
            self.engine.tables.kept,
            self.user.number(),
            self.collection,
            self.now.centis(),
            self.before.0.centis(),
        ))
    }

    fn keep(&mut self, sql: &str, values: Vec<Value>) -> Result<(), Fault> {
        let done = self.lease.run(sql, values).map(drop);
        self.engine.if_kept(done)
    }

    /// After the commit: lets go of a little that is too old or too much, once in a while.
    pub(super) fn tidy(&mut self) {
        let due = self.kept_heavily || self.now.centis() % PRUNES == 0;
        if due {
            tidy_user(&self.engine, &mut self.lease, self.user, self.now);
        }
    }
}

/// Keeps all records of a user, which are about to be deleted at that moment, and the links.
pub(super) fn keep_all(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    moment: Moment,
) -> Result<(), Fault> {
    if engine.keeping().is_none() {
        return Ok(());
    }
    let (kept, wbo, times) = (
        &engine.tables.kept,
        engine.tables.wbo(user),
        &engine.tables.times,
    );
    let (number, time) = (
        Value::from(user.number()),
        Value::from(moment.time.centis()),
    );
    let living = expiry(moment.clock);
    let sql = format!(
        "INSERT IGNORE INTO {kept} ({COLUMNS}) SELECT {} FROM {wbo} AS w \
         WHERE w.username = ? AND w.ttl > ?",
        version()
    );
    let values = vec![time.clone(), true.into(), number.clone(), living.clone()];
    let done = lease.run(&sql, values).map(drop);
    engine.if_kept(done)?;
    if engine.keeping().is_none() {
        return Ok(());
    }
    let sql = format!(
        "INSERT IGNORE INTO {kept} ({COLUMNS}) \
         SELECT w.username, w.collection, ?, '', \
         GREATEST(COALESCE(MAX(t.modified), 0), COALESCE(MAX(w.modified), 0)), 0, ?, \
         NULL, NULL, NULL, NULL, NULL \
         FROM {wbo} AS w LEFT JOIN {times} AS t \
         ON t.userid = w.username AND t.collectionid = w.collection \
         WHERE w.username = ? GROUP BY w.username, w.collection HAVING MAX(w.ttl) > ?"
    );
    let values = vec![time, OVERHEAD.into(), number, living];
    lease.run(&sql, values).map(drop)
}

/// Joins the times of all collections that are in our own table to that of a change to all of them.
pub(super) fn link_all(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    time: Timestamp,
) -> Result<(), Fault> {
    if engine.keeping().is_none() {
        return Ok(());
    }
    let (kept, wbo, times) = (
        &engine.tables.kept,
        engine.tables.wbo(user),
        &engine.tables.times,
    );
    let sql = format!(
        "INSERT IGNORE INTO {kept} ({COLUMNS}) \
         SELECT t.userid, t.collectionid, ?, '', GREATEST(t.modified, COALESCE((SELECT \
           MAX(w.modified) FROM {wbo} AS w \
           WHERE w.username = t.userid AND w.collection = t.collectionid), 0)), 0, ?, \
         NULL, NULL, NULL, NULL, NULL \
         FROM {times} AS t WHERE t.userid = ? AND t.collectionid <> ?"
    );
    let values = vec![
        time.centis().into(),
        OVERHEAD.into(),
        user.number().into(),
        WHOLE_USER.into(),
    ];
    let done = lease.run(&sql, values).map(drop);
    engine.if_kept(done)
}

/// Keeps some of a user's records, which are about to go at that time: deleted, or else replaced. `which`
/// is a condition on the table `w`.
pub(super) fn keep_some(
    engine: &Engine,
    lease: &mut Lease,
    (user, time, deleted): (UserId, Timestamp, bool),
    (which, more): (&str, &[Value]),
) -> Result<(), Fault> {
    if engine.keeping().is_none() {
        return Ok(());
    }
    let sql = format!(
        "INSERT IGNORE INTO {} ({COLUMNS}) SELECT {} FROM {} AS w WHERE w.username = ? AND {which}",
        engine.tables.kept,
        version(),
        engine.tables.wbo(user)
    );
    let mut values: Vec<Value> = vec![time.centis().into(), deleted.into(), user.number().into()];
    values.extend_from_slice(more);
    let done = lease.run(&sql, values).map(drop);
    engine.if_kept(done)
}

/// Lets go of what was kept as replaced at that time and is there as it was.
pub(super) fn let_go_of_the_same(
    engine: &Engine,
    lease: &mut Lease,
    (user, collection): (UserId, i64),
    time: Timestamp,
) -> Result<(), Fault> {
    if engine.keeping().is_none() {
        return Ok(());
    }
    let sql = format!(
        "DELETE k FROM {} AS k JOIN {} AS w \
         ON w.username = k.userid AND w.collection = k.collectionid AND w.id = k.id \
         WHERE k.userid = ? AND k.collectionid = ? AND k.ended = ? AND k.id <> '' AND w.modified < ?",
        engine.tables.kept,
        engine.tables.wbo(user)
    );
    let values = vec![
        user.number().into(),
        collection.into(),
        time.centis().into(),
        time.centis().into(),
    ];
    let done = lease.run(&sql, values).map(drop);
    engine.if_kept(done)
}

/// After a change to all that a user has: lets go of a little that is too old or too much. That it failed
/// is nobody's loss.
pub(super) fn tidy_user(engine: &Engine, lease: &mut Lease, user: UserId, time: Timestamp) {
    let Some(keeping) = engine.keeping() else {
        return;
    };
    let (kept, of) = (&engine.tables.kept, (user, time));
    let done = prune(lease, kept, (keeping, of), PRUNED_TOGETHER);
    let done = done.and_then(|_| lease.commit());
    if let Err(fault) = engine.if_kept(done) {
        log::debug!("kept records could not be tidied: {fault:?}");
    }
}

/// Lets at most `most` rows of the user go; answers how many there were.
fn prune(
    lease: &mut Lease,
    kept: &str,
    (keeping, (user, now)): (Keeping, (UserId, Timestamp)),
    most: u64,
) -> Result<u64, Fault> {
    let sql = format!(
        "SELECT ended, CAST(SUM(size) AS SIGNED) FROM {kept} WHERE userid = ? \
         GROUP BY ended ORDER BY ended DESC"
    );
    let mut sizes = Vec::new();
    lease.each(&sql, vec![user.number().into()], |row| {
        let bytes = u64::try_from(row::certain(&row, 1)?).unwrap_or(0);
        sizes.push((Timestamp::from_centis(row::certain(&row, 0)?), bytes));
        Ok(ControlFlow::Continue(()))
    })?;
    drop_until(lease, kept, (user, undo::cut(keeping, now, sizes)), most)
}

fn drop_until(
    lease: &mut Lease,
    kept: &str,
    (user, cut): (UserId, Timestamp),
    most: u64,
) -> Result<u64, Fault> {
    // In this order a change loses its link first, so one that is kept in part is none.
    let sql =
        format!("DELETE FROM {kept} WHERE userid = ? AND ended <= ? ORDER BY ended, id LIMIT ?");
    let values = vec![user.number().into(), cut.centis().into(), most.into()];
    Ok(lease.run(&sql, values)?.rows)
}

/// Lets at most `most` rows of all users go; answers how many there were. When nothing is to be kept
/// any more, all.
pub(super) fn purge(engine: &Engine, mut lease: Lease, most: u64) -> Result<u64, Fault> {
    let kept = &engine.tables.kept;
    let now = now(&mut lease)?;
    let (mut gone, mut before) = (0, -1);
    while gone < most {
        let sql = format!("SELECT MIN(userid) FROM {kept} WHERE userid > ?");
        let next = match lease.first(&sql, vec![Value::from(before)])? {
            Some(row) => row::number(&row, 0)?,
            None => None,
        };
        let Some(number) = next else { break };
        let user = UserId::new(u32::try_from(number).unwrap_or_default());
        let left = most - gone;
        gone += match engine.config.keeping {
            Some(keeping) => prune(&mut lease, kept, (keeping, (user, now)), left)?,
            None => {
                let all = (user, Timestamp::from_centis(i64::MAX));
                drop_until(&mut lease, kept, all, left)?
            }
        };
        lease.commit()?;
        before = number;
    }
    Ok(gone)
}

/// Forgets what is kept of a user.
pub(super) fn forget(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<(), Fault> {
    let sql = format!("DELETE FROM {} WHERE userid = ?", engine.tables.kept);
    match lease.run(&sql, vec![user.number().into()]) {
        // There is no table, so there is nothing.
        Ok(_) | Err(Fault::Missing(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}
