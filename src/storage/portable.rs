//! A user's records on their way into a backup, and out of one.
//!
//! A walk is one snapshot, so what it hands over belongs together: `crypto/keys` and everything that is
//! encrypted with them. Taking in is one transaction. What browsers must see of it decides how: those
//! that follow `newer` learn only of records that are later than the time they were told last, and what
//! that was nobody here knows once the storage is another one, or has been written to since. So every
//! collection gets one new time, later than all that were told; a record that is here already, byte for
//! byte, stays as it is, and every other record gets the new time. A record that is to expire has as
//! long to live as it had left when the backup was made, as if it had been written again.

use super::{Carry, StorageError, StorageResult};
use crate::sync::{CollectionName, Timestamp, UserId};

/// What hands a user's records over. It may be called more than once, and begins anew each time.
pub type Give<'g> = &'g mut dyn FnMut(Carry<'_>) -> StorageResult<()>;

/// The times of what is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamps {
    /// A new one, later than every time that anyone was told: right whatever happened since the backup.
    New,
    /// Those in the backup, lives included. Right only if nothing was written and nobody was told a
    /// time after the backup was made.
    Kept,
}

/// What is known of a user's records before they are taken in.
#[derive(Clone, Copy, Debug)]
pub struct Load<'l> {
    /// The collections that come, in their order.
    pub collections: &'l [CollectionName],
    /// When the snapshot was made: not earlier than any time that was told before it.
    pub at: Timestamp,
    /// Which times they get.
    pub times: Stamps,
    /// Whether the records that the user has now may go.
    pub replace: bool,
}

/// A storage engine whose users can be backed up and restored.
pub trait Portable {
    /// Everybody of whom there are records or times, in order.
    fn users(&self) -> StorageResult<Vec<UserId>>;

    /// Hands everything that the user has to `carry`, of one snapshot: each collection by name, then
    /// its records by the bytes of their ids, without those that have expired. Answers when that was.
    fn walk(&self, user: UserId, carry: Carry<'_>) -> StorageResult<Timestamp>;

    /// Takes everything that `give` hands over, in the order of [`walk`](Self::walk), in the place of
    /// whatever the user has here, in one transaction: an error of `give` leaves all as it was.
    /// Answers the new time; nothing, and nothing is done, when the user has records that may not go.
    fn take_in(
        &self,
        user: UserId,
        load: &Load<'_>,
        give: Give<'_>,
    ) -> StorageResult<Option<Timestamp>>;
}

/// What is said of an engine that can't do this.
pub(super) fn not_portable() -> StorageError {
    StorageError::Broken("this storage can't be backed up or restored".to_owned())
}

impl Load<'_> {
    /// From when on a record does not exist that is taken in at `time`.
    pub(super) fn expiry(&self, expires: Option<Timestamp>, time: Timestamp) -> Option<Timestamp> {
        let shift = match self.times {
            Stamps::New => (time.centis() - self.at.centis()).max(0),
            Stamps::Kept => 0,
        };
        expires.map(|expires| Timestamp::from_centis(expires.centis().saturating_add(shift)))
    }
}
