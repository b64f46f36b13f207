//! Answers without a session: the time and what is asked for, by one statement that is a transaction of
//! its own, or by two.
//!
//! # In one
//!
//! That statement holds the shared locks of a probe and makes the snapshot, and nothing says which of
//! the two the server does first. So it reads the rows of our own table twice: locked, as they are, and
//! in the snapshot. Every writer that ends leaves `modified` or `told` of its row later than before. If
//! the two readings agree, nobody's end lies between them:
//!
//! * A writer that chose its time before the statement began held its row then, and had ended when the
//!   lock was granted. Its end is in the locked reading, so it is in the snapshot.
//! * All others choose their time later, by a clock not earlier than the statement's own.
//!
//! So the time of the head of the engine holds: the statement's clock less a centisecond. If the
//! readings differ, a lock is refused, or the server knows no such locks, nothing is answered, and a
//! session is opened instead. The locks last as long as the statement.
//!
//! # In two
//!
//! The rows of a union go through a temporary table, which costs the server half as much again as reading
//! and sending them. So where many rows may come, the time is asked for first, under the shared lock, and
//! the rows by a second statement, which makes its snapshot when the lock was granted and let go of. That
//! is how sessions do it. Writers that are not in the snapshot chose their time when the lock had been let
//! go of, so it is later than the row that was locked. They also wait for the writers that are, so it is
//! later than every record that was visited. The latest of these times is told.

use super::Engine;
use super::following::Source;
use super::listing::by_rows;
use super::named::by_names;
use super::one::One;
use super::read::{State, moment};
use super::records::{self, with_id, with_record};
use super::tables::{LIVING, NOW};
use crate::mysql::{Fault, Lease, Pool, row};
use crate::storage::{Columns, Question, ReadFrom, RowVisit, Times};
use crate::sync::{Query, Timestamp, UserId};
use mysql::{Row, Value};
use std::ops::ControlFlow;
use std::sync::Arc;

/// LIMIT without a limit: in a part of a UNION, an order without one is not kept.
const ALL_OF_THEM: &str = " LIMIT 18446744073709551615";

/// So many rows cost the server less through a temporary table than a second exchange.
const FEW: u64 = 20;

/// The listing of a user's collections, unless a session has to be opened for it.
pub(super) fn times(engine: &Engine, user: UserId) -> Result<Option<Times>, Fault> {
    engine.reading().ask(|mut lease| {
        let Some(locking) = engine.locking(&lease) else {
            return Ok(None);
        };
        if engine.may_read_sums(&mut lease)?
            && let Some(times) = by_rows(engine, &mut lease, user, locking)?
        {
            return Ok(Some(times));
        }
        let named = match by_names(engine, &mut lease, user, (LIVING, None), locking) {
            Err(Fault::Locked) => return Ok(None),
            named => named?,
        };
        let time = match (locking.is_empty(), named.agreed()) {
            (true, _) => named.floor.unwrap_or_default(),
            (false, Some(now)) => engine.behind(now),
            (false, None) => return Ok(None),
        };
        let times = named.by_name().into_iter();
        let times = times.map(|(name, centis)| (name, Timestamp::from_centis(centis)));
        Ok(Some((time, times.collect())))
    })
}

/// Visits what a question selects, and answers the time; nothing, and no row is visited, if a session
/// has to be opened for it.
pub(super) fn records(
    engine: &Engine,
    user: UserId,
    question: Question<'_>,
    visit: RowVisit<'_>,
) -> Result<Option<Timestamp>, Fault> {
    if records::selects_nothing(question.query) {
        return Ok(None);
    }
    let pool: &Arc<Pool> = match question.from {
        ReadFrom::Any => engine.reading(),
        ReadFrom::Primary => &engine.write,
    };
    pool.ask(|mut lease| {
        let Some(locking) = engine.locking(&lease) else {
            return Ok(None);
        };
        if let Some(one) = One::of(engine, user, question) {
            match one.read(engine, &mut lease, locking, &mut *visit) {
                Ok(None) => {}
                Err(Fault::Locked) => return Ok(None),
                end => return end,
            }
        }
        let mut visiting = Visiting {
            columns: question.columns,
            visit: &mut *visit,
            begun: false,
            newest: 0,
        };
        match may_be_many(question.query) {
            true => in_two(engine, &mut lease, (user, question, locking), &mut visiting),
            false => in_one(engine, &mut lease, (user, question, locking), &mut visiting),
        }
    })
}

