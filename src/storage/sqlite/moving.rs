//! Users on their way to another node, or from one.
//!
//! Sessions look for a user's row in `away` inside their own snapshot or transaction. So who holds a
//! user as the one writer knows that no write is under way, and that whoever still reads was told a
//! time from before.

use super::{SqliteStorage, keep};
use crate::storage::{Carried, Movable, Presence, StorageError, StorageResult, moving::Carry};
use crate::sync::{CollectionName, Timestamp, UserId, WboRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Refuses a user who is away. To be called inside the snapshot or after it was taken.
pub(super) fn refuse_away(connection: &Connection, user: UserId) -> StorageResult<()> {
    match presence(connection, user)? {
        Presence::Here => Ok(()),
        Presence::Held => Err(StorageError::Busy),
        Presence::Gone => Err(StorageError::Elsewhere),
    }
}

fn presence(connection: &Connection, user: UserId) -> StorageResult<Presence> {
    let sql = "SELECT gone FROM away WHERE user = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let gone = statement.query_row([user.number()], |row| row.get(0));
    Ok(match gone.optional()? {
        None => Presence::Here,
        Some(false) => Presence::Held,
        Some(true) => Presence::Gone,
    })
}

/// Removes all rows of the user but the one in `away`; what is kept for an undo, too.
pub(super) fn delete_all(connection: &Connection, user: UserId) -> StorageResult<()> {
    let wbos = "DELETE FROM wbo WHERE collection IN (SELECT id FROM collection WHERE user = ?)";
    connection.execute(wbos, [user.number()])?;
    connection.execute("DELETE FROM collection WHERE user = ?", [user.number()])?;
    keep::forget(connection, user)
}

/// Forgets whether the user is away.
pub(super) fn come_back(connection: &Connection, user: UserId) -> StorageResult<()> {
    connection.execute("DELETE FROM away WHERE user = ?", [user.number()])?;
    Ok(())
}

impl Movable for SqliteStorage {
    fn presence(&self, user: UserId) -> StorageResult<Presence> {
        self.held()?.run(|seat| presence(&seat.connection, user))
    }

    fn hold(&self, user: UserId) -> StorageResult<Timestamp> {
        let mut held = self.held()?;
        held.transaction(|connection, _| {
            let sql = "INSERT INTO away (user, gone) VALUES (?, 0)
                ON CONFLICT (user) DO UPDATE SET gone = 0";
            connection.execute(sql, [user.number()])?;
            Ok(())
        })?;
        // Whoever was told a time for this user asked for it before that commit.
        held.run(|seat| seat.clock.read_time())
    }

    fn release(&self, user: UserId) -> StorageResult<()> {
        self.held()?
            .transaction(|connection, _| come_back(connection, user))
    }

    fn carry_out(&self, user: UserId, carry: Carry<'_>) -> StorageResult<()> {
        self.held()?.run(|seat| {
            let connection = &seat.connection;
            connection.execute_batch("BEGIN")?;
            let done = carry_collections(connection, user, Timestamp::ZERO, carry);
            connection.execute_batch("ROLLBACK")?;
            done
        })
    }

    fn carry_in(
        &self,
        user: UserId,
        told: Timestamp,
        give: &mut dyn FnMut(Carry<'_>) -> StorageResult<()>,
    ) -> StorageResult<()> {
        self.held()?.run(|seat| {
            let connection = &seat.connection;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            delete_all(connection, user)?;
            let mut arrival = Arrival {
                connection,
                user,
                collection: None,
            };
            give(&mut |piece| arrival.take(piece))?;
            arrival.finish()?;
            come_back(connection, user)?;
            // This time is given to nothing, but the user's next one is later.
            seat.clock.begin_write(user, told)?;
            seat.clock.end_write(false)?;
            connection.execute_batch("COMMIT")?;
            Ok(())
        })
    }

    fn let_go(&self, user: UserId) -> StorageResult<()> {
        self.held()?.transaction(|connection, _| {
            delete_all(connection, user)?;
            let sql = "UPDATE away SET gone = 1 WHERE user = ?";
            connection.execute(sql, [user.number()])?;
            Ok(())
        })
    }
}

/// Hands over the user's collections by name, and of each its records by id, without those that have
/// expired at `now`.
pub(super) fn carry_collections(
    connection: &Connection,
    user: UserId,
    now: Timestamp,
    carry: Carry<'_>,
) -> StorageResult<()> {
    let mut collections = connection
        .prepare("SELECT id, name, modified FROM collection WHERE user = ? ORDER BY name")?;
    let mut records = connection.prepare(
        "SELECT id, modified, expires, sortindex, parentid, predecessorid, payload
        FROM wbo WHERE collection = ?1 AND (expires IS NULL OR expires > ?2) ORDER BY id",
    )?;
    let mut rows = collections.query([user.number()])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let name = CollectionName::new(&name)
            .map_err(|_| StorageError::Broken(format!("a collection named {name:?}")))?;
        carry(Carried::Collection {
            name: &name,
            modified: Timestamp::from_centis(row.get(2)?),
        })?;
        let mut rows = records.query([row.get::<_, i64>(0)?, now.centis()])?;
        while let Some(row) = rows.next()? {
            carry_record(row, carry)?;
        }
    }
    Ok(())
}

fn carry_record(row: &Row<'_>, carry: Carry<'_>) -> StorageResult<()> {
    let text = |column| -> StorageResult<Option<&str>> {
        let value = row.get_ref(column)?;
        value
            .as_str_or_null()
            .map_err(|error| StorageError::Broken(format!("column {column}: {error}")))
    };
    carry(Carried::Record {
        record: WboRef {
            id: text(0)?.unwrap_or_default(),
            modified: Timestamp::from_centis(row.get(1)?),
            sortindex: row.get(3)?,
            parentid: text(4)?,
            predecessorid: text(5)?,
            payload: text(6)?,
        },
        expires: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_centis),
    })
}

