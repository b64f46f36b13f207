//! How every command that works with data begins: configuration, log, data folder.

use super::{Caller, Common, Failure, Logger};
use crate::config::settings::LogRequests;
use crate::config::{Loaded, Options, data, load};
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
    let about_folder = data::prepare(&loaded.config.data.dir, caller.surroundings.user)?;
    for warning in loaded.warnings.iter().chain(&about_folder) {
        log::warn!("{warning}");
    }
    log::debug!("configuration: {}", loaded.found);
    Ok(loaded)
}
