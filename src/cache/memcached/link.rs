//! A connection to a memcached server, in one of the two protocols that it may speak.

use super::server::Server;
use crate::cache::Entry;
use memcache::exp::{Error, MetaCommand, MetaConnection, MetaOp, ReturnCode, parse_meta_result};
use memcache::{Client, MemcacheError};
use std::fmt::Display;
use std::io;
use std::net::{SocketAddr, TcpStream};

/// A command that got no answer.
pub(super) struct Failure {
    pub(super) why: String,
    /// It took its whole time.
    pub(super) slow: bool,
}

impl Failure {
    pub(super) fn new(why: impl Display, slow: bool) -> Self {
        let why = why.to_string();
        Failure { why, slow }
    }
}

impl From<&io::Error> for Failure {
    fn from(error: &io::Error) -> Self {
        use io::ErrorKind::{TimedOut, WouldBlock};
        Failure::new(error, matches!(error.kind(), TimedOut | WouldBlock))
    }
}

impl From<MemcacheError> for Failure {
    fn from(error: MemcacheError) -> Self {
        match error {
            MemcacheError::IOError(error) => Failure::from(&error),
            error => Failure::new(&error, matches!(error, MemcacheError::PoolError(_))),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => Failure::from(&error),
            error => Failure::new(&error, false),
        }
    }
}

/// The protocol of every memcached.
pub(super) struct Text(pub(super) Client);

impl Text {
    /// The value of a key, if it has one.
    pub(super) fn look(&mut self, key: &str) -> Result<Option<Entry>, Failure> {
        // A list of one: the package sends it in three writes, and a single key in four.
        let mut found = self.0.gets::<(Vec<u8>, u32, Option<u64>)>(&[key])?;
        Ok(found.remove(key).map(|(bytes, flags, version)| Entry {
            bytes,
            flags,
            version: version.unwrap_or_default(),
        }))
    }
}

/// The meta commands of memcached 1.6, each in one write.
pub(super) struct Meta(pub(super) MetaConnection);

impl Meta {
    /// The value of a key, if it has one.
    pub(super) fn look(&mut self, key: &str) -> Result<Option<Entry>, Failure> {
        let get = MetaCommand::new(MetaOp::Get, key);
        // Value, flags and version.
        let response = self.0.execute(&get.flag("v").flag("f").flag("c"))?;
        let found = parse_meta_result(response)?;
        match (found.rc, found.value, found.client_flags, found.cas) {
            (ReturnCode::En, ..) => Ok(None),
            (ReturnCode::Va, Some(bytes), Some(flags), Some(version)) => Ok(Some(Entry {
                bytes,
                flags,
                version,
            })),
            _ => Err(Failure::new("an answer to another question", false)),
        }
    }
}

/// Connections that wait for the next command. A command has one for itself, so that nobody else reads
/// what it left unread when it failed.
#[derive(Default)]
pub(super) struct Idle {
    text: Vec<Text>,
    meta: Vec<Meta>,
}

/// What connections have in common.
pub(super) trait Link: Sized {
    /// One to this address of the server, which has just taken `stream`.
    fn over(stream: TcpStream, address: SocketAddr, server: &Server) -> Result<Self, Failure>;

    /// Those that wait.
    fn idle(idle: &mut Idle) -> &mut Vec<Self>;
}

impl Link for Text {
    fn over(_: TcpStream, address: SocketAddr, server: &Server) -> Result<Self, Failure> {
        Ok(Text(server.client(address)?))
    }

    fn idle(idle: &mut Idle) -> &mut Vec<Self> {
        &mut idle.text
    }
}

impl Link for Meta {
    fn over(stream: TcpStream, _: SocketAddr, server: &Server) -> Result<Self, Failure> {
        Ok(Meta(server.meta(stream)?))
    }

    fn idle(idle: &mut Idle) -> &mut Vec<Self> {
        &mut idle.meta
    }
}
