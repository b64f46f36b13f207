//! One memcached server: how it is reached, and what is done when it is not.

use super::MemcachedOptions;
use super::breaker::Breaker;
use memcache::{Client, ConnectionManager, MemcacheError, Pool, Url};
use scheduled_thread_pool::ScheduledThreadPool;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct Server {
    host: String,
    port: u16,
    connect_timeout: Duration,
    io_timeout: Duration,
    /// The thread in which all pools make their connections.
    connector: OnceLock<Arc<ScheduledThreadPool>>,
    state: Mutex<State>,
}

struct State {
    breaker: Breaker,
    /// Connections that wait for the next command. A command has one for itself, so that nobody else
    /// reads what it left unread when it failed.
    idle: Vec<Client>,
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
            connector: OnceLock::new(),
            state: Mutex::new(State {
                breaker: Breaker::new(options.silence),
                idle: Vec::new(),
            }),
        }
    }

    /// Sends a command; nothing if the server is away. A connection from before may have been closed
    /// since, as by a restart; then a new one is tried at once, so `command` may run twice.
    pub(super) fn ask<T>(
        &self,
        command: impl Fn(&Client) -> Result<T, MemcacheError>,
    ) -> Option<T> {
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
            Ok((answer, client)) => {
                state.idle.push(client);
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
        reused: Option<Client>,
        command: impl Fn(&Client) -> Result<T, MemcacheError>,
    ) -> Result<(T, Client), Failure> {
        let client = match reused {
            Some(client) => client,
            None => self.connect()?,
        };
        match command(&client) {
            Ok(answer) => Ok((answer, client)),
            Err(error) => Err(Failure {
                slow: match &error {
                    MemcacheError::IOError(error) => is_timeout(error),
                    MemcacheError::PoolError(_) => true,
                    _ => false,
                },
                why: error.to_string(),
            }),
        }
    }

    /// A client of the first address of the host that takes a connection in time.
    fn connect(&self) -> Result<Client, Failure> {
        let refused = |why: &dyn std::fmt::Display, slow| Failure {
            why: why.to_string(),
            slow,
        };
        let addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| refused(&error, true))?;
        let mut failure = refused(&"the host has no address", true);
        for address in addresses {
            match TcpStream::connect_timeout(&address, self.connect_timeout) {
                Ok(_) => return self.client(address).map_err(|why| refused(&why, true)),
                Err(error) => failure = refused(&error, is_timeout(&error)),
            }
        }
        Err(failure)
    }

    fn client(&self, address: SocketAddr) -> Result<Client, String> {
        let timeout = self.io_timeout.as_secs_f64();
        let url = format!("memcache://{address}?protocol=ascii&timeout={timeout}");
        let url = Url::parse(&url).map_err(|error| error.to_string())?;
        let connector = self
            .connector
            .get_or_init(|| Arc::new(ScheduledThreadPool::new(1)));
        let pool = Pool::builder()
            .thread_pool(Arc::clone(connector))
            .max_size(1)
            // Else each pool leaves a task to that thread for ever.
            .max_lifetime(None)
            .idle_timeout(None)
            .min_idle(Some(0))
            .test_on_check_out(false)
            .connection_timeout(self.connect_timeout)
            .build(ConnectionManager::new(url))
            .map_err(|error| error.to_string())?;
        Client::with_pools(vec![pool]).map_err(|error| error.to_string())
    }

    /// A panic elsewhere leaves nothing half done here.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock
    )
}
