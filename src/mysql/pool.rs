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
use super::link::{self, Facts, Purpose};
use super::prepared::Prepared;
use super::server::{Manner, Server};
use mysql::prelude::Queryable;
use mysql::{Binary, Conn, Opts, QueryResult, Row, Value};
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Rows that are read and thrown away at most to keep a connection after an early end.
const ROWS_WORTH_DRAINING: usize = 16;

/// A connection that has read more, in bytes, is closed when there is nothing to do. The driver reads into
/// a buffer of 4 MB that it goes through from end to end before it begins again, and all of what it has been
/// through stays in memory: as much of it as new pages cost a quarter of the time of a download, so it is not
/// given back while there is something to do. To make a connection again costs the next request a
/// millisecond.
const LONGEST_READ_AT_REST: usize = 64 << 10;

/// What an answer has beside its rows, and each row beside its texts, in bytes: more than less.
const ANSWER_READ: usize = 512;
const ROW_READ: usize = 64;

/// The connections to one server.
pub(crate) struct Pool {
    opts: Opts,
    setup: String,
    /// How many statements a connection remembers.
    statements: usize,
    most: usize,
    wait: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Link>,
    open: usize,
    /// How many wait for a connection: to wake nobody is a system call too.
    waiting: usize,
    /// Counts the times that all idle connections were let go; those of before are not kept.
    era: u64,
}

struct Link {
    conn: Conn,
    prepared: Prepared,
    facts: Facts,
    purpose: Purpose,
    era: u64,
    /// How many bytes it has read, about.
    read: usize,
}

