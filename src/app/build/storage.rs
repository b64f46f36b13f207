//! Storage engines from settings.

use crate::cache::{Cache, MemcachedOptions};
use crate::config::Config;
use crate::config::settings::{MirrorEngine, Mysql, MysqlCharset, MysqlServer, StorageEngine};
use crate::mysql::{Address, Charset, Manner, Server};
use crate::storage::cached::Cached;
use crate::storage::mirrored::Mirrored;
use crate::storage::mysql::{MySqlConfig, MySqlStorage};
use crate::storage::sqlite::{SqliteOptions, SqliteStorage};
use crate::storage::{Keeping, Storage, StorageError};
use crate::sync::Clock;
use std::sync::Arc;
use std::time::Duration;

/// The settings that make a difference to [`storage`].
pub fn about(config: &Config) -> Config {
    Config {
        data: config.data.clone(),
        storage: config.storage.clone(),
        undo: config.undo.clone(),
        mirror: config.mirror.clone(),
        mysql: config.mysql.clone(),
        mysql_write: config.mysql_write.clone(),
        mysql_read: config.mysql_read.clone(),
        memcached: config.memcached.clone(),
        legacy: config.legacy.clone(),
        ..Config::default()
    }
}

/// The settings that make a difference to the cache.
pub fn about_cache(config: &Config) -> Config {
    Config {
        memcached: config.memcached.clone(),
        ..Config::default()
    }
}

/// The storage engine, with its second store if there is one, and with the cache that PHP shares if
/// PHP runs.
pub fn storage(
    config: &Config,
    clock: &Clock,
    cache: Option<Arc<dyn Cache>>,
) -> Result<Arc<dyn Storage>, String> {
    let primary: Box<dyn Storage> = match config.storage.engine {
        StorageEngine::Sqlite => {
            let mut options = SqliteOptions::new(config.data.dir.join("weft.db"));
            options.busy = config.storage.busy_timeout;
            Box::new(SqliteStorage::keeping(
                options,
                Arc::clone(clock),
                keeping(config),
            ))
        }
        StorageEngine::Mysql => Box::new(mysql(config)?),
    };
    let storage: Arc<dyn Storage> = match mirror(config)? {
        None => Arc::from(primary),
        Some(mirror) => Arc::new(Mirrored::new(primary, Box::new(mirror))),
    };
    Ok(match cache {
        Some(cache) if config.legacy.php_beside => {
            Arc::new(Cached::new(storage, cache, seconds(config.memcached.ttl)))
        }
        _ => storage,
    })
}

/// What of replaced and deleted records is kept, if anything.
fn keeping(config: &Config) -> Option<Keeping> {
    config.undo.keep.map(|time| Keeping {
        time,
        bytes: config.undo.bytes.bytes(),
    })
}

/// Whole seconds, as protocols have them.
pub fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}

/// A MySQL database that holds records.
pub struct Database<'c> {
    /// Where it is.
    pub server: MysqlServer<'c>,
    /// Its tables.
    pub tables: &'c Mysql,
    /// What works with it.
    pub storage: MySqlStorage,
}

/// The MySQL databases of a configuration that hold records, the second store among them.
pub fn databases(config: &Config) -> Result<Vec<Database<'_>>, String> {
    let mut databases = Vec::new();
    let tables = &config.mysql;
    if config.storage.engine == StorageEngine::Mysql {
        databases.push(Database {
            server: config.mysql_write.server(),
            tables,
            storage: mysql(config)?,
        });
    }
    if let Some(storage) = mirror(config)? {
        let server = config.mirror.server();
        databases.push(Database {
            server,
            tables,
            storage,
        });
    }
    Ok(databases)
}

fn mysql(config: &Config) -> Result<MySqlStorage, String> {
    let write = config.mysql_write.server();
    let mut options = mysql_config(config, write);
    let read = config.mysql_read.server();
    let replica = read.or(write);
    // The primary under another user's name is still the primary, and knows more than a replica.
    if read.is_somewhere() && !replica.is_same_place(&write) {
        options.read = Some(server(replica));
    }
    MySqlStorage::new(options).map_err(|error: StorageError| error.to_string())
}

fn mirror(config: &Config) -> Result<Option<MySqlStorage>, String> {
    match config.mirror.engine {
        MirrorEngine::None => Ok(None),
        MirrorEngine::Mysql => MySqlStorage::new(mysql_config(config, config.mirror.server()))
            .map(Some)
            .map_err(|error| error.to_string()),
    }
}

fn mysql_config(config: &Config, write: MysqlServer<'_>) -> MySqlConfig {
    let mysql = &config.mysql;
    let manner = manner(config);
    MySqlConfig {
        write: server(write),
        read: None,
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
pub fn manner(config: &Config) -> Manner {
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
pub fn server(server: MysqlServer<'_>) -> Server {
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

/// The memcached servers, if there are any.
pub fn memcached(config: &Config) -> Option<MemcachedOptions> {
    let memcached = &config.memcached;
    let servers = memcached.servers.iter();
    let options = MemcachedOptions {
        servers: servers
            .map(|server| (server.host.clone(), server.port))
            .collect(),
        connect_timeout: memcached.connect_timeout,
        io_timeout: memcached.io_timeout,
        silence: memcached.silence,
    };
    (!options.servers.is_empty()).then_some(options)
}
