//! The doctor of an installation, from settings.

use super::build;
use super::build::accounts::random;
use crate::config::Config;
use crate::doctor::Doctor;
use crate::sync::Clock;
use std::sync::Arc;

/// A doctor who knows this configuration, of one host.
pub fn doctor(config: &Config, clock: &Clock) -> Doctor {
    Doctor {
        config: Config {
            hosts: Vec::new(),
            ..config.clone()
        },
        clock: Arc::clone(clock),
        random,
        check: build::check,
        lacking: |config| build::migrate(config, true, false),
    }
}
