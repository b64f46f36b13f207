//! The servers that a configuration names, for the operator: whether they answer, and what they lack.

use super::{Answered, accounts, all, memcached, mysql, storage};
use crate::config::Config;
use crate::config::settings::{AuthEngine, StorageEngine};
use crate::sync::Clock;

/// Asks every server of the configuration whether it answers. No file is made.
///
/// # Errors
///
/// A sentence about settings that make no sense together.
pub fn check(config: &Config, clock: &Clock) -> Result<Vec<Answered<()>>, String> {
    let mut answers: Vec<Answered<()>> = Vec::new();
    let pools = mysql::Pools::default();
    let mut caches = Vec::new();
    let mut asked: Vec<Config> = Vec::new();
    let mut is_new = |about: Config| {
        let is_new = !asked.contains(&about);
        asked.push(about);
        is_new
    };
    let mut tell = |what: &str, server: String, outcome: Result<(), String>| {
        answers.push((format!("{what}: {server}"), outcome));
    };
    for host in all(config) {
        let is_there = |file: &str| host.data.dir.join(file).exists();
        let (server, is_made) = match host.storage.engine {
            StorageEngine::Sqlite => ("SQLite".to_owned(), is_there("weft.db")),
            StorageEngine::Mysql => (host.mysql_write.server().to_string(), true),
        };
        if is_made && is_new(storage::about(host)) {
            let outcome = storage::storage((host, &pools), clock, None)?.check();
            tell(
                "records",
                server,
                outcome.map_err(|error| error.to_string()),
            );
        }
        let (server, is_made) = match host.auth.engine {
            AuthEngine::Sqlite => ("SQLite".to_owned(), is_there("accounts.db")),
            AuthEngine::Mysql => (accounts::mysql_server(host).to_string(), true),
            AuthEngine::Ldap | AuthEngine::None => (directory(host), true),
        };
        if is_made && is_new(accounts::about(host)) {
            let outcome = accounts::accounts(host, &pools)?.check();
            tell(
                "accounts",
                server,
                outcome.map_err(|error| error.to_string()),
            );
        }
        if is_new(storage::about_cache(host)) {
            caches.extend(memcached::check(host));
        }
    }
    answers.extend(caches);
    Ok(answers)
}

fn directory(config: &Config) -> String {
    let urls: Vec<&str> = config.ldap.url.iter().map(|url| url.as_str()).collect();
    urls.join(" or ")
}
