//! The APIs that browsers speak: one file for each, and what they share.
//!
//! A handler is given a [`Call`] and answers a response or an [`ApiError`]; it knows no transport and
//! no engine by name. What every response carries (times, backoff, the account's alert) is put on in
//! one place, [`finish`].

pub mod captcha;
pub mod error;
pub mod escape;
pub mod farewell;
pub mod format;
pub mod heartbeat;
pub mod info;
pub mod json;
pub mod login;
pub mod nodes;
pub mod profile;
mod public_url;
mod scan;
pub mod search;
pub mod storage;
pub mod user;
pub mod wbo_json;
pub mod wipe_guard;

use crate::accounts::People;
use crate::auth::{Accounts, Lockout, RateLimit};
use crate::exchange::{BodyError, Client, Request, RequestBody, Response, ResponseBody, Target};
use crate::security_log::SecurityLog;
use crate::storage::Storage;
use crate::storage::write_cap::WriteCap;
use crate::sync::{Clock, Limits, Timestamp, UserId, UserName};
use error::{ApiError, Code};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use profile::Profile;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the handlers work with: the engines, the operator's choices, the time.
pub struct Api {
    /// Where records live.
    pub storage: Arc<dyn Storage>,
    /// Who may do what.
    pub accounts: Arc<dyn Accounts>,
    /// Forgotten passwords, invitations, mail, captchas, nodes.
    pub people: People,
    /// Counts failed logins; nothing when there is no lockout.
    pub lockout: Option<Arc<Lockout>>,
    /// How much each user may write in a day; nothing when there is no cap.
    pub write_cap: Option<Arc<WriteCap>>,
    /// Where refused logins are told.
    pub security_log: Arc<SecurityLog>,
    /// Counts the questions whether a name is taken.
    pub name_checks: RateLimit,
    /// The operator's choices.
    pub settings: Settings,
    /// For the heartbeat.
    pub last_check: heartbeat::LastCheck,
    /// The host's clock, for what no session gives a time to.
    pub clock: Clock,
}

/// The operator's choices, as far as the handlers need them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How much of anything a request may carry.
    pub limits: Limits,
    /// One profile for every version, where the operator says so.
    pub pinned_profile: Option<Profile>,
    /// `Retry-After` and `X-Weave-Backoff` of a 503, in seconds.
    pub retry_after: u32,
    /// `X-Weave-Backoff` on every other answer, in seconds; 0 for none.
    pub backoff: u32,
    /// No sync may begin.
    pub maintenance: bool,
    /// How long a read that a browser would answer with a wipe is tried again.
    pub wipe_guard: Duration,
    /// What `node/weave` answers.
    pub node: Node,
    /// The URL of this node, where users of other nodes are refused.
    pub check_node: Option<String>,
    /// The URL that people put into their browsers, with its slash; nothing to find it out.
    pub public_url: Option<String>,
    /// The URL path under which the API lies; nothing to find it out.
    pub base_path: Option<String>,
    /// How accounts are made.
    pub registration: Registration,
}

/// What `node/weave` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// The URL of this very server, as the request reached it.
    Here,
    /// A fixed URL, with its slash.
    Fixed(String),
    /// `null`: no node for now.
    None,
    /// One of several, chosen when the user asks for the first time.
    Assign,
}

/// How accounts are made. Who may make them is a choice of [`People`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// Whoever sends this as `X-Weave-Secret` may sign up in any case.
    pub secret: Option<String>,
    /// An e-mail address must be given.
    pub require_email: bool,
    /// The user name must be the one that browsers make of the e-mail address.
    pub strict_usernames: bool,
    /// Names that nobody can sign up under, because they mean something to the operator.
    pub reserved: Vec<UserName>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            limits: Limits::default(),
            pinned_profile: None,
            retry_after: 1800,
            backoff: 0,
            maintenance: false,
            wipe_guard: Duration::from_secs(10),
            node: Node::Here,
            check_node: None,
            public_url: None,
            base_path: None,
            registration: Registration::default(),
        }
    }
}

/// One request, taken apart.
pub struct Call<'b> {
    /// Its method.
    pub method: Method,
    /// Its headers.
    pub headers: HeaderMap,
    /// Where it is aimed at.
    pub target: Target,
    /// Who sent it.
    pub client: Client,
    /// When it came.
    pub received: Instant,
    body: Option<RequestBody<'b>>,
}

impl<'b> From<Request<'b>> for Call<'b> {
    fn from(request: Request<'b>) -> Self {
        let (mut parts, body) = request.into_parts();
        Call {
            target: parts.extensions.remove().unwrap_or_default(),
            client: parts.extensions.remove().unwrap_or_default(),
            method: parts.method,
            received: Instant::now(),
            headers: parts.headers,
            body: Some(body),
        }
    }
}

impl Call<'_> {
    /// Reads the body, if it has at most `limit` bytes and is not compressed. To be called once.
    pub fn body(&mut self, limit: u64) -> Result<Vec<u8>, ApiError> {
        let codings = self.headers.get_all(CONTENT_ENCODING);
        if !codings
            .iter()
            .all(|coding| coding.is_empty() || coding == "identity")
        {
            return Err(ApiError::Compressed);
        }
        let body = self.body.take().unwrap_or_else(RequestBody::empty);
        body.read_all(limit).map_err(|error| match error {
            BodyError::TooLarge => ApiError::TooLarge,
            BodyError::Broken(why) => {
                log::warn!("a request's body did not arrive whole: {why}");
                ApiError::Bad(Code::Json)
            }
        })
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The time that a response speaks of, where a session gave it one. Carried in the response's
/// extensions until [`finish`] prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTime(pub Timestamp);

/// Whose records a storage request was about, once the user was let in: for whoever calls the
/// handlers. Carried in the response's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner(pub UserId);

/// The account's alert text, on its way to [`finish`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert(pub String);

/// A 200 with a body of that type.
pub fn ok(media_type: &'static str, body: impl Into<ResponseBody>) -> Response {
    let mut response = Response::new(body.into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Gives a response the time of the session that made it.
pub fn at(time: Timestamp, mut response: Response) -> Response {
    response.extensions_mut().insert(SessionTime(time));
    response
}

/// Puts on what every response carries.
pub fn finish(
    mut response: Response,
    profile: Profile,
    settings: &Settings,
    clock: &Clock,
) -> Response {
    let time = match response.extensions_mut().remove::<SessionTime>() {
        Some(SessionTime(time)) => time,
        None => clock(),
    };
    let alert = response.extensions_mut().remove::<Alert>();
    let unavailable = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    put("x-weave-timestamp", profile.time(time));
    if let Some(Alert(text)) = alert {
        put("x-weave-alert", printable(&text));
    }
    if unavailable {
        put("x-weave-backoff", settings.retry_after.to_string());
        put("retry-after", settings.retry_after.to_string());
    } else if settings.backoff > 0 {
        put("x-weave-backoff", settings.backoff.to_string());
    }
    response
}

/// A text as a header can carry it: what is not printable ASCII is percent-encoded.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
