//! Forgotten passwords, as the user API has them: `password_reset`, and `X-Weave-Password-Reset` in the
//! place of a password.

use super::{PROFILE, TEXT};
use crate::accounts::{Asked, CaptchaAnswer, Reset, Visitor};
use crate::api::error::{ApiError, Code};
use crate::api::{Api, Call, ok};
use crate::auth::Password;
use crate::exchange::Response;
use crate::security_log::Incident;
use crate::sync::UserName;

const HEADER: &str = "x-weave-password-reset";

/// The code that came with a request. One that is no text is a code too, and a wrong one.
pub(super) fn reset_code(call: &Call<'_>) -> Option<String> {
    let value = call.headers.get(HEADER)?;
    Some(value.to_str().unwrap_or_default().to_owned())
}

impl Api {
    /// Who asks, and when.
    pub fn visitor(&self, call: &Call<'_>) -> Visitor {
        Visitor {
            address: call.client.address,
            now: (self.clock)(),
        }
    }

    /// Checks the captcha, where one is asked for: 400, code 2.
    pub(super) fn check_captcha(
        &self,
        call: &Call<'_>,
        name: &UserName,
        (challenge, response): (&str, &str),
    ) -> Result<(), ApiError> {
        let answer = CaptchaAnswer {
            challenge,
            response,
            address: call.client.address,
        };
        match self.people.captcha.check(&answer, (self.clock)())? {
            true => Ok(()),
            false => {
                self.tell(call, Incident::CAPTCHA_FAIL, name.as_str());
                Err(ApiError::Bad(Code::Captcha))
            }
        }
    }

    fn check_captcha_in_query(&self, call: &Call<'_>, name: &UserName) -> Result<(), ApiError> {
        let value = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(&call.target.query);
            let found = pairs.find(|(key, _)| key == name);
            found.map_or_else(String::new, |(_, value)| value.into_owned())
        };
        let (challenge, response) = (value("captcha-challenge"), value("captcha-response"));
        self.check_captcha(call, name, (&challenge, &response))
    }

    /// `GET user/…/<name>/password_reset`: mails a code. An unknown user is code 3, one without
    /// address code 12, unless the operator wants all names answered alike; then the captcha, code 2.
    pub(super) fn ask_reset(&self, call: &Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        if let Err(missing) = self.people.can_mail() {
            log::warn!("a forgotten password can't be helped: {missing}");
            return Err(ApiError::Unavailable);
        }
        if !self.people.settings.same_answer {
            let account = self.accounts.lookup(name)?;
            let account = account.ok_or(ApiError::Bad(Code::UserName))?;
            account.email.ok_or(ApiError::Bad(Code::Email))?;
        }
        self.check_captcha_in_query(call, name)?;
        let visitor = self.visitor(call);
        match self.people.ask_reset(&*self.accounts, name, &visitor)? {
            Asked::Sent => Ok(ok(TEXT, "success")),
            Asked::UnknownUser => Err(ApiError::Bad(Code::UserName)),
            Asked::NoAddress => Err(ApiError::Bad(Code::Email)),
            Asked::TooOften | Asked::NoMail(_) | Asked::Failed => Err(ApiError::Unavailable),
        }
    }

    /// `DELETE user/…/<name>/password_reset`: voids the code, for whoever knows the password.
    pub(super) fn clear_reset(
        &self,
        call: &Call<'_>,
        name: &UserName,
    ) -> Result<Response, ApiError> {
        let account = self.login(call, name, PROFILE)?;
        self.check_captcha_in_query(call, name)?;
        self.people.codes.clear(account.id)?;
        self.tell(call, Incident::RESET_CLEARED, name.as_str());
        Ok(ok(TEXT, "success"))
    }

    pub(super) fn password_by_code(
        &self,
        call: &Call<'_>,
        name: &UserName,
        code: &str,
        password: &Password,
    ) -> Result<Response, ApiError> {
        let visitor = self.visitor(call);
        let reset =
            self.people
                .reset_password(&*self.accounts, (name, code), password, &visitor)?;
        self.done(call, name, reset)?;
        self.unlock(name);
        Ok(ok(TEXT, "success"))
    }

    /// Uses up a code, for something else than a password.
    pub(super) fn use_code(
        &self,
        call: &Call<'_>,
        name: &UserName,
        code: &str,
    ) -> Result<(), ApiError> {
        let account = self.accounts.lookup(name)?;
        let account = account.ok_or(ApiError::NotFound("Not Found"))?;
        let taken = self.people.take_code(&account, code, &self.visitor(call))?;
        self.done(call, name, taken)
    }

    /// Ends the lock after too many wrong passwords: whoever got here has shown who they are.
    pub fn unlock(&self, name: &UserName) {
        if let Some(lockout) = &self.lockout {
            lockout.forget(name);
        }
    }

    fn done(&self, call: &Call<'_>, name: &UserName, reset: Reset) -> Result<(), ApiError> {
        match reset {
            Reset::Done => Ok(()),
            Reset::UnknownUser => Err(ApiError::NotFound("Not Found")),
            Reset::WrongCode => {
                self.tell(call, Incident::INVALID_RESET_CODE, name.as_str());
                Err(ApiError::Bad(Code::ResetCode))
            }
            Reset::TooOften => Err(ApiError::Unavailable),
        }
    }
}
