//! The least a responder can do: a fixed answer with a body of 200 bytes, to any request. What a
//! front and the protocol cost by themselves shows here.
//!
//! Started by a front (with the listening socket as standard input), or by hand:
//! `empty_responder 127.0.0.1:9000 [WORKERS]` or `empty_responder /tmp/empty.sock [WORKERS]`.

use std::io::{self, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;

use fastcgi::{Limits, Listener, Request, ResponseWriter, Stop};

fn answer(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
    response.write_all(b"Content-Type: text/plain\r\nContent-Length: 200\r\n\r\n")?;
    response.write_all(&[b'.'; 200])
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next();
    let workers = arguments
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let listener = match address {
        Some(path) if path.starts_with('/') => Listener::Unix(UnixListener::bind(path)?),
        Some(address) => Listener::Tcp(TcpListener::bind(address)?),
        None => Listener::from_stdin()?
            .ok_or_else(|| io::Error::other("standard input is not a listening socket"))?,
    };
    fastcgi::serve(listener, workers, Limits::default(), &answer, &Stop::new())
}
