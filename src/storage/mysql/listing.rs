//! The listing of a user's collections from their rows alone, where these [tell sums](super::sums).
//!
//! All rows of a user are read under shared locks that last as long as the statement. When the last one is
//! granted, all that was read holds at once, and no writer is between choosing its time and its end: who
//! is not seen chooses later, by a clock not earlier than the statement's own. So this needs no snapshot,
//! and the time of the head of the engine holds.
//!
//! What lies in other tables is not locked and may be read as it was before: whether something has
//! expired, and the names of a user's own collections. Where that matters nothing is answered.
//!
//! To look for names takes the server a fifth of the whole statement, also where no row needs one, as most users'
//! don't. So they are asked for if this process has met a row of the user's that did.

use super::Engine;
use super::account::Listed;
use super::sums::mark;
use super::tables::{FIXED, LIVING, NOW, Tables, WHOLE_USER};
use crate::mysql::{Fault, Lease, row};
use crate::storage::Times;
use crate::sync::{Timestamp, UserId};
use mysql::Row;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

/// So many users with names of their own are remembered, of which each takes some bytes.
const REMEMBERED: usize = 1000;

/// Users who were met with collections whose names only their own list tells.
#[derive(Default)]
pub(super) struct Namers(Mutex<HashSet<UserId>>);

impl Namers {
    fn has(&self, user: UserId) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&user)
    }

    fn note(&self, user: UserId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(user);
    }
}

/// The rows of a user.
#[derive(Default)]
struct Rows {
    /// The clock when the statement began.
    now: Option<Timestamp>,
    /// No write that is not seen has a time up to this.
    floor: Option<Timestamp>,
    listed: Listed,
    marked: bool,
    /// Whether the name of a collection with records is not known.
    nameless: bool,
    /// Whether the rows do not say it all.
    unsure: bool,
}

/// The listing, if the rows say it all. `locking` are the words that lock what is read; none on a replica.
pub(super) fn by_rows(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    locking: &str,
) -> Result<Option<Times>, Fault> {
    let named = engine.namers.has(user);
    let mut rows = read(engine, lease, user, (locking, named))?;
    if rows.nameless && !named {
        engine.namers.note(user);
        rows = read(engine, lease, user, (locking, true))?;
    }
    let Some(now) = rows.now else { return Ok(None) };
    if !rows.marked {
        engine.sums.note(false);
    }
    if rows.unsure || rows.nameless || !rows.marked {
        return Ok(None);
    }
    let time = match locking.is_empty() {
        true => rows.floor.unwrap_or_default(),
        false => engine.behind(now),
    };
    let times = rows.listed.by_name().into_iter();
    let times = times.map(|(name, centis)| (name, Timestamp::from_centis(centis)));
    Ok(Some((time, times.collect())))
}

/// Reads the rows, with the names of the user's own collections if they are to be `named`. Without a time,
/// nothing is known.
fn read(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    (locking, named): (&str, bool),
) -> Result<Rows, Fault> {
    let tables = &engine.tables;
    let name = match named {
        true => format!(
            "IF(t.collectionid > {fixed}, (SELECT n.name FROM {names} AS n \
             WHERE n.userid = t.userid AND n.collectionid = t.collectionid), NULL)",
            fixed = FIXED.len(),
            names = tables.collections,
        ),
        false => "NULL".to_owned(),
    };
    let sql = format!(
        "SELECT t.collectionid, {name}, t.modified, t.told, \
         t.counted = t.modified AND t.expires > {LIVING}, t.records, {NOW}, {mark} \
         FROM {times} AS t WHERE t.userid = ? {locking}",
        times = tables.times,
        mark = mark(tables),
    );
    let mut rows = Rows::default();
    let end = lease.each(&sql, vec![user.number().into()], |row| {
        rows.add(&row, named)?;
        Ok(ControlFlow::Continue(()))
    });
    match end {
        Err(Fault::Locked) => Ok(Rows::default()),
        // The columns went away, so the mark did.
        Err(Fault::Missing(_)) => Ok(Rows {
            now: Some(Timestamp::ZERO),
            ..Rows::default()
        }),
        end => end.map(|()| rows),
    }
}

impl Rows {
    fn add(&mut self, row: &Row, named: bool) -> Result<(), Fault> {
        let centis = |column| row::certain(row, column).map(Timestamp::from_centis);
        self.now = Some(centis(6)?);
        self.marked = row::number(row, 7)? == Some(1);
        let collection = row::certain(row, 0)?;
        if collection == WHOLE_USER {
            return Ok(());
        }
        let promised = centis(2)?.max(centis(3)?);
        self.floor = Some(self.floor.map_or(promised, |floor| floor.min(promised)));
        let (sure, records) = (row::certain(row, 4)? != 0, row::certain(row, 5)?);
        if sure && records > 0 {
            let given = row::text(row, 1);
            self.nameless |= match named {
                true => Tables::name_of(collection, given.as_deref()).is_none(),
                // Whatever it is by convention, the user's list may call it otherwise.
                false => !Tables::is_fixed(collection),
            };
            self.listed.add(row)?;
        }
        self.unsure |= !sure;
        Ok(())
    }
}
