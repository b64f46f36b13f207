//! Sessions that write: records deleted (see `put` for others), the collection's row kept exact, one commit.

use super::keep::Keeper;
use super::session::{Collection, Session};
use super::{Held, count, moving, purge, select, transact};
use crate::storage::{StorageResult, WriteSession};
use crate::sync::{CollectionName, Query, Timestamp, UserId, WboWrite};
use rusqlite::params;

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
            Ok((seat.clock.begin_write(user, last)?, collection))
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
    pub(super) fn keeper(&self) -> Option<Keeper> {
        self.held.pool.keeping().map(|_| Keeper {
            user: self.user,
            time: self.time,
        })
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
        self.put_all(writes)
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

/// Deletes all records of the user.
pub(super) fn delete_records(held: &mut Held, user: UserId) -> StorageResult<Timestamp> {
    let keeping = held.pool.keeping();
    held.run(|seat| {
        let connection = &seat.connection;
        transact(connection, "BEGIN IMMEDIATE")?;
        moving::refuse_away(connection, user)?;
        let sql = "SELECT coalesce(max(modified), 0) FROM collection WHERE user = ?";
        let last = connection.query_row(sql, [user.number()], |row| row.get(0))?;
        let time = seat.clock.begin_write(user, Timestamp::from_centis(last))?;
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
