//! Records whose ttl has passed: how they are kept out of the counts, and how they go.
//!
//! They vanish from every read by their `expires` alone. Purging them is housekeeping that nobody
//! can see: it moves no time and changes no count but the raw ones in the collection's row.

use super::count;
use crate::storage::StorageResult;
use crate::sync::{Timestamp, UserId};
use rusqlite::{Connection, ToSql};
use std::collections::BTreeMap;

/// Purges records of anyone.
pub(super) const OF_ALL: &str = "DELETE FROM wbo WHERE rowid IN (
        SELECT w.rowid FROM collection c CROSS JOIN wbo w ON w.collection = c.id
        WHERE c.records > 0 AND w.expires IS NOT NULL
            AND w.expires <= max(?, c.modified)
        LIMIT ?)
    RETURNING collection, octet_length(payload)";

/// Purges records of a user.
pub(super) const A_FEW: &str = "DELETE FROM wbo WHERE rowid IN (
        SELECT w.rowid FROM collection c CROSS JOIN wbo w ON w.collection = c.id
        WHERE c.user = ? AND c.records > 0 AND w.expires IS NOT NULL
            AND w.expires <= max(?, c.modified)
        LIMIT ?)
    RETURNING collection, octet_length(payload)";

/// Whether there is anything of a user's to purge.
pub(super) const ANY: &str = "SELECT EXISTS (
        SELECT 1 FROM collection c CROSS JOIN wbo w ON w.collection = c.id
        WHERE c.user = ? AND c.records > 0 AND w.expires IS NOT NULL
            AND w.expires <= max(?, c.modified))";

/// What a collection counts although it no longer exists.
pub(super) const EXPIRED: &str = "SELECT count(*), coalesce(sum(octet_length(payload)), 0) FROM wbo
    WHERE collection = ? AND expires IS NOT NULL AND expires <= ?";

/// How many records of a user each of their writes purges.
const PER_WRITE: i64 = 20;

/// Records and their bytes.
pub(super) struct Tally {
    pub(super) records: i64,
    pub(super) bytes: i64,
}

/// What a collection's row counts although it no longer exists at `time`.
pub(super) fn expired(connection: &Connection, id: i64, time: Timestamp) -> StorageResult<Tally> {
    let tally = connection
        .prepare_cached(EXPIRED)?
        .query_row([id, time.centis()], |row| {
            Ok(Tally {
                records: row.get(0)?,
                bytes: row.get(1)?,
            })
        })?;
    Ok(tally)
}

/// Purges a few records of the user. `time` must not be later than what readers will be told.
pub(super) fn a_few(connection: &Connection, user: UserId, time: Timestamp) -> StorageResult<u64> {
    let (user, time) = (user.number(), time.centis());
    // Mostly there is nothing, and to look costs a fifth of a deletion that finds nothing.
    let mut any = connection.prepare_cached(ANY)?;
    if !any.query_row((user, time), |row| row.get(0))? {
        return Ok(0);
    }
    purge(connection, A_FEW, &[&user, &time, &PER_WRITE])
}

/// Purges at most `most` records of any user.
pub(super) fn of_all(connection: &Connection, time: Timestamp, most: u64) -> StorageResult<u64> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    purge(connection, OF_ALL, &[&time.centis(), &most])
}

fn purge(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> StorageResult<u64> {
    let mut gone: BTreeMap<i64, Tally> = BTreeMap::new();
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        let tally = gone.entry(row.get(0)?).or_insert(Tally {
            records: 0,
            bytes: 0,
        });
        tally.records += 1;
        tally.bytes += row.get::<_, i64>(1)?;
    }
    let sql = "UPDATE collection SET records = records - ?, bytes = bytes - ? WHERE id = ?";
    let mut total = 0;
    for (id, Tally { records, bytes }) in gone {
        connection
            .prepare_cached(sql)?
            .execute([records, bytes, id])?;
        total += count(records)?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sqlite::{file, session, write};

    #[test]
    fn what_no_longer_exists_is_found_without_reading_what_does() {
        let connection = Connection::open_in_memory().unwrap();
        file::keep_plans(&connection).unwrap();
        let schema = include_str!("../../../sql/sqlite/001-storage.sql");
        connection.execute_batch(schema).unwrap();
        for sql in [session::LISTED, write::OTHERS, EXPIRED, ANY, A_FEW, OF_ALL] {
            let mut statement = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap();
            let values = vec![1; statement.parameter_count()];
            let values = rusqlite::params_from_iter(values);
            let steps = statement
                .query_map(values, |row| row.get::<_, String>(3))
                .unwrap();
            let steps: Vec<_> = steps.map(Result::unwrap).collect();
            let by_life = |step: &String| step.contains("wbo_expires") && step.contains("expires<");
            assert!(steps.iter().any(by_life), "{steps:?}");
        }
    }
}
