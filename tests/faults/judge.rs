//! Whether a state of a collection can come of a history.

use std::collections::HashMap;

use crate::history::{Operation, Outcome, Seen, State, What};
use crate::violation::{Broken, Verdict, Violation, promised};

/// Looks at one collection, when all is over.
pub struct Judge<'a> {
    name: &'a str,
    operations: &'a [Operation],
    by_number: HashMap<u64, &'a Operation>,
    sightings: &'a HashMap<u64, i64>,
    state: &'a State,
}

impl<'a> Judge<'a> {
    /// `sightings`: when each operation happened, as seen at its records.
    pub fn new(
        name: &'a str,
        operations: &'a [Operation],
        sightings: &'a HashMap<u64, i64>,
        state: &'a State,
    ) -> Judge<'a> {
        Judge {
            name,
            by_number: operations.iter().map(|o| (o.number, o)).collect(),
            operations,
            sightings,
            state,
        }
    }

    pub fn judge(&self) -> Verdict {
        self.times()?;
        self.conditions()?;
        for operation in self.operations {
            self.whole(operation)?;
        }
        self.ids().iter().try_for_each(|id| self.record(id))
    }

    /// When an operation happened, if anybody knows.
    fn time(&self, operation: &Operation) -> Option<i64> {
        match operation.outcome {
            Outcome::Done(time) => Some(time),
            Outcome::Refused => None,
            Outcome::Unknown => self.sightings.get(&operation.number).copied(),
        }
    }

    fn broken<T>(&self, of: Broken, how: String) -> Result<T, Violation> {
        Err(Violation::new(of, format!("{}: {how}", self.name)))
    }

    /// Records bear the time that their writer was told; no two writes have one time.
    fn times(&self) -> Verdict {
        let mut at = HashMap::new();
        for operation in self.operations.iter().filter(|o| o.writes()) {
            let seen = self.sightings.get(&operation.number).copied();
            let how = || format!("{operation:?} is seen at {seen:?}");
            match operation.outcome {
                Outcome::Refused if seen.is_some() => {
                    return self.broken(Broken::RefusedAndDone, how());
                }
                Outcome::Done(time) if seen.is_some_and(|seen| seen != time) => {
                    return self.broken(Broken::Times, how());
                }
                _ => {}
            }
            let Some(time) = self.time(operation) else {
                continue;
            };
            if let Some(other) = at.insert(time, operation) {
                let how = format!("{operation:?} and {other:?} have one time");
                return self.broken(Broken::Times, how);
            }
        }
        Ok(())
    }

    /// Nobody who said "unless it has changed since" succeeded although it had.
    fn conditions(&self) -> Verdict {
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
            if let Some((other, number)) = between {
                let how = format!("{operation:?} at {time}, although {number} at {other}");
                return self.broken(Broken::TwoWinners, how);
            }
        }
        Ok(())
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
    fn record(&self, id: &str) -> Verdict {
        let last = self.last_done(id);
        let Some(stored) = self.state.get(id) else {
            let excused = last.is_none_or(|(last, _)| last.may_leave_nothing())
                || self.unknown(id).any(Operation::may_leave_nothing);
            return promised(excused, Broken::Lost, || {
                format!("{}: {id} is not there after {last:?}", self.name)
            });
        };
        let writer = (self.by_number.get(&stored.by))
            .filter(|writer| writer.writes() && writer.touches(id) && writer.may_have_happened());
        let Some(writer) = writer else {
            let how = format!("{id} is {stored:?}, which nobody wrote there");
            return self.broken(Broken::Unheard, how);
        };
        let Some((last, time)) = last.filter(|(last, _)| last.number != writer.number) else {
            return Ok(());
        };
        let later = writer.outcome == Outcome::Unknown && stored.modified > time;
        promised(later, Broken::Lost, || {
            let name = self.name;
            format!("{name}: {id} is {stored:?} by {writer:?}, which {last:?} came after")
        })
    }

    /// If a part of an operation is there, all of it is, or was before others came.
    fn whole(&self, operation: &Operation) -> Verdict {
        let What::Write { ids, .. } = &operation.what else {
            return Ok(());
        };
        let Some(time) = self.time(operation) else {
            return Ok(());
        };
        let missing = ids.iter().find(|id| match self.state.get(*id) {
            Some(stored) => stored.modified < time,
            None => !operation.may_leave_nothing() && !self.emptied_after(operation, time, id),
        });
        let Some(id) = missing else {
            return Ok(());
        };
        let is_there = |seen: &Seen| seen.by == operation.number;
        let of = match self.state.values().any(is_there) {
            true => Broken::Halved,
            false => Broken::Lost,
        };
        let stored = self.state.get(id);
        self.broken(
            of,
            format!("{operation:?} happened at {time}, but {id} is {stored:?}"),
        )
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
