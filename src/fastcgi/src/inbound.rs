//! The reading half of a connection: record headers, and the content between them.
//!
//! One buffer of fixed size serves the whole connection. Content is never gathered because a
//! length field says so: it is handed on piece by piece as it arrives.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::record::{HEADER_LENGTH, Header};
use crate::stream::{Patience, Stream};

/// Enough for BEGIN_REQUEST, the parameters and the end of an ordinary request in one read.
const BUFFER: usize = 16 * 1024;

/// Where a connection is read into. It may serve one connection after another: to make it anew costs
/// as much as a tenth of all that a small answer takes.
pub(crate) struct Buffer(Box<[u8]>);

impl Buffer {
    pub(crate) fn new() -> Buffer {
        Buffer(vec![0; BUFFER].into_boxed_slice())
    }
}

pub(crate) struct Inbound {
    stream: Arc<Stream>,
    timeout: Option<Duration>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes of the current record's content that nobody took yet.
    content: usize,
    /// Bytes of padding behind that content.
    padding: usize,
}

impl Inbound {
    pub(crate) fn new(stream: Arc<Stream>, Buffer(buffer): Buffer) -> Self {
        Inbound {
            stream,
            timeout: None,
            buffer,
            start: 0,
            end: 0,
            content: 0,
            padding: 0,
        }
    }

    /// The buffer, for the next connection.
    pub(crate) fn into_buffer(self) -> Buffer {
        Buffer(self.buffer)
    }

    /// Bytes of the current record's content that nobody took yet.
    pub(crate) fn content(&self) -> usize {
        self.content
    }

    /// Whether the rest of this record and the next one's header are here already.
    pub(crate) fn holds_record(&self) -> bool {
        self.end - self.start >= self.content + self.padding + HEADER_LENGTH
    }

    /// Waits for the first byte of the next record. False when the front closed instead.
    pub(crate) fn wait(&mut self, patience: &mut Patience) -> io::Result<bool> {
        Ok(self.start < self.end || self.fill(patience)? > 0)
    }

    /// The next record's header; what was left of the record before it is thrown away.
    pub(crate) fn header(&mut self, patience: &mut Patience) -> io::Result<Header> {
        self.skip(patience)?;
        while self.end - self.start < HEADER_LENGTH {
            self.fill_more(patience)?;
        }
        let mut bytes = [0; HEADER_LENGTH];
        bytes.copy_from_slice(&self.buffer[self.start..self.start + HEADER_LENGTH]);
        self.start += HEADER_LENGTH;
        let header = Header::decode(bytes)?;
        (self.content, self.padding) = (header.content, header.padding);
        Ok(header)
    }

    /// Throws away what is left of the current record.
    pub(crate) fn skip(&mut self, patience: &mut Patience) -> io::Result<()> {
        while self.content + self.padding > 0 {
            if self.start == self.end {
                self.fill_more(patience)?;
            }
            let step = (self.content + self.padding).min(self.end - self.start);
            self.start += step;
            let of_content = step.min(self.content);
            self.content -= of_content;
            self.padding -= step - of_content;
        }
        Ok(())
    }

    /// Appends the current record's content, at most 65,535 bytes, to `to`.
    pub(crate) fn append_content(
        &mut self,
        to: &mut Vec<u8>,
        patience: &mut Patience,
    ) -> io::Result<()> {
        while self.content > 0 {
            if self.start == self.end {
                self.fill_more(patience)?;
            }
            let step = self.content.min(self.end - self.start);
            to.extend_from_slice(&self.buffer[self.start..self.start + step]);
            self.start += step;
            self.content -= step;
        }
        Ok(())
    }

    /// Reads some of the current record's content. Zero only when none is left or `to` is empty.
    pub(crate) fn read_content(
        &mut self,
        to: &mut [u8],
        patience: &mut Patience,
    ) -> io::Result<usize> {
        let wanted = to.len().min(self.content);
        if wanted == 0 {
            return Ok(0);
        }
        let step = if self.start == self.end && wanted >= BUFFER {
            // A large read goes past the buffer; never beyond this record's content.
            match self.receive_into(&mut to[..wanted], patience)? {
                0 => return Err(lost()),
                n => n,
            }
        } else {
            if self.start == self.end {
                self.fill_more(patience)?;
            }
            let step = wanted.min(self.end - self.start);
            to[..step].copy_from_slice(&self.buffer[self.start..self.start + step]);
            self.start += step;
            step
        };
        self.content -= step;
        Ok(step)
    }

    fn fill_more(&mut self, patience: &mut Patience) -> io::Result<()> {
        if self.fill(patience)? == 0 {
            Err(lost())
        } else {
            Ok(())
        }
    }

    /// Reads behind what the buffer holds; it never holds more than a part of a header then.
    fn fill(&mut self, patience: &mut Patience) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.receive_into(&mut buffer[self.end..], patience);
        self.buffer = buffer;
        self.end += *result.as_ref().unwrap_or(&0);
        result
    }

    fn receive_into(&mut self, to: &mut [u8], patience: &mut Patience) -> io::Result<usize> {
        loop {
            let left = patience.left()?;
            if self.timeout != Some(left) {
                self.stream.set_read_timeout(left)?;
                self.timeout = Some(left);
            }
            if let Some(n) = patience.charge(|| self.stream.read(to))? {
                return Ok(n);
            }
        }
    }
}

fn lost() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the front closed in the middle of a request",
    )
}
