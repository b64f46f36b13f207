//! The user API: `user/<version>/<user>/…`, as the Python server had it.
//!
//! Browsers compare these bodies as strings: `0` and `1` without a newline, a node's URL without quotes
//! and with its slash, the bare number of an error.

mod reset;

use super::error::{ApiError, Code};
use super::json::{Members, Shape, Value, shape, text_of};
use super::profile::Profile;
use super::{Api, Call, ok};
use crate::accounts::{SignUpMode, SignedUp, is_email};
use crate::auth::{NewAccount, Password};
use crate::exchange::Response;
use crate::security_log::Incident;
use crate::sync::{NameError, UserName, username_from_account, username_in_browsers};
use http::StatusCode;
use reset::reset_code;

const TEXT: &str = "text/plain";

/// An account's JSON, a password or an address; nobody has to log in to send one.
const BODY_BYTES: u64 = 64 << 10;

/// The user API has one voice, whatever version its path names.
const PROFILE: Profile = Profile::Python;

impl Api {
    /// Answers a request whose path has `parts` behind the version.
    pub fn user(&self, mut call: Call<'_>, parts: &[String]) -> Response {
        self.serve_user(&mut call, parts)
            .unwrap_or_else(|error| error.into_response(PROFILE))
    }

    fn serve_user(&self, call: &mut Call<'_>, parts: &[String]) -> Result<Response, ApiError> {
        const MISSING: ApiError = ApiError::NotFound("Not Found");
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (&name, function) = parts.split_first().ok_or(MISSING)?;
        let name = UserName::new(name);
        let method = call.method.clone();
        match (method.as_str(), function) {
            ("GET", []) => self.user_exists(call, name),
            ("PUT", []) => {
                self.create_user(call, &name.map_err(|_| ApiError::Bad(Code::UserName))?)
            }
            ("DELETE", []) => self.delete_user(call, &name.map_err(|_| MISSING)?),
            (_, []) => Err(ApiError::Method("GET, PUT, DELETE")),
            ("GET", ["node", "weave"]) => self.node(call, &name.map_err(|_| MISSING)?),
            (_, ["node", "weave"]) => Err(ApiError::Method("GET")),
            ("POST", ["password"]) => self.change_password(call, &name.map_err(|_| MISSING)?),
            (_, ["password"]) => Err(ApiError::Method("POST")),
            ("POST", ["email"]) => self.change_email(call, &name.map_err(|_| MISSING)?),
            (_, ["email"]) => Err(ApiError::Method("POST")),
            ("GET", ["password_reset"]) => {
                self.ask_reset(call, &name.map_err(|_| ApiError::Bad(Code::UserName))?)
            }
            ("DELETE", ["password_reset"]) => self.clear_reset(call, &name.map_err(|_| MISSING)?),
            (_, ["password_reset"]) => Err(ApiError::Method("GET, DELETE")),
            _ => Err(MISSING),
        }
    }

    /// `GET user/…/<name>`: `1` when the name is taken, `0` when it is free. The browser's wizard asks
    /// for a name as the user types, and for `a` to see whether this is a server at all.
    ///
    /// An address that asks too often gets a 503 for every name, whose body is `0`: the wizard reads
    /// the body alone, and takes anything but a digit for a broken server. Signing up tells the
    /// truth, and who collects names learns nothing.
    fn user_exists(
        &self,
        call: &Call<'_>,
        name: Result<UserName, NameError>,
    ) -> Result<Response, ApiError> {
        if !self.name_checks.allows(call.client.address, call.received) {
            let mut response = ok(TEXT, "0");
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            return Ok(response);
        }
        let taken = match name {
            Ok(name) => self.is_reserved(&name) || self.accounts.lookup(&name)?.is_some(),
            // Not a name that anybody can have; signing up will say so.
            Err(NameError::TooLong) => false,
            Err(_) => return Err(ApiError::NotFound("Not Found")),
        };
        Ok(ok(TEXT, if taken { "1" } else { "0" }))
    }

