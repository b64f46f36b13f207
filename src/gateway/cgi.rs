//! A program per request (CGI 1.1), for hosts that offer nothing better.
//!
//! The request is in the environment and on standard input, the answer goes to standard output. A
//! body has the length that `CONTENT_LENGTH` says, and no more of the input is touched; a chunked
//! one, of which Apache tells no length, goes on to the end of the input. Without either there is
//! no body, and the input is left alone: it may be a terminal.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;

use http::StatusCode;

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
    match request(Environment::new(&variables), input) {
        Ok(request) => {
            let entry = Entry::begin(&request);
            let method = request.method().clone();
            let response = answer(application, request);
            let sent = reply::send(application, &method, response, output)?;
            entry.finish(sent.status, sent.bytes);
        }
        Err(reason) => {
            log::warn!("request refused, HTTP cannot hold it: {reason:?}");
            let response = bare(StatusCode::BAD_REQUEST);
            reply::send(application, &http::Method::GET, response, output)?;
        }
    }
    Ok(())
}

fn request<'i>(
    environment: Environment<'_>,
    input: impl Read + Send + 'i,
) -> Result<Request<'i>, Unacceptable> {
    let body = match environment.content_length()? {
        Some(length) => RequestBody::new(Box::new(input.take(length)), Some(length)),
        None if environment.is_chunked() => RequestBody::new(Box::new(input), None),
        None => RequestBody::empty(),
    };
    environment.request(body)
}
