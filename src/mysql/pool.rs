//! Connections to one server: at most so many, made when needed, kept while they are sound.
//!
//! Not the driver's own pool: that one connects while it holds its lock, so that a server that
//! does not answer stops every thread in turn, and it has no way to let go of all connections at
//! once after the server was restarted.
//!
//! Connections for transactions run without autocommit, so that the first statement of a session
//! begins its transaction at no cost; a [`Lease`] rolls back what was not committed when it is dropped.
//! A question of one statement needs neither beginning nor end: it goes over a connection with
//! autocommit, and takes one exchange where it would take two.

use super::fault::Fault;
use super::lease::{Lease, Link};
use super::link::{self, Purpose};
use super::prepared::Prepared;
use super::server::{Manner, Server};
use mysql::Opts;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A connection that has read more, in bytes, is closed when there is nothing to do. The driver reads into
/// a buffer of 4 MB that it goes through from end to end before it begins again, and all of what it has been
/// through stays in memory: as much of it as new pages cost a quarter of the time of a download, so it is not
/// given back while there is something to do. To make a connection again costs the next request a
/// millisecond.
const LONGEST_READ_AT_REST: usize = 64 << 10;

/// The connections to one server.
pub(crate) struct Pool {
    opts: Opts,
    setup: String,
    /// How many statements a connection remembers.
    statements: usize,
    wait: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Link>,
    open: usize,
    /// How many may be open.
    most: usize,
    /// How many wait for a connection: to wake nobody is a system call too.
    waiting: usize,
    /// Counts the times that all idle connections were let go; those of before are not kept.
    era: u64,
}

impl Pool {
    pub(crate) fn new(server: &Server, manner: &Manner) -> Arc<Pool> {
        let read_timeout = manner.io_timeout + manner.busy;
        Self::reading_for(Some(read_timeout), (server, manner), manner.connections)
    }

    /// A connection outside of any pool, on which one statement may take as long as it takes.
    pub(crate) fn patient(server: &Server, manner: &Manner) -> Result<Lease, Fault> {
        Self::reading_for(None, (server, manner), 1).take()
    }

    fn reading_for(
        read_timeout: Option<Duration>,
        (server, manner): (&Server, &Manner),
        most: usize,
    ) -> Arc<Pool> {
        Arc::new(Pool {
            opts: link::options(server, manner, read_timeout),
            setup: link::setup(manner),
            statements: manner.statements,
            wait: manner.busy,
            state: Mutex::new(State {
                most: most.max(1),
                ..State::default()
            }),
            freed: Condvar::new(),
        })
    }

    /// So many connections more may be open.
    pub(super) fn widen(&self, by: usize) {
        self.state().most += by;
        self.freed.notify_all();
    }

    /// An idle connection for transactions, or a new one, as soon as there may be one more.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Lease, Fault> {
        self.take_for(Purpose::Transactions)
    }

    fn take_for(self: &Arc<Self>, purpose: Purpose) -> Result<Lease, Fault> {
        let deadline = Instant::now() + self.wait;
        let mut state = self.state();
        let era = loop {
            if let Some(fit) = state.idle.iter().rposition(|link| link.purpose == purpose) {
                let link = state.idle.swap_remove(fit);
                return Ok(self.lease(link));
            }
            if state.open < state.most {
                state.open += 1;
                break state.era;
            }
            if let Some(other) = state.idle.pop() {
                drop(state);
                return self.lease(other).made_fit(purpose);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let why = format!("all {} connections are in use", state.most);
                return Err(Fault::Unavailable(why));
            }
            state.waiting += 1;
            state = self
                .freed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.waiting -= 1;
        };
        drop(state);
        match self.connect(era, purpose) {
            Ok(link) => Ok(self.lease(link)),
            Err(error) => {
                self.close_one();
                Err(Fault::no_connection(error))
            }
        }
    }

    /// Runs `work` on a connection for transactions; once more, when it ended for reasons that a
    /// second try may not meet again. `work` must not have written anything durable when it fails so.
    pub(crate) fn attempt<T>(
        self: &Arc<Self>,
        work: impl FnMut(Lease) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.attempt_for(Purpose::Transactions, work)
    }

    /// Runs `work`, a question of one statement, as [`attempt`](Self::attempt) does, but without a
    /// transaction around it.
    pub(crate) fn ask<T>(
        self: &Arc<Self>,
        work: impl FnMut(Lease) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.attempt_for(Purpose::Statements, work)
    }

    fn attempt_for<T>(
        self: &Arc<Self>,
        purpose: Purpose,
        mut work: impl FnMut(Lease) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut tried = false;
        loop {
            match self.take_for(purpose).and_then(&mut work) {
                Err(Fault::Lost(_)) if !tried => self.forget_idle(),
                Err(Fault::Deadlock | Fault::Duplicate) if !tried => {}
                result => return result,
            }
            tried = true;
        }
    }

    /// Lets go of every idle connection: one was found dead, so the others may be.
    pub(crate) fn forget_idle(&self) {
        let mut state = self.state();
        state.era += 1;
        let idle = std::mem::take(&mut state.idle);
        state.open = state.open.saturating_sub(idle.len());
        drop(state);
        self.freed.notify_all();
    }

    /// Closes the idle connections whose reading has cost memory.
    pub(crate) fn rest(&self) {
        let mut state = self.state();
        let (heavy, light): (Vec<_>, Vec<_>) = std::mem::take(&mut state.idle)
            .into_iter()
            .partition(|link| link.read > LONGEST_READ_AT_REST);
        state.idle = light;
        state.open = state.open.saturating_sub(heavy.len());
        drop(state);
        self.freed.notify_all();
        // To end one is to write to the server: nobody shall wait for that.
        drop(heavy);
    }

    fn lease(self: &Arc<Self>, link: Link) -> Lease {
        Lease::of(Arc::clone(self), link)
    }

    /// Keeps a connection that was lent, or closes it.
    pub(super) fn take_back(&self, link: Link) {
        let mut state = self.state();
        if link.era == state.era {
            state.idle.push(link);
            self.wake_one(state);
        } else {
            drop(state);
            // To end it is to write to the server: nobody shall wait for that.
            drop(link);
            self.close_one();
        }
    }

    fn connect(&self, era: u64, purpose: Purpose) -> Result<Link, mysql::Error> {
        let (conn, facts) = link::connect(&self.opts, &self.setup, purpose)?;
        Ok(Link {
            conn,
            prepared: Prepared::new(self.statements),
            facts,
            purpose,
            era,
            read: 0,
        })
    }

    /// A connection that was lent is gone.
    pub(super) fn close_one(&self) {
        let mut state = self.state();
        state.open = state.open.saturating_sub(1);
        self.wake_one(state);
    }

    fn wake_one(&self, state: MutexGuard<'_, State>) {
        let waiting = state.waiting > 0;
        drop(state);
        if waiting {
            self.freed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
