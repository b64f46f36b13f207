//! What the MySQL engine of accounts needs to be told.

use crate::mysql::{Manner, Server};

/// Where the accounts are and how to reach them.
#[derive(Clone, Debug)]
pub struct MySqlAccountsConfig {
    /// The server and the database.
    pub server: Server,
    /// How connections to it are made and kept. No request needs more than one at a time.
    pub manner: Manner,
    /// The table of accounts, `users` by custom.
    pub users_table: String,
    /// Our own table of what that one has no column for.
    pub extras_table: String,
}

impl MySqlAccountsConfig {
    /// A configuration with the customary tables and patience.
    pub fn new(server: Server) -> Self {
        MySqlAccountsConfig {
            server,
            manner: Manner::default(),
            users_table: "users".to_owned(),
            extras_table: "weft_users".to_owned(),
        }
    }
}
