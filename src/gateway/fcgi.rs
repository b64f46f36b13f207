//! A worker behind a front server (FastCGI): the protocol is the package `fastcgi`'s, the variables
//! and the answer are CGI's.

use std::io::{self, Read};

use fastcgi::{Handler, Limits, Listener, ResponseWriter, Stop};
use http::{Method, StatusCode};

use super::access::Entry;
use super::environment::{Environment, Unacceptable};
use super::reply;
use super::{answer, bare};
use crate::exchange::{Application, Request, RequestBody};

/// Answers requests from `listener` on `workers` threads until `stop` is requested. mod_fcgid gives
/// a process one request at a time; other fronts need as many workers as they keep connections.
///
/// # Errors
///
/// Only at the start: the listening socket is unusable, or a thread can't be started.
pub fn serve(
    application: &dyn Application,
    listener: Listener,
    workers: usize,
    limits: Limits,
    stop: &Stop,
) -> io::Result<()> {
    fastcgi::serve(listener, workers, limits, &Gateway { application }, stop)
}

struct Gateway<'a> {
    application: &'a dyn Application,
}

impl Handler for Gateway<'_> {
    fn handle(
        &self,
        request: &mut fastcgi::Request<'_>,
        response: &mut ResponseWriter<'_>,
    ) -> io::Result<()> {
        let (params, stdin) = request.parts();
        let variables: Vec<(&[u8], &[u8])> = params.iter().collect();
        match describe(Environment::new(&variables), stdin) {
            Ok(request) => {
                let entry = Entry::begin(&request);
                let method = request.method().clone();
                let answer = answer(self.application, request);
                let sent = reply::send(self.application, &method, answer, response)?;
                entry.finish(sent.status, sent.bytes);
            }
            Err(reason) => {
                log::warn!("request refused, HTTP cannot hold it: {reason:?}");
                let refusal = bare(StatusCode::BAD_REQUEST);
                reply::send(self.application, &Method::GET, refusal, response)?;
            }
        }
        Ok(())
    }
}

/// The stream of the body has an end of its own; `CONTENT_LENGTH`, where a front sends one, must
/// agree with it.
fn describe<'b>(
    environment: Environment<'_>,
    stdin: impl Read + Send + 'b,
) -> Result<Request<'b>, Unacceptable> {
    let length = environment.content_length()?;
    let reader: Box<dyn Read + Send + 'b> = match length {
        Some(length) => Box::new(stdin.take(length)),
        None => Box::new(stdin),
    };
    environment.request(RequestBody::new(reader, length))
}
