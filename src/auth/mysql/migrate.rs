//! What this engine needs in the database and does not find there.

use super::tables::Tables;
use crate::auth::AuthResult;
use crate::mysql::schema::{self, Found};
use crate::mysql::{Fault, Lease, Migration};

const USERS: &str = include_str!("../../../sql/mysql/users.sql");
const EXTRAS: &str = include_str!("../../../sql/mysql/user-extras.sql");
const USERNAME_INDEX: &str = include_str!("../../../sql/mysql/username-index.sql");

/// What is missing, in the order in which to add it.
pub(super) fn missing(lease: &mut Lease, tables: &Tables) -> Result<Vec<Migration>, Fault> {
    let found = Found::look(lease)?;
    let mut missing = Vec::new();
    // Any storage engine will do: each change is one statement on one row.
    if found.engine(&tables.users).is_none() {
        missing.push(Migration::new(USERS, "{users}", &tables.users));
    } else if !found.has_index(&tables.users, &["username"]) {
        missing.push(Migration::new(USERNAME_INDEX, "{users}", &tables.users));
    }
    if found.engine(&tables.extras).is_none() {
        missing.push(Migration::new(EXTRAS, "{extras}", &tables.extras));
    }
    Ok(missing)
}

/// Adds what is missing; answers it.
pub(super) fn apply(lease: &mut Lease, tables: &Tables) -> AuthResult<Vec<Migration>> {
    Ok(schema::apply(lease, |lease| missing(lease, tables))?)
}
