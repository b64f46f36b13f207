//! A forgotten password: the letter, the code, the new password.

use super::codes::CodeText;
use super::{Brake, Letter, MailError, NoMail, People};
use crate::auth::{Account, Accounts, AuthError, AuthResult, Password};
use crate::sync::{Timestamp, UserName};
use std::net::IpAddr;

/// Who asks, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Where the request came from, as far as it is known.
    pub address: Option<IpAddr>,
    /// The time.
    pub now: Timestamp,
}

impl Visitor {
    /// It came from this machine: somebody who sits at it, or everybody behind a proxy that the
    /// operator has not named in `server.trusted_proxies`. Neither is one stranger.
    pub fn is_local(&self) -> bool {
        self.address
            .is_some_and(|address| address.to_canonical().is_loopback())
    }

    /// What attempts from the same place are counted by. A household has a whole /64 of IPv6
    /// addresses to itself.
    pub fn place(&self) -> String {
        match self.address {
            Some(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
            Some(address) => address.to_canonical().to_string(),
            None => "?".to_owned(),
        }
    }
}

/// What became of the wish for a reset letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The letter is on its way, or the operator wants it to look so for every name.
    Sent,
    /// There is no such user.
    UnknownUser,
    /// The user has no address.
    NoAddress,
    /// There were too many wishes, for this user or from there.
    TooOften,
    /// No mail is set up.
    NoMail(NoMail),
    /// The mail server did not take the letter; the log says why.
    Failed,
}

/// What became of a new password that came with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// The password is changed and the code used up.
    Done,
    /// There is no such user.
    UnknownUser,
    /// The code is wrong, used or too old.
    WrongCode,
    /// There were too many wrong codes from there.
    TooOften,
}

impl People {
    /// Mails a code to the user.
    ///
    /// # Errors
    ///
    /// An engine did not answer.
    pub fn ask_reset(
        &self,
        accounts: &dyn Accounts,
        name: &UserName,
        visitor: &Visitor,
    ) -> AuthResult<Asked> {
        if let Err(missing) = self.can_mail() {
            return Ok(Asked::NoMail(missing));
        }
        let now = visitor.now;
        if !self
            .brakes
            .allow(Brake::RESET_WISH, &visitor.place(), now)?
        {
            return Ok(Asked::TooOften);
        }
        let account = accounts.lookup(name)?;
        let asked = match &account {
            None => Asked::UnknownUser,
            Some(Account { email: None, .. }) => Asked::NoAddress,
            Some(account) => match self.brakes.allow(Brake::RESET_MAIL, name.as_str(), now)? {
                true => return self.mail_code(account, now),
                false => Asked::TooOften,
            },
        };
        if !self.settings.same_answer {
            return Ok(asked);
        }
        Ok(match self.mailer.reach() {
            Ok(()) => Asked::Sent,
            Err(error) => failed(&error),
        })
    }

    fn mail_code(&self, account: &Account, now: Timestamp) -> AuthResult<Asked> {
        let code = self.codes.create(account.id, now)?;
        let link = match self.reset_link(account, &code) {
            Ok(link) => link,
            Err(missing) => return Ok(Asked::NoMail(missing)),
        };
        let letter = Letter {
            to: account.email.as_deref().unwrap_or_default(),
            subject: "A new password for your Sync account",
            text: &letter_text(&account.name, &link, &code),
        };
        Ok(match self.mailer.send(&letter) {
            Ok(()) => Asked::Sent,
            Err(error) => failed(&error),
        })
    }

    /// The link that a letter carries, or that the operator hands on by other ways.
    ///
    /// # Errors
    ///
    /// [`NoMail::NoPublicUrl`].
    pub fn reset_link(&self, account: &Account, code: &CodeText) -> Result<String, NoMail> {
        let base = self.settings.public_url.as_ref();
        let base = base.ok_or(NoMail::NoPublicUrl)?;
        Ok(format!(
            "{base}weave-password-reset?username={}&key={}",
            account.name,
            code.as_str()
        ))
    }

    /// Whether a code is good, for a page that asks for the new password. Wrong ones are counted.
    ///
    /// # Errors
    ///
    /// An engine did not answer.
    pub fn check_code(
        &self,
        account: &Account,
        code: &str,
        visitor: &Visitor,
    ) -> AuthResult<Reset> {
        self.tried(visitor, || self.codes.check(account.id, code, visitor.now))
    }

    /// Uses up a code. What it allows is up to the caller.
    ///
    /// # Errors
    ///
    /// An engine did not answer.
    pub fn take_code(&self, account: &Account, code: &str, visitor: &Visitor) -> AuthResult<Reset> {
        self.tried(visitor, || self.codes.take(account.id, code, visitor.now))
    }

    /// Sets a new password, which is known to be good enough, for whoever has the code.
    ///
    /// # Errors
    ///
    /// An engine did not answer. The code may be used up then.
    pub fn reset_password(
        &self,
        accounts: &dyn Accounts,
        (name, code): (&UserName, &str),
        password: &Password,
        visitor: &Visitor,
    ) -> AuthResult<Reset> {
        let Some(account) = accounts.lookup(name)? else {
            return Ok(Reset::UnknownUser);
        };
        let taken = self.take_code(&account, code, visitor)?;
        if taken != Reset::Done {
            return Ok(taken);
        }
        match accounts.set_password(name, password)? {
            true => Ok(Reset::Done),
            false => Ok(Reset::UnknownUser),
        }
    }

    fn tried(
        &self,
        visitor: &Visitor,
        attempt: impl FnOnce() -> AuthResult<bool>,
    ) -> AuthResult<Reset> {
        let place = visitor.place();
        if !self.brakes.is_free(Brake::CODE, &place, visitor.now)? {
            return Ok(Reset::TooOften);
        }
        if attempt()? {
            return Ok(Reset::Done);
        }
        self.brakes.allow(Brake::CODE, &place, visitor.now)?;
        Ok(Reset::WrongCode)
    }

    /// Forgets all that this room knows of a user whose account is going.
    ///
    /// # Errors
    ///
    /// An engine did not answer.
    pub fn forget(&self, account: &Account) -> Result<(), AuthError> {
        if let Some(traces) = &self.traces {
            traces.forget(account.id);
        }
        self.codes.clear(account.id)?;
        self.nodes.forget(account.id)
    }
}

fn failed(error: &MailError) -> Asked {
    log::error!("{error}");
    Asked::Failed
}

fn letter_text(name: &UserName, link: &str, code: &CodeText) -> String {
    let code = code.as_str();
    format!(
        "Somebody, hopefully you, asked for a new password for the Sync account {name}.\n\
         To choose one, open this page within six hours:\n\
         {link}\n\
         \n\
         If the page asks for a code, it is {code}\n\
         \n\
         If it was not you, there is nothing to do: the old password stays as it is.\n\
         \n\
         A new password for the account does not change the recovery key in your browser, \
         which\nencrypts your data and is known to nobody else.\n"
    )
}
