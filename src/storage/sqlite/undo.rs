//! Bringing a user's collections back to a moment, in one transaction.

use super::keep::Keeper;
use super::session::Collection;
use super::{Held, SqliteStorage, count, moving};
use crate::storage::undo::{
    self, Event, History, PILLARS, Pillar, Refusal, Restored, Undo, Undone,
};
use crate::storage::{StorageError, StorageResult, Undoable};
use crate::sync::{CollectionName, Timestamp, UserId};
use rusqlite::{Connection, OptionalExtension, params};

impl Undoable for SqliteStorage {
    fn history(&self, user: UserId) -> StorageResult<History> {
        self.held()?.run(|seat| {
            let connection = &seat.connection;
            connection.execute_batch("BEGIN")?;
            moving::refuse_away(connection, user)?;
            let mut history = History::default();
            for (name, collection) in collections(connection, user)? {
                let (reach, events) = history_of(connection, &name, collection)?;
                history.reaches.insert(name, reach);
                history.events.extend(events);
            }
            connection.execute_batch("ROLLBACK")?;
            history
                .events
                .sort_by_key(|event| std::cmp::Reverse(event.time));
            Ok(history)
        })
    }

    fn undo(
        &self,
        user: UserId,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> StorageResult<Result<Undone, Refusal>> {
        // What is dropped uncommitted is undone: a rehearsal, and what is refused.
        self.held()?.go_back(user, undo, tell)
    }
}

impl Held {
    fn go_back(
        &mut self,
        user: UserId,
        undo: &Undo,
        tell: &mut dyn FnMut(&Restored),
    ) -> StorageResult<Result<Undone, Refusal>> {
        self.run(|seat| {
            let connection = &seat.connection;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            moving::refuse_away(connection, user)?;
            let all = collections(connection, user)?;
            if let Some(refusal) = refusal(connection, undo, &all)? {
                return Ok(Err(refusal));
            }
            let last = all.iter().map(|(_, one)| one.modified).max();
            let time = seat
                .clock
                .begin_write(user, last.unwrap_or(Timestamp::ZERO))?;
            let change = Keeper { user, time };
            let mut done = Undone {
                time,
                collections: Vec::new(),
            };
            for (name, collection) in &all {
                if undo.collection.as_ref().is_some_and(|only| only != name) {
                    continue;
                }
                let restored = restore(connection, change, (name, *collection), undo.to)?;
                if restored.records() > 0 {
                    tell(&restored);
                    done.collections.push(restored);
                }
            }
            if !undo.rehearsal {
                connection.execute_batch("COMMIT")?;
                if let Err(error) = seat.clock.end_write(!done.collections.is_empty()) {
                    log::error!("after a commit: {error}");
                }
            }
            Ok(Ok(done))
        })
    }
}

/// All collections that the user ever wrote to.
fn collections(
    connection: &Connection,
    user: UserId,
) -> StorageResult<Vec<(CollectionName, Collection)>> {
    let sql = "SELECT name FROM collection WHERE user = ? ORDER BY name";
    let mut statement = connection.prepare_cached(sql)?;
    let names = statement.query_map([user.number()], |row| row.get::<_, String>(0))?;
    let mut all = Vec::new();
    for name in names {
        let name = name?;
        let name = CollectionName::new(&name)
            .map_err(|_| StorageError::Broken(format!("a collection named {name:?}")))?;
        if let Some(collection) = Collection::find(connection, user, &name)? {
            all.push((name, collection));
        }
    }
    Ok(all)
}

fn history_of(
    connection: &Connection,
    name: &CollectionName,
    collection: Collection,
) -> StorageResult<(Timestamp, Vec<Event>)> {
    let sql = "SELECT until, max(CASE id WHEN '' THEN since END), sum(deleted),
            sum(id <> '') - sum(deleted)
        FROM kept WHERE collection = ? GROUP BY until ORDER BY until DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([collection.id])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(since) = row.get::<_, Option<i64>>(1)? else {
            break;
        };
        events.push(Event {
            collection: name.clone(),
            since: Timestamp::from_centis(since),
            time: Timestamp::from_centis(row.get(0)?),
            deleted: count(row.get(2)?)?,
            replaced: count(row.get(3)?)?,
        });
    }
    let links = events.iter().map(|event| (event.since, event.time));
    let reach = undo::reach(collection.modified, links);
    events.retain(|event| event.deleted + event.replaced > 0);
    Ok((reach, events))
}

/// Why it can't be done, if so.
fn refusal(
    connection: &Connection,
    undo: &Undo,
    all: &[(CollectionName, Collection)],
) -> StorageResult<Option<Refusal>> {
    let mut earliest = Timestamp::ZERO;
    for (name, collection) in all {
        let pillar = PILLARS.iter().any(|(pillar, _)| *pillar == name.as_str());
        if pillar || undo.collection.as_ref().is_none_or(|only| only == name) {
            earliest = earliest.max(history_of(connection, name, *collection)?.0);
        }
    }
    if undo.to < earliest {
        return Ok(Some(Refusal::TooEarly(earliest)));
    }
    let [meta, crypto] = PILLARS.map(|(name, id)| {
        let found = all.iter().find(|(one, _)| one.as_str() == name);
        let pillar = found.map(|(_, collection)| pillar(connection, collection.id, id, undo.to));
        pillar.unwrap_or_else(|| Ok(Pillar::default()))
    });
    Ok(undo::forbidden(undo, &[meta?, crypto?]))
}

