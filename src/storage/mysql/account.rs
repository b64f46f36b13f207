//! Snapshots of all that one user has.

use super::Engine;
use super::named::by_names;
use super::read::{BEGIN_SNAPSHOT, Probe, probe};
use super::records::{expiry, used_bytes};
use super::sums;
use super::tables::{NOW, Tables, WHOLE_USER};
use crate::mysql::Fault;
use crate::mysql::Lease;
use crate::mysql::row;
use crate::storage::{AccountSession, StorageResult};
use crate::sync::{CollectionName, Timestamp, UserId};
use mysql::{Row, Value};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A snapshot of one user.
pub(super) struct Account {
    engine: Arc<Engine>,
    lease: Lease,
    table: String,
    user: UserId,
    now: Timestamp,
    time: Timestamp,
    /// Whether the rows of our own table tell sums.
    summed: bool,
}

impl Account {
    pub(super) fn open(
        engine: &Arc<Engine>,
        mut lease: Lease,
        user: UserId,
    ) -> Result<Account, Fault> {
        let probe = match engine.is_primary(&lease) {
            true => Some(probe_user(engine, &mut lease, user)?),
            false => None,
        };
        lease.script(BEGIN_SNAPSHOT)?;
        let (now, floor, marked) = floor(engine, &mut lease, user)?;
        let time = match (probe, floor) {
            (Some(probe), _) if probe.quiet => engine.behind(probe.now),
            (Some(probe), Some(floor)) => engine.behind(probe.now).min(floor),
            (Some(probe), None) => engine.behind(probe.now),
            (None, floor) => floor.unwrap_or_default(),
        };
        let summed = marked && engine.keeps_sums(&lease);
        Ok(Account {
            summed,
            engine: Arc::clone(engine),
            lease,
            table: engine.tables.wbo(user),
            user,
            now,
            time,
        })
    }

    /// Runs a query whose columns are a collection's number, its given name and a number.
    fn by_name(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<Vec<(CollectionName, i64)>, Fault> {
        let mut listed = Listed::default();
        self.lease.each(sql, values, |row| {
            listed.add(&row)?;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(listed.by_name())
    }

    /// What our own table says of each collection that has living records.
    fn read_rows(&mut self, column: &str) -> Result<Vec<(CollectionName, i64)>, Fault> {
        let (user, living) = (Value::from(self.user.number()), expiry(self.now));
        let column = match column {
            "modified" => "t.modified".to_owned(),
            sum => sums::amount(sum, &self.table),
        };
        let sql = sums::listing(&self.engine.tables, self.user, &column, "?");
        let mut values = vec![living.clone(); column.matches('?').count()];
        values.push(user);
        values.extend(vec![living; sums::LIVINGS]);
        self.by_name(&sql, values)
    }

    /// The bytes that our own table says all collections have, those without a name included.
    fn add_up_rows(&mut self) -> Result<u64, Fault> {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM({}), 0) AS SIGNED) FROM {} AS t \
             WHERE t.userid = ? AND t.collectionid >= 0",
            sums::amount("bytes", &self.table),
            self.engine.tables.times
        );
        let mut values = vec![expiry(self.now); sums::LIVINGS];
        values.push(self.user.number().into());
        let row = self.lease.row(&sql, values)?;
        Ok(u64::try_from(row::certain(&row, 0)?).unwrap_or(0))
    }

    fn read_times(&mut self) -> Result<Vec<(CollectionName, i64)>, Fault> {
        if self.summed {
            return self.read_rows("modified");
        }
        let living = ("?", Some(expiry(self.now)));
        let named = by_names(&self.engine, &mut self.lease, self.user, living, "")?;
        Ok(named.by_name())
    }

    fn read_sums(&mut self, sum: &str, column: &str) -> Result<Vec<(CollectionName, u64)>, Fault> {
        let rows = match self.summed {
            true => self.read_rows(column)?,
            false => self.count(sum)?,
        };
        Ok(rows
            .into_iter()
            .map(|(name, sum)| (name, u64::try_from(sum).unwrap_or(0)))
            .collect())
    }

