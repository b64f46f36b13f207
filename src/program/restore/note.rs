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
        let mut note = Note::none();
        let mut lines = text.lines();
        if lines.next() != Some(&format!("backup {digest}")) {
            return Ok(note);
        }
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
            match make(path, digest, self.users.is_empty()) {
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

/// Opens the file; `anew` for one that knows of nobody yet.
fn make(path: &Path, digest: &str, anew: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    let mut file = options.open(path)?;
    if anew {
        file.set_len(0)?;
        writeln!(file, "backup {digest}")?;
    }
    file.seek(SeekFrom::End(0))?;
    // A line that was not finished ends here.
    file.write_all(b"\n")?;
    Ok(file)
}
