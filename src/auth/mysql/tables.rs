//! The tables' names, the statements that find accounts in them, and the rows that come back.
//!
//! Names are compared as the column compares them, in the databases of PHP's time latin1 without
//! regard to case, which an index answers; and then to the letter, because a column in another
//! character set may take `a` and `ä` for equal.

use super::config::MySqlAccountsConfig;
use crate::auth::password::text_from_wire;
use crate::auth::{Account, AuthError, AuthResult};
use crate::mysql::schema::is_table_name;
use crate::mysql::{Fault, row};
use crate::sync::{UserId, UserName};
use mysql::{Row, Value};

/// Finds the rows of one name; its values are [`named`].
pub(super) const NAMED: &str = "username = CONVERT(? USING latin1) \
     AND LOWER(CONVERT(username USING latin1)) = CONVERT(? USING latin1) COLLATE latin1_bin";

/// The values of [`NAMED`].
pub(super) fn named(name: &UserName) -> [Value; 2] {
    [name.as_str().into(), name.as_str().into()]
}

/// The names of the tables, quoted.
pub(super) struct Tables {
    pub(super) users: String,
    pub(super) extras: String,
}

/// A row as it is read: what the account says, and its hash, which is for nobody else.
pub(super) struct Stored {
    pub(super) account: Account,
    pub(super) hash: Vec<u8>,
}

impl Tables {
    pub(super) fn new(config: &MySqlAccountsConfig) -> AuthResult<Tables> {
        let quoted = |name: &str| match is_table_name(name) {
            true => Ok(format!("`{name}`")),
            false => Err(AuthError::Broken(format!("{name:?} is no table name"))),
        };
        Ok(Tables {
            users: quoted(&config.users_table)?,
            extras: quoted(&config.extras_table)?,
        })
    }

    /// A query for accounts that [`stored`] reads, up to its `WHERE`; without our own table where
    /// the database does not have it.
    pub(super) fn select(&self, with_extras: bool) -> String {
        let Tables { users, extras } = self;
        let (columns, join) = match with_extras {
            true => (
                "e.quota_bytes, e.node",
                format!(" LEFT JOIN {extras} AS e ON e.userid = u.id"),
            ),
            false => ("NULL, NULL", String::new()),
        };
        format!(
            "SELECT u.id, u.username, u.email, u.status, u.alert, u.password_hash, {columns} \
             FROM {users} AS u{join}"
        )
    }
}

/// Reads a row; nothing where the name in it is none, which nobody could ask for.
pub(super) fn stored(row: &Row) -> Result<Option<Stored>, Fault> {
    // latin1 pads with spaces, and finds a name with and without them.
    let Ok(name) = UserName::new(text(row, 1).unwrap_or_default().trim_end_matches(' ')) else {
        return Ok(None);
    };
    let account = Account {
        id: id(row::certain(row, 0)?)?,
        name,
        email: text(row, 2).filter(|email| !email.is_empty()),
        enabled: row::number(row, 3)? == Some(1),
        alert: text(row, 4),
        quota_bytes: row::number(row, 6)?.map(|bytes| u64::try_from(bytes).unwrap_or(0)),
        node: text(row, 7),
    };
    Ok(Some(Stored {
        account,
        hash: row::bytes(row, 5).unwrap_or_default().to_owned(),
    }))
}

/// A user's number, which must be one for the tables of records too.
pub(super) fn id(number: i64) -> Result<UserId, Fault> {
    match i32::try_from(number) {
        Ok(number) if number > 0 => Ok(UserId::new(number.unsigned_abs())),
        _ => Err(Fault::Broken(format!("{number} can't be a user's number"))),
    }
}

/// The text in a column: UTF-8, or else ISO-8859-1, whatever the column calls itself. PHP stored
/// the bytes that it was given.
fn text(row: &Row, column: usize) -> Option<String> {
    row::bytes(row, column).map(text_from_wire)
}
