//! From a configuration to the engines that it names. A new engine is one line here.

use super::people::{accounts_folder, own_node, people, public_url};
use super::screens::admins;
use crate::api::heartbeat::LastCheck;
use crate::api::profile::Profile;
use crate::api::{Api, Node, Registration, Settings};
use crate::auth::password::{Argon2Cost, HashSettings, NewKind, PasswordHashes};
use crate::auth::password_check::{Memory, PasswordCheck};
use crate::auth::sqlite::SqliteAccounts;
use crate::auth::throttle::InProcess;
use crate::auth::{Accounts, Lockout, RateLimit};
use crate::config::settings::{self, AuthEngine, NewHash, StorageEngine};
use crate::config::value::Node as NodeSetting;
use crate::config::{Config, value};
use crate::storage::Storage;
use crate::storage::sqlite::{SqliteOptions, SqliteStorage};
use crate::sync::{Clock, Limits};
use std::sync::Arc;

/// How many names the lockout of one process keeps in mind.
const LOCKOUT_NAMES: usize = 10_000;

/// Makes everything that the handlers work with. Engines open their databases when they are first
/// used, so this fails only over settings that make no sense together.
///
/// # Errors
///
/// A sentence for the operator.
pub fn api(config: &Config, clock: Clock) -> Result<Api, String> {
    let mut settings = api_settings(config);
    settings.registration.reserved = admins(config)?;
    Ok(Api {
        storage: storage(config, &clock)?,
        accounts: accounts(config)?,
        people: people(config)?,
        lockout: lockout(config),
        name_checks: RateLimit::default(),
        write_cap: None,
        settings,
        last_check: LastCheck::default(),
        clock,
    })
}

/// The storage engine.
pub fn storage(config: &Config, clock: &Clock) -> Result<Arc<dyn Storage>, String> {
    match config.storage.engine {
        StorageEngine::Sqlite => {
            let mut options = SqliteOptions::new(config.data.dir.join("weft.db"));
            options.busy = config.storage.busy_timeout;
            Ok(Arc::new(SqliteStorage::new(options, Arc::clone(clock))))
        }
        other => Err(not_yet("storage.engine", other.word())),
    }
}

/// The account engine.
pub fn accounts(config: &Config) -> Result<Arc<dyn Accounts>, String> {
    let check = password_check(&config.auth)?;
    match config.auth.engine {
        AuthEngine::Sqlite => {
            let mut options = SqliteOptions::new(accounts_folder(config).join("accounts.db"));
            options.busy = config.storage.busy_timeout;
            Ok(Arc::new(SqliteAccounts::new(options, check)))
        }
        other => Err(not_yet("auth.engine", other.word())),
    }
}

fn not_yet(setting: &str, value: &str) -> String {
    format!("{setting} = \"{value}\" is not in this program; use \"sqlite\"")
}

/// Randomness from the system. When the system has none, nothing secret can be made: the program
/// ends rather than go on with secrets that can be guessed.
pub(super) fn random(bytes: &mut [u8]) {
    if getrandom::fill(bytes).is_err() {
        log::error!("the system gives no randomness");
        std::process::abort();
    }
}

fn password_check(auth: &settings::Auth) -> Result<PasswordCheck, String> {
    let memory = Memory {
        lifetime: auth.remember.unwrap_or_default(),
        capacity: auth.remember_entries,
    };
    Ok(PasswordCheck::new(password_hashes(auth)?, memory, random))
}

fn password_hashes(auth: &settings::Auth) -> Result<PasswordHashes, String> {
    let salt = &auth.legacy_sha_salt;
    PasswordHashes::new(HashSettings {
        legacy_md5: auth.legacy_md5,
        legacy_sha_salt: (!salt.is_empty()).then(|| salt.expose().to_owned()),
        new_kind: match auth.new_hash {
            NewHash::Argon2id => NewKind::Argon2id,
            NewHash::Ssha256 => NewKind::Ssha256,
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

fn lockout(config: &Config) -> Option<Lockout> {
    let failures = config.lockout.failures?;
    let counter = InProcess::new(config.lockout.window, LOCKOUT_NAMES);
    Some(Lockout::new(failures, Box::new(counter)))
}

fn api_settings(config: &Config) -> Settings {
    let seconds = |time: std::time::Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    let (server, registration) = (&config.server, &config.registration);
    Settings {
        limits: limits(config),
        pinned_profile: match config.api.profile {
            settings::Profile::ByVersion => None,
            settings::Profile::Php => Some(Profile::Php),
            settings::Profile::Python => Some(Profile::Python),
        },
        retry_after: seconds(server.retry_after),
        backoff: server.backoff.map_or(0, seconds),
        maintenance: server.maintenance,
        wipe_guard: config.storage.wipe_guard,
        node: match &config.api.node {
            NodeSetting::Own => Node::Here,
            NodeSetting::Fixed(url) => Node::Fixed(url.as_str().to_owned()),
            NodeSetting::None => Node::None,
            NodeSetting::Assign => Node::Assign,
        },
        check_node: own_node(config).filter(|_| config.nodes.check),
        public_url: public_url(config),
        base_path: server
            .base_path
            .as_ref()
            .map(|path| path.as_str().to_owned()),
        registration: Registration {
            secret: (!registration.secret.is_empty())
                .then(|| registration.secret.expose().to_owned()),
            require_email: config.auth.require_email,
            strict_usernames: config.auth.strict_usernames,
            reserved: Vec::new(),
        },
    }
}

fn limits(config: &Config) -> Limits {
    let bytes = |size: value::ByteSize| size.bytes();
    Limits {
        body_bytes: config.limits.body_bytes.bytes(),
        payload_bytes: config.limits.payload_bytes.map_or(0, bytes),
        ids: config.limits.ids,
        query_bytes: usize::try_from(config.limits.query_bytes.bytes()).unwrap_or(usize::MAX),
        batch_records: config.limits.batch_records,
        batch_bytes: config.limits.batch_bytes.bytes(),
        quota_bytes: config.quota.bytes.map(bytes),
    }
}
