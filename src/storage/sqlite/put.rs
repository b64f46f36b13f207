//! Putting records, many one after another: each statement is looked up once for all of them.

use super::keep::{Keeper, REPLACED};
use super::session::{Collection, Session};
use crate::storage::StorageResult;
use crate::sync::{CollectionName, Timestamp, Ttl, UserId, WboWrite};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

impl Session {
    /// Applies writes in their order.
    pub(super) fn put_all(&mut self, writes: &[WboWrite]) -> StorageResult<Vec<Option<Timestamp>>> {
        let (user, name, time) = (self.user, &self.name, self.time);
        let (keeper, collection) = (self.keeper(), self.collection);
        let (done, collection, weight) = self.held.run(|seat| {
            let mut putting = Putting {
                connection: &seat.connection,
                user,
                name,
                time,
                keeper,
                collection,
                changed: false,
                weight: 0,
                statements: Statements::default(),
            };
            let done: StorageResult<Vec<_>> = writes.iter().map(|w| putting.one(w)).collect();
            let changed = putting.changed;
            Ok(((done?, changed), putting.collection, putting.weight))
        })?;
        let (times, changed) = done;
        self.collection = collection;
        self.changed |= changed;
        self.weight += weight;
        Ok(times)
    }
}

/// Writes to one collection.
struct Putting<'s> {
    connection: &'s Connection,
    user: UserId,
    name: &'s CollectionName,
    time: Timestamp,
    keeper: Option<Keeper>,
    /// Nothing as long as the collection was never written.
    collection: Option<Collection>,
    changed: bool,
    /// The bytes of payload that were written.
    weight: usize,
    statements: Statements<'s>,
}

/// Those that were needed so far.
#[derive(Default)]
struct Statements<'s> {
    find: Option<CachedStatement<'s>>,
    keep: Option<CachedStatement<'s>>,
    store: Option<CachedStatement<'s>>,
    merge: Option<CachedStatement<'s>>,
}

const FIND: &str = "SELECT rowid, modified, expires, octet_length(payload) FROM wbo
    WHERE collection = ? AND id = ?";

const STORE: &str = "INSERT INTO wbo (rowid, collection, id, modified, expires, sortindex,
        parentid, predecessorid, payload)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (rowid) DO UPDATE SET modified = excluded.modified,
        expires = excluded.expires, sortindex = excluded.sortindex,
        parentid = excluded.parentid, predecessorid = excluded.predecessorid,
        payload = excluded.payload";

const MERGE: &str = "UPDATE wbo SET modified = ?2, expires = coalesce(?3, expires),
        sortindex = coalesce(?4, sortindex), parentid = coalesce(?5, parentid),
        predecessorid = coalesce(?6, predecessorid)
    WHERE rowid = ?1";

/// What a write needs to know of the record that it meets, living or expired.
#[derive(Clone, Copy)]
struct Stored {
    rowid: i64,
    modified: Timestamp,
    expires: Option<i64>,
    bytes: i64,
}

impl Stored {
    fn lives_at(&self, time: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > time.centis())
    }
}

impl Putting<'_> {
    fn one(&mut self, write: &WboWrite) -> StorageResult<Option<Timestamp>> {
        let found = self.find(write)?;
        let lives = found.is_some_and(|stored| stored.lives_at(self.time));
        match (&write.payload, found) {
            (None, Some(stored)) if lives => self.merge(stored, write).map(Some),
            (None, _) if !write.create => Ok(None),
            (payload, found) => {
                self.store(found, write, payload.as_deref().unwrap_or_default())?;
                Ok(Some(self.time))
            }
        }
    }

    fn find(&mut self, write: &WboWrite) -> StorageResult<Option<Stored>> {
        let Some(collection) = self.collection else {
            return Ok(None);
        };
        let find = looked_up(&mut self.statements.find, self.connection, FIND)?;
        let found = find.query_row(params![collection.id, write.id.as_str()], |row| {
            Ok(Stored {
                rowid: row.get(0)?,
                modified: Timestamp::from_centis(row.get(1)?),
                expires: row.get(2)?,
                bytes: row.get(3)?,
            })
        });
        Ok(found.optional()?)
    }

    /// The collection's row, made if this is the first write to it.
    fn collection_to_write(&mut self) -> StorageResult<Collection> {
        if let Some(collection) = self.collection {
            return Ok(collection);
        }
        let sql = "INSERT INTO collection (user, name, modified, records, bytes)
            VALUES (?, ?, ?, 0, 0)";
        let values = params![self.user.number(), self.name.as_str(), self.time.centis()];
        let collection = Collection {
            id: self.connection.prepare_cached(sql)?.insert(values)?,
            modified: self.time,
            records: 0,
            bytes: 0,
        };
        self.collection = Some(collection);
        Ok(collection)
    }

    /// Stores a record anew, in the place of the `found` one or as another.
    fn store(
        &mut self,
        found: Option<Stored>,
        write: &WboWrite,
        payload: &str,
    ) -> StorageResult<()> {
        let mut collection = self.collection_to_write()?;
        if let Some(stored) = found {
            self.keep(stored)?;
        }
        let store = looked_up(&mut self.statements.store, self.connection, STORE)?;
        store.execute(params![
            found.map(|stored| stored.rowid),
            collection.id,
            write.id.as_str(),
            self.time.centis(),
            expiry(write.ttl, self.time),
            write.sortindex,
            write.parentid,
            write.predecessorid,
            payload,
        ])?;
        self.weight += payload.len();
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
        self.keep(stored)?;
        let merge = looked_up(&mut self.statements.merge, self.connection, MERGE)?;
        merge.execute(params![
            stored.rowid,
            modified.centis(),
            expiry(write.ttl, self.time),
            write.sortindex,
            write.parentid,
            write.predecessorid,
        ])?;
        self.changed = true;
        Ok(modified)
    }

    /// Keeps a record that is about to be replaced, if anything is kept.
    fn keep(&mut self, stored: Stored) -> StorageResult<()> {
        let Some(keeper) = self.keeper else {
            return Ok(());
        };
        let keep = looked_up(&mut self.statements.keep, self.connection, &REPLACED)?;
        keeper.replaced(keep, stored.rowid)
    }
}

/// The statement in its place, taken from the connection's cache at the first need.
fn looked_up<'a, 's>(
    place: &'a mut Option<CachedStatement<'s>>,
    connection: &'s Connection,
    sql: &str,
) -> StorageResult<&'a mut CachedStatement<'s>> {
    match place {
        Some(statement) => Ok(statement),
        None => Ok(place.insert(connection.prepare_cached(sql)?)),
    }
}

fn expiry(ttl: Option<Ttl>, time: Timestamp) -> Option<i64> {
    ttl.map(|ttl| time.plus_seconds(ttl.seconds().into()).centis())
}

fn length(payload: &str) -> i64 {
    i64::try_from(payload.len()).unwrap_or(i64::MAX)
}
