//! What clients did to a collection and what they were told, and whether a state can come of it.
//!
//! Each operation is marked in the payloads that it writes. One that was answered with success has a time,
//! and these times are the order in which they happened. Of one without an answer, or answered with an
//! error, nobody knows whether it happened; but if so, whole.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::judge::Judge;
use crate::violation::{Broken, Verdict, Violation, promised};

/// The records of a collection.
pub type State = BTreeMap<String, Seen>;

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

    /// Somebody saw a record: at the one time at which its operation happened.
    pub fn saw(&self, record: &Seen) -> Verdict {
        let mut sightings = self.sightings.lock().unwrap();
        let first = *sightings.entry(record.by).or_insert(record.modified);
        promised(first == record.modified, Broken::Doubled, || {
            let (name, number) = (&self.name, record.by);
            format!("{name}: operation {number} at {first} and {record:?}")
        })
    }

    /// A write that got `time`, when somebody had been told `told` before it began.
    pub fn later(&self, time: i64, told: i64) -> Verdict {
        promised(time > told, Broken::NotLater, || {
            format!("{}: a write at {time}, {told} was told", self.name)
        })
    }

    /// The collection's time that somebody is told who asked after it was `floor`.
    pub fn not_before(&self, time: i64, floor: i64) -> Verdict {
        promised(time >= floor, Broken::WentBack, || {
            format!("{}: {time} after {floor}", self.name)
        })
    }

    /// What the records of an answer are, each there once.
    pub fn once(&self, records: Vec<(String, Seen)>) -> Result<State, Violation> {
        let mut state = State::new();
        for (id, seen) in records {
            self.saw(&seen)?;
            if let Some(other) = state.insert(id.clone(), seen) {
                let how = format!("{}: {id} is there twice, once {other:?}", self.name);
                return Err(Violation::new(Broken::Doubled, how));
            }
        }
        Ok(state)
    }

    /// The copy of somebody who followed the collection, `way` says by what, until `since`.
    pub fn followed(&self, way: &str, since: i64, copy: &State, state: &State) -> Verdict {
        for (id, stored) in state {
            promised(copy.get(id) == Some(stored), Broken::Missed, || {
                let writer = self.operation(stored.by);
                let (name, known) = (&self.name, copy.get(id));
                format!(
                    "{name} by {way} until {since}: {id} is {stored:?} by {writer:?}, not {known:?}"
                )
            })?;
        }
        Ok(())
    }

    /// Whether `state` can be what the operations left, and nobody won whose condition was broken.
    pub fn check(&self, state: &State) -> Verdict {
        for seen in state.values() {
            self.saw(seen)?;
        }
        let operations = self.operations.lock().unwrap();
        Judge::new(
            &self.name,
            &operations,
            &self.sightings.lock().unwrap(),
            state,
        )
        .judge()
    }
}

impl Operation {
    pub fn touches(&self, id: &str) -> bool {
        match &self.what {
            What::Write { ids, .. } | What::Delete { ids: Some(ids) } => {
                ids.iter().any(|known| known == id)
            }
            What::Delete { ids: None } => true,
        }
    }

    pub fn writes(&self) -> bool {
        matches!(self.what, What::Write { .. })
    }

    /// Whether a record that it touched may be missing although nothing came later.
    pub fn may_leave_nothing(&self) -> bool {
        match self.what {
            What::Write { ttl, .. } => ttl.is_some(),
            What::Delete { .. } => true,
        }
    }

    pub fn may_have_happened(&self) -> bool {
        self.outcome != Outcome::Refused
    }
}
