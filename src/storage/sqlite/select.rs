//! A [`Query`] as SQL: fixed fragments, and values that are only ever bound.

use crate::storage::{Columns, StorageResult};
use crate::sync::{Query, Sort, Timestamp};
use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;
use std::borrow::Cow;

/// A value of the query.
enum Bind<'q> {
    Number(i64),
    Text(Cow<'q, str>),
}

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Bind::Number(number) => number.to_sql(),
            Bind::Text(text) => text.to_sql(),
        }
    }
}

/// What a query selects of one collection.
pub(super) struct Selection<'q> {
    condition: String,
    order: &'static str,
    /// An index delivers the rows in order; else SQLite has to sort them first.
    in_order: bool,
    binds: Vec<Bind<'q>>,
    limit: i64,
    offset: i64,
}

impl<'q> Selection<'q> {
    /// `collection` is the number of the collection; records whose life ended at `time` or before
    /// don't exist.
    pub(super) fn new(query: &'q Query, collection: i64, time: Timestamp) -> Self {
        let is_one = matches!(query.ids.as_deref(), Some([_]));
        let sort = query.sort.filter(|_| !is_one);
        let mut selection = Selection {
            condition: "collection = ? AND (expires IS NULL OR expires > ?)".to_owned(),
            order: match sort {
                None => "id",
                Some(Sort::Oldest) => "modified, id",
                Some(Sort::Newest) => "modified DESC, id",
                Some(Sort::Index) => "sortindex DESC NULLS LAST, id",
            },
            in_order: match sort {
                _ if is_one => true,
                None => query.ids.is_none() && query.newer.is_none() && query.older.is_none(),
                Some(Sort::Oldest) => query.ids.is_none(),
                Some(Sort::Newest | Sort::Index) => false,
            },
            binds: vec![Bind::Number(collection), Bind::Number(time.centis())],
            limit: query.limit.map_or(-1, saturating),
            offset: query.offset.map_or(0, saturating),
        };
        selection.filter(query);
        selection
    }

    fn filter(&mut self, query: &'q Query) {
        let text = |text: &'q Option<String>| text.as_deref().map(|t| Bind::Text(Cow::Borrowed(t)));
        let time = |time: Option<Timestamp>| time.map(|t| Bind::Number(t.centis()));
        let (one, ids) = match query.ids.as_deref() {
            None => (None, None),
            Some([id]) => (Some(Bind::Text(Cow::Borrowed(id.as_str()))), None),
            // One bound value for any number of ids, so that there is one statement for all of them.
            Some(ids) => {
                let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
                let ids = Cow::Owned(serde_json::json!(ids).to_string());
                (None, Some(Bind::Text(ids)))
            }
        };
        let filters = [
            (" AND id = ?", one),
            (" AND id IN (SELECT value FROM json_each(?))", ids),
            (" AND parentid = ?", text(&query.parentid)),
            (" AND predecessorid = ?", text(&query.predecessorid)),
            (" AND modified > ?", time(query.newer)),
            (" AND modified < ?", time(query.older)),
            (" AND sortindex > ?", query.index_above.map(Bind::Number)),
            (" AND sortindex < ?", query.index_below.map(Bind::Number)),
        ];
        for (fragment, value) in filters {
            if let Some(value) = value {
                self.condition.push_str(fragment);
                self.binds.push(value);
            }
        }
    }

    /// Whether rows of these columns can be read straight in their order. Where SQLite has to sort,
    /// it would sort whole payloads, so then only the keys are sorted and each row is fetched.
    pub(super) fn is_direct(&self, columns: Columns) -> bool {
        self.in_order || columns == Columns::Id
    }

    /// Selects what `columns` names (SQL) in order; the page is bound last.
    pub(super) fn sql(&self, columns: &str) -> String {
        let Selection {
            condition, order, ..
        } = self;
        format!("SELECT {columns} FROM wbo WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?")
    }

    /// Counts what the query selects, whatever its page.
    pub(super) fn count_sql(&self) -> String {
        format!("SELECT count(*) FROM wbo WHERE {}", self.condition)
    }

    /// The values of [`count_sql`](Self::count_sql).
    pub(super) fn values(&self) -> Vec<&dyn ToSql> {
        self.binds.iter().map(|bind| bind as &dyn ToSql).collect()
    }

    /// The values of [`sql`](Self::sql).
    pub(super) fn paged_values(&self) -> Vec<&dyn ToSql> {
        let mut values = self.values();
        values.push(&self.limit);
        values.push(&self.offset);
        values
    }
}

/// How many of `all` records a page of the query holds.
pub(super) fn page_of(query: &Query, all: i64) -> StorageResult<u64> {
    let all = super::count(all)?;
    let after_offset = all.saturating_sub(query.offset.unwrap_or(0));
    Ok(query
        .limit
        .map_or(after_offset, |limit| limit.min(after_offset)))
}

/// Whether the query is for every record, in whatever order.
pub(super) fn is_everything(query: &Query) -> bool {
    *query
        == Query {
            sort: query.sort,
            ..Query::default()
        }
}

fn saturating(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sqlite::file::keep_plans;
    use crate::sync::RecordId;
    use rusqlite::{Connection, params_from_iter};

    fn plan(query: &Query) -> String {
        let connection = Connection::open_in_memory().unwrap();
        keep_plans(&connection).unwrap();
        let schema = include_str!("../../../sql/sqlite/001-storage.sql");
        connection.execute_batch(schema).unwrap();
        let selection = Selection::new(query, 1, Timestamp::ZERO);
        let sql = format!("EXPLAIN QUERY PLAN {}", selection.sql("id, payload"));
        let mut statement = connection.prepare(&sql).unwrap();
        let values = params_from_iter(selection.paged_values());
        let steps = statement
            .query_map(values, |row| row.get::<_, String>(3))
            .unwrap();
        steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    fn every_shape() -> impl Iterator<Item = Query> {
        let sorts = [
            None,
            Some(Sort::Oldest),
            Some(Sort::Newest),
            Some(Sort::Index),
        ];
        sorts.into_iter().flat_map(|sort| {
            (0..64u32).map(move |bits| Query {
                ids: match (bits & 1 > 0, bits & 32 > 0) {
                    (true, _) => Some(Vec::new()),
                    (_, true) => Some(vec![RecordId::new("a").unwrap()]),
                    _ => None,
                },
                newer: (bits & 2 > 0).then_some(Timestamp::ZERO),
                older: (bits & 4 > 0).then_some(Timestamp::ZERO),
                parentid: (bits & 8 > 0).then(String::new),
                index_above: (bits & 16 > 0).then_some(0),
                sort,
                ..Query::default()
            })
        })
    }

    #[test]
    fn what_is_read_directly_is_never_sorted() {
        for query in every_shape() {
            if Selection::new(&query, 1, Timestamp::ZERO).is_direct(Columns::All) {
                assert!(
                    !plan(&query).contains("TEMP B-TREE"),
                    "{query:?}: {}",
                    plan(&query)
                );
            }
        }
    }

    #[test]
    fn no_query_reads_other_collections() {
        for query in every_shape() {
            let plan = plan(&query);
            assert!(plan.contains("SEARCH wbo USING INDEX"), "{query:?}: {plan}");
            assert!(plan.contains("(collection=?"), "{query:?}: {plan}");
        }
    }
}
