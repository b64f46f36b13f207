//! The screens, from settings; and what they learn from the API's requests.

use super::build::accounts::random;
use super::doctor::doctor;
use crate::api::{Call, Owner};
use crate::config::Config;
use crate::config::settings::AuthEngine;
use crate::exchange::Response;
use crate::routes::{Route, StoragePath};
use crate::storage::sqlite::SqliteOptions;
use crate::sync::{Clock, Timestamp, UserName, username_from_account, username_in_browsers};
use crate::web::devices::{Devices, Sync};
use crate::web::failures::Failures;
use crate::web::{Language, Web, WebSettings};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock};

/// Makes the screens. Nothing is opened before it is used.
///
/// # Errors
///
/// A sentence for the operator, about settings that make no sense.
pub fn web(config: &Config, clock: &Clock) -> Result<Web, String> {
    let data = &config.data.dir;
    Ok(Web {
        settings: WebSettings {
            admins: admins(config)?,
            session_seconds: i64::try_from(config.web.session.as_secs()).unwrap_or(i64::MAX),
            language: Language::default(),
        },
        devices: devices(config),
        failures: Failures::new(data),
        random,
        key: OnceLock::new(),
        doctor: doctor(config, clock),
        examining: Mutex::new(()),
    })
}

/// The list of devices, where the operator wants one.
pub fn devices(config: &Config) -> Option<Arc<Devices>> {
    config.web.devices.then(|| {
        let mut options = SqliteOptions::new(config.data.dir.join("devices.db"));
        options.busy = config.storage.busy_timeout;
        Arc::new(Devices::new(options))
    })
}

/// The names of the administrators. Where every password is right, nobody is one.
///
/// # Errors
///
/// A sentence for the operator: one of them can't be a user's name.
pub fn admins(config: &Config) -> Result<Vec<UserName>, String> {
    if config.auth.engine == AuthEngine::None {
        return Ok(Vec::new());
    }
    let mut admins = Vec::new();
    for text in &config.web.admins {
        // Browsers and the Python server make different names of some addresses.
        let names = [
            username_from_account(text.trim()),
            username_in_browsers(text),
        ];
        if names[0].is_err() {
            return Err(format!(
                "web.admins: \"{text}\" is neither a user's name nor an e-mail address"
            ));
        }
        admins.extend(names.into_iter().flatten());
    }
    Ok(admins)
}

/// A sync that begins, to be noted in the list of devices when it is let in.
pub struct Beginning {
    agent: String,
    address: Option<IpAddr>,
}

impl Beginning {
    /// What a request that begins a sync says of its device; nothing for every other request.
    pub fn of(call: &Call<'_>, route: &Route) -> Option<Self> {
        match route {
            Route::Storage(StoragePath {
                function,
                collection,
                ..
            }) if function == "info" && collection == "collections" => Some(Beginning {
                agent: call.header("user-agent").unwrap_or_default().to_owned(),
                address: call.client.address,
            }),
            _ => None,
        }
    }

    /// Notes it, if the answer shows that it was let in.
    pub fn note(&self, web: &Web, response: &mut Response, now: Timestamp) {
        let owner = response.extensions_mut().remove::<Owner>();
        let (Some(Owner(user)), true) = (owner, response.status().is_success()) else {
            return;
        };
        if let Some(devices) = &web.devices {
            devices.note(&Sync {
                user,
                agent: &self.agent,
                address: self.address,
                now,
            });
        }
    }
}
