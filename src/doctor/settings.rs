//! What the settings and the files on the disk tell, without asking anybody.

use super::{Doctor, Finding, Order};
use crate::config::settings::{AuthEngine, SignUp};
use crate::config::{data, exposed};
use std::net::IpAddr;
use url::{Host, Url};

/// Looks at them.
pub fn look(doctor: &Doctor, order: &Order) -> Vec<Finding> {
    let mut findings = secrets(doctor);
    findings.extend(folders(doctor));
    let Ok(url) = Url::parse(&order.url) else {
        return findings;
    };
    let public = !is_local(&url);
    findings.extend(encryption(doctor, &url, public));
    findings.extend(registration(doctor, public));
    if doctor.config.server.maintenance {
        findings.push(
            Finding::remark(
                "maintenance",
                "New syncs are refused: server.maintenance is set.",
            )
            .cure(in_section(doctor, "server"), "maintenance = false"),
        );
    }
    findings
}

/// The file of the settings, as far as it is known.
pub(super) fn file(doctor: &Doctor) -> String {
    match &doctor.config.origin.file {
        Some(file) => file.display().to_string(),
        None => "weft.toml beside the program".to_owned(),
    }
}

/// To be read before a line of the settings.
pub(super) fn in_section(doctor: &Doctor, section: &str) -> String {
    format!("in {}, below [{section}]", file(doctor))
}

fn secrets(doctor: &Doctor) -> Vec<Finding> {
    let config = &doctor.config;
    let settings = crate::config::Config::SECTIONS
        .iter()
        .flat_map(|section| section.settings);
    let holds_secrets = settings
        .filter(|setting| setting.secret)
        .any(|setting| setting.show(config) != setting.default_value());
    let origin = &config.origin;
    let readable = (origin.file.as_deref()).filter(|file| holds_secrets && exposed(file));
    let mut findings: Vec<Finding> = origin
        .warnings
        .iter()
        .filter(|warning| readable.is_none() || !warning.contains("holds secrets"))
        .map(|warning| Finding::remark("settings", sentence(warning)))
        .collect();
    if let Some(file) = readable {
        let file = file.display();
        findings.push(
            Finding::fault(
                "settings-file",
                format!("Every user of this machine may read {file}, which holds passwords."),
            )
            .because("On a shared host, that is every other customer.")
            .cure("run", format!("chmod o-rwx {file}")),
        );
    }
    findings
}

fn folders(doctor: &Doctor) -> Vec<Finding> {
    let config = &doctor.config;
    let accounts = config.data.accounts.iter();
    let mut findings = Vec::new();
    for folder in std::iter::once(&config.data.dir).chain(accounts) {
        match data::inspect(folder, config.origin.user) {
            Ok(suspicions) => findings.extend(
                suspicions
                    .iter()
                    .map(|suspicion| Finding::remark("data-folder", sentence(suspicion))),
            ),
            Err(error) => findings.push(
                Finding::fault("data-folder", sentence(&error.to_string()))
                    .because("Nothing can be stored. Is this the user that the server runs as?"),
            ),
        }
    }
    findings
}

fn encryption(doctor: &Doctor, url: &Url, public: bool) -> Option<Finding> {
    (public && url.scheme() == "http").then(|| {
        let mut https = url.clone();
        // From http to https there is nothing that can fail.
        let _ = https.set_scheme("https");
        Finding::remark("encryption", "The address is not encrypted.")
            .because(
                "The password travels with every request, and whoever is on the way can read it.",
            )
            .cure(
                "set up a certificate in the web server (Let's Encrypt costs nothing); then, \
                 in the browsers and "
                    .to_owned()
                    + &in_section(doctor, "server"),
                format!("public_url = \"{https}\""),
            )
    })
}

fn registration(doctor: &Doctor, public: bool) -> Option<Finding> {
    let config = &doctor.config;
    let open = config.registration.mode == SignUp::Open && config.auth.engine != AuthEngine::None;
    (public && open).then(|| {
        Finding::remark(
            "registration",
            "Anybody in the world may create an account here.",
        )
        .because("That is right while you set up your browsers; strangers would use your disk.")
        .cure(in_section(doctor, "registration"), "mode = \"closed\"")
        .cure(
            "or, for people who have an invitation, there",
            "mode = \"invite\"",
        )
    })
}

/// Whether an address is of this machine or of a network that no stranger is in.
pub fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// Whether only this machine and its own network reach that address.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_near(address.into()),
        Some(Host::Ipv6(address)) => is_near(address.into()),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// A sentence with a capital and a full stop, of one that is to be read in a line of a log.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_stranger_reaches_is_local() {
        let rows = [
            ("http://127.0.0.1:5000/", true),
            ("http://localhost/", true),
            ("http://192.168.1.5/weave/", true),
            ("http://[::1]/", true),
            ("http://[fd00::1]/", true),
            ("http://sync.example.org/", false),
            ("http://93.184.216.34/", false),
        ];
        for (url, local) in rows {
            assert_eq!(is_local(&Url::parse(url).unwrap()), local, "{url}");
        }
    }
}
