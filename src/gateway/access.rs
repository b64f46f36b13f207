//! One line per request in the log, target `access`: who, what, how it ended, how long it took.
//!
//! A line holds no query, header or body, since those carry passwords, reset codes and records.
//! The path is written with everything outside plain printable ASCII percent-encoded, so that no
//! client can forge a line or colour an operator's terminal.

use log::Level;
use std::net::IpAddr;
use std::time::Instant;

use crate::exchange::{Client, Request, Target};

/// The source of the lines.
const TARGET: &str = "access";

/// A request that is being answered: nothing is noted of it where nobody wants the line.
pub struct Entry(Option<Noted>);

struct Noted {
    start: Instant,
    client: Option<IpAddr>,
    method: String,
    path: String,
}

impl Entry {
    /// Notes what `request` is, and the time.
    pub fn begin(request: &Request<'_>) -> Self {
        let wanted = log::log_enabled!(target: TARGET, Level::Info);
        Entry(wanted.then(|| Noted::of(request)))
    }

    /// Writes the line: the status that was sent, and how many bytes of body went out.
    pub fn finish(self, status: u16, bytes: u64) {
        if let Some(noted) = self.0 {
            log::info!(target: TARGET, "{}", noted.line(status, bytes));
        }
    }
}

impl Noted {
    fn of(request: &Request<'_>) -> Self {
        let client = request.extensions().get::<Client>();
        let target = request.extensions().get::<Target>();
        Noted {
            start: Instant::now(),
            client: client.and_then(|client| client.address),
            method: request.method().to_string(),
            path: target.map_or_else(String::new, |target| {
                printable(&target.mount) + &printable(&target.path)
            }),
        }
    }

    fn line(&self, status: u16, bytes: u64) -> String {
        let client = self
            .client
            .map_or_else(|| "-".to_owned(), |address| address.to_string());
        let milliseconds = self.start.elapsed().as_millis();
        let Noted { method, path, .. } = self;
        format!("{client} {method} {path} {status} {bytes} {milliseconds}ms")
    }
}

fn printable(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for &byte in path {
        match byte {
            b'%' | b'"' | b'\\' => text.push_str(&format!("%{byte:02X}")),
            0x21..=0x7e => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::RequestBody;

    #[test]
    fn a_line_tells_no_query_and_no_client_can_break_it() {
        let mut request = Request::new(RequestBody::empty());
        request
            .headers_mut()
            .insert("authorization", "Basic c2VjcmV0".parse().unwrap());
        request.extensions_mut().insert(Target {
            mount: b"/weave".to_vec(),
            path: b"/1.1/a b\n\x1b[31m\xff%20".to_vec(),
            query: b"password=secret".to_vec(),
            undecodable: false,
        });
        request.extensions_mut().insert(Client {
            address: Some("::1".parse().unwrap()),
            ..Client::default()
        });

        let line = Noted::of(&request).line(200, 12);
        let expected = "::1 GET /weave/1.1/a%20b%0A%1B[31m%FF%2520 200 12 ";
        assert!(line.starts_with(expected), "{line}");
        assert!(line.ends_with("ms") && !line.contains("secret"), "{line}");
    }
}
