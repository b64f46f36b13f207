//! Users on their way into a backup, or from one.
//!
//! What comes in is laid over what is there, both in the order of their ids, so that nothing of it has
//! to be gathered: each record takes the place of the one with its id unless they are equal, and what
//! lies between one id and the next goes. What goes is kept, as with every change, unless times are
//! kept: then nothing of before is.

use super::SqliteStorage;
use super::keep::Keeper;
use super::moving::{carry_collections, delete_all, refuse_away};
use super::session::Collection;
use crate::storage::{Carried, Carry, Give, Load, Portable, Stamps, StorageError, StorageResult};
use crate::sync::{CollectionName, Timestamp, UserId, WboRef};
use rusqlite::{Connection, OptionalExtension, params};

impl Portable for SqliteStorage {
    fn users(&self) -> StorageResult<Vec<UserId>> {
        self.held()?.run(|seat| {
            let sql = "SELECT DISTINCT user FROM collection ORDER BY user";
            let mut statement = seat.connection.prepare(sql)?;
            let users = statement.query_map([], |row| row.get(0).map(UserId::new))?;
            Ok(users.collect::<Result<_, _>>()?)
        })
    }

    fn walk(&self, user: UserId, carry: Carry<'_>) -> StorageResult<Timestamp> {
        self.held()?.run(|seat| {
            let connection = &seat.connection;
            connection.execute_batch("BEGIN")?;
            refuse_away(connection, user)?;
            // Asked after the snapshot was made: whatever was told before it is not later than this.
            let at = seat.clock.read_time()?.max(latest(connection, user)?);
            carry_collections(connection, user, at, carry)?;
            connection.execute_batch("ROLLBACK")?;
            Ok(at)
        })
    }

    fn take_in(
        &self,
        user: UserId,
        load: &Load<'_>,
        give: Give<'_>,
    ) -> StorageResult<Option<Timestamp>> {
        let keeping = self.pool.keeping();
        self.held()?.run(|seat| {
            let connection = &seat.connection;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            refuse_away(connection, user)?;
            let last = latest(connection, user)?.max(load.at);
            let time = seat.clock.begin_write(user, last)?;
            delete_expired(connection, user, time)?;
            if !load.replace && has_records(connection, user)? {
                connection.execute_batch("ROLLBACK")?;
                seat.clock.end_write(false)?;
                return Ok(None);
            }
            let mut laying = Laying {
                connection,
                user,
                load,
                time,
                keeper: keeping
                    .filter(|_| load.times == Stamps::New)
                    .map(|_| Keeper { user, time }),
                place: None,
            };
            laying.begin()?;
            give(&mut |piece| laying.take(piece))?;
            laying.finish()?;
            if let (Some(keeper), Some(keeping)) = (laying.keeper, keeping) {
                keeper.tidy(connection, keeping, true)?;
            }
            connection.execute_batch("COMMIT")?;
            // It is durable: what fails from here on is not the caller's business.
            if let Err(error) = seat.clock.end_write(load.times == Stamps::New) {
                log::error!("after a commit: {error}");
            }
            Ok(Some(time))
        })
    }
}

/// The latest time of any of the user's collections.
fn latest(connection: &Connection, user: UserId) -> StorageResult<Timestamp> {
    let sql = "SELECT coalesce(max(modified), 0) FROM collection WHERE user = ?";
    let latest = connection.query_row(sql, [user.number()], |row| row.get(0))?;
    Ok(Timestamp::from_centis(latest))
}

fn delete_expired(connection: &Connection, user: UserId, time: Timestamp) -> StorageResult<()> {
    let sql = "DELETE FROM wbo WHERE collection IN (SELECT id FROM collection WHERE user = ?)
        AND expires <= ?";
    connection.execute(sql, params![user.number(), time.centis()])?;
    Ok(())
}

fn has_records(connection: &Connection, user: UserId) -> StorageResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM wbo
        WHERE collection IN (SELECT id FROM collection WHERE user = ?))";
    Ok(connection.query_row(sql, [user.number()], |row| row.get(0))?)
}

/// A user who is being laid over what is there.
struct Laying<'c> {
    connection: &'c Connection,
    user: UserId,
    load: &'c Load<'c>,
    time: Timestamp,
    /// Keeps what goes, if anything is kept.
    keeper: Option<Keeper>,
    place: Option<Place>,
}

/// How far it has come.
struct Place {
    collection: i64,
    /// The record that came last; empty before the first.
    last: String,
}