/// A user who is coming in.
struct Arrival<'c> {
    connection: &'c Connection,
    user: UserId,
    collection: Option<i64>,
}

impl Arrival<'_> {
    fn take(&mut self, piece: Carried<'_>) -> StorageResult<()> {
        match piece {
            Carried::Collection { name, modified } => {
                let sql = "INSERT INTO collection (user, name, modified, records, bytes)
                    VALUES (?, ?, ?, 0, 0)";
                let values = params![self.user.number(), name.as_str(), modified.centis()];
                let id = self.connection.prepare_cached(sql)?.insert(values)?;
                self.collection = Some(id);
                Ok(())
            }
            Carried::Record { record, expires } => self.take_record(&record, expires),
        }
    }

    fn take_record(&self, record: &WboRef<'_>, expires: Option<Timestamp>) -> StorageResult<()> {
        let collection = self
            .collection
            .ok_or_else(|| StorageError::Broken("a record without collection".to_owned()))?;
        let sql = "INSERT INTO wbo (collection, id, modified, expires, sortindex, parentid,
                predecessorid, payload)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        self.connection.prepare_cached(sql)?.execute(params![
            collection,
            record.id,
            record.modified.centis(),
            expires.map(Timestamp::centis),
            record.sortindex,
            record.parentid,
            record.predecessorid,
            record.payload.unwrap_or_default(),
        ])?;
        Ok(())
    }

    /// Counts what came.
    fn finish(&self) -> StorageResult<()> {
        let sql = "UPDATE collection SET
                records = (SELECT count(*) FROM wbo WHERE collection = collection.id),
                bytes = (SELECT coalesce(sum(octet_length(payload)), 0) FROM wbo
                    WHERE collection = collection.id)
            WHERE user = ?";
        self.connection.execute(sql, [self.user.number()])?;
        Ok(())
    }
}
