//! A web server of its own, for hosts without one (HTTP/1.1, without TLS).
//!
//! One thread talks to all connections (hyper on tokio); a fixed number of others run the
//! application, which knows nothing of either. Between the two, bodies pass in pieces, never more
//! than a few at a time: a client that reads slowly slows its own answer down and costs no memory.
//! Everything a client can make the server hold or wait for has a bound in [`Settings`].
//!
//! Who does what: `wire` is the socket and its clocks, `connection` one client's requests,
//! `body` the pieces, `workers` the threads of the application, `target` the URL.

mod body;
mod connection;
mod target;
#[cfg(test)]
mod tests;
mod wire;
mod workers;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::connection::{Shared, converse};
use self::workers::Workers;
use crate::exchange::Application;

/// The bounds of the server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that run the application: the number of requests worked on at a time.
    pub workers: usize,
    /// Requests that may wait for a worker. One more gets the application's `overloaded` answer.
    pub queue: usize,
    /// While so many wait already, requests that can come back later get that answer too.
    pub crowd: usize,
    /// Connections held at a time; more wait in the system's queue.
    pub connections: usize,
    /// While more wait, a connection whose client asks nothing for this long is closed. Else whoever
    /// opens enough of them and says nothing keeps everybody out.
    pub spare: Duration,
    /// Bytes of a request's line and headers. A request for 500 records names them in its query.
    pub header_bytes: usize,
    /// Number of a request's headers.
    pub headers: usize,
    /// How long a client may take for line and headers, from their first byte.
    pub header_time: Duration,
    /// How long a connection may stay open between requests. Browsers use an old one again
    /// without looking whether it still lives, so this is long.
    pub idle: Duration,
    /// How long a client may pause while it sends a body.
    pub body_pause: Duration,
    /// How long a client may take nothing of an answer that is ready.
    pub write_pause: Duration,
    /// How long an answered client may go on sending a body that nobody reads. Closed on
    /// earlier, it would see a broken connection and not the answer.
    pub linger: Duration,
    /// How long a server that stops waits for running requests.
    pub grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            workers: 8,
            queue: 512,
            crowd: 64,
            connections: 512,
            spare: Duration::from_secs(10),
            header_bytes: 64 * 1024,
            headers: 100,
            header_time: Duration::from_secs(30),
            idle: Duration::from_secs(300),
            body_pause: Duration::from_secs(60),
            write_pause: Duration::from_secs(60),
            linger: Duration::from_secs(30),
            grace: Duration::from_secs(30),
        }
    }
}

/// A running server. Dropped, it goes on running.
pub struct Server {
    address: SocketAddr,
    stop: Stop,
    thread: JoinHandle<()>,
}

/// Makes a server end. Clones are the same handle, for any thread.
#[derive(Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Asks the server to end: no new connection is accepted, idle ones are closed, running
    /// requests are answered. There is no way back.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// The address it listens on, with the port that the system chose if port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle that ends it.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Waits until the server has ended.
    pub fn wait(self) {
        if self.thread.join().is_err() {
            log::error!("the web server's thread panicked");
        }
    }
}

/// Starts a server on `address`.
///
/// # Errors
///
/// The address is taken or not ours, or the system gives no threads.
pub fn serve(
    application: Arc<dyn Application>,
    address: SocketAddr,
    settings: Settings,
) -> io::Result<Server> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let workers = Workers::start(&application, settings.workers, settings.queue)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let stop = Stop(Arc::new(watch::Sender::new(false)));
    let shared = Arc::new(Shared::new(application, workers, settings));
    let thread = thread::Builder::new().name("http".to_owned()).spawn({
        let stop = stop.clone();
        move || run(runtime, listener, shared, &stop)
    })?;
    Ok(Server {
        address,
        stop,
        thread,
    })
}

fn run(runtime: Runtime, listener: TcpListener, shared: Arc<Shared>, stop: &Stop) {
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        Ok::<_, io::Error>(accept(listener, &shared, stop.0.subscribe()).await)
    });
    drop(runtime);
    match ended {
        Ok(true) => {
            if let Some(shared) = Arc::into_inner(shared) {
                shared.workers.finish();
            }
        }
        Ok(false) => log::warn!("stopped while requests were still running"),
        Err(error) => log::error!("the web server could not start: {error}"),
    }
}

/// Accepts connections until told to stop. Whether all of them ended in time.
async fn accept(
    listener: tokio::net::TcpListener,
    shared: &Arc<Shared>,
    stopped: watch::Receiver<bool>,
) -> bool {
    let settings = &shared.settings;
    // More than the semaphore can count is as good as no limit.
    let most = settings.connections.clamp(1, 1 << 20);
    let places = Arc::new(Semaphore::new(most));
    let accepting = async {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(place) = place(&places, shared).await else {
                        return;
                    };
                    let conversation = converse(stream, peer, Arc::clone(shared), stopped.clone());
                    tokio::spawn(async move {
                        conversation.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Mostly out of file descriptors: at once again would spin.
                    log::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    let mut stop = stopped.clone();
    until(stop.wait_for(|stopped| *stopped), accepting).await;
    drop(listener);
    let all = u32::try_from(most).unwrap_or(u32::MAX);
    tokio::time::timeout(settings.grace, places.acquire_many(all))
        .await
        .is_ok()
}

/// A place for one more connection. While there is none, those that are of no use at the moment are asked
/// to leave.
async fn place(places: &Arc<Semaphore>, shared: &Shared) -> Option<OwnedSemaphorePermit> {
    let look = shared.settings.spare.min(Duration::from_secs(1));
    loop {
        let place = Arc::clone(places).acquire_owned();
        if let Ok(place) = tokio::time::timeout(look, place).await {
            return place.ok();
        }
        shared.full.notify_waiters();
    }
}

/// Runs `work` until `end` is there.
async fn until(end: impl Future, work: impl Future<Output = ()>) {
    let (mut end, mut work) = (std::pin::pin!(end), std::pin::pin!(work));
    std::future::poll_fn(|context| {
        if end.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        work.as_mut().poll(context)
    })
    .await;
}
