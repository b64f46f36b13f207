//! A worker behind a front server (FastCGI): the protocol is the package `fastcgi`'s, the variables
//! and the answer are CGI's.

use std::io::{self, Read};
use std::time::{Duration, Instant, SystemTime};

use fastcgi::{Handler, Limits, Listener, ResponseWriter, Stop};
use http::{Method, StatusCode};

use super::access::Entry;
use super::environment::{Environment, Unacceptable};
use super::queue::Queue;
use super::reply;
use super::{answer, bare, can_come_back, overloaded};
use crate::exchange::{Application, Request, RequestBody, Response};

/// How requests are served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads. mod_fcgid gives a process one request at a time; other fronts need as many as they
    /// keep connections.
    pub workers: usize,
    /// The bounds of the protocol.
    pub limits: Limits,
    /// A request that stood in the front server's line for so long, and can come back later, is told
    /// to. It is known of fronts that send `X-Request-Start`.
    pub queue_time: Duration,
}

/// Answers requests from `listener` until `stop` is requested.
///
/// # Errors
///
/// Only at the start: the listening socket is unusable, or a thread can't be started.
pub fn serve(
    application: &dyn Application,
    listener: Listener,
    settings: Settings,
    stop: &Stop,
) -> io::Result<()> {
    let Settings {
        workers, limits, ..
    } = settings;
    let now = (Instant::now(), SystemTime::now());
    let queue = Queue::new(workers, settings.queue_time, now);
    let gateway = Gateway { application, queue };
    fastcgi::serve(listener, workers, limits, &gateway, stop)
}

struct Gateway<'a> {
    application: &'a dyn Application,
    queue: Queue,
}

impl Gateway<'_> {
    /// The application's answer, or for a new sync that waited too long, to come back later.
    fn answer(&self, request: Request<'_>, waited_long: bool) -> Response {
        if waited_long && can_come_back(self.application, &request) {
            if self.queue.is_to_be_told(Instant::now()) {
                log::warn!(
                    "new syncs are told to come back later: requests wait too long for a worker"
                );
            }
            return overloaded(self.application, &request);
        }
        answer(self.application, request)
    }
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
                let now = Instant::now();
                let (turn, waited_long) = self.queue.turn(&method, request.headers(), now);
                let answer = self.answer(request, waited_long);
                let sent = reply::send(self.application, &method, answer, response);
                // Also where the front is gone: this worker was not at rest.
                turn.end(Instant::now());
                let sent = sent?;
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

    fn rest(&self) {
        super::rest(self.application);
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
