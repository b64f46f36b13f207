//! What is noted of users elsewhere, and goes with their accounts.

use crate::sync::UserId;

/// Notes about users on which nothing depends.
pub trait Traces: Send + Sync {
    /// Forgets what is noted of a user whose account is going. What can't be forgotten is told to the log,
    /// and keeps nobody from leaving.
    fn forget(&self, user: UserId);
}
