//! Mail through an SMTP server: plain, with STARTTLS, or inside TLS; with or without a login.
//!
//! Each letter has a connection of its own: they are rare. What was asked for is what is used: a server
//! that does not offer STARTTLS gets no letter, because anybody between could have hidden the offer.

use super::{Letter, MailError, Mailer, NoMail, Sender};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{SmtpTransport, Transport};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// How the way to the server is kept from other eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte on; port 465.
    Tls,
    /// TLS after a plain greeting, or no letter; port 587.
    StartTls,
    /// Not at all; port 25.
    Plain,
}

impl Security {
    fn usual_port(self) -> u16 {
        match self {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::Plain => 25,
        }
    }
}

/// How to reach an SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpOptions {
    /// Its name, by which its certificate is checked.
    pub server: String,
    /// Its port; nothing for the usual one.
    pub port: Option<u16>,
    /// How the way is kept from other eyes.
    pub security: Security,
    /// Name and password.
    pub login: Option<(String, String)>,
    /// A file of certificates, in PEM, that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
    /// How long to wait for the connection and for each answer.
    pub timeout: Duration,
}

/// An SMTP server.
pub struct Smtp {
    options: SmtpOptions,
    sender: Sender,
}

impl Smtp {
    /// Letters from `sender`, through the server that `options` name.
    pub fn new(options: SmtpOptions, sender: Sender) -> Self {
        Smtp { options, sender }
    }

    fn transport(&self) -> Result<SmtpTransport, MailError> {
        let options = &self.options;
        let tls = match options.security {
            Security::Plain => Tls::None,
            Security::StartTls => Tls::Required(self.tls()?),
            Security::Tls => Tls::Wrapper(self.tls()?),
        };
        let mut builder = SmtpTransport::builder_dangerous(&options.server)
            .port(options.port.unwrap_or(options.security.usual_port()))
            .hello_name(ClientId::Domain(self.sender.domain().to_owned()))
            .timeout(Some(options.timeout))
            .tls(tls);
        if let Some((user, password)) = &options.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(builder.build())
    }

    fn tls(&self) -> Result<TlsParameters, MailError> {
        let mut builder = TlsParameters::builder(self.options.server.clone());
        if let Some(path) = &self.options.ca_file {
            let shown = path.display();
            let pem = fs::read(path).map_err(|error| server(format!("{shown}: {error}")))?;
            let certificate =
                Certificate::from_pem(&pem).map_err(|error| server(format!("{shown}: {error}")))?;
            builder = builder.add_root_certificate(certificate);
        }
        builder.build().map_err(|error| server(error.to_string()))
    }

    fn failed(&self, error: &lettre::transport::smtp::Error) -> MailError {
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            let text = deeper.to_string();
            if !why.contains(&text) {
                why = format!("{why}: {text}");
            }
            cause = deeper.source();
        }
        server(format!(
            "{}: {}",
            self.options.server,
            self.without_login(why)
        ))
    }

    /// What a server said, without the password in the forms in which it was told: some servers repeat
    /// what they did not understand.
    fn without_login(&self, said: String) -> String {
        let Some((user, password)) = &self.options.login else {
            return said;
        };
        let forms = [
            STANDARD.encode(format!("\0{user}\0{password}")),
            STANDARD.encode(password),
            password.clone(),
        ];
        let secrets = forms.iter().filter(|form| !form.is_empty());
        secrets.fold(said, |said, form| said.replace(form, "\u{2026}"))
    }
}

fn server(why: String) -> MailError {
    MailError::Server(why)
}

impl Mailer for Smtp {
    fn ready(&self) -> Result<(), NoMail> {
        Ok(())
    }

    fn send(&self, letter: &Letter<'_>) -> Result<(), MailError> {
        let message = self.sender.message(letter)?;
        match self.transport()?.send(&message) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn reach(&self) -> Result<(), MailError> {
        match self.transport()?.test_connection() {
            Ok(true) => Ok(()),
            Ok(false) => Err(server(format!("{} is not at work", self.options.server))),
            Err(error) => Err(self.failed(&error)),
        }
    }
}
