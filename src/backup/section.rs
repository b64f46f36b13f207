//! A user's section that was found in a file, and handing over what is in it.

use super::hex;
use super::line::{Counts, Line, Person};
use super::lines::Lines;
use crate::storage::{Carried, Carry, StorageError};
use crate::sync::{CollectionName, RecordId, Timestamp, WboRef};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};

/// A user's section.
#[derive(Clone, Debug)]
pub struct Section {
    /// Whose it is.
    pub person: Person,
    /// When the snapshot was made.
    pub at: Timestamp,
    /// The collections, and how many records each has.
    pub collections: Vec<(CollectionName, u64)>,
    /// What is in it.
    pub counts: Counts,
    /// Its checksum.
    pub(super) digest: String,
    /// Where it begins.
    pub(super) start: u64,
    /// Where what follows it begins.
    pub end: u64,
}

/// Why not all of a section was handed over.
#[derive(Debug)]
pub enum Stop {
    /// It is not as it was written; a sentence.
    Damaged(String),
    /// Whoever took it failed.
    Taking(StorageError),
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Stop::Taking(error)
    }
}

impl Section {
    /// Hands over all collections and records. What was handed over counts only if this succeeds: the
    /// checksum comes last.
    ///
    /// # Errors
    ///
    /// `carry` failed, or the file is not what it was when the section was found.
    pub fn give(&self, file: &File, carry: Carry<'_>) -> Result<(), Stop> {
        let mut file = file;
        let place = file.seek(SeekFrom::Start(self.start));
        place.map_err(|error| damaged(&error))?;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, file), self.start);
        let (mut hash, mut order) = (Sha256::new(), Order::default());
        loop {
            let line = lines.next().map_err(|error| damaged(&error))?;
            let line = line.ok_or_else(|| damaged(&"it ends too early"))?;
            let read = serde_json::from_slice(line).map_err(|error| damaged(&error))?;
            if let Line::Sha256(_) = read {
                break;
            }
            hash.update(line);
            give(read, &mut order, carry)?;
        }
        match hex(&hash.finalize()) == self.digest {
            true => Ok(()),
            false => Err(damaged(&"its checksum is another now")),
        }
    }
}

fn damaged(why: &dyn std::fmt::Display) -> Stop {
    Stop::Damaged(why.to_string())
}

/// Engines rely on collections and records coming in their order, each once.
#[derive(Default)]
struct Order {
    collection: Option<CollectionName>,
    record: String,
}

fn give(line: Line<'_>, order: &mut Order, carry: Carry<'_>) -> Result<(), Stop> {
    match line {
        Line::Collection(one) => {
            let name = CollectionName::new(&one.name)
                .map_err(|_| damaged(&format!("{:?} is no collection", one.name)))?;
            if order.collection.as_ref().is_some_and(|last| *last >= name) {
                return Err(damaged(&format!("the collection {name} is out of order")));
            }
            carry(Carried::Collection {
                name: &name,
                modified: Timestamp::from_centis(one.modified),
            })?;
            *order = Order {
                collection: Some(name),
                record: String::new(),
            };
        }
        Line::Record(one) => {
            if order.collection.is_none() || *order.record >= *one.id {
                return Err(damaged(&format!("the record {:?} is out of order", one.id)));
            }
            RecordId::new(&*one.id).map_err(|_| damaged(&format!("{:?} is no id", one.id)))?;
            carry(Carried::Record {
                record: WboRef {
                    id: &one.id,
                    modified: Timestamp::from_centis(one.modified),
                    parentid: one.parentid.as_deref(),
                    predecessorid: one.predecessorid.as_deref(),
                    sortindex: one.sortindex,
                    payload: Some(&one.payload),
                },
                expires: one.expires.map(Timestamp::from_centis),
            })?;
            order.record.clear();
            order.record.push_str(&one.id);
        }
        _ => {}
    }
    Ok(())
}
