//! Looking through a whole file: what is in it, and whether it is as it was written.

use super::line::{Counts, Head, Line, Person};
use super::lines::Lines;
use super::section::Section;
use super::write::{Chain, Written};
use super::{FORMAT, hex};
use crate::sync::{CollectionName, Timestamp};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};

/// More collections than this no user has; a file that says so is made to use up memory.
const MOST_COLLECTIONS: usize = 100_000;

/// What is in a file.
pub struct Contents {
    /// What the file says of itself.
    pub head: Head,
    /// The sections that are whole.
    pub sections: Vec<Section>,
    /// What is wrong; nothing in a whole file that is as it was written.
    pub flaws: Vec<Flaw>,
    /// The checksum of everything up to [`sound_to`](Self::sound_to).
    pub chain: Chain,
    /// How many bytes are sound from the beginning on: what a backup that was stopped can go on from.
    pub sound_to: u64,
    /// Its own checksum, by which it is told from other files.
    pub digest: String,
}

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Whose section it is in, where that can be told.
    pub user: Option<String>,
    /// What it is, in words.
    pub what: String,
}

impl Contents {
    /// Looks through a file from its beginning.
    ///
    /// # Errors
    ///
    /// It can't be read, or is no backup that this program knows: a sentence.
    pub fn read(file: &File) -> io::Result<Result<Contents, String>> {
        let mut file = file;
        file.seek(SeekFrom::Start(0))?;
        let mut lines = Lines::new(BufReader::with_capacity(1 << 16, file), 0);
        let no_backup = || Err("this is no backup of weft".to_owned());
        let Some(first) = lines.next()? else {
            return Ok(Err("the file is empty".to_owned()));
        };
        let head = match serde_json::from_slice(first) {
            Ok(Line::Weft(head)) if first.ends_with(b"\n") => head,
            _ => return Ok(no_backup()),
        };
        if head.format != FORMAT {
            let (theirs, by) = (head.format, head.by);
            return Ok(Err(format!(
                "the backup has format {theirs} (made by {by}), this program knows {FORMAT}"
            )));
        }
        let chain = Chain::after(first);
        let mut search = Search {
            contents: Contents {
                head,
                sections: Vec::new(),
                flaws: Vec::new(),
                digest: String::new(),
                chain,
                sound_to: lines.offset,
            },
            open: None,
            totals: None,
            over: false,
        };
        loop {
            let (start, number) = (lines.offset, lines.number + 1);
            let Some(line) = lines.next()? else { break };
            search.line(line, start..start + line.len() as u64, number);
        }
        Ok(Ok(search.end()))
    }

    fn is_sound(&self) -> bool {
        self.flaws.is_empty()
    }
}

/// A search that is under way.
struct Search {
    contents: Contents,
    open: Option<Open>,
    totals: Option<Counts>,
    over: bool,
}

/// A section of which the end has not come.
struct Open {
    section: Section,
    hash: Sha256,
    ended: bool,
    flaw: Option<String>,
}

impl Search {
    fn line(&mut self, line: &[u8], place: std::ops::Range<u64>, number: u64) {
        let is = |start: &str| line.starts_with(start.as_bytes());
        if self.over {
            self.flaw(None, format!("line {number} comes after the end"));
        } else if is("{\"user\":") {
            self.close(Some("it breaks off"), place.start);
            match serde_json::from_slice(line) {
                Ok(Line::User(person)) => self.open(person, line, place.start),
                _ => self.flaw(None, format!("line {number} should be a user")),
            }
        } else if let Some(open) = &mut self.open {
            if is("{\"sha256\":") {
                let right = Line::Sha256(hex(&open.hash.clone().finalize()));
                let right = serde_json::to_vec(&right).unwrap_or_default();
                let same = line.strip_suffix(b"\n") == Some(&right[..]);
                let flaw = match (same, open.ended) {
                    (true, true) => None,
                    (true, false) => Some("its end is missing"),
                    (false, _) => Some("its checksum is wrong"),
                };
                self.close(flaw, place.end);
            } else {
                open.line(line, number);
            }
        } else if is("{\"whole\":") {
            match serde_json::from_slice(line) {
                Ok(Line::Whole(totals)) => self.totals = Some(totals),
                _ => self.flaw(None, format!("line {number} should be the totals")),
            }
        } else if is("{\"sha256\":") && self.totals.is_some() {
            self.finish(line);
        } else {
            self.flaw(None, format!("line {number} belongs to no user"));
        }
    }

