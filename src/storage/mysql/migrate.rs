//! What this engine needs in the database and does not find there, and what it can do without when no
//! legacy PHP server asks any more.

use super::sums;
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
const OWN_WBO: &str = include_str!("../../../sql/mysql/own-wbo.sql");
const LIVING_INDEX: &str = include_str!("../../../sql/mysql/living-index.sql");
const OWN_TIMES: &str = include_str!("../../../sql/mysql/own-times.sql");
const SUMS: &str = include_str!("../../../sql/mysql/sums.sql");
const DISTRUST: &str = include_str!("../../../sql/mysql/distrust.sql");
const ROWS: &str = include_str!("../../../sql/mysql/rows.sql");
const MARK: &str = include_str!("../../../sql/mysql/mark.sql");

pub(super) const MODIFIED: [&str; 3] = ["username", "collection", "modified"];
const LIVING: [&str; 4] = ["username", "collection", "ttl", "payload_size"];

/// Indexes that no question of ours needs where the two above are: the legacy PHP server's, and ours
/// beside them.
const NEEDLESS: [&[&str]; 5] = [
    &["username", "collection", "parentid"],
    &["username", "collection", "predecessorid"],
    &["username", "collection", "sortindex"],
    &["username", "payload_size"],
    &["ttl"],
];

/// Whose the tables of records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// PHP's, that writes to them or may do so again. Tables that are not there are made as it makes
    /// them.
    Php,
    /// Ours alone; but tables that PHP made stay as they are.
    Weft,
    /// Ours alone, and tables that PHP made lose what only PHP needed.
    WeftFromNowOn,
}

/// What is missing, in the order in which to add it.
pub(super) fn missing(
    lease: &mut Lease,
    tables: &Tables,
    owner: Owner,
) -> StorageResult<Vec<Migration>> {
    let found = Found::look(lease)?;
    let mut missing = needed_of(&found, tables, owner)?;
    if lease.facts.mariadb {
        make_sums(&mut missing, lease, (&found, tables), owner)?;
    }
    if !has(&found, &tables.kept)? {
        missing.push(Migration::new(KEPT, "{kept}", &tables.kept));
    }
    Ok(missing)
}

/// What is missing and can't be done without: a deployment that is brought up to date serves on before
/// its database is.
pub(super) fn needed(
    lease: &mut Lease,
    tables: &Tables,
    owner: Owner,
) -> StorageResult<Vec<Migration>> {
    needed_of(&Found::look(lease)?, tables, owner)
}

fn needed_of(found: &Found, tables: &Tables, owner: Owner) -> StorageResult<Vec<Migration>> {
    let mut missing = Vec::new();
    for table in tables.every_wbo() {
        missing.extend(missing_of_wbo(found, &table, owner)?);
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

/// Where all tables are new or were left to us, our own one tells sums; why only MariaDB keeps them is
/// said where they are.
fn make_sums(
    missing: &mut Vec<Migration>,
    lease: &mut Lease,
    (found, tables): (&Found, &Tables),
    owner: Owner,
) -> StorageResult<()> {
    let times = &tables.times;
    let add = |sql| Migration::new(sql, "{times}", times);
    let has_times = found.engine(times).is_some();
    let mut old = tables.every_wbo();
    old.retain(|wbo| found.engine(wbo).is_some());
    let is_marked = has_times && sums::is_marked(lease, tables)?;
    match owner {
        Owner::Php if is_marked => {
            missing.push(add(sums::UNMARK));
            return Ok(());
        }
        Owner::WeftFromNowOn if !is_marked => {}
        Owner::Weft if !has_times && old.is_empty() => {}
        Owner::Php | Owner::Weft | Owner::WeftFromNowOn => return Ok(()),
    }
    match (has_times, found.has_column(times, "counted")) {
        (false, _) => {
            missing.retain(|one| *one != add(TIMES));
            missing.push(add(OWN_TIMES));
        }
        (true, false) => missing.push(add(SUMS)),
        (true, true) => missing.push(add(DISTRUST)),
    }
    let rows = |wbo: String| Migration::new(&ROWS.replace("{wbo}", &wbo), "{times}", times);
    missing.extend(old.into_iter().map(rows));
    missing.push(add(MARK));
    Ok(())
}

/// Adds what is missing; answers it.
pub(super) fn apply(
    lease: &mut Lease,
    tables: &Tables,
    owner: Owner,
) -> StorageResult<Vec<Migration>> {
    schema::apply(lease, |lease| missing(lease, tables, owner))
}

fn missing_of_wbo(found: &Found, table: &str, owner: Owner) -> StorageResult<Vec<Migration>> {
    let add = |sql| Migration::new(sql, "{wbo}", table);
    if !has(found, table)? {
        return Ok(vec![match owner {
            Owner::Php => add(WBO),
            Owner::Weft | Owner::WeftFromNowOn => add(OWN_WBO),
        }]);
    }
    if owner == Owner::WeftFromNowOn {
        return Ok(taking_over(found, table).into_iter().collect());
    }
    let mut missing = Vec::new();
    let ends_are_found = found.has_index(table, &["ttl"]) || found.has_index(table, &LIVING);
    if !found.has_column(table, "ttl") {
        missing.push(add(TTL));
    } else if !ends_are_found {
        // With PHP's index of sizes it is PHP's table.
        missing.push(
            match found.has_index(table, &["username", "payload_size"]) {
                true => add(TTL_INDEX),
                false => add(LIVING_INDEX),
            },
        );
    }
    if !found.has_index(table, &MODIFIED) {
        missing.push(add(MODIFIED_INDEX));
    }
    Ok(missing)
}

/// What makes a table of PHP's one of ours, in one statement: each may copy the table.
fn taking_over(found: &Found, table: &str) -> Option<Migration> {
    let mut ways = Vec::new();
    if !found.has_column(table, "ttl") {
        ways.push("ADD COLUMN ttl int NOT NULL DEFAULT 2100000000".to_owned());
    }
    for (name, columns) in [("weft_modified", &MODIFIED[..]), ("weft_living", &LIVING)] {
        if !found.has_index(table, columns) {
            ways.push(format!("ADD KEY {name} ({})", columns.join(", ")));
        }
    }
    for columns in NEEDLESS {
        let names = found.indexes_of(table, columns).into_iter();
        ways.extend(names.map(|name| format!("DROP KEY `{name}`")));
    }
    let why = "Only the legacy PHP server needed these indexes, and every write pays for each.";
    (!ways.is_empty()).then(|| Migration::alter(table, why, &ways))
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
