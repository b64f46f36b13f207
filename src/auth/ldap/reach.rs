//! From a directory's URL to a TCP connection, in bounded time.
//!
//! Looking up a name can hang for as long as the system's resolver likes, and can't be interrupted;
//! so a thread of its own does it, and is left behind when it takes too long.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;
use url::{Host, Url};

/// Connects to the host of `url`, or to `usual_port` where it names none, before `until`. Each of
/// the host's addresses is tried.
pub(super) fn connect(url: &Url, usual_port: u16, until: Instant) -> io::Result<TcpStream> {
    let port = url.port().unwrap_or(usual_port);
    let addresses = addresses(url, port, until)?;
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let untried = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = left(until)? / untried;
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The time that is left, or the error that none is.
fn left(until: Instant) -> io::Result<std::time::Duration> {
    let left = until.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(io::ErrorKind::TimedOut.into()),
        false => Ok(left),
    }
}

fn addresses(url: &Url, port: u16, until: Instant) -> io::Result<Vec<SocketAddr>> {
    let name = match url.host() {
        Some(Host::Ipv4(address)) => return Ok(vec![(address, port).into()]),
        Some(Host::Ipv6(address)) => return Ok(vec![(address, port).into()]),
        // Schemes that the URL standard does not know keep addresses as names.
        Some(Host::Domain(name)) => match name.parse::<IpAddr>() {
            Ok(address) => return Ok(vec![(address, port).into()]),
            Err(_) => name.to_owned(),
        },
        None => "localhost".to_owned(),
    };
    let (answer, answered) = mpsc::channel();
    thread::Builder::new()
        .name("name-lookup".to_owned())
        .spawn(move || {
            let found = (name.as_str(), port).to_socket_addrs();
            // Nobody waits any more if it took too long.
            let _ = answer.send(found.map(Iterator::collect));
        })?;
    answered
        .recv_timeout(left(until)?)
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn names_and_addresses_are_reached_at_their_port() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost"] {
            let url = Url::parse(&format!("ldap://{host}:{port}")).unwrap();
            assert!(connect(&url, 1, soon()).is_ok(), "{host}");
            let url = Url::parse(&format!("ldap://{host}")).unwrap();
            assert!(connect(&url, port, soon()).is_ok(), "{host}");
        }
    }

    #[test]
    fn no_time_is_no_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ldap://{}", listener.local_addr().unwrap());
        let late = connect(&Url::parse(&url).unwrap(), 1, Instant::now());
        assert_eq!(late.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
