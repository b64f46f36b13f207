//! Who is speaking: credentials as they come, passwords and their hashes, and the brakes on
//! guessing.
//!
//! Everything here is pure: the time and the randomness are handed in, and no engine is known but
//! the cache that hosts share their counts of failures in. The
//! text of a password exists inside [`password::Password`] only, which prints nothing of it.

mod account;
mod aging;
pub mod basic;
pub mod password;
pub mod remembered;
pub mod shared_throttle;
pub mod throttle;

pub use account::{
    Account, Accounts, AuthError, AuthResult, Authenticator, Login, NewAccount, Refusal,
};
pub use basic::BasicCredentials;
pub use password::Password;
pub use throttle::Lockout;