impl Laying<'_> {
    fn begin(&self) -> StorageResult<()> {
        match (self.load.times, self.keeper) {
            (Stamps::Kept, _) => delete_all(self.connection, self.user),
            (Stamps::New, Some(keeper)) => keeper.link_all(self.connection, "modified < ?2"),
            (Stamps::New, None) => Ok(()),
        }
    }

    fn take(&mut self, piece: Carried<'_>) -> StorageResult<()> {
        match piece {
            Carried::Collection { name, modified } => {
                self.end_collection()?;
                let modified = match self.load.times {
                    Stamps::New => self.time,
                    Stamps::Kept => modified,
                };
                let collection = self.collection(name, modified)?;
                self.place = Some(Place {
                    collection,
                    last: String::new(),
                });
                Ok(())
            }
            Carried::Record { record, expires } => self.take_record(&record, expires),
        }
    }

    /// The number of the collection's row, which is made where there is none.
    fn collection(&self, name: &CollectionName, modified: Timestamp) -> StorageResult<i64> {
        let (user, name) = (self.user.number(), name.as_str());
        let sql = "SELECT id FROM collection WHERE user = ? AND name = ?";
        let found = self
            .connection
            .query_row(sql, params![user, name], |row| row.get(0));
        if let Some(id) = found.optional()? {
            return Ok(id);
        }
        let sql = "INSERT INTO collection (user, name, modified, records, bytes)
            VALUES (?, ?, ?, 0, 0)";
        let values = params![user, name, modified.centis()];
        let id = self.connection.prepare_cached(sql)?.insert(values)?;
        if let Some(keeper) = self.keeper {
            let before = Collection {
                id,
                modified: Timestamp::ZERO,
                records: 0,
                bytes: 0,
            };
            keeper.link(self.connection, before)?;
        }
        Ok(id)
    }

    fn take_record(
        &mut self,
        record: &WboRef<'_>,
        expires: Option<Timestamp>,
    ) -> StorageResult<()> {
        let place = self
            .place
            .as_mut()
            .ok_or_else(|| StorageError::Broken("a record without collection".to_owned()))?;
        if let Some(keeper) = self.keeper {
            keeper.laid_over(self.connection, (place.collection, &place.last), record)?;
        }
        let between = "DELETE FROM wbo WHERE collection = ? AND id > ? AND id < ?";
        self.connection.prepare_cached(between)?.execute(params![
            place.collection,
            place.last,
            record.id
        ])?;
        let modified = match self.load.times {
            Stamps::New => self.time,
            Stamps::Kept => record.modified,
        };
        let sql = "INSERT INTO wbo (collection, id, modified, expires, sortindex, parentid,
                predecessorid, payload)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (collection, id) DO UPDATE SET modified = excluded.modified,
                expires = excluded.expires, sortindex = excluded.sortindex,
                parentid = excluded.parentid, predecessorid = excluded.predecessorid,
                payload = excluded.payload
            WHERE wbo.payload <> excluded.payload OR wbo.sortindex IS NOT excluded.sortindex
                OR wbo.parentid IS NOT excluded.parentid
                OR wbo.predecessorid IS NOT excluded.predecessorid";
        self.connection.prepare_cached(sql)?.execute(params![
            place.collection,
            record.id,
            modified.centis(),
            self.load.expiry(expires, self.time).map(Timestamp::centis),
            record.sortindex,
            record.parentid,
            record.predecessorid,
            record.payload.unwrap_or_default(),
        ])?;
        record.id.clone_into(&mut place.last);
        Ok(())
    }

    /// What follows the last record goes.
    fn end_collection(&mut self) -> StorageResult<()> {
        if let Some(Place { collection, last }) = self.place.take() {
            if let Some(keeper) = self.keeper {
                keeper.deleted_after(self.connection, (collection, &last))?;
            }
            let sql = "DELETE FROM wbo WHERE collection = ? AND id > ?";
            self.connection.execute(sql, params![collection, last])?;
        }
        Ok(())
    }

    fn finish(&mut self) -> StorageResult<()> {
        self.end_collection()?;
        self.empty_the_others()?;
        let user = self.user.number();
        if self.load.times == Stamps::New {
            let sql = "UPDATE collection SET modified = ?2 WHERE user = ?1";
            self.connection
                .execute(sql, params![user, self.time.centis()])?;
        }
        let sql = "UPDATE collection SET
                records = (SELECT count(*) FROM wbo WHERE collection = collection.id),
                bytes = (SELECT coalesce(sum(octet_length(payload)), 0) FROM wbo
                    WHERE collection = collection.id)
            WHERE user = ?";
        self.connection.execute(sql, [user])?;
        Ok(())
    }

    /// Collections that did not come have no records any more.
    fn empty_the_others(&self) -> StorageResult<()> {
        let sql = "SELECT id, name FROM collection WHERE user = ?";
        let mut statement = self.connection.prepare(sql)?;
        let rows = statement.query_map([self.user.number()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        for row in rows {
            let (id, name) = row?;
            if !self
                .load
                .collections
                .iter()
                .any(|came| came.as_str() == name)
            {
                if let Some(keeper) = self.keeper {
                    keeper.deleted_all(self.connection, Some(id))?;
                }
                let sql = "DELETE FROM wbo WHERE collection = ?";
                self.connection.execute(sql, [id])?;
            }
        }
        Ok(())
    }
}
