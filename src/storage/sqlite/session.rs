//! Sessions that read: a user's collections at one moment, and one collection's records.

use super::select::{self, Selection};
use super::{Held, count, transact};
use super::{moving, purge};
use crate::storage::{
    AccountSession, CollectionSession, Columns, RowVisit, StorageError, StorageResult,
};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboRef};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ops::ControlFlow;

/// A user's collections, each at the time that a session of its own would have.
pub(super) const LISTED: &str = "SELECT c.name, c.modified, c.records - count(w.collection),
        c.bytes - coalesce(sum(octet_length(w.payload)), 0)
    FROM collection c LEFT JOIN wbo w
        ON w.collection = c.id AND w.expires IS NOT NULL
            AND w.expires <= max(?2, c.modified)
    WHERE c.user = ?1
    GROUP BY c.name HAVING c.records > count(w.collection) ORDER BY c.name";

const ALL_COLUMNS: &str = "id, modified, parentid, predecessorid, sortindex, payload";

/// All collections of a user that have records: a handful of rows, read in one statement, so the
/// snapshot needs no connection any more.
pub(super) struct Account {
    time: Timestamp,
    collections: Vec<Listed>,
}

struct Listed {
    name: CollectionName,
    modified: Timestamp,
    records: u64,
    bytes: u64,
}

impl Account {
    pub(super) fn read(held: &mut Held, user: UserId) -> StorageResult<Self> {
        held.run(|seat| {
            let time = seat.clock.read_time()?;
            let collections = listed(&seat.connection, user, time)?;
            Ok(Account { time, collections })
        })
    }

    fn list<T>(&self, value: impl Fn(&Listed) -> T) -> StorageResult<Vec<(CollectionName, T)>> {
        let pair = |listed: &Listed| (listed.name.clone(), value(listed));
        Ok(self.collections.iter().map(pair).collect())
    }
}

fn listed(connection: &Connection, user: UserId, time: Timestamp) -> StorageResult<Vec<Listed>> {
    let mut statement = connection.prepare_cached(LISTED)?;
    let mut rows = statement.query([i64::from(user.number()), time.centis()])?;
    let mut collections = Vec::new();
    while let Some(row) = rows.next()? {
        if collections.is_empty() {
            // Asked while there are rows left, this needs no snapshot of its own.
            moving::refuse_away(connection, user)?;
        }
        let name = text(row, 0)?.unwrap_or_default();
        collections.push(Listed {
            name: CollectionName::new(name)
                .map_err(|_| StorageError::Broken(format!("a collection named {name:?}")))?,
            modified: Timestamp::from_centis(row.get(1)?),
            records: count(row.get(2)?)?,
            bytes: count(row.get(3)?)?,
        });
    }
    if collections.is_empty() {
        moving::refuse_away(connection, user)?;
    }
    Ok(collections)
}

impl AccountSession for Account {
    fn time(&self) -> Timestamp {
        self.time
    }

    fn times(&mut self) -> StorageResult<Vec<(CollectionName, Timestamp)>> {
        self.list(|listed| listed.modified)
    }

    fn counts(&mut self) -> StorageResult<Vec<(CollectionName, u64)>> {
        self.list(|listed| listed.records)
    }

    fn usage(&mut self) -> StorageResult<Vec<(CollectionName, u64)>> {
        self.list(|listed| listed.bytes)
    }

    fn used_bytes(&mut self) -> StorageResult<u64> {
        Ok(self.collections.iter().map(|listed| listed.bytes).sum())
    }
}

/// What the table of collections says about one. A session that writes keeps it up to date and
/// stores it when it commits.
#[derive(Clone, Copy)]
pub(super) struct Collection {
    pub(super) id: i64,
    pub(super) modified: Timestamp,
    pub(super) records: i64,
    pub(super) bytes: i64,
}

impl Collection {
    pub(super) fn find(
        connection: &Connection,
        user: UserId,
        name: &CollectionName,
    ) -> StorageResult<Option<Self>> {
        let sql = "SELECT id, modified, records, bytes FROM collection WHERE user = ? AND name = ?";
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row(params![user.number(), name.as_str()], |row| {
            Ok(Collection {
                id: row.get(0)?,
                modified: Timestamp::from_centis(row.get(1)?),
                records: row.get(2)?,
                bytes: row.get(3)?,
            })
        });
        Ok(found.optional()?)
    }
}

/// A transaction on one collection, reading or writing.
pub(super) struct Session {
    pub(super) held: Held,
    pub(super) user: UserId,
    pub(super) name: CollectionName,
    pub(super) time: Timestamp,
    /// Nothing if the collection was never written.
    pub(super) collection: Option<Collection>,
    /// The collection's time before the session.
    pub(super) before: Timestamp,
    pub(super) changed: bool,
    /// The bytes of payload that it wrote.
    pub(super) weight: usize,
}

