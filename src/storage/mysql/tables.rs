//! Which table, and under which number: users to tables of records, collections to their numbers.

use super::config::MySqlConfig;
use crate::mysql::schema::is_table_name;
use crate::storage::{StorageError, StorageResult};
use crate::sync::{CollectionName, UserId};
use mysql::Value;

/// Now, by the database's clock, in centiseconds since 1970, as of the statement's beginning.
pub(super) const NOW: &str = "CAST(FLOOR(UNIX_TIMESTAMP(NOW(6)) * 100) AS SIGNED)";
/// The same, but as of the moment when a row is answered: after it was locked, if it is to be.
pub(super) const CLOCK: &str = "CAST(FLOOR(UNIX_TIMESTAMP(SYSDATE(6)) * 100) AS SIGNED)";
/// What the `ttl` of a record that has not expired is greater than, by the database's clock.
pub(super) const LIVING: &str = "LEAST(UNIX_TIMESTAMP(), 2099999999)";
/// The column `ttl` of a record that never expires, by which the Python server knew it too.
pub(super) const NEVER: i64 = 2_100_000_000;
/// Where the numbers of a user's own collections begin.
const BEFORE_FIRST_CUSTOM: i64 = 100;
/// The number of the row in our own table that stands for the user and not for a collection.
pub(super) const WHOLE_USER: i64 = -1;
/// `addons`, which the Python server numbered and the legacy PHP server did not: a number that PHP
/// gave it for a user stays good.
pub(super) const ADDONS: (&str, i64) = ("addons", 11);

pub(super) const FIXED: [&str; 10] = [
    "clients",
    "crypto",
    "forms",
    "history",
    "keys",
    "meta",
    "bookmarks",
    "prefs",
    "tabs",
    "passwords",
];

/// The names of the tables, quoted.
pub(super) struct Tables {
    wbo: String,
    modulo: Option<u32>,
    pub(super) collections: String,
    pub(super) times: String,
    pub(super) kept: String,
}

impl Tables {
    pub(super) fn new(config: &MySqlConfig) -> StorageResult<Tables> {
        for name in [
            &config.wbo_table,
            &config.collections_table,
            &config.times_table,
            &config.kept_table,
        ] {
            if !is_table_name(name) {
                return Err(StorageError::Broken(format!("{name:?} is no table name")));
            }
        }
        Ok(Tables {
            wbo: config.wbo_table.clone(),
            modulo: config.modulo.filter(|n| *n > 0),
            collections: format!("`{}`", config.collections_table),
            times: format!("`{}`", config.times_table),
            kept: format!("`{}`", config.kept_table),
        })
    }

    /// The table of this user's records.
    pub(super) fn wbo(&self, user: UserId) -> String {
        match self.modulo {
            Some(modulo) => format!("`{}{}`", self.wbo, user.number() % modulo),
            None => format!("`{}`", self.wbo),
        }
    }

    /// All tables of records.
    pub(super) fn every_wbo(&self) -> Vec<String> {
        match self.modulo {
            Some(modulo) => (0..modulo).map(|n| format!("`{}{n}`", self.wbo)).collect(),
            None => vec![format!("`{}`", self.wbo)],
        }
    }

    /// The number of a collection that has the same for every user and every program.
    pub(super) fn fixed_number(name: &CollectionName) -> Option<i64> {
        let position = FIXED.iter().position(|fixed| *fixed == name.as_str());
        position.map(|position| position as i64 + 1)
    }

    /// Whether a number stands for the same collection for every user and every program.
    pub(super) fn is_fixed(number: i64) -> bool {
        (1..=FIXED.len() as i64).contains(&number)
    }

    /// A query for the number of a user's collection, as column `id` of one row, and its values.
    /// Names are compared as PHP compared them: in the character set of their column, in most
    /// databases without regard to case.
    pub(super) fn number(&self, user: UserId, name: &CollectionName) -> (String, Vec<Value>) {
        if let Some(number) = Self::fixed_number(name) {
            return (
                "SELECT CAST(? AS SIGNED) AS id".to_owned(),
                vec![number.into()],
            );
        }
        let sql = format!(
            "SELECT COALESCE((SELECT MIN(collectionid) FROM {} \
             WHERE userid = ? AND name = CONVERT(? USING latin1)), CAST(? AS SIGNED)) AS id",
            self.collections
        );
        let otherwise = (name.as_str() == ADDONS.0).then_some(ADDONS.1);
        let values = vec![user.number().into(), name.as_str().into(), otherwise.into()];
        (sql, values)
    }

    /// A statement that gives a user's collection a number and a name, unless its number is fixed
    /// for every program: in PHP's way, one more than the highest.
    pub(super) fn name(&self, user: UserId, name: &CollectionName) -> Option<(String, Vec<Value>)> {
        if FIXED.contains(&name.as_str()) {
            return None;
        }
        let table = &self.collections;
        let named = "NOT EXISTS (SELECT 1 FROM (SELECT collectionid FROM {} \
             WHERE userid = ? AND name = CONVERT(? USING latin1)) AS same)"
            .replace("{}", table);
        let (number, known) = match name.as_str() == ADDONS.0 {
            true => ("CAST(? AS SIGNED) + 0 * COUNT(*)", ADDONS.1),
            false => (
                "GREATEST(CAST(? AS SIGNED), COALESCE(MAX(highest.collectionid), 0)) + 1",
                BEFORE_FIRST_CUSTOM,
            ),
        };
        let sql = format!(
            "INSERT INTO {table} (userid, collectionid, name) \
             SELECT ?, {number}, ? FROM {table} AS highest WHERE highest.userid = ? HAVING {named}"
        );
        let (user, text): (Value, Value) = (user.number().into(), name.as_str().into());
        let values = vec![
            user.clone(),
            known.into(),
            text.clone(),
            user.clone(),
            user,
            text,
        ];
        Some((sql, values))
    }

    /// The name of a collection by its number and, where the database has one, its given name.
    pub(super) fn name_of(number: i64, given: Option<&str>) -> Option<CollectionName> {
        let fixed = usize::try_from(number - 1)
            .ok()
            .and_then(|at| FIXED.get(at));
        let name = fixed.copied().or(given).or(match number == ADDONS.1 {
            true => Some(ADDONS.0),
            false => None,
        });
        name.and_then(|name| CollectionName::new(name).ok())
    }
}
