//! Brakes on guessing and flooding, that all processes of an installation pull together.
//!
//! A CGI program or a pool of workers would forget counts that only live in memory, so these are kept
//! with the codes.

use crate::auth::AuthResult;
use crate::sync::Timestamp;

/// Counts attempts.
pub trait Brakes: Send + Sync {
    /// Counts an attempt of `who` (a name, an address) and answers whether it may go on: false from
    /// the attempt on that is one more than the brake allows within its window.
    fn allow(&self, brake: Brake, who: &str, now: Timestamp) -> AuthResult<bool>;

    /// Whether an attempt would be allowed; counts nothing.
    fn is_free(&self, brake: Brake, who: &str, now: Timestamp) -> AuthResult<bool>;

    /// Forgets what was counted.
    fn release(&self, brake: Brake, who: &str) -> AuthResult<()>;
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// A letter for a forgotten password, per user.
    ResetMail,
    /// A wish for such a letter, per address.
    ResetWish,
    /// A code that was wrong, or an invitation, per address.
    Code,
    /// A sign-up, per address.
    SignUp,
    /// A failed sign-in on a page, per address.
    SignIn,
    /// An undo on a page, per user.
    Undo,
}

/// So many attempts in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brake {
    /// What is counted.
    pub attempt: Attempt,
    /// How many are allowed.
    pub most: u32,
    /// In how many seconds, from the first on.
    pub seconds: i64,
}

impl Brake {
    /// Three letters an hour, so that nobody's mailbox is flooded.
    pub const RESET_MAIL: Brake = Brake::new(Attempt::ResetMail, 3, 3_600);
    /// Twenty wishes an hour from one address.
    pub const RESET_WISH: Brake = Brake::new(Attempt::ResetWish, 20, 3_600);
    /// Thirty wrong codes an hour from one address. Not counted per user: nobody can guess a code, but
    /// anybody could lock a user out of the own one.
    pub const CODE: Brake = Brake::new(Attempt::Code, 30, 3_600);
    /// Twenty sign-ups an hour from one address.
    pub const SIGN_UP: Brake = Brake::new(Attempt::SignUp, 20, 3_600);
    /// Twenty failed sign-ins in a quarter of an hour from one address.
    pub const SIGN_IN: Brake = Brake::new(Attempt::SignIn, 20, 900);

    /// Ten undos an hour: each is a large piece of work for the database.
    pub const UNDO: Brake = Brake::new(Attempt::Undo, 10, 3_600);

    /// The name under which it is kept.
    pub const fn name(self) -> &'static str {
        match self.attempt {
            Attempt::ResetMail => "reset mail",
            Attempt::ResetWish => "reset wish",
            Attempt::Code => "code",
            Attempt::SignUp => "sign-up",
            Attempt::SignIn => "sign-in",
            Attempt::Undo => "undo",
        }
    }

    const fn new(attempt: Attempt, most: u32, seconds: i64) -> Self {
        Brake {
            attempt,
            most,
            seconds,
        }
    }
}
