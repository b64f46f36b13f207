//! The records of one collection: reading, counting and deleting what a query selects.

use super::Engine;
use super::following::Source;
use super::keep::Before;
use super::sums::Sums;
use super::tables::NEVER;
use crate::mysql::Fault;
use crate::mysql::Lease;
use crate::mysql::row;
use crate::storage::{Columns, RowVisit};
use crate::sync::{Query, RecordId, Sort, Timestamp, UserId, WboRef};
use mysql::{Row, Value};
use std::sync::Arc;

/// One collection in one transaction.
pub(super) struct Records {
    pub(super) lease: Lease,
    /// The table of records, quoted.
    pub(super) table: String,
    pub(super) user: UserId,
    /// The number of the collection.
    pub(super) collection: i64,
    /// The time of the session.
    pub(super) now: Timestamp,
    /// The database's clock, by which records expire: for readers and writers alike, also where writers
    /// are ahead of it because it was set back.
    pub(super) clock: Timestamp,
    pub(super) engine: Arc<Engine>,
    /// The collection's time before this transaction.
    pub(super) before: Before,
    /// Whether what it took away is worth a look at how much is kept.
    pub(super) kept_heavily: bool,
    /// What the collection's row says about them.
    pub(super) sums: Sums,
    /// Whether the first records that are written are likely to be [new](super::fresh).
    pub(super) looks_new: bool,
}

/// The time at which records expire, as their column has it. Those that never do have a time too,
/// in 2036, which must not come to pass.
pub(super) fn expiry(now: Timestamp) -> Value {
    now.seconds().min(NEVER - 1).into()
}

pub(super) const ALL: &str = "id, modified, parentid, predecessorid, sortindex, payload";

