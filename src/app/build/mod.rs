//! From a configuration to the engines that it names. A new engine is one line in `storage` or
//! `accounts`. What can be left out of the program has a stand-in in `absent`.

pub(in crate::app) mod accounts;
#[cfg_attr(not(feature = "https"), path = "absent/captcha_service.rs")]
pub(in crate::app) mod captcha_service;
#[cfg_attr(not(feature = "ldap"), path = "absent/directory.rs")]
mod directory;
#[cfg_attr(not(feature = "mail"), path = "absent/letters.rs")]
pub(in crate::app) mod letters;
#[cfg_attr(not(feature = "memcache"), path = "absent/memcached.rs")]
mod memcached;
#[cfg_attr(not(feature = "mysql"), path = "absent/mysql.rs")]
mod mysql;
mod shared;
mod storage;
mod survey;

pub use mysql::migrate;
pub use survey::check;

use super::people::{counts, own_node, people, public_url};
use super::screens::admins;
use crate::accounts::sqlite::FailedLogins;
use crate::api::heartbeat::LastCheck;
use crate::api::profile::Profile;
use crate::api::{Api, Node, Registration, Settings};
use crate::auth::throttle::FailureCounter;
use crate::auth::{Accounts, Lockout, RateLimit, shared_throttle};
use crate::cache::{self, Cache};
use crate::config::settings::{self, SecurityLogTarget};
use crate::config::value::{Node as NodeSetting, SyslogAddress};
use crate::config::{Config, value};
use crate::security_log::{Facility, Goal, SecurityLog};
use crate::storage::Storage;
use crate::storage::write_cap::WriteCap;
use crate::sync::{Clock, Limits};
use shared::Shared;
use std::iter;
use std::sync::Arc;

/// How many users one process keeps in mind whose wrong passwords and writes it counts by itself.
const COUNTED_USERS: usize = 10_000;

/// A server, and what came of a question to it.
pub type Answered<T> = (String, Result<T, String>);

/// Makes applications' parts. Hosts whose settings are equal share their engines.
pub struct Builder {
    clock: Clock,
    pools: mysql::Pools,
    storages: Shared<Arc<dyn Storage>>,
    accounts: Shared<Arc<dyn Accounts>>,
    caches: Shared<Option<Arc<dyn Cache>>>,
    lockouts: Shared<Option<Arc<Lockout>>>,
    write_caps: Shared<Option<Arc<WriteCap>>>,
    security_logs: Shared<Arc<SecurityLog>>,
}

impl Builder {
    /// Nothing is made yet.
    pub fn new(clock: Clock) -> Self {
        Builder {
            clock,
            pools: mysql::Pools::default(),
            storages: Shared::default(),
            accounts: Shared::default(),
            caches: Shared::default(),
            lockouts: Shared::default(),
            write_caps: Shared::default(),
            security_logs: Shared::default(),
        }
    }

