//! The servers that a configuration names, for the operator: whether they answer, and what they lack.

use super::{accounts, all, storage};
use crate::cache::{Cache, Looked, Memcached, MemcachedOptions};
use crate::config::Config;
use crate::config::settings::{AuthEngine, StorageEngine};
use crate::sync::Clock;

/// A server, and what came of a question to it.
pub type Answered<T> = (String, Result<T, String>);

/// Adds to every MySQL database what it lacks, each database once; answers the statements. A rehearsal
/// only answers. A database that fails keeps no other from its turn.
///
/// # Errors
///
/// A sentence about settings that make no sense together.
pub fn migrate(config: &Config, rehearsal: bool) -> Result<Vec<Answered<Vec<String>>>, String> {
    let mut done: Vec<storage::Database<'_>> = Vec::new();
    let mut answers = Vec::new();
    for config in all(config) {
        for database in storage::databases(config)? {
            let place = (database.server, database.tables);
            if done
                .iter()
                .any(|known| (known.server, known.tables) == place)
            {
                continue;
            }
            let migrations = database.storage.migrate(rehearsal);
            let statements = migrations
                .map(|all| all.into_iter().map(|migration| migration.sql).collect())
                .map_err(|error| error.to_string());
            answers.push((database.server.to_string(), statements));
            done.push(database);
        }
    }
    Ok(answers)
}

/// Asks every server of the configuration whether it answers. No file is made.
///
/// # Errors
///
/// A sentence about settings that make no sense together.
pub fn check(config: &Config, clock: &Clock) -> Result<Vec<Answered<()>>, String> {
    let mut answers: Vec<Answered<()>> = Vec::new();
    let mut asked: Vec<Config> = Vec::new();
    let mut is_new = |about: Config| {
        let is_new = !asked.contains(&about);
        asked.push(about);
        is_new
    };
    for host in all(config) {
        let is_made = |name: &str| host.data.dir.join(name).exists();
        let server = match host.storage.engine {
            StorageEngine::Sqlite => "SQLite".to_owned(),
            StorageEngine::Mysql => host.mysql_write.server().to_string(),
        };
        let made = host.storage.engine != StorageEngine::Sqlite || is_made("weft.db");
        if made && is_new(storage::about(host)) {
            let outcome = storage::storage(host, clock, None)?.check();
            answers.push((
                format!("records: {server}"),
                outcome.map_err(|e| e.to_string()),
            ));
        }
        let made = host.auth.engine != AuthEngine::Sqlite || is_made("accounts.db");
        if made && is_new(accounts::about(host)) {
            let outcome = accounts::accounts(host)?.check();
            let server = host.auth.engine.word();
            answers.push((
                format!("accounts: {server}"),
                outcome.map_err(|e| e.to_string()),
            ));
        }
        if let Some(options) = storage::memcached(host)
            && is_new(storage::about_cache(host))
        {
            answers.extend(options.servers.iter().map(|server| ask(server, &options)));
        }
    }
    Ok(answers)
}

fn ask(server: &(String, u16), options: &MemcachedOptions) -> Answered<()> {
    let alone = Memcached::new(&MemcachedOptions {
        servers: vec![server.clone()],
        ..options.clone()
    });
    let outcome = match alone.look("weft:check") {
        Looked::Away => Err("it does not answer".to_owned()),
        Looked::Found(_) | Looked::Missing => Ok(()),
    };
    (format!("memcached: {}:{}", server.0, server.1), outcome)
}
