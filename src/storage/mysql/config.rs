//! What the MySQL engine needs to be told: which servers, which tables, how long to wait.
//!
//! Plain fields, no defaults from elsewhere; whoever builds one has read the operator's settings.

use crate::mysql::{Charset, Manner, Pools, Server};
use crate::storage::Keeping;
use std::time::Duration;

/// Statements that a connection remembers where each user's records are in one of many tables.
const STATEMENTS_OF_MANY_TABLES: usize = 128;

/// Where the tables are and how to reach them.
#[derive(Clone, Debug)]
pub struct MySqlConfig {
    /// The server that is written to, and read wherever the newest truth is needed.
    pub write: Server,
    /// A replica for reads that may lag behind; none when there is one server for all.
    pub read: Option<Server>,
    /// Whose connections are shared.
    pub pools: Pools,
    /// The table of records, `wbo` by custom.
    pub wbo_table: String,
    /// The table of collection names, `collections` by custom.
    pub collections_table: String,
    /// Our own table of the collections' times.
    pub times_table: String,
    /// Our own table of what was replaced and deleted.
    pub kept_table: String,
    /// How much of that is kept, if anything.
    pub keeping: Option<Keeping>,
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
        let manner = Manner::default();
        MySqlConfig {
            write,
            read: None,
            pools: Pools::default(),
            wbo_table: "wbo".to_owned(),
            collections_table: "collections".to_owned(),
            times_table: "weft_times".to_owned(),
            kept_table: "weft_kept".to_owned(),
            keeping: Some(Keeping::default()),
            modulo: None,
            php_beside: false,
            charset: manner.charset,
            connections: manner.connections,
            busy: manner.busy,
            connect_timeout: manner.connect_timeout,
            io_timeout: manner.io_timeout,
        }
    }

    /// How connections are made and kept.
    pub(crate) fn manner(&self) -> Manner {
        Manner {
            charset: self.charset,
            connections: self.connections,
            busy: self.busy,
            connect_timeout: self.connect_timeout,
            io_timeout: self.io_timeout,
            statements: match self.modulo {
                Some(_) => STATEMENTS_OF_MANY_TABLES,
                None => Manner::STATEMENTS,
            },
        }
    }
}
