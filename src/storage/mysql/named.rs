//! A user's collections with the time of each, found by their names: where [rows](super::listing) don't say
//! it all, as on the tables of the legacy PHP server, which may have made collections that have no row.
//!
//! Grouping the user's records would read them all, or be for the server's statistics to say. So each
//! number that has a name, by convention or by the user's own list, is looked for: its newest record, by a
//! step in the index of times and one to the record, however many there are. Mostly that one is alive and
//! proves that the collection is; only where it has expired, a living one is looked for. Records under any
//! other number are left out of listings anyway.
//!
//! Each row has our own table's beside it, [locked if need be](super::once). One whose number has no name is
//! not locked: who writes to a collection has committed its name before choosing a time. Who deletes all that
//! a user has, known to us or not, holds the row that stands for the user.

use super::Engine;
use super::account::Listed;
use super::tables::{ADDONS, FIXED, NOW, WHOLE_USER};
use crate::mysql::{Fault, Lease, row};
use crate::sync::{CollectionName, Timestamp, UserId};
use mysql::{Row, Value};
use std::ops::ControlFlow;

/// What was found.
#[derive(Default)]
pub(super) struct Named {
    listed: Listed,
    /// The clock when the statement began.
    now: Option<Timestamp>,
    /// No write to a collection with a row has a time up to this, unless it is in the snapshot.
    pub(super) floor: Option<Timestamp>,
    /// What the rows of our own table add up to in the snapshot.
    there: i64,
    /// The same of those that were visited, locked if they were to be.
    visited: i64,
    /// The numbers that were visited: the user's own list may repeat one.
    numbers: Vec<i64>,
    /// The time of the number of [`ADDONS`] by that name.
    addons: Option<i64>,
    /// Whether the user's list gives that number another name.
    named_otherwise: bool,
}

/// Lists a user's collections. `living` is what the `ttl` of a living record is greater than, with or without a
/// value; `locking` are the words that lock our own table's rows.
pub(super) fn by_names(
    engine: &Engine,
    lease: &mut Lease,
    user: UserId,
    (living, value): (&str, Option<Value>),
    locking: &str,
) -> Result<Named, Fault> {
    let mut values: Vec<Value> = vec![user.number().into(); 4];
    if let Some(value) = value {
        values.splice(0..0, [value.clone(), value]);
    }
    loop {
        let hint = engine.indexes.of_times(lease, &engine.tables.wbo(user))?;
        let sql = statement(engine, lease, user, (living, &hint), locking);
        let mut named = Named::default();
        let end = lease.each(&sql, values.clone(), |row| {
            named.add(&row)?;
            Ok(ControlFlow::Continue(()))
        });
        match end {
            // It may be the index that went away.
            Err(Fault::Missing(_)) if !hint.is_empty() => {
                engine.indexes.forget(&engine.tables.wbo(user));
            }
            end => return end.map(|()| named),
        }
    }
}

fn statement(
    engine: &Engine,
    lease: &Lease,
    user: UserId,
    (living, hint): (&str, &str),
    locking: &str,
) -> String {
    let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
    // A list of rows costs a third of a union of them.
    let (begin, between, end) = match lease.facts.lists_values() {
        true => ("VALUES (", "), (", ")"),
        false => ("SELECT ", " UNION ALL SELECT ", ""),
    };
    let numbers = (1..=FIXED.len() as i64).chain([ADDONS.1, WHOLE_USER]);
    let numbers: Vec<_> = numbers.map(|number| format!("{number}, NULL")).collect();
    // The time and, as the lowest bit, whether anything is alive.
    format!(
        "SELECT c.id, c.name, \
           (SELECT COALESCE(w.modified, 0) << 1 | (w.ttl > {living} OR COALESCE(\
              (SELECT 1 FROM {wbo} AS e FORCE INDEX (PRIMARY) WHERE e.username = w.username \
               AND e.collection = w.collection AND e.ttl > {living} LIMIT 1), 0)) \
            FROM {wbo} AS w{hint} WHERE w.username = ? AND w.collection = c.id \
            ORDER BY w.modified DESC LIMIT 1), \
           t.modified, t.told, {NOW}, \
           (SELECT CAST(COALESCE(SUM(s.modified + s.told + 1), 0) AS SIGNED) \
            FROM {times} AS s WHERE s.userid = ?) \
         FROM (SELECT collectionid AS id, name FROM {names} WHERE userid = ? \
           UNION ALL {begin}{numbers}{end}) AS c \
         LEFT JOIN {times} AS t ON t.userid = ? AND t.collectionid = c.id {locking}",
        names = engine.tables.collections,
        numbers = numbers.join(between),
    )
}

impl Named {
    /// The collections that have living records, by name, with their times in centiseconds.
    pub(super) fn by_name(mut self) -> Vec<(CollectionName, i64)> {
        if let Some(centis) = self.addons.filter(|_| !self.named_otherwise) {
            self.listed.push((ADDONS.1, None), centis);
        }
        self.listed.by_name()
    }

    /// The clock when the statement began, if our own table was the same in the snapshot and under the locks.
    pub(super) fn agreed(&self) -> Option<Timestamp> {
        self.now.filter(|_| self.there == self.visited)
    }

    fn add(&mut self, row: &Row) -> Result<(), Fault> {
        let (collection, given) = (row::certain(row, 0)?, row::text(row, 1));
        let [newest, modified, told] = [2, 3, 4].map(|column| row::number(row, column));
        let (newest, modified, told) = (newest?, modified?, told?);
        self.now = Some(Timestamp::from_centis(row::certain(row, 5)?));
        self.there = row::certain(row, 6)?;
        if let (Some(modified), Some(told)) = (modified, told)
            && !self.numbers.contains(&collection)
        {
            self.numbers.push(collection);
            self.visited += modified + told + 1;
            if collection != WHOLE_USER {
                let promised = Timestamp::from_centis(modified.max(told));
                self.floor = Some(self.floor.map_or(promised, |floor| floor.min(promised)));
            }
        }
        if collection == ADDONS.1 && given.is_some() {
            self.named_otherwise = true;
        }
        if let Some(newest) = newest.filter(|newest| newest & 1 == 1) {
            let centis = (newest >> 1).max(modified.unwrap_or(0));
            match collection == ADDONS.1 && given.is_none() {
                true => self.addons = Some(centis),
                false => self.listed.push((collection, given.as_deref()), centis),
            }
        }
        Ok(())
    }
}
