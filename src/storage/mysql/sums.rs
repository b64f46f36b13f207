//! How many records and bytes each collection has, kept in the row that its writers lock.
//!
//! Where nobody but this program writes, the row of a collection says how many records there are and how
//! many bytes of payload, expired ones included, and a second before which none expires. Every
//! transaction that changes the records changes the row. So listings and quotas read a row for each
//! collection and count nothing, unless something has expired: that is found by the index of `ttl`, and
//! taken off.
//!
//! # When a row is believed
//!
//! * Its `counted` is its `modified`. Whoever changes records and does not know of sums, such as an older
//!   program, moves `modified` alone; the next writer counts anew. Until then, readers count.
//! * And there is a mark in the same table, made by `weft migrate`: all collections with records have a
//!   row, and nobody writes who does not lock it. It is looked for in the same snapshot. A host that has PHP
//!   beside it takes the mark away before it writes, counts nothing and leaves `counted` behind.
//!
//! Which columns there are a writer sees in the row that it has locked, not in what it remembers: they
//! can't come or go before its transaction ends. What an older program purges is not seen: all hosts must
//! have this one when the columns are made.
//!
//! # What is replaced
//!
//! How much a write replaces is added up by the statement that replaces it, in two variables of the
//! connection, set to nothing when the row is locked. To ask for it first would cost as much as to write.
//! MySQL calls that deprecated; only MariaDB keeps sums.

use super::Engine;
use super::records::{Records, expiry};
use super::tables::{NEVER, Tables};
use crate::mysql::{Fault, Lease, row};
use crate::sync::UserId;
use mysql::{Row, Value};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The mark, if it is there: 1 while the sums are kept.
pub(super) fn mark(tables: &Tables) -> String {
    format!(
        "(SELECT m.told FROM {} AS m WHERE m.userid = -1 AND m.collectionid = 0)",
        tables.times
    )
}

/// Takes the mark away.
pub(super) const UNMARK: &str = include_str!("../../../sql/mysql/unmark.sql");

/// Two columns that say nothing and begin the count of what is replaced.
pub(super) const BEGIN: &str = "@weft_replaced := 0, @weft_replaced_bytes := 0";

/// In place of a record's new size: the same, and what is there before is counted as replaced.
pub(super) const SIZE: &str = "VALUES(payload_size) \
     + 0 * COALESCE(@weft_replaced := @weft_replaced + 1, 0) \
     + 0 * COALESCE(@weft_replaced_bytes := @weft_replaced_bytes + COALESCE(payload_size, 0), 0)";

/// How long a mark that is missing is not looked for.
const PAUSE: Duration = Duration::from_secs(60);

/// What the locked row of a collection says about its records.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sums {
    /// Nothing that is ours to keep.
    None,
    /// What is out of date: they are to be counted at the end of the transaction.
    Stale,
    /// The truth, as it was before this transaction.
    Right(Change),
}

/// What a transaction adds, beside what the variables say that it replaced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    records: i64,
    bytes: i64,
    /// None of those that were added expires before.
    expires: i64,
}

impl Sums {
    /// Reads a locked row of our table, all of whose columns are in `row`; `modified` is the collection's
    /// time, by whomever.
    pub(super) fn of(row: &Row, modified: i64, kept: bool) -> Result<Sums, Fault> {
        let Some(column) = row::named(row, "counted").filter(|_| kept) else {
            return Ok(Sums::None);
        };
        Ok(match row::number(row, column)? == Some(modified) {
            true => Sums::Right(Change {
                records: 0,
                bytes: 0,
                expires: NEVER,
            }),
            false => Sums::Stale,
        })
    }

    /// Whether a change has to be told.
    pub(super) fn are_right(&self) -> bool {
        matches!(self, Sums::Right(_))
    }

    /// Records come, or go if the numbers are below zero.
    pub(super) fn add(&mut self, records: i64, bytes: i64) {
        if let Sums::Right(change) = self {
            change.records += records;
            change.bytes += bytes;
        }
    }

    /// There is a record that expires then.
    pub(super) fn expires(&mut self, ttl: i64) {
        if let Sums::Right(change) = self {
            change.expires = change.expires.min(ttl);
        }
    }
}

impl Records {
    /// What an UPDATE of the locked row sets, in numbers, if its time becomes `modified`: begins with a
    /// comma, if it is anything.
    pub(super) fn sums_at(&self, modified: &str) -> String {
        match &self.sums {
            Sums::None => String::new(),
            Sums::Stale => {
                let place = format!(
                    "w.username = {} AND w.collection = {}",
                    self.user.number(),
                    self.collection
                );
                format!(", {}, counted = {modified}", counted(&self.table, &place))
            }
            Sums::Right(change) => format!(
                ", records = records + {} - @weft_replaced, \
                 bytes = bytes + {} - @weft_replaced_bytes, \
                 expires = LEAST(expires, {}), counted = {modified}",
                change.records, change.bytes, change.expires
            ),
        }
    }

