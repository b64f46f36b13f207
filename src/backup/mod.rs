//! The file that a backup is: lines of JSON, that say themselves what they are.
//!
//! A head, then for each user a section, then the totals. A section is the user with the account, each
//! collection with its records behind it, the counts, and the SHA-256 of all its lines so far. The
//! file's own checksum is over the head and those of the sections. So a file can be written into a
//! pipe, read in a few kilobytes of memory, searched with the tools of every system, and what is cut
//! off or changed is found before anything is done with it. All times are whole centiseconds since 1970.
//!
//! `docs/backup-command.md` describes every line.

mod contents;
mod line;
mod lines;
mod section;
#[cfg(test)]
mod tests;
mod write;

pub use contents::{Contents, Flaw};
pub use line::{Counts, Head, Held, Person};
pub use section::{Section, Stop};
pub use write::{Chain, SectionWriter, Written};

/// The version of the format that is written, and the latest that is read.
pub const FORMAT: u32 = 1;

/// Bytes as two digits each.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
