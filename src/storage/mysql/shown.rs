//! How far the database's clock has been shown to readers, so that it may be set back.
//!
//! A row of our own table that belongs to nobody holds a time. A reader is told no time by the clock alone
//! that is later than it, and every writer passes it. So whatever the clock does between the two, and
//! whichever processes they are, the write is later than what was told; a writer that waits for its
//! collection just when the row moves on *and* the clock is set back is the only one that may not know.
//!
//! The row moves on every few seconds while anybody reads, by one statement before a reading, and not
//! with each reading: that would cost the disk a write. What readers are told is so much behind the clock
//! at most; it is never behind what they see. Where the row can't be moved on, because the server's disk
//! is full, say, readers are told what they might have been told before, by this process or another.

use super::Engine;
use super::tables::{NOW, WHOLE_USER};
use crate::mysql::{Fault, row};
use crate::storage::StorageResult;
use crate::sync::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The user whom the row belongs to, together with [`WHOLE_USER`].
pub(super) const NOBODY: i64 = 0;

/// The row is looked at after so long, and moved on if it is older.
const AFRESH: Duration = Duration::from_secs(2);

/// When it could not be moved on, that is not tried again for so long.
const PAUSE: Duration = Duration::from_secs(10);

/// Who has waited for so long in vain need not wait once more for the reading itself.
const LONG: Duration = Duration::from_millis(500);

/// What this process knows about the row.
#[derive(Default)]
pub(super) struct Shown {
    /// The time that it held when it was looked at last, in centiseconds.
    latest: AtomicI64,
    /// When to look at it again.
    due: Mutex<Option<Instant>>,
}

impl Shown {
    /// The latest time that readers may be told by the clock alone.
    pub(super) fn latest(&self) -> Timestamp {
        Timestamp::from_centis(self.latest.load(Ordering::SeqCst))
    }

    /// Whether this caller is to look at the row now. That is one of all, but for those who come before
    /// anybody has: they know no time that they could be told.
    fn is_due(&self, now: Instant) -> bool {
        let mut due = self.due();
        let is_due = due.is_none_or(|due| now >= due);
        if is_due && due.is_some() {
            *due = Some(now + PAUSE);
        }
        is_due
    }

    fn moved_on(&self, time: i64, now: Instant) {
        self.hold(time);
        *self.due() = Some(now + AFRESH);
    }

    fn hold(&self, time: i64) {
        self.latest.store(time, Ordering::SeqCst);
    }

    fn stands_still(&self, now: Instant) {
        *self.due() = Some(now + PAUSE);
    }

    fn due(&self) -> MutexGuard<'_, Option<Instant>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// Before a reading from the server that is written to: moves the row on if that is due.
    pub(super) fn show_clock(&self) -> StorageResult<()> {
        let begun = Instant::now();
        if !self.shown.is_due(begun) {
            return Ok(());
        }
        // A row that keeps its value is not written.
        let sql = format!(
            "INSERT INTO {times} (userid, collectionid, told) VALUES (?, ?, LAST_INSERT_ID({NOW})) \
             ON DUPLICATE KEY UPDATE told = LAST_INSERT_ID(IF({times}.told < {NOW} - ?, {NOW}, {times}.told))",
            times = self.tables.times
        );
        let afresh = AFRESH.as_secs() * 100;
        let values = vec![NOBODY.into(), WHOLE_USER.into(), afresh.into()];
        let done = self.write.ask(|mut lease| lease.run(&sql, values.clone()));
        match done {
            Ok(done) => {
                let time = done.number.and_then(|number| i64::try_from(number).ok());
                self.shown.moved_on(time.unwrap_or(0), Instant::now());
                Ok(())
            }
            Err(fault) => {
                let now = Instant::now();
                self.shown.stands_still(now);
                if now.saturating_duration_since(begun) > LONG {
                    return self.answer(Err(fault));
                }
                log::debug!("readers are told an earlier time than they might be: {fault:?}");
                self.answer(self.look_only())
            }
        }
    }

    /// Where the row can't be moved on, a process that has just begun may tell what it holds.
    fn look_only(&self) -> Result<(), Fault> {
        if self.shown.latest() > Timestamp::ZERO {
            return Ok(());
        }
        let sql = format!(
            "SELECT told FROM {} WHERE userid = ? AND collectionid = ?",
            self.tables.times
        );
        let place = vec![NOBODY.into(), WHOLE_USER.into()];
        let row = (self.write).ask(|mut lease| lease.first(&sql, place.clone()))?;
        if let Some(row) = row {
            self.shown.hold(row::certain(&row, 0)?);
        }
        Ok(())
    }

    /// A query for the earliest time that is later than all that readers were told by the clock.
    pub(super) fn after_shown(&self) -> String {
        format!(
            "(SELECT COALESCE(MAX(shown.told), 0) + 1 FROM {} AS shown \
             WHERE shown.userid = {NOBODY} AND shown.collectionid = {WHOLE_USER})",
            self.tables.times
        )
    }
}