/// Whether more rows may come than are worth a second exchange.
fn may_be_many(query: &Query) -> bool {
    let few = |limit: &u64| *limit <= FEW;
    query.ids.is_none() && query.newer.is_none() && !query.limit.as_ref().is_some_and(few)
}

/// The visits of rows.
struct Visiting<'v> {
    columns: Columns,
    visit: RowVisit<'v>,
    /// Whether any row was visited.
    begun: bool,
    /// The latest time of a visited record, in centiseconds.
    newest: i64,
}

impl Visiting<'_> {
    fn row(&mut self, row: &Row) -> Result<ControlFlow<()>, Fault> {
        self.begun = true;
        match self.columns {
            Columns::Id => with_id(row, &mut *self.visit),
            Columns::All => {
                self.newest = self.newest.max(row::number(row, 1)?.unwrap_or(0));
                with_record(row, &mut *self.visit)
            }
        }
    }

    /// An end after which nothing is begun again if some rows were visited.
    fn end(&self, end: Result<(), Fault>) -> Result<(), Fault> {
        end.map_err(|fault| match fault {
            Fault::Lost(why) if self.begun => Fault::Unavailable(why),
            Fault::Deadlock if self.begun => Fault::Locked,
            fault => fault,
        })
    }
}

/// Who asks what, and the words that lock.
type Asked<'a> = (UserId, Question<'a>, &'a str);

fn in_one(
    engine: &Engine,
    lease: &mut Lease,
    (user, question, locking): Asked<'_>,
    visiting: &mut Visiting<'_>,
) -> Result<Option<Timestamp>, Fault> {
    let wbo = engine.tables.wbo(user);
    let mut head = None;
    let end = engine.by_times(lease, &wbo, question.query, |lease, index| {
        let (sql, values) = statement(engine, user, question, (index, locking));
        lease.each(&sql, values, |row| {
            if matches!(row.as_ref(0), Some(Value::NULL)) {
                let found = Head::of_collection(&row)?;
                let goes_on = found.agree || locking.is_empty();
                head = Some(found);
                return Ok(match goes_on {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                });
            }
            if head.is_none() {
                return Err(Fault::broken(
                    "a record came before the time of its reading",
                ));
            }
            visiting.row(&row)
        })
    });
    let end = visiting.end(end);
    if visiting.begun {
        end?;
    } else if told(end, head.as_ref())?.is_none() {
        return Ok(None);
    }
    Ok(head.and_then(|head| {
        let floor = head.floor.unwrap_or_default();
        match (locking.is_empty(), head.agree) {
            (true, _) => Some(floor),
            (false, true) => Some(engine.behind(head.now).max(floor)),
            (false, false) => None,
        }
    }))
}

fn in_two(
    engine: &Engine,
    lease: &mut Lease,
    (user, question, locking): Asked<'_>,
    visiting: &mut Visiting<'_>,
) -> Result<Option<Timestamp>, Fault> {
    let (sql, values) = moment(engine, user, question.collection);
    let row = match lease.row(&format!("{sql} {locking}"), values) {
        Err(Fault::Locked) => return Ok(None),
        row => row?,
    };
    let state = State::of(&row)?;
    let (sql, values) = scan(engine, user, question);
    let end = lease.each(&sql, values, |row| visiting.row(&row));
    visiting.end(end)?;
    let floor = state.floor.max(Timestamp::from_centis(visiting.newest));
    Ok(Some(match locking.is_empty() {
        true => floor,
        false => engine.behind(state.now).max(floor),
    }))
}

