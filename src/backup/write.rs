//! Writing: a user's section, and the chain of checksums that makes one file of many.

use super::line::{Collection, Counts, End, Head, Line, Person, Record};
use super::{FORMAT, hex};
use crate::storage::Carried;
use crate::sync::Timestamp;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes one user's section.
pub struct SectionWriter<'w> {
    lines: Lines<'w>,
    collections: u64,
    counts: Counts,
}

/// A section that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// What is in it.
    pub counts: Counts,
    /// Its checksum.
    pub digest: String,
}

struct Lines<'w> {
    out: &'w mut dyn Write,
    hash: Sha256,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)?;
        self.buffer.push(b'\n');
        self.hash.update(&self.buffer);
        self.out.write_all(&self.buffer)
    }
}

impl<'w> SectionWriter<'w> {
    /// Begins the section of a user.
    pub fn begin(out: &'w mut dyn Write, person: Person) -> io::Result<Self> {
        let mut lines = Lines {
            out,
            hash: Sha256::new(),
            buffer: Vec::new(),
        };
        lines.line(&Line::User(person))?;
        Ok(SectionWriter {
            lines,
            collections: 0,
            counts: Counts {
                users: 1,
                ..Counts::default()
            },
        })
    }

    /// Writes a collection or a record.
    pub fn carry(&mut self, piece: Carried<'_>) -> io::Result<()> {
        let line = match piece {
            Carried::Collection { name, modified } => {
                self.collections += 1;
                Line::Collection(Collection {
                    name: Cow::Borrowed(name.as_str()),
                    modified: modified.centis(),
                })
            }
            Carried::Record { record, expires } => {
                let payload = record.payload.unwrap_or_default();
                self.counts.records += 1;
                self.counts.bytes += payload.len() as u64;
                Line::Record(Record {
                    id: Cow::Borrowed(record.id),
                    modified: record.modified.centis(),
                    sortindex: record.sortindex,
                    parentid: record.parentid.map(Cow::Borrowed),
                    predecessorid: record.predecessorid.map(Cow::Borrowed),
                    expires: expires.map(Timestamp::centis),
                    payload: Cow::Borrowed(payload),
                })
            }
        };
        self.lines.line(&line)
    }

    /// Ends the section, whose snapshot was made `at`.
    pub fn end(mut self, at: Timestamp) -> io::Result<Written> {
        self.lines.line(&Line::End(End {
            at: at.centis(),
            collections: self.collections,
            records: self.counts.records,
            bytes: self.counts.bytes,
        }))?;
        let digest = hex(&self.lines.hash.clone().finalize());
        self.lines.line(&Line::Sha256(digest.clone()))?;
        Ok(Written {
            counts: self.counts,
            digest,
        })
    }
}

/// The checksum of a whole file, and its totals.
#[derive(Clone)]
pub struct Chain {
    hash: Sha256,
    counts: Counts,
}

impl Chain {
    /// Begins a file that is made now.
    pub fn begin(out: &mut dyn Write, made: Timestamp) -> io::Result<Self> {
        let head = Head {
            format: FORMAT,
            made: made.centis(),
            by: concat!("weft ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        let mut line = serde_json::to_vec(&Line::Weft(head))?;
        line.push(b'\n');
        out.write_all(&line)?;
        Ok(Chain::after(&line))
    }

    /// A file that has only its first line.
    pub(super) fn after(head: &[u8]) -> Self {
        Chain {
            hash: Sha256::new_with_prefix(head),
            counts: Counts::default(),
        }
    }

    /// Adds a section that was written.
    pub fn add(&mut self, section: &Written) {
        self.hash.update(&section.digest);
        self.counts += section.counts;
    }

    /// What is in the file so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn digest(&self) -> String {
        hex(&self.hash.clone().finalize())
    }

    /// Ends the file.
    pub fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in [Line::Whole(self.counts), Line::Sha256(self.digest())] {
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }
}
