//! The doors: each turns one transport into an [`exchange`](crate::exchange) request and a response
//! back, and knows no API.
//!
//! [`cgi`] is a program per request, [`fcgi`] a worker behind a front server, [`http`] a server of
//! its own. CGI and FastCGI hand over the same variables ([`environment`]) and take the same answer
//! ([`reply`]). [`detect`] tells through which door this process was called.
//!
//! What no door does: decide who may do what, look at paths, or choose a status, other than for
//! requests that HTTP itself cannot hold.

pub mod access;
pub mod cgi;
pub mod environment;
pub mod fcgi;
pub mod http;
mod queue;

pub mod reply;

#[cfg(test)]
mod suite;

use std::ffi::OsString;
use std::io;
use std::panic::{self, AssertUnwindSafe};

use ::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, TRANSFER_ENCODING};
use ::http::{HeaderMap, HeaderName, StatusCode};

use crate::exchange::{Application, Request, Response, ResponseBody};

/// How this process was called.
pub enum Door {
    /// By a front server that left a listening socket as standard input.
    FastCgi(fastcgi::Listener),
    /// By a front server, for one request.
    Cgi,
    /// By a person or a script.
    Command,
}

/// Tells the doors apart: standard input that is a listening socket means FastCGI, the variable
/// `GATEWAY_INTERFACE` means CGI, and anything else is a command.
///
/// # Errors
///
/// Standard input cannot be looked at, or is a listening socket of an unknown family.
pub fn detect(environment: &[(OsString, OsString)]) -> io::Result<Door> {
    if let Some(listener) = fastcgi::Listener::from_stdin()? {
        return Ok(Door::FastCgi(listener));
    }
    let called_by_cgi = environment
        .iter()
        .any(|(name, _)| name == "GATEWAY_INTERFACE");
    Ok(if called_by_cgi {
        Door::Cgi
    } else {
        Door::Command
    })
}

/// A response header's name as it was always written (`X-Weave-Timestamp`, `WWW-Authenticate`).
/// HTTP does not mind, but scripts and old clients compare them letter by letter.
pub fn classic_spelling(name: &HeaderName) -> Vec<u8> {
    match name.as_str() {
        "www-authenticate" => b"WWW-Authenticate".to_vec(),
        "etag" => b"ETag".to_vec(),
        plain => {
            let mut spelled = plain.as_bytes().to_vec();
            for word in spelled.split_mut(|byte| *byte == b'-') {
                if let Some(first) = word.first_mut() {
                    first.make_ascii_uppercase();
                }
            }
            spelled
        }
    }
}

/// The application's answer, or a bare 500 when it panics.
fn answer(application: &dyn Application, request: Request<'_>) -> Response {
    let handle = AssertUnwindSafe(|| application.handle(request));
    let mut response = panic::catch_unwind(handle).unwrap_or_else(|_| {
        log::error!("a request handler panicked; its client was told 500");
        bare(StatusCode::INTERNAL_SERVER_ERROR)
    });
    strip_framing(response.headers_mut());
    response
}

/// The answer in place of a stream that broke before any of it was sent.
fn interrupted(application: &dyn Application, error: &io::Error) -> Response {
    let interrupted = AssertUnwindSafe(|| application.interrupted(error));
    let mut response = panic::catch_unwind(interrupted)
        .unwrap_or_else(|_| bare(StatusCode::INTERNAL_SERVER_ERROR));
    strip_framing(response.headers_mut());
    response
}

/// Whether a request can come back later; one that makes the application panic is not asked to.
fn can_come_back(application: &dyn Application, request: &Request<'_>) -> bool {
    let asked = AssertUnwindSafe(|| application.can_come_back(request));
    panic::catch_unwind(asked).unwrap_or(false)
}

/// The answer in place of work for which there is no time.
fn overloaded(application: &dyn Application, request: &Request<'_>) -> Response {
    let asked = AssertUnwindSafe(|| application.overloaded(request));
    let mut response =
        panic::catch_unwind(asked).unwrap_or_else(|_| bare(StatusCode::SERVICE_UNAVAILABLE));
    strip_framing(response.headers_mut());
    response
}

/// There is nothing to do: a process holds no more than it needs, for there may be many on a host.
fn rest(application: &dyn Application) {
    if panic::catch_unwind(AssertUnwindSafe(|| application.rest())).is_err() {
        log::error!("the application panicked while there was nothing to do");
    }
    heap::give_back();
}

/// An answer that belongs to no API: a status, and an empty JSON string for clients that parse
/// every body.
fn bare(status: StatusCode) -> Response {
    let mut response = Response::new(ResponseBody::from("\"\""));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// How long a body is and where it ends is the gateway's to say, for it alone knows.
fn strip_framing(headers: &mut HeaderMap) {
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION] {
        headers.remove(name);
    }
}

/// Whether a response of this status has no body by definition.
fn is_bodiless(status: StatusCode) -> bool {
    status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_are_spelled_as_they_always_were() {
        let cases = [
            ("x-weave-timestamp", "X-Weave-Timestamp"),
            ("www-authenticate", "WWW-Authenticate"),
            ("content-type", "Content-Type"),
            ("retry-after", "Retry-After"),
            ("etag", "ETag"),
            ("x--odd-", "X--Odd-"),
        ];
        for (name, spelled) in cases {
            let name = HeaderName::from_static(name);
            assert_eq!(classic_spelling(&name), spelled.as_bytes());
        }
    }

    #[test]
    fn the_cgi_variable_opens_the_cgi_door_and_nothing_is_a_command() {
        let variable = (
            OsString::from("GATEWAY_INTERFACE"),
            OsString::from("CGI/1.1"),
        );
        assert!(matches!(detect(&[variable]), Ok(Door::Cgi)));
        assert!(matches!(detect(&[]), Ok(Door::Command)));
    }
}
