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
mod client;
mod clock;
mod exposed;
mod finding;
mod login;
mod node;
mod probe;
mod reach;
mod roots;
mod settings;
mod site;
mod tls;
mod upload;

pub use client::Credentials;
pub use finding::{Cure, Finding, Report, Severity};
pub use settings::is_near;

use crate::api::Api;
use crate::config::Config;
use crate::sync::Clock;
use client::Client;
use probe::Probe;
use rustls::pki_types::CertificateDer;
use site::Front;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use url::Url;

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

/// What the checks work with.
struct Exam<'e> {
    doctor: &'e Doctor,
    api: &'e Api,
    order: &'e Order,
    url: Url,
    client: Client,
    front: Front,
    roots: Vec<CertificateDer<'static>>,
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
        match Url::parse(&order.url).ok().filter(is_web_address) {
            Some(url) => {
                let (roots, complaint) = roots::trusted(order.ca_file.as_deref());
                findings.extend(complaint);
                let patience = match (order.from_within, order.thorough) {
                    (true, _) => client::SHORT_PATIENCE,
                    (false, false) => client::PATIENCE,
                    (false, true) => client::LONG_PATIENCE,
                };
                let client = Client::new(url.clone(), &roots, patience, until);
                let front = Front::guess(self.config.origin.program.as_deref(), "");
                let mut exam = Exam {
                    doctor: self,
                    api,
                    order,
                    url,
                    client,
                    front,
                    roots,
                };
                findings.extend(exam.outside(well));
            }
            None => findings.push(
                Finding::fault("address", format!("\"{}\" is no address.", order.url))
                    .because("It must begin with http:// or https:// and name a host."),
            ),
        }
        Report::new(order.url.clone(), findings)
    }
}

fn is_web_address(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host()
}

impl Exam<'_> {
    /// Everything that is seen through the public address.
    fn outside(&mut self, well: bool) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.url.scheme() == "https" {
            let seen = tls::look(self);
            let sound = seen.severity != Severity::Fault;
            findings.push(seen);
            if !sound {
                findings.push(Finding::skipped(
                    "address",
                    "Nothing else was tried through this address, because browsers would not either.",
                ));
                return findings;
            }
        }
        let front_page = self.client.get("", None);
        if let Ok(answer) = &front_page {
            let program = self.doctor.config.origin.program.as_deref();
            self.front = Front::guess(program, &answer.server());
            findings.push(exposed::look(self));
            findings.push(clock::look(self, answer));
        }
        let reached = reach::look(self, front_page);
        let arrived = !reached.iter().any(|f| f.severity != Severity::Fine);
        findings.extend(reached);
        if !arrived {
            findings.push(skipped("the program is not reached as it must be"));
            return findings;
        }
        if !well {
            findings.push(skipped("a database or directory does not do its work"));
            return findings;
        }
        match Probe::make(self) {
            Ok(probe) => {
                findings.extend(self.signed_in(&probe));
                findings.extend(probe.finish());
            }
            Err(finding) => findings.push(finding),
        }
        findings
    }

    /// Everything that needs a user.
    fn signed_in(&self, probe: &Probe<'_>) -> Vec<Finding> {
        let mut findings = vec![];
        if let Some(finding) = reach::another_server(self, probe) {
            return vec![finding, skipped("another installation answers")];
        }
        let login = login::look(self, probe);
        let let_in = login.severity == Severity::Fine;
        findings.push(login);
        findings.push(login::refusals(self, probe, let_in));
        findings.extend(node::look(self, probe, let_in));
        match let_in {
            true => {
                findings.extend(upload::look(self, probe));
                findings.extend(clock::database(self, probe));
            }
            false => findings.push(skipped("the login does not work")),
        }
        findings
    }
}

fn skipped(why: &str) -> Finding {
    Finding::skipped(
        "rest",
        format!("The other checks were not made, because {why}."),
    )
}
