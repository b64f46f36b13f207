//! One client's connection: its requests, one after the other, to its end.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::header::{CONNECTION, EXPECT, HOST, HeaderValue, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, oneshot, watch};
use tokio::time::timeout;

use super::Settings;
use super::body::{AHEAD, Content, Feed, Outgoing, Piece, feed, piece_reader, read_ahead};
use super::target::target;
use super::wire::{Phase, Wire};
use super::workers::{Job, Workers};
use crate::exchange::{Application, Client, Request, RequestBody, Response};
use crate::gateway::access::Entry;
use crate::gateway::{bare, can_come_back, overloaded};

/// The smallest buffer that hyper takes.
const SMALLEST_BUFFER: usize = 8192;

/// What all connections share.
pub(super) struct Shared {
    pub(super) application: Arc<dyn Application>,
    pub(super) workers: Workers,
    pub(super) settings: Settings,
    /// Who may have a worker wait for the rest of a body. The other workers are for those who have
    /// sent all, so that nobody is kept waiting by clients that are slow, or make believe to be.
    uploads: Semaphore,
    /// Tells connections that others wait for their places.
    pub(super) full: Notify,
}

impl Shared {
    pub(super) fn new(
        application: Arc<dyn Application>,
        workers: Workers,
        settings: Settings,
    ) -> Self {
        Shared {
            application,
            workers,
            uploads: Semaphore::new(settings.workers.div_ceil(2).clamp(1, 1 << 20)),
            full: Notify::new(),
            settings,
        }
    }
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
    let mut full = Box::pin(shared.full.notified());
    let ended = poll_fn(|context| {
        while full.as_mut().poll(context).is_ready() {
            if phase.is_waiting_for(settings.spare) {
                return Poll::Ready(Ok(()));
            }
            full.set(shared.full.notified());
        }
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
        let target = target(&head.method, &head.uri).filter(|_| !is_ambiguous(&head.headers));
        let Some(target) = target else {
            return self.refuse();
        };
        let waits = head.headers.contains_key(EXPECT);
        let (body, feeder) = body(incoming, waits, self.shared.settings.body_pause).await;
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

        let Shared {
            workers,
            application,
            settings,
            ..
        } = &*self.shared;
        let is_crowded = workers.waiting() >= settings.crowd;
        if is_crowded && can_come_back(&**application, &request) {
            self.phase.body_left_unread();
            return self.response(whole(self.overloaded(&request)), Some(entry));
        }
        let Ok(place) = self.place_to_upload(feeder.is_some()).await else {
            self.phase.body_left_unread();
            return self.response(whole(self.overloaded(&request)), Some(entry));
        };
        let (reply, replied) = oneshot::channel();
        let answer = match workers.submit(Job { request, reply }) {
            Ok(()) => self.wait(replied, feeder, place).await,
            Err(job) => {
                self.phase.body_left_unread();
                whole(self.overloaded(&job.request))
            }
        };
        self.response(answer, Some(entry))
    }

    /// Waits until a worker may be kept waiting for the rest of a body, if there is a rest.
    async fn place_to_upload(&self, wanted: bool) -> Result<Option<SemaphorePermit<'_>>, ()> {
        if !wanted {
            return Ok(None);
        }
        let Shared {
            uploads, settings, ..
        } = &*self.shared;
        match timeout(settings.body_pause, uploads.acquire()).await {
            Ok(Ok(place)) => Ok(Some(place)),
            _ => Err(()),
        }
    }

    /// 400, and the end of the connection: where the next request begins is not certain any more.
    fn refuse(&self) -> hyper::Response<Outgoing> {
        self.phase.body_left_unread();
        let mut refusal = bare(StatusCode::BAD_REQUEST);
        let close = HeaderValue::from_static("close");
        refusal.headers_mut().insert(CONNECTION, close);
        self.response(whole(refusal), None)
    }

    /// Passes the body on while the application works.
    async fn wait(
        &self,
        mut replied: oneshot::Receiver<(Parts, Content)>,
        feeder: Option<(Incoming, Feed)>,
        mut place: Option<SemaphorePermit<'_>>,
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
                drop(place.take());
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
        overloaded(&*self.shared.application, request)
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

/// Whether another server before this one may have read the request in another way: for another host,
/// or with a body of another length. hyper sees to the rest of it.
fn is_ambiguous(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let odd_coding = match (codings.next(), codings.next()) {
        (None, _) => false,
        (Some(coding), None) => !coding
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => true,
    };
    odd_coding || headers.get_all(HOST).iter().count() > 1
}

/// The body as the application reads it, and what feeds it if there is more than was read ahead. Nothing
/// is read ahead of a client that `waits` to be told to go on, and of a body that may be refused
/// because of its length.
async fn body(
    mut incoming: Incoming,
    waits: bool,
    pause: Duration,
) -> (RequestBody<'static>, Option<(Incoming, Feed)>) {
    if incoming.is_end_stream() {
        return (RequestBody::empty(), None);
    }
    let declared = incoming.size_hint().exact();
    let ahead = match waits || declared.is_some_and(|length| length > AHEAD) {
        true => VecDeque::new(),
        false => read_ahead(&mut incoming, pause).await,
    };
    let is_whole = matches!(ahead.back(), Some(Piece::End));
    let (reader, pipe) = piece_reader(ahead);
    (
        RequestBody::new(Box::new(reader), declared),
        (!is_whole).then_some((incoming, pipe)),
    )
}

fn whole(response: Response) -> (Parts, Content) {
    let (head, body) = response.into_parts();
    (head, Content::of(body))
}
