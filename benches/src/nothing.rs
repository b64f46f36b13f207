//! The floor: a FastCGI responder that answers every request with the same 200 bytes, and does nothing
//! besides. What it takes is what Apache, mod_fcgid and the protocol take.

use std::io::{self, Write};

use fastcgi::{Limits, Listener, Request, ResponseWriter, Stop};

fn answer(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
    let body = [b'x'; 200];
    response.write_all(b"Content-Type: text/plain\r\nContent-Length: 200\r\n\r\n")?;
    response.write_all(&body)
}

fn main() -> io::Result<()> {
    let Some(listener) = Listener::from_stdin()? else {
        return Err(io::Error::other(
            "standard input is not a listening socket: Apache's mod_fcgid starts this program",
        ));
    };
    fastcgi::serve(listener, 1, Limits::default(), &answer, &Stop::new())
}
