//! Mail, captcha and nodes: what of their settings needs what else.

use crate::config::settings::{CaptchaKind, MailSecurity, MailTransport};
use crate::config::{Config, Problem};

/// What is missing, so that nothing would work.
pub(super) fn missing(config: &Config) -> Vec<Problem> {
    let (mail, captcha) = (&config.mail, &config.captcha);
    let mut problems = Vec::new();
    let mut needs = |name: &str, value: &str, why: String| {
        if value.trim().is_empty() {
            problems.push(Problem::general(format!("{name} must be set: {why}")));
        }
    };
    if mail.transport != MailTransport::None {
        let why = format!(
            "letters have a sender where mail.transport is \"{}\"",
            mail.transport.word()
        );
        needs("mail.sender", &mail.sender, why);
    }
    if mail.transport == MailTransport::Smtp {
        let why = "it names the server that takes the letters";
        needs("mail.server", &mail.server, why.to_owned());
    }
    if captcha.kind == CaptchaKind::SiteVerify {
        let why = || "captcha.kind is \"siteverify\"".to_owned();
        needs("captcha.verify_url", &captcha.verify_url, why());
        needs("captcha.secret", captcha.secret.expose(), why());
        needs("captcha.site_key", &captcha.site_key, why());
        needs("captcha.script", &captcha.script, why());
    }
    if config.nodes.check && config.nodes.own.is_none() && config.server.public_url.is_none() {
        problems.push(Problem::general(
            "nodes.check needs to know which node this is: set nodes.own or server.public_url"
                .to_owned(),
        ));
    }
    problems
}

/// What works, but hardly as it was meant.
pub(super) fn doubtful(config: &Config) -> Vec<String> {
    let mail = &config.mail;
    let mut doubts = Vec::new();
    if mail.transport != MailTransport::None && config.server.public_url.is_none() {
        doubts.push(
            "mail is set up but server.public_url is not, so nobody gets a letter for a forgotten \
             password: the link in it can't be made from a request, whose address can be forged; \
             set server.public_url to the URL that users put into their browsers"
                .to_owned(),
        );
    }
    let near = ["localhost", "127.0.0.1", "::1"].contains(&mail.server.trim());
    if mail.transport == MailTransport::Smtp
        && mail.security == MailSecurity::None
        && !mail.user.is_empty()
        && !near
    {
        doubts.push(format!(
            "the password for {} travels where everybody between can read it; set mail.security to \
             \"tls\" or \"starttls\"",
            mail.server
        ));
    }
    doubts
}
