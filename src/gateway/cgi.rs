//! A program per request (CGI 1.1), for hosts that offer nothing better.
//!
//! The request is in the environment and on standard input, the answer goes to standard output. A
//! body has the length that `CONTENT_LENGTH` says, and no more of the input is touched; a chunked
//! one, of which Apache tells no length, goes on to the end of the input. Without either there is
//! no body, and the input is left alone: it may be a terminal.
//!
//! What the application leaves of a body is thrown away before the answer is written. Apache sends
//! the whole body before it looks at an answer; a program that ends meanwhile resets mod_cgid's
//! connection to it, and the client gets an empty reply instead of its "too large".

use std::ffi::OsString;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;

use http::{Method, StatusCode};

use super::access::Entry;
use super::environment::{Environment, Unacceptable};
use super::reply;
use super::{answer, bare};
use crate::exchange::{Application, Request, RequestBody};

/// Answers the request of this process.
///
/// # Errors
///
/// The answer could not be written out. Nobody is left to be told; the process should end with a
/// status of failure, which the front server may log.
pub fn serve(
    application: &dyn Application,
    environment: &[(OsString, OsString)],
    input: impl Read + Send,
    output: &mut dyn Write,
) -> io::Result<()> {
    let variables: Vec<(&[u8], &[u8])> = environment
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    let environment = Environment::new(&variables);
    let mut body = input.take(body_limit(environment));
    let (entry, method, response) = match describe(environment, &mut body) {
        Ok(request) => {
            let (entry, method) = (Entry::begin(&request), request.method().clone());
            (Some(entry), method, answer(application, request))
        }
        Err(refusal) => {
            log::warn!("request refused, HTTP cannot hold it: {refusal:?}");
            (None, Method::GET, bare(StatusCode::BAD_REQUEST))
        }
    };
    if let Err(error) = io::copy(&mut body, &mut io::sink()) {
        log::debug!("the rest of a request's body could not be thrown away: {error}");
    }
    let mut output = BufWriter::with_capacity(reply::BUFFER, output);
    let sent = reply::send(application, &method, response, &mut output)?;
    output.flush()?;
    if let Some(entry) = entry {
        entry.finish(sent.status, sent.bytes);
    }
    Ok(())
}

fn describe<'b>(
    environment: Environment<'_>,
    body: &'b mut (impl Read + Send),
) -> Result<Request<'b>, Unacceptable> {
    let length = environment.content_length()?;
    environment.request(RequestBody::new(Box::new(body), length))
}

/// How much of the input is body.
fn body_limit(environment: Environment<'_>) -> u64 {
    match environment.content_length() {
        Ok(Some(length)) => length,
        Ok(None) if environment.is_chunked() => u64::MAX,
        _ => 0,
    }
}
