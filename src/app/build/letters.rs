//! The way out for letters, from settings.

use super::accounts::random;
use crate::accounts::{Mailer, NoMailer, Security, Sender, Sendmail, Smtp, SmtpOptions};
use crate::app::people::said;
use crate::config::Config;
use crate::config::settings::{MailSecurity, MailTransport};
use std::sync::Arc;

/// The way out, if there is one. Nobody is asked before it is used.
pub fn mailer(config: &Config) -> Result<Arc<dyn Mailer>, String> {
    let mail = &config.mail;
    if mail.transport == MailTransport::None {
        return Ok(Arc::new(NoMailer));
    }
    let sender = Sender::new(&mail.sender, random).map_err(|why| format!("mail.sender: {why}"))?;
    if mail.transport == MailTransport::Sendmail {
        let program = mail.sendmail.0.clone();
        return Ok(Arc::new(Sendmail::new(program, sender, mail.timeout)));
    }
    let options = SmtpOptions {
        server: said(&mail.server).ok_or("mail.server must name the SMTP server")?,
        port: mail.port,
        security: match mail.security {
            MailSecurity::Tls => Security::Tls,
            MailSecurity::StartTls => Security::StartTls,
            MailSecurity::None => Security::Plain,
        },
        login: said(&mail.user).map(|user| (user, mail.password.expose().to_owned())),
        ca_file: mail.ca_file.as_ref().map(|path| path.0.clone()),
        timeout: mail.timeout,
    };
    Ok(Arc::new(Smtp::new(options, sender)))
}
