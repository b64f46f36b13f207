//! The log's file, which may be moved away at any time, as programs that rotate logs do.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// How often at most it is looked whether the file is still the one of its name: lines may be many.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A file that lines are appended to.
pub(super) struct LogFile {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    looked: SystemTime,
}

impl LogFile {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// It can't be opened.
    pub(super) fn open(path: &Path, now: SystemTime) -> io::Result<LogFile> {
        Ok(LogFile {
            path: path.to_owned(),
            open: Mutex::new(Open {
                file: append(path)?,
                looked: now,
            }),
        })
    }

    /// Appends a line, in one write: processes that share the file don't mix their lines. A file that was moved
    /// away gets no more lines after a second; the one of its name is made anew, or the old one goes on
    /// being used if that can't be done.
    ///
    /// # Errors
    ///
    /// It can't be written.
    pub(super) fn write(&self, line: &str, now: SystemTime) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back is a reason to look, too.
        let since = now.duration_since(open.looked);
        if since.map_or(true, |since| since >= LOOK_EVERY) {
            open.looked = now;
            if !is_at(&open.file, &self.path)
                && let Ok(file) = append(&self.path)
            {
                open.file = file;
            }
        }
        open.file.write_all(line.as_bytes())
    }
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640).open(path)
}

/// Whether this file is the one at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |about: Metadata| (about.dev(), about.ino());
    let there = fs::metadata(path).map(identity);
    (file.metadata().map(identity)).is_ok_and(|ours| there.is_ok_and(|there| there == ours))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn at(milliseconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_file_that_was_moved_away_is_left_within_a_second() {
        let home = tempfile::tempdir().unwrap();
        let (path, moved) = (home.path().join("weft.log"), home.path().join("weft.log.1"));
        let log = LogFile::open(&path, at(0)).unwrap();
        log.write("first\n", at(100)).unwrap();
        fs::rename(&path, &moved).unwrap();
        log.write("second\n", at(999)).unwrap();
        log.write("third\n", at(1_000)).unwrap();
        log.write("fourth\n", at(1_100)).unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "first\nsecond\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "third\nfourth\n");
        // And by a clock that was set back.
        fs::remove_file(&path).unwrap();
        log.write("fifth\n", at(5)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "fifth\n");
    }

    #[test]
    fn a_file_that_cannot_be_made_anew_goes_on_being_used() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("logs");
        fs::create_dir(&folder).unwrap();
        let log = LogFile::open(&folder.join("weft.log"), at(0)).unwrap();
        fs::rename(&folder, home.path().join("old")).unwrap();
        log.write("line\n", at(2_000)).unwrap();
        let lines = fs::read_to_string(home.path().join("old/weft.log")).unwrap();
        assert_eq!(lines, "line\n");
    }
}
