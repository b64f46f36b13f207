//! Time that only moves on, for all processes that share a database.
//!
//! Beside the database stands `<database>-clock`, three little-endian `i64` under a short lock:
//!
//! * `high`: the latest time that the clock has shown to anyone,
//! * `told`: the latest time that any reader was told,
//! * `pending`: the time of the write in progress, or 0.
//!
//! After them stand the times ahead of the clock that single users were told (see `pushed`).
//!
//! `<database>-writer` is locked by a writer from before it publishes `pending` until its
//! transaction is over. The system drops that lock when the process dies, so a `pending` whose
//! writer is gone is known to mean nothing.
//!
//! **A reader** asks for its time *before* its snapshot begins: `high = max(now, high)`, the time
//! is `high`, or one less than `pending` where that is earlier; `told` rises to it. If its
//! collection then turns out to have a later time, it takes that. **A writer** holds SQLite's
//! write lock already, so it has read the last time of its collection and there is no other
//! writer: `time = max(now, high, told + 1, pushed + 1, last + 1)`, published as `pending`.
//!
//! Why a write gets a time later than any that its user was told before: what was told was published
//! under the lock in `told`, or for this user in `pushed`, or was the collection's own time, read from a
//! snapshot, hence `last` or before it. Why a reader is never told a time later than its snapshot: take a write that the
//! snapshot lacks. When the reader asked for its time, that write was either pending, and the
//! reader was told an earlier one; or it had not begun, and got a later one than was told; or it
//! was over, and then it was committed before the snapshot began, which does not lack it. (And the
//! collection's own time, as the snapshot has it, is earlier than any write the snapshot lacks.)
//!
//! None of this needs a clock that runs forward. A time that `last + 1` pushed ahead of the clock
//! stays the business of its collection: `high` doesn't follow. A session that was told its time
//! and changed nothing has told it: its answer bore that time, and `told` rises, or `pushed` where it is
//! ahead of `high`. `high` doesn't rise: many such sessions, each a hundredth later than the one before,
//! would make time run faster for everybody, and records would end before their time.
//!
//! The clock file is not flushed at each read, which would cost each read a disk write. If the
//! power fails and the clock is also set back, times told in the seconds before may be told anew;
//! times of committed writes are in the database and are never given twice.

use super::lock::LockFile;
use super::pushed::Pushed;
use crate::storage::StorageResult;
use crate::sync::{Timestamp, UserId};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Where the engine asks what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// 31 December 9999: a later time in the file is not a time.
const LAST_PLAUSIBLE: i64 = 25_340_230_079_999;

/// What the name of the clock file adds to the database's.
pub(super) const CLOCK: &str = "-clock";

const PENDING_AT: u64 = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Dial {
    high: i64,
    told: i64,
    pending: i64,
}

impl Dial {
    const BYTES: usize = 24;

    fn read(file: &File) -> io::Result<Option<Dial>> {
        let mut bytes = [0; Dial::BYTES];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let [mut high, mut told, mut pending] = [0i64; 3];
        for (value, text) in [&mut high, &mut told, &mut pending]
            .into_iter()
            .zip(bytes.chunks_exact(8))
        {
            let mut word = [0; 8];
            word.copy_from_slice(text);
            *value = i64::from_le_bytes(word);
            if !(0..=LAST_PLAUSIBLE).contains(value) {
                return Ok(None);
            }
        }
        let dial = Dial {
            high,
            told,
            pending,
        };
        // A file that was not yet on the disk when the power failed may come back as zeros.
        Ok((dial != Dial::default()).then_some(dial))
    }

    fn write(self, file: &File) -> io::Result<()> {
        let mut bytes = [0; Dial::BYTES];
        for (text, value) in bytes
            .chunks_exact_mut(8)
            .zip([self.high, self.told, self.pending])
        {
            text.copy_from_slice(&value.to_le_bytes());
        }
        file.write_all_at(&bytes, 0)
    }

    /// Both dials in one: nothing that either of them remembers is forgotten.
    fn merged(self, other: Dial) -> Dial {
        Dial {
            high: self.high.max(other.high),
            told: self.told.max(other.told),
            pending: match (self.pending, other.pending) {
                (0, pending) | (pending, 0) => pending,
                (one, two) => one.min(two),
            },
        }
    }
}

/// One connection's hold on the shared clock. File locks belong to an open file, so threads of a
/// process exclude each other exactly as processes do, each through files of its own.
pub(super) struct SharedClock {
    now: Clock,
    dial: LockFile,
    writer: LockFile,
    /// What the dial shows at least, should the file vanish or be cut short.
    known: Dial,
    /// The latest time ahead of the clock that this connection has told anybody, for when the file that
    /// remembers it is lost.
    pushed: i64,
    /// The time that this connection has published as pending, and for whom.
    writing: Option<(i64, UserId)>,
}

impl SharedClock {
    /// Opens the clock of `database`, which exists. A clock that shows nothing yet is set to what
    /// `latest` answers: the latest time of any write in the database.
    pub(super) fn open(
        database: &Path,
        now: Clock,
        wait: Duration,
        latest: impl FnOnce() -> StorageResult<Timestamp>,
    ) -> StorageResult<Self> {
        let mut clock = SharedClock {
            now,
            dial: LockFile::open(database, CLOCK, wait)?,
            writer: LockFile::open(database, "-writer", wait)?,
            known: Dial::default(),
            pushed: 0,
            writing: None,
        };
        let shown = Dial::read(&clock.dial.file).map_err(|error| clock.dial.error(&error))?;
        if shown.is_none() {
            let latest = latest()?.centis();
            clock.known = Dial {
                high: latest,
                told: latest,
                pending: 0,
            };
            clock.dial.lock()?;
            let shown = clock.dial();
            clock.dial.unlock();
            shown?;
        }
        Ok(clock)
    }

