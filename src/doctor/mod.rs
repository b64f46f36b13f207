//! The doctor: talks to the server through its public address as a browser would, looks at what is
//! behind it, and names each fault with the line that mends it.
//!
//! [`Doctor::examine`] is the order of the checks; each file holds one group of them, and answers
//! [`Finding`]s. What tells "the password was not handed on" from "the password is wrong" is a user of
//! the doctor's own (`probe`), made by the program's own engines and removed afterwards: what the
//! engines say of it is compared with what comes through the address. A check that could not be made
//! because an earlier one failed is told as skipped, so that one fault is not told five times.
//!
//! Nothing here knows a gateway or an engine by name. Every request has a time limit, and so has
//! the whole.

mod backends;
mod finding;
#[cfg_attr(not(feature = "https"), path = "unseen.rs")]
mod outside;
#[cfg_attr(not(feature = "https"), allow(dead_code))]
mod settings;

pub use finding::{Cure, Finding, Report, Severity};
pub use settings::is_near;

use crate::api::Api;
use crate::config::Config;
use crate::sync::Clock;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Servers behind the program, and what each answered.
pub type Answers<T> = Result<Vec<(String, Result<T, String>)>, String>;

/// Knows an installation, and examines it.
pub struct Doctor {
    /// Its settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Fills a buffer with what nobody can guess.
    pub random: fn(&mut [u8]),
    /// Asks every server of the configuration whether it answers.
    pub check: fn(&Config, &Clock) -> Answers<()>,
    /// Says which statements every database of the configuration lacks.
    pub lacking: fn(&Config) -> Answers<Vec<String>>,
}

/// A name and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub name: String,
    /// The password.
    pub password: String,
}

/// What is to be examined, and how.
#[derive(Clone, Debug)]
pub struct Order {
    /// The public address, with its slash.
    pub url: String,
    /// A user to log in as, where the doctor can't make one of its own.
    pub login: Option<Credentials>,
    /// A file of certificates (PEM) that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// How long all of it may take.
    pub time: Duration,
    /// The server examines itself while it answers a request.
    pub from_within: bool,
    /// Tries an upload as long as the longest that the settings allow.
    pub thorough: bool,
}

impl Doctor {
    /// Examines the installation, from the settings to the longest upload.
    pub fn examine(&self, api: &Api, order: &Order) -> Report {
        let until = Instant::now() + order.time;
        let mut findings = settings::look(self, order);
        let backends = backends::look(self, api);
        let well = !backends.iter().any(|f| f.severity == Severity::Fault);
        findings.extend(backends);
        findings.extend(backends::mail(api, self));
        findings.extend(outside::look(self, api, order, until, well));
        Report::new(order.url.clone(), findings)
    }
}
