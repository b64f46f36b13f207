//! The nouns of the Sync protocol: records (WBOs), collections, users, times, queries.
//!
//! Nothing here knows a transport, a wire format, a database or an API version. Each type checks
//! its rule when it is made; whoever holds one may trust it.

mod decimal;
pub use email_name::{AccountError, username_from_account, username_in_browsers};
