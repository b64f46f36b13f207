//! Bringing the database to what this engine needs: additions only, each safe while PHP runs.
//!
//! What is missing is found by looking, not by a version number: tables made by PHP, by a Python
//! server, or by a database administrator who ran half of it by hand end up the same.

use super::fault::Fault;
use super::pool::Lease;
use super::row;
use super::tables::Tables;
use crate::storage::{StorageError, StorageResult};
use mysql::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

const WBO: &str = include_str!("../../../sql/mysql/wbo.sql");
const COLLECTIONS: &str = include_str!("../../../sql/mysql/collections.sql");
const TIMES: &str = include_str!("../../../sql/mysql/times.sql");
const TTL: &str = include_str!("../../../sql/mysql/ttl.sql");
const TTL_INDEX: &str = include_str!("../../../sql/mysql/ttl-index.sql");
const MODIFIED_INDEX: &str = include_str!("../../../sql/mysql/modified-index.sql");

/// Keeps two migrations from running at once.
const LOCK: &str = "weft_migrate";

/// One addition to the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The statement with the comment that explains it, without a semicolon at its end.
    pub sql: String,
}

/// What the database has.
#[derive(Default)]
struct Found {
    /// The storage engine of each table.
    tables: BTreeMap<String, String>,
    /// The tables with a column `ttl`.
    ttl: BTreeSet<String>,
    /// The columns of each index, in order, by table.
    indexes: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What is missing, in the order in which to add it.
pub(super) fn missing(lease: &mut Lease, tables: &Tables) -> StorageResult<Vec<Migration>> {
    let found = look(lease).map_err(Fault::into_error)?;
    let mut missing = Vec::new();
    for table in tables.every_wbo() {
        missing.extend(found.missing_of_wbo(&table)?);
    }
    for (table, sql, place) in [
        (&tables.collections, COLLECTIONS, "{collections}"),
        (&tables.times, TIMES, "{times}"),
    ] {
        if !found.has(table)? {
            missing.push(migration(sql, place, table));
        }
    }
    Ok(missing)
}

/// Adds what is missing; answers it.
pub(super) fn apply(lease: &mut Lease, tables: &Tables) -> StorageResult<Vec<Migration>> {
    let locked = lease
        .first("SELECT GET_LOCK(?, 10)", vec![LOCK.into()])
        .and_then(|row| row.map_or(Ok(None), |row| row::number(&row, 0)));
    if locked.map_err(Fault::into_error)? != Some(1) {
        return Err(StorageError::Busy);
    }
    let missing = missing(lease, tables)?;
    for migration in &missing {
        lease.script(&migration.sql).map_err(Fault::into_error)?;
    }
    lease
        .first("SELECT RELEASE_LOCK(?)", vec![LOCK.into()])
        .map_err(Fault::into_error)?;
    Ok(missing)
}

/// What to tell the operator whose database lacks these.
pub(super) fn instruction(missing: &[Migration]) -> String {
    let statements: Vec<_> = missing
        .iter()
        .map(|migration| migration.sql.as_str())
        .collect();
    format!(
        "the database is not prepared: run `weft migrate`, or this SQL:\n{};",
        statements.join(";\n")
    )
}

fn migration(sql: &str, place: &str, table: &str) -> Migration {
    Migration {
        sql: sql.replace(place, table).trim_end().to_owned(),
    }
}

impl Found {
    fn missing_of_wbo(&self, table: &str) -> StorageResult<Vec<Migration>> {
        let add = |sql| migration(sql, "{wbo}", table);
        if !self.has(table)? {
            return Ok(vec![add(WBO)]);
        }
        let mut missing = Vec::new();
        if !self.ttl.contains(table) {
            missing.push(add(TTL));
        } else if !self.has_index(table, &["ttl"]) {
            missing.push(add(TTL_INDEX));
        }
        if !self.has_index(table, &["username", "collection", "modified"]) {
            missing.push(add(MODIFIED_INDEX));
        }
        Ok(missing)
    }

    /// Whether the table is there, and able to do what is asked of it.
    fn has(&self, table: &str) -> StorageResult<bool> {
        match self.tables.get(table) {
            None => Ok(false),
            Some(engine) if engine.eq_ignore_ascii_case("innodb") => Ok(true),
            Some(engine) => Err(StorageError::Broken(format!(
                "the table {table} has no transactions, because its engine is {engine}: with PHP \
                 stopped, run ALTER TABLE {table} ENGINE=InnoDB"
            ))),
        }
    }

    fn has_index(&self, table: &str, columns: &[&str]) -> bool {
        let begins = |index: &Vec<String>| {
            index.len() >= columns.len() && index.iter().zip(columns).all(|(a, b)| a == b)
        };
        self.indexes
            .get(table)
            .is_some_and(|indexes| indexes.values().any(begins))
    }
}

fn look(lease: &mut Lease) -> Result<Found, Fault> {
    let mut found = Found::default();
    let here = "WHERE TABLE_SCHEMA = DATABASE()";
    let sql = format!("SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES {here}");
    visit(lease, &sql, |table, engine, _| {
        found.tables.insert(table, engine);
    })?;
    let sql = format!(
        "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS {here} \
         AND COLUMN_NAME = 'ttl'"
    );
    visit(lease, &sql, |table, _, _| {
        found.ttl.insert(table);
    })?;
    let sql = format!(
        "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS {here} \
         ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
    );
    visit(lease, &sql, |table, index, column| {
        let indexes = found.indexes.entry(table).or_default();
        indexes.entry(index).or_default().push(column);
    })?;
    Ok(found)
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
