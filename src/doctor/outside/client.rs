//! Requests to the public address, as a browser would send them.
//!
//! Each has a connection of its own and a time limit, and all of them together have one. Redirects are
//! looked at, not followed. No proxy of the environment is used: a browser at home has none either.

use super::Credentials;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, LOCATION, SERVER, USER_AGENT};
use http::{Method, Request};
use rustls::pki_types::CertificateDer;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

/// The longest that one answer is waited for.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// The same for a server that may be waiting for itself.
pub const SHORT_PATIENCE: Duration = Duration::from_secs(6);

/// How much of an answer is read.
const LONGEST_ANSWER: u64 = 2 << 20;

/// Some fronts turn away programs that don't look like browsers.
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Goanna/6.7 PaleMoon/33.3 weft-doctor";

/// The same where the longest upload is tried.
pub const LONG_PATIENCE: Duration = Duration::from_secs(180);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether this program made the answer, as far as its headers tell.
    pub fn is_ours(&self) -> bool {
        self.headers.contains_key("x-weave-timestamp")
    }

    /// A header's value, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it is a page for people.
    pub fn is_html(&self) -> bool {
        let media_type = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        media_type.to_ascii_lowercase().starts_with("text/html")
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Where it sends the browser.
    pub fn location(&self) -> Option<&str> {
        let redirects = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        redirects.then(|| self.header(LOCATION.as_str()))?
    }

    /// The program that says it answered, in lower case: `apache/2.4.66`.
    pub fn server(&self) -> String {
        let server = self.header(SERVER.as_str()).unwrap_or_default();
        server.to_ascii_lowercase()
    }

    /// In words, for a finding: `404, a page for people, from Apache`.
    pub fn described(&self) -> String {
        let mut text = self.status.to_string();
        if self.is_html() {
            text += ", a page for people";
        }
        match self.header(SERVER.as_str()) {
            Some(server) if !self.is_ours() => text += &format!(", from {server}"),
            _ => {}
        }
        text
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The name of the host is not known.
    UnknownHost,
    /// There is no connection: nobody listens, or a firewall is between.
    NoConnection(String),
    /// Nothing came in time.
    TimedOut,
    /// The connection ended in the middle.
    Broken(String),
    /// The time for the whole examination is over.
    OutOfTime,
}

impl NoAnswer {
    /// In words, for a finding.
    pub fn described(&self) -> String {
        match self {
            NoAnswer::UnknownHost => "the name of the host is not known".to_owned(),
            NoAnswer::NoConnection(why) => format!("there is no connection: {why}"),
            NoAnswer::TimedOut => "there was no answer in time".to_owned(),
            NoAnswer::Broken(why) => format!("the connection broke off: {why}"),
            NoAnswer::OutOfTime => "the time for the examination was over".to_owned(),
        }
    }
}

/// What came of a request.
pub type Answered = Result<Answer, NoAnswer>;

/// Sends requests below one address.
pub struct Client {
    agent: Agent,
    base: Url,
    patience: Duration,
    until: Instant,
}

impl Client {
    /// Asks below `base`, which ends in a slash, until then; whom certificates must come from stands
    /// in `roots`.
    pub fn new(
        base: Url,
        roots: &[CertificateDer<'static>],
        patience: Duration,
        until: Instant,
    ) -> Self {
        let roots: Vec<Certificate<'static>> = roots
            .iter()
            .map(|root| Certificate::from_der(root.as_ref()).to_owned())
            .collect();
        let tls = TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(roots)));
        let config = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .tls_config(tls.build())
            .build();
        Client {
            agent: config.into(),
            base,
            patience,
            until,
        }
    }

    /// The same below another address.
    pub fn at(&self, base: Url) -> Self {
        Client {
            agent: self.agent.clone(),
            base,
            patience: self.patience,
            until: self.until,
        }
    }

    /// A GET of a path below the address.
    pub fn get(&self, path: &str, who: Option<&Credentials>) -> Answered {
        self.send(Method::GET, path, who, Vec::new())
    }

    /// A POST or PUT of JSON, or any other request.
    pub fn send(
        &self,
        method: Method,
        path: &str,
        who: Option<&Credentials>,
        body: Vec<u8>,
    ) -> Answered {
        // Joined as text: what is behind the slash is a path of ours, never to be normalised.
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder()
            .method(method)
            .uri(url)
            .header(USER_AGENT, AGENT);
        if let Some(Credentials { name, password }) = who {
            let login = STANDARD.encode(format!("{name}:{password}"));
            request = request.header(AUTHORIZATION, format!("Basic {login}"));
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(body);
        self.ask(request.map_err(|error| NoAnswer::Broken(error.to_string()))?)
    }

    fn ask(&self, request: Request<Vec<u8>>) -> Answered {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NoAnswer::OutOfTime);
        }
        // The client must not send a length with a method that has no body.
        let (parts, body) = request.into_parts();
        let ended = match body.is_empty() {
            true => self.run(Request::from_parts(parts, ()), left),
            false => self.run(Request::from_parts(parts, body), left),
        };
        let mut response = ended.map_err(no_answer)?;
        let headers = response.headers().clone();
        let reader = response.body_mut().with_config().limit(LONGEST_ANSWER);
        let body = match reader.read_to_vec() {
            Ok(body) => body,
            // More than anything that is asked for here: its beginning is not needed.
            Err(ureq::Error::BodyExceedsLimit(_)) => Vec::new(),
            Err(error) => return Err(no_answer(error)),
        };
        Ok(Answer {
            status: response.status().as_u16(),
            headers,
            body,
        })
    }

    fn run<B: ureq::AsSendBody>(
        &self,
        request: Request<B>,
        left: Duration,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let request = self.agent.configure_request(request);
        let request = request
            .timeout_global(Some(left.min(self.patience)))
            .build();
        self.agent.run(request)
    }
}

fn no_answer(error: ureq::Error) -> NoAnswer {
    match error {
        ureq::Error::HostNotFound => NoAnswer::UnknownHost,
        ureq::Error::Timeout(_) => NoAnswer::TimedOut,
        ureq::Error::ConnectionFailed => NoAnswer::NoConnection("nobody listens there".to_owned()),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            NoAnswer::NoConnection("nobody listens there".to_owned())
        }
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            NoAnswer::TimedOut
        }
        error => NoAnswer::Broken(error.to_string()),
    }
}