impl Session {
    pub(super) fn read(mut held: Held, user: UserId, name: &CollectionName) -> StorageResult<Self> {
        let (told, collection) = held.run(|seat| {
            let told = seat.clock.read_time()?;
            transact(&seat.connection, "BEGIN")?;
            // The snapshot is taken by this first read.
            moving::refuse_away(&seat.connection, user)?;
            Ok((told, Collection::find(&seat.connection, user, name)?))
        })?;
        let own = collection.map_or(Timestamp::ZERO, |c| c.modified);
        Ok(Session {
            held,
            user,
            name: name.clone(),
            time: told.max(own),
            collection,
            before: own,
            changed: false,
            weight: 0,
        })
    }
}

impl CollectionSession for Session {
    fn time(&self) -> Timestamp {
        self.time
    }

    fn modified(&mut self) -> StorageResult<Option<Timestamp>> {
        Ok(match self.collection {
            Some(_) if self.changed => Some(self.time),
            collection => collection.map(|c| c.modified),
        })
    }

    fn count(&mut self, query: &Query) -> StorageResult<u64> {
        let (Some(collection), time) = (self.collection, self.time) else {
            return Ok(0);
        };
        let whole = Query {
            limit: None,
            offset: None,
            ..query.clone()
        };
        let all = self.held.run(|seat| {
            if select::is_everything(&whole) {
                let gone = purge::expired(&seat.connection, collection.id, time)?;
                return Ok(collection.records - gone.records);
            }
            let selection = Selection::new(&whole, collection.id, time);
            let mut statement = seat.connection.prepare_cached(&selection.count_sql())?;
            Ok(statement.query_row(selection.values().as_slice(), |row| row.get(0))?)
        })?;
        select::page_of(query, all)
    }

    fn get(&mut self, id: &RecordId, visit: &mut dyn FnMut(WboRef<'_>)) -> StorageResult<bool> {
        let (Some(collection), time) = (self.collection, self.time) else {
            return Ok(false);
        };
        self.held.run(|seat| {
            let sql = format!(
                "SELECT {ALL_COLUMNS} FROM wbo
                WHERE collection = ? AND id = ? AND (expires IS NULL OR expires > ?)"
            );
            let mut statement = seat.connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![collection.id, id.as_str(), time.centis()])?;
            let Some(row) = rows.next()? else {
                return Ok(false);
            };
            visit(record(row, Columns::All)?);
            Ok(true)
        })
    }

    fn scan(&mut self, query: &Query, columns: Columns, visit: RowVisit<'_>) -> StorageResult<()> {
        let (Some(collection), time) = (self.collection, self.time) else {
            return Ok(());
        };
        let selection = Selection::new(query, collection.id, time);
        self.held.run(|seat| {
            if selection.is_direct(columns) {
                scan_directly(&seat.connection, &selection, columns, visit)
            } else {
                scan_by_keys(&seat.connection, &selection, visit)
            }
        })
    }
}

fn scan_directly(
    connection: &Connection,
    selection: &Selection<'_>,
    columns: Columns,
    visit: RowVisit<'_>,
) -> StorageResult<()> {
    let sql = selection.sql(match columns {
        Columns::Id => "id",
        Columns::All => ALL_COLUMNS,
    });
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(selection.paged_values().as_slice())?;
    while let Some(row) = rows.next()? {
        if let ControlFlow::Break(()) = visit(record(row, columns)?) {
            break;
        }
    }
    Ok(())
}

/// Sorts row numbers only, which is small, and reads each row when its turn comes.
fn scan_by_keys(
    connection: &Connection,
    selection: &Selection<'_>,
    visit: RowVisit<'_>,
) -> StorageResult<()> {
    let fetch = format!("SELECT {ALL_COLUMNS} FROM wbo WHERE rowid = ?");
    let mut fetch = connection.prepare_cached(&fetch)?;
    let mut keys = connection.prepare_cached(&selection.sql("rowid"))?;
    let mut keys = keys.query(selection.paged_values().as_slice())?;
    while let Some(key) = keys.next()? {
        let mut rows = fetch.query([key.get::<_, i64>(0)?])?;
        if let Some(row) = rows.next()?
            && let ControlFlow::Break(()) = visit(record(row, Columns::All)?)
        {
            break;
        }
    }
    Ok(())
}

fn record<'r>(row: &'r Row<'_>, columns: Columns) -> StorageResult<WboRef<'r>> {
    let id = text(row, 0)?.unwrap_or_default();
    Ok(match columns {
        Columns::Id => WboRef {
            id,
            modified: Timestamp::ZERO,
            parentid: None,
            predecessorid: None,
            sortindex: None,
            payload: None,
        },
        Columns::All => WboRef {
            id,
            modified: Timestamp::from_centis(row.get(1)?),
            parentid: text(row, 2)?,
            predecessorid: text(row, 3)?,
            sortindex: row.get(4)?,
            payload: text(row, 5)?,
        },
    })
}

/// A text where it lies in the row, not copied.
fn text<'r>(row: &'r Row<'_>, column: usize) -> StorageResult<Option<&'r str>> {
    let broken = |found: String| StorageError::Broken(format!("column {column} is {found}"));
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(broken(error.to_string())),
        },
        other => Err(broken(other.data_type().to_string())),
    }
}