/// A reading that met a lock has told nothing.
fn told<T>(end: Result<(), Fault>, head: Option<T>) -> Result<Option<T>, Fault> {
    match end {
        Ok(()) if head.is_some() => Ok(head),
        Ok(()) => Err(Fault::broken("the database does not tell the time")),
        Err(Fault::Locked) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The condition of the living records that a query selects; `values` get its own, behind the user and what
/// the collection's `number` has.
fn living(number: &str, query: &Query, values: &mut Vec<Value>) -> String {
    let all = format!("username = ? AND collection = ({number}) AND ttl > {LIVING}");
    records::narrowed(all, query, values)
}

/// A query for the records alone.
fn scan(engine: &Engine, user: UserId, question: Question<'_>) -> (String, Vec<Value>) {
    let (number, of_number) = engine.tables.number(user, question.collection);
    let mut values = vec![Value::from(user.number())];
    values.extend(of_number);
    let selected = living(&number, question.query, &mut values);
    let order = records::order(question.query);
    let window = records::window(question.query, &mut values);
    let columns = match question.columns {
        Columns::Id => "id",
        Columns::All => records::ALL,
    };
    let wbo = engine.tables.wbo(user);
    let sql = format!("SELECT {columns} FROM {wbo} WHERE {selected} ORDER BY {order}{window}");
    (sql, values)
}

/// One row with the time in its second column and what our own table says behind the columns of
/// records, which are in the other rows.
fn statement(
    engine: &Engine,
    user: UserId,
    question: Question<'_>,
    (index, locking): (&str, &str),
) -> (String, Vec<Value>) {
    let (wbo, times) = (engine.tables.wbo(user), &engine.tables.times);
    let (number, of_number) = engine.tables.number(user, question.collection);
    let user = Value::from(user.number());
    let mut values = vec![user.clone(); 3];
    values.extend(of_number.iter().cloned());
    values.push(user.clone());
    let mut place = vec![user];
    place.extend(of_number);
    let source = (number.as_str(), place.clone());
    let source = Source::of(question.query, &wbo, index, source);
    values.extend(source.values);
    values.extend(place);
    let selected = living(&number, question.query, &mut values);
    let window = match records::window(question.query, &mut values) {
        "" => ALL_OF_THEM,
        window => window,
    };
    let columns = match question.columns {
        Columns::Id => "id, NULL, NULL, NULL, NULL, NULL",
        Columns::All => records::ALL,
    };
    let sql = format!(
        "(SELECT NULL AS id, {NOW} AS modified, NULL AS parentid, NULL AS predecessorid, \
           NULL AS sortindex, NULL AS payload, t.modified AS row_modified, t.told AS row_told, \
           (SELECT s.modified FROM {times} AS s WHERE s.userid = ? AND s.collectionid = c.id), \
           (SELECT s.told FROM {times} AS s WHERE s.userid = ? AND s.collectionid = c.id), \
           (SELECT MAX(w.modified) FROM {wbo} AS w WHERE w.username = ? AND w.collection = c.id) \
         FROM ({number}) AS c \
         LEFT JOIN {times} AS t ON t.userid = ? AND t.collectionid = c.id {locking}) \
         UNION ALL (SELECT {columns}, NULL, NULL, NULL, NULL, NULL FROM {from} \
         WHERE {selected} ORDER BY {order}{window})",
        from = source.from,
        order = source.order,
    );
    (sql, values)
}

/// What a statement says beside what it was asked for.
struct Head {
    now: Timestamp,
    /// No write that is not in the snapshot has a time up to this.
    floor: Option<Timestamp>,
    /// Whether our own table was the same in the snapshot and under the locks.
    agree: bool,
}

impl Head {
    fn of_collection(row: &Row) -> Result<Head, Fault> {
        let [modified, told, seen_modified, seen_told, newest] =
            [6, 7, 8, 9, 10].map(|column| row::number(row, column));
        let (seen, newest) = ((seen_modified?, seen_told?), newest?);
        let floor = seen.0.max(seen.1).max(newest);
        Ok(Head {
            now: Timestamp::from_centis(row::certain(row, 1)?),
            floor: floor.map(Timestamp::from_centis),
            agree: (modified?, told?) == seen,
        })
    }
}

impl Engine {
    /// The words that lock what is read for a moment; none are needed on a replica. Nothing where the
    /// server has no such words.
    fn locking(&self, lease: &Lease) -> Option<&'static str> {
        match self.is_primary(lease) {
            true => lease.facts.share_nowait,
            false => Some(""),
        }
    }
}
