//! One client's connection: its requests, one after the other, to its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http::StatusCode;
use http::header::{HOST, HeaderValue};
use http::response::Parts;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};

use super::Settings;
use super::body::{Content, Feed, Outgoing, feed, piece_reader};
use super::target::target;
use super::wire::{Phase, Wire};
use super::workers::{Job, Workers};
use crate::exchange::{Application, Client, Request, RequestBody, Response};
use crate::gateway::access::Entry;
use crate::gateway::{bare, strip_framing};

/// The smallest buffer that hyper takes.
const SMALLEST_BUFFER: usize = 8192;

/// What all connections share.
pub(super) struct Shared {
    pub(super) application: Arc<dyn Application>,
    pub(super) workers: Workers,
    pub(super) settings: Settings,
}

type Reply = Result<hyper::Response<Outgoing>, Infallible>;

/// Serves a connection until the client or an error ends it, or the server stops.
pub(super) async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    // Answers go out in whole buffers; waiting to merge them only delays the last.
    if let Err(error) = stream.set_nodelay(true) {
        log::debug!("a connection can't be told not to delay: {error}");
    }
    let settings = &shared.settings;
    let phase = Arc::new(Phase::new());
    let client = Client {
        address: Some(peer.ip().to_canonical()),
        https: false,
        server: stream.local_addr().ok().map(|address| address.to_string()),
    };
    let wire = Wire::new(stream, Arc::clone(&phase), settings);
    let caller = Arc::new(Caller {
        shared: Arc::clone(&shared),
        client,
        phase: Arc::clone(&phase),
    });
    let service = service_fn(
        move |request| -> Pin<Box<dyn Future<Output = Reply> + Send>> {
            let caller = Arc::clone(&caller);
            Box::pin(async move { Ok(caller.respond(request).await) })
        },
    );
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(settings.headers)
        .max_header_size(settings.header_bytes)
        .max_buf_size(settings.header_bytes.max(SMALLEST_BUFFER))
        .title_case_headers(true)
        .serve_connection(TokioIo::new(wire), service);

    let mut stopped = pin!(stop.wait_for(|stopped| *stopped));
    let mut stopping = false;
    let ended = poll_fn(|context| {
        if !stopping && stopped.as_mut().poll(context).is_ready() {
            stopping = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(context)
    })
    .await;

    let wire = connection.into_parts().io.into_inner();
    if let Err(error) = &ended {
        log::debug!("connection with {peer} ended: {error}");
    }
    if phase.is_answer_broken() {
        wire.abort();
    } else if ended.is_err() || phase.is_body_unread() {
        wire.close_gently(settings.linger).await;
    }
}

/// The client's side of a connection, as its requests see it.
struct Caller {
    shared: Arc<Shared>,
    client: Client,
    phase: Arc<Phase>,
}

impl Caller {
    async fn respond(&self, request: hyper::Request<Incoming>) -> hyper::Response<Outgoing> {
        self.phase.request_began();
        let (head, incoming) = request.into_parts();
        let Some(target) = target(&head.method, &head.uri) else {
            self.phase.body_left_unread();
            return self.response(whole(bare(StatusCode::BAD_REQUEST)), None);
        };
        let (body, feeder) = body(incoming);
        let mut request = Request::new(body);
        *request.method_mut() = head.method;
        *request.headers_mut() = head.headers;
        // A URL that names its host counts for more than the header.
        if let Some(host) = head.uri.authority()
            && let Ok(host) = HeaderValue::from_str(host.as_str())
        {
            request.headers_mut().insert(HOST, host);
        }
        request.extensions_mut().insert(target);
        request.extensions_mut().insert(self.client.clone());
        let entry = Entry::begin(&request);

        let (reply, replied) = oneshot::channel();
        let answer = match self.shared.workers.submit(Job { request, reply }) {
            Ok(()) => self.wait(replied, feeder).await,
            Err(job) => {
                self.phase.body_left_unread();
                whole(self.overloaded(&job.request))
            }
        };
        self.response(answer, Some(entry))
    }

    /// Passes the body on while the application works.
    async fn wait(
        &self,
        mut replied: oneshot::Receiver<(Parts, Content)>,
        feeder: Option<(Incoming, Feed)>,
    ) -> (Parts, Content) {
        let pause = self.shared.settings.body_pause;
        let mut feeding = feeder.map(|(incoming, pipe)| Box::pin(feed(incoming, pipe, pause)));
        let mut is_taken = feeding.is_none();
        let answer = poll_fn(|context| {
            if let Some(feed) = &mut feeding
                && let Poll::Ready(all) = feed.as_mut().poll(context)
            {
                is_taken = all;
                feeding = None;
            }
            Pin::new(&mut replied).poll(context)
        })
        .await;
        if !is_taken {
            self.phase.body_left_unread();
            drop(feeding);
            // Only now hyper can see that nobody reads on. It has to before it writes the head,
            // which must say that the connection ends.
            tokio::task::yield_now().await;
        }
        answer.unwrap_or_else(|_| whole(bare(StatusCode::INTERNAL_SERVER_ERROR)))
    }

    fn overloaded(&self, request: &Request<'_>) -> Response {
        let overloaded = AssertUnwindSafe(|| self.shared.application.overloaded(request));
        let mut response = panic::catch_unwind(overloaded)
            .unwrap_or_else(|_| bare(StatusCode::SERVICE_UNAVAILABLE));
        strip_framing(response.headers_mut());
        response
    }

    fn response(
        &self,
        (head, content): (Parts, Content),
        entry: Option<Entry>,
    ) -> hyper::Response<Outgoing> {
        let phase = Arc::clone(&self.phase);
        let body = Outgoing::new(content, head.status.as_u16(), entry, phase);
        hyper::Response::from_parts(head, body)
    }
}

/// The body as the application reads it, and what feeds it if there is anything to read.
fn body(incoming: Incoming) -> (RequestBody<'static>, Option<(Incoming, Feed)>) {
    if incoming.is_end_stream() {
        return (RequestBody::empty(), None);
    }
    let declared = incoming.size_hint().exact();
    let (reader, pipe) = piece_reader();
    (
        RequestBody::new(Box::new(reader), declared),
        Some((incoming, pipe)),
    )
}

fn whole(response: Response) -> (Parts, Content) {
    let (head, body) = response.into_parts();
    (head, Content::of(body))
}
