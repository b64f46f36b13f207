//! What passes between a gateway and the application: one request, one response.
//!
//! Both are the types of the `http` crate with bodies of ours. A request's body is a reader that
//! nobody has read yet, so that the application decides how much of it it wants; a response's body
//! is either bytes, or a function that writes as much as it likes into whatever the gateway has, so
//! that a collection of any size passes through without being gathered.
//!
//! The path of a request is carried beside the URI, in [`Target`]: CGI and FastCGI hand over a path
//! that is decoded already, and no URI type can hold every byte that browsers send.

use std::io::{self, Read};
use std::net::IpAddr;

/// A request as every gateway delivers it. Its extensions hold a [`Target`] and a [`Client`]. It
/// lives as long as its body, which FastCGI lends only while it waits for the answer.
pub type Request<'b> = http::Request<RequestBody<'b>>;

/// A response as every gateway sends it.
pub type Response = http::Response<ResponseBody>;

/// What stands behind every gateway. It is called from several threads at a time.
pub trait Application: Send + Sync {
    /// Answers one request.
    ///
    /// A panic in here becomes a bare 500 and costs the request alone. A body of the response that
    /// is a stream is written after this returned, when the request's body is gone.
    fn handle(&self, request: Request<'_>) -> Response;

    /// Whether nothing is lost when this request is told to come back later: it begins something.
    /// Asked when many wait already. It must not wait, for the whole server stands still meanwhile.
    fn can_come_back(&self, request: &Request<'_>) -> bool;

    /// The answer to a request for which there is no worker, and no room to wait for one. The
    /// application says it, because some requests must not be told to go away. It must neither
    /// wait nor read the body: the whole server stands still meanwhile.
    fn overloaded(&self, request: &Request<'_>) -> Response;

    /// The answer in place of one whose [`ResponseBody::Stream`] failed before any of it was sent,
    /// so that the failure can still be told plainly. Its body is bytes.
    fn interrupted(&self, error: &io::Error) -> Response;

    /// Nobody has asked for anything for a moment: what costs memory and is quickly made again may go.
    fn rest(&self) {}
}

/// Where a request is aimed at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The URL path under which the program is mounted (`SCRIPT_NAME`), decoded; empty for the
    /// built-in server.
    pub mount: Vec<u8>,
    /// The path below the mount (`PATH_INFO`), percent-decoded exactly once.
    pub path: Vec<u8>,
    /// The query string as sent, without its question mark.
    pub query: Vec<u8>,
    /// The path held an encoded slash or NUL: there is no such resource, on any gateway.
    pub undecodable: bool,
}

/// Who sent a request, as far as the gateway can know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The address of the connection's other end (`REMOTE_ADDR`), before any proxy header.
    pub address: Option<IpAddr>,
    /// The connection to the front server is encrypted.
    pub https: bool,
    /// The host name and port that the front server answers to (`SERVER_NAME`, `SERVER_PORT`), for
    /// a request without a `Host`.
    pub server: Option<String>,
}

/// Room that is made for a body before any of it has come, in bytes.
const AT_ONCE: usize = 64 << 10;

/// The body of a request, not yet read.
pub struct RequestBody<'b> {
    reader: Box<dyn Read + Send + 'b>,
    declared: Option<u64>,
}

/// Why a request's body could not be had.
#[derive(Debug)]
pub enum BodyError {
    /// It is, or says it is, longer than the limit that was given.
    TooLarge,
    /// It ended before the length it had declared, or its connection broke.
    Broken(io::Error),
}

impl<'b> RequestBody<'b> {
    /// A body from `reader`, which ends where the body ends, and its `Content-Length` if the client
    /// gave one.
    pub fn new(reader: Box<dyn Read + Send + 'b>, declared: Option<u64>) -> Self {
        RequestBody { reader, declared }
    }

    /// No body at all.
    pub fn empty() -> Self {
        RequestBody::new(Box::new(io::empty()), Some(0))
    }

    /// Reads all of it, if it has at most `limit` bytes. A body that declares more is not read at
    /// all; one that turns out longer is read no further than one byte past the limit.
    pub fn read_all(self, limit: u64) -> Result<Vec<u8>, BodyError> {
        if self.declared.is_some_and(|length| length > limit) {
            return Err(BodyError::TooLarge);
        }
        // Grown as bytes arrive: a declared length is a claim, and no reason to allocate more than what a
        // hundred records take.
        let claimed = self.declared.unwrap_or(0).saturating_add(1);
        let mut bytes = Vec::with_capacity(usize::try_from(claimed).map_or(0, |n| n.min(AT_ONCE)));
        self.reader
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(BodyError::Broken)?;
        let got = bytes.len() as u64;
        if got > limit {
            return Err(BodyError::TooLarge);
        }
        if self.declared.is_some_and(|length| got < length) {
            return Err(BodyError::Broken(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(bytes)
    }
}

impl std::fmt::Debug for RequestBody<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody")
            .field("declared", &self.declared)
            .finish_non_exhaustive()
    }
}

/// Writes a response's body. An error means that the body is not whole: the gateway must end the
/// connection in a way that the client can't take for a complete answer.
pub type BodyWriter = Box<dyn FnOnce(&mut dyn io::Write) -> io::Result<()> + Send>;

/// The body of a response.
pub enum ResponseBody {
    /// All of it; the gateway sends its length.
    Bytes(Vec<u8>),
    /// To be written by the function, in as many writes as it likes, of unknown length.
    Stream(BodyWriter),
}

impl From<Vec<u8>> for ResponseBody {
    fn from(bytes: Vec<u8>) -> Self {
        ResponseBody::Bytes(bytes)
    }
}

impl From<String> for ResponseBody {
    fn from(text: String) -> Self {
        ResponseBody::Bytes(text.into_bytes())
    }
}

impl From<&str> for ResponseBody {
    fn from(text: &str) -> Self {
        ResponseBody::Bytes(text.as_bytes().to_vec())
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ResponseBody::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            ResponseBody::Stream(_) => f.write_str("Stream"),
        }
    }
}