    /// The same for a transaction that leaves the collection its time: what has expired may be gone.
    pub(super) fn sums_unmoved(&self) -> String {
        match &self.sums {
            Sums::Right(change) if change.records != 0 => self.sums_at("modified"),
            _ => String::new(),
        }
    }

    /// The bytes of payload of all of the user's collections, without counting where the sums are right.
    pub(super) fn used_bytes(&mut self) -> Result<u64, Fault> {
        let table = self.table.clone();
        let own = match self.sums {
            Sums::None => {
                return super::records::used_bytes(&mut self.lease, &table, self.user, self.clock);
            }
            Sums::Stale => None,
            Sums::Right(change) => Some(change),
        };
        let tables = &self.engine.tables;
        let (believed, expires) = (
            "t.counted = t.modified AND (t.collectionid <> ? OR ?)",
            format!("LEAST(t.expires, IF(t.collectionid = ?, ?, {NEVER}))"),
        );
        let bytes = living("bytes", &table, "?", (believed, &expires));
        let sql = format!(
            "SELECT CAST(COALESCE(SUM({bytes}), 0) AS SIGNED), {}, \
             CAST(COALESCE(@weft_replaced_bytes, 0) AS SIGNED) \
             FROM {} AS t WHERE t.userid = ? AND t.collectionid >= 0",
            mark(tables),
            tables.times
        );
        let mut values = vec![
            self.collection.into(),
            own.is_some().into(),
            self.collection.into(),
            own.map_or(NEVER, |change| change.expires).into(),
        ];
        values.extend(vec![expiry(self.clock); LIVINGS]);
        values.push(self.user.number().into());
        let found = self.lease.row(&sql, values)?;
        if row::number(&found, 1)? != Some(1) {
            return super::records::used_bytes(&mut self.lease, &table, self.user, self.clock);
        }
        let own = match own {
            Some(change) => change.bytes - row::certain(&found, 2)?,
            None => 0,
        };
        Ok(u64::try_from(row::certain(&found, 0)? + own).unwrap_or(0))
    }

    /// What is about to be deleted is taken off.
    pub(super) fn take_off(&mut self, from: &str, values: Vec<Value>) -> Result<(), Fault> {
        if self.sums.are_right() {
            let (records, bytes) = weigh(&mut self.lease, from, values)?;
            self.sums.add(-records, -bytes);
        }
        Ok(())
    }
}

/// How many records, and with how many bytes, a FROM clause selects.
pub(super) fn weigh(
    lease: &mut Lease,
    from: &str,
    values: Vec<Value>,
) -> Result<(i64, i64), Fault> {
    let sql =
        format!("SELECT COUNT(*), CAST(COALESCE(SUM(payload_size), 0) AS SIGNED) FROM {from}");
    let row = lease.row(&sql, values)?;
    Ok((row::certain(&row, 0)?, row::certain(&row, 1)?))
}

/// Assignments that count the records of a place anew.
fn counted(wbo: &str, place: &str) -> String {
    format!(
        "records = (SELECT COUNT(*) FROM {wbo} AS w WHERE {place}), \
         bytes = (SELECT COALESCE(SUM(w.payload_size), 0) FROM {wbo} AS w WHERE {place}), \
         expires = (SELECT COALESCE(MIN(w.ttl), {NEVER}) FROM {wbo} AS w WHERE {place})"
    )
}

/// How often [`living`] and [`is_alive`] have what the `ttl` of a living record is greater than.
pub(super) const LIVINGS: usize = 3;

/// The living records of the collection of row `t`, or their `bytes`: of the row where it is
/// `believed`, unless something has expired since it said it would.
fn living(column: &str, wbo: &str, living: &str, (believed, expires): (&str, &str)) -> String {
    let sum = match column {
        "bytes" => "COALESCE(SUM(w.payload_size), 0)",
        _ => "COUNT(*)",
    };
    let there = format!(
        "(SELECT {sum} FROM {wbo} AS w WHERE w.username = t.userid AND w.collection = t.collectionid \
         AND w.ttl"
    );
    format!(
        "IF({believed}, t.{column} - IF({expires} > {living}, 0, {there} <= {living})), \
         {there} > {living}))"
    )
}

/// The number of living records of a row, or their bytes.
pub(super) fn amount(column: &str, wbo: &str) -> String {
    let amount = living(column, wbo, "?", ("t.counted = t.modified", "t.expires"));
    format!("CAST({amount} AS SIGNED)")
}

