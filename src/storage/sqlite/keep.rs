//! Keeping what writes replace and delete, and letting go of what is too old or too much.
//!
//! All of this happens in the transaction of the change itself.

use super::session::Collection;
use super::{count, select::Selection};
use crate::storage::StorageResult;
use crate::storage::undo::{self, Keeping, OVERHEAD, PRUNED_TOGETHER, PRUNES};
use crate::sync::{Timestamp, UserId, WboRef};
use rusqlite::{Connection, Statement, ToSql, params};
use std::sync::LazyLock;

/// What of a row of `wbo` is kept, after the user, the time and whether it was deleted (`?1` to `?3`).
fn versions(which: &str) -> String {
    format!(
        "INSERT OR IGNORE INTO kept (user, collection, until, id, since, deleted, bytes, expires,
            sortindex, parentid, predecessorid, payload)
        SELECT ?1, collection, ?2, id, modified, ?3, octet_length(payload) + {OVERHEAD}, expires,
            sortindex, parentid, predecessorid, payload
        FROM wbo WHERE {which}"
    )
}

const LIVES: &str = "(expires IS NULL OR expires > ?2)";

/// Keeps the row of one record.
pub(super) static REPLACED: LazyLock<String> =
    LazyLock::new(|| versions(&format!("rowid = ?4 AND {LIVES}")));

/// A change that keeps what it takes away.
#[derive(Clone, Copy)]
pub(super) struct Keeper {
    pub(super) user: UserId,
    /// The time of the change.
    pub(super) time: Timestamp,
}

impl Keeper {
    /// Keeps the row of a record that is about to be replaced, by the statement [`REPLACED`]. Of two versions
    /// in one change the first counts: the other was never seen.
    pub(super) fn replaced(self, statement: &mut Statement<'_>, rowid: i64) -> StorageResult<()> {
        let values = params![self.user.number(), self.time.centis(), false, rowid];
        statement.execute(values)?;
        Ok(())
    }

    /// Keeps what a selection is about to delete.
    pub(super) fn deleted(
        self,
        connection: &Connection,
        selection: &Selection<'_>,
    ) -> StorageResult<()> {
        // The selection's own values come first, as they are bound by their order.
        let user = self.user.number();
        let sql = format!(
            "INSERT OR IGNORE INTO kept (id, since, expires, sortindex, parentid, predecessorid,
                payload, collection, bytes, user, until, deleted)
            SELECT w.id, w.modified, w.expires, w.sortindex, w.parentid, w.predecessorid, w.payload,
                w.collection, octet_length(w.payload) + {OVERHEAD}, {user}, {time}, 1
            FROM wbo w WHERE w.rowid IN ({chosen})",
            time = self.time.centis(),
            chosen = selection.sql("rowid"),
        );
        let mut statement = connection.prepare(&sql)?;
        statement.execute(selection.paged_values().as_slice())?;
        Ok(())
    }

    /// Keeps all living records of a collection, or of the user where there is none.
    pub(super) fn deleted_all(
        self,
        connection: &Connection,
        collection: Option<i64>,
    ) -> StorageResult<()> {
        let which = match collection {
            Some(_) => "collection = ?4",
            None => "collection IN (SELECT id FROM collection WHERE user = ?1) AND ?4 IS NULL",
        };
        let sql = versions(&format!("{which} AND {LIVES}"));
        let values = params![self.user.number(), self.time.centis(), true, collection];
        connection.prepare_cached(&sql)?.execute(values)?;
        Ok(())
    }

    /// Keeps what goes when a record is laid over those that are there, of which the one before it has
    /// the id `last`: what lies between, and what is there in its place unless that is the same.
    pub(super) fn laid_over(
        self,
        connection: &Connection,
        (collection, last): (i64, &str),
        record: &WboRef<'_>,
    ) -> StorageResult<()> {
        let sql = format!(
            "INSERT OR IGNORE INTO kept (user, collection, until, id, since, deleted, bytes, expires,
                sortindex, parentid, predecessorid, payload)
            SELECT ?1, collection, ?2, id, modified, id <> ?5, octet_length(payload) + {OVERHEAD},
                expires, sortindex, parentid, predecessorid, payload
            FROM wbo WHERE collection = ?3 AND id > ?4 AND id <= ?5 AND {LIVES}
                AND (id <> ?5 OR payload <> ?6 OR sortindex IS NOT ?7 OR parentid IS NOT ?8
                    OR predecessorid IS NOT ?9)"
        );
        connection.prepare_cached(&sql)?.execute(params![
            self.user.number(),
            self.time.centis(),
            collection,
            last,
            record.id,
            record.payload.unwrap_or_default(),
            record.sortindex,
            record.parentid,
            record.predecessorid,
        ])?;
        Ok(())
    }

    /// Keeps the living records of a collection whose ids come after `last`, which are about to go.
    pub(super) fn deleted_after(
        self,
        connection: &Connection,
        (collection, last): (i64, &str),
    ) -> StorageResult<()> {
        let sql = versions(&format!("collection = ?4 AND id > ?5 AND {LIVES}"));
        let (user, time) = (self.user.number(), self.time.centis());
        let values = params![user, time, true, collection, last];
        connection.prepare_cached(&sql)?.execute(values)?;
        Ok(())
    }

    /// Keeps what an undo is about to exchange (its table `back` says for what).
    pub(super) fn exchanged(self, connection: &Connection, collection: i64) -> StorageResult<()> {
        let sql = format!(
            "INSERT OR IGNORE INTO kept (user, collection, until, id, since, deleted, bytes, expires,
                sortindex, parentid, predecessorid, payload)
            SELECT ?1, w.collection, ?2, w.id, w.modified, b.version IS NULL,
                octet_length(w.payload) + {OVERHEAD}, w.expires, w.sortindex, w.parentid,
                w.predecessorid, w.payload
            FROM back b JOIN wbo w ON w.collection = ?3 AND w.id = b.id
                AND (w.expires IS NULL OR w.expires > ?2)"
        );
        let values = params![self.user.number(), self.time.centis(), collection];
        connection.execute(&sql, values)?;
        Ok(())
    }

    /// Joins the collection's time before to that of the change.
    pub(super) fn link(self, connection: &Connection, before: Collection) -> StorageResult<()> {
        let sql = "INSERT OR IGNORE INTO kept (user, collection, until, id, since, deleted, bytes)
            VALUES (?, ?, ?, '', ?, 0, ?)";
        connection.prepare_cached(sql)?.execute(params![
            self.user.number(),
            before.id,
            self.time.centis(),
            before.modified.centis(),
            OVERHEAD,
        ])?;
        Ok(())
    }

    /// Joins the times of all collections of the user that a deletion is about to give its own.
    pub(super) fn link_all(self, connection: &Connection, which: &str) -> StorageResult<()> {
        let sql = format!(
            "INSERT OR IGNORE INTO kept (user, collection, until, id, since, deleted, bytes)
            SELECT user, id, ?2, '', modified, 0, {OVERHEAD} FROM collection
            WHERE user = ?1 AND {which}"
        );
        let values = params![self.user.number(), self.time.centis()];
        connection.prepare(&sql)?.execute(values)?;
        Ok(())
    }

    /// Lets go of a little that is too old or too much, once in a while.
    pub(super) fn tidy(
        self,
        connection: &Connection,
        keeping: Keeping,
        surely: bool,
    ) -> StorageResult<()> {
        if surely || self.time.centis() % PRUNES == 0 {
            prune(connection, keeping, self, PRUNED_TOGETHER)?;
        }
        Ok(())
    }
}

