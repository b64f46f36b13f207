//! Storage engines from settings.

use super::mysql;
use crate::cache::Cache;
use crate::config::Config;
use crate::config::settings::StorageEngine;
use crate::storage::cached::Cached;
use crate::storage::mirrored::Mirrored;
use crate::storage::sqlite::{SqliteOptions, SqliteStorage};
use crate::storage::{Keeping, Storage};
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
    (config, pools): (&Config, &mysql::Pools),
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
        StorageEngine::Mysql => mysql::records(config, pools)?,
    };
    let storage: Arc<dyn Storage> = match mysql::mirror(config)? {
        None => Arc::from(primary),
        Some(mirror) => Arc::new(Mirrored::new(primary, mirror)),
    };
    Ok(match cache {
        Some(cache) if config.legacy.php_beside => {
            Arc::new(Cached::new(storage, cache, seconds(config.memcached.ttl)))
        }
        _ => storage,
    })
}

/// What of replaced and deleted records is kept, if anything.
pub fn keeping(config: &Config) -> Option<Keeping> {
    config.undo.keep.map(|time| Keeping {
        time,
        bytes: config.undo.bytes.bytes(),
    })
}

/// Whole seconds, as protocols have them.
pub fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX)
}
