//! The listing of a user's collections from their rows alone, where these [tell sums](super::sums).
//!
//! All rows of a user are read under shared locks that last as long as the statement. When the last one is
//! granted, all that was read holds at once, and no writer is between choosing its time and its end: who
//! is not seen chooses later, by a clock not earlier than the statement's own. So this needs no snapshot,
//! and the time of the head of the engine holds.
//!
//! What lies in other tables is not locked and may be read as it was before: whether something has
//! expired, and the names of a user's own collections. Where that matters nothing is answered.

use super::Engine;
use super::account::Listed;
use super::sums::mark;
use super::tables::{FIXED, LIVING, NOW, Tables, WHOLE_USER};
use crate::mysql::{Fault, Lease, row};
use crate::storage::Times;
use crate::sync::{Timestamp, UserId};
use mysql::Row;
use std::ops::ControlFlow;

/// The rows of a user.
#[derive(Default)]
struct Rows {
    /// The clock when the statement began.
    now: Option<Timestamp>,
    /// No write that is not seen has a time up to this.
    floor: Option<Timestamp>,
    listed: Listed,
    marked: bool,
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
    let tables = &engine.tables;
    let sql = format!(
        "SELECT t.collectionid, IF(t.collectionid > {fixed}, (SELECT n.name FROM {names} AS n \
           WHERE n.userid = t.userid AND n.collectionid = t.collectionid), NULL), t.modified, t.told, \
         t.counted = t.modified AND t.expires > {LIVING}, t.records, {NOW}, {mark} \
         FROM {times} AS t WHERE t.userid = ? {locking}",
        fixed = FIXED.len(),
        names = tables.collections,
        times = tables.times,
        mark = mark(tables),
    );
    let mut rows = Rows::default();
    let end = lease.each(&sql, vec![user.number().into()], |row| {
        rows.add(&row)?;
        Ok(ControlFlow::Continue(()))
    });
    match end {
        Err(Fault::Locked) => return Ok(None),
        // The columns went away, so the mark did.
        Err(Fault::Missing(_)) => rows.now = Some(Timestamp::ZERO),
        end => end?,
    }
    let Some(now) = rows.now else { return Ok(None) };
    if !rows.marked {
        engine.sums.note(false);
    }
    if rows.unsure || !rows.marked {
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

impl Rows {
    fn add(&mut self, row: &Row) -> Result<(), Fault> {
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
            self.unsure |= Tables::name_of(collection, row::text(row, 1).as_deref()).is_none();
            self.listed.add(row)?;
        }
        self.unsure |= !sure;
        Ok(())
    }
}
