//! One memcached server: how it is reached, and what is done when it is not.

use super::MemcachedOptions;
use super::breaker::Breaker;
use super::wire::Wire;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct Server {
    host: String,
    port: u16,
    connect_timeout: Duration,
    io_timeout: Duration,
    state: Mutex<State>,
}

struct State {
    breaker: Breaker,
    /// Connections that wait for the next command. A command has one for itself, so that nobody else
    /// reads what it left unread when it failed.
    idle: Vec<Wire>,
}

/// A command that got no answer.
struct Failure {
    why: String,
    /// It took its whole time.
    slow: bool,
}

impl Server {
    pub(super) fn new(host: String, port: u16, options: &MemcachedOptions) -> Self {
        Server {
            host,
            port,
            connect_timeout: options.connect_timeout,
            io_timeout: options.io_timeout,
            state: Mutex::new(State {
                breaker: Breaker::new(options.silence),
                idle: Vec::new(),
            }),
        }
    }

    /// Sends a command; nothing if the server is away. A connection from before may have been closed
    /// since, as by a restart; then a new one is tried at once, so `command` may run twice.
    pub(super) fn ask<T>(&self, command: impl Fn(&mut Wire) -> io::Result<T>) -> Option<T> {
        let reused = {
            let mut state = self.state();
            if !state.breaker.allows(Instant::now()) {
                return None;
            }
            state.idle.pop()
        };
        let known = reused.is_some();
        let mut outcome = self.attempt(reused, &command);
        if known && matches!(outcome, Err(Failure { slow: false, .. })) {
            // The others are no better.
            self.state().idle.clear();
            outcome = self.attempt(None, &command);
        }
        let mut state = self.state();
        match outcome {
            Ok((answer, wire)) => {
                state.idle.push(wire);
                if state.breaker.succeeded() {
                    log::info!("memcached {}:{} is back", self.host, self.port);
                }
                Some(answer)
            }
            Err(Failure { why, slow }) => {
                if state.breaker.failed(slow, Instant::now()) {
                    let (host, port) = (&self.host, self.port);
                    log::warn!("memcached {host}:{port} is away, going on without it: {why}");
                }
                None
            }
        }
    }

    /// The answer, and the connection if it may be used again.
    fn attempt<T>(
        &self,
        reused: Option<Wire>,
        command: impl Fn(&mut Wire) -> io::Result<T>,
    ) -> Result<(T, Wire), Failure> {
        let mut wire = match reused {
            Some(wire) => wire,
            None => self.connect()?,
        };
        let answer = command(&mut wire)?;
        Ok((answer, wire))
    }

    /// A connection to the first address of the host that takes one in time.
    fn connect(&self) -> Result<Wire, Failure> {
        let addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| Failure {
                why: error.to_string(),
                slow: true,
            })?;
        let mut failure = Failure {
            why: "the host has no address".to_owned(),
            slow: true,
        };
        for address in addresses {
            match Wire::connect(&address, self.connect_timeout, self.io_timeout) {
                Ok(wire) => return Ok(wire),
                Err(error) => failure = error.into(),
            }
        }
        Err(failure)
    }

    /// A panic elsewhere leaves nothing half done here.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure {
            slow: matches!(
                error.kind(),
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
            ),
            why: error.to_string(),
        }
    }
}
