//! `[mysql]` and the servers: `[mysql.write]`, `[mysql.read]`, `[auth.mysql]`, `[storage.mirror]`.

use crate::config::declare::section;
use crate::config::value::{FilePath, Secret, TableName, choices};
use std::fmt;
use std::time::Duration;

choices! {
    /// How text travels to the MySQL server.
    MysqlCharset {
        /// As it is.
        Binary = "binary",
        /// As ISO-8859-1.
        Latin1 = "latin1",
    }
}

choices! {
    /// What a second store is.
    MirrorEngine {
        /// There is none.
        None = "none",
        /// A MySQL or MariaDB server.
        Mysql = "mysql",
    }
}

section! {
    /// What all MySQL and MariaDB servers have in common. The tables are those of the legacy PHP
    /// server; `weft migrate` adds what is missing.
    "mysql" in mysql: Mysql {
        /// The table of records.
        wbo_table: TableName = TableName::usual("wbo"), php "WEAVE_MYSQL_STORE_TABLE_NAME";

        /// The table of collections' names.
        collections_table: TableName = TableName::usual("collections"),
            php "WEAVE_MYSQL_COLLECTION_TABLE_NAME";

        /// Our own table of the collections' times.
        times_table: TableName = TableName::usual("weft_times");

        /// Our own table of what was replaced and deleted.
        kept_table: TableName = TableName::usual("weft_kept");

        /// With N, the records of user u are in the table whose name ends in u modulo N, such as
        /// `wbo7`; 0 is one table for all.
        user_table_modulo: Option<u32> = None, php "WEAVE_USER_TABLE_MODULO";

        /// How text travels: `"binary"` is as it is, and right for nearly everybody; `"latin1"` is for
        /// databases into which PHP wrote over a latin1 connection while the columns have another
        /// character set.
        charset: MysqlCharset = MysqlCharset::Binary;

        /// The most connections from one process to each server for records, and as many more for accounts;
        /// where both are in one database they are shared. Workers of mod_fcgid use two.
        connections: usize = 8, in 1..=1024;

        /// How long making a connection may take.
        connect_timeout: Duration = Duration::from_secs(3),
            in Duration::from_millis(10)..=Duration::from_secs(60);

        /// How long the server may take for one part of an answer.
        io_timeout: Duration = Duration::from_secs(10),
            in Duration::from_millis(100)..=Duration::from_secs(600);
    }
}

/// One database on one server, and who we are there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MysqlServer<'s> {
    /// Its name or address.
    pub host: &'s str,
    /// Its port.
    pub port: u16,
    /// Its socket on this machine, which is used instead of host and port.
    pub socket: Option<&'s FilePath>,
    /// The name of the database.
    pub database: &'s str,
    /// The database's user.
    pub user: &'s str,
    /// That user's password.
    pub password: &'s Secret,
}

impl<'s> MysqlServer<'s> {
    /// Whether it says where it is.
    pub fn is_somewhere(&self) -> bool {
        !self.host.is_empty() || self.socket.is_some()
    }

    /// Whether both are one database on one server, whoever logs in there.
    pub fn is_same_place(&self, other: &MysqlServer<'_>) -> bool {
        let server = match (self.socket, other.socket) {
            (None, None) => (self.host, self.port) == (other.host, other.port),
            (one, two) => one == two,
        };
        server && self.database == other.database
    }

