//! Statements that a connection has prepared, by their texts.
//!
//! The driver could remember them, but each time it would look through the text for named parameters
//! first, which ours never have: that was a fifth of the instructions of a small request.

use mysql::prelude::Queryable;
use mysql::{Conn, Error, Statement};

/// The statements of one connection.
pub(super) struct Prepared {
    most: usize,
    /// Those used last at the end.
    known: Vec<(Box<str>, Statement)>,
}

impl Prepared {
    /// None yet, and never more than `most`, but always one.
    pub(super) fn new(most: usize) -> Self {
        Prepared {
            most: most.max(1),
            known: Vec::new(),
        }
    }

    /// The statement of this text; `conn` is the connection that all are prepared on.
    pub(super) fn get(&mut self, conn: &mut Conn, sql: &str) -> Result<Statement, Error> {
        if let Some(at) = self.known.iter().rposition(|(text, _)| **text == *sql) {
            let (_, statement) = &self.known[at];
            let statement = statement.clone();
            self.known[at..].rotate_left(1);
            return Ok(statement);
        }
        let statement = conn.prep(sql)?;
        if self.known.len() >= self.most {
            let (_, oldest) = self.known.remove(0);
            conn.close(oldest)?;
        }
        self.known.push((sql.into(), statement.clone()));
        Ok(statement)
    }
}
