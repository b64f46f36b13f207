//! Times ahead of the clock that a user was told by sessions without a change.
//!
//! Such a session answers with its time, which follows what was told before, even where that is ahead of
//! the clock; and the user's next write must be later still. Nobody else was told anything, so nobody
//! else's times rise: one user who asks for such sessions without pause draws only the own times ahead.
//!
//! They stand in the clock's file after the dial, a little-endian `i64` for each place. Users whose numbers
//! end alike share a place, and the later of their times counts for all of them.

use crate::sync::UserId;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const PLACES: u32 = 256;
const WIDTH: u64 = 8;

/// The times in one clock file. Who asks or writes holds the lock of the dial.
pub(super) struct Pushed<'f> {
    pub(super) file: &'f File,
    /// Where they begin.
    pub(super) at: u64,
    /// A later time in the file is not a time.
    pub(super) last_plausible: i64,
}

impl Pushed<'_> {
    /// The latest time that this user was told; nothing where the file does not tell.
    pub(super) fn of(&self, user: UserId) -> io::Result<Option<i64>> {
        let mut word = [0; WIDTH as usize];
        match self.file.read_exact_at(&mut word, self.place(user)) {
            Ok(()) => Ok(self.plausible(i64::from_le_bytes(word))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Notes that this user was told `time`, unless a later one stands there.
    pub(super) fn tell(&self, user: UserId, time: i64) -> io::Result<()> {
        if self.of(user)?.is_some_and(|told| told >= time) {
            return Ok(());
        }
        // Whole from the first time on: what is missing then was cut off.
        let whole = self.at + u64::from(PLACES) * WIDTH;
        if self.file.metadata()?.len() < whole {
            self.file.set_len(whole)?;
        }
        self.file
            .write_all_at(&time.to_le_bytes(), self.place(user))
    }

    /// The latest time of all.
    pub(super) fn latest(&self) -> io::Result<i64> {
        let mut latest = 0;
        for number in 0..PLACES {
            latest = latest.max(self.of(UserId::new(number))?.unwrap_or(0));
        }
        Ok(latest)
    }

    fn place(&self, user: UserId) -> u64 {
        self.at + u64::from(user.number() % PLACES) * WIDTH
    }

    fn plausible(&self, time: i64) -> Option<i64> {
        (0..=self.last_plausible).contains(&time).then_some(time)
    }
}
