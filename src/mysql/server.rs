//! Where a server is, and how to talk to it.

use std::path::PathBuf;
use std::time::Duration;

/// One database on one server, and who we are there.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Where it listens.
    pub address: Address,
    /// The name of the database.
    pub database: String,
    /// The database's user.
    pub user: String,
    /// That user's password.
    pub password: String,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("database", &self.database)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A host name or address, and a port.
    Tcp(String, u16),
    /// A unix socket, which is what PHP meant by `localhost`.
    Socket(PathBuf),
}

/// How text travels between us and the server. Payloads are UTF-8 whatever the columns call
/// themselves; what matters is to store the bytes that PHP's connection would have stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// As it is: right wherever PHP's connection and the columns had the same character set, be
    /// it latin1 (databases of PHP's time) or utf8mb4.
    #[default]
    Binary,
    /// As latin1: right where a latin1 connection of PHP wrote to columns of another character
    /// set, so that the server converted every byte.
    Latin1,
}

impl Charset {
    pub(super) fn name(self) -> &'static str {
        match self {
            Charset::Binary => "binary",
            Charset::Latin1 => "latin1",
        }
    }
}

/// How connections are made and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// How text travels.
    pub charset: Charset,
    /// At most so many connections at once.
    pub connections: usize,
    /// How long a statement waits for a lock that others hold, and a caller for a connection of its
    /// own; rounded up to whole seconds where the server waits.
    pub busy: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long one read from or write to the server may take, waiting for locks aside.
    pub io_timeout: Duration,
    /// Statements that a connection remembers; each costs the server memory.
    pub statements: usize,
}

impl Manner {
    /// How many statements a connection remembers by custom.
    pub const STATEMENTS: usize = 32;
}

impl Default for Manner {
    /// The customary patience.
    fn default() -> Self {
        Manner {
            charset: Charset::Binary,
            connections: 8,
            busy: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            io_timeout: Duration::from_secs(10),
            statements: Self::STATEMENTS,
        }
    }
}
