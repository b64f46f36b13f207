//! Clients that ask without a pause, each on a connection of its own: the next request leaves when the
//! last answer is there.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::{Answer, Client};

/// Makes the next request; is told the status of the answer before.
pub type Script<'s> = Box<dyn FnMut(Option<u16>) -> Vec<u8> + Send + 's>;

/// What a load came to.
#[derive(Debug, Default)]
pub struct Load {
    pub seconds: f64,
    /// How long each answer took, in microseconds.
    pub waits: Vec<u32>,
    /// Bytes of all bodies.
    pub bytes: usize,
}

impl Load {
    pub fn requests(&self) -> usize {
        self.waits.len()
    }

    pub fn rate(&self) -> f64 {
        self.requests() as f64 / self.seconds
    }
}

/// Lets every script ask for so long. `allowed` says which answers are as they should be.
///
/// # Errors
///
/// The first answer that should not be, in words.
pub fn put_on(
    address: SocketAddr,
    length: Duration,
    scripts: Vec<Script<'_>>,
    allowed: fn(u16) -> bool,
) -> Result<Load, String> {
    let start = Instant::now();
    let loads: Vec<Result<Load, String>> = thread::scope(|scope| {
        let clients: Vec<_> = scripts
            .into_iter()
            .map(|script| scope.spawn(move || ask(address, start + length, script, allowed)))
            .collect();
        let ended = clients.into_iter().map(|client| client.join());
        ended
            .map(|load| load.unwrap_or_else(|_| Err("a client panicked".to_owned())))
            .collect()
    });
    let mut all = Load {
        seconds: start.elapsed().as_secs_f64(),
        ..Load::default()
    };
    for load in loads {
        let load = load?;
        all.waits.extend(load.waits);
        all.bytes += load.bytes;
    }
    Ok(all)
}

fn ask(
    address: SocketAddr,
    end: Instant,
    mut script: Script<'_>,
    allowed: fn(u16) -> bool,
) -> Result<Load, String> {
    let mut client = Client::new(address);
    let mut load = Load::default();
    let mut last = None;
    while Instant::now() < end {
        let request = script(last);
        let start = Instant::now();
        let Answer { status, length } = client
            .ask(&request)
            .map_err(|problem| format!("{}: {problem}", first_line(&request)))?;
        load.waits.push(start.elapsed().as_micros() as u32);
        load.bytes += length;
        if !allowed(status) {
            let answer: String = client.text().chars().take(500).collect();
            return Err(format!("{}: {answer}", first_line(&request)));
        }
        last = Some(status);
    }
    Ok(load)
}

fn first_line(request: &[u8]) -> String {
    let line = request.split(|byte| *byte == b'\r').next();
    String::from_utf8_lossy(line.unwrap_or_default()).into_owned()
}
