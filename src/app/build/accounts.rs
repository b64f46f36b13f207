//! Account engines from settings.

use super::{directory, mysql};
use crate::app::people::accounts_folder;
use crate::auth::Accounts;
use crate::auth::password::{Argon2Cost, HashSettings, NewKind, PasswordHashes};
use crate::auth::password_check::{Memory, PasswordCheck};
use crate::auth::sqlite::SqliteAccounts;
use crate::config::Config;
use crate::config::settings::{AuthEngine, MysqlServer, NewHash};
use crate::storage::sqlite::SqliteOptions;
use std::sync::Arc;

/// The settings that make a difference to [`accounts`].
pub fn about(config: &Config) -> Config {
    let mut about = Config {
        data: config.data.clone(),
        mysql: config.mysql.clone(),
        mysql_write: config.mysql_write.clone(),
        auth: config.auth.clone(),
        auth_mysql: config.auth_mysql.clone(),
        ldap: config.ldap.clone(),
        legacy: config.legacy.clone(),
        ..Config::default()
    };
    about.storage.busy_timeout = config.storage.busy_timeout;
    about
}

/// The account engine.
pub fn accounts(config: &Config, pools: &mysql::Pools) -> Result<Arc<dyn Accounts>, String> {
    match config.auth.engine {
        AuthEngine::Sqlite => {
            let options = sqlite(config, "accounts.db");
            Ok(Arc::new(SqliteAccounts::new(
                options,
                password_check(config)?,
            )))
        }
        AuthEngine::Ldap => directory::accounts(config, random),
        AuthEngine::Mysql => mysql::accounts(config, pools),
        AuthEngine::None => Err("auth.engine = \"none\" is not in this program".to_owned()),
    }
}

/// The MySQL server that knows the users: what `[auth.mysql]` leaves open is as in `[mysql.write]`.
pub fn mysql_server(config: &Config) -> MysqlServer<'_> {
    config.auth_mysql.server().or(config.mysql_write.server())
}

/// A file in the data folder.
pub fn sqlite(config: &Config, name: &str) -> SqliteOptions {
    let mut options = SqliteOptions::new(accounts_folder(config).join(name));
    options.busy = config.storage.busy_timeout;
    options
}

/// Randomness from the system. When the system has none, nothing secret can be made: the program
/// ends rather than go on with secrets that can be guessed.
pub(in crate::app) fn random(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        log::error!("the system gives no randomness");
        std::process::abort();
    }
}

/// What checks passwords, and remembers them for a while.
pub fn password_check(config: &Config) -> Result<PasswordCheck, String> {
    let memory = Memory {
        lifetime: config.auth.remember.unwrap_or_default(),
        capacity: config.auth.remember_entries,
    };
    Ok(PasswordCheck::new(password_hashes(config)?, memory, random))
}

fn password_hashes(config: &Config) -> Result<PasswordHashes, String> {
    let auth = &config.auth;
    let salt = &auth.legacy_sha_salt;
    PasswordHashes::new(HashSettings {
        legacy_md5: auth.legacy_md5,
        legacy_sha_salt: (!salt.is_empty()).then(|| salt.expose().to_owned()),
        new_kind: match (auth.new_hash, config.legacy.php_beside) {
            // A user who logs in here today may log in at a PHP host tomorrow.
            (_, true) | (NewHash::Ssha256, _) => NewKind::Ssha256,
            (NewHash::Argon2id, false) => NewKind::Argon2id,
        },
        argon2: Argon2Cost {
            memory_kib: auth.argon2_memory_kib,
            passes: auth.argon2_iterations,
            ..Argon2Cost::default()
        },
    })
    .map_err(|_| {
        "auth.argon2_memory_kib and auth.argon2_iterations together are more than any hash may cost"
            .to_owned()
    })
}