impl Records {
    pub(super) fn get(
        &mut self,
        id: &RecordId,
        visit: &mut dyn FnMut(WboRef<'_>),
    ) -> Result<bool, Fault> {
        let sql = format!(
            "SELECT {ALL} FROM {} WHERE username = ? AND collection = ? AND ttl > ? AND id = ?",
            self.table
        );
        let mut values = self.place();
        values.push(id.as_str().into());
        match self.lease.first(&sql, values)? {
            Some(row) => {
                with_record(&row, visit)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    pub(super) fn scan(
        &mut self,
        query: &Query,
        columns: Columns,
        visit: RowVisit<'_>,
    ) -> Result<(), Fault> {
        if selects_nothing(query) {
            return Ok(());
        }
        let wanted = match columns {
            Columns::Id => "id",
            Columns::All => ALL,
        };
        let engine = Arc::clone(&self.engine);
        engine.by_times(&mut self.lease, &self.table, query, |lease, index| {
            let place = vec![self.user.number().into(), self.collection.into()];
            let source = Source::of(query, &self.table, index, ("?", place));
            let mut values = source.values;
            values.extend([self.user.number().into(), self.collection.into()]);
            values.push(expiry(self.clock));
            let conditions = conditions(query, &mut values);
            let window = window(query, &mut values);
            let sql = format!(
                "SELECT {wanted} FROM {} WHERE {conditions} ORDER BY {}{window}",
                source.from, source.order
            );
            lease.each(&sql, values, |row| match columns {
                Columns::Id => with_id(&row, &mut *visit),
                Columns::All => with_record(&row, &mut *visit),
            })
        })
    }

    pub(super) fn count(&mut self, query: &Query) -> Result<u64, Fault> {
        if selects_nothing(query) {
            return Ok(0);
        }
        let mut values = self.place();
        let conditions = conditions(query, &mut values);
        let sql = format!("SELECT COUNT(*) FROM {} WHERE {conditions}", self.table);
        let all = match self.lease.first(&sql, values)? {
            Some(row) => u64::try_from(row::certain(&row, 0)?).unwrap_or(0),
            None => 0,
        };
        let left = all.saturating_sub(query.offset.unwrap_or(0));
        Ok(left.min(query.limit.unwrap_or(u64::MAX)))
    }

    /// Deletes what `query` selects. Where it selects everything, what has expired goes too: PHP,
    /// which knows no expiry, would still show it.
    pub(super) fn delete(&mut self, query: &Query) -> Result<u64, Fault> {
        if selects_nothing(query) {
            return Ok(0);
        }
        self.looks_new = false;
        let table = self.table.clone();
        let mut values = self.place();
        let conditions = conditions(query, &mut values);
        let (order, window) = (order(query), window(query, &mut values));
        let sql = match (query.limit, query.offset) {
            (None, None) => format!("DELETE FROM {table} WHERE {conditions}"),
            (Some(_), None) => {
                format!("DELETE FROM {table} WHERE {conditions} ORDER BY {order}{window}")
            }
            // DELETE knows no offset.
            (_, Some(_)) => {
                values.push(self.user.number().into());
                values.push(self.collection.into());
                format!(
                    "DELETE w FROM {table} AS w JOIN (SELECT id FROM {table} WHERE {conditions} \
                     ORDER BY {order}{window}) AS chosen ON w.id = chosen.id \
                     WHERE w.username = ? AND w.collection = ?"
                )
            }
        };
        let everything = Query {
            sort: query.sort,
            ..Query::default()
        };
        self.keep_deleted(query)?;
        self.take_off_deleted(query, *query == everything)?;
        let gone = self.lease.run(&sql, values)?.rows;
        if *query == everything {
            let sql =
                format!("DELETE FROM {table} WHERE username = ? AND collection = ? AND ttl <= ?");
            let values = self.place();
            self.lease.run(&sql, values)?;
        }
        Ok(gone)
    }

    fn take_off_deleted(&mut self, query: &Query, everything: bool) -> Result<(), Fault> {
        let table = &self.table;
        if everything {
            let from = format!("{table} WHERE username = ? AND collection = ?");
            return self.take_off(
                &from,
                vec![self.user.number().into(), self.collection.into()],
            );
        }
        let mut values = self.place();
        let conditions = conditions(query, &mut values);
        let from = match (query.limit, query.offset) {
            (None, None) => format!("{table} WHERE {conditions}"),
            _ => {
                let (order, window) = (order(query), window(query, &mut values));
                format!(
                    "(SELECT payload_size FROM {table} WHERE {conditions} \
                     ORDER BY {order}{window}) AS chosen"
                )
            }
        };
        self.take_off(&from, values)
    }

    pub(super) fn place(&self) -> Vec<Value> {
        vec![
            self.user.number().into(),
            self.collection.into(),
            expiry(self.clock),
        ]
    }
}

/// The bytes of payload of all collections of a user whose records are in `table`.
pub(super) fn used_bytes(
    lease: &mut Lease,
    table: &str,
    user: UserId,
    now: Timestamp,
) -> Result<u64, Fault> {
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(payload_size), 0) AS SIGNED) FROM {table} \
         WHERE username = ? AND ttl > ?"
    );
    let values = vec![user.number().into(), expiry(now)];
    match lease.first(&sql, values)? {
        Some(row) => Ok(u64::try_from(row::certain(&row, 0)?).unwrap_or(0)),
        None => Ok(0),
    }
}

pub(super) fn selects_nothing(query: &Query) -> bool {
    query.ids.as_ref().is_some_and(Vec::is_empty) || query.limit == Some(0)
}

/// The conditions of a query, their values appended to those of [`Records::place`].
pub(super) fn conditions(query: &Query, values: &mut Vec<Value>) -> String {
    let place = "username = ? AND collection = ? AND ttl > ?".to_owned();
    narrowed(place, query, values)
}

/// A condition, and those of a query.
pub(super) fn narrowed(mut sql: String, query: &Query, values: &mut Vec<Value>) -> String {
    let simple: [(&str, Option<Value>); 6] = [
        ("parentid =", query.parentid.as_deref().map(Value::from)),
        (
            "predecessorid =",
            query.predecessorid.as_deref().map(Value::from),
        ),
        ("modified >", query.newer.map(|time| time.centis().into())),
        ("modified <", query.older.map(|time| time.centis().into())),
        ("sortindex >", query.index_above.map(Value::from)),
        ("sortindex <", query.index_below.map(Value::from)),
    ];
    for (condition, value) in simple {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(condition);
            sql.push_str(" ?");
            values.push(value);
        }
    }
    if let Some(ids) = &query.ids {
        sql.push_str(" AND id IN (");
        sql.push_str(&one_of(ids.iter(), values));
        sql.push(')');
    }
    sql
}

