//! What a handler answers when it can't do what was asked, and how that looks on the wire.
//!
//! One enum, one place that turns it into a response. No variant can carry a backend's message, a
//! path or a line of SQL: those go to the log where they happen.

use super::profile::Profile;
use crate::auth::AuthError;
use crate::exchange::Response;
use crate::storage::StorageError;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Response as HttpResponse, StatusCode};
use std::cell::RefCell;
use std::fmt::Display;

/// The numbers that clients of the protocol know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// The method or the request's form is not right.
    Illegal = 1,
    /// The captcha was not solved.
    Captcha = 2,
    /// That can't be a user name.
    UserName = 3,
    /// That would overwrite what must not be overwritten.
    Overwrite = 4,
    /// The user of the credentials is not the user of the path.
    UserMismatch = 5,
    /// The body is not the JSON that was expected.
    Json = 6,
    /// The password is missing.
    NoPassword = 7,
    /// The record is not one.
    Wbo = 8,
    /// The password is too weak.
    WeakPassword = 9,
    /// The reset code is wrong.
    ResetCode = 10,
    /// There is no such function.
    Function = 11,
    /// The e-mail address is missing or none.
    Email = 12,
    /// That can't be a collection's name.
    Collection = 13,
    /// The user has used up the quota.
    Quota = 14,
    /// The user name is not the one that belongs to the e-mail address.
    EmailMismatch = 15,
    /// Something is larger than the server takes.
    Size = 17,
}

/// Why a request got no good answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// 400 with the bare number.
    Bad(Code),
    /// 400 with a sentence, as legacy PHP had it in one place.
    BadText(&'static str),
    /// 401: wrong name, password or node; the same for all of them.
    Unauthorized,
    /// 401 that tells of too many failed logins (legacy PHP's words).
    Locked,
    /// 403 with a sentence (legacy PHP's `Over Quota`).
    Forbidden(&'static str),
    /// 404, with the words that the profile has for it.
    NotFound(&'static str),
    /// 405, and the methods that there are.
    Method(&'static str),
    /// 412: something changed since.
    Precondition,
    /// 413: the body is larger than the limit.
    TooLarge,
    /// 415: the body is compressed, which nothing here undoes: a few bytes could become gigabytes.
    Compressed,
    /// 503: the user has written enough for a day (legacy PHP's words). It will be taken another day,
    /// so it is no quota, and both profiles answer the same.
    WroteEnough,
    /// 503: a backend is away or overloaded, or the operator said so.
    Unavailable,
    /// 500: a fault of the program.
    Fault,
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        if let StorageError::Elsewhere = error {
            // Their browser asks for its node then.
            return ApiError::Unauthorized;
        }
        tell(&error);
        ApiError::Unavailable
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        tell(&error);
        ApiError::Unavailable
    }
}

thread_local! {
    /// What was told already, while a [`ToldOnce`] lives in this thread.
    static TOLD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// While this lives, what its thread meets again and again is told once. For whoever tries the same thing
/// many times: twenty lines that say the same hide the one that says something else.
pub(super) struct ToldOnce(());

impl ToldOnce {
    pub(super) fn begin() -> ToldOnce {
        TOLD.set(Some(Vec::new()));
        ToldOnce(())
    }
}

impl Drop for ToldOnce {
    fn drop(&mut self) {
        TOLD.set(None);
    }
}

fn tell(error: &dyn Display) {
    let text = error.to_string();
    let is_known = TOLD.with_borrow_mut(|told| match told {
        Some(told) if told.contains(&text) => true,
        Some(told) => {
            told.push(text.clone());
            false
        }
        None => false,
    });
    if !is_known {
        log::error!("{text}");
    }
}

impl ApiError {
    /// The response, without the headers that every response gets.
    pub fn into_response(self, profile: Profile) -> Response {
        let (status, body) = match self {
            ApiError::Bad(code) => (StatusCode::BAD_REQUEST, (code as u8).to_string()),
            ApiError::BadText(text) => (StatusCode::BAD_REQUEST, quoted(text)),
            ApiError::Unauthorized => (StatusCode::UNAUTHORIZED, quoted("Authentication failed")),
            ApiError::Locked => (StatusCode::UNAUTHORIZED, quoted("Account locked")),
            ApiError::Forbidden(text) => (StatusCode::FORBIDDEN, quoted(text)),
            ApiError::NotFound(text) => (StatusCode::NOT_FOUND, quoted(text)),
            ApiError::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, quoted("Method Not Allowed")),
            ApiError::Precondition => (
                StatusCode::PRECONDITION_FAILED,
                (Code::Overwrite as u8).to_string(),
            ),
            ApiError::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                (Code::Size as u8).to_string(),
            ),
            ApiError::Compressed => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                quoted("Unsupported Media Type"),
            ),
            ApiError::WroteEnough => (StatusCode::SERVICE_UNAVAILABLE, quoted("Over write quota")),
            ApiError::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                quoted("Service unavailable"),
            ),
            ApiError::Fault => (StatusCode::INTERNAL_SERVER_ERROR, quoted("Internal error")),
        };
        let mut response = HttpResponse::new(body.into());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self {
            ApiError::Unauthorized | ApiError::Locked => {
                let challenge = match profile.realm() {
                    "Weave" => HeaderValue::from_static("Basic realm=\"Weave\""),
                    _ => HeaderValue::from_static("Basic realm=\"Sync\""),
                };
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            ApiError::Method(allowed) => {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            _ => {}
        }
        response
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}
