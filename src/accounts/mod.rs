//! What belongs to having an account, beside the account itself: forgotten passwords, invitations,
//! mail, captchas, and which node holds whose records.
//!
//! [`People`] holds the engines of all of it. The user API and the screens ask it, so that both do
//! the same: [`People::ask_reset`] mails a code, [`People::reset_password`] takes one,
//! [`People::sign_up`] makes an account. Small traits keep what must outlive a process
//! ([`ResetCodes`], [`Invitations`], [`Nodes`], [`Brakes`], [`Secrets`]); one file in the data folder
//! implements them all. Every function that needs the time is handed it.

mod brakes;
mod captcha;
mod codes;
mod email;
mod invitations;
mod mail;
mod nodes;
mod reset;
mod secrets;
mod sign_up;
pub mod sqlite;
#[cfg(test)]
pub mod testing;
mod traces;

pub use brakes::{Attempt, Brake, Brakes};
#[cfg(feature = "https")]
pub use captcha::SiteVerify;
pub use captcha::{Answered, Captcha, CaptchaAnswer, CaptchaForm, ImageCaptcha, NoCaptcha, Widget};
pub use codes::{CodeText, RESET_SECONDS, ResetCodes};
pub use email::is_email;
pub use invitations::{Invitation, Invitations};
pub use mail::{Letter, MailError, Mailer, NoMail, NoMailer};
#[cfg(feature = "mail")]
pub use mail::{Security, Sender, Sendmail, Smtp, SmtpOptions};
pub use nodes::{Node, Nodes};
pub use reset::{Asked, Reset, Visitor};
pub use secrets::Secrets;
pub use sign_up::{SignUpMode, SignedUp};
pub use traces::Traces;

use crate::sync::Timestamp;
use std::sync::Arc;

/// The engines of this room, and the operator's choices for it.
pub struct People {
    /// Codes for forgotten passwords.
    pub codes: Arc<dyn ResetCodes>,
    /// Invitations to sign up.
    pub invitations: Arc<dyn Invitations>,
    /// Which node holds whose records.
    pub nodes: Arc<dyn Nodes>,
    /// What slows down guessing and flooding, in all processes together.
    pub brakes: Arc<dyn Brakes>,
    /// Keys that are this installation's own.
    pub secrets: Arc<dyn Secrets>,
    /// The way out for letters.
    pub mailer: Arc<dyn Mailer>,
    /// What tells people from programs at sign-up.
    pub captcha: Arc<dyn Captcha>,
    /// What else is noted of users, if anything is.
    pub traces: Option<Arc<dyn Traces>>,
    /// The operator's choices.
    pub settings: PeopleSettings,
}

/// The operator's choices for this room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeopleSettings {
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// `server.public_url`, with its slash. Links in letters begin with it, and with nothing else: a
    /// link made from the `Host` of a request would send codes to whoever forged it.
    pub public_url: Option<String>,
    /// Whom users are to ask where no mail is set up: a name, an address, a sentence.
    pub contact: Option<String>,
    /// A wish for a reset mail is answered alike for known and unknown names.
    pub same_answer: bool,
}

impl Default for PeopleSettings {
    fn default() -> Self {
        PeopleSettings {
            sign_up: SignUpMode::Open,
            public_url: None,
            contact: None,
            same_answer: false,
        }
    }
}

impl People {
    /// Whether a forgotten password can be helped by mail; if not, why, so that a screen can say whom
    /// to ask.
    ///
    /// # Errors
    ///
    /// [`NoMail`]: what is missing.
    pub fn can_mail(&self) -> Result<(), NoMail> {
        self.mailer.ready()?;
        match self.settings.public_url {
            Some(_) => Ok(()),
            None => Err(NoMail::NoPublicUrl),
        }
    }

    /// A captcha's form for a page that is about to be shown; nothing where none is asked for.
    ///
    /// # Errors
    ///
    /// The file of keys is out of reach.
    pub fn captcha_form(&self, now: Timestamp) -> crate::auth::AuthResult<Option<CaptchaForm>> {
        self.captcha.form(now)
    }
}
