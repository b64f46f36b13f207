//! What clients did to a collection and what they were told, and whether a state can come of it.
//!
//! Each operation is marked in the payloads that it writes. One that was answered with success has a time,
//! and these times are the order in which they happened. Of one without an answer, or answered with an
//! error, nobody knows whether it happened; but if so, whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

/// What an operation does.
#[derive(Clone, Debug)]
pub enum What {
    /// Writes records, which live for these seconds.
    Write { ids: Vec<String>, ttl: Option<u32> },
    /// Deletes records, or all.
    Delete { ids: Option<Vec<String>> },
}

/// What the client knows about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered with success and this time.
    Done(i64),
    /// Answered that nothing was done, for a reason that has nothing to do with faults.
    Refused,
    /// An error, half an answer, or none.
    Unknown,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub number: u64,
    pub what: What,
    /// The condition: only if the collection has not changed since this time.
    pub since: Option<i64>,
    pub outcome: Outcome,
}

/// A record as a client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The operation that wrote it.
    pub by: u64,
    pub modified: i64,
    pub bytes: usize,
}

/// One collection of one user.
#[derive(Default)]
pub struct History {
    pub name: String,
    /// The latest time that anybody was told of the collection, as its own.
    listed: AtomicI64,
    /// The latest time that anybody was told with any answer about it.
    told: AtomicI64,
    operations: Mutex<Vec<Operation>>,
    /// When each operation happened, as seen at its records.
    sightings: Mutex<HashMap<u64, i64>>,
}

impl History {
    pub fn new(name: &str) -> History {
        History {
            name: name.to_owned(),
            ..History::default()
        }
    }

    /// The times below which nobody may be told anything from now on: as the collection's, and with a
    /// write.
    pub fn floors(&self) -> (i64, i64) {
        let listed = self.listed.load(Ordering::SeqCst);
        (listed, self.told.load(Ordering::SeqCst))
    }

    /// Somebody was told this time as the collection's.
    pub fn listed(&self, time: i64) {
        self.listed.fetch_max(time, Ordering::SeqCst);
        self.told.fetch_max(time, Ordering::SeqCst);
    }

    /// Somebody was told this time with an answer that showed the collection.
    pub fn told(&self, time: i64) {
        self.told.fetch_max(time, Ordering::SeqCst);
    }

    pub fn add(&self, operation: Operation) {
        self.operations.lock().unwrap().push(operation);
    }

    /// The operation of a number.
    pub fn operation(&self, number: u64) -> Option<Operation> {
        let operations = self.operations.lock().unwrap();
        operations.iter().find(|o| o.number == number).cloned()
    }

    /// Somebody saw a record. Fails when the same operation was seen at another time: it happened twice.
    pub fn saw(&self, record: &Seen) {
        let mut sightings = self.sightings.lock().unwrap();
        let first = *sightings.entry(record.by).or_insert(record.modified);
        assert_eq!(
            first, record.modified,
            "{}: operation {} happened twice",
            self.name, record.by
        );
    }

    /// Fails unless `state` can be what the operations left, and nobody won whose condition was broken.
    pub fn check(&self, state: &BTreeMap<String, Seen>) {
        let operations = self.operations.lock().unwrap();
        for seen in state.values() {
            self.saw(seen);
        }
        let judge = Judge {
            name: &self.name,
            by_number: operations.iter().map(|o| (o.number, o)).collect(),
            operations: &operations,
            sightings: &self.sightings.lock().unwrap(),
            state,
        };
        judge.times();
        judge.conditions();
        for id in judge.ids() {
            judge.record(&id);
        }
        for operation in operations.iter() {
            judge.whole(operation);
        }
    }
}

struct Judge<'a> {
    name: &'a str,
    operations: &'a [Operation],
    by_number: HashMap<u64, &'a Operation>,
    sightings: &'a HashMap<u64, i64>,
    state: &'a BTreeMap<String, Seen>,
}

impl Operation {
    fn touches(&self, id: &str) -> bool {
        match &self.what {
            What::Write { ids, .. } | What::Delete { ids: Some(ids) } => {
                ids.iter().any(|known| known == id)
            }
            What::Delete { ids: None } => true,
        }
    }

    fn writes(&self) -> bool {
        matches!(self.what, What::Write { .. })
    }

    /// Whether a record that it touched may be missing although nothing came later.
    fn may_leave_nothing(&self) -> bool {
        match self.what {
            What::Write { ttl, .. } => ttl.is_some(),
            What::Delete { .. } => true,
        }
    }

    fn may_have_happened(&self) -> bool {
        self.outcome != Outcome::Refused
    }
}

