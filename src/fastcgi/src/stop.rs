//! The handle that ends a server.
//!
//! Two kinds of waiting have to be cut short, without signals and without `unsafe`. A thread that
//! waits on an idle connection has left it here, and [`Stop::request`] closes its reading side. A
//! thread that waits in `accept` wakes by itself every [`ACCEPT_TURN`] and looks: the listening
//! socket has a receive timeout, which Linux applies to `accept`. (Connecting to our own address
//! would be quicker, but the path may be gone or closed to us; shutting the listening socket down
//! would take it from the other processes that share it.)

use std::net::Shutdown;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::stream::Stream;

/// How long a thread waits in `accept` before it looks whether to stop.
pub(crate) const ACCEPT_TURN: Duration = Duration::from_millis(250);

/// Makes [`serve`](crate::serve) return. Clones are the same handle, for any thread.
#[derive(Clone, Default)]
pub struct Stop {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    requested: Condvar,
}

#[derive(Default)]
struct State {
    requested: bool,
    idle: Vec<Arc<Stream>>,
}

impl Stop {
    /// A handle that has not been asked to stop.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Asks the server to end: no new connection is accepted, idle ones are closed, running
    /// requests are answered. `serve` returns after the last of them, or within a quarter of a
    /// second when there is none. There is no way back.
    pub fn request(&self) {
        let mut state = self.lock();
        state.requested = true;
        for stream in &state.idle {
            // A connection the front has closed already needs no waking.
            let _ = stream.shutdown(Shutdown::Read);
        }
        self.shared.requested.notify_all();
    }

    /// Whether [`request`](Stop::request) was called.
    pub fn is_requested(&self) -> bool {
        self.lock().requested
    }

    /// Marks a connection as waiting for a request, until the guard goes. None when it should not
    /// wait any more.
    pub(crate) fn idle<'s>(&'s self, stream: &'s Arc<Stream>) -> Option<Idle<'s>> {
        let mut state = self.lock();
        if state.requested {
            return None;
        }
        state.idle.push(Arc::clone(stream));
        Some(Idle { stop: self, stream })
    }

    /// Sleeps, or less when the server is asked to end meanwhile.
    pub(crate) fn pause(&self, time: Duration) {
        let wait = self
            .shared
            .requested
            .wait_timeout_while(self.lock(), time, |s| !s.requested);
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Idle<'s> {
    stop: &'s Stop,
    stream: &'s Arc<Stream>,
}

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        self.stop
            .lock()
            .idle
            .retain(|other| !Arc::ptr_eq(other, self.stream));
    }
}
