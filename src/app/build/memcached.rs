//! The cache on memcached servers, from settings.

use super::Answered;
use crate::cache::{Cache, Looked, Memcached, MemcachedOptions};
use crate::config::Config;
use std::sync::Arc;

/// The cache that hosts share, if there is one.
pub fn cache(config: &Config) -> Result<Option<Arc<dyn Cache>>, String> {
    let cache = options(config).map(|options| Memcached::new(&options));
    Ok(cache.map(|cache| Arc::new(cache) as Arc<dyn Cache>))
}

/// Asks each server whether it answers.
pub fn check(config: &Config) -> Vec<Answered<()>> {
    let Some(options) = options(config) else {
        return Vec::new();
    };
    let servers = options.servers.iter();
    let answers = servers.map(|server| {
        let name = format!("memcached: {}:{}", server.0, server.1);
        (name, ask(server, &options))
    });
    answers.collect()
}

fn ask(server: &(String, u16), options: &MemcachedOptions) -> Result<(), String> {
    let alone = Memcached::new(&MemcachedOptions {
        servers: vec![server.clone()],
        ..options.clone()
    });
    match alone.look("weft:check") {
        Looked::Away => Err("it does not answer".to_owned()),
        Looked::Found(_) | Looked::Missing => Ok(()),
    }
}

/// The servers, if there are any.
fn options(config: &Config) -> Option<MemcachedOptions> {
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