    /// The time of a read whose snapshot begins after this call.
    pub(super) fn read_time(&mut self) -> StorageResult<Timestamp> {
        // Asked before the lock is taken: nobody waits for a clock that is slow to answer.
        let now = (self.now)();
        self.dial.lock()?;
        let told = self.tell(now);
        self.dial.unlock();
        told.map(Timestamp::from_centis)
    }

    fn tell(&mut self, now: Timestamp) -> StorageResult<i64> {
        let shown = self.dial()?;
        let pending = if shown.pending > 0 && self.writer.is_held()? {
            shown.pending
        } else {
            i64::MAX
        };
        let high = shown.high.max(now.centis());
        let time = high.min(pending - 1);
        let next = Dial {
            high,
            told: shown.told.max(time),
            ..shown
        };
        if next == shown || next.write(&self.dial.file).is_ok() {
            self.known = Dial { pending: 0, ..next };
            return Ok(time);
        }
        // The disk is full or read-only. What others were told before needs no publishing.
        Ok(shown.told.min(pending - 1))
    }

    /// The latest time that the clock has shown, as far as this connection knows.
    pub(super) fn high(&self) -> Timestamp {
        Timestamp::from_centis(self.known.high)
    }

    /// The time of a write, published until [`end_write`](Self::end_write). The caller holds the
    /// database's write lock and found `last` to be the time of what it is going to change of this user's.
    pub(super) fn begin_write(
        &mut self,
        user: UserId,
        last: Timestamp,
    ) -> StorageResult<Timestamp> {
        self.writer.lock()?;
        let now = (self.now)();
        let published = match self.dial.lock() {
            Ok(()) => self.publish(now, user, last),
            Err(error) => Err(error),
        };
        self.dial.unlock();
        match published {
            Ok(time) => {
                self.writing = Some((time, user));
                Ok(Timestamp::from_centis(time))
            }
            Err(error) => {
                self.writer.unlock();
                Err(error)
            }
        }
    }

    fn publish(&mut self, now: Timestamp, user: UserId, last: Timestamp) -> StorageResult<i64> {
        let shown = self.dial()?;
        let high = shown.high.max(now.centis());
        let pushed = pushed(&self.dial.file).of(user);
        let pushed = pushed.map_err(|error| self.dial.error(&error))?;
        let told = shown.told.max(pushed.unwrap_or(self.pushed));
        let time = high.max(told + 1).max(last.next().centis());
        let next = Dial {
            high,
            pending: time,
            ..shown
        };
        let written = next.write(&self.dial.file);
        written.map_err(|error| self.dial.error(&error))?;
        self.known = Dial { pending: 0, ..next };
        Ok(time)
    }

    /// Ends what [`begin_write`](Self::begin_write) began, when the transaction is over. `changed`
    /// says whether the collection now has the write's time; if not, it was told and not used.
    pub(super) fn end_write(&mut self, changed: bool) -> StorageResult<()> {
        let Some((time, user)) = self.writing.take() else {
            return Ok(());
        };
        let ended = if changed {
            // Only the holder of the writer's lock writes here. Should this fail, the pending time
            // is void as soon as that lock is gone.
            let _ = self.dial.file.write_all_at(&[0; 8], PENDING_AT);
            Ok(())
        } else {
            self.tell_unused(time, user)
        };
        self.writer.unlock();
        ended
    }

    fn tell_unused(&mut self, time: i64, user: UserId) -> StorageResult<()> {
        self.dial.lock()?;
        let told = self.dial().and_then(|shown| {
            if time > shown.high {
                self.pushed = self.pushed.max(time);
                let pushed = pushed(&self.dial.file).tell(user, time);
                pushed.map_err(|error| self.dial.error(&error))?;
            }
            let next = Dial {
                told: shown.told.max(time.min(shown.high)),
                pending: 0,
                ..shown
            };
            self.known = next;
            let written = next.write(&self.dial.file);
            written.map_err(|error| self.dial.error(&error))
        });
        self.dial.unlock();
        told
    }

    /// What the locked dial shows, and what is known from before.
    fn dial(&mut self) -> StorageResult<Dial> {
        if let Some(old) = self.dial.replaced.take() {
            let dial = Dial::read(&old).ok().flatten();
            self.known = self.known.merged(dial.unwrap_or_default());
            // Of whom it tells, only the old file knows: so it counts for all.
            let pushed = pushed(&old).latest().unwrap_or_default();
            self.known.told = self.known.told.max(pushed).max(self.pushed);
        }
        let found = Dial::read(&self.dial.file);
        let found = found.map_err(|error| self.dial.error(&error))?;
        let shown = found.unwrap_or_default().merged(self.known);
        if found != Some(shown) {
            // The file is new, or younger than what is known. A full disk lets us read on.
            let _ = shown.write(&self.dial.file);
        }
        Ok(shown)
    }
}

/// What stands in a clock file after the dial.
fn pushed(file: &File) -> Pushed<'_> {
    Pushed {
        file,
        at: Dial::BYTES as u64,
        last_plausible: LAST_PLAUSIBLE,
    }
}
