//! What is seen through the public address.
//!
//! Left out of a program that was built without calls to web servers; `unseen` says so then.

mod client;
mod clock;
mod exposed;
mod login;
mod node;
mod probe;
mod reach;
mod roots;
mod site;
mod tls;
mod upload;

use super::{Credentials, Doctor, Finding, Order, Severity, backends, finding, settings};
use crate::api::Api;
use client::Client;
use probe::Probe;
use rustls::pki_types::CertificateDer;
use site::Front;
use std::time::Instant;
use url::Url;

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

/// Looks at everything. `well` says that what is behind the program does its work.
pub fn look(doctor: &Doctor, api: &Api, order: &Order, until: Instant, well: bool) -> Vec<Finding> {
    let Some(url) = Url::parse(&order.url).ok().filter(is_web_address) else {
        return vec![
            Finding::fault("address", format!("\"{}\" is no address.", order.url))
                .because("It must begin with http:// or https:// and name a host."),
        ];
    };
    let (roots, complaint) = roots::trusted(order.ca_file.as_deref());
    let mut findings: Vec<Finding> = complaint.into_iter().collect();
    let patience = match (order.from_within, order.thorough) {
        (true, _) => client::SHORT_PATIENCE,
        (false, false) => client::PATIENCE,
        (false, true) => client::LONG_PATIENCE,
    };
    let client = Client::new(url.clone(), &roots, patience, until);
    let front = Front::guess(doctor.config.origin.program.as_deref(), "");
    let mut exam = Exam {
        doctor,
        api,
        order,
        url,
        client,
        front,
        roots,
    };
    findings.extend(exam.outside(well));
    findings
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