fn pillar(
    connection: &Connection,
    collection: i64,
    id: &str,
    to: Timestamp,
) -> StorageResult<Pillar> {
    let present = "SELECT payload, modified FROM wbo WHERE collection = ? AND id = ?";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
    let present = connection
        .query_row(present, params![collection, id], read)
        .optional()?;
    let kept = "SELECT payload, since FROM kept WHERE collection = ? AND id = ? AND until > ?
        ORDER BY until LIMIT 1";
    let kept = connection
        .query_row(kept, params![collection, id, to.centis()], read)
        .optional()?;
    let existed = |(payload, since): (String, i64)| (since <= to.centis()).then_some(payload);
    Ok(Pillar {
        now: present.clone().map(|(payload, _)| payload),
        then: kept.or(present).and_then(existed),
    })
}

/// Which records have changed since the moment (`?2`), and the version to put in the place of each: none
/// where it did not exist, or would have ended by now (`?3`).
const CHANGED: &str = "
    CREATE TEMP TABLE back AS
        SELECT id, rowid AS version, min(until) AS until, since, expires FROM kept
        WHERE collection = ?1 AND until > ?2 AND until < ?3 AND id <> '' GROUP BY id";
const CREATED: &str = "
    INSERT INTO back (id, version) SELECT id, NULL FROM wbo
    WHERE collection = ?1 AND modified > ?2 AND id NOT IN (SELECT id FROM back)";
const ABSENT: &str = "
    UPDATE back SET version = NULL WHERE since > ?2 OR expires <= ?3";

/// What is again what it was, say because this was undone before.
const SAME: &str = "
    DELETE FROM back WHERE EXISTS (SELECT 1 FROM kept k JOIN wbo w
        ON w.collection = k.collection AND w.id = k.id AND w.payload IS k.payload
            AND w.sortindex IS k.sortindex AND w.expires IS k.expires
            AND w.parentid IS k.parentid AND w.predecessorid IS k.predecessorid
        WHERE k.rowid = back.version)";

const COUNT: &str = "
    SELECT coalesce(sum(w.id IS NULL AND b.version IS NOT NULL), 0),
        coalesce(sum(w.id IS NOT NULL AND b.version IS NOT NULL), 0),
        coalesce(sum(w.id IS NOT NULL AND b.version IS NULL), 0)
    FROM back b LEFT JOIN wbo w ON w.collection = ?1 AND w.id = b.id
        AND (w.expires IS NULL OR w.expires > ?2)";

/// Brings one collection back.
fn restore(
    connection: &Connection,
    change: Keeper,
    (name, collection): (&CollectionName, Collection),
    to: Timestamp,
) -> StorageResult<Restored> {
    let (id, now) = (collection.id, change.time.centis());
    let moment = params![id, to.centis(), now];
    connection.execute(CHANGED, moment)?;
    connection.execute("CREATE UNIQUE INDEX back_id ON back (id)", [])?;
    connection.execute(CREATED, params![id, to.centis()])?;
    connection.execute(ABSENT, params![rusqlite::types::Null, to.centis(), now])?;
    connection.execute(SAME, [])?;
    let restored = connection.query_row(COUNT, [id, now], |row| {
        Ok([0, 1, 2].map(|column| row.get::<_, i64>(column)))
    })?;
    let [returned, reverted, removed] = restored;
    let restored = Restored {
        collection: name.clone(),
        returned: count(returned?)?,
        reverted: count(reverted?)?,
        removed: count(removed?)?,
    };
    if restored.records() > 0 {
        exchange(connection, change, collection)?;
    }
    connection.execute("DROP TABLE back", [])?;
    Ok(restored)
}

/// Keeps what is there now, and puts what was there before in its place.
fn exchange(connection: &Connection, change: Keeper, collection: Collection) -> StorageResult<()> {
    let (id, now) = (collection.id, change.time.centis());
    change.exchanged(connection, id)?;
    change.link(connection, collection)?;
    connection.execute(
        "DELETE FROM wbo WHERE collection = ? AND id IN (SELECT id FROM back)",
        [id],
    )?;
    let sql = "INSERT INTO wbo (collection, id, modified, expires, sortindex, parentid,
            predecessorid, payload)
        SELECT k.collection, k.id, ?, k.expires, k.sortindex, k.parentid, k.predecessorid, k.payload
        FROM back b JOIN kept k ON k.rowid = b.version";
    connection.execute(sql, [now])?;
    let sql = "UPDATE collection SET modified = ?2,
            records = (SELECT count(*) FROM wbo WHERE collection = ?1),
            bytes = (SELECT coalesce(sum(octet_length(payload)), 0) FROM wbo WHERE collection = ?1)
        WHERE id = ?1";
    connection.execute(sql, [id, now])?;
    Ok(())
}
