//! One connection, from its first request to its end.
//!
//! The rule that shapes this file: an answer that is not whole must not look whole. A handler that
//! panics or fails before anything was sent is answered with a 500; after that, the connection is
//! dropped without END_REQUEST, the one sign of an unfinished answer that the protocol has.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;

use crate::conversation::{Begin, Conversation, ParamsOutcome};
use crate::limits::Limits;
use crate::record::{ProtocolStatus, RESPONDER};
use crate::request::{Body, Request, Stdin};
use crate::response::ResponseWriter;
use crate::serve::Handler;
use crate::stop::Stop;

const TOO_LARGE: &[u8] = b"Status: 431 Request Header Fields Too Large\r\n\
    Content-Type: text/plain\r\n\r\nThe request's headers are too large.\n";
const FAILED: &[u8] = b"Status: 500 Internal Server Error\r\n\
    Content-Type: text/plain\r\n\r\nThe server could not answer this request.\n";

/// What every connection of a server shares.
pub(crate) struct Service<'s, H> {
    pub(crate) handler: &'s H,
    pub(crate) limits: Limits,
    pub(crate) workers: usize,
    pub(crate) stop: &'s Stop,
    /// How many connections are served now.
    pub(crate) busy: AtomicUsize,
    /// How many connections there have been.
    pub(crate) begun: AtomicUsize,
    /// How many there had been when the handler rested last.
    pub(crate) rested: AtomicUsize,
}

/// What an answered request leaves behind.
#[derive(PartialEq)]
enum Left {
    /// Nothing that anybody has to wait for.
    Nothing,
    /// Parts of the request that the front may still be sending.
    Unread,
}

/// Serves requests until the connection ends; an error says why it was dropped.
pub(crate) fn converse<H: Handler>(
    conversation: &mut Conversation,
    service: &Service<'_, H>,
) -> io::Result<()> {
    while let Some(begin) = conversation.next_request(service.stop)? {
        let left = answer(conversation, begin, service.handler)?;
        if !begin.keep {
            if left == Left::Unread
                && let Err(error) = conversation.linger(begin.id)
            {
                log::debug!("FastCGI connection closed before its request was all sent: {error}");
            }
            break;
        }
    }
    Ok(())
}

fn answer<H: Handler>(
    conversation: &mut Conversation,
    begin: Begin,
    handler: &H,
) -> io::Result<Left> {
    if begin.role != RESPONDER {
        conversation.end(begin.id, 0, ProtocolStatus::UnknownRole)?;
        return Ok(Left::Unread);
    }
    let params = conversation.params(begin.id)?;
    let outgoing = conversation.outgoing();
    let mut response = ResponseWriter::new(&outgoing, begin.id);
    match params {
        ParamsOutcome::Complete(params) => {
            let request = Request::new(params, Stdin::new(conversation, begin.id));
            handle(request, response, handler)
        }
        ParamsOutcome::Aborted => {
            response.finish(1)?;
            Ok(Left::Nothing)
        }
        ParamsOutcome::TooLarge => {
            log::warn!("FastCGI request refused: its parameters are beyond the limits");
            response.write_all(TOO_LARGE)?;
            response.finish(1)?;
            Ok(Left::Unread)
        }
    }
}

fn handle<H: Handler>(
    mut request: Request<'_>,
    mut response: ResponseWriter<'_>,
    handler: &H,
) -> io::Result<Left> {
    // Whatever a panic leaves half done in request and response is not looked at again; the
    // handler's own state is its own affair, as in any thread that goes on after a panic.
    let run = AssertUnwindSafe(|| handler.handle(&mut request, &mut response));
    let failure = match catch_unwind(run) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        // What it said may be what a client sent.
        Err(_) => Some("it panicked".to_owned()),
    };
    let body = request.into_body();
    if let Body::Aborted = body {
        response.discard();
        response.finish(1)?;
        return Ok(Left::Nothing);
    }
    match failure {
        None => response.finish(0)?,
        Some(text) if response.is_sent() => {
            return Err(io::Error::other(format!(
                "its handler failed in mid-answer: {text}"
            )));
        }
        Some(text) => {
            // A body that broke off explains the failure, and is logged with the connection.
            if !matches!(body, Body::Failed(..)) {
                log::warn!("FastCGI request answered with a 500, its handler failed: {text}");
            }
            response.discard();
            response.write_all(FAILED)?;
            response.finish(1)?;
        }
    }
    match body {
        Body::Failed(kind, text) => Err(io::Error::new(kind, text)),
        Body::Open => Ok(Left::Unread),
        Body::Ended | Body::Aborted => Ok(Left::Nothing),
    }
}
