//! Snapshots of one collection. Why their times are right is written at the head of the engine.

use super::Engine;
use super::keep::Before;
use super::records::Records;
use super::sums::Sums;
use super::tables::NOW;
use crate::mysql::Fault;
use crate::mysql::row;
use crate::mysql::{Lease, Pool};
use crate::storage::{CollectionSession, Columns, RowVisit, StorageResult};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboRef};
use mysql::{Row, Value};
use std::sync::Arc;
use std::time::Duration;

/// Ends the transaction of the statements before, and makes the snapshot that all statements from
/// here on see.
pub(super) const BEGIN_SNAPSHOT: &str = "COMMIT; \
     SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
     START TRANSACTION WITH CONSISTENT SNAPSHOT";

/// How long to wait before asking again whether a writer is at work: writers take milliseconds.
const PATIENCE: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(8)];

/// A snapshot of one collection.
pub(super) struct ReadSession {
    engine: Arc<Engine>,
    /// None while the collection has no number, and so no records.
    records: Option<Records>,
    time: Timestamp,
    modified: Option<Timestamp>,
}

/// What our own table says, and what the records say.
pub(super) struct State {
    number: Option<i64>,
    pub(super) now: Timestamp,
    modified: Timestamp,
    /// No write that is not in the snapshot has a time up to this.
    pub(super) floor: Timestamp,
    has_row: bool,
}

/// What was found out before a snapshot was made.
pub(super) struct Probe {
    /// The database's time then.
    pub(super) now: Timestamp,
    /// Whether no writer was between choosing its time and its end.
    pub(super) quiet: bool,
}

impl ReadSession {
    pub(super) fn open(
        engine: &Arc<Engine>,
        mut lease: Lease,
        user: UserId,
        name: &CollectionName,
    ) -> Result<ReadSession, Fault> {
        let probe = match engine.is_primary(&lease) {
            true => Some(probe_collection(engine, &mut lease, user, name)?),
            false => None,
        };
        lease.script(BEGIN_SNAPSHOT)?;
        let state = State::read(engine, &mut lease, user, name)?;
        let time = match probe {
            Some(probe) if probe.quiet || !state.has_row => {
                engine.behind(probe.now).max(state.floor)
            }
            _ => state.floor,
        };
        let table = engine.tables.wbo(user);
        let records = state.number.map(|collection| Records {
            lease,
            table,
            user,
            collection,
            now: state.now,
            clock: state.now,
            engine: Arc::clone(engine),
            before: Before(state.modified),
            kept_heavily: false,
            sums: Sums::None,
            looks_new: false,
        });
        Ok(ReadSession {
            engine: Arc::clone(engine),
            records,
            time,
            modified: (state.modified > Timestamp::ZERO).then_some(state.modified),
        })
    }
}

fn probe_collection(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    name: &CollectionName,
) -> Result<Probe, Fault> {
    let (sql, values) = moment(engine, user, name);
    probe(lease, &sql, values)
}

/// A query for a [`State`]; the words that lock may be added.
pub(super) fn moment(engine: &Engine, user: UserId, name: &CollectionName) -> (String, Vec<Value>) {
    let (number, mut values) = engine.tables.number(user, name);
    // The row must be asked for something: MariaDB drops a joined table that can't change the answer,
    // and its lock with it.
    let sql = format!(
        "SELECT {NOW}, c.id, t.modified, t.told, \
         (SELECT MAX(w.modified) FROM {wbo} AS w WHERE w.username = ? AND w.collection = c.id) \
         FROM ({number}) AS c LEFT JOIN {times} AS t ON t.userid = ? AND t.collectionid = c.id",
        wbo = engine.tables.wbo(user),
        times = engine.tables.times,
    );
    values.insert(0, user.number().into());
    values.push(user.number().into());
    (sql, values)
}

/// Runs a query whose first column is the time, locking its rows for the moment; without the locks
/// when others hold them or the server knows no such locks.
pub(super) fn probe(lease: &mut Lease, sql: &str, values: Vec<Value>) -> Result<Probe, Fault> {
    if let Some(words) = lease.facts.share_nowait {
        let locking = format!("{sql} {words}");
        for wait in PATIENCE.map(Some).into_iter().chain([None]) {
            match lease.row(&locking, values.clone()) {
                Ok(row) => return Probe::of(&row, true),
                Err(Fault::Locked) => {}
                Err(fault) => return Err(fault),
            }
            if let Some(wait) = wait {
                std::thread::sleep(wait);
            }
        }
    }
    Probe::of(&lease.row(sql, values)?, false)
}

impl Probe {
    fn of(row: &Row, quiet: bool) -> Result<Probe, Fault> {
        let now = Timestamp::from_centis(row::certain(row, 0)?);
        Ok(Probe { now, quiet })
    }
}

impl State {
    fn read(
        engine: &Engine,
        lease: &mut Lease,
        user: UserId,
        name: &CollectionName,
    ) -> Result<State, Fault> {
        let (sql, values) = moment(engine, user, name);
        State::of(&lease.row(&sql, values)?)
    }

    /// Reads the row of a [`moment`].
    pub(super) fn of(row: &Row) -> Result<State, Fault> {
        let time = |column| {
            row::number(row, column).map(|centis| Timestamp::from_centis(centis.unwrap_or(0)))
        };
        let modified = time(2)?.max(time(4)?);
        Ok(State {
            now: time(0)?,
            number: row::number(row, 1)?,
            modified,
            floor: modified.max(time(3)?),
            has_row: row::number(row, 2)?.is_some(),
        })
    }
}

impl CollectionSession for ReadSession {
    fn time(&self) -> Timestamp {
        self.time
    }

    fn modified(&mut self) -> StorageResult<Option<Timestamp>> {
        Ok(self.modified)
    }

    fn count(&mut self, query: &Query) -> StorageResult<u64> {
        match &mut self.records {
            Some(records) => self.engine.answer(records.count(query)),
            None => Ok(0),
        }
    }

    fn get(&mut self, id: &RecordId, visit: &mut dyn FnMut(WboRef<'_>)) -> StorageResult<bool> {
        match &mut self.records {
            Some(records) => self.engine.answer(records.get(id, visit)),
            None => Ok(false),
        }
    }

    fn scan(&mut self, query: &Query, columns: Columns, visit: RowVisit<'_>) -> StorageResult<()> {
        match &mut self.records {
            Some(records) => self.engine.answer(records.scan(query, columns, visit)),
            None => Ok(()),
        }
    }
}

impl Engine {
    /// Whether a connection leads to the server that is written to.
    pub(super) fn is_primary(&self, lease: &Lease) -> bool {
        self.read.is_none() || lease.is_of(&self.write)
    }
}

impl Lease {
    fn is_of(&self, pool: &Arc<Pool>) -> bool {
        Arc::ptr_eq(self.pool(), pool)
    }
}
