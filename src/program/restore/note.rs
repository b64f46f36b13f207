//! Who is done, in a file beside the backup, so that a restore that was stopped can be gone on with.
//!
//! A line is added before a user is begun and after: `begin NAME LATEST created|kept`, where LATEST is
//! the latest time of the records that were there, and `done NAME`. The file goes when all are done.

use super::plan::Plan;
use crate::cli::{Became, Failure, Restoring};
use crate::sync::{Timestamp, UserName};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is noted of a restore.
pub(super) struct Note {
    users: HashMap<String, Before>,
    /// Bytes of the file to the end of its last whole line. What is behind it was not written to its
    /// end, and could be read as another user's name.
    whole: u64,
    /// Where it is written to, and the checksum of the backup.
    goal: Option<(PathBuf, String)>,
    /// Made with its first line: a restore that does nothing leaves nothing.
    file: Option<File>,
}

/// What was noted of a user.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Before {
    pub(super) begun: bool,
    pub(super) done: bool,
    /// The account was to be made.
    pub(super) created: bool,
    /// The latest time of the records that were there.
    pub(super) latest: Timestamp,
}

impl Note {
    /// Nothing is noted.
    pub(super) fn none() -> Self {
        Note {
            users: HashMap::new(),
            whole: 0,
            goal: None,
            file: None,
        }
    }

    /// Opens the note of a backup with this checksum.
    pub(super) fn open(path: PathBuf, digest: &str, wanted: &Restoring) -> Result<Self, Failure> {
        let failed = |error| Failure::File {
            doing: format!("note what is done in {}", path.display()),
            error,
        };
        if wanted.dry_run {
            return Note::read(&path, digest).map_err(failed);
        }
        if path.exists() && !wanted.resume {
            return Err(Failure::Other(format!(
                "a restore of this backup was stopped before; go on with it by --resume, or delete {} \
                 to begin anew",
                path.display()
            )));
        }
        let known = Note::read(&path, digest).map_err(failed)?;
        Ok(Note {
            goal: Some((path, digest.to_owned())),
            ..known
        })
    }

    fn read(path: &Path, digest: &str) -> io::Result<Self> {
        let mut text = String::new();
        match File::open(path) {
            Ok(mut file) => file.read_to_string(&mut text).map(drop)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
        let mut note = Note::none();
        let mut lines = text.lines();
        if lines.next() != Some(&format!("backup {digest}")) {
            return Ok(note);
        }
        note.whole = text.len() as u64;
        for line in lines {
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["begin", name, latest, created] => {
                    let user = note.users.entry(name.to_owned()).or_default();
                    // What was there before the first attempt counts.
                    if !user.begun {
                        *user = Before {
                            begun: true,
                            done: false,
                            created: created == "created",
                            latest: Timestamp::from_centis(latest.parse().unwrap_or(0)),
                        };
                    }
                }
                ["done", name] => note.users.entry(name.to_owned()).or_default().done = true,
                _ => {}
            }
        }
        Ok(note)
    }

    /// What was noted of a user.
    pub(super) fn of(&self, name: &UserName) -> Option<Before> {
        self.users.get(name.as_str()).copied()
    }

    /// A user is about to be restored.
    pub(super) fn begin(&mut self, plan: &Plan) -> Result<(), Failure> {
        let created = match plan.account {
            Became::Created => "created",
            _ => "kept",
        };
        self.line(&format!(
            "begin {} {} {created}",
            plan.name,
            plan.latest.centis()
        ))
    }

    /// A user is restored.
    pub(super) fn done(&mut self, name: &UserName) -> Result<(), Failure> {
        self.line(&format!("done {name}"))
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        let Some((path, digest)) = &self.goal else {
            return Ok(());
        };
        if self.file.is_none() {
            match make(path, digest, self.whole) {
                Ok(file) => self.file = Some(file),
                Err(error) => {
                    log::warn!(
                        "if this restore is stopped it can't be gone on with: {}: {error}",
                        path.display()
                    );
                    self.goal = None;
                    return Ok(());
                }
            }
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let written = file.write_all(format!("{line}\n").as_bytes());
        written
            .and_then(|()| file.sync_data())
            .map_err(|error| Failure::File {
                doing: format!("note what is done in {}", path.display()),
                error,
            })
    }

    /// Everybody is done.
    pub(super) fn finish(self) {
        let Some((path, _)) = self.goal else { return };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                log::warn!("{} can't be removed: {error}", path.display());
            }
            _ => {}
        }
    }
}

/// Opens the file, to go on behind so many bytes of it, or anew if there are none.
fn make(path: &Path, digest: &str, whole: u64) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    let mut file = options.open(path)?;
    file.set_len(whole)?;
    file.seek(SeekFrom::End(0))?;
    if whole == 0 {
        writeln!(file, "backup {digest}")?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_not_written_to_its_end_says_nothing_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        let whole = "backup 5\nbegin ada 17 created\ndone ada\nbegin bob 18 kept\n";
        for torn in ["done bo", "done bob", "begin carol 1", "begin carol 19 kep"] {
            fs::write(&path, format!("{whole}{torn}")).unwrap();
            let note = Note::read(&path, "5").unwrap();
            assert_eq!(note.users.len(), 2, "{torn}");
            assert!(!note.users["bob"].done, "{torn}");
            drop(make(&path, "5", note.whole).unwrap());
            assert_eq!(fs::read_to_string(&path).unwrap(), whole, "{torn}");
        }
        fs::write(&path, "backup 5").unwrap();
        let note = Note::read(&path, "5").unwrap();
        drop(make(&path, "5", note.whole).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "backup 5\n");
    }
}
