//! The socket on which fronts connect.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use crate::stream::Stream;

/// A listening socket of either family.
pub enum Listener {
    /// A socket with a path, as mod_fcgid makes for its processes.
    Unix(UnixListener),
    /// A socket with a port.
    Tcp(TcpListener),
}

impl Listener {
    /// The listening socket that a front or a spawner left as standard input, the FastCGI way of
    /// starting a program; none when standard input is anything else (a terminal, a pipe, a file,
    /// a connection). This is how a program knows that it was started as a FastCGI worker.
    ///
    /// # Errors
    ///
    /// Standard input cannot be duplicated, or is a listening socket of a family that is neither
    /// Unix nor IP.
    pub fn from_stdin() -> io::Result<Option<Listener>> {
        Listener::from_descriptor(io::stdin().as_fd())
    }

    fn from_descriptor(descriptor: BorrowedFd<'_>) -> io::Result<Option<Listener>> {
        let socket = descriptor.try_clone_to_owned()?;
        // Asked for its peer, a listening socket of any family answers "not connected"; a
        // connection names one, and what is no socket says so.
        let socket = UnixStream::from(socket);
        match socket.peer_addr() {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
            _ => return Ok(None),
        }
        let unix = UnixListener::from(std::os::fd::OwnedFd::from(socket));
        if unix.local_addr().is_ok() {
            return Ok(Some(Listener::Unix(unix)));
        }
        let tcp = TcpListener::from(std::os::fd::OwnedFd::from(unix));
        tcp.local_addr()?;
        Ok(Some(Listener::Tcp(tcp)))
    }

    /// Makes every `accept` return after `turn` at the latest, whatever mode the socket came in.
    pub(crate) fn set_turn(&self, turn: Duration) -> io::Result<()> {
        let descriptor = match self {
            Listener::Unix(listener) => {
                listener.set_nonblocking(false)?;
                listener.as_fd()
            }
            Listener::Tcp(listener) => {
                listener.set_nonblocking(false)?;
                listener.as_fd()
            }
        };
        // The standard library has this setting on streams alone; it is the same for any socket.
        UnixStream::from(descriptor.try_clone_to_owned()?).set_read_timeout(Some(turn))
    }

    pub(crate) fn accept(&self) -> io::Result<Stream> {
        match self {
            Listener::Unix(listener) => Ok(Stream::Unix(listener.accept()?.0)),
            Listener::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                // Answers go out in whole buffers; waiting to merge them only delays the last. A
                // connection that cannot be told so is served all the same.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_listening_socket_is_told_from_a_connection_and_a_file() {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
        let (left, _right) = UnixStream::pair().unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();

        let found = |descriptor: BorrowedFd<'_>| Listener::from_descriptor(descriptor).unwrap();
        assert!(matches!(found(tcp.as_fd()), Some(Listener::Tcp(_))));
        assert!(found(client.as_fd()).is_none());
        assert!(found(left.as_fd()).is_none());
        assert!(found(file.as_fd()).is_none());
    }
}
