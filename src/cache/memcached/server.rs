//! One memcached server: how it is reached, and what is done when it is not.

use super::MemcachedOptions;
use super::breaker::Breaker;
use super::link::{Failure, Idle, Link, Meta, Text};
use crate::cache::Entry;
use memcache::exp::MetaConnection;
use memcache::{Client, ConnectionManager, Pool, Url};
use scheduled_thread_pool::ScheduledThreadPool;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct Server {
    host: String,
    port: u16,
    connect_timeout: Duration,
    io_timeout: Duration,
    /// The thread in which all pools make their connections.
    connector: OnceLock<Arc<ScheduledThreadPool>>,
    /// It has not yet answered in text what it did not answer as a meta command.
    may_know_meta: AtomicBool,
    state: Mutex<State>,
}

struct State {
    breaker: Breaker,
    idle: Idle,
}

impl Server {
    pub(super) fn new(host: String, port: u16, options: &MemcachedOptions) -> Self {
        Server {
            host,
            port,
            connect_timeout: options.connect_timeout,
            io_timeout: options.io_timeout,
            connector: OnceLock::new(),
            may_know_meta: AtomicBool::new(true),
            state: Mutex::new(State {
                breaker: Breaker::new(options.silence),
                idle: Idle::default(),
            }),
        }
    }

    /// What a key holds, if it holds anything; nothing at all if the server is away.
    pub(super) fn look(&self, key: &str) -> Option<Option<Entry>> {
        if !self.may_know_meta.load(Ordering::Relaxed) {
            return self.ask(|link: &mut Text| link.look(key));
        }
        if !self.allows() {
            return None;
        }
        match self.talk(|link: &mut Meta| link.look(key)) {
            Ok(found) => return Some(found),
            Err(Failure { slow: true, .. }) => return None,
            Err(_) => {}
        }
        // The same try, when a silence is over and only one is allowed: else an old server would be away for
        // ever, because it never answers the first of the two questions.
        let found = self.talk(|link: &mut Text| link.look(key)).ok();
        if found.is_some() {
            // It is not away, so it is older than meta commands, or a proxy that does not pass them on.
            self.may_know_meta.store(false, Ordering::Relaxed);
        }
        found
    }

    /// Sends a command; nothing if the server is away.
    pub(super) fn ask<L: Link, T>(
        &self,
        command: impl Fn(&mut L) -> Result<T, Failure>,
    ) -> Option<T> {
        self.allows().then(|| self.talk(command).ok()).flatten()
    }

    /// Whether the server may be asked now.
    fn allows(&self) -> bool {
        self.state().breaker.allows(Instant::now())
    }

    /// Sends a command and notes whether the server is away. A connection from before may have been closed
    /// since, as by a restart; then a new one is tried at once, so `command` may run twice.
    fn talk<L: Link, T>(
        &self,
        command: impl Fn(&mut L) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let reused = L::idle(&mut self.state().idle).pop();
        let known = reused.is_some();
        let mut outcome = self.attempt(reused, &command);
        if known && matches!(outcome, Err(Failure { slow: false, .. })) {
            // The others are no better.
            L::idle(&mut self.state().idle).clear();
            outcome = self.attempt(None, &command);
        }
        let mut state = self.state();
        let (host, port) = (&self.host, self.port);
        match outcome {
            Ok((answer, link)) => {
                L::idle(&mut state.idle).push(link);
                if state.breaker.succeeded() {
                    log::info!("memcached {host}:{port} is back");
                }
                Ok(answer)
            }
            Err(failure) => {
                if state.breaker.failed(failure.slow, Instant::now()) {
                    let why = &failure.why;
                    log::warn!("memcached {host}:{port} is away, going on without it: {why}");
                }
                Err(failure)
            }
        }
    }

    /// The answer, and the connection if it may be used again.
    fn attempt<L: Link, T>(
        &self,
        reused: Option<L>,
        command: impl Fn(&mut L) -> Result<T, Failure>,
    ) -> Result<(T, L), Failure> {
        let mut link = match reused {
            Some(link) => link,
            None => self.connect()?,
        };
        let answer = command(&mut link)?;
        Ok((answer, link))
    }

    /// A connection to the first address of the host that takes one in time.
    fn connect<L: Link>(&self) -> Result<L, Failure> {
        let addresses = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|error| Failure::new(error, true))?;
        let mut failure = Failure::new("the host has no address", true);
        for address in addresses {
            match TcpStream::connect_timeout(&address, self.connect_timeout) {
                Ok(stream) => return L::over(stream, address, self),
                Err(error) => failure = Failure::from(&error),
            }
        }
        Err(failure)
    }

    /// A connection for meta commands.
    pub(super) fn meta(&self, stream: TcpStream) -> Result<MetaConnection, Failure> {
        stream
            .set_nodelay(true)
            .map_err(|error| Failure::from(&error))?;
        let mut connection = MetaConnection::from_stream(stream);
        connection.set_io_timeout(Some(self.io_timeout));
        Ok(connection)
    }

    /// A client for text commands, which makes a connection of its own.
    pub(super) fn client(&self, address: SocketAddr) -> Result<Client, Failure> {
        let refused = |why: &dyn std::fmt::Display| Failure::new(why, true);
        let timeout = self.io_timeout.as_secs_f64();
        let url = format!("memcache://{address}?protocol=ascii&timeout={timeout}");
        let url = Url::parse(&url).map_err(|error| refused(&error))?;
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
            .map_err(|error| refused(&error))?;
        Client::with_pools(vec![pool]).map_err(|error| refused(&error))
    }

    /// A panic elsewhere leaves nothing half done here.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