    /// The same, with what it leaves open taken from `other`. A password goes with its user.
    #[must_use]
    pub fn or(self, other: MysqlServer<'s>) -> MysqlServer<'s> {
        let (host, port, socket) = match self.is_somewhere() {
            true => (self.host, self.port, self.socket),
            false => (other.host, other.port, other.socket),
        };
        let database = match self.database {
            "" => other.database,
            database => database,
        };
        let (user, password) = match self.user {
            "" => (other.user, other.password),
            user => (user, self.password),
        };
        MysqlServer {
            host,
            port,
            socket,
            database,
            user,
            password,
        }
    }
}

/// For people: no password.
impl fmt::Display for MysqlServer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database {} at ", self.database)?;
        match self.socket {
            Some(socket) => write!(f, "{}", socket.display()),
            None => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

macro_rules! the_server {
    ($Section:ident) => {
        impl $Section {
            /// The server that is written here.
            pub fn server(&self) -> MysqlServer<'_> {
                MysqlServer {
                    host: &self.host,
                    port: self.port,
                    socket: self.socket.as_ref(),
                    database: &self.database,
                    user: &self.user,
                    password: &self.password,
                }
            }
        }
    };
}

section! {
    /// The MySQL server that holds the records.
    "mysql.write" in mysql_write: MysqlWrite {
        /// Its name or address. Always by TCP; PHP took `localhost` to mean a socket.
        host: String = "127.0.0.1".to_owned(), php "WEAVE_MYSQL_STORE_WRITE_HOST";

        /// Its port.
        port: u16 = 3306, in 1..=65_535, php "WEAVE_MYSQL_STORE_WRITE_PORT";

        /// Its socket on this machine, such as `"/run/mysqld/mysqld.sock"`, instead of host and port. It takes
        /// less processor time than TCP: a fifth less of the server for a page of 1,000 records.
        socket: Option<FilePath> = None;

        /// The name of the database.
        database: String = "weave".to_owned(), php "WEAVE_MYSQL_STORE_WRITE_DB";

        /// The database's user.
        user: String = "weave".to_owned(), php "WEAVE_MYSQL_STORE_WRITE_USER";

        /// That user's password.
        password: Secret = Secret::default(), php "WEAVE_MYSQL_STORE_WRITE_PASS";
    }
}
the_server!(MysqlWrite);

section! {
    /// A replica of it, for reads that may be a little behind. What is left open here is as in
    /// `[mysql.write]`.
    "mysql.read" in mysql_read: MysqlRead {
        /// Its name or address; `""` with no socket is no replica.
        host: String = String::new(), php "WEAVE_MYSQL_STORE_READ_HOST";

        /// Its port.
        port: u16 = 3306, in 1..=65_535, php "WEAVE_MYSQL_STORE_READ_PORT";

        /// Its socket on this machine, instead of host and port.
        socket: Option<FilePath> = None;

        /// The name of the database.
        database: String = String::new(), php "WEAVE_MYSQL_STORE_READ_DB";

        /// The database's user.
        user: String = String::new(), php "WEAVE_MYSQL_STORE_READ_USER";

        /// That user's password.
        password: Secret = Secret::default(), php "WEAVE_MYSQL_STORE_READ_PASS";
    }
}
the_server!(MysqlRead);

section! {
    /// The MySQL server that holds the table of users, for `auth.engine = "mysql"`. What is left open
    /// here is as in `[mysql.write]`.
    "auth.mysql" in auth_mysql: AuthMysql {
        /// Its name or address; `""` with no socket is the server of `[mysql.write]`.
        host: String = String::new(), php "WEAVE_MYSQL_AUTH_HOST";

        /// Its port.
        port: u16 = 3306, in 1..=65_535, php "WEAVE_MYSQL_AUTH_PORT";

        /// Its socket on this machine, instead of host and port.
        socket: Option<FilePath> = None;

        /// The name of the database.
        database: String = String::new(), php "WEAVE_MYSQL_AUTH_DB";

        /// The database's user.
        user: String = String::new(), php "WEAVE_MYSQL_AUTH_USER";

        /// That user's password.
        password: Secret = Secret::default(), php "WEAVE_MYSQL_AUTH_PASS";

        /// The table of users.
        users_table: TableName = TableName::usual("users");

        /// Our own table of what that one has no column for.
        extras_table: TableName = TableName::usual("weft_users");

        /// How long a good login is remembered with all that the tables say of the user; 0 is not at
        /// all. While it is, a request asks the database nothing about the account, and a new
        /// password, a disabled or deleted account or another quota, set elsewhere than in this
        /// process, counts only after this time. Wrong passwords always ask. `auth.remember` alone
        /// spares the password's check but not the question.
        remember: Option<Duration> = None;
    }
}
the_server!(AuthMysql);

section! {
    /// A second store that gets every write too, for moving house. It is never read; what fails there
    /// is logged and ignored. Its tables have the names that `[mysql]` says.
    "storage.mirror" in mirror: Mirror {
        /// What it is: `"none"`, or `"mysql"`.
        engine: MirrorEngine = MirrorEngine::None, php "WEAVE_STORAGE_SECONDARY_ENGINE";

        /// Its name or address.
        host: String = String::new(), php "WEAVE_SECONDARY_MYSQL_STORE_WRITE_HOST";

        /// Its port.
        port: u16 = 3306, in 1..=65_535, php "WEAVE_SECONDARY_MYSQL_STORE_WRITE_PORT";

        /// Its socket on this machine, instead of host and port.
        socket: Option<FilePath> = None;

        /// The name of the database.
        database: String = String::new(), php "WEAVE_SECONDARY_MYSQL_STORE_WRITE_DB";

        /// The database's user.
        user: String = String::new(), php "WEAVE_SECONDARY_MYSQL_STORE_WRITE_USER";

        /// That user's password.
        password: Secret = Secret::default(), php "WEAVE_SECONDARY_MYSQL_STORE_WRITE_PASS";
    }
}
the_server!(Mirror);
