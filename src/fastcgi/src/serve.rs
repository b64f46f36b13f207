//! The server: a fixed number of threads, each of which accepts a connection and stays with it to
//! its end.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::connection::{Service, converse};
use crate::conversation::Conversation;
use crate::inbound::Buffer;
use crate::limits::Limits;
use crate::listener::Listener;
use crate::request::Request;
use crate::response::ResponseWriter;
use crate::stop::{ACCEPT_TURN, Stop};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The application behind a server. Functions and closures of the same shape are handlers too.
pub trait Handler: Sync {
    /// Answers one request. A body left unread is thrown away.
    ///
    /// # Errors
    ///
    /// An error, like a panic, becomes `Status: 500` while nothing of the answer is sent; later,
    /// the connection is dropped so that a partial answer cannot be taken for a whole one.
    fn handle(
        &self,
        request: &mut Request<'_>,
        response: &mut ResponseWriter<'_>,
    ) -> io::Result<()>;

    /// Called when there has been no connection for a moment (a quarter of a second), once after each time
    /// that there was one: what costs memory and is not needed soon can go. One thread does it; a connection
    /// that comes meanwhile is another one's, or waits where there is no other.
    fn rest(&self) {}
}

impl<F> Handler for F
where
    F: Fn(&mut Request<'_>, &mut ResponseWriter<'_>) -> io::Result<()> + Sync,
{
    fn handle(
        &self,
        request: &mut Request<'_>,
        response: &mut ResponseWriter<'_>,
    ) -> io::Result<()> {
        self(request, response)
    }
}

/// Serves connections on `workers` threads, the calling one among them, until `stop` is requested.
/// No workers counts as one; one serves without starting any thread.
///
/// A connection holds its thread as long as it lives, so `workers` is also the number of
/// connections served at a time; others wait in the listening socket's queue. A front that keeps
/// connections open needs as many workers as it keeps.
///
/// # Errors
///
/// Only before the first connection: the listening socket refuses its settings, or a thread cannot
/// be started. Afterwards a failure costs one connection at most; a failed accept is logged and
/// tried again after a pause.
pub fn serve(
    listener: Listener,
    workers: usize,
    limits: Limits,
    handler: &impl Handler,
    stop: &Stop,
) -> io::Result<()> {
    listener.set_turn(ACCEPT_TURN)?;
    let workers = workers.max(1);
    let service = Service {
        handler,
        limits,
        workers,
        stop,
        busy: AtomicUsize::new(0),
        begun: AtomicUsize::new(0),
        rested: AtomicUsize::new(0),
    };
    thread::scope(|scope| {
        for number in 1..workers {
            let thread = thread::Builder::new().name(format!("fastcgi-{number}"));
            thread
                .spawn_scoped(scope, || work(&listener, &service))
                .inspect_err(|_| {
                    // The threads that did start would keep the scope, and the caller, for ever.
                    stop.request();
                })?;
        }
        work(&listener, &service);
        Ok(())
    })
}

fn work<H: Handler>(listener: &Listener, service: &Service<'_, H>) {
    let stop = service.stop;
    let mut pause = FIRST_PAUSE;
    let mut buffer = Buffer::new();
    while !stop.is_requested() {
        let start = Instant::now();
        match listener.accept() {
            Ok(stream) => {
                pause = FIRST_PAUSE;
                service.begin();
                let limits = service.limits.clone();
                let mut conversation = Conversation::new(stream, buffer, limits, service.workers);
                // Logged while still open: who sees it closed finds the line written.
                if let Err(error) = converse(&mut conversation, service) {
                    log::warn!("FastCGI connection dropped: {error}");
                }
                buffer = conversation.into_buffer();
                service.end();
            }
            Err(error) if is_a_turn(&error) => {
                // A process that shares the socket may have made it non-blocking: do not spin.
                if start.elapsed() < ACCEPT_TURN / 2 {
                    stop.pause(FIRST_PAUSE);
                } else {
                    service.rest();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                log::warn!("FastCGI accept failed, trying again in {pause:?}: {error}");
                stop.pause(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

impl<H: Handler> Service<'_, H> {
    fn begin(&self) {
        self.busy.fetch_add(1, Ordering::SeqCst);
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    fn end(&self) {
        self.busy.fetch_sub(1, Ordering::SeqCst);
    }

    /// A thread waited in vain for a connection. If another got one that `begun` knows of, `busy` knows of
    /// it too until it has ended; so each is followed by a rest.
    fn rest(&self) {
        let begun = self.begun.load(Ordering::SeqCst);
        let nobody = self.busy.load(Ordering::SeqCst) == 0;
        if nobody && self.rested.swap(begun, Ordering::SeqCst) != begun {
            let rest = AssertUnwindSafe(|| self.handler.rest());
            if catch_unwind(rest).is_err() {
                log::error!("a FastCGI handler panicked while there was nothing to do");
            }
        }
    }
}

fn is_a_turn(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
