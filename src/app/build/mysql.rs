//! The engines on MySQL servers, from settings.

use super::accounts::{mysql_server, password_check};
use super::storage::keeping;
use super::{Answered, all};
use crate::auth::Accounts;
use crate::auth::mysql::{MySqlAccounts, MySqlAccountsConfig};
use crate::auth::password_check::Memory;
use crate::config::Config;
use crate::config::settings::{
    AuthEngine, MirrorEngine, Mysql, MysqlCharset, MysqlServer, StorageEngine,
};
pub use crate::mysql::Pools;
use crate::mysql::{Address, Charset, Manner, Migration, Server};
use crate::storage::mysql::{MySqlConfig, MySqlStorage};
use crate::storage::{Storage, StorageError};
use std::fmt::Display;
use std::sync::Arc;

const PHP_IS_THERE: &str = "legacy.php_beside is set, so PHP still needs its indexes: set it to false on \
     all hosts when PHP is gone for good, and then migrate without it";

/// Adds to every MySQL database what it lacks, each database once; answers the statements. A rehearsal
/// only answers. A database that fails keeps no other from its turn. `without_php`: tables of records lose
/// what only PHP needed.
///
/// # Errors
///
/// A sentence about settings that make no sense together.
pub fn migrate(
    config: &Config,
    rehearsal: bool,
    without_php: bool,
) -> Result<Vec<Answered<Vec<String>>>, String> {
    if without_php && all(config).any(|config| config.legacy.php_beside) {
        return Err(PHP_IS_THERE.to_owned());
    }
    let mut records: Vec<Database<'_>> = Vec::new();
    let mut users = Vec::new();
    let mut answers = Vec::new();
    for config in all(config) {
        for database in databases(config)? {
            let place = (database.server, database.tables);
            if records
                .iter()
                .any(|known| (known.server, known.tables) == place)
            {
                continue;
            }
            let server = format!("records: {}", database.server);
            let migrated = match without_php {
                true => database.storage.migrate_without_php(rehearsal),
                false => database.storage.migrate(rehearsal),
            };
            answers.push((server, statements(migrated)));
            records.push(database);
        }
        let place = (mysql_server(config), &config.auth_mysql);
        if config.auth.engine == AuthEngine::Mysql && !users.contains(&place) {
            let server = format!("accounts: {}", place.0);
            answers.push((
                server,
                statements(users_table(config, &Pools::default())?.migrate(rehearsal)),
            ));
            users.push(place);
        }
    }
    Ok(answers)
}

fn statements(migrations: Result<Vec<Migration>, impl Display>) -> Result<Vec<String>, String> {
    migrations
        .map(|all| all.into_iter().map(|migration| migration.sql).collect())
        .map_err(|error| error.to_string())
}

/// A MySQL database that holds records.
struct Database<'c> {
    /// Where it is.
    server: MysqlServer<'c>,
    /// Its tables.
    tables: &'c Mysql,
    /// What works with it.
    storage: MySqlStorage,
}

/// The MySQL databases of a configuration that hold records, the second store among them.
fn databases(config: &Config) -> Result<Vec<Database<'_>>, String> {
    let mut databases = Vec::new();
    let tables = &config.mysql;
    if config.storage.engine == StorageEngine::Mysql {
        databases.push(Database {
            server: config.mysql_write.server(),
            tables,
            storage: primary(config, &Pools::default())?,
        });
    }
    if let Some(storage) = second(config)? {
        let server = config.mirror.server();
        databases.push(Database {
            server,
            tables,
            storage,
        });
    }
    Ok(databases)
}

/// The users' table of the legacy PHP server.
pub fn accounts(config: &Config, pools: &Pools) -> Result<Arc<dyn Accounts>, String> {
    Ok(Arc::new(users_table(config, pools)?))
}

fn users_table(config: &Config, pools: &Pools) -> Result<MySqlAccounts, String> {
    let place = mysql_server(config);
    let options = MySqlAccountsConfig {
        server: server(place),
        // As that of the records, so that their connections fit.
        manner: options(config, place).manner(),
        pools: pools.clone(),
        users_table: config.auth_mysql.users_table.as_str().to_owned(),
        extras_table: config.auth_mysql.extras_table.as_str().to_owned(),
        remember: Memory {
            lifetime: config.auth_mysql.remember.unwrap_or_default(),
            capacity: config.auth.remember_entries,
        },
    };
    MySqlAccounts::new(options, password_check(config)?).map_err(|error| error.to_string())
}

/// The database of records.
pub fn records(config: &Config, pools: &Pools) -> Result<Box<dyn Storage>, String> {
    Ok(Box::new(primary(config, pools)?))
}

fn primary(config: &Config, pools: &Pools) -> Result<MySqlStorage, String> {
    let write = config.mysql_write.server();
    let mut options = options(config, write);
    options.pools = pools.clone();
    let read = config.mysql_read.server();
    let replica = read.or(write);
    // The primary under another user's name is still the primary, and knows more than a replica.
    if read.is_somewhere() && !replica.is_same_place(&write) {
        options.read = Some(server(replica));
    }
    MySqlStorage::new(options).map_err(|error: StorageError| error.to_string())
}

/// The second store, if there is one.
pub fn mirror(config: &Config) -> Result<Option<Box<dyn Storage>>, String> {
    let second = second(config)?;
    Ok(second.map(|second| Box::new(second) as Box<dyn Storage>))
}

fn second(config: &Config) -> Result<Option<MySqlStorage>, String> {
    match config.mirror.engine {
        MirrorEngine::None => Ok(None),
        MirrorEngine::Mysql => MySqlStorage::new(options(config, config.mirror.server()))
            .map(Some)
            .map_err(|error| error.to_string()),
    }
}

fn options(config: &Config, write: MysqlServer<'_>) -> MySqlConfig {
    let mysql = &config.mysql;
    let manner = manner(config);
    MySqlConfig {
        write: server(write),
        read: None,
        pools: Pools::default(),
        wbo_table: mysql.wbo_table.as_str().to_owned(),
        collections_table: mysql.collections_table.as_str().to_owned(),
        times_table: mysql.times_table.as_str().to_owned(),
        kept_table: mysql.kept_table.as_str().to_owned(),
        keeping: keeping(config),
        modulo: mysql.user_table_modulo,
        php_beside: config.legacy.php_beside,
        charset: manner.charset,
        connections: manner.connections,
        busy: manner.busy,
        connect_timeout: manner.connect_timeout,
        io_timeout: manner.io_timeout,
    }
}

/// How connections to every MySQL server are made and kept.
fn manner(config: &Config) -> Manner {
    let mysql = &config.mysql;
    Manner {
        charset: match mysql.charset {
            MysqlCharset::Binary => Charset::Binary,
            MysqlCharset::Latin1 => Charset::Latin1,
        },
        connections: mysql.connections,
        busy: config.storage.busy_timeout,
        connect_timeout: mysql.connect_timeout,
        io_timeout: mysql.io_timeout,
        ..Manner::default()
    }
}

/// A server as its engines want it.
fn server(server: MysqlServer<'_>) -> Server {
    Server {
        address: match server.socket {
            Some(socket) => Address::Socket(socket.0.clone()),
            None => Address::Tcp(server.host.to_owned(), server.port),
        },
        database: server.database.to_owned(),
        user: server.user.to_owned(),
        password: server.password.expose().to_owned(),
    }
}
