//! Which node holds whose records, where there are several.
//!
//! A node is a Weft of its own with a URL of its own; all of them know the same accounts. A user who
//! asks for a node for the first time gets the one with the most free places, and stays there until
//! the operator moves them.

use crate::auth::AuthResult;
use crate::sync::UserId;

/// Keeps the list of nodes, and who is on which.
pub trait Nodes: Send + Sync {
    /// Adds a node, or gives a known one another number of places and takes new users again.
    fn add(&self, url: &str, places: u32) -> AuthResult<()>;

    /// Takes no new users on a node; those that are there stay. False when there is no such node.
    fn drain(&self, url: &str) -> AuthResult<bool>;

    /// All nodes, by URL.
    fn list(&self) -> AuthResult<Vec<Node>>;

    /// The node of a user, if one was assigned.
    fn of(&self, user: UserId) -> AuthResult<Option<String>>;

    /// The node of a user; one who has none gets the one with the most free places. Nothing when no
    /// node has any. Whoever asks for the same user at the same time is told the same.
    fn assign(&self, user: UserId) -> AuthResult<Option<String>>;

    /// Puts a user on a node, free places or not.
    fn put(&self, user: UserId, url: &str) -> AuthResult<()>;

    /// Forgets a user, whose place is free again.
    fn forget(&self, user: UserId) -> AuthResult<()>;
}

/// A node as the operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its URL, with its slash.
    pub url: String,
    /// How many users it is to have at most.
    pub places: u32,
    /// How many it has.
    pub taken: u32,
    /// It takes no new users.
    pub draining: bool,
}
