//! Account engines from settings.

use crate::auth::Accounts;
use crate::auth::ids::SqliteIds;
use crate::auth::ldap::{Bind, Enabled, IdKey, IdSource, Layout, LdapAccounts, LdapOptions};
use crate::auth::password::{Argon2Cost, HashSettings, NewKind, PasswordHashes};
use crate::auth::password_check::{Memory, PasswordCheck};
use crate::auth::sqlite::SqliteAccounts;
use crate::config::Config;
use crate::config::settings::{AuthEngine, Ldap, LdapLayout, NewHash};
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
pub fn accounts(config: &Config) -> Result<Arc<dyn Accounts>, String> {
    match config.auth.engine {
        AuthEngine::Sqlite => {
            let options = sqlite(config, "accounts.db");
            Ok(Arc::new(SqliteAccounts::new(
                options,
                password_check(config)?,
            )))
        }
        AuthEngine::Ldap => {
            let ids = Arc::new(SqliteIds::new(sqlite(config, "ids.db")));
            LdapAccounts::new(directory(config), Some(ids), random)
                .map(|accounts| Arc::new(accounts) as Arc<dyn Accounts>)
                .map_err(|wrong| wrong.to_string())
        }
        AuthEngine::Mysql | AuthEngine::None => Err(format!(
            "auth.engine = \"{}\" is not in this program",
            config.auth.engine.word()
        )),
    }
}

fn sqlite(config: &Config, name: &str) -> SqliteOptions {
    let mut options = SqliteOptions::new(config.data.dir.join(name));
    options.busy = config.storage.busy_timeout;
    options
}

/// Randomness from the system. When the system has none, nothing secret can be made: the program
/// ends rather than go on with secrets that can be guessed.
fn random(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        log::error!("the system gives no randomness");
        std::process::abort();
    }
}

fn password_check(config: &Config) -> Result<PasswordCheck, String> {
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

/// The directory: a layout's own choices, and what the operator says otherwise.
fn directory(config: &Config) -> LdapOptions {
    let ldap = &config.ldap;
    let layout = match ldap.layout {
        LdapLayout::Plain => Layout::Php,
        LdapLayout::Mozilla => Layout::Mozilla,
        LdapLayout::Python => Layout::Python,
        LdapLayout::Search => Layout::Search,
    };
    let usual = LdapOptions::new(layout, "", &ldap.base);
    let said = |text: &str, usual: String| match text {
        "" => usual,
        text => text.to_owned(),
    };
    LdapOptions {
        urls: ldap.url.iter().map(|url| url.as_str().to_owned()).collect(),
        start_tls: ldap.start_tls,
        ca_file: ldap.ca_file.as_ref().map(|path| path.0.clone()),
        timeout: ldap.timeout,
        connect_timeout: ldap.connect_timeout,
        search_base: ldap.search_base.clone(),
        filter: said(&ldap.filter, usual.filter.clone()),
        user_attribute: ldap.user_attribute.clone(),
        bind: Bind::new(&ldap.bind_dn, ldap.bind_password.expose()),
        admin: Bind::new(&ldap.admin_dn, ldap.admin_password.expose()),
        ids: numbers(ldap, usual.ids.clone()),
        next_id_dn: ldap.next_id_dn.clone(),
        mail_attribute: ldap.mail_attribute.clone(),
        enabled: enabled(&ldap.enabled, usual.enabled.clone()),
        check_node: ldap.check_node,
        node: ldap.node.clone(),
        object_classes: match ldap.object_classes.is_empty() {
            true => usual.object_classes.clone(),
            false => ldap.object_classes.clone(),
        },
        remember: ldap.remember.unwrap_or_default(),
        remember_entries: config.auth.remember_entries,
        ..usual
    }
}

fn numbers(ldap: &Ldap, usual: IdSource) -> IdSource {
    match (ldap.id_attribute.as_str(), usual) {
        ("", IdSource::Table(_)) => IdSource::Table(match ldap.id_key.as_str() {
            "dn" => IdKey::Dn,
            "name" => IdKey::Name,
            attribute => IdKey::Attribute(attribute.to_owned()),
        }),
        ("", usual) => usual,
        (attribute, _) => IdSource::Attribute(attribute.to_owned()),
    }
}

fn enabled(setting: &str, usual: Enabled) -> Enabled {
    match (setting, setting.split_once('=')) {
        ("always", _) => Enabled::Always,
        ("active-directory", _) => Enabled::ActiveDirectory,
        (_, Some((attribute, value))) => Enabled::Attribute(attribute.into(), value.into()),
        _ => usual,
    }
}