    fn flaw(&mut self, user: Option<String>, what: String) {
        // A file that is no backup from some point on has one flaw, not a million.
        let known = self.contents.flaws.last();
        if user.is_some() || known.is_none_or(|known| known.user.is_some()) {
            self.contents.flaws.push(Flaw { user, what });
        }
    }

    fn open(&mut self, person: Person, line: &[u8], start: u64) {
        self.open = Some(Open {
            section: Section {
                person,
                at: Timestamp::ZERO,
                collections: Vec::new(),
                counts: Counts {
                    users: 1,
                    ..Counts::default()
                },
                digest: String::new(),
                start,
                end: start,
            },
            hash: Sha256::new_with_prefix(line),
            ended: false,
            flaw: None,
        });
    }

    /// Ends the open section, if there is one.
    fn close(&mut self, flaw: Option<&str>, end: u64) {
        let Some(Open {
            mut section,
            hash,
            flaw: own,
            ..
        }) = self.open.take()
        else {
            return;
        };
        // What is wrong with a line matters less than that it was changed.
        if let Some(flaw) = flaw.map(str::to_owned).or(own) {
            self.flaw(Some(section.person.name), flaw);
            return;
        }
        section.digest = hex(&hash.finalize());
        section.end = end;
        if self.contents.is_sound() {
            self.contents.sound_to = end;
            self.contents.chain.add(&Written {
                counts: section.counts,
                digest: section.digest.clone(),
            });
        }
        self.contents.sections.push(section);
    }

    fn finish(&mut self, line: &[u8]) {
        self.over = true;
        let right = serde_json::to_vec(&Line::Sha256(self.contents.chain.digest()));
        let same = line.strip_suffix(b"\n") == Some(&right.unwrap_or_default()[..]);
        let counted = self.totals == Some(self.contents.chain.counts());
        if !(same && counted) && self.contents.is_sound() {
            let what = "its totals are not those of its users; some may be missing";
            self.flaw(None, what.to_owned());
        }
    }

    fn end(mut self) -> Contents {
        self.close(Some("it breaks off"), 0);
        if !self.over {
            let what = "the file breaks off: it was not finished, or cut short on its way";
            self.contents.flaws.push(Flaw {
                user: None,
                what: what.to_owned(),
            });
        }
        self.contents.digest = self.contents.chain.digest();
        self.contents
    }
}

impl Open {
    fn line(&mut self, line: &[u8], number: u64) {
        self.hash.update(line);
        let wrong = if line.starts_with(b"{\"record\":") {
            self.section.counts.records += 1;
            match self.section.collections.last_mut() {
                Some((_, records)) => {
                    *records += 1;
                    false
                }
                None => true,
            }
        } else {
            !self.other_line(line)
        };
        if wrong && self.flaw.is_none() {
            self.flaw = Some(format!("line {number} makes no sense"));
        }
    }

    fn other_line(&mut self, line: &[u8]) -> bool {
        let section = &mut self.section;
        match serde_json::from_slice(line) {
            Ok(Line::Collection(one)) if section.collections.len() < MOST_COLLECTIONS => {
                let name = CollectionName::new(&one.name);
                section.collections.extend(name.ok().map(|name| (name, 0)));
                true
            }
            Ok(Line::End(end)) => {
                self.ended = true;
                section.at = Timestamp::from_centis(end.at);
                section.counts.bytes = end.bytes;
                end.records == section.counts.records
                    && end.collections == section.collections.len() as u64
            }
            _ => false,
        }
    }
}
