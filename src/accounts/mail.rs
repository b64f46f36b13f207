//! Letters to users, and the ways out for them.

#[cfg(feature = "mail")]
mod ways;

#[cfg(feature = "mail")]
pub use ways::{Security, Sender, Sendmail, Smtp, SmtpOptions};

use std::fmt;

/// A letter to one person, plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter<'l> {
    /// The address.
    pub to: &'l str,
    /// What it is about, in one line.
    pub subject: &'l str,
    /// The text; lines end in `\n`.
    pub text: &'l str,
}

/// A way out for letters.
pub trait Mailer: Send + Sync {
    /// Whether there is a way at all; asks no server.
    fn ready(&self) -> Result<(), NoMail>;

    /// Hands a letter over. Takes a few seconds at most, however the other side behaves.
    fn send(&self, letter: &Letter<'_>) -> Result<(), MailError>;

    /// Talks to the mail server as [`send`](Self::send) does, but sends nothing: what takes as long
    /// and fails alike tells nobody whether there was an address.
    fn reach(&self) -> Result<(), MailError>;
}

/// Why no mail can be sent, before any is tried. Printed, it is a sentence for the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoMail {
    /// No mail is set up.
    NotConfigured,
    /// `server.public_url` is not set, so no link can be made that is surely this server's.
    NoPublicUrl,
}

impl fmt::Display for NoMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoMail::NotConfigured => "no mail is set up (setting mail.transport)",
            NoMail::NoPublicUrl => {
                "server.public_url is not set, and no letter with a link is sent without it: the \
                 address in a request can be forged"
            }
        })
    }
}

/// Why a letter was not sent. Printed, it is for the operator's eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailError {
    /// There is no way out.
    NoMail(NoMail),
    /// The address, or something else of the letter, can't be.
    Letter(String),
    /// The mail server is out of reach, or refused.
    Server(String),
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MailError::NoMail(why) => fmt::Display::fmt(why, f),
            MailError::Letter(why) => write!(f, "the letter can't be sent: {why}"),
            MailError::Server(why) => write!(f, "the mail server did not take the letter: {why}"),
        }
    }
}

impl std::error::Error for MailError {}

impl From<NoMail> for MailError {
    fn from(why: NoMail) -> Self {
        MailError::NoMail(why)
    }
}

/// Where no mail is set up.
pub struct NoMailer;

impl Mailer for NoMailer {
    fn ready(&self) -> Result<(), NoMail> {
        Err(NoMail::NotConfigured)
    }

    fn send(&self, _: &Letter<'_>) -> Result<(), MailError> {
        Err(NoMail::NotConfigured.into())
    }

    fn reach(&self) -> Result<(), MailError> {
        Err(NoMail::NotConfigured.into())
    }
}
