//! The socket of one connection, and the clocks that run on it.
//!
//! hyper has one clock for "between requests" and "inside a request's headers", and none for
//! writing. Here each has its own: what a wait is for is known from the [`Phase`].

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::Settings;

const BETWEEN_REQUESTS: u8 = 0;
const IN_HEADERS: u8 = 1;
const IN_REQUEST: u8 = 2;

/// What a connection is busy with, shared by all who move it on.
pub(super) struct Phase {
    now: AtomicU8,
    since: Mutex<Instant>,
    unread: AtomicBool,
    broken: AtomicBool,
}

impl Phase {
    /// A connection that has said nothing yet. Its first request is waited for like headers: who
    /// opens a connection wants something.
    pub(super) fn new() -> Self {
        Phase {
            now: AtomicU8::new(IN_HEADERS),
            since: Mutex::new(Instant::now()),
            unread: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        }
    }

    pub(super) fn request_began(&self) {
        self.now.store(IN_REQUEST, SeqCst);
        self.unread.store(false, SeqCst);
    }

    pub(super) fn request_ended(&self) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.now.store(BETWEEN_REQUESTS, SeqCst);
    }

    /// Whether the client has had nothing to ask for so long, or is that slow with asking.
    pub(super) fn is_waiting_for(&self, time: Duration) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.now.load(SeqCst) != IN_REQUEST && since.elapsed() >= time
    }

    /// The client may still be sending a body that nobody wants.
    pub(super) fn body_left_unread(&self) {
        self.unread.store(true, SeqCst);
    }

    pub(super) fn is_body_unread(&self) -> bool {
        self.unread.load(SeqCst)
    }

    /// An answer could not be completed: the connection must not end as if it were.
    pub(super) fn answer_broke(&self) {
        self.broken.store(true, SeqCst);
    }

    pub(super) fn is_answer_broken(&self) -> bool {
        self.broken.load(SeqCst)
    }
}

/// A socket that gives its client up in time.
pub(super) struct Wire {
    stream: TcpStream,
    phase: Arc<Phase>,
    header_time: Duration,
    idle: Duration,
    write_pause: Duration,
    reading: Clock,
    writing: Clock,
    /// The phase that the reading clock was set for.
    timed: u8,
    gave_up: bool,
}

impl Wire {
    pub(super) fn new(stream: TcpStream, phase: Arc<Phase>, settings: &Settings) -> Self {
        Wire {
            stream,
            phase,
            header_time: settings.header_time,
            idle: settings.idle,
            write_pause: settings.write_pause,
            reading: Clock::new(),
            writing: Clock::new(),
            timed: IN_REQUEST,
            gave_up: false,
        }
    }

    /// Says that nothing more comes, and lets the client finish what it is sending: closing on
    /// unread bytes would destroy an answer that it has not seen yet. A client that was given up
    /// had its time.
    pub(super) async fn close_gently(mut self, linger: Duration) {
        if self.gave_up || self.stream.shutdown().await.is_err() {
            return;
        }
        let mut waste = vec![0; 16 * 1024];
        let _ = timeout(linger, async {
            while matches!(self.stream.read(&mut waste).await, Ok(n) if n > 0) {}
        })
        .await;
    }

    /// Ends the connection so that the client sees an error. (An old client that has the body's end
    /// told by the connection's could not see one otherwise.)
    pub(super) fn abort(self) {
        if let Err(error) = self.stream.set_zero_linger() {
            log::debug!("a connection could not be aborted: {error}");
        }
    }

    fn poll_patience<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let now = self.phase.now.load(SeqCst);
        let limit = match now {
            BETWEEN_REQUESTS => self.idle,
            IN_HEADERS => self.header_time,
            // The body's reader has a clock of its own, and the application is not the client.
            _ => return Poll::Pending,
        };
        if self.timed != now {
            self.timed = now;
            self.reading.clear();
        }
        ready!(self.reading.poll(context, limit));
        self.give_up()
    }

    fn give_up<T>(&mut self) -> Poll<io::Result<T>> {
        self.gave_up = true;
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Sets the writing clock while the client takes nothing.
    fn watch_writing<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing.clear();
            return written;
        }
        ready!(self.writing.poll(context, self.write_pause));
        self.give_up()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(result) => {
                let phase = &self.phase.now;
                let _ = phase.compare_exchange(BETWEEN_REQUESTS, IN_HEADERS, SeqCst, SeqCst);
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_patience(context),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch_writing(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch_writing(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A clock that starts with the first wait.
struct Clock {
    sleep: Pin<Box<Sleep>>,
    set: bool,
}

impl Clock {
    fn new() -> Self {
        Clock {
            sleep: Box::pin(sleep(Duration::ZERO)),
            set: false,
        }
    }

    fn clear(&mut self) {
        self.set = false;
    }

    fn poll(&mut self, context: &mut Context<'_>, limit: Duration) -> Poll<()> {
        if !self.set {
            self.sleep.as_mut().reset(Instant::now() + limit);
            self.set = true;
        }
        self.sleep.as_mut().poll(context)
    }
}
