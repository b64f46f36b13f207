//! What may be said when: the order of records on one connection.
//!
//! A front may at any time ask for values (management records) or try a second request, and may
//! still be sending records of a request that has ended. All three are dealt with here, so that
//! the rest sees only records of the request it is serving.

use std::io;
use std::sync::Arc;

use crate::inbound::{Buffer, Inbound};
use crate::limits::Limits;
use crate::outgoing::Outgoing;
use crate::params::{Params, ParamsError, append_short_pair};
use crate::record::{
    self, HEADER_LENGTH, Header, MANAGEMENT, ProtocolStatus, append, append_end_request, kind,
    malformed,
};
use crate::stop::Stop;
use crate::stream::{Patience, Stream};

/// Names a front may ask for: there are three, and none of its own making is answered.
const MAX_NAMES_ASKED: usize = 64;

pub(crate) struct Conversation {
    stream: Arc<Stream>,
    inbound: Inbound,
    outgoing: Arc<Outgoing>,
    limits: Limits,
    /// How many connections, and so requests, are served at a time.
    workers: usize,
}

/// A request that was begun, its role not yet judged.
#[derive(Clone, Copy)]
pub(crate) struct Begin {
    pub(crate) id: u16,
    pub(crate) role: u16,
    /// Whether the front wants the connection to stay open after the answer.
    pub(crate) keep: bool,
}

pub(crate) enum ParamsOutcome {
    Complete(Params),
    Aborted,
    TooLarge,
}

impl Conversation {
    pub(crate) fn new(stream: Stream, buffer: Buffer, limits: Limits, workers: usize) -> Self {
        let stream = Arc::new(stream);
        let inbound = Inbound::new(Arc::clone(&stream), buffer);
        let outgoing = Arc::new(Outgoing::new(Arc::clone(&stream), limits.write));
        Conversation {
            stream,
            inbound,
            outgoing,
            limits,
            workers,
        }
    }

    /// What the connection was read into, for the next one.
    pub(crate) fn into_buffer(self) -> Buffer {
        self.inbound.into_buffer()
    }

    /// The writing half, for an answer.
    pub(crate) fn outgoing(&self) -> Arc<Outgoing> {
        Arc::clone(&self.outgoing)
    }

