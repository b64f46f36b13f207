//! Sessions that write: records put and deleted, the collection's row kept exact, one commit.

use super::keep::Keeper;
use super::session::{Collection, Session};
use super::{Held, count, moving, purge, select, transact};
use crate::storage::{StorageResult, WriteSession};
use crate::sync::{CollectionName, Query, Timestamp, Ttl, UserId, WboWrite};
use rusqlite::{Connection, OptionalExtension, params};

/// Bytes of a user's other collections, less what no longer exists in any of them: the own one's
/// row is stored at the commit.
pub(super) const OTHERS: &str = "SELECT
    (SELECT coalesce(sum(bytes), 0) FROM collection WHERE user = ?1 AND id IS NOT ?3)
    - (SELECT coalesce(sum(octet_length(w.payload)), 0)
        FROM collection c CROSS JOIN wbo w ON w.collection = c.id
        WHERE c.user = ?1 AND w.expires IS NOT NULL
            AND w.expires <= max(?2, c.modified))";

impl Session {
    pub(super) fn write(
        mut held: Held,
        user: UserId,
        name: &CollectionName,
    ) -> StorageResult<Self> {
        let (time, collection) = held.run(|seat| {
            transact(&seat.connection, "BEGIN IMMEDIATE")?;
            moving::refuse_away(&seat.connection, user)?;
            let collection = Collection::find(&seat.connection, user, name)?;
            let last = collection.map_or(Timestamp::ZERO, |c| c.modified);
            Ok((seat.clock.begin_write(last)?, collection))
        })?;
        Ok(Session {
            held,
            user,
            name: name.clone(),
            time,
            collection,
            before: collection.map(|c| c.modified).unwrap_or_default(),
            changed: false,
            weight: 0,
        })
    }

    /// What keeps what this session takes away, if anything is kept.
    fn keeper(&self) -> Option<Keeper> {
        self.held.pool.keeping().map(|_| Keeper {
            user: self.user,
            time: self.time,
        })
    }

    /// The collection's row, made if this is the first write to it.
    fn collection_to_write(&mut self) -> StorageResult<Collection> {
        if let Some(collection) = self.collection {
            return Ok(collection);
        }
        let (user, name, time) = (self.user.number(), &self.name, self.time);
        let id = self.held.run(|seat| {
            let sql = "INSERT INTO collection (user, name, modified, records, bytes)
                VALUES (?, ?, ?, 0, 0)";
            let values = params![user, name.as_str(), time.centis()];
            Ok(seat.connection.prepare_cached(sql)?.insert(values)?)
        })?;
        let collection = Collection {
            id,
            modified: time,
            records: 0,
            bytes: 0,
        };
        self.collection = Some(collection);
        Ok(collection)
    }

    fn put_one(&mut self, write: &WboWrite) -> StorageResult<Option<Timestamp>> {
        let time = self.time;
        let found = match self.collection {
            Some(collection) => self
                .held
                .run(|seat| Stored::find(&seat.connection, collection.id, write))?,
            None => None,
        };
        let lives = found.is_some_and(|stored| stored.lives_at(time));
        match (&write.payload, found) {
            (None, Some(stored)) if lives => self.merge(stored, write).map(Some),
            (None, _) if !write.create => Ok(None),
            (payload, found) => {
                let payload = payload.as_deref().unwrap_or_default();
                self.store(found, write, payload)?;
                Ok(Some(time))
            }
        }
    }

