//! Transactions on one collection. Three exchanges with the server, whatever they write, as long as it
//! fits one statement: lock and ask for the time, write, put the time into the locked row and commit; one
//! more to keep what is replaced, unless many are written and all [are new](super::fresh).

use super::Engine;
use super::fault::before_commit;
use super::fresh::Look;
use super::keep::Before;
use super::records::Records;
use super::sums::{self, Sums};
use super::tables::{CLOCK, NOW, WHOLE_USER};
use crate::mysql::Fault;
use crate::mysql::Lease;
use crate::mysql::row;
use crate::storage::{CollectionSession, Columns, RowVisit, StorageResult, WriteSession};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboRef, WboWrite};
use std::sync::Arc;

/// How often to begin anew when the row to lock goes away under our hands.
const ATTEMPTS: usize = 3;

/// A transaction on one collection.
pub(super) struct Writer {
    engine: Arc<Engine>,
    records: Records,
    time: Timestamp,
    /// The collection's time before this session.
    before: Timestamp,
    state: State,
}

/// How far a transaction has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unchanged,
    Changed,
    /// A write failed: the database may have taken back all or some of it.
    Failed,
    Ended,
}

/// The locked row of a collection.
struct Locked {
    number: i64,
    /// When the collection was last changed, by whom ever.
    before: Timestamp,
    /// A time that was told of it, or shown to readers, at most.
    told: Timestamp,
    /// The clock at a moment at which the row was locked.
    clock: Timestamp,
    /// What it says about the records.
    sums: Sums,
    /// Whether some of the records that are about to come were looked for, and none of these is there.
    looks_new: bool,
}

impl Writer {
    pub(super) fn open(
        engine: &Arc<Engine>,
        mut lease: Lease,
        (user, name): (UserId, &CollectionName),
        expected: &[WboWrite],
    ) -> Result<Writer, Fault> {
        for _ in 0..ATTEMPTS {
            let look = Look::before(engine, &lease, (user, name), expected);
            let Some(locked) = lock(engine, &mut lease, (user, name), look)? else {
                lease.rollback()?;
                prepare(engine, &mut lease, user, name)?;
                continue;
            };
            let time = locked.time(engine);
            let records = Records {
                lease,
                table: engine.tables.wbo(user),
                user,
                collection: locked.number,
                now: time,
                clock: locked.clock,
                engine: Arc::clone(engine),
                before: Before(locked.before),
                kept_heavily: false,
                sums: locked.sums,
                looks_new: locked.looks_new,
            };
            return Ok(Writer {
                engine: Arc::clone(engine),
                records,
                time,
                before: locked.before,
                state: State::Unchanged,
            });
        }
        Err(Fault::Locked)
    }
}

impl Locked {
    /// The time of a session: later than all that was told.
    fn time(&self, engine: &Engine) -> Timestamp {
        let after = self.before.max(self.told).next();
        self.clock.max(after).max(engine.after_all_told())
    }
}

