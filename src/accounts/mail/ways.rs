//! The ways out for letters that there are, and what a letter looks like on them.

mod message;
mod sendmail;
mod smtp;

pub use message::Sender;
pub use sendmail::Sendmail;
pub use smtp::{Security, Smtp, SmtpOptions};

use super::{Letter, MailError, Mailer, NoMail};
