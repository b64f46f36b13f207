//! Writing records, many in one statement.
//!
//! A write with a payload replaces the record, one without is merged into it. Neighbouring writes of
//! one kind go together, in their order, in statements of a few fixed sizes, so that a connection
//! needs few prepared statements; and none is larger than the server takes.

use super::keep::HEAVY;
use super::records::{Records, expiry, list, one_of};
use super::sums::{SIZE, Sums};
use super::tables::NEVER;
use crate::mysql::Fault;
use crate::mysql::row;
use crate::sync::{Timestamp, Ttl, WboWrite};
use mysql::Value;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

/// How many records a statement holds.
pub(super) const SIZES: [usize; 7] = [100, 32, 16, 8, 4, 2, 1];
/// What a record takes in a message beside its payload, at most.
const FRAME: usize = 512;

const COLUMNS: &str = "username, collection, id, parentid, predecessorid, sortindex, modified, \
                       payload, payload_size, ttl";

const REPLACE: &str = "parentid = VALUES(parentid), predecessorid = VALUES(predecessorid), \
                       sortindex = VALUES(sortindex), modified = VALUES(modified), \
                       payload = VALUES(payload), ttl = VALUES(ttl)";

const MERGE: &str = "parentid = COALESCE(VALUES(parentid), parentid), \
                     predecessorid = COALESCE(VALUES(predecessorid), predecessorid), \
                     sortindex = COALESCE(VALUES(sortindex), sortindex), \
                     modified = VALUES(modified), ttl = VALUES(ttl)";

/// A record of which these columns stay as they are when it is merged into.
#[derive(Clone, Copy)]
struct Stored {
    modified: i64,
    ttl: i64,
}

/// A write, with the columns that the statement can't leave to the database.
#[derive(Clone, Copy)]
pub(super) struct Line<'w> {
    pub(super) write: &'w WboWrite,
    modified: i64,
    ttl: i64,
}

impl Line<'_> {
    /// The bytes of its payload.
    fn bytes(&self) -> usize {
        self.write.payload.as_ref().map_or(0, String::len)
    }
}

/// What writes came to.
#[derive(Default)]
pub(super) struct Put {
    /// The `modified` that each record then has; nothing where the write was passed over.
    pub(super) modified: Vec<Option<Timestamp>>,
    /// Whether any of them changed anything.
    pub(super) changed: bool,
}

impl Records {
    /// Applies writes in their order.
    pub(super) fn put(&mut self, writes: &[WboWrite]) -> Result<Put, Fault> {
        let mut put = Put::default();
        let mut rest = writes;
        while let Some(first) = rest.first() {
            let run = match first.payload {
                Some(_) => rest.iter().take_while(|w| w.payload.is_some()).count(),
                None => distinct_merges(rest),
            };
            let (now, later) = rest.split_at(run);
            match first.payload {
                Some(_) => self.replace(now, &mut put)?,
                None => self.merge(now, &mut put)?,
            }
            rest = later;
        }
        Ok(put)
    }

    fn replace(&mut self, writes: &[WboWrite], put: &mut Put) -> Result<(), Fault> {
        let lines: Vec<_> = writes.iter().map(|write| self.whole(write)).collect();
        self.kept_heavily |= lines.iter().map(Line::bytes).sum::<usize>() >= HEAVY;
        match std::mem::take(&mut self.looks_new) && are_distinct(writes) {
            true => self.insert(&lines)?,
            false => {
                for some in writes.chunks(SIZES[0]) {
                    self.keep_replaced(some.iter().map(|write| &write.id))?;
                }
                self.store_whole(&lines)?;
            }
        }
        put.modified
            .extend(std::iter::repeat_n(Some(self.now), writes.len()));
        put.changed = true;
        Ok(())
    }

