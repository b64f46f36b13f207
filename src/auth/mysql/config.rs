//! What the MySQL engine of accounts needs to be told.

use crate::auth::password_check::Memory;
use crate::mysql::{Manner, Pools, Server};
use std::time::Duration;

/// Where the accounts are and how to reach them.
#[derive(Clone, Debug)]
pub struct MySqlAccountsConfig {
    /// The server and the database.
    pub server: Server,
    /// How connections to it are made and kept. No request needs more than one at a time.
    pub manner: Manner,
    /// Whose connections are shared.
    pub pools: Pools,
    /// The table of accounts, `users` by custom.
    pub users_table: String,
    /// Our own table of what that one has no column for.
    pub extras_table: String,
    /// How long a good login is remembered without asking the database, and how many of them. While it
    /// is, a password or an account that was changed in another process counts as before.
    pub remember: Memory,
}

impl MySqlAccountsConfig {
    /// A configuration with the customary tables and patience.
    pub fn new(server: Server) -> Self {
        MySqlAccountsConfig {
            server,
            manner: Manner::default(),
            pools: Pools::default(),
            users_table: "users".to_owned(),
            extras_table: "weft_users".to_owned(),
            remember: Memory {
                lifetime: Duration::ZERO,
                capacity: 0,
            },
        }
    }
}
