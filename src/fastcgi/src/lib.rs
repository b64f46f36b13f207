//! The application's side of FastCGI 1.0, for the responder role.
//!
//! A front (Apache's mod_fcgid or mod_proxy_fcgi, nginx, lighttpd) sends requests over a listening
//! socket; [`serve`] hands each to a [`Handler`] on one of a fixed number of threads. Everything a
//! front can make this package hold or wait for has a bound in [`Limits`], except the body, which
//! is a lazy reader: the handler decides how much of it to take. A stream that breaks the protocol
//! costs its connection and one line in the log, never the process.
//!
//! What it is not: a parser of CGI variables or headers (values are bytes, and stay so), an
//! authorizer or filter, or a multiplexer. No front in use multiplexes.
//!
//! ```no_run
//! use std::io::{self, Write};
//! use fastcgi::{Limits, Listener, Request, ResponseWriter, Stop};
//!
//! fn hello(_: &mut Request<'_>, response: &mut ResponseWriter<'_>) -> io::Result<()> {
//!     response.write_all(b"Content-Type: text/plain\r\n\r\nHello\n")
//! }
//!
//! fn main() -> io::Result<()> {
//!     let Some(listener) = Listener::from_stdin()? else {
//!         return Err(io::Error::other("standard input is not a listening socket"));
//!     };
//!     fastcgi::serve(listener, 1, Limits::default(), &hello, &Stop::new())
//! }
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod connection;
mod conversation;
mod inbound;
mod limits;
mod listener;
mod outgoing;
mod params;
mod record;
mod request;
mod response;
mod serve;
mod stop;
mod stream;

pub use limits::Limits;
pub use listener::Listener;
pub use params::Params;
pub use request::{Request, Stdin};
pub use response::ResponseWriter;
pub use serve::{Handler, serve};
pub use stop::Stop;
