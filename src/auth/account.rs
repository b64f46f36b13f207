//! Accounts: what an engine knows of a user, and what it can be asked to do.
//!
//! A trait for each who asks: the storage API needs only [`Authenticator`], the user API [`Accounts`]
//! too, and the operator's commands [`AccountAdmin`]. No engine knows Basic auth, an API version or a request.

use super::password::Password;
use crate::sync::{UserId, UserName};
use std::fmt;
use std::time::Instant;

/// Why an account engine could not answer. No message in here is for clients.
#[derive(Debug)]
pub enum AuthError {
    /// The database or directory is away or overloaded.
    Unavailable(String),
    /// It answered what it never should: for the operator to look at.
    Broken(String),
    /// This engine can't do that (a directory without an administrator's bind, for instance).
    Unsupported(&'static str),
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthError::Unavailable(why) => write!(f, "accounts are unavailable: {why}"),
            AuthError::Broken(why) => write!(f, "accounts are broken: {why}"),
            AuthError::Unsupported(what) => write!(f, "this account engine can't {what}"),
        }
    }
}

impl std::error::Error for AuthError {}

/// The answer of every account operation.
pub type AuthResult<T> = Result<T, AuthError>;

/// What an engine knows of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The number under which the user's records are stored.
    pub id: UserId,
    /// The name, in lower case.
    pub name: UserName,
    /// The address for reset mails, if there is one.
    pub email: Option<String>,
    /// A disabled account can't log in.
    pub enabled: bool,
    /// What the operator wants the user's browsers to be told (`X-Weave-Alert`).
    pub alert: Option<String>,
    /// The bytes of payload that this user may store, where it is not the server's default.
    pub quota_bytes: Option<u64>,
    /// The URL of the node that holds the user's records, where that is known.
    pub node: Option<String>,
}

/// What became of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Name and password belong together, and the account is enabled.
    Accepted(Account),
    /// They don't, or it isn't. Clients are never told which.
    Refused(Refusal),
}

/// Why a login was refused; for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such user.
    UnknownUser,
    /// The password is wrong.
    WrongPassword,
    /// The account is disabled.
    Disabled,
    /// The user's records are on another node.
    WrongNode,
}

/// Checks credentials.
pub trait Authenticator: Send + Sync {
    /// Checks a password. A known user with a wrong password takes as long as an unknown one. `host`
    /// is the `Host` of the request, for engines that know which node a user belongs to. `now` is
    /// when the request came: what was verified a short while before need not be verified again.
    fn authenticate(
        &self,
        name: &UserName,
        password: &Password,
        host: Option<&str>,
        now: Instant,
    ) -> AuthResult<Login>;
}

/// A user to be created.
#[derive(Debug)]
pub struct NewAccount<'n> {
    /// The name.
    pub name: &'n UserName,
    /// The password.
    pub password: &'n Password,
    /// The address, if one was given.
    pub email: Option<&'n str>,
}

/// Finds and changes accounts.
pub trait Accounts: Authenticator {
    /// What is known of a user; nothing when there is none.
    fn lookup(&self, name: &UserName) -> AuthResult<Option<Account>>;

    /// Creates an account; nothing when the name is taken.
    fn create(&self, new: &NewAccount<'_>) -> AuthResult<Option<UserId>>;

    /// Sets a password; false when there is no such user.
    fn set_password(&self, name: &UserName, password: &Password) -> AuthResult<bool>;

    /// Sets the e-mail address; false when there is no such user.
    fn set_email(&self, name: &UserName, email: &str) -> AuthResult<bool>;

    /// Removes the account, not its records; false when there is no such user.
    fn delete(&self, name: &UserName) -> AuthResult<bool>;

    /// All names, for the operator's commands, in order.
    fn list(&self) -> AuthResult<Vec<Account>>;

    /// Whether the engine answers.
    fn check(&self) -> AuthResult<()>;

    /// Nobody has asked for anything for a moment: what costs memory and is quickly made again may go.
    fn rest(&self) {}

    /// Something that changes whenever the user's password does, and tells nothing of it: a session on
    /// the screens ends with the password that it began with. Empty where the engine can't tell, or
    /// there is no such user; sessions then end by their age alone.
    fn password_stamp(&self, _name: &UserName) -> AuthResult<Vec<u8>> {
        Ok(Vec::new())
    }

    /// The password hashes of the engine, where it can tell them.
    fn hashes(&self) -> Option<&dyn HashKeeper> {
        None
    }

    /// The operator's side of the engine, where it has one.
    fn admin(&self) -> Option<&dyn AccountAdmin> {
        None
    }
}

/// Changes what only the operator may change. Each answers false when there is no such user.
pub trait AccountAdmin: Accounts {
    /// Lets the user log in, or not; it counts from the next request on.
    fn set_enabled(&self, name: &UserName, enabled: bool) -> AuthResult<bool>;

    /// Sets what the user's browsers are told; nothing to tell them nothing.
    fn set_alert(&self, name: &UserName, alert: Option<&str>) -> AuthResult<bool>;

    /// Sets how many bytes of payload the user may store; nothing for the server's default.
    fn set_quota(&self, name: &UserName, bytes: Option<u64>) -> AuthResult<bool>;

    /// Sets the URL, with its slash, of the server that holds the user's records; nothing for what
    /// the server is set up to answer.
    fn set_node(&self, name: &UserName, url: Option<&str>) -> AuthResult<bool>;
}

/// An account that comes from elsewhere with its password hash.
#[derive(Debug)]
pub struct HashedAccount<'n> {
    /// The name.
    pub name: &'n UserName,
    /// The hash, as the other engine stored it.
    pub hash: &'n [u8],
    /// The address, if there is one.
    pub email: Option<&'n str>,
    /// The number that it had there; it gets the same where that is free.
    pub number: UserId,
}

/// Password hashes as they are stored: for backups, and for nothing else.
pub trait HashKeeper: Send + Sync {
    /// The hash of a user's password; nothing when there is no such user.
    fn hash(&self, name: &UserName) -> AuthResult<Option<Vec<u8>>>;

    /// Puts another hash in its place; false when there is no such user.
    fn set_hash(&self, name: &UserName, hash: &[u8]) -> AuthResult<bool>;

    /// Creates an account that is disabled, so that nobody comes in before all of it is there;
    /// nothing when the name is taken.
    fn create_disabled(&self, new: &HashedAccount<'_>) -> AuthResult<Option<UserId>>;
}
