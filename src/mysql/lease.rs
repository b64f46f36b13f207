//! A connection that was lent: what may be said over it, and what becomes of it after that.

use super::fault::Fault;
use super::link::{Facts, Purpose};
use super::pool::Pool;
use super::prepared::Prepared;
use mysql::prelude::Queryable;
use mysql::{Binary, Conn, QueryResult, Row, Value};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Rows that are read and thrown away at most to keep a connection after an early end.
const ROWS_WORTH_DRAINING: usize = 16;

/// What an answer has beside its rows, and each row beside its texts, in bytes: more than less.
const ANSWER_READ: usize = 512;
const ROW_READ: usize = 64;

/// A connection, and what is known of it.
pub(super) struct Link {
    pub(super) conn: Conn,
    pub(super) prepared: Prepared,
    pub(super) facts: Facts,
    pub(super) purpose: Purpose,
    /// The pool's when it was made.
    pub(super) era: u64,
    /// How many bytes it has read, about.
    pub(super) read: usize,
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
    pub(super) fn of(pool: Arc<Pool>, link: Link) -> Lease {
        Lease {
            pool,
            facts: link.facts,
            link: Some(link),
            open: false,
        }
    }

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

    /// The same, for another purpose.
    pub(super) fn made_fit(mut self, purpose: Purpose) -> Result<Lease, Fault> {
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

    /// Runs a query that always has a row, and takes it.
    pub(crate) fn row(&mut self, sql: &str, values: Vec<Value>) -> Result<Row, Fault> {
        let row = self.first(sql, values)?;
        row.ok_or_else(|| Fault::broken("an answer has no row"))
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
        if let Some(link) = self.link.take() {
            self.pool.take_back(link);
        }
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