    fn count(&mut self, sum: &str) -> Result<Vec<(CollectionName, i64)>, Fault> {
        let sql = format!(
            "SELECT c.collection, n.name, c.total FROM (SELECT collection, {sum} AS total FROM {} \
             WHERE username = ? AND ttl > ? GROUP BY collection) AS c \
             LEFT JOIN {} AS n ON n.userid = ? AND n.collectionid = c.collection",
            self.table, self.engine.tables.collections
        );
        let user = Value::from(self.user.number());
        self.by_name(&sql, vec![user.clone(), expiry(self.now), user])
    }
}

/// Collections with a number each, and whether their name is one that the user's own list gives.
#[derive(Default)]
pub(super) struct Listed(Vec<(CollectionName, i64, bool)>);

impl Listed {
    /// Takes a row of a collection's number, its given name and a number.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), Fault> {
        let given = row::text(row, 1);
        let collection = (row::certain(row, 0)?, given.as_deref());
        self.push(collection, row::number(row, 2)?.unwrap_or(0));
        Ok(())
    }

    /// Takes a collection by its number and its given name, unless it has no name at all, and a number.
    pub(super) fn push(&mut self, (collection, given): (i64, Option<&str>), number: i64) {
        if let Some(name) = Tables::name_of(collection, given) {
            self.0.push((name, number, given.is_some()));
        }
    }

    /// In the order of names, each once: a given name wins over the same name by convention.
    pub(super) fn by_name(mut self) -> Vec<(CollectionName, i64)> {
        self.0.sort_by(|a, b| (&a.0, !a.2).cmp(&(&b.0, !b.2)));
        self.0.dedup_by(|later, earlier| later.0 == earlier.0);
        let pairs = self.0.into_iter();
        pairs.map(|(name, number, _)| (name, number)).collect()
    }
}

fn probe_user(engine: &Engine, lease: &mut Lease, user: UserId) -> Result<Probe, Fault> {
    let sql = format!(
        "SELECT {NOW}, t.modified FROM (SELECT 1 AS one) AS c LEFT JOIN {} AS t ON t.userid = ?",
        engine.tables.times
    );
    probe(lease, &sql, vec![user.number().into()])
}

/// The time, the earliest of the times that the writers of the user's collections must pass, and
/// whether our own table is marked as one that tells sums.
fn floor(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
) -> Result<(Timestamp, Option<Timestamp>, bool), Fault> {
    let sql = format!(
        "SELECT {NOW}, MIN(GREATEST(modified, told)), {} FROM {} \
         WHERE userid = ? AND collectionid <> ?",
        sums::mark(&engine.tables),
        engine.tables.times
    );
    let values = vec![user.number().into(), WHOLE_USER.into()];
    let row = lease.row(&sql, values)?;
    Ok((
        Timestamp::from_centis(row::certain(&row, 0)?),
        row::number(&row, 1)?.map(Timestamp::from_centis),
        row::number(&row, 2)? == Some(1),
    ))
}

impl AccountSession for Account {
    fn time(&self) -> Timestamp {
        self.time
    }

    fn times(&mut self) -> StorageResult<Vec<(CollectionName, Timestamp)>> {
        let times = self.read_times();
        let times = self.engine.answer(times)?;
        Ok(times
            .into_iter()
            .map(|(name, centis)| (name, Timestamp::from_centis(centis)))
            .collect())
    }

    fn counts(&mut self) -> StorageResult<Vec<(CollectionName, u64)>> {
        let counts = self.read_sums("COUNT(*)", "records");
        self.engine.answer(counts)
    }

    fn usage(&mut self) -> StorageResult<Vec<(CollectionName, u64)>> {
        let usage = self.read_sums("CAST(COALESCE(SUM(payload_size), 0) AS SIGNED)", "bytes");
        self.engine.answer(usage)
    }

    fn used_bytes(&mut self) -> StorageResult<u64> {
        let used = match self.summed {
            true => self.add_up_rows(),
            false => used_bytes(&mut self.lease, &self.table, self.user, self.now),
        };
        self.engine.answer(used)
    }
}
