//! One record by its id, in a collection whose number everybody knows: an answer [without a
//! session](super::once) that needs no union, and so half of what one takes.
//!
//! Our own row of the collection is locked, and the record is the inner side of an outer join with it, locked like
//! it: so it is read when our row has been, and as it is then. Nobody who takes our lock changes it before the
//! statement ends. So it is what the last writer before the lock left, and later writers choose their time later,
//! by a clock not earlier than the statement's own.
//!
//! PHP takes no such lock, and what it stored could come between the two readings; beside it nothing is answered,
//! nor of a collection that has no row of ours. On a replica nothing is locked, and all is of one snapshot.

use super::Engine;
use super::records::{with_id, with_record};
use super::tables::{LIVING, NOW, Tables};
use crate::mysql::{Fault, Lease, row};
use crate::storage::{Columns, Question, RowVisit};
use crate::sync::{Query, RecordId, Timestamp, UserId};
use mysql::Value;

/// A question for one record.
pub(super) struct One<'a> {
    user: UserId,
    number: i64,
    id: &'a RecordId,
    columns: Columns,
}

impl<'a> One<'a> {
    /// What is asked, if it is that.
    pub(super) fn of(engine: &Engine, user: UserId, question: Question<'a>) -> Option<One<'a>> {
        let Query {
            ids: Some(ids),
            parentid: None,
            predecessorid: None,
            newer: None,
            older: None,
            index_above: None,
            index_below: None,
            sort: _,
            limit: None,
            offset: None,
        } = question.query
        else {
            return None;
        };
        let number = Tables::fixed_number(question.collection);
        match (ids.as_slice(), number) {
            ([id], Some(number)) if !engine.config.php_beside => Some(One {
                user,
                number,
                id,
                columns: question.columns,
            }),
            _ => None,
        }
    }

    /// Visits the record, if it is there, and answers the time; nothing if the collection has no row of ours.
    /// `locking` are the words that lock what is read; none on a replica.
    pub(super) fn read(
        &self,
        engine: &Engine,
        lease: &mut Lease,
        locking: &str,
        visit: RowVisit<'_>,
    ) -> Result<Option<Timestamp>, Fault> {
        let sql = format!(
            "SELECT w.id, w.modified, w.parentid, w.predecessorid, w.sortindex, w.payload, {NOW}, \
             t.modified, t.told, (SELECT MAX(m.modified) FROM {wbo} AS m \
               WHERE m.username = t.userid AND m.collection = t.collectionid) \
             FROM {times} AS t LEFT JOIN {wbo} AS w ON w.username = t.userid \
             AND w.collection = t.collectionid AND w.id = ? AND w.ttl > {LIVING} \
             WHERE t.userid = ? AND t.collectionid = ? {locking}",
            wbo = engine.tables.wbo(self.user),
            times = engine.tables.times,
        );
        let values = vec![
            self.id.as_str().into(),
            self.user.number().into(),
            self.number.into(),
        ];
        let Some(row) = lease.first(&sql, values)? else {
            return Ok(None);
        };
        let [now, modified, told] = [6, 7, 8].map(|column| row::certain(&row, column));
        let floor = modified?.max(told?).max(row::number(&row, 9)?.unwrap_or(0));
        let (now, floor) = (Timestamp::from_centis(now?), Timestamp::from_centis(floor));
        if !matches!(row.as_ref(0), Some(Value::NULL)) {
            // There is no other that could be gone on to.
            let _ = match self.columns {
                Columns::Id => with_id(&row, visit)?,
                Columns::All => with_record(&row, visit)?,
            };
        }
        Ok(Some(match locking.is_empty() {
            true => floor,
            false => engine.behind(now).max(floor),
        }))
    }
}
