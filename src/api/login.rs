//! Who is speaking: from `Authorization` to an account.

use super::error::{ApiError, Code};
use super::profile::Profile;
use super::{Api, Call};
use crate::auth::{Account, BasicCredentials, Login, Refusal};
use crate::security_log::{Incident, Scene};
use crate::sync::UserName;
use http::header::AUTHORIZATION;

/// What a login answers when name and path differ: PHP gave the number for it, Python a 401.
fn mismatch(profile: Profile) -> ApiError {
    match profile {
        Profile::Php => ApiError::Bad(Code::UserMismatch),
        Profile::Python => ApiError::Unauthorized,
    }
}

impl Api {
    /// Checks the credentials of `call` for the user that its path names.
    ///
    /// Every refusal is the same 401, save for the two that legacy PHP told apart.
    pub fn login(
        &self,
        call: &Call<'_>,
        user: &UserName,
        profile: Profile,
    ) -> Result<Account, ApiError> {
        let header = call
            .headers
            .get(AUTHORIZATION)
            .map(|value| value.as_bytes());
        let credentials = match BasicCredentials::from_header(header) {
            Ok(credentials) => credentials,
            Err(reason) => {
                self.tell(call, Incident::unusable(reason.words()), user.as_str());
                return Err(ApiError::Unauthorized);
            }
        };
        if UserName::new(&credentials.user).ok().as_ref() != Some(user) {
            self.tell(call, Incident::OTHER_USER, &credentials.user);
            return Err(mismatch(profile));
        }
        if let Some(lockout) = &self.lockout
            && lockout.is_locked(user, call.received)
        {
            self.tell(call, Incident::LOCKOUT, user.as_str());
            return Err(match profile {
                Profile::Php => ApiError::Locked,
                Profile::Python => ApiError::Unauthorized,
            });
        }
        let host = call.header("host");
        match self
            .accounts
            .authenticate(user, &credentials.password, host, call.received)?
        {
            Login::Accepted(account) => Ok(account),
            Login::Refused(refusal) => {
                log::debug!(target: "security", "login of {user} refused: {refusal:?}");
                let incident = match refusal {
                    Refusal::WrongNode => Incident::WRONG_NODE,
                    _ => Incident::AUTH_FAIL,
                };
                self.tell(call, incident, user.as_str());
                if let Some(lockout) = &self.lockout
                    && refusal != Refusal::WrongNode
                {
                    lockout.failed(user, call.received);
                }
                Err(ApiError::Unauthorized)
            }
        }
    }

    /// Tells the security log what happened in `call` to the user that the client names.
    pub fn tell(&self, call: &Call<'_>, incident: Incident, user: &str) {
        let scene = Scene {
            method: &call.method,
            headers: &call.headers,
            target: &call.target,
            client: &call.client,
            received: call.received,
        };
        self.security_log.tell(incident, user, &scene);
    }
}
