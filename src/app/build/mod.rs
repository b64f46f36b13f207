//! From a configuration to the engines that it names. A new engine is one line in [`storage`] or
//! [`accounts`].

mod accounts;
mod shared;
mod storage;
mod survey;

pub use survey::{check, migrate};

use crate::api::heartbeat::LastCheck;
use crate::api::profile::Profile;
use crate::api::{Api, Node, Registration, Settings};
use crate::auth::throttle::InProcess;
use crate::auth::{Accounts, Lockout, RateLimit};
use crate::config::settings::{self, SecurityLogTarget};
use crate::config::value::{Node as NodeSetting, SyslogAddress};
use crate::config::{Config, value};
use crate::security_log::{Facility, Goal, SecurityLog};
use crate::storage::Storage;
use crate::sync::{Clock, Limits};
use shared::Shared;
use std::iter;
use std::sync::Arc;

/// How many names the lockout of one process keeps in mind.
const LOCKOUT_NAMES: usize = 10_000;

/// Makes applications' parts. Hosts whose settings are equal share their engines.
pub struct Builder {
    clock: Clock,
    storages: Shared<Arc<dyn Storage>>,
    accounts: Shared<Arc<dyn Accounts>>,
    lockouts: Shared<Option<Arc<Lockout>>>,
    security_logs: Shared<Arc<SecurityLog>>,
}

impl Builder {
    /// Nothing is made yet.
    pub fn new(clock: Clock) -> Self {
        Builder {
            clock,
            storages: Shared::default(),
            accounts: Shared::default(),
            lockouts: Shared::default(),
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
        let lockout = Config {
            lockout: config.lockout.clone(),
            memcached: config.memcached.clone(),
            ..Config::default()
        };
        let log = Config {
            security_log: config.security_log.clone(),
            ..Config::default()
        };
        Ok(Api {
            storage: self.storage(config)?,
            accounts: self
                .accounts
                .get(accounts::about(config), || accounts::accounts(config))?,
            lockout: self.lockouts.get(lockout, || Ok(self::lockout(config)))?,
            security_log: self
                .security_logs
                .get(log, || security_log(config, &clock))?,
            name_checks: RateLimit::default(),
            write_cap: None,
            settings: api_settings(config),
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
        let clock = &self.clock;
        self.storages
            .get(storage::about(config), || storage::storage(config, clock))
    }
}

/// The configuration of all hosts that are not named, and those of the hosts that are.
fn all(config: &Config) -> impl Iterator<Item = &Config> {
    iter::once(config).chain(config.hosts.iter().map(|host| &host.config))
}

fn lockout(config: &Config) -> Option<Arc<Lockout>> {
    let failures = config.lockout.failures?;
    let counter = InProcess::new(config.lockout.window, LOCKOUT_NAMES);
    Some(Arc::new(Lockout::new(failures, Box::new(counter))))
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
    SecurityLog::new(&settings.device, goal, Arc::clone(clock))
        .map(Arc::new)
        .map_err(|error| format!("the security log can't be opened: {error}"))
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
        },
        public_url: server
            .public_url
            .as_ref()
            .map(|url| url.as_str().to_owned()),
        base_path: server
            .base_path
            .as_ref()
            .map(|path| path.as_str().to_owned()),
        registration: Registration {
            open: registration.open,
            secret: (!registration.secret.is_empty())
                .then(|| registration.secret.expose().to_owned()),
            require_email: config.auth.require_email,
            strict_usernames: config.auth.strict_usernames,
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
