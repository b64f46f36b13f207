//! Stands in for MySQL where the program was built without it. Settings that name it were refused when
//! they were read.

use super::Answered;
use crate::auth::Accounts;
use crate::config::Config;
use crate::config::built::without;
use crate::config::settings::MirrorEngine;
use crate::storage::Storage;
use std::sync::Arc;

/// Connections that are shared: none.
#[derive(Default)]
pub struct Pools {}

/// There are no databases.
pub fn migrate(_: &Config, _: bool, _: bool) -> Result<Vec<Answered<Vec<String>>>, String> {
    Ok(Vec::new())
}

/// There are none.
pub fn accounts(_: &Config, _: &Pools) -> Result<Arc<dyn Accounts>, String> {
    Err(without("mysql"))
}

/// There are none.
pub fn records(_: &Config, _: &Pools) -> Result<Box<dyn Storage>, String> {
    Err(without("mysql"))
}

/// There is no second store.
pub fn mirror(config: &Config) -> Result<Option<Box<dyn Storage>>, String> {
    match config.mirror.engine {
        MirrorEngine::None => Ok(None),
        MirrorEngine::Mysql => Err(without("mysql")),
    }
}
