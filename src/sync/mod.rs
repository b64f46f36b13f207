//! The nouns of the Sync protocol: records (WBOs), collections, users, times, queries.
//!
//! Nothing here knows a transport, a wire format, a database or an API version. Each type checks
//! its rule when it is made; whoever holds one may trust it.

mod decimal;
mod limits;
mod name;
mod query;
mod timestamp;
mod wbo;

pub use decimal::Decimal;
pub use limits::Limits;
pub use name::{CollectionName, NameError, RecordId, UserId};
pub use query::{Query, Sort};
pub use timestamp::Timestamp;
pub use wbo::{Ttl, WboRef, WboWrite};
