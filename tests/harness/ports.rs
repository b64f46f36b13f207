//! TCP ports that no two servers under test ever share.
//!
//! Apache and nginx can't be told to take any free port, and a port that is found free and then
//! given back may be taken by another test before the server binds it. So a port is claimed first: a
//! claim is an abstract Unix socket named after the port, held as long as the server lives, visible
//! to every test program on the machine, and gone with its holder. The range lies below the
//! ports that Linux gives to outgoing connections.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A port of 127.0.0.1, ours until this value is dropped.
#[derive(Debug)]
pub struct Port {
    pub number: u16,
    _claim: UnixListener,
}

impl Port {
    /// Claims a port that nothing listens on.
    pub fn claim() -> Port {
        // Test programs that start together look in different places.
        let start = (std::process::id() % u32::from(COUNT)) as u16;
        (0..COUNT)
            .find_map(|step| Port::try_claim(FIRST + (start + step) % COUNT))
            .expect("one of ten thousand ports is free")
    }

    fn try_claim(number: u16) -> Option<Port> {
        let name = format!("weft-test-port-{number}");
        let claim = UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).ok()?).ok()?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, number)).ok()?;
        Some(Port {
            number,
            _claim: claim,
        })
    }
}