    fn merge(&mut self, writes: &[WboWrite], put: &mut Put) -> Result<(), Fault> {
        self.looks_new = false;
        let stored = self.stored(writes)?;
        let (mut merged, mut created) = (Vec::new(), Vec::new());
        for write in writes {
            match stored.get(write.id.as_str()) {
                Some(stored) => {
                    let line = self.merging(write, *stored);
                    put.modified
                        .push(Some(Timestamp::from_centis(line.modified)));
                    if names_something(write) {
                        merged.push(line);
                    }
                }
                None if write.create => {
                    put.modified.push(Some(self.now));
                    created.push(self.whole(write));
                }
                None => put.modified.push(None),
            }
        }
        put.changed |= !merged.is_empty() || !created.is_empty();
        let all = merged.iter().chain(&created).map(|line| &line.write.id);
        let all: Vec<_> = all.collect();
        if !all.is_empty() {
            self.keep_replaced(all.into_iter())?;
        }
        self.store(&merged, MERGE)?;
        self.store_whole(&created)
    }

    pub(super) fn store_whole(&mut self, lines: &[Line<'_>]) -> Result<(), Fault> {
        self.add(lines);
        let conflict = self.replacing();
        self.store(lines, &conflict)
    }

    /// Counts lines that become records, whether they replace others or not.
    pub(super) fn add(&mut self, lines: &[Line<'_>]) {
        let bytes: usize = lines.iter().map(Line::bytes).sum();
        self.sums.add(
            i64::try_from(lines.len()).unwrap_or(i64::MAX),
            i64::try_from(bytes).unwrap_or(i64::MAX),
        );
    }

    /// Tells when the first of lines that become records expires.
    pub(super) fn note_expiry(&mut self, lines: &[Line<'_>]) {
        if let Some(first) = lines.iter().map(|line| line.ttl).min() {
            self.sums.expires(first);
        }
    }

    /// What becomes of a record that a line replaces.
    pub(super) fn replacing(&self) -> String {
        let size = match self.sums {
            Sums::None => "VALUES(payload_size)",
            // A statement less for connections to remember.
            Sums::Stale | Sums::Right(_) => SIZE,
        };
        format!("{REPLACE}, payload_size = {size}")
    }

    fn whole<'w>(&self, write: &'w WboWrite) -> Line<'w> {
        Line {
            write,
            modified: self.now.centis(),
            ttl: self.expires(write.ttl).unwrap_or(NEVER),
        }
    }

    fn merging<'w>(&self, write: &'w WboWrite, stored: Stored) -> Line<'w> {
        Line {
            write,
            modified: match write.touch {
                true => self.now.centis(),
                false => stored.modified,
            },
            ttl: self.expires(write.ttl).unwrap_or(stored.ttl),
        }
    }

    fn expires(&self, ttl: Option<Ttl>) -> Option<i64> {
        let second = self.clock.seconds();
        ttl.map(|ttl| match ttl.seconds() {
            // Gone at once, also for a reader whose clock is a centisecond behind this write's, in the
            // second before.
            0 => 0,
            life => (second + i64::from(life)).min(NEVER - 1),
        })
    }

    /// What is stored of the records that are written to, locked, so that PHP can't delete them
    /// before the statement that counts on them.
    fn stored(&mut self, writes: &[WboWrite]) -> Result<HashMap<String, Stored>, Fault> {
        let ids = writes.iter().map(|write| &write.id);
        let mut values = vec![
            self.user.number().into(),
            self.collection.into(),
            expiry(self.clock),
        ];
        let sql = format!(
            "SELECT id, modified, ttl FROM {} WHERE username = ? AND collection = ? AND ttl > ? \
             AND id IN ({}) FOR UPDATE",
            self.table,
            one_of(ids, &mut values)
        );
        let mut stored = HashMap::new();
        self.lease.each(&sql, values, |row| {
            let id = row::text(&row, 0).unwrap_or_default().into_owned();
            let state = Stored {
                modified: row::number(&row, 1)?.unwrap_or(0),
                ttl: row::number(&row, 2)?.unwrap_or(NEVER),
            };
            stored.insert(id, state);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(stored)
    }

    fn store(&mut self, lines: &[Line<'_>], conflict: &str) -> Result<(), Fault> {
        self.note_expiry(lines);
        for some in statements(lines, self.lease.facts.packet) {
            let sql = self.insertion(some.len(), conflict);
            let mut values = Vec::new();
            self.append_values(some, &mut values);
            self.lease.run(&sql, values)?;
        }
        Ok(())
    }

    /// A statement that stores so many lines, and does what `conflict` says to a record that is there.
    pub(super) fn insertion(&self, lines: usize, conflict: &str) -> String {
        format!(
            "INSERT INTO {} ({COLUMNS}) VALUES {} ON DUPLICATE KEY UPDATE {conflict}",
            self.table,
            list("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)
        )
    }

    /// Appends what stands in the places of an insertion, and makes room for one value behind it.
    pub(super) fn append_values(&self, lines: &[Line<'_>], values: &mut Vec<Value>) {
        values.reserve(10 * lines.len() + 1);
        for line in lines {
            values.extend(self.values(line));
        }
    }

    fn values(&self, line: &Line<'_>) -> [Value; 10] {
        let write = line.write;
        let payload = write.payload.as_deref().unwrap_or_default();
        [
            self.user.number().into(),
            self.collection.into(),
            write.id.as_str().into(),
            write.parentid.as_deref().into(),
            write.predecessorid.as_deref().into(),
            write.sortindex.into(),
            line.modified.into(),
            payload.into(),
            payload.len().into(),
            line.ttl.into(),
        ]
    }
}

/// Whether a write without a payload changes what is stored.
fn names_something(write: &WboWrite) -> bool {
    write.touch
        || write.parentid.is_some()
        || write.predecessorid.is_some()
        || write.sortindex.is_some()
        || write.ttl.is_some()
}

fn are_distinct(writes: &[WboWrite]) -> bool {
    let mut seen = HashSet::with_capacity(writes.len());
    writes.iter().all(|write| seen.insert(write.id.as_str()))
}

/// How many of the first writes are merges of different records.
fn distinct_merges(writes: &[WboWrite]) -> usize {
    let mut seen = HashSet::new();
    writes
        .iter()
        .take_while(|write| write.payload.is_none() && seen.insert(write.id.as_str()))
        .take(SIZES[0])
        .count()
}

/// Lines in their order, divided so that each part makes one statement.
pub(super) fn statements<'a, 'w>(
    mut lines: &'a [Line<'w>],
    packet: usize,
) -> impl Iterator<Item = &'a [Line<'w>]> {
    std::iter::from_fn(move || {
        let (some, rest) = lines.split_at_checked(fitting(lines, packet))?;
        lines = rest;
        Some(some)
    })
}

/// Whether one statement may hold all these lines.
pub(super) fn fit(lines: &[Line<'_>], packet: usize) -> bool {
    let size = |line: &Line<'_>| line.bytes() + FRAME;
    lines.iter().map(size).sum::<usize>() <= packet.saturating_sub(FRAME)
}

/// How many of the first lines make one statement: the largest size that both they and the
/// server's largest message allow, and one at least.
fn fitting(lines: &[Line<'_>], packet: usize) -> usize {
    let mut room = packet.saturating_sub(FRAME);
    let count = lines
        .iter()
        .take_while(|line| {
            let size = line.bytes() + FRAME;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        })
        .count();
    SIZES.into_iter().find(|size| *size <= count).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::RecordId;

    fn write(id: usize, bytes: usize) -> WboWrite {
        WboWrite {
            payload: Some("x".repeat(bytes)),
            ..WboWrite::new(RecordId::new(id.to_string()).unwrap())
        }
    }

    fn sizes(writes: &[WboWrite], packet: usize) -> Vec<usize> {
        let lines: Vec<_> = writes
            .iter()
            .map(|write| Line {
                write,
                modified: 0,
                ttl: 0,
            })
            .collect();
        statements(&lines, packet).map(<[_]>::len).collect()
    }

    #[test]
    fn a_hundred_records_go_in_one_statement_and_other_numbers_in_few() {
        let writes: Vec<_> = (0..137).map(|id| write(id, 10)).collect();
        assert_eq!(sizes(&writes[..100], 1 << 20), [100]);
        assert_eq!(sizes(&writes, 1 << 20), [100, 32, 4, 1]);
    }

    #[test]
    fn no_statement_is_larger_than_the_server_takes_unless_one_record_is() {
        let writes: Vec<_> = [300, 300, 300, 5000, 300]
            .into_iter()
            .enumerate()
            .map(|(id, kilobytes)| write(id, kilobytes * 1024))
            .collect();
        assert_eq!(sizes(&writes, 1 << 20), [2, 1, 1, 1]);
    }
}
