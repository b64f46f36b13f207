//! Laying records over those that are there, many in one statement.

use super::super::Engine;
use super::super::keep::{forget, keep_some, let_go_of_the_same, link_all};
use super::super::records::list;
use super::super::tables::{NEVER, WHOLE_USER};
use super::super::upkeep::Moment;
use crate::mysql::{Fault, Lease};
use crate::storage::{Carried, Load, Stamps};
use crate::sync::{Timestamp, UserId, WboRef};
use mysql::Value;

/// How many records a statement holds: few sizes, so that a connection needs few statements.
const SIZES: [usize; 3] = [100, 10, 1];
/// What a record takes in a message beside its payload, at most.
const FRAME: usize = 512;
/// Records are gathered up to so many bytes of payload.
const GATHERED: usize = 1 << 20;

/// Whether the record that is there says the same as the one that comes. Bytes are compared: the
/// columns' own rules take capital and small letters for the same.
const SAME: &str = "(BINARY payload <=> BINARY VALUES(payload) \
                    AND sortindex <=> VALUES(sortindex) \
                    AND parentid <=> VALUES(parentid) \
                    AND predecessorid <=> VALUES(predecessorid))";

/// A user who is being laid over what is there.
pub(super) struct Laying<'c> {
    engine: &'c Engine,
    lease: &'c mut Lease,
    user: UserId,
    load: &'c Load<'c>,
    time: Timestamp,
    /// By which records expire.
    clock: Timestamp,
    /// The numbers of the collections that come, and how many have.
    numbers: Vec<i64>,
    begun: usize,
    /// The record that was stored last; empty before the first of a collection.
    last: String,
    gathered: Vec<[Value; 10]>,
    bytes: usize,
}

impl<'c> Laying<'c> {
    pub(super) fn new(
        engine: &'c Engine,
        lease: &'c mut Lease,
        user: UserId,
        (load, moment): (&'c Load<'c>, Moment),
    ) -> Self {
        Laying {
            engine,
            lease,
            user,
            load,
            time: moment.time,
            clock: moment.clock,
            numbers: Vec::new(),
            begun: 0,
            last: String::new(),
            gathered: Vec::new(),
            bytes: 0,
        }
    }

    /// Tells the time to all of the user's collections, and empties those that don't come.
    pub(super) fn begin(&mut self, numbers: &[i64]) -> Result<(), Fault> {
        numbers.clone_into(&mut self.numbers);
        self.begin_keeping()?;
        let times = &self.engine.tables.times;
        let sql = format!(
            "UPDATE {times} SET told = GREATEST(told, ?), \
             modified = IF(collectionid = ? OR ?, modified, ?) WHERE userid = ?"
        );
        let values = vec![
            self.time.centis().into(),
            WHOLE_USER.into(),
            (self.load.times == Stamps::Kept).into(),
            self.time.centis().into(),
            self.user.number().into(),
        ];
        self.lease.run(&sql, values)?;
        let (others, numbers) = match (self.load.times, numbers) {
            (Stamps::Kept, _) | (_, []) => ("TRUE".to_owned(), &[][..]),
            (Stamps::New, numbers) => {
                let places = list("?", numbers.len());
                (format!("collection NOT IN ({places})"), numbers)
            }
        };
        let numbers: Vec<Value> = numbers.iter().map(|number| (*number).into()).collect();
        self.delete(&others, &numbers)
    }

    /// Joins all times to the new one; or forgets all that was kept where times go on as they were.
    fn begin_keeping(&mut self) -> Result<(), Fault> {
        if self.load.times == Stamps::Kept {
            return forget(self.engine, self.lease, self.user);
        }
        // What PHP alone wrote gets a row too, by which it is found again.
        let sql = format!(
            "INSERT IGNORE INTO {} (userid, collectionid) \
             SELECT DISTINCT username, collection FROM {} WHERE username = ?",
            self.engine.tables.times,
            self.wbo()
        );
        self.lease.run(&sql, vec![self.user.number().into()])?;
        link_all(self.engine, self.lease, self.user, self.time)
    }

    /// Deletes some of the user's records, by a condition and its values.
    fn delete(&mut self, which: &str, values: &[Value]) -> Result<(), Fault> {
        if self.load.times == Stamps::New {
            let going = (self.user, self.time, true);
            keep_some(self.engine, self.lease, going, (which, values))?;
        }
        let sql = format!("DELETE FROM {} WHERE username = ? AND {which}", self.wbo());
        let mut all = vec![self.user.number().into()];
        all.extend_from_slice(values);
        self.lease.run(&sql, all).map(drop)
    }

    pub(super) fn take(&mut self, piece: Carried<'_>) -> Result<(), Fault> {
        match piece {
            Carried::Collection { modified, .. } => {
                self.end_collection()?;
                self.begun += 1;
                self.last.clear();
                match self.load.times {
                    Stamps::New => Ok(()),
                    Stamps::Kept => self.keep_time(modified),
                }
            }
            Carried::Record { record, expires } => {
                let length = record.payload.map_or(0, str::len) + FRAME;
                let room = GATHERED.min(self.lease.facts.packet);
                if self.gathered.len() == SIZES[0] || self.bytes + length > room {
                    self.store()?;
                }
                self.bytes += length;
                let values = self.values(&record, expires)?;
                self.gathered.push(values);
                Ok(())
            }
        }
    }

