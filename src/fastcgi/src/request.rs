//! What a handler sees of a request: its parameters, and its body as a reader.

use std::io::{self, Read};

use crate::conversation::{BodyRead, Conversation};
use crate::params::Params;

/// One request.
pub struct Request<'c> {
    params: Params,
    stdin: Stdin<'c>,
}

impl<'c> Request<'c> {
    pub(crate) fn new(params: Params, stdin: Stdin<'c>) -> Self {
        Request { params, stdin }
    }

    /// The parameters, CGI's environment variables.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The body, read from the connection as it is asked for.
    pub fn stdin(&mut self) -> &mut Stdin<'c> {
        &mut self.stdin
    }

    /// Both at once, for a handler that looks at parameters while it reads.
    pub fn parts(&mut self) -> (&Params, &mut Stdin<'c>) {
        (&self.params, &mut self.stdin)
    }

    pub(crate) fn into_body(self) -> Body {
        self.stdin.body
    }
}

/// The body of a request. It has no limit of its own: take what you are ready to hold
/// (`Read::take`), and leave the rest.
///
/// # Errors
///
/// `ConnectionAborted` when the front gave the request up or went away before the end,
/// `TimedOut` when the next piece did not come in time, `InvalidData` when the stream broke the
/// protocol. An error is final: later reads return it again.
pub struct Stdin<'c> {
    conversation: &'c mut Conversation,
    id: u16,
    body: Body,
}

/// How far the body of a request was read.
pub(crate) enum Body {
    Open,
    Ended,
    Aborted,
    Failed(io::ErrorKind, String),
}

impl<'c> Stdin<'c> {
    pub(crate) fn new(conversation: &'c mut Conversation, id: u16) -> Self {
        Stdin {
            conversation,
            id,
            body: Body::Open,
        }
    }
}

impl Read for Stdin<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match &self.body {
            Body::Open if to.is_empty() => return Ok(0),
            Body::Open => {}
            Body::Ended => return Ok(0),
            Body::Aborted => return Err(aborted()),
            Body::Failed(kind, text) => return Err(io::Error::new(*kind, text.clone())),
        }
        match self.conversation.read_body(self.id, to) {
            Ok(BodyRead::Some(n)) => Ok(n),
            Ok(BodyRead::Ended) => {
                self.body = Body::Ended;
                Ok(0)
            }
            Ok(BodyRead::Aborted) => {
                self.body = Body::Aborted;
                Err(aborted())
            }
            Err(error) => {
                let kind = match error.kind() {
                    io::ErrorKind::ConnectionReset => io::ErrorKind::ConnectionAborted,
                    kind => kind,
                };
                self.body = Body::Failed(kind, error.to_string());
                Err(io::Error::new(kind, error.to_string()))
            }
        }
    }
}

fn aborted() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the front gave the request up",
    )
}

/// A handler may have its body read by another thread.
const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Stdin<'static>>();
};
