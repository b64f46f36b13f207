//! An examination from outside, with the settings of the host that is called.

use crate::app::{build, doctor};
use crate::cli::Failure;
use crate::config::{self, Config};
use crate::doctor::{Order, Report};
use crate::sync::Clock;
use std::sync::Arc;
use url::Url;

/// Makes it.
pub(super) fn examine(config: &Config, clock: &Clock, order: &Order) -> Result<Report, Failure> {
    let config = of_host(config, &order.url);
    let api = build::Builder::new(Arc::clone(clock)).api(config);
    let api = api.map_err(Failure::Other)?;
    Ok(doctor::doctor(config, clock).examine(&api, order))
}

/// The settings that are in force for the host of an address.
fn of_host<'c>(config: &'c Config, url: &str) -> &'c Config {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| {
        let host = url.host_str()?;
        Some(
            url.port()
                .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        )
    });
    let names = config.hosts.iter().map(|host| host.names.as_slice());
    let chosen = host.and_then(|host| config::choose_host(names, &host));
    match chosen.and_then(|index| config.hosts.get(index)) {
        Some(host) => &host.config,
        None => config,
    }
}
