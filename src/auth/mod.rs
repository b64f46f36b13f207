//! Who is speaking: credentials as they come, passwords and their hashes, and the brakes on
//! guessing.
//!
//! The time and the randomness are handed in. Everything is pure but for the engines, one folder
//! each, which know nothing of each other, and the cache in which hosts share their counts of
//! failures. The text of a password exists inside [`password::Password`] only, which prints nothing
//! of it.

mod account;
mod aging;
pub mod basic;
pub mod ids;
#[cfg(feature = "ldap")]
pub mod ldap;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod password;
pub mod password_check;
mod rate_limit;
pub mod recent_logins;
pub mod remembered;
pub mod shared_throttle;
pub mod sqlite;
pub mod throttle;

pub use account::{
    Account, AccountAdmin, Accounts, AuthError, AuthResult, Authenticator, HashKeeper,
    HashedAccount, Login, NewAccount, Refusal,
};
pub use basic::BasicCredentials;
pub use password::Password;
pub use rate_limit::RateLimit;
pub use throttle::Lockout;
