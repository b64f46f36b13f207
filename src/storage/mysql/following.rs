//! How what is newer than a time is found.
//!
//! Who follows a collection wants few records of many, in the order of their ids. Left alone, the server then
//! reads the whole collection by the primary key, which has this order, rather than sort: 5,000 records for 100
//! (seven times as much processor time). So the ids are taken from the index of times, which has them, and
//! sorted, and the records are found by these. Where more than a fifth of a collection is newer that is dearer, up to
//! 2.8 times where all is; it goes by what is answered and not by what there is.

use super::Engine;
use super::records::order;
use crate::mysql::{Fault, Lease};
use crate::sync::{Query, Timestamp};
use mysql::Value;

/// Where a query's records are to be found, and in which order they are answered.
pub(super) struct Source {
    /// Behind FROM; the columns of records have their own names.
    pub(super) from: String,
    /// What stands in `from`.
    pub(super) values: Vec<Value>,
    /// Behind ORDER BY.
    pub(super) order: &'static str,
}

impl Source {
    /// Of a collection of `table` whose user and number are `values`, of which the number may be `number`, a
    /// query. `index` are the words that find records by their times, if there are any.
    pub(super) fn of(
        query: &Query,
        table: &str,
        index: &str,
        (number, mut values): (&str, Vec<Value>),
    ) -> Source {
        match follows(query).filter(|_| !index.is_empty()) {
            None => Source {
                from: table.to_owned(),
                values: Vec::new(),
                order: order(query),
            },
            Some(newer) => {
                values.push(newer.centis().into());
                let from = format!(
                    "(SELECT username AS its_user, collection AS its_collection, id AS its_id \
                     FROM {table}{index} \
                     WHERE username = ? AND collection = ({number}) AND modified > ?) AS newer \
                     STRAIGHT_JOIN {table} FORCE INDEX (PRIMARY) \
                     ON username = its_user AND collection = its_collection AND id = its_id"
                );
                Source {
                    from,
                    values,
                    order: "its_id",
                }
            }
        }
    }
}

/// The time after which a query wants what there is, if it is of that kind. Everything is newer than 0, which
/// is what Android asks for first.
fn follows(query: &Query) -> Option<Timestamp> {
    query
        .newer
        .filter(|newer| *newer > Timestamp::ZERO && query.ids.is_none() && query.sort.is_none())
}

impl Engine {
    /// Runs a query, with the words for the index of times if that is how its [`Source`] is found; without
    /// them if the index has gone away.
    pub(super) fn by_times(
        &self,
        lease: &mut Lease,
        table: &str,
        query: &Query,
        mut run: impl FnMut(&mut Lease, &str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if follows(query).is_none() {
            return run(lease, "");
        }
        let index = self.indexes.of_times(lease, table)?;
        match run(lease, &index) {
            Err(Fault::Missing(_)) if !index.is_empty() => {
                self.indexes.forget(table);
                run(lease, "")
            }
            end => end,
        }
    }
}
