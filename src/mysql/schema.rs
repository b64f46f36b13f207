//! What a database has, and adding what it lacks: additions only, each safe while PHP runs.
//!
//! What is missing is found by looking, not by a version number: tables made by PHP, by a Python
//! server, or by a database administrator who ran half of it by hand end up the same.

use super::fault::Fault;
use super::lease::Lease;
use super::row;
use mysql::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// Keeps two migrations from running at once.
const LOCK: &str = "weft_migrate";

/// One addition to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The statement with the comment that explains it, without a semicolon at its end.
    pub sql: String,
}

impl Migration {
    /// The statement in `sql`, with `table` in its `place`.
    pub(crate) fn new(sql: &str, place: &str, table: &str) -> Migration {
        Migration {
            sql: sql.replace(place, table).trim_end().to_owned(),
        }
    }

    /// One statement that changes a table in these ways, explained by `why`.
    pub(crate) fn alter(table: &str, why: &str, ways: &[String]) -> Migration {
        Migration {
            sql: format!("-- {why}\nALTER TABLE {table}\n  {}", ways.join(",\n  ")),
        }
    }

    /// The statement's first line, without the comment before it.
    fn summary(&self) -> &str {
        let mut lines = self.sql.lines().map(str::trim);
        lines
            .find(|line| !line.is_empty() && !line.starts_with("--"))
            .unwrap_or_default()
    }
}

/// What a database has. Tables are named as they are in statements: quoted.
#[derive(Default)]
pub(crate) struct Found {
    /// The storage engine of each table.
    engines: BTreeMap<String, String>,
    /// Each column of each table.
    columns: BTreeSet<(String, String)>,
    /// The columns of each index, in order, by table.
    indexes: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl Found {
    /// Looks at the database of a connection.
    pub(crate) fn look(lease: &mut Lease) -> Result<Found, Fault> {
        let mut found = Found::default();
        let here = "WHERE TABLE_SCHEMA = DATABASE()";
        let sql = format!("SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES {here}");
        visit(lease, &sql, |table, engine, _| {
            found.engines.insert(table, engine);
        })?;
        let sql = format!("SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS {here}");
        visit(lease, &sql, |table, column, _| {
            found.columns.insert((table, column.to_ascii_lowercase()));
        })?;
        let sql = format!(
            "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS {here} \
             ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
        );
        visit(lease, &sql, |table, index, column| {
            let indexes = found.indexes.entry(table).or_default();
            let columns = indexes.entry(index).or_default();
            columns.push(column.to_ascii_lowercase());
        })?;
        Ok(found)
    }

    /// The storage engine of a table; nothing where there is no such table.
    pub(crate) fn engine(&self, table: &str) -> Option<&str> {
        self.engines.get(table).map(String::as_str)
    }

    /// Whether a table has this column.
    pub(crate) fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns
            .contains(&(table.to_owned(), column.to_owned()))
    }

    /// Whether a table has an index that begins with these columns.
    pub(crate) fn has_index(&self, table: &str, columns: &[&str]) -> bool {
        let mut indexes = self.indexes.get(table).into_iter().flatten();
        indexes.any(|(_, index)| begins_with(index, columns))
    }

    /// The names of a table's indexes over exactly these columns, the primary key left out.
    pub(crate) fn indexes_of(&self, table: &str, columns: &[&str]) -> Vec<&str> {
        let Some(indexes) = self.indexes.get(table) else {
            return Vec::new();
        };
        let these = indexes.iter().filter(|(name, index)| {
            *name != "PRIMARY" && index.iter().map(String::as_str).eq(columns.iter().copied())
        });
        these.map(|(name, _)| name.as_str()).collect()
    }
}

/// Adds what `missing` finds missing, while nobody else does such a thing; answers it.
pub(crate) fn apply<E: From<Fault>>(
    lease: &mut Lease,
    missing: impl FnOnce(&mut Lease) -> Result<Vec<Migration>, E>,
) -> Result<Vec<Migration>, E> {
    let locked = lease
        .first("SELECT GET_LOCK(?, 10)", vec![LOCK.into()])
        .and_then(|row| row.map_or(Ok(None), |row| row::number(&row, 0)))?;
    if locked != Some(1) {
        return Err(Fault::Locked.into());
    }
    let missing = missing(lease)?;
    for migration in &missing {
        // With a large table this is the last that is heard for minutes.
        log::info!("running: {}", migration.summary());
        lease.script(&migration.sql)?;
    }
    lease.commit()?;
    lease.first("SELECT RELEASE_LOCK(?)", vec![LOCK.into()])?;
    Ok(missing)
}

/// The name of an index of a table that begins with these columns, if there is one.
pub(crate) fn index_over(
    lease: &mut Lease,
    table: &str,
    columns: &[&str],
) -> Result<Option<String>, Fault> {
    let sql = "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS \
               WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY INDEX_NAME, SEQ_IN_INDEX";
    let mut indexes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    lease.each(sql, vec![table.trim_matches('`').into()], |row| {
        let text = |column| row::text(&row, column).unwrap_or_default();
        let index = indexes.entry(text(0).into_owned()).or_default();
        index.push(text(1).to_ascii_lowercase());
        Ok(ControlFlow::Continue(()))
    })?;
    let mut indexes = indexes.into_iter();
    let found = indexes.find(|(_, index)| begins_with(index, columns));
    Ok(found.map(|(name, _)| name))
}

fn begins_with(index: &[String], columns: &[&str]) -> bool {
    index.len() >= columns.len() && index.iter().zip(columns).all(|(a, b)| a == b)
}

/// What to tell the operator whose database lacks these.
pub(crate) fn instruction(missing: &[Migration]) -> String {
    let statements: Vec<_> = missing
        .iter()
        .map(|migration| migration.sql.as_str())
        .collect();
    format!(
        "the database is not prepared: run `weft migrate`, or this SQL:\n{};",
        statements.join(";\n")
    )
}

/// Whether `name` can be a table's name, such that it needs no more than quotes in a statement.
pub(crate) fn is_table_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b == b'-';
    !name.is_empty() && name.len() <= 56 && name.bytes().all(plain)
}

/// Visits the first three columns of each row, the first one quoted as tables are.
fn visit(
    lease: &mut Lease,
    sql: &str,
    mut visit: impl FnMut(String, String, String),
) -> Result<(), Fault> {
    lease.each(sql, Vec::<Value>::new(), |row| {
        let text = |column| row::text(&row, column).unwrap_or_default().into_owned();
        visit(format!("`{}`", text(0)), text(1), text(2));
        Ok(ControlFlow::Continue(()))
    })
}
