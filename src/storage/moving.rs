//! A user's records on their way from one node's storage to another's.
//!
//! Nothing is lost and nothing is twice, because of one order: the source holds the user (from then on
//! nothing of theirs is read or written), everything is carried over, whoever decides where users are
//! is told, and the source lets them go. A move that is interrupted can be begun again at any point
//! before that decision, and ended after it.

use super::StorageResult;
use crate::sync::{CollectionName, Timestamp, UserId, WboRef};

/// A piece of what a user has, on its way.
#[derive(Clone, Copy, Debug)]
pub enum Carried<'c> {
    /// A collection, with or without records; those that follow are in it.
    Collection {
        /// Its name.
        name: &'c CollectionName,
        /// Its time of last change.
        modified: Timestamp,
    },
    /// A record of the collection that came last.
    Record {
        /// The record, whose time it keeps.
        record: WboRef<'c>,
        /// From when on it does not exist.
        expires: Option<Timestamp>,
    },
}

/// Whether a user's records are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// They are, or the user has none.
    Here,
    /// They are about to be carried away: everything is [`Busy`](super::StorageError::Busy).
    Held,
    /// They are on another node: everything is [`Elsewhere`](super::StorageError::Elsewhere).
    Gone,
}

/// What is done with a piece.
pub type Carry<'c> = &'c mut dyn FnMut(Carried<'_>) -> StorageResult<()>;

/// A storage engine from which, and to which, users can be moved.
pub trait Movable {
    /// Whether the user's records are here.
    fn presence(&self, user: UserId) -> StorageResult<Presence>;

    /// Holds the user: every session that has not committed when this returns won't, and no other is
    /// opened. Answers a time that is not earlier than any that was told for the user here.
    fn hold(&self, user: UserId) -> StorageResult<Timestamp>;

    /// Ends the hold: everything is as before.
    fn release(&self, user: UserId) -> StorageResult<()>;

    /// Hands everything that the user has to `carry`: each collection, then its records. The user is
    /// held.
    fn carry_out(&self, user: UserId, carry: Carry<'_>) -> StorageResult<()>;

    /// Takes everything that `give` hands over, in the place of whatever the user has here, in one
    /// transaction. Writes that come later get times later than `told`.
    fn carry_in(
        &self,
        user: UserId,
        told: Timestamp,
        give: &mut dyn FnMut(Carry<'_>) -> StorageResult<()>,
    ) -> StorageResult<()>;

    /// Lets a held user go: the records are deleted here, and the user is
    /// [`Gone`](Presence::Gone).
    fn let_go(&self, user: UserId) -> StorageResult<()>;
}
