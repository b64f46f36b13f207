//! What the MySQL engine needs to be told: which servers, which tables, how long to wait.
//!
//! Plain fields, no defaults from elsewhere; whoever builds one has read the operator's settings.

use std::path::PathBuf;
use std::time::Duration;

/// Where the tables are and how to reach them.
#[derive(Clone, Debug)]
pub struct MySqlConfig {
    /// The server that is written to, and read wherever the newest truth is needed.
    pub write: Server,
    /// A replica for reads that may lag behind; none when there is one server for all.
    pub read: Option<Server>,
    /// The table of records, `wbo` by custom.
    pub wbo_table: String,
    /// The table of collection names, `collections` by custom.
    pub collections_table: String,
    /// Our own table of the collections' times.
    pub times_table: String,
    /// With N, the records of user u are in the table whose name ends in `u mod N`.
    pub modulo: Option<u32>,
    /// Whether legacy PHP servers write to the same tables now.
    pub php_beside: bool,
    /// How text travels between us and the server.
    pub charset: Charset,
    /// At most so many connections to each server from this process.
    pub connections: usize,
    /// How long a write waits for other writers of its collection, and a request for a connection
    /// of its own; rounded up to whole seconds where the server waits.
    pub busy: Duration,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long one read from or write to the server may take, waiting for other writers aside.
    pub io_timeout: Duration,
}

impl MySqlConfig {
    /// A configuration with the customary tables and patience, for one server.
    pub fn new(write: Server) -> Self {
        MySqlConfig {
            write,
            read: None,
            wbo_table: "wbo".to_owned(),
            collections_table: "collections".to_owned(),
            times_table: "weft_times".to_owned(),
            modulo: None,
            php_beside: false,
            charset: Charset::Binary,
            connections: 8,
            busy: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(3),
            io_timeout: Duration::from_secs(10),
        }
    }
}

/// One database on one server, and who we are there.
#[derive(Clone)]
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