impl Pool {
    pub(crate) fn new(server: &Server, manner: &Manner) -> Arc<Pool> {
        Arc::new(Pool {
            opts: link::options(server, manner, Some(manner.io_timeout + manner.busy)),
            setup: link::setup(manner),
            statements: manner.statements,
            most: manner.connections.max(1),
            wait: manner.busy,
            state: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// A connection outside of any pool, on which one statement may take as long as it takes.
    pub(crate) fn patient(server: &Server, manner: &Manner) -> Result<Lease, Fault> {
        let pool = Arc::new(Pool {
            opts: link::options(server, manner, None),
            setup: link::setup(manner),
            statements: manner.statements,
            most: 1,
            wait: manner.busy,
            state: Mutex::default(),
            freed: Condvar::new(),
        });
        pool.take()
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
            if state.open < self.most {
                state.open += 1;
                break state.era;
            }
            if let Some(other) = state.idle.pop() {
                drop(state);
                return self.lease(other).made_fit(purpose);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let why = format!("all {} connections are in use", self.most);
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
        Lease {
            pool: Arc::clone(self),
            facts: link.facts,
            link: Some(link),
            open: false,
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

    fn close_one(&self) {
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

impl Link {
    fn execute(
        &mut self,
        sql: &str,
        values: Vec<Value>,
    ) -> Result<QueryResult<'_, '_, '_, Binary>, mysql::Error> {
        let statement = self.prepared.get(&mut self.conn, sql)?;
        self.conn.exec_iter(statement, values)
    }
}

/// Visits rows until there are no more or `visit` has enough; answers whether the connection has
/// nothing left to say.
fn walk(
    mut rows: QueryResult<'_, '_, '_, Binary>,
    read: &mut usize,
    visit: &mut impl FnMut(Row) -> Result<ControlFlow<()>, Fault>,
) -> (Result<(), Fault>, bool) {
    let mut end = Ok(());
    for row in rows.by_ref() {
        if let Ok(row) = &row {
            *read += size(row);
        }
        match row.map_err(Fault::from).and_then(&mut *visit) {
            Ok(ControlFlow::Continue(())) => continue,
            Ok(ControlFlow::Break(())) => {}
            Err(fault) => end = Err(fault),
        }
        break;
    }
    let over = rows.by_ref().take(ROWS_WORTH_DRAINING).count() < ROWS_WORTH_DRAINING;
    if !over {
        // Dropped, it would read all that is left. Forgetting it costs the memory of its columns'
        // names; the connection is closed instead.
        std::mem::forget(rows);
    }
    (end, over)
}

/// About how many bytes came for a row.
fn size(row: &Row) -> usize {
    let columns = (0..row.len()).filter_map(|column| row.as_ref(column));
    let texts = columns.map(|value| match value {
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    });
    ROW_READ + texts.sum::<usize>()
}

/// Runs statements one after another, as far as they succeed. The driver's own way to do so heeds the
/// first one's failure only.
fn all(conn: &mut Conn, sql: &str) -> Result<(), mysql::Error> {
    let mut answers = conn.query_iter(sql)?;
    while let Some(mut answer) = answers.iter() {
        for row in answer.by_ref() {
            row?;
        }
    }
    Ok(())
}

/// A connection of one's own for one transaction after another.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    link: Option<Link>,
    pub(crate) facts: Facts,
    /// Whether a transaction may be open.
    open: bool,
}

/// What a statement without rows did.
pub(crate) struct Done {
    /// How many rows it changed, as the server counts them.
    pub(crate) rows: u64,
    /// The number that it made known by LAST_INSERT_ID.
    pub(crate) number: Option<u64>,
}

impl Lease {
    /// The pool that it came from.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The server's number for this connection.
    pub(crate) fn id(&self) -> u32 {
        self.link
            .as_ref()
            .map_or(0, |link| link.conn.connection_id())
    }

    fn made_fit(mut self, purpose: Purpose) -> Result<Lease, Fault> {
        let done = self.conn()?.query_drop(purpose.setting());
        self.judge(done)?;
        if let Some(link) = &mut self.link {
            link.purpose = purpose;
        }
        Ok(self)
    }

    /// A statement is sent, which opens a transaction unless it is one.
    fn begin(&mut self) {
        if let Some(link) = &mut self.link {
            self.open |= link.purpose == Purpose::Transactions;
            link.read += ANSWER_READ;
        }
    }

    /// Runs a statement that answers no rows.
    pub(crate) fn run(&mut self, sql: &str, values: Vec<Value>) -> Result<Done, Fault> {
        let done = self.link()?.execute(sql, values).map(|answer| Done {
            rows: answer.affected_rows(),
            number: answer.last_insert_id(),
        });
        self.begin();
        self.judge(done)
    }

    /// Runs a query and takes its first row.
    pub(crate) fn first(&mut self, sql: &str, values: Vec<Value>) -> Result<Option<Row>, Fault> {
        let mut first = None;
        self.each(sql, values, |row| {
            if first.is_none() {
                first = Some(row);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(first)
    }

    /// Runs a query and visits its rows as they come in, until `visit` breaks.
    pub(crate) fn each(
        &mut self,
        sql: &str,
        values: Vec<Value>,
        mut visit: impl FnMut(Row) -> Result<ControlFlow<()>, Fault>,
    ) -> Result<(), Fault> {
        self.begin();
        let mut read = 0;
        let (end, over) = match self.link()?.execute(sql, values) {
            Ok(rows) => walk(rows, &mut read, &mut visit),
            Err(error) => (Err(error.into()), true),
        };
        if let Some(link) = &mut self.link {
            link.read += read;
        }
        if !over {
            self.discard();
        }
        end.map_err(|fault| self.note(fault))
    }

    /// Runs statements that are ours to the letter, one after another, in one exchange.
    pub(crate) fn script(&mut self, sql: &str) -> Result<(), Fault> {
        self.begin();
        let done = all(self.conn()?, sql);
        self.judge(done)
    }

    /// Ends the transaction and makes it durable.
    pub(crate) fn commit(&mut self) -> Result<(), Fault> {
        self.script("COMMIT")?;
        self.open = false;
        Ok(())
    }

    /// Runs statements that are ours to the letter and, if all succeed, ends the transaction and makes
    /// it durable; in one exchange.
    pub(crate) fn commit_after(&mut self, sql: &str) -> Result<(), Fault> {
        self.script(&format!("{sql}; COMMIT"))?;
        self.open = false;
        Ok(())
    }

    /// Ends the transaction as if it had never been.
    pub(crate) fn rollback(&mut self) -> Result<(), Fault> {
        self.script("ROLLBACK")?;
        self.open = false;
        Ok(())
    }

    fn link(&mut self) -> Result<&mut Link, Fault> {
        let closed = || "the connection of this session was closed".to_owned();
        (self.link.as_mut()).ok_or_else(|| Fault::Unavailable(closed()))
    }

    fn conn(&mut self) -> Result<&mut Conn, Fault> {
        Ok(&mut self.link()?.conn)
    }

    fn judge<T>(&mut self, result: Result<T, mysql::Error>) -> Result<T, Fault> {
        result.map_err(|error| self.note(error.into()))
    }

    fn note(&mut self, fault: Fault) -> Fault {
        if !fault.leaves_connection() {
            self.discard();
        }
        fault
    }

    fn discard(&mut self) {
        if self.link.take().is_some() {
            self.pool.close_one();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.open && self.rollback().is_err() {
            self.discard();
        }
        let Some(link) = self.link.take() else { return };
        let mut state = self.pool.state();
        if link.era == state.era {
            state.idle.push(link);
            self.pool.wake_one(state);
        } else {
            drop(state);
            self.pool.close_one();
        }
    }
}