    /// Waits for the next request. None when the connection has come to a decent end: closed by
    /// the front between requests, idle for too long, or because the server stops.
    pub(crate) fn next_request(&mut self, stop: &Stop) -> io::Result<Option<Begin>> {
        let mut idle = Patience::new(self.limits.idle);
        let mut unread = Allowance(self.limits.max_unread);
        loop {
            // What the last handler left of its body may still be under way.
            unread.take(self.inbound.content())?;
            self.inbound.skip(&mut self.patience())?;
            let Some(waiting) = stop.idle(&self.stream) else {
                return Ok(None);
            };
            let arrived = self.inbound.wait(&mut idle);
            drop(waiting);
            match arrived {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) if is_quiet_end(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
            let mut patience = self.patience();
            let header = self.inbound.header(&mut patience)?;
            unread.take(HEADER_LENGTH)?;
            match header.kind {
                _ if header.id == MANAGEMENT => self.manage(header, &mut patience)?,
                kind::BEGIN_REQUEST => return self.begin(header, &mut patience).map(Some),
                // Of a request that has ended: the front had not heard of its end yet.
                kind::ABORT_REQUEST | kind::PARAMS | kind::STDIN | kind::DATA => {}
                _ => return Err(malformed("a record that only an application may send")),
            }
        }
    }

    /// Reads the whole parameter stream of request `id`.
    pub(crate) fn params(&mut self, id: u16) -> io::Result<ParamsOutcome> {
        let mut patience = self.patience();
        let mut stream = Vec::new();
        loop {
            let header = self.record_of(id, &mut patience)?;
            match header.kind {
                kind::PARAMS if header.content == 0 => break,
                kind::PARAMS => {
                    if stream.len() + header.content > self.limits.max_params_bytes {
                        return Ok(ParamsOutcome::TooLarge);
                    }
                    self.inbound.append_content(&mut stream, &mut patience)?;
                }
                kind::ABORT_REQUEST => return Ok(ParamsOutcome::Aborted),
                _ => return Err(malformed("a record that may not stand among parameters")),
            }
        }
        match Params::decode(stream, self.limits.max_params) {
            Ok(params) => Ok(ParamsOutcome::Complete(params)),
            Err(ParamsError::TooMany) => Ok(ParamsOutcome::TooLarge),
            Err(ParamsError::Truncated) => Err(malformed("a parameter longer than its stream")),
        }
    }

    /// Reads some of the body of request `id`.
    pub(crate) fn read_body(&mut self, id: u16, to: &mut [u8]) -> io::Result<BodyRead> {
        let mut patience = self.patience();
        if self.inbound.content() == 0 {
            let header = self.record_of(id, &mut patience)?;
            match header.kind {
                kind::STDIN if header.content == 0 => return Ok(BodyRead::Ended),
                kind::STDIN => {}
                kind::ABORT_REQUEST => return Ok(BodyRead::Aborted),
                _ => return Err(malformed("a record that may not stand in a body")),
            }
        }
        Ok(BodyRead::Some(
            self.inbound.read_content(to, &mut patience)?,
        ))
    }

    /// Throws away what the front still sends for request `id`, so that closing does not take the
    /// answer with it: a socket closed with unread bytes resets the connection.
    pub(crate) fn linger(&mut self, id: u16) -> io::Result<()> {
        let mut patience = self.patience();
        let mut unread = Allowance(self.limits.max_unread);
        let mut closed = false;
        loop {
            // The end of a request without a body came with its beginning, as a rule.
            if !closed && !self.inbound.holds_record() {
                self.outgoing.close();
                closed = true;
            }
            unread.take(self.inbound.content())?;
            self.inbound.skip(&mut patience)?;
            if !self.inbound.wait(&mut patience)? {
                return Ok(());
            }
            let header = self.inbound.header(&mut patience)?;
            unread.take(HEADER_LENGTH)?;
            if header.id == id && header.kind == kind::STDIN && header.content == 0 {
                return Ok(());
            }
        }
    }

    fn patience(&self) -> Patience {
        Patience::new(self.limits.read)
    }

    /// The next record of the running request `id`.
    fn record_of(&mut self, id: u16, patience: &mut Patience) -> io::Result<Header> {
        let mut unread = Allowance(self.limits.max_unread);
        loop {
            let header = self.inbound.header(patience)?;
            if header.id == id {
                return Ok(header);
            }
            unread.take(HEADER_LENGTH + header.content)?;
            if header.id == MANAGEMENT {
                self.manage(header, patience)?;
            } else if header.kind == kind::BEGIN_REQUEST {
                let second = self.begin(header, patience)?;
                self.end(second.id, 0, ProtocolStatus::CantMultiplex)?;
            }
        }
    }

    fn begin(&mut self, header: Header, patience: &mut Patience) -> io::Result<Begin> {
        if header.content != 8 {
            return Err(malformed("a BEGIN_REQUEST of other than eight bytes"));
        }
        let mut body = Vec::with_capacity(8);
        self.inbound.append_content(&mut body, patience)?;
        let role = u16::from_be_bytes([body[0], body[1]]);
        Ok(Begin {
            id: header.id,
            role,
            keep: body[2] & 1 == 1,
        })
    }

    /// Ends a request without an answer.
    pub(crate) fn end(&self, id: u16, exit: u32, status: ProtocolStatus) -> io::Result<()> {
        let mut out = Vec::new();
        append_end_request(&mut out, id, exit, status);
        self.outgoing.send(&out)
    }

    /// Answers a management record.
    fn manage(&mut self, header: Header, patience: &mut Patience) -> io::Result<()> {
        let mut out = Vec::new();
        if header.kind == kind::GET_VALUES {
            let mut asked = Vec::new();
            self.inbound.append_content(&mut asked, patience)?;
            let asked = Params::decode(asked, MAX_NAMES_ASKED)
                .map_err(|_| malformed("a GET_VALUES that cannot be read"))?;
            let values = self.values(&asked);
            let length = values.len() as u16;
            out.extend_from_slice(&record::header(kind::GET_VALUES_RESULT, MANAGEMENT, length));
            out.extend_from_slice(&values);
        } else {
            let content = [header.kind, 0, 0, 0, 0, 0, 0, 0];
            append(&mut out, kind::UNKNOWN_TYPE, MANAGEMENT, &content);
        }
        self.outgoing.send(&out)
    }

    fn values(&self, asked: &Params) -> Vec<u8> {
        let workers = self.workers.to_string();
        let known: [(&[u8], &[u8]); 3] = [
            (b"FCGI_MAX_CONNS", workers.as_bytes()),
            (b"FCGI_MAX_REQS", workers.as_bytes()),
            (b"FCGI_MPXS_CONNS", b"0"),
        ];
        let mut values = Vec::new();
        for (name, value) in known {
            if asked.get(name).is_some() {
                append_short_pair(&mut values, name, value);
            }
        }
        values
    }
}

pub(crate) enum BodyRead {
    Some(usize),
    Ended,
    Aborted,
}

/// How much may still be thrown away.
struct Allowance(usize);

impl Allowance {
    fn take(&mut self, bytes: usize) -> io::Result<()> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "the front sent too much that nobody reads",
            )
        })?;
        Ok(())
    }
}

/// Ways for a connection to end between requests that are nobody's fault.
fn is_quiet_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::ConnectionReset
    )
}