/// Whether the collection of row `t` has living records.
pub(super) fn is_alive(wbo: &str, living: &str) -> String {
    let there = format!(
        "FROM {wbo} AS w WHERE w.username = t.userid AND w.collection = t.collectionid AND w.ttl"
    );
    format!(
        "IF(t.counted = t.modified, \
           t.records > IF(t.expires > {living}, 0, (SELECT COUNT(*) {there} <= {living})), \
           EXISTS (SELECT 1 {there} > {living}))"
    )
}

/// Listing collections by their rows: `{columns}` of each that has living records.
pub(super) fn listing(tables: &Tables, user: UserId, columns: &str, living: &str) -> String {
    format!(
        "SELECT t.collectionid, n.name, {columns} FROM {times} AS t \
         LEFT JOIN {names} AS n ON n.userid = t.userid AND n.collectionid = t.collectionid \
         WHERE t.userid = ? AND t.collectionid >= 0 AND {alive}",
        times = tables.times,
        names = tables.collections,
        alive = is_alive(&tables.wbo(user), living),
    )
}

/// Brings the rows of a user, all of which are locked, to what the records are. `there` says whether
/// they have room for it.
pub(super) fn settle(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    there: bool,
) -> Result<(), Fault> {
    if !there {
        return Ok(());
    }
    let sums = match engine.keeps_sums(lease) {
        true => {
            let place = "w.username = t.userid AND w.collection = t.collectionid";
            let counted = counted(&engine.tables.wbo(user), place);
            format!("{counted}, counted = t.modified")
        }
        false => "counted = -1".to_owned(),
    };
    let times = &engine.tables.times;
    let sql = format!("UPDATE {times} AS t SET {sums} WHERE userid = ? AND collectionid >= 0");
    lease.run(&sql, vec![user.number().into()]).map(drop)
}

/// Counts every collection of every user that is not counted, each as its writers would.
pub(super) fn count_all(engine: &Engine, lease: &mut Lease) -> Result<(), Fault> {
    let times = &engine.tables.times;
    let sql = format!(
        "SELECT userid, collectionid FROM {times} WHERE userid >= 0 AND collectionid >= 0 \
         AND counted <> modified"
    );
    let mut places = Vec::new();
    lease.each(&sql, Vec::new(), |row| {
        let user = u32::try_from(row::certain(&row, 0)?).map(UserId::new);
        places.extend(user.map(|user| (user, row::certain(&row, 1))));
        Ok(ControlFlow::Continue(()))
    })?;
    lease.rollback()?;
    for (user, collection) in places {
        let of = vec![Value::from(user.number()), collection?.into()];
        let sql = format!("SELECT 1 FROM {times} WHERE userid = ? AND collectionid = ? FOR UPDATE");
        lease.first(&sql, of.clone())?;
        let place = "w.username = t.userid AND w.collection = t.collectionid";
        let sql = format!(
            "UPDATE {times} AS t SET {}, counted = t.modified \
             WHERE userid = ? AND collectionid = ?",
            counted(&engine.tables.wbo(user), place)
        );
        lease.run(&sql, of)?;
        lease.commit()?;
    }
    Ok(())
}

/// What is remembered of the mark.
#[derive(Default)]
pub(super) struct Looked(Mutex<Option<(bool, Instant)>>);

impl Looked {
    fn state(&self) -> Option<(bool, Instant)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, there: bool) {
        let now = Instant::now();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((there, now));
    }
}

impl Engine {
    /// Whether sums are ours to keep.
    pub(super) fn keeps_sums(&self, lease: &Lease) -> bool {
        lease.facts.mariadb && !self.config.php_beside
    }

    /// Whether the sums may be read, as far as is known: the statement that reads them asks for the mark
    /// again.
    pub(super) fn may_read_sums(&self, lease: &mut Lease) -> Result<bool, Fault> {
        if !self.keeps_sums(lease) {
            return Ok(false);
        }
        if let Some((there, since)) = self.sums.state()
            && (there || since.elapsed() < PAUSE)
        {
            return Ok(there);
        }
        let there = is_marked(lease, &self.tables)?;
        self.sums.note(there);
        Ok(there)
    }

    /// Where PHP is beside us, before we do anything: what was summed up is not to be believed by anybody.
    pub(super) fn distrust_sums(&self, lease: &mut Lease) -> Result<(), Fault> {
        if !self.config.php_beside || self.sums.state().is_some() {
            return Ok(());
        }
        if is_marked(lease, &self.tables)? {
            lease.commit_after(&UNMARK.replace("{times}", &self.tables.times))?;
        }
        self.sums.note(false);
        Ok(())
    }
}

/// Whether the mark is there.
pub(super) fn is_marked(lease: &mut Lease, tables: &Tables) -> Result<bool, Fault> {
    let row = lease.first(&format!("SELECT {}", mark(tables)), Vec::new())?;
    let told = row.as_ref().map_or(Ok(None), |row| row::number(row, 0))?;
    Ok(told == Some(1))
}
