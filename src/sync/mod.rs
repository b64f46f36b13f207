//! The nouns of the Sync protocol: records (WBOs), collections, users, times, queries.
//!
//! Nothing here knows a transport, a wire format, a database or an API version. Each type checks
//! its rule when it is made; whoever holds one may trust it.

mod calendar;
mod decimal;
mod email_name;
mod limits;
mod name;
mod query;
mod timestamp;
mod user_name;
mod wbo;

pub use calendar::{date, moment, parse_moment, utc};
pub use decimal::Decimal;
pub use email_name::{AccountError, username_from_account, username_in_browsers};
pub use limits::Limits;
pub use name::{CollectionName, NameError, RecordId, UserId};
pub use query::{Query, Sort};
pub use timestamp::{Clock, Timestamp};
pub use user_name::UserName;
pub use wbo::{Ttl, WboRef, WboWrite};
