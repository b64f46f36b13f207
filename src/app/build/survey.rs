//! The servers that a configuration names, for the operator: whether they answer, and what they lack.

use super::{accounts, all, storage};
use crate::cache::{Cache, Looked, Memcached, MemcachedOptions};
use crate::config::Config;
use crate::config::settings::{AuthEngine, StorageEngine};
use crate::mysql::Migration;
use crate::sync::Clock;
use std::fmt::Display;

/// A server, and what came of a question to it.
pub type Answered<T> = (String, Result<T, String>);

/// Adds to every MySQL database what it lacks, each database once; answers the statements. A rehearsal
/// only answers. A database that fails keeps no other from its turn.
///
/// # Errors
///
/// A sentence about settings that make no sense together.
pub fn migrate(config: &Config, rehearsal: bool) -> Result<Vec<Answered<Vec<String>>>, String> {
    let mut records: Vec<storage::Database<'_>> = Vec::new();
    let mut users = Vec::new();
    let mut answers = Vec::new();
    for config in all(config) {
        for database in storage::databases(config)? {
            let place = (database.server, database.tables);
            if records
                .iter()
                .any(|known| (known.server, known.tables) == place)
            {
                continue;
            }
            let server = format!("records: {}", database.server);
            answers.push((server, statements(database.storage.migrate(rehearsal))));
            records.push(database);
        }
        let place = (accounts::mysql_server(config), &config.auth_mysql);
        if config.auth.engine == AuthEngine::Mysql && !users.contains(&place) {
            let server = format!("accounts: {}", place.0);
            answers.push((
                server,
                statements(accounts::mysql(config)?.migrate(rehearsal)),
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
            let outcome = storage::storage(host, clock, None)?.check();
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
            let outcome = accounts::accounts(host)?.check();
            tell(
                "accounts",
                server,
                outcome.map_err(|error| error.to_string()),
            );
        }
        if let Some(options) = storage::memcached(host)
            && is_new(storage::about_cache(host))
        {
            for server in &options.servers {
                tell(
                    "memcached",
                    format!("{}:{}", server.0, server.1),
                    ask(server, &options),
                );
            }
        }
    }
    Ok(answers)
}

fn directory(config: &Config) -> String {
    let urls: Vec<&str> = config.ldap.url.iter().map(|url| url.as_str()).collect();
    urls.join(" or ")
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