    /// Makes everything that the handlers work with. Engines open their databases when they are first
    /// used, so this fails only over settings that make no sense together.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn api(&mut self, config: &Config) -> Result<Api, String> {
        let clock = Arc::clone(&self.clock);
        let cache = self.cache(config)?;
        let mut settings = api_settings(config);
        settings.registration.reserved = admins(config)?;
        let about_counts = Config {
            data: config.data.clone(),
            lockout: config.lockout.clone(),
            memcached: config.memcached.clone(),
            quota: config.quota.clone(),
            ..Config::default()
        };
        let about_log = Config {
            security_log: config.security_log.clone(),
            ..Config::default()
        };
        Ok(Api {
            storage: self.storage(config)?,
            accounts: self.accounts.get(accounts::about(config), || {
                accounts::accounts(config, &self.pools)
            })?,
            lockout: self.lockouts.get(about_counts.clone(), || {
                Ok(lockout(config, &clock, cache.clone()))
            })?,
            write_cap: self
                .write_caps
                .get(about_counts, || Ok(write_cap(config, cache)))?,
            security_log: self
                .security_logs
                .get(about_log, || security_log(config, &clock))?,
            name_checks: RateLimit::default(),
            people: people(config)?,
            settings,
            last_check: LastCheck::default(),
            clock,
        })
    }

    /// Every storage engine that a host of the configuration has, each once.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn storages(mut self, config: &Config) -> Result<Vec<Arc<dyn Storage>>, String> {
        for config in all(config) {
            self.storage(config)?;
        }
        Ok(self.storages.all())
    }

    fn storage(&mut self, config: &Config) -> Result<Arc<dyn Storage>, String> {
        let clock = Arc::clone(&self.clock);
        let cache = self.cache(config)?;
        self.storages.get(storage::about(config), || {
            storage::storage((config, &self.pools), &clock, cache)
        })
    }

    fn cache(&mut self, config: &Config) -> Result<Option<Arc<dyn Cache>>, String> {
        self.caches
            .get(storage::about_cache(config), || memcached::cache(config))
    }
}

/// The configuration of all hosts that are not named, and those of the hosts that are.
fn all(config: &Config) -> impl Iterator<Item = &Config> {
    iter::once(config).chain(config.hosts.iter().map(|host| &host.config))
}

fn lockout(config: &Config, clock: &Clock, cache: Option<Arc<dyn Cache>>) -> Option<Arc<Lockout>> {
    let failures = config.lockout.failures?;
    let window = config.lockout.window;
    let clock = Arc::clone(clock);
    let here = FailedLogins::new(counts(config), clock, window, COUNTED_USERS);
    let counter: Box<dyn FailureCounter> = match cache {
        Some(cache) => Box::new(shared_throttle::Shared::new(cache, window, Box::new(here))),
        None => Box::new(here),
    };
    Some(Arc::new(Lockout::new(failures, counter)))
}

fn write_cap(config: &Config, cache: Option<Arc<dyn Cache>>) -> Option<Arc<WriteCap>> {
    let bytes = config.quota.daily_write_bytes?.bytes();
    let cache = cache.unwrap_or_else(|| Arc::new(cache::InProcess::new(COUNTED_USERS)));
    let life = storage::seconds(config.memcached.ttl);
    Some(Arc::new(WriteCap::new(cache, bytes, life)))
}

fn security_log(config: &Config, clock: &Clock) -> Result<Arc<SecurityLog>, String> {
    let settings = &config.security_log;
    let facility = Facility(settings.facility.number());
    let goal = match (settings.target, &settings.syslog, &settings.file) {
        (SecurityLogTarget::Off, ..) => Goal::Off,
        (SecurityLogTarget::Log, ..) | (SecurityLogTarget::File, _, None) => Goal::Log,
        (SecurityLogTarget::File, _, Some(file)) => Goal::File(file.0.clone()),
        (SecurityLogTarget::Syslog, SyslogAddress::Socket(path), _) => {
            Goal::Unix(path.clone(), facility)
        }
        (SecurityLogTarget::Syslog, SyslogAddress::Udp(to), _) => Goal::Udp(*to, facility),
    };
    let place = match &goal {
        Goal::File(path) => format!("the security log {}", path.display()),
        _ => "the security log".to_owned(),
    };
    SecurityLog::new(&settings.device, goal, Arc::clone(clock))
        .map(Arc::new)
        .map_err(|error| format!("{place} can't be opened: {error}"))
}

fn api_settings(config: &Config) -> Settings {
    let (server, registration) = (&config.server, &config.registration);
    Settings {
        limits: limits(config),
        pinned_profile: match config.api.profile {
            settings::Profile::ByVersion => None,
            settings::Profile::Php => Some(Profile::Php),
            settings::Profile::Python => Some(Profile::Python),
        },
        retry_after: storage::seconds(server.retry_after),
        backoff: server.backoff.map_or(0, storage::seconds),
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
