//! A response as CGI and FastCGI want it: a header block with a `Status`, an empty line, the body.
//!
//! A front server must not take half a body for a whole one, because a browser that gets a part of
//! a collection believes to have seen all of it. But most do. Seen with a program that dies in the
//! middle: Apache's mod_cgid and mod_fcgid, nginx and lighttpd all end the client's chunked answer
//! as if it were complete, whatever the exit status; only mod_proxy_fcgi breaks the connection. With
//! a `Content-Length` they can't. So a streamed body is first gathered, in memory while it is small
//! and in an unnamed temporary file beyond that, and sent with its length when it is whole; when it
//! breaks, the client gets an honest error. It also means that the application has finished, and
//! let go of its database, before a slow client has read the first byte.
//!
//! That leaves a process that is killed while it sends. Its length protects the client behind
//! mod_fcgid, nginx and lighttpd. Apache 2.4.59 and later drop the length of mod_cgid's and
//! mod_proxy_fcgi's programs unless told `SetEnv ap_trust_cgilike_cl 1`.

use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::panic::{self, AssertUnwindSafe};

use http::{HeaderMap, Method, StatusCode};
use tempfile::SpooledTempFile;

use super::{classic_spelling, interrupted, is_bodiless};
use crate::exchange::{Application, BodyWriter, Response, ResponseBody};

/// Bodies up to this many bytes are gathered in memory.
const IN_MEMORY: usize = 1024 * 1024;

/// Bytes per write.
pub const BUFFER: usize = 64 * 1024;

/// What was sent, for the access log.
pub struct Sent {
    /// The status that the client was told.
    pub status: u16,
    /// Bytes of body.
    pub bytes: u64,
}

/// Writes `response` to `out`, without its body for HEAD. Many of the writes are small, and nothing is
/// flushed: `out` gathers them, and its owner sends the last ones with the end of the answer.
///
/// # Errors
///
/// `out` does not take it: the front server is gone, and nobody can be told.
pub fn send(
    application: &dyn Application,
    method: &Method,
    response: Response,
    out: &mut dyn Write,
) -> io::Result<Sent> {
    let (head, body) = response.into_parts();
    let bodiless = method == Method::HEAD || is_bodiless(head.status);
    let bytes = match body {
        ResponseBody::Stream(_) if bodiless => {
            header_block(out, head.status, &head.headers, None)?;
            0
        }
        ResponseBody::Stream(write) => match gather(write) {
            Ok((length, mut body)) => {
                header_block(out, head.status, &head.headers, Some(length))?;
                io::copy(&mut Read::by_ref(&mut body).take(length), out)?
            }
            Err(error) => {
                log::error!("a response's body could not be made: {error}");
                return send_whole(method, interrupted(application, &error), out);
            }
        },
        ResponseBody::Bytes(_) => {
            return send_whole(method, Response::from_parts(head, body), out);
        }
    };
    Ok(Sent {
        status: head.status.as_u16(),
        bytes,
    })
}

/// Runs the function that writes a body, and comes back with the body and its length.
fn gather(write: BodyWriter) -> io::Result<(u64, SpooledTempFile)> {
    // The function writes in small pieces, and beyond its memory the file is one call for each.
    let mut body = BufWriter::with_capacity(BUFFER, tempfile::spooled_tempfile(IN_MEMORY));
    panic::catch_unwind(AssertUnwindSafe(|| write(&mut body)))
        .unwrap_or_else(|_| Err(io::Error::other("the function that writes it panicked")))?;
    let mut body = body.into_inner().map_err(io::IntoInnerError::into_error)?;
    let length = body.stream_position()?;
    body.seek(SeekFrom::Start(0))?;
    Ok((length, body))
}

/// A body of bytes, or none: a stream has no second chance to become whole.
fn send_whole(method: &Method, response: Response, out: &mut dyn Write) -> io::Result<Sent> {
    let (head, body) = response.into_parts();
    let body = match body {
        ResponseBody::Bytes(bytes) => bytes,
        ResponseBody::Stream(_) => Vec::new(),
    };
    let length = (!is_bodiless(head.status)).then_some(body.len() as u64);
    header_block(out, head.status, &head.headers, length)?;
    let sent = if method == Method::HEAD || length.is_none() {
        &[][..]
    } else {
        &body
    };
    out.write_all(sent)?;
    Ok(Sent {
        status: head.status.as_u16(),
        bytes: sent.len() as u64,
    })
}

fn header_block(
    out: &mut dyn Write,
    status: StatusCode,
    headers: &HeaderMap,
    length: Option<u64>,
) -> io::Result<()> {
    let reason = status.canonical_reason().unwrap_or_default();
    write!(out, "Status: {} {reason}\r\n", status.as_str())?;
    for (name, value) in headers {
        out.write_all(&classic_spelling(name))?;
        out.write_all(b": ")?;
        out.write_all(value.as_bytes())?;
        out.write_all(b"\r\n")?;
    }
    if let Some(length) = length {
        write!(out, "Content-Length: {length}\r\n")?;
    }
    out.write_all(b"\r\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::suite::Double;

    #[derive(Default)]
    struct Out {
        bytes: Vec<u8>,
        flushes: usize,
    }

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.bytes.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.flushes += 1;
            Ok(())
        }
    }

    /// A flush would make two system calls of one: the answer, and FastCGI's end of it.
    #[test]
    fn an_answer_is_left_to_be_sent_with_its_end() {
        let stream = |out: &mut dyn Write| out.write_all(b"streamed").and_then(|()| out.flush());
        for body in [
            ResponseBody::from("streamed"),
            ResponseBody::Stream(Box::new(stream)),
        ] {
            let mut out = Out::default();
            send(&Double, &Method::GET, Response::new(body), &mut out).unwrap();
            assert!(
                out.bytes
                    .ends_with(b"\r\nContent-Length: 8\r\n\r\nstreamed")
            );
            assert_eq!(out.flushes, 0);
        }
    }
}