/// Lets at most `most` rows of the user go; answers how many there were.
fn prune(connection: &Connection, keeping: Keeping, of: Keeper, most: u64) -> StorageResult<u64> {
    let sql =
        "SELECT until, sum(bytes) FROM kept WHERE user = ? GROUP BY until ORDER BY until DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let sizes = statement.query_map([of.user.number()], |row| {
        Ok((Timestamp::from_centis(row.get(0)?), row.get::<_, i64>(1)?))
    })?;
    let sizes = sizes.collect::<rusqlite::Result<Vec<_>>>()?;
    let sizes = sizes
        .into_iter()
        .map(|(time, bytes)| (time, u64::try_from(bytes).unwrap_or(0)));
    let cut = undo::cut(keeping, of.time, sizes);
    drop_until(connection, of.user, cut, most)
}

fn drop_until(
    connection: &Connection,
    user: UserId,
    cut: Timestamp,
    most: u64,
) -> StorageResult<u64> {
    // In this order a change loses its link first, so one that is kept in part is none.
    let sql = "DELETE FROM kept WHERE rowid IN (
        SELECT rowid FROM kept WHERE user = ? AND until <= ? ORDER BY until, id LIMIT ?)";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values: [&dyn ToSql; 3] = [&user.number(), &cut.centis(), &most];
    let gone = connection.prepare_cached(sql)?.execute(values)?;
    count(i64::try_from(gone).unwrap_or(i64::MAX))
}

/// Lets at most `most` rows of all users go; answers how many there were. Without `keeping`, all.
pub(super) fn purge(
    connection: &Connection,
    keeping: Option<Keeping>,
    time: Timestamp,
    most: u64,
) -> StorageResult<u64> {
    let (mut gone, mut before) = (0, -1);
    while gone < most {
        let next = connection.query_row(
            "SELECT min(user) FROM kept WHERE user > ?",
            [before],
            |row| row.get::<_, Option<u32>>(0),
        )?;
        let Some(number) = next else { break };
        let user = UserId::new(number);
        gone += match keeping {
            Some(keeping) => prune(connection, keeping, Keeper { user, time }, most - gone)?,
            None => drop_until(
                connection,
                user,
                Timestamp::from_centis(i64::MAX),
                most - gone,
            )?,
        };
        before = i64::from(number);
    }
    Ok(gone)
}

/// Forgets what is kept of a user.
pub(super) fn forget(connection: &Connection, user: UserId) -> StorageResult<()> {
    connection.execute("DELETE FROM kept WHERE user = ?", [user.number()])?;
    Ok(())
}
