//! One accepted connection, over a Unix or a TCP socket, and the patience to wait on it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(socket) => (&*socket).read(buffer),
            Stream::Tcp(socket) => (&*socket).read(buffer),
        }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(socket) => (&*socket).write(bytes),
            Stream::Tcp(socket) => (&*socket).write(bytes),
        }
    }

    pub(crate) fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self {
            Stream::Unix(socket) => socket.set_read_timeout(Some(timeout)),
            Stream::Tcp(socket) => socket.set_read_timeout(Some(timeout)),
        }
    }

    pub(crate) fn set_write_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self {
            Stream::Unix(socket) => socket.set_write_timeout(Some(timeout)),
            Stream::Tcp(socket) => socket.set_write_timeout(Some(timeout)),
        }
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Stream::Unix(socket) => socket.shutdown(how),
            Stream::Tcp(socket) => socket.shutdown(how),
        }
    }
}

/// Waiting time that is used up by waiting alone, so that a front is never charged for the time
/// its handler took.
pub(crate) struct Patience(Duration);

impl Patience {
    pub(crate) fn new(time: Duration) -> Patience {
        Patience(time)
    }

    /// What is left, as a socket's timeout; an error when nothing is.
    pub(crate) fn left(&self) -> io::Result<Duration> {
        // The kernel counts in ticks of some milliseconds; less would round to "for ever".
        const SHORTEST: Duration = Duration::from_millis(1);
        if self.0.is_zero() {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the front took too long",
            ));
        }
        Ok(self.0.max(SHORTEST))
    }

    /// Takes one turn at the socket, again where a signal broke it off, and charges its time.
    pub(crate) fn charge<T>(
        &mut self,
        turn: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<Option<T>> {
        let start = Instant::now();
        let result = turn();
        self.0 = self.0.saturating_sub(start.elapsed());
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted
                | io::ErrorKind::WouldBlock
                | io::ErrorKind::TimedOut => Ok(None),
                _ => Err(error),
            },
        }
    }
}
