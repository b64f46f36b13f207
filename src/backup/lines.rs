//! Reading line by line, with the place of each and an end to the length of one.

use std::io::{self, BufRead, Read};

/// No record is nearly as long; a file that is no backup may be one long line.
const LONGEST: u64 = 256 << 20;

/// The lines of a file.
pub(super) struct Lines<R> {
    source: R,
    line: Vec<u8>,
    /// How many bytes were read, the last line included.
    pub(super) offset: u64,
    /// The number of the last line, from 1.
    pub(super) number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Reads on from `offset`.
    pub(super) fn new(source: R, offset: u64) -> Self {
        Lines {
            source,
            line: Vec::new(),
            offset,
            number: 0,
        }
    }

    /// The next line with its end; nothing at the end of the file. A last line without an end is
    /// whatever a writer had written when it was stopped.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut limited = (&mut self.source).take(LONGEST);
        let length = limited.read_until(b'\n', &mut self.line)?;
        if length == 0 {
            return Ok(None);
        }
        self.offset += length as u64;
        self.number += 1;
        Ok(Some(&self.line))
    }
}
