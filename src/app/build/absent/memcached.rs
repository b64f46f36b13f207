//! Stands in for memcached where the program was built without it. Settings that name a server were
//! refused when they were read.

use super::Answered;
use crate::cache::Cache;
use crate::config::Config;
use crate::config::built::without;
use std::sync::Arc;

/// There is no cache.
pub fn cache(config: &Config) -> Result<Option<Arc<dyn Cache>>, String> {
    match config.memcached.servers.is_empty() {
        true => Ok(None),
        false => Err(without("memcache")),
    }
}

/// There is nobody to ask.
pub fn check(_: &Config) -> Vec<Answered<()>> {
    Vec::new()
}
