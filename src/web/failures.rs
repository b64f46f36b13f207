//! The last failures, for an administrator who has no shell: the log's error lines, kept in a small
//! file in the data folder, and what is likely behind each.
//!
//! A file rather than memory, because a CGI program remembers nothing and workers are many; and not in
//! a database, because databases are what fails. Each line is one write; when the file is full it takes
//! the place of the one before it, so two small files are all there ever is.

use super::texts::Admin as Texts;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file is full at this size, in bytes.
const FULL: u64 = 32 << 10;
/// The longest line that is kept, in bytes.
const LINE_BYTES: usize = 500;

/// The last failures of an installation.
#[derive(Clone, Debug)]
pub struct Failures {
    path: PathBuf,
}

/// A failure as the log told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When: `2026-03-01T12:30:05.250Z`.
    pub time: String,
    /// What.
    pub text: String,
    /// How often in a row.
    pub times: u32,
}

impl Failures {
    /// Kept in that data folder.
    pub fn new(data: &Path) -> Self {
        Failures {
            path: data.join("failures.log"),
        }
    }

    /// Notes a line of the log, which begins with its time. What can't be written is not noted: it
    /// is in the log all the same.
    pub fn note(&self, line: &str) {
        if self.path.metadata().is_ok_and(|about| about.len() > FULL) {
            let _ = fs::rename(&self.path, self.older());
        }
        let mut options = OpenOptions::new();
        let opened = options
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path);
        if let Ok(mut file) = opened {
            let mut end = LINE_BYTES.min(line.trim_end().len());
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            let _ = file.write_all(format!("{}\n", &line[..end]).as_bytes());
        }
    }

    /// The last of them, the newest first, each once however often it came in a row.
    pub fn last(&self, most: usize) -> Vec<Failure> {
        let read = |path: &Path| {
            let bytes = fs::read(path).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let text = read(&self.older()) + &read(&self.path);
        let mut found: Vec<Failure> = Vec::new();
        for line in text.lines().rev() {
            let Some(failure) = parse(line) else { continue };
            match found.last_mut() {
                Some(last) if last.text == failure.text => last.times += 1,
                _ => found.push(failure),
            }
            if found.len() > most {
                found.truncate(most);
                break;
            }
        }
        found
    }

    fn older(&self) -> PathBuf {
        self.path.with_extension("old.log")
    }
}

fn parse(line: &str) -> Option<Failure> {
    let (time, rest) = line.split_once(' ')?;
    let (_level, text) = rest.split_once(' ')?;
    let (_source, text) = text.trim_start().split_once(": ")?;
    Some(Failure {
        time: time.to_owned(),
        text: text.to_owned(),
        times: 1,
    })
}

/// What is likely behind a failure.
pub fn cause(t: &'static Texts, text: &str) -> &'static str {
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    match () {
        () if has(&["panicked"]) => t.cause_panic,
        () if has(&["is full", "no space left", "quota exceeded"]) => t.cause_full,
        () if has(&["readonly", "read-only", "permission denied"]) => t.cause_readonly,
        () if has(&["malformed", "not a database", "corrupt"]) => t.cause_corrupt,
        () if has(&["has schema"]) => t.cause_schema,
        () if has(&["unable to open", "no such file", "is gone"]) => t.cause_open,
        () if has(&["is busy", "is locked"]) => t.cause_busy,
        () if has(&["mail", "letter"]) => t.cause_mail,
        () if has(&["connection refused", "timed out", "can't connect"]) => t.cause_refused,
        () => t.cause_unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::texts::ENGLISH;
    use super::*;

    fn line(n: u32) -> String {
        format!("2026-03-01T12:30:05.250Z ERROR weft::api::error: failure {n}\n")
    }

    #[test]
    fn the_newest_comes_first_and_a_row_of_the_same_is_one() {
        let home = tempfile::tempdir().unwrap();
        let failures = Failures::new(home.path());
        assert_eq!(failures.last(10), []);
        for n in [1, 2, 2, 2, 3] {
            failures.note(&line(n));
        }
        let last = failures.last(2);
        let shown: Vec<_> = last.iter().map(|f| (f.text.as_str(), f.times)).collect();
        assert_eq!(shown, [("failure 3", 1), ("failure 2", 3)]);
        assert_eq!(last[0].time, "2026-03-01T12:30:05.250Z");
    }

    #[test]
    fn two_small_files_are_all_there_ever_is() {
        let home = tempfile::tempdir().unwrap();
        let failures = Failures::new(home.path());
        for n in 0..3_000 {
            failures.note(&line(n));
        }
        failures.note(&format!("{}é", "x".repeat(2_000)));
        let sizes = fs::read_dir(home.path()).unwrap();
        let all: u64 = sizes
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum();
        assert!(all < 80_000, "{all}");
        assert_eq!(failures.last(1)[0].text, "failure 2999");
        assert_eq!(failures.last(100).len(), 100);
    }

    #[test]
    fn a_likely_cause_is_named() {
        let t = &ENGLISH.admin;
        let rows = [
            ("storage is busy", t.cause_busy),
            (
                "storage is unavailable: attempt to write a readonly database",
                t.cause_readonly,
            ),
            (
                "storage is unavailable: database or disk is full",
                t.cause_full,
            ),
            (
                "accounts are unavailable: unable to open database file",
                t.cause_open,
            ),
            (
                "a handler panicked; this is a fault of the program",
                t.cause_panic,
            ),
            ("something else", t.cause_unknown),
        ];
        for (text, expected) in rows {
            assert_eq!(cause(t, text), expected, "{text}");
        }
    }
}
