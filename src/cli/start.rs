//! How every command that works with data begins: configuration, log, data folder.

use super::{Caller, Common, Failure, Logger};
use crate::config::settings::LogRequests;
use crate::config::{Config, Loaded, Options, data, load};
use crate::web::failures::Failures;

/// Who is behind the program, as far as the log cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is the web server itself, so nobody else writes down requests.
    WebServer,
    /// It works for a front server, or for a person.
    Helper,
}

/// What the options that all commands share say about the configuration.
pub fn options(common: &Common) -> Options {
    let data = common
        .data
        .clone()
        .map(|folder| ("data.dir", "--data", folder));
    Options {
        config: common.config.clone(),
        settings: data.into_iter().collect(),
    }
}

/// Loads the configuration, opens the log, makes the data folder, and tells what looks wrong.
///
/// # Errors
///
/// Any of this can't be done.
pub fn start(caller: &Caller<'_>, options: &Options, role: Role) -> Result<Loaded, Failure> {
    let loaded = load(&caller.surroundings, options)?;
    let log = &loaded.config.log;
    let requests = match log.requests {
        LogRequests::Always => true,
        LogRequests::Never => false,
        LogRequests::Auto => role == Role::WebServer,
    };
    let failures = Failures::new(&loaded.config.data.dir);
    let logger = Logger::new(log, requests, caller.clock)?;
    (caller.install)(logger.keeping(failures));
    let about_folders = prepare(caller, &loaded.config)?;
    for warning in loaded.warnings.iter().chain(&about_folders) {
        log::warn!("{warning}");
    }
    log::debug!("configuration: {}", loaded.found);
    Ok(loaded)
}

/// Loads a second configuration beside the one that [`start`] loaded; the log is that one's.
///
/// # Errors
///
/// It can't be loaded, or its folders can't be used.
pub fn other(caller: &Caller<'_>, options: &Options) -> Result<Config, Failure> {
    let loaded = load(&caller.surroundings, options)?;
    prepare(caller, &loaded.config)?;
    Ok(loaded.config)
}

/// Makes the folders that are missing. Answers what looks wrong.
fn prepare(caller: &Caller<'_>, config: &Config) -> Result<Vec<String>, Failure> {
    let user = caller.surroundings.user;
    let mut wrong = data::prepare(&config.data.dir, user)?;
    if let Some(accounts) = &config.data.accounts {
        wrong.extend(data::prepare(accounts, user)?);
    }
    Ok(wrong)
}