/// Locks the row of a collection, if it has one, and then looks at the clock, and for some of the records
/// that are about to come.
fn lock(
    engine: &Engine,
    lease: &mut Lease,
    (user, name): (UserId, &CollectionName),
    look: Look,
) -> Result<Option<Locked>, Fault> {
    let (number, mut values) = engine.tables.number(user, name);
    let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
    // What PHP stored while the statement waited for the lock may not be in its snapshot.
    let at_once = lease.facts.sysdate && !engine.config.php_beside;
    engine.distrust_sums(lease)?;
    let (clock, begin) = (
        if at_once { CLOCK } else { "NULL" },
        if engine.keeps_sums(lease) {
            sums::BEGIN
        } else {
            "NULL"
        },
    );
    let sql = format!(
        "SELECT c.id, t.modified, t.told, \
         (SELECT MAX(w.modified) FROM {wbo} AS w WHERE w.username = ? AND w.collection = c.id), \
         {clock}, {shown}, {look}, {begin}, t.* FROM ({number}) AS c \
         LEFT JOIN {times} AS t ON t.userid = ? AND t.collectionid = c.id FOR UPDATE",
        shown = engine.after_shown(),
        look = look.column
    );
    values.splice(0..0, [user.number().into()].into_iter().chain(look.values));
    values.push(user.number().into());
    let Some(row) = lease.first(&sql, values)? else {
        return Ok(None);
    };
    let [number, modified, told, newest, clock, after_shown] =
        [0, 1, 2, 3, 4, 5].map(|column| row::number(&row, column));
    let (Some(number), Some(modified), Some(told)) = (number?, modified?, told?) else {
        return Ok(None);
    };
    let (clock, newest) = match clock? {
        Some(clock) => (clock, newest?),
        None => moment(lease, &wbo, user, number)?,
    };
    let before = modified.max(newest.unwrap_or(0));
    Ok(Some(Locked {
        number,
        sums: Sums::of(&row, before, engine.keeps_sums(lease))?,
        looks_new: row::number(&row, 6)? == Some(0),
        before: Timestamp::from_centis(before),
        told: Timestamp::from_centis(told.max(after_shown?.unwrap_or(0) - 1)),
        clock: Timestamp::from_centis(clock),
    }))
}

/// The clock and the time of a collection's newest record, by a statement that begins now.
fn moment(
    lease: &mut Lease,
    wbo: &str,
    user: UserId,
    number: i64,
) -> Result<(i64, Option<i64>), Fault> {
    let sql = format!(
        "SELECT {NOW}, (SELECT MAX(modified) FROM {wbo} WHERE username = ? AND collection = ?)"
    );
    let row = lease.row(&sql, vec![user.number().into(), number.into()])?;
    Ok((row::certain(&row, 0)?, row::number(&row, 1)?))
}

/// Gives a collection its number and its row, and commits that: who sees a row that can't be locked
/// knows that it has been there for longer than the time that its holder chooses.
pub(super) fn prepare(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    name: &CollectionName,
) -> Result<(), Fault> {
    lock_user(engine, lease, user)?;
    if let Some((sql, values)) = engine.tables.name(user, name) {
        lease.run(&sql, values)?;
    }
    let (number, mut values) = engine.tables.number(user, name);
    let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
    let sql = format!(
        "INSERT INTO {times} (userid, collectionid, modified, told) \
         SELECT ?, c.id, COALESCE((SELECT MAX(w.modified) FROM {wbo} AS w \
             WHERE w.username = ? AND w.collection = c.id), 0), GREATEST({NOW}, u.told) \
         FROM ({number}) AS c JOIN {times} AS u ON u.userid = ? AND u.collectionid = ? \
         ON DUPLICATE KEY UPDATE told = {times}.told"
    );
    values.splice(0..0, [user.number().into(), user.number().into()]);
    values.extend([user.number().into(), WHOLE_USER.into()]);
    lease.run(&sql, values)?;
    lease.commit()
}

