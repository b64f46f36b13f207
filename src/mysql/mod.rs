//! A MySQL or MariaDB server, and the connections to it: what the engines on such a server share.
//!
//! A `Pool` lends connections, and engines that are told the same `Pools` share one; a `Lease` is one of
//! them for one transaction after another; a `Fault` says what went wrong, sorted by what to do about it.
//! `schema` looks at what a database has and adds what is missing. Nothing here knows a table of anybody's.
//!
//! Connections are not encrypted: TLS to the database is not in this build. Where the way to the
//! server is not a socket or a trusted network, put a tunnel on it.

mod fault;
mod lease;
mod link;
mod pool;
mod pools;
mod prepared;
pub(crate) mod row;
pub(crate) mod schema;
mod server;

pub(crate) use fault::Fault;
pub(crate) use lease::Lease;
pub(crate) use pool::Pool;
pub use pools::Pools;
pub use schema::Migration;
pub use server::{Address, Charset, Manner, Server};
