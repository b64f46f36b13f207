//! Invitations: who has one may sign up once where sign-up is by invitation.
//!
//! An invitation is a code of the same shape as a reset code, kept hashed, so a stolen database
//! invites nobody.

use super::codes::CodeText;
use crate::auth::AuthResult;
use crate::sync::{Timestamp, UserName};

/// Keeps invitations, for all processes of an installation.
pub trait Invitations: Send + Sync {
    /// Makes an invitation that is good for so many days; `note` says for whom, to the operator only.
    fn create(&self, days: u32, note: Option<&str>, now: Timestamp) -> AuthResult<CodeText>;

    /// Whether `code` invites somebody. Changes nothing: for a page that shows the sign-up form.
    fn check(&self, code: &str, now: Timestamp) -> AuthResult<bool>;

    /// Uses up the invitation for `user`; true for exactly one of all who try the same one.
    fn take(&self, code: &str, user: &UserName, now: Timestamp) -> AuthResult<bool>;

    /// Makes a taken invitation good again, because the account could not be made after all.
    fn give_back(&self, code: &str, user: &UserName) -> AuthResult<()>;

    /// All that are open or were used, the newest first.
    fn list(&self) -> AuthResult<Vec<Invitation>>;

    /// Voids the invitation with that number; false when there is none, or it was used.
    fn revoke(&self, number: i64) -> AuthResult<bool>;
}

/// An invitation as the operator sees it; its code was shown once, when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// What it is called by in lists.
    pub number: i64,
    /// For whom it was made.
    pub note: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is good for nothing.
    pub expires: Timestamp,
    /// Who signed up with it.
    pub used_by: Option<String>,
}
