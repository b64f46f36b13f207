//! What is behind the program: databases, directory, cache, and the mail server.

use super::{Doctor, Finding};
use crate::accounts::{MailError, NoMail};
use crate::api::Api;
use crate::config::settings::{AuthEngine, MailTransport, StorageEngine};

/// Whether every server answers, and has what the program needs.
pub fn look(doctor: &Doctor, _: &Api) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (doctor.lacking)(&doctor.config) {
        Ok(databases) => {
            for (database, lacks) in databases {
                findings.extend(lacking(doctor, &database, lacks));
            }
        }
        Err(why) => findings.push(Finding::fault("databases", format!("{why}."))),
    }
    // A database that lacks its tables fails every other check too, and one fault is enough.
    if !findings.is_empty() {
        return findings;
    }
    match (doctor.check)(&doctor.config, &doctor.clock) {
        Ok(servers) => {
            for (server, outcome) in servers {
                findings.push(match outcome {
                    Ok(()) => Finding::fine("databases", format!("It answers: {server}.")),
                    Err(why) => failed(doctor, "databases", &server, &why),
                });
            }
        }
        Err(why) => findings.push(Finding::fault("databases", format!("{why}."))),
    }
    findings
}

fn lacking(doctor: &Doctor, database: &str, lacks: Result<Vec<String>, String>) -> Option<Finding> {
    match lacks {
        Ok(statements) if statements.is_empty() => None,
        Ok(statements) => Some(
            Finding::fault(
                "migrations",
                format!("The database lacks what this program needs ({database})."),
            )
            .because("Until it is added, nothing can be stored; every sync ends with a 503.")
            .cure("run", "weft migrate")
            .cure(
                "or in the database, as its administrator",
                ended(&statements),
            ),
        ),
        Err(why) => Some(failed(doctor, "databases", database, &why)),
    }
}

fn ended(statements: &[String]) -> String {
    statements.join(";\n") + ";"
}

/// A finding about a server that does not do its work; a right that is missing is named with the
/// statement that gives it.
pub(super) fn failed(doctor: &Doctor, check: &'static str, what: &str, why: &str) -> Finding {
    let finding = |check, text: String| {
        Finding::fault(check, text)
            .because("Until this is mended, browsers can't sync; they are told to come back later.")
    };
    let lower = why.to_ascii_lowercase();
    let denied = [
        "denied",
        "error 1142",
        "error 1044",
        "error 1227",
        "read-only",
        "readonly",
    ];
    let config = &doctor.config;
    let accounts = what.starts_with("accounts");
    let is_mysql = match accounts {
        true => config.auth.engine == AuthEngine::Mysql,
        false => config.storage.engine == StorageEngine::Mysql,
    };
    if !denied.iter().any(|word| lower.contains(word)) {
        let away = finding(check, format!("It does not work: {what}: {why}."));
        let place = match (is_mysql, accounts) {
            (true, true) if config.auth_mysql.server().is_somewhere() => {
                "[auth.mysql]\nhost = \"…\"\nport = …"
            }
            (true, _) => "[mysql.write]\nhost = \"…\"\nport = …",
            (false, true) if config.auth.engine == AuthEngine::Ldap => "[ldap]\nurl = \"…\"",
            _ => return away,
        };
        let file = super::settings::file(doctor);
        return away.cure(
            format!("start that server, or say where it is: in {file}"),
            place,
        );
    }
    if !is_mysql {
        let folder = config.data.dir.display();
        return finding("rights", format!("It may not be written: {what}: {why}.")).cure(
            "give the folder to the user that the program runs as: run",
            format!("chown -R USER {folder}"),
        );
    }
    let server = match accounts {
        true => config.auth_mysql.server().or(config.mysql_write.server()),
        false => config.mysql_write.server(),
    };
    if lower.contains("error 1045") {
        return finding(
            "rights",
            format!(
                "The database server refuses the login of {}: {why}.",
                server.user
            ),
        )
        .cure(
            format!("in {}", super::settings::file(doctor)),
            "[mysql.write]\nuser = \"…\"\npassword = \"…\"",
        );
    }
    finding(
        "rights",
        format!(
            "The user {} lacks rights in the database: {why}.",
            server.user
        ),
    )
    .cure(
        "in the database, as its administrator",
        format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON `{}`.* TO '{}'@'…';",
            server.database, server.user
        ),
    )
}

/// Whether letters get out.
pub fn mail(api: &Api, doctor: &Doctor) -> Option<Finding> {
    let file = super::settings::file(doctor);
    let people = &api.people;
    if doctor.config.mail.transport == MailTransport::None {
        return Some(Finding::fine(
            "mail",
            "No mail is set up: who forgets a password asks you, and you run `weft user reset-link`.",
        ));
    }
    if let Err(NoMail::NoPublicUrl) = people.can_mail() {
        return Some(
            Finding::fault(
                "mail",
                "Mail is set up, but nobody who forgets a password gets a letter: the address of \
                 this server is not set.",
            )
            .because("A link made from the address in a request could be anybody's.")
            .cure(
                format!("in {file}, below [server]"),
                "public_url = \"https://your.host/\"",
            ),
        );
    }
    Some(match people.mailer.reach() {
        Ok(()) => Finding::fine(
            "mail",
            "The mail server answers. `weft mail test ADDRESS` sends a letter.",
        ),
        Err(why) => {
            let why = match why {
                MailError::Server(why) | MailError::Letter(why) => why,
                MailError::NoMail(why) => why.to_string(),
            };
            Finding::fault("mail", format!("The mail server is not reached: {why}."))
                .because("Who forgets a password gets no letter.")
                .cure(
                    format!("in {file}, below [mail]"),
                    "server = \"…\"\nport = …\nsecurity = \"tls\", \"starttls\" or \"none\"",
                )
        }
    })
}
