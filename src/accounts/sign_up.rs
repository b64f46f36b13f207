//! Making an account: who may, and with what.

use super::{Brake, People, Visitor};
use crate::auth::{Accounts, AuthResult, NewAccount};
use crate::sync::UserId;

/// Who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpMode {
    /// Anybody.
    Open,
    /// Whoever has an invitation.
    Invite,
    /// Nobody; the operator makes accounts.
    Closed,
}

/// What became of a sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedUp {
    /// There is an account now.
    Done(UserId),
    /// The name is taken.
    Taken,
    /// The invitation is missing, wrong, used or too old.
    NoInvitation,
    /// Sign-up is closed.
    Closed,
    /// There were too many sign-ups from there.
    TooOften,
}

impl People {
    /// Makes an account for a visitor, whose name, password and address were checked by the caller,
    /// and the captcha too.
    ///
    /// # Errors
    ///
    /// An engine did not answer.
    pub fn sign_up(
        &self,
        accounts: &dyn Accounts,
        new: &NewAccount<'_>,
        invitation: Option<&str>,
        visitor: &Visitor,
    ) -> AuthResult<SignedUp> {
        let now = visitor.now;
        if self.settings.sign_up == SignUpMode::Closed {
            return Ok(SignedUp::Closed);
        }
        if !visitor.is_local() && !self.brakes.allow(Brake::SIGN_UP, &visitor.place(), now)? {
            return Ok(SignedUp::TooOften);
        }
        if self.settings.sign_up == SignUpMode::Open {
            return Ok(match accounts.create(new)? {
                Some(user) => SignedUp::Done(user),
                None => SignedUp::Taken,
            });
        }
        let Some(code) = invitation else {
            return Ok(SignedUp::NoInvitation);
        };
        if !self.brakes.is_free(Brake::CODE, &visitor.place(), now)? {
            return Ok(SignedUp::TooOften);
        }
        if !self.invitations.take(code, new.name, now)? {
            self.brakes.allow(Brake::CODE, &visitor.place(), now)?;
            return Ok(SignedUp::NoInvitation);
        }
        match accounts.create(new) {
            Ok(Some(user)) => Ok(SignedUp::Done(user)),
            failed => {
                self.invitations.give_back(code, new.name)?;
                failed.map(|_| SignedUp::Taken)
            }
        }
    }
}