    fn create_user(&self, call: &mut Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let rules = &self.settings.registration;
        let body = call.body(BODY_BYTES)?;
        if self.accounts.lookup(name)?.is_some() {
            return Err(ApiError::Bad(Code::Overwrite));
        }
        let text = text_of(&body);
        let Some(Shape::Object(members)) = shape(&text) else {
            return Err(ApiError::Bad(Code::Json));
        };
        let email = member(&members, "email").filter(|email| !email.is_empty());
        match &email {
            Some(email) if !is_email(email) => return Err(ApiError::Bad(Code::Email)),
            None if rules.require_email => return Err(ApiError::Bad(Code::Email)),
            _ => {}
        }
        let belongs = |email: &String| is_name_of(name, email);
        if rules.strict_usernames && !email.as_ref().is_some_and(belongs) {
            return Err(ApiError::Bad(Code::EmailMismatch));
        }
        let password = member(&members, "password").unwrap_or_default();
        let password = Password::from_wire(password.as_bytes())
            .map_err(|_| ApiError::Bad(Code::NoPassword))?;
        if password.may_be_chosen_by(name.as_str()).is_err() {
            return Err(ApiError::Bad(Code::WeakPassword));
        }
        let new = NewAccount {
            name,
            password: &password,
            email: email.as_deref(),
        };
        if self.has_secret(call, name) {
            return match self.accounts.create(&new)? {
                Some(_) => Ok(ok(TEXT, name.as_str())),
                None => Err(ApiError::Bad(Code::Overwrite)),
            };
        }
        if self.is_reserved(name) {
            return Err(ApiError::Bad(Code::Overwrite));
        }
        if self.people.settings.sign_up == SignUpMode::Closed {
            return Err(ApiError::Forbidden("Registration is closed"));
        }
        let text = |field| member(&members, field).unwrap_or_default();
        let (challenge, response) = (text("captcha-challenge"), text("captcha-response"));
        self.check_captcha(call, name, (&challenge, &response))?;
        let invitation = member(&members, "invitation");
        let visitor = self.visitor(call);
        match self
            .people
            .sign_up(&*self.accounts, &new, invitation.as_deref(), &visitor)?
        {
            SignedUp::Done(_) => Ok(ok(TEXT, name.as_str())),
            SignedUp::Taken => Err(ApiError::Bad(Code::Overwrite)),
            SignedUp::NoInvitation => Err(ApiError::Forbidden("Registration is by invitation")),
            SignedUp::Closed => Err(ApiError::Forbidden("Registration is closed")),
            SignedUp::TooOften => Err(ApiError::Unavailable),
        }
    }

    /// Whether a name means something to the operator, so that nobody can sign up under it.
    fn is_reserved(&self, name: &UserName) -> bool {
        self.settings.registration.reserved.contains(name)
    }

    fn has_secret(&self, call: &Call<'_>, name: &UserName) -> bool {
        let given = call
            .headers
            .get("x-weave-secret")
            .map(|value| value.as_bytes());
        let Some(given) = given else {
            return false;
        };
        let secret = self.settings.registration.secret.as_ref();
        let right = secret.is_some_and(|secret| {
            bool::from(subtle::ConstantTimeEq::ct_eq(secret.as_bytes(), given))
        });
        if !right {
            self.tell(call, Incident::INVALID_ADMIN, name.as_str());
        }
        right
    }

    /// `DELETE user/…/<name>`: the account with all that it stored.
    fn delete_user(&self, call: &Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let account = self.login(call, name, PROFILE)?;
        self.remove_account(&account)?;
        Ok(ok(TEXT, "0"))
    }

    fn change_password(&self, call: &mut Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let body = call.body(BODY_BYTES)?;
        let password = Password::from_wire(&body)
            .ok()
            .filter(|password| password.may_be_chosen_by(name.as_str()).is_ok())
            .ok_or(ApiError::Bad(Code::WeakPassword))?;
        if let Some(code) = reset_code(call) {
            return self.password_by_code(call, name, &code, &password);
        }
        self.login(call, name, PROFILE)?;
        match self.accounts.set_password(name, &password)? {
            true => Ok(ok(TEXT, "success")),
            false => Err(ApiError::Unauthorized),
        }
    }

    fn change_email(&self, call: &mut Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let body = call.body(BODY_BYTES)?;
        let email = text_of(&body).trim().to_owned();
        let code = reset_code(call);
        if code.is_none() {
            self.login(call, name, PROFILE)?;
        }
        if !is_email(&email) {
            return Err(ApiError::Bad(Code::Email));
        }
        if let Some(code) = code {
            self.use_code(call, name, &code)?;
        }
        match self.accounts.set_email(name, &email)? {
            true => Ok(ok(TEXT, email)),
            false => Err(ApiError::Unauthorized),
        }
    }

    /// `GET user/…/<name>/node/weave`: the URL of the server that holds the user's records, with its
    /// slash and without quotes, or the word `null`. Browsers ask without credentials, too.
    fn node(&self, call: &Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let account = self
            .accounts
            .lookup(name)?
            .ok_or(ApiError::NotFound("Not Found"))?;
        Ok(ok(
            TEXT,
            self.node_of(call, &account)?
                .unwrap_or_else(|| "null".to_owned()),
        ))
    }
}

/// Whether browsers, or the Python server, make `name` of an address. They differ where it is not
/// ASCII.
fn is_name_of(name: &UserName, email: &str) -> bool {
    [username_in_browsers(email), username_from_account(email)]
        .iter()
        .any(|made| made.as_ref() == Ok(name))
}

/// A member that is text.
fn member(members: &Members<'_>, name: &str) -> Option<String> {
    match members.get(name) {
        Some(Value::Text(text)) => Some(text.clone().into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