impl Judge<'_> {
    /// When an operation happened, if anybody knows.
    fn time(&self, operation: &Operation) -> Option<i64> {
        match operation.outcome {
            Outcome::Done(time) => Some(time),
            Outcome::Refused => None,
            Outcome::Unknown => self.sightings.get(&operation.number).copied(),
        }
    }

    /// Records bear the time that their writer was told; no two writes have one time.
    fn times(&self) {
        let mut at = HashMap::new();
        for operation in self.operations.iter().filter(|o| o.writes()) {
            let seen = self.sightings.get(&operation.number).copied();
            match operation.outcome {
                Outcome::Refused => assert_eq!(seen, None, "{}: {operation:?}", self.name),
                Outcome::Done(time) => {
                    assert!(
                        seen.is_none_or(|seen| seen == time),
                        "{}: {operation:?} is seen at {seen:?}",
                        self.name
                    );
                }
                Outcome::Unknown => {}
            }
            if let Some(time) = self.time(operation) {
                let other = at.insert(time, operation);
                assert!(
                    other.is_none(),
                    "{}: {operation:?} and {other:?} have one time",
                    self.name
                );
            }
        }
    }

    /// Nobody who said "unless it has changed since" succeeded although it had.
    fn conditions(&self) {
        let mut times: Vec<(i64, u64)> = (self.operations.iter())
            .filter(|operation| operation.writes())
            .filter_map(|operation| Some((self.time(operation)?, operation.number)))
            .collect();
        times.sort_unstable();
        for operation in self.operations {
            let (Some(since), Some(time)) = (operation.since, self.time(operation)) else {
                continue;
            };
            let first = times.partition_point(|(other, _)| *other <= since);
            let between = times[first..]
                .iter()
                .find(|(other, number)| *other < time && *number != operation.number);
            assert_eq!(
                between, None,
                "{}: {operation:?} succeeded at {time}",
                self.name
            );
        }
    }

    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.state.keys().cloned().collect();
        for operation in self.operations {
            if let What::Write { ids: written, .. } = &operation.what {
                ids.extend(written.iter().cloned());
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The last operation on a record that was answered with success.
    fn last_done(&self, id: &str) -> Option<(&Operation, i64)> {
        (self.operations.iter())
            .filter(|operation| operation.touches(id))
            .filter_map(|operation| match operation.outcome {
                Outcome::Done(time) => Some((operation, time)),
                _ => None,
            })
            .max_by_key(|(_, time)| *time)
    }

    /// Operations on a record of which nobody knows whether they happened.
    fn unknown(&self, id: &str) -> impl Iterator<Item = &Operation> {
        (self.operations.iter())
            .filter(move |operation| operation.outcome == Outcome::Unknown && operation.touches(id))
    }

    /// A record is what the last operation that succeeded made of it, or one without an answer since.
    fn record(&self, id: &str) {
        let last = self.last_done(id);
        let Some(stored) = self.state.get(id) else {
            let excused = last.is_none_or(|(last, _)| last.may_leave_nothing())
                || self.unknown(id).any(Operation::may_leave_nothing);
            assert!(excused, "{}: {id} is lost after {last:?}", self.name);
            return;
        };
        let Some(writer) = self.by_number.get(&stored.by) else {
            panic!("{}: {id} was written by nobody: {stored:?}", self.name);
        };
        assert!(
            writer.writes() && writer.touches(id) && writer.may_have_happened(),
            "{}: {id} is {stored:?}, by {writer:?}",
            self.name
        );
        if let Some((last, time)) = last.filter(|(last, _)| last.number != writer.number) {
            assert!(
                writer.outcome == Outcome::Unknown && stored.modified > time,
                "{}: {id} is {stored:?}, by {writer:?}, which {last:?} came after",
                self.name
            );
        }
    }

    /// If a part of an operation is there, all of it is, or was before others came.
    fn whole(&self, operation: &Operation) {
        let What::Write { ids, .. } = &operation.what else {
            return;
        };
        let Some(time) = self.time(operation) else {
            return;
        };
        for id in ids {
            let stored = self.state.get(id);
            let excused = match stored {
                Some(stored) => stored.modified >= time,
                None => operation.may_leave_nothing() || self.emptied_after(operation, time, id),
            };
            assert!(
                excused,
                "{}: {operation:?} happened at {time}, but {id} is {stored:?}",
                self.name
            );
        }
    }

    /// Whether another operation may have left nothing of a record after this time.
    fn emptied_after(&self, operation: &Operation, time: i64, id: &str) -> bool {
        self.operations.iter().any(|other| {
            let since = match other.outcome {
                Outcome::Done(at) => at > time,
                Outcome::Unknown => true,
                Outcome::Refused => false,
            };
            let another = other.number != operation.number && other.touches(id);
            since && another && other.may_leave_nothing()
        })
    }
}