    /// Stores a record anew, in the place of the `found` one or as another.
    fn store(
        &mut self,
        found: Option<Stored>,
        write: &WboWrite,
        payload: &str,
    ) -> StorageResult<()> {
        let mut collection = self.collection_to_write()?;
        let time = self.time;
        let rowid = found.map(|stored| stored.rowid);
        let keeper = self.keeper();
        self.weight += payload.len();
        self.held.run(|seat| {
            if let (Some(keeper), Some(rowid)) = (keeper, rowid) {
                keeper.replaced(&seat.connection, rowid)?;
            }
            let sql = "INSERT INTO wbo (rowid, collection, id, modified, expires, sortindex,
                    parentid, predecessorid, payload)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (rowid) DO UPDATE SET modified = excluded.modified,
                    expires = excluded.expires, sortindex = excluded.sortindex,
                    parentid = excluded.parentid, predecessorid = excluded.predecessorid,
                    payload = excluded.payload";
            seat.connection.prepare_cached(sql)?.execute(params![
                rowid,
                collection.id,
                write.id.as_str(),
                time.centis(),
                expiry(write.ttl, time),
                write.sortindex,
                write.parentid,
                write.predecessorid,
                payload,
            ])?;
            Ok(())
        })?;
        collection.records += i64::from(found.is_none());
        collection.bytes += length(payload) - found.map_or(0, |stored| stored.bytes);
        self.collection = Some(collection);
        self.changed = true;
        Ok(())
    }

    /// Merges what the write names into a record.
    fn merge(&mut self, stored: Stored, write: &WboWrite) -> StorageResult<Timestamp> {
        let modified = if write.touch {
            self.time
        } else {
            stored.modified
        };
        let nothing = WboWrite {
            touch: write.touch,
            create: write.create,
            ..WboWrite::new(write.id.clone())
        };
        if !write.touch && *write == nothing {
            return Ok(modified);
        }
        let expires = expiry(write.ttl, self.time);
        let keeper = self.keeper();
        self.held.run(|seat| {
            if let Some(keeper) = keeper {
                keeper.replaced(&seat.connection, stored.rowid)?;
            }
            let sql = "UPDATE wbo SET modified = ?2, expires = coalesce(?3, expires),
                    sortindex = coalesce(?4, sortindex), parentid = coalesce(?5, parentid),
                    predecessorid = coalesce(?6, predecessorid)
                WHERE rowid = ?1";
            seat.connection.prepare_cached(sql)?.execute(params![
                stored.rowid,
                modified.centis(),
                expires,
                write.sortindex,
                write.parentid,
                write.predecessorid,
            ])?;
            Ok(())
        })?;
        self.changed = true;
        Ok(modified)
    }

    fn delete_everything(&mut self, collection: Collection) -> StorageResult<(u64, Collection)> {
        let (time, keeper) = (self.time, self.keeper());
        self.held.run(|seat| {
            if let Some(keeper) = keeper {
                keeper.deleted_all(&seat.connection, Some(collection.id))?;
            }
            let gone = purge::expired(&seat.connection, collection.id, time)?;
            let sql = "DELETE FROM wbo WHERE collection = ?";
            seat.connection
                .prepare_cached(sql)?
                .execute([collection.id])?;
            let left = Collection {
                records: 0,
                bytes: 0,
                ..collection
            };
            Ok((count(collection.records - gone.records)?, left))
        })
    }

    fn delete_some(
        &mut self,
        mut collection: Collection,
        query: &Query,
    ) -> StorageResult<(u64, Collection)> {
        let selection = select::Selection::new(query, collection.id, self.time);
        let sql = format!(
            "DELETE FROM wbo WHERE rowid IN ({}) RETURNING octet_length(payload)",
            selection.sql("rowid")
        );
        let keeper = self.keeper();
        self.held.run(|seat| {
            if let Some(keeper) = keeper {
                keeper.deleted(&seat.connection, &selection)?;
            }
            let mut statement = seat.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(selection.paged_values().as_slice())?;
            let mut deleted = 0;
            while let Some(row) = rows.next()? {
                deleted += 1;
                collection.records -= 1;
                collection.bytes -= row.get::<_, i64>(0)?;
            }
            Ok((deleted, collection))
        })
    }
}

impl WriteSession for Session {
    fn used_bytes(&mut self) -> StorageResult<u64> {
        let (user, time) = (self.user.number(), self.time);
        let own = self.collection;
        self.held.run(|seat| {
            let mut statement = seat.connection.prepare_cached(OTHERS)?;
            let values = params![user, time.centis(), own.map(|c| c.id)];
            let others: i64 = statement.query_row(values, |row| row.get(0))?;
            count(others + own.map_or(0, |c| c.bytes))
        })
    }

    fn put(&mut self, writes: &[WboWrite]) -> StorageResult<Vec<Option<Timestamp>>> {
        writes.iter().map(|write| self.put_one(write)).collect()
    }

    fn delete(&mut self, query: &Query) -> StorageResult<u64> {
        let Some(collection) = self.collection else {
            return Ok(0);
        };
        let (deleted, left) = if select::is_everything(query) {
            self.delete_everything(collection)?
        } else {
            self.delete_some(collection, query)?
        };
        self.collection = Some(left);
        // Records that had ceased to exist may have gone too, which is no change to anyone.
        self.changed |= deleted > 0;
        self.weight = self.weight.max(if deleted > 0 { HEAVY } else { 0 });
        Ok(deleted)
    }