    pub(super) fn finish(&mut self, numbers: &[i64]) -> Result<(), Fault> {
        self.end_collection()?;
        match self.begun == numbers.len() {
            true => Ok(()),
            false => Err(Fault::broken("not all collections came")),
        }
    }

    fn wbo(&self) -> String {
        self.engine.tables.wbo(self.user)
    }

    fn number(&self) -> Result<i64, Fault> {
        let place = self.begun.checked_sub(1);
        let number = place.and_then(|place| self.numbers.get(place)).copied();
        number.ok_or_else(|| Fault::broken("a record without collection"))
    }

    fn keep_time(&mut self, modified: Timestamp) -> Result<(), Fault> {
        let number = self.number()?;
        let times = &self.engine.tables.times;
        let sql = format!("UPDATE {times} SET modified = ? WHERE userid = ? AND collectionid = ?");
        let values = vec![
            modified.centis().into(),
            self.user.number().into(),
            number.into(),
        ];
        self.lease.run(&sql, values).map(drop)
    }

    fn values(
        &self,
        record: &WboRef<'_>,
        expires: Option<Timestamp>,
    ) -> Result<[Value; 10], Fault> {
        let payload = record.payload.unwrap_or_default();
        let modified = match self.load.times {
            Stamps::New => self.time,
            Stamps::Kept => record.modified,
        };
        let expires = self.load.expiry(expires, self.clock);
        Ok([
            self.user.number().into(),
            self.number()?.into(),
            record.id.into(),
            record.parentid.into(),
            record.predecessorid.into(),
            record.sortindex.into(),
            modified.centis().into(),
            payload.into(),
            payload.len().into(),
            expires
                .map_or(NEVER, |expires| expires.seconds().min(NEVER - 1))
                .into(),
        ])
    }

    /// Stores what was gathered, and deletes what lies before and between.
    fn store(&mut self) -> Result<(), Fault> {
        let gathered = std::mem::take(&mut self.gathered);
        self.bytes = 0;
        let mut rest = &gathered[..];
        while !rest.is_empty() {
            let size = SIZES.into_iter().find(|size| *size <= rest.len());
            let (now, later) = rest.split_at(size.unwrap_or(1));
            self.clear_between(now)?;
            self.keep_replaced(now)?;
            let places = list("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", now.len());
            // In this order: each value is compared with what is there before it is replaced.
            let sql = format!(
                "INSERT INTO {} (username, collection, id, parentid, predecessorid, sortindex, \
                 modified, payload, payload_size, ttl) VALUES {places} \
                 ON DUPLICATE KEY UPDATE modified = IF({SAME}, modified, VALUES(modified)), \
                 ttl = IF({SAME}, ttl, VALUES(ttl)), payload_size = VALUES(payload_size), \
                 payload = VALUES(payload), parentid = VALUES(parentid), \
                 predecessorid = VALUES(predecessorid), sortindex = VALUES(sortindex)",
                self.wbo()
            );
            let values = now.iter().flatten().cloned().collect();
            self.lease.run(&sql, values)?;
            rest = later;
        }
        Ok(())
    }

    /// Keeps what is there under these ids. What turns out to be the same is let go of at the end.
    fn keep_replaced(&mut self, records: &[[Value; 10]]) -> Result<(), Fault> {
        if self.load.times == Stamps::Kept {
            return Ok(());
        }
        let places = list("?", records.len());
        let which = format!("collection = ? AND id IN ({places})");
        let mut values = vec![self.number()?.into()];
        values.extend(records.iter().map(|values| values[2].clone()));
        let going = (self.user, self.time, false);
        keep_some(self.engine, self.lease, going, (&which, &values))
    }

    /// Deletes the records that lie between those which come, the one that came last included.
    fn clear_between(&mut self, records: &[[Value; 10]]) -> Result<(), Fault> {
        let ids = records.iter().map(|values| values[2].clone());
        let Some(end) = ids.clone().next_back() else {
            return Ok(());
        };
        let places = list("?", records.len());
        let which = format!("collection = ? AND id > ? AND id < ? AND id NOT IN ({places})");
        let mut values = vec![
            self.number()?.into(),
            self.last.as_str().into(),
            end.clone(),
        ];
        values.extend(ids);
        self.delete(&which, &values)?;
        if let Value::Bytes(end) = end {
            self.last = String::from_utf8_lossy(&end).into_owned();
        }
        Ok(())
    }

    /// What follows the last record goes.
    fn end_collection(&mut self) -> Result<(), Fault> {
        self.store()?;
        if self.begun == 0 {
            return Ok(());
        }
        let number = self.number()?;
        let values = [number.into(), self.last.as_str().into()];
        self.delete("collection = ? AND id > ?", &values)?;
        match self.load.times {
            Stamps::New => {
                let place = (self.user, number);
                let_go_of_the_same(self.engine, self.lease, place, self.time)
            }
            Stamps::Kept => Ok(()),
        }
    }
}
