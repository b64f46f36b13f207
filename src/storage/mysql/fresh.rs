//! Records that are probably new, stored without a search for what they replace.
//!
//! To keep what is replaced, each record is searched for before it is stored, which is in vain where all are
//! new. So the statement that locks the collection's row also looks for a few of those that are about to
//! come. If it finds none, all are inserted at once, but what is there is left as it is, and the statement
//! answers which records it met. They are kept and replaced afterwards, in one exchange. Whoever uploads
//! records of which more than a quarter are known pays for being taken for new; but then some are found,
//! in most cases.
//!
//! # Why nothing that is replaced is lost
//!
//! The insertion changes no record that was there: it sets `modified` to what it is. And it answers of each
//! line whether the record has this session's time now:
//!
//! * If it has, the line has made it. For this session's time is later than that of every record when the
//!   collection's row was locked, and nobody else writes until the end; beside PHP, which takes no lock,
//!   nothing is done in this way. The session itself had written nothing before, and no two lines have one id.
//! * If it has not, the record was there, and is as it was before the session. What is to be done about it
//!   is what is always done: it is kept, unless it has expired, and then replaced, by the same statements,
//!   which also count it as replaced.
//!
//! What was looked for, and when, says only which way is taken.

use super::Engine;
use super::put::{Line, SIZES, fit, statements};
use super::records::{Records, list};
use super::tables::Tables;
use crate::mysql::{Fault, Lease, row};
use crate::sync::{CollectionName, UserId, WboWrite};
use mysql::Value;
use std::ops::ControlFlow;

/// From so many on, fewer searches are worth a look before.
const MANY: usize = 16;

/// How many are looked for.
const SAMPLE: usize = 4;

/// A look for some of the records that are about to come, as a column of a query.
pub(super) struct Look {
    /// 0 if none of them is there.
    pub(super) column: String,
    /// What it takes.
    pub(super) values: Vec<Value>,
}

impl Look {
    /// No look at all, which says nothing.
    fn none() -> Look {
        Look {
            column: "NULL".to_owned(),
            values: Vec::new(),
        }
    }

    /// The look that is worth it before these writes.
    pub(super) fn before(
        engine: &Engine,
        lease: &Lease,
        (user, name): (UserId, &CollectionName),
        writes: &[WboWrite],
    ) -> Look {
        let possible =
            lease.facts.blocks && !engine.config.php_beside && engine.keeping().is_some();
        // A number that must be looked up would keep the server from finding ids by the primary key.
        let Some(number) = Tables::fixed_number(name).filter(|_| possible) else {
            return Look::none();
        };
        let whole = writes.first().is_some_and(|write| write.payload.is_some());
        if writes.len() < MANY || !whole {
            return Look::none();
        }
        let mut values = vec![user.number().into(), number.into()];
        let ids = (0..SAMPLE).map(|n| &writes[n * (writes.len() - 1) / (SAMPLE - 1)].id);
        values.extend(ids.map(|id| Value::from(id.as_str())));
        Look {
            column: format!(
                "EXISTS (SELECT 1 FROM {} AS s FORCE INDEX (PRIMARY) \
                 WHERE s.username = ? AND s.collection = ? AND s.id IN ({}))",
                engine.tables.wbo(user),
                list("?", SAMPLE)
            ),
            values,
        }
    }
}

impl Records {
    /// Stores lines that have a payload and different ids, by a session that has stored nothing before.
    pub(super) fn insert(&mut self, lines: &[Line<'_>]) -> Result<(), Fault> {
        let (mut new, mut known) = (Vec::new(), Vec::new());
        for some in statements(lines, self.lease.facts.packet) {
            self.insert_unless_known(some, |line, is_new| match is_new {
                true => new.push(line),
                false => known.push(line),
            })?;
        }
        self.add(&new);
        self.note_expiry(lines);
        for some in known.chunks(SIZES[0]) {
            self.keep_and_replace(some)?;
        }
        Ok(())
    }

    /// Inserts lines, in one statement, and tells of each whether it has become a record.
    fn insert_unless_known<'w>(
        &mut self,
        lines: &[Line<'w>],
        mut tell: impl FnMut(Line<'w>, bool),
    ) -> Result<(), Fault> {
        let insertion = self.insertion(lines.len(), "modified = modified");
        let sql = format!("{insertion} RETURNING modified <=> ?");
        let mut values = Vec::new();
        self.append_values(lines, &mut values);
        values.push(self.now.centis().into());
        let mut told = lines.iter();
        self.lease.each(&sql, values, |row| {
            if let Some(line) = told.next() {
                tell(*line, row::certain(&row, 0)? == 1);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        match told.next() {
            None => Ok(()),
            Some(_) => Err(Fault::broken("an insertion has told too little")),
        }
    }

    /// Keeps what these lines replace, and replaces it, in one exchange if it fits one message.
    fn keep_and_replace(&mut self, known: &[Line<'_>]) -> Result<(), Fault> {
        let lines = filled_up(known);
        let ids = known.iter().map(|line| &line.write.id);
        if !fit(&lines, self.lease.facts.packet) {
            self.keep_replaced(ids)?;
            return self.store_whole(known);
        }
        let (keeping, mut values) = self.keeping_replaced(ids);
        self.append_values(&lines, &mut values);
        let storing = self.insertion(lines.len(), &self.replacing());
        let block = format!("BEGIN NOT ATOMIC {keeping}; {storing}; END");
        match self.lease.run(&block, values).map(drop) {
            // The first of the statements failed, and the other was not run.
            Err(Fault::Missing(why)) => {
                self.engine.if_kept(Err::<(), _>(Fault::Missing(why)))?;
                self.store_whole(known)
            }
            done => {
                self.add(&lines);
                done
            }
        }
    }
}

/// The lines, and the last one again, so that few statements differ in their sizes. It then replaces
/// itself, and is counted so.
fn filled_up<'w>(lines: &[Line<'w>]) -> Vec<Line<'w>> {
    let size = lines.len().next_power_of_two().min(SIZES[0]);
    let mut filled = lines.to_vec();
    filled.extend(lines.last().into_iter().cycle().take(size - lines.len()));
    filled
}