/// Placeholders for so many ids, in a few fixed numbers, so that the server sees few different
/// statements; the last id fills what is left over.
pub(super) fn one_of<'i>(
    ids: impl ExactSizeIterator<Item = &'i RecordId>,
    values: &mut Vec<Value>,
) -> String {
    let count = ids.len();
    let places = match count {
        // As many as browsers send at once.
        65..=100 => 100,
        _ => count.next_power_of_two().min(count.max(512)),
    };
    values.reserve(places);
    values.extend(ids.map(|id| Value::from(id.as_str())));
    if let Some(last) = values.last().cloned() {
        values.extend(std::iter::repeat_n(last, places - count));
    }
    list("?", places)
}

/// So many times the same, with commas between.
pub(super) fn list(item: &str, count: usize) -> String {
    let mut list = format!("{item}, ").repeat(count);
    list.truncate(list.len().saturating_sub(2));
    list
}

pub(super) fn order(query: &Query) -> &'static str {
    match query.sort {
        None => "id",
        Some(Sort::Oldest) => "modified, id",
        Some(Sort::Newest) => "modified DESC, id",
        Some(Sort::Index) => "sortindex DESC, id",
    }
}

pub(super) fn window(query: &Query, values: &mut Vec<Value>) -> &'static str {
    match (query.limit, query.offset) {
        (None, None) => "",
        (Some(limit), None) => {
            values.push(limit.into());
            " LIMIT ?"
        }
        (limit, Some(offset)) => {
            values.push(limit.unwrap_or(u64::MAX).into());
            values.push(offset.into());
            " LIMIT ? OFFSET ?"
        }
    }
}

pub(super) fn with_id<T>(row: &Row, visit: impl FnOnce(WboRef<'_>) -> T) -> Result<T, Fault> {
    let id = row::text(row, 0).ok_or_else(|| Fault::broken("a record has no id"))?;
    Ok(visit(WboRef {
        id: &id,
        modified: Timestamp::ZERO,
        parentid: None,
        predecessorid: None,
        sortindex: None,
        payload: None,
    }))
}

pub(super) fn with_record<T>(row: &Row, visit: impl FnOnce(WboRef<'_>) -> T) -> Result<T, Fault> {
    let id = row::text(row, 0).ok_or_else(|| Fault::broken("a record has no id"))?;
    let (parentid, predecessorid) = (row::text(row, 2), row::text(row, 3));
    let payload = row::text(row, 5);
    Ok(visit(WboRef {
        id: &id,
        modified: Timestamp::from_centis(row::number(row, 1)?.unwrap_or(0)),
        parentid: parentid.as_deref(),
        predecessorid: predecessorid.as_deref(),
        sortindex: row::number(row, 4)?.and_then(|index| i32::try_from(index).ok()),
        payload: payload.as_deref(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_ids_are_filled_up_so_that_few_statements_differ() {
        let ids: Vec<RecordId> = (0..5)
            .map(|n| RecordId::new(format!("{n}")).unwrap())
            .collect();
        let mut values = Vec::new();
        assert_eq!(one_of(ids.iter(), &mut values), "?, ?, ?, ?, ?, ?, ?, ?");
        let last: Vec<Value> = vec!["4".into(); 4];
        assert_eq!(values[4..], last[..]);
        assert_eq!(one_of(ids[..1].iter(), &mut Vec::new()), "?");
    }

    #[test]
    fn what_never_expires_does_not_even_when_that_second_has_come() {
        let then = Timestamp::from_centis((NEVER + 1000) * 100);
        assert_eq!(expiry(then), Value::from(NEVER - 1));
    }
}
