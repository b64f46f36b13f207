//! The answer of a handler, gathered into records.

use std::io::{self, Write};

use crate::outgoing::Outgoing;
use crate::record::{
    HEADER_LENGTH, MAX_CONTENT, ProtocolStatus, append, append_end_of_stream, append_end_request,
    header, kind,
};

/// What ordinary answers fit in without growing. Allocators have blocks of at most so much at hand: glibc
/// looks for a larger one through all that is free.
const FIRST_CAPACITY: usize = 1024;

/// Where a handler writes its answer: a CGI header block, an empty line, the body.
///
/// Bytes gather in one buffer of up to 64 KB; a full one is sent, and so is a part of one on
/// [`flush`](Write::flush). Up to the first sending, an answer can still become a 500. Writing
/// fails with `TimedOut` when the front does not take a buffer in time.
///
/// Read the body before a large answer: mod_fcgid looks at no answer before it has sent the whole
/// body, so the two would wait for each other, until the time to write is over.
pub struct ResponseWriter<'c> {
    outgoing: &'c Outgoing,
    id: u16,
    /// A record under construction: room for its header, then content.
    record: Vec<u8>,
    sent: bool,
    complained: bool,
}

impl<'c> ResponseWriter<'c> {
    pub(crate) fn new(outgoing: &'c Outgoing, id: u16) -> Self {
        let mut record = Vec::with_capacity(FIRST_CAPACITY);
        record.resize(HEADER_LENGTH, 0);
        ResponseWriter {
            outgoing,
            id,
            record,
            sent: false,
            complained: false,
        }
    }

    /// Sends a line to the front's error log, at once.
    ///
    /// # Errors
    ///
    /// The front is gone, or does not take it in time.
    pub fn stderr(&mut self, text: &str) -> io::Result<()> {
        let mut out = Vec::with_capacity(HEADER_LENGTH + text.len());
        append(&mut out, kind::STDERR, self.id, text.as_bytes());
        self.complained = true;
        self.outgoing.send(&out)
    }

    /// Whether a part of the answer is on its way already.
    pub(crate) fn is_sent(&self) -> bool {
        self.sent
    }

    /// Forgets what was written and not sent.
    pub(crate) fn discard(&mut self) {
        self.record.truncate(HEADER_LENGTH);
    }

    /// Sends the rest and ends the request, in one write.
    pub(crate) fn finish(mut self, exit: u32) -> io::Result<()> {
        self.close_record();
        append_end_of_stream(&mut self.record, kind::STDOUT, self.id);
        if self.complained {
            append_end_of_stream(&mut self.record, kind::STDERR, self.id);
        }
        append_end_request(
            &mut self.record,
            self.id,
            exit,
            ProtocolStatus::RequestComplete,
        );
        self.outgoing.send(&self.record)
    }

    fn content(&self) -> usize {
        self.record.len() - HEADER_LENGTH
    }

    /// Writes the header of the record under construction; an empty one would end the stream, so
    /// it is left out.
    fn close_record(&mut self) {
        match self.content() {
            0 => self.record.clear(),
            length => {
                let header = header(kind::STDOUT, self.id, length as u16);
                self.record[..HEADER_LENGTH].copy_from_slice(&header);
            }
        }
    }
}

impl Write for ResponseWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.content() == MAX_CONTENT {
            self.flush()?;
        }
        let step = bytes.len().min(MAX_CONTENT - self.content());
        self.record.extend_from_slice(&bytes[..step]);
        Ok(step)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.content() == 0 {
            return self.outgoing.check();
        }
        self.close_record();
        self.sent = true;
        self.outgoing.send(&self.record)?;
        self.discard();
        Ok(())
    }
}