/// Locks the row that stands for the whole user, which who gives collections their rows and who
/// deletes them all must hold.
pub(super) fn lock_user(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<(), Fault> {
    let times = &engine.tables.times;
    let sql = format!(
        "INSERT INTO {times} (userid, collectionid) VALUES (?, ?) \
         ON DUPLICATE KEY UPDATE told = {times}.told"
    );
    lease
        .run(&sql, vec![user.number().into(), WHOLE_USER.into()])
        .map(drop)
}

impl CollectionSession for Writer {
    fn time(&self) -> Timestamp {
        self.time
    }

    fn modified(&mut self) -> StorageResult<Option<Timestamp>> {
        Ok(match self.state {
            State::Changed => Some(self.time),
            _ => (self.before > Timestamp::ZERO).then_some(self.before),
        })
    }

    fn count(&mut self, query: &Query) -> StorageResult<u64> {
        let answer = self.records.count(query);
        self.answer(answer)
    }

    fn get(&mut self, id: &RecordId, visit: &mut dyn FnMut(WboRef<'_>)) -> StorageResult<bool> {
        let answer = self.records.get(id, visit);
        self.answer(answer)
    }

    fn scan(&mut self, query: &Query, columns: Columns, visit: RowVisit<'_>) -> StorageResult<()> {
        let answer = self.records.scan(query, columns, visit);
        self.answer(answer)
    }
}

impl WriteSession for Writer {
    fn used_bytes(&mut self) -> StorageResult<u64> {
        let answer = self.records.used_bytes();
        self.answer(answer)
    }

    fn put(&mut self, writes: &[WboWrite]) -> StorageResult<Vec<Option<Timestamp>>> {
        let put = self.records.put(writes);
        let changed = put.as_ref().map(|put| put.changed);
        self.note(changed.map_err(drop));
        self.answer(put).map(|put| put.modified)
    }

    fn delete(&mut self, query: &Query) -> StorageResult<u64> {
        let gone = self.records.delete(query);
        let changed = gone.as_ref().map(|gone| *gone > 0);
        self.note(changed.map_err(drop));
        self.answer(gone)
    }

    fn commit(mut self: Box<Self>) -> StorageResult<()> {
        let end = match self.state {
            State::Changed => self.finish(),
            State::Unchanged => self.keep_time(),
            State::Failed | State::Ended => Err(Fault::Locked),
        };
        if end.is_ok() {
            let changed = self.state == State::Changed;
            self.state = State::Ended;
            if changed {
                self.records.tidy();
            }
        }
        match end {
            // Refused, which a server of several does when another had the row first.
            Err(Fault::Deadlock) => self.answer(end),
            end => self.engine.answer(end),
        }
    }
}

impl Writer {
    /// The caller's view of what happened before the commit.
    fn answer<T>(&self, result: Result<T, Fault>) -> StorageResult<T> {
        match result.map_err(before_commit) {
            Ok(answer) => Ok(answer),
            Err(Ok(undone)) => Err(undone),
            Err(Err(fault)) => self.engine.answer(Err(fault)),
        }
    }

    fn note(&mut self, changed: Result<bool, ()>) {
        self.state = match (self.state, changed) {
            (State::Failed, _) | (_, Err(())) => State::Failed,
            (_, Ok(true)) => State::Changed,
            (state, Ok(false)) => state,
        };
    }

    /// Puts the time of this session into the locked row, and commits all.
    fn finish(&mut self) -> Result<(), Fault> {
        let time = format!(
            "UPDATE {} SET modified = {}{} WHERE {}",
            self.engine.tables.times,
            self.time.centis(),
            self.records.sums_at(&self.time.centis().to_string()),
            self.row()
        );
        if let Some(link) = self.records.link() {
            let done = self.records.lease.commit_after(&format!("{link}; {time}"));
            match done {
                // The first of the statements failed, and no other was run.
                Err(Fault::Missing(_)) => self.engine.if_kept(done)?,
                done => return done,
            }
        }
        self.records.lease.commit_after(&time)
    }

    /// Leaves the collection its time, but remembers that of this session: somebody may have been told.
    fn keep_time(&mut self) -> Result<(), Fault> {
        let sql = format!(
            "UPDATE {} SET told = GREATEST(told, {}){} WHERE {}",
            self.engine.tables.times,
            self.time.centis(),
            self.records.sums_unmoved(),
            self.row()
        );
        self.records.lease.commit_after(&sql)
    }

    /// The condition that finds the locked row, in numbers.
    fn row(&self) -> String {
        let Records {
            user, collection, ..
        } = &self.records;
        format!("userid = {} AND collectionid = {collection}", user.number())
    }

    fn abandon(&mut self) -> Result<(), Fault> {
        if self.state != State::Unchanged {
            self.records.lease.rollback()?;
            self.records.sums = Sums::None;
        }
        self.keep_time()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A connection that fails here is rolled back or closed with its lease.
        if self.state != State::Ended {
            let _ = self.abandon();
        }
    }
}