    fn commit(mut self: Box<Self>) -> StorageResult<()> {
        let Some(collection) = self.collection else {
            return Ok(());
        };
        let (user, time, changed) = (self.user, self.time, self.changed);
        if !changed {
            return Ok(());
        }
        let kept = self.keeper().zip(self.held.pool.keeping());
        let (heavy, before) = (self.weight >= HEAVY, self.before);
        self.held.run(|seat| {
            if let Some((keeper, keeping)) = kept {
                let before = Collection {
                    modified: before,
                    ..collection
                };
                keeper.link(&seat.connection, before)?;
                keeper.tidy(&seat.connection, keeping, heavy)?;
            }
            let sql = "UPDATE collection SET modified = ?2, records = ?3, bytes = ?4 WHERE id = ?1";
            let Collection {
                id, records, bytes, ..
            } = collection;
            let mut statement = seat.connection.prepare_cached(sql)?;
            statement.execute(params![id, time.centis(), records, bytes])?;
            purge::a_few(&seat.connection, user, seat.clock.high())?;
            transact(&seat.connection, "COMMIT")?;
            // It is durable: what fails from here on is not the request's business.
            if let Err(error) = seat.clock.end_write(true) {
                log::error!("after a commit: {error}");
            }
            Ok(())
        })
    }
}

/// A session that wrote so many bytes, or deleted anything, looks whether something kept may go.
const HEAVY: usize = 1 << 20;

/// What a write needs to know of the record that it meets, living or expired.
#[derive(Clone, Copy)]
struct Stored {
    rowid: i64,
    modified: Timestamp,
    expires: Option<i64>,
    bytes: i64,
}

impl Stored {
    fn find(
        connection: &Connection,
        collection: i64,
        write: &WboWrite,
    ) -> StorageResult<Option<Self>> {
        let sql = "SELECT rowid, modified, expires, octet_length(payload) FROM wbo
            WHERE collection = ? AND id = ?";
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row(params![collection, write.id.as_str()], |row| {
            Ok(Stored {
                rowid: row.get(0)?,
                modified: Timestamp::from_centis(row.get(1)?),
                expires: row.get(2)?,
                bytes: row.get(3)?,
            })
        });
        Ok(found.optional()?)
    }

    fn lives_at(&self, time: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > time.centis())
    }
}

/// Deletes all records of the user.
pub(super) fn delete_records(held: &mut Held, user: UserId) -> StorageResult<Timestamp> {
    let keeping = held.pool.keeping();
    held.run(|seat| {
        let connection = &seat.connection;
        transact(connection, "BEGIN IMMEDIATE")?;
        moving::refuse_away(connection, user)?;
        let sql = "SELECT coalesce(max(modified), 0) FROM collection WHERE user = ?";
        let last = connection.query_row(sql, [user.number()], |row| row.get(0))?;
        let time = seat.clock.begin_write(Timestamp::from_centis(last))?;
        // A collection whose records had all ceased to exist has nothing to delete: its time stays.
        let some = "records > (SELECT count(*) FROM wbo WHERE collection = collection.id
            AND expires IS NOT NULL AND expires <= ?2)";
        if let Some(keeping) = keeping {
            let keeper = Keeper { user, time };
            keeper.deleted_all(connection, None)?;
            keeper.link_all(connection, some)?;
            keeper.tidy(connection, keeping, true)?;
        }
        let sql = format!("UPDATE collection SET modified = ?2 WHERE user = ?1 AND {some}");
        let emptied = connection.execute(&sql, params![user.number(), time.centis()])?;
        let sql = "DELETE FROM wbo WHERE collection IN (SELECT id FROM collection WHERE user = ?)";
        connection.execute(sql, [user.number()])?;
        let sql = "UPDATE collection SET records = 0, bytes = 0 WHERE user = ?";
        connection.execute(sql, [user.number()])?;
        transact(connection, "COMMIT")?;
        if let Err(error) = seat.clock.end_write(emptied > 0) {
            log::error!("after a commit: {error}");
        }
        Ok(time)
    })
}

fn expiry(ttl: Option<Ttl>, time: Timestamp) -> Option<i64> {
    ttl.map(|ttl| time.plus_seconds(ttl.seconds().into()).centis())
}

fn length(payload: &str) -> i64 {
    i64::try_from(payload.len()).unwrap_or(i64::MAX)
}
