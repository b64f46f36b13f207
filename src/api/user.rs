//! The user API: `user/<version>/<user>/…`, as the Python server had it.
//!
//! Browsers compare these bodies as strings: `0` and `1` without a newline, a node's URL without quotes
//! and with its slash, the bare number of an error.

use super::error::{ApiError, Code};
use super::profile::Profile;
use super::wbo_json::{Members, Shape, shape, shape_of, text_of};
use super::{Api, Call, Node, ok};
use crate::accounts::{SignUpMode, is_email};
use crate::auth::{Account, NewAccount, Password};
use crate::exchange::Response;
use crate::sync::{NameError, UserName, username_from_account};

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
            ("GET", []) => self.user_exists(name),
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
            // No mail is set up: the Python server without reset codes said the same.
            ("GET" | "DELETE", ["password_reset"]) => Err(ApiError::Unavailable),
            (_, ["password_reset"]) => Err(ApiError::Method("GET, DELETE")),
            _ => Err(MISSING),
        }
    }

    /// `GET user/…/<name>`: `1` when the name is taken, `0` when it is free. The browser's wizard asks
    /// for a name as the user types, and for `a` to see whether this is a server at all.
    fn user_exists(&self, name: Result<UserName, NameError>) -> Result<Response, ApiError> {
        let taken = match name {
            Ok(name) => self.accounts.lookup(&name)?.is_some(),
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
        let belongs = |email: &String| username_from_account(email).ok().as_ref() == Some(name);
        if rules.strict_usernames && !email.as_ref().is_some_and(belongs) {
            return Err(ApiError::Bad(Code::EmailMismatch));
        }
        let password = member(&members, "password").unwrap_or_default();
        let password = Password::from_wire(password.as_bytes())
            .map_err(|_| ApiError::Bad(Code::NoPassword))?;
        if password.may_be_chosen_by(name.as_str()).is_err() {
            return Err(ApiError::Bad(Code::WeakPassword));
        }
        if self.people.settings.sign_up != SignUpMode::Open && !self.has_secret(call) {
            return Err(ApiError::Forbidden("Registration is closed"));
        }
        let new = NewAccount {
            name,
            password: &password,
            email: email.as_deref(),
        };
        match self.accounts.create(&new)? {
            Some(_) => Ok(ok(TEXT, name.as_str())),
            None => Err(ApiError::Bad(Code::Overwrite)),
        }
    }

    fn has_secret(&self, call: &Call<'_>) -> bool {
        let given = call
            .headers
            .get("x-weave-secret")
            .map(|value| value.as_bytes());
        match (&self.settings.registration.secret, given) {
            (Some(secret), Some(given)) => {
                bool::from(subtle::ConstantTimeEq::ct_eq(secret.as_bytes(), given))
            }
            _ => false,
        }
    }

    /// `DELETE user/…/<name>`: the account with all that it stored. The records go first: an account
    /// whose records are left behind can't be deleted by its owner again.
    fn delete_user(&self, call: &Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let account = self.login(call, name, PROFILE)?;
        self.storage.forget_user(account.id)?;
        self.accounts.delete(name)?;
        Ok(ok(TEXT, "0"))
    }

    fn change_password(&self, call: &mut Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let body = call.body(BODY_BYTES)?;
        let password = Password::from_wire(&body)
            .ok()
            .filter(|password| password.may_be_chosen_by(name.as_str()).is_ok())
            .ok_or(ApiError::Bad(Code::WeakPassword))?;
        if call.headers.contains_key("x-weave-password-reset") {
            return Err(ApiError::Bad(Code::ResetCode));
        }
        self.login(call, name, PROFILE)?;
        match self.accounts.set_password(name, &password)? {
            true => Ok(ok(TEXT, "success")),
            false => Err(ApiError::Unauthorized),
        }
    }

    fn change_email(&self, call: &mut Call<'_>, name: &UserName) -> Result<Response, ApiError> {
        let body = call.body(BODY_BYTES)?;
        self.login(call, name, PROFILE)?;
        let email = text_of(&body).trim().to_owned();
        if !is_email(&email) {
            return Err(ApiError::Bad(Code::Email));
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
            self.node_of(call, &account)
                .unwrap_or_else(|| "null".to_owned()),
        ))
    }

    fn node_of(&self, call: &Call<'_>, account: &Account) -> Option<String> {
        if let Some(node) = &account.node {
            return Some(node.clone());
        }
        match &self.settings.node {
            Node::Fixed(url) => Some(url.clone()),
            Node::None => None,
            Node::Here => self.public_url(call),
        }
    }
}

impl Api {
    /// The URL that people put into their browsers: as the operator says it, or as this request shows
    /// it.
    pub fn public_url(&self, call: &Call<'_>) -> Option<String> {
        self.settings.public_url.clone().or_else(|| here(call))
    }
}

/// The URL under which this very request reached the server, up to the API.
fn here(call: &Call<'_>) -> Option<String> {
    let mut path = [
        call.target.mount.as_slice(),
        b"/",
        call.target.path.as_slice(),
    ]
    .concat();
    if let Some(api) = path.windows(6).rposition(|w| w == b"/user/") {
        path.truncate(api);
    }
    path.push(b'/');
    Some(format!("{}{}", origin(call)?, url_path(&path)))
}

/// Scheme, host and port under which this very request reached the server.
///
/// Android leaves the port out of its `Host`; then the front server's own is used. Behind a proxy
/// that changes scheme, port or path this can't be found out: the setting `server.public_url` says it.
pub fn origin(call: &Call<'_>) -> Option<String> {
    let scheme = if call.client.https { "https" } else { "http" };
    let server = call.client.server.as_deref();
    let host = match call.header("host") {
        Some(host) if has_port(host) || !is_android(call) => host,
        Some(host) => server.filter(|s| s.starts_with(host)).unwrap_or(host),
        None => server?,
    };
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    if host.is_empty() || !host.bytes().all(allowed) {
        return None;
    }
    Some(format!("{scheme}://{host}"))
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_android(call: &Call<'_>) -> bool {
    call.header("user-agent")
        .is_some_and(|agent| agent.starts_with("Firefox AndroidSync"))
}

/// A decoded path as a URL carries it, with its slashes collapsed.
pub fn url_path(path: &[u8]) -> String {
    let mut out = String::new();
    for byte in path {
        match byte {
            b'/' if out.ends_with('/') => {}
            b'/' | b'.' | b'-' | b'_' | b'~' => out.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(*byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A member that is text.
fn member(members: &Members<'_>, name: &str) -> Option<String> {
    match members.get(name).and_then(shape_of) {
        Some(Shape::Text(text)) => Some(text),
        _ => None,
    }
}
