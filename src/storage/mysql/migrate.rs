//! What this engine needs in the database and does not find there.

use super::tables::Tables;
use crate::mysql::schema::{self, Found};
use crate::mysql::{Lease, Migration};
use crate::storage::{StorageError, StorageResult};

const WBO: &str = include_str!("../../../sql/mysql/wbo.sql");
const COLLECTIONS: &str = include_str!("../../../sql/mysql/collections.sql");
const TIMES: &str = include_str!("../../../sql/mysql/times.sql");
const KEPT: &str = include_str!("../../../sql/mysql/kept.sql");
const TTL: &str = include_str!("../../../sql/mysql/ttl.sql");
const TTL_INDEX: &str = include_str!("../../../sql/mysql/ttl-index.sql");
const MODIFIED_INDEX: &str = include_str!("../../../sql/mysql/modified-index.sql");

/// What is missing, in the order in which to add it.
pub(super) fn missing(lease: &mut Lease, tables: &Tables) -> StorageResult<Vec<Migration>> {
    let found = Found::look(lease)?;
    let mut missing = needed_of(&found, tables)?;
    if !has(&found, &tables.kept)? {
        missing.push(Migration::new(KEPT, "{kept}", &tables.kept));
    }
    Ok(missing)
}

/// What is missing and can't be done without: a deployment that is brought up to date serves on before
/// its database is.
pub(super) fn needed(lease: &mut Lease, tables: &Tables) -> StorageResult<Vec<Migration>> {
    needed_of(&Found::look(lease)?, tables)
}

fn needed_of(found: &Found, tables: &Tables) -> StorageResult<Vec<Migration>> {
    let mut missing = Vec::new();
    for table in tables.every_wbo() {
        missing.extend(missing_of_wbo(found, &table)?);
    }
    for (table, sql, place) in [
        (&tables.collections, COLLECTIONS, "{collections}"),
        (&tables.times, TIMES, "{times}"),
    ] {
        if !has(found, table)? {
            missing.push(Migration::new(sql, place, table));
        }
    }
    Ok(missing)
}

/// Adds what is missing; answers it.
pub(super) fn apply(lease: &mut Lease, tables: &Tables) -> StorageResult<Vec<Migration>> {
    schema::apply(lease, |lease| missing(lease, tables))
}

fn missing_of_wbo(found: &Found, table: &str) -> StorageResult<Vec<Migration>> {
    let add = |sql| Migration::new(sql, "{wbo}", table);
    if !has(found, table)? {
        return Ok(vec![add(WBO)]);
    }
    let mut missing = Vec::new();
    if !found.has_column(table, "ttl") {
        missing.push(add(TTL));
    } else if !found.has_index(table, &["ttl"]) {
        missing.push(add(TTL_INDEX));
    }
    if !found.has_index(table, &["username", "collection", "modified"]) {
        missing.push(add(MODIFIED_INDEX));
    }
    Ok(missing)
}

/// Whether the table is there, and able to do what is asked of it.
fn has(found: &Found, table: &str) -> StorageResult<bool> {
    match found.engine(table) {
        None => Ok(false),
        Some(engine) if engine.eq_ignore_ascii_case("innodb") => Ok(true),
        Some(engine) => Err(StorageError::Broken(format!(
            "the table {table} has no transactions, because its engine is {engine}: with PHP \
             stopped, run ALTER TABLE {table} ENGINE=InnoDB"
        ))),
    }
}
