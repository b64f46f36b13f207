//! The security log: one line for every login that was refused, in the Common Event Format that the
//! legacy servers wrote, for the programs that watch them.
//!
//! `CEF:0|mozilla|<device>|1.3|<signature>|<name>|<severity>|cs1Label=… cs1=<user agent>
//! requestMethod=… request=<path> src=… dst=… suser=…` (legacy PHP). What strangers send is escaped
//! and cut, so that a line is one line of bounded length that nobody can forge. A log that is away
//! holds up no request and fails none: its lines are lost, and the program's own log tells so, once a
//! minute at most.

mod cef;
mod sink;
#[cfg(test)]
mod tests;

use crate::exchange::{Client, Target};
use crate::sync::Clock;
use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, Method};
use sink::Sink;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

/// What is told, as the programs know it that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The kind of event, by which rules are written.
    pub signature: &'static str,
    /// What happened, for people.
    pub name: &'static str,
    /// From 0, nothing, to 10.
    pub severity: u8,
}

const fn incident(signature: &'static str, name: &'static str, severity: u8) -> Incident {
    Incident {
        signature,
        name,
        severity,
    }
}

impl Incident {
    /// Name and password don't belong together, or the account is disabled.
    pub const AUTH_FAIL: Incident = incident("AuthFail", "User Authentication Failed", 5);
    /// The credentials are another user's than the path's.
    pub const OTHER_USER: Incident = incident("AuthFail", "Username Does Not Match URL", 7);
    /// The user's records are on another node.
    pub const WRONG_NODE: Incident = incident("AuthFail", "User authenticated to wrong node", 7);
    /// A login was refused because there were too many failures before.
    pub const LOCKOUT: Incident = incident("AccountLockout", "Account Lockout Hit", 1);
    /// A captcha was not solved.
    pub const CAPTCHA_FAIL: Incident = incident("CaptchaFail", "Captcha Failed", 5);
    /// The secret of the operator's tools was wrong.
    pub const INVALID_ADMIN: Incident = incident("InvalidAdmin", "Invalid Admin Secret", 7);
    /// Somebody took back a request for a new password.
    pub const RESET_CLEARED: Incident = incident(
        "PasswordResetCleared",
        "User requested password reset clear",
        9,
    );
    /// A reset code was wrong or too old.
    pub const INVALID_RESET_CODE: Incident =
        incident("InvalidResetCode", "Invalid Reset Code submitted", 5);

    /// The credentials can't be read: the words say why (Python server).
    pub const fn unusable(words: &'static str) -> Incident {
        incident("AuthFail", words, 7)
    }
}

/// The request in which something happened. Its query is never told: it may hold secrets.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'c> {
    /// Its method.
    pub method: &'c Method,
    /// Its headers, of which `User-Agent` and `Host` are told.
    pub headers: &'c HeaderMap,
    /// Its path.
    pub target: &'c Target,
    /// Who sent it, after what trusted proxies said.
    pub client: &'c Client,
    /// When it came.
    pub received: Instant,
}

/// Where the lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Nowhere.
    Off,
    /// Into the program's own log, as warnings.
    Log,
    /// To the end of this file, with their times.
    File(PathBuf),
    /// To the syslog that listens on this datagram socket.
    Unix(PathBuf, Facility),
    /// To the syslog at this UDP port.
    Udp(SocketAddr, Facility),
}

/// The number of a syslog facility: 20 is local4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(pub u8);

/// The security log of one installation.
#[derive(Debug)]
pub struct SecurityLog {
    device: String,
    sink: Sink,
}

impl SecurityLog {
    /// A log whose lines name `device` as their source.
    ///
    /// # Errors
    ///
    /// The file can't be written, or the system has no socket to give. A syslog that is away is no
    /// error.
    pub fn new(device: &str, goal: Goal, clock: Clock) -> io::Result<Self> {
        Ok(SecurityLog {
            device: device.to_owned(),
            sink: Sink::new(goal, clock)?,
        })
    }

    /// None.
    pub fn off() -> Self {
        SecurityLog {
            device: String::new(),
            sink: Sink::Off,
        }
    }

    /// Tells what happened to `user`: a name, as the client gave it. Never waits and never fails.
    pub fn tell(&self, incident: Incident, user: &str, scene: &Scene<'_>) {
        if matches!(self.sink, Sink::Off) {
            return;
        }
        let header = |name| scene.headers.get(name).map(http::HeaderValue::as_bytes);
        let path = [scene.target.mount.as_slice(), scene.target.path.as_slice()].concat();
        let source = scene.client.address.map(|address| address.to_string());
        let line = cef::line(
            &self.device,
            incident,
            &[
                ("cs1Label", b"requestClientApplication", 30),
                ("cs1", header(USER_AGENT).unwrap_or(b"none"), 200),
                ("requestMethod", scene.method.as_str().as_bytes(), 16),
                ("request", &path, 300),
                ("src", source.as_deref().unwrap_or("none").as_bytes(), 46),
                ("dst", header(HOST).unwrap_or(b"none"), 100),
                ("suser", user.as_bytes(), 100),
            ],
        );
        self.sink.write(&line, scene.received);
    }
}
