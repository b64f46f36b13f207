//! Who is speaking: from `Authorization` to an account.

use super::error::{ApiError, Code};
use super::profile::Profile;
use super::{Api, Call};
use crate::auth::{Account, BasicCredentials, Login, Refusal};
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
                log::debug!(target: "security", "no usable credentials for {user}: {reason}");
                return Err(ApiError::Unauthorized);
            }
        };
        if UserName::new(&credentials.user).ok().as_ref() != Some(user) {
            log::warn!(target: "security", "credentials of another user for {user}");
            return Err(mismatch(profile));
        }
        if let Some(lockout) = &self.lockout
            && lockout.is_locked(user, call.received)
        {
            log::warn!(target: "security", "{user} is locked out after failed logins");
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
                log::warn!(target: "security", "login of {user} refused: {refusal:?}");
                if let Some(lockout) = &self.lockout
                    && refusal != Refusal::WrongNode
                {
                    lockout.failed(user, call.received);
                }
                Err(ApiError::Unauthorized)
            }
        }
    }
}
